/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step "complete", walked by the engine, where the state LUN fails (-Wl,--wrap). libvirt's own
 * mock driver has no domain of the VM's name, so the mapping file is stored as it was written.
 */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "action/vm_complete.h"
#include "step/vm_state.h"

static const struct vm_settings settings = {
	.vm = "unit-complete", .array = "san1", .hypervisor = "test:///default"};
static struct vm_context *vm;
static char story[64]; /* l: loaded, s: stored; in capitals: it failed */
static unsigned int store_failures;
static unsigned int load_failures;

int __wrap_vm_state_store(struct vm_context *of, enum image_state image, struct deadline deadline,
			  struct err *err);
int __wrap_vm_state_store(struct vm_context *of, enum image_state image, struct deadline deadline,
			  struct err *err)
{
	bool fails = store_failures > 0;

	(void)deadline;
	assert_ptr_equal(of, vm);
	assert_int_equal(image, IMAGE_NONE);
	strcat(story, fails ? "S" : "s");
	vm->state_known = !fails;
	vm->generation_known = !fails;
	if (fails) {
		store_failures--;
		return err_set(err, -ETIMEDOUT, "no answer");
	}
	vm->mapping_new = false;
	return 0;
}

/* Nothing was ever written. */
int __wrap_vm_state_load(struct vm_context *of, struct deadline deadline, struct err *err);
int __wrap_vm_state_load(struct vm_context *of, struct deadline deadline, struct err *err)
{
	bool fails = load_failures > 0;

	(void)deadline;
	assert_ptr_equal(of, vm);
	strcat(story, fails ? "L" : "l");
	load_failures -= fails;
	return fails ? err_set(err, -ETIMEDOUT, "no answer") : err_set(err, -ENODATA, "empty");
}

static int begin(void **state)
{
	static const struct extent state_lun = {.lun = "state"};
	static const struct lun luns[] = {{"state", "naa.6003", 1 << 30, "iqn.x:t3", 1}};
	const struct mapping_source source = {
		.domain_xml = "<domain type='qemu'><name>unit-complete</name>"
			      "<uuid>11111111-2222-3333-4444-555555555555</uuid><memory>65536"
			      "</memory><os><type>hvm</type></os><devices/></domain>",
		.vm = settings.vm,
		.array = "san1",
		.state = &state_lun,
		.luns = luns,
		.n_luns = 1,
	};
	struct err err = ERR_INIT;

	(void)state;
	story[0] = '\0';
	store_failures = load_failures = 0;
	vm = calloc(1, sizeof(*vm));
	assert_non_null(vm);
	vm->settings = &settings;
	vm->mapping_new = true;
	vm->state_known = true;
	vm->image = IMAGE_NONE;
	if (mapping_build(&source, &vm->mapping, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	vm_context_free(vm);
	return 0;
}

static int walk(void)
{
	const struct task_step step = {
		.name = "complete",
		.probe = vm_complete_probe,
		.run = vm_complete_run,
		.timeout_ms = TEST_LIMIT_MS,
		.tries = 4,
	};
	const struct task task = {.name = "test", .steps = &step, .n_steps = 1, .context = vm};

	return task_run(&task, deadline_in(TEST_LIMIT_MS), NULL);
}

/* In both slots. */
static void vm_complete__stores_a_new_mapping_file_twice(void **state)
{
	(void)state;
	assert_int_equal(walk(), 0);
	assert_string_equal(story, "ss");
}

static void vm_complete__stores_again_what_did_not_arrive(void **state)
{
	(void)state;
	store_failures = 1;
	assert_int_equal(walk(), 0);
	assert_string_equal(story, "Slss");
}

/* The first try may have written it, and others may have gone on from there. */
static void vm_complete__reads_before_it_writes_again(void **state)
{
	(void)state;
	store_failures = 1;
	load_failures = 2;
	assert_int_equal(walk(), 0);
	assert_string_equal(story, "SLLlss");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vm_complete__stores_a_new_mapping_file_twice),
		TEST(vm_complete__stores_again_what_did_not_arrive),
		TEST(vm_complete__reads_before_it_writes_again),
	};

	return cmocka_run_group_tests_name("vm_complete", tests, NULL, NULL);
}
