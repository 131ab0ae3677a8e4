/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "journal/journal_actor.h"
#include "tidy/tidy.h"

/* The journal, as node1 reads it. */
static struct journal_task tasks[8];
static size_t n_tasks;
static struct journal_release releases[4];
static size_t n_releases;
static struct journal_actor self;
static struct tidy tidy;
static unsigned int added;
static unsigned int gone;

static int setup(void **state)
{
	(void)state;
	memset(tasks, 0, sizeof(tasks));
	memset(releases, 0, sizeof(releases));
	n_tasks = n_releases = 0;
	added = gone = 0;
	return journal_actor_self("node1", &self, NULL);
}

static int teardown(void **state)
{
	(void)state;
	tidy_release(&tidy);
	return 0;
}

static struct journal_task *task_add(const char *vm, enum journal_kind kind,
				     enum journal_state state, const char *source,
				     const char *target)
{
	struct journal_task *task = &tasks[n_tasks++];

	task->uuid.bytes[0] = (uint8_t)n_tasks;
	task->revision = 1;
	task->kind = kind;
	task->state = state;
	strcpy(task->vm, vm);
	strcpy(task->source, source);
	strcpy(task->target, target);
	return task;
}

static void release_add(const char *vm, const char *node, uint64_t revision)
{
	struct journal_release *release = &releases[n_releases++];

	strcpy(release->vm, vm);
	strcpy(release->node, node);
	release->revision = revision;
}

static void on_changed(void *user, const struct tidy_want *want, bool is_gone)
{
	(void)user;
	(void)want;
	added += is_gone ? 0 : 1;
	gone += is_gone ? 1 : 0;
}

static void update(int64_t now_ms)
{
	size_t n;
	g_autofree struct tidy_want *wants =
		tidy_wants(tasks, n_tasks, releases, n_releases, &self, &n);

	tidy_update(&tidy, wants, n, now_ms, on_changed, NULL);
}

static void wants_are(const char *wanted)
{
	static const char *const names[] = {
		[TIDY_RELEASED] = "released", [TIDY_LEFT] = "left", [TIDY_ENDED] = "ended"};
	g_autoptr(GString) text = g_string_new(NULL);
	size_t n;
	g_autofree struct tidy_want *wants =
		tidy_wants(tasks, n_tasks, releases, n_releases, &self, &n);

	for (size_t i = 0; i < n; i++) {
		g_string_append_printf(text, "%s%s:%s", i > 0 ? " " : "", wants[i].vm,
				       names[wants[i].reason]);
	}
	assert_string_equal(text->str, wanted);
}

static void tidy_wants__has_this_hosts_releases(void **state)
{
	(void)state;
	release_add("web1", "node1", 5);
	release_add("web2", "node2", 6);
	wants_are("web1:released");
	/* One look is enough for both reasons. */
	task_add("web1", JOURNAL_STOP, JOURNAL_DONE, "node1", "");
	wants_are("web1:released");
}

