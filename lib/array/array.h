/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_H
#define LUNMASK_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array/array_accounts.h"
#include "array/array_catalog.h"
#include "array/array_error.h"
#include "array/array_exposure.h"
#include "base/deadline.h"
#include "base/err.h"
#include "config/config.h"
#include "names/lun.h"
#include "names/portal.h"
#include "process/runner.h"

/*
 * The client of an array driver (lunmask-array(7)). Each call runs the driver once, for one verb.
 *
 *	struct array array = {.name = "san1", .driver = "lunmask-array-tgt", .by = initiator,
 *			      .info = &info, .runner = {.transport = "ssh://root@san1"}};
 *	rc = array_masks(&array, names, count, deadline, &masks, err);
 *	array_masks_release(&masks);
 *
 * The array is the only authority on masks: they are never cached. The driver's capabilities are
 * asked for before the first request that needs one, and kept in *info. A driver gets no member
 * that belongs to a capability that it lacks, so it may be older or newer than this client. The
 * caller owns struct array and its
 * strings, and releases every result that has a release function.
 *
 * A function that returns int returns 0, or -errno with text. A failure of the driver has its typed
 * error as errno (see array_error_to_errno()) and its message as text:
 *
 * -ECONNREFUSED the array's management cannot be reached (also -EHOSTUNREACH, -ETIMEDOUT)
 * -EBUSY        a transient error: try again
 * -ENXIO        no such LUN
 * -EIDRM        no such snapshot
 * -EROFS        the LUN is read-only, or is not: not what the change says
 * -EPERM        another host holds the LUN ("held"), or the initiator is fenced
 * -ESHUTDOWN    the requesting host is fenced: nothing was changed
 * -EBADRQC      the driver refuses the request as wrong: it is of another version, or broken
 * -EPROTO       the reply does not conform to lunmask-array(7)
 * -EEXIST       another LUN has this name already
 * -ENOTEMPTY    the LUN cannot be deleted while a host has it
 * -ENOSPC       the array is full
 * -EOPNOTSUPP   the driver cannot do that, such as this reliability
 * -EINPROGRESS  the LUN is being made, and more time is needed: call again
 * -ENOTRECOVERABLE  a batch failed and its undo failed too: the caller must read the masks
 *
 * The errors of runner_run() are also possible.
 */
#define ARRAY_PROTOCOL 1
#define ARRAY_CAPABILITIES_MAX 64
#define ARRAY_CLASSES_MAX 32
#define ARRAY_CLASS_MAX 63 /* characters of a reliability class, as of a LUN's name */

/* The driver's capabilities that lunmask uses. */
struct array_info {
	bool known; /* the driver was asked */
	bool revoke_cuts_nexus;
	bool nexus_list;
	bool fence;
	bool requester;
	bool masks_select;
	bool urgent;
	bool hosts;
	bool read_only;
	bool volumes; /* create and delete */
	bool health;
	/* The reliability classes that create takes. None: the driver does not say. */
	char classes[ARRAY_CLASSES_MAX][ARRAY_CLASS_MAX + 1];
	size_t n_classes;
	bool resize;
	bool accounts; /* it sets those of the array, and says whether they are right */
	bool snapshot; /* and the other verbs of snapshot/array_snapshot.h */
};

struct array {
	const char *name; /* for messages */
	const char *driver;
	const char *by; /* the initiator name of the requesting host, or NULL if it has none */
	/*
	 * With a grant, the driver records which host has the initiator, as "NODE@CLUSTER"
	 * (array_host_id()). Not sent if config is NULL or cluster is "".
	 */
	const struct config *config;
	const char *cluster;
	struct array_info *info; /* zeroed by the caller, for one task; NULL: asked each time */
	struct runner runner;
};

/* The initiators that may see one LUN, and those that have an open session to it. */
struct array_mask {
	char lun[LUN_NAME_MAX + 1];
	char (*initiators)[ISCSI_NAME_MAX + 1];
	size_t n_initiators;
	char (*nexuses)[ISCSI_NAME_MAX + 1]; /* the initiator of each live nexus */
	size_t n_nexuses;
};

struct array_masks {
	struct array_mask *masks;
	size_t count;
};

/* One batch. The driver checks and applies it under the array's lock, completely or not at all. */
struct array_change {
	const char *const *luns; /* names */
	size_t n_luns;
	const char *grant;  /* the initiator to grant each of the LUNs to, or NULL */
	const char *revoke; /* the initiator to revoke each of the LUNs from, or NULL */
	/* Legal holders besides those two. If another holds a LUN: -EPERM, before any change. */
	const char *const *allowed;
	size_t n_allowed;
	/* The LUNs to grant are read-only, so any number may hold them: -EROFS if one is not. */
	bool read_only;
};

/* A LUN to be made: masked from all, and only zeros. */
struct array_volume {
	const char *name;
	uint64_t size_bytes;
	const char *reliability; /* a word of the driver, or NULL */
};

/* The LUNs whose masks a batch really changed, and no others: what an undo reverts. */
struct array_changed {
	char (*granted)[LUN_NAME_MAX + 1];
	size_t n_granted;
	char (*revoked)[LUN_NAME_MAX + 1];
	size_t n_revoked;
};

/* An initiator was granted LUNs for this host. */
struct array_host {
	char id[HOST_ID_MAX + 1];
	char initiator[ISCSI_NAME_MAX + 1];
};

/*
 * The fenced initiators, the number of fencings that the array has recorded so far, and the hosts
 * of initiators (none without the capability).
 */
struct array_fenced {
	char (*names)[ISCSI_NAME_MAX + 1];
	size_t count;
	int64_t fencings;
	struct array_host *hosts;
	size_t n_hosts;
};

