/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots of a VM on a real array (tgtd on XFS, lunmask-array-tgt) with real iSCSI;
 * create_test.sh starts it. The commands are killed at each point at which they change something.
 * The guest is a process that writes one number after the other to both of its drives, the first
 * one first, as long as libvirt would let it run: a snapshot with two numbers is not of one
 * instant.
 */
#include "tests/storage/live.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/vm_snapshot.h"
#include "hypervisor/hypervisor.h"
#include "retire/vm_destroy.h"
#include "state/slot.h"
#include "still/guest_still.h"
#include "still/still_record.h"

#define VM LIVE_VM
#define NAME "before"
#define GUEST_URI "guest:///system"
#define LUNS "\"" VM "-vda\",\"" VM "-vdb\",\"" VM "-state\""
#define AT_BYTES (11 << 20) /* where the guest writes: no image has anything there */
#define FILES 3             /* of the VM */

LIVE_AROUND(int, array_apply,
	    (const struct array *array, const struct array_change *change, struct deadline deadline,
	     struct array_changed *ret, struct err *err),
	    (array, change, deadline, ret, err))
LIVE_AROUND(int, array_delete,
	    (const struct array *array, const char *name, struct deadline deadline, bool *ret,
	     struct err *err),
	    (array, name, deadline, ret, err))
LIVE_AROUND(int, array_snapshot_make,
	    (const struct array *array, const struct array_snapshot_wish *wish,
	     struct deadline deadline, bool *ret, struct err *err),
	    (array, wish, deadline, ret, err))
LIVE_AROUND(int, array_snapshot_remove,
	    (const struct array *array, const struct array_snapshot_wish *wish,
	     struct deadline deadline, bool *ret, struct err *err),
	    (array, wish, deadline, ret, err))
LIVE_AROUND(int, array_snapshot_restore,
	    (const struct array *array, const struct array_snapshot_wish *wish,
	     struct deadline deadline, struct err *err),
	    (array, wish, deadline, err))
LIVE_AROUND(int, still_keeper_hold,
	    (struct still_keeper * keeper, const char *vm, const char *uri, int limit_ms,
	     struct deadline deadline, enum still_how *ret, struct err *err),
	    (keeper, vm, uri, limit_ms, deadline, ret, err))
LIVE_AROUND(int, still_keeper_release,
	    (struct still_keeper * keeper, struct deadline deadline, struct err *err),
	    (keeper, deadline, err))
LIVE_AROUND(int, vm_journal_step,
	    (struct vm_journal * journal, const char *step, bool widens, struct deadline deadline,
	     struct err *err),
	    (journal, step, widens, deadline, err))
LIVE_AROUND(int, vm_journal_end,
	    (struct vm_journal * journal, enum journal_state state, const char *step,
	     const char *reason, struct deadline deadline, struct err *err),
	    (journal, state, step, reason, deadline, err))

/* The guest, in memory that all processes share */

static struct guest {
	enum domain_state state;
	bool agent, frozen;
	unsigned int written, freezes;
} * guest;

static pid_t writer;

static char *pool_file(const char *name)
{
	return g_strdup_printf("%s/pool/%s", live_work, name);
}

static void put(const char *lun, unsigned int value)
{
	g_autofree char *file = pool_file(lun);
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &value, sizeof(value), AT_BYTES), sizeof(value));
	assert_int_equal(close(fd), 0);
}

static unsigned int got(const char *lun)
{
	g_autofree char *file = pool_file(lun);
	unsigned int value = 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		fail_msg("there is no %s", lun);
	}
	assert_int_equal(pread(fd, &value, sizeof(value), AT_BYTES), sizeof(value));
	assert_int_equal(close(fd), 0);
	return value;
}

static void both_put(unsigned int value)
{
	put(VM "-vda", value);
	put(VM "-vdb", value);
}

/* Whoever has it lets no write begin. */
static int writes_lock(void)
{
	g_autofree char *file = g_strdup_printf("%s/writes", live_work);
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	return fd;
}

static void guest_run(void)
{
	for (;;) {
		int fd = writes_lock();

		if (guest->state == DOMAIN_RUNNING && !guest->frozen) {
			guest->written++;
			both_put(guest->written);
		}
		(void)close(fd);
		(void)usleep(50);
	}
}

static void guest_start(void)
{
	guest->state = DOMAIN_RUNNING;
	writer = child_fork();
	if (writer == 0) {
		guest_run();
	}
}

static void guest_stop(void)
{
	if (writer != 0) {
		child_kill(writer);
		writer = 0;
	}
	guest->state = DOMAIN_ABSENT;
	guest->frozen = false;
}

