/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "step/vm_save.h"
#include "step/vm_state.h"
#include "vm/vm_definition.h"

/* What a save asks of others is replaced (-Wl,--wrap); the guest's memory cannot be written. */
static GString *calls;
static int store_errors; /* so many stores find that another has written */
static int load_rc;
static enum domain_state domain;
static struct vm_settings settings = {.vm = "web1"};

int __wrap_vm_definition_memory(struct vm_context *vm, struct deadline deadline,
				uint64_t *ret_bytes, struct err *err);
int __wrap_vm_definition_memory(struct vm_context *vm, struct deadline deadline,
				uint64_t *ret_bytes, struct err *err)
{
	(void)vm;
	(void)deadline;
	(void)err;
	*ret_bytes = 1;
	return 0;
}

uint64_t __wrap_vm_image_area_bytes(const struct vm_context *vm);
uint64_t __wrap_vm_image_area_bytes(const struct vm_context *vm)
{
	(void)vm;
	return (uint64_t)1 << 40;
}

int __wrap_vm_domain_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
			   struct err *err);
int __wrap_vm_domain_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
			   struct err *err)
{
	(void)vm;
	(void)deadline;
	(void)err;
	*ret = domain;
	return 0;
}

struct mapping_host __wrap_vm_definition_here(const struct vm_context *vm);
struct mapping_host __wrap_vm_definition_here(const struct vm_context *vm)
{
	(void)vm;
	return (struct mapping_host){.n_luns = 0};
}

int __wrap_vm_definition_running(struct vm_context *vm, const struct mapping_host *host,
				 struct deadline deadline, char **ret_xml, struct err *err);
int __wrap_vm_definition_running(struct vm_context *vm, const struct mapping_host *host,
				 struct deadline deadline, char **ret_xml, struct err *err)
{
	(void)vm;
	(void)host;
	(void)deadline;
	(void)ret_xml;
	g_string_append(calls, "guest;");
	return err_set(err, -EIO, "no");
}

int __wrap_vm_state_load(struct vm_context *vm, struct deadline deadline, struct err *err);
int __wrap_vm_state_load(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	(void)deadline;
	g_string_append(calls, "load;");
	vm->image_bytes = 0; /* of an image that is being written, nobody knows it */
	return load_rc == 0 ? 0 : err_set(err, load_rc, "no answer");
}

int __wrap_vm_state_store(struct vm_context *vm, enum image_state image, struct deadline deadline,
			  struct err *err);
int __wrap_vm_state_store(struct vm_context *vm, enum image_state image, struct deadline deadline,
			  struct err *err)
{
	(void)vm;
	(void)deadline;
	g_string_append_printf(calls, "%s;", image_state_to_str(image));
	return store_errors-- > 0 ? err_set(err, -ESTALE, "another host writes") : 0;
}

static int begin(void **state)
{
	(void)state;
	calls = g_string_new(NULL);
	store_errors = load_rc = 0;
	domain = DOMAIN_RUNNING;
	return 0;
}

static int end(void **state)
{
	(void)state;
	g_string_free(calls, TRUE);
	return 0;
}

static void saved(int expected, const char *wanted)
{
	struct vm_context vm = {.settings = &settings, .image = IMAGE_NONE};

	assert_int_equal(vm_save_run(&vm, deadline_in(60000), NULL), expected);
	assert_string_equal(calls->str, wanted);
}

static void vm_save_run__says_first_that_it_writes(void **state)
{
	(void)state;
	saved(-EIO, "being written;guest;none;");
}

/* An administrator has set another definition since it was read. */
static void vm_save_run__goes_on_with_what_another_has_stored(void **state)
{
	(void)state;
	store_errors = 1;
	saved(-EIO, "being written;load;being written;guest;none;");
}

static void vm_save_run__does_not_fight(void **state)
{
	(void)state;
	store_errors = 2;
	saved(-ESTALE, "being written;load;being written;");
}

/* What the last try has written, or another task since, is seen before it is written again. */
static void vm_save_probe__reads_what_it_does_not_know(void **state)
{
	struct vm_context vm = {.settings = &settings, .image = IMAGE_WRITING};

	(void)state;
	vm.image_saved = true;
	vm.image_bytes = 4711;
	domain = DOMAIN_ABSENT;
	assert_int_equal(vm_save_probe(&vm, deadline_in(60000), NULL), TASK_NOT_DONE);
	assert_string_equal(calls->str, "load;");
	assert_int_equal(vm.image_bytes, 4711);
	load_rc = -ETIMEDOUT;
	assert_int_equal(vm_save_probe(&vm, deadline_in(60000), NULL), -ETIMEDOUT);
	vm.state_known = true;
	vm.image = IMAGE_VALID;
	assert_int_equal(vm_save_probe(&vm, deadline_in(60000), NULL), TASK_DONE);
	domain = DOMAIN_RUNNING;
	assert_int_equal(vm_save_probe(&vm, deadline_in(60000), NULL), TASK_NOT_DONE);
	assert_string_equal(calls->str, "load;load;");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vm_save_run__says_first_that_it_writes),
		TEST(vm_save_run__goes_on_with_what_another_has_stored),
		TEST(vm_save_run__does_not_fight),
		TEST(vm_save_probe__reads_what_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
