/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "san/iscsi.h"
#include "tests/unit/test.h"

/* Without a target: portals that misbehave. tests/storage has the ones that behave. */
#define TIMEOUT_MS 300

static char portal[32];
static int listener;

static int setup(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);

	(void)state;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, bytes) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &bytes) < 0) {
		return -1;
	}
	(void)snprintf(portal, sizeof(portal), "127.0.0.1:%d", ntohs(address.sin_port));
	return 0;
}

static int setup_listening(void **state)
{
	return setup(state) < 0 ? -1 : listen(listener, 128);
}

static int teardown(void **state)
{
	(void)state;
	return close(listener);
}

static int open_lun(const char *at, struct err *err)
{
	struct iscsi_path path = {.portal = at,
				  .initiator = "iqn.2026-11.org.example:host",
				  .target = "iqn.2026-11.org.example:target",
				  .number = 1};
	struct iscsi_lun *lun = NULL;

	return iscsi_lun_open(&path, deadline_in(TIMEOUT_MS), &lun, err);
}

static void iscsi_lun_open__where_nobody_listens(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(open_lun(portal, &err), -EHOSTUNREACH);
	assert_non_null(strstr(err_text(&err), portal));
	assert_non_null(strstr(err_text(&err), "iqn.2026-11.org.example:target"));
}

static void iscsi_lun_open__is_over_when_nobody_answers(void **state)
{
	int64_t begin_ms = deadline_now_ms();

	(void)state;
	assert_int_equal(open_lun(portal, NULL), -ETIMEDOUT);
	assert_in_range(deadline_now_ms() - begin_ms, TIMEOUT_MS, TIMEOUT_MS + 1000);
}

static void iscsi_lun_open__refuses_a_portal_by_name(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(open_lun("array.example:3260", &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "array.example:3260"));
}

static void iscsi_luns_verify__tries_all_paths_side_by_side(void **state)
{
	static struct lun luns[VM_LUNS_MAX];
	const char *portals[] = {portal, portal};
	int64_t begin_ms = deadline_now_ms();
	size_t paths = 99;

	(void)state;
	for (size_t i = 0; i < 60; i++) {
		(void)snprintf(luns[i].target, sizeof(luns[i].target), "iqn.2026-11.x:t%zu", i);
	}
	assert_int_equal(iscsi_luns_verify(luns, 60, portals, 2, "iqn.2026-11.x:host", 1,
					   deadline_in(TIMEOUT_MS), &paths, NULL),
			 -ETIMEDOUT);
	assert_int_equal(paths, 0);
	assert_in_range(deadline_now_ms() - begin_ms, TIMEOUT_MS, TIMEOUT_MS + 1000);
}

static void iscsi_luns_verify__refuses_numbers_that_are_not_legal(void **state)
{
	static const struct lun luns[1];
	const char *portals[] = {portal};
	struct deadline deadline = deadline_in(TIMEOUT_MS);

	(void)state;
	assert_int_equal(iscsi_luns_verify(luns, 0, portals, 1, "iqn.x", 0, deadline, NULL, NULL),
			 -EINVAL);
	assert_int_equal(iscsi_luns_verify(luns, 1, portals, 0, "iqn.x", 0, deadline, NULL, NULL),
			 -EINVAL);
	assert_int_equal(iscsi_luns_verify(luns, 1, portals, 1, "iqn.x", 2, deadline, NULL, NULL),
			 -EINVAL);
	assert_int_equal(iscsi_luns_verify(luns, VM_LUNS_MAX + 1, portals, 1, "iqn.x", 0, deadline,
					   NULL, NULL),
			 -EINVAL);
}

static void iscsi_lun_close__accepts_null(void **state)
{
	(void)state;
	iscsi_lun_close(NULL, deadline_in(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(iscsi_lun_open__where_nobody_listens, setup,
						teardown),
		cmocka_unit_test_setup_teardown(iscsi_lun_open__is_over_when_nobody_answers,
						setup_listening, teardown),
		cmocka_unit_test(iscsi_lun_open__refuses_a_portal_by_name),
		cmocka_unit_test_setup_teardown(iscsi_luns_verify__tries_all_paths_side_by_side,
						setup_listening, teardown),
		cmocka_unit_test(iscsi_luns_verify__refuses_numbers_that_are_not_legal),
		cmocka_unit_test(iscsi_lun_close__accepts_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
