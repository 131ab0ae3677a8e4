/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask resize against a real array (tgtd, lunmask-array-tgt) and real iSCSI; create_test.sh
 * starts it. It is killed at each point at which it changes something, and given again. Of the
 * guest that runs there is only what libvirt would have been told.
 */
#include "tests/storage/live.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "change/vm_resize.h"
#include "domain/mapping.h"
#include "hypervisor/hypervisor.h"
#include "state/slot.h"

#define VM LIVE_VM
#define BEFORE_BYTES 12582912
#define WANTED_BYTES 25165824

LIVE_AROUND(int, array_apply,
	    (const struct array *array, const struct array_change *change, struct deadline deadline,
	     struct array_changed *ret, struct err *err),
	    (array, change, deadline, ret, err))
LIVE_AROUND(int, array_resize,
	    (const struct array *array, const char *name, uint64_t size_bytes,
	     struct deadline deadline, bool *ret, struct err *err),
	    (array, name, size_bytes, deadline, ret, err))
LIVE_AROUND(int, vm_journal_step,
	    (struct vm_journal * journal, const char *step, bool widens, struct deadline deadline,
	     struct err *err),
	    (journal, step, widens, deadline, err))
LIVE_AROUND(int, vm_journal_end,
	    (struct vm_journal * journal, enum journal_state state, const char *step,
	     const char *reason, struct deadline deadline, struct err *err),
	    (journal, state, step, reason, deadline, err))
LIVE_AROUND(int, vm_state_store,
	    (struct vm_context * vm, enum image_state image, struct deadline deadline,
	     struct err *err),
	    (vm, image, deadline, err))

/* What the guest that runs has, in memory that all processes share. */
static struct guest {
	bool runs;
	uint64_t disk_bytes;
} * guest;

int __wrap_vm_domain_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
			   struct err *err);
int __wrap_vm_domain_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
			   struct err *err)
{
	(void)vm;
	(void)deadline;
	(void)err;
	*ret = guest->runs ? DOMAIN_RUNNING : DOMAIN_ABSENT;
	return 0;
}

int __wrap_hypervisor_disk_size(struct hypervisor *hypervisor, const char *vm, const char *target,
				struct deadline deadline, uint64_t *ret_bytes, struct err *err);
int __wrap_hypervisor_disk_size(struct hypervisor *hypervisor, const char *vm, const char *target,
				struct deadline deadline, uint64_t *ret_bytes, struct err *err)
{
	(void)hypervisor;
	(void)vm;
	(void)deadline;
	(void)err;
	assert_string_equal(target, "vdb");
	*ret_bytes = guest->disk_bytes;
	return 0;
}

int __wrap_hypervisor_disk_resize(struct hypervisor *hypervisor, const char *vm, const char *target,
				  uint64_t size_bytes, struct deadline deadline, struct err *err);
int __wrap_hypervisor_disk_resize(struct hypervisor *hypervisor, const char *vm, const char *target,
				  uint64_t size_bytes, struct deadline deadline, struct err *err)
{
	(void)hypervisor;
	(void)vm;
	(void)target;
	(void)deadline;
	(void)err;
	live_point();
	guest->disk_bytes = size_bytes;
	live_point();
	return 0;
}

static struct {
	const char *target;
	uint64_t bytes;
} wish;

static int resize(const char *node, struct err *err)
{
	const struct vm_settings settings = {
		.vm = VM,
		.array = "san1",
		.luns = "vda=" VM "-vda vdb=" VM "-vdb",
		.state_lun = VM "-state",
		.hypervisor = LIVE_LIBVIRT,
		.migration_transport = VM_TRANSPORT_DEFAULT,
		.paths_required = 1,
		.node = node,
	};
	struct vm_context *vm __attribute__((cleanup(vm_context_drop))) = NULL;
	struct deadline deadline = deadline_in(TEST_LIMIT_MS);
	struct vm_resized resized;
	int rc;

	live_run_is_of(node);
	rc = vm_context_open(&settings, &live_report, deadline, &vm, err);
	return rc != 0 ? rc : vm_resize(vm, wish.target, wish.bytes, deadline, &resized, err);
}

static void must_resize(const char *node)
{
	struct err err = ERR_INIT;

	if (live_run(resize, node, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
}

static uint64_t array_bytes(const char *lun)
{
	g_autofree char *request = g_strdup_printf("{\"luns\":[\"%s\"]}", lun);
	g_autofree char *text = live_array_says("luns", request);
	const char *at = strstr(text, "\"size_bytes\"");

	assert_non_null(at);
	return g_ascii_strtoull(strchr(at, ':') + 1 + strspn(strchr(at, ':') + 1, " "), NULL, 10);
}

/* What the mapping file on the state LUN says of the drive. */
static uint64_t noted_bytes(void)
{
	g_autofree char *file = g_strdup_printf("%s/pool/" VM "-state", live_work);
	static unsigned char area[SLOT_AREA_BYTES];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct mapping *mapping;
	uint64_t bytes;
	struct slot slot;
	size_t at;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, area, sizeof(area), 0), sizeof(area));
	assert_int_equal(close(fd), 0);
	assert_int_equal(slot_choose(area, &slot, &at, NULL), 0);
	assert_int_equal(mapping_parse(slot.payload, slot.payload_bytes, &mapping, NULL), 0);
	bytes = mapping_find(mapping, "vdb")->size_bytes;
	mapping_free(mapping);
	return bytes;
}

