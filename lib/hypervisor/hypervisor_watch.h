/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_WATCH_H
#define LUNMASK_HYPERVISOR_WATCH_H

#include <stdint.h>

#include "base/deadline.h"
#include "hypervisor/hypervisor_call.h"

/*
 * Being woken by libvirt's events. The watch only says that something happened to a domain;
 * what is so now is looked up by who waits:
 *
 *	seen = hypervisor_watch_count(watch);
 *	look; if it is not yet so: hypervisor_watch_wait(watch, seen, deadline), and again
 *
 * An event between the look and the wait has changed the count, so no wake-up is lost.
 * The watch is shared with libvirt, and freed when both have let go.
 */
struct hypervisor_watch;

/* Events of the domain vm; starts libvirt's event loop (virt_loop.h). NULL when out of memory. */
struct hypervisor_watch *hypervisor_watch_new(const char *vm);
struct hypervisor_watch *hypervisor_watch_ref(struct hypervisor_watch *watch);
void hypervisor_watch_release(struct hypervisor_watch *watch);

/* For run(): subscribes and unsubscribes call->watch on call->conn. */
int hypervisor_watch_subscribe(struct hypervisor_call *call);
void hypervisor_watch_unsubscribe(struct hypervisor_watch *watch, virConnectPtr conn);

uint64_t hypervisor_watch_count(struct hypervisor_watch *watch);

/* False at the deadline. */
bool hypervisor_watch_wait(struct hypervisor_watch *watch, uint64_t seen, struct deadline deadline);

/* Of the last job that was completed; 0 when none has been reported. */
uint64_t hypervisor_watch_downtime_ms(struct hypervisor_watch *watch);

#endif
