/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "media/vm_tpm.h"
#include "tests/unit/support/undo.h"
#include "tpm/tpm_server.h"

/* The world: what is on this host, and what was asked of it. */
static struct {
	enum domain_state domain;
	int libvirt_rc;
	int run_rc;
	struct tpm_request asked;
	int runs;
	int ends;
} world;

int __wrap_vm_domain_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
			   struct err *err);
int __wrap_vm_domain_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
			   struct err *err)
{
	(void)vm;
	(void)deadline;
	(void)err;
	*ret = world.domain;
	return 0;
}

int __wrap_vm_hypervisor(struct vm_context *vm, struct deadline deadline, struct hypervisor **ret,
			 struct err *err);
int __wrap_vm_hypervisor(struct vm_context *vm, struct deadline deadline, struct hypervisor **ret,
			 struct err *err)
{
	(void)vm;
	(void)deadline;
	(void)err;
	*ret = NULL;
	return 0;
}

int __wrap_hypervisor_tpm_check(struct hypervisor *hypervisor, struct deadline deadline,
				struct err *err);
int __wrap_hypervisor_tpm_check(struct hypervisor *hypervisor, struct deadline deadline,
				struct err *err)
{
	(void)hypervisor;
	(void)deadline;
	return world.libvirt_rc == 0 ? 0 : err_set(err, world.libvirt_rc, "install swtpm");
}

int __wrap_tpm_request_run(const struct runner *runner, const char *program,
			   const struct tpm_request *request, struct deadline deadline,
			   struct err *err);
int __wrap_tpm_request_run(const struct runner *runner, const char *program,
			   const struct tpm_request *request, struct deadline deadline,
			   struct err *err)
{
	(void)deadline;
	assert_string_equal(runner->transport, "exec");
	assert_string_equal(program, LUNMASK_TPM_PROGRAM);
	world.asked = *request;
	world.runs++;
	return world.run_rc == 0 ? 0 : err_set(err, world.run_rc, "the array is away");
}

int __wrap_tpm_server_end(const char *vm, struct deadline deadline, struct err *err);
int __wrap_tpm_server_end(const char *vm, struct deadline deadline, struct err *err)
{
	(void)deadline;
	(void)err;
	assert_string_equal(vm, "web1");
	world.ends++;
	return 0;
}

int __wrap_tpm_server_find(const char *vm, pid_t *ret_pid, struct err *err);
int __wrap_tpm_server_find(const char *vm, pid_t *ret_pid, struct err *err)
{
	(void)vm;
	(void)err;
	*ret_pid = world.ends > 0 ? 0 : 4711;
	return 0;
}

static struct vm_settings settings = {.vm = "web1", .luns = "vda=web1-root tpm=web1-tpm"};
static char initiator[] = "iqn.2026-11.org.example:h1";
static const struct config_host self = {.initiator = initiator};
static const char *const portals[] = {"10.0.0.1:3260", "10.0.1.1:3260"};
static struct mapping_drive drives[] = {
	{.drive = {.target = "vda", .extent = {.lun = "web1-root"}}, .designator = "naa.1"},
	{.drive = {.target = DRIVE_TPM, .extent = {.lun = "web1-tpm"}}, .designator = "naa.2"},
};
static struct mapping mapping = {.uuid = "0b7c9f5e-6d1a-4a57-9a0e-52a1c7f0a102", .drives = drives};

static struct vm_context *vm;

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	vm = g_new0(struct vm_context, 1);
	mapping.n_drives = 2;
	vm->settings = &settings;
	vm->self = &self;
	vm->mapping = &mapping;
	vm->portals = portals;
	vm->n_portals = 2;
	vm->luns_known = true;
	vm->n_luns = 2;
	vm->luns[0] = (struct lun){.name = "web1-root", .designator = "naa.1"};
	vm->luns[1] = (struct lun){.name = "web1-tpm", .designator = "naa.other", .number = 7};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	g_free(vm);
	return 0;
}

static int probe(void)
{
	struct err err = ERR_INIT;

	return vm_tpm_probe(vm, deadline_in(TEST_LIMIT_MS), &err);
}

static int run(void)
{
	struct err err = ERR_INIT;

	return vm_tpm_run(vm, deadline_in(TEST_LIMIT_MS), &err);
}

static void without_a_tpm__nothing_is_done(void **state)
{
	(void)state;
	mapping.n_drives = 1;
	world.libvirt_rc = -EOPNOTSUPP;
	assert_int_equal(probe(), TASK_DONE);
	vm->mapping = NULL;
	assert_int_equal(probe(), TASK_DONE);
}

/* A process of an earlier run has another state in its memory: it does not count. */
static void before_the_domain__there_is_always_a_new_process(void **state)
{
	(void)state;
	assert_int_equal(probe(), TASK_NOT_DONE);
	assert_int_equal(run(), 0);
	assert_int_equal(world.runs, 1);
	assert_int_equal(probe(), TASK_DONE);
}

