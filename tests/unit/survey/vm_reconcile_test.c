/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/realtime.h"
#include "cluster/cluster.h"
#include "journal/journal_actor.h"
#include "step/vm_gone.h"
#include "survey/vm_all.h"
#include "survey/vm_lun_users.h"
#include "survey/vm_reconcile.h"
#include "tests/unit/array/array_fake.h"
#include "tests/unit/journal/journal_fake.h"

/*
 * The world of one VM, web1, which runs on node1, where it is asked: an array of two LUNs, three
 * hosts and a stranger. The journal is journal_fake.h's.
 */
enum { NODE1, NODE2, NODE3, STRANGER, WHO_MAX };

static const char config_text[] = "[array san1]\n"
				  "driver = none\ntransport = exec\nportals = 192.0.2.1:3260\n"
				  "[host node1]\ninitiator = iqn.2026-11.org.example:node1\n"
				  "[host node2]\ninitiator = iqn.2026-11.org.example:node2\n"
				  "[host node3]\ninitiator = iqn.2026-11.org.example:node3\n";
static const char *const initiators[WHO_MAX] = {
	"iqn.2026-11.org.example:node1", "iqn.2026-11.org.example:node2",
	"iqn.2026-11.org.example:node3", "iqn.2026-11.org.example:stranger"};
static const char *const luns[] = {"root", "data"};
#define N_LUNS 2

static struct {
	bool granted[N_LUNS][WHO_MAX];
	bool nexus[N_LUNS][WHO_MAX];
	bool deleted[N_LUNS];
	const char *other[WHO_MAX]; /* a LUN of another name that it reaches */
	int paths_rc;               /* when it is asked for these */
	unsigned int paths;         /* how often */
	bool used;                  /* another VM on node1 uses a LUN */
	int domain[WHO_MAX];        /* enum domain_state; -1: no answer */
	enum cluster_node_fate fate[WHO_MAX];
	time_t fenced_at[WHO_MAX];
	int apply_rc;         /* what it says */
	bool apply_does;      /* what it does */
	unsigned int applies; /* how often */
	unsigned int masks;
	unsigned int asked;               /* a host's libvirt */
	void (*in_masks)(unsigned int n); /* after the masks were read */
	void (*in_ask)(unsigned int n);   /* before libvirt answers */
} world;

static struct vm_settings settings = {
	.vm = "web1", .array = "san1", .migration_transport = "ssh", .node = "node1"};
static struct vm_context *vm;
static struct peer_pool pool;
static struct vm_strays strays;
static struct vm_strays_sources way;

/* The array */

static int lun_index(const char *name)
{
	for (int i = 0; i < N_LUNS; i++) {
		if (strcmp(luns[i], name) == 0) {
			return i;
		}
	}
	fail_msg("no LUN %s", name);
	return 0;
}

int array_masks(const struct array *array, const char *const *names, size_t count,
		struct deadline deadline, struct array_masks *ret, struct err *err)
{
	(void)array;
	(void)deadline;
	for (size_t i = 0; i < count; i++) {
		if (world.deleted[lun_index(names[i])]) {
			return err_set(err, -ENXIO, "no such LUN: %s", names[i]);
		}
	}
	ret->masks = calloc(count, sizeof(*ret->masks));
	ret->count = count;
	for (size_t i = 0; i < count; i++) {
		int lun = lun_index(names[i]);

		array_fake_mask(&ret->masks[i], names[i], initiators, world.granted[lun],
				world.nexus[lun], WHO_MAX);
	}
	world.masks++;
	if (world.in_masks != NULL) {
		world.in_masks(world.masks);
	}
	return 0;
}

int array_apply(const struct array *array, const struct array_change *change,
		struct deadline deadline, struct array_changed *ret_changed, struct err *err)
{
	(void)array;
	(void)deadline;
	(void)ret_changed;
	assert_null(change->grant);
	world.applies++;
	for (size_t i = 0; world.apply_does && i < change->n_luns; i++) {
		for (int who = 0; who < WHO_MAX; who++) {
			if (strcmp(initiators[who], change->revoke) == 0) {
				world.granted[lun_index(change->luns[i])][who] = false;
				world.nexus[lun_index(change->luns[i])][who] = false;
			}
		}
	}
	return world.apply_rc == 0 ? 0 : err_set(err, world.apply_rc, "the array says no");
}

void array_changed_release(struct array_changed *changed)
{
	(void)changed;
}

static int who_of(const char *text);

int array_path_find_unknown(const struct array *array, const char *initiator,
			    array_lun_known *known, void *data, struct deadline deadline,
			    struct array_path *ret, struct err *err)
{
	const char *lun = world.other[who_of(initiator)];

	(void)array;
	(void)deadline;
	world.paths++;
	*ret = (struct array_path){.lun = ""};
	if (world.paths_rc != 0) {
		return err_set(err, world.paths_rc, "the array does not answer");
	}
	if (lun != NULL && !known(data, lun)) {
		strcpy(ret->lun, lun);
	}
	return 0;
}

