/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that come for the lock one after the other. Each is known to be in the queue, since the
 * file is then written, before the next one comes. Each writes its letter when it has the lock.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/protocol/driver_main.h"
#include "driver/core/lock.h"

#define WAIT_MS 60000
#define PIDS_MAX 32

static char file[64];
static int notes = -1;            /* inotify: the file was written */
static int letters[2] = {-1, -1}; /* a pipe */
static pid_t pids[PIDS_MAX];
static size_t n_pids;

static int take(enum lock_kind kind)
{
	struct fault fault = FAULT_INIT;
	int fd;

	assert_int_equal(lock_take(file, kind, deadline_in(WAIT_MS), &fd, &fault), 0);
	return fd;
}

static void letter_write(char letter)
{
	if (write(letters[1], &letter, 1) != 1) {
		abort();
	}
}

/* The next letter; '-' if there is none yet. */
static char letter_read(int timeout_ms)
{
	struct pollfd poller = {.fd = letters[0], .events = POLLIN};
	char letter = '-';

	if (poll(&poller, 1, timeout_ms) == 1) {
		assert_int_equal(read(letters[0], &letter, 1), 1);
	}
	return letter;
}

static void letters_are(const char *wanted)
{
	char got[64] = "";

	for (size_t i = 0; wanted[i] != '\0'; i++) {
		got[i] = letter_read(WAIT_MS);
	}
	assert_string_equal(got, wanted);
}

static void child(enum lock_kind kind, char letter, bool keeps)
{
	struct fault fault = FAULT_INIT;
	int fd;

	(void)close(letters[0]);
	if (lock_take(file, kind, deadline_in(WAIT_MS), &fd, &fault) != 0) {
		letter = '!';
	}
	letter_write(letter);
	while (keeps) {
		(void)pause();
	}
	lock_release(fd);
	_exit(0);
}

/* A driver that restores two LUNs, each in a request of its own. Each waits for a letter to go on.
 */
static int go[2];
static size_t restored;

static int fake_open(const char *config_file, void **ret_backend, struct fault *fault)
{
	(void)config_file;
	(void)fault;
	*ret_backend = &restored;
	return 0;
}

static void fake_close(void *backend)
{
	(void)backend;
}

static const char *fake_lock_file(const void *backend)
{
	(void)backend;
	return file;
}

static int fake_load(void *backend, struct fault *fault)
{
	(void)backend;
	(void)fault;
	return 0;
}

static int fake_restore(void *backend, size_t max, struct deadline deadline, size_t *ret_restored,
			struct fault *fault)
{
	char letter;

	(void)backend;
	(void)max;
	(void)deadline;
	(void)fault;
	letter_write('r');
	*ret_restored = restored++ < 2 ? 1 : 0;
	return read(go[0], &letter, 1) == 1 ? 0 : -EIO;
}

static int fake_read(void *backend, const char *const *luns, size_t n_luns,
		     struct deadline deadline, struct masks *ret, struct fault *fault)
{
	(void)backend;
	(void)luns;
	(void)n_luns;
	(void)deadline;
	(void)fault;
	*ret = (struct masks){0};
	letter_write('M');
	return 0;
}

static const struct driver FAKE = {.name = "fake",
				   .masks = {.read = fake_read},
				   .open = fake_open,
				   .close = fake_close,
				   .lock_file = fake_lock_file,
				   .load = fake_load,
				   .restore = fake_restore};

static void masks_serve(const char *request)
{
	char name[] = "fake", verb[] = "masks";
	char *argv[] = {name, verb, NULL};
	int input[2];

	if (pipe(input) != 0 || dprintf(input[1], "%s", request) < 0 || close(input[1]) != 0 ||
	    dup2(input[0], STDIN_FILENO) < 0) {
		abort();
	}
	_exit(driver_main(2, argv, &FAKE));
}

/* Returns when the process is in the queue. request: it is a driver that serves masks. */
static pid_t process_comes(enum lock_kind kind, char letter, bool keeps, const char *request)
{
	struct pollfd poller = {.fd = notes, .events = POLLIN};
	char events[4096];
	pid_t pid;

	while (read(notes, events, sizeof(events)) > 0) {
	}
	pid = fork();
	if (pid == 0 && request != NULL) {
		masks_serve(request);
	}
	if (pid == 0) {
		child(kind, letter, keeps);
	}
	assert_true(pid > 0 && n_pids < PIDS_MAX);
	pids[n_pids++] = pid;
	assert_int_equal(poll(&poller, 1, WAIT_MS), 1);
	return pid;
}

