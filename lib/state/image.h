/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_IMAGE_H
#define LUNMASK_IMAGE_H

#include "base/deadline.h"
#include "base/err.h"
#include "names/lun.h"
#include "san/iscsi.h"

/*
 * The image area of a state LUN as a file: qemu-storage-daemon(1) opens the LUN by its own iSCSI
 * driver and exports the area over FUSE, so that libvirt saves into it and restores from it.
 *
 * The export lives under /run/lunmask/image/VM. image_export_close() flushes, ends the daemon and
 * reports an error of the last flush: only after a 0 from it is what was written durable.
 *
 * An export that a killed process left behind is found and ended by image_export_end_stale().
 */
struct image_export;

/* The area is extent less SLOT_AREA_BYTES at its start. */
int image_export_open(const char *vm, const struct iscsi_path *path, const struct extent *extent,
		      uint64_t lun_size_bytes, struct deadline deadline, struct image_export **ret,
		      struct err *err);

/* The file to give to libvirt. */
const char *image_export_file(const struct image_export *export);
uint64_t image_export_size_bytes(const struct image_export *export);

int image_export_close(struct image_export *export, struct deadline deadline, struct err *err);

/* Ends what a killed process left for this VM on this host, mount and daemon. 0 when there is none.
 */
int image_export_end_stale(const char *vm, struct deadline deadline, struct err *err);

#endif