int vm_lun_users_none(struct vm_context *of, const char *const *names, size_t n,
		      struct deadline deadline, struct err *err)
{
	(void)of;
	(void)deadline;
	for (size_t i = 0; i < n; i++) {
		assert_false(world.deleted[lun_index(names[i])]);
	}
	return world.used ? err_set(err, -EPERM, "VM web2 has LUN root") : 0;
}

bool vm_all_shared(const struct vm_all *all, const struct vm_context *of, const char *lun)
{
	(void)all;
	(void)of;
	(void)lun;
	return false;
}

bool vm_all_names(const struct vm_all *all, const char *array, const char *lun)
{
	(void)all;
	(void)array;
	return strcmp(lun, "web2-root") == 0;
}

/* The hosts */

static int who_of(const char *text)
{
	for (int who = 0; who < WHO_MAX; who++) {
		if (strstr(text, strrchr(initiators[who], ':') + 1) != NULL) {
			return who;
		}
	}
	fail_msg("no host in %s", text);
	return 0;
}

int hypervisor_pool_state(struct hypervisor_pool *of, const char *uri, const char *name,
			  struct deadline deadline, enum domain_state *ret, struct err *err)
{
	int who = who_of(uri);

	(void)of;
	(void)deadline;
	assert_string_equal(name, "web1");
	world.asked++;
	if (world.in_ask != NULL) {
		world.in_ask(world.asked);
	}
	if (world.domain[who] < 0) {
		return err_set(err, -ECONNREFUSED, "nobody listens");
	}
	*ret = (enum domain_state)world.domain[who];
	return 0;
}

void hypervisor_pool_release(struct hypervisor_pool *of)
{
	(void)of;
}

int vm_gone_confirm(struct vm_context *of, struct deadline deadline, struct err *err)
{
	(void)of;
	(void)deadline;
	return world.domain[NODE1] == DOMAIN_ABSENT ? 0 : err_set(err, -EBUSY, "it is here");
}

int vm_gone_probe(void *context, struct deadline deadline, struct err *err)
{
	return vm_gone_confirm(context, deadline, err) == 0 ? TASK_DONE : TASK_NOT_DONE;
}

int cluster_node_fate(const char *node, struct deadline deadline, enum cluster_node_fate *ret,
		      struct err *err)
{
	(void)deadline;
	(void)err;
	*ret = world.fate[who_of(node)];
	return 0;
}

int cluster_node_fencings(const char *node, struct deadline deadline, struct cluster_fencings *ret,
			  struct err *err)
{
	time_t at = world.fenced_at[who_of(node)];

	(void)deadline;
	(void)err;
	*ret = (struct cluster_fencings){.count = at != 0 ? 1 : 0, .last = at, .whole = true};
	return 0;
}

int cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err)
{
	(void)deadline;
	(void)err;
	*ret = true;
	return 0;
}

int cluster_local_node(struct deadline deadline, char *name, size_t size, struct err *err)
{
	(void)deadline;
	(void)name;
	(void)size;
	return err_set(err, -ENOTCONN, "not asked for here");
}

int cluster_resources(struct deadline deadline, char **ret_xml, struct err *err)
{
	(void)deadline;
	(void)ret_xml;
	return err_set(err, -ENOTCONN, "not asked for here");
}

int cluster_options(struct deadline deadline, char **ret_xml, struct err *err)
{
	(void)deadline;
	(void)ret_xml;
	return err_set(err, -ENOTCONN, "not asked for here");
}

/* The VM, running on node1, and node2 opened by hand */

static int world_new(void **state)
{
	(void)state;
	journal_fake_reset();
	memset(&world, 0, sizeof(world));
	world.apply_does = true;
	world.domain[NODE1] = DOMAIN_RUNNING;
	world.granted[0][NODE1] = world.granted[1][NODE1] = true;
	world.nexus[0][NODE1] = world.nexus[1][NODE1] = true;
	world.granted[0][NODE2] = world.granted[1][NODE2] = world.nexus[1][NODE2] = true;
	way = (struct vm_strays_sources){.pool = &pool,
					 .how = JOURNAL_LINEARIZABLE,
					 .releases = true,
					 .all = (struct vm_all *)&world};
	vm = calloc(1, sizeof(*vm));
	assert_non_null(vm);
	vm->settings = &settings;
	strcpy(vm->node, "node1");
	assert_int_equal(
		config_parse(config_text, sizeof(config_text) - 1, "test", &vm->config, NULL), 0);
	assert_int_equal(config_host_get(vm->config, "node1", &vm->self, NULL), 0);
	vm->array.name = "san1";
	memcpy(vm->lun_names, luns, sizeof(luns));
	vm->n_luns = N_LUNS;
	return 0;
}

static int world_free(void **state)
{
	(void)state;
	vm_strays_release(&strays);
	vm_context_free(vm);
	journal_fake_release();
	return 0;
}

