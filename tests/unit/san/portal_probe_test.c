/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "san/portal_probe.h"
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

/* Against portals that answer a login as they are told to, or worse. */
#define SHORT_MS 300 /* for portals that never answer */
#define INITIATOR "iqn.2026-11.org.example:host"
#define HEADER 48

enum manner {
	GOOD,
	SECRET,
	BARRED,
	STRANGER,
	CROWDED,
	BROKEN,
	HANGS_UP,
	BABBLES,
	SILENT,
	ABSENT,
	MANNER_MAX
};

/* The status of the login, class and detail (RFC 7143 11.13.5). */
static const uint8_t statuses[MANNER_MAX][2] = {
	[SECRET] = {2, 1},  [BARRED] = {2, 2}, [STRANGER] = {2, 3},
	[CROWDED] = {2, 6}, [BROKEN] = {3, 1},
};

struct portal_fake {
	enum manner manner;
	int listener;
	pthread_t thread;
	bool logged_out;
	bool discovery;
	bool named; /* the initiator's name was in the login */
	struct path path;
};

static bool exactly(int fd, uint8_t *data, size_t bytes)
{
	/* With nothing to wait for, recv(2) may wait for the next byte. */
	return bytes == 0 || recv(fd, data, bytes, MSG_WAITALL) == (ssize_t)bytes;
}

static bool text_has(const uint8_t *data, size_t bytes, const char *text)
{
	return memmem(data, bytes, text, strlen(text)) != NULL;
}

/* RFC 7143 11.13: the phases that the initiator asks for, and a status. */
static bool login_answer(const struct portal_fake *fake, int fd, const uint8_t *request)
{
	uint8_t answer[HEADER] = {0x23, request[1] & 0x8f};

	memcpy(answer + 8, request + 8, 6);   /* ISID */
	answer[15] = 1;                       /* TSIH */
	memcpy(answer + 16, request + 16, 4); /* task tag */
	memcpy(answer + 28, request + 24, 4); /* the command number that is expected */
	memcpy(answer + 32, request + 24, 4);
	memcpy(answer + 36, statuses[fake->manner], 2);
	return send(fd, answer, sizeof(answer), MSG_NOSIGNAL) == (ssize_t)sizeof(answer);
}

static void logout_answer(struct portal_fake *fake, int fd, const uint8_t *request)
{
	uint8_t answer[HEADER] = {0x26, 0x80};

	memcpy(answer + 16, request + 16, 4);
	memcpy(answer + 28, request + 24, 4);
	memcpy(answer + 32, request + 24, 4);
	fake->logged_out = true;
	(void)send(fd, answer, sizeof(answer), MSG_NOSIGNAL);
}

static void serve(struct portal_fake *fake, int fd)
{
	uint8_t request[HEADER], data[8192];

	while (exactly(fd, request, HEADER)) {
		size_t bytes = (size_t)request[5] << 16 | (size_t)request[6] << 8 | request[7];

		bytes = (bytes + 3) & ~(size_t)3;
		if (bytes > sizeof(data) || !exactly(fd, data, bytes) || fake->manner == HANGS_UP) {
			return;
		}
		if (fake->manner == BABBLES) {
			memset(data, 0xa5, sizeof(data));
			(void)send(fd, data, sizeof(data), MSG_NOSIGNAL);
			return;
		}
		if ((request[0] & 0x3f) == 0x06) {
			logout_answer(fake, fd, request);
			return;
		}
		fake->discovery |= text_has(data, bytes, "SessionType=Discovery");
		fake->named |= text_has(data, bytes, "InitiatorName=" INITIATOR);
		if (!login_answer(fake, fd, request)) {
			return;
		}
	}
}

static void *fake_run(void *data)
{
	struct portal_fake *fake = data;
	int fd = accept(fake->listener, NULL, NULL);

	if (fd >= 0) {
		serve(fake, fd);
		(void)close(fd);
	}
	return NULL;
}

