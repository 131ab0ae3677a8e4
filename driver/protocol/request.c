/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/protocol/request.h"

#include <inttypes.h>
#include <string.h>

int request_check(const json_t *request, const char *const *members, struct fault *fault)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)request, key, value) {
		size_t i = 0;

		while (members[i] != NULL && strcmp(members[i], key) != 0) {
			i++;
		}
		if (members[i] == NULL) {
			return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
					 "this verb has no member '%.100s'", key);
		}
	}
	return 0;
}

static int name_check(const json_t *value, const char *member, bool (*valid)(const char *),
		      struct fault *fault)
{
	const char *text = json_string_value(value);

	if (text == NULL || json_string_length(value) != strlen(text) || !valid(text)) {
		return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				 "'%.200s' in member '%s' is not a legal name",
				 text != NULL ? text : "(not a string)", member);
	}
	return 0;
}

static int name_put(struct request_names *ret, const char *name, const char *member,
		    struct fault *fault)
{
	for (size_t i = 0; i < ret->count; i++) {
		if (strcmp(ret->names[i], name) == 0) {
			return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
					 "member '%s' has '%s' twice", member, name);
		}
	}
	ret->names[ret->count++] = name;
	return 0;
}

int request_names(const json_t *request, const char *member, bool (*valid)(const char *),
		  struct request_names *ret, bool *ret_present, struct fault *fault)
{
	const json_t *list = json_object_get(request, member);
	size_t count = json_array_size(list);
	int rc = 0;

	ret->count = 0;
	*ret_present = list != NULL;
	if (list != NULL && !json_is_array(list)) {
		return fault_set(fault, ARRAY_ERROR_BAD_REQUEST, "member '%s' is not a list",
				 member);
	}
	if (count > REQUEST_NAMES_MAX) {
		return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				 "member '%s' has %zu names, at most %d are legal", member, count,
				 REQUEST_NAMES_MAX);
	}
	for (size_t i = 0; i < count && rc == 0; i++) {
		const json_t *value = json_array_get(list, i);

		rc = name_check(value, member, valid, fault);
		rc = rc != 0 ? rc : name_put(ret, json_string_value(value), member, fault);
	}
	return rc;
}

int request_name(const json_t *request, const char *member, bool (*valid)(const char *),
		 const char **ret, struct fault *fault)
{
	const json_t *value = json_object_get(request, member);

	*ret = json_string_value(value);
	return value == NULL ? 0 : name_check(value, member, valid, fault);
}

int request_number(const json_t *request, const char *member, int64_t min, int64_t max,
		   int64_t fallback, int64_t *ret, struct fault *fault)
{
	const json_t *value = json_object_get(request, member);

	*ret = value == NULL ? fallback : json_integer_value(value);
	if (value != NULL && (!json_is_integer(value) || *ret < min || *ret > max)) {
		return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				 "member '%s' must be a whole number from %" PRId64 " to %" PRId64,
				 member, min, max);
	}
	return 0;
}

int request_boolean(const json_t *request, const char *member, bool *ret, struct fault *fault)
{
	const json_t *value = json_object_get(request, member);

	*ret = json_is_true(value);
	return value == NULL || json_is_boolean(value)
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				   "member '%s' must be true or false", member);
}

int request_missing(const char *member, struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_BAD_REQUEST, "member '%s' is missing", member);
}
