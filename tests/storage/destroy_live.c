/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask destroy against a real array (tgtd, lunmask-array-tgt), real iSCSI and qemu-img.
 * create_test.sh starts it. The process that destroys the VM is killed at each point at which it
 * changes something; then it goes on, or is given up, and the array is asked what is left.
 */
#include "tests/storage/live.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "create/image_writer.h"
#include "retire/vm_destroy.h"
#include "state/slot.h"
#include "vm/vm_keep.h"

#define VM LIVE_VM
#define SIZE_BYTES 12582912

LIVE_AROUND(int, array_apply,
	    (const struct array *array, const struct array_change *change, struct deadline deadline,
	     struct array_changed *ret, struct err *err),
	    (array, change, deadline, ret, err))
LIVE_AROUND(int, vm_journal_step,
	    (struct vm_journal * journal, const char *step, bool widens, struct deadline deadline,
	     struct err *err),
	    (journal, step, widens, deadline, err))
LIVE_AROUND(int, vm_journal_end,
	    (struct vm_journal * journal, enum journal_state state, const char *step,
	     const char *reason, struct deadline deadline, struct err *err),
	    (journal, state, step, reason, deadline, err))
LIVE_AROUND(int, image_wipe,
	    (const struct image_job *job, uint64_t size_bytes, struct deadline deadline,
	     struct err *err),
	    (job, size_bytes, deadline, err))

/* The wish of the tests. */
static struct vm_destroy_wish wish;
static bool must_be_zero; /* what is deleted */

static char *pool_file(const char *lun)
{
	return g_strdup_printf("%s/pool/%s", live_work, lun);
}

static bool all_zero(const char *lun)
{
	g_autofree char *file = pool_file(lun);
	g_autofree char *text = NULL;
	gsize bytes = 0;

	assert_true(g_file_get_contents(file, &text, &bytes, NULL));
	return text[0] == '\0' && memcmp(text, text + 1, bytes - 1) == 0;
}

int __real_array_delete(const struct array *array, const char *name, struct deadline deadline,
			bool *ret, struct err *err);
int __wrap_array_delete(const struct array *array, const char *name, struct deadline deadline,
			bool *ret, struct err *err);
int __wrap_array_delete(const struct array *array, const char *name, struct deadline deadline,
			bool *ret, struct err *err)
{
	g_autofree char *file = pool_file(name);
	int rc;

	if (must_be_zero && access(file, F_OK) == 0 && !all_zero(name)) {
		return err_set(err, -EUCLEAN, "%s still has data", name);
	}
	live_point();
	rc = __real_array_delete(array, name, deadline, ret, err);
	live_point();
	return rc;
}

static void progress_point(void *data, const char *doing, const char *lun, uint64_t bytes,
			   double share)
{
	(void)data;
	(void)doing;
	(void)lun;
	(void)bytes;
	(void)share;
	live_point();
}

static int find(const char *node, struct vm_doomed *ret, struct err *err)
{
	live_run_is_of(node);
	wish.node = node;
	return vm_doomed_find(&wish, &live_report, deadline_in(TEST_LIMIT_MS), ret, err);
}

static int destroy(const char *node, struct err *err)
{
	struct vm_doomed doomed;
	int rc = find(node, &doomed, err);

	rc = rc != 0 ? rc
		     : vm_destroy(&wish, &doomed, &live_report, deadline_in(TEST_LIMIT_MS), err);
	vm_doomed_release(&doomed);
	return rc;
}

static int give_up(const char *node, struct err *err)
{
	live_run_is_of(node);
	return vm_destroy_abort(VM, node, LIVE_LIBVIRT, &live_report, deadline_in(TEST_LIMIT_MS),
				err);
}