static bool guest_goes_on(void)
{
	g_autofree char *record = g_strdup_printf("%s/still/" VM, live_work);

	return guest->state == DOMAIN_RUNNING && !guest->frozen && access(record, F_OK) != 0;
}

/* What QEMU has begun, it ends before it is paused. */
static int set(enum domain_state state, bool frozen)
{
	int fd = writes_lock();

	guest->state = state;
	guest->frozen = frozen;
	return close(fd);
}

int __wrap_vm_domain_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
			   struct err *err);
int __wrap_vm_domain_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
			   struct err *err)
{
	(void)vm;
	(void)deadline;
	(void)err;
	*ret = guest->state;
	return 0;
}

/* Only the guest is made up: what makes a VM asks a real libvirt. */
int __real_hypervisor_open(const char *uri, struct deadline deadline, struct hypervisor **ret,
			   struct err *err);
int __wrap_hypervisor_open(const char *uri, struct deadline deadline, struct hypervisor **ret,
			   struct err *err);
int __wrap_hypervisor_open(const char *uri, struct deadline deadline, struct hypervisor **ret,
			   struct err *err)
{
	if (strcmp(uri, GUEST_URI) != 0) {
		return __real_hypervisor_open(uri, deadline, ret, err);
	}
	*ret = (struct hypervisor *)guest;
	return 0;
}

void __real_hypervisor_close(struct hypervisor *hypervisor);
void __wrap_hypervisor_close(struct hypervisor *hypervisor);
void __wrap_hypervisor_close(struct hypervisor *hypervisor)
{
	if (hypervisor != (struct hypervisor *)guest) {
		__real_hypervisor_close(hypervisor);
	}
}

int __real_hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm,
				   struct deadline deadline, enum domain_state *ret,
				   struct err *err);
int __wrap_hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm,
				   struct deadline deadline, enum domain_state *ret,
				   struct err *err);
int __wrap_hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm,
				   struct deadline deadline, enum domain_state *ret,
				   struct err *err)
{
	if (hypervisor != (struct hypervisor *)guest) {
		return __real_hypervisor_domain_state(hypervisor, vm, deadline, ret, err);
	}
	*ret = guest->state;
	return 0;
}

#define GUEST_CALL(name, effect)                                                                   \
	int __wrap_##name(struct hypervisor *hypervisor, const char *vm, struct deadline deadline, \
			  struct err *err);                                                        \
	int __wrap_##name(struct hypervisor *hypervisor, const char *vm, struct deadline deadline, \
			  struct err *err)                                                         \
	{                                                                                          \
		(void)hypervisor;                                                                  \
		(void)vm;                                                                          \
		(void)deadline;                                                                    \
		(void)err;                                                                         \
		return (effect);                                                                   \
	}

GUEST_CALL(hypervisor_resume, set(DOMAIN_RUNNING, guest->frozen))
GUEST_CALL(guest_pause, set(DOMAIN_PAUSED, guest->frozen))
GUEST_CALL(guest_freeze, (guest->freezes++, guest->agent) ? set(guest->state, true) : -EOPNOTSUPP)
GUEST_CALL(guest_thaw, set(guest->state, false))

/* The commands */

static int vm_open(const char *node, struct vm_context **ret, struct err *err)
{
	static struct vm_settings settings = {
		.vm = VM,
		.array = "san1",
		.luns = "vda=" VM "-vda vdb=" VM "-vdb",
		.state_lun = VM "-state",
		.hypervisor = GUEST_URI,
		.migration_transport = VM_TRANSPORT_DEFAULT,
		.paths_required = 1,
	};

	settings.node = node;
	live_run_is_of(node);
	return vm_context_open(&settings, &live_report, deadline_in(TEST_LIMIT_MS), ret, err);
}

static int take(const char *node, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct still_keeper *keeper = NULL;
	enum snapshot_kind kind;
	int rc = still_keeper_start(&keeper, err);

	rc = rc != 0 ? rc : vm_open(node, &vm, err);
	rc = rc != 0 ? rc
		     : vm_snapshot_take(vm, keeper, NAME, deadline_in(TEST_LIMIT_MS), &kind, err);
	still_keeper_end(keeper);
	return rc;
}

static bool discard;

static int restore(const char *node, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	int rc = vm_open(node, &vm, err);

	return rc != 0 ? rc
		       : vm_snapshot_restore(vm, NAME, discard, deadline_in(TEST_LIMIT_MS), err);
}

static int take_away(const char *node, struct err *err)
{
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	int rc = vm_open(node, &vm, err);

	return rc != 0 ? rc : vm_snapshot_remove(vm, NAME, deadline_in(TEST_LIMIT_MS), err);
}