static void reconcile(bool dry_run)
{
	struct err err = ERR_INIT;

	if (vm_reconcile(vm, &way, dry_run, deadline_in(TEST_LIMIT_MS), &strays, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	/* Whatever happens, the guest keeps what it lives on, and no task is left over. */
	for (int lun = 0; lun < N_LUNS && world.domain[NODE1] == DOMAIN_RUNNING; lun++) {
		assert_true(world.granted[lun][NODE1] && world.nexus[lun][NODE1]);
	}
	assert_false(vm->journal.claimed);
	/* Each call of the command has a context of its own; the tests go on with this one. */
	vm_journal_release(&vm->journal);
}

static void both_are(int who, enum stray_verdict verdict, enum vm_stray_end end)
{
	size_t n = 0;

	for (size_t i = 0; i < strays.n; i++) {
		if (strcmp(strays.holders[strays.rows[i].holder].initiator, initiators[who]) == 0) {
			assert_int_equal(strays.rows[i].verdict, verdict);
			assert_int_equal(strays.rows[i].end, end);
			n++;
		}
	}
	assert_int_equal(n, N_LUNS);
}

static const struct vm_stray *row_of(int who)
{
	for (size_t i = 0; i < strays.n; i++) {
		if (strcmp(strays.holders[strays.rows[i].holder].initiator, initiators[who]) == 0) {
			return &strays.rows[i];
		}
	}
	fail_msg("%s has no path", initiators[who]);
	return NULL;
}

static void left_alone(int who)
{
	assert_int_equal(world.applies, 0);
	assert_true(world.granted[0][who] && world.granted[1][who]);
}

/* As another process would: a task of the VM from node1 to node2. */
static void task_begin(enum journal_kind kind, uint8_t number)
{
	struct journal_op op = {.kind = JOURNAL_OP_BEGIN};

	op.task = (struct journal_task){.kind = kind, .state = JOURNAL_RUNNING, .vm = "web1"};
	op.task.uuid.bytes[0] = number;
	op.task.actor =
		(struct journal_actor){.node = "node3", .boot_id = "b3", .pid = 7, .start_time = 5};
	strcpy(op.task.source, "node1");
	strcpy(op.task.target, "node2");
	op.task.begun_ms = op.task.changed_ms = realtime_now_ms();
	assert_int_equal(journal_fake_apply(&op), 0);
}

/* As a start on node2 would: it had been fenced so often before. */
static void grant_to_node2(int64_t since_ms, int fencings)
{
	struct journal_op op = {.kind = JOURNAL_OP_GRANT,
				.release = {.vm = "web1",
					    .node = "node2",
					    .by = "node2",
					    .array = "san1",
					    .luns = {"root", "data"},
					    .n_luns = 2,
					    .granted = true,
					    .since_ms = since_ms,
					    .fencings = fencings,
					    .by_fencings = fencings}};

	assert_int_equal(journal_fake_apply(&op), 0);
}

static void task_end(enum journal_state state, int64_t age_ms)
{
	struct journal_op op = {.kind = JOURNAL_OP_ADVANCE, .task = *journal_fake_task("web1")};

	op.task.state = state;
	op.task.changed_ms = realtime_now_ms() - age_ms;
	assert_int_equal(journal_fake_apply(&op), 0);
}

static void vm_reconcile__removes_what_was_opened_by_hand(void **state)
{
	(void)state;
	reconcile(false);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_REMOVED);
	both_are(NODE1, STRAY_NONE, VM_STRAY_LEFT);
	assert_int_equal(world.applies, 1);
	assert_false(world.granted[0][NODE2] || world.nexus[1][NODE2]);
	assert_int_equal(journal_fake_task("web1")->kind, JOURNAL_RECONCILE);
	assert_int_equal(journal_fake_task("web1")->state, JOURNAL_DONE);
	assert_string_equal(journal_fake_task("web1")->step, "revoke");
	assert_string_equal(journal_fake_task("web1")->source, "node2");
}

static void vm_reconcile__a_dry_run_changes_nothing(void **state)
{
	(void)state;
	reconcile(true);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_LEFT);
	left_alone(NODE2);
	assert_null(journal_fake_task("web1"));
}

/* lunmaskd of the host sees more than its libvirt: a QEMU that libvirt does not know. */
static void vm_reconcile__asks_a_host_through_its_lunmaskd(void **state)
{
	(void)state;
	journal_fake.answers[JOURNAL_ASK_DOMAIN] =
		"{\"ok\":true,\"host\":\"node2 -\",\"state\":\"LOST\"}";
	reconcile(false);
	both_are(NODE2, STRAY_KEEP, VM_STRAY_LEFT);
	left_alone(NODE2);
	assert_int_equal(world.asked, 0);
	vm_strays_release(&strays);
	journal_fake.answers[JOURNAL_ASK_DOMAIN] =
		"{\"ok\":true,\"host\":\"node2 -\",\"state\":\"ABSENT\"}";
	reconcile(false);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_REMOVED);
	assert_int_equal(world.asked, 0);
}

static void vm_reconcile__one_apply_a_host(void **state)
{
	(void)state;
	world.granted[0][NODE3] = true;
	reconcile(false);
	assert_int_equal(world.applies, 2);
	assert_false(world.granted[0][NODE2] || world.granted[0][NODE3]);
}

static void vm_reconcile__leaves_what_a_task_needs(void **state)
{
	(void)state;
	task_begin(JOURNAL_MIGRATE, 1);
	reconcile(false);
	both_are(NODE2, STRAY_NONE, VM_STRAY_LEFT);
	task_end(JOURNAL_BROKEN, 0);
	vm_strays_release(&strays);
	reconcile(false);
	both_are(NODE2, STRAY_KEEP, VM_STRAY_LEFT);
	left_alone(NODE2);
}