static void must(live_fn *run, const char *node)
{
	struct err err = ERR_INIT;

	if (live_run(run, node, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
}

static void must_destroy(const char *node)
{
	must(destroy, node);
}

static bool data_is_there(void)
{
	g_autofree char *command = g_strdup_printf(
		"qemu-img compare -f qcow2 -F raw %s/templates/small/disk.qcow2 %s/pool/" VM
		"-vda >/dev/null",
		live_work, live_work);

	return system(command) == 0;
}

/* node: where it was destroyed; it keeps no file about the VM. */
static void nothing_is_left_of(const char *node)
{
	g_autofree char *keep = NULL;
	struct journal_task task = live_last_task();

	assert_int_equal(task.kind, JOURNAL_DESTROY);
	assert_int_equal(task.state, JOURNAL_DONE);
	assert_int_equal(task.n_luns, 0);
	assert_int_equal(live_luns_count(), 0);
	live_run_is_of(node);
	keep = vm_keep_path(VM);
	assert_int_equal(access(keep, F_OK), -1);
}

static void nothing_is_left(void)
{
	nothing_is_left_of("node1");
}

static void all_is_left(void)
{
	assert_false(journal_state_open(live_last_task().state));
	assert_int_equal(live_luns_count(), 3);
	live_nobody_has_a_path();
	assert_true(data_is_there());
}

/* The newest slot of the state LUN again, with that image and the next generation. */
static void state_write(enum image_state image)
{
	static unsigned char area[SLOT_AREA_BYTES], buffer[SLOT_BYTES];
	g_autofree char *file = pool_file(VM "-state");
	int fd = open(file, O_RDWR | O_CLOEXEC);
	struct slot slot;
	size_t at;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, area, sizeof(area), 0), sizeof(area));
	assert_int_equal(slot_choose(area, &slot, &at, NULL), 0);
	slot.generation++;
	slot.image = image;
	memset(buffer, 0, sizeof(buffer));
	assert_int_equal(slot_encode(&slot, buffer, NULL), 0);
	assert_int_equal(pwrite(fd, buffer, sizeof(buffer), (off_t)(1 - at) * SLOT_BYTES),
			 sizeof(buffer));
	assert_int_equal(close(fd), 0);
}

static char *stopped;

static int before(void **state)
{
	int rc = live_before(state);

	if (rc == 0) {
		wish = (struct vm_destroy_wish){
			.vm = VM, .hypervisor = LIVE_LIBVIRT, .progress = progress_point};
		must_be_zero = false;
		g_free(stopped);
		stopped = live_resource(NULL);
		live_resources = stopped;
		live_make();
	}
	return rc;
}

/* The tests */

static bool doomed_is(const struct vm_doomed *doomed)
{
	return g_strcmp0(doomed->resource, "r-web1") == 0 && strcmp(doomed->array, "san1") == 0 &&
	       doomed->n_luns == 3 && strcmp(doomed->luns[0].lun, VM "-state") == 0 &&
	       strcmp(doomed->luns[1].lun, VM "-vda") == 0 &&
	       doomed->luns[1].size_bytes == SIZE_BYTES && doomed->n_kept == 0 && doomed->known &&
	       !doomed->continued && doomed->image == IMAGE_NONE;
}

static int show(const char *node, struct err *err)
{
	struct vm_doomed doomed;
	int rc = find(node, &doomed, err);

	if (rc == 0 && !doomed_is(&doomed)) {
		rc = err_set(err, -EINVAL, "it shows something else");
	}
	vm_doomed_release(&doomed);
	return rc;
}

static void destroy__deletes_what_it_has_shown(void **state)
{
	(void)state;
	live_told = true;
	must(show, "node1");
	all_is_left();
	must_destroy("node1");
	live_told = false;
	nothing_is_left();
}

static void refused(int rc, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(live_run(destroy, "node1", &err), rc);
	if (strstr(err_text(&err), text) == NULL) {
		fail_msg("%s", err_text(&err));
	}
	assert_int_equal(live_luns_count(), 3);
	assert_true(data_is_there());
	assert_false(journal_state_open(live_last_task().state));
}

