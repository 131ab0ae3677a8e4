/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/exit_status.h"
#include "service/pidfile.h"

static void path_make(char *path, size_t size)
{
	(void)snprintf(path, size, "/tmp/pidfile_test.%d", (int)getpid());
}

static void pidfile_lock__is_held_once_and_names_the_holder(void **state)
{
	char path[64];
	char pid[32];
	struct err err;
	int fd;

	(void)state;
	path_make(path, sizeof(path));
	fd = pidfile_lock(path, &err);
	assert_true(fd >= 0);
	assert_int_equal(pidfile_lock(path, &err), -EBUSY);
	(void)snprintf(pid, sizeof(pid), "pid %d", (int)getpid());
	assert_non_null(strstr(err_text(&err), pid));
	(void)close(fd);
	fd = pidfile_lock(path, &err);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)unlink(path);
}

static void pidfile_lock__follows_no_link(void **state)
{
	char path[64];
	struct err err;

	(void)state;
	path_make(path, sizeof(path));
	assert_int_equal(symlink("/tmp/pidfile_test.other", path), 0);
	assert_int_equal(pidfile_lock(path, &err), -ELOOP);
	(void)unlink(path);
	assert_int_equal(pidfile_lock("/nonexistent/x", &err), -ENOENT);
}

static void exit_status_of__tells_what_a_new_start_cannot_help(void **state)
{
	(void)state;
	assert_int_equal(exit_status_of(0), EXIT_STATUS_OK);
	assert_int_equal(exit_status_of(-EBUSY), EXIT_STATUS_BUSY);
	assert_int_equal(exit_status_of(-EADDRINUSE), EXIT_STATUS_BUSY);
	assert_int_equal(exit_status_of(-EPERM), EXIT_STATUS_CONFIG);
	assert_int_equal(exit_status_of(-ENOENT), EXIT_STATUS_CONFIG);
	assert_int_equal(exit_status_of(-ENOTSUP), EXIT_STATUS_CONFIG);
	assert_int_equal(exit_status_of(-ENOTCONN), EXIT_STATUS_CLUSTER);
	assert_int_equal(exit_status_of(-ENOSPC), EXIT_STATUS_STORE);
	assert_int_equal(exit_status_of(-ENOMEM), EXIT_STATUS_SOFTWARE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pidfile_lock__is_held_once_and_names_the_holder),
		cmocka_unit_test(pidfile_lock__follows_no_link),
		cmocka_unit_test(exit_status_of__tells_what_a_new_start_cannot_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
