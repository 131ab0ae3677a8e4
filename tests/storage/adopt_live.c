/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask adopt against a real array (tgtd, lunmask-array-tgt), real iSCSI, qemu-img and a libvirtd
 * of its own. create_test.sh starts it. The process that adopts the VM is killed at each point at
 * which it changes something; then it goes on, or is undone, and the array, libvirt and the files
 * are asked what is left.
 *
 * The VM has an image with a backing file, a raw one, a LUN that is there, UEFI variables, and a
 * TPM.
 */
#include "tests/storage/live.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adopt/adopt_file.h"
#include "adopt/vm_adopt.h"
#include "create/create_rows.h"
#include "create/image_writer.h"
#include "persistent/persistent_domain.h"
#include "step/vm_state.h"
#include "vm/vm_keep.h"

#define VM LIVE_VM
#define LIBVIRT "qemu:///system"
#define UUID "5d9a1f0e-0000-4000-8000-000000000001"
#define OLD "old-data" /* the LUN that is there */
#define MADE 5         /* vda, vdb, nvram, tpm, state */

/* The points at which it may be killed. */

/* The array does not revoke the LUN that was there. */
static bool old_sticks;

int __real_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret, struct err *err);
int __wrap_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret, struct err *err);
int __wrap_array_apply(const struct array *array, const struct array_change *change,
		       struct deadline deadline, struct array_changed *ret, struct err *err)
{
	bool old = change->n_luns == 1 && strcmp(change->luns[0], OLD) == 0;
	int rc;

	live_point();
	rc = old && old_sticks ? err_set(err, -EINVAL, "it sticks")
			       : __real_array_apply(array, change, deadline, ret, err);
	live_point();
	return rc;
}

LIVE_AROUND(int, array_create,
	    (const struct array *array, const struct array_volume *volume, struct deadline deadline,
	     bool *ret, struct err *err),
	    (array, volume, deadline, ret, err))
LIVE_AROUND(int, array_delete,
	    (const struct array *array, const char *name, struct deadline deadline, bool *ret,
	     struct err *err),
	    (array, name, deadline, ret, err))
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
LIVE_AROUND(int, persistent_domain_take,
	    (struct hypervisor * hypervisor, const char *vm, unsigned int flags,
	     struct deadline deadline, struct err *err),
	    (hypervisor, vm, flags, deadline, err))
LIVE_AROUND(int, persistent_domain_give,
	    (struct hypervisor * hypervisor, const char *xml, struct deadline deadline,
	     struct err *err),
	    (hypervisor, xml, deadline, err))
LIVE_AROUND(int, adopt_file_store, (const char *vm, const char *xml, struct err *err),
	    (vm, xml, err))
LIVE_AROUND(int, adopt_file_remove, (const char *vm, struct err *err), (vm, err))

/* The state LUN cannot be written: the last step but some fails. */
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

/* A shell, for what an administrator would do */

static int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int shell(const char *format, ...)
{
	g_autofree char *command = NULL;
	g_autofree char *quiet = NULL;
	va_list ap;

	va_start(ap, format);
	command = g_strdup_vprintf(format, ap);
	va_end(ap);
	quiet = g_strdup_printf("exec >>%s/shell.log 2>&1; %s", live_work, command);
	return system(quiet);
}

static void shell_must(const char *command)
{
	if (shell("%s", command) != 0) {
		fail_msg("%s", command);
	}
}

static char *work_file(const char *name)
{
	return g_build_filename(live_work, name, NULL);
}