static void destroy__refuses_what_the_cluster_may_start(void **state)
{
	g_autofree char *started = live_resource("");

	(void)state;
	live_resources = started;
	refused(-EBUSY, "crm resource stop r-web1");
}

static void destroy__refuses_what_others_name(void **state)
{
#define OTHER(parameters)                                                                          \
	"<primitive id='other' class='ocf' provider='lunmask' type='VirtualMachine'>"              \
	"<instance_attributes id='o'>" parameters "</instance_attributes></primitive></resources>"
#define PAIR(name, value) "<nvpair id='n' name='" name "' value='" value "'/>"
	static const char *const others[] = {
		OTHER(PAIR("vm", "web2") PAIR("array", "san1") PAIR("luns", "vda=web1-vdb")),
		OTHER(PAIR("vm", "web2") PAIR("array", "san1") PAIR("luns", "sda=web1-vdb:ro")),
		OTHER("<rule id='r'/>" PAIR("vm", "web2")),
		"<primitive id='unit' class='ocf' provider='lunmask' type='LogicalUnit'>"
		"<instance_attributes id='u'>" PAIR("array", "san1")
			PAIR("lun", "web1-vdb") "</instance_attributes></primitive></resources>",
	};
	static const char *const texts[] = {
		"VM web2 (resource other) has it", "VM web2 (resource other) has it",
		"not known which LUNs resource other has", "it belongs to the LogicalUnit unit"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *with =
			g_strndup(stopped, strlen(stopped) - strlen("</resources>"));
		g_autofree char *both = g_strconcat(with, others[i], NULL);

		live_resources = both;
		refused(-EPERM, texts[i]);
		live_resources = stopped;
	}
}

static void destroy__refuses_a_lun_that_a_host_has(void **state)
{
	g_autofree char *granted = live_array_says(
		"apply", "{\"luns\":[\"" VM "-vdb\"],\"grant\":\"" LIVE_IQN "node2\"}");
	g_autofree char *revoked = NULL;

	(void)state;
	assert_non_null(granted);
	refused(-EBUSY, "node2 has a path to LUN " VM "-vdb");
	revoked = live_array_says("apply",
				  "{\"luns\":[\"" VM "-vdb\"],\"revoke\":\"" LIVE_IQN "node2\"}");
	assert_non_null(revoked);
	must_destroy("node1");
}

static void destroy__gives_up_saved_memory_only_if_told(void **state)
{
	(void)state;
	state_write(IMAGE_VALID);
	refused(-EPERM, "--discard-image");
	wish.discard_image = true;
	must_destroy("node1");
	nothing_is_left();
}

static int destroy_late(const char *node, struct err *err)
{
	struct vm_doomed doomed;
	int rc = find(node, &doomed, err);

	state_write(IMAGE_VALID);
	rc = rc != 0 ? rc
		     : vm_destroy(&wish, &doomed, &live_report, deadline_in(TEST_LIMIT_MS), err);
	vm_doomed_release(&doomed);
	return rc;
}

static void destroy__refuses_what_was_written_meanwhile(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(live_run(destroy_late, "node1", &err), -ESTALE);
	assert_int_equal(live_last_task().state, JOURNAL_FAILED);
	all_is_left();
}

/* The name may be that of another volume by now. */
static void destroy__refuses_another_volume_of_the_name(void **state)
{
	g_autofree char *deleted = live_array_says("delete", "{\"name\":\"" VM "-vdb\"}");
	g_autofree char *made =
		live_array_says("create", "{\"name\":\"" VM "-vdb\",\"size_bytes\":12582912}");

	(void)state;
	assert_true(deleted != NULL && made != NULL);
	refused(-EUCLEAN, "another volume under the same name");
}

