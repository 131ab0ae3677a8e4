/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cutoff/cutoff_paths.h"

static const uint16_t ports[] = {3260, 3261};

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
#define REST " 00000000:00000000 00:00000000 00000000     0        0 123 1 0 20 4 0 10 -1\n"
#define LINE(local, remote, state) "   0: " local " " remote " " state REST

static struct cutoff_paths parsed(const char *text)
{
	struct cutoff_paths paths = {.n = 0};

	assert_int_equal(cutoff_paths_parse(text, ports, 2, &paths), 0);
	cutoff_paths_sort(&paths);
	return paths;
}

static size_t count(const char *text)
{
	struct cutoff_paths paths = parsed(text);
	size_t n = paths.n;

	cutoff_paths_release(&paths);
	return n;
}

static void parse__takes_what_is_established_to_a_portal(void **state)
{
	(void)state;
	assert_int_equal(count(""), 0);
	assert_int_equal(count(HEAD), 0);
	/* 0CBC is 3260, 0CBD 3261 */
	assert_int_equal(count(HEAD LINE("0100007F:C350", "6400000A:0CBC", "01")), 1);
	assert_int_equal(count(LINE("0100007F:C350", "6400000A:0CBD", "01")), 1);
	assert_int_equal(count(LINE("00000000000000000000000001000000:C350",
				    "00000000000000000000000001000000:0CBC", "01")),
			 1);
	/* on its way, ending, another port, a listener of the port */
	assert_int_equal(count(LINE("0100007F:C350", "6400000A:0CBC", "02")), 0);
	assert_int_equal(count(LINE("0100007F:C350", "6400000A:0CBC", "06")), 0);
	assert_int_equal(count(LINE("0100007F:C350", "6400000A:0050", "01")), 0);
	assert_int_equal(count(LINE("00000000:0CBC", "00000000:0000", "0A")), 0);
	assert_int_equal(count("x\n\n:::\n0: a b c\n"), 0);
}

static bool lost(const char *before_text, const char *after_text)
{
	struct cutoff_paths before = parsed(before_text);
	struct cutoff_paths after = parsed(after_text);
	bool result = cutoff_paths_lost(&before, &after);

	cutoff_paths_release(&before);
	cutoff_paths_release(&after);
	return result;
}

#define A LINE("0100007F:C350", "6400000A:0CBC", "01")
#define B LINE("0100007F:C351", "6400000A:0CBC", "01")
#define C LINE("0100007F:C350", "6500000A:0CBC", "01")

static void lost__is_one_that_is_there_no_more(void **state)
{
	(void)state;
	assert_false(lost("", ""));
	assert_false(lost("", A));
	assert_false(lost(A B C, C B A));
	assert_false(lost(B, A B C));
	assert_true(lost(A, ""));
	/* Connected anew, from another port: as many as before. */
	assert_true(lost(A, B));
	assert_true(lost(A C, B C));
	assert_true(lost(A B C, A B));
}

static void look__sees_a_connection_of_this_host_come_and_go(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	struct cutoff_paths paths = {.n = 0};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_lost = true;
	uint16_t port;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	port = ntohs(address.sin_port);
	assert_int_equal(cutoff_paths_look(&port, 1, &paths, &is_lost, NULL), 0);
	assert_int_equal(paths.n, 0);
	assert_false(is_lost);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(cutoff_paths_look(&port, 1, &paths, &is_lost, NULL), 0);
	assert_int_equal(paths.n, 1);
	assert_false(is_lost);
	(void)close(fd);
	assert_int_equal(cutoff_paths_look(&port, 1, &paths, &is_lost, NULL), 0);
	assert_int_equal(paths.n, 0);
	assert_true(is_lost);
	(void)close(listener);
	cutoff_paths_release(&paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__takes_what_is_established_to_a_portal),
		cmocka_unit_test(lost__is_one_that_is_there_no_more),
		cmocka_unit_test(look__sees_a_connection_of_this_host_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
