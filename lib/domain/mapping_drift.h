/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAPPING_DRIFT_H
#define LUNMASK_MAPPING_DRIFT_H

#include "domain/mapping.h"

/*
 * What was changed while the guest runs, and is not in a complete mapping file, for people: "2
 * <interface> (1), a NIC 52:54:00:aa:02:02", the mapping file's number in brackets. "" if nothing
 * that is looked at: vCPUs, memory and devices by number, NICs by MAC. The next boot undoes it. The
 * caller frees *ret with g_free().
 */
int mapping_drift(const struct mapping *mapping, const char *definition, char **ret,
		  struct err *err);

#endif
