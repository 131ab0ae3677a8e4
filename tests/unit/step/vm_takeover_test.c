/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/realtime.h"
#include "cluster/cluster.h"
#include "step/vm_gone.h"
#include "step/vm_handover.h"
#include "step/vm_own.h"
#include "step/vm_peer.h"
#include "step/vm_takeover.h"
#include "tests/unit/array/array_fake.h"
#include "tests/unit/journal/journal_fake.h"

/*
 * The LUN of web1 is presented to node2; node1 and node3 want it. The journal is journal_fake.h's,
 * so that what a start or migration leaves in it is what the next one finds.
 */
static const char config_text[] = "[array san1]\n"
				  "driver = none\ntransport = exec\nportals = 192.0.2.1:3260\n"
				  "[host node1]\ninitiator = iqn.2026-11.org.example:node1\n"
				  "[host node2]\ninitiator = iqn.2026-11.org.example:node2\n"
				  "[host node3]\ninitiator = iqn.2026-11.org.example:node3\n";
enum { NODE1, NODE2, NODE3, NODES };
static const char *const nodes[NODES] = {"node1", "node2", "node3"};

static struct {
	bool granted[NODES];
	bool nexus[NODES];
	int domain[NODES]; /* enum domain_state; -1: no answer */
	enum cluster_node_fate fate[NODES];
	struct cluster_fencings fencings[NODES];
	bool fencer_silent;
	const char *options; /* <crm_config>; NULL: not known */
	unsigned int looks;
	void (*in_look)(unsigned int n);
} world;

static struct vm_settings settings = {.vm = "web1", .array = "san1"};
static struct vm_context *vm;

static int node_of(const char *text)
{
	for (int node = 0; node < NODES; node++) {
		if (strstr(text, nodes[node]) != NULL) {
			return node;
		}
	}
	fail_msg("no node in %s", text);
	return 0;
}

int array_masks(const struct array *array, const char *const *names, size_t count,
		struct deadline deadline, struct array_masks *ret, struct err *err)
{
	const char *initiators[NODES];

	(void)array;
	(void)deadline;
	(void)err;
	assert_int_equal(count, 1);
	world.looks++;
	if (world.in_look != NULL) {
		world.in_look(world.looks);
	}
	for (int node = 0; node < NODES; node++) {
		const struct config_host *host;

		assert_int_equal(config_host_get(vm->config, nodes[node], &host, NULL), 0);
		initiators[node] = host->initiator;
	}
	*ret = (struct array_masks){.masks = calloc(1, sizeof(*ret->masks)), .count = 1};
	array_fake_mask(ret->masks, names[0], initiators, world.granted, world.nexus, NODES);
	return 0;
}

int array_apply(const struct array *array, const struct array_change *change,
		struct deadline deadline, struct array_changed *ret_changed, struct err *err)
{
	(void)array;
	(void)deadline;
	(void)err;
	if (change->revoke != NULL) {
		world.granted[node_of(change->revoke)] = world.nexus[node_of(change->revoke)] =
			false;
	}
	if (change->grant != NULL) {
		world.granted[node_of(change->grant)] = true;
	}
	if (ret_changed != NULL) {
		*ret_changed = (struct array_changed){.granted = NULL};
	}
	return 0;
}

void array_changed_release(struct array_changed *changed)
{
	free(changed->granted);
	free(changed->revoked);
	*changed = (struct array_changed){.granted = NULL};
}

int vm_peer_arrived_end(struct vm_context *of, const struct config_host *host,
			struct deadline deadline, struct err *err)
{
	(void)of;
	(void)deadline;
	(void)err;
	world.domain[node_of(host->node)] = DOMAIN_ABSENT;
	world.nexus[node_of(host->node)] = false;
	return 0;
}

int vm_peer_domain_state(struct vm_context *of, const struct config_host *host,
			 struct deadline deadline, enum domain_state *ret, struct err *err)
{
	int state = world.domain[node_of(host->node)];

	(void)of;
	(void)deadline;
	if (state < 0) {
		return err_set(err, -ECONNREFUSED, "nobody listens");
	}
	*ret = (enum domain_state)state;
	return 0;
}

int vm_gone_confirm(struct vm_context *of, struct deadline deadline, struct err *err)
{
	(void)of;
	(void)deadline;
	(void)err;
	return 0;
}

int vm_gone_probe(void *context, struct deadline deadline, struct err *err)
{
	return vm_gone_confirm(context, deadline, err) == 0 ? TASK_DONE : TASK_NOT_DONE;
}

int vm_handover_probe(void *context, struct deadline deadline, struct err *err)
{
	(void)context;
	(void)deadline;
	(void)err;
	return world.granted[NODE2] ? TASK_DONE : TASK_NOT_DONE;
}

