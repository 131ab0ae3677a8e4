/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_pool.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/tgt/tgt_accounts.h"
#include "driver/tgtd/tgt_admin.h"
#include "driver/tgt/tgt_backing.h"
#include "driver/tgt/tgt_snapshot.h"
#include "names/lun.h"

#define FILE_TEXT_MAX 1023
#define VENDOR "LUNMASK " /* eight characters, as T10 requires */

struct text {
	char text[FILE_TEXT_MAX + 1];
};

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

int tgt_pool_lun(const struct tgt *tgt, const char *name, const struct tgt_lun **ret,
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

int tgt_pool_get(const struct tgt *tgt, const struct tgt_lun *lun, const struct tgt_pool **ret,
		 struct fault *fault)
{
	*ret = tgt_config_pool_find(&tgt->config, lun->pool);
	if (*ret == NULL) {
		fault_about(fault, lun->name, NULL);
		return fault_set(fault, ARRAY_ERROR_INTERNAL,
				 "LUN '%s' is in pool '%s', which is not in " TGT_CONFIG_FILE
				 "; add its section again",
				 lun->name, lun->pool);
	}
	return 0;
}

/* The target's logical unit must be the LUN: an administrator may have changed tgtd by hand. */
static int unit_check(const struct tgt *tgt, const struct tgt_lun *lun,
		      const struct tgt_target *target, struct fault *fault)
{
	const struct tgt_unit *unit = tgt_target_find_unit(target, TGT_LUN_NUMBER);
	struct text id = scsi_id(lun);
	struct tgt_backing_path file;
	const struct tgt_pool *pool;
	int rc = tgt_pool_get(tgt, lun, &pool, fault);

	if (rc != 0) {
		return rc;
	}
	file = tgt_backing_path(pool, lun);
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

/* An incomplete target is deleted again. */
static int target_make(const struct tgt *tgt, const struct tgt_lun *lun, unsigned int tid,
		       struct deadline deadline, struct fault *fault)
{
	const char *port = tgt->config.control_port;
	struct tgt_target_name name = tgt_target_name(tgt, lun->name);
	struct text id = scsi_id(lun);
	struct fault ignored = FAULT_INIT;
	const struct tgt_pool *pool;
	int rc = tgt_pool_get(tgt, lun, &pool, fault);

	rc = rc != 0 ? rc : tgt_backing_check(pool, lun, fault);
	rc = rc != 0 ? rc : tgt_admin_target_new(port, tid, name.text, deadline, fault);
	if (rc != 0) {
		return rc;
	}
	rc = tgt_admin_unit_new(port, tid, tgt_backing_path(pool, lun).text, deadline, fault);
	rc = rc != 0 ? rc
		     : tgt_admin_unit_identify(port, tid, id.text, lun->id, lun->read_only,
					       deadline, fault);
	if (rc != 0) {
		(void)tgt_admin_target_delete(port, tid, deadline, &ignored);
	}
	return rc;
}

/* The driver was killed while it made the target: nobody can have used it. */
static bool target_half_made(const struct tgt_lun *lun, const struct tgt_target *target)
{
	const struct tgt_unit *unit = tgt_target_find_unit(target, TGT_LUN_NUMBER);
	struct text id = scsi_id(lun);

	return target->n_acl == 0 && target->n_connections == 0 &&
	       (unit == NULL || strcmp(unit->scsi_id, id.text) != 0);
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
		const struct tgt_target *target = tgt_show_find(show, name.text);
		const struct tgt_lun *lun;

		rc = tgt_pool_lun(tgt, luns[i], &lun, fault);
		if (rc == 0 && target != NULL && target_half_made(lun, target)) {
			rc = tgt_admin_target_delete(tgt->config.control_port, target->tid,
						     deadline, fault);
			target = NULL;
		}
		if (rc == 0 && target == NULL) {
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

		rc = tgt_pool_lun(tgt, luns[i], &lun, fault);
		if (rc == 0 && target == NULL) {
			rc = fault_set(fault, ARRAY_ERROR_INTERNAL,
				       "target '%s' does not exist after it was created",
				       name.text);
		}
		rc = rc != 0 ? rc : unit_check(tgt, lun, target, fault);
	}
	return rc;
}

/* show: what there is; it is replaced if something is made, and released after an error. */
static int reach(const struct tgt *tgt, const char *const *luns, size_t n_luns,
		 struct deadline deadline, struct tgt_show *show, size_t *ret_made,
		 struct fault *fault)
{
	int rc = targets_make(tgt, luns, n_luns, show, deadline, ret_made, fault);

	if (rc == 0 && *ret_made > 0) {
		tgt_show_release(show);
		rc = tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline,
				    show, fault);
		if (rc != 0) {
			return rc;
		}
	}
	rc = rc != 0 ? rc : units_check(tgt, luns, n_luns, show, fault);
	rc = rc != 0 ? rc : tgt_accounts_set(tgt, luns, n_luns, deadline, fault);
	if (rc != 0) {
		tgt_show_release(show);
	}
	return rc;
}

int tgt_pool_ensure_targets(const struct tgt *tgt, const char *const *luns, size_t n_luns,
			    struct deadline deadline, struct tgt_show *ret, struct fault *fault)
{
	size_t made;
	int rc = tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline, ret,
				fault);

	return rc != 0 ? rc : reach(tgt, luns, n_luns, deadline, ret, &made, fault);
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
	return json_pack("{s:s, s:I, s:[s, s], s:s, s:i, s:b, s:s, s:s}", "name", lun->name,
			 "size_bytes", (json_int_t)lun->size_bytes, "designators", naa, t10,
			 "target", target.text, "number", TGT_LUN_NUMBER, "read_only",
			 lun->read_only, "pool", lun->pool, "class", lun->class);
}

