/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_CONN_H
#define LUNMASK_HYPERVISOR_CONN_H

#include "hypervisor/hypervisor_call.h"

/* Shared by the hypervisor*.c files, and internal to them. */
struct hypervisor {
	virConnectPtr conn;
	bool local; /* its QEMU processes are on this host */
	bool dead;  /* a call was abandoned: the connection may hang in it */
};

/* Makes a call on the connection. NULL with err if the connection is dead or memory is short. */
struct hypervisor_call *hypervisor_call_on(struct hypervisor *hypervisor,
					   int (*run)(struct hypervisor_call *call), const char *vm,
					   int *ret_rc, struct err *err);

/* Starts the call and waits for it. what: name of the operation for the error text. */
int hypervisor_run(struct hypervisor *hypervisor, struct hypervisor_call *call, const char *what,
		   struct deadline deadline, struct err *err);

/* Returns the result of a call that has ended. */
int hypervisor_outcome(const struct hypervisor_call *call, const char *what, struct err *err);

/* Marks the connection as dead. Returns -ETIMEDOUT. */
int hypervisor_abandon(struct hypervisor *hypervisor, const char *what, struct err *err);

/* What happens beside a job. Each function may be NULL. */
struct hypervisor_job_watch {
	void (*tick)(void *data);   /* once a second */
	int exit_fd;                /* a pidfd; used with exited only */
	void (*exited)(void *data); /* once: the process of exit_fd has exited */
	void *data;
};

/*
 * Runs a call that is a libvirt job (migration, save). At the deadline the job is aborted and its
 * end is awaited. watch may be NULL.
 */
int hypervisor_run_job(struct hypervisor *hypervisor, struct hypervisor_call *call,
		       const char *what, struct deadline deadline,
		       const struct hypervisor_job_watch *watch, struct err *err);

#endif
