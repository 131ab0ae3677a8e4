/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image_bench IMAGE FORMAT PORTAL INITIATOR TARGET NUMBER: writes an image to a LUN, once, as
 * lunmask create does. image.sh measures it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "create/image_writer.h"

#define TIMEOUT_MS (30 * 60 * 1000)

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;

	if (argc != 7) {
		(void)fputs("usage: image_bench IMAGE FORMAT PORTAL INITIATOR TARGET NUMBER\n",
			    stderr);
		return 2;
	}

	struct iscsi_path path = {
		.portal = argv[3],
		.initiator = argv[4],
		.target = argv[5],
		.number = (unsigned int)strtoul(argv[6], NULL, 10),
	};
	struct image_job job = {.image = argv[1], .format = argv[2], .path = &path};

	if (image_write(&job, deadline_in(TIMEOUT_MS), &err) < 0) {
		(void)fprintf(stderr, "image_bench: %s\n", err_text(&err));
		return 1;
	}
	return 0;
}
