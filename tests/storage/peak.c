/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 *	peak FILE PROGRAM [ARGUMENT...]
 *
 * Runs the program, and writes to FILE how much memory it or one of its own children has needed,
 * in KiB. It has the program's exit status.
 */
int main(int argc, char **argv)
{
	struct rusage usage;
	int status = 0;
	pid_t child;
	FILE *file;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: peak FILE PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	child = fork();
	if (child == 0) {
		(void)execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	file = fopen(argv[1], "w");
	if (child < 0 || getrusage(RUSAGE_CHILDREN, &usage) < 0 || file == NULL ||
	    fprintf(file, "%ld\n", usage.ru_maxrss) < 0 || fclose(file) != 0) {
		perror("peak");
		return 2;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
