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
	X(DOMAIN_CRASHED, "crashed")                                                               \
	X(DOMAIN_ARRIVED, "arrived by a migration and not started")                                \
	X(DOMAIN_LOST, "lost: its QEMU runs, but libvirt does not know it")

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

/*
 * The same beside other work: hypervisor_open_end() waits for it, and ends *opening in any case.
 * hypervisor_open_drop() is for an opening that nobody needs; NULL is allowed.
 */
struct hypervisor_opening;
int hypervisor_open_begin(const char *uri, struct hypervisor_opening **ret, struct err *err);
int hypervisor_open_end(struct hypervisor_opening *opening, struct deadline deadline,
			struct hypervisor **ret, struct err *err);
void hypervisor_open_drop(struct hypervisor_opening *opening);

/*
 * Which host that is, as its libvirt says: its name up to the first period, and the UUID of its
 * system board, or '-' where libvirt does not know that. Two connections to one host show the same.
 */
#define HYPERVISOR_HOST_MAX 128
int hypervisor_host_get(struct hypervisor *hypervisor, struct deadline deadline,
			char ret[HYPERVISOR_HOST_MAX + 1], struct err *err);
void hypervisor_close(struct hypervisor *hypervisor);

/* As libvirt counts: 1,000,000 * major + 1,000 * minor + release. qemu is 0 if it is not known. */
struct hypervisor_versions {
	unsigned long libvirt; /* of the daemon */
	unsigned long qemu;
};
int hypervisor_versions_get(struct hypervisor *hypervisor, struct deadline deadline,
			    struct hypervisor_versions *ret, struct err *err);

/*
 * Absence is DOMAIN_ABSENT, not an error. A domain that is defined but not active is also ABSENT.
 * Only vm_domain_state() looks for the QEMU process, and reports LOST.
 */
int hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			    enum domain_state *ret, struct err *err);

/*
 * The definition of the active domain, or of a saved image, as libvirt takes it for the same guest
 * on another host (migratable). It may hold secrets: do not log it. The caller frees *ret_xml.
 */
int hypervisor_domain_xml(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			  char **ret_xml, struct err *err);
int hypervisor_image_xml(struct hypervisor *hypervisor, const char *file, struct deadline deadline,
			 char **ret_xml, struct err *err);

/*
 * Would libvirt accept the definition, and could it make a command line for QEMU of it? Nothing is
 * created. 0 also if this libvirt cannot tell.
 */
int hypervisor_check_xml(struct hypervisor *hypervisor, const char *domain_xml,
			 struct deadline deadline, struct err *err);

/*
 * Changes the active domain, as long as it runs: attaches a device; asks the guest to give one up
 * (0: it was asked, and may take its time, or not answer: look at the definition); changes a device
 * that it has, as far as libvirt can; replaces the
 * <mapping> in the metadata, which is given without its namespace. -ENOENT.
 */
int hypervisor_attach(struct hypervisor *hypervisor, const char *vm, const char *device_xml,
		      struct deadline deadline, struct err *err);
int hypervisor_detach(struct hypervisor *hypervisor, const char *vm, const char *device_xml,
		      struct deadline deadline, struct err *err);
int hypervisor_update(struct hypervisor *hypervisor, const char *vm, const char *device_xml,
		      struct deadline deadline, struct err *err);
int hypervisor_set_mapping(struct hypervisor *hypervisor, const char *vm, const char *mapping_xml,
			   struct deadline deadline, struct err *err);

/*
 * The same for amounts, up to the maximum that the domain was created with. 0 for memory: the
 * balloon was asked for it, and the guest may take its time, or have no driver: look at the
 * definition. vCPUs are added at once, or given up by the guest before libvirt returns (5 s).
 */
int hypervisor_set_memory(struct hypervisor *hypervisor, const char *vm, uint64_t kib,
			  struct deadline deadline, struct err *err);
int hypervisor_set_vcpus(struct hypervisor *hypervisor, const char *vm, unsigned int count,
			 struct deadline deadline, struct err *err);

/*
 * The size of a disk as the running guest has it, and telling it another one, which its LUN must
 * have: QEMU reads the capacity again. target: as vda. -ENOENT: the domain is not active.
 */
int hypervisor_disk_size(struct hypervisor *hypervisor, const char *vm, const char *target,
			 struct deadline deadline, uint64_t *ret_bytes, struct err *err);
int hypervisor_disk_resize(struct hypervisor *hypervisor, const char *vm, const char *target,
			   uint64_t size_bytes, struct deadline deadline, struct err *err);

/*
 * The file of the UEFI firmware that libvirt on this host would give the guest. Nothing is created.
 * -ENOENT: none. The caller frees *ret with g_free().
 */
int hypervisor_firmware_file(struct hypervisor *hypervisor, const char *domain_xml,
			     struct deadline deadline, char **ret, struct err *err);

/*
 * -EOPNOTSUPP: libvirt on that host is too old to have UEFI variables on a LUN. It would make a
 * file of the host for them without a word.
 */
int hypervisor_flash_check(struct hypervisor *hypervisor, struct deadline deadline,
			   struct err *err);

/* -EOPNOTSUPP: libvirt on that host does not know how to run swtpm, as where it is not installed.
 */
int hypervisor_tpm_check(struct hypervisor *hypervisor, struct deadline deadline, struct err *err);

