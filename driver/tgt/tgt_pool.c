/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_pool.h"

#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/tgt/tgt_admin.h"
#include "names/lun.h"

#define FILE_TEXT_MAX 1023
#define VENDOR "LUNMASK " /* eight characters, as T10 requires */

struct text {
	char text[FILE_TEXT_MAX + 1];
};

static struct text file_name(const struct tgt *tgt, const char *lun)
{
	struct text ret;

	(void)snprintf(ret.text, sizeof(ret.text), "%s/%s", tgt->config.pool, lun);
	return ret;
}

static struct text scsi_id(const struct tgt_lun *lun)
{
	struct text ret;

	(void)snprintf(ret.text, sizeof(ret.text), VENDOR "%s", lun->id);
	return ret;
}

struct tgt_target_name tgt_target_name(const struct tgt *tgt, const char *lun)
{
	struct tgt_target_name ret;

	(void)snprintf(ret.text, sizeof(ret.text), "%s%s", tgt->config.iqn_prefix, lun);
	return ret;
}

static int lun_get(const struct tgt *tgt, const char *name, const struct tgt_lun **ret,
		   struct fault *fault)
{
	*ret = tgt_table_find(&tgt->table, name);
	if (*ret == NULL) {
		fault_about(fault, name, NULL);
		return fault_set(fault, ARRAY_ERROR_NO_SUCH_LUN,
				 "there is no LUN '%s' on this array", name);
	}
	return 0;
}

/* The target's logical unit must be the LUN: an administrator may have changed tgtd by hand. */
static int unit_check(const struct tgt *tgt, const struct tgt_lun *lun,
		      const struct tgt_target *target, struct fault *fault)
{
	const struct tgt_unit *unit = tgt_target_find_unit(target, TGT_LUN_NUMBER);
	struct text file = file_name(tgt, lun->name);
	struct text id = scsi_id(lun);

	if (unit == NULL || strcmp(unit->path, file.text) != 0 ||
	    strcmp(unit->scsi_id, id.text) != 0 || !unit->online) {
		fault_about(fault, lun->name, NULL);
		return fault_set(
			fault, ARRAY_ERROR_INTERNAL,
			"target '%s' does not carry LUN '%s': it has '%s' as '%s', not "
			"'%s' as '%s'; delete the target with tgtadm, and it is created again",
			target->name, lun->name, unit != NULL ? unit->path : "no unit 1",
			unit != NULL ? unit->scsi_id : "", file.text, id.text);
	}
	if (unit->read_only != lun->read_only) {
		fault_about(fault, lun->name, NULL);
		return fault_set(
			fault, ARRAY_ERROR_INTERNAL,
			"target '%s' lets its initiators %s LUN '%s', which is %s; delete the "
			"target with tgtadm, and it is created again",
			target->name, lun->read_only ? "write to" : "only read", lun->name,
			lun->read_only ? "read-only" : "not read-only");
	}
	return 0;
}

static int file_check(const struct tgt *tgt, const struct tgt_lun *lun, struct fault *fault)
{
	struct text file = file_name(tgt, lun->name);
	struct stat status;
	int rc = stat(file.text, &status) == 0 ? 0 : errno;

	if (rc == 0 && S_ISREG(status.st_mode) && (uint64_t)status.st_size == lun->size_bytes) {
		return 0;
	}
	fault_about(fault, lun->name, NULL);
	return fault_set(fault, ARRAY_ERROR_INTERNAL,
			 "backing file '%s' of LUN '%s' is not a file of %" PRIu64 " bytes: %s",
			 file.text, lun->name, lun->size_bytes,
			 rc != 0 ? strerror(rc) : "it has another size");
}

/* An incomplete target is deleted again. */
static int target_make(const struct tgt *tgt, const struct tgt_lun *lun, unsigned int tid,
		       struct deadline deadline, struct fault *fault)
{
	const char *port = tgt->config.control_port;
	struct tgt_target_name name = tgt_target_name(tgt, lun->name);
	struct text file = file_name(tgt, lun->name);
	struct text id = scsi_id(lun);
	struct fault ignored = FAULT_INIT;
	int rc = file_check(tgt, lun, fault);