static int fake_end(void *data)
{
	struct portal_fake *fake = data;

	if (fake->thread != 0) {
		(void)shutdown(fake->listener, SHUT_RDWR);
		(void)pthread_join(fake->thread, NULL);
		fake->thread = 0;
	}
	return close(fake->listener);
}

static void fake_start(struct portal_fake *fake, enum manner manner)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);

	*fake = (struct portal_fake){.manner = manner};
	fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fake->listener >= 0);
	undo_later(fake_end, fake);
	assert_int_equal(bind(fake->listener, (struct sockaddr *)&address, bytes), 0);
	assert_int_equal(getsockname(fake->listener, (struct sockaddr *)&address, &bytes), 0);
	(void)snprintf(fake->path.portal, sizeof(fake->path.portal), "127.0.0.1:%d",
		       ntohs(address.sin_port));
	(void)strcpy(fake->path.array, "san1");
	if (manner != ABSENT) {
		assert_int_equal(listen(fake->listener, 8), 0);
	}
	if (manner < SILENT) {
		assert_int_equal(pthread_create(&fake->thread, NULL, fake_run, fake), 0);
	}
}

static size_t told;

static void on_path(void *data, const struct path *path)
{
	(void)path;
	assert_ptr_equal(data, &told);
	told++;
}

static void portal_probe__tells_each_manner_apart(void **state)
{
	static const struct {
		enum path_state state;
		const char *says;
	} wanted[MANNER_MAX] = {
		[GOOD] = {PATH_UP, ""},
		[SECRET] = {PATH_REFUSED,
			    "login refused: set chap_secret_file in lunmask.conf: the array "
			    "wants CHAP: "},
		[BARRED] = {PATH_REFUSED,
			    "login refused: the array does not admit this initiator: "},
		[STRANGER] = {PATH_REFUSED,
			      "login refused: the array does not know this initiator: "},
		[CROWDED] = {PATH_REFUSED, "login refused: Failed"},
		[BROKEN] = {PATH_DOWN, "login failed"},
		[HANGS_UP] = {PATH_DOWN, "the portal has closed the connection"},
		[BABBLES] = {PATH_DOWN, ""},
		[SILENT] = {PATH_DOWN, "no answer to the login within 300 ms"},
		[ABSENT] = {PATH_DOWN, "cannot connect"},
	};
	static struct portal_fake fakes[MANNER_MAX];

	(void)state;
	for (size_t i = 0; i < MANNER_MAX; i++) {
		struct path *path = &fakes[i].path;

		fake_start(&fakes[i], (enum manner)i);
		told = 0;
		portal_probe(path, 1, INITIATOR, NULL, i == SILENT ? SHORT_MS : TEST_LIMIT_MS,
			     on_path, &told);
		assert_int_equal(told, 1);
		if (path->state != wanted[i].state ||
		    strstr(path->reason, wanted[i].says) == NULL) {
			fail_msg("manner %zu: %s: %s", i, path_state_to_str(path->state),
				 path->reason);
		}
		assert_true((path->reason[0] == '\0') == (path->state == PATH_UP));
		assert_true((path->latency_us > 0) == (path->state == PATH_UP));
	}
}

static void portal_probe__logs_in_for_discovery_and_out_again(void **state)
{
	static struct portal_fake fake;

	(void)state;
	fake_start(&fake, GOOD);
	portal_probe(&fake.path, 1, INITIATOR, NULL, TEST_LIMIT_MS, on_path, &told);
	assert_int_equal(pthread_join(fake.thread, NULL), 0);
	fake.thread = 0;
	assert_true(fake.discovery);
	assert_true(fake.named);
	assert_true(fake.logged_out);
}

