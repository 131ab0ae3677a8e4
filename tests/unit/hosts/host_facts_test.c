/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "hosts/host_facts.h"

#define P1 "10.0.0.1:3260"
#define P2 "10.0.0.2:3260"
#define CONF                                                                                       \
	"[array san1]\ndriver = d\ntransport = exec\nportals = " P1 " " P2 "\n"                    \
	"[host node1]\ninitiator = iqn.2026-11.x:1\n[host node2]\ninitiator = iqn.2026-11.x:2\n"

static const char *const portals[] = {P1, P2};
static const char *const names[] = {"root", "data"};
static char fenced_names[1][ISCSI_NAME_MAX + 1] = {"iqn.2026-11.x:2"};
static bool absent[2];

struct fixture {
	struct host_seen seen;
	struct config *config;
	struct cluster_host nodes[2];
	struct cluster_hosts cluster;
	struct journal_path paths[4];
	struct array_exposure exposures[2];
	struct array_fenced fenced;
	struct host_libvirt libvirt;
	struct host_lun luns[2];
	struct host_need need;
	struct host_facts *facts;
	size_t n;
};

static void path_make(struct journal_path *path, const char *node, const char *portal)
{
	*path = (struct journal_path){.origin = JOURNAL_PATH_CONFIGURED, .state = PATH_UP};
	(void)strcpy(path->node, node);
	(void)strcpy(path->array, "san1");
	(void)strcpy(path->portal, portal);
	path->age_ms = 5000;
}

