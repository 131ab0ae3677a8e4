/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/initiator_process.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY "initiator-name"
#define QEMU_NAME "qemu" /* prefix of the names of QEMU's programs */

/* The characters between KEY and the name: "initiator-name":"iqn...", initiator-name=iqn... */
#define SEPARATORS "\"'=: \t"

/* The legal characters of an iSCSI name (RFC 3722). If one follows, the name is a longer one. */
static bool name_goes_on(char c)
{
	return c != '\0' && strchr("abcdefghijklmnopqrstuvwxyz0123456789.:-", c) != NULL;
}

static bool word_uses(const char *word, const char *initiator)
{
	size_t length = strlen(initiator);

	for (const char *at = strstr(word, KEY); at != NULL; at = strstr(at, KEY)) {
		at += strlen(KEY);
		at += strspn(at, SEPARATORS);
		if (strncmp(at, initiator, length) == 0 && !name_goes_on(at[length])) {
			return true;
		}
	}
	return false;
}

/* word is the argument of -name: "guest=web1,debug-threads=on" */
static void domain_copy(const char *word, char name[VM_NAME_MAX + 1])
{
	if (strncmp(word, "guest=", 6) == 0) {
		word += 6;
		(void)snprintf(name, VM_NAME_MAX + 1, "%.*s", (int)strcspn(word, ","), word);
	}
}

static bool command_line_uses(const char *text, size_t bytes, const char *initiator,
			      char name[VM_NAME_MAX + 1])
{
	const char *before = "";
	bool uses = false;

	for (size_t at = 0; at < bytes; at += strlen(text + at) + 1) {
		uses = uses || word_uses(text + at, initiator);
		if (strcmp(before, "-name") == 0) {
			domain_copy(text + at, name);
		}
		before = text + at;
	}
	return uses;
}

/* 1: the process uses the initiator name, or may use it; 0: it does not, or is gone. */
static int process_uses(pid_t pid, const char *initiator, struct initiator_process *ret,
			struct err *err)
{
	char program[PROCESS_NAME_MAX + 1];
	size_t bytes;
	char *text;
	int rc = process_command_line(pid, &text, &bytes, err);

	if (rc < 0) {
		return rc;
	}
	*ret = (struct initiator_process){.pid = pid};
	process_name(pid, program);
	if (bytes > 0) {
		rc = command_line_uses(text, bytes, initiator, ret->name) ? 1 : 0;
	} else {
		rc = strncmp(program, QEMU_NAME, strlen(QEMU_NAME)) == 0 &&
		     process_hangs_in_exit(pid);
	}
	if (ret->name[0] == '\0') {
		(void)snprintf(ret->name, sizeof(ret->name), "%s", program);
	}
	free(text);
	return rc;
}

struct search {
	const char *initiator;
	struct initiator_process found;
};

static int find_visit(void *data, pid_t pid, struct err *err)
{
	struct search *search = data;

	return process_uses(pid, search->initiator, &search->found, err);
}

int initiator_process_find(const char *initiator, struct initiator_process *ret, struct err *err)
{
	struct search search = {.initiator = initiator};
	int rc = process_each(find_visit, &search, err);

	*ret = rc > 0 ? search.found : (struct initiator_process){0};
	return rc < 0 ? rc : 0;
}

/* A pidfd of the process if it still uses the initiator name; -ESRCH, without text, if not. */
static int held(pid_t pid, const char *initiator, struct initiator_process *ret, struct err *err)
{
	int pidfd = process_hold(pid, err);
	int rc = pidfd < 0 ? pidfd : process_uses(pid, initiator, ret, err);

	if (pidfd >= 0 && rc <= 0) {
		(void)close(pidfd);
	}
	return rc > 0 ? pidfd : rc == 0 ? -ESRCH : rc;
}

struct holding {
	const char *initiator;
	struct process_set *set;
};

static int hold_visit(void *data, pid_t pid, struct err *err)
{
	const struct holding *holding = data;
	struct initiator_process process;
	int rc = process_uses(pid, holding->initiator, &process, err);
	int pidfd = rc > 0 ? held(pid, holding->initiator, &process, err) : -ESRCH;

	if (rc < 0 || pidfd < 0) {
		return rc < 0 ? rc : pidfd == -ESRCH ? 0 : pidfd;
	}
	return process_set_add(holding->set, pid, pidfd, process.name, err);
}

int initiator_process_hold_all(const char *initiator, struct process_set *set, struct err *err)
{
	struct holding holding = {.initiator = initiator, .set = set};

	return process_each(hold_visit, &holding, err);
}
