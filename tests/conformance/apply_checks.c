/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance.h"

#define RACE_ROUNDS 20
#define FENCE_RACE_ROUNDS 5 /* few, because the driver waits for logins to settle in each */

/* Applies a change to both LUNs. The reply must list that many LUNs as granted and as revoked. */
static bool apply_both(struct bench *bench, const char *members, size_t granted, size_t revoked)
{
	json_t *reply;
	size_t n_granted;
	size_t n_revoked;

	if (!bench_ok(bench, "apply", &reply, "{\"luns\":[\"%s\",\"%s\"],%s}", bench->luns[0],
		      bench->luns[1], members)) {
		return false;
	}
	n_granted = json_array_size(json_object_get(reply, "granted"));
	n_revoked = json_array_size(json_object_get(reply, "revoked"));
	json_decref(reply);
	if (n_granted != granted || n_revoked != revoked) {
		return bench_fail(
			bench,
			"apply %.300s reports %zu granted and %zu revoked; it was %zu and %zu",
			members, n_granted, n_revoked, granted, revoked);
	}
	return true;
}

struct members {
	char text[1024];
};

static struct members grant_for(const struct bench *bench, size_t index)
{
	struct members ret;

	(void)snprintf(ret.text, sizeof(ret.text), "\"grant\":\"%s\"", bench->initiators[index]);
	return ret;
}

static struct members revoke_from(const struct bench *bench, size_t index)
{
	struct members ret;

	(void)snprintf(ret.text, sizeof(ret.text), "\"revoke\":\"%s\"", bench->initiators[index]);
	return ret;
}

static bool both_held_by(struct bench *bench, const char *const *initiators)
{
	return bench_holders(bench, bench->luns[0], initiators) &&
	       bench_holders(bench, bench->luns[1], initiators);
}

static bool grant_is_reported(struct bench *bench)
{
	return apply_both(bench, grant_for(bench, 0).text, 2, 0) &&
	       both_held_by(bench, ONLY(bench->initiators[0]));
}

static bool second_grant_reports_nothing(struct bench *bench)
{
	return apply_both(bench, grant_for(bench, 0).text, 2, 0) &&
	       apply_both(bench, grant_for(bench, 0).text, 0, 0) &&
	       both_held_by(bench, ONLY(bench->initiators[0]));
}

static bool only_the_missing_is_reported(struct bench *bench)
{
	return bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"grant\":\"%s\"}",
			bench->luns[1], bench->initiators[0]) &&
	       apply_both(bench, grant_for(bench, 0).text, 1, 0);
}

static bool revoke_is_reported(struct bench *bench)
{
	return apply_both(bench, grant_for(bench, 0).text, 2, 0) &&
	       apply_both(bench, revoke_from(bench, 0).text, 0, 2) &&
	       apply_both(bench, revoke_from(bench, 0).text, 0, 0) && both_held_by(bench, NOBODY);
}

static bool unknown_lun_changes_nothing(struct bench *bench)
{
	return bench_refused(bench, "apply", "no-such-lun",
			     "{\"luns\":[\"%s\",\"lunmask-no-such-lun\"],\"grant\":\"%s\"}",
			     bench->luns[0], bench->initiators[0]) &&
	       bench_holders(bench, bench->luns[0], NOBODY);
}

static bool error_names(struct bench *bench, const struct answer *answer, const char *lun,
			const char *initiator)
{
	const json_t *error = json_object_get(answer->reply, "error");
	const char *a = json_string_value(json_object_get(error, "lun"));
	const char *b = json_string_value(json_object_get(error, "initiator"));

	if (a == NULL || b == NULL || strcmp(a, lun) != 0 || strcmp(b, initiator) != 0) {
		return bench_fail(bench,
				  "the error names LUN '%s' and initiator '%s', not '%s' and '%s'",
				  a != NULL ? a : "", b != NULL ? b : "", lun, initiator);
	}
	return true;
}

/* Nobody holds the first LUN, and the refused batch must not change that. */
static bool held_lun_changes_nothing(struct bench *bench)
{
	struct answer answer;
	bool ok =
		bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"grant\":\"%s\"}",
			 bench->luns[1], bench->initiators[0]) &&
		bench_refused(bench, "apply", "held", "{\"luns\":[\"%s\",\"%s\"],\"grant\":\"%s\"}",
			      bench->luns[0], bench->luns[1], bench->initiators[1]);

	if (!ok) {
		return false;
	}
	answer = bench_callf(bench, "apply", "{\"luns\":[\"%s\",\"%s\"],\"grant\":\"%s\"}",
			     bench->luns[0], bench->luns[1], bench->initiators[1]);
	ok = error_names(bench, &answer, bench->luns[1], bench->initiators[0]);
	answer_release(&answer);
	return ok && bench_holders(bench, bench->luns[0], NOBODY) &&
	       bench_holders(bench, bench->luns[1], ONLY(bench->initiators[0]));
}

