/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/journal/journal_fake.h"
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "san/peer_probe.h"
#include "step/vm_peer.h"
#include "tpm/tpm_request.h"

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
static unsigned int libvirt_asked;

/* In place of the one of hypervisor_preflight.c. */
int hypervisor_preflight(struct hypervisor *hypervisor, const char *vm, const char *domain_xml,
			 struct deadline deadline, struct err *err)
{
	(void)deadline;
	libvirt_asked++;
	assert_non_null(hypervisor);
	assert_string_equal(vm, "web1");
	assert_non_null(strstr(domain_xml, UUID));
	return preflight_rc == 0 ? 0 : err_set(err, preflight_rc, "the reason");
}

static void event_count(void *data, const struct task_event *event)
{
	(void)data;
	assert_string_equal(event->step, "preflight");
	if (strstr(event->text, "is asked by libvirt") == NULL) {
		assert_string_equal(event->text, "the reason");
		n_events++;
	}
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
				.source = "10.0.0.1:3260",
				.mapping = &mapping,
				.peer = &peer};
	struct deadline deadline = deadline_in(60000);
	struct err err = ERR_INIT;
	int result;

	preflight_rc = rc;
	n_events = 0;
	libvirt_asked = 0;
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

/* What its lunmaskd says is as good, and libvirt there is not asked. */
static void preflight__asks_lunmaskd_first(void **state)
{
	(void)state;
	journal_fake.answers[JOURNAL_ASK_PREFLIGHT] = "{\"ok\":true,\"host\":\"node2 -\"}";
	assert_int_equal(preflight(VM_PREFLIGHT_REFUSE, -EIO), 0);
	journal_fake.answers[JOURNAL_ASK_PREFLIGHT] =
		"{\"ok\":false,\"host\":\"\",\"error\":\"the reason\",\"errno_name\":\"ENOSPC\"}";
	assert_int_equal(preflight(VM_PREFLIGHT_REFUSE, -EIO), -ENOSPC);
	assert_int_equal(preflight(VM_PREFLIGHT_WARN, -EIO), 0);
	assert_int_equal(n_events, 1);
	assert_int_equal(libvirt_asked, 0);
	/* It says that it could not look. */
	journal_fake.answers[JOURNAL_ASK_PREFLIGHT] =
		"{\"ok\":false,\"host\":\"\",\"error\":\"no\",\"errno_name\":\"ECONNREFUSED\"}";
	assert_int_equal(preflight(VM_PREFLIGHT_REFUSE, 0), 0);
	assert_int_equal(libvirt_asked, 1);
}

int __wrap_array_luns(const struct array *array, const char *const *names, size_t n,
		      const char *initiator, struct deadline deadline, struct lun *luns,
		      struct err *err);
int __wrap_array_luns(const struct array *array, const char *const *names, size_t n,
		      const char *initiator, struct deadline deadline, struct lun *luns,
		      struct err *err)
{
	(void)array, (void)names, (void)n, (void)initiator, (void)deadline, (void)err;
	*luns = (struct lun){.name = "web1-root",
			     .designator = "naa.60014050000000000000000000000001",
			     .size_bytes = 512,
			     .target = "iqn.2026-11.org.example:san"};
	return 0;
}

int __wrap_mapping_check_luns(const struct mapping *mapping, const struct lun *luns, size_t n,
			      struct err *err);
int __wrap_mapping_check_luns(const struct mapping *mapping, const struct lun *luns, size_t n,
			      struct err *err)
{
	(void)mapping, (void)luns, (void)n, (void)err;
	return 0;
}

static unsigned int ssh_asked;
#define REDIRECT "127.14.172.34:860"

static bool redirects; /* lunmask-redirect answers on node2 */

int __wrap_peer_probe_run(const struct runner *runner, const char *program,
			  const struct peer_probe_request *request, struct deadline deadline,
			  struct iscsi_portals *ret, struct err *err);
