/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_H
#define LUNMASK_HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Virtual machines on this host or another one, through libvirt. In lib, only this folder uses
 * libvirt.
 *
 *	rc = hypervisor_open(uri, deadline, &hypervisor, err);
 *	rc = hypervisor_domain_state(hypervisor, vm, deadline, &state, err);      and others
 *	hypervisor_close(hypervisor);
 *
 * Every call returns by its deadline, even if libvirtd hangs: the libvirt call runs in a thread
 * that is abandoned at the deadline. The connection is then dead, and each later call on it fails
 * with -ENOTCONN at once. Domains are transient: a domain that has stopped leaves no definition.
 *
 * -ECONNREFUSED: libvirtd cannot be reached
 * -ETIMEDOUT: no answer in time
 * -ENOENT: no such domain
 * -EEXIST: the domain already exists
 * -EIO: libvirt refused or failed; its message is in the text
 */
struct hypervisor;

/* X-macro rows: enum name, text. */
#define DOMAIN_STATES(X)                                                                           \
	X(DOMAIN_ABSENT, "absent")                                                                 \
	X(DOMAIN_RUNNING, "running")                                                               \
	X(DOMAIN_PAUSED, "paused")                                                                 \
	X(DOMAIN_PAUSED_IO_ERROR, "paused after an I/O error")                                     \
	X(DOMAIN_PAUSED_MIGRATION, "paused by a migration or restore")                             \
	X(DOMAIN_PAUSED_STARTING, "paused, starting up")                                           \
	X(DOMAIN_SHUTTING_DOWN, "shutting down")                                                   \
	X(DOMAIN_SUSPENDED, "suspended by the guest")                                              \
	X(DOMAIN_CRASHED, "crashed")

enum domain_state {
#define X(name, text) name,
	DOMAIN_STATES(X)
#undef X
		DOMAIN_STATE_MAX
};

const char *domain_state_to_str(enum domain_state state);

/* Does the domain have a QEMU process, whether or not its vCPUs run? */
bool domain_state_active(enum domain_state state);

int hypervisor_open(const char *uri, struct deadline deadline, struct hypervisor **ret,
		    struct err *err);
void hypervisor_close(struct hypervisor *hypervisor);

/*
 * Absence is DOMAIN_ABSENT, not an error. A domain that is defined but not active is also ABSENT.
 */
int hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			    enum domain_state *ret, struct err *err);

/* Returns the live definition without secrets. The caller frees *ret_xml. */
int hypervisor_domain_xml(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			  char **ret_xml, struct err *err);

/* Creates and starts a transient domain. -EEXIST. */
int hypervisor_create(struct hypervisor *hypervisor, const char *domain_xml,
		      struct deadline deadline, struct err *err);
int hypervisor_resume(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		      struct err *err);

/*
 * Asks the guest to shut down (by ACPI, or by the guest agent if there is one) and returns at once.
 */
int hypervisor_shutdown(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			struct err *err);

/*
 * Kills the QEMU process. Returns 0 when it is gone, also if it never existed. libvirt sends
 * SIGTERM, and SIGKILL after 10 s. If libvirtd is on this host and has not finished after half of
 * the deadline, the process is killed directly.
 */
int hypervisor_destroy(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		       struct err *err);

/* Waits for libvirt's events until the domain's QEMU process is gone. -ETIMEDOUT. */
int hypervisor_wait_gone(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			 struct err *err);

/*
 * Saves the domain's memory. On success the domain is gone and file holds its memory. On failure
 * the domain continues to run; libvirtd ensures that even if the caller dies. At the deadline the
 * job is aborted as in hypervisor_migrate().
 */
int hypervisor_save(struct hypervisor *hypervisor, const char *vm, const char *file,
		    struct deadline deadline, struct err *err);

/*
 * Creates a paused domain from the image, with domain_xml as its definition. libvirt then gives the
 * reason of an incoming migration, so the state is DOMAIN_PAUSED_MIGRATION. -EEXIST.
 */
int hypervisor_restore_paused(struct hypervisor *hypervisor, const char *file,
			      const char *domain_xml, struct deadline deadline, struct err *err);

struct hypervisor_migration {
	const char *vm;
	/* URI of the target's libvirtd, as the source's libvirtd reaches it. */
	const char *target_uri;
	/* "tcp://address": where the memory is sent. NULL: libvirt chooses. */
	const char *migrate_uri;
	/* The domain definition for the target. */
	const char *target_xml;
};

struct hypervisor_progress {
	uint64_t memory_total_bytes;
	uint64_t memory_remaining_bytes;
	uint64_t downtime_ms; /* 0 until it is known */
};

/*
 * Migrates live, peer to peer: the source's libvirtd continues if the caller dies. At the deadline
 * the job is aborted and its end is awaited, which takes up to 10 s more. A paused guest, even one
 * paused by an I/O error, is moved too and stays paused; the path on the target may be intact. The
 * return code is a hint: ask both hosts where the domain runs. progress may be NULL; it is called
 * about once a second.
 */
int hypervisor_migrate(struct hypervisor *hypervisor, const struct hypervisor_migration *migration,
		       struct deadline deadline,
		       void (*progress)(const struct hypervisor_progress *now, void *data),
		       void *data, struct err *err);

/* Aborts a migration or save job that still runs, and waits for its end. 0 if there is none. */
int hypervisor_abort_job(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			 struct err *err);

/*
 * Can the host run the domain? -EEXIST: a domain of that name is active there. -ENOSPC: not enough
 * memory (caches count as free). -ENOTSUP: its CPU model cannot run there.
 */
int hypervisor_preflight(struct hypervisor *hypervisor, const char *vm, const char *domain_xml,
			 struct deadline deadline, struct err *err);

#endif