static bool data_is_there(void)
{
	g_autofree char *command = g_strdup_printf(
		"qemu-img compare -f qcow2 -F raw %s/templates/small/disk.qcow2 %s/pool/" VM
		"-vda >/dev/null",
		live_work, live_work);

	return system(command) == 0;
}

static void grant(const char *verb, const char *node)
{
	g_autofree char *request = g_strdup_printf("{\"luns\":[\"" VM "-vda\",\"" VM "-vdb\",\"" VM
						   "-state\"],\"%s\":\"" LIVE_IQN "%s\"}",
						   verb, node);
	g_autofree char *answer = live_array_says("apply", request);

	assert_non_null(answer);
}

static void has_grown(void)
{
	assert_false(journal_state_open(live_last_task().state));
	assert_int_equal(array_bytes(VM "-vdb"), WANTED_BYTES);
	assert_int_equal(noted_bytes(), WANTED_BYTES);
	assert_true(data_is_there());
	if (!guest->runs) {
		live_nobody_has_a_path();
	}
}

static int before(void **state)
{
	int rc = live_before(state);

	if (guest == NULL) {
		guest = mmap(NULL, sizeof(*guest), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		assert_true(guest != MAP_FAILED);
	}
	*guest = (struct guest){.disk_bytes = BEFORE_BYTES};
	wish.target = "vdb";
	wish.bytes = WANTED_BYTES;
	if (rc == 0) {
		live_make();
	}
	return rc;
}

static int after(void **state)
{
	grant("revoke", "node1");
	grant("revoke", "node2");
	return live_after(state);
}

/* The tests */

static void resize__grows_what_is_stopped(void **state)
{
	(void)state;
	live_told = true;
	must_resize("node1");
	live_told = false;
	has_grown();
	/* It may be said again. */
	must_resize("node2");
	has_grown();
}

static void refused(int rc, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(live_run(resize, "node1", &err), rc);
	if (strstr(err_text(&err), text) == NULL) {
		fail_msg("%s", err_text(&err));
	}
	assert_int_equal(array_bytes(VM "-vdb"), BEFORE_BYTES);
	assert_int_equal(noted_bytes(), BEFORE_BYTES);
}

static void resize__refuses_to_shrink(void **state)
{
	(void)state;
	wish.bytes = BEFORE_BYTES / 2;
	refused(-EINVAL, "name a larger size: LUN '" VM "-vdb' has 12MiB");
}

static void resize__names_the_drives(void **state)
{
	(void)state;
	wish.target = "vdc";
	refused(-ENOENT, "VM 'web1' has no drive 'vdc': it has vda, vdb, state");
}

static void resize__belongs_on_the_node_of_the_vm(void **state)
{
	(void)state;
	grant("grant", "node2");
	refused(-EBUSY, "run this command on node2");
}

static void resize__grows_the_state_lun(void **state)
{
	(void)state;
	wish.target = VM_RESIZE_STATE;
	must_resize("node1");
	assert_int_equal(array_bytes(VM "-state"), WANTED_BYTES);
	live_nobody_has_a_path();
}

static void resize__tells_the_guest(void **state)
{
	(void)state;
	grant("grant", "node1");
	guest->runs = true;
	must_resize("node1");
	has_grown();
	assert_int_equal(guest->disk_bytes, WANTED_BYTES);
}

static int each_point(bool runs)
{
	int at = 1;

	for (; at < LIVE_POINTS_MAX; at++) {
		bool was_killed;

		if (runs) {
			grant("grant", "node1");
		}
		guest->runs = runs;
		guest->disk_bytes = BEFORE_BYTES;
		was_killed = live_killed(resize, "node1", at);
		assert_true(data_is_there());
		if (was_killed) {
			must_resize("node1");
		}
		has_grown();
		assert_int_equal(guest->disk_bytes, runs ? WANTED_BYTES : BEFORE_BYTES);
		grant("revoke", "node1");
		if (!was_killed) {
			break;
		}
		guest->runs = false;
		live_luns_delete(LIVE_VM);
		live_make();
	}
	assert_true(at < LIVE_POINTS_MAX);
	return at - 1;
}

static void resize__goes_on_wherever_it_was_killed(void **state)
{
	(void)state;
	print_message("# %d points\n", each_point(false));
}

static void resize__of_a_guest_goes_on_wherever_it_was_killed(void **state)
{
	(void)state;
	print_message("# %d points\n", each_point(true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)
		TEST(resize__grows_what_is_stopped),
		TEST(resize__refuses_to_shrink),
		TEST(resize__names_the_drives),
		TEST(resize__belongs_on_the_node_of_the_vm),
		TEST(resize__grows_the_state_lun),
		TEST(resize__tells_the_guest),
		TEST(resize__goes_on_wherever_it_was_killed),
		TEST(resize__of_a_guest_goes_on_wherever_it_was_killed),
	};

	cmocka_set_test_filter(getenv("CREATE_TEST")); /* a pattern; NULL: all */
	return cmocka_run_group_tests_name("resize", tests, NULL, NULL);
}