int __wrap_peer_probe_run(const struct runner *runner, const char *program,
			  const struct peer_probe_request *request, struct deadline deadline,
			  struct iscsi_portals *ret, struct err *err)
{
	(void)program, (void)deadline, (void)err;
	assert_string_equal(runner->transport, "ssh://192.0.2.2");
	assert_string_equal(request->node, "node2");
	if (request->n_portals == 1) {
		assert_string_equal(request->portals[0], REDIRECT);
		*ret = (struct iscsi_portals){.good = {redirects}, .n_good = redirects ? 1 : 0};
		return redirects ? 0 : -EHOSTUNREACH;
	}
	ssh_asked++;
	*ret = (struct iscsi_portals){.good = {true, true}, .n_good = 2};
	return 0;
}

static int host_rc;
static bool hangs;

int __real_hypervisor_host_get(struct hypervisor *hypervisor, struct deadline deadline,
			       char ret[HYPERVISOR_HOST_MAX + 1], struct err *err);
int __wrap_hypervisor_host_get(struct hypervisor *hypervisor, struct deadline deadline,
			       char ret[HYPERVISOR_HOST_MAX + 1], struct err *err);
int __wrap_hypervisor_host_get(struct hypervisor *hypervisor, struct deadline deadline,
			       char ret[HYPERVISOR_HOST_MAX + 1], struct err *err)
{
	return host_rc < 0 ? err_set(err, host_rc, "no answer in time")
			   : __real_hypervisor_host_get(hypervisor, deadline, ret, err);
}

static void event_ssh(void *data, const struct task_event *event)
{
	(void)data;
	assert_string_equal(event->step, "verify");
	assert_non_null(strstr(event->text, "node2 is asked by ssh: "));
}

/* What libvirt at the peer's address says which host it is; the peer's lunmaskd says told. */
static int verify(const char *told, const char **ret_portal, struct err *err)
{
	static const char *const portals[] = {"10.0.0.1:3260", "10.0.1.1:3260"};
	const struct vm_settings settings = {.vm = "web1", .migration_transport = "nonsense"};
	const struct vm_report report = {.event = event_ssh};
	struct config_host there = {.node = (char *)"node2",
				    .initiator = (char *)"iqn.2026-11.org.example:node2",
				    .migration_address = (char *)"192.0.2.2"};
	struct vm_peer peer = {.host = &there};
	struct vm_context vm = {.settings = &settings,
				.report = &report,
				.portals = portals,
				.n_portals = 2,
				.redirect = REDIRECT,
				.lun_names = {"web1-root"},
				.n_luns = 1,
				.peer = &peer};
	char host[HYPERVISOR_HOST_MAX + 1], answer[300];
	struct deadline deadline = deadline_in(TEST_LIMIT_MS);
	int rc;

	ssh_asked = 0;
	assert_int_equal(hypervisor_open_begin("test:///default", &peer.opening, NULL), 0);
	assert_int_equal(vm_peer_wait(&vm, deadline, NULL), 0);
	assert_int_equal(hypervisor_host_get(peer.hypervisor, deadline, host, NULL), 0);
	(void)snprintf(answer, sizeof(answer), "{\"ok\":true,\"host\":\"%s\",\"state\":\"ABSENT\"}",
		       told == NULL ? host : told);
	journal_fake.answers[JOURNAL_ASK_DOMAIN] = told == NULL || *told != '\0' ? answer : NULL;
	host_rc = hangs ? -ETIMEDOUT : 0;
	rc = vm_peer_verify(&vm, deadline, err);
	host_rc = 0;
	*ret_portal = peer.source;
	hypervisor_close(peer.hypervisor);
	return rc;
}

static void verify__asks_lunmaskd_first(void **state)
{
	const char *portal;

	(void)state;
	journal_fake.answers[JOURNAL_ASK_VERIFY] =
		"{\"ok\":true,\"paths\":1,\"portals\":[false,true]}";
	assert_int_equal(verify(NULL, &portal, NULL), 0);
	assert_string_equal(portal, "10.0.1.1:3260");
	assert_int_equal(ssh_asked, 0);
}