/* A stop that comes now must find it, and would find this command's task instead (I10). */
static void vm_reconcile__does_not_hide_a_failed_migration(void **state)
{
	(void)state;
	task_begin(JOURNAL_MIGRATE, 1);
	task_end(JOURNAL_FAILED, 1000);
	reconcile(false);
	both_are(NODE2, STRAY_KEEP, VM_STRAY_LEFT);
	left_alone(NODE2);
	assert_int_equal(journal_fake_task("web1")->kind, JOURNAL_MIGRATE);
}

static void vm_reconcile__removes_what_a_failed_migration_left_later(void **state)
{
	char text[STRAY_TEXT_MAX];

	(void)state;
	task_begin(JOURNAL_MIGRATE, 1);
	task_end(JOURNAL_FAILED, VM_CLAIM_RECOVERY_MS + 1000);
	reconcile(false);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_REMOVED);
	assert_non_null(strstr(vm_stray_who(&strays, row_of(NODE2), text),
			       "left by migrate from node1 to node2, failed since"));
}

static void migration_begins(void)
{
	task_begin(JOURNAL_MIGRATE, 1);
}

static void vm_reconcile__a_task_that_begins_first_has_it(void **state)
{
	(void)state;
	journal_fake.before_submit = migration_begins;
	reconcile(false);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_FAILED);
	left_alone(NODE2);
	assert_int_equal(journal_fake_task("web1")->kind, JOURNAL_MIGRATE);
	assert_int_equal(journal_fake_task("web1")->state, JOURNAL_RUNNING);
}

/* Between the judgement and the claim. */
static void migration_passes(unsigned int n)
{
	if (n == 2) {
		task_begin(JOURNAL_MIGRATE, 1);
		task_end(JOURNAL_FAILED, 0);
	}
}

static void vm_reconcile__a_task_that_passes_meanwhile_is_seen(void **state)
{
	(void)state;
	world.in_ask = migration_passes;
	reconcile(false);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_FAILED);
	left_alone(NODE2);
	assert_non_null(strstr(err_text(&row_of(NODE2)->end_err), "begun and ended"));
}

/* Each look reads the masks twice: the third time it is under the claim. */
static void domain_comes(unsigned int n)
{
	if (n == 3) {
		assert_int_equal(journal_fake_task("web1")->kind, JOURNAL_RECONCILE);
		world.domain[NODE2] = DOMAIN_PAUSED;
	}
}

static void vm_reconcile__looks_again_before_it_acts(void **state)
{
	(void)state;
	world.in_masks = domain_comes;
	reconcile(false);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_FAILED);
	left_alone(NODE2);
	assert_non_null(strstr(err_text(&row_of(NODE2)->end_err), "when looked at again"));
	assert_int_equal(journal_fake_task("web1")->state, JOURNAL_DONE);
}

/* The window closes after the masks were read, and before the journal is. */
static void window_closes(unsigned int n)
{
	if (n == 1) {
		world.granted[0][NODE2] = world.granted[1][NODE2] = world.nexus[1][NODE2] = false;
		task_end(JOURNAL_DONE, 0);
	}
}

static void vm_strays_look__is_not_fooled_by_a_window_that_closes(void **state)
{
	(void)state;
	task_begin(JOURNAL_MIGRATE, 1);
	world.in_masks = window_closes;
	reconcile(true);
	both_are(NODE1, STRAY_NONE, VM_STRAY_LEFT);
	assert_int_equal(strays.n, N_LUNS);
}

static void another_opens(unsigned int n)
{
	if (n == 1) {
		task_begin(JOURNAL_MIGRATE, 2);
		world.granted[0][NODE2] = world.granted[1][NODE2] = true;
	}
}

static void both_close(unsigned int n)
{
	if (n <= 2) {
		world.granted[0][NODE2] = world.granted[1][NODE2] = world.nexus[1][NODE2] = false;
		task_end(JOURNAL_DONE, 0);
	}
}

static void vm_strays_look__is_not_fooled_by_the_next_window(void **state)
{
	(void)state;
	task_begin(JOURNAL_MIGRATE, 1);
	world.in_masks = both_close;
	world.in_ask = another_opens;
	reconcile(true);
	assert_int_equal(world.masks, 3);
	assert_int_equal(strays.n, N_LUNS);
	both_are(NODE1, STRAY_NONE, VM_STRAY_LEFT);
}

static void vm_reconcile__an_array_that_refuses_is_told(void **state)
{
	(void)state;
	world.apply_rc = -EIO;
	world.apply_does = false;
	reconcile(false);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_FAILED);
	assert_string_equal(err_text(&row_of(NODE2)->end_err), "the array says no");
}

static void vm_reconcile__what_counts_is_what_the_array_shows(void **state)
{
	(void)state;
	world.apply_rc = -ETIMEDOUT;
	reconcile(false);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_REMOVED);
	vm_strays_release(&strays);
	(void)world_free(NULL);
	(void)world_new(NULL);
	world.apply_does = false;
	reconcile(false);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_FAILED);
}

