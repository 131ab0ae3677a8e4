/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_CALL_H
#define LUNMASK_HYPERVISOR_CALL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <libvirt/libvirt.h>

#include "base/deadline.h"
#include "base/err.h"
#include "hypervisor/hypervisor.h"

/*
 * libvirt's calls block for as long as libvirtd likes. Each runs in a thread of its own, on a heap
 * object that caller and thread share: who leaves last frees it. A caller that stops waiting
 * leaves the object to the thread, and takes nothing from it any more.
 *
 *	call = hypervisor_call_new(conn, run, vm, NULL);
 *	hypervisor_call_start(call, err) and hypervisor_call_wait(call, deadline)
 *	hypervisor_call_release(call);
 */
#define HYPERVISOR_CALL_TEXT_MAX 700
#define HYPERVISOR_CALL_ARGS_MAX 6

struct hypervisor_watch;

struct hypervisor_call {
	/* Set before the start; the thread's alone until the wait says that it is done. */
	virConnectPtr conn;
	int (*run)(struct hypervisor_call *call); /* 0 or -errno */
	char *vm;
	char *args[HYPERVISOR_CALL_ARGS_MAX];
	uint64_t number;
	struct hypervisor_watch *watch; /* a reference of its own; see hypervisor_watch.h */

	/* What the thread found. */
	int rc;
	char text[HYPERVISOR_CALL_TEXT_MAX];
	enum domain_state state;
	char *result;
	struct hypervisor_progress progress;
	bool job_active;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	int refs;
	bool done;
};

/* conn gets a reference of its own; the strings are copied. NULL when out of memory. */
struct hypervisor_call *
hypervisor_call_new(virConnectPtr conn, int (*run)(struct hypervisor_call *call), const char *vm);
bool hypervisor_call_set_arg(struct hypervisor_call *call, size_t i, const char *value);
int hypervisor_call_start(struct hypervisor_call *call, struct err *err);

/* True when it is over; its results may then be read. */
bool hypervisor_call_wait(struct hypervisor_call *call, struct deadline deadline);
void hypervisor_call_release(struct hypervisor_call *call);

void hypervisor_call_cleanup(struct hypervisor_call **call);
#define AUTO_CALL __attribute__((cleanup(hypervisor_call_cleanup))) struct hypervisor_call *

/* For run(): libvirt's last error of this thread as -errno, its message kept in the call. */
int hypervisor_call_failed(struct hypervisor_call *call);
int hypervisor_call_set_text(struct hypervisor_call *call, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* For run(): the call's domain when it is active, or NULL with *ret_rc (-ENOENT: not active). */
virDomainPtr hypervisor_call_domain(struct hypervisor_call *call, int *ret_rc);

/* A condition that counts on CLOCK_MONOTONIC, and the wait on it. False at the deadline. */
void hypervisor_cond_init(pthread_cond_t *cond);
bool hypervisor_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, struct deadline deadline);

/* A detached thread with all signals blocked: they are for the agent's own thread. */
int hypervisor_thread_start(void *(*main)(void *data), void *data);

#endif
