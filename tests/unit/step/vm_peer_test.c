/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "step/vm_peer.h"

#define UUID "11111111-2222-3333-4444-555555555555"
#define DEFINITION                                                                                 \
	"<domain type='kvm'><name>web1</name><uuid>" UUID "</uuid><memory>65536</memory>"          \
	"<os><type arch='x86_64' machine='q35'>hvm</type></os><devices/></domain>"

static void address_is(const char *node, const char *address, const char *suffix, const char *said)
{
	struct vm_settings settings = {.migration_network_suffix = suffix};
	struct vm_context vm = {.settings = &settings};
	struct config_host host = {0};
	char text[300];
	struct err err = ERR_INIT;

	host.node = (char *)node;
	host.migration_address = (char *)address;
	if (vm_peer_address(&vm, &host, text, sizeof(text), &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_string_equal(text, said);
}

static void vm_peer_address__inserts_the_suffix_before_the_first_period(void **state)
{
	(void)state;
	address_is("node2.example.com", "x", "-mig", "node2-mig.example.com");
	address_is("node2", "x", "-mig", "node2-mig");
	address_is("node2", "x", ".mig.example.com", "node2.mig.example.com");
}

static void vm_peer_address__is_the_hosts_own_without_a_suffix(void **state)
{
	(void)state;
	address_is("node2.example.com", "192.0.2.2", NULL, "192.0.2.2");
	address_is("node2.example.com", "fd00::2", "", "[fd00::2]");
}

static int preflight_rc;
static size_t n_events;

/* In place of the one of hypervisor_preflight.c. */
int hypervisor_preflight(struct hypervisor *hypervisor, const char *vm, const char *domain_xml,
			 struct deadline deadline, struct err *err)
{
	(void)deadline;
	assert_non_null(hypervisor);
	assert_string_equal(vm, "web1");
	assert_non_null(strstr(domain_xml, UUID));
	return preflight_rc == 0 ? 0 : err_set(err, preflight_rc, "the reason");
}

static void event_count(void *data, const struct task_event *event)
{
	(void)data;
	assert_string_equal(event->step, "preflight");
	assert_string_equal(event->text, "the reason");
	n_events++;
}

/* No domain runs on either side, so the definition is the mapping file's. */
static int preflight(enum vm_preflight policy, int rc)
{
	const struct vm_settings settings = {
		.vm = "web1", .hypervisor = "test:///default", .preflight = policy};
	const struct vm_report report = {.event = event_count};
	struct config_host here = {.node = (char *)"node1",
				   .initiator = (char *)"iqn.2026-11.org.example:node1"};
	struct config_host there = {.node = (char *)"node2"};
	struct mapping mapping = {
		.vm = "web1", .uuid = UUID, .array = "san1", .xml = (char *)DEFINITION};
	struct vm_peer peer = {.host = &there};
	struct vm_context vm = {.settings = &settings,
				.report = &report,
				.self = &here,
				.portal = "10.0.0.1:3260",
				.mapping = &mapping,
				.peer = &peer};
	struct deadline deadline = deadline_in(60000);
	struct err err = ERR_INIT;
	int result;

	preflight_rc = rc;
	n_events = 0;
	assert_int_equal(hypervisor_open("test:///default", deadline, &peer.hypervisor, NULL), 0);
	result = vm_peer_preflight(&vm, deadline, &err);
	hypervisor_close(peer.hypervisor);
	hypervisor_close(vm.hypervisor);
	if (result != 0) {
		assert_non_null(strstr(err_text(&err), "node2"));
	}
	return result;
}

static void preflight__of_little_memory_is_a_matter_of_policy(void **state)
{
	(void)state;
	assert_int_equal(preflight(VM_PREFLIGHT_REFUSE, -ENOSPC), -ENOSPC);
	assert_int_equal(n_events, 0);
	assert_int_equal(preflight(VM_PREFLIGHT_WARN, -ENOSPC), 0);
	assert_int_equal(n_events, 1);
}

static void preflight__of_what_libvirt_refuses_is_not(void **state)
{
	static const int errors[] = {-ENOTSUP, -EEXIST, -EIO, -ETIMEDOUT};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
		assert_int_equal(preflight(VM_PREFLIGHT_WARN, errors[i]), errors[i]);
		assert_int_equal(n_events, 0);
	}
	assert_int_equal(preflight(VM_PREFLIGHT_REFUSE, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vm_peer_address__inserts_the_suffix_before_the_first_period),
		cmocka_unit_test(vm_peer_address__is_the_hosts_own_without_a_suffix),
		cmocka_unit_test(preflight__of_little_memory_is_a_matter_of_policy),
		cmocka_unit_test(preflight__of_what_libvirt_refuses_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