int vm_handover_run(void *context, struct deadline deadline, struct err *err)
{
	(void)context;
	(void)deadline;
	(void)err;
	world.granted[NODE2] = world.nexus[NODE2] = true;
	return 0;
}

int vm_handover_undo(void *context, struct deadline deadline, struct err *err)
{
	(void)context;
	(void)deadline;
	(void)err;
	return 0;
}

int cluster_node_fate(const char *node, struct deadline deadline, enum cluster_node_fate *ret,
		      struct err *err)
{
	(void)deadline;
	(void)err;
	*ret = world.fate[node_of(node)];
	return 0;
}

int cluster_node_fencings(const char *node, struct deadline deadline, struct cluster_fencings *ret,
			  struct err *err)
{
	(void)deadline;
	*ret = world.fencings[node_of(node)];
	return world.fencer_silent ? err_set(err, -ENOTCONN, "the fencer is silent") : 0;
}

int cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err)
{
	(void)deadline;
	(void)err;
	*ret = true;
	return 0;
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
	if (world.options == NULL) {
		return err_set(err, -ENOTCONN, "not known");
	}
	*ret_xml = g_strdup(world.options);
	return 0;
}

int cluster_local_node(struct deadline deadline, char *name, size_t size, struct err *err)
{
	(void)deadline;
	(void)name;
	(void)size;
	return err_set(err, -ENOTCONN, "not asked for here");
}

static void vm_drop(void)
{
	if (vm != NULL) {
		(void)vm_journal_end(&vm->journal, JOURNAL_FAILED, NULL, "refused",
				     deadline_in(TEST_LIMIT_MS), NULL);
		vm_context_free(vm);
	}
	vm = NULL;
}

