/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live migration between two real libvirtds; run.sh --two makes both hosts and calls this on the
 * first. Argument: the address of the second.
 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "hypervisor/hypervisor.h"

#define VM "live2"
#define PLAIN                                                                                      \
	"<domain type='qemu'><name>" VM "</name>"                                                  \
	"<uuid>b1111111-2222-3333-4444-555555555555</uuid><memory unit='MiB'>256</memory>"         \
	"<vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>"                      \
	"<cpu mode='custom' match='exact'><model>qemu64</model></cpu>"                             \
	"<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>"

static char target_uri[128];
static char migrate_uri[128];
static struct hypervisor *source;
static struct hypervisor *target;
static struct hypervisor_progress last;

static struct deadline soon(void)
{
	return deadline_in(20000);
}

static void expect_rc(int rc, int expected, const struct err *err)
{
	if (rc != expected) {
		fail_msg("%d instead of %d: %s", rc, expected, err_text(err));
	}
}

static void expect_states(enum domain_state on_source, enum domain_state on_target)
{
	enum domain_state state = DOMAIN_STATE_MAX;
	struct err err = ERR_INIT;

	expect_rc(hypervisor_domain_state(source, VM, soon(), &state, &err), 0, &err);
	assert_string_equal(domain_state_to_str(state), domain_state_to_str(on_source));
	expect_rc(hypervisor_domain_state(target, VM, soon(), &state, &err), 0, &err);
	assert_string_equal(domain_state_to_str(state), domain_state_to_str(on_target));
}

static int begin(void **state)
{
	(void)state;
	memset(&last, 0, sizeof(last));
	if (hypervisor_open("qemu:///system", soon(), &source, NULL) < 0 ||
	    hypervisor_open(target_uri, soon(), &target, NULL) < 0) {
		return -1;
	}
	return hypervisor_create(source, PLAIN, soon(), NULL);
}

static int end(void **state)
{
	(void)state;
	(void)hypervisor_destroy(source, VM, soon(), NULL);
	(void)hypervisor_destroy(target, VM, soon(), NULL);
	hypervisor_close(source);
	hypervisor_close(target);
	return 0;
}

static void remember(const struct hypervisor_progress *now, void *data)
{
	*(struct hypervisor_progress *)data = *now;
}

static int migrate(int timeout_ms, struct err *err)
{
	const struct hypervisor_migration migration = {.vm = VM,
						       .target_uri = target_uri,
						       .migrate_uri = migrate_uri,
						       .target_xml = PLAIN};

	return hypervisor_migrate(source, &migration, deadline_in(timeout_ms), remember, &last,
				  err);
}

static void migrate__moves_a_running_domain(void **state)
{
	int64_t began = deadline_now_ms();
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(hypervisor_preflight(target, VM, PLAIN, soon(), &err), 0, &err);
	expect_rc(migrate(20000, &err), 0, &err);
	print_message("migrated in %d ms, downtime %d ms\n", (int)(deadline_now_ms() - began),
		      (int)last.downtime_ms);
	expect_states(DOMAIN_ABSENT, DOMAIN_RUNNING);
	assert_true(last.downtime_ms > 0);
}

static void migrate__that_is_aborted_leaves_it_on_the_source(void **state)
{
	struct err err = ERR_INIT;
	int rc;

	(void)state;
	rc = migrate(400, &err);
	/* A machine that is quick enough has done it within the deadline. */
	if (rc != 0) {
		expect_rc(rc, -ETIMEDOUT, &err);
		assert_non_null(strstr(err_text(&err), "aborted"));
	}
	expect_states(rc == 0 ? DOMAIN_ABSENT : DOMAIN_RUNNING,
		      rc == 0 ? DOMAIN_RUNNING : DOMAIN_ABSENT);
	expect_rc(hypervisor_abort_job(source, VM, soon(), &err), 0, &err);
}

static void migrate__is_refused_where_the_domain_runs_already(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(hypervisor_create(target, PLAIN, soon(), &err), 0, &err);
	expect_rc(migrate(20000, &err), -EIO, &err);
	expect_states(DOMAIN_RUNNING, DOMAIN_RUNNING);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(migrate__moves_a_running_domain, begin, end),
		cmocka_unit_test_setup_teardown(migrate__that_is_aborted_leaves_it_on_the_source,
						begin, end),
		cmocka_unit_test_setup_teardown(migrate__is_refused_where_the_domain_runs_already,
						begin, end),
	};

	if (argc != 2) {
		(void)fprintf(stderr, "usage: %s ADDRESS\n", argv[0]);
		return 2;
	}
	(void)snprintf(target_uri, sizeof(target_uri), "qemu+tcp://%s/system", argv[1]);
	(void)snprintf(migrate_uri, sizeof(migrate_uri), "tcp://%s", argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