/* look NULL: the health was not asked for. Takes object. */
static json_t *health_put(json_t *object, struct tgt_backing_look *look, const struct tgt_lun *lun)
{
	struct lun_condition condition;

	if (look == NULL || object == NULL) {
		return object;
	}
	condition = tgt_backing_condition(look, lun);
	if (json_object_set_new(object, "health",
				json_string(lun_health_to_str(condition.health))) != 0 ||
	    json_object_set_new(object, "health_reason", json_string(condition.reason)) != 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* The LUN number is the same for all initiators. */
int tgt_pool_luns(void *backend, const struct driver_luns *wanted, struct deadline deadline,
		  json_t *luns, struct fault *fault)
{
	const struct tgt *tgt = backend;
	size_t count = wanted->n_names > 0 ? wanted->n_names : tgt->table.n_luns;
	struct tgt_backing_look *look =
		wanted->health ? tgt_backing_look_new(&tgt->config, deadline) : NULL;
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		const struct tgt_lun *lun = wanted->n_names > 0 ? NULL : &tgt->table.luns[i];

		rc = wanted->n_names > 0 ? tgt_pool_lun(tgt, wanted->names[i], &lun, fault) : 0;
		if (rc == 0 &&
		    json_array_append_new(luns, health_put(lun_encode(tgt, lun), look, lun)) != 0) {
			rc = fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
		}
	}
	tgt_backing_look_free(look);
	return rc;
}

bool tgt_pool_classes(const void *backend, json_t *list)
{
	const struct tgt *tgt = backend;
	const char *class;
	bool whole = true;

	for (size_t i = 0; (class = tgt_config_class_at(&tgt->config, i)) != NULL && whole; i++) {
		whole = json_array_append_new(list, json_string(class)) == 0;
	}
	return whole;
}

int tgt_pool_drop_target(const struct tgt *tgt, const char *lun, struct deadline deadline,
			 struct fault *fault)
{
	struct tgt_target_name name = tgt_target_name(tgt, lun);
	const struct tgt_target *target;
	struct tgt_show show;
	int rc = tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline, &show,
				fault);

	if (rc != 0) {
		return rc;
	}
	target = tgt_show_find(&show, name.text);
	rc = target == NULL ? 0
			    : tgt_admin_target_delete(tgt->config.control_port, target->tid,
						      deadline, fault);
	tgt_show_release(&show);
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
	struct tgt_show show;
	int rc = tgt_snapshot_settle(tgt, deadline, fault);

	if (rc == 0) {
		rc = tgt_table_protect(&tgt->table, lun, read_only)
			     ? tgt_table_store(tgt->config.state_dir, &tgt->table, fault)
			     : fault_set(fault, ARRAY_ERROR_NO_SUCH_LUN,
					 "there is no LUN '%s' on this array", lun);
	}
	rc = rc != 0 ? rc : tgt_pool_drop_target(tgt, lun, deadline, fault);
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
	int rc = tgt_snapshot_settle(tgt, deadline, fault);

	rc = rc != 0 ? rc
		     : tgt_admin_show(tgt->config.control_port, tgt->config.iqn_prefix, deadline,
				      &show, fault);
	if (rc != 0) {
		return rc;
	}
	names = names_to_restore(tgt, &show, max);
	rc = reach(tgt, (const char *const *)names->pdata, names->len, deadline, &show,
		   ret_restored, fault);
	if (rc == 0) {
		tgt_show_release(&show);
	}
	/* With the last of them, all targets are there. */
	return rc != 0 || *ret_restored > 0 ? rc : tgt_accounts_set_all(tgt, deadline, fault);
}
