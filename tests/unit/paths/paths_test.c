/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paths/paths.h"

#define INTERVAL_MS 30000
#define TIMEOUT_MS 5000
#define A "10.0.0.1:3260"
#define B "10.0.0.2:3260"

struct fixture {
	struct paths *paths;
	int64_t now_ms;
	size_t changes;
	enum path_state before;
	size_t troubles;
	size_t rounds;
	char trouble[PATH_REASON_MAX + 1];
};

static void on_changed(void *user, const struct paths_row *row, enum path_state before)
{
	struct fixture *fixture = user;

	assert_int_not_equal(row->path.state, before);
	assert_int_equal(row->since_ms, fixture->now_ms);
	fixture->changes++;
	fixture->before = before;
}

static void on_measured(void *user)
{
	struct fixture *fixture = user;

	fixture->rounds++;
}

static void on_trouble(void *user, const char *why)
{
	struct fixture *fixture = user;

	fixture->troubles++;
	(void)g_strlcpy(fixture->trouble, why, sizeof(fixture->trouble));
}

static int setup(void **state)
{
	static const struct paths_settings settings = {INTERVAL_MS, TIMEOUT_MS};
	static const struct paths_ops ops = {
		.changed = on_changed, .measured = on_measured, .trouble = on_trouble};
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->now_ms = 1000000;
	fixture->paths = paths_new(&settings, "node1", &ops, fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	paths_free(fixture->paths);
	free(fixture);
	return 0;
}

/* The round that is due now must be this one. Returns the portals that it names, blank-separated.
 */
static char *due(struct fixture *fixture, enum path_ask ask)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct path_request request;

	assert_true(paths_next_ms(fixture->paths) <= fixture->now_ms);
	assert_true(paths_due(fixture->paths, fixture->now_ms, &request));
	assert_int_equal(request.ask, ask);
	assert_string_equal(request.node, "node1");
	for (size_t i = 0; i < request.n_portals; i++) {
		g_string_append_printf(text, "%s%s", i > 0 ? " " : "", request.portals[i].portal);
	}
	path_request_release(&request);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool nothing_due(struct fixture *fixture)
{
	struct path_request request;

	return !paths_due(fixture->paths, fixture->now_ms, &request);
}

static struct path path_of(const char *array, const char *portal, bool configured,
			   enum path_state state)
{
	struct path path = {.configured = configured, .state = state};

	(void)strcpy(path.array, array);
	(void)strcpy(path.portal, portal);
	(void)strcpy(path.reason, state == PATH_UP ? "" : "because");
	path.latency_us = state == PATH_UP ? 700 : 0;
	return path;
}

static void done(struct fixture *fixture, enum path_ask ask, struct path *paths, size_t n)
{
	struct path_report report = {.paths = paths, .n_paths = n};

	paths_done(fixture->paths, fixture->now_ms, ask, &report, "");
}

static const struct paths_row *row(struct fixture *fixture, const char *portal)
{
	for (size_t i = 0; i < paths_count(fixture->paths); i++) {
		const struct paths_row *at = paths_at(fixture->paths, i);

		if (strcmp(at->path.portal, portal) == 0) {
			return at;
		}
	}
	return NULL;
}

/* The first question to the drivers is of no interest: nobody names anything. */
static void drivers_silent(struct fixture *fixture)
{
	g_free(due(fixture, PATH_ASK_PORTS));
	paths_done(fixture->paths, fixture->now_ms, PATH_ASK_PORTS, NULL, "no answer");
}

/* Takes the next measurement of portal A, whichever round it is in. true: that of all. */
static bool measure(struct fixture *fixture, enum path_state state)
{
	struct path path = path_of("san1", A, true, state);
	struct path_request request;
	bool all;

	fixture->now_ms = MAX(fixture->now_ms, paths_next_ms(fixture->paths));
	while (paths_due(fixture->paths, fixture->now_ms, &request)) {
		enum path_ask ask = request.ask;

		path_request_release(&request);
		if (ask != PATH_ASK_PORTS) {
			all = ask == PATH_ASK_ALL;
			done(fixture, ask, &path, 1);
			return all;
		}
		paths_done(fixture->paths, fixture->now_ms, PATH_ASK_PORTS, NULL, "no answer");
		fixture->now_ms = MAX(fixture->now_ms, paths_next_ms(fixture->paths));
	}
	fail_msg("nothing is due");
	return false;
}

static enum path_state state_of(char letter)
{
	return letter == 'u'   ? PATH_UP
	       : letter == 'd' ? PATH_DOWN
	       : letter == 'r' ? PATH_REFUSED
			       : PATH_UNKNOWN;
}

/*
 * results: what each measurement finds. states: the state after each. rounds: 'a' where the
 * measurement is in a round of all, 's' where it came soon after one that contradicted.
 */
static void paths_done__dampens(void **state)
{
	static const struct {
		const char *what, *results, *states, *rounds;
	} cases[] = {
		{"the first result counts", "u", "u", "a"},
		{"also a bad one", "d", "d", "a"},
		{"and the one after it needs two", "duu", "ddu", "aas"},
		{"one lost answer is no loss", "uduu", "uuuu", "aasa"},
		{"two are one", "udd", "uud", "aas"},
		{"a refusal is a loss", "urr", "uur", "aas"},
		{"down and then refused: neither twice", "udrdru", "uuuuuu", "aassss"},
		{"from down to refused", "drr", "ddr", "aas"},
		{"the host has no socket", "u??", "uu?", "aas"},
		{"and then it has: the first result counts", "u??u", "uu?u", "aasa"},
		{"back after the first fall: two, soon", "udduu", "uuddu", "aasas"},
		{"after the second fall: two rounds", "udduudduu", "uudduuddu", "aasasasaa"},
		{"after the third fall: four rounds", "udduudduudduuuu",
		 "uudduudduudd" /* falls: 1, 2, 3 */ "ddu", "aasasasaaasaaaa"},
		{"unless it fails meanwhile", "udduudduudduuduuuu",
		 "uudduudduuddddddd"
		 "u",
		 "aasasasaaasaaaaaaa"},
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct fixture *fixture;

		assert_int_equal(setup((void **)&fixture), 0);
		assert_int_equal(strlen(cases[i].results), strlen(cases[i].states));
		assert_int_equal(strlen(cases[i].results), strlen(cases[i].rounds));
		for (size_t k = 0; cases[i].results[k] != '\0'; k++) {
			bool all = measure(fixture, state_of(cases[i].results[k]));

			if (row(fixture, A)->path.state != state_of(cases[i].states[k]) ||
			    all != (cases[i].rounds[k] == 'a')) {
				fail_msg("%s: after result %zu: %s in a round of %s", cases[i].what,
					 k + 1, path_state_to_str(row(fixture, A)->path.state),
					 all ? "all" : "some");
			}
		}
		(void)teardown((void **)&fixture);
	}
}

static void paths_done__forgets_a_fall_after_a_calm_time(void **state)
{
	struct fixture *fixture = *state;

	for (const char *at = "udduudd"; *at != '\0'; at++) {
		(void)measure(fixture, state_of(*at));
	}
	assert_int_equal(row(fixture, A)->falls, 2);
	(void)measure(fixture, PATH_UP);
	(void)measure(fixture, PATH_UP);
	assert_int_equal(row(fixture, A)->path.state, PATH_UP);
	for (int64_t until_ms = fixture->now_ms + PATHS_CALM_MS; fixture->now_ms < until_ms;) {
		assert_int_equal(row(fixture, A)->falls, 2);
		(void)measure(fixture, PATH_UP);
	}
	assert_int_equal(row(fixture, A)->falls, 1);
}

static void paths_done__keeps_since_and_follows_reason_and_latency(void **state)
{
	struct fixture *fixture = *state;
	struct path path = path_of("san1", A, true, PATH_UP);
	int64_t since_ms;

	(void)measure(fixture, PATH_UP);
	since_ms = row(fixture, A)->since_ms;
	assert_int_equal(fixture->changes, 1);
	assert_int_equal(fixture->before, PATH_UNKNOWN);
	fixture->now_ms += INTERVAL_MS;
	g_free(due(fixture, PATH_ASK_ALL));
	path.latency_us = 900;
	done(fixture, PATH_ASK_ALL, &path, 1);
	assert_int_equal(row(fixture, A)->since_ms, since_ms);
	assert_int_equal(row(fixture, A)->measured_ms, fixture->now_ms);
	assert_int_equal(row(fixture, A)->path.latency_us, 900);
	assert_int_equal(fixture->changes, 1);
	(void)measure(fixture, PATH_DOWN);
	assert_string_equal(row(fixture, A)->path.reason, "");
	(void)measure(fixture, PATH_DOWN);
	assert_string_equal(row(fixture, A)->path.reason, "because");
	assert_int_equal(fixture->changes, 2);
	assert_int_equal(fixture->before, PATH_UP);
}

static void paths_due__has_one_round_of_a_kind_at_a_time(void **state)
{
	struct fixture *fixture = *state;

	g_free(due(fixture, PATH_ASK_ALL));
	g_free(due(fixture, PATH_ASK_PORTS));
	fixture->now_ms += PATHS_PORTS_MS;
	assert_true(nothing_due(fixture));
	assert_int_equal(paths_next_ms(fixture->paths), INT64_MAX);
	done(fixture, PATH_ASK_ALL, NULL, 0);
	g_free(due(fixture, PATH_ASK_ALL));
	assert_true(nothing_due(fixture));
	paths_done(fixture->paths, fixture->now_ms, PATH_ASK_PORTS, NULL, "no answer");
	g_free(due(fixture, PATH_ASK_PORTS));
}

static void paths_due__measures_all_once_in_an_interval(void **state)
{
	struct fixture *fixture = *state;
	int64_t begun_ms = fixture->now_ms;

	g_free(due(fixture, PATH_ASK_ALL));
	drivers_silent(fixture);
	fixture->now_ms += 4000;
	done(fixture, PATH_ASK_ALL, NULL, 0);
	assert_int_equal(paths_next_ms(fixture->paths), begun_ms + INTERVAL_MS);
	fixture->now_ms = begun_ms + INTERVAL_MS - 1;
	assert_true(nothing_due(fixture));
	fixture->now_ms++;
	g_free(due(fixture, PATH_ASK_ALL));
}

static void paths_due__looks_again_only_at_what_contradicts(void **state)
{
	struct fixture *fixture = *state;
	struct path paths[] = {path_of("san1", A, true, PATH_UP),
			       path_of("san1", B, true, PATH_UP)};
	g_autofree char *names = NULL;

	g_free(due(fixture, PATH_ASK_ALL));
	drivers_silent(fixture);
	done(fixture, PATH_ASK_ALL, paths, 2);
	fixture->now_ms += INTERVAL_MS;
	g_free(due(fixture, PATH_ASK_ALL));
	paths[1].state = PATH_DOWN;
	done(fixture, PATH_ASK_ALL, paths, 2);
	assert_int_equal(paths_next_ms(fixture->paths), fixture->now_ms + PATHS_AGAIN_MS);
	fixture->now_ms += PATHS_AGAIN_MS;
	names = due(fixture, PATH_ASK_SOME);
	assert_string_equal(names, B);
	done(fixture, PATH_ASK_SOME, &paths[1], 1);
	assert_int_equal(row(fixture, A)->path.state, PATH_UP);
	assert_int_equal(row(fixture, B)->path.state, PATH_DOWN);
}

static void paths_done__forgets_what_is_no_longer_configured(void **state)
{
	struct fixture *fixture = *state;
	struct path paths[] = {path_of("san1", A, true, PATH_UP),
			       path_of("san2", B, true, PATH_UP)};
	uint64_t generation;

	g_free(due(fixture, PATH_ASK_ALL));
	drivers_silent(fixture);
	done(fixture, PATH_ASK_ALL, paths, 2);
	generation = paths_generation(fixture->paths);
	fixture->now_ms += INTERVAL_MS;
	g_free(due(fixture, PATH_ASK_ALL));
	done(fixture, PATH_ASK_ALL, paths, 1);
	assert_int_equal(paths_count(fixture->paths), 1);
	assert_null(row(fixture, B));
	assert_true(paths_generation(fixture->paths) != generation);
}

static void names_take(struct fixture *fixture, struct path *paths, size_t n, bool told)
{
	struct path_report report = {.paths = paths,
				     .n_paths = n,
				     .ports = {{.array = "san1", .told = told}},
				     .n_ports = 1};

	paths_done(fixture->paths, fixture->now_ms, PATH_ASK_PORTS, &report, "");
}

static void paths_done__remembers_what_an_array_has_named(void **state)
{
	struct fixture *fixture = *state;
	struct path configured = path_of("san1", A, true, PATH_UP);
	struct path named[] = {path_of("san1", A, false, PATH_UNKNOWN),
			       path_of("san1", B, false, PATH_UNKNOWN)};
	g_autofree char *some = NULL;
	g_autofree char *all = NULL;

	g_free(due(fixture, PATH_ASK_ALL));
	g_free(due(fixture, PATH_ASK_PORTS));
	done(fixture, PATH_ASK_ALL, &configured, 1);
	names_take(fixture, named, 2, true);
	/* It is measured at once, and with all from then on. */
	some = due(fixture, PATH_ASK_SOME);
	assert_string_equal(some, B);
	named[1].state = PATH_UP;
	done(fixture, PATH_ASK_SOME, &named[1], 1);
	assert_true(row(fixture, A)->path.configured);
	assert_false(row(fixture, B)->path.configured);
	assert_int_equal(row(fixture, B)->path.state, PATH_UP);
	fixture->now_ms += PATHS_PORTS_MS;
	all = due(fixture, PATH_ASK_ALL);
	assert_string_equal(all, B);
	done(fixture, PATH_ASK_ALL, (struct path[]){configured, named[1]}, 2);
	/* The driver is silent: it stays. It names one less: that one goes. */
	g_free(due(fixture, PATH_ASK_PORTS));
	names_take(fixture, NULL, 0, false);
	assert_non_null(row(fixture, B));
	fixture->now_ms += PATHS_PORTS_MS;
	g_free(due(fixture, PATH_ASK_ALL));
	g_free(due(fixture, PATH_ASK_PORTS));
	names_take(fixture, named, 1, true);
	assert_null(row(fixture, B));
	assert_non_null(row(fixture, A));
}

/* lunmask.conf decides what is configured, also against what the array says. */
static void paths_done__follows_lunmask_conf(void **state)
{
	struct fixture *fixture = *state;
	struct path path = path_of("san1", A, false, PATH_UP);

	g_free(due(fixture, PATH_ASK_ALL));
	g_free(due(fixture, PATH_ASK_PORTS));
	done(fixture, PATH_ASK_ALL, &path, 1);
	assert_false(row(fixture, A)->path.configured);
	fixture->now_ms += INTERVAL_MS;
	g_free(due(fixture, PATH_ASK_ALL));
	path.configured = true;
	done(fixture, PATH_ASK_ALL, &path, 1);
	assert_true(row(fixture, A)->path.configured);
	names_take(fixture, NULL, 0, true);
	assert_non_null(row(fixture, A));
}

/* It was named while a round of all was under way, so that round does not have it. */
static void paths_done__keeps_what_came_during_the_round(void **state)
{
	struct fixture *fixture = *state;
	struct path configured = path_of("san1", A, true, PATH_UP);
	struct path named = path_of("san1", B, false, PATH_UNKNOWN);

	g_free(due(fixture, PATH_ASK_ALL));
	g_free(due(fixture, PATH_ASK_PORTS));
	names_take(fixture, &named, 1, true);
	done(fixture, PATH_ASK_ALL, &configured, 1);
	assert_non_null(row(fixture, B));
	assert_int_equal(row(fixture, B)->path.state, PATH_UNKNOWN);
}

/* I5: a host whose prober is broken has not lost its paths. */
static void paths_done__does_not_know_what_was_not_measured(void **state)
{
	struct fixture *fixture = *state;

	(void)measure(fixture, PATH_UP);
	for (int i = 1; i <= PATHS_STALE_ROUNDS; i++) {
		fixture->now_ms += INTERVAL_MS;
		g_free(due(fixture, PATH_ASK_ALL));
		paths_done(fixture->paths, fixture->now_ms, PATH_ASK_ALL, NULL, "it hangs");
		assert_int_equal(row(fixture, A)->path.state, PATH_UP);
	}
	assert_string_equal(paths_trouble(fixture->paths), "it hangs");
	assert_int_equal(fixture->troubles, 1);
	fixture->now_ms += INTERVAL_MS;
	g_free(due(fixture, PATH_ASK_ALL));
	paths_done(fixture->paths, fixture->now_ms, PATH_ASK_ALL, NULL, "it hangs");
	assert_int_equal(row(fixture, A)->path.state, PATH_UNKNOWN);
	assert_string_equal(row(fixture, A)->path.reason, "not measured any more: it hangs");
	assert_int_equal(row(fixture, A)->falls, 0);
	(void)measure(fixture, PATH_DOWN);
	assert_int_equal(row(fixture, A)->path.state, PATH_DOWN);
	assert_int_equal(fixture->rounds, PATHS_STALE_ROUNDS + 3); /* and no question to drivers */
	assert_int_equal(fixture->troubles, 2);
	assert_string_equal(fixture->trouble, "");
}

static void paths_done__tells_a_trouble_once(void **state)
{
	struct fixture *fixture = *state;
	char why[2 * PATH_REASON_MAX];

	memset(why, 'x', sizeof(why));
	why[sizeof(why) - 1] = '\0';
	for (int i = 0; i < 3; i++) {
		g_free(due(fixture, PATH_ASK_ALL));
		paths_done(fixture->paths, fixture->now_ms, PATH_ASK_ALL, NULL, why);
		fixture->now_ms += INTERVAL_MS;
	}
	assert_int_equal(fixture->troubles, 1);
	assert_int_equal(strlen(fixture->trouble), PATH_REASON_MAX);
}

static void paths_done__takes_a_failure_for_no_result(void **state)
{
	struct fixture *fixture = *state;
	struct path_report report = {.failed = true, .reason = "lunmask.conf is missing"};

	(void)measure(fixture, PATH_UP);
	fixture->now_ms += INTERVAL_MS;
	g_free(due(fixture, PATH_ASK_ALL));
	paths_done(fixture->paths, fixture->now_ms, PATH_ASK_ALL, &report, "");
	assert_string_equal(fixture->trouble, "lunmask.conf is missing");
	assert_int_equal(paths_count(fixture->paths), 1);
	assert_int_equal(row(fixture, A)->path.state, PATH_UP);
}

static void paths_done__has_room_for_so_many(void **state)
{
	struct fixture *fixture = *state;
	g_autofree struct path *paths = g_new0(struct path, PATHS_MAX + 1);

	for (size_t i = 0; i <= PATHS_MAX; i++) {
		(void)snprintf(paths[i].array, sizeof(paths[i].array), "san%zu", i);
		(void)strcpy(paths[i].portal, A);
		paths[i].state = PATH_UP;
	}
	g_free(due(fixture, PATH_ASK_ALL));
	done(fixture, PATH_ASK_ALL, paths, PATHS_MAX + 1);
	assert_int_equal(paths_count(fixture->paths), PATHS_MAX);
	for (size_t i = 1; i < PATHS_MAX; i++) {
		assert_true(strcmp(paths_at(fixture->paths, i - 1)->path.array,
				   paths_at(fixture->paths, i)->path.array) < 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_done__dampens),
		TEST(paths_done__forgets_a_fall_after_a_calm_time),
		TEST(paths_done__keeps_since_and_follows_reason_and_latency),
		TEST(paths_due__has_one_round_of_a_kind_at_a_time),
		TEST(paths_due__measures_all_once_in_an_interval),
		TEST(paths_due__looks_again_only_at_what_contradicts),
		TEST(paths_done__forgets_what_is_no_longer_configured),
		TEST(paths_done__remembers_what_an_array_has_named),
		TEST(paths_done__follows_lunmask_conf),
		TEST(paths_done__keeps_what_came_during_the_round),
		TEST(paths_done__does_not_know_what_was_not_measured),
		TEST(paths_done__tells_a_trouble_once),
		TEST(paths_done__takes_a_failure_for_no_result),
		TEST(paths_done__has_room_for_so_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
