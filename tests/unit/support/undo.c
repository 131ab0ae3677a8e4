/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/process.h"
#include "tests/unit/test.h"

#define UNDO_MAX 1024
#define WAIT_TURN_MS 5
/* Of a whole program of tests. Only one that hangs reaches it. */
#define PROGRAM_LIMIT_S 1200

static struct {
	undo_function *undo;
	void *what;
} later[UNDO_MAX];
static size_t n_later;
static bool is_child;

static void __attribute__((constructor)) program_limit(void)
{
	(void)alarm(PROGRAM_LIMIT_S);
}

void undo_later(undo_function *undo, void *what)
{
	assert_true(n_later < UNDO_MAX);
	later[n_later].undo = undo;
	later[n_later++].what = what;
}

bool undo_not(undo_function *undo, void *what)
{
	for (size_t i = n_later; i-- > 0;) {
		if (later[i].undo == undo && later[i].what == what) {
			memmove(&later[i], &later[i + 1], (--n_later - i) * sizeof(later[0]));
			return true;
		}
	}
	return false;
}

int undo_all(void **state)
{
	int failed = 0;

	(void)state;
	while (n_later > 0) {
		n_later--;
		failed |= later[n_later].undo(later[n_later].what);
	}
	return failed == 0 ? 0 : -1;
}

/* what: "NAME=VALUE", or "NAME" */
static int env_undo(void *what)
{
	char *value = strchr(what, '=');
	int rc;

	if (value != NULL) {
		*value++ = '\0';
	}
	rc = value != NULL ? setenv(what, value, 1) : unsetenv(what);
	free(what);
	return rc;
}

void undo_setenv(const char *name, const char *value)
{
	const char *before = getenv(name);
	char *what = before != NULL ? g_strdup_printf("%s=%s", name, before) : g_strdup(name);

	undo_later(env_undo, what);
	assert_int_equal(value != NULL ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void *pid_key(pid_t pid)
{
	return (void *)(intptr_t)pid;
}

/* A debugger's child may stop on its way out. */
static int child_end(void *what)
{
	pid_t pid = (pid_t)(intptr_t)what;
	siginfo_t info;
	int status;

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
		return 0; /* the test has waited for it: the pid may be another's */
	}
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == pid && !WIFEXITED(status) && !WIFSIGNALED(status)) {
		(void)ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
	return 0;
}

void child_add(pid_t pid)
{
	assert_true(pid > 0);
	undo_later(child_end, pid_key(pid));
}

pid_t child_fork(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		n_later = 0; /* the parent's */
		is_child = true;
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	} else {
		child_add(pid);
	}
	return pid;
}

int child_wait(pid_t pid)
{
	int status = 0;
	pid_t rc;

	do {
		rc = waitpid(pid, &status, 0);
	} while (rc < 0 && errno == EINTR);
	assert_int_equal(rc, pid);
	(void)undo_not(child_end, pid_key(pid));
	return status;
}

void child_kill(pid_t pid)
{
	(void)undo_not(child_end, pid_key(pid));
	(void)child_end(pid_key(pid));
}

bool process_ended(pid_t pid)
{
	char path[32], text[512];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return process_file_read(path, text, sizeof(text)) <= 0 || strstr(text, ") Z ") != NULL;
}

void wait_again(int turn, const char *what)
{
	if (turn >= TEST_LIMIT_MS / WAIT_TURN_MS && is_child) {
		_exit(99); /* the tests go on in the parent only */
	}
	if (turn >= TEST_LIMIT_MS / WAIT_TURN_MS) {
		fail_msg("waited in vain until %s", what);
	}
	(void)poll(NULL, 0, WAIT_TURN_MS);
}
