/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask create against a real array (tgtd, lunmask-array-tgt), real iSCSI and qemu-img; the
 * journal is journal_server.h's. create_test.sh starts it. The process that makes the VM is killed
 * at each point at which it changes something; then it goes on, or is undone, and the array is
 * asked what is left.
 */
#include "tests/storage/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "create/create_rows.h"
#include "create/image_writer.h"
#include "create/vm_create.h"
#include "state/state_lun.h"
#include "step/vm_state.h"

#define VM LIVE_VM

static int creates;    /* requests to make a LUN */
static int unfinished; /* so many of them need more time */

int __real_array_create(const struct array *array, const struct array_volume *volume,
			struct deadline deadline, bool *ret, struct err *err);
int __wrap_array_create(const struct array *array, const struct array_volume *volume,
			struct deadline deadline, bool *ret, struct err *err);
int __wrap_array_create(const struct array *array, const struct array_volume *volume,
			struct deadline deadline, bool *ret, struct err *err)
{
	int rc;

	live_point();
	creates++;
	rc = unfinished > 0 ? err_set(err, -EINPROGRESS, "being filled")
			    : __real_array_create(array, volume, deadline, ret, err);
	unfinished -= unfinished > 0 ? 1 : 0;
	live_point();
	return rc;
}

/* The array's management is not reached: nothing is revoked and deleted. */
static bool array_lost;

int __real_array_delete(const struct array *array, const char *name, struct deadline deadline,
			bool *ret, struct err *err);
int __wrap_array_delete(const struct array *array, const char *name, struct deadline deadline,
			bool *ret, struct err *err);
int __wrap_array_delete(const struct array *array, const char *name, struct deadline deadline,
			bool *ret, struct err *err)
{
	int rc;

	live_point();
	rc = array_lost ? err_set(err, -EIO, "lost")
			: __real_array_delete(array, name, deadline, ret, err);
	live_point();
	return rc;
}

int __real_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret, struct err *err);
int __wrap_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret, struct err *err);
int __wrap_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret, struct err *err)
{
	int rc;

	live_point();
	rc = array_lost && change->revoke != NULL
		     ? err_set(err, -EIO, "lost")
		     : __real_array_apply(array, change, deadline, ret, err);
	live_point();
	return rc;
}

/* The state LUN cannot be written: the last step but one fails. */
static bool store_fails;

int __real_vm_state_store(struct vm_context *vm, enum image_state image, struct deadline deadline,
			  struct err *err);
int __wrap_vm_state_store(struct vm_context *vm, enum image_state image, struct deadline deadline,
			  struct err *err);
int __wrap_vm_state_store(struct vm_context *vm, enum image_state image, struct deadline deadline,
			  struct err *err)
{
	int rc;

	live_point();
	rc = store_fails ? err_set(err, -EINVAL, "cannot be written")
			 : __real_vm_state_store(vm, image, deadline, err);
	live_point();
	return rc;
}

LIVE_AROUND(int, vm_journal_step,
	    (struct vm_journal * journal, const char *step, bool widens, struct deadline deadline,
	     struct err *err),
	    (journal, step, widens, deadline, err))
LIVE_AROUND(int, vm_journal_end,
	    (struct vm_journal * journal, enum journal_state state, const char *step,
	     const char *reason, struct deadline deadline, struct err *err),
	    (journal, state, step, reason, deadline, err))
LIVE_AROUND(int, image_write,
	    (const struct image_job *job, struct deadline deadline, struct err *err),
	    (job, deadline, err))

static struct template *template_get(void)
{
	struct template *template = NULL;
	struct err err = ERR_INIT;