/* Also where another try creates the domain again, or what had arrived was destroyed. */
static void renew__gives_each_domain_its_own(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(run(), 0);
	assert_int_equal(vm_tpm_renew(vm, deadline_in(TEST_LIMIT_MS), &err), 0);
	assert_int_equal(world.runs, 1);
	assert_int_equal(vm_tpm_renew(vm, deadline_in(TEST_LIMIT_MS), &err), 0);
	assert_int_equal(world.runs, 2);
	world.run_rc = -EHOSTUNREACH;
	assert_int_equal(vm_tpm_renew(vm, deadline_in(TEST_LIMIT_MS), &err), -EHOSTUNREACH);
	mapping.n_drives = 1;
	assert_int_equal(vm_tpm_renew(vm, deadline_in(TEST_LIMIT_MS), &err), 0);
	assert_int_equal(world.runs, 3);
}

static void beside_the_domain__there_is_none(void **state)
{
	(void)state;
	world.domain = DOMAIN_RUNNING;
	assert_int_equal(probe(), TASK_DONE);
	world.domain = DOMAIN_ARRIVED;
	assert_int_equal(probe(), TASK_DONE);
}

static void without_swtpm__start_is_refused(void **state)
{
	(void)state;
	world.libvirt_rc = -EOPNOTSUPP;
	assert_int_equal(probe(), -EOPNOTSUPP);
}

/* The designator is that of the mapping file: the process finds out whether the LUN is another. */
static void run__asks_for_the_vms_own_tpm(void **state)
{
	(void)state;
	assert_int_equal(run(), 0);
	assert_int_equal(world.asked.verb, TPM_SERVE);
	assert_false(world.asked.arrival);
	assert_string_equal(world.asked.vm, "web1");
	assert_string_equal(world.asked.uuid, mapping.uuid);
	assert_string_equal(world.asked.lun.designator, "naa.2");
	assert_int_equal(world.asked.lun.number, 7);
	assert_int_equal(world.asked.n_portals, 2);
	assert_string_equal(world.asked.portals[1], portals[1]);
	vm->n_luns = 1;
	assert_int_equal(run(), -EINVAL);
	vm->luns_known = false;
	assert_int_equal(run(), -EINVAL);
	assert_int_equal(world.runs, 1);
}

static void undo__ends_only_what_this_run_began(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(vm_tpm_undo(vm, deadline_in(TEST_LIMIT_MS), &err), 0);
	world.run_rc = -EHOSTUNREACH;
	assert_int_equal(run(), -EHOSTUNREACH);
	assert_int_equal(vm_tpm_undo(vm, deadline_in(TEST_LIMIT_MS), &err), 0);
	assert_int_equal(world.ends, 0);
	world.run_rc = 0;
	assert_int_equal(run(), 0);
	/* The only copy of the guest's memory is left as it is. */
	world.domain = DOMAIN_PAUSED;
	assert_int_equal(vm_tpm_undo(vm, deadline_in(TEST_LIMIT_MS), &err), 0);
	assert_int_equal(world.ends, 0);
	world.domain = DOMAIN_ABSENT;
	assert_int_equal(vm_tpm_undo(vm, deadline_in(TEST_LIMIT_MS), &err), 0);
	assert_int_equal(world.ends, 1);
}

static void check__says_what_to_do(void **state)
{
	const struct vm_settings plain = {.vm = "web1", .luns = "vda=web1-root"};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(vm_tpm_check(&settings, &err), 0);
	assert_int_equal(vm_tpm_end(vm, deadline_in(TEST_LIMIT_MS), &err), 0);
	assert_int_equal(vm_tpm_check(&settings, &err), -EIO);
	assert_non_null(strstr(err_text(&err), "stop and start VM 'web1'"));
	assert_int_equal(vm_tpm_check(&plain, &err), 0);
}

static void explain__names_the_log_of_swtpm(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(vm_tpm_explain(vm, 0, &err), 0);
	(void)err_set(&err, -EIO, "libvirt: create: no such network");
	assert_int_equal(vm_tpm_explain(vm, -EIO, &err), -EIO);
	assert_string_equal(err_text(&err), "libvirt: create: no such network");
	(void)err_set(&err, -EIO, "libvirt: create: cannot delete /var/lib/libvirt/swtpm/U");
	assert_int_equal(vm_tpm_explain(vm, -EIO, &err), -EIO);
	assert_ptr_equal(strstr(err_text(&err), "look into /var/log/swtpm/libvirt/qemu/web1-"),
			 err_text(&err));
	mapping.n_drives = 1;
	(void)err_set(&err, -EIO, "swtpm");
	assert_int_equal(vm_tpm_explain(vm, -EIO, &err), -EIO);
	assert_string_equal(err_text(&err), "swtpm");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_tpm__nothing_is_done),
		TEST(before_the_domain__there_is_always_a_new_process),
		TEST(renew__gives_each_domain_its_own),
		TEST(beside_the_domain__there_is_none),
		TEST(without_swtpm__start_is_refused),
		TEST(run__asks_for_the_vms_own_tpm),
		TEST(undo__ends_only_what_this_run_began),
		TEST(check__says_what_to_do),
		TEST(explain__names_the_log_of_swtpm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
