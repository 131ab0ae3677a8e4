/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_UNIT_DISK_H
#define LUNMASK_UNIT_DISK_H

#include <stdbool.h>

#include "base/err.h"
#include "names/lun.h"

/* The disk of a LogicalUnit, as libvirt on one host is given it. */
struct unit_disk {
	const char *array;     /* its name */
	const struct lun *lun; /* as the host sees it */
	const char *drive;     /* "vdc" */
	const char *initiator;
	const char *portal; /* "address:port" */
};

/* vdX or sdX: what a running guest can be given. -EINVAL with text. */
int unit_disk_drive_check(const char *drive, struct err *err);

/* The <disk>, with the alias of unit_name.h. The caller frees *ret with g_free(). -EINVAL. */
int unit_disk_xml(const struct unit_disk *disk, char **ret, struct err *err);

/* Does the definition have under the name of the drive what the host knows as this LUN? */
bool unit_disk_is(const char *definition, const char *drive, const struct lun *lun);

#endif
