/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DOCTOR_CIB_H
#define LUNMASK_DOCTOR_CIB_H

#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "base/err.h"

/*
 * The cluster's configuration, as far as it decides how Pacemaker treats VMs: the nodes, and of
 *each ocf:lunmask:VirtualMachine its meta attributes and operations. Rules are not evaluated.
 *
 *	rc = doctor_cib_parse(xml, bytes, &cib, err);
 *	doctor_cib_release(&cib);
 *
 * All texts are borrowed from the document, which the struct owns. Zero it before.
 */
#define DOCTOR_CIB_BYTES_MAX (64u * 1024 * 1024)
#define DOCTOR_CIB_OPS_MAX 16

/* NULL: not set, neither at the resource nor in its template nor in the cluster's defaults. */
struct doctor_cib_op {
	const char *name;
	const char *timeout;
	const char *on_fail;
	const char *level; /* of a monitor: OCF_CHECK_LEVEL */
};

struct doctor_cib_vm {
	const char *resource;
	const char *allow_migrate;
	const char *multiple_active;
	const char *requirement; /* requires */
	struct doctor_cib_op ops[DOCTOR_CIB_OPS_MAX];
	size_t n_ops;
};

struct doctor_cib {
	xmlDocPtr doc;
	const char *dc_version; /* of Pacemaker on the DC; NULL: not known */
	const char *op_timeout; /* the cluster's default; NULL: Pacemaker's, 20s */
	const char **nodes;
	size_t n_nodes;
	struct doctor_cib_vm *vms;
	size_t n_vms;
};

/* Takes the text of <configuration>. -EINVAL. */
int doctor_cib_parse(const char *xml, size_t bytes, struct doctor_cib *ret, struct err *err);
void doctor_cib_release(struct doctor_cib *cib);

/* "30s" as ms; -1: not a time. */
int64_t doctor_cib_time_ms(const char *text);

#endif
