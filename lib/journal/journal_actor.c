/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal/journal_actor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process/process.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define STAT_BYTES_MAX 1024
#define STAT_START_TIME 22 /* proc(5) */
#define STAT_STATE 3

/* Reads the first line without its newline. 0 or -errno. */
static int line_read(const char *path, char *line, size_t size)
{
	ssize_t bytes = process_file_read(path, line, size);

	if (bytes < 0) {
		return (int)bytes;
	}
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

/* Parses the fields after the program's name, which may contain blanks and parentheses. */
static int stat_parse(const char *line, char *ret_state, uint64_t *ret_start_time)
{
	const char *at = strrchr(line, ')');
	int field;

	if (at == NULL || at[1] != ' ') {
		return -EBADMSG;
	}
	at += 2;
	*ret_state = *at;
	for (field = STAT_STATE; field < STAT_START_TIME; field++) {
		at = strchr(at, ' ');
		if (at == NULL) {
			return -EBADMSG;
		}
		at++;
	}
	return sscanf(at, "%" SCNu64, ret_start_time) == 1 ? 0 : -EBADMSG;
}

static int process_look(int32_t pid, char *ret_state, uint64_t *ret_start_time)
{
	char path[64];
	char line[STAT_BYTES_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), "/proc/%" PRId32 "/stat", pid);
	rc = line_read(path, line, sizeof(line));
	return rc != 0 ? rc : stat_parse(line, ret_state, ret_start_time);
}

int journal_actor_self(const char *node, struct journal_actor *ret, struct err *err)
{
	char state;
	int rc;

	*ret = (struct journal_actor){.pid = (int32_t)getpid()};
	(void)snprintf(ret->node, sizeof(ret->node), "%s", node);
	rc = line_read(BOOT_ID_FILE, ret->boot_id, sizeof(ret->boot_id));
	if (rc != 0) {
		return err_set(err, rc, "%s: %s", BOOT_ID_FILE, strerror(-rc));
	}
	rc = process_look(ret->pid, &state, &ret->start_time);
	return rc == 0 ? 0
		       : err_set(err, rc, "/proc/%" PRId32 "/stat: %s", ret->pid, strerror(-rc));
}

/* A zombie no longer does anything, so it does not count as alive. */
static bool process_lives(const struct journal_actor *actor)
{
	uint64_t start_time = 0;
	char state = '\0';
	int rc = process_look(actor->pid, &state, &start_time);

	if (rc == -ENOENT || rc == -ESRCH) {
		return false;
	}
	return rc != 0 || (start_time == actor->start_time && state != 'Z' && state != 'X');
}

enum journal_evidence journal_actor_gone(const struct journal_actor *actor,
					 const struct journal_actor *me)
{
	if (strcmp(actor->node, me->node) != 0 || journal_actor_equal(actor, me)) {
		return JOURNAL_EVIDENCE_NONE;
	}
	if (strcmp(actor->boot_id, me->boot_id) != 0) {
		return JOURNAL_EVIDENCE_REBOOT;
	}
	return process_lives(actor) ? JOURNAL_EVIDENCE_NONE : JOURNAL_EVIDENCE_DEAD;
}
