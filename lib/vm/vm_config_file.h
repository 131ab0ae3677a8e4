/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_CONFIG_FILE_H
#define LUNMASK_VM_CONFIG_FILE_H

#include "vm/vm_context.h"

/*
 * The administrator's file of the parameter config, against the mapping file. The mapping file
 * keeps a digest of the file from which it was made, so what libvirt has filled in since is no
 * difference, and any change of the file is one.
 */

enum vm_config_verdict {
	VM_CONFIG_SAME,
	VM_CONFIG_CHANGED,
	VM_CONFIG_NO_FILE,   /* not set, or not on this node: nothing to compare */
	VM_CONFIG_NOT_KNOWN, /* stored by an older lunmask, which kept no digest */
};

/* "sha256:" and the digest of a file's text, for struct mapping_source. */
void vm_config_digest(const char *text, size_t bytes, char ret[MAPPING_CONFIG_MAX + 1]);

/* A file that cannot be read counts as missing. */
enum vm_config_verdict vm_config_compare(const struct vm_settings *settings,
					 const struct mapping *mapping);

/*
 * Reports a file that was changed, with the command that leads on, as an event of that task.
 * vm->mapping may be NULL.
 */
void vm_config_tell(const struct vm_context *vm, const char *task);

#endif
