/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosts/host_verdict.h"

#define P1 "10.0.0.1:3260"
#define P2 "10.0.0.2:3260"
#define PORTALS 4
#define LUNS_MAX 5
#define SEED 20270u
#define RANDOM_WORLDS 20000

static struct host_lun luns[LUNS_MAX];
static struct host_need need;
static struct host_facts facts;
static struct host_verdict verdict;

/* Two LUNs, two portals, all is well. */
static int setup(void **state)
{
	(void)state;
	need = (struct host_need){.array = "san1", .luns = luns, .n_luns = 2, .n_portals = 2};
	need.paths_required = 1;
	luns[0] = (struct host_lun){"web1-root", HOST_YES, 3};
	luns[1] = (struct host_lun){"web1-data", HOST_YES, 3};
	need.portals[0] = (struct host_portal){P1, true};
	need.portals[1] = (struct host_portal){P2, true};
	facts = (struct host_facts){.node = "node2"};
	for (size_t i = 0; i < HOST_FACTS; i++) {
		facts.known[i].is = HOST_YES;
	}
	for (size_t i = 0; i < HOST_PORTALS_MAX; i++) {
		facts.paths[i] = (struct host_path){.state = PATH_UP, .age_ms = 125000};
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_verdict_release(&verdict);
	return 0;
}

static void judge(void)
{
	host_verdict_release(&verdict);
	host_verdict(&need, &facts, &verdict);
}

static void is(enum host_answer answer, const char *first)
{
	judge();
	if (verdict.answer != answer || (first == NULL) != (verdict.n_reasons == 0) ||
	    (first != NULL && strcmp(verdict.reasons[0].text, first) != 0)) {
		fail_msg("%s, %s; expected %s, %s", host_answer_to_str(verdict.answer),
			 verdict.n_reasons > 0 ? verdict.reasons[0].text : "no reason",
			 host_answer_to_str(answer), first != NULL ? first : "no reason");
	}
}

static void path_set(size_t i, enum path_state state, const char *reason)
{
	facts.paths[i].state = state;
	(void)g_strlcpy(facts.paths[i].reason, reason, sizeof(facts.paths[i].reason));
}

static void host_verdict__yes_without_a_reason(void **state)
{
	(void)state;
	is(HOST_YES, NULL);
	assert_int_equal(verdict.paths_up, 2);
}

/* A row of the table each: what NO says, and what NOT_KNOWN says and does. */
static const struct {
	enum host_fact fact;
	const char *no;
	enum host_answer doubt;
	const char *doubted;
} plain[] = {
	{HOST_QUORUM, "this partition has no quorum, so nothing is started in it: seen",
	 HOST_NOT_KNOWN, "whether this partition has quorum is not known: seen"},
	{HOST_MEMBER, "it is not in the cluster: seen", HOST_NOT_KNOWN,
	 "whether it is in the cluster is not known: seen"},
	{HOST_INITIATOR, "it has no initiator name: seen", HOST_NOT_KNOWN,
	 "its initiator name is not known: seen"},
	{HOST_UNFENCED, "the array has fenced it, and grants it nothing: seen", HOST_NOT_KNOWN,
	 "whether the array has fenced it is not known: seen"},
	{HOST_MANAGED, "it is in maintenance, so nothing is started there: seen", HOST_NOT_KNOWN,
	 "whether it is in maintenance is not known: seen"},
	{HOST_ACTIVE, "it is in standby: seen", HOST_NOT_KNOWN,
	 "whether it is in standby is not known: seen"},
	{HOST_HEALTHY, "its health keeps resources away: seen", HOST_NOT_KNOWN,
	 "how healthy it is is not known: seen"},
	{HOST_PERMITTED, "a location constraint keeps the VM away: seen", HOST_NOT_KNOWN,
	 "whether a location constraint keeps the VM away is not known: seen"},
	{HOST_NOT_FAILED, "the VM has failed there: seen", HOST_NOT_KNOWN,
	 "whether the VM has failed there is not known: seen"},
	{HOST_LIBVIRT, "its libvirt does not answer: seen", HOST_NOT_KNOWN,
	 "what its libvirt says is not known: seen"},
	{HOST_CPU, "the guest cannot run there as it is defined: seen", HOST_YES,
	 "whether the guest can run there as it is defined is not known: seen"},
	{HOST_MEMORY, "its memory is too small for the guest: seen", HOST_YES,
	 "whether the guest's memory fits is not known: seen"},
};

static void host_verdict__each_fact_has_its_sentence(void **state)
{
	assert_int_equal(G_N_ELEMENTS(plain) + 1, HOST_FACTS);
	for (size_t i = 0; i < G_N_ELEMENTS(plain); i++) {
		struct host_known *known = &facts.known[plain[i].fact];

		(void)setup(state);
		(void)strcpy(known->detail, "seen");
		known->is = HOST_NO;
		is(HOST_NO, plain[i].no);
		assert_int_equal(verdict.reasons[0].fact, plain[i].fact);
		known->is = HOST_NOT_KNOWN;
		is(plain[i].doubt, plain[i].doubted);
		assert_int_equal(verdict.reasons[0].effect, plain[i].doubt);
	}
}

static void host_verdict__a_lost_portal_is_a_remark_while_another_is_left(void **state)
{
	(void)state;
	path_set(1, PATH_DOWN, "no connection within 5000 ms");
	is(HOST_YES, "no path to portal " P2 " of san1 for 2m: no connection within 5000 ms");
	assert_int_equal(verdict.paths_up, 1);
	path_set(1, PATH_UNKNOWN, "");
	is(HOST_YES, "whether it reaches portal " P2 " of san1 is not known");
}

static void host_verdict__no_path_names_each_portal(void **state)
{
	(void)state;
	path_set(0, PATH_DOWN, "cannot connect");
	path_set(1, PATH_REFUSED, "login refused");
	is(HOST_NO, "no path to portal " P1 " of san1 for 2m: cannot connect");
	assert_int_equal(verdict.n_reasons, 2);
	assert_string_equal(verdict.reasons[1].text,
			    "portal " P2 " of san1 has not let it in for 2m: login refused");
	assert_int_equal(verdict.reasons[1].effect, HOST_NO);
}

static void host_verdict__one_path_in_doubt_is_no_no(void **state)
{
	(void)state;
	path_set(0, PATH_DOWN, "cannot connect");
	path_set(1, PATH_UNKNOWN, "told nothing for 95 s");
	is(HOST_NOT_KNOWN,
	   "whether it reaches portal " P2 " of san1 is not known: told nothing for 95 s");
	assert_int_equal(verdict.n_reasons, 2);
	assert_int_equal(verdict.reasons[1].effect, HOST_YES);
}

static void host_verdict__each_lun_needs_its_own_path(void **state)
{
	(void)state;
	luns[0].exposed = 1;
	luns[1].exposed = 2;
	is(HOST_YES, NULL);
	path_set(1, PATH_DOWN, "gone");
	is(HOST_NO, "it reaches LUN web1-data through none of 1 portals");
	assert_string_equal(verdict.reasons[1].text,
			    "no path to portal " P2 " of san1 for 2m: gone");
	path_set(1, PATH_UNKNOWN, "");
	is(HOST_NOT_KNOWN, "whether it reaches LUN web1-data is not known");
}

static void host_verdict__a_portal_of_the_array_alone_does_not_count(void **state)
{
	(void)state;
	need.portals[1].configured = false;
	is(HOST_YES, NULL);
	path_set(1, PATH_DOWN, "");
	is(HOST_YES, NULL);
	luns[0].exposed = luns[1].exposed = 2;
	is(HOST_NO, "no portal of lunmask.conf exposes its LUNs on san1");
	luns[1].exposed = 3;
	is(HOST_NO, "no portal of lunmask.conf exposes LUN web1-root on san1");
}

static void host_verdict__a_lun_that_the_array_has_not(void **state)
{
	(void)state;
	luns[1].exists = HOST_NO;
	is(HOST_NO, "san1 has no LUN web1-data");
	assert_int_equal(verdict.n_reasons, 1);
	/* A lost portal does not decide here. */
	path_set(1, PATH_DOWN, "");
	is(HOST_NO, "san1 has no LUN web1-data");
	assert_int_equal(verdict.n_reasons, 2);
	assert_int_equal(verdict.reasons[1].effect, HOST_YES);
}

static void host_verdict__an_array_that_does_not_answer(void **state)
{
	(void)state;
	luns[0].exists = luns[1].exists = HOST_NOT_KNOWN;
	(void)strcpy(need.array_trouble, "no route to host");
	is(HOST_NOT_KNOWN, "which portals expose its LUNs is not known: no route to host");
	path_set(0, PATH_DOWN, "");
	path_set(1, PATH_DOWN, "");
	is(HOST_NO, "no path to portal " P1 " of san1 for 2m");
}

static void host_verdict__paths_required(void **state)
{
	(void)state;
	need.paths_required = 0;
	is(HOST_YES, NULL);
	path_set(1, PATH_DOWN, "");
	is(HOST_NO, "it reaches each LUN through 1 of the 2 portals that paths_required wants");
	assert_string_equal(verdict.reasons[1].text, "no path to portal " P2 " of san1 for 2m");
	path_set(1, PATH_UNKNOWN, "");
	is(HOST_NOT_KNOWN, "whether it reaches portal " P2 " of san1 is not known");
}

static void host_verdict__a_libvirt_that_has_not_answered_is_one_doubt(void **state)
{
	(void)state;
	facts.known[HOST_LIBVIRT].is = HOST_NOT_KNOWN;
	facts.known[HOST_CPU].is = facts.known[HOST_MEMORY].is = HOST_NOT_KNOWN;
	is(HOST_NOT_KNOWN, "what its libvirt says is not known");
	assert_int_equal(verdict.n_reasons, 1);
	facts.known[HOST_MEMORY].is = HOST_NO;
	is(HOST_NO, "its memory is too small for the guest");
}

/* What is said already is not said again. */
static void host_verdict__a_node_that_is_away_is_not_asked(void **state)
{
	(void)state;
	facts.known[HOST_MEMBER].is = HOST_NO;
	facts.known[HOST_LIBVIRT].is = HOST_NOT_KNOWN;
	facts.known[HOST_CPU].is = facts.known[HOST_MEMORY].is = HOST_NOT_KNOWN;
	is(HOST_NO, "it is not in the cluster");
	assert_int_equal(verdict.n_reasons, 1);
}

static void host_verdict__a_cpu_that_does_not_fit_ends_the_look(void **state)
{
	(void)state;
	facts.known[HOST_CPU].is = HOST_NO;
	facts.known[HOST_MEMORY].is = HOST_NOT_KNOWN;
	is(HOST_NO, "the guest cannot run there as it is defined");
	assert_int_equal(verdict.n_reasons, 1);
}

/* All reasons are kept; what decides comes first, and of that the worst. */
static void host_verdict__the_worst_comes_first(void **state)
{
	(void)state;
	facts.known[HOST_MEMORY].is = HOST_NO;
	facts.known[HOST_ACTIVE].is = HOST_NO;
	facts.known[HOST_QUORUM].is = HOST_NOT_KNOWN;
	facts.known[HOST_LIBVIRT].is = HOST_NOT_KNOWN;
	path_set(0, PATH_DOWN, "");
	judge();
	assert_int_equal(verdict.answer, HOST_NO);
	assert_int_equal(verdict.n_reasons, 5);
	assert_int_equal(verdict.reasons[0].fact, HOST_ACTIVE);
	assert_int_equal(verdict.reasons[1].fact, HOST_MEMORY);
	assert_int_equal(verdict.reasons[2].fact, HOST_QUORUM);
	assert_int_equal(verdict.reasons[3].fact, HOST_LIBVIRT);
	assert_int_equal(verdict.reasons[4].fact, HOST_PATHS);
}

static void host_verdict__nothing_known_is_unknown(void **state)
{
	(void)state;
	need = (struct host_need){.array = "san1"};
	facts = (struct host_facts){.node = "node2"};
	judge();
	assert_int_equal(verdict.answer, HOST_NOT_KNOWN);
}

/*
 * The rule as the patent has it (EP 2 156 310, claims 3, 8, 9, 13), written apart from the code: a
 * host may have a VM if for each of its LUNs there is a port that exposes it and that the host
 * reaches. reached, exposed[]: bit i is portal i.
 */
static bool rule(unsigned int reached, const unsigned int exposed[], size_t n)
{
	for (size_t lun = 0; lun < n; lun++) {
		bool one = false;

		for (unsigned int port = 0; port < PORTALS; port++) {
			one = one || ((exposed[lun] >> port & 1) && (reached >> port & 1));
		}
		if (!one) {
			return false;
		}
	}
	return true;
}

static void world_make(const unsigned int exposed[], size_t n)
{
	(void)setup(NULL);
	need.n_luns = n;
	need.n_portals = PORTALS;
	for (size_t i = 0; i < PORTALS; i++) {
		need.portals[i].configured = true;
		(void)snprintf(need.portals[i].portal, sizeof(need.portals[i].portal),
			       "10.0.0.%zu:3260", i + 1);
	}
	for (size_t i = 0; i < n; i++) {
		luns[i] = (struct host_lun){"l", HOST_YES, exposed[i]};
	}
}

static enum host_answer answer_for(unsigned int reached)
{
	for (size_t i = 0; i < PORTALS; i++) {
		facts.paths[i].state = (reached >> i & 1) ? PATH_UP : PATH_DOWN;
	}
	judge();
	return verdict.answer;
}

/* All 16x16 combinations of two hosts and four portals, with LUNs that a seed exposes somewhere. */
static void host_verdict__is_the_rule_for_two_hosts_and_four_portals(void **state)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(SEED);

	(void)state;
	for (unsigned int world = 0; world < 256; world++) {
		unsigned int exposed[LUNS_MAX], hosts[2] = {world & 15, world >> 4};
		size_t n = (size_t)g_rand_int_range(random, 1, LUNS_MAX + 1);

		for (size_t i = 0; i < n; i++) {
			exposed[i] = (unsigned int)g_rand_int_range(random, 0, 1 << PORTALS);
		}
		for (size_t host = 0; host < G_N_ELEMENTS(hosts); host++) {
			world_make(exposed, n);
			assert_int_equal(answer_for(hosts[host]) == HOST_YES,
					 rule(hosts[host], exposed, n));
			assert_int_not_equal(verdict.answer, HOST_NOT_KNOWN);
		}
	}
}

