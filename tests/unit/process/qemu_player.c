/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/process/qemu_player.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#define NAME "qemu-system-x86_64"
#define WORDS_MAX 8
#define LIFE_S 1800 /* longer than any program of tests */

void qemu_player_main(char **argv)
{
	if (strcmp(argv[0], NAME) != 0) {
		return;
	}
	(void)alarm(LIFE_S);
	if (write(STDOUT_FILENO, "r", 1) != 1) {
		_exit(1);
	}
	while (true) {
		(void)pause();
	}
}

pid_t qemu_player_start(bool deaf, const char *const words[])
{
	const char *argv[WORDS_MAX + 2] = {NAME};
	char ready;
	int fds[2];
	pid_t pid;

	for (size_t i = 0; words[i] != NULL; i++) {
		assert_true(i < WORDS_MAX);
		argv[i + 1] = words[i];
	}
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = child_fork();
	if (pid == 0) {
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)signal(SIGTERM, deaf ? SIG_IGN : SIG_DFL);
		(void)execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], &ready, 1), 1);
	(void)close(fds[0]);
	return pid;
}

int qemu_player_reap(pid_t pid)
{
	int status = child_wait(pid);

	assert_true(WIFSIGNALED(status));
	return WTERMSIG(status);
}

void qemu_player_kill(pid_t pid)
{
	child_kill(pid);
}
