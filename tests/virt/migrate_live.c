/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live migration between two real libvirtds; run.sh --two makes both hosts and calls this on the
 * first. Argument: the address of the second.
 */
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

#include <libvirt/libvirt-qemu.h>

#include "hypervisor/hypervisor_conn.h"
#include "process/process.h"
#include "process/qemu_process.h"

#define VM "live2"
/* As people write it: what is left to libvirt cannot be guessed again for the target. */
#define PLAIN DEFINITION("256")
/* Each page costs some bytes, also one that was never used: seconds, at 1 MiB/s. */
#define LARGE DEFINITION("3072")
#define DEFINITION(mib)                                                                            \
	"<domain type='qemu'><name>" VM "</name>"                                                  \
	"<uuid>b1111111-2222-3333-4444-555555555555</uuid><memory unit='MiB'>" mib "</memory>"     \
	"<vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>"                      \
	"<features><acpi/></features><cpu mode='host-model'/><genid/>"                             \
	"<devices>" NIC "</devices></domain>"
#define NIC "<interface type='user'><model type='e1000'/><rom enabled='no'/></interface>"

static char target_uri[128];
static char migrate_uri[128];
static struct hypervisor *source;
static struct hypervisor *target;
static struct hypervisor_progress last;
static struct hypervisor_tuning tuning;

static void remember(const struct hypervisor_progress *now, void *data)
{
	*(struct hypervisor_progress *)data = *now;
}