	rc = rc != 0 ? rc : tgt_admin_target_new(port, tid, name.text, deadline, fault);
	if (rc != 0) {
		return rc;
	}
	rc = tgt_admin_unit_new(port, tid, file.text, deadline, fault);
	rc = rc != 0 ? rc
		     : tgt_admin_unit_identify(port, tid, id.text, lun->id, lun->read_only,
					       deadline, fault);
	if (rc != 0) {
		(void)tgt_admin_target_delete(port, tid, deadline, &ignored);
	}
	return rc;
}

/* Creates the missing targets. */
static int targets_make(const struct tgt *tgt, const char *const *luns, size_t n_luns,
			const struct tgt_show *show, struct deadline deadline, size_t *ret_made,
			struct fault *fault)
{
	unsigned int tid = show->tid_max + 1;
	int rc = 0;

	*ret_made = 0;
	for (size_t i = 0; i < n_luns && rc == 0; i++) {
		struct tgt_target_name name = tgt_target_name(tgt, luns[i]);
		const struct tgt_lun *lun;

		rc = lun_get(tgt, luns[i], &lun, fault);
		if (rc == 0 && tgt_show_find(show, name.text) == NULL) {
			rc = target_make(tgt, lun, tid++, deadline, fault);
			(*ret_made)++;
		}
	}
	return rc;
}

static int units_check(const struct tgt *tgt, const char *const *luns, size_t n_luns,
		       const struct tgt_show *show, struct fault *fault)
{
	int rc = 0;

	for (size_t i = 0; i < n_luns && rc == 0; i++) {
		struct tgt_target_name name = tgt_target_name(tgt, luns[i]);
		const struct tgt_target *target = tgt_show_find(show, name.text);
		const struct tgt_lun *lun;

		rc = lun_get(tgt, luns[i], &lun, fault);
		if (rc == 0 && target == NULL) {
			rc = fault_set(fault, ARRAY_ERROR_INTERNAL,
				       "target '%s' does not exist after it was created",
				       name.text);
		}
		rc = rc != 0 ? rc : unit_check(tgt, lun, target, fault);
	}
	return rc;
}

static int reach(const struct tgt *tgt, const char *const *luns, size_t n_luns,
		 struct deadline deadline, struct tgt_show *ret, size_t *ret_made,
		 struct fault *fault)
{
	int rc = tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline, ret,
				fault);

	if (rc != 0) {
		return rc;
	}
	rc = targets_make(tgt, luns, n_luns, ret, deadline, ret_made, fault);
	if (rc == 0 && *ret_made > 0) {
		tgt_show_release(ret);
		rc = tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline, ret,
				    fault);
		if (rc != 0) {
			return rc;
		}
	}
	rc = rc != 0 ? rc : units_check(tgt, luns, n_luns, ret, fault);
	if (rc != 0) {
		tgt_show_release(ret);
	}
	return rc;
}

int tgt_pool_ensure_targets(const struct tgt *tgt, const char *const *luns, size_t n_luns,
			    struct deadline deadline, struct tgt_show *ret, struct fault *fault)
{
	size_t made;

	return reach(tgt, luns, n_luns, deadline, ret, &made, fault);
}

/*
 * The NAA designator as tgtd builds it: "6", then the characters of scsi_id, where non-digits
 * become 0.
 */
static json_t *lun_encode(const struct tgt *tgt, const struct tgt_lun *lun)
{
	struct tgt_target_name target = tgt_target_name(tgt, lun->name);
	char naa[64];
	char t10[64];

	(void)snprintf(naa, sizeof(naa), "naa.6000a000%s", lun->id);
	(void)snprintf(t10, sizeof(t10), "t10." VENDOR "%s", lun->id);
	return json_pack("{s:s, s:I, s:[s, s], s:s, s:i, s:b}", "name", lun->name, "size_bytes",
			 (json_int_t)lun->size_bytes, "designators", naa, t10, "target",
			 target.text, "number", TGT_LUN_NUMBER, "read_only", lun->read_only);
}

int tgt_pool_luns(void *backend, const char *const *names, size_t n_names, const char *initiator,
		  struct deadline deadline, json_t *luns, struct fault *fault)
{
	const struct tgt *tgt = backend;
	size_t count = n_names > 0 ? n_names : tgt->table.n_luns;

