/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "driver/core/apply.h"

#define N_LUNS 3
#define S "iqn.2026-11.x:s"
#define T "iqn.2026-11.x:t"
#define OTHER "iqn.2026-11.x:other"

/* An array of three LUNs: who is granted what, who has a session, and which call fails. */
struct fake {
	bool granted[N_LUNS][3];
	bool nexus[N_LUNS][3];
	int calls;
	int fail_at; /* the call of this number, counted from 1, fails */
	int fail_more;
	bool lies; /* grant says yes and does nothing */
	bool fenced[3];
	int grants; /* LUNs that were granted */
	bool late;  /* S was logging in to the first LUN at the first reading */
	bool read_only[N_LUNS];
};

static const char *const LUNS[] = {"a", "b", "c"};
static const char *const HOSTS[] = {S, T, OTHER};

static size_t index_of(const char *const *list, const char *name)
{
	size_t i = 0;

	while (i < 3 && strcmp(list[i], name) != 0) {
		i++;
	}
	return i;
}

static bool fails(struct fake *fake, struct fault *fault)
{
	fake->calls++;
	if (fake->fail_at == 0 || fake->calls < fake->fail_at ||
	    fake->calls > fake->fail_at + fake->fail_more) {
		return false;
	}
	(void)fault_set(fault, ARRAY_ERROR_INTERNAL, "call %d fails", fake->calls);
	return true;
}

static int fake_read(void *backend, const char *const *luns, size_t n_luns,
		     struct deadline deadline, struct masks *ret, struct fault *fault)
{
	struct fake *fake = backend;

	(void)deadline;
	*ret = (struct masks){0};
	if (fails(fake, fault)) {
		return -EIO;
	}
	for (size_t i = 0; i < n_luns; i++) {
		size_t lun = index_of(LUNS, luns[i]);
		struct mask *mask;

		if (lun == N_LUNS) {
			masks_release(ret);
			return fault_set(fault, ARRAY_ERROR_NO_SUCH_LUN, "no '%s'", luns[i]);
		}
		mask = masks_add(ret, luns[i]);
		for (size_t h = 0; h < 3; h++) {
			if (fake->granted[lun][h]) {
				assert_int_equal(mask_add_initiator(mask, HOSTS[h]), 0);
			}
			if (fake->nexus[lun][h]) {
				assert_int_equal(mask_add_nexus(mask, HOSTS[h], "1.2.3.4"), 0);
			}
		}
	}
	fake->nexus[0][0] = fake->nexus[0][0] || fake->late;
	fake->late = false;
	return 0;
}

/* Each LUN is a call of its own, so that a batch can fail in its middle. */
static int fake_grant(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		      struct deadline deadline, struct fault *fault)
{
	struct fake *fake = backend;

	(void)deadline;
	for (size_t i = 0; i < n_luns; i++) {
		if (fails(fake, fault)) {
			return -EIO;
		}
		fake->granted[index_of(LUNS, luns[i])][index_of(HOSTS, initiator)] = !fake->lies;
		fake->grants++;
	}
	return 0;
}

static int fake_revoke(void *backend, const char *const *luns, size_t n_luns, const char *initiator,
		       struct deadline deadline, struct fault *fault)
{
	struct fake *fake = backend;

	(void)deadline;
	for (size_t i = 0; i < n_luns; i++) {
		size_t lun = index_of(LUNS, luns[i]);

		if (fails(fake, fault)) {
			return -EIO;
		}
		fake->granted[lun][index_of(HOSTS, initiator)] = false;
		fake->nexus[lun][index_of(HOSTS, initiator)] = false;
	}
	return 0;
}

static bool fake_is_fenced(const void *backend, const char *initiator)
{
	return ((const struct fake *)backend)->fenced[index_of(HOSTS, initiator)];
}

static bool fake_is_read_only(const void *backend, const char *lun)
{
	return ((const struct fake *)backend)->read_only[index_of(LUNS, lun)];
}

static const struct mask_ops OPS = {.is_read_only = fake_is_read_only,
				    .is_fenced = fake_is_fenced,
				    .read = fake_read,
				    .grant = fake_grant,
				    .revoke = fake_revoke};
static const char *const ALLOW_S[] = {S};

static int run(struct fake *fake, const struct apply *apply, struct apply_result *result,
	       struct fault *fault)
{
	int rc = apply_run(&OPS, fake, apply, deadline_in(TEST_LIMIT_MS), result, fault);

	masks_release(&result->after);
	return rc;
}

static const struct apply MOVE = {.luns = LUNS, .n_luns = 3, .grant = T, .revoke = S};
static const struct apply GRANT_T = {.luns = LUNS, .n_luns = 3, .grant = T};
static const struct apply TAKE_S = {.luns = LUNS, .n_luns = 3, .revoke = S};

