/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_CONSOLE_H
#define WITNESS_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Where the witness prints. Each line has left the machine when console_line() returns, so that at
 * most one line is lost when the machine stops or moves.
 *
 * On the host the writer can be told to go on in another file after some lines, cutting the last
 * one in two: that is how a live migration looks from outside.
 */
struct console {
	int fd;
	int next_fd; /* -1, or where to go on after switch_after lines */
	uint64_t switch_after;
	size_t cut; /* how many bytes of the line at the switch the first file still gets */
	uint64_t lines;
};

#define CONSOLE_INIT                                                                               \
	{                                                                                          \
		.fd = 1, .next_fd = -1                                                             \
	}

/* Opens a terminal (set to raw) or a file (appended to). -errno. */
int console_open(const char *path);
/* Prints text and a newline. A console that cannot be written to ends the program: silence would
 * look like a guest that does not run. */
void console_line(struct console *console, const char *text);

#endif
