/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit/unit_world.h"
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array/array.h"
#include "hypervisor/hypervisor_luns.h"
#include "process/lun_process.h"
#include "process/qemu_process.h"
#include "san/iscsi.h"
#include "step/vm_peer.h"
#include "tests/unit/journal/journal_fake.h"
#include "vm/vm_config_copy.h"
#include "vm/vm_keep.h"

struct unit_world world;
struct unit_settings unit_settings;

static char folder[64];
static const char *const nodes[WORLD_NODES] = {"node1", "node2"};
static const char *const initiators[WORLD_NODES] = {"iqn.2026-11.org.example:node1",
						    "iqn.2026-11.org.example:node2"};
static const char config_text[] = "[array san1]\n"
				  "driver = none\ntransport = exec\nportals = 192.0.2.1:3260\n"
				  "[host node1]\ninitiator = iqn.2026-11.org.example:node1\n"
				  "[host node2]\ninitiator = iqn.2026-11.org.example:node2\n";
#define TARGET "iqn.2026-11.org.example:t1"
#define SOURCE TARGET "/7"

bool unit_world_writes(int node)
{
	/* What is granted to node2 is used there. */
	return node == NODE1 ? world.plugged_vm != NULL && world.granted[NODE1]
			     : world.granted[NODE2] && world.nexus[NODE2];
}

static void never_two(void)
{
	assert_false(unit_world_writes(NODE1) && unit_world_writes(NODE2));
	assert_false(world.granted[NODE1] && world.granted[NODE2]);
}

/* True: it fails before it has taken effect. */
static bool effect(const char *what, const char *on)
{
	size_t length = strlen(world.done);

	world.effects++;
	(void)snprintf(world.done + length, sizeof(world.done) - length, "%s:%s ", what, on);
	return world.effects == world.fail_at && !world.fail_after;
}

static int effect_end(struct err *err)
{
	never_two();
	return world.effects == world.fail_at ? err_set(err, -EIO, "it failed") : 0;
}

/* The array */

static int node_of(const char *initiator)
{
	return strcmp(initiator, initiators[NODE1]) == 0 ? NODE1 : NODE2;
}

int __wrap_array_masks(const struct array *array, const char *const *names, size_t count,
		       struct deadline deadline, struct array_masks *ret, struct err *err);
int __wrap_array_masks(const struct array *array, const char *const *names, size_t count,
		       struct deadline deadline, struct array_masks *ret, struct err *err)
{
	struct array_mask *mask;

	(void)array;
	(void)deadline;
	assert_int_equal(count, 1);
	if (world.silent) {
		return err_set(err, -ECONNREFUSED, "the array is silent");
	}
	*ret = (struct array_masks){.masks = calloc(1, sizeof(*ret->masks)), .count = 1};
	mask = ret->masks;
	mask->initiators = calloc(WORLD_NODES, sizeof(*mask->initiators));
	mask->nexuses = calloc(WORLD_NODES, sizeof(*mask->nexuses));
	(void)strcpy(mask->lun, names[0]);
	for (int node = 0; node < WORLD_NODES; node++) {
		if (world.granted[node]) {
			(void)strcpy(mask->initiators[mask->n_initiators++], initiators[node]);
		}
		if (world.nexus[node]) {
			(void)strcpy(mask->nexuses[mask->n_nexuses++], initiators[node]);
		}
	}
	return 0;
}

/* As a driver does: if another host holds the LUN, it refuses. */
static int grant(const char *initiator, struct array_changed *ret, struct err *err)
{
	int node = node_of(initiator);

	if (world.granted[1 - node] || world.nexus[1 - node]) {
		return err_set(err, -EPERM, "%s holds it", nodes[1 - node]);
	}
	if (!world.granted[node] && ret != NULL) {
		ret->granted = calloc(1, sizeof(*ret->granted));
		(void)strcpy(ret->granted[ret->n_granted++], unit_settings.lun);
	}
	world.granted[node] = true;
	return 0;
}

int __wrap_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret_changed,
		       struct err *err);