/* The LUNs are node2's, and the guest would go to whoever is at the address. */
static void verify__refuses_an_address_of_another_host(void **state)
{
	struct err err = ERR_INIT;
	const char *portal;

	(void)state;
	journal_fake.answers[JOURNAL_ASK_VERIFY] =
		"{\"ok\":true,\"paths\":2,\"portals\":[true,true]}";
	assert_int_equal(verify("elsewhere -", &portal, &err), -EADDRNOTAVAIL);
	assert_non_null(strstr(err_text(&err), "correct migration_address of [host node2]"));
	assert_int_equal(ssh_asked, 0);
}

static void verify__goes_by_ssh_without_an_answer(void **state)
{
	const char *portal;

	(void)state;
	assert_int_equal(verify(NULL, &portal, NULL), 0); /* an older lunmaskd */
	assert_int_equal(ssh_asked, 1);
	journal_fake.answers[JOURNAL_ASK_VERIFY] =
		"{\"ok\":true,\"paths\":2,\"portals\":[true,true]}";
	assert_int_equal(verify("", &portal, NULL), 0); /* nobody says which host that is */
	assert_int_equal(ssh_asked, 1);
	assert_string_equal(portal, "10.0.0.1:3260");
}

/* A guest there changes over when its portal dies, if somebody is there who redirects it. */
static void verify__prefers_to_be_redirected(void **state)
{
	const char *portal;

	(void)state;
	redirects = true;
	assert_int_equal(verify(NULL, &portal, NULL), 0);
	redirects = false;
	assert_string_equal(portal, REDIRECT);
}

/* The connection that hangs in a call is of no use to the hand-over; here no other can be made. */
static void verify__wants_a_connection_that_works(void **state)
{
	struct err err = ERR_INIT;
	const char *portal;

	(void)state;
	journal_fake.answers[JOURNAL_ASK_VERIFY] =
		"{\"ok\":true,\"paths\":2,\"portals\":[true,true]}";
	hangs = true;
	assert_true(verify(NULL, &portal, &err) < 0);
	hangs = false;
	assert_non_null(strstr(err_text(&err), "libvirt on node2"));
	assert_int_equal(ssh_asked, 0);
}

static void verify__believes_what_lunmaskd_says_is_wrong(void **state)
{
	struct err err = ERR_INIT;
	const char *portal;

	(void)state;
	journal_fake.answers[JOURNAL_ASK_VERIFY] =
		"{\"ok\":false,\"paths\":0,\"portals\":[false,false],\"error\":\"another volume\","
		"\"errno_name\":\"EUCLEAN\"}";
	assert_int_equal(verify(NULL, &portal, &err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "on node2"));
	journal_fake.answers[JOURNAL_ASK_VERIFY] =
		"{\"ok\":false,\"paths\":1,\"portals\":[true,false],\"error\":\"one is dead\","
		"\"errno_name\":\"ETIMEDOUT\"}";
	assert_int_equal(verify(NULL, &portal, &err), -EHOSTUNREACH);
	assert_non_null(strstr(err_text(&err), "one is dead"));
	assert_int_equal(ssh_asked, 0);
}

/* Not an answer is no evidence: libvirt there is asked, and cannot be reached in this test. */
static void domain_state__of_a_peer_is_what_lunmaskd_says(void **state)
{
	const struct vm_settings settings = {.vm = "web1", .migration_transport = "nonsense"};
	struct config_host there = {.node = (char *)"node2",
				    .migration_address = (char *)"192.0.2.2"};
	struct vm_context vm = {.settings = &settings};
	enum domain_state seen = DOMAIN_RUNNING;

	(void)state;
	journal_fake.answers[JOURNAL_ASK_DOMAIN] =
		"{\"ok\":true,\"host\":\"\",\"state\":\"ABSENT\"}";
	assert_int_equal(vm_peer_domain_state(&vm, &there, deadline_in(TEST_LIMIT_MS), &seen, NULL),
			 0);
	assert_int_equal(seen, DOMAIN_ABSENT);
	seen = DOMAIN_RUNNING;
	journal_fake.answers[JOURNAL_ASK_DOMAIN] = NULL;
	assert_true(vm_peer_domain_state(&vm, &there, deadline_in(TEST_LIMIT_MS), &seen, NULL) < 0);
	assert_int_equal(seen, DOMAIN_RUNNING);
}

