/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "record.h"

int console_open(const char *path)
{
	struct termios mode;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0644);

	if (fd < 0) {
		return -errno;
	}
	if (tcgetattr(fd, &mode) == 0) {
		cfmakeraw(&mode);
		cfsetspeed(&mode, B115200);
		tcsetattr(fd, TCSANOW, &mode);
	}
	return fd;
}

static void write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t done = write(fd, data, length);

		if (done < 0 && errno != EINTR) {
			perror("witness: console");
			exit(1);
		}
		if (done > 0) {
			data += done;
			length -= (size_t)done;
		}
	}
}

void console_line(struct console *console, const char *text)
{
	char line[LINE_MAX_BYTES + 2];
	size_t length = (size_t)snprintf(line, sizeof(line) - 1, "%s", text);
	size_t first;

	length = length < sizeof(line) - 1 ? length : sizeof(line) - 2;
	line[length++] = '\n';
	first = length;
	console->lines++;
	if (console->next_fd >= 0 && console->lines == console->switch_after) {
		first = console->cut < length ? console->cut : length;
		write_all(console->fd, line, first);
		console->fd = console->next_fd;
		write_all(console->fd, line + first, length - first);
	} else {
		write_all(console->fd, line, length);
	}
	/* For a file this fails with ENOTTY, but the line is in the file already. */
	tcdrain(console->fd);
}