/*
 * With paths that are not known, the answer is that of the rule where every way in which they may
 * turn out gives the same, and "unknown" where they differ.
 */
static void host_verdict__doubts_exactly_where_the_rule_would_differ(void **state)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(SEED);

	(void)state;
	for (unsigned int world = 0; world < RANDOM_WORLDS; world++) {
		unsigned int exposed[LUNS_MAX], up = g_rand_int(random) & 15;
		unsigned int doubt = g_rand_int(random) & 15 & ~up;
		size_t n = (size_t)g_rand_int_range(random, 1, LUNS_MAX + 1), yes = 0, all = 0;

		for (size_t i = 0; i < n; i++) {
			exposed[i] = (unsigned int)g_rand_int_range(random, 0, 1 << PORTALS);
		}
		for (unsigned int turns = 0; turns < 1 << PORTALS; turns++) {
			if ((turns & ~doubt) == 0) {
				yes += rule(up | turns, exposed, n);
				all++;
			}
		}
		world_make(exposed, n);
		(void)answer_for(up);
		for (size_t i = 0; i < PORTALS; i++) {
			facts.paths[i].state =
				(doubt >> i & 1) ? PATH_UNKNOWN : facts.paths[i].state;
		}
		judge();
		assert_int_equal(verdict.answer, yes == all ? HOST_YES
						 : yes == 0 ? HOST_NO
							    : HOST_NOT_KNOWN);
		assert_true(verdict.answer == HOST_YES || verdict.n_reasons > 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(host_verdict__yes_without_a_reason),
		TEST(host_verdict__each_fact_has_its_sentence),
		TEST(host_verdict__a_lost_portal_is_a_remark_while_another_is_left),
		TEST(host_verdict__no_path_names_each_portal),
		TEST(host_verdict__one_path_in_doubt_is_no_no),
		TEST(host_verdict__each_lun_needs_its_own_path),
		TEST(host_verdict__a_portal_of_the_array_alone_does_not_count),
		TEST(host_verdict__a_lun_that_the_array_has_not),
		TEST(host_verdict__an_array_that_does_not_answer),
		TEST(host_verdict__paths_required),
		TEST(host_verdict__a_libvirt_that_has_not_answered_is_one_doubt),
		TEST(host_verdict__a_node_that_is_away_is_not_asked),
		TEST(host_verdict__a_cpu_that_does_not_fit_ends_the_look),
		TEST(host_verdict__the_worst_comes_first),
		TEST(host_verdict__nothing_known_is_unknown),
		TEST(host_verdict__is_the_rule_for_two_hosts_and_four_portals),
		TEST(host_verdict__doubts_exactly_where_the_rule_would_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
