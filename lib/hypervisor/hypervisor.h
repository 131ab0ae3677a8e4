/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_HYPERVISOR_H
#define LUNMASK_HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"

/*
 * Virtual machines on this or another host, by libvirt. The only module that knows libvirt.
 *
 * Every call is over by its deadline, also when libvirtd hangs: the libvirt call runs in a thread
 * that is abandoned at the deadline, and the connection is then dead (each later call on it fails
 * with -ENOTCONN at once). Domains are transient: what has stopped leaves nothing behind.
 *
 * -ECONNREFUSED libvirtd cannot be reached     -ETIMEDOUT no answer in time
 * -ENOENT       no such domain                 -EEXIST    the domain is there already
 * -EIO          libvirt refused or failed, with its message
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

/* Is a QEMU process there, whether its vCPUs run or not? */
bool domain_state_active(enum domain_state state);

int hypervisor_open(const char *uri, struct deadline deadline, struct hypervisor **ret,
		    struct err *err);
void hypervisor_close(struct hypervisor *hypervisor);

/* Absence is DOMAIN_ABSENT, not an error. A domain that is defined but not active is ABSENT. */
int hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			    enum domain_state *ret, struct err *err);

/* The live definition, secrets left out. The caller frees. */
int hypervisor_domain_xml(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			  char **ret_xml, struct err *err);

/* Creates and starts a transient domain. */
int hypervisor_create(struct hypervisor *hypervisor, const char *domain_xml,
		      struct deadline deadline, struct err *err);
int hypervisor_resume(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		      struct err *err);

/* Asks the guest to shut down (ACPI; the agent when there is one) and returns at once. */
int hypervisor_shutdown(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			struct err *err);

/*
 * Ends the QEMU process: politely (SIGTERM) within half of the deadline, then by force. 0 when it
 * is gone, also if it never was. libvirt itself takes to SIGKILL after 10 s; where libvirtd is on
 * this host, the process is ended directly when half of a shorter deadline is over.
 */
int hypervisor_destroy(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		       struct err *err);

/* Waits, woken by libvirt's events, until the domain's QEMU is gone. -ETIMEDOUT. */
int hypervisor_wait_gone(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			 struct err *err);

/*
 * On success the domain is gone and file holds its memory. On failure it goes on running (libvirtd
 * sees to that, also when the caller dies); at the deadline the job is aborted as a migration's is.
 */
int hypervisor_save(struct hypervisor *hypervisor, const char *vm, const char *file,
		    struct deadline deadline, struct err *err);

/*
 * Loads the image with domain_xml as its definition; the domain is there, paused. libvirt's reason
 * is then the one of an incoming migration, and so is the state: DOMAIN_PAUSED_MIGRATION.
 */
int hypervisor_restore_paused(struct hypervisor *hypervisor, const char *file,
			      const char *domain_xml, struct deadline deadline, struct err *err);

struct hypervisor_migration {
	const char *vm;
	/* The target's libvirtd, as the source's libvirtd reaches it. */
	const char *target_uri;
	/* "tcp://address", where the memory goes; NULL: libvirt's choice. */
	const char *migrate_uri;
	/* The definition for the target. */
	const char *target_xml;
};

struct hypervisor_progress {
	uint64_t memory_total_bytes;
	uint64_t memory_remaining_bytes;
	uint64_t downtime_ms; /* 0 until it is known */
};

/*
 * Live, peer to peer: the source's libvirtd goes on when the caller dies. At the deadline the job
 * is aborted and its end awaited (that takes up to 10 s more). A guest that is paused, be it by an
 * I/O error, is moved all the same and stays paused: where it goes the path may be whole. A return
 * code is a hint: ask both hosts where the domain runs. progress may be NULL and is called about
 * once a second.
 */
int hypervisor_migrate(struct hypervisor *hypervisor, const struct hypervisor_migration *migration,
		       struct deadline deadline,
		       void (*progress)(const struct hypervisor_progress *now, void *data),
		       void *data, struct err *err);

/* Aborts a migration or save job that still runs and waits for its end. 0 when there is none. */
int hypervisor_abort_job(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			 struct err *err);

/*
 * Would the host take the domain? -EEXIST a domain of that name is active there; -ENOSPC not
 * enough memory (caches count as free); -ENOTSUP its CPU model cannot run there.
 */
int hypervisor_preflight(struct hypervisor *hypervisor, const char *vm, const char *domain_xml,
			 struct deadline deadline, struct err *err);

#endif
