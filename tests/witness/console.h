/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_CONSOLE_H
#define WITNESS_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The output of the witness. A line has left the machine when console_line() returns, so that at
 * most one line is lost if the machine stops or migrates.
 *
 * In a host test, the writer can switch to another file after a number of lines, and cut the line
 * at the switch in two. This imitates the consoles of a live migration.
 */
struct console {
	int fd;
	int next_fd; /* -1, or the file to switch to after switch_after lines */
	uint64_t switch_after;
	size_t cut; /* the bytes of the line at the switch that go to the first file */
	uint64_t lines;
};

#define CONSOLE_INIT                                                                               \
	{                                                                                          \
		.fd = 1, .next_fd = -1                                                             \
	}

/* Opens a terminal in raw mode, or a file for appending. A descriptor, or -errno. */
int console_open(const char *path);
/*
 * Prints text and a newline. On a write error it exits the program, because a silent guest would
 * look like a guest that does not run.
 */
void console_line(struct console *console, const char *text);

#endif
