/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_IMAGE_H
#define LUNMASK_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "names/lun.h"
#include "san/iscsi.h"

/*
 * Exports the image area of a state LUN as a file. qemu-storage-daemon(1) opens the LUN with its
 * own iSCSI driver and exports the area over FUSE, so that libvirt can save into the file and
 * restore from it.
 *
 *	rc = image_export_open(vm, &path, &extent, size, deadline, &export, err);
 *	... libvirt saves into image_export_file(export) ...
 *	rc = image_export_close(export, deadline, err);
 *
 * The export is mounted under /run/lunmask/image/VM. image_export_close() flushes the data,
 * terminates the daemon and reports an error of the flush: only if it returns 0 are the writes
 * durable.
 *
 * A killed process may leave an export behind. image_export_remove_stale() finds and removes it.
 */
struct image_export;

/*
 * The area is the extent without the first SLOT_AREA_BYTES. The call first removes a stale export
 * of the same VM. 0, or -errno with text: -EINVAL if the VM name is illegal or the extent leaves no
 * room for an image, otherwise the errors of storage_daemon_start() and of the file system.
 */
int image_export_open(const char *vm, const struct iscsi_path *path, const struct extent *extent,
		      uint64_t lun_size_bytes, struct deadline deadline, struct image_export **ret,
		      struct err *err);

/* The path of the file for libvirt. Borrowed: it lives as long as the export. */
const char *image_export_file(const struct image_export *export);
uint64_t image_export_size_bytes(const struct image_export *export);

/*
 * How fast the area is written, or read, at this moment: it is done for about a second. Writing
 * destroys what the area holds. -ETIMEDOUT if the array does not answer in time; the export is then
 * of no use any more.
 */
int image_export_rate(struct image_export *export, bool writing, struct deadline deadline,
		      uint64_t *ret_bytes_s, struct err *err);

/*
 * Frees the export, even on failure. Accepts NULL. -ETIMEDOUT if the array does not confirm the
 * data in time; otherwise the first error of the flush, the daemon or the unmount. Always with
 * text.
 */
int image_export_close(struct image_export *export, struct deadline deadline, struct err *err);

/* Removes daemon and mount that a killed process left for this VM on this host. 0 also if none. */
int image_export_remove_stale(const char *vm, struct deadline deadline, struct err *err);

#endif
