/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosts/host_list.h"

static struct host_lun luns[] = {{"web1-root", HOST_YES, 3}, {"web1-state", HOST_YES, 1}};
static struct host_facts facts[3];
static struct host_verdict verdicts[3];
static const struct vm_one one = {.name = "web1"};
static struct host_found found = {.one = &one, .facts = facts, .verdicts = verdicts, .n = 3};
static char *output;
static size_t bytes;

static int setup(void **state)
{
	(void)state;
	found.need = (struct host_need){
		.array = "san1",
		.portals = {{"10.0.0.1:3260", true}, {"[fd00:1:2:3:4:5:6:7]:3260", true}},
		.n_portals = 2,
		.luns = luns,
		.n_luns = 2,
		.paths_required = 1,
	};
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = {"node1", "node2", "a-node-with-a-long-name-3"};

		facts[i] = (struct host_facts){.node = names[i]};
		for (size_t k = 0; k < HOST_FACTS; k++) {
			facts[i].known[k].is = HOST_YES;
		}
		for (size_t k = 0; k < 2; k++) {
			facts[i].paths[k].state = PATH_UP;
		}
	}
	facts[1].paths[0] = (struct host_path){PATH_DOWN, 725000, "no connection within 5000 ms"};
	facts[1].paths[1] = (struct host_path){PATH_REFUSED, 90000000, "login refused"};
	facts[1].known[HOST_LIBVIRT].is = HOST_NOT_KNOWN;
	facts[1].known[HOST_CPU].is = facts[1].known[HOST_MEMORY].is = HOST_NOT_KNOWN;
	facts[2].known[HOST_UNFENCED].is = HOST_NOT_KNOWN;
	(void)strcpy(facts[2].known[HOST_UNFENCED].detail, "<no \"answer\">");
	for (size_t i = 0; i < 3; i++) {
		host_verdict(&found.need, &facts[i], &verdicts[i]);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		host_verdict_release(&verdicts[i]);
	}
	free(output);
	output = NULL;
	return 0;
}

static void has(const char *text)
{
	if (strstr(output, text) == NULL) {
		fail_msg("not in:\n%s", output);
	}
}

static void host_list_text__fits_eighty_columns(void **state)
{
	FILE *file = open_memstream(&output, &bytes);

	(void)state;
	host_list_text(&found, NULL, file);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(
		output,
		"HOST                     MAY RUN  PATHS\n"
		"node1                    yes      2 of 2\n"
		"node2                    no       0 of 2\n"
		"    it reaches LUN web1-root through none of 2 portals\n"
		"    it reaches LUN web1-state through none of 1 portals\n"
		"    no path to portal 10.0.0.1:3260 of san1 for 12m: no connection within 5000\n"
		"    ms\n"
		"    portal [fd00:1:2:3:4:5:6:7]:3260 of san1 has not let it in for 1d: login\n"
		"    refused\n"
		"    what its libvirt says is not known\n"
		"a-node-with-a-long-name+ unknown  2 of 2\n"
		"    whether the array has fenced it is not known: <no \"answer\">\n");
}

static void host_list_text__of_one_node(void **state)
{
	FILE *file = open_memstream(&output, &bytes);

	(void)state;
	host_list_text(&found, "node1", file);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(output, "HOST                     MAY RUN  PATHS\n"
				    "node1                    yes      2 of 2\n");
	assert_int_equal(host_list_count(&found, "node1"), 1);
	assert_int_equal(host_list_count(&found, "node9"), 0);
}

static void host_list_json__has_all_reasons(void **state)
{
	json_t *json = host_list_json(&found, NULL);
	const json_t *hosts = json_object_get(json, "hosts");
	const json_t *reasons = json_object_get(json_array_get(hosts, 1), "reasons");

	(void)state;
	assert_int_equal(json_array_size(hosts), 3);
	assert_int_equal(json_array_size(reasons), 5);
	output = json_dumps(json, JSON_COMPACT);
	has("{\"vm\":\"web1\",\"array\":\"san1\",\"portals\":2,\"luns\":[{\"lun\":\"web1-root\","
	    "\"exists\":\"yes\",\"portals\":[\"10.0.0.1:3260\",\"[fd00:1:2:3:4:5:6:7]:3260\"]}");
	has("{\"host\":\"node1\",\"may_run\":\"yes\",\"paths_up\":2,\"reasons\":[]}");
	has("{\"reason\":\"paths\",\"effect\":\"no\",\"text\":\"it reaches LUN web1-root through");
	has("{\"reason\":\"libvirt\",\"effect\":\"unknown\",");
	has("{\"reason\":\"fenced\",\"effect\":\"unknown\",");
	json_decref(json);
}

static void host_list_xml__is_well_formed(void **state)
{
	FILE *file = open_memstream(&output, &bytes);

	(void)state;
	assert_int_equal(host_list_xml(&found, NULL, file), 0);
	assert_int_equal(fclose(file), 0);
	has("<hosts vm=\"web1\" array=\"san1\" portals=\"2\">");
	has("<lun name=\"web1-state\" exists=\"yes\">");
	has("<portal>10.0.0.1:3260</portal>");
	has("<host name=\"node1\" may_run=\"yes\" paths_up=\"2\"/>");
	has("<reason name=\"fenced\" effect=\"unknown\">whether the array has fenced it is not "
	    "known: &lt;no &quot;answer&quot;&gt;</reason>");
}

static void host_list_answer__what_is_not_known_comes_first(void **state)
{
	(void)state;
	assert_int_equal(host_list_answer(&found, NULL), HOST_NOT_KNOWN);
	assert_int_equal(host_list_answer(&found, "node1"), HOST_YES);
	assert_int_equal(host_list_answer(&found, "node2"), HOST_NO);
	found.n = 2;
	assert_int_equal(host_list_answer(&found, NULL), HOST_YES);
	found.n = 3;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(host_list_text__fits_eighty_columns),
		TEST(host_list_text__of_one_node),
		TEST(host_list_json__has_all_reasons),
		TEST(host_list_xml__is_well_formed),
		TEST(host_list_answer__what_is_not_known_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