static void tidy_wants__has_what_no_task_explains(void **state)
{
	static const struct {
		enum journal_kind kind;
		enum journal_state state;
		const char *source;
		const char *target;
		const char *wanted;
	} rows[] = {
		{JOURNAL_START, JOURNAL_DONE, "", "node1", ""},
		{JOURNAL_MIGRATE, JOURNAL_DONE, "node2", "node1", ""},
		{JOURNAL_START, JOURNAL_RUNNING, "", "node1", ""},
		{JOURNAL_MIGRATE, JOURNAL_WAITING, "node1", "node2", ""},
		{JOURNAL_START, JOURNAL_BROKEN, "", "node1", ""},
		{JOURNAL_START, JOURNAL_DONE, "", "node2", ""},
		{JOURNAL_START, JOURNAL_FAILED, "", "node1", "web1:ended"},
		{JOURNAL_STOP, JOURNAL_DONE, "node1", "", "web1:ended"},
		{JOURNAL_MIGRATE, JOURNAL_DONE, "node1", "node2", "web1:ended"},
		{JOURNAL_MIGRATE, JOURNAL_FAILED, "node2", "node1", "web1:ended"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		n_tasks = 0;
		task_add("web1", rows[i].kind, rows[i].state, rows[i].source, rows[i].target);
		wants_are(rows[i].wanted);
	}
}

/* Nor does a reconcile hide the task before it, or what the VM does elsewhere meanwhile. */
static void tidy_wants__the_last_task_here_counts_until_the_vm_is_back(void **state)
{
	(void)state;
	task_add("web1", JOURNAL_STOP, JOURNAL_DONE, "node1", "");
	task_add("web2", JOURNAL_STOP, JOURNAL_DONE, "node1", "");
	task_add("web1", JOURNAL_RECONCILE, JOURNAL_DONE, "node1", "");
	wants_are("web1:ended web2:ended");
	task_add("web1", JOURNAL_START, JOURNAL_DONE, "", "node2");
	wants_are("web1:ended web2:ended");
	task_add("web1", JOURNAL_MIGRATE, JOURNAL_RUNNING, "node2", "node1");
	wants_are("web2:ended");
	tasks[n_tasks - 1].state = JOURNAL_DONE;
	wants_are("web2:ended");
	task_add("web1", JOURNAL_START, JOURNAL_DONE, "", "node2");
	wants_are("web2:ended web1:ended");
}

static void tidy_wants__has_the_reconcile_of_a_dead_process(void **state)
{
	struct journal_task *task =
		task_add("web1", JOURNAL_RECONCILE, JOURNAL_RUNNING, "node2", "");

	(void)state;
	task->actor = self;
	wants_are("");
	assert_true(tidy_reconciling(tasks, n_tasks, "node1"));
	assert_false(tidy_reconciling(tasks, n_tasks, "node2"));
	task->actor.start_time--;
	wants_are("web1:left");
	strcpy(task->actor.boot_id, "an earlier one");
	wants_are("web1:left");
	strcpy(task->actor.node, "node2");
	wants_are("");
}

/* When it is due after the try at now_ms; it is tried then. */
static int64_t pause_s(int64_t *now_ms)
{
	int64_t next_ms = tidy_next_ms(&tidy);
	const char *vms[1];
	int64_t pause_ms = next_ms - *now_ms;

	assert_int_equal(tidy_due(&tidy, next_ms - 1, vms, 1), 0);
	assert_int_equal(tidy_due(&tidy, next_ms, vms, 1), 1);
	*now_ms = next_ms;
	tidy_tried(&tidy, vms, 1, next_ms);
	return pause_ms / 1000;
}

static void tidy__tries_a_release_more_and_more_seldom_and_for_ever(void **state)
{
	static const int pauses[] = {1, 5, 10, 20, 40, 80, 160, 300, 300, 300};
	int64_t now_ms = 1000;

	(void)state;
	assert_int_equal(tidy_next_ms(&tidy), INT64_MAX);
	release_add("web1", "node1", 5);
	update(now_ms);
	for (size_t i = 0; i < G_N_ELEMENTS(pauses); i++) {
		update(now_ms);
		assert_int_equal(pause_s(&now_ms), pauses[i]);
	}
	/* Released once more. */
	releases[0].revision = 9;
	update(now_ms);
	assert_int_equal(pause_s(&now_ms), 1);
	n_releases = 0;
	update(now_ms);
	assert_int_equal(tidy_next_ms(&tidy), INT64_MAX);
	assert_int_equal(added, 2);
	assert_int_equal(gone, 2);
}

static void tidy__looks_after_an_ended_task_for_two_hours(void **state)
{
	int64_t now_ms = 0;

	(void)state;
	task_add("web1", JOURNAL_STOP, JOURNAL_DONE, "node1", "");
	update(now_ms);
	assert_int_equal(pause_s(&now_ms), 60);
	assert_int_equal(pause_s(&now_ms), 300);
	assert_int_equal(pause_s(&now_ms), 1800);
	assert_int_equal(pause_s(&now_ms), 7200);
	assert_int_equal(tidy_next_ms(&tidy), INT64_MAX);
}

static void tidy__has_each_vm_once_in_a_round(void **state)
{
	const char *vms[4];

	(void)state;
	release_add("web1", "node1", 5);
	release_add("web2", "node1", 6);
	task_add("web1", JOURNAL_RECONCILE, JOURNAL_RUNNING, "node1", "")->actor =
		(struct journal_actor){.node = "node1", .boot_id = "earlier", .pid = 1};
	update(0);
	assert_int_equal(tidy.n, 3);
	assert_int_equal(tidy_due(&tidy, 1000, vms, 4), 2);
	assert_int_equal(tidy_due(&tidy, 1000, vms, 1), 1);
	assert_string_equal(vms[0], "web1");
	tidy_tried(&tidy, vms, 1, 1000);
	assert_int_equal(tidy_due(&tidy, 1000, vms, 4), 1);
	assert_string_equal(vms[0], "web2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tidy_wants__has_this_hosts_releases),
		TEST(tidy_wants__has_what_no_task_explains),
		TEST(tidy_wants__the_last_task_here_counts_until_the_vm_is_back),
		TEST(tidy_wants__has_the_reconcile_of_a_dead_process),
		TEST(tidy__tries_a_release_more_and_more_seldom_and_for_ever),
		TEST(tidy__looks_after_an_ended_task_for_two_hours),
		TEST(tidy__has_each_vm_once_in_a_round),
	};

	return cmocka_run_group_tests_name("tidy", tests, NULL, NULL);
}
