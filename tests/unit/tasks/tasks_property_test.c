/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tasks_make.h"

/*
 * Random operations of three actors, some sensible, some late, some nonsense. What must hold is
 * looked for after each; a second table, loaded from the first one's snapshot, follows it.
 */
#define SEEDS 20
#define STEPS 2000
#define SNAPSHOT_EVERY 50
#define VMS 3
#define TASKS_RECENT 5

static uint32_t dice_state;

/* xorshift: the same on every host. */
static uint32_t dice(uint32_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 17;
	dice_state ^= dice_state << 5;
	return dice_state % sides;
}

static const struct journal_actor *any_actor(void)
{
	static const struct journal_actor *const actors[] = {&first, &second, &elsewhere};

	return actors[dice(3)];
}

static unsigned int begun; /* number of the last uuid */

/* Mostly of the latest tasks of the table. */
static unsigned int any_number(void)
{
	size_t count = tasks_count(tasks);
	unsigned int number;

	if (count == 0 || dice(8) == 0) {
		return 1 + dice(begun + 1);
	}
	number = dice(count < TASKS_RECENT ? (uint32_t)count : TASKS_RECENT);
	memcpy(&number, tasks_at(tasks, count - 1 - number)->uuid.bytes, sizeof(number));
	return number;
}

static void any_vm(char ret[VM_NAME_MAX + 1])
{
	snprintf(ret, VM_NAME_MAX + 1, "vm%u", dice(VMS));
}

/* More often than not the one that fits, so that something is done. */
static enum journal_evidence any_evidence(const struct journal_actor *gone,
					  const struct journal_actor *by)
{
	if (dice(3) == 0) {
		return (enum journal_evidence)dice(JOURNAL_EVIDENCE_MAX);
	}
	return strcmp(gone->node, by->node) == 0 ? JOURNAL_EVIDENCE_DEAD : JOURNAL_EVIDENCE_FENCED;
}

static void any_replaces(struct journal_op *op)
{
	const struct journal_task *open = tasks_find_vm(tasks, op->task.vm);

	if (open == NULL || dice(3) == 0) {
		return;
	}
	op->replaces.uuid = open->uuid;
	op->replaces.revision = open->revision - (dice(8) == 0);
	op->replaces.state = dice(2) == 0 ? JOURNAL_DONE : JOURNAL_FAILED;
	if (open->state == JOURNAL_RUNNING) {
		op->evidence = any_evidence(&open->actor, &op->task.actor);
	}
}

static struct journal_op any_begin(void)
{
	const struct journal_actor *actor = any_actor();
	enum journal_kind kind = (enum journal_kind)(1 + dice(JOURNAL_KIND_MAX - 1));
	unsigned int number = dice(8) == 0 ? any_number() : ++begun;
	struct journal_op op = begin(number, "", kind, actor);

	any_vm(op.task.vm);
	any_replaces(&op);
	return op;
}

static struct journal_op any_advance(void)
{
	static const char *const steps[] = {"look", "grant", "move"};
	const struct journal_actor *actor = any_actor();
	enum journal_state to = (enum journal_state)(1 + dice(JOURNAL_STATE_MAX - 1));
	const char *step = steps[dice(3)];
	unsigned int number = any_number();
	struct journal_op op;

	if (task(number) == NULL) {
		op = begin(number, "vm0", JOURNAL_START, actor);
		op.kind = JOURNAL_OP_ADVANCE;
		op.task.revision = 1;
		return op;
	}
	if (task(number)->actor.node[0] != '\0' && dice(2) == 0) {
		actor = &task(number)->actor;
	}
	op = advance(number, actor, step, dice(2) == 0 ? JOURNAL_RUNNING : to);
	op.task.revision += dice(6) == 0 ? dice(3) - 1u : 0;
	if (dice(3) == 0) {
		op.kind = JOURNAL_OP_TAKEOVER;
		op.evidence = any_evidence(&task(number)->actor, &op.task.actor);
	}
	return op;
}

static struct journal_op any_release(void)
{
	static const enum journal_op_kind kinds[] = {JOURNAL_OP_RELEASE, JOURNAL_OP_GRANT,
						     JOURNAL_OP_REVOKED, JOURNAL_OP_REVOKED};
	enum journal_op_kind kind = kinds[dice(4)];
	struct journal_op op = release(kind, "", any_actor()->node);

	any_vm(op.release.vm);
	op.release.revision = dice(4) == 0 ? entry : 0;
	return op;
}

static struct journal_op any_op(void)
{
	switch (dice(8)) {
	case 0:
	case 1:
	case 2: return any_begin();
	case 3: return any_release();
	default: return any_advance();
	}
}

struct world {
	struct tasks *follower;
	struct journal_task before[VMS * (TASKS_ENDED_PER_VM + 1)];
	size_t n_before;
};

/* How often an operation ended so, over all seeds. */
static unsigned int seen[JOURNAL_OP_KIND_MAX][200];