static void apply_run__reports_only_what_was_not_so(void **state)
{
	struct fake fake = {.granted = {[1] = {false, true, false}}};
	struct apply_result result;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(run(&fake, &GRANT_T, &result, &fault), 0);
	assert_int_equal(result.n_granted, 2);
	assert_string_equal(result.granted[0], "a");
	assert_string_equal(result.granted[1], "c");
	assert_int_equal(run(&fake, &GRANT_T, &result, &fault), 0);
	assert_int_equal(result.n_granted, 0);
}

static void apply_run__refuses_another_holder_and_changes_nothing(void **state)
{
	struct fake fake = {.granted = {[2] = {true, false, false}}};
	struct apply_result result;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(run(&fake, &GRANT_T, &result, &fault), -EPERM);
	assert_int_equal(fault.code, ARRAY_ERROR_HELD);
	assert_string_equal(fault.lun, "c");
	assert_string_equal(fault.initiator, S);
	assert_int_equal(fake.calls, 1);
}

static void apply_run__counts_a_session_without_grant_as_holder(void **state)
{
	struct fake fake = {.nexus = {[1] = {false, false, true}}};
	struct apply_result result;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(run(&fake, &GRANT_T, &result, &fault), -EPERM);
	assert_string_equal(fault.initiator, OTHER);
}

static void apply_run__leaves_an_allowed_holder(void **state)
{
	struct fake fake = {.granted = {{true}, {true}, {true}}};
	struct apply apply = GRANT_T;
	struct apply_result result;
	struct fault fault = FAULT_INIT;

	(void)state;
	apply.allowed = ALLOW_S;
	apply.n_allowed = 1;
	assert_int_equal(run(&fake, &apply, &result, &fault), 0);
	assert_true(fake.granted[0][0] && fake.granted[0][1]);
}

static void apply_run__cuts_a_session_whose_grant_is_gone(void **state)
{
	struct fake fake = {.nexus = {{true}}};
	struct apply_result result;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(run(&fake, &TAKE_S, &result, &fault), 0);
	assert_false(fake.nexus[0][0]);
	assert_int_equal(result.n_revoked, 0);
}

static void apply_run__cuts_a_login_that_was_in_progress(void **state)
{
	struct fake fake = {.late = true};
	struct apply_result result;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(run(&fake, &TAKE_S, &result, &fault), 0);
	assert_false(fake.nexus[0][0]);
	assert_int_equal(result.n_revoked, 0);
}

/* Whichever single call fails: all is as before, or all is done. */
static void apply_run__is_all_or_nothing_at_every_failure(void **state)
{
	(void)state;
	for (int n = 1;; n++) {
		struct fake fake = {.granted = {{true}, {true}, {true}}, .fail_at = n};
		struct apply_result result;
		struct fault fault = FAULT_INIT;
		int rc = run(&fake, &MOVE, &result, &fault);

		for (size_t i = 0; i < N_LUNS; i++) {
			assert_int_equal(fake.granted[i][0], rc != 0);
			assert_int_equal(fake.granted[i][1], rc == 0);
		}
		if (rc == 0) {
			assert_int_equal(n, fake.calls + 1); /* none failed: the sweep is whole */
			return;
		}
		assert_int_equal(rc, -EIO);
		assert_non_null(
			strstr(err_text(&fault.err), n == 1 ? "call 1" : "nothing is changed"));
	}
}

/* Whichever single call fails: what is taken stays taken, and the same batch again completes it. */
static void apply_run__of_a_batch_that_only_takes_gives_nothing_back(void **state)
{
	(void)state;
	for (int n = 1;; n++) {
		struct fake fake = {.granted = {{true}, {true}, {true}}, .fail_at = n};
		struct apply_result result;
		struct fault fault = FAULT_INIT;
		int rc = run(&fake, &TAKE_S, &result, &fault);

		assert_int_equal(fake.grants, 0);
		if (rc == 0) {
			assert_int_equal(n, fake.calls + 1);
			return;
		}
		assert_int_equal(rc, -EIO);
		assert_true(n == 1 || strstr(err_text(&fault.err), "repeat it") != NULL);
		/* It came as far as the call that failed. */
		assert_int_equal(fake.granted[0][0], n <= 2);
		assert_int_equal(fake.granted[1][0], n <= 3);
		assert_int_equal(run(&fake, &TAKE_S, &result, &fault), 0);
		assert_false(fake.granted[0][0] || fake.granted[1][0] || fake.granted[2][0]);
	}
}

static void apply_run__grants_a_fenced_host_nothing(void **state)
{
	struct fake fake = {.granted = {{true}}, .fenced = {[1] = true}};
	struct apply_result result;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(run(&fake, &MOVE, &result, &fault), -EPERM);
	assert_int_equal(fault.code, ARRAY_ERROR_FENCED);
	assert_int_equal(fake.calls, 0);
	assert_true(fake.granted[0][0]);
}