/* It does not knock if it could not say who it is. */
static void portal_probe__without_its_secret_does_not_log_in(void **state)
{
	static const char text[] = "[array san1]\ndriver = x\ntransport = exec\n"
				   "portals = 192.0.2.1:1\nchap_secret_file = /nonexistent/s\n";
	static struct portal_fake fake;
	struct config *config;

	(void)state;
	fake_start(&fake, SILENT);
	assert_int_equal(config_parse(text, strlen(text), "f", &config, NULL), 0);
	told = 0;
	portal_probe(&fake.path, 1, INITIATOR, config, TEST_LIMIT_MS, on_path, &told);
	config_free(config);
	assert_int_equal(told, 1);
	assert_int_equal(fake.path.state, PATH_REFUSED);
	assert_non_null(strstr(fake.path.reason, "correct chap_secret_file '/nonexistent/s'"));
}

#define GATHERED 120

/*
 * Hangs up on every connection, but not before there is a login on each of them: whoever waited for
 * the answer to one before the next would wait in vain.
 */
static void *gather(void *data)
{
	const struct portal_fake *fake = data;
	static int fds[GATHERED];
	char byte;

	for (size_t i = 0; i < GATHERED; i++) {
		fds[i] = accept(fake->listener, NULL, NULL);
		if (fds[i] < 0 || recv(fds[i], &byte, 1, MSG_PEEK) != 1) {
			break;
		}
	}
	for (size_t i = 0; i < GATHERED && fds[i] > 0; i++) {
		(void)close(fds[i]);
	}
	return NULL;
}

static void portal_probe__tries_them_side_by_side(void **state)
{
	static struct portal_fake fake;
	static struct path paths[GATHERED];

	(void)state;
	fake_start(&fake, SILENT);
	assert_int_equal(listen(fake.listener, GATHERED), 0);
	assert_int_equal(pthread_create(&fake.thread, NULL, gather, &fake), 0);
	for (size_t i = 0; i < GATHERED; i++) {
		paths[i] = fake.path;
	}
	told = 0;
	portal_probe(paths, GATHERED, INITIATOR, NULL, TEST_LIMIT_MS, on_path, &told);
	assert_int_equal(told, GATHERED);
	for (size_t i = 0; i < GATHERED; i++) {
		assert_int_equal(paths[i].state, PATH_DOWN);
		assert_string_equal(paths[i].reason, "the portal has closed the connection");
	}
}

static void portal_probe__takes_turns_if_there_are_too_many(void **state)
{
	static struct portal_fake absent, good;
	static struct path paths[2 * PORTAL_PROBES_MAX + 1];
	const size_t n = sizeof(paths) / sizeof(paths[0]);

	(void)state;
	fake_start(&absent, ABSENT);
	fake_start(&good, GOOD);
	for (size_t i = 0; i < n; i++) {
		paths[i] = i == n - 1 ? good.path : absent.path;
	}
	told = 0;
	portal_probe(paths, n, INITIATOR, NULL, TEST_LIMIT_MS, on_path, &told);
	assert_int_equal(told, n);
	for (size_t i = 0; i < n - 1; i++) {
		assert_int_equal(paths[i].state, PATH_DOWN);
	}
	assert_int_equal(paths[n - 1].state, PATH_UP);
}

static void portal_probe__has_nothing_to_do(void **state)
{
	(void)state;
	told = 0;
	portal_probe(NULL, 0, INITIATOR, NULL, TEST_LIMIT_MS, on_path, &told);
	assert_int_equal(told, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(portal_probe__tells_each_manner_apart, undo_all),
		cmocka_unit_test_teardown(portal_probe__logs_in_for_discovery_and_out_again,
					  undo_all),
		cmocka_unit_test_teardown(portal_probe__without_its_secret_does_not_log_in,
					  undo_all),
		cmocka_unit_test_teardown(portal_probe__tries_them_side_by_side, undo_all),
		cmocka_unit_test_teardown(portal_probe__takes_turns_if_there_are_too_many,
					  undo_all),
		cmocka_unit_test(portal_probe__has_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