/* An action on that node begins, with its task; the one before has failed. */
static void act_on(int node, enum vm_action action, const char *source, const char *target)
{
	struct err err = ERR_INIT;

	vm_drop();
	vm = calloc(1, sizeof(*vm));
	assert_non_null(vm);
	vm->settings = &settings;
	strcpy(vm->node, nodes[node]);
	assert_int_equal(
		config_parse(config_text, sizeof(config_text) - 1, "test", &vm->config, NULL), 0);
	assert_int_equal(config_host_get(vm->config, nodes[node], &vm->self, NULL), 0);
	vm->array.name = "san1";
	vm->lun_names[0] = "root";
	vm->n_luns = 1;
	assert_int_equal(
		vm_journal_init(&vm->journal, action, "web1", nodes[node], source, target, &err),
		0);
	if (vm_journal_claim(&vm->journal, deadline_in(TEST_LIMIT_MS), &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	vm->recorded = true;
}

static int world_new(void **state)
{
	(void)state;
	journal_fake_reset();
	memset(&world, 0, sizeof(world));
	return 0;
}

static int world_free(void **state)
{
	(void)state;
	vm_drop();
	journal_fake_release();
	return 0;
}

/* web1 begins on node2, which was fenced so often before. */
static void begun_on_node2(int fencings)
{
	world.fencings[NODE2] = (struct cluster_fencings){
		.count = fencings,
		.last = fencings == 0 ? 0 : realtime_now_ms() / 1000 - 200L * 24 * 3600,
		.whole = true};
	act_on(NODE2, VM_ACTION_START, "", "node2");
	assert_int_equal(vm_own_grant_probe(vm, deadline_in(TEST_LIMIT_MS), NULL), TASK_NOT_DONE);
	assert_int_equal(vm_own_grant_run(vm, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_int_equal(vm_own_grant_probe(vm, deadline_in(TEST_LIMIT_MS), NULL), TASK_DONE);
	assert_int_equal(vm_journal_end(&vm->journal, JOURNAL_DONE, NULL, "",
					deadline_in(TEST_LIMIT_MS), NULL),
			 0);
	world.nexus[NODE2] = true;
	world.domain[NODE2] = DOMAIN_RUNNING;
}

static void fenced_now(int node)
{
	world.fate[node] = CLUSTER_NODE_DOWN;
	world.fencings[node].count++;
	world.fencings[node].last = realtime_now_ms() / 1000;
}

static void start_on(int node, int wanted, const char *text)
{
	struct err err = ERR_INIT;
	int rc;

	act_on(node, VM_ACTION_START, "", nodes[node]);
	rc = vm_takeover_run(vm, deadline_in(10000), &err);
	if (rc != wanted || (text != NULL && strstr(err_text(&err), text) == NULL)) {
		fail_msg("start on %s returns %d: %s", nodes[node], rc, err_text(&err));
	}
	assert_int_equal(world.granted[NODE2], wanted != 0);
}

/* Pacemaker on node2 was stopped in order, and the guest runs on: no attempt changes that. */
static void an_old_fencing_never_counts(void **state)
{
	(void)state;
	begun_on_node2(1);
	world.fate[NODE2] = CLUSTER_NODE_DOWN;
	start_on(NODE3, -EPERM, "left the cluster unfenced, with a session open");
	start_on(NODE1, -EPERM, "left the cluster unfenced, with a session open");
	start_on(NODE1, -EPERM, "left the cluster unfenced, with a session open");
	fenced_now(NODE2);
	start_on(NODE3, 0, NULL);
}

/* As after the loss of the journal. */
static void what_the_journal_does_not_know_never_counts(void **state)
{
	(void)state;
	world.granted[NODE2] = world.nexus[NODE2] = true;
	fenced_now(NODE2);
	start_on(NODE1, -EPERM, "fence_lunmask -o off -n node2");
	world.fate[NODE2] = CLUSTER_NODE_UP;
	world.nexus[NODE2] = false;
	start_on(NODE1, -EPERM, "crm_resource --force-stop on node2");
}

/* Whatever the option is called: Pacemaker 3.0.2 has a new name for it. */
static void a_cluster_without_fencing_is_told_so(void **state)
{
	(void)state;
	begun_on_node2(0);
	world.fate[NODE2] = CLUSTER_NODE_UNKNOWN;
	world.options = "<crm_config><cluster_property_set id='a'>"
			"<nvpair id='b' name='stonith-enabled' value='false'/>"
			"</cluster_property_set></crm_config>";
	start_on(NODE1, -EPERM, "set up fencing first (stonith-enabled=false)");
	world.options = "<crm_config><cluster_property_set id='a'>"
			"<nvpair id='b' name='fencing-enabled' value='no'/>"
			"</cluster_property_set></crm_config>";
	start_on(NODE1, -EPERM, "set up fencing first (fencing-enabled=no)");
	world.options = "<crm_config/>";
	start_on(NODE1, -EPERM, "stonith_admin --fence node2 first");
}

/* A start where the grant was left is a new beginning. */
static void a_start_with_a_grant_that_was_left_is_recorded(void **state)
{
	(void)state;
	begun_on_node2(0);
	fenced_now(NODE2);
	world.fate[NODE2] = CLUSTER_NODE_UP;
	begun_on_node2(1);
	world.fate[NODE2] = CLUSTER_NODE_DOWN;
	start_on(NODE1, -EPERM, "left the cluster unfenced");
}

/* node2 came back and began the VM before its fencer had heard that it was fenced just before. */
static void a_fencer_that_does_not_know_all_is_not_believed(void **state)
{
	(void)state;
	act_on(NODE2, VM_ACTION_START, "", "node2");
	assert_int_equal(vm_own_grant_run(vm, deadline_in(1000), NULL), 0);
	world.nexus[NODE2] = true;
	fenced_now(NODE2);
	start_on(NODE1, -EPERM, "left the cluster unfenced");
	world.fencings[NODE2].last += 60;
	start_on(NODE1, 0, NULL);
}

/* As after a power loss of the cluster: it knows that no fencing was just before. */
static void a_young_fencer_knows_since_when_it_runs(void **state)
{
	(void)state;
	world.fencings[NODE2].age_ms = 20000;
	act_on(NODE2, VM_ACTION_START, "", "node2");
	assert_int_equal(vm_own_grant_run(vm, deadline_in(1000), NULL), 0);
	world.nexus[NODE2] = true;
	fenced_now(NODE2);
	world.fencings[NODE2].last -= 21;
	start_on(NODE1, -EPERM, "left the cluster unfenced");
	world.fencings[NODE2].last += 21;
	start_on(NODE1, 0, NULL);
}

/*
 * In an upgrade, the agent's files are newer than the lunmaskd that runs. A record from before must
 * not stay then: it would make a fencing count that was earlier than this start.
 */
static void an_older_lunmaskd_hinders_no_start_and_keeps_no_record(void **state)
{
	struct journal_release row;

	(void)state;
	begun_on_node2(0);
	fenced_now(NODE2);
	world.fate[NODE2] = CLUSTER_NODE_UP;
	journal_fake.older = true;
	begun_on_node2(1);
	assert_int_equal(
		vm_journal_grant_find(&vm->journal, "node2", deadline_in(1000), &row, NULL),
		-ENOENT);
	journal_fake.older = false;
	world.fate[NODE2] = CLUSTER_NODE_DOWN;
	start_on(NODE1, -EPERM, "since when the VM may run there is not known");
}

/* What is undone leaves no record that the host may use the LUNs. */
static void a_grant_that_was_undone_is_forgotten(void **state)
{
	static const char luns[][LUN_NAME_MAX + 1] = {"root"};
	struct journal_release row;

	(void)state;
	act_on(NODE2, VM_ACTION_START, "", "node2");
	assert_int_equal(vm_own_grant_run(vm, deadline_in(1000), NULL), 0);
	assert_int_equal(vm_own_grant_undo(vm, deadline_in(1000), NULL), 0);
	assert_int_equal(
		vm_journal_grant_find(&vm->journal, "node2", deadline_in(1000), &row, NULL), 0);
	assert_int_equal(vm_grant_note(&vm->grant, luns, 1, NULL), 0);
	assert_int_equal(vm_own_grant_undo(vm, deadline_in(1000), NULL), 0);
	assert_false(world.granted[NODE2]);
	assert_int_equal(
		vm_journal_grant_find(&vm->journal, "node2", deadline_in(1000), &row, NULL),
		-ENOENT);
}

static void a_fencer_that_is_silent_refuses(void **state)
{
	(void)state;
	begun_on_node2(0);
	fenced_now(NODE2);
	world.fencer_silent = true;
	start_on(NODE1, -ENOTCONN, "the fencer is silent");
}

/* migrate_to on node1 has granted to node2; then node1 is fenced. */
static void migration_to_node2(void)
{
	struct vm_peer *peer = calloc(1, sizeof(*peer));

	assert_non_null(peer);
	world.fencings[NODE1].whole = world.fencings[NODE2].whole = true;
	act_on(NODE1, VM_ACTION_MIGRATE_TO, "node1", "node2");
	assert_int_equal(config_host_get(vm->config, "node2", &peer->host, NULL), 0);
	vm->peer = peer;
	assert_int_equal(vm_own_handover_run(vm, deadline_in(TEST_LIMIT_MS), NULL), 0);
	vm->peer = NULL;
	free(peer);
	vm->journal.claimed = false; /* it died with its node */
	fenced_now(NODE1);
}

static void the_target_is_left_nothing_when_the_source_was_fenced(void **state)
{
	(void)state;
	migration_to_node2();
	world.nexus[NODE2] = false;
	start_on(NODE3, 0, NULL);
}

static void the_target_gives_up(unsigned int n)
{
	if (n == 4) {
		world.nexus[NODE2] = false;
		world.domain[NODE2] = DOMAIN_ABSENT;
	}
}

/* libvirt there takes its time to find that the source is gone. */
static void the_target_is_waited_for(void **state)
{
	(void)state;
	migration_to_node2();
	world.domain[NODE2] = DOMAIN_PAUSED_MIGRATION;
	world.in_look = the_target_gives_up;
	start_on(NODE3, 0, NULL);
}

/* It has run nothing, and its source is fenced: nobody will start it. */
static void what_has_arrived_on_the_target_is_ended(void **state)
{
	(void)state;
	migration_to_node2();
	world.domain[NODE2] = DOMAIN_ARRIVED;
	start_on(NODE3, 0, NULL);
	assert_int_equal(world.domain[NODE2], DOMAIN_ABSENT);
}

static void what_runs_on_the_target_is_left_alone(void **state)
{
	(void)state;
	migration_to_node2();
	world.domain[NODE2] = DOMAIN_RUNNING;
	start_on(NODE3, -EPERM, "has a session open");
	world.nexus[NODE2] = false;
	start_on(NODE3, -EPERM, "the domain there is running");
	world.domain[NODE2] = -1;
	start_on(NODE3, -ECONNREFUSED, "nobody listens");
}

static void a_target_that_took_the_vm_over_is_no_orphan(void **state)
{
	(void)state;
	migration_to_node2();
	act_on(NODE2, VM_ACTION_START, "", "node2");
	assert_int_equal(vm_own_arrived(vm, deadline_in(TEST_LIMIT_MS), NULL), 0);
	world.nexus[NODE2] = false;
	start_on(NODE3, -EPERM, "it is up and unfenced");
}

static void a_source_that_was_not_fenced_leaves_no_orphan(void **state)
{
	(void)state;
	migration_to_node2();
	world.fencings[NODE1] = (struct cluster_fencings){.whole = true};
	world.nexus[NODE2] = false;
	start_on(NODE3, -EPERM, "it is up and unfenced");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)
		T(an_old_fencing_never_counts),
		T(what_the_journal_does_not_know_never_counts),
		T(a_cluster_without_fencing_is_told_so),
		T(a_start_with_a_grant_that_was_left_is_recorded),
		T(a_fencer_that_does_not_know_all_is_not_believed),
		T(a_young_fencer_knows_since_when_it_runs),
		T(an_older_lunmaskd_hinders_no_start_and_keeps_no_record),
		T(a_grant_that_was_undone_is_forgotten),
		T(a_fencer_that_is_silent_refuses),
		T(the_target_is_left_nothing_when_the_source_was_fenced),
		T(the_target_is_waited_for),
		T(what_has_arrived_on_the_target_is_ended),
		T(what_runs_on_the_target_is_left_alone),
		T(a_target_that_took_the_vm_over_is_no_orphan),
		T(a_source_that_was_not_fenced_leaves_no_orphan),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