/* Whichever single call fails: the undo takes what was granted, and gives S nothing. */
static void apply_run__gives_a_fenced_host_nothing_back(void **state)
{
	int n = 1;
	int rc;

	(void)state;
	do {
		struct fake fake = {
			.granted = {{true}, {true}, {true}}, .fenced = {true}, .fail_at = n};
		struct apply_result result;
		struct fault fault = FAULT_INIT;

		rc = run(&fake, &MOVE, &result, &fault);
		for (size_t i = 0; i < N_LUNS; i++) {
			assert_int_equal(fake.granted[i][1], rc == 0);
			assert_true(!fake.granted[i][0] || n <= 2 + (int)i);
		}
		assert_true(rc == 0 || n <= 2 || strstr(err_text(&fault.err), "is fenced") != NULL);
		n++;
	} while (rc != 0);
}

static void apply_run__says_when_the_undo_failed_too(void **state)
{
	struct fake fake = {.granted = {{true}, {true}, {true}}, .fail_at = 3, .fail_more = 99};
	struct apply_result result;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(run(&fake, &MOVE, &result, &fault), -ENOTRECOVERABLE);
	assert_int_equal(fault.code, ARRAY_ERROR_NOT_UNDONE);
	assert_non_null(strstr(err_text(&fault.err), "call 3"));
	assert_non_null(strstr(err_text(&fault.err), "call 4"));
}

static void apply_run__notices_a_grant_that_did_not_happen(void **state)
{
	struct fake fake = {.lies = true};
	struct apply_result result;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(run(&fake, &GRANT_T, &result, &fault), -EIO);
	assert_non_null(strstr(err_text(&fault.err), "when read back"));
}

static void apply_run__grants_a_read_only_lun_to_many(void **state)
{
	struct fake fake = {.granted = {{true, false, true}, {true}, {true}},
			    .nexus = {{true, false, true}},
			    .read_only = {true, true, true}};
	struct apply apply = GRANT_T;
	struct apply_result result;
	struct fault fault = FAULT_INIT;

	(void)state;
	apply.read_only = true;
	assert_int_equal(run(&fake, &apply, &result, &fault), 0);
	assert_int_equal(result.n_granted, 3);
	for (size_t i = 0; i < N_LUNS; i++) {
		assert_true(fake.granted[i][0] && fake.granted[i][1]);
	}
	assert_true(fake.granted[0][2] && fake.nexus[0][2]);
	fake.fenced[1] = true;
	assert_int_equal(run(&fake, &apply, &result, &fault), -EPERM);
	assert_int_equal(fault.code, ARRAY_ERROR_FENCED);
}

/* Whoever is wrong about the class would be the second writer, or share with one. */
static void apply_run__refuses_a_lun_of_the_other_class(void **state)
{
	static const struct {
		bool is[N_LUNS];
		bool wanted;
		const char *lun;
		const char *said;
	} rows[] = {
		{{true, false, true}, true, "b", "protect LUN 'b'"},
		{{false, false, true}, false, "c", ":ro"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake fake = {.fail_at = 0};
		struct apply apply = GRANT_T;
		struct apply_result result;
		struct fault fault = FAULT_INIT;

		memcpy(fake.read_only, rows[i].is, sizeof(fake.read_only));
		apply.read_only = rows[i].wanted;
		assert_int_equal(run(&fake, &apply, &result, &fault), -EROFS);
		assert_int_equal(fault.code, ARRAY_ERROR_READ_ONLY);
		assert_string_equal(fault.lun, rows[i].lun);
		assert_non_null(strstr(err_text(&fault.err), rows[i].said));
		assert_int_equal(fake.grants, 0);
		assert_int_equal(run(&fake, &TAKE_S, &result, &fault), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apply_run__reports_only_what_was_not_so),
		cmocka_unit_test(apply_run__refuses_another_holder_and_changes_nothing),
		cmocka_unit_test(apply_run__counts_a_session_without_grant_as_holder),
		cmocka_unit_test(apply_run__leaves_an_allowed_holder),
		cmocka_unit_test(apply_run__cuts_a_session_whose_grant_is_gone),
		cmocka_unit_test(apply_run__cuts_a_login_that_was_in_progress),
		cmocka_unit_test(apply_run__is_all_or_nothing_at_every_failure),
		cmocka_unit_test(apply_run__of_a_batch_that_only_takes_gives_nothing_back),
		cmocka_unit_test(apply_run__grants_a_fenced_host_nothing),
		cmocka_unit_test(apply_run__gives_a_fenced_host_nothing_back),
		cmocka_unit_test(apply_run__says_when_the_undo_failed_too),
		cmocka_unit_test(apply_run__notices_a_grant_that_did_not_happen),
		cmocka_unit_test(apply_run__grants_a_read_only_lun_to_many),
		cmocka_unit_test(apply_run__refuses_a_lun_of_the_other_class),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
