/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/core/driver.h"
#include "driver/protocol/request.h"
#include "driver/protocol/verbs.h"

#define H1 "iqn.2026-11.x:h1"
#define H2 "iqn.2026-11.x:h2"
#define H3 "iqn.2026-11.x:h3"
#define MANY 100000

static const char *const ONLY_H1[] = {H1};
static const char *const BOTH[] = {H1, H2};

static void add(struct masks *masks, const char *lun, const char *holder, const char *nexus)
{
	struct mask *mask = masks_add(masks, lun);

	assert_non_null(mask);
	assert_true(holder == NULL || mask_add_initiator(mask, holder) == 0);
	assert_true(nexus == NULL || mask_add_nexus(mask, nexus, "10.0.0.1") == 0);
}

/* Not in the order of names. */
static struct masks array_make(void)
{
	struct masks masks = {0};

	add(&masks, "d-nexus", NULL, H1);
	add(&masks, "a-granted", H1, NULL);
	add(&masks, "e-all", "ALL", NULL);
	add(&masks, "c-other", H2, H2);
	add(&masks, "b-free", NULL, NULL);
	return masks;
}

static bool all_only(const void *backend, const char *rule, const char *initiator)
{
	(void)backend;
	(void)initiator;
	return strcmp(rule, "ALL") == 0;
}

static void are(struct masks *masks, const char *wanted)
{
	char got[512] = "";

	for (size_t i = 0; i < masks->count; i++) {
		(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ",
			       masks->masks[i].lun);
	}
	assert_string_equal(got, wanted);
	masks_release(masks);
}

