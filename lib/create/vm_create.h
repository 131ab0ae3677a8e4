/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_CREATE_H
#define LUNMASK_VM_CREATE_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/mapping.h"
#include "template/template_definition.h"
#include "vm/vm_context.h"

/*
 * Makes a VM from a template, as one task of the journal (JOURNAL_CREATE): its LUNs are made, this
 * node is granted them, the images are written, the mapping file is stored on the state LUN, and
 * this node's access is revoked. Then nobody has a path to the LUNs, and the resource agent can
 * start the VM anywhere, without the parameter config.
 *
 *	rc = vm_create(&wish, report, deadline, &created, err);
 *	vm_created_release(&created);
 *
 * If it is killed, also by a power cut, the same call goes on with it, or vm_create_abort() undoes
 * it. If it fails, it undoes itself. In each case the LUNs that are deleted are those that the task
 * has made, by the journal's record, and no others.
 *
 * A half-written image is never trusted. Only when all images are written and flushed does the
 * journal record the step "state"; a task that died before makes its LUNs anew.
 */
struct vm_create_wish {
	const char *vm;
	const char *array;               /* [array NAME]; NULL: the only one */
	const struct template *template; /* with the sizes that are wanted */
	uint64_t memory_bytes;
	unsigned int n_vcpus;
	const char *network;
	const char *hypervisor; /* libvirt URI */
	const char *node;       /* this node's name, or NULL: ask the cluster */
	bool compare;           /* read back what was written */
	/* Called as an image is written or read back. May be NULL. */
	void (*progress)(void *data, const char *doing, const char *lun, uint64_t image_bytes,
			 double share);
	void *data;
};

/* The VM that was made, as parameters of the resource. */
struct vm_created {
	char *array;
	char *luns;
	char *state_lun;
	uint64_t memory_bytes;
};

/*
 * Looks at what can be known before anything is made: the template, its images, the names, the
 * array's capabilities, that no LUN of these names is there. Changes nothing. Fills *ret in any
 * case.
 */
int vm_create_check(const struct vm_create_wish *wish, struct deadline deadline,
		    struct vm_created *ret, struct err *err);

/*
 * -EEXIST: a LUN of the name is there, and is not this task's. -EBUSY: another process makes the
 * VM, or another task of it is open. Errors of vm_create_check(), and those of the steps.
 */
int vm_create(const struct vm_create_wish *wish, const struct vm_report *report,
	      struct deadline deadline, struct vm_created *ret, struct err *err);
void vm_created_release(struct vm_created *created);

/* Undoes a create of this VM that has not ended. -ENOENT: there is none. */
int vm_create_abort(const char *vm, const char *node, const char *hypervisor,
		    const struct vm_report *report, struct deadline deadline, struct err *err);

/*
 * What the steps share (vm_context.create), also those of lunmask adopt.
 *
 * A volume is a LUN that the task makes: one for each drive that gets one, and the state LUN.
 */
struct create_volume {
	const char *lun;
	uint64_t size_bytes;
	const char *class;
	const char *image;  /* the file that is written to it; NULL: it stays empty */
	const char *format; /* of the image, as qemu-img calls it */
};

/* How images are written. */
struct create_copy {
	/* Is the file still such an image? As template_image_look(). */
	int (*look)(const char *path, const char *format, struct deadline deadline,
		    uint64_t *ret_bytes, struct err *err);
	bool compare;
	void (*progress)(void *data, const char *doing, const char *lun, uint64_t image_bytes,
			 double share);
	void *data;
};

struct vm_create {
	struct create_volume volumes[VM_LUNS_MAX];
	size_t n_volumes;
	struct create_copy copy;
	struct lun there[VM_LUNS_MAX]; /* LUNs of the definition that were there before */
	size_t n_there;
	char *xml;            /* the definition */
	struct mapping *next; /* the mapping file */
	bool kept;            /* by an earlier process, which had written all images */
	bool cut;             /* what that process could still write through is gone */
	bool cleared;         /* what it had made and not completed is deleted */
	bool written;         /* all images are on the LUNs, and flushed */
};

void vm_create_release(struct vm_create *create);

/*
 * Can the array make the volumes, and is there no LUN of these names? Volumes of a task that goes
 * on are found by the steps. -EOPNOTSUPP, -EEXIST.
 */
int vm_create_possible(struct vm_context *vm, struct deadline deadline, struct err *err);

#endif