static bool allowed_holder_stays(struct bench *bench)
{
	struct members both;

	(void)snprintf(both.text, sizeof(both.text), "\"grant\":\"%s\",\"allowed\":[\"%s\"]",
		       bench->initiators[1], bench->initiators[0]);
	return apply_both(bench, grant_for(bench, 0).text, 2, 0) &&
	       apply_both(bench, both.text, 2, 0) &&
	       both_held_by(bench, (const char *const[]){bench->initiators[0], bench->initiators[1],
							 NULL});
}

static bool hand_over_in_one_batch(struct bench *bench)
{
	struct members both;

	(void)snprintf(both.text, sizeof(both.text), "\"grant\":\"%s\",\"revoke\":\"%s\"",
		       bench->initiators[1], bench->initiators[0]);
	return apply_both(bench, grant_for(bench, 0).text, 2, 0) &&
	       apply_both(bench, both.text, 2, 2) &&
	       both_held_by(bench, ONLY(bench->initiators[1]));
}

static bool fenced_is_granted_nothing(struct bench *bench)
{
	return apply_both(bench, grant_for(bench, 0).text, 2, 0) &&
	       bench_ok(bench, "fence", NULL, "{\"initiators\":[\"%s\"]}", bench->initiators[0]) &&
	       both_held_by(bench, NOBODY) &&
	       bench_refused(bench, "apply", "fenced", "{\"luns\":[\"%s\"],\"grant\":\"%s\"}",
			     bench->luns[0], bench->initiators[0]) &&
	       bench_ok(bench, "fence", NULL, "{\"initiators\":[\"%s\"]}", bench->initiators[0]) &&
	       apply_both(bench, grant_for(bench, 1).text, 2, 0) &&
	       apply_both(bench, revoke_from(bench, 1).text, 0, 2) &&
	       bench_ok(bench, "unfence", NULL, "{\"initiators\":[\"%s\"]}",
			bench->initiators[0]) &&
	       both_held_by(bench, NOBODY) && apply_both(bench, grant_for(bench, 0).text, 2, 0);
}

/*
 * Requires that the list of fenced initiators has the two initiators first and second times: once
 * or not at all.
 */
static bool fenced_are(struct bench *bench, size_t first, size_t second)
{
	const json_t *list;
	json_t *reply;
	bool ok;

	if (!bench_ok(bench, "fenced", &reply, "{}")) {
		return false;
	}
	list = json_object_get(reply, "fenced");
	ok = json_is_array(list) && list_count(list, bench->initiators[0]) == first &&
	     list_count(list, bench->initiators[1]) == second;
	json_decref(reply);
	return ok ? true
		  : bench_fail(bench,
			       "the list 'fenced' does not have the first initiator %zu times and "
			       "the second %zu times",
			       first, second);
}

static bool fenced_are_listed(struct bench *bench)
{
	return fenced_are(bench, 0, 0) &&
	       bench_ok(bench, "fence", NULL, "{\"initiators\":[\"%s\"]}", bench->initiators[0]) &&
	       fenced_are(bench, 1, 0) &&
	       bench_ok(bench, "fence", NULL, "{\"initiators\":[\"%s\",\"%s\"]}",
			bench->initiators[0], bench->initiators[1]) &&
	       fenced_are(bench, 1, 1) &&
	       bench_ok(bench, "unfence", NULL, "{\"initiators\":[\"%s\"]}",
			bench->initiators[0]) &&
	       fenced_are(bench, 0, 1) &&
	       bench_refused(bench, "fenced", "bad-request", "{\"initiators\":[\"%s\"]}",
			     bench->initiators[0]);
}

/* The unfence has the number of fencings from before the second fencing of the initiator. */
static bool late_unfence_is_refused(struct bench *bench)
{
	json_t *reply;
	json_int_t fencings;

	if (!bench_ok(bench, "fence", NULL, "{\"initiators\":[\"%s\"]}", bench->initiators[0]) ||
	    !bench_ok(bench, "fenced", &reply, "{}")) {
		return false;
	}
	fencings = json_integer_value(json_object_get(reply, "fencings"));
	json_decref(reply);
	return bench_ok(bench, "fence", NULL, "{\"initiators\":[\"%s\"]}", bench->initiators[1]) &&
	       bench_ok(bench, "unfence", NULL, "{\"initiators\":[\"%s\"],\"fencings\":%lld}",
			bench->initiators[0], (long long)fencings) &&
	       bench_ok(bench, "fence", NULL, "{\"initiators\":[\"%s\"]}", bench->initiators[0]) &&
	       bench_refused(bench, "unfence", "fenced",
			     "{\"initiators\":[\"%s\"],\"fencings\":%lld}", bench->initiators[0],
			     (long long)fencings) &&
	       fenced_are(bench, 1, 1);
}