static void released_by(const char *node, const char *second)
{
	struct journal_op op = {.kind = JOURNAL_OP_RELEASE, .release.n_luns = 2};

	strcpy(op.release.vm, "web1");
	strcpy(op.release.node, node);
	strcpy(op.release.array, "san1");
	strcpy(op.release.luns[0], "root");
	strcpy(op.release.luns[1], second);
	op.release.since_ms = 1700000000000;
	assert_int_equal(journal_fake_apply(&op), 0);
}

static void vm_reconcile__ends_the_release_of_what_it_removed(void **state)
{
	(void)state;
	released_by("node2", "data");
	reconcile(true);
	assert_int_equal(strays.holders[row_of(NODE2)->holder].trace.released_ms, 1700000000000);
	vm_strays_release(&strays);
	reconcile(false);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_REMOVED);
	assert_false(journal_fake_released("web1", "node2"));
}

static void nothing_of_node2(void)
{
	for (int lun = 0; lun < N_LUNS; lun++) {
		world.granted[lun][NODE2] = world.nexus[lun][NODE2] = false;
	}
}

/* A host that only tried to start the VM has released what it did not hold. */
static void vm_reconcile__ends_the_release_of_a_host_without_a_path(void **state)
{
	(void)state;
	nothing_of_node2();
	released_by("node2", "data");
	reconcile(true);
	assert_true(journal_fake_released("web1", "node2"));
	vm_strays_release(&strays);
	reconcile(false);
	assert_false(journal_fake_released("web1", "node2"));
	assert_int_equal(world.applies, 0);
}

static void vm_reconcile__ends_the_release_of_a_lun_that_was_deleted(void **state)
{
	(void)state;
	nothing_of_node2();
	world.deleted[1] = true;
	released_by("node2", "data");
	reconcile(false);
	assert_false(journal_fake_released("web1", "node2"));
}

static void released_is_kept(const char *node, enum released_verdict verdict)
{
	reconcile(false);
	assert_int_equal(strays.n_released, 1);
	assert_int_equal(strays.released[0].verdict, verdict);
	assert_int_equal(strays.released[0].end, VM_RELEASED_LEFT);
	assert_true(journal_fake_released("web1", node));
	vm_strays_release(&strays);
}

static void vm_reconcile__a_lun_without_its_name_may_have_another(void **state)
{
	(void)state;
	nothing_of_node2();
	world.deleted[1] = true;
	released_by("node2", "data");
	world.other[NODE2] = "renamed";
	released_is_kept("node2", RELEASED_KEEP);
	world.paths_rc = -ETIMEDOUT;
	released_is_kept("node2", RELEASED_UNDECIDED);
	world.paths_rc = 0;
	world.other[NODE2] = "web2-root";
	reconcile(false);
	assert_false(journal_fake_released("web1", "node2"));
}

/* What is left of the VM's LUNs is revoked first. */
static void vm_reconcile__a_lun_that_was_deleted_hides_no_path(void **state)
{
	(void)state;
	world.deleted[1] = true;
	released_by("node2", "data");
	reconcile(false);
	assert_int_equal(world.applies, 1);
	assert_false(world.granted[0][NODE2]);
	assert_false(journal_fake_released("web1", "node2"));
	assert_int_equal(strays.released[0].end, VM_RELEASED_ENDED);
}

static void vm_reconcile__a_release_of_other_luns_is_not_its_own(void **state)
{
	(void)state;
	nothing_of_node2();
	released_by("node2", "former");
	reconcile(false);
	assert_int_equal(strays.n_released, 0);
	assert_true(journal_fake_released("web1", "node2"));
}

static void vm_reconcile__an_unknown_host_keeps_its_release(void **state)
{
	(void)state;
	nothing_of_node2();
	released_by("node9", "data");
	released_is_kept("node9", RELEASED_UNDECIDED);
}

static void vm_reconcile__a_foreign_path_keeps_a_release(void **state)
{
	(void)state;
	nothing_of_node2();
	world.granted[0][STRANGER] = true;
	released_by("node2", "data");
	released_is_kept("node2", RELEASED_KEEP);
}

static void vm_reconcile__a_release_waits_for_the_task(void **state)
{
	(void)state;
	nothing_of_node2();
	released_by("node2", "data");
	task_begin(JOURNAL_MIGRATE, 1);
	released_is_kept("node2", RELEASED_KEEP);
	task_end(JOURNAL_FAILED, 1000);
	released_is_kept("node2", RELEASED_KEEP);
	assert_int_equal(journal_fake_task("web1")->kind, JOURNAL_MIGRATE);
}

/* Once the claim is there: the array is read for the second time. */
static void node2_is_granted(unsigned int n)
{
	if (n == 2) {
		assert_int_equal(journal_fake_task("web1")->kind, JOURNAL_RECONCILE);
		world.granted[0][NODE2] = true;
	}
}

static void vm_reconcile__a_release_is_looked_at_again(void **state)
{
	(void)state;
	nothing_of_node2();
	released_by("node2", "data");
	world.in_masks = node2_is_granted;
	reconcile(false);
	assert_int_equal(strays.released[0].verdict, RELEASED_END);
	assert_int_equal(strays.released[0].end, VM_RELEASED_FAILED);
	assert_true(journal_fake_released("web1", "node2"));
}

