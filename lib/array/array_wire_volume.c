/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "array/array_wire.h"

#include <jansson.h>
#include <string.h>

#include "base/json_build.h"

static char *request_take(json_t *request)
{
	char *text = request == NULL ? NULL : json_dumps(request, JSON_COMPACT);

	json_decref(request);
	return text;
}

char *array_wire_encode_catalog(const char *const *names, size_t count, bool health, int timeout_ms)
{
	json_t *luns = count > 0 ? json_array() : NULL;

	for (size_t i = 0; i < count; i++) {
		luns = json_build_append(luns, json_string(names[i]));
	}
	return count > 0 && luns == NULL
		       ? NULL
		       : request_take(json_pack("{s:o*, s:o*, s:i}", "luns", luns, "health",
						health ? json_true() : NULL, "timeout_ms",
						timeout_ms));
}

char *array_wire_encode_create(const struct array_volume *volume, const char *by, int timeout_ms)
{
	return request_take(json_pack("{s:s, s:I, s:s*, s:s*, s:i}", "name", volume->name,
				      "size_bytes", (json_int_t)volume->size_bytes, "reliability",
				      volume->reliability, "by", by, "timeout_ms", timeout_ms));
}

char *array_wire_encode_delete(const char *name, const char *by, int timeout_ms)
{
	return request_take(
		json_pack("{s:s, s:s*, s:i}", "name", name, "by", by, "timeout_ms", timeout_ms));
}

int array_wire_decode_flag(const char *reply, size_t bytes, const char *member, bool *ret,
			   struct err *err)
{
	json_t *root = bytes > ARRAY_REPLY_MAX_BYTES
			       ? NULL
			       : json_loadb(reply, bytes, JSON_REJECT_DUPLICATES, NULL);
	const json_t *value = json_object_get(root, member);
	int rc = 0;

	if (json_is_boolean(value)) {
		*ret = json_is_true(value);
	} else {
		rc = err_set(err, -EPROTO,
			     "the array driver's reply does not say whether it has %s the LUN",
			     member);
	}
	json_decref(root);
	return rc;
}
