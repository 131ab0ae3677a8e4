/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEMPLATE_IMAGE_H
#define LUNMASK_TEMPLATE_IMAGE_H

#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * The image of a template's drive: a file that qemu-img(1) reads. Its format is named, and never
 * only guessed from its content: a raw image whose first bytes were written by a guest could claim
 * to be one that refers to a file of the host.
 */

/* Is it a format that qemu-img reads from one file? -EINVAL lists those that are. */
int template_image_format_check(const char *format, struct err *err);

/* By the ending of the name; *ret is for g_free(). -EINVAL: it says nothing, so set format. */
int template_image_format_guess(const char *path, char **ret, struct err *err);

/*
 * Asks qemu-img for the size of the disk in the image. -EACCES, -EINVAL, -ENOENT: the file may be
 * written by others; it is not of that format; it refers to other files, such as a backing file.
 */
int template_image_look(const char *path, const char *format, struct deadline deadline,
			uint64_t *ret_bytes, struct err *err);

/* Decodes the answer of "qemu-img info --output=json". -EINVAL, -EPROTO. */
int template_image_decode(const char *text, size_t bytes, const char *format, uint64_t *ret_bytes,
			  struct err *err);

#endif