/* By itself: what node1, where it is asked, does without an administrator */

/* The VM has left node1, which has its grant still; and node2 has one, too. */
static void own(void)
{
	way.own = true;
	world.domain[NODE1] = DOMAIN_ABSENT;
}

static void own_is(bool granted)
{
	reconcile(false);
	for (int lun = 0; lun < N_LUNS; lun++) {
		assert_int_equal(world.granted[lun][NODE1], granted);
	}
	assert_true(world.granted[0][NODE2] && world.granted[1][NODE2] && world.nexus[1][NODE2]);
	assert_int_equal(world.asked, 0);
	assert_int_equal(row_of(NODE2)->verdict, STRAY_NONE);
	vm_strays_release(&strays);
}

static void vm_reconcile__own_completes_the_release(void **state)
{
	(void)state;
	own();
	released_by("node1", "data");
	own_is(false);
	assert_false(journal_fake_released("web1", "node1"));
	assert_int_equal(journal_fake_task("web1")->kind, JOURNAL_RECONCILE);
	assert_int_equal(journal_fake_task("web1")->state, JOURNAL_DONE);
}

/* A release that was withdrawn is none: the VM was started here again. */
static void vm_reconcile__own_leaves_a_vm_that_is_here(void **state)
{
	(void)state;
	own();
	world.domain[NODE1] = DOMAIN_RUNNING;
	released_by("node1", "data");
	own_is(true);
	assert_true(journal_fake_released("web1", "node1"));
	assert_int_equal(world.applies, 0);
}

static void vm_reconcile__own_leaves_what_another_vm_uses_here(void **state)
{
	(void)state;
	own();
	world.used = true;
	released_by("node1", "data");
	own_is(true);
}

static void vm_reconcile__own_leaves_what_a_task_may_need(void **state)
{
	static const enum journal_state states[] = {JOURNAL_RUNNING, JOURNAL_WAITING,
						    JOURNAL_BROKEN};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
		(void)world_free(NULL);
		(void)world_new(NULL);
		own();
		released_by("node1", "data");
		task_begin(JOURNAL_START, 1);
		if (states[i] != JOURNAL_RUNNING) {
			task_end(states[i], 0);
		}
		own_is(true);
	}
}

static void vm_reconcile__own_takes_nothing_without_a_majority(void **state)
{
	(void)state;
	own();
	released_by("node1", "data");
	journal_fake.no_majority = true;
	own_is(true);
	assert_int_equal(world.applies, 0);
}

/* An array that is starting does not know its LUNs yet. */
static void vm_reconcile__own_believes_in_no_deletion(void **state)
{
	(void)state;
	own();
	world.granted[0][NODE1] = world.granted[1][NODE1] = false;
	world.nexus[0][NODE1] = world.nexus[1][NODE1] = false;
	world.deleted[1] = true;
	released_by("node1", "data");
	own_is(false);
	assert_true(journal_fake_released("web1", "node1"));
	assert_int_equal(world.paths, 0);
}

/* The last task of the VM, from node1 to node2, and whether it explains a grant to node1. */
static void vm_reconcile__own_takes_what_was_granted_late(void **state)
{
	static const struct {
		enum journal_kind kind;
		enum journal_state state;
		const char *target;
		bool explained;
	} rows[] = {
		{JOURNAL_START, JOURNAL_DONE, "node1", true},
		{JOURNAL_MIGRATE, JOURNAL_DONE, "node1", true},
		{JOURNAL_START, JOURNAL_DONE, "node2", false},
		{JOURNAL_START, JOURNAL_FAILED, "node1", false},
		{JOURNAL_STOP, JOURNAL_DONE, "node1", false},
		{JOURNAL_MIGRATE, JOURNAL_DONE, "node2", false},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct journal_op op = {.kind = JOURNAL_OP_ADVANCE};

		(void)world_free(NULL);
		(void)world_new(NULL);
		own();
		task_begin(rows[i].kind, 1);
		op.task = *journal_fake_task("web1");
		strcpy(op.task.target, rows[i].target);
		op.task.state = rows[i].state;
		assert_int_equal(journal_fake_apply(&op), 0);
		own_is(rows[i].explained);
		/* The reconcile itself explains nothing, and hides nothing. */
		world.granted[0][NODE1] = world.granted[1][NODE1] = true;
		own_is(rows[i].explained);
	}
}

static void vm_reconcile__own_sees_the_start_behind_a_reconcile(void **state)
{
	struct journal_op op = {.kind = JOURNAL_OP_ADVANCE};

	(void)state;
	own();
	task_begin(JOURNAL_START, 1);
	op.task = *journal_fake_task("web1");
	strcpy(op.task.target, "node1");
	op.task.state = JOURNAL_DONE;
	assert_int_equal(journal_fake_apply(&op), 0);
	task_begin(JOURNAL_RECONCILE, 2);
	task_end(JOURNAL_DONE, 0);
	own_is(true);
}

static void vm_reconcile__own_knows_nothing_of_a_vm_without_a_task(void **state)
{
	(void)state;
	own();
	own_is(true);
}