/* Two nodes that are well, and reach everything. */
static int setup(void **state)
{
	struct fixture *fixture = g_new0(struct fixture, 1);

	*state = fixture;
	assert_int_equal(config_parse(CONF, strlen(CONF), "test", &fixture->config, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(fixture->nodes[i].node, sizeof(fixture->nodes[i].node), "node%zu",
			       i + 1);
		for (size_t k = 0; k < CLUSTER_OBSTACLES; k++) {
			fixture->nodes[i].obstacles[k].there = CLUSTER_NOT_THERE;
		}
		path_make(&fixture->paths[2 * i], fixture->nodes[i].node, P1);
		path_make(&fixture->paths[2 * i + 1], fixture->nodes[i].node, P2);
		fixture->exposures[i].everywhere = true;
		absent[i] = false;
	}
	fixture->cluster = (struct cluster_hosts){fixture->nodes, 2};
	fixture->libvirt = (struct host_libvirt){.node = "node1"};
	fixture->libvirt.known[HOST_LIBVIRT].is = HOST_YES;
	fixture->libvirt.known[HOST_CPU].is = HOST_YES;
	fixture->libvirt.known[HOST_MEMORY].is = HOST_YES;
	fixture->seen = (struct host_seen){
		.config = fixture->config,
		.array = "san1",
		.portals = portals,
		.n_portals = 2,
		.luns = names,
		.n_luns = 2,
		.paths_required = 1,
		.quorum = true,
		.cluster = &fixture->cluster,
		.paths = fixture->paths,
		.n_paths = 4,
		.exposures = fixture->exposures,
		.absent = absent,
		.libvirts = &fixture->libvirt,
		.n_libvirts = 1,
	};
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	g_free(fixture->facts);
	config_free(fixture->config);
	g_free(fixture);
	return 0;
}

/* The answer about a node, and its first reason ("" if there is none). */
static void is(struct fixture *fixture, size_t node, enum host_answer answer, const char *first)
{
	struct host_verdict verdict;

	g_free(fixture->facts);
	host_need_fill(&fixture->seen, fixture->luns, &fixture->need);
	fixture->n = host_facts_fill(&fixture->seen, &fixture->need, &fixture->facts);
	assert_int_equal(fixture->n, 2);
	host_verdict(&fixture->need, &fixture->facts[node], &verdict);
	if (verdict.answer != answer ||
	    strcmp(verdict.n_reasons > 0 ? verdict.reasons[0].text : "", first) != 0) {
		fail_msg("%s, %s", host_answer_to_str(verdict.answer),
			 verdict.n_reasons > 0 ? verdict.reasons[0].text : "no reason");
	}
	host_verdict_release(&verdict);
}

static void fails(struct host_answered *answered, const char *why)
{
	answered->rc = err_set(&answered->err, -ENOTCONN, "%s", why);
}

static void host_facts_fill__two_that_are_well(void **state)
{
	is(*state, 0, HOST_YES, "");
	is(*state, 1, HOST_NOT_KNOWN, "what its libvirt says is not known");
}

static void host_facts_fill__each_obstacle_has_its_fact(void **state)
{
	static const char *const says[CLUSTER_OBSTACLES] = {
		[CLUSTER_AWAY] = "it is not in the cluster: so",
		[CLUSTER_MAINTENANCE] = "it is in maintenance, so nothing is started there: so",
		[CLUSTER_STANDBY] = "it is in standby: so",
		[CLUSTER_UNHEALTHY] = "its health keeps resources away: so",
		[CLUSTER_BANNED] = "a location constraint keeps the VM away: so",
		[CLUSTER_FAILED] = "the VM has failed there: so",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < CLUSTER_OBSTACLES; i++) {
		fixture->nodes[0].obstacles[i].there = CLUSTER_THERE;
		(void)strcpy(fixture->nodes[0].obstacles[i].text, "so");
		is(fixture, 0, HOST_NO, says[i]);
		fixture->nodes[0].obstacles[i].there = CLUSTER_NOT_THERE;
		(void)strcpy(fixture->nodes[0].obstacles[i].text, "");
	}
}

static void host_facts_fill__an_answer_that_did_not_come_is_not_known(void **state)
{
	struct fixture *fixture = *state;
	const struct host_seen seen = fixture->seen;

	fails(&fixture->seen.quorum_asked, "no answer");
	is(fixture, 0, HOST_NOT_KNOWN, "whether this partition has quorum is not known: no answer");
	fixture->seen = seen;
	fails(&fixture->seen.cluster_asked, "no answer");
	is(fixture, 1, HOST_NOT_KNOWN, "whether it is in the cluster is not known: no answer");
	fixture->seen = seen;
	fails(&fixture->seen.paths_asked, "lunmaskd is off");
	is(fixture, 0, HOST_NOT_KNOWN,
	   "whether it reaches portal " P1 " of san1 is not known: lunmaskd is off");
	fixture->seen = seen;
	fails(&fixture->seen.exposures_asked, "no route");
	is(fixture, 0, HOST_NOT_KNOWN, "which portals expose its LUNs is not known: no route");
	fixture->seen = seen;
	fails(&fixture->seen.fenced_asked, "no route");
	is(fixture, 0, HOST_NOT_KNOWN, "whether the array has fenced it is not known: no route");
}

static void host_facts_fill__what_the_array_says(void **state)
{
	struct fixture *fixture = *state;

	fixture->fenced = (struct array_fenced){.names = fenced_names, .count = 1};
	fixture->seen.fenced = &fixture->fenced;
	is(fixture, 0, HOST_YES, "");
	is(fixture, 1, HOST_NO,
	   "the array has fenced it, and grants it nothing: san1, iqn.2026-11.x:2");
	absent[1] = true;
	is(fixture, 0, HOST_NO, "san1 has no LUN data");
	absent[1] = false;
	fixture->exposures[1] = (struct array_exposure){.n_portals = 1};
	(void)strcpy(fixture->exposures[1].portals[0], P2);
	is(fixture, 0, HOST_YES, "");
	fixture->paths[1].state = PATH_DOWN;
	is(fixture, 0, HOST_NO, "it reaches LUN data through none of 1 portals");
	(void)strcpy(fixture->exposures[1].portals[0], "10.0.0.9:3260");
	is(fixture, 0, HOST_NO, "no portal of lunmask.conf exposes LUN data on san1");
}

static void host_facts_fill__a_node_without_a_section(void **state)
{
	struct fixture *fixture = *state;

	(void)strcpy(fixture->nodes[1].node, "node3");
	is(fixture, 1, HOST_NO, "it has no initiator name: lunmask.conf has no [host node3]");
}

static void host_facts_fill__a_host_that_tells_nothing(void **state)
{
	struct fixture *fixture = *state;

	fixture->seen.n_paths = 2;
	is(fixture, 1, HOST_NOT_KNOWN,
	   "whether it reaches portal " P1
	   " of san1 is not known: lunmaskd of that host has told nothing of it");
}

static void host_facts_fill__paths_of_this_array_and_host_only(void **state)
{
	struct fixture *fixture = *state;
	struct journal_path first = fixture->paths[0];

	fixture->paths[0].state = PATH_DOWN;
	(void)strcpy(fixture->paths[0].array, "san2");
	fixture->paths[2] = first;
	is(fixture, 0, HOST_YES, "");
}

static void host_facts_fill__its_libvirt(void **state)
{
	struct fixture *fixture = *state;

	fixture->libvirt.known[HOST_MEMORY].is = HOST_NO;
	(void)strcpy(fixture->libvirt.known[HOST_MEMORY].detail, "1 of 4 GiB");
	is(fixture, 0, HOST_NO, "its memory is too small for the guest: 1 of 4 GiB");
	is(fixture, 1, HOST_NOT_KNOWN, "what its libvirt says is not known");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(host_facts_fill__two_that_are_well),
		TEST(host_facts_fill__each_obstacle_has_its_fact),
		TEST(host_facts_fill__an_answer_that_did_not_come_is_not_known),
		TEST(host_facts_fill__what_the_array_says),
		TEST(host_facts_fill__a_node_without_a_section),
		TEST(host_facts_fill__a_host_that_tells_nothing),
		TEST(host_facts_fill__paths_of_this_array_and_host_only),
		TEST(host_facts_fill__its_libvirt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
