/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a build without libiscsi has in place of iscsi_session.c and portal_probe.c. This program is
 * linked with both, whatever lunmask itself is built with.
 */
#include "tests/unit/test.h"

#include <string.h>

#include "san/iscsi.h"
#include "san/portal_probe.h"

#define INITIATOR "iqn.2026-11.org.example:host"
#define LIMIT_MS 60000

static const char *const portals[] = {"192.0.2.1:3260", "192.0.2.2:3260"};
static const struct lun luns[] = {
	{"root", "naa.6001", 1 << 30, "iqn.2026-11.org.example:t1", 1},
	{"data", "naa.6002", 1 << 30, "iqn.2026-11.org.example:t2", 1},
};

static void refused(int rc, const struct err *err)
{
	assert_int_equal(rc, -ENOTSUP);
	assert_non_null(strstr(err_text(err), "run VMs on another node"));
	assert_non_null(strstr(err_text(err), "without libiscsi"));
}

static void iscsi_supported__says_what_to_do(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	refused(iscsi_supported(&err), &err);
	assert_int_equal(iscsi_supported(NULL), -ENOTSUP);
}

/* I6: nothing counts as verified. */
static void iscsi_luns_verify__verifies_nothing(void **state)
{
	struct iscsi_portals good = {.good = {true, true}, .n_good = 2};
	struct err err = ERR_INIT;

	(void)state;
	refused(iscsi_luns_verify(luns, 2, portals, 2, INITIATOR, NULL, 1, deadline_in(LIMIT_MS),
				  &good, &err),
		&err);
	assert_int_equal(good.n_good, 0);
	assert_false(good.good[0]);
	assert_int_equal(iscsi_luns_verify(luns, 2, portals, 2, INITIATOR, NULL, 1,
					   deadline_in(LIMIT_MS), NULL, NULL),
			 -ENOTSUP);
}

static void iscsi_path_verify__verifies_nothing(void **state)
{
	const struct iscsi_path path = {portals[0], INITIATOR, luns[0].target, 1, NULL};
	struct err err = ERR_INIT;

	(void)state;
	refused(iscsi_path_verify(&path, &luns[0], deadline_in(LIMIT_MS), &err), &err);
}

static void iscsi_lun_open__opens_nothing(void **state)
{
	const struct iscsi_path path = {portals[0], INITIATOR, luns[0].target, 1, NULL};
	struct iscsi_lun *lun = NULL;
	struct err err = ERR_INIT;

	(void)state;
	refused(iscsi_lun_open(&path, deadline_in(LIMIT_MS), &lun, &err), &err);
	assert_null(lun);
	iscsi_lun_close(lun, deadline_in(LIMIT_MS));
}

static void count(void *data, const struct path *path)
{
	size_t *n = data;

	assert_int_equal(path->state, PATH_UNKNOWN);
	assert_non_null(strstr(path->reason, "without libiscsi"));
	(*n)++;
}

/* What was not measured is not down. */
static void portal_probe__knows_nothing(void **state)
{
	struct path paths[2] = {{.state = PATH_UP, .latency_us = 7}, {.state = PATH_DOWN}};
	size_t n = 0;

	(void)state;
	portal_probe(paths, 2, INITIATOR, NULL, 100, count, &n);
	assert_int_equal(n, 2);
	assert_int_equal(paths[0].latency_us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(iscsi_supported__says_what_to_do),
		cmocka_unit_test(iscsi_luns_verify__verifies_nothing),
		cmocka_unit_test(iscsi_path_verify__verifies_nothing),
		cmocka_unit_test(iscsi_lun_open__opens_nothing),
		cmocka_unit_test(portal_probe__knows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