static pid_t comes(enum lock_kind kind, char letter)
{
	return process_comes(kind, letter, false, NULL);
}

static void is_killed(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void lock_take__is_in_the_order_of_arrival(void **state)
{
	int fd = take(LOCK_KIND_CHANGE);

	(void)state;
	for (char letter = 'a'; letter <= 'p'; letter++) {
		(void)comes(letter % 4 == 0 ? LOCK_KIND_READ : LOCK_KIND_CHANGE, letter);
	}
	letter_write('*');
	lock_release(fd);
	letters_are("*abcdefghijklmnop");
}

static void lock_take__lets_readers_in_together(void **state)
{
	int one = take(LOCK_KIND_READ);
	int two = take(LOCK_KIND_READ);
	int three = take(LOCK_KIND_READ_FIRST);

	(void)state;
	(void)comes(LOCK_KIND_CHANGE, 'c');
	lock_release(one);
	lock_release(three);
	letter_write('*');
	lock_release(two);
	letters_are("*c");
}

static void lock_take__lets_no_reader_pass_a_change_that_waits(void **state)
{
	int fd = take(LOCK_KIND_READ);

	(void)state;
	(void)comes(LOCK_KIND_CHANGE, 'c');
	(void)comes(LOCK_KIND_READ, 'r');
	letter_write('*');
	lock_release(fd);
	letters_are("*cr");
}

static void lock_take__lets_fencing_overtake_what_waits(void **state)
{
	int fd = take(LOCK_KIND_CHANGE);

	(void)state;
	(void)comes(LOCK_KIND_CHANGE, 'a');
	(void)comes(LOCK_KIND_READ, 'b');
	(void)comes(LOCK_KIND_CHANGE_FIRST, 'F');
	(void)comes(LOCK_KIND_CHANGE, 'c');
	(void)comes(LOCK_KIND_READ_FIRST, 'G');
	(void)comes(LOCK_KIND_CHANGE_FIRST, 'H');
	letter_write('*');
	lock_release(fd);
	letters_are("*FGHabc");
}

/* Who waited behind fencing has its turn only after all fencing that came meanwhile. */
static void lock_take__lets_fencing_overtake_what_waits_for_fencing(void **state)
{
	int fd = take(LOCK_KIND_CHANGE_FIRST);

	(void)state;
	(void)comes(LOCK_KIND_CHANGE, 'a');
	(void)comes(LOCK_KIND_CHANGE_FIRST, 'F');
	(void)comes(LOCK_KIND_CHANGE_FIRST, 'G');
	letter_write('*');
	lock_release(fd);
	letters_are("*FGa");
}

static void lock_take__goes_on_when_the_holder_is_killed(void **state)
{
	pid_t holder = process_comes(LOCK_KIND_CHANGE, 'x', true, NULL);

	(void)state;
	letters_are("x");
	(void)comes(LOCK_KIND_CHANGE, 'a');
	(void)comes(LOCK_KIND_CHANGE_FIRST, 'F');
	letter_write('*');
	is_killed(holder);
	letters_are("*Fa");
}

/* And nobody behind it takes its death for the holder's. */
static void lock_take__goes_on_when_one_that_waits_is_killed(void **state)
{
	int fd = take(LOCK_KIND_CHANGE);
	pid_t waiting;

	(void)state;
	waiting = comes(LOCK_KIND_CHANGE, 'x');
	(void)comes(LOCK_KIND_CHANGE, 'a');
	is_killed(waiting);
	waiting = comes(LOCK_KIND_CHANGE_FIRST, 'x');
	(void)comes(LOCK_KIND_CHANGE, 'b');
	is_killed(waiting);
	assert_int_equal(letter_read(0), '-');
	letter_write('*');
	lock_release(fd);
	letters_are("*ab");
}

static void lock_take__gives_up_at_the_deadline(void **state)
{
	int fd = take(LOCK_KIND_READ);
	int other;

	(void)state;
	for (int kind = LOCK_KIND_READ; kind <= LOCK_KIND_CHANGE_FIRST; kind++) {
		bool shares = kind == LOCK_KIND_READ || kind == LOCK_KIND_READ_FIRST;
		struct fault fault = FAULT_INIT;
		int rc = lock_take(file, (enum lock_kind)kind, deadline_in(1), &other, &fault);

		assert_int_equal(rc, shares ? 0 : -EBUSY);
		assert_int_equal(other >= 0, shares);
		lock_release(other);
	}
	/* They left the queue. */
	(void)comes(LOCK_KIND_READ, 'r');
	letters_are("r");
	lock_release(fd);
}

static void lock_take__excludes_a_driver_without_the_queue(void **state)
{
	int old = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct fault fault = FAULT_INIT;
	int fd;

	(void)state;
	assert_int_equal(flock(old, LOCK_EX), 0);
	assert_int_equal(lock_take(file, LOCK_KIND_READ, deadline_in(1), &fd, &fault), -EBUSY);
	assert_int_equal(lock_take(file, LOCK_KIND_CHANGE_FIRST, deadline_in(1), &fd, &fault),
			 -EBUSY);
	(void)comes(LOCK_KIND_CHANGE, 'a');
	letter_write('*');
	assert_int_equal(flock(old, LOCK_UN), 0);
	letters_are("*a");
	assert_int_equal(close(old), 0);
}

static void lock_take__takes_any_content_of_the_file(void **state)
{
	static const char *const contents[] = {"", "x", "\xff\xff\xff\xff\xff\xff\xff\xff",
					       "\x00\x00\x00\x00\x00\x00\x00\x80"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(contents); i++) {
		int fd;

		assert_true(g_file_set_contents(file, contents[i], i < 2 ? -1 : 8, NULL));
		fd = take(LOCK_KIND_CHANGE);
		lock_release(fd);
		lock_release(take(LOCK_KIND_READ));
	}
}

static void driver_main__restores_without_keeping_fencing_out(void **state)
{
	static char name[] = "fake", option[] = "--restore";
	char *argv[] = {name, option, NULL};

	(void)state;
	assert_int_equal(pipe(go), 0);
	pids[n_pids] = fork();
	if (pids[n_pids] == 0) {
		_exit(driver_main(2, argv, &FAKE));
	}
	n_pids++;
	letters_are("r");
	(void)comes(LOCK_KIND_CHANGE, 'a');
	(void)comes(LOCK_KIND_CHANGE_FIRST, 'F');
	assert_int_equal(write(go[1], "ggg", 3), 3);
	letters_are("Farr");
	assert_int_equal(close(go[0]), 0);
	assert_int_equal(close(go[1]), 0);
}

static void driver_main__lets_an_urgent_request_go_first(void **state)
{
	int fd = take(LOCK_KIND_CHANGE);

	(void)state;
	(void)process_comes(LOCK_KIND_NONE, 0, false, "{}");
	(void)comes(LOCK_KIND_CHANGE, 'a');
	letter_write('*');
	lock_release(fd);
	letters_are("*Ma");
	fd = take(LOCK_KIND_CHANGE);
	(void)comes(LOCK_KIND_CHANGE, 'a');
	(void)process_comes(LOCK_KIND_NONE, 0, false, "{\"urgent\":true}");
	(void)comes(LOCK_KIND_CHANGE, 'b');
	(void)process_comes(LOCK_KIND_NONE, 0, false, "{\"urgent\":false}");
	letter_write('*');
	lock_release(fd);
	letters_are("*MabM");
}

static int setup(void **state)
{
	int fd;

	(void)state;
	(void)strcpy(file, "/tmp/lunmask-lock-XXXXXX");
	fd = mkstemp(file);
	notes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	n_pids = 0;
	return fd >= 0 && close(fd) == 0 && inotify_add_watch(notes, file, IN_MODIFY) >= 0
		       ? pipe(letters)
		       : -1;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_pids; i++) {
		if (waitpid(pids[i], NULL, WNOHANG) == 0) {
			(void)kill(pids[i], SIGKILL);
			(void)waitpid(pids[i], NULL, 0);
		}
	}
	(void)close(notes);
	(void)close(letters[0]);
	(void)close(letters[1]);
	return unlink(file);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lock_take__is_in_the_order_of_arrival),
		TEST(lock_take__lets_readers_in_together),
		TEST(lock_take__lets_no_reader_pass_a_change_that_waits),
		TEST(lock_take__lets_fencing_overtake_what_waits),
		TEST(lock_take__lets_fencing_overtake_what_waits_for_fencing),
		TEST(lock_take__goes_on_when_the_holder_is_killed),
		TEST(lock_take__goes_on_when_one_that_waits_is_killed),
		TEST(lock_take__gives_up_at_the_deadline),
		TEST(lock_take__excludes_a_driver_without_the_queue),
		TEST(lock_take__takes_any_content_of_the_file),
		TEST(driver_main__restores_without_keeping_fencing_out),
		TEST(driver_main__lets_an_urgent_request_go_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
