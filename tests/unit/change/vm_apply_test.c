/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "change/vm_apply.h"
#include "definition/definition_diff.h"

/* What libvirt is asked: the calls are replaced (-Wl,--wrap). */
#define NIC(mac, more) "<interface type='user'>" mac "<model type='virtio'/>" more "</interface>"
#define MAC(last) "<mac address='52:54:00:aa:bb:0" last "'/>"
#define DOMAIN(memory, nics)                                                                       \
	"<domain><memory>" memory "</memory><devices>" nics "</devices></domain>"

static GString *asked;
static GString *told;
static int answer;

static int ask(const char *what, const char *xml, struct err *err)
{
	const char *mac = strstr(xml, "52:54");

	assert_int_equal(strncmp(xml, "<interface", strlen("<interface")), 0);
	g_string_append_printf(asked, "%s %.17s;", what, mac == NULL ? "" : mac);
	return answer == 0 ? 0 : err_set(err, answer, "no");
}

#define REPLACE(name)                                                                              \
	int __wrap_hypervisor_##name(struct hypervisor *hypervisor, const char *vm,                \
				     const char *xml, struct deadline deadline, struct err *err);  \
	int __wrap_hypervisor_##name(struct hypervisor *hypervisor, const char *vm,                \
				     const char *xml, struct deadline deadline, struct err *err)   \
	{                                                                                          \
		(void)hypervisor;                                                                  \
		(void)deadline;                                                                    \
		assert_string_equal(vm, "web1");                                                   \
		return ask(#name, xml, err);                                                       \
	}
REPLACE(attach)
REPLACE(detach)
REPLACE(update)

static void tell(void *data, const char *nic, const char *done, const struct err *why)
{
	assert_ptr_equal(data, &answer);
	g_string_append_printf(told, "%s: %s;", nic, done != NULL ? done : err_text(why));
}

static size_t applied(const char *was, const char *is, const char *calls)
{
	static const struct vm_settings settings = {.vm = "web1"};
	struct vm_context vm = {.settings = &settings};
	g_autoptr(GPtrArray) changes = NULL;
	size_t left;

	g_string_truncate(asked, 0);
	g_string_truncate(told, 0);
	assert_int_equal(definition_diff(was, is, &changes, NULL), 0);
	left = vm_apply(&vm, changes, is, deadline_in(60000), tell, &answer);
	assert_string_equal(asked->str, calls);
	return left;
}

static int begin(void **state)
{
	(void)state;
	asked = g_string_new(NULL);
	told = g_string_new(NULL);
	answer = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	g_string_free(asked, TRUE);
	g_string_free(told, TRUE);
	return 0;
}

static void vm_apply__attaches_and_detaches(void **state)
{
	(void)state;
	assert_int_equal(applied(DOMAIN("1", NIC(MAC("1"), "")),
				 DOMAIN("1", NIC(MAC("1"), "") NIC(MAC("2"), "")),
				 "attach 52:54:00:aa:bb:02;"),
			 0);
	assert_string_equal(told->str, "52:54:00:aa:bb:02: attached;");
	assert_int_equal(applied(DOMAIN("1", NIC(MAC("1"), "") NIC(MAC("2"), "")),
				 DOMAIN("1", NIC(MAC("1"), "")), "detach 52:54:00:aa:bb:02;"),
			 0);
}

static void vm_apply__changes_a_nic_once(void **state)
{
	(void)state;
	assert_int_equal(
		applied(DOMAIN("1", NIC(MAC("1"), "<link state='up'/>")),
			DOMAIN("1", NIC(MAC("1"), "<link state='down'/><mtu size='9000'/>")),
			"update 52:54:00:aa:bb:01;"),
		0);
	answer = -EIO;
	assert_int_equal(
		applied(DOMAIN("1", NIC(MAC("1"), "<link state='up'/>")),
			DOMAIN("1", NIC(MAC("1"), "<link state='down'/><mtu size='9000'/>")),
			"update 52:54:00:aa:bb:01;"),
		2);
	assert_string_equal(told->str, "52:54:00:aa:bb:01: no;");
}

static void vm_apply__leaves_the_rest(void **state)
{
	(void)state;
	assert_int_equal(applied(DOMAIN("1", ""), DOMAIN("2", NIC(MAC("2"), "") "<rng/>"),
				 "attach 52:54:00:aa:bb:02;"),
			 2);
	/* It would have another MAC at the next boot. */
	assert_int_equal(applied(DOMAIN("1", ""), DOMAIN("1", NIC("", "")), ""), 1);
	assert_string_equal(told->str, "new NIC: it has no <mac> in the definition;");
	/* libvirt had added it, and adds it again. */
	assert_int_equal(applied(DOMAIN("1", "<memballoon/>"), DOMAIN("1", ""), ""), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vm_apply__attaches_and_detaches),
		TEST(vm_apply__changes_a_nic_once),
		TEST(vm_apply__leaves_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