/* Creates and starts a transient domain. -EEXIST. */
int hypervisor_create(struct hypervisor *hypervisor, const char *domain_xml,
		      struct deadline deadline, struct err *err);
/* From now on, a domain that was ARRIVED may have run, even if this fails. */
int hypervisor_resume(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		      struct err *err);

/* Wakes a guest that is SUSPENDED, and returns at once. -EIO also if it is not suspended. */
int hypervisor_wake(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
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
 *
 * domain_xml is kept in the image as the guest's definition. libvirt compares it with the guest
 * that runs before it writes anything, as it would when restoring. NULL: libvirt's own.
 */
int hypervisor_save(struct hypervisor *hypervisor, const char *vm, const char *file,
		    const char *domain_xml, struct deadline deadline, struct err *err);

/*
 * Creates a paused domain from the image, with domain_xml as its definition. libvirt then gives the
 * reason of an incoming migration, so the state is DOMAIN_PAUSED_MIGRATION. -EEXIST.
 */
int hypervisor_restore_paused(struct hypervisor *hypervisor, const char *file,
			      const char *domain_xml, struct deadline deadline, struct err *err);

struct hypervisor_progress {
	uint64_t memory_total_bytes;
	uint64_t memory_remaining_bytes;
	uint64_t downtime_ms; /* 0 until it is known */
};

/* X-macro rows: enum name, libvirt's name for the method, whether it needs several connections. */
#define HYPERVISOR_COMPRESSIONS(X)                                                                 \
	X(COMPRESSION_NONE, "none", false)                                                         \
	X(COMPRESSION_XBZRLE, "xbzrle", false)                                                     \
	X(COMPRESSION_MT, "mt", false)                                                             \
	X(COMPRESSION_ZLIB, "zlib", true)                                                          \
	X(COMPRESSION_ZSTD, "zstd", true)

enum hypervisor_compression {
#define X(name, text, parallel) name,
	HYPERVISOR_COMPRESSIONS(X)
#undef X
		COMPRESSION_MAX
};

#define HYPERVISOR_DOWNTIME_MS 300 /* QEMU's own */

/* How the memory is sent. */
struct hypervisor_tuning {
	unsigned int bandwidth_mib_s; /* 0: without a limit */
	unsigned int downtime_max_ms; /* 0: QEMU's own */
	unsigned int connections;     /* 0 and 1: one; more are used in parallel */
	enum hypervisor_compression compression;
	bool auto_converge; /* slow the guest down if it changes memory faster than that is sent */
	bool encrypted;     /* TLS, with QEMU's certificates of both hosts */
};

/* -EINVAL: QEMU cannot do that together; the text says what is legal. */
int hypervisor_tuning_check(const struct hypervisor_tuning *tuning, struct err *err);

struct hypervisor_migration {
	const char *vm;
	/* URI of the target's libvirtd, as the source's libvirtd reaches it. */
	const char *target_uri;
	/* "tcp://address": where the memory is sent. NULL: libvirt chooses. */
	const char *migrate_uri;
	/* The domain definition for the target. */
	const char *target_xml;
	struct hypervisor_tuning tuning;

	/*
	 * A pidfd of the domain's QEMU here, and what is called when that process has exited while
	 * its vCPUs were stopped for the end of this migration: libvirt says so 0.2 s later. It
	 * returns false if it could not start the guest. May be NULL.
	 */
	int qemu_fd;
	bool (*gone)(void *data);
	/*
	 * Called at once when libvirt says that the domain has arrived, while the guest is paused,
	 * unless gone has returned true. May be NULL.
	 */
	void (*arrived)(void *data);
	/* Called about once a second, and at the end with the downtime. May be NULL. */
	void (*progress)(const struct hypervisor_progress *now, void *data);
	void *data;
};

/*
 * Migrates live, peer to peer: the source's libvirtd continues if the caller dies. At the deadline
 * the job is aborted and its end is awaited, which takes half as long again, but at least 1 s and
 * at most 10 s.
 *
 * The domain arrives on the target paused (ARRIVED): hypervisor_resume() there starts it. If
 * libvirt is not sure that it has arrived, it lets the guest run on here. 0: libvirt has ended the
 * domain here, and it has not run since its memory was sent. After any other result, ask both hosts
 * where the domain is.
 */
int hypervisor_migrate(struct hypervisor *hypervisor, const struct hypervisor_migration *migration,
		       struct deadline deadline, struct err *err);

/* Aborts a job that still runs, whoever began it, and waits for its end. 0 if there is none. */
int hypervisor_abort_job(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			 struct err *err);

/* -EBUSY if a job runs (a migration, save, dump, backup): the text says what to do. 0 if none. */
int hypervisor_job_none(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			struct err *err);

/*
 * Would libvirt on the host take the domain? -EEXIST: a domain of that name is active there.
 * -ENOTSUP: its CPU cannot run there, or there are too few huge pages for it. -ENOSPC: all else is
 * well, but less memory is free than it needs (caches count as free), and libvirt would not mind.
 * domain_xml: best the running domain's, which says what the guest has now.
 */
int hypervisor_preflight(struct hypervisor *hypervisor, const char *vm, const char *domain_xml,
			 struct deadline deadline, struct err *err);

#endif
