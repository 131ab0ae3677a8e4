/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/vm_stored.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "change/vm_apply.h"

/*
 * What libvirt is asked: its calls are replaced (-Wl,--wrap). The guest has the definition in runs,
 * and becomes the one in becomes after it was asked.
 */
#define NIC(mac, more) "<interface type='user'>" mac "<model type='virtio'/>" more "</interface>"
#define MAC(last) "<mac address='52:54:00:aa:bb:0" last "'/>"
#define DOMAIN(head, more)                                                                         \
	"<domain type='qemu'><name>web1</name><uuid>" VM_STORED_UUID                               \
	"</uuid><memory unit='MiB'>64</memory>" head                                               \
	"<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os><devices>" VM_STORED_DISK(    \
		"vda") VM_STORED_DISK("vdb") "<memballoon model='virtio'/>" more                   \
					     "</devices></domain>"
#define STORED DOMAIN("<vcpu current='1'>2</vcpu>", NIC(MAC("1"), ""))
#define MORE                                                                                       \
	DOMAIN("<currentMemory unit='MiB'>48</currentMemory><vcpu current='2'>2</vcpu>",           \
	       NIC(MAC("1"), "<link state='down'/>") NIC(MAC("2"), ""))
#define LIMIT_MS 60000

static const struct vm_settings settings = {.vm = "web1", .hypervisor = "test:///default"};
static struct vm_context vm;
static struct mapping *next;
static struct vm_apply *apply;
static char *runs;
static char *becomes;
static GString *asked;
static const char *refused; /* the call that libvirt refuses */

static int ask(const char *what, const char *with, struct err *err)
{
	g_string_append_printf(asked, "%s %s;", what, with);
	if (g_strcmp0(refused, what) == 0) {
		return err_set(err, -EIO, "no %s", what);
	}
	g_free(runs);
	runs = g_strdup(becomes);
	return 0;
}

