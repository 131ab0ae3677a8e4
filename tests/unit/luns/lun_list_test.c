/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "luns/lun_list.h"

static struct lun_survey_lun luns[3];
static struct lun_survey survey;
static char *output;
static size_t bytes;

static GPtrArray *list_of(const char *words)
{
	g_auto(GStrv) parts = g_strsplit(words, " ", -1);
	GPtrArray *ret = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; parts[i] != NULL && *parts[i] != '\0'; i++) {
		g_ptr_array_add(ret, g_strdup(parts[i]));
	}
	return ret;
}

static struct lun_survey_lun lun_of(const char *name, uint64_t size, const char *class,
				    enum lun_health health, const char *reason)
{
	struct lun_survey_lun ret = {.array = "san1", .is = {.size_bytes = size}};

	(void)strcpy(ret.is.name, name);
	(void)strcpy(ret.is.designator, "naa.6000a0005c47f7eabfb16dd03e37aa9d");
	(void)strcpy(ret.is.class, class);
	(void)strcpy(ret.is.pool, class[0] != '\0' ? "fast" : "");
	ret.is.condition.health = health;
	(void)strcpy(ret.is.condition.reason, reason);
	return ret;
}

static int setup(void **state)
{
	(void)state;
	luns[0] = lun_of("web1-root", UINT64_C(20) << 30, "raid5", LUN_DEGRADED,
			 "1 of 3 devices of logical volume web1-root are missing (lvconvert "
			 "--repair replaces one)");
	luns[0].hosts = list_of("node1 a-node-with-a-long-name-2");
	luns[0].sessions = list_of("iqn.2026-11.x:old");
	luns[0].vms = list_of("web1");
	luns[1] = lun_of("a-lun-with-a-name-of-more-than-that", 540672, "", LUN_HEALTH_UNKNOWN, "");
	luns[2] = lun_of("z", UINT64_C(1) << 20, "none", LUN_HEALTHY, "");
	luns[2].array = "san2";
	luns[2].hosts = list_of("");
	luns[2].sessions = list_of("");
	luns[2].vms = list_of("");
	survey = (struct lun_survey){
		.luns = luns, .n = 3, .troubles = g_ptr_array_new_with_free_func(g_free)};
	g_ptr_array_add(survey.troubles, g_strdup("array san3, luns: <nobody \"answers\">"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(luns); i++) {
		g_clear_pointer(&luns[i].hosts, g_ptr_array_unref);
		g_clear_pointer(&luns[i].sessions, g_ptr_array_unref);
		g_clear_pointer(&luns[i].vms, g_ptr_array_unref);
	}
	g_clear_pointer(&survey.troubles, g_ptr_array_unref);
	free(output);
	output = NULL;
	return 0;
}

static void has(const char *text)
{
	if (strstr(output, text) == NULL) {
		fail_msg("'%s' is not in: %s", text, output);
	}
}

static void lun_list_text__fits_eighty_columns(void **state)
{
	g_auto(GStrv) lines = NULL;
	FILE *file = open_memstream(&output, &bytes);

	(void)state;
	lun_list_text(&survey, file);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(
		output,
		"Array san1\n"
		"LUN                        SIZE CLASS  POOL     HEALTH   VM          HOSTS\n"
		"web1-root                 20GiB raid5  fast     degraded web1        node1,a-no+\n"
		"    naa.6000a0005c47f7eabfb16dd03e37aa9d\n"
		"    1 of 3 devices of logical volume web1-root are missing (lvconvert --repair\n"
		"    replaces one)\n"
		"    not granted, but connected: iqn.2026-11.x:old\n"
		"a-lun-with-a-name-o+     528KiB -      -        unknown  ?           ?\n"
		"    naa.6000a0005c47f7eabfb16dd03e37aa9d\n"
		"\n"
		"Array san2\n"
		"LUN                        SIZE CLASS  POOL     HEALTH   VM          HOSTS\n"
		"z                          1MiB none   fast     healthy  -           -\n"
		"    naa.6000a0005c47f7eabfb16dd03e37aa9d\n"
		"\n"
		"The list is not complete:\n"
		"    array san3, luns: <nobody \"answers\">\n");
	lines = g_strsplit(output, "\n", -1);
	for (size_t i = 0; lines[i] != NULL; i++) {
		assert_in_range(strlen(lines[i]), 0, 80);
	}
}

static void lun_list_json__tells_none_from_unknown(void **state)
{
	json_t *json = lun_list_json(&survey);

	(void)state;
	output = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	has("{\"luns\":[{\"array\":\"san1\",\"name\":\"web1-root\",\"size_bytes\":21474836480,"
	    "\"designator\":\"naa.6000a0005c47f7eabfb16dd03e37aa9d\",\"class\":\"raid5\","
	    "\"pool\":\"fast\",\"health\":\"degraded\",\"health_reason\":\"1 of 3 devices");
	has("\"hosts\":[\"node1\",\"a-node-with-a-long-name-2\"],\"sessions\":[\"iqn.2026-11.x:old"
	    "\"],\"vms\":[\"web1\"]}");
	has("\"class\":null,\"pool\":null,\"health\":\"unknown\",\"health_reason\":null,\"hosts\":"
	    "null,\"sessions\":null,\"vms\":null}");
	has("\"health\":\"healthy\",\"health_reason\":null,\"hosts\":[],\"sessions\":[],\"vms\":[]"
	    "}");
	has("\"troubles\":[\"array san3, luns: ");
}

static void lun_list_xml__is_well_formed(void **state)
{
	FILE *file = open_memstream(&output, &bytes);

	(void)state;
	assert_int_equal(lun_list_xml(&survey, file), 0);
	assert_int_equal(fclose(file), 0);
	has("<lun array=\"san1\" name=\"web1-root\" size_bytes=\"21474836480\" designator=\"naa.");
	has("<hosts>");
	has("<host>a-node-with-a-long-name-2</host>");
	has("<vm>web1</vm>");
	has("<trouble>array san3, luns: &lt;nobody &quot;answers&quot;&gt;</trouble>");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(lun_list_text__fits_eighty_columns),
		TEST(lun_list_json__tells_none_from_unknown),
		TEST(lun_list_xml__is_well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
