/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/protocol/requester.h"

#include <string.h>

#include "driver/protocol/request.h"
#include "names/lun.h"

static bool is_text(const json_t *value, const char *text)
{
	const char *string = json_string_value(value);

	return string != NULL && strcmp(string, text) == 0;
}

bool requester_own_apply(const json_t *request, const char *by)
{
	return json_object_get(request, "grant") == NULL &&
	       is_text(json_object_get(request, "revoke"), by);
}

bool requester_own_initiators(const json_t *request, const char *by)
{
	const json_t *names = json_object_get(request, "initiators");

	return json_array_size(names) == 1 && is_text(json_array_get(names, 0), by);
}

int requester_check(const struct driver *driver, const void *backend, const json_t *request,
		    requester_own *own, struct fault *fault)
{
	const char *by;
	int rc = request_name(request, REQUESTER_MEMBER, iscsi_name_valid, &by, fault);

	if (rc != 0 || by == NULL || !driver->masks.is_fenced(backend, by) ||
	    (own != NULL && own(request, by))) {
		return rc;
	}
	fault_about(fault, NULL, by);
	return fault_set(fault, ARRAY_ERROR_REQUESTER_FENCED,
			 "this host ('%s') is fenced: restart corosync and Pacemaker on it; until "
			 "then it changes nothing but its own access, and nothing was changed",
			 by);
}
