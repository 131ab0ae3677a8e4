/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/rules/task_world.h"

#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <string.h>

static void story_add(struct world *world, char what, int i)
{
	size_t length = strlen(world->story);

	assert_true(length + 3 < sizeof(world->story));
	world->story[length] = what;
	world->story[length + 1] = (char)('0' + i);
	world->story[length + 2] = ' ';
	world->story[length + 3] = '\0';
}

static int world_probe(struct world *world, int i, struct err *err)
{
	int rc = world->probe_rc[i];

	story_add(world, 'p', i);
	if (rc != 0 && world->probe_from[i] > 0) {
		world->probe_from[i]--;
	} else if (rc != 0) {
		if (world->probe_failures[i] > 0 && --world->probe_failures[i] == 0) {
			world->probe_rc[i] = 0;
		}
		return err_set(err, rc, "cannot see %d", i);
	}
	return world->on[i] ? TASK_DONE : TASK_NOT_DONE;
}

static int world_run(struct world *world, int i, struct err *err)
{
	story_add(world, 'r', i);
	if (world->run_failures[i] > 0) {
		world->run_failures[i]--;
		world->on[i] = world->effect_despite_rc[i];
		return err_set(err, world->run_rc[i], "fault in %d", i);
	}
	world->on[i] = !world->no_effect[i];
	return 0;
}

static int world_undo(struct world *world, int i, struct err *err)
{
	story_add(world, 'u', i);
	if (world->undo_rc[i] != 0) {
		return err_set(err, world->undo_rc[i], "cannot undo %d", i);
	}
	world->on[i] = false;
	return 0;
}

#define STEP_FUNCTIONS(i)                                                                          \
	static int probe##i(void *context, struct deadline deadline, struct err *err)              \
	{                                                                                          \
		(void)deadline;                                                                    \
		return world_probe(context, i, err);                                               \
	}                                                                                          \
	static int run##i(void *context, struct deadline deadline, struct err *err)                \
	{                                                                                          \
		(void)deadline;                                                                    \
		return world_run(context, i, err);                                                 \
	}                                                                                          \
	static int undo##i(void *context, struct deadline deadline, struct err *err)               \
	{                                                                                          \
		(void)deadline;                                                                    \
		return world_undo(context, i, err);                                                \
	}
STEP_FUNCTIONS(0)
STEP_FUNCTIONS(1)
STEP_FUNCTIONS(2)

#define STEP_ROW(i, text)                                                                          \
	{                                                                                          \
		.name = text, .probe = probe##i, .run = run##i, .undo = undo##i,                   \
		.timeout_ms = TEST_LIMIT_MS, .tries = 3, .retry_ms = 0,                            \
	}

const struct task_step world_rows[WORLD_ROWS] = {STEP_ROW(0, "a"), STEP_ROW(1, "b"),
						 STEP_ROW(2, "c")};

int world_gate(void *context, struct deadline deadline, struct err *err)
{
	const struct world *world = context;

	(void)deadline;
	return world->no_quorum ? err_set(err, -EPERM, "no quorum") : 0;
}

void world_observe(void *observer, const struct task_event *event)
{
	struct world *world = observer;

	strncat(world->events, event->step, sizeof(world->events) - strlen(world->events) - 1);
	strncat(world->events, "=", sizeof(world->events) - strlen(world->events) - 1);
	strncat(world->events, task_event_kind_to_str(event->kind),
		sizeof(world->events) - strlen(world->events) - 1);
	strncat(world->events, ";", sizeof(world->events) - strlen(world->events) - 1);
}

int world_walk(struct world *world, unsigned int flags1, struct err *err)
{
	struct task_step steps[] = {world_rows[0], world_rows[1], world_rows[2]};
	struct task task = {
		.name = "test",
		.steps = steps,
		.n_steps = 3,
		.context = world,
		.gate = world_gate,
		.observe = world_observe,
		.observer = world,
	};

	steps[1].flags = flags1;
	return task_run(&task, deadline_in(10 * TEST_LIMIT_MS), err);
}

static int journal_begin(void *journal, const struct task_step *step, struct deadline deadline,
			 struct err *err)
{
	struct fake_journal *fake = journal;

	(void)deadline;
	strcat(strcat(fake->story, "b"), step->name);
	if (fake->refused != NULL && strcmp(fake->refused, step->name) == 0) {
		return err_set(err, fake->rc, "journal refuses %s", step->name);
	}
	return 0;
}

static void journal_end(void *journal, const struct task_step *step, int rc)
{
	struct fake_journal *fake = journal;

	strcat(strcat(fake->story, rc == 0 ? "e" : "f"), step->name);
}

static bool journal_ours(void *journal, const struct task_step *step)
{
	(void)step;
	return ((const struct fake_journal *)journal)->ours;
}

static int journal_undo(void *journal, struct deadline deadline, struct err *err)
{
	struct fake_journal *fake = journal;

	(void)deadline;
	strcat(fake->story, "u");
	return fake->undo_rc == 0 ? 0 : err_set(err, fake->undo_rc, "journal says no");
}

int journal_walk(struct world *world, struct fake_journal *fake)
{
	static const struct task_journal_ops ops = {journal_begin, journal_end, journal_ours,
						    journal_undo};
	const struct task_step steps[] = {world_rows[0], world_rows[1]};
	struct task task = {.name = "test", .steps = steps, .n_steps = 2, .context = world};

	task.journal = &ops;
	task.journal_data = fake;
	return task_run(&task, deadline_in(10 * TEST_LIMIT_MS), NULL);
}
