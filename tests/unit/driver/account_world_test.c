/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans against a model of tgtd, from many random states: after each action, nobody gets in without
 * CHAP and tgtd has not died; killed after any of them, the next plan ends where it should.
 */
#include "tests/unit/test.h"

#include <glib.h>
#include <string.h>

#include "driver/account/account_plan.h"

#define WORLDS 4000
#define ID "00000000-0000-0000-0000-00000000000"
#define MARK(version, user) ACCOUNT_RESERVED "set:" ID "0:" ID version ":" user

enum { CLOSED, H1, H2, H3, ARRAY, OTHER, USERS };
enum { OLD, NEW, SECRETS };
enum { PLACES = 3, DISCOVERY = PLACES - 1 };

static const char *const names[USERS] = {ACCOUNT_CLOSED, "h1", "h2", "h3", "array", "other"};
static const char *const marks[USERS][SECRETS] = {
	{"", ""},
	{MARK("0", "h1"), MARK("1", "h1")},
	{MARK("0", "h2"), MARK("1", "h2")},
	{MARK("0", "h3"), MARK("1", "h3")},
	{MARK("0", "array"), MARK("1", "array")},
	{"", ""},
};

struct place {
	int hosts[USERS], n;
	int array; /* CLOSED: none */
	bool admits, shut;
};

struct tgtd {
	bool there[USERS];
	int secret[USERS];
	bool mark[USERS][SECRETS];
	struct place places[PLACES];
};

struct run {
	struct tgtd tgtd;
	bool wanted[USERS];
	bool whole;
	bool without; /* discovery */
	int left;     /* actions until it is killed */
};

static int user_of(const char *name)
{
	for (int i = 0; i < USERS; i++) {
		if (strcmp(names[i], name) == 0) {
			return i;
		}
	}
	fail_msg("there is no account '%s'", name);
	return 0;
}

static struct place *place_of(struct tgtd *tgtd, unsigned int tid)
{
	return &tgtd->places[tid == ACCOUNT_DISCOVERY ? DISCOVERY : (int)tid - 1];
}

static bool bound(const struct place *place, int user)
{
	for (int i = 0; i < place->n; i++) {
		if (place->hosts[i] == user) {
			return true;
		}
	}
	return place->array == user && user == ARRAY;
}

static void bind(struct tgtd *tgtd, struct place *place, int user)
{
	assert_true(tgtd->there[user]);
	assert_false(bound(place, user));
	place->hosts[place->n++] = user;
}

/* tgtd dies of a hole, and lets everybody in who is admitted where there is no account. */
static void unbind(struct place *place, int user)
{
	assert_true(place->n > 0 && place->hosts[place->n - 1] == user);
	place->n--;
	assert_true(place->n > 0 || !place->admits);
}

static bool mark_delete(struct tgtd *tgtd, const char *name)
{
	for (int i = 0; i < USERS; i++) {
		for (int k = 0; k < SECRETS; k++) {
			if (strcmp(marks[i][k], name) == 0) {
				assert_true(tgtd->mark[i][k]);
				tgtd->mark[i][k] = false;
				return true;
			}
		}
	}
	return false;
}

static void account_delete(struct tgtd *tgtd, const char *name)
{
	int user;

	if (mark_delete(tgtd, name)) {
		return;
	}
	user = user_of(name);
	assert_true(tgtd->there[user]);
	for (int i = 0; i < PLACES; i++) {
		assert_false(bound(&tgtd->places[i], user));
	}
	tgtd->there[user] = false;
}

/* It may be killed between the two. */
static void account_new(struct run *run, int user)
{
	assert_false(run->tgtd.there[user]);
	run->tgtd.there[user] = true;
	run->tgtd.secret[user] = NEW;
	if (user != CLOSED && --run->left > 0) {
		run->tgtd.mark[user][NEW] = true;
	}
}

static void act(struct run *run, const struct account_action *action)
{
	struct tgtd *tgtd = &run->tgtd;
	struct place *place = place_of(tgtd, action->tid == 0 ? 1 : action->tid);

	switch (action->act) {
	case ACCOUNT_NEW: account_new(run, user_of(action->user)); break;
	case ACCOUNT_DELETE: account_delete(tgtd, action->user); break;
	case ACCOUNT_SHUT:
		place->shut = place->admits;
		place->admits = false;
		break;
	case ACCOUNT_OPEN: place->admits = place->shut; break;
	case ACCOUNT_BIND: bind(tgtd, place, user_of(action->user)); break;
	case ACCOUNT_UNBIND: unbind(place, user_of(action->user)); break;
	case ACCOUNT_ARRAY_BIND:
		assert_int_equal(place->array, CLOSED);
		place->array = user_of(action->user);
		assert_true(tgtd->there[place->array]);
		break;
	case ACCOUNT_ARRAY_UNBIND:
		assert_int_equal(place->array, user_of(action->user));
		place->array = CLOSED;
		break;
	}
}

/* A mark never lies. */
static void marks_check(const struct tgtd *tgtd)
{
	for (int i = 0; i < USERS; i++) {
		for (int k = 0; k < SECRETS; k++) {
			assert_false(tgtd->mark[i][k] && tgtd->there[i] && tgtd->secret[i] != k);
		}
	}
}

