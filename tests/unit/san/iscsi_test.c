/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "san/iscsi.h"
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

/* Without a target: portals that misbehave. tests/storage has the ones that behave. */
#define SHORT_MS 300 /* for portals that never answer */

static char portal[32];
static int listener;
static bool gathered;

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
	return undo_all(state) | close(listener);
}

static int open_lun(const char *at, int time_ms, struct err *err)
{
	struct iscsi_path path = {.portal = at,
				  .initiator = "iqn.2026-11.org.example:host",
				  .target = "iqn.2026-11.org.example:target",
				  .number = 1};
	struct iscsi_lun *lun = NULL;

	return iscsi_lun_open(&path, deadline_in(time_ms), &lun, err);
}

static void iscsi_lun_open__where_nobody_listens(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(open_lun(portal, TEST_LIMIT_MS, &err), -EHOSTUNREACH);
	assert_non_null(strstr(err_text(&err), portal));
	assert_non_null(strstr(err_text(&err), "iqn.2026-11.org.example:target"));
}

static void iscsi_lun_open__is_over_when_nobody_answers(void **state)
{
	(void)state;
	assert_int_equal(open_lun(portal, SHORT_MS, NULL), -ETIMEDOUT);
}

static void iscsi_lun_open__refuses_a_portal_by_name(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(open_lun("array.example:3260", TEST_LIMIT_MS, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "array.example:3260"));
}

#define GATHERED 120

/*
 * Hangs up on every path, but not before there is a login on each of them: whoever waited for the
 * answer to one before the next would wait in vain.
 */
static void *gather(void *unused)
{
	static int fds[GATHERED];
	char byte;

	(void)unused;
	for (size_t i = 0; i < GATHERED; i++) {
		fds[i] = accept(listener, NULL, NULL);
		if (fds[i] < 0 || recv(fds[i], &byte, 1, MSG_PEEK) != 1) {
			gathered = false;
			break;
		}
	}
	for (size_t i = 0; i < GATHERED && fds[i] > 0; i++) {
		(void)close(fds[i]);
	}
	return NULL;
}

static int gather_end(void *thread)
{
	(void)shutdown(listener, SHUT_RDWR);
	return pthread_join(*(pthread_t *)thread, NULL);
}

static void iscsi_luns_verify__tries_all_paths_side_by_side(void **state)
{
	static struct lun luns[VM_LUNS_MAX];
	static pthread_t thread;
	const char *portals[] = {portal, portal};
	struct iscsi_portals good = {.n_good = 99};

	(void)state;
	gathered = true;
	assert_int_equal(pthread_create(&thread, NULL, gather, NULL), 0);
	undo_later(gather_end, &thread);
	for (size_t i = 0; i < GATHERED / 2; i++) {
		(void)snprintf(luns[i].target, sizeof(luns[i].target), "iqn.2026-11.x:t%zu", i);
	}
	assert_int_equal(iscsi_luns_verify(luns, GATHERED / 2, portals, 2, "iqn.2026-11.x:host",
					   NULL, 1, deadline_in(TEST_LIMIT_MS), &good, NULL),
			 -EHOSTUNREACH);
	assert_int_equal(good.n_good, 0);
	assert_true(gathered);
}

static void iscsi_luns_verify__refuses_numbers_that_are_not_legal(void **state)
{
	static const struct lun luns[1];
	const char *portals[] = {portal};
	struct deadline deadline = deadline_in(TEST_LIMIT_MS);

	(void)state;
	assert_int_equal(
		iscsi_luns_verify(luns, 0, portals, 1, "iqn.x", NULL, 0, deadline, NULL, NULL),
		-EINVAL);
	assert_int_equal(
		iscsi_luns_verify(luns, 1, portals, 0, "iqn.x", NULL, 0, deadline, NULL, NULL),
		-EINVAL);
	assert_int_equal(
		iscsi_luns_verify(luns, 1, portals, 1, "iqn.x", NULL, 2, deadline, NULL, NULL),
		-EINVAL);
	assert_int_equal(iscsi_luns_verify(luns, VM_LUNS_MAX + 1, portals, 1, "iqn.x", NULL, 0,
					   deadline, NULL, NULL),
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
