/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "service/notify.h"

/* A socket as systemd has it, its name in the environment. */
static int listener(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, name, length);
	if (*name == '@') {
		address.sun_path[0] = '\0';
	}
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
			 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static void expect_text(int fd, const char *text)
{
	char got[64] = "";

	assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), strlen(text));
	assert_string_equal(got, text);
}

static void notify_send__reaches_a_path_and_an_abstract_name(void **state)
{
	char name[64];
	int fd;

	(void)state;
	(void)snprintf(name, sizeof(name), "/tmp/notify_test.%d", (int)getpid());
	fd = listener(name);
	assert_int_equal(notify_send("READY=1"), 0);
	expect_text(fd, "READY=1");
	(void)close(fd);
	(void)unlink(name);
	(void)snprintf(name, sizeof(name), "@notify_test.%d", (int)getpid());
	fd = listener(name);
	assert_int_equal(notify_send("WATCHDOG=1"), 0);
	expect_text(fd, "WATCHDOG=1");
	(void)close(fd);
}

static void notify_send__does_nothing_without_systemd(void **state)
{
	(void)state;
	(void)unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("READY=1"), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", "", 1), 0);
	assert_int_equal(notify_send("READY=1"), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
	assert_int_equal(notify_send("READY=1"), -EINVAL);
	assert_int_equal(setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1), 0);
	assert_int_equal(notify_send("READY=1"), -ENOENT);
}

static void notify_watchdog_ms__is_half_and_for_this_process(void **state)
{
	char pid[24];

	(void)state;
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	assert_int_equal(notify_watchdog_ms(), 0);
	assert_int_equal(setenv("WATCHDOG_USEC", "30000000", 1), 0);
	assert_int_equal(notify_watchdog_ms(), 15000);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
	assert_int_equal(notify_watchdog_ms(), 15000);
	assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
	assert_int_equal(notify_watchdog_ms(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notify_send__reaches_a_path_and_an_abstract_name),
		cmocka_unit_test(notify_send__does_nothing_without_systemd),
		cmocka_unit_test(notify_watchdog_ms__is_half_and_for_this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
