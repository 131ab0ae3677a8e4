/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt is a list of domains here, and QEMU a child of this process. */
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

#define SOON_MS 5000 /* more than anything here takes on a machine that is busy */

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
} fake;

static struct domains *domains;

static int fake_open(struct domains *of, void **ret, struct err *err)
{
	int rc = 0;

	(void)of;
	pthread_mutex_lock(&fake.lock);
	if (fake.refuses) {
		rc = err_set(err, -ECONNREFUSED, "refused");
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
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		while (true) {
			(void)pause();
		}
	}
	return pid;
}

static void qemu_kill(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#define FAKE_SET(what)                                                                             \
	do {                                                                                       \
		pthread_mutex_lock(&fake.lock);                                                    \
		what;                                                                              \
		pthread_cond_broadcast(&fake.changed);                                             \
		pthread_mutex_unlock(&fake.lock);                                                  \
	} while (0)

/* In how many ms it was so; fails when it is not soon. */
static int64_t answer_wait(enum journal_domain wanted)
{
	int64_t began_ms = deadline_now_ms();
	struct deadline soon = deadline_in(SOON_MS);

	while (domains_answer(domains, "web1") != wanted) {
		assert_false(deadline_passed(soon));
		(void)poll(NULL, 0, 1);
	}
	return deadline_now_ms() - began_ms;
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

static int links(void)
{
	int n;

	pthread_mutex_lock(&fake.lock);
	n = fake.links;
	pthread_mutex_unlock(&fake.lock);
	return n;
}

static bool news_wait(struct err *why)
{
	struct pollfd pollfd = {.fd = domains_fd(domains), .events = POLLIN};
	bool watched = false;

	assert_int_equal(poll(&pollfd, 1, SOON_MS), 1);
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
	assert_int_equal(links(), 0);
	qemu_kill(fake.qemu);
	return 0;
}

static void answer__is_running_after_the_first_look(void **state)
{
	struct err why = ERR_INIT;

	(void)state;
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
	assert_int_equal(domains_answer(domains, "web2"), JOURNAL_DOMAIN_ABSENT);
	assert_true(news_wait(&why));
}

static void answer__a_killed_qemu_is_not_running_at_once(void **state)
{
	pid_t before = fake.qemu;
	pid_t after = qemu_start();

	(void)state;
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET(fake.qemu = after);
	FAKE_SET(fake.hangs = true);
	qemu_kill(before);
	assert_int_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_UNKNOWN);
}

/* libvirt still says RUNNING of the same id: there is no process that says so too. */
static void answer__a_killed_qemu_stays_not_running(void **state)
{
	pid_t dead = fake.qemu;

	(void)state;
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET(fake.qemu = 0);
	qemu_kill(dead);
	look_wait();
	look_wait();
	assert_int_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_UNKNOWN);
	FAKE_SET(fake.qemu = qemu_start());
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
}

static void answer__another_start_is_another_process(void **state)
{
	pid_t before = fake.qemu;

	(void)state;
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET((fake.qemu = qemu_start(), fake.id = 2));
	look_wait();
	look_wait();
	qemu_kill(before);
	assert_int_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_RUNNING);
}

static void event__is_followed_by_a_look(void **state)
{
	(void)state;
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET(fake.running = false);
	domains_on_event(domains, "web1");
	assert_int_not_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_RUNNING);
	assert_true(answer_wait(JOURNAL_DOMAIN_OTHER) < 500);
	FAKE_SET(fake.there = false);
	domains_on_event(domains, "web1");
	assert_true(answer_wait(JOURNAL_DOMAIN_ABSENT) < 500);
}

static void event__that_was_lost_is_found_by_the_next_look(void **state)
{
	(void)state;
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET(fake.running = false);
	(void)answer_wait(JOURNAL_DOMAIN_OTHER);
}

static void event__during_a_look_is_not_undone_by_it(void **state)
{
	enum journal_domain answer;

	(void)state;
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET(fake.hangs = true);
	look_wait();
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
	int64_t took_ms;

	(void)state;
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET(fake.hangs = true);
	took_ms = answer_wait(JOURNAL_DOMAIN_UNKNOWN);
	assert_true(took_ms > 1000 && took_ms <= DOMAINS_VALID_MS + 200);
	FAKE_SET(fake.hangs = false);
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
}

static void connection__that_is_closed_is_opened_again(void **state)
{
	struct err why = ERR_INIT;

	(void)state;
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
	assert_true(news_wait(&why));
	FAKE_SET(fake.refuses = true);
	domains_on_event(domains, NULL);
	assert_int_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_UNKNOWN);
	assert_false(news_wait(&why));
	assert_string_equal(err_text(&why), "libvirtd has closed the connection");
	FAKE_SET(fake.refuses = false);
	assert_true(news_wait(&why));
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
	assert_int_equal(links(), 1);
}

/* The look that is under way then was answered before. */
static void connection__closed_during_a_look_is_not_known_after_it(void **state)
{
	(void)state;
	(void)answer_wait(JOURNAL_DOMAIN_RUNNING);
	FAKE_SET((fake.hangs = true, fake.refuses = true));
	look_wait();
	domains_on_event(domains, NULL);
	FAKE_SET(fake.hangs = false);
	for (int64_t end_ms = deadline_now_ms() + 300; deadline_now_ms() < end_ms;) {
		assert_int_equal(domains_answer(domains, "web1"), JOURNAL_DOMAIN_UNKNOWN);
	}
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
	int64_t began_ms = deadline_now_ms();

	(void)state;
	FAKE_SET(fake.hangs = true);
	look_wait();
	domains_free(domains);
	assert_true(deadline_now_ms() - began_ms < SOON_MS);
	assert_int_equal(links(), 1);
	FAKE_SET(fake.hangs = false);
	while (links() > 0) {
		(void)poll(NULL, 0, 1);
	}
	domains = NULL;
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
