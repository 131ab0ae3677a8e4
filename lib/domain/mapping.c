/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/mapping.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void mapping_free(struct mapping *mapping)
{
	if (mapping == NULL) {
		return;
	}
	free(mapping->drives);
	free(mapping->xml);
	free(mapping);
}

static const struct lun *lun_find(const struct lun *luns, size_t n_luns, const char *name)
{
	size_t i;

	for (i = 0; i < n_luns; i++) {
		if (strcmp(luns[i].name, name) == 0) {
			return &luns[i];
		}
	}
	return NULL;
}

static int check_lun(const struct mapping_drive *drive, const struct lun *luns, size_t n_luns,
		     struct err *err)
{
	const char *name = drive->drive.extent.lun;
	const struct lun *lun = lun_find(luns, n_luns, name);

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
	if (lun->size_bytes != drive->size_bytes) {
		return err_set(err, -EUCLEAN,
			       "LUN '%s' (%s) has %" PRIu64 " bytes on the array, and %" PRIu64
			       " in the mapping file; refused",
			       name, lun->designator, lun->size_bytes, drive->size_bytes);
	}
	return 0;
}

int mapping_check_luns(const struct mapping *mapping, const struct lun *luns, size_t n_luns,
		       struct err *err)
{
	int rc = check_lun(&mapping->state, luns, n_luns, err);
	size_t i;

	for (i = 0; rc == 0 && i < mapping->n_drives; i++) {
		rc = check_lun(&mapping->drives[i], luns, n_luns, err);
	}
	return rc;
}
