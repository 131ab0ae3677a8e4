/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/lun_process.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QEMU_NAME "qemu" /* prefix of the names of QEMU's programs */
#define STORAGE_NAME "qemu-storage-daemon"

struct search {
	const char *target;
	unsigned int number;
	const char *except;
	struct lun_process found;
};

/* The legal characters of an iSCSI name (RFC 3722). */
static bool name_goes_on(char c)
{
	return c != '\0' && strchr("abcdefghijklmnopqrstuvwxyz0123456789.:-", c) != NULL;
}

/* after: the text behind the target's name. "/1" of a URL, or a member lun of any notation. */
static bool number_is(const char *word, const char *after, unsigned int number)
{
	static const char *const keys[] = {"\"lun\":", ",lun=", ".lun="};

	if (*after == '/') {
		return strtoul(after + 1, NULL, 10) == number;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *at = strstr(word, keys[i]);

		if (at != NULL) {
			at += strlen(keys[i]);
			return strtoul(at + strspn(at, " \""), NULL, 10) == number;
		}
	}
	return number == 0; /* QEMU's default */
}

static bool word_uses(const char *word, const struct search *search)
{
	size_t length = strlen(search->target);

	for (const char *at = strstr(word, search->target); at != NULL;
	     at = strstr(at + 1, search->target)) {
		if ((at == word || !name_goes_on(at[-1])) && !name_goes_on(at[length]) &&
		    number_is(word, at + length, search->number)) {
			return true;
		}
	}
	return false;
}

static bool command_line_uses(const char *text, size_t bytes, struct search *search)
{
	struct lun_process *found = &search->found;
	const char *before = "";
	bool uses = false;

	found->name[0] = '\0';
	for (size_t at = 0; at < bytes; at += strlen(text + at) + 1) {
		const char *word = text + at;

		uses = uses || word_uses(word, search);
		if (strcmp(before, "-name") == 0 && strncmp(word, "guest=", 6) == 0) {
			(void)snprintf(found->name, sizeof(found->name), "%.*s",
				       (int)strcspn(word + 6, ","), word + 6);
		}
		before = word;
	}
	return uses;
}

/* By the command line: QEMU can be told to take another name for itself (comm). */
static const char *program_of(const char *text)
{
	const char *slash = strrchr(text, '/');

	return slash == NULL ? text : slash + 1;
}

static int visit(void *data, pid_t pid, struct err *err)
{
	struct search *search = data;
	struct lun_process *found = &search->found;
	size_t bytes;
	char *text;
	int rc = process_command_line(pid, &text, &bytes, err);

	if (rc == 0 && bytes > 0) {
		const char *program = program_of(text);

		rc = strncmp(program, QEMU_NAME, strlen(QEMU_NAME)) == 0 &&
		     strcmp(program, STORAGE_NAME) != 0 && command_line_uses(text, bytes, search) &&
		     strcmp(found->name, search->except) != 0;
		if (rc != 0 && found->name[0] == '\0') {
			(void)snprintf(found->name, sizeof(found->name), "%s", program);
		}
		found->pid = pid;
	}
	free(text);
	return rc;
}

int lun_process_find(const char *target, unsigned int number, const char *except,
		     struct lun_process *ret, struct err *err)
{
	struct search search = {.target = target, .number = number, .except = except};
	int rc = process_each(visit, &search, err);

	*ret = rc > 0 ? search.found : (struct lun_process){0};
	return rc < 0 ? rc : 0;
}
