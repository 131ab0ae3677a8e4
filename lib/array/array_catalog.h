/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_CATALOG_H
#define LUNMASK_ARRAY_CATALOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "names/lun.h"
#include "array/lun_health.h"

/*
 * What an array says about its LUNs for administrators: size, class, health. The reply to the verb
 * luns of lunmask-array(7); no I/O. Nothing that lunmask does to a VM depends on it.
 */
#define ARRAY_CATALOG_MAX 16384 /* LUNs of a reply */
#define ARRAY_CATALOG_WORD_MAX 63

struct array_catalog_lun {
	char name[LUN_NAME_MAX + 1];
	char designator[LUN_DESIGNATOR_MAX + 1];
	uint64_t size_bytes;
	char class[ARRAY_CATALOG_WORD_MAX + 1]; /* "": the driver does not say */
	char pool[ARRAY_CATALOG_WORD_MAX + 1];  /* "" likewise */
	struct lun_condition condition;         /* unknown also if the driver does not say */
};

struct array_catalog {
	struct array_catalog_lun *luns; /* in the order of their names */
	size_t count;
};

/* -EPROTO with text: not such a reply. After 0, the caller releases *ret. */
int array_catalog_decode(const char *reply, size_t bytes, struct array_catalog *ret,
			 struct err *err);
void array_catalog_release(struct array_catalog *catalog);

#endif
