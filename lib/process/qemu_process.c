/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/qemu_process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/process.h"

#define PID_FILE_FORMAT "/run/libvirt/qemu/%s.pid"

/* Matches "guest=VM" at the end or before a comma, so that guest=vm10 is not the domain vm1. */
static bool name_is(const char *arg, const char *vm)
{
	size_t length = strlen(vm);

	return strncmp(arg, "guest=", 6) == 0 && strncmp(arg + 6, vm, length) == 0 &&
	       (arg[6 + length] == '\0' || arg[6 + length] == ',');
}

static bool command_line_is(const char *text, size_t bytes, const char *vm)
{
	size_t at = 0;
	bool named = false;

	while (at < bytes) {
		if (named && name_is(text + at, vm)) {
			return true;
		}
		named = strcmp(text + at, "-name") == 0;
		at += strlen(text + at) + 1;
	}
	return false;
}

static pid_t pid_hint(const char *vm)
{
	char path[512];
	char text[32];
	int length = snprintf(path, sizeof(path), PID_FILE_FORMAT, vm);

	if (length < 0 || (size_t)length >= sizeof(path) ||
	    process_file_read(path, text, sizeof(text)) <= 0) {
		return 0;
	}
	return process_pid_from_str(text);
}

/*
 * 1: the domain's QEMU; 0: another process, gone, or a zombie. A QEMU that hangs while it exits has
 * no command line, so only the pid file identifies it.
 */
static int pid_is_domain(pid_t pid, const char *vm, struct err *err)
{
	char *text;
	size_t bytes;
	int rc = process_command_line(pid, &text, &bytes, err);

	if (rc == 0 && bytes == 0) {
		rc = pid == pid_hint(vm) && process_hangs_in_exit(pid) ? 1 : 0;
	} else if (rc == 0) {
		rc = command_line_is(text, bytes, vm) ? 1 : 0;
	}
	free(text);
	return rc;
}

struct search {
	const char *vm;
	pid_t pid;
};

static int search_visit(void *data, pid_t pid, struct err *err)
{
	struct search *search = data;
	int rc = pid_is_domain(pid, search->vm, err);

	if (rc > 0) {
		search->pid = pid;
	}
	return rc;
}

static int search_proc(const char *vm, pid_t *ret_pid, struct err *err)
{
	struct search search = {.vm = vm};
	int rc = process_each(search_visit, &search, err);

	*ret_pid = search.pid;
	return rc < 0 ? rc : 0;
}

int qemu_process_find(const char *vm, pid_t *ret_pid, struct err *err)
{
	pid_t hint = pid_hint(vm);
	int rc = hint == 0 ? 0 : pid_is_domain(hint, vm, err);

	*ret_pid = 0;
	if (rc > 0) {
		*ret_pid = hint;
		return 0;
	}
	return rc < 0 ? rc : search_proc(vm, ret_pid, err);
}

/* A pidfd; -ESRCH, without text, if the process is not, or no longer, the domain's QEMU. */
static int pid_hold(pid_t pid, const char *vm, struct err *err)
{
	int pidfd = process_hold(pid, err);
	int rc;

	if (pidfd < 0) {
		return pidfd;
	}
	rc = pid_is_domain(pid, vm, err);
	if (rc <= 0) {
		(void)close(pidfd);
		return rc == 0 ? -ESRCH : rc;
	}
	return pidfd;
}

int qemu_process_hold(const char *vm, struct err *err)
{
	pid_t pid = pid_hint(vm);
	int rc = pid == 0 ? -ESRCH : pid_hold(pid, vm, err);

	return rc != -ESRCH
		       ? rc
		       : err_set(err, rc, PID_FILE_FORMAT ": not the pid of the VM's QEMU", vm);
}

static int pid_end(pid_t pid, const char *vm, struct deadline term, struct deadline kill,
		   struct err *err)
{
	AUTO_FD pidfd = pid_hold(pid, vm, err);
	struct err why = ERR_INIT;
	int rc;

	if (pidfd < 0) {
		return pidfd == -ESRCH ? 0 : pidfd;
	}
	rc = process_end(pidfd, term, kill, &why);
	return rc == 0 ? 0
		       : err_set(err, rc, "QEMU of domain '%s' (pid %d): %.500s%s", vm, (int)pid,
				 err_text(&why), rc == -ETIMEDOUT ? ": fence this host" : "");
}

int qemu_process_end(const char *vm, struct deadline deadline, struct err *err)
{
	struct deadline term = deadline_in(deadline_left_ms(deadline) / 2);
	bool ended = false;

	while (true) {
		pid_t pid = 0;
		int rc = qemu_process_find(vm, &pid, err);

		if (rc < 0 || pid == 0) {
			return rc;
		}
		if (ended && deadline_passed(deadline)) {
			return err_set(err, -ETIMEDOUT,
				       "QEMU of domain '%s' starts again each time it is killed",
				       vm);
		}
		rc = pid_end(pid, vm, term, deadline, err);
		if (rc < 0) {
			return rc;
		}
		ended = true;
	}
}