	if (template_find(NULL, "small", &template, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return template;
}

static void image_point(void *data, const char *doing, const char *lun, uint64_t bytes,
			double share)
{
	(void)data;
	(void)doing;
	(void)lun;
	(void)bytes;
	(void)share;
	live_point();
}

static struct vm_create_wish wish_of(const struct template *template, const char *node)
{
	return (struct vm_create_wish){
		.vm = VM,
		.template = template,
		.memory_bytes = template->memory_bytes,
		.n_vcpus = 1,
		.network = "default",
		.hypervisor = LIVE_LIBVIRT,
		.node = node,
		.compare = true,
		.progress = image_point,
	};
}

static int make_named(const char *vm, const char *node, struct err *err)
{
	struct template *template __attribute__((cleanup(template_drop))) = template_get();
	struct vm_create_wish wish = wish_of(template, node);
	struct vm_created created;
	int rc;

	wish.vm = vm;
	live_run_is_of(node);
	rc = vm_create(&wish, &live_report, deadline_in(TEST_LIMIT_MS), &created, err);

	vm_created_release(&created);
	return rc;
}

static int make(const char *node, struct err *err)
{
	return make_named(VM, node, err);
}

static int undo(const char *node, struct err *err)
{
	live_run_is_of(node);
	return vm_create_abort(VM, node, LIVE_LIBVIRT, &live_report, deadline_in(TEST_LIMIT_MS),
			       err);
}

/* A process that is killed may have had nothing to do, or what it must fail of. */
static int make_tried(const char *node, struct err *err)
{
	int rc = make(node, err);

	return store_fails ? 0 : rc;
}

static int undo_tried(const char *node, struct err *err)
{
	int rc = undo(node, err);

	return rc == -ENOENT || store_fails ? 0 : rc;
}

static bool killed(const char *node, int at, bool undoing)
{
	return live_killed(undoing ? undo_tried : make_tried, node, at);
}

static bool same_content(void)
{
	g_autofree char *command = g_strdup_printf(
		"qemu-img compare -f qcow2 -F raw %s/templates/small/disk.qcow2 %s/pool/" VM
		"-vda >/dev/null && cmp -s -n 12582912 /dev/zero %s/pool/" VM "-vdb",
		live_work, live_work, live_work);

	return system(command) == 0;
}

static void is_made(void)
{
	struct journal_task task = live_last_task();

	assert_int_equal(task.kind, JOURNAL_CREATE);
	assert_int_equal(task.state, JOURNAL_DONE);
	assert_int_equal(task.n_luns, 0);
	assert_int_equal(live_luns_count(), 3);
	live_nobody_has_a_path();
	assert_true(same_content());
}

static void nothing_is_left(void)
{
	struct journal_task task = live_last_task();

	assert_true(task.revision == 0 || task.state == JOURNAL_FAILED);
	assert_int_equal(task.n_luns, 0);
	assert_int_equal(live_luns_count(), 0);
	live_nobody_has_a_path();
}

static int after(void **state)
{
	unfinished = 0;
	array_lost = store_fails = false;
	return live_after(state);
}

/* The tests */

static void create__makes_what_the_template_says(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	live_told = true;
	if (make("node1", &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	live_told = false;
	is_made();
	/* It is there now: nothing of it is touched, and there is nothing to undo. */
	assert_int_equal(make("node1", &err), -EEXIST);
	assert_non_null(strstr(err_text(&err), "is there already"));
	assert_int_equal(undo("node1", &err), -ENOENT);
	assert_int_equal(live_luns_count(), 3);
	assert_true(same_content());
}

static void create__repeats_what_is_unfinished(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	creates = 0;
	unfinished = 5;
	if (make("node1", &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	is_made();
	assert_int_equal(creates, 3 + 5);
	assert_int_equal(undo("node1", &err), -ENOENT);
}

static void create__leaves_alone_what_was_there(void **state)
{
	g_autofree char *answer =
		live_array_says("create", "{\"name\":\"" VM "-vdb\",\"size_bytes\":12582912}");
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(answer);
	assert_int_equal(make("node1", &err), -EEXIST);
	assert_non_null(strstr(err_text(&err), "delete LUN '" VM "-vdb'"));
	assert_int_equal(live_last_task().state, JOURNAL_FAILED);
	assert_int_equal(live_luns_count(), 1);
}

static void create__undoes_itself(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	live_libvirt_refuses = true;
	assert_int_equal(make("node1", &err), -EINVAL);
	assert_string_equal(err_text(&err), "definition: libvirt says no");
	nothing_is_left();
}

static void create__refuses_a_class_that_the_array_lacks(void **state)
{
	struct template *template __attribute__((cleanup(template_drop))) = template_get();
	struct vm_create_wish wish = wish_of(template, "node1");
	struct vm_created created;
	struct err err = ERR_INIT;

	(void)state;
	g_free(template->drives[1].class);
	template->drives[1].class = g_strdup("raid6");
	creates = 0;
	assert_int_equal(vm_create(&wish, &live_report, deadline_in(TEST_LIMIT_MS), &created, &err),
			 -EOPNOTSUPP);
	assert_non_null(strstr(err_text(&err), "has no reliability class 'raid6'; it has: none"));
	vm_created_release(&created);
	assert_int_equal(creates, 0);
	nothing_is_left();
	assert_int_equal(vm_create_check(&wish, deadline_in(TEST_LIMIT_MS), &created, &err),
			 -EOPNOTSUPP);
	assert_non_null(strstr(err_text(&err), "has no reliability class 'raid6'; it has: none"));
	vm_created_release(&created);
}

/*
 * Until all images are written, nothing that is on the LUNs may stay. An image that is written over
 * half of itself would look right, so what is there becomes something else.
 */
static void unfinished_spoil(void)
{
	static const char *const luns[] = {VM "-vda", VM "-vdb", VM "-state"};
	struct journal_task task = live_last_task();

	if (!journal_state_open(task.state) || strcmp(task.step, CREATE_STEP_STATE) == 0 ||
	    strcmp(task.step, CREATE_STEP_REVOKE) == 0) {
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(luns); i++) {
		g_autofree char *file = g_strdup_printf("%s/pool/%s", live_work, luns[i]);
		FILE *stream = fopen(file, "r+e");

		if (stream != NULL) {
			assert_int_equal(fseek(stream, 4 << 20, SEEK_SET), 0);
			assert_true(fputs("not zero", stream) >= 0);
			assert_int_equal(fclose(stream), 0);
		}
	}
}

/* Returns how many points there are. */
static int each_point(bool goes_on)
{
	int at = 1;

	for (; at < LIVE_POINTS_MAX && killed("node1", at, false); at++) {
		struct err err = ERR_INIT;
		int rc;

		unfinished_spoil();
		rc = goes_on ? make("node1", &err) : undo("node1", &err);
		/* The task had ended before the process did. */
		if (rc == -EEXIST || rc == -ENOENT) {
			assert_false(journal_state_open(live_last_task().state));
			live_all_delete();
			continue;
		}
		if (rc != 0) {
			fail_msg("after point %d: %s", at, err_text(&err));
		}
		if (goes_on) {
			is_made();
			live_all_delete();
		} else {
			nothing_is_left();
		}
	}
	assert_true(at < LIVE_POINTS_MAX);
	return at - 1;
}

static void create__goes_on_wherever_it_was_killed(void **state)
{
	(void)state;
	print_message("# %d points\n", each_point(true));
	is_made();
}

static void abort__undoes_wherever_it_was_killed(void **state)
{
	(void)state;
	print_message("# %d points\n", each_point(false));
	is_made();
}

/* The process that goes on, or undoes, is killed too. */
static void create__may_be_killed_again(void **state)
{
	int at = 0;

	(void)state;
	for (int first = 3; killed("node1", first, false); first += 4) {
		struct err err = ERR_INIT;

		for (at = 5; killed("node1", at, false); at += 9) {
		}
		if (journal_state_open(live_last_task().state)) {
			assert_int_equal(make("node1", &err), 0);
		}
		is_made();
		live_all_delete();
	}
}

static void abort__may_be_killed_again(void **state)
{
	(void)state;
	for (int first = 3; killed("node1", first, false); first += 4) {
		int at = 1;

		while (killed("node1", at, true)) {
			at++;
		}
		if (live_last_task().state == JOURNAL_DONE) {
			live_all_delete();
		} else {
			nothing_is_left();
		}
	}
}

/* What an abort has left is not taken for complete, wherever the abort was killed. */
static void create__goes_on_after_a_killed_abort(void **state)
{
	(void)state;
	for (int first = 3; killed("node1", first, false); first += 8) {
		bool more = true;

		for (int at = 2; more && journal_state_open(live_last_task().state); at += 2) {
			struct err err = ERR_INIT;

			unfinished_spoil();
			more = killed("node1", at, true);
			if (more && journal_state_open(live_last_task().state)) {
				if (make("node1", &err) != 0) {
					fail_msg("after points %d, %d: %s", first, at,
						 err_text(&err));
				}
				is_made();
			}
			live_all_delete();
			more = more && killed("node1", first, false);
		}
		live_all_delete();
	}
}

/* Another node goes on when Pacemaker has fenced the first, and not before. */
static void create__goes_on_elsewhere_after_a_fencing(void **state)
{
	int at = 1;

	(void)state;
	for (int i = 0; i < LIVE_POINTS_MAX; i++, at += 3) {
		struct err err = ERR_INIT;
		bool open;

		live_fate = CLUSTER_NODE_UP;
		if (!killed("node1", at, false)) {
			break;
		}
		open = journal_state_open(live_last_task().state);
		if (open) {
			assert_int_equal(make("node2", &err), -EBUSY);
			live_fate = CLUSTER_NODE_DOWN;
			if (make("node2", &err) != 0) {
				fail_msg("after point %d: %s", at, err_text(&err));
			}
			is_made();
		}
		live_all_delete();
	}
	is_made();
}

/* A process that is undoing what was complete is killed: what it has deleted is made anew. */
static void create__goes_on_after_half_an_undoing(void **state)
{
	int at = 1;

	(void)state;
	while (true) {
		struct err err = ERR_INIT;
		bool was_killed;

		store_fails = true;
		was_killed = killed("node1", at++, false);
		store_fails = false;
		if (!was_killed) {
			break;
		}
		if (!journal_state_open(live_last_task().state)) {
			nothing_is_left();
		} else if (make("node1", &err) != 0) {
			fail_msg("after point %d: %s", at - 1, err_text(&err));
		} else {
			is_made();
		}
		live_all_delete();
	}
	print_message("# %d points\n", at - 1);
	nothing_is_left();
}

/* What could not be undone is still the task's, and the LUNs are still the node's that has them. */
static void create__that_cannot_be_undone_is_broken(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	live_libvirt_refuses = true;
	array_lost = true;
	assert_int_equal(make("node1", &err), -ENOTRECOVERABLE);
	assert_int_equal(live_last_task().state, JOURNAL_BROKEN);
	assert_int_equal(live_last_task().n_luns, 3);
	array_lost = false;
	live_libvirt_refuses = false;
	assert_int_equal(undo("node2", &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "run this command on node1"));
	assert_int_equal(live_luns_count(), 3);
	live_fate = CLUSTER_NODE_DOWN;
	assert_int_equal(undo("node2", &err), 0);
	nothing_is_left();
}

/* The array's lock puts them in order; none fails because it has to wait. */
static void create__of_twenty_at_once(void **state)
{
	enum { MANY = 20 };
	char names[MANY][16];
	pid_t pids[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(names[i], sizeof(names[i]), VM "-%d", i);
		pids[i] = child_fork();
		if (pids[i] == 0) {
			struct err err = ERR_INIT;
			int rc = make_named(names[i], i % 2 == 0 ? "node1" : "node2", &err);

			(void)fprintf(stderr, "%s", err_text(&err));
			_exit(rc == 0 ? 0 : 1);
		}
	}
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(child_wait(pids[i]), 0);
	}
	assert_int_equal(live_luns_count(), 3 * MANY);
	live_nobody_has_a_path();
	for (int i = 0; i < MANY; i++) {
		live_luns_delete(names[i]);
	}
	assert_int_equal(live_luns_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, live_before, after)
		TEST(create__makes_what_the_template_says),
		TEST(create__repeats_what_is_unfinished),
		TEST(create__leaves_alone_what_was_there),
		TEST(create__undoes_itself),
		TEST(create__refuses_a_class_that_the_array_lacks),
		TEST(create__goes_on_wherever_it_was_killed),
		TEST(abort__undoes_wherever_it_was_killed),
		TEST(create__may_be_killed_again),
		TEST(abort__may_be_killed_again),
		TEST(create__goes_on_after_a_killed_abort),
		TEST(create__goes_on_elsewhere_after_a_fencing),
		TEST(create__goes_on_after_half_an_undoing),
		TEST(create__that_cannot_be_undone_is_broken),
		TEST(create__of_twenty_at_once),
	};

	cmocka_set_test_filter(getenv("CREATE_TEST")); /* a pattern; NULL: all */
	return getenv("WORK") == NULL ? 2
				      : cmocka_run_group_tests_name("create", tests, NULL, NULL);
}
