/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The array driver for tgtd(8), see lunmask-array-tgt(8). */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "driver/protocol/driver_main.h"
#include "driver/tgt/tgt.h"
#include "driver/tgt/tgt_accounts.h"
#include "driver/tgtd/tgt_admin.h"
#include "driver/tgt/tgt_masks.h"
#include "driver/tgt/tgt_pool.h"
#include "driver/tgt/tgt_snapshot.h"
#include "driver/tgt/tgt_volume.h"
#include "driver/tgt/tgt_resize.h"

static void backend_close(void *backend)
{
	struct tgt *tgt = backend;

	tgt_table_release(&tgt->table);
	tgt_config_release(&tgt->config);
	free(tgt);
}

/* Creates the lock's directory, because /run is empty after a boot. */
static void lock_dir_make(const char *lock_file)
{
	char *copy = strdup(lock_file);

	if (copy != NULL) {
		(void)mkdir(dirname(copy), 0700);
	}
	free(copy);
}

static int backend_open(const char *config_file, void **ret_backend, struct fault *fault)
{
	struct tgt *tgt = calloc(1, sizeof(*tgt));
	int rc = tgt != NULL ? 0 : fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");

	rc = rc != 0 ? rc : tgt_config_load(config_file, &tgt->config, fault);
	if (rc != 0) {
		free(tgt);
		return rc;
	}
	lock_dir_make(tgt->config.lock_file);
	*ret_backend = tgt;
	return 0;
}

static const char *backend_lock_file(const void *backend)
{
	return ((const struct tgt *)backend)->config.lock_file;
}

static int backend_load(void *backend, struct fault *fault)
{
	struct tgt *tgt = backend;

	return tgt_table_load(tgt->config.state_dir, &tgt->table, fault);
}

/* tgtd lists only the portals that it listens on, so all of them are online. */
static int backend_ports(void *backend, struct deadline deadline, json_t *portals,
			 struct fault *fault)
{
	const struct tgt *tgt = backend;
	struct tgt_portals found;
	int rc = tgt_admin_portals(tgt->config.control_port, deadline, &found, fault);

	for (size_t i = 0; rc == 0 && i < found.count; i++) {
		json_t *portal =
			json_pack("{s:s, s:s}", "portal", found.address[i], "state", "online");

		if (json_array_append_new(portals, portal) != 0) {
			rc = fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
		}
	}
	return rc;
}

static int backend_accounts(void *backend, struct deadline deadline, struct fault *fault)
{
	return tgt_accounts_check(backend, deadline, fault);
}

static bool backend_is_fenced(const void *backend, const char *initiator)
{
	return tgt_table_is_fenced(&((const struct tgt *)backend)->table, initiator);
}

/* An entry that is not an initiator name is "ALL" or an address. */
static bool backend_admits(const void *backend, const char *rule, const char *initiator)
{
	(void)initiator;
	return !tgt_config_is_foreign(&((const struct tgt *)backend)->config, rule);
}

static bool backend_fenced(const void *backend, json_t *names)
{
	const struct tgt_table *table = &((const struct tgt *)backend)->table;
	bool whole = true;

	for (size_t i = 0; i < table->n_fenced && whole; i++) {
		whole = json_array_append_new(names, json_string(table->fenced[i].initiator)) == 0;
	}
	return whole;
}

static int64_t backend_fencings(const void *backend)
{
	return ((const struct tgt *)backend)->table.fencings;
}

static bool backend_is_fenced_since(const void *backend, const char *initiator, int64_t fencings)
{
	return tgt_table_is_fenced_since(&((const struct tgt *)backend)->table, initiator,
					 fencings);
}

static bool backend_host_known(const void *backend, const char *initiator, const char *host)
{
	return tgt_table_knows_host(&((const struct tgt *)backend)->table, initiator, host);
}

static bool backend_hosts(const void *backend, json_t *list)
{
	const struct tgt_table *table = &((const struct tgt *)backend)->table;
	bool whole = true;

	for (size_t i = 0; i < table->n_hosts && whole; i++) {
		whole = json_array_append_new(list, json_pack("{s:s, s:s}", "host",
							      table->hosts[i].host, "initiator",
							      table->hosts[i].initiator)) == 0;
	}
	return whole;
}

static int backend_host_record(void *backend, const char *initiator, const char *host,
			       const struct masks *masks, struct fault *fault)
{
	struct tgt *tgt = backend;
	bool full = tgt->table.n_hosts >= TGT_TABLE_HOSTS_MAX;
	int rc;

	for (size_t i = tgt->table.n_hosts; i > 0; i--) {
		const char *known = tgt->table.hosts[i - 1].initiator;

		if ((full || strcmp(known, initiator) == 0) && !masks_have_path(masks, known)) {
			tgt_table_remove_host(&tgt->table, i - 1);
		}
	}
	rc = tgt_table_add_host(&tgt->table, initiator, host, fault);
	return rc != 0 ? rc : tgt_table_store(tgt->config.state_dir, &tgt->table, fault);
}

static int backend_set_fenced(void *backend, const char *const *initiators, size_t n_initiators,
			      bool fenced, struct fault *fault)
{
	struct tgt *tgt = backend;
	int rc = 0;

	tgt->table.fencings += fenced ? 1 : 0;
	for (size_t i = 0; i < n_initiators && rc == 0; i++) {
		if (fenced) {
			rc = tgt_table_fence(&tgt->table, initiators[i], fault);
		} else {
			tgt_table_unfence(&tgt->table, initiators[i]);
		}
	}
	return rc != 0 ? rc : tgt_table_store(tgt->config.state_dir, &tgt->table, fault);
}

static bool backend_is_read_only(const void *backend, const char *lun)
{
	const struct tgt_lun *row = tgt_table_find(&((const struct tgt *)backend)->table, lun);

	return row != NULL && row->read_only;
}

static const char *const NOTES[] = {
	"After a restart of tgtd, --restore makes its targets again, without any grants.",
	"After a change of the file with the accounts, it sets those of tgtd.", NULL};

static const struct driver TGT_DRIVER = {
	.name = "lunmask-array-tgt",
	.notes = NOTES,
	.config_file = TGT_CONFIG_FILE,
	.masks = {.is_fenced = backend_is_fenced,
		  .is_read_only = backend_is_read_only,
		  .read = tgt_masks_read,
		  .grant = tgt_masks_grant,
		  .revoke = tgt_masks_revoke},
	.open = backend_open,
	.close = backend_close,
	.lock_file = backend_lock_file,
	.load = backend_load,
	.ports = backend_ports,
	.accounts = backend_accounts,
	.luns = tgt_pool_luns,
	.health = true,
	.classes = tgt_pool_classes,
	.admits = backend_admits,
	.fenced = backend_fenced,
	.fencings = backend_fencings,
	.is_fenced_since = backend_is_fenced_since,
	.host_known = backend_host_known,
	.hosts = backend_hosts,
	.host_record = backend_host_record,
	.set_fenced = backend_set_fenced,
	.create = tgt_volume_create,
	.delete = tgt_volume_delete,
	.protect = tgt_pool_protect,
	.resize = tgt_resize,
	.snapshot = tgt_snapshot_make,
	.snapshots = tgt_snapshot_list,
	.unsnapshot = tgt_snapshot_remove,
	.restore_to = tgt_snapshot_restore,
	.clone = tgt_volume_clone,
	.restore = tgt_pool_restore,
};

int main(int argc, char **argv)
{
	return driver_main(argc, argv, &TGT_DRIVER);
}