/* A LogicalUnit: its name is no domain's. */
static const struct vm_settings unit = {
	.vm = "san1+root", .array = "san1", .migration_transport = "ssh", .node = "node1"};

static void vm_reconcile__does_not_know_who_has_a_unit_elsewhere(void **state)
{
	(void)state;
	vm->settings = &unit;
	world.domain[NODE2] = DOMAIN_ABSENT;
	reconcile(false);
	both_are(NODE2, STRAY_UNDECIDED, VM_STRAY_LEFT);
	left_alone(NODE2);
	assert_int_equal(world.asked, 0);
}

static void vm_reconcile__leaves_a_unit_that_a_guest_has(void **state)
{
	(void)state;
	vm->settings = &unit;
	world.domain[NODE1] = DOMAIN_ABSENT;
	world.used = true;
	reconcile(false);
	assert_true(world.granted[0][NODE1] && world.nexus[0][NODE1]);
	assert_int_equal(row_of(NODE1)->verdict, STRAY_NONE);
	assert_string_equal(row_of(NODE1)->why, "the domain is there");
}

static void vm_reconcile__needs_the_answer_of_a_live_host(void **state)
{
	(void)state;
	world.domain[NODE2] = -1;
	reconcile(false);
	both_are(NODE2, STRAY_UNDECIDED, VM_STRAY_LEFT);
	left_alone(NODE2);
	assert_string_equal(err_text(&strays.holders[row_of(NODE2)->holder].why), "nobody listens");
}

static void vm_reconcile__does_not_ask_a_host_that_was_fenced(void **state)
{
	(void)state;
	world.domain[NODE2] = -1;
	world.fate[NODE2] = CLUSTER_NODE_DOWN;
	world.fenced_at[NODE2] = 1700000000;
	grant_to_node2(1699999990000, 0);
	reconcile(false);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_REMOVED);
	assert_int_equal(world.asked, 0);
}

/* Whatever the last task of the VM names: since when it may run on node2 is not known. */
static void vm_reconcile__a_fencing_proves_nothing_where_the_begin_is_not_known(void **state)
{
	(void)state;
	world.fate[NODE2] = CLUSTER_NODE_DOWN;
	world.fenced_at[NODE2] = 1700000000;
	reconcile(false);
	assert_int_equal(strays.rows[3].verdict, STRAY_KEEP);
	assert_true(world.granted[1][NODE2] && world.nexus[1][NODE2]);
}

/* What was begun after it may run there still: the host left in order, in maintenance mode. */
static void vm_reconcile__an_old_fencing_proves_nothing(void **state)
{
	(void)state;
	world.fate[NODE2] = CLUSTER_NODE_DOWN;
	world.fenced_at[NODE2] = 1700000000;
	grant_to_node2(1700000010000, 1);
	reconcile(false);
	assert_int_equal(row_of(NODE2)->verdict, STRAY_REMOVE);
	assert_int_equal(strays.rows[3].verdict, STRAY_KEEP);
	assert_true(world.granted[1][NODE2] && world.nexus[1][NODE2]);
}

static void vm_reconcile__without_a_majority_takes_from_strangers_only(void **state)
{
	(void)state;
	journal_fake.no_majority = true;
	world.granted[0][STRANGER] = world.granted[1][STRANGER] = true;
	reconcile(false);
	both_are(NODE2, STRAY_UNDECIDED, VM_STRAY_LEFT);
	both_are(STRANGER, STRAY_KEEP, VM_STRAY_LEFT);
	left_alone(STRANGER);
	vm_strays_release(&strays);
	way.foreign_wanted = true;
	reconcile(false);
	both_are(STRANGER, STRAY_REMOVE, VM_STRAY_REMOVED);
	assert_true(world.granted[0][NODE2]);
}

static void vm_reconcile__ends_the_task_of_one_that_was_killed(void **state)
{
	struct journal_op op = {.kind = JOURNAL_OP_BEGIN};

	(void)state;
	world.granted[0][NODE2] = world.granted[1][NODE2] = world.nexus[1][NODE2] = false;
	op.task = (struct journal_task){
		.kind = JOURNAL_RECONCILE, .state = JOURNAL_RUNNING, .vm = "web1"};
	op.task.uuid.bytes[0] = 1;
	assert_int_equal(journal_actor_self("node1", &op.task.actor, NULL), 0);
	op.task.actor.start_time--;
	assert_int_equal(journal_fake_apply(&op), 0);
	reconcile(true);
	assert_int_equal(journal_fake_task("web1")->state, JOURNAL_RUNNING);
	vm_strays_release(&strays);
	reconcile(false);
	assert_int_equal(journal_fake_task("web1")->state, JOURNAL_DONE);
}

static void another_ends(void)
{
	task_end(JOURNAL_DONE, 0);
}

static void vm_reconcile__begins_nothing_where_nothing_is_to_be_done(void **state)
{
	(void)state;
	world.granted[0][NODE2] = world.granted[1][NODE2] = world.nexus[1][NODE2] = false;
	task_begin(JOURNAL_RECONCILE, 1);
	journal_fake.in_wait = another_ends;
	reconcile(false);
	assert_int_equal(journal_fake_task("web1")->uuid.bytes[0], 1);
	vm_strays_release(&strays);
	reconcile(false);
	assert_int_equal(journal_fake_task("web1")->uuid.bytes[0], 1);
	assert_string_equal(err_text(&strays.note), "");
}