/* The first initiator is fenced: it may only remove its own access, and all else is refused. */
static bool fenced_requester_changes_nothing(struct bench *bench)
{
	const char *first = bench->initiators[0];
	const char *second = bench->initiators[1];
	const char *lun = bench->luns[0];

	return bench_ok(bench, "fence", NULL, "{\"initiators\":[\"%s\"],\"by\":\"%s\"}", first,
			second) &&
	       apply_both(bench, grant_for(bench, 1).text, 2, 0) &&
	       bench_refused(bench, "fence", "requester-fenced",
			     "{\"initiators\":[\"%s\"],\"by\":\"%s\"}", second, first) &&
	       bench_refused(bench, "fence", "requester-fenced",
			     "{\"initiators\":[\"%s\",\"%s\"],\"by\":\"%s\"}", first, second,
			     first) &&
	       bench_refused(bench, "apply", "requester-fenced",
			     "{\"luns\":[\"%s\"],\"revoke\":\"%s\",\"by\":\"%s\"}", lun, second,
			     first) &&
	       bench_refused(bench, "apply", "requester-fenced",
			     "{\"luns\":[\"%s\"],\"grant\":\"%s\",\"by\":\"%s\"}", lun, second,
			     first) &&
	       bench_refused(bench, "apply", "requester-fenced",
			     "{\"luns\":[\"%s\"],\"grant\":\"%s\",\"revoke\":\"%s\","
			     "\"by\":\"%s\"}",
			     lun, first, second, first) &&
	       both_held_by(bench, ONLY(second)) && fenced_are(bench, 1, 0);
}

static bool fenced_requester_takes_its_own(struct bench *bench)
{
	const char *first = bench->initiators[0];

	return bench_ok(bench, "fence", NULL, "{\"initiators\":[\"%s\"]}", first) &&
	       bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"revoke\":\"%s\",\"by\":\"%s\"}",
			bench->luns[0], first, first) &&
	       bench_ok(bench, "fence", NULL, "{\"initiators\":[\"%s\"],\"by\":\"%s\"}", first,
			first) &&
	       bench_ok(bench, "unfence", NULL, "{\"initiators\":[\"%s\"],\"by\":\"%s\"}", first,
			first) &&
	       fenced_are(bench, 0, 0) &&
	       bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"grant\":\"%s\",\"by\":\"%s\"}",
			bench->luns[0], first, first) &&
	       bench_refused(bench, "fenced", "bad-request", "{\"by\":\"%s\"}", first);
}

#define HOST(number) "lunmask-conformance-" number "@test"

/* Requires that the hosts of the first initiator are these, each 0 or 1 times. */
static bool hosts_are(struct bench *bench, size_t first, size_t second, size_t third)
{
	static const char *const names[] = {HOST("1"), HOST("2"), HOST("3")};
	const size_t wanted[] = {first, second, third};
	size_t seen[] = {0, 0, 0};
	const json_t *list;
	json_t *reply;

	if (!bench_ok(bench, "fenced", &reply, "{}")) {
		return false;
	}
	list = json_object_get(reply, "hosts");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		const char *host = json_string_value(json_object_get(row, "host"));
		const char *initiator = json_string_value(json_object_get(row, "initiator"));

		for (size_t k = 0; k < 3; k++) {
			seen[k] += host != NULL && initiator != NULL &&
				   strcmp(host, names[k]) == 0 &&
				   strcmp(initiator, bench->initiators[0]) == 0;
		}
	}
	json_decref(reply);
	return memcmp(seen, wanted, sizeof(seen)) == 0
		       ? true
		       : bench_fail(bench,
				    "'hosts' has the hosts 1, 2, 3 of '%s' %zu, %zu, %zu times, "
				    "not %zu, %zu, %zu",
				    bench->initiators[0], seen[0], seen[1], seen[2], first, second,
				    third);
}

static bool grant_of_host(struct bench *bench, const char *host)
{
	return bench_ok(bench, "apply", NULL,
			"{\"luns\":[\"%s\"],\"grant\":\"%s\",\"host\":\"%s\"}", bench->luns[0],
			bench->initiators[0], host);
}

/* A host is forgotten when the initiator is another host's, and has no path. */
static bool hosts_are_recorded(struct bench *bench)
{
	return grant_of_host(bench, HOST("1")) && hosts_are(bench, 1, 0, 0) &&
	       grant_of_host(bench, HOST("1")) && hosts_are(bench, 1, 0, 0) &&
	       grant_of_host(bench, HOST("2")) && hosts_are(bench, 1, 1, 0) && bench_clear(bench) &&
	       hosts_are(bench, 1, 1, 0) && grant_of_host(bench, HOST("3")) &&
	       hosts_are(bench, 0, 0, 1);
}