static char *content(const char *name)
{
	g_autofree char *path = work_file(name);
	char *text = NULL;

	(void)g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

/* The VM */

static const char *during; /* a command that is executed once, while an image is copied */
static const char *hypervisor = LIBVIRT;
static struct vm_adopt_wish wish;

static void image_point(void *data, const char *doing, const char *lun, uint64_t bytes,
			double share)
{
	(void)data;
	(void)doing;
	(void)lun;
	(void)bytes;
	(void)share;
	live_point();
	if (during != NULL) {
		(void)shell("%s", during);
		during = NULL;
	}
}

static int adopt(const char *node, struct err *err)
{
	struct vm_adopted adopted;
	int rc;

	live_run_is_of(node);
	wish.vm = VM;
	wish.hypervisor = hypervisor;
	wish.node = node;
	wish.progress = image_point;
	rc = vm_adopt(&wish, &live_report, deadline_in(TEST_LIMIT_MS), &adopted, err);
	vm_adopted_release(&adopted);
	return rc;
}

/* Each thing that is in the way has a line. */
static int look(const char *node, struct err *err)
{
	struct vm_adopted adopted;
	g_autofree char *file = work_file("refusals");
	g_autoptr(GString) text = g_string_new(NULL);
	int rc;

	live_run_is_of(node);
	wish.vm = VM;
	wish.hypervisor = hypervisor;
	wish.node = node;
	rc = vm_adopt_look(&wish, deadline_in(TEST_LIMIT_MS), &adopted, err);
	for (guint i = 0; i < adopted.refusals->len; i++) {
		g_string_append_printf(text, "%s\n",
				       (const char *)g_ptr_array_index(adopted.refusals, i));
	}
	for (size_t i = 0; rc == 0 && i < adopted.n_drives; i++) {
		const struct adopted_drive *drive = &adopted.drives[i];

		g_string_append_printf(text, "%s %s %s %" PRIu64 "%s\n", drive->target, drive->lun,
				       adopted_how_to_str(drive->how), drive->size_bytes,
				       drive->granted ? " granted" : "");
	}
	(void)g_file_set_contents(file, text->str, -1, NULL);
	vm_adopted_release(&adopted);
	return rc;
}

static int give_back(const char *node, struct err *err)
{
	live_run_is_of(node);
	return vm_adopt_abort(VM, node, hypervisor, &live_report, deadline_in(TEST_LIMIT_MS), err);
}

static int create(const char *node, struct err *err)
{
	struct template *template __attribute__((cleanup(template_drop))) = NULL;
	struct vm_create_wish made = {.vm = VM,
				      .n_vcpus = 1,
				      .network = "default",
				      .hypervisor = hypervisor,
				      .node = node};
	struct vm_created created = {.array = NULL};
	int rc = template_find(NULL, "small", &template, err);

	made.template = template;
	made.memory_bytes = rc == 0 ? template->memory_bytes : 0;
	live_run_is_of(node);
	rc = rc != 0 ? rc : vm_create(&made, NULL, deadline_in(TEST_LIMIT_MS), &created, err);
	vm_created_release(&created);
	return rc;
}

static void must(live_fn *run, const char *node)
{
	struct err err = ERR_INIT;

	if (live_run(run, node, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
}

static void must_not(live_fn *run, const char *node, int rc, const char *why)
{
	struct err err = ERR_INIT;
	int got = live_run(run, node, &err);

	if (got != rc || strstr(err_text(&err), why) == NULL) {
		fail_msg("%d, not %d: %s", got, rc, err_text(&err));
	}
}

/* The world */

static void old_change(const char *what, const char *node)
{
	g_autofree char *request = g_strdup_printf("{\"luns\":[\"" OLD "\"],\"%s\":\"" LIVE_IQN
						   "%s\",\"allowed\":[\"" LIVE_IQN "node1\"]}",
						   what, node);
	g_autofree char *answer = live_array_says("apply", request);

	assert_non_null(answer);
}

static void old_granted_to(const char *node)
{
	old_change("grant", node);
}

static void old_revoked_from(const char *node)
{
	old_change("revoke", node);
}

static bool old_is_granted_to(const char *node)
{
	g_autofree char *text = live_array_says("masks", "{\"luns\":[\"" OLD "\"]}");
	g_autofree char *name = g_strdup_printf(LIVE_IQN "%s", node);

	return strstr(text, name) != NULL;
}

/* The domain is libvirt's, and node1 has the old LUN. */
static void define(void)
{
	if (shell("virsh -c " LIBVIRT " define %s/old.xml", live_work) != 0) {
		fail_msg("not defined");
	}
	(void)shell("virsh -c " LIBVIRT " dumpxml --inactive --security-info " VM " >%s/dumped",
		    live_work);
	if (shell("cd %s && virsh -c " LIBVIRT " dumpxml --inactive --security-info " VM
		  ">dumped && sha256sum files/* >sums",
		  live_work) != 0) {
		fail_msg("not dumped");
	}
}

static bool is_defined(void)
{
	return shell("virsh -c " LIBVIRT " dumpxml --inactive --security-info " VM
		     " >%s/now && cmp %s/dumped %s/now",
		     live_work, live_work, live_work) == 0;
}

static bool libvirt_has_it(void)
{
	return shell("virsh -c " LIBVIRT " dominfo " VM) == 0;
}

static bool files_are_as_before(void)
{
	return shell("cd %s && sha256sum -c sums", live_work) == 0;
}

static bool same_content(void)
{
	return shell("cd %s && qemu-img compare -f qcow2 -F raw files/root.qcow2 pool/" VM
		     "-vda && qemu-img compare -f raw -F raw files/data.raw pool/" VM
		     "-vdb && cmp files/vars.fd pool/" VM
		     "-nvram && grep -q 'state of a TPM' pool/" VM "-tpm && cmp pool/" OLD
		     " old.copy && virsh -c " LIBVIRT " nodeinfo",
		     live_work) == 0;
}

static char *kept(void)
{
	return content("adopted/" VM ".xml");
}

static void is_adopted(void)
{
	struct journal_task task = live_last_task();
	g_autofree char *before = content("dumped");
	g_autofree char *now = kept();

	assert_int_equal(task.kind, JOURNAL_CREATE);
	assert_int_equal(task.state, JOURNAL_DONE);
	assert_int_equal(task.n_luns, 0);
	assert_int_equal(live_luns_count(), MADE + 1);
	live_nobody_has_a_path();
	assert_true(same_content());
	assert_true(files_are_as_before());
	assert_false(libvirt_has_it());
	assert_non_null(now);
	/* virsh adds an empty line. */
	assert_true(g_str_has_prefix(before, now));
}

static void is_back(void)
{
	struct journal_task task = live_last_task();
	g_autofree char *now = kept();

	assert_true(task.revision == 0 || task.state == JOURNAL_FAILED);
	assert_int_equal(task.n_luns, 0);
	assert_int_equal(live_luns_count(), 1);
	assert_true(old_is_granted_to("node1"));
	assert_false(old_is_granted_to("node2"));
	assert_true(is_defined());
	assert_null(now);
}

static void made_delete(void)
{
	static const char *const luns[] = {"vda", "vdb", "nvram", "tpm", "state"};

	for (size_t i = 0; i < G_N_ELEMENTS(luns); i++) {
		g_autofree char *request = g_strdup_printf("{\"name\":\"" VM "-%s\"}", luns[i]);
		g_autofree char *answer = live_array_says("delete", request);

		assert_non_null(answer);
	}
}

/* As an administrator would go back. */
static void back_by_hand(void)
{
	g_autofree char *file = g_strdup_printf("%s/adopted/" VM ".xml", live_work);

	made_delete();
	(void)shell("virsh -c " LIBVIRT " destroy " VM);
	(void)shell("rm -f %s", file);
	define();
	old_granted_to("node1");
	live_run_is_of("node1");
	(void)vm_keep_remove(VM, NULL);
}

static int before(void **state)
{
	int rc = live_before(state);

	wish = (struct vm_adopt_wish){.vm = NULL};
	shell_must("cd $WORK && ./old.sh");
	define();
	old_granted_to("node1");
	return rc;
}

static int after(void **state)
{
	store_fails = old_sticks = false;
	during = NULL;
	hypervisor = LIBVIRT;
	(void)shell("virsh -c " LIBVIRT " destroy " VM);
	(void)shell("virsh -c " LIBVIRT " managedsave-remove " VM);
	(void)shell("virsh -c " LIBVIRT " undefine --keep-nvram --keep-tpm " VM);
	(void)shell("rm -rf %s/adopted", live_work);
	old_revoked_from("node1");
	old_revoked_from("node2");
	made_delete();
	live_luns_delete(LIVE_VM);
	return live_after(state);
}

/* The tests */

static void adopt__takes_what_libvirt_has(void **state)
{
	(void)state;
	wish.compare = true;
	live_told = true;
	must(adopt, "node1");
	live_told = false;
	is_adopted();
	must_not(adopt, "node1", -ENOENT, "has no VM '" VM "'");
	must_not(give_back, "node1", -ENOENT, "nothing to undo");
	is_adopted();
}

static void look__changes_nothing(void **state)
{
	g_autofree char *text = NULL;

	(void)state;
	must(look, "node1");
	text = content("refusals");
	assert_string_equal(text, "vda " VM "-vda copied 12582912\n"
				  "vdb " VM "-vdb copied 6291456\n"
				  "vdc " OLD " taken 12582912 granted\n"
				  "nvram " VM "-nvram copied 540672\n"
				  "tpm " VM "-tpm copied 2097152\n"
				  " " VM "-state new 134217728\n");
	is_back();
	assert_true(files_are_as_before());
}

/* All of them at once, and nothing is touched. */
static void adopt__refuses_what_is_in_the_way(void **state)
{
	static const char *const why[] = {
		"is running",
		"virsh autostart --disable " VM,
		"<hostdev> is refused",
		"say --eject, or take the medium out of sda",
		"disk vdd is the block device '/dev/loop7'",
		"revoke LUN '" OLD "' from node2",
		"--size vdz=1GiB names no drive",
		"remove resource other from the cluster first: it is a VirtualDomain",
	};
	g_autofree char *text = NULL;

	(void)state;
	live_resources = "<resources><primitive id='other' class='ocf' provider='heartbeat' "
			 "type='VirtualDomain'><instance_attributes id='i'><nvpair id='a' "
			 "name='config' value='/etc/libvirt/qemu/" VM ".xml'/>"
			 "</instance_attributes></primitive></resources>";
	(void)shell("virsh -c " LIBVIRT " undefine --keep-nvram --keep-tpm " VM);
	if (shell("cd %s && virsh -c " LIBVIRT " define plain.xml && virsh -c " LIBVIRT
		  " start --paused " VM " && virsh -c " LIBVIRT
		  " define wrong.xml && virsh -c " LIBVIRT " autostart " VM,
		  live_work) != 0) {
		fail_msg("not defined");
	}
	old_granted_to("node2");
	wish.sizes = (char *[]){(char *)"vdz=1GiB", NULL};
	must_not(look, "node1", -EPERM, "things are in the way of VM '" VM "'");
	text = content("refusals");
	for (size_t i = 0; i < G_N_ELEMENTS(why); i++) {
		if (strstr(text, why[i]) == NULL) {
			fail_msg("not told: %s\n%s", why[i], text);
		}
	}
	must_not(adopt, "node1", -EPERM, "things are in the way of VM '" VM "'");
	assert_true(libvirt_has_it());
	assert_int_equal(live_luns_count(), 1);
	assert_true(old_is_granted_to("node2"));
	assert_int_equal(live_last_task().revision, 0);
	live_resources = "<resources/>";
	(void)shell("virsh -c " LIBVIRT " autostart --disable " VM);
}

static void adopt__refuses_a_session_that_is_left(void **state)
{
	g_autofree char *command = g_strdup_printf(
		"qemu-io -r -t none --image-opts driver=raw,file.driver=iscsi,file.transport=tcp,"
		"file.portal=127.0.0.1:3260,file.target=$(cat %s/old.target),file.lun=$(cat "
		"%s/old.number),file.initiator-name=" LIVE_IQN "node1 >%s/qemu-io.log 2>&1",
		live_work, live_work, live_work);
	FILE *session = popen(command, "w");
	bool seen = false;

	(void)state;
	assert_non_null(session);
	while (!seen) {
		g_autofree char *text = live_array_says("masks", "{\"luns\":[\"" OLD "\"]}");
		const char *nexuses = strstr(text, "nexuses");

		seen = nexuses != NULL && strstr(nexuses, LIVE_IQN "node1") != NULL;
	}
	must_not(adopt, "node1", -EPERM, "log this host out of LUN '" OLD "'");
	assert_int_equal(pclose(session), 0);
	assert_true(is_defined());
	must(adopt, "node1");
	is_adopted();
}

static void adopt__lets_nobody_start_the_guest(void **state)
{
	g_autofree char *told = NULL;

	(void)state;
	during = "virsh -c " LIBVIRT " start " VM " >$WORK/during 2>&1";
	must(adopt, "node1");
	is_adopted();
	told = content("during");
	assert_non_null(told);
	assert_non_null(strstr(told, "failed to get domain '" VM "'"));
}

/* Another VM may have the same file, under another name. */
static void adopt__refuses_a_file_that_is_open_for_writing(void **state)
{
	FILE *writer =
		popen("qemu-io -f qcow2 $WORK/files/root.qcow2 >$WORK/qemu-io.log 2>&1", "w");
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(writer);
	while (live_run(look, "node1", &err) == 0) {
	}
	must_not(adopt, "node1", -EPERM, "Is another process using the image");
	assert_int_equal(pclose(writer), 0);
	assert_true(is_defined());
	must(adopt, "node1");
	is_adopted();
}

/* What does not take QEMU's lock is seen by the file's time. */
static void adopt__sees_a_file_that_is_written(void **state)
{
	(void)state;
	during = "printf x | dd of=$WORK/files/base.raw conv=notrunc bs=1 seek=9000000";
	must_not(adopt, "node1", -ESTALE, "was written while it was copied");
	is_back();
}

static void adopt__undoes_itself(void **state)
{
	(void)state;
	store_fails = true;
	must_not(adopt, "node1", -EINVAL, "state: cannot be written");
	is_back();
	assert_true(files_are_as_before());
	store_fails = false;
	must(adopt, "node1");
	is_adopted();
}

/* Whether the array has revoked it is not known then: the VM is on its LUNs, and stays there. */
static void adopt__does_not_turn_back_at_its_end(void **state)
{
	(void)state;
	old_sticks = true;
	must_not(adopt, "node1", -EINVAL, "release: it sticks");
	assert_int_equal(live_last_task().state, JOURNAL_BROKEN);
	assert_int_equal(live_luns_count(), MADE + 1);
	assert_false(libvirt_has_it());
	must_not(give_back, "node1", -EPERM, "give 'lunmask adopt " VM "' again");
	must_not(adopt, "node1", -EINVAL, "release: it sticks");
	old_sticks = false;
	must(adopt, "node1");
	is_adopted();
}

/* Half of an image would look right, so what is there becomes something else. */
static void unfinished_spoil(void)
{
	struct journal_task task = live_last_task();

	if (!journal_state_open(task.state) || strcmp(task.step, CREATE_STEP_STATE) == 0 ||
	    strcmp(task.step, CREATE_STEP_REVOKE) == 0 ||
	    strcmp(task.step, ADOPT_STEP_COMMIT) == 0 ||
	    strcmp(task.step, ADOPT_STEP_RELEASE) == 0) {
		return;
	}
	(void)shell("cd %s/pool && for lun in vda vdb; do [ ! -e " VM
		    "-$lun ] || printf 'not zero' | dd of=" VM
		    "-$lun conv=notrunc bs=1 seek=5000000; done",
		    live_work);
}

/* The unlink of libvirt's file may not have reached the disk. */
static void libvirt_remembers(void)
{
	if (!libvirt_has_it()) {
		(void)shell("cd %s && virsh -c " LIBVIRT " define adopted/" VM ".xml", live_work);
	}
}

static void adopt__goes_on_wherever_it_was_killed(void **state)
{
	int at = 1;

	(void)state;
	for (; at < LIVE_POINTS_MAX && live_killed(adopt, "node1", at); at++) {
		if (journal_state_open(live_last_task().state)) {
			unfinished_spoil();
			if (at % 3 == 0) {
				libvirt_remembers();
			}
			must(adopt, "node1");
		}
		is_adopted();
		back_by_hand();
	}
	assert_true(at < LIVE_POINTS_MAX);
	print_message("# %d points\n", at - 1);
	is_adopted();
}

static void abort__undoes_wherever_it_was_killed(void **state)
{
	int at = 1;
	bool committed = false;

	(void)state;
	for (; at < LIVE_POINTS_MAX && live_killed(adopt, "node1", at); at++) {
		struct journal_task task = live_last_task();

		committed = strcmp(task.step, ADOPT_STEP_COMMIT) == 0 ||
			    strcmp(task.step, ADOPT_STEP_RELEASE) == 0;
		if (!journal_state_open(task.state)) {
			is_adopted();
			back_by_hand();
		} else if (committed) {
			must_not(give_back, "node1", -EPERM, "give 'lunmask adopt " VM "' again");
			must(adopt, "node1");
			is_adopted();
			back_by_hand();
		} else {
			must(give_back, "node1");
			is_back();
			assert_true(files_are_as_before());
		}
	}
	assert_true(at < LIVE_POINTS_MAX && committed);
	print_message("# %d points\n", at - 1);
}

/* The process that undoes is killed, too; then the other command, or the same, goes on. */
static void abort__may_be_killed_again(void **state)
{
	(void)state;
	for (int first = 4; live_killed(adopt, "node1", first); first += 6) {
		for (int at = 2; journal_state_open(live_last_task().state); at += 3) {
			if (strcmp(live_last_task().step, ADOPT_STEP_COMMIT) == 0 ||
			    strcmp(live_last_task().step, ADOPT_STEP_RELEASE) == 0) {
				must(adopt, "node1");
			} else if (live_killed(give_back, "node1", at) &&
				   journal_state_open(live_last_task().state) && at % 2 == 0) {
				unfinished_spoil();
				must(adopt, "node1");
			}
		}
		if (live_last_task().state == JOURNAL_DONE) {
			is_adopted();
			back_by_hand();
		} else {
			is_back();
		}
	}
}

static void killed_at_step(const char *step)
{
	int at = 1;

	while (live_killed(adopt, "node1", at) && strcmp(live_last_task().step, step) != 0) {
		at++;
		if (journal_state_open(live_last_task().state)) {
			must(give_back, "node1");
		}
	}
	assert_string_equal(live_last_task().step, step);
}

/* What was copied is older than the file, so the files are the guest. */
static void adopt__does_not_go_on_with_old_copies(void **state)
{
	(void)state;
	killed_at_step(CREATE_STEP_STATE);
	shell_must("printf y | dd of=$WORK/files/data.raw conv=notrunc bs=1 seek=77");
	must_not(adopt, "node1", -ESTALE, "was written after it was begun to be copied");
	is_back();
	assert_false(files_are_as_before());
}

/* A definition that is another one by now is the administrator's. */
static void abort__leaves_another_definition_alone(void **state)
{
	(void)state;
	killed_at_step("images");
	(void)shell("virsh -c " LIBVIRT " define $WORK/plain.xml");
	must_not(adopt, "node1", -EPERM, "libvirt has another definition than the one in");
	must(give_back, "node1");
	assert_int_equal(live_luns_count(), 1);
	assert_true(libvirt_has_it());
	assert_false(is_defined());
}

/* As long as libvirt does not have its definition back, the task is not over. */
static void abort__that_cannot_give_back_stays_open(void **state)
{
	struct err err = ERR_INIT;
	int at = 1;

	(void)state;
	while (live_killed(adopt, "node1", at) && libvirt_has_it()) {
		at++;
		must(give_back, "node1");
	}
	assert_int_equal(live_last_task().n_luns, 0);
	hypervisor = "qemu+unix:///system?socket=/nowhere";
	assert_int_not_equal(live_run(give_back, "node1", &err), 0);
	assert_int_equal(live_last_task().state, JOURNAL_BROKEN);
	hypervisor = LIBVIRT;
	must(give_back, "node1");
	is_back();
}

static void adopt__is_one_nodes_affair(void **state)
{
	g_autofree char *now = NULL;

	(void)state;
	killed_at_step("images");
	must_not(adopt, "node2", -EPERM, "run this command on node1");
	must_not(give_back, "node2", -EPERM, "run this command on node1");
	must_not(create, "node1", -EPERM, "give 'lunmask adopt' again");
	live_fate = CLUSTER_NODE_DOWN;
	must_not(adopt, "node2", -EPERM, "run this command on node1");
	must(give_back, "node2");
	assert_int_equal(live_luns_count(), 1);
	assert_true(old_is_granted_to("node1"));
	assert_false(libvirt_has_it());
	now = kept();
	assert_non_null(now);
}

/* Neither way to make a VM goes on with the task of the other. */
static void create__leaves_an_adopt_alone(void **state)
{
	(void)state;
	killed_at_step("undefine");
	must_not(create, "node1", -EPERM, "give 'lunmask adopt' again");
	must(adopt, "node1");
	is_adopted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)
		TEST(adopt__takes_what_libvirt_has),
		TEST(look__changes_nothing),
		TEST(adopt__refuses_what_is_in_the_way),
		TEST(adopt__refuses_a_session_that_is_left),
		TEST(adopt__lets_nobody_start_the_guest),
		TEST(adopt__refuses_a_file_that_is_open_for_writing),
		TEST(adopt__sees_a_file_that_is_written),
		TEST(adopt__undoes_itself),
		TEST(adopt__does_not_turn_back_at_its_end),
		TEST(adopt__goes_on_wherever_it_was_killed),
		TEST(abort__undoes_wherever_it_was_killed),
		TEST(abort__may_be_killed_again),
		TEST(adopt__does_not_go_on_with_old_copies),
		TEST(abort__leaves_another_definition_alone),
		TEST(abort__that_cannot_give_back_stays_open),
		TEST(adopt__is_one_nodes_affair),
		TEST(create__leaves_an_adopt_alone),
	};

	cmocka_set_test_filter(getenv("ADOPT_TEST")); /* a pattern; NULL: all */
	return getenv("WORK") == NULL ? 2 : cmocka_run_group_tests_name("adopt", tests, NULL, NULL);
}
