/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DESIGNATOR_H
#define LUNMASK_DESIGNATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "names/lun.h"

/*
 * The names a LUN carries itself: VPD page 0x83, device identification (SPC-4 7.8.6). No I/O here.
 *
 * Kept are the designators of the logical unit (not those of its port or target device) that
 * identify it: NAA, EUI-64 and T10 vendor identification, in the text form of lun.h. One that does
 * not follow SPC-4 (a length that its type does not have, a T10 name with characters other than
 * printable ASCII, or too long a name) is left out: it cannot be what an array named.
 */
struct designator_list {
	char names[LUN_DESIGNATORS_MAX][LUN_DESIGNATOR_MAX + 1];
	size_t count;
};

/*
 * page is what INQUIRY returned: header and bytes - 4 of designators; what the device has beyond
 * that is not seen. Names past LUN_DESIGNATORS_MAX are not kept. -EBADMSG when it is not page 0x83
 * or a designator reaches beyond the page.
 */
int designator_list_decode(const unsigned char *page, size_t bytes, struct designator_list *ret,
			   struct err *err);

bool designator_list_holds(const struct designator_list *list, const char *name);

/* "a, b" for messages; "none" when the list is empty. Cut at size. */
void designator_list_to_str(const struct designator_list *list, char *text, size_t size);

#endif
