/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_IMAGE_WRITER_H
#define LUNMASK_IMAGE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "san/iscsi.h"

/*
 * Writes an image to a LUN, or compares the two, by qemu-img(1) as a child process. The child ends
 * with this process, also if that is killed. It is ended when it has made no progress for
 * IMAGE_STALL_MS, and at the deadline.
 *
 * The LUN holds only zeros before: what is zero or a hole in the image is not written.
 */
#define IMAGE_STALL_MS (5 * 60 * 1000)

struct image_job {
	const char *image;  /* absolute path */
	const char *format; /* as qemu-img calls it */
	const struct iscsi_path *path;
	/* Called when the share that is done, 0 to 1, has grown. May be NULL. */
	void (*progress)(void *data, double share);
	void *data;
	int stall_ms; /* 0: IMAGE_STALL_MS */
};

/* 0: everything is on the LUN, and flushed. -EIO with qemu-img's own words; -ETIMEDOUT. */
int image_write(const struct image_job *job, struct deadline deadline, struct err *err);

/* -EUCLEAN: the LUN does not hold what is in the image, followed by zeros. */
int image_compare(const struct image_job *job, struct deadline deadline, struct err *err);

/*
 * Overwrites the first size_bytes of the LUN with zeros that go over the network: an array may
 * carry out UNMAP, or WRITE SAME, without touching the data. image and format are not used.
 */
int image_wipe(const struct image_job *job, uint64_t size_bytes, struct deadline deadline,
	       struct err *err);

/*
 * The last share that qemu-img -p has printed in text, 0 to 1; -1: none. It prints it for people
 * only, so nothing but what is shown depends on it.
 */
double image_share_find(const char *text, size_t bytes);

#endif
