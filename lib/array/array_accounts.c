/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "array/array_accounts.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "array/array_wire.h"
#include "base/text.h"

char *array_accounts_encode(int timeout_ms)
{
	json_t *request = json_pack("{s:b, s:i}", "accounts", true, "timeout_ms", timeout_ms);
	char *text = request == NULL ? NULL : json_dumps(request, JSON_COMPACT);

	json_decref(request);
	return text;
}

int array_accounts_decode(const char *reply, size_t bytes, struct array_accounts *ret,
			  struct err *err)
{
	json_t *root = bytes > ARRAY_REPLY_MAX_BYTES
			       ? NULL
			       : json_loadb(reply, bytes, JSON_REJECT_DUPLICATES, NULL);
	const json_t *value = json_object_get(root, "accounts_problem");
	const char *text = value == NULL ? "" : json_string_value(value);
	int rc = 0;

	*ret = (struct array_accounts){.problem = ""};
	if (!json_is_object(root) || text == NULL || strlen(text) > ARRAY_ACCOUNTS_PROBLEM_MAX ||
	    !text_is_printable(text)) {
		rc = err_set(
			err, -EPROTO,
			"the array driver's reply has an 'accounts_problem' that is not legal");
	} else {
		(void)strcpy(ret->problem, text);
	}
	json_decref(root);
	return rc;
}