static int setup(void **state)
{
	(void)state;
	journal_fake_reset();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	journal_fake_release();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static struct tpm_request tpm_asked;
static size_t n_tpm_asked;

/* In place of the one of tpm_request.c. */
int tpm_request_run(const struct runner *runner, const char *program,
		    const struct tpm_request *request, struct deadline deadline, struct err *err)
{
	(void)deadline;
	(void)err;
	assert_string_equal(runner->transport, "ssh://192.0.2.2");
	assert_string_equal(program, LUNMASK_TPM_PROGRAM);
	tpm_asked = *request;
	n_tpm_asked++;
	return 0;
}

/* vm: "test" runs in libvirt's test driver, and no other. */
static int tpm_begin(const char *name, const char *target, struct err *err)
{
	static char initiator[] = "iqn.2026-11.org.example:node2";
	const struct vm_settings settings = {.vm = name};
	struct config_host there = {.node = (char *)"node2",
				    .initiator = initiator,
				    .migration_address = (char *)"192.0.2.2"};
	struct mapping_drive drive = {.designator = "naa.1"};
	struct mapping mapping = {.uuid = UUID, .drives = &drive, .n_drives = 1};
	struct vm_peer peer = {.host = &there};
	struct vm_context vm = {
		.settings = &settings, .mapping = &mapping, .peer = &peer, .n_luns = 1};
	struct deadline deadline = deadline_in(TEST_LIMIT_MS);
	int rc;

	strcpy(drive.drive.target, target);
	strcpy(drive.drive.extent.lun, "web1-tpm");
	strcpy(peer.luns[0].name, "web1-tpm");
	peer.luns[0].number = 9;
	n_tpm_asked = 0;
	assert_int_equal(hypervisor_open("test:///default", deadline, &peer.hypervisor, NULL), 0);
	rc = vm_peer_tpm_probe(&vm, deadline, err);
	if (rc == TASK_NOT_DONE) {
		rc = vm_peer_tpm_run(&vm, deadline, err);
		assert_int_equal(vm_peer_tpm_probe(&vm, deadline, err), rc == 0);
	}
	hypervisor_close(peer.hypervisor);
	return rc;
}

/* As the peer reaches the LUN, and with its name. */
static void tpm__is_awaited_on_the_peer(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(tpm_begin("web1", DRIVE_TPM, &err), 0);
	assert_int_equal(n_tpm_asked, 1);
	assert_true(tpm_asked.arrival);
	assert_int_equal(tpm_asked.verb, TPM_SERVE);
	assert_int_equal(tpm_asked.lun.number, 9);
	assert_string_equal(tpm_asked.initiator, "iqn.2026-11.org.example:node2");
	assert_int_equal(tpm_begin("web1", "vda", &err), TASK_DONE);
	assert_int_equal(n_tpm_asked, 0);
}

/* Its process would be ended under it. */
static void tpm__of_a_domain_that_is_there_is_left_alone(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(tpm_begin("test", DRIVE_TPM, &err), -EEXIST);
	assert_int_equal(n_tpm_asked, 0);
	assert_non_null(strstr(err_text(&err), "node2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vm_peer_address__inserts_the_suffix_before_the_first_period),
		cmocka_unit_test(vm_peer_address__is_the_hosts_own_without_a_suffix),
		TEST(preflight__of_little_memory_is_a_matter_of_policy),
		TEST(preflight__of_what_libvirt_refuses_is_not),
		TEST(preflight__asks_lunmaskd_first),
		TEST(verify__asks_lunmaskd_first),
		TEST(verify__refuses_an_address_of_another_host),
		TEST(verify__goes_by_ssh_without_an_answer),
		TEST(verify__prefers_to_be_redirected),
		TEST(verify__wants_a_connection_that_works),
		TEST(verify__believes_what_lunmaskd_says_is_wrong),
		TEST(domain_state__of_a_peer_is_what_lunmaskd_says),
		cmocka_unit_test(tpm__is_awaited_on_the_peer),
		cmocka_unit_test(tpm__of_a_domain_that_is_there_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
