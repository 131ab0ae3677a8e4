/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 50
#define TAKEOVER_MS 3000 /* an actor that has done nothing for so long is taken for dead */
#define REVISIONS_SHARED 40
#define REVISIONS_OWN 8 /* of a task; then the next one begins */
#define RUNNING_EVERY 6 /* of a shared task's revisions, one has an actor */
#define MS_PER_S 1000
#define NS_PER_MS 1000000

struct write {
	uint64_t number;
	struct journal_op op;
	struct id128 request;
	struct version made;
};

static uint64_t number_random(void)
{
	uint64_t number = 0;

	while (number == 0) {
		if (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
			abort();
		}
	}
	return number;
}

/* One write(2) a line: a kill leaves all of it, or nothing. */
static void event_write(const struct client *client, const struct event *event)
{
	char line[EVENT_LINE_MAX];
	ssize_t bytes;

	event_to_str(event, line);
	bytes = (ssize_t)strlen(line);
	if (write(client->history_fd, line, (size_t)bytes) != bytes) {
		(void)fprintf(stderr, "journal_load: the history cannot be written: %s\n",
			      strerror(errno));
		_exit(EXIT_FAILURE);
	}
}

static void pause_short(void)
{
	(void)poll(NULL, 0, PAUSE_MS);
}

/* Any failure may have left the connection useless. */
static int client_open(struct client *client)
{
	return client->journal != NULL
		       ? 0
		       : journal_open(deadline_in(CLIENT_CALL_MS), &client->journal, NULL);
}

/* The task's number and its last writer, from the text that the writer has left. */
static struct seen task_seen(const struct journal_task *task)
{
	struct seen seen = {.version = {.revision = (uint32_t)task->revision}};

	if (sscanf(task->reason, "task=%u op=%" SCNx64, &seen.version.task, &seen.op) != 2) {
		(void)fprintf(stderr, "journal_load: %s has a task of nobody's: %s\n", task->vm,
			      task->reason);
		_exit(EXIT_FAILURE);
	}
	return seen;
}

static void key_see(struct key *key, const struct journal_task *task)
{
	struct seen seen = {0};

	if (task != NULL) {
		seen = task_seen(task);
		key->task = *task;
	}
	if (!key->known || seen.op != key->seen.op) {
		key->since_ms = deadline_now_ms();
	}
	key->seen = seen;
	key->known = true;
	key->exists = task != NULL;
}

static void return_write(const struct client *client, uint64_t number, enum event_outcome outcome,
			 int status, const struct seen *seen)
{
	struct event event = {.returns = true,
			      .at_ns = event_now_ns(),
			      .op = number,
			      .outcome = outcome,
			      .status = status,
			      .has_seen = seen != NULL};

	if (seen != NULL) {
		event.seen = *seen;
	}
	event_write(client, &event);
}

bool client_read(struct client *client, struct key *key, enum event_kind kind)
{
	struct event event = {.at_ns = event_now_ns(), .op = number_random(), .kind = kind};
	struct journal_task task;
	int rc = -ENOTCONN;

	(void)snprintf(event.vm, sizeof(event.vm), "%s", key->vm);
	event_write(client, &event);
	if (client_open(client) == 0) {
		rc = journal_task_get(client->journal, key->vm, JOURNAL_LINEARIZABLE,
				      deadline_in(CLIENT_CALL_MS), &task, NULL);
	}
	if (rc == 0 || rc == -ENOENT) {
		key_see(key, rc == 0 ? &task : NULL);
		return_write(client, event.op, EVENT_DONE, 0, &key->seen);
		return true;
	}
	return_write(client, event.op, EVENT_UNKNOWN, rc, NULL);
	if (rc != -EHOSTDOWN) {
		journal_drop(&client->journal);
		pause_short();
	}
	return false;
}

/* What is asked for */

static int64_t realtime_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

/* Another one for each operation: a task that is RUNNING since then is that operation's. */
static struct journal_actor actor_make(const struct client *client, uint64_t number)
{
	struct journal_actor actor = {.pid = getpid(), .start_time = number};

	(void)snprintf(actor.node, sizeof(actor.node), "%s", client->node);
	id128_to_str(&client->boot, actor.boot_id);
	return actor;
}

static bool actor_is_mine(const struct client *client, const struct journal_actor *actor)
{
	char boot[ID128_TEXT];

	id128_to_str(&client->boot, boot);
	return strcmp(actor->node, client->node) == 0 && strcmp(actor->boot_id, boot) == 0 &&
	       actor->pid == getpid();
}

bool client_owes(const struct client *client, const struct key *key)
{
	return key->known && key->exists && key->shared && key->task.state == JOURNAL_RUNNING &&
	       actor_is_mine(client, &key->task.actor);
}

static enum journal_evidence evidence_make(const struct journal_actor *gone,
					   const struct journal_actor *by)
{
	if (strcmp(gone->node, by->node) != 0) {
		return JOURNAL_EVIDENCE_FENCED;
	}
	return strcmp(gone->boot_id, by->boot_id) != 0 ? JOURNAL_EVIDENCE_REBOOT
						       : JOURNAL_EVIDENCE_DEAD;
}

