/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "driver/protocol/requester.h"
#include "driver/protocol/verbs.h"

#define S "iqn.2026-11.x:s" /* fenced */
#define T "iqn.2026-11.x:t" /* not */

static bool is_fenced(const void *backend, const char *initiator)
{
	(void)backend;
	return strcmp(initiator, S) == 0;
}

static const struct driver FAKE = {.masks = {.is_fenced = is_fenced}};

static int check(const char *verb, const char *request, struct fault *fault)
{
	json_t *json = json_loads(request, 0, NULL);
	int rc;

	assert_non_null(json);
	rc = requester_check(&FAKE, NULL, json, verb_find(verb)->own, fault);
	json_decref(json);
	return rc;
}

#define BY(by, rest) "{\"by\":\"" by "\"," rest "}"
#define LUNS "\"luns\":[\"a\"]"

static void requester_check__lets_a_fenced_host_only_narrow_itself(void **state)
{
	static const struct {
		const char *verb, *request;
		int rc;
	} rows[] = {
		{"apply", BY(S, LUNS ",\"revoke\":\"" S "\""), 0},
		{"apply", BY(S, LUNS ",\"revoke\":\"" S "\",\"allowed\":[\"" T "\"]"), 0},
		{"apply", BY(S, LUNS ",\"revoke\":\"" T "\""), -ESHUTDOWN},
		{"apply", BY(S, LUNS ",\"grant\":\"" S "\""), -ESHUTDOWN},
		{"apply", BY(S, LUNS ",\"grant\":\"" T "\",\"revoke\":\"" S "\""), -ESHUTDOWN},
		{"apply", BY(S, LUNS ",\"grant\":null,\"revoke\":\"" S "\""), -ESHUTDOWN},
		{"apply", BY(S, LUNS), -ESHUTDOWN},
		{"fence", BY(S, "\"initiators\":[\"" S "\"]"), 0},
		{"fence", BY(S, "\"initiators\":[\"" T "\"]"), -ESHUTDOWN},
		{"fence", BY(S, "\"initiators\":[\"" S "\",\"" T "\"]"), -ESHUTDOWN},
		{"fence", BY(S, "\"initiators\":[]"), -ESHUTDOWN},
		{"unfence", BY(S, "\"initiators\":[\"" S "\"],\"fencings\":3"), 0},
		{"unfence", BY(S, "\"initiators\":[\"" T "\"]"), -ESHUTDOWN},
		{"create", BY(S, "\"name\":\"a\""), -ESHUTDOWN},
		{"delete", BY(S, "\"name\":\"a\""), -ESHUTDOWN},
		{"apply", BY(T, LUNS ",\"revoke\":\"" S "\",\"grant\":\"" T "\""), 0},
		{"fence", BY(T, "\"initiators\":[\"" S "\"]"), 0},
		{"delete", BY(T, "\"name\":\"a\""), 0},
		{"fence", "{\"initiators\":[\"" S "\"]}", 0},
		{"apply", "{" LUNS ",\"revoke\":\"" T "\"}", 0},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct fault fault = FAULT_INIT;

		if (check(rows[i].verb, rows[i].request, &fault) != rows[i].rc) {
			fail_msg("%s %s", rows[i].verb, rows[i].request);
		}
		if (rows[i].rc != 0) {
			assert_int_equal(fault.code, ARRAY_ERROR_REQUESTER_FENCED);
			assert_string_equal(fault.initiator, S);
			assert_non_null(strstr(err_text(&fault.err), "'" S "') is fenced"));
		}
	}
}

static void requester_check__wants_a_legal_name(void **state)
{
	static const char *const wrong[] = {"{\"by\":1}", "{\"by\":null}", "{\"by\":\"\"}",
					    "{\"by\":\"node1\"}", "{\"by\":\"" S " \"}"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		struct fault fault = FAULT_INIT;

		assert_int_equal(check("fence", wrong[i], &fault), -EBADRQC);
		assert_int_equal(fault.code, ARRAY_ERROR_BAD_REQUEST);
	}
}

/* What changes nothing has no requester, and everything that changes something has one. */
static void verbs__have_a_requester_where_they_change_something(void **state)
{
	static const char *const changing[] = {"apply",      "fence",   "unfence", "create",
					       "delete",     "protect", "resize",  "snapshot",
					       "unsnapshot", "restore", "clone"};

	(void)state;
	for (size_t i = 0; verb_at(i) != NULL; i++) {
		const char *const *member = verb_at(i)->members;
		bool wanted = false;

		for (size_t k = 0; k < G_N_ELEMENTS(changing); k++) {
			wanted = wanted || strcmp(verb_at(i)->name, changing[k]) == 0;
		}
		while (*member != NULL && strcmp(*member, REQUESTER_MEMBER) != 0) {
			member++;
		}
		assert_int_equal(*member != NULL, wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requester_check__lets_a_fenced_host_only_narrow_itself),
		cmocka_unit_test(requester_check__wants_a_legal_name),
		cmocka_unit_test(verbs__have_a_requester_where_they_change_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