static void masks_select__keeps_what_is_asked_for(void **state)
{
	static const struct {
		struct selection selection;
		const char *wanted;
	} rows[] = {
		{{.n_initiators = 0}, "a-granted b-free c-other d-nexus e-all "},
		{{.initiators = ONLY_H1, .n_initiators = 1}, "a-granted d-nexus e-all "},
		{{.initiators = BOTH, .n_initiators = 2}, "a-granted c-other d-nexus e-all "},
		{{.initiators = BOTH, .n_initiators = 2, .rules = true}, "e-all "},
		{{.initiators = ONLY_H1, .n_initiators = 1, .after = "a-granted"},
		 "d-nexus e-all "},
		{{.after = "c"}, "c-other d-nexus e-all "},
		{{.after = "e-all"}, ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct masks masks = array_make();

		assert_null(masks_select(&masks, &rows[i].selection));
		are(&masks, rows[i].wanted);
	}
}

static void masks_select__leaves_out_rules_that_do_not_admit(void **state)
{
	struct masks masks = array_make();
	const struct selection selection = {
		.initiators = ONLY_H1, .n_initiators = 1, .rules = true, .admits = all_only};

	(void)state;
	add(&masks, "f-backup", "10.0.0.50", NULL);
	assert_null(masks_select(&masks, &selection));
	are(&masks, "e-all ");
}

static void masks_select__has_pages_within_the_bytes_of_a_reply(void **state)
{
	struct masks masks = {0};
	const struct selection selection = {.limit = SELECT_LIMIT_MAX};
	char lun[16];

	(void)state;
	for (int i = 0; i < 20; i++) {
		(void)snprintf(lun, sizeof(lun), "l%02d", i);
		add(&masks, lun, NULL, NULL);
		for (int k = 0; k < MASK_HOLDERS_MAX; k++) {
			assert_int_equal(
				mask_add_nexus(&masks.masks[i],
					       "iqn.2026-11.x:"
					       "0123456789012345678901234567890123456789012"
					       "3456789012345678901234567890123456789012345"
					       "678901234567890123456789",
					       "10.0.0.1"),
				0);
		}
	}
	assert_non_null(masks_select(&masks, &selection));
	assert_in_range(masks.count, 1, 19);
	masks_release(&masks);
}

/* An array of MANY LUNs: every third is granted to H1, and one admits everybody. */
static int many_read(void *backend, const char *const *luns, size_t n_luns,
		     struct deadline deadline, struct masks *ret, struct fault *fault)
{
	(void)backend;
	(void)luns;
	(void)n_luns;
	(void)deadline;
	(void)fault;
	*ret = (struct masks){0};
	for (int i = MANY - 1; i >= 0; i--) {
		char lun[16];

		(void)snprintf(lun, sizeof(lun), "lun%d", i);
		add(ret, lun, i == 4711 ? "ALL" : i % 3 == 0 ? H1 : NULL, NULL);
	}
	return 0;
}

static const struct driver MANY_DRIVER = {.name = "many", .masks = {.read = many_read}};

static int masks_verb(const char *request, json_t **ret)
{
	json_t *json = json_loads(request, 0, NULL);
	struct fault fault = FAULT_INIT;
	int rc;

	assert_non_null(json);
	*ret = json_object();
	rc = request_check(json, verb_find("masks")->members, &fault);
	rc = rc != 0 ? rc
		     : verb_find("masks")->run(&MANY_DRIVER, NULL, json, deadline_in(60000), *ret,
					       &fault);
	assert_true(rc == 0 || fault.code == ARRAY_ERROR_BAD_REQUEST);
	json_decref(json);
	return rc;
}

static void masks_verb__pages_through_100000_luns(void **state)
{
	char request[256] = "{\"limit\":4096}";
	size_t count = 0;
	size_t pages = 0;
	bool more = true;

	(void)state;
	while (more) {
		json_t *reply;
		const char *next;
		char *text;

		assert_int_equal(masks_verb(request, &reply), 0);
		text = json_dumps(reply, JSON_COMPACT);
		assert_true(strlen(text) < DRIVER_REPLY_MAX_BYTES);
		free(text);
		count += json_array_size(json_object_get(reply, "masks"));
		pages++;
		next = json_string_value(json_object_get(reply, "next"));
		more = next != NULL;
		if (more) {
			(void)snprintf(request, sizeof(request),
				       "{\"limit\":4096,\"after\":\"%s\"}", next);
		}
		json_decref(reply);
	}
	assert_int_equal(count, MANY);
	assert_int_equal(pages, (MANY + 4095) / 4096);
}

static void masks_verb__finds_one_of_100000_luns(void **state)
{
	json_t *reply;

	(void)state;
	assert_int_equal(masks_verb("{\"initiators\":[\"" H3 "\"],\"limit\":16}", &reply), 0);
	assert_int_equal(json_array_size(json_object_get(reply, "masks")), 1);
	assert_null(json_object_get(reply, "next"));
	json_decref(reply);
	assert_int_equal(masks_verb("{\"initiators\":[\"" H1 "\"],\"limit\":16}", &reply), 0);
	assert_int_equal(json_array_size(json_object_get(reply, "masks")), 16);
	assert_non_null(json_object_get(reply, "next"));
	json_decref(reply);
}

static void masks_verb__refuses_a_wrong_selection(void **state)
{
	static const char *const rows[] = {
		"{\"initiators\":[]}",
		"{\"initiators\":[\"ALL\"]}",
		"{\"initiators\":\"" H1 "\"}",
		"{\"rules\":true}",
		"{\"rules\":1,\"initiators\":[\"" H1 "\"]}",
		"{\"limit\":0}",
		"{\"limit\":4097}",
		"{\"limit\":\"1\"}",
		"{\"after\":\"a b\"}",
		"{\"luns\":[\"a\"],\"limit\":1}",
		"{\"luns\":[\"a\"],\"after\":\"a\"}",
		"{\"luns\":[\"a\"],\"initiators\":[\"" H1 "\"]}",
		"{\"initiator\":\"" H1 "\"}",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		json_t *reply;

		if (masks_verb(rows[i], &reply) == 0) {
			fail_msg("accepted: %s", rows[i]);
		}
		json_decref(reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_select__keeps_what_is_asked_for),
		cmocka_unit_test(masks_select__leaves_out_rules_that_do_not_admit),
		cmocka_unit_test(masks_select__has_pages_within_the_bytes_of_a_reply),
		cmocka_unit_test(masks_verb__pages_through_100000_luns),
		cmocka_unit_test(masks_verb__finds_one_of_100000_luns),
		cmocka_unit_test(masks_verb__refuses_a_wrong_selection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
