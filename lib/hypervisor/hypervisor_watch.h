/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_WATCH_H
#define LUNMASK_HYPERVISOR_WATCH_H

#include <stdint.h>

#include "base/deadline.h"
#include "hypervisor/hypervisor_call.h"

/*
 * Wakes a waiting thread on libvirt's events. The watch only says that something happened to a
 * domain; the waiting thread has to look up the new state:
 *
 *	seen = hypervisor_watch_count(watch);
 *	look; unless the state is the wanted one:
 *		hypervisor_watch_wait(watch, seen, deadline), then repeat
 *
 * An event between the look and the wait has changed the count, so no wake-up is lost. The watch is
 * shared with libvirt, and freed when both have released it. Internal to the hypervisor*.c files.
 */
struct hypervisor_watch;

/*
 * Watches the events of the domain vm. The first call starts libvirt's event loop (virt_loop.h).
 * NULL: out of memory or threads.
 */
struct hypervisor_watch *hypervisor_watch_new(const char *vm);
struct hypervisor_watch *hypervisor_watch_ref(struct hypervisor_watch *watch);
void hypervisor_watch_release(struct hypervisor_watch *watch);

/* For run(): subscribes call->watch to call->conn, or removes the subscription. */
int hypervisor_watch_subscribe(struct hypervisor_call *call);
void hypervisor_watch_unsubscribe(struct hypervisor_watch *watch, virConnectPtr conn);

uint64_t hypervisor_watch_count(struct hypervisor_watch *watch);

/* Returns false at the deadline. */
bool hypervisor_watch_wait(struct hypervisor_watch *watch, uint64_t seen, struct deadline deadline);

/*
 * True if the last that happened to the domain is that its vCPUs were stopped for the end of a
 * migration: it has not run since. What libvirtd has sent counts, so ask it something first.
 */
bool hypervisor_watch_stopped(struct hypervisor_watch *watch);

/* The downtime of the last completed job, in ms; 0: none has been reported. */
uint64_t hypervisor_watch_downtime_ms(struct hypervisor_watch *watch);

#endif