static void begin_make(const struct client *client, const struct key *key, struct write *write)
{
	struct journal_task *task = &write->op.task;
	char number[16];

	write->made = (struct version){.task = key->seen.version.task + 1, .revision = 1};
	write->op.kind = JOURNAL_OP_BEGIN;
	*task = (struct journal_task){
		.kind = JOURNAL_START,
		.state = JOURNAL_RUNNING,
		.step_state = JOURNAL_STEP_BEGUN,
		.step = "grant",
		.image = "none",
		.luns = {"load-root"},
		.n_luns = 1,
		.begun_ms = realtime_ms(),
	};
	(void)snprintf(task->vm, sizeof(task->vm), "%s", key->vm);
	(void)snprintf(task->target, sizeof(task->target), "%s", client->node);
	/* The same for all who would begin the VM's n-th task: one of them can. */
	(void)snprintf(number, sizeof(number), "%u", write->made.task);
	id128_derive(&task->uuid, "journal_load", key->vm, number, NULL);
	if (key->exists && journal_state_open(key->task.state)) {
		write->op.replaces = (struct journal_replaces){.uuid = key->task.uuid,
							       .revision = key->task.revision,
							       .state = JOURNAL_DONE};
	}
	task->actor = actor_make(client, write->number);
}

static enum journal_state state_next(const struct key *key)
{
	uint64_t revision = key->task.revision;

	if (!key->shared) {
		return revision >= REVISIONS_OWN ? JOURNAL_DONE : JOURNAL_RUNNING;
	}
	return revision % RUNNING_EVERY == 0 ? JOURNAL_RUNNING : JOURNAL_WAITING;
}

static void advance_make(const struct client *client, const struct key *key, struct write *write)
{
	struct journal_task *task = &write->op.task;
	bool nobodys = key->task.actor.node[0] == '\0';

	*task = key->task;
	write->made = (struct version){.task = key->seen.version.task,
				       .revision = key->seen.version.revision + 1};
	write->op.kind = JOURNAL_OP_ADVANCE;
	task->state = state_next(key);
	(void)snprintf(task->step, sizeof(task->step), "step-%u", write->made.revision);
	task->step_state = JOURNAL_STEP_ENDED;
	if (nobodys) {
		task->actor = actor_make(client, write->number);
	} else if (!actor_is_mine(client, &key->task.actor)) {
		task->actor = actor_make(client, write->number);
		task->state = JOURNAL_RUNNING;
		write->op.kind = JOURNAL_OP_TAKEOVER;
		write->op.evidence = evidence_make(&key->task.actor, &task->actor);
	}
}

static bool write_make(const struct client *client, const struct key *key, struct write *write)
{
	bool open = key->exists && journal_state_open(key->task.state);

	if (open && key->task.state == JOURNAL_RUNNING && key->shared &&
	    !actor_is_mine(client, &key->task.actor) &&
	    deadline_now_ms() - key->since_ms < TAKEOVER_MS) {
		return false;
	}
	*write = (struct write){.number = number_random()};
	if (!open || (key->shared && key->task.state == JOURNAL_WAITING &&
		      key->task.revision >= REVISIONS_SHARED)) {
		begin_make(client, key, write);
	} else {
		advance_make(client, key, write);
	}
	write->op.task.changed_ms = realtime_ms();
	(void)snprintf(write->op.task.reason, sizeof(write->op.task.reason),
		       "task=%u op=%016" PRIx64, write->made.task, write->number);
	return id128_random(&write->request) == 0;
}

/* And asked */

/*
 * Until there is an answer. What has been sent once can only be unknown until it is seen committed,
 * whatever a later try is told.
 */
static enum event_outcome write_submit(struct client *client, const struct write *write,
				       struct journal_answer *answer)
{
	struct deadline patience = deadline_in(CLIENT_PATIENCE_MS);
	bool sent = false;

	while (!deadline_passed(patience)) {
		int rc = client_open(client);

		if (rc == 0) {
			rc = journal_submit(client->journal, &write->op, &write->request, 0,
					    deadline_in(CLIENT_CALL_MS), answer, NULL);
			if (rc == 0 && answer->verdict == JOURNAL_COMMITTED) {
				return answer->status == 0 ? EVENT_DONE : EVENT_REFUSED;
			}
			sent |= rc != 0 || answer->verdict == JOURNAL_UNKNOWN;
			if (!sent) {
				return EVENT_NEVER;
			}
		}
		if (rc < 0) {
			journal_drop(&client->journal);
		}
		pause_short();
	}
	return sent ? EVENT_UNKNOWN : EVENT_NEVER;
}

static void write_done(struct key *key, const struct write *write)
{
	key->task = write->op.task;
	key->task.revision = write->made.revision;
	if (key->task.state != JOURNAL_RUNNING) {
		memset(&key->task.actor, 0, sizeof(key->task.actor));
	}
	key->seen = (struct seen){.version = write->made, .op = write->number};
	key->exists = true;
	key->since_ms = deadline_now_ms();
}

bool client_write(struct client *client, struct key *key)
{
	struct journal_answer answer;
	struct write write;
	struct event event = {.kind = EVENT_WRITE, .expected = key->seen};
	enum event_outcome outcome;
	bool current;

	if (!key->known || !write_make(client, key, &write)) {
		return false;
	}
	event.op = write.number;
	event.made = write.made;
	(void)snprintf(event.vm, sizeof(event.vm), "%s", key->vm);
	event.at_ns = event_now_ns();
	event_write(client, &event);
	outcome = write_submit(client, &write, &answer);
	/* An ended one is the task that was asked about, and perhaps not the VM's last. */
	current = outcome == EVENT_REFUSED && answer.has_current &&
		  journal_state_open(answer.current.state);
	if (current) {
		key_see(key, &answer.current);
	} else if (outcome == EVENT_DONE) {
		write_done(key, &write);
	} else {
		key->known = false;
	}
	return_write(client, write.number, outcome, outcome == EVENT_REFUSED ? answer.status : 0,
		     current ? &key->seen : NULL);
	return true;
}
