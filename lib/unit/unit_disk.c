/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit_disk.h"

#include <glib.h>
#include <string.h>

#include "definition/definition_part.h"
#include "names/portal.h"
#include "names/unit_name.h"

/* The bus that the name of a drive stands for. A guest is given no other kind while it runs. */
static const struct {
	const char *prefix;
	const char *bus;
} buses[] = {{"vd", "virtio"}, {"sd", "scsi"}};

static const char *bus_of(const char *drive)
{
	for (size_t i = 0; i < G_N_ELEMENTS(buses); i++) {
		if (g_str_has_prefix(drive, buses[i].prefix) && drive_target_valid(drive)) {
			return buses[i].bus;
		}
	}
	return NULL;
}

int unit_disk_drive_check(const char *drive, struct err *err)
{
	return bus_of(drive) != NULL
		       ? 0
		       : err_set(err, -EINVAL,
				 "'%.40s' is no drive that a running guest can be given: legal is "
				 "vdX (virtio) or sdX (SCSI), such as vdc",
				 drive);
}

/* As a VM's own drive: no cache on the host, and an I/O error pauses the guest. */
#define DRIVER                                                                                     \
	"<driver name='qemu' type='raw' cache='none' error_policy='stop' rerror_policy='stop'/>"

int unit_disk_xml(const struct unit_disk *disk, char **ret, struct err *err)
{
	char alias[UNIT_ALIAS_MAX + 1];
	struct portal portal;
	int rc = unit_disk_drive_check(disk->drive, err);

	rc = rc != 0 ? rc : portal_from_str(disk->portal, &portal, err);
	if (rc == 0 &&
	    (!iscsi_name_valid(disk->lun->target) || !iscsi_name_valid(disk->initiator))) {
		rc = err_set(err, -EINVAL, "LUN %s has no iSCSI target for this host",
			     disk->lun->name);
	}
	if (rc != 0) {
		return rc;
	}
	unit_alias(disk->array, disk->lun->name, alias);
	*ret = g_markup_printf_escaped(
		"<disk type='network' device='disk'>" DRIVER
		"<source protocol='iscsi' name='%s/%u'><host name='%s' port='%u'/>"
		"<initiator><iqn name='%s'/></initiator></source>"
		"<target dev='%s' bus='%s'/><alias name='%s'/></disk>",
		disk->lun->target, disk->lun->number, portal.address, (unsigned int)portal.port,
		disk->initiator, disk->drive, bus_of(disk->drive), alias);
	return 0;
}

bool unit_disk_is(const char *definition, const char *drive, const struct lun *lun)
{
	g_autofree char *source = definition_disk_source(definition, drive);
	g_autofree char *wanted = g_strdup_printf("%s/%u", lun->target, lun->number);

	return g_strcmp0(source, wanted) == 0;
}