	(void)initiator; /* the LUN number is the same for all initiators */
	(void)deadline;
	for (size_t i = 0; i < count; i++) {
		const struct tgt_lun *lun = n_names > 0 ? NULL : &tgt->table.luns[i];
		int rc = n_names > 0 ? lun_get(tgt, names[i], &lun, fault) : 0;

		if (rc == 0 && json_array_append_new(luns, lun_encode(tgt, lun)) != 0) {
			rc = fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
		}
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

static int id_make(char ret[TGT_TABLE_ID_DIGITS + 1], struct fault *fault)
{
	unsigned char bytes[TGT_TABLE_ID_DIGITS / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "cannot read random numbers");
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	}
	return 0;
}

static int file_make(const char *file, uint64_t size_bytes, struct fault *fault)
{
	int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = fd < 0 ? errno : 0;

	if (rc == EEXIST) {
		return fault_set(fault, ARRAY_ERROR_EXISTS,
				 "file '%s' exists already and belongs to no LUN; move it away",
				 file);
	}
	if (rc == 0 && (ftruncate(fd, (off_t)size_bytes) != 0 || fsync(fd) != 0)) {
		rc = errno;
		(void)unlink(file);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return rc == 0 ? 0
		       : fault_set(fault,
				   rc == ENOSPC || rc == EFBIG ? ARRAY_ERROR_NO_SPACE
							       : ARRAY_ERROR_INTERNAL,
				   "file '%s' cannot be created: %s", file, strerror(rc));
}

static int volume_check(const struct tgt *tgt, const struct driver_volume *volume,
			struct fault *fault)
{
	struct tgt_target_name target = tgt_target_name(tgt, volume->name);

	fault_about(fault, volume->name, NULL);
	if (!iscsi_name_valid(target.text)) {
		return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				 "'%s' would not be a legal iSCSI target name: a LUN of this array "
				 "is named with lower-case letters, digits, '.' and '-'",
				 target.text);
	}
	if (volume->reliability != NULL && strcmp(volume->reliability, "none") != 0) {
		return fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
				 "reliability '%s' is not supported; only 'none' is legal",
				 volume->reliability);
	}
	return 0;
}

/*
 * The order is file, table, target: a crash leaves a file without a LUN, or a LUN that is granted
 * to no host.
 */
static int volume_make(struct tgt *tgt, const struct driver_volume *volume,
		       struct deadline deadline, struct fault *fault)
{
	struct text file = file_name(tgt, volume->name);
	struct fault ignored = FAULT_INIT;
	struct tgt_show show;
	struct tgt_lun lun = {.size_bytes = volume->size_bytes};
	int rc = id_make(lun.id, fault);

	(void)snprintf(lun.name, sizeof(lun.name), "%s", volume->name);
	rc = rc != 0 ? rc : file_make(file.text, volume->size_bytes, fault);
	if (rc != 0) {
		return rc;
	}
	rc = tgt_table_add(&tgt->table, &lun, fault);
	rc = rc != 0 ? rc : tgt_table_store(tgt->config.state_dir, &tgt->table, fault);
	rc = rc != 0 ? rc : tgt_pool_ensure_targets(tgt, &volume->name, 1, deadline, &show, fault);
	if (rc == 0) {
		tgt_show_release(&show);
		return 0;
	}
	tgt_table_remove(&tgt->table, volume->name);
	if (tgt_table_store(tgt->config.state_dir, &tgt->table, &ignored) == 0) {
		(void)unlink(file.text);
	}
	return rc;
}

int tgt_pool_create(void *backend, const struct driver_volume *volume, struct deadline deadline,
		    bool *ret_created, struct fault *fault)
{
	struct tgt *tgt = backend;
	const struct tgt_lun *old = tgt_table_find(&tgt->table, volume->name);
	int rc = volume_check(tgt, volume, fault);

	*ret_created = false;
	if (rc != 0) {
		return rc;
	}
	if (old != NULL && old->size_bytes != volume->size_bytes) {
		return fault_set(fault, ARRAY_ERROR_EXISTS,
				 "LUN '%s' exists already and has %" PRIu64 " bytes, not %" PRIu64,
				 volume->name, old->size_bytes, volume->size_bytes);
	}
	if (old != NULL) {
		return file_check(tgt, old, fault);
	}
	*ret_created = true;
	return volume_make(tgt, volume, deadline, fault);
}

static int unused_check(const struct tgt_target *target, const char *lun, struct fault *fault)
{
	const char *holder = target->n_acl > 0           ? target->acl[0]
			     : target->n_connections > 0 ? target->connections[0].initiator
							 : NULL;

	if (holder == NULL) {
		return 0;
	}
	fault_about(fault, lun, holder);
	return fault_set(fault, ARRAY_ERROR_IN_USE,
			 "LUN '%s' is held by '%s' and is not removed: revoke it first", lun,
			 holder);
}