int __wrap_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret_changed, struct err *err)
{
	const char *whose = change->grant != NULL ? change->grant : change->revoke;
	int rc = 0;

	(void)array;
	(void)deadline;
	if (ret_changed != NULL) {
		*ret_changed = (struct array_changed){.granted = NULL};
	}
	if (world.silent) {
		return err_set(err, -ECONNREFUSED, "the array is silent");
	}
	if (effect(change->grant != NULL ? "grant" : "revoke", nodes[node_of(whose)])) {
		return err_set(err, -EIO, "it failed");
	}
	if (change->revoke != NULL) {
		world.granted[node_of(change->revoke)] = false;
		world.nexus[node_of(change->revoke)] = false;
	} else {
		rc = grant(whose, ret_changed, err);
	}
	rc = rc != 0 ? rc : effect_end(err);
	if (rc != 0 && ret_changed != NULL) {
		array_changed_release(ret_changed);
	}
	return rc;
}

int __wrap_array_luns(const struct array *array, const char *const *names, size_t count,
		      const char *initiator, struct deadline deadline, struct lun *ret_luns,
		      struct err *err);
int __wrap_array_luns(const struct array *array, const char *const *names, size_t count,
		      const char *initiator, struct deadline deadline, struct lun *ret_luns,
		      struct err *err)
{
	(void)array;
	(void)deadline;
	assert_int_equal(count, 1);
	if (world.silent || !world.granted[node_of(initiator)]) {
		return err_set(err, world.silent ? -ECONNREFUSED : -EPERM, "not presented");
	}
	*ret_luns = (struct lun){.size_bytes = 1 << 30, .target = TARGET, .number = 7};
	(void)strcpy(ret_luns->name, names[0]);
	(void)strcpy(ret_luns->designator, world.designator);
	return 0;
}

int __wrap_iscsi_luns_verify(const struct lun *luns, size_t n_luns, const char *const *portals,
			     size_t n_portals, const char *initiator, const struct chap *chap,
			     size_t portals_required, struct deadline deadline,
			     struct iscsi_portals *ret, struct err *err);
int __wrap_iscsi_luns_verify(const struct lun *luns, size_t n_luns, const char *const *portals,
			     size_t n_portals, const char *initiator, const struct chap *chap,
			     size_t portals_required, struct deadline deadline,
			     struct iscsi_portals *ret, struct err *err)
{
	(void)luns, (void)n_luns, (void)portals, (void)n_portals, (void)initiator;
	(void)chap, (void)portals_required, (void)deadline, (void)err;
	*ret = (struct iscsi_portals){.good = {true}, .n_good = 1};
	return 0;
}

int __wrap_array_fenced(const struct array *array, struct deadline deadline,
			struct array_fenced *ret, struct err *err);
int __wrap_array_fenced(const struct array *array, struct deadline deadline,
			struct array_fenced *ret, struct err *err)
{
	(void)array, (void)deadline, (void)err;
	*ret = (struct array_fenced){.names = calloc(1, sizeof(*ret->names))};
	if (world.fenced) {
		(void)strcpy(ret->names[ret->count++], initiators[NODE1]);
	}
	return 0;
}

/* libvirt on node1, and the processes there */

static int libvirt(struct err *err)
{
	return world.libvirt_silent ? err_set(err, -ETIMEDOUT, "libvirt is silent") : 0;
}

int __wrap_hypervisor_plug_find(struct hypervisor *hypervisor, const char *array, const char *lun,
				struct deadline deadline, struct hypervisor_plug *ret,
				struct err *err);
int __wrap_hypervisor_plug_find(struct hypervisor *hypervisor, const char *array, const char *lun,
				struct deadline deadline, struct hypervisor_plug *ret,
				struct err *err)
{
	(void)hypervisor, (void)deadline;
	assert_string_equal(array, "san1");
	assert_string_equal(lun, "db-data");
	*ret = (struct hypervisor_plug){.vm = ""};
	if (world.asked && world.detach_looks == 0) {
		world.plugged_vm = NULL;
		world.asked = false;
	} else if (world.asked && world.detach_looks > 0) {
		world.detach_looks--;
	}
	if (!world.libvirt_silent && world.plugged_vm != NULL) {
		(void)strcpy(ret->vm, world.plugged_vm);
		(void)strcpy(ret->target, world.plugged_drive);
	}
	return libvirt(err);
}

int __wrap_hypervisor_lun_use(struct hypervisor *hypervisor, const char *array,
			      const char *const *luns, size_t n_luns, const char *except,
			      struct deadline deadline, struct hypervisor_lun_use *ret,
			      struct err *err);