static void assert_seen(enum journal_op_kind kind, int rc)
{
	if (seen[kind][-rc] == 0) {
		fail_msg("no operation %d ever ended with %d: the test tries too little", kind, rc);
	}
}

static void assert_seen_enough(void)
{
	static const int begins[] = {0, -EBUSY, -ESTALE, -EEXIST, -EINVAL};
	static const int advances[] = {0, -EBUSY, -ESTALE, -EEXIST, -ENOENT};
	static const int takeovers[] = {0, -EINVAL, -ESTALE, -EEXIST};

	for (size_t i = 0; i < 5; i++) {
		assert_seen(JOURNAL_OP_BEGIN, begins[i]);
		assert_seen(JOURNAL_OP_ADVANCE, advances[i]);
	}
	for (size_t i = 0; i < 4; i++) {
		assert_seen(JOURNAL_OP_TAKEOVER, takeovers[i]);
	}
	assert_seen(JOURNAL_OP_RELEASE, 0);
	assert_seen(JOURNAL_OP_GRANT, 0);
	assert_seen(JOURNAL_OP_REVOKED, 0);
	assert_seen(JOURNAL_OP_REVOKED, -ENOENT);
	assert_seen(JOURNAL_OP_REVOKED, -ESTALE);
}

static void remember(struct world *world)
{
	world->n_before = tasks_count(tasks);
	assert_in_range(world->n_before, 0, G_N_ELEMENTS(world->before));
	for (size_t i = 0; i < world->n_before; i++) {
		world->before[i] = *tasks_at(tasks, i);
	}
}

static void assert_one_open_task_a_vm(void)
{
	size_t open[VMS] = {0};

	for (size_t i = 0; i < tasks_count(tasks); i++) {
		const struct journal_task *at = tasks_at(tasks, i);
		unsigned int vm = (unsigned int)(at->vm[2] - '0');

		if (journal_state_open(at->state)) {
			open[vm]++;
			assert_ptr_equal(tasks_find_vm(tasks, at->vm), at);
		}
		assert_ptr_equal(tasks_find(tasks, &at->uuid), at);
		assert_int_equal(at->state == JOURNAL_RUNNING, at->actor.node[0] != '\0');
	}
	for (size_t i = 0; i < VMS; i++) {
		assert_in_range(open[i], 0, 1);
	}
}

/* Who was there is as it was, or is one revision further, or had ended and is gone. */
static void assert_lawful_change(const struct world *world, const struct outcome *outcome)
{
	for (size_t i = 0; i < world->n_before; i++) {
		const struct journal_task *was = &world->before[i];
		const struct journal_task *is = tasks_find(tasks, &was->uuid);

		if (is == NULL) {
			assert_int_equal(outcome->status, 0);
			assert_false(journal_state_open(was->state));
		} else if (memcmp(is, was, sizeof(*is)) != 0) {
			assert_int_equal(outcome->status, 0);
			assert_true(journal_state_open(was->state));
			assert_int_equal(is->revision, was->revision + 1);
			assert_string_equal(is->vm, was->vm);
			assert_int_equal(is->kind, was->kind);
			assert_in_range(is->tries, was->tries, was->tries + 1);
		}
	}
	if (outcome->status != 0) {
		assert_int_equal(tasks_count(tasks), world->n_before);
	}
}

static void follower_load(struct world *world)
{
	uint8_t *data, *again;
	size_t bytes, bytes_again;

	assert_int_equal(tasks_machine_ops.save(tasks, &data, &bytes), 0);
	assert_int_equal(tasks_machine_ops.save(world->follower, &again, &bytes_again), 0);
	assert_int_equal(bytes, bytes_again);
	assert_memory_equal(data, again, bytes);
	assert_int_equal(tasks_machine_ops.load(world->follower, data, bytes), 0);
	free(data);
	free(again);
}

static void step(struct world *world)
{
	uint8_t data[JOURNAL_RECORD_BYTES_MAX];
	struct journal_op op = any_op();
	struct outcome outcome, followed;
	size_t bytes = journal_op_encode(&op, data);

	remember(world);
	entry++;
	tasks_machine_ops.apply(tasks, entry, data, bytes, &outcome);
	tasks_machine_ops.apply(world->follower, entry, data, bytes, &followed);
	assert_int_equal(outcome.status, followed.status);
	assert_int_equal(outcome.revision, followed.revision);
	assert_one_open_task_a_vm();
	assert_lawful_change(world, &outcome);
	seen[op.kind][-outcome.status]++;
}

static void any_operations__keep_the_rules(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		struct world world = {.follower = tasks_new()};

		print_message("seed %u\n", seed);
		dice_state = seed * 2654435761u;
		begun = 0;
		assert_int_equal(tasks_machine_ops.load(tasks, NULL, 0), 0);
		for (unsigned int i = 0; i < STEPS; i++) {
			step(&world);
			if (i % SNAPSHOT_EVERY == 0) {
				follower_load(&world);
			}
		}
		tasks_free(world.follower);
	}
	assert_seen_enough();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_operations__keep_the_rules, table_new,
						table_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
