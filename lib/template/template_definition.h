/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEMPLATE_DEFINITION_H
#define LUNMASK_TEMPLATE_DEFINITION_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "names/lun.h"
#include "template/template.h"

/*
 * Makes the definition of one VM from a template's. A placeholder stands in the value of an
 * attribute, or in the text of an element, also several times and beside other text:
 *
 *	@VM@          the VM's name
 *	@UUID@        the VM's UUID
 *	@MEMORY_KIB@  its memory, in KiB, which is libvirt's unit where none is named
 *	@VCPUS@       the number of its CPUs
 *	@NETWORK@     the network or bridge of its first NIC
 *
 * They are replaced in the tree: a value is never read as XML.
 */
struct template_values {
	const char *vm;
	const char *uuid;
	uint64_t memory_bytes;
	unsigned int n_vcpus;
	const char *network;
};

/*
 * *ret is for g_free(). -EINVAL, with the line: an unknown placeholder; a VM without @VM@ or
 * @UUID@; a MAC address, which all VMs of the template would have.
 */
int template_definition_make(const struct template *template, const struct template_values *values,
			     char **ret, struct err *err);

/* The LUNs of a VM: its drives, in the order of the template, and the state LUN. */
struct template_luns {
	struct drive drives[TEMPLATE_DRIVES_MAX];
	size_t n_drives;
	struct extent state;
};

/* VM-PART. -EINVAL: that is no legal name of a LUN. */
int template_lun_name(const char *vm, const char *part, char ret[LUN_NAME_MAX + 1],
		      struct err *err);

/* VM-TARGET and VM-state; a medium has its own name. -EINVAL: that is no legal name of a LUN. */
int template_luns_name(const struct template *template, const char *vm, struct template_luns *ret,
		       struct err *err);

/*
 * Makes the definition for a made-up VM, and checks that lunmask could move it (mapping.h). Looks
 * at no image. -EINVAL.
 */
int template_definition_check(const struct template *template, struct err *err);

#endif
