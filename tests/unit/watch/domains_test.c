/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt is a list of domains here, and QEMU a child of this process. */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "watch/domains.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool refuses; /* open */
	bool fails;   /* look */
	bool hangs;   /* look, until it is false */
	bool there;   /* web1 is */
	bool running;
	int id;
	pid_t qemu;
	int links; /* open ones */
	int looks;
	int refusals;
} fake;

static struct domains *domains;

static int fake_open(struct domains *of, void **ret, struct err *err)
{
	int rc = 0;

	(void)of;
	pthread_mutex_lock(&fake.lock);
	if (fake.refuses) {
		rc = err_set(err, -ECONNREFUSED, "refused");
		fake.refusals++;
	} else {
		fake.links++;
		*ret = &fake;
	}
	pthread_mutex_unlock(&fake.lock);
	return rc;
}

static int fake_look(void *link, struct domain_seen **ret, size_t *ret_n, struct err *err)
{
	int rc = 0;

	assert_ptr_equal(link, &fake);
	*ret = calloc(1, sizeof(**ret));
	assert_non_null(*ret);
	pthread_mutex_lock(&fake.lock);
	(*ret)[0] = (struct domain_seen){.vm = "web1", .id = fake.id, .running = fake.running};
	*ret_n = fake.there ? 1 : 0;
	fake.looks++;
	pthread_cond_broadcast(&fake.changed);
	while (fake.hangs) {
		pthread_cond_wait(&fake.changed, &fake.lock);
	}
	if (fake.fails) {
		free(*ret);
		rc = err_set(err, -EIO, "failed");
	}
	pthread_mutex_unlock(&fake.lock);
	return rc;
}

static void fake_close(void *link)
{
	assert_ptr_equal(link, &fake);
	pthread_mutex_lock(&fake.lock);
	fake.links--;
	pthread_mutex_unlock(&fake.lock);
}

static int fake_process(const char *vm)
{
	pid_t pid;
	int pidfd;

	assert_string_equal(vm, "web1");
	pthread_mutex_lock(&fake.lock);
	pid = fake.qemu;
	pthread_mutex_unlock(&fake.lock);
	pidfd = pid == 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	return pidfd < 0 ? -ESRCH : pidfd;
}

static const struct domains_ops fake_ops = {
	.open = fake_open, .look = fake_look, .close = fake_close, .process = fake_process};

static pid_t qemu_start(void)
{
	pid_t pid = child_fork();

	while (pid == 0) {
		(void)pause();
	}
	return pid;
}

#define FAKE_SET(what)                                                                             \
	do {                                                                                       \
		pthread_mutex_lock(&fake.lock);                                                    \
		what;                                                                              \
		pthread_cond_broadcast(&fake.changed);                                             \
		pthread_mutex_unlock(&fake.lock);                                                  \
	} while (0)

static void answer_wait(enum journal_domain wanted)
{
	wait_until(domains_answer(domains, "web1") == wanted);
}

/* Until a look has begun that is later than this call. */
static void look_wait(void)
{
	int looks;

	pthread_mutex_lock(&fake.lock);
	looks = fake.looks;
	while (fake.looks == looks) {
		pthread_cond_wait(&fake.changed, &fake.lock);
	}
	pthread_mutex_unlock(&fake.lock);
}

/* libvirt says no more than it has said. */
static void look_hangs(void)
{
	FAKE_SET(fake.hangs = true);
	look_wait();
}

static int links(void)
{
	int n;

	pthread_mutex_lock(&fake.lock);
	n = fake.links;
	pthread_mutex_unlock(&fake.lock);
	return n;
}

static int refusals(void)
{
	int n;

	pthread_mutex_lock(&fake.lock);
	n = fake.refusals;
	pthread_mutex_unlock(&fake.lock);
	return n;
}

static bool news_wait(struct err *why)
{
	struct pollfd pollfd = {.fd = domains_fd(domains), .events = POLLIN};
	bool watched = false;

	assert_int_equal(poll(&pollfd, 1, TEST_LIMIT_MS), 1);
	assert_true(domains_news(domains, &watched, why));
	assert_int_equal(poll(&pollfd, 1, 0), 0);
	return watched;
}

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	(void)pthread_mutex_init(&fake.lock, NULL);
	(void)pthread_cond_init(&fake.changed, NULL);
	fake.there = true;
	fake.running = true;
	fake.id = 1;
	fake.qemu = qemu_start();
	assert_int_equal(domains_new(&fake_ops, &domains, NULL), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	FAKE_SET(fake.hangs = false);
	domains_free(domains);
	domains = NULL;
	return undo_all(state) != 0 || links() != 0 ? -1 : 0;
}

static void answer__is_running_after_the_first_look(void **state)
{
	struct err why = ERR_INIT;

	(void)state;
	answer_wait(JOURNAL_DOMAIN_RUNNING);
	assert_int_equal(domains_answer(domains, "web2"), JOURNAL_DOMAIN_ABSENT);
	assert_true(news_wait(&why));
}

static void answer__a_killed_qemu_is_not_running_at_once(void **state)
{
	pid_t before = fake.qemu;
	pid_t after = qemu_start();

	(void)state;
	answer_wait(JOURNAL_DOMAIN_RUNNING);
	look_hangs();
	FAKE_SET(fake.qemu = after);
	child_kill(before);
	assert_int_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_UNKNOWN);
}