static struct deadline soon(void)
{
	return deadline_in(120000);
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

static int begin_with(const char *xml)
{
	memset(&last, 0, sizeof(last));
	tuning = (struct hypervisor_tuning){.auto_converge = true};
	if (hypervisor_open("qemu:///system", soon(), &source, NULL) < 0 ||
	    hypervisor_open(target_uri, soon(), &target, NULL) < 0) {
		return -1;
	}
	return hypervisor_create(source, xml, soon(), NULL);
}

static int begin(void **state)
{
	(void)state;
	return begin_with(PLAIN);
}

static int begin_large(void **state)
{
	(void)state;
	return begin_with(LARGE);
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

static int migrate_with(const char *xml, int timeout_ms, struct err *err)
{
	const struct hypervisor_migration migration = {.vm = VM,
						       .target_uri = target_uri,
						       .migrate_uri = migrate_uri,
						       .target_xml = xml,
						       .tuning = tuning,
						       .progress = remember,
						       .data = &last};

	return hypervisor_migrate(source, &migration, deadline_in(timeout_ms), err);
}

static char *running(struct hypervisor *hv)
{
	struct err err = ERR_INIT;
	char *xml = NULL;

	expect_rc(hypervisor_domain_xml(hv, VM, soon(), &xml, &err), 0, &err);
	return xml;
}

static int migrate(int timeout_ms, struct err *err)
{
	g_autofree char *xml = running(source);

	return migrate_with(xml, timeout_ms, err);
}

/* It arrives paused and marked, and libvirt starts nothing by itself. */
static void migrate__moves_a_running_domain(void **state)
{
	g_autofree char *xml = running(source);
	int64_t began = deadline_now_ms();
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(hypervisor_preflight(target, VM, xml, soon(), &err), 0, &err);
	expect_rc(migrate(120000, &err), 0, &err);
	print_message("migrated in %d ms, downtime %d ms\n", (int)(deadline_now_ms() - began),
		      (int)last.downtime_ms);
	expect_states(DOMAIN_ABSENT, DOMAIN_ARRIVED);
	expect_rc(hypervisor_resume(target, VM, soon(), &err), 0, &err);
	expect_states(DOMAIN_ABSENT, DOMAIN_RUNNING);
	assert_true(last.downtime_ms > 0);
}

/* What the caller of a migration is told when QEMU exits, and what it sees then. */
static struct {
	bool starts; /* the answer */
	int gone;
	int arrived;
	enum domain_state there;
} told;

static bool note_gone(void *data)
{
	(void)data;
	told.gone++;
	expect_rc(hypervisor_domain_state(target, VM, soon(), &told.there, NULL), 0, NULL);
	if (told.starts) {
		expect_rc(hypervisor_resume(target, VM, soon(), NULL), 0, NULL);
	}
	return told.starts;
}

static void note_arrived(void *data)
{
	(void)data;
	told.arrived++;
}

static int migrate_told(int qemu_fd, struct err *err)
{
	g_autofree char *xml = running(source);
	const struct hypervisor_migration migration = {
		.vm = VM,
		.target_uri = target_uri,
		.migrate_uri = migrate_uri,
		.target_xml = xml,
		.qemu_fd = qemu_fd,
		.gone = note_gone,
		.arrived = note_arrived,
	};

	return hypervisor_migrate(source, &migration, soon(), err);
}

static int qemu_of_source(void)
{
	struct err err = ERR_INIT;
	int qemu_fd = qemu_process_hold(VM, &err);

	if (qemu_fd < 0) {
		fail_msg("%s", err_text(&err));
	}
	return qemu_fd;
}

/* Where libvirt happens to look in that moment, its call ends as soon: then the next one shows it.
 */
static void migrate_until_gone(bool starts)
{
	const int tries = 20;

	memset(&told, 0, sizeof(told));
	told.starts = starts;
	for (int i = 0; i < tries && told.gone == 0; i++) {
		struct err err = ERR_INIT;
		AUTO_FD qemu_fd = -1;

		if (i > 0) {
			assert_int_equal(told.arrived, 1);
			told.arrived = 0;
			expect_rc(hypervisor_destroy(target, VM, soon(), &err), 0, &err);
			expect_rc(hypervisor_create(source, PLAIN, soon(), &err), 0, &err);
		}
		qemu_fd = qemu_of_source();
		expect_rc(migrate_told(qemu_fd, &err), 0, &err);
	}
}

/* Before libvirt has seen it: the guest need not wait for that. */
static void migrate__tells_that_qemu_has_gone(void **state)
{
	(void)state;
	migrate_until_gone(true);
	assert_int_equal(told.gone, 1);
	assert_int_equal(told.arrived, 0);
	assert_string_equal(domain_state_to_str(told.there), domain_state_to_str(DOMAIN_ARRIVED));
	expect_states(DOMAIN_ABSENT, DOMAIN_RUNNING);
}

static void migrate__tells_the_end_too_if_that_started_nothing(void **state)
{
	(void)state;
	migrate_until_gone(false);
	assert_int_equal(told.gone, 1);
	assert_int_equal(told.arrived, 1);
	expect_states(DOMAIN_ABSENT, DOMAIN_ARRIVED);
}

/* An exit while the guest was not stopped for its migration says nothing of what arrives. */
static void migrate__takes_no_other_exit_for_the_end(void **state)
{
	struct err err = ERR_INIT;
	AUTO_FD other_fd = -1;
	pid_t pid = fork();

	(void)state;
	memset(&told, 0, sizeof(told));
	told.starts = true;
	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(0);
	}
	other_fd = process_hold(pid, &err);
	assert_true(other_fd >= 0);
	expect_rc(migrate_told(other_fd, &err), 0, &err);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(told.gone, 0);
	assert_int_equal(told.arrived, 1);
	expect_states(DOMAIN_ABSENT, DOMAIN_ARRIVED);
}

static size_t nics(const char *xml)
{
	size_t n = 0;

	while ((xml = strstr(xml, "<mac ")) != NULL) {
		xml++;
		n++;
	}
	return n;
}

static void migrate__carries_along_what_was_attached(void **state)
{
	virDomainPtr domain = virDomainLookupByName(source->conn, VM);
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(virDomainAttachDevice(domain, NIC), 0);
	(void)virDomainFree(domain);
	before = running(source);
	expect_rc(migrate(120000, &err), 0, &err);
	expect_rc(hypervisor_resume(target, VM, soon(), &err), 0, &err);
	after = running(target);
	assert_int_equal(nics(before), 2);
	/* From the machine on: the metadata before it had the mark of the arrival. */
	assert_string_equal(strstr(after, "<os>"), strstr(before, "<os>"));
	assert_string_equal(strstr(after, "<genid>") == NULL ? "" : "kept", "kept");
}

static void migrate__with_the_text_of_the_user_is_refused(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(migrate_with(PLAIN, 120000, &err), -EIO, &err);
	assert_non_null(strstr(err_text(&err), "does not match source"));
	expect_states(DOMAIN_RUNNING, DOMAIN_ABSENT);
}

static void migrate__that_is_aborted_leaves_it_on_the_source(void **state)
{
	struct err err = ERR_INIT;
	int rc;

	(void)state;
	rc = migrate(1000, &err);
	/* A machine that is quick enough has done it within the deadline. */
	if (rc != 0) {
		expect_rc(rc, -ETIMEDOUT, &err);
		print_message("%s\n", err_text(&err));
		assert_non_null(strstr(err_text(&err), "aborted"));
	}
	expect_states(rc == 0 ? DOMAIN_ABSENT : DOMAIN_RUNNING,
		      rc == 0 ? DOMAIN_ARRIVED : DOMAIN_ABSENT);
	expect_rc(hypervisor_abort_job(source, VM, soon(), &err), 0, &err);
}

static void migrate__is_refused_where_the_domain_runs_already(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	expect_rc(hypervisor_create(target, PLAIN, soon(), &err), 0, &err);
	expect_rc(migrate(120000, &err), -EIO, &err);
	expect_states(DOMAIN_RUNNING, DOMAIN_RUNNING);
}

/* What QEMU says of a migration that is under way; asked again and again by another thread. */
static char *parameters;
static char *capabilities;
static volatile bool asking;

static char *qemu_says(virDomainPtr domain, const char *command)
{
	char *text = NULL;

	(void)virDomainQemuMonitorCommand(domain, command, &text, 0);
	return text;
}

static bool snapshot_take(virDomainPtr domain)
{
	g_autofree char *now = qemu_says(domain, "{\"execute\":\"query-migrate\"}");

	if (now == NULL || strstr(now, "\"status\":\"active\"") == NULL) {
		return false;
	}
	g_clear_pointer(&parameters, free);
	g_clear_pointer(&capabilities, free);
	parameters = qemu_says(domain, "{\"execute\":\"query-migrate-parameters\"}");
	capabilities = qemu_says(domain, "{\"execute\":\"query-migrate-capabilities\"}");
	return parameters != NULL && capabilities != NULL;
}

static void *ask_qemu(void *data)
{
	virDomainPtr domain = virDomainLookupByName(source->conn, VM);

	(void)data;
	while (domain != NULL && asking && !snapshot_take(domain)) {
		(void)deadline_pause(soon(), 10);
	}
	if (domain != NULL) {
		(void)virDomainFree(domain);
	}
	return NULL;
}

/* So slow that there is time to ask. */
static void migrate_asked(const struct hypervisor_tuning *tuned)
{
	struct err err = ERR_INIT;
	pthread_t thread;
	int rc;

	g_clear_pointer(&parameters, free);
	g_clear_pointer(&capabilities, free);
	tuning = *tuned;
	tuning.bandwidth_mib_s = 1;
	asking = true;
	assert_int_equal(pthread_create(&thread, NULL, ask_qemu, NULL), 0);
	rc = migrate(120000, &err);
	asking = false;
	assert_int_equal(pthread_join(thread, NULL), 0);
	expect_rc(rc, 0, &err);
	assert_non_null(parameters);
	assert_non_null(capabilities);
	expect_states(DOMAIN_ABSENT, DOMAIN_ARRIVED);
}

static void has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL) {
		fail_msg("no %s in %s", part, text);
	}
}