#define REPLACE(name, type, argument, with)                                                        \
	int __wrap_hypervisor_##name(struct hypervisor *hypervisor, const char *of, type argument, \
				     struct deadline deadline, struct err *err);                   \
	int __wrap_hypervisor_##name(struct hypervisor *hypervisor, const char *of, type argument, \
				     struct deadline deadline, struct err *err)                    \
	{                                                                                          \
		g_autofree char *text = with;                                                      \
		(void)hypervisor;                                                                  \
		(void)deadline;                                                                    \
		assert_string_equal(of, "web1");                                                   \
		return ask(#name, text, err);                                                      \
	}

static char *mac_of(const char *xml)
{
	assert_int_equal(strncmp(xml, "<interface", strlen("<interface")), 0);
	return g_strndup(strstr(xml, "52:54"), 17);
}

static char *number(uint64_t value)
{
	return g_strdup_printf("%u", (unsigned int)value);
}

REPLACE(attach, const char *, xml, mac_of(xml))
REPLACE(detach, const char *, xml, mac_of(xml))
REPLACE(update, const char *, xml, mac_of(xml))
REPLACE(set_memory, uint64_t, kib, number(kib))
REPLACE(set_vcpus, unsigned int, count, number(count))
REPLACE(set_mapping, const char *, xml, g_strdup(strstr(xml, "revision=\"4\"") != NULL ? "4" : "?"))

int __wrap_hypervisor_domain_xml(struct hypervisor *hypervisor, const char *of,
				 struct deadline deadline, char **ret, struct err *err);
int __wrap_hypervisor_domain_xml(struct hypervisor *hypervisor, const char *of,
				 struct deadline deadline, char **ret, struct err *err)
{
	(void)hypervisor;
	(void)of;
	(void)deadline;
	*ret = g_strdup(runs);
	return runs != NULL ? 0 : err_set(err, -ENOENT, "domain 'web1' is not active");
}

static int begin(void **state)
{
	(void)state;
	asked = g_string_new(NULL);
	refused = NULL;
	return vm_stored_begin(&vm, &settings, STORED, NULL);
}

static int end(void **state)
{
	(void)state;
	vm_apply_free(apply);
	apply = NULL;
	mapping_free(next);
	next = NULL;
	g_free(runs);
	runs = NULL;
	g_free(becomes);
	becomes = NULL;
	g_string_free(asked, TRUE);
	vm_stored_end(&vm);
	return 0;
}

/* The mapping file of the text, and how libvirt shows a domain of it. */
static struct mapping *mapping_of(const char *text, uint64_t revision)
{
	const struct mapping_source source = {
		.domain_xml = text,
		.vm = "web1",
		.array = "san1",
		.drives = vm.drives,
		.n_drives = 2,
		.state = &vm.state,
		.luns = vm.luns,
		.n_luns = 3,
		.revision = revision,
	};
	struct mapping *made = NULL;
	struct err err = ERR_INIT;

	if (mapping_build(&source, &made, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return made;
}

static char *shown(const char *text, uint64_t revision)
{
	struct mapping *made = mapping_of(text, revision);
	char *xml = g_strdup(made->xml);

	mapping_free(made);
	return xml;
}

/* A guest of the stored revision is to have what text says; then it has what after says. */
static void plan(const char *text, const char *after)
{
	struct err err = ERR_INIT;

	next = mapping_of(text, 4);
	runs = shown(STORED, 3);
	becomes = shown(after, 3);
	if (vm_apply_plan(&vm, next, deadline_in(LIMIT_MS), &apply, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	vm.apply = apply;
}

static int step(int (*function)(void *, struct deadline, struct err *), struct err *err)
{
	return function(&vm, deadline_in(LIMIT_MS), err);
}

static void expect_asked(const char *calls)
{
	assert_string_equal(asked->str, calls);
	g_string_truncate(asked, 0);
}

static void vm_apply_run__asks_for_each_change(void **state)
{
	g_autofree char *text = NULL;
	struct err err = ERR_INIT;

	(void)state;
	plan(MORE, MORE);
	expect_asked("");
	assert_int_equal(step(vm_apply_probe, &err), TASK_NOT_DONE);
	assert_int_equal(step(vm_apply_run, &err), 0);
	expect_asked("set_memory 49152;set_vcpus 2;update 52:54:00:aa:bb:01;"
		     "attach 52:54:00:aa:bb:02;");
	assert_int_equal(step(vm_apply_probe, &err), TASK_DONE);
	text = vm_apply_text(apply);
	assert_string_equal(text, "memory: the guest has it\nvCPUs: the guest has them\n"
				  "NIC 52:54:00:aa:bb:01: changed\n"
				  "NIC 52:54:00:aa:bb:02: attached\n");
}

static void vm_apply_run__goes_on_after_a_refusal(void **state)
{
	g_autofree char *text = NULL;
	struct err err = ERR_INIT;

	(void)state;
	plan(MORE, DOMAIN("<currentMemory unit='MiB'>48</currentMemory><vcpu current='1'>2</vcpu>",
			  NIC(MAC("1"), "<link state='down'/>") NIC(MAC("2"), "")));
	refused = "set_vcpus";
	assert_int_equal(step(vm_apply_run, &err), -EIO);
	assert_string_equal(err_text(&err), "1 of 4 changes failed: vCPUs: no set_vcpus");
	expect_asked("set_memory 49152;set_vcpus 2;update 52:54:00:aa:bb:01;"
		     "attach 52:54:00:aa:bb:02;");
	text = vm_apply_text(apply);
	assert_non_null(strstr(text, "vCPUs: at its next boot: no set_vcpus\n"));
	assert_non_null(strstr(text, "NIC 52:54:00:aa:bb:02: attached\n"));
	/* Again: only what is left. */
	refused = NULL;
	becomes = (g_free(becomes), shown(MORE, 3));
	assert_int_equal(step(vm_apply_run, &err), 0);
	expect_asked("set_vcpus 2;");
}

/* libvirt returns when it has asked the guest, which need not answer. */
static void vm_apply_run__does_not_believe_the_call(void **state)
{
	g_autofree char *text = NULL;
	struct err err = ERR_INIT;

	(void)state;
	plan(DOMAIN("<vcpu current='1'>2</vcpu>", ""), STORED);
	assert_int_equal(vm_apply_run(&vm, deadline_in(1), &err), -EIO);
	expect_asked("detach 52:54:00:aa:bb:01;");
	text = vm_apply_text(apply);
	assert_string_equal(text,
			    "NIC 52:54:00:aa:bb:01: at its next boot: the guest was asked, and "
			    "has not done it yet\n");
}

static void vm_apply_run__fails_without_the_domain(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	plan(MORE, MORE);
	g_free(runs);
	runs = NULL;
	assert_int_equal(step(vm_apply_probe, &err), -ENOENT);
}

static void vm_apply_plan__compares_what_runs(void **state)
{
	g_autofree char *text = NULL;

	(void)state;
	/* It was stored before, and the guest does not have it. */
	plan(STORED, STORED);
	assert_int_equal(apply->plan->items->len, 0);
	vm_apply_free(apply);
	g_free(runs);
	runs = shown(DOMAIN("<vcpu current='2'>2</vcpu>", NIC(MAC("1"), "") NIC(MAC("3"), "")), 2);
	assert_int_equal(vm_apply_plan(&vm, next, deadline_in(LIMIT_MS), &apply, NULL), 0);
	text = vm_apply_text(apply);
	assert_string_equal(text, "vCPUs: at its next boot: not tried\n"
				  "NIC 52:54:00:aa:bb:03: at its next boot: not tried\n");
	assert_false(apply->whole);
}

static void vm_apply_plan__refuses_what_cannot_be_compared(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	next = mapping_of(MORE, 4);
	assert_int_equal(vm_apply_plan(&vm, next, deadline_in(LIMIT_MS), &apply, &err), -ENOENT);
	runs = g_strdup(DOMAIN("", VM_STORED_DISK("vdc")));
	assert_int_equal(vm_apply_plan(&vm, next, deadline_in(LIMIT_MS), &apply, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "vdc"));
	assert_null(apply);
}

/* After store, vm.mapping is the new one. */
static void stored(void)
{
	struct mapping *was = vm.mapping;

	vm.mapping = mapping_of(MORE, 4);
	mapping_free(was);
}

static void vm_apply_mark__notes_the_revision_of_the_whole(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	plan(MORE, MORE);
	stored();
	assert_true(apply->whole);
	assert_int_equal(step(vm_apply_run, &err), 0);
	g_string_truncate(asked, 0);
	assert_int_equal(step(vm_apply_mark_probe, &err), TASK_NOT_DONE);
	becomes = (g_free(becomes), shown(MORE, 4));
	assert_int_equal(step(vm_apply_mark_run, &err), 0);
	expect_asked("set_mapping 4;");
	assert_int_equal(step(vm_apply_mark_probe, &err), TASK_DONE);
}

/* With something left for the boot, the guest is none of the new revision. */
static void vm_apply_mark__leaves_a_part(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	plan(DOMAIN("<title>x</title><vcpu current='2'>2</vcpu>", NIC(MAC("1"), "")), STORED);
	stored();
	assert_int_equal(apply->plan->n_now, 1);
	assert_false(apply->whole);
	assert_int_equal(step(vm_apply_mark_probe, &err), TASK_DONE);
	assert_int_equal(step(vm_apply_complete_probe, &err), TASK_DONE);
	expect_asked("");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vm_apply_run__asks_for_each_change),
		TEST(vm_apply_run__goes_on_after_a_refusal),
		TEST(vm_apply_run__does_not_believe_the_call),
		TEST(vm_apply_run__fails_without_the_domain),
		TEST(vm_apply_plan__compares_what_runs),
		TEST(vm_apply_plan__refuses_what_cannot_be_compared),
		TEST(vm_apply_mark__notes_the_revision_of_the_whole),
		TEST(vm_apply_mark__leaves_a_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