/* Once the revoke is checked. */
static void journal_goes(unsigned int n)
{
	journal_fake.no_majority = n >= 5;
}

static void vm_reconcile__a_task_that_cannot_be_ended_is_told(void **state)
{
	(void)state;
	world.in_masks = journal_goes;
	assert_int_equal(vm_reconcile(vm, &way, false, deadline_in(TEST_LIMIT_MS), &strays, NULL),
			 0);
	both_are(NODE2, STRAY_REMOVE, VM_STRAY_REMOVED);
	assert_non_null(strstr(err_text(&strays.note), "its task is still open"));
}

static void vm_strays_look__a_monitor_asks_nobody(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	way = (struct vm_strays_sources){.how = JOURNAL_STALE};
	journal_fake.no_majority = true;
	assert_int_equal(vm_strays_look(vm, &way, deadline_in(TEST_LIMIT_MS), &strays, NULL), 0);
	assert_int_equal(world.asked, 0);
	assert_int_equal(vm_strays_granted(&strays, initiators[NODE1]), 2);
	assert_true(vm_strays_to_err(&strays, &err));
	assert_string_equal(err_text(&err),
			    "LUN root is granted to node2: not known who left it: opened by hand?; "
			    "and 1 more (lunmask reconcile --dry-run)");
	vm_strays_release(&strays);
	task_begin(JOURNAL_MIGRATE, 1);
	assert_int_equal(vm_strays_look(vm, &way, deadline_in(TEST_LIMIT_MS), &strays, NULL), 0);
	assert_false(vm_strays_to_err(&strays, &err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_new, world_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vm_reconcile__removes_what_was_opened_by_hand),
		TEST(vm_reconcile__a_dry_run_changes_nothing),
		TEST(vm_reconcile__asks_a_host_through_its_lunmaskd),
		TEST(vm_reconcile__one_apply_a_host),
		TEST(vm_reconcile__leaves_what_a_task_needs),
		TEST(vm_reconcile__does_not_hide_a_failed_migration),
		TEST(vm_reconcile__removes_what_a_failed_migration_left_later),
		TEST(vm_reconcile__a_task_that_begins_first_has_it),
		TEST(vm_reconcile__a_task_that_passes_meanwhile_is_seen),
		TEST(vm_reconcile__looks_again_before_it_acts),
		TEST(vm_reconcile__an_array_that_refuses_is_told),
		TEST(vm_reconcile__what_counts_is_what_the_array_shows),
		TEST(vm_reconcile__ends_the_release_of_what_it_removed),
		TEST(vm_reconcile__ends_the_release_of_a_host_without_a_path),
		TEST(vm_reconcile__ends_the_release_of_a_lun_that_was_deleted),
		TEST(vm_reconcile__a_lun_without_its_name_may_have_another),
		TEST(vm_reconcile__a_lun_that_was_deleted_hides_no_path),
		TEST(vm_reconcile__a_release_of_other_luns_is_not_its_own),
		TEST(vm_reconcile__an_unknown_host_keeps_its_release),
		TEST(vm_reconcile__a_foreign_path_keeps_a_release),
		TEST(vm_reconcile__a_release_waits_for_the_task),
		TEST(vm_reconcile__a_release_is_looked_at_again),
		TEST(vm_reconcile__own_completes_the_release),
		TEST(vm_reconcile__own_leaves_a_vm_that_is_here),
		TEST(vm_reconcile__own_leaves_what_another_vm_uses_here),
		TEST(vm_reconcile__own_leaves_what_a_task_may_need),
		TEST(vm_reconcile__own_takes_nothing_without_a_majority),
		TEST(vm_reconcile__own_believes_in_no_deletion),
		TEST(vm_reconcile__own_takes_what_was_granted_late),
		TEST(vm_reconcile__own_sees_the_start_behind_a_reconcile),
		TEST(vm_reconcile__own_knows_nothing_of_a_vm_without_a_task),
		TEST(vm_reconcile__needs_the_answer_of_a_live_host),
		TEST(vm_reconcile__does_not_know_who_has_a_unit_elsewhere),
		TEST(vm_reconcile__leaves_a_unit_that_a_guest_has),
		TEST(vm_reconcile__does_not_ask_a_host_that_was_fenced),
		TEST(vm_reconcile__an_old_fencing_proves_nothing),
		TEST(vm_reconcile__without_a_majority_takes_from_strangers_only),
		TEST(vm_reconcile__a_fencing_proves_nothing_where_the_begin_is_not_known),
		TEST(vm_reconcile__ends_the_task_of_one_that_was_killed),
		TEST(vm_reconcile__begins_nothing_where_nothing_is_to_be_done),
		TEST(vm_reconcile__a_task_that_cannot_be_ended_is_told),
		TEST(vm_strays_look__is_not_fooled_by_a_window_that_closes),
		TEST(vm_strays_look__is_not_fooled_by_the_next_window),
		TEST(vm_strays_look__a_monitor_asks_nobody),
	};

	return cmocka_run_group_tests_name("vm_reconcile", tests, NULL, NULL);
}
