/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_DEFINE_H
#define LUNMASK_VM_DEFINE_H

#include "vm/vm_context.h"

/*
 * For the administrator: the definition on the state LUN is looked at and replaced.
 *
 *	rc = vm_define_look(vm, deadline, &seen, err);       vm->mapping is what is stored
 *	rc = vm_define_make(vm, &text, &next, err);
 *	rc = vm_define_check(vm, &seen, &text, next, deadline, err);
 *	rc = vm_define_store(vm, &seen, next, apply, deadline, err);
 *	mapping_free(next);
 *
 * The VM runs on this host, or nowhere: then this host is granted its LUNs for a moment. Each call
 * that looks or stores is a visit (vm_visit.h), except a look beside a domain that runs here, which
 * changes nothing. -EBUSY names the host that has the VM.
 *
 * A guest that runs keeps what it has, and moves with it; the next boot takes what is stored. Its
 * drives must be the same, because a migration finds the LUN of each disk in the mapping file, and
 * so must those of a guest whose memory is saved.
 */
struct vm_defined {
	bool here;           /* the domain is active on this host */
	uint64_t generation; /* of the state LUN */
};

int vm_define_look(struct vm_context *vm, struct deadline deadline, struct vm_defined *ret,
		   struct err *err);

/* A definition as the administrator wrote it. */
struct vm_define_text {
	const char *xml;
	/* Digest of the file that it is (vm_config_file.h); NULL: keep the one that is stored. */
	const char *config;
};

/*
 * Makes the mapping file of the text, with the next revision: checked by the same list as at a
 * first start, and with what libvirt has chosen before (definition_keep.h). If nothing but the
 * digest is another, the revision and the completion stay. The caller frees *ret. -EINVAL: it is
 * refused.
 */
int vm_define_make(const struct vm_context *vm, const struct vm_define_text *text,
		   struct mapping **ret, struct err *err);

/*
 * May next, made from the text, be stored now? Also asks this host's libvirt. -ESTALE: the text is
 * an edited mapping file of another revision. -EPERM: another VM's, or other drives, for which now
 * is not the time. -EUCLEAN: a LUN is another volume than before.
 */
int vm_define_check(struct vm_context *vm, const struct vm_defined *seen,
		    const struct vm_define_text *text, const struct mapping *next,
		    struct deadline deadline, struct err *err);

/*
 * The definition of the domain that is active here, in the form of the mapping file, for a
 * comparison; as libvirt has it if it cannot be one. The caller frees *ret_xml. -ENOENT.
 */
int vm_define_running(struct vm_context *vm, struct deadline deadline, char **ret_xml,
		      struct err *err);

/*
 * apply: also changes the guest that runs here (vm_apply.h), in the same task; NULL: not. If
 * apply->stored after an error, only that has failed. -ESTALE: the state LUN has another generation
 * than seen.
 */
struct vm_apply;
int vm_define_store(struct vm_context *vm, const struct vm_defined *seen,
		    const struct mapping *next, struct vm_apply *apply, struct deadline deadline,
		    struct err *err);

#endif
