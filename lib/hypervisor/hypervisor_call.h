/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_CALL_H
#define LUNMASK_HYPERVISOR_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <libvirt/libvirt.h>

#include "base/async_call.h"
#include "base/deadline.h"
#include "base/err.h"
#include "hypervisor/hypervisor.h"

/*
 * A call of libvirt, which blocks for as long as libvirtd likes: an async_call (base/async_call.h).
 *
 *	call = hypervisor_call_new(conn, run, vm);
 *	hypervisor_call_start(call, err) and hypervisor_call_wait(call, deadline)
 *	hypervisor_call_release(call);
 *
 * Internal to the hypervisor*.c files.
 */
#define HYPERVISOR_CALL_TEXT_MAX 700
#define HYPERVISOR_CALL_ARGS_MAX 6

struct hypervisor_watch;

struct hypervisor_call {
	struct async_call async;

	/*
	 * Set before the start; only the thread uses them until hypervisor_call_wait() has returned
	 * true.
	 */
	virConnectPtr conn;
	int (*run)(struct hypervisor_call *call); /* 0 or -errno */
	char *vm;
	char *args[HYPERVISOR_CALL_ARGS_MAX];
	uint64_t number;
	struct hypervisor_tuning tuning;
	struct hypervisor_watch *watch; /* a reference of its own (hypervisor_watch.h) */

	/* The results of the thread. */
	int rc;
	char text[HYPERVISOR_CALL_TEXT_MAX];
	enum domain_state state;
	char *result;
	struct hypervisor_progress progress;
	bool job_active;
};

/* Takes a reference to conn and copies vm. NULL: out of memory. */
struct hypervisor_call *
hypervisor_call_new(virConnectPtr conn, int (*run)(struct hypervisor_call *call), const char *vm);
bool hypervisor_call_set_arg(struct hypervisor_call *call, size_t i, const char *value);
int hypervisor_call_start(struct hypervisor_call *call, struct err *err);

/* True when the call has ended; its results may then be read. */
bool hypervisor_call_wait(struct hypervisor_call *call, struct deadline deadline);

/* As async_call_wait_or(): before the start, and then instead of hypervisor_call_wait(). */
int hypervisor_call_pollable(struct hypervisor_call *call, struct err *err);
bool hypervisor_call_wait_or(struct hypervisor_call *call, int fd, struct deadline deadline,
			     bool *ret_readable);

void hypervisor_call_release(struct hypervisor_call *call);

void hypervisor_call_cleanup(struct hypervisor_call **call);
#define AUTO_CALL __attribute__((cleanup(hypervisor_call_cleanup))) struct hypervisor_call *

/* For run(): libvirt's last error in this thread as -errno; its message is kept in the call. */
int hypervisor_call_failed(struct hypervisor_call *call);
int hypervisor_call_set_text(struct hypervisor_call *call, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * For run(): the call's domain if it is active; otherwise NULL and *ret_rc (-ENOENT: not active).
 */
virDomainPtr hypervisor_call_domain(struct hypervisor_call *call, int *ret_rc);

#endif
