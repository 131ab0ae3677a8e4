/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pidfds are only numbers here. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/domains_table.h"

static struct domains_table table;
static uint64_t mark;

static int set_up(void **state)
{
	(void)state;
	table = (struct domains_table){0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	domains_table_forget(&table);
	free(table.entries);
	return 0;
}

static struct domain_seen seen(const char *vm, int id, bool running)
{
	struct domain_seen seen = {.id = id, .running = running, .pidfd = running ? 100 + id : -1};

	(void)snprintf(seen.vm, sizeof(seen.vm), "%s", vm);
	return seen;
}

static void look_begins(void)
{
	mark = domains_table_mark(&table);
}

static void look_ends(const struct domain_seen *all, size_t n, int64_t asked_ms)
{
	struct domain_entry *entries = calloc(n + 1, sizeof(*entries));
	struct domain_entry *old;
	size_t n_old;

	assert_non_null(entries);
	for (size_t i = 0; i < n; i++) {
		entries[i].seen = all[i];
	}
	domains_table_set(&table, entries, n, mark, asked_ms, &old, &n_old);
	free(old);
}

static void look_one(const char *vm, int id, bool running, int64_t asked_ms)
{
	struct domain_seen one = seen(vm, id, running);

	look_begins();
	look_ends(&one, 1, asked_ms);
}

static enum journal_domain answer(const char *vm, int64_t now_ms)
{
	int pidfd;

	return domains_table_answer(&table, vm, now_ms, &pidfd);
}

static void answer__is_unknown_before_the_first_look(void **state)
{
	(void)state;
	assert_int_equal(answer("web1", 0), JOURNAL_DOMAIN_UNKNOWN);
}

static void answer__is_what_the_look_saw(void **state)
{
	const struct domain_seen all[] = {seen("web2", 2, true), seen("web1", 1, true),
					  seen("db", 3, false)};
	int pidfd;

	(void)state;
	look_begins();
	look_ends(all, 3, 0);
	assert_int_equal(domains_table_answer(&table, "web1", 1, &pidfd), JOURNAL_DOMAIN_RUNNING);
	assert_int_equal(pidfd, 101);
	assert_int_equal(domains_table_answer(&table, "web2", 1, &pidfd), JOURNAL_DOMAIN_RUNNING);
	assert_int_equal(pidfd, 102);
	assert_int_equal(domains_table_answer(&table, "db", 1, &pidfd), JOURNAL_DOMAIN_OTHER);
	assert_int_equal(pidfd, -1);
	assert_int_equal(answer("web", 1), JOURNAL_DOMAIN_ABSENT);
}

static void answer__is_unknown_when_the_look_is_too_old(void **state)
{
	(void)state;
	look_one("web1", 1, true, 1000);
	assert_int_equal(answer("web1", 1000 + DOMAINS_VALID_MS), JOURNAL_DOMAIN_RUNNING);
	assert_int_equal(answer("web1", 1001 + DOMAINS_VALID_MS), JOURNAL_DOMAIN_UNKNOWN);
	assert_int_equal(answer("web2", 1001 + DOMAINS_VALID_MS), JOURNAL_DOMAIN_UNKNOWN);
}

static void answer__is_unknown_without_a_process(void **state)
{
	struct domain_seen one = seen("web1", 1, true);

	(void)state;
	one.pidfd = -1;
	look_begins();
	look_ends(&one, 1, 0);
	assert_int_equal(answer("web1", 0), JOURNAL_DOMAIN_UNKNOWN);
}

static void forget__leaves_nothing_known_until_the_next_look(void **state)
{
	(void)state;
	look_one("web1", 1, true, 0);
	domains_table_forget(&table);
	assert_int_equal(answer("web1", 0), JOURNAL_DOMAIN_UNKNOWN);
	assert_int_equal(answer("web2", 0), JOURNAL_DOMAIN_UNKNOWN);
	look_one("web1", 1, true, 1);
	assert_int_equal(answer("web1", 1), JOURNAL_DOMAIN_RUNNING);
}

static void event__is_of_one_domain_until_the_next_look(void **state)
{
	const struct domain_seen all[] = {seen("web1", 1, true), seen("web2", 2, true)};

	(void)state;
	look_begins();
	look_ends(all, 2, 0);
	domains_table_event(&table, "web1", false);
	assert_int_equal(answer("web1", 0), JOURNAL_DOMAIN_UNKNOWN);
	assert_int_equal(answer("web2", 0), JOURNAL_DOMAIN_RUNNING);
	look_begins();
	look_ends(all, 2, 1);
	assert_int_equal(answer("web1", 1), JOURNAL_DOMAIN_RUNNING);
}

/* What the look saw may have been before the event. */
static void event__outlives_a_look_that_began_before_it(void **state)
{
	const struct domain_seen one = seen("web1", 1, true);

	(void)state;
	look_one("web1", 1, true, 0);
	look_begins();
	domains_table_event(&table, "web1", false);
	look_ends(&one, 1, 1);
	assert_int_equal(answer("web1", 1), JOURNAL_DOMAIN_UNKNOWN);
	look_one("web1", 1, true, 2);
	assert_int_equal(answer("web1", 2), JOURNAL_DOMAIN_RUNNING);
}

static void event__of_a_domain_nobody_knew_outlives_it_too(void **state)
{
	const struct domain_seen one = seen("web1", 1, true);

	(void)state;
	look_begins();
	domains_table_event(&table, "web1", false);
	look_ends(&one, 1, 0);
	assert_int_equal(answer("web1", 0), JOURNAL_DOMAIN_UNKNOWN);
	assert_int_equal(answer("web2", 0), JOURNAL_DOMAIN_UNKNOWN);
	look_one("web1", 1, true, 1);
	assert_int_equal(answer("web1", 1), JOURNAL_DOMAIN_RUNNING);
	assert_int_equal(answer("web2", 1), JOURNAL_DOMAIN_ABSENT);
}

static void event__of_one_that_went_meanwhile_is_not_absence(void **state)
{
	(void)state;
	look_one("web1", 1, true, 0);
	look_begins();
	domains_table_event(&table, "web1", false);
	look_ends(NULL, 0, 1);
	assert_int_equal(answer("web1", 1), JOURNAL_DOMAIN_UNKNOWN);
	look_begins();
	look_ends(NULL, 0, 2);
	assert_int_equal(answer("web1", 2), JOURNAL_DOMAIN_ABSENT);
}

static void pidfd__is_of_one_start_only(void **state)
{
	(void)state;
	look_one("web1", 1, true, 0);
	assert_int_equal(domains_table_pidfd(&table, "web1", 1), 101);
	assert_int_equal(domains_table_pidfd(&table, "web1", 2), -1);
	assert_int_equal(domains_table_pidfd(&table, "web2", 1), -1);
	domains_table_forget(&table);
	assert_int_equal(domains_table_pidfd(&table, "web1", 1), 101);
}

/* What libvirt says of the end of a domain on the source of a migration. */
static void departure__is_remembered_until_the_next_event(void **state)
{
	(void)state;
	look_one("web1", 1, true, 0);
	domains_table_event(&table, "web1", true);
	look_begins();
	look_ends(NULL, 0, 1);
	assert_int_equal(answer("web1", 1), JOURNAL_DOMAIN_DEPARTED);
	assert_int_equal(answer("web2", 1), JOURNAL_DOMAIN_ABSENT);
	assert_int_equal(answer("web1", 1 + DOMAINS_VALID_MS + 1), JOURNAL_DOMAIN_UNKNOWN);
	/* It is back, and ends in another way. */
	domains_table_event(&table, "web1", false);
	look_begins();
	look_ends(NULL, 0, 2);
	assert_int_equal(answer("web1", 2), JOURNAL_DOMAIN_ABSENT);
}

/* It may have come back meanwhile. */
static void departure__is_forgotten_with_the_connection(void **state)
{
	(void)state;
	look_one("web1", 1, true, 0);
	domains_table_event(&table, "web1", true);
	domains_table_forget(&table);
	look_begins();
	look_ends(NULL, 0, 1);
	assert_int_equal(answer("web1", 1), JOURNAL_DOMAIN_ABSENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answer__is_unknown_before_the_first_look),
		TEST(answer__is_what_the_look_saw),
		TEST(answer__is_unknown_when_the_look_is_too_old),
		TEST(answer__is_unknown_without_a_process),
		TEST(forget__leaves_nothing_known_until_the_next_look),
		TEST(event__is_of_one_domain_until_the_next_look),
		TEST(event__outlives_a_look_that_began_before_it),
		TEST(event__of_a_domain_nobody_knew_outlives_it_too),
		TEST(event__of_one_that_went_meanwhile_is_not_absence),
		TEST(departure__is_remembered_until_the_next_event),
		TEST(departure__is_forgotten_with_the_connection),
		TEST(pidfd__is_of_one_start_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
