/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DESIGNATOR_H
#define LUNMASK_DESIGNATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "names/lun.h"

/*
 * Decodes the designators that a LUN reports about itself: VPD page 0x83, device identification
 * (SPC-4 7.8.6). This module does no I/O.
 *
 * The list has the designators that identify the logical unit, not those of its port or target
 * device. Their types are NAA, EUI-64 and T10 vendor identification, and they are in the text form
 * of lun.h. The decoder skips a designator that does not follow SPC-4: a length that its type does
 * not allow, a T10 name with characters other than printable ASCII, or a name that is too long. An
 * array cannot have named a LUN by such a designator.
 */
struct designator_list {
	char names[LUN_DESIGNATORS_MAX][LUN_DESIGNATOR_MAX + 1];
	size_t count;
};

/*
 * page is what INQUIRY returned: a header of 4 bytes and bytes - 4 of designators. If the device's
 * page is longer than that, the decoder ignores the rest. It keeps the first LUN_DESIGNATORS_MAX
 * names, as copies in *ret. -EBADMSG if this is not page 0x83, or if a designator extends beyond
 * the length that the page's header states.
 */
int designator_list_decode(const unsigned char *page, size_t bytes, struct designator_list *ret,
			   struct err *err);

bool designator_list_holds(const struct designator_list *list, const char *name);

/* "a, b" for messages, or "none" if the list is empty. Truncated to size bytes, with the NUL. */
void designator_list_to_str(const struct designator_list *list, char *text, size_t size);

#endif
