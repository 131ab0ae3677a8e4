/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/vm_stored.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "change/vm_define.h"

#define UUID VM_STORED_UUID
#define OTHER_UUID "21111111-2222-3333-4444-555555555555"
#define DISK(target) VM_STORED_DISK(target)
#define NIC(mac) "<interface type='user'>" mac "<model type='virtio'/></interface>"
#define MAC "<mac address='52:54:00:aa:bb:01'/>"
#define DOMAIN(uuid, memory, more)                                                                 \
	"<domain type='qemu'><name>web1</name><uuid>" uuid "</uuid><memory unit='MiB'>" memory     \
	"</memory><os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os><devices>" more      \
	"</devices></domain>"
#define STORED DOMAIN(UUID, "64", DISK("vda") DISK("vdb") NIC(MAC))
#define DIGEST(digit) "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde" digit
#define LIMIT_MS 60000

static const struct vm_settings settings = {
	.vm = "web1",
	.array = "san1",
	.hypervisor = "test:///default",
};
static struct vm_context vm;

static int begin(void **state)
{
	(void)state;
	return vm_stored_begin(&vm, &settings, STORED, DIGEST("0"));
}

static int end(void **state)
{
	(void)state;
	vm_stored_end(&vm);
	return 0;
}

static struct mapping *made(const char *xml, const char *config)
{
	const struct vm_define_text text = {.xml = xml, .config = config};
	struct mapping *next = NULL;
	struct err err = ERR_INIT;

	if (vm_define_make(&vm, &text, &next, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return next;
}

static void check(const char *xml, bool here, int expected, const char *said)
{
	const struct vm_define_text text = {.xml = xml};
	const struct vm_defined seen = {.here = here};
	struct mapping *next = made(xml, NULL);
	struct err err = ERR_INIT;
	int rc = vm_define_check(&vm, &seen, &text, next, deadline_in(LIMIT_MS), &err);

	if (rc != expected || strstr(err_text(&err), said) == NULL) {
		fail_msg("%d: %s", rc, err_text(&err));
	}
	mapping_free(next);
}

static void vm_define_make__counts_a_change(void **state)
{
	struct mapping *next =
		made(DOMAIN(UUID, "128", DISK("vda") DISK("vdb") NIC("")), DIGEST("1"));

	(void)state;
	assert_int_equal(next->revision, 4);
	assert_false(next->complete);
	assert_string_equal(next->config, DIGEST("1"));
	/* The guest keeps its network card. */
	assert_non_null(strstr(next->xml, "52:54:00:aa:bb:01"));
	mapping_free(next);
}

static void vm_define_make__keeps_what_is_the_same(void **state)
{
	struct mapping *next =
		made(DOMAIN(UUID, "64", "<!-- --> " DISK("vda") DISK("vdb") NIC("")), DIGEST("1"));

	(void)state;
	assert_int_equal(next->revision, 3);
	assert_true(next->complete);
	assert_string_equal(next->config, DIGEST("1"));
	mapping_free(next);
	/* An edit is of no file. */
	next = made(STORED, NULL);
	assert_string_equal(next->xml, vm.mapping->xml);
	mapping_free(next);
}

static void vm_define_make__refuses_by_the_list(void **state)
{
	static const char *const refused[] = {
		DOMAIN(UUID, "64", DISK("vda") DISK("vdb") "<hostdev/>"),
		DOMAIN(UUID, "64", DISK("vda")),
		DOMAIN(UUID, "64", DISK("vda") DISK("vdb") DISK("vdc")),
		"<domain/>",
		"rubbish",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		const struct vm_define_text text = {.xml = refused[i]};
		struct mapping *next = NULL;

		assert_int_equal(vm_define_make(&vm, &text, &next, NULL), -EINVAL);
		assert_null(next);
	}
}

static void vm_define_check__asks_libvirt(void **state)
{
	(void)state;
	/* libvirt's test driver cannot tell. */
	check(DOMAIN(UUID, "128", DISK("vda") DISK("vdb")), false, 0, "");
	check(DOMAIN(UUID, "128", DISK("vda") DISK("vdb")), true, 0, "");
}

static void vm_define_check__refuses_another_vm(void **state)
{
	(void)state;
	check(DOMAIN(OTHER_UUID, "64", DISK("vda") DISK("vdb")), false, -EPERM, OTHER_UUID);
}

/* A migration finds the LUN of each disk in the mapping file. */
static void vm_define_check__keeps_the_drives_of_a_guest(void **state)
{
	(void)state;
	strcpy(vm.drives[1].extent.lun, "more");
	check(STORED, true, -EPERM, "stop it first");
	vm.image = IMAGE_VALID;
	check(STORED, false, -EPERM, "discard its memory");
	strcpy(vm.drives[1].extent.lun, "data");
	check(STORED, false, 0, "");
	check(STORED, true, 0, "");
}

/* I6. */
static void vm_define_check__refuses_another_volume(void **state)
{
	(void)state;
	strcpy(vm.luns[1].designator, "naa.6666");
	check(STORED, true, -EPERM, "stop it first");
	check(STORED, false, -EUCLEAN, "naa.6666");
	strcpy(vm.luns[1].designator, "naa.6002");
	strcpy(vm.luns[2].designator, "naa.6666");
	check(STORED, false, -EUCLEAN, "LUN 'state'");
	/* A drive that is another LUN, and one that is smaller: diff shows it. */
	strcpy(vm.luns[2].designator, "naa.6003");
	vm.luns[1].size_bytes /= 2;
	check(STORED, false, 0, "");
}

static void vm_define_check__refuses_a_text_of_another_revision(void **state)
{
	g_autofree char *edited = g_strdup(vm.mapping->xml);
	char *at = strstr(edited, "revision=\"3\"");

	(void)state;
	check(edited, false, 0, "");
	assert_non_null(at);
	at[strlen("revision=\"")] = '2';
	check(edited, false, -ESTALE, "revision 3 is stored by now");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vm_define_make__counts_a_change),
		TEST(vm_define_make__keeps_what_is_the_same),
		TEST(vm_define_make__refuses_by_the_list),
		TEST(vm_define_check__asks_libvirt),
		TEST(vm_define_check__refuses_another_vm),
		TEST(vm_define_check__keeps_the_drives_of_a_guest),
		TEST(vm_define_check__refuses_a_text_of_another_revision),
		TEST(vm_define_check__refuses_another_volume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
