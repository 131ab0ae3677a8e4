/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ADOPT_CHAIN_H
#define LUNMASK_ADOPT_CHAIN_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * A file that is copied to a LUN, with the backing files that it refers to. qemu-img(1) reads it as
 * the guest's QEMU did: the definition names the format of the first one, and each file that of the
 * next. Nothing is guessed from what a guest has written.
 *
 * qemu-img takes QEMU's locks: it refuses a file that a QEMU has open for writing, and while it
 * copies, no QEMU can open that file for writing. What writes without these locks is seen by the
 * files' times.
 */
#define ADOPT_CHAIN_MAX 200 /* libvirt's own limit */

struct adopt_chain {
	GPtrArray *files; /* absolute paths, the first is the drive's */
	uint64_t bytes;   /* what the guest sees */
};

/*
 * Decodes the answer of "qemu-img info --backing-chain --output=json". -EINVAL: encrypted, data in
 * another file, a link that is no file, or one whose format is not named. -EPROTO.
 */
int adopt_chain_decode(const char *text, size_t bytes, struct adopt_chain *ret, struct err *err);
void adopt_chain_release(struct adopt_chain *chain);

/* Asks qemu-img. -EINVAL also if it cannot read the file, or somebody has it open for writing. */
int adopt_chain_get(const char *file, const char *format, struct deadline deadline,
		    struct adopt_chain *ret, struct err *err);

/* As template_image_look() (struct create_copy). */
int adopt_chain_look(const char *file, const char *format, struct deadline deadline,
		     uint64_t *ret_bytes, struct err *err);

/* Each file with its size, inode and times: the same text as long as nobody has written. */
int adopt_chain_stamp(const struct adopt_chain *chain, char **ret, struct err *err);

/* -ESTALE: one of the files was written after that (CLOCK_REALTIME). */
int adopt_chain_unchanged_since(const struct adopt_chain *chain, int64_t since_ms, struct err *err);

#endif