/*
 * The order is target, table, file: a crash leaves a LUN that is granted to no host, or a file
 * without a LUN.
 */
int tgt_pool_delete(void *backend, const char *lun, struct deadline deadline, bool *ret_deleted,
		    struct fault *fault)
{
	struct tgt *tgt = backend;
	struct tgt_target_name name = tgt_target_name(tgt, lun);
	struct text file = file_name(tgt, lun);
	const struct tgt_target *target;
	struct tgt_show show;
	int rc;

	*ret_deleted = tgt_table_find(&tgt->table, lun) != NULL;
	if (!*ret_deleted) {
		return 0;
	}
	rc = tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline, &show,
			    fault);
	if (rc != 0) {
		return rc;
	}
	target = tgt_show_find(&show, name.text);
	if (target != NULL) {
		rc = unused_check(target, lun, fault);
		rc = rc != 0 ? rc
			     : tgt_admin_target_delete(tgt->config.control_port, target->tid,
						       deadline, fault);
	}
	tgt_show_release(&show);
	if (rc != 0) {
		return rc;
	}
	tgt_table_remove(&tgt->table, lun);
	rc = tgt_table_store(tgt->config.state_dir, &tgt->table, fault);
	if (rc == 0 && unlink(file.text) != 0 && errno != ENOENT) {
		rc = fault_set(fault, ARRAY_ERROR_INTERNAL, "file '%s' cannot be removed: %s",
			       file.text, strerror(errno));
	}
	return rc;
}

/*
 * The target is created again, as what the table says: a crash leaves a LUN that is granted to no
 * host.
 */
int tgt_pool_protect(void *backend, const char *lun, bool read_only, struct deadline deadline,
		     struct fault *fault)
{
	struct tgt *tgt = backend;
	struct tgt_target_name name = tgt_target_name(tgt, lun);
	const struct tgt_target *target;
	struct tgt_show show;
	int rc = tgt_table_protect(&tgt->table, lun, read_only)
			 ? tgt_table_store(tgt->config.state_dir, &tgt->table, fault)
			 : fault_set(fault, ARRAY_ERROR_NO_SUCH_LUN,
				     "there is no LUN '%s' on this array", lun);

	rc = rc != 0 ? rc
		     : tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline,
				      &show, fault);
	if (rc != 0) {
		return rc;
	}
	target = tgt_show_find(&show, name.text);
	rc = target == NULL ? 0
			    : tgt_admin_target_delete(tgt->config.control_port, target->tid,
						      deadline, fault);
	tgt_show_release(&show);
	rc = rc != 0 ? rc : tgt_pool_ensure_targets(tgt, &lun, 1, deadline, &show, fault);
	if (rc == 0) {
		tgt_show_release(&show);
	}
	return rc;
}

/* At most max LUNs without a target; all LUNs, to be checked, if each has one. */
static GPtrArray *names_to_restore(const struct tgt *tgt, const struct tgt_show *show, size_t max)
{
	GPtrArray *all = g_ptr_array_new();
	GPtrArray *missing = g_ptr_array_new();

	for (size_t i = 0; i < tgt->table.n_luns && missing->len < max; i++) {
		char *lun = tgt->table.luns[i].name;
		struct tgt_target_name name = tgt_target_name(tgt, lun);

		g_ptr_array_add(all, lun);
		if (tgt_show_find(show, name.text) == NULL) {
			g_ptr_array_add(missing, lun);
		}
	}
	if (missing->len > 0) {
		g_ptr_array_unref(all);
		return missing;
	}
	g_ptr_array_unref(missing);
	return all;
}

int tgt_pool_restore(void *backend, size_t max, struct deadline deadline, size_t *ret_restored,
		     struct fault *fault)
{
	struct tgt *tgt = backend;
	g_autoptr(GPtrArray) names = NULL;
	struct tgt_show show;
	int rc = tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline, &show,
				fault);

	if (rc != 0) {
		return rc;
	}
	names = names_to_restore(tgt, &show, max);
	tgt_show_release(&show);
	rc = reach(tgt, (const char *const *)names->pdata, names->len, deadline, &show,
		   ret_restored, fault);
	if (rc == 0) {
		tgt_show_release(&show);
	}
	return rc;
}