/* QEMU leaves out what it cannot do at all. */
static void capability(const char *name, bool on)
{
	g_autofree char *part = g_strdup_printf("{\"state\":true,\"capability\":\"%s\"}", name);

	if ((strstr(capabilities, part) != NULL) != on) {
		fail_msg("%s is %s in %s", name, on ? "off" : "on", capabilities);
	}
}

static void tuning__reaches_qemu(void **state)
{
	(void)state;
	migrate_asked(&(struct hypervisor_tuning){.downtime_max_ms = 1234, .connections = 3});
	has(parameters, "\"max-bandwidth\":1048576,");
	has(parameters, "\"downtime-limit\":1234,");
	has(parameters, "\"multifd-channels\":3,");
	has(parameters, "\"tls-creds\":\"\"");
	capability("multifd", true);
	capability("auto-converge", false);
	capability("xbzrle", false);
	capability("compress", false);
	capability("postcopy-ram", false);
}

static void tuning__compresses_one_connection(void **state)
{
	(void)state;
	migrate_asked(&(struct hypervisor_tuning){.compression = COMPRESSION_XBZRLE,
						  .auto_converge = true});
	has(parameters, "\"downtime-limit\":300,");
	capability("multifd", false);
	capability("auto-converge", true);
	capability("xbzrle", true);
	capability("compress", false);
}