int __wrap_hypervisor_lun_use(struct hypervisor *hypervisor, const char *array,
			      const char *const *luns, size_t n_luns, const char *except,
			      struct deadline deadline, struct hypervisor_lun_use *ret,
			      struct err *err)
{
	const char *user = world.user != NULL ? world.user : world.plugged_vm;

	(void)hypervisor, (void)array, (void)luns, (void)deadline;
	assert_int_equal(n_luns, 1);
	*ret = (struct hypervisor_lun_use){.lun = 0};
	if (user != NULL && strcmp(user, except) != 0) {
		(void)strcpy(ret->vm, user);
	}
	return libvirt(err);
}

int __wrap_hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm,
				   struct deadline deadline, enum domain_state *ret,
				   struct err *err);
int __wrap_hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm,
				   struct deadline deadline, enum domain_state *ret,
				   struct err *err)
{
	(void)hypervisor, (void)deadline;
	*ret = strcmp(vm, "db1") == 0 ? world.db1 : DOMAIN_ABSENT;
	return libvirt(err);
}

int __wrap_hypervisor_domain_xml(struct hypervisor *hypervisor, const char *vm,
				 struct deadline deadline, char **ret_xml, struct err *err);
int __wrap_hypervisor_domain_xml(struct hypervisor *hypervisor, const char *vm,
				 struct deadline deadline, char **ret_xml, struct err *err)
{
	(void)hypervisor, (void)vm, (void)deadline;
	if (world.libvirt_silent) {
		return libvirt(err);
	}
	*ret_xml = g_strdup_printf(
		"<domain><devices><disk type='network'><source protocol='iscsi' name='%s'/>"
		"<target dev='%s'/><alias name='%s'/></disk></devices></domain>",
		world.source, world.plugged_drive != NULL ? world.plugged_drive : "vda",
		world.plugged_vm != NULL ? world.alias : "ua-other");
	return 0;
}

int __wrap_hypervisor_attach(struct hypervisor *hypervisor, const char *vm, const char *device_xml,
			     struct deadline deadline, struct err *err);
int __wrap_hypervisor_attach(struct hypervisor *hypervisor, const char *vm, const char *device_xml,
			     struct deadline deadline, struct err *err)
{
	const struct journal_task *task = journal_fake_task(vm);

	(void)hypervisor, (void)deadline;
	/* Nobody can begin anything with the VM meanwhile. */
	assert_non_null(task);
	assert_int_equal(task->kind, JOURNAL_RECONCILE);
	assert_int_equal(task->state, JOURNAL_RUNNING);
	assert_non_null(strstr(device_xml, "name='" SOURCE "'"));
	assert_non_null(strstr(device_xml, "<alias name='ua-lunmask-unit-san1__db-data'/>"));
	if (world.attach_rc != 0 || effect("attach", vm)) {
		return err_set(err, world.attach_rc != 0 ? world.attach_rc : -EIO, "no");
	}
	world.plugged_vm = "db1";
	world.plugged_drive = "vdc";
	world.nexus[NODE1] = true;
	return effect_end(err);
}

int __wrap_hypervisor_detach(struct hypervisor *hypervisor, const char *vm, const char *device_xml,
			     struct deadline deadline, struct err *err);
int __wrap_hypervisor_detach(struct hypervisor *hypervisor, const char *vm, const char *device_xml,
			     struct deadline deadline, struct err *err)
{
	(void)hypervisor, (void)deadline;
	assert_non_null(strstr(device_xml, world.plugged_drive));
	if (effect("detach", vm)) {
		return err_set(err, -EIO, "no");
	}
	world.asked = true;
	return effect_end(err);
}

int __wrap_hypervisor_abort_job(struct hypervisor *hypervisor, const char *vm,
				struct deadline deadline, struct err *err);
int __wrap_hypervisor_abort_job(struct hypervisor *hypervisor, const char *vm,
				struct deadline deadline, struct err *err)
{
	(void)hypervisor, (void)deadline, (void)err;
	(void)effect("abort", vm);
	return 0;
}

int __wrap_qemu_process_find(const char *vm, pid_t *ret, struct err *err);
int __wrap_qemu_process_find(const char *vm, pid_t *ret, struct err *err)
{
	(void)err;
	*ret = strcmp(vm, "db1") == 0 && world.qemu ? 1 : 0;
	return 0;
}

int __wrap_lun_process_find(const char *target, unsigned int number, const char *except,
			    struct lun_process *ret, struct err *err);