/* "" if cluster is NULL or "". */
struct array_host_id {
	char text[HOST_ID_MAX + 1];
};
struct array_host_id array_host_id(const char *node, const char *cluster);

/* -EPROTO also if the driver's protocol version is not ARRAY_PROTOCOL. */
int array_info(const struct array *array, struct deadline deadline, struct array_info *ret,
	       struct err *err);

/* The portals that the array names, and what it says about those that are not online. */
struct array_portal {
	char portal[ISCSI_PORTAL_MAX + 1];
	char state[32]; /* "online", or a word that gives the reason */
};

struct array_ports {
	struct array_portal portals[PORTALS_MAX];
	size_t count;
};

/* Portals that are not numeric addresses, and those after the first PORTALS_MAX, are left out. */
int array_ports(const struct array *array, struct deadline deadline, struct array_ports *ret,
		struct err *err);

/* Only if the driver has the capability. */
int array_accounts_get(const struct array *array, struct deadline deadline,
		       struct array_accounts *ret, struct err *err);

/* In the order of names, with the addresses that initiator sees. ret_luns has room for count. */
int array_luns(const struct array *array, const char *const *names, size_t count,
	       const char *initiator, struct deadline deadline, struct lun *ret_luns,
	       struct err *err);

/* On which portals each LUN is exposed, in the order of names. ret has room for count. */
int array_exposures(const struct array *array, const char *const *names, size_t count,
		    struct deadline deadline, struct array_exposure *ret, struct err *err);

/*
 * What the array says about LUNs, with their health if its driver knows it. count 0: all LUNs. It
 * may take longer than array_luns().
 */
int array_catalog_get(const struct array *array, const char *const *names, size_t count,
		      struct deadline deadline, struct array_catalog *ret, struct err *err);

/* Reads the masks of the named LUNs, in the order of names. */
int array_masks(const struct array *array, const char *const *names, size_t count,
		struct deadline deadline, struct array_masks *ret, struct err *err);
void array_masks_release(struct array_masks *masks);

/* True if the initiator has a grant. */
bool array_mask_holds(const struct array_mask *mask, const char *initiator);
/* True if the initiator has a grant or a nexus. */
bool array_mask_has_access(const struct array_mask *mask, const char *initiator);

/* One of the LUNs that an initiator can reach, and through what. lun is "" if there is none. */
struct array_path {
	char lun[LUN_NAME_MAX + 1];
	char holder[ISCSI_NAME_MAX + 1]; /* the initiator, or the rule that admits it */
};

/*
 * Looks for a LUN that one of the initiators can reach, on the whole array. rules: only by a rule
 * that admits more than one initiator, which no request can remove. It goes before requests that
 * wait for the array's lock.
 */
int array_path_find(const struct array *array, const char *const *initiators, size_t count,
		    bool rules, struct deadline deadline, struct array_path *ret, struct err *err);

/* The same for one initiator, but passes over each LUN whose name known() knows. */
typedef bool array_lun_known(void *data, const char *lun);
int array_path_find_unknown(const struct array *array, const char *initiator,
			    array_lun_known *known, void *data, struct deadline deadline,
			    struct array_path *ret, struct err *err);

/*
 * Applies one batch and checks the masks in the reply. ret_changed may be NULL; *ret_changed is
 * valid on success only.
 */
int array_apply(const struct array *array, const struct array_change *change,
		struct deadline deadline, struct array_changed *ret_changed, struct err *err);
void array_changed_release(struct array_changed *changed);

/*
 * Makes a LUN. *ret_created is false if the array had one of this name and size already: then it is
 * not the caller's. -EOPNOTSUPP also if the driver cannot make LUNs. After -ETIMEDOUT and other
 * failures of the connection the LUN may have been made.
 */
int array_create(const struct array *array, const struct array_volume *volume,
		 struct deadline deadline, bool *ret_created, struct err *err);
/* -EOPNOTSUPP: the array has no such reliability class; the text names those that it has. */
int array_class_check(const struct array *array, const char *class, struct deadline deadline,
		      struct err *err);
/* Deletes a LUN and its data. *ret_deleted is false if there was none of this name. */
int array_delete(const struct array *array, const char *name, struct deadline deadline,
		 bool *ret_deleted, struct err *err);

/*
 * Makes a LUN larger, and keeps what is on it, also while hosts use it. *ret_resized is false if it
 * had this size. -EOPNOTSUPP: it is larger, or the driver cannot do that (info: resize).
 */
int array_resize(const struct array *array, const char *name, uint64_t size_bytes,
		 struct deadline deadline, bool *ret_resized, struct err *err);

/*
 * array_fence() removes all access of the initiators, and the array refuses them every new grant
 * until array_unfence(). array_unfence() grants nothing. Both calls may be repeated. If a fence
 * fails, the array may nevertheless have recorded the initiators as fenced.
 *
 * fencings is the number that array_fenced() returned before. If an initiator was fenced again
 * after that, the array refuses the unfence (-EPERM).
 */
int array_fence(const struct array *array, const char *const *initiators, size_t count,
		struct deadline deadline, struct err *err);
int array_unfence(const struct array *array, const char *const *initiators, size_t count,
		  int64_t fencings, struct deadline deadline, struct err *err);

/* Lists the fenced initiators. */
int array_fenced(const struct array *array, struct deadline deadline, struct array_fenced *ret,
		 struct err *err);
bool array_fenced_has(const struct array_fenced *fenced, const char *initiator);
void array_fenced_release(struct array_fenced *fenced);

#endif
