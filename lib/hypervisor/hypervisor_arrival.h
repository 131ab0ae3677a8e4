/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_ARRIVAL_H
#define LUNMASK_HYPERVISOR_ARRIVAL_H

#include "hypervisor/hypervisor_call.h"

/*
 * The mark of a domain that a live migration has brought and that was never started: an element of
 * our own in its metadata. libvirt keeps it, also across a restart of libvirtd. It is part of the
 * definition that the target gets, and is removed before the first vCPU runs. So a paused domain
 * that has the mark has not run, and one without it may have. Internal to the hypervisor*.c files.
 */
#define HYPERVISOR_ARRIVAL_NAMESPACE "urn:x-lunmask:arrival:1"

/* The definition with the mark. The caller frees *ret. -EINVAL, with text. */
int hypervisor_arrival_mark(const char *domain_xml, char **ret, struct err *err);

/* For run(): 1, 0, or -errno. */
int hypervisor_arrival_marked(struct hypervisor_call *call, virDomainPtr domain);
/* For run(): removes the mark. It is not an error if there is none. */
int hypervisor_arrival_unmark(struct hypervisor_call *call, virDomainPtr domain);

#endif