static bool with_snapshots;

static int destroy(const char *node, struct err *err)
{
	const struct vm_destroy_wish wish = {
		.vm = VM, .hypervisor = LIVE_LIBVIRT, .node = node, .snapshots = with_snapshots};
	struct vm_doomed doomed;
	int rc;

	live_run_is_of(node);
	rc = vm_doomed_find(&wish, &live_report, deadline_in(TEST_LIMIT_MS), &doomed, err);
	rc = rc != 0 ? rc
		     : vm_destroy(&wish, &doomed, &live_report, deadline_in(TEST_LIMIT_MS), err);
	vm_doomed_release(&doomed);
	return rc;
}

static void must(live_fn *run, const char *node)
{
	struct err err = ERR_INIT;

	if (live_run(run, node, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
}

static void refused(live_fn *run, int rc, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(live_run(run, "node1", &err), rc);
	if (strstr(err_text(&err), text) == NULL) {
		fail_msg("%s", err_text(&err));
	}
}

/* The array */

static void grant(const char *verb, const char *node)
{
	g_autofree char *request =
		g_strdup_printf("{\"luns\":[" LUNS "],\"%s\":\"" LIVE_IQN "%s\"}", verb, node);
	g_autofree char *answer = live_array_says("apply", request);

	assert_non_null(answer);
}

/* "frozen", "paused", "stopped", "": as the array has it; NULL: there is none. */
static char *note(void)
{
	g_autofree char *text = live_array_says("snapshots", "{}");
	const char *at = strstr(text, "\"note\":\"");

	return at == NULL ? NULL : g_strndup(at + 8, strcspn(at + 8, "\""));
}

static void note_is(const char *wanted)
{
	g_autofree char *is = note();

	if (g_strcmp0(is, wanted) != 0) {
		fail_msg("the note is '%s', not '%s'", is, wanted);
	}
}

static void snapshot_drop(void)
{
	g_autofree char *answer =
		live_array_says("unsnapshot", "{\"name\":\"" NAME "\",\"luns\":[" LUNS "]}");

	assert_non_null(answer);
}

static size_t files(void)
{
	g_autofree char *folder = pool_file("");
	GDir *dir = g_dir_open(folder, 0, NULL);
	size_t n = 0;

	assert_non_null(dir);
	while (g_dir_read_name(dir) != NULL) {
		n++;
	}
	g_dir_close(dir);
	return n;
}

static int before(void **state)
{
	int rc = live_before(state);

	if (guest == NULL) {
		guest = mmap(NULL, sizeof(*guest), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		assert_true(guest != MAP_FAILED);
	}
	*guest = (struct guest){.state = DOMAIN_ABSENT, .agent = true};
	discard = false;
	with_snapshots = false;
	if (rc == 0) {
		g_autofree char *folder = g_strdup_printf("%s/still", live_work);

		undo_setenv(STILL_VARIABLE, folder);
		live_make();
	}
	return rc;
}

static int after(void **state)
{
	guest_stop();
	if (live_luns_count() > 0) {
		grant("revoke", "node1");
		grant("revoke", "node2");
		snapshot_drop();
	}
	return live_after(state);
}

/* Of a VM that is stopped */

static void snapshot__of_a_stopped_vm_is_restored(void **state)
{
	(void)state;
	both_put(1);
	live_told = true;
	must(take, "node1");
	note_is("stopped");
	live_nobody_has_a_path();
	both_put(2);
	must(restore, "node2");
	live_told = false;
	assert_int_equal(got(VM "-vda"), 1);
	assert_int_equal(got(VM "-vdb"), 1);
	live_nobody_has_a_path();
	refused(take, -EEXIST, "VM 'web1' has a snapshot 'before' already, of 20");
	must(take_away, "node1");
	assert_int_equal(files(), FILES);
	refused(take_away, -ENOENT, "VM 'web1' has no snapshot 'before'");
	refused(restore, -ENOENT, "VM 'web1' has no snapshot 'before'");
}

static void snapshot__belongs_on_the_node_of_the_vm(void **state)
{
	(void)state;
	grant("grant", "node2");
	refused(take, -EBUSY, "run this command on node2");
	note_is(NULL);
}

static void restore__refuses_a_vm_that_is_used(void **state)
{
	(void)state;
	must(take, "node1");
	both_put(2);
	grant("grant", "node2");
	refused(restore, -EBUSY, "stop VM 'web1' first: node2 has a path");
	grant("revoke", "node2");
	guest->state = DOMAIN_RUNNING;
	refused(restore, -EBUSY, "VM 'web1' is not stopped");
	assert_int_equal(got(VM "-vda"), 2);
}

/* As a save of the guest's memory leaves it. */
static void image_mark(void)
{
	g_autofree char *file = pool_file(VM "-state");
	static unsigned char area[SLOT_AREA_BYTES];
	int fd = open(file, O_RDWR | O_CLOEXEC);
	struct slot slot;
	size_t at;

	assert_int_equal(pread(fd, area, sizeof(area), 0), sizeof(area));
	assert_int_equal(slot_choose(area, &slot, &at, NULL), 0);
	slot.image = IMAGE_VALID;
	slot.generation++;
	at = 1 - at;
	assert_int_equal(slot_encode(&slot, area + at * SLOT_BYTES, NULL), 0);
	assert_int_equal(pwrite(fd, area, sizeof(area), 0), sizeof(area));
	assert_int_equal(close(fd), 0);
}

/* The memory belongs to what is on the drives now, and to no copy of it. */
static void memory__that_is_saved_is_neither_kept_nor_lost(void **state)
{
	(void)state;
	both_put(1);
	must(take, "node1");
	image_mark();
	both_put(2);
	refused(restore, -EPERM, "the memory of its guest is saved on LUN 'web1-state'");
	assert_int_equal(got(VM "-vda"), 2);
	must(take_away, "node1");
	refused(take, -EPERM, "the memory of its guest is saved on LUN 'web1-state'");
	note_is(NULL);
}

static void memory__is_discarded_on_request(void **state)
{
	(void)state;
	both_put(1);
	must(take, "node1");
	image_mark();
	both_put(2);
	discard = true;
	must(restore, "node1");
	assert_int_equal(got(VM "-vda"), 1);
	/* What is on the state LUN is of then, too. */
	must(take_away, "node1");
	must(take, "node1");
}

static void snapshot__is_refused_before_anything_is_frozen(void **state)
{
	g_autofree char *pool = pool_file("");
	g_autofree char *locked = g_strdup_printf("chattr +i %s", pool);
	g_autofree char *unlocked = g_strdup_printf("chattr -i %s", pool);

	(void)state;
	grant("grant", "node1");
	guest->state = DOMAIN_RUNNING;
	assert_int_equal(system(locked), 0);
	refused(take, -EIO, "cannot write to");
	assert_int_equal(system(unlocked), 0);
	assert_true(guest_goes_on());
	assert_int_equal(guest->freezes, 0);
}

/* Of a guest that runs */

static void snapshot__of_a_guest_is_of_one_instant(void **state)
{
	(void)state;
	grant("grant", "node1");
	guest_start();
	for (int i = 0; i < 10; i++) {
		guest->agent = i % 2 == 0;
		must(take, "node1");
		note_is(guest->agent ? "frozen" : "paused");
		assert_true(guest_goes_on());
		assert_int_equal(got(VM "-vda@" NAME), got(VM "-vdb@" NAME));
		must(take_away, "node1");
	}
	assert_true(guest->written > 10);
}

static void snapshot__of_a_paused_guest_leaves_it_paused(void **state)
{
	(void)state;
	grant("grant", "node1");
	guest->state = DOMAIN_PAUSED;
	must(take, "node1");
	note_is("paused");
	assert_int_equal(guest->state, DOMAIN_PAUSED);
}

/* Killed at each point */

/* What counts as a snapshot is one of one instant; the same command makes one, or says so. */
static void is_whole_or_is_none(bool runs)
{
	g_autofree char *is = note();
	struct err err = ERR_INIT;
	int rc;

	if (runs) {
		wait_until(guest_goes_on());
	}
	if (is != NULL && is[0] != '\0') {
		assert_int_equal(got(VM "-vda@" NAME), got(VM "-vdb@" NAME));
	} else {
		struct err why = ERR_INIT;

		/* It is no snapshot yet. */
		rc = runs ? -EPERM : live_run(restore, "node1", &why);
		assert_true(rc == -EPERM || rc == -ENOENT);
	}
	rc = live_run(take, "node1", &err);
	if (rc != 0 && (rc != -EEXIST || is == NULL || is[0] == '\0')) {
		fail_msg("%s", err_text(&err));
	}
	assert_int_equal(got(VM "-vda@" NAME), got(VM "-vdb@" NAME));
}

static int each_point_of_take(bool runs)
{
	int at = 1;

	for (; at < LIVE_POINTS_MAX; at++) {
		bool was_killed;

		if (runs) {
			grant("grant", "node1");
		}
		was_killed = live_killed(take, "node1", at);
		if (was_killed) {
			is_whole_or_is_none(runs);
		}
		assert_false(journal_state_open(live_last_task().state));
		if (!runs) {
			live_nobody_has_a_path();
		}
		must(take_away, "node1");
		assert_int_equal(files(), FILES);
		if (!was_killed) {
			break;
		}
	}
	assert_true(at < LIVE_POINTS_MAX);
	return at - 1;
}

static void snapshot__killed_anywhere_is_whole_or_is_none(void **state)
{
	(void)state;
	print_message("# %d points\n", each_point_of_take(false));
}

static void snapshot__of_a_guest_killed_anywhere_is_whole_or_is_none(void **state)
{
	(void)state;
	grant("grant", "node1");
	guest_start();
	print_message("# %d points\n", each_point_of_take(true));
}

static void restore__killed_anywhere_is_of_all_drives_or_of_none(void **state)
{
	int at = 1;

	(void)state;
	both_put(1);
	must(take, "node1");
	for (; at < LIVE_POINTS_MAX; at++) {
		bool was_killed;

		both_put(2);
		was_killed = live_killed(restore, "node1", at);
		assert_int_equal(got(VM "-vda"), got(VM "-vdb"));
		if (was_killed) {
			must(restore, "node1");
		}
		assert_int_equal(got(VM "-vda"), 1);
		assert_int_equal(got(VM "-vdb"), 1);
		assert_false(journal_state_open(live_last_task().state));
		live_nobody_has_a_path();
		assert_int_equal(files(), 2 * FILES);
		if (!was_killed) {
			break;
		}
	}
	print_message("# %d points\n", at - 1);
	assert_true(at < LIVE_POINTS_MAX);
}

static void remove__killed_anywhere_goes_on(void **state)
{
	int at = 1;

	(void)state;
	for (; at < LIVE_POINTS_MAX; at++) {
		struct err err = ERR_INIT;
		bool was_killed;
		int rc;

		must(take, "node1");
		was_killed = live_killed(take_away, "node1", at);
		rc = was_killed ? live_run(take_away, "node1", &err) : 0;
		assert_true(rc == 0 || rc == -ENOENT);
		assert_int_equal(files(), FILES);
		if (!was_killed) {
			break;
		}
	}
	assert_true(at < LIVE_POINTS_MAX);
}

/* Destroy */

static void destroy__names_the_snapshots(void **state)
{
	g_autofree char *resources = live_resource(NULL);

	(void)state;
	live_resources = resources;
	must(take, "node1");
	refused(destroy, -EPERM, "VM 'web1' has the snapshots before");
	note_is("stopped");
	with_snapshots = true;
	must(destroy, "node1");
	assert_int_equal(files(), 0);
	live_resources = "<resources/>";
}

static void destroy__with_snapshots_goes_on_wherever_it_was_killed(void **state)
{
	g_autofree char *resources = live_resource(NULL);
	int at = 1;

	(void)state;
	with_snapshots = true;
	for (; at < LIVE_POINTS_MAX; at++) {
		bool was_killed;

		must(take, "node1");
		live_resources = resources;
		was_killed = live_killed(destroy, "node1", at);
		if (was_killed &&
		    (live_luns_count() > 0 || journal_state_open(live_last_task().state))) {
			must(destroy, "node1");
		}
		live_resources = "<resources/>";
		assert_int_equal(files(), 0);
		if (!was_killed) {
			break;
		}
		live_make();
	}
	print_message("# %d points\n", at - 1);
	assert_true(at < LIVE_POINTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)
		TEST(snapshot__of_a_stopped_vm_is_restored),
		TEST(snapshot__belongs_on_the_node_of_the_vm),
		TEST(restore__refuses_a_vm_that_is_used),
		TEST(memory__that_is_saved_is_neither_kept_nor_lost),
		TEST(memory__is_discarded_on_request),
		TEST(snapshot__is_refused_before_anything_is_frozen),
		TEST(snapshot__of_a_guest_is_of_one_instant),
		TEST(snapshot__of_a_paused_guest_leaves_it_paused),
		TEST(snapshot__killed_anywhere_is_whole_or_is_none),
		TEST(snapshot__of_a_guest_killed_anywhere_is_whole_or_is_none),
		TEST(restore__killed_anywhere_is_of_all_drives_or_of_none),
		TEST(remove__killed_anywhere_goes_on),
		TEST(destroy__names_the_snapshots),
		TEST(destroy__with_snapshots_goes_on_wherever_it_was_killed),
	};

	cmocka_set_test_filter(getenv("CREATE_TEST")); /* a pattern; NULL: all */
	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
