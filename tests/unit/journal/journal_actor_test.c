/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/journal_actor.h"

static struct journal_actor self(void)
{
	struct journal_actor ret;

	assert_int_equal(journal_actor_self("node1", &ret, NULL), 0);
	return ret;
}

/* As another process of this node would see this one. */
static struct journal_actor other(void)
{
	struct journal_actor ret = self();

	ret.start_time++;
	ret.pid++;
	return ret;
}

static void journal_actor_self__names_this_process(void **state)
{
	struct journal_actor actor = self();

	(void)state;
	assert_string_equal(actor.node, "node1");
	assert_int_equal(actor.pid, getpid());
	assert_true(actor.start_time > 0);
	assert_int_equal(strlen(actor.boot_id), JOURNAL_BOOT_TEXT - 1);
}

static void journal_actor_gone__a_live_process_is_not(void **state)
{
	struct journal_actor actor = self();
	struct journal_actor me = other();

	(void)state;
	assert_int_equal(journal_actor_gone(&actor, &me), JOURNAL_EVIDENCE_NONE);
	assert_int_equal(journal_actor_gone(&actor, &actor), JOURNAL_EVIDENCE_NONE);
}

static void journal_actor_gone__its_number_may_be_anothers(void **state)
{
	struct journal_actor actor = self();
	struct journal_actor me = other();

	(void)state;
	actor.start_time--;
	assert_int_equal(journal_actor_gone(&actor, &me), JOURNAL_EVIDENCE_DEAD);
}

/* A child that says who it is, and ends. */
static struct journal_actor child(void)
{
	struct journal_actor actor;
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		(void)!journal_actor_self("node1", &actor, NULL);
		(void)!write(ends[1], &actor, sizeof(actor));
		_exit(0);
	}
	assert_int_equal(read(ends[0], &actor, sizeof(actor)), sizeof(actor));
	assert_int_equal(actor.pid, pid);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return actor;
}

/* Not yet waited for, and then. */
static void journal_actor_gone__one_that_ended_is(void **state)
{
	struct journal_actor actor = child();
	struct journal_actor me = self();
	siginfo_t info;

	(void)state;
	assert_int_equal(waitid(P_PID, (id_t)actor.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(journal_actor_gone(&actor, &me), JOURNAL_EVIDENCE_DEAD);
	assert_int_equal(waitpid(actor.pid, NULL, 0), actor.pid);
	assert_int_equal(journal_actor_gone(&actor, &me), JOURNAL_EVIDENCE_DEAD);
}

static void journal_actor_gone__another_boot_is_proof(void **state)
{
	struct journal_actor actor = self();
	struct journal_actor me = other();

	(void)state;
	actor.boot_id[0] = actor.boot_id[0] == '0' ? '1' : '0';
	assert_int_equal(journal_actor_gone(&actor, &me), JOURNAL_EVIDENCE_REBOOT);
}

static void journal_actor_gone__another_node_cannot_be_seen(void **state)
{
	struct journal_actor actor = self();
	struct journal_actor me = other();

	(void)state;
	strcpy(actor.node, "node2");
	actor.pid = INT32_MAX;
	assert_int_equal(journal_actor_gone(&actor, &me), JOURNAL_EVIDENCE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(journal_actor_self__names_this_process),
		cmocka_unit_test(journal_actor_gone__a_live_process_is_not),
		cmocka_unit_test(journal_actor_gone__its_number_may_be_anothers),
		cmocka_unit_test(journal_actor_gone__one_that_ended_is),
		cmocka_unit_test(journal_actor_gone__another_boot_is_proof),
		cmocka_unit_test(journal_actor_gone__another_node_cannot_be_seen),
	};

	return cmocka_run_group_tests_name("journal_actor", tests, NULL, NULL);
}
