/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>
#include <stdlib.h>

#include "conformance.h"

static bool info_names_protocol(struct bench *bench)
{
	json_t *reply;
	bool ok;

	if (!bench_ok(bench, "info", &reply, "{}")) {
		return false;
	}
	ok = json_integer_value(json_object_get(reply, "protocol")) == 1 &&
	     json_is_string(json_object_get(reply, "driver")) &&
	     json_is_string(json_object_get(reply, "version")) &&
	     json_is_array(json_object_get(reply, "capabilities"));
	json_decref(reply);
	return ok ? true : bench_fail(bench, "protocol 1, driver, version or capabilities missing");
}

static bool revoke_cuts_nexus(struct bench *bench)
{
	json_t *reply;
	bool ok;

	if (!bench_ok(bench, "info", &reply, "{}")) {
		return false;
	}
	ok = list_count(json_object_get(reply, "capabilities"), "revoke-cuts-nexus") == 1;
	json_decref(reply);
	return ok ? true : bench_fail(bench, "the capability is not listed");
}

static bool ports_have_state(struct bench *bench)
{
	const json_t *portals;
	json_t *reply;
	bool ok;

	if (!bench_ok(bench, "ports", &reply, "{}")) {
		return false;
	}
	portals = json_object_get(reply, "portals");
	ok = json_array_size(portals) > 0;
	for (size_t i = 0; i < json_array_size(portals); i++) {
		const json_t *portal = json_array_get(portals, i);

		ok = ok && json_is_string(json_object_get(portal, "portal")) &&
		     json_is_string(json_object_get(portal, "state"));
	}
	json_decref(reply);
	return ok ? true : bench_fail(bench, "no portal, or one without portal and state");
}

/* A LUN that is exposed everywhere need not say so. */
static bool portals_named(const json_t *portals)
{
	bool ok = portals == NULL || json_is_array(portals);

	for (size_t i = 0; i < json_array_size(portals); i++) {
		ok = ok && json_is_string(json_array_get(portals, i));
	}
	return ok;
}

static bool lun_described(const json_t *lun)
{
	const char *designator =
		json_string_value(json_array_get(json_object_get(lun, "designators"), 0));

	return designator != NULL &&
	       (strncmp(designator, "naa.", 4) == 0 || strncmp(designator, "eui.", 4) == 0 ||
		strncmp(designator, "t10.", 4) == 0) &&
	       json_integer_value(json_object_get(lun, "size_bytes")) > 0 &&
	       json_is_string(json_object_get(lun, "target")) &&
	       portals_named(json_object_get(lun, "portals")) &&
	       json_is_integer(json_object_get(lun, "number"));
}

static bool luns_are_described(struct bench *bench)
{
	const json_t *list;
	json_t *reply;
	bool ok;

	if (!bench_ok(bench, "luns", &reply, "{\"luns\":[\"%s\",\"%s\"],\"initiator\":\"%s\"}",
		      bench->luns[0], bench->luns[1], bench->initiators[0])) {
		return false;
	}
	list = json_object_get(reply, "luns");
	ok = json_array_size(list) == 2 && lun_described(json_array_get(list, 0)) &&
	     lun_described(json_array_get(list, 1));
	json_decref(reply);
	return ok ? true
		  : bench_fail(bench,
			       "not two LUNs, or one without designators, size_bytes, target "
			       "and number");
}

static bool unknown_lun_is_named(struct bench *bench)
{
	static const char request[] = "{\"luns\":[\"lunmask-no-such-lun\"]}";

	return bench_refused(bench, "luns", "no-such-lun", "%s", request) &&
	       bench_refused(bench, "masks", "no-such-lun", "%s", request);
}

static bool garbage_is_refused(struct bench *bench)
{
	static const char *const requests[] = {"",
					       "garbage",
					       "[]",
					       "{",
					       "\"x\"",
					       "{\"luns\":1}",
					       "{\"luns\":[1]}",
					       "{\"luns\":[\"a b\"]}",
					       "{\"luns\":[\"../x\"]}"};

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		if (!bench_refused(bench, "masks", "bad-request", "%s", requests[i])) {
			return false;
		}
	}
	return true;
}

static bool unknown_member_is_refused(struct bench *bench)
{
	return bench_refused(bench, "apply", "bad-request",
			     "{\"luns\":[\"%s\"],\"revok\":\"%s\",\"grant\":\"%s\"}",
			     bench->luns[0], bench->initiators[0], bench->initiators[1]) &&
	       bench_holders(bench, bench->luns[0], NOBODY);
}

static bool apply_needs_its_members(struct bench *bench)
{
	return bench_refused(bench, "apply", "bad-request", "{\"grant\":\"%s\"}",
			     bench->initiators[0]) &&
	       bench_refused(bench, "apply", "bad-request", "{\"luns\":[\"%s\"]}",
			     bench->luns[0]) &&
	       bench_refused(bench, "apply", "bad-request", "{\"luns\":[\"%s\"],\"grant\":\"ALL\"}",
			     bench->luns[0]) &&
	       bench_holders(bench, bench->luns[0], NOBODY);
}

static bool unknown_verb_is_refused(struct bench *bench)
{
	return bench_refused(bench, "frobnicate", "unsupported", "{}");
}

static bool huge_request_is_refused(struct bench *bench)
{
	size_t bytes = 3u << 20;
	char *request = malloc(bytes + 1);
	bool ok;

	if (request == NULL) {
		return bench_fail(bench, "out of memory");
	}
	memset(request, ' ', bytes);
	request[bytes] = '\0';
	ok = bench_refused(bench, "masks", "bad-request", "%s", request);
	free(request);
	return ok;
}

const struct check PROTOCOL_CHECKS[] = {
	{"info names protocol, driver, version and capabilities", info_names_protocol, NULL},
	{"info lists the capability revoke-cuts-nexus", revoke_cuts_nexus, NULL},
	{"ports lists portals with their state", ports_have_state, NULL},
	{"luns gives designators, size and address", luns_are_described, NULL},
	{"an unknown LUN is no-such-lun", unknown_lun_is_named, NULL},
	{"a request that is garbage is bad-request", garbage_is_refused, NULL},
	{"a request of 3 MiB is bad-request", huge_request_is_refused, NULL},
	{"an unknown member is bad-request", unknown_member_is_refused, NULL},
	{"apply without its members is bad-request", apply_needs_its_members, NULL},
	{"an unknown verb is unsupported", unknown_verb_is_refused, NULL},
	{NULL, NULL, NULL},
};