static void destroy__knows_a_vm_without_a_resource(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	live_resources = "<resources/>";
	wish.state_lun = "nothing-state";
	assert_int_equal(live_run(destroy, "node1", &err), -ENOENT);
	assert_non_null(strstr(err_text(&err), "--state-lun"));
	wish.state_lun = NULL;
	wish.vm = "web2";
	wish.state_lun = VM "-state";
	assert_int_equal(live_run(destroy, "node1", &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "holds the definition of VM 'web1'"));
	all_is_left();
	wish.vm = VM;
	wish.state_lun = NULL;
	must_destroy("node1");
	nothing_is_left();
}

static int show_kept(const char *node, struct err *err)
{
	struct vm_doomed doomed;
	int rc = find(node, &doomed, err);

	if (rc == 0 &&
	    (doomed.n_luns != 1 || doomed.n_kept != 2 || strcmp(doomed.kept[1], VM "-vdb") != 0)) {
		rc = err_set(err, -EINVAL, "it shows something else");
	}
	vm_doomed_release(&doomed);
	return rc;
}

static void destroy__keeps_luns(void **state)
{
	(void)state;
	wish.keep_luns = true;
	must(show_kept, "node1");
	must_destroy("node1");
	assert_int_equal(live_luns_count(), 2);
	assert_true(data_is_there());
	live_nobody_has_a_path();
}

static void destroy__wipes(void **state)
{
	(void)state;
	wish.wipe = true;
	must_be_zero = true;
	must_destroy("node1");
	nothing_is_left();
}

static void again(void)
{
	live_luns_delete(LIVE_VM);
	live_make();
}

/* Returns how many points there are. */
static int each_point(void)
{
	int at = 1;

	for (; at < LIVE_POINTS_MAX && live_killed(destroy, "node1", at); at++) {
		struct journal_task task = live_last_task();

		if (task.kind == JOURNAL_DESTROY && journal_state_open(task.state)) {
			assert_true(vm_destroy_is_begun(&task) || data_is_there());
		}
		/* The task had ended before the process did. */
		if (task.kind != JOURNAL_DESTROY || task.state != JOURNAL_DONE) {
			must_destroy("node1");
		}
		nothing_is_left();
		again();
	}
	assert_true(at < LIVE_POINTS_MAX);
	return at - 1;
}

static void destroy__goes_on_wherever_it_was_killed(void **state)
{
	(void)state;
	print_message("# %d points\n", each_point());
	nothing_is_left();
}

static void destroy__wipes_wherever_it_was_killed(void **state)
{
	(void)state;
	wish.wipe = true;
	must_be_zero = true;
	print_message("# %d points\n", each_point());
	nothing_is_left();
}

/* Until something is overwritten or deleted, all of the VM stays. */
static void abort__leaves_the_vm_as_it_was(void **state)
{
	int given_up = 0;
	int at = 1;

	(void)state;
	for (; at < LIVE_POINTS_MAX && live_killed(destroy, "node1", at); at++) {
		struct journal_task task = live_last_task();
		bool open = task.kind == JOURNAL_DESTROY && journal_state_open(task.state);
		struct err err = ERR_INIT;
		int rc = live_run(give_up, "node1", &err);

		assert_int_equal(rc, !open ? -ENOENT : vm_destroy_is_begun(&task) ? -EPERM : 0);
		if (rc == 0) {
			given_up++;
			assert_int_equal(live_last_task().state, JOURNAL_FAILED);
			all_is_left();
		} else if (task.kind != JOURNAL_DESTROY || task.state != JOURNAL_DONE) {
			must_destroy("node1");
			again();
		} else {
			again();
		}
	}
	assert_true(given_up > 0);
	nothing_is_left();
}

static bool node1_has_a_path(void)
{
	g_autofree char *text = live_array_says("masks", "{}");

	return strstr(text, LIVE_IQN "node1") != NULL;
}

static void killed_with_the_grant(void)
{
	struct err err = ERR_INIT;

	for (int at = 1; live_killed(destroy, "node1", at); at++) {
		struct journal_task task = live_last_task();

		if (task.kind == JOURNAL_DESTROY && strcmp(task.step, "grant") == 0 &&
		    node1_has_a_path()) {
			return;
		}
		(void)live_run(give_up, "node1", &err);
	}
	fail_msg("it was not killed there");
}

