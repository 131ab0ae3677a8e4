/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_VM_STORED_H
#define LUNMASK_TEST_VM_STORED_H

#include "vm/vm_context.h"

/*
 * A VM, web1 of array san1, whose definition is stored, complete and of revision 3. Its drives are
 * vda and vdb, on the LUNs root and data (naa.6001, naa.6002, 1 GiB each), and its state LUN is
 * state (naa.6003). The array also has the LUN more (naa.6004), which is drive vdc where a test
 * makes n_drives 3.
 *
 *	static struct vm_context vm;
 *	vm_stored_begin(&vm, &settings, xml, NULL);
 *	vm_stored_end(&vm);
 */
#define VM_STORED_UUID "11111111-2222-3333-4444-555555555555"
#define VM_STORED_DISK(target) "<disk type='block'><target dev='" target "' bus='virtio'/></disk>"

/* settings are borrowed. config: the digest of its file, or NULL. 0, or -errno: xml is refused. */
int vm_stored_begin(struct vm_context *ret, const struct vm_settings *settings, const char *xml,
		    const char *config);
void vm_stored_end(struct vm_context *vm);

#endif
