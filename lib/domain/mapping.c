/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

void mapping_free(struct mapping *mapping)
{
	if (mapping == NULL) {
		return;
	}
	g_free(mapping->drives);
	g_free(mapping->xml);
	g_free(mapping);
}

const struct mapping_drive *mapping_find(const struct mapping *mapping, const char *target)
{
	for (size_t i = 0; i < mapping->n_drives; i++) {
		if (strcmp(mapping->drives[i].drive.target, target) == 0) {
			return &mapping->drives[i];
		}
	}
	return NULL;
}

static int check_lun(const struct mapping_drive *drive, const struct lun *luns, size_t n_luns,
		     struct err *err)
{
	const char *name = drive->drive.extent.lun;
	const struct lun *lun = luns_find(luns, n_luns, name);

	if (lun == NULL) {
		return err_set(
			err, -EUCLEAN,
			"the mapping file names LUN '%s' (%s), and the array shows no such LUN",
			name, drive->designator);
	}
	if (strcmp(lun->designator, drive->designator) != 0) {
		return err_set(
			err, -EUCLEAN,
			"LUN '%s' is %s on the array, and the mapping file names %s: another "
			"volume under the same name; refused",
			name, lun->designator, drive->designator);
	}
	if (lun->size_bytes < drive->size_bytes) {
		return err_set(err, -EUCLEAN,
			       "LUN '%s' has %" PRIu64 " bytes, and had %" PRIu64
			       ": make it larger again, or use 'lunmask definition set'",
			       name, lun->size_bytes, drive->size_bytes);
	}
	return 0;
}

int mapping_check_luns(const struct mapping *mapping, const struct lun *luns, size_t n_luns,
		       struct err *err)
{
	int rc = check_lun(&mapping->state, luns, n_luns, err);

	for (size_t i = 0; rc == 0 && i < mapping->n_drives; i++) {
		rc = check_lun(&mapping->drives[i], luns, n_luns, err);
	}
	return rc;
}