struct view {
	struct account_wanted wanted[USERS];
	const char *present[USERS * (SECRETS + 1)];
	struct account_place places[PLACES];
	const char *hosts[PLACES][USERS];
	struct account_world world;
};

static void places_see(const struct run *run, struct view *view)
{
	const struct tgtd *tgtd = &run->tgtd;

	for (int i = 0; i < PLACES; i++) {
		const struct place *place = &tgtd->places[i];

		for (int k = 0; k < place->n; k++) {
			view->hosts[i][k] = names[place->hosts[k]];
		}
		view->places[i] = (struct account_place){
			.tid = i == DISCOVERY ? ACCOUNT_DISCOVERY : (unsigned int)i + 1,
			.hosts = view->hosts[i],
			.n_hosts = (size_t)place->n,
			.array = place->array != CLOSED ? names[place->array] : NULL,
			.admits = place->admits,
			.shared = i == DISCOVERY,
			.without = i == DISCOVERY && run->without};
	}
}

static struct account_plan plan_make(const struct run *run, struct view *view)
{
	const struct tgtd *tgtd = &run->tgtd;
	struct account_world *world = &view->world;

	*world = (struct account_world){.wanted = view->wanted,
					.present = view->present,
					.places = view->places,
					.n_places = PLACES,
					.whole = run->whole};
	for (int i = 0; i < USERS; i++) {
		if (run->wanted[i]) {
			view->wanted[world->n_wanted++] = (struct account_wanted){
				.user = names[i],
				.outgoing = i == ARRAY,
				.mark = tgtd->mark[i][NEW] ? marks[i][NEW] : NULL};
		}
		if (tgtd->there[i]) {
			view->present[world->n_present++] = names[i];
		}
		for (int k = 0; k < SECRETS; k++) {
			if (tgtd->mark[i][k]) {
				view->present[world->n_present++] = marks[i][k];
			}
		}
	}
	places_see(run, view);
	return account_plan_make(world);
}

/* Returns whether there was nothing to do. */
static bool run_once(struct run *run, int left)
{
	struct view view;
	struct account_plan plan = plan_make(run, &view);
	bool nothing = plan.count == 0;

	run->left = left;
	for (size_t i = 0; i < plan.count && run->left > 0; i++) {
		act(run, &plan.actions[i]);
		run->left--;
		marks_check(&run->tgtd);
	}
	account_plan_release(&plan);
	return nothing;
}

static void place_check(const struct run *run, const struct place *place)
{
	assert_int_equal(place->hosts[0], CLOSED);
	for (int user = H1; user <= H3; user++) {
		assert_true(bound(place, user) == run->wanted[user]);
		assert_true(!run->wanted[user] || !run->whole || run->tgtd.secret[user] == NEW);
	}
	assert_false(bound(place, OTHER));
	assert_true((place->array == ARRAY) == run->wanted[ARRAY]);
}

static void discovery_check(const struct run *run)
{
	const struct place *place = &run->tgtd.places[DISCOVERY];

	assert_true(run->without ? !bound(place, CLOSED) : place->hosts[0] == CLOSED);
	for (int user = H1; user <= H3; user++) {
		assert_true(!run->wanted[user] || bound(place, user) == !run->without);
	}
}

static void end_check(const struct run *run)
{
	for (int i = 0; i < DISCOVERY; i++) {
		place_check(run, &run->tgtd.places[i]);
	}
	discovery_check(run);
}

static struct place place_random(GRand *random, const struct tgtd *tgtd)
{
	struct place ret = {.admits = g_rand_boolean(random)};

	for (int tries = g_rand_int_range(random, 0, 8); tries > 0; tries--) {
		int user = g_rand_int_range(random, CLOSED, USERS);

		if (tgtd->there[user] && user != ARRAY && !bound(&ret, user)) {
			ret.hosts[ret.n++] = user;
		}
	}
	ret.array = tgtd->there[ARRAY] && g_rand_boolean(random) ? ARRAY : CLOSED;
	return ret;
}

static struct run run_random(GRand *random)
{
	struct run ret = {.whole = g_rand_boolean(random), .without = g_rand_boolean(random)};

	for (int i = CLOSED; i < USERS; i++) {
		ret.tgtd.there[i] = g_rand_boolean(random);
		ret.tgtd.secret[i] = g_rand_int_range(random, OLD, SECRETS);
		ret.wanted[i] = i != CLOSED && i != OTHER && g_rand_boolean(random);
		if (i != CLOSED && i != OTHER && g_rand_boolean(random)) {
			ret.tgtd.mark[i][ret.tgtd.secret[i]] = true;
		}
	}
	ret.wanted[H1] = true;
	for (int i = 0; i < PLACES; i++) {
		ret.tgtd.places[i] = place_random(random, &ret.tgtd);
	}
	ret.tgtd.places[DISCOVERY].admits = false;
	return ret;
}

static void account_plan_make__ends_well_wherever_it_is_killed(void **state)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(41);

	(void)state;
	for (int i = 0; i < WORLDS; i++) {
		const struct run begin = run_random(random);

		for (int left = 0;; left++) {
			struct run run = begin;
			bool whole;

			(void)run_once(&run, left);
			whole = run.left > 0;
			(void)run_once(&run, INT_MAX);
			assert_true(run_once(&run, INT_MAX));
			end_check(&run);
			if (whole) {
				break;
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(account_plan_make__ends_well_wherever_it_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
