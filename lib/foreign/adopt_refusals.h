/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ADOPT_REFUSALS_H
#define LUNMASK_ADOPT_REFUSALS_H

#include <glib.h>

#include <libxml/tree.h>

#include "foreign/adopt_definition.h"
#include "domain/mapping.h"

/*
 * Everything that is in the way of a VM that is to be adopted, not only the first: whoever mends a
 * definition wants to mend it once. No I/O.
 *
 *	struct adopt_refusals *all = adopt_refusals_new();
 *	adopt_refuse(all, "%s", text);
 *	adopt_refusals_of_domain(all, flags, vm);
 *	adopt_refusals_of_definition(all, domain);
 *	g_ptr_array_unref(all);
 */
typedef GPtrArray adopt_refusals; /* of texts, each once */

adopt_refusals *adopt_refusals_new(void);
void adopt_refuse(adopt_refusals *all, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What libvirt says of the domain (enum persistent_flags). */
void adopt_refusals_of_domain(adopt_refusals *all, unsigned int flags, const char *vm);

/* What of the drives cannot be copied, or is a medium that must be ejected first. */
void adopt_refusals_of_drives(adopt_refusals *all, const struct adopt_drive *drives, size_t n,
			      bool eject);

/*
 * Of a converted definition: each element below <domain> and each device that cannot be on a state
 * LUN; at most one refusal of each. domain is left as it is.
 */
void adopt_refusals_of_definition(adopt_refusals *all, xmlNodePtr domain);

/* The last word is that of mapping_check_source(); told if nothing else is in the way. */
void adopt_refusals_of_source(adopt_refusals *all, const struct mapping_source *source);

/* 0, or -EPERM with the first, and how many there are. */
int adopt_refusals_result(const adopt_refusals *all, const char *vm, struct err *err);

#endif