/* QEMU 9.1 has lost it. */
static void tuning__compresses_with_threads(void **state)
{
	unsigned long qemu = 0;

	(void)state;
	assert_int_equal(virConnectGetVersion(source->conn, &qemu), 0);
	if (qemu >= 9001000) {
		skip();
	}
	migrate_asked(&(struct hypervisor_tuning){.compression = COMPRESSION_MT});
	capability("xbzrle", false);
	capability("compress", true);
}

/* The certificates are for the addresses of the two hosts (run.sh). */
static void tuning__encrypts(void **state)
{
	(void)state;
	migrate_asked(&(struct hypervisor_tuning){.encrypted = true, .connections = 2});
	has(parameters, "\"tls-creds\":\"objlibvirt_migrate_tls0\"");
	capability("multifd", true);
}

static void tuning__that_libvirt_does_not_know_leaves_it_on_the_source(void **state)
{
	struct err err = ERR_INIT;
	unsigned long version = 0;

	(void)state;
	assert_int_equal(virConnectGetLibVersion(source->conn, &version), 0);
	if (version >= 9004000) {
		skip();
	}
	tuning.compression = COMPRESSION_ZSTD;
	tuning.connections = 2;
	expect_rc(migrate(120000, &err), -EIO, &err);
	has(err_text(&err), "zstd");
	expect_states(DOMAIN_RUNNING, DOMAIN_ABSENT);
}

static void tuning__that_contradicts_itself_is_refused(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	tuning.compression = COMPRESSION_XBZRLE;
	tuning.connections = 2;
	expect_rc(migrate(120000, &err), -EINVAL, &err);
	expect_states(DOMAIN_RUNNING, DOMAIN_ABSENT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(migrate__moves_a_running_domain, begin, end),
		cmocka_unit_test_setup_teardown(migrate__tells_that_qemu_has_gone, begin, end),
		cmocka_unit_test_setup_teardown(migrate__tells_the_end_too_if_that_started_nothing,
						begin, end),
		cmocka_unit_test_setup_teardown(migrate__takes_no_other_exit_for_the_end, begin,
						end),
		cmocka_unit_test_setup_teardown(migrate__carries_along_what_was_attached, begin,
						end),
		cmocka_unit_test_setup_teardown(migrate__with_the_text_of_the_user_is_refused,
						begin, end),
		cmocka_unit_test_setup_teardown(migrate__that_is_aborted_leaves_it_on_the_source,
						begin, end),
		cmocka_unit_test_setup_teardown(migrate__is_refused_where_the_domain_runs_already,
						begin, end),
		cmocka_unit_test_setup_teardown(tuning__reaches_qemu, begin_large, end),
		cmocka_unit_test_setup_teardown(tuning__compresses_one_connection, begin_large,
						end),
		cmocka_unit_test_setup_teardown(tuning__compresses_with_threads, begin_large, end),
		cmocka_unit_test_setup_teardown(tuning__encrypts, begin_large, end),
		cmocka_unit_test_setup_teardown(
			tuning__that_libvirt_does_not_know_leaves_it_on_the_source, begin, end),
		cmocka_unit_test_setup_teardown(tuning__that_contradicts_itself_is_refused, begin,
						end),
	};

	if (argc != 2) {
		(void)fprintf(stderr, "usage: %s ADDRESS\n", argv[0]);
		return 2;
	}
	(void)snprintf(target_uri, sizeof(target_uri), "qemu+tcp://%s/system", argv[1]);
	(void)snprintf(migrate_uri, sizeof(migrate_uri), "tcp://%s", argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
