/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HOST_LOOK_H
#define LUNMASK_HOST_LOOK_H

#include "base/deadline.h"
#include "base/err.h"
#include "hosts/host_facts.h"
#include "survey/vm_all.h"

/*
 * lunmask hosts: asks lunmaskd, Pacemaker, the array and the libvirts of all nodes about one VM,
 *and judges each host. It changes nothing.
 *
 *	rc = host_look("web1", deadline, &found, err);
 *	... found.verdicts[i] is about found.facts[i].node
 *	host_found_release(&found);
 *
 * What does not answer makes facts that are not known. The call fails only if the VM's LUNs are not
 * known. -ENOENT: the cluster has no such VM. -EINVAL: its parameters are wrong. -ENOTCONN,
 * -ETIMEDOUT: the cluster's configuration could not be read.
 */
struct host_found {
	struct vm_all all; /* owns what the rest borrows */
	const struct vm_one *one;
	struct host_lun *luns;
	struct host_need need;
	struct host_facts *facts;
	struct host_verdict *verdicts;
	size_t n;
	struct cluster_hosts cluster;
};

int host_look(const char *vm, struct deadline deadline, struct host_found *ret, struct err *err);
void host_found_release(struct host_found *found);

/* The parameter of the agent: "all" is 0; NULL, and what the agent would refuse, is its default. */
size_t host_paths_required(const char *text);

#endif
