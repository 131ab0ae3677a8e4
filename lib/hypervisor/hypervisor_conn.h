/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_CONN_H
#define LUNMASK_HYPERVISOR_CONN_H

#include "hypervisor/hypervisor_call.h"

/* What the hypervisor*.c files share. */
struct hypervisor {
	virConnectPtr conn;
	bool local; /* QEMU's processes are of this host */
	bool dead;  /* a call was abandoned: the connection may be stuck in it */
};

/* A call on the connection; NULL with err when it is dead or memory is short. */
struct hypervisor_call *hypervisor_call_on(struct hypervisor *hypervisor,
					   int (*run)(struct hypervisor_call *call), const char *vm,
					   int *ret_rc, struct err *err);

/* Starts it and waits; what is libvirt's word for the text of an error. */
int hypervisor_run(struct hypervisor *hypervisor, struct hypervisor_call *call, const char *what,
		   struct deadline deadline, struct err *err);

/* The outcome of a call that is done. */
int hypervisor_outcome(const struct hypervisor_call *call, const char *what, struct err *err);

/* -ETIMEDOUT, and the connection is dead. */
int hypervisor_abandon(struct hypervisor *hypervisor, const char *what, struct err *err);

/*
 * A call that is a job of libvirt's (migration, save): aborted at the deadline, its end awaited.
 * tick, where not NULL, is called once a second.
 */
int hypervisor_run_job(struct hypervisor *hypervisor, struct hypervisor_call *call,
		       const char *what, struct deadline deadline, void (*tick)(void *data),
		       void *data, struct err *err);

#endif
