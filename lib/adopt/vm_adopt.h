/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_ADOPT_H
#define LUNMASK_VM_ADOPT_H

#include <stdbool.h>
#include <stdint.h>

#include "foreign/adopt_chain.h"
#include "foreign/adopt_definition.h"
#include "foreign/adopt_refusals.h"
#include "create/vm_create.h"

/*
 * Takes a VM over that this host's libvirt keeps, and that is shut off, as one task of the journal
 * (JOURNAL_CREATE). Files are copied to LUNs that the task makes; a drive that is a LUN of the
 *array already stays that LUN, and nothing is copied. The definition is stored on the state LUN.
 *
 *	rc = vm_adopt_look(&wish, deadline, &adopted, err);       changes nothing
 *	rc = vm_adopt(&wish, report, deadline, &adopted, err);
 *	vm_adopted_release(&adopted);
 *
 * Before anything is made, the definition is written to a file (adopt_file.h) and taken from
 * libvirt: from then on nobody starts the guest by its name while its disks are copied, or beside
 * the cluster. If the task fails, or is undone, libvirt gets it back.
 *
 * If the process is killed, also by a power cut, the same call goes on, or vm_adopt_abort() undoes
 * it. What is deleted are LUNs that the task has made, by the journal's record. A LUN that was
 *there is never in that record: the task does not grant it to anybody, and revokes it from this
 *host only as its last step, after which nothing is undone. Files are never changed or deleted.
 */
struct vm_adopt_wish {
	const char *vm;
	const char *array;      /* [array NAME]; NULL: the only one */
	const char *class;      /* NULL: none */
	char *const *sizes;     /* "vda=20GiB"; NULL: as large as the files' disks */
	const char *hypervisor; /* libvirt URI; NULL: the system's */
	const char *node;       /* this node's name, or NULL: ask the cluster */
	bool eject;             /* media */
	bool compare;           /* read back what was written */
	/* Called as an image is written or read back. May be NULL. */
	void (*progress)(void *data, const char *doing, const char *lun, uint64_t image_bytes,
			 double share);
	void *data;
};

enum adopted_how { ADOPTED_COPIED, ADOPTED_TAKEN, ADOPTED_NEW };
const char *adopted_how_to_str(enum adopted_how how);

struct adopted_drive {
	char target[DRIVE_TARGET_MAX + 1]; /* "": the state LUN */
	char lun[LUN_NAME_MAX + 1];
	enum adopted_how how;
	uint64_t size_bytes;
	char *file;   /* COPIED */
	char *class;  /* NULL: TAKEN */
	bool granted; /* TAKEN: this host has a grant, which is revoked */
};

struct vm_adopted {
	struct vm_created created; /* as parameters of the resource */
	struct adopted_drive drives[VM_LUNS_MAX];
	size_t n_drives;
	char *kept;               /* the file that has the old definition */
	adopt_refusals *refusals; /* what is in the way; empty: nothing */
};

/* -EPERM: something is in the way; ret->refusals has all. Fills *ret in any case. */
int vm_adopt_look(const struct vm_adopt_wish *wish, struct deadline deadline,
		  struct vm_adopted *ret, struct err *err);
int vm_adopt(const struct vm_adopt_wish *wish, const struct vm_report *report,
	     struct deadline deadline, struct vm_adopted *ret, struct err *err);
void vm_adopted_release(struct vm_adopted *adopted);

/*
 * Undoes an adopt that has not ended. -ENOENT: there is none. -EPERM: it has only to be completed;
 * or it is another node's, which may be alive.
 */
int vm_adopt_abort(const char *vm, const char *node, const char *hypervisor,
		   const struct vm_report *report, struct deadline deadline, struct err *err);

/*
 * What the steps share (vm_context.adopt). Internal to this room.
 */
struct vm_adopt {
	const struct vm_adopt_wish *wish; /* NULL: it is undone */
	struct vm_adopted *result;
	char *xml;          /* as libvirt had it */
	unsigned int flags; /* what libvirt says now (persistent_domain.h) */
	bool continued;     /* an earlier process has begun the task */
	bool elsewhere;     /* on another node, whose libvirt had it */
	int64_t begun_ms;   /* of the task */

	struct adopt_drive drives[VM_LUNS_MAX];
	size_t n_drives;
	struct adopt_chain chains[VM_LUNS_MAX]; /* of each drive that is a file */
	char *stamps[VM_LUNS_MAX];
	const char *taken[VM_LUNS_MAX]; /* LUNs that were there */
	size_t n_taken;
	GBytes *tpm;    /* the state of its TPM, or NULL: it has none */
	bool committed; /* nothing is undone any more */

	struct vm_create create;
};

#define ADOPT_STEP_COMMIT "commit"
#define ADOPT_STEP_RELEASE "release"

#endif
