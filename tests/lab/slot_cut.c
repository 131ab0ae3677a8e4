/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * slot_cut FILE FROM TO: in the file of a state LUN that nobody uses, cuts each piece of the
 * mapping file that begins with FROM and ends with TO, and writes it as the next generation. It
 * makes mapping files as an older lunmask wrote them.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "state/slot.h"

static void cut(char *text, const char *from, const char *to)
{
	char *at;

	while ((at = strstr(text, from)) != NULL) {
		char *end = strstr(at + strlen(from), to);

		if (end == NULL) {
			return;
		}
		end += strlen(to);
		memmove(at, end, strlen(end) + 1);
	}
}

static int slot_rewrite(int fd, const char *from, const char *to, struct err *err)
{
	static unsigned char area[SLOT_AREA_BYTES];
	static unsigned char next[SLOT_BYTES];
	static char text[SLOT_PAYLOAD_MAX + 1];
	struct slot slot;
	size_t index;
	int rc;

	if (pread(fd, area, sizeof(area), 0) != (ssize_t)sizeof(area)) {
		return err_set(err, -EIO, "cannot read the slots");
	}
	rc = slot_choose(area, &slot, &index, err);
	if (rc < 0) {
		return rc;
	}
	memcpy(text, slot.payload, slot.payload_bytes);
	cut(text, from, to);
	slot.payload = text;
	slot.payload_bytes = strlen(text);
	slot.generation++;
	rc = slot_encode(&slot, next, err);
	if (rc == 0 && pwrite(fd, next, sizeof(next), (off_t)(1 - index) * SLOT_BYTES) !=
			       (ssize_t)sizeof(next)) {
		rc = err_set(err, -EIO, "cannot write the slot");
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int fd = argc == 4 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0) {
		fprintf(stderr, "usage: slot_cut FILE FROM TO\n");
		return 2;
	}
	if (slot_rewrite(fd, argv[2], argv[3], &err) < 0) {
		fprintf(stderr, "slot_cut: %s\n", err_text(&err));
		return 1;
	}
	return close(fd) == 0 ? 0 : 1;
}
