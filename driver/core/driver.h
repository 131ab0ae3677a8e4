/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_DRIVER_H
#define LUNMASK_ARRAY_DRIVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "driver/core/apply.h"
#include "driver/core/fault.h"
#include "driver/core/select.h"

/*
 * A driver is a table of functions for one product. What every array driver written in C shares,
 *the command line, the request, the lock, the verbs of lunmask-array(7) and the reply, is in the
 *room protocol:
 *
 *	int main(int argc, char **argv)
 *	{
 *		return driver_main(argc, argv, &tgt_driver);
 *	}
 *
 * For each verb driver_main() calls open, takes the lock if the verb needs it, then calls load, the
 * verb's functions and close. It owns the backend from open to close.
 *
 * Functions return 0 or -errno with the fault filled. Those below "under the lock" are never run
 * twice at a time on one array, nor beside a verb that reads under the lock.
 */
#define DRIVER_PROTOCOL 1
#define DRIVER_REPLY_MAX_BYTES (4u * 1024 * 1024)
#define DRIVER_TIMEOUT_MS 10000 /* if the request has no timeout_ms */
#define DRIVER_TIMEOUT_MAX_MS 600000
#define DRIVER_NOTE_MAX 63 /* of a snapshot: letters, digits, and . _ - */

struct driver_volume {
	const char *name;
	uint64_t size_bytes;
	const char *reliability; /* NULL: the array chooses */
};

/* What the verb luns asks for. */
struct driver_luns {
	const char *const *names; /* n_names 0: all LUNs */
	size_t n_names;
	const char *initiator; /* who would use the addresses; NULL: anybody */
	bool health;           /* only if the driver has the capability */
};

/* Snapshots of LUNs, all with the same name. */
struct driver_snapshot {
	const char *name;
	const char *const *luns;
	size_t n_luns;
	const char *note; /* of a new one, or to be recorded; NULL: none */
};

struct driver {
	const char *name;         /* "lunmask-array-tgt" */
	const char *const *notes; /* lines for --help, NULL-terminated */
	const char *config_file;  /* used if there is no --config */
	struct mask_ops masks;    /* grant and revoke run under the lock */

	int (*open)(const char *config_file, void **ret_backend, struct fault *fault);
	void (*close)(void *backend);
	const char *(*lock_file)(const void *backend);

	/* Reads the driver's own state. Called after the lock was taken, if the verb takes it. */
	int (*load)(void *backend, struct fault *fault);

	/* Appends objects as described in lunmask-array(7). */
	int (*ports)(void *backend, struct deadline deadline, json_t *portals, struct fault *fault);
	/*
	 * Changes nothing: 0 if the accounts by which hosts log in are as configured, or the driver
	 * is to set none. Else a fault says why not. NULL: the driver never sets accounts.
	 */
	int (*accounts)(void *backend, struct deadline deadline, struct fault *fault);
	int (*luns)(void *backend, const struct driver_luns *wanted, struct deadline deadline,
		    json_t *luns, struct fault *fault);
	bool health; /* luns can say how healthy each is */
	/*
	 * Appends the reliabilities that create takes. False: out of memory. Called before load.
	 * NULL: the driver does not say which they are.
	 */
	bool (*classes)(const void *backend, json_t *list);

	/* A rule that does not admit any host of the cluster is no obstacle to fencing. */
	rule_admits *admits;

	/* Appends the names of all fenced initiators. False: out of memory. */
	bool (*fenced)(const void *backend, json_t *names);
	/* The number of fencings so far, durable. It grows with each fencing. */
	int64_t (*fencings)(const void *backend);
	/* True if the initiator is fenced, by a fencing with a higher number than fencings. */
	bool (*is_fenced_since)(const void *backend, const char *initiator, int64_t fencings);

	/* The hosts that initiators were granted LUNs for (hosts.h); or all three are NULL. */
	bool (*host_known)(const void *backend, const char *initiator, const char *host);
	/* Appends {"host", "initiator"} for each. False: out of memory. */
	bool (*hosts)(const void *backend, json_t *list);
	/*
	 * Under the lock, durable. Forgets earlier hosts of the initiator if it has no path in
	 * masks, of all LUNs; may forget other initiators without a path.
	 */
	int (*host_record)(void *backend, const char *initiator, const char *host,
			   const struct masks *masks, struct fault *fault);

	/* Under the lock. The change is durable when the function returns. */
	int (*set_fenced)(void *backend, const char *const *initiators, size_t n_initiators,
			  bool fenced, struct fault *fault);
	int (*create)(void *backend, const struct driver_volume *volume, struct deadline deadline,
		      bool *ret_created, struct fault *fault);
	int (*delete)(void *backend, const char *lun, struct deadline deadline, bool *ret_deleted,
		      struct fault *fault);

	/*
	 * Under the lock: makes a LUN read-only for all initiators, or no longer. The caller has
	 * made sure that no initiator has a path to it. NULL: the driver has no such LUNs.
	 */
	int (*protect)(void *backend, const char *lun, bool read_only, struct deadline deadline,
		       struct fault *fault);

	/*
	 * Under the lock, durable: makes a LUN larger, and keeps what is on it, its designators and
	 * its grants. *ret_resized is false if it has this size. Fault "unsupported": it is larger.
	 * Hosts may use it meanwhile: no command may fail or be lost, but a session may be cut.
	 * NULL: the driver cannot.
	 */
	int (*resize)(void *backend, const char *lun, uint64_t size_bytes, struct deadline deadline,
		      bool *ret_resized, struct fault *fault);

	/*
	 * Snapshots of sets of LUNs; or all of these are NULL. Under the lock, but for the list,
	 * and durable. What dies in between is no snapshot, and is removed by the next request that
	 * names it.
	 *
	 * snapshot: *ret_created is false if each has one of this name, made together. Only then is
	 * the note of what is there recorded. dry_run: only checks. "unsupported": of one of the
	 * LUNs there can be none, and none was made. restore_to: the caller has made sure that no
	 * initiator has a path to one of the LUNs. All of them, or none, also if the driver dies:
	 * until it is done, no LUN is granted. clone: makes a LUN that has what the snapshot has,
	 * granted to nobody.
	 */
	int (*snapshot)(void *backend, const struct driver_snapshot *wish, bool dry_run,
			struct deadline deadline, bool *ret_created, struct fault *fault);
	/* Appends objects as described in lunmask-array(7). n_luns 0: of all LUNs. */
	int (*snapshots)(void *backend, const char *const *luns, size_t n_luns, json_t *list,
			 struct fault *fault);
	int (*unsnapshot)(void *backend, const struct driver_snapshot *wish,
			  struct deadline deadline, bool *ret_deleted, struct fault *fault);
	int (*restore_to)(void *backend, const struct driver_snapshot *wish,
			  struct deadline deadline, struct fault *fault);
	int (*clone)(void *backend, const char *lun, const char *snapshot, const char *name,
		     struct deadline deadline, bool *ret_created, struct fault *fault);

	/*
	 * --restore: makes at most max LUNs reachable again after the array was restarted, granted
	 * to no host. Called, each time under the lock and after load, until it restores none.
	 */
	int (*restore)(void *backend, size_t max, struct deadline deadline, size_t *ret_restored,
		       struct fault *fault);
};

#endif