int __wrap_lun_process_find(const char *target, unsigned int number, const char *except,
			    struct lun_process *ret, struct err *err)
{
	(void)except, (void)err;
	assert_string_equal(target, TARGET);
	assert_int_equal(number, 7);
	*ret = (struct lun_process){.pid = 0};
	return 0;
}

/* The cluster */

int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err);
int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err)
{
	(void)deadline, (void)err;
	*ret_xml = g_strdup(world.resources);
	return 0;
}

int __wrap_cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err);
int __wrap_cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err)
{
	(void)deadline, (void)err;
	*ret = true;
	return 0;
}

int __wrap_cluster_node_fate(const char *node, struct deadline deadline,
			     enum cluster_node_fate *ret, struct err *err);
int __wrap_cluster_node_fate(const char *node, struct deadline deadline,
			     enum cluster_node_fate *ret, struct err *err)
{
	(void)deadline, (void)err;
	*ret = strcmp(node, "node2") == 0 ? world.fate2 : CLUSTER_NODE_UP;
	return 0;
}

int __wrap_cluster_node_fencings(const char *node, struct deadline deadline,
				 struct cluster_fencings *ret, struct err *err);
int __wrap_cluster_node_fencings(const char *node, struct deadline deadline,
				 struct cluster_fencings *ret, struct err *err)
{
	(void)deadline, (void)err;
	*ret = strcmp(node, "node2") == 0 ? world.fencings2
					  : (struct cluster_fencings){.whole = true};
	return 0;
}

int __wrap_vm_peer_domain_state(struct vm_context *vm, const struct config_host *host,
				struct deadline deadline, enum domain_state *ret, struct err *err);
int __wrap_vm_peer_domain_state(struct vm_context *vm, const struct config_host *host,
				struct deadline deadline, enum domain_state *ret, struct err *err)
{
	(void)vm, (void)host, (void)deadline, (void)err;
	*ret = DOMAIN_ABSENT;
	return 0;
}

int __wrap_vm_config_copy_store(struct err *err);
int __wrap_vm_config_copy_store(struct err *err)
{
	(void)err;
	return 0;
}

static int remove_all(void *unused)
{
	g_autofree char *kept = vm_keep_path("san1+db-data");
	g_autofree char *config = g_build_filename(folder, "lunmask.conf", NULL);

	(void)unused;
	(void)unlink(kept);
	(void)unlink(config);
	return rmdir(folder);
}

int unit_world_new(void **state)
{
	g_autofree char *config = NULL;

	(void)state;
	journal_fake_reset();
	(void)strcpy(folder, "/tmp/lunmask-unit-XXXXXX");
	assert_non_null(mkdtemp(folder));
	config = g_build_filename(folder, "lunmask.conf", NULL);
	assert_true(g_file_set_contents(config, config_text, -1, NULL));
	undo_setenv(VM_KEEP_VARIABLE, folder);
	undo_setenv("LUNMASK_CONF", config);
	undo_later(remove_all, NULL);
	world = (struct unit_world){
		.designator = "naa.6001",
		.qemu = true,
		.db1 = DOMAIN_RUNNING,
		.source = SOURCE,
		.alias = "ua-lunmask-unit-san1__db-data",
		.resources = "<resources/>",
		.fate2 = CLUSTER_NODE_UP,
		.fencings2 = {.whole = true},
	};
	unit_settings = (struct unit_settings){
		.array = "san1",
		.lun = "db-data",
		.drive = "vdc",
		.vm_map = "node1:db1 node2:db2",
		.hypervisor = "test:///default",
		.migration_transport = "ssh",
		.detach_ms = TEST_LIMIT_MS,
		.paths_required = 1,
		.node = "node1",
	};
	return 0;
}

int unit_world_free(void **state)
{
	journal_fake_release();
	return undo_all(state);
}

void unit_world_plugged(void)
{
	world.granted[NODE1] = world.nexus[NODE1] = true;
	world.plugged_vm = "db1";
	world.plugged_drive = "vdc";
}

void unit_world_chap(void)
{
	g_autofree char *text =
		g_strdup_printf("[array san1]\nchap_secret_file = /etc/lunmask/san1.chap%s",
				strchr(config_text, '\n'));

	assert_true(g_file_set_contents(getenv("LUNMASK_CONF"), text, -1, NULL));
}