static bool wrong_hosts_are_refused(struct bench *bench)
{
	return bench_refused(bench, "apply", "bad-request",
			     "{\"luns\":[\"%s\"],\"revoke\":\"%s\",\"host\":\"a@b\"}",
			     bench->luns[0], bench->initiators[0]) &&
	       bench_refused(bench, "apply", "bad-request",
			     "{\"luns\":[\"%s\"],\"grant\":\"%s\",\"host\":\"a b\"}",
			     bench->luns[0], bench->initiators[0]) &&
	       bench_holders(bench, bench->luns[0], NOBODY);
}

/* Makes the call of one of two racing processes. */
typedef struct answer racer(struct bench *bench, size_t index);

static struct answer grant_itself(struct bench *bench, size_t index)
{
	return bench_callf(bench, "apply", "{\"luns\":[\"%s\",\"%s\"],\"grant\":\"%s\"}",
			   bench->luns[index], bench->luns[1 - index], bench->initiators[index]);
}

static struct answer fence_the_other(struct bench *bench, size_t index)
{
	return bench_callf(bench, "fence", "{\"initiators\":[\"%s\"],\"by\":\"%s\"}",
			   bench->initiators[1 - index], bench->initiators[index]);
}

static pid_t racer_start(struct bench *bench, racer *run, size_t index)
{
	pid_t pid = fork();

	if (pid == 0) {
		_exit(run(bench, index).exit_status);
	}
	return pid;
}

/* Requires that exactly one of the two processes succeeds. *ret_winner is its index. */
static bool race(struct bench *bench, racer *run, int round, size_t *ret_winner)
{
	pid_t pids[2] = {racer_start(bench, run, 0), racer_start(bench, run, 1)};
	int won[2];

	for (size_t i = 0; i < 2; i++) {
		int status = -1;

		won[i] = waitpid(pids[i], &status, 0) == pids[i] && status == 0;
	}
	*ret_winner = won[0] ? 0 : 1;
	return won[0] + won[1] == 1
		       ? true
		       : bench_fail(bench, "round %d: %d of 2 won", round, won[0] + won[1]);
}

static bool race_has_one_winner(struct bench *bench)
{
	for (int round = 0; round < RACE_ROUNDS; round++) {
		size_t winner;

		if (!race(bench, grant_itself, round, &winner) ||
		    !both_held_by(bench, ONLY(bench->initiators[winner])) || !bench_clear(bench)) {
			return false;
		}
	}
	return true;
}

static bool fence_race_has_one_winner(struct bench *bench)
{
	for (int round = 0; round < FENCE_RACE_ROUNDS; round++) {
		size_t winner;

		if (!race(bench, fence_the_other, round, &winner) ||
		    !fenced_are(bench, winner == 1, winner == 0) || !bench_clear(bench)) {
			return false;
		}
	}
	return true;
}

const struct check APPLY_CHECKS[] = {
	{"a grant is reported and read back", grant_is_reported, NULL},
	{"a second grant reports nothing granted", second_grant_reports_nothing, NULL},
	{"a grant reports only what was not granted", only_the_missing_is_reported, NULL},
	{"a revoke is reported, a second one reports nothing", revoke_is_reported, NULL},
	{"an unknown LUN leaves nothing changed", unknown_lun_changes_nothing, NULL},
	{"a held LUN is refused by name, nothing changes", held_lun_changes_nothing, NULL},
	{"an allowed holder is legal and stays", allowed_holder_stays, NULL},
	{"one batch can revoke and grant", hand_over_in_one_batch, NULL},
	{"a fenced initiator loses all and is granted nothing", fenced_is_granted_nothing, "fence"},
	{"a fenced initiator is listed until it is unfenced", fenced_are_listed, "fence"},
	{"an unfence that is older than a fence is refused", late_unfence_is_refused, "fence"},
	{"a fenced requester changes nothing", fenced_requester_changes_nothing, "requester"},
	{"a fenced requester may remove its own access", fenced_requester_takes_its_own,
	 "requester"},
	{"hosts of initiators are recorded with a grant", hosts_are_recorded, "hosts"},
	{"a host without a grant, or not legal, is refused", wrong_hosts_are_refused, "hosts"},
	{"if two fence each other, one wins, 5 rounds", fence_race_has_one_winner, "requester"},
	{"if two race for a LUN, one wins, 20 rounds", race_has_one_winner, NULL},
	{NULL, NULL, NULL},
};