/* An abort that was killed has wiped nothing, so whoever goes on has to. */
static void destroy__wipes_after_a_killed_abort(void **state)
{
	bool more = true;

	(void)state;
	wish.wipe = true;
	must_be_zero = true;
	for (int at = 1; more; at++) {
		killed_with_the_grant();
		more = live_killed(give_up, "node1", at);
		if (journal_state_open(live_last_task().state)) {
			must_destroy("node1");
			nothing_is_left();
			again();
		} else {
			all_is_left();
		}
	}
}

/* Somebody who says now that the LUNs are to stay must not be told that they do. */
static void destroy__goes_on_as_it_was_begun(void **state)
{
	struct err err = ERR_INIT;
	int at = 1;

	(void)state;
	while (live_last_task().kind != JOURNAL_DESTROY || live_last_task().n_luns == 0) {
		assert_true(live_killed(destroy, "node1", at++));
	}
	wish.keep_luns = true;
	assert_int_equal(live_run(destroy, "node1", &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "leave out --keep-luns"));
	wish.keep_luns = false;
	wish.wipe = true;
	assert_int_equal(live_run(destroy, "node1", &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "leave out --wipe"));
	assert_int_equal(live_luns_count(), 3);
	assert_true(data_is_there());
	wish.wipe = false;
	must_destroy("node1");
	nothing_is_left();
}

/* The process that goes on is killed, too. */
static void destroy__may_be_killed_again(void **state)
{
	(void)state;
	wish.wipe = true;
	must_be_zero = true;
	for (int first = 3; live_killed(destroy, "node1", first); first += 5) {
		for (int at = 4; live_killed(destroy, "node1", at); at += 7) {
		}
		nothing_is_left();
		again();
	}
}

/* Another node goes on when Pacemaker has fenced the first, and not before. */
static void destroy__goes_on_elsewhere_after_a_fencing(void **state)
{
	(void)state;
	for (int at = 1; live_killed(destroy, "node1", at); at += 3) {
		struct journal_task task = live_last_task();
		struct err err = ERR_INIT;

		if (task.kind == JOURNAL_DESTROY && journal_state_open(task.state)) {
			assert_int_equal(live_run(destroy, "node2", &err), -EBUSY);
			live_fate = CLUSTER_NODE_DOWN;
			must_destroy("node2");
			live_fate = CLUSTER_NODE_UP;
			nothing_is_left_of("node2");
		}
		/* The LUNs of a look that was killed are that node's to give back. */
		live_run_is_of("node1");
		(void)vm_keep_remove(VM, NULL);
		if (live_luns_count() > 0) {
			must_destroy("node1");
		}
		again();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, before, live_after)
		TEST(destroy__deletes_what_it_has_shown),
		TEST(destroy__refuses_what_the_cluster_may_start),
		TEST(destroy__refuses_what_others_name),
		TEST(destroy__refuses_a_lun_that_a_host_has),
		TEST(destroy__gives_up_saved_memory_only_if_told),
		TEST(destroy__refuses_what_was_written_meanwhile),
		TEST(destroy__refuses_another_volume_of_the_name),
		TEST(destroy__knows_a_vm_without_a_resource),
		TEST(destroy__keeps_luns),
		TEST(destroy__wipes),
		TEST(destroy__goes_on_wherever_it_was_killed),
		TEST(destroy__wipes_wherever_it_was_killed),
		TEST(abort__leaves_the_vm_as_it_was),
		TEST(destroy__wipes_after_a_killed_abort),
		TEST(destroy__goes_on_as_it_was_begun),
		TEST(destroy__may_be_killed_again),
		TEST(destroy__goes_on_elsewhere_after_a_fencing),
	};

	cmocka_set_test_filter(getenv("CREATE_TEST")); /* a pattern; NULL: all */
	return cmocka_run_group_tests_name("destroy", tests, NULL, NULL);
}