/* libvirt still says RUNNING of the same id: there is no process that says so too. */
static void answer__a_killed_qemu_stays_not_running(void **state)
{
	pid_t dead = fake.qemu;

	(void)state;
	answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET(fake.qemu = 0);
	child_kill(dead);
	look_wait();
	look_wait();
	assert_int_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_UNKNOWN);
	FAKE_SET(fake.qemu = qemu_start());
	answer_wait(JOURNAL_DOMAIN_RUNNING);
}

/* The answer of a look counts for a while only; where that has passed, it is tried again. */
static void answer__another_start_is_another_process(void **state)
{
	enum journal_domain answer = JOURNAL_DOMAIN_UNKNOWN;

	(void)state;
	for (int i = 0; answer == JOURNAL_DOMAIN_UNKNOWN && i < 10; i++) {
		pid_t before = fake.qemu;
		pid_t after = qemu_start();

		answer_wait(JOURNAL_DOMAIN_RUNNING);
		FAKE_SET((fake.qemu = after, fake.id++));
		look_wait();
		look_hangs();
		child_kill(before);
		answer = domains_answer(domains, "web1");
		FAKE_SET(fake.hangs = false);
	}
	assert_int_equal(answer, JOURNAL_DOMAIN_RUNNING);
}

static void event__is_followed_by_a_look(void **state)
{
	(void)state;
	answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET(fake.running = false);
	domains_on_event(domains, "web1");
	assert_int_not_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_RUNNING);
	answer_wait(JOURNAL_DOMAIN_OTHER);
	FAKE_SET(fake.there = false);
	domains_on_event(domains, "web1");
	answer_wait(JOURNAL_DOMAIN_ABSENT);
}

static void event__that_was_lost_is_found_by_the_next_look(void **state)
{
	(void)state;
	answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET(fake.running = false);
	answer_wait(JOURNAL_DOMAIN_OTHER);
}

static void event__during_a_look_is_not_undone_by_it(void **state)
{
	enum journal_domain answer;

	(void)state;
	answer_wait(JOURNAL_DOMAIN_RUNNING);
	look_hangs();
	FAKE_SET(fake.running = false);
	domains_on_event(domains, "web1");
	FAKE_SET(fake.hangs = false);
	do {
		answer = domains_answer(domains, "web1");
		assert_int_not_equal(answer, JOURNAL_DOMAIN_RUNNING);
	} while (answer != JOURNAL_DOMAIN_OTHER);
}

static void look__that_hangs_leaves_no_answer_behind(void **state)
{
	(void)state;
	answer_wait(JOURNAL_DOMAIN_RUNNING);
	look_hangs();
	answer_wait(JOURNAL_DOMAIN_UNKNOWN);
	FAKE_SET(fake.hangs = false);
	answer_wait(JOURNAL_DOMAIN_RUNNING);
}

static void connection__that_is_closed_is_opened_again(void **state)
{
	struct err why = ERR_INIT;

	(void)state;
	answer_wait(JOURNAL_DOMAIN_RUNNING);
	assert_true(news_wait(&why));
	FAKE_SET(fake.refuses = true);
	domains_on_event(domains, NULL);
	assert_int_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_UNKNOWN);
	assert_false(news_wait(&why));
	assert_string_equal(err_text(&why), "libvirt's daemon has closed the connection");
	FAKE_SET(fake.refuses = false);
	assert_true(news_wait(&why));
	answer_wait(JOURNAL_DOMAIN_RUNNING);
	assert_int_equal(links(), 1);
}

/* The look that is under way then was answered before. */
static void connection__closed_during_a_look_is_not_known_after_it(void **state)
{
	(void)state;
	answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET((fake.hangs = true, fake.refuses = true));
	look_wait();
	domains_on_event(domains, NULL);
	FAKE_SET(fake.hangs = false);
	/* The next thing that it does is to open a connection. */
	while (refusals() == 0) {
		assert_int_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_UNKNOWN);
	}
	assert_int_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_UNKNOWN);
}

static void look__that_fails_ends_the_connection(void **state)
{
	struct err why = ERR_INIT;

	(void)state;
	assert_true(news_wait(&why));
	FAKE_SET(fake.fails = true);
	assert_false(news_wait(&why));
	assert_string_equal(err_text(&why), "failed");
	assert_int_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_UNKNOWN);
	FAKE_SET(fake.fails = false);
	assert_true(news_wait(&why));
}

static void free__does_not_wait_for_one_that_hangs(void **state)
{
	(void)state;
	look_hangs();
	domains_free(domains);
	domains = NULL;
	assert_int_equal(links(), 1);
	FAKE_SET(fake.hangs = false);
	wait_until(links() == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answer__is_running_after_the_first_look),
		TEST(answer__a_killed_qemu_is_not_running_at_once),
		TEST(answer__a_killed_qemu_stays_not_running),
		TEST(answer__another_start_is_another_process),
		TEST(event__is_followed_by_a_look),
		TEST(event__that_was_lost_is_found_by_the_next_look),
		TEST(event__during_a_look_is_not_undone_by_it),
		TEST(look__that_hangs_leaves_no_answer_behind),
		TEST(connection__that_is_closed_is_opened_again),
		TEST(connection__closed_during_a_look_is_not_known_after_it),
		TEST(look__that_fails_ends_the_connection),
		TEST(free__does_not_wait_for_one_that_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
