/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against libvirt's own mock driver, test:///default; tests/virt has the real one. */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/hypervisor_arrival.h"
#include "hypervisor/hypervisor_conn.h"
#include "hypervisor/hypervisor_luns.h"
#include "hypervisor/hypervisor_watch.h"
#include "hypervisor/virt_loop.h"

#define DOMAIN(name)                                                                               \
	"<domain type='test'><name>" name "</name>"                                                \
	"<uuid>11111111-2222-3333-4444-555555555555</uuid><memory>65536</memory>"                  \
	"<os><type>hvm</type></os></domain>"

static struct deadline soon(void)
{
	return deadline_in(TEST_LIMIT_MS);
}

static int hv_end(void *hv)
{
	hypervisor_close(hv);
	return 0;
}

static struct hypervisor *opened(void)
{
	struct hypervisor *hv = NULL;
	struct err err = ERR_INIT;

	if (hypervisor_open("test:///default", soon(), &hv, &err) < 0) {
		fail_msg("%s", err_text(&err));
	}
	undo_later(hv_end, hv);
	return hv;
}

static enum domain_state state_of(struct hypervisor *hv, const char *vm)
{
	enum domain_state state = DOMAIN_STATE_MAX;

	assert_int_equal(hypervisor_domain_state(hv, vm, soon(), &state, NULL), 0);
	return state;
}

static void domain_state_to_str__has_a_text_for_each(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < DOMAIN_STATE_MAX; i++) {
		assert_true(strlen(domain_state_to_str((enum domain_state)i)) > 0);
		assert_int_equal(domain_state_active((enum domain_state)i), i != DOMAIN_ABSENT);
	}
	assert_string_equal(domain_state_to_str(DOMAIN_STATE_MAX), "unknown");
}

static void open__names_the_uri_it_could_not_reach(void **state)
{
	struct hypervisor *hv = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
		hypervisor_open("qemu+unix:///system?socket=/nowhere/s", soon(), &hv, &err),
		-ECONNREFUSED);
	assert_null(hv);
	assert_non_null(strstr(err_text(&err), "/nowhere/s"));
}

static void open_begin__connects_beside_other_work(void **state)
{
	struct hypervisor_opening *opening = NULL;
	struct hypervisor *hv = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(hypervisor_open_begin("test:///default", &opening, NULL), 0);
	assert_int_equal(hypervisor_open_end(opening, soon(), &hv, NULL), 0);
	undo_later(hv_end, hv);
	assert_int_equal(state_of(hv, "test"), DOMAIN_RUNNING);
	assert_int_equal(hypervisor_open_begin("test:///default", &opening, NULL), 0);
	hypervisor_open_drop(opening); /* nobody needs it */
	hypervisor_open_drop(NULL);
	hv = NULL;
	assert_int_equal(
		hypervisor_open_begin("qemu+unix:///system?socket=/nowhere/s", &opening, NULL), 0);
	assert_int_equal(hypervisor_open_end(opening, soon(), &hv, &err), -ECONNREFUSED);
	assert_null(hv);
	assert_non_null(strstr(err_text(&err), "/nowhere/s"));
}

static void host_get__is_the_same_over_two_connections(void **state)
{
	char one[HYPERVISOR_HOST_MAX + 1], other[HYPERVISOR_HOST_MAX + 1];
	char name[256] = "";

	(void)state;
	assert_int_equal(hypervisor_host_get(opened(), soon(), one, NULL), 0);
	assert_int_equal(hypervisor_host_get(opened(), soon(), other, NULL), 0);
	assert_string_equal(one, other);
	assert_int_equal(gethostname(name, sizeof(name) - 1), 0);
	name[strcspn(name, ".")] = '\0';
	assert_memory_equal(one, name, strlen(name));
	assert_int_equal(one[strlen(name)], ' ');
	assert_int_equal(hypervisor_host_get(NULL, soon(), other, NULL), -ENOTCONN);
}

static void domain_state__follows_the_life_of_a_domain(void **state)
{
	struct hypervisor *hv = opened();

	(void)state;
	assert_int_equal(state_of(hv, "vm1"), DOMAIN_ABSENT);
	assert_int_equal(hypervisor_create(hv, DOMAIN("vm1"), soon(), NULL), 0);
	assert_int_equal(state_of(hv, "vm1"), DOMAIN_RUNNING);
	assert_int_equal(hypervisor_create(hv, DOMAIN("vm1"), soon(), NULL), -EEXIST);
	assert_int_equal(hypervisor_destroy(hv, "vm1", soon(), NULL), 0);
	assert_int_equal(state_of(hv, "vm1"), DOMAIN_ABSENT);
	assert_int_equal(hypervisor_destroy(hv, "vm1", soon(), NULL), 0);
}

static void set__changes_amounts_up_to_the_maximum(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	char *xml = NULL;

	(void)state;
	assert_int_equal(hypervisor_create(hv,
					   "<domain type='test'><name>vm1</name><memory>65536"
					   "</memory><vcpu current='1'>2</vcpu><os><type>hvm"
					   "</type></os></domain>",
					   soon(), NULL),
			 0);
	assert_int_equal(hypervisor_set_memory(hv, "vm1", 49152, soon(), NULL), 0);
	assert_int_equal(hypervisor_set_vcpus(hv, "vm1", 2, soon(), NULL), 0);
	assert_int_equal(hypervisor_domain_xml(hv, "vm1", soon(), &xml, NULL), 0);
	assert_non_null(strstr(xml, "<currentMemory unit='KiB'>49152<"));
	assert_non_null(strstr(xml, ">2</vcpu>"));
	assert_null(strstr(xml, "current="));
	free(xml);
	assert_int_equal(hypervisor_set_memory(hv, "vm1", 131072, soon(), &err), -EIO);
	assert_non_null(strstr(err_text(&err), "memory"));
	assert_int_equal(hypervisor_set_vcpus(hv, "vm1", 3, soon(), &err), -EIO);
	assert_non_null(strstr(err_text(&err), "vCPUs"));
	assert_int_equal(hypervisor_set_vcpus(hv, "none", 1, soon(), &err), -ENOENT);
	assert_int_equal(hypervisor_destroy(hv, "vm1", soon(), NULL), 0);
}

static void calls__say_that_there_is_no_domain(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	char *xml = NULL;

	(void)state;
	assert_int_equal(hypervisor_resume(hv, "none", soon(), &err), -ENOENT);
	assert_int_equal(hypervisor_shutdown(hv, "none", soon(), &err), -ENOENT);
	assert_int_equal(hypervisor_domain_xml(hv, "none", soon(), &xml, &err), -ENOENT);
	assert_int_equal(hypervisor_save(hv, "none", "/nowhere/x", NULL, soon(), &err), -ENOENT);
	assert_int_equal(hypervisor_abort_job(hv, "none", soon(), &err), 0);
	assert_null(xml);
}

/* The mark of a live migration: whatever the state says, nothing has run until it is removed. */
static void resume__removes_the_mark_of_what_has_arrived(void **state)
{
	struct hypervisor *hv = opened();
	virDomainPtr domain;
	char *marked = NULL;

	(void)state;
	assert_int_equal(hypervisor_arrival_mark(DOMAIN("vm1"), &marked, NULL), 0);
	assert_int_equal(hypervisor_create(hv, marked, soon(), NULL), 0);
	assert_int_equal(state_of(hv, "vm1"), DOMAIN_RUNNING);
	domain = virDomainLookupByName(hv->conn, "vm1");
	assert_int_equal(virDomainSuspend(domain), 0);
	assert_int_equal(state_of(hv, "vm1"), DOMAIN_ARRIVED);
	assert_int_equal(hypervisor_resume(hv, "vm1", soon(), NULL), 0);
	assert_int_equal(state_of(hv, "vm1"), DOMAIN_RUNNING);
	assert_int_equal(virDomainSuspend(domain), 0);
	assert_int_equal(state_of(hv, "vm1"), DOMAIN_PAUSED);
	(void)virDomainFree(domain);
	assert_int_equal(hypervisor_destroy(hv, "vm1", soon(), NULL), 0);
	free(marked);
	assert_int_equal(hypervisor_arrival_mark("<domain", &marked, NULL), -EINVAL);
}

#define MAPPED(name, array, lun)                                                                   \
	"<domain type='test'><name>" name "</name><memory>65536</memory>"                          \
	"<metadata><m:mapping xmlns:m='urn:x-lunmask:mapping:1' array='" array "'>"                \
	"<m:drive target='vda' lun='" lun "'/></m:mapping></metadata>"                             \
	"<os><type>hvm</type></os></domain>"

static void lun_use__names_the_other_vm_that_has_a_lun(void **state)
{
	static const char *const luns[] = {"free", "web1-root"};
	struct hypervisor *hv = opened();
	struct hypervisor_lun_use use;

	(void)state;
	assert_int_equal(hypervisor_create(hv, MAPPED("vm1", "san1", "web1-root"), soon(), NULL),
			 0);
	assert_int_equal(hypervisor_lun_use(hv, "san1", luns, 2, "vm2", soon(), &use, NULL), 0);
	assert_string_equal(use.vm, "vm1");
	assert_int_equal(use.lun, 1);
	assert_int_equal(hypervisor_lun_use(hv, "san1", luns, 2, "vm1", soon(), &use, NULL), 0);
	assert_string_equal(use.vm, "");
	assert_int_equal(hypervisor_lun_use(hv, "san2", luns, 2, "vm2", soon(), &use, NULL), 0);
	assert_string_equal(use.vm, "");
	assert_int_equal(hypervisor_lun_use(hv, "san1", luns, 1, "vm2", soon(), &use, NULL), 0);
	assert_string_equal(use.vm, "");
	assert_int_equal(hypervisor_destroy(hv, "vm1", soon(), NULL), 0);
}

#define PLUGGED(name, alias)                                                                       \
	"<domain type='test'><name>" name "</name><memory>65536</memory>"                          \
	"<os><type>hvm</type></os><devices><disk type='network' device='disk'>"                    \
	"<source protocol='iscsi' name='iqn.2026-11.org.example:t/1'><host name='192.0.2.1'/>"     \
	"</source><target dev='vdc' bus='virtio'/><alias name='" alias                             \
	"'/></disk></devices></domain>"

static void lun_use__knows_what_a_unit_has_plugged_in(void **state)
{
	static const char *const luns[] = {"db.data"};
	struct hypervisor *hv = opened();
	struct hypervisor_lun_use use;

	(void)state;
	assert_int_equal(hypervisor_create(hv, PLUGGED("vm1", "ua-lunmask-unit-san1__db_2edata"),
					   soon(), NULL),
			 0);
	assert_int_equal(hypervisor_lun_use(hv, "san1", luns, 1, "vm2", soon(), &use, NULL), 0);
	assert_string_equal(use.vm, "vm1");
	assert_int_equal(hypervisor_lun_use(hv, "san2", luns, 1, "vm2", soon(), &use, NULL), 0);
	assert_string_equal(use.vm, "");
	assert_int_equal(hypervisor_destroy(hv, "vm1", soon(), NULL), 0);
}

static void plug_find__finds_the_disk_of_a_unit_only(void **state)
{
	struct hypervisor *hv = opened();
	struct hypervisor_plug plug;

	(void)state;
	assert_int_equal(hypervisor_create(hv, MAPPED("vm1", "san1", "db-data"), soon(), NULL), 0);
	assert_int_equal(hypervisor_plug_find(hv, "san1", "db-data", soon(), &plug, NULL), 0);
	assert_string_equal(plug.vm, "");
	assert_int_equal(hypervisor_create(hv, PLUGGED("vm2", "ua-lunmask-unit-san1__db-data"),
					   soon(), NULL),
			 0);
	assert_int_equal(hypervisor_plug_find(hv, "san1", "db-data", soon(), &plug, NULL), 0);
	assert_string_equal(plug.vm, "vm2");
	assert_string_equal(plug.target, "vdc");
	assert_int_equal(hypervisor_plug_find(hv, "san1", "db", soon(), &plug, NULL), 0);
	assert_string_equal(plug.vm, "");
	assert_int_equal(hypervisor_plug_find(NULL, "san1", "db", soon(), &plug, NULL), -ENOTCONN);
	assert_int_equal(hypervisor_destroy(hv, "vm1", soon(), NULL), 0);
	assert_int_equal(hypervisor_destroy(hv, "vm2", soon(), NULL), 0);
}

static void create__refuses_what_is_no_domain(void **state)
{
	struct hypervisor *hv = opened();

	(void)state;
	assert_int_equal(hypervisor_create(hv, "x", soon(), NULL), -EINVAL);
	assert_int_equal(hypervisor_create(hv, "<domain/>", soon(), NULL), -EINVAL);
}

static sem_t go_on, went_on;

/* The thread outlives its caller; it writes to the call's memory long after. */
static int slow_run(struct hypervisor_call *call)
{
	(void)sem_wait(&go_on);
	(void)sem_post(&went_on);
	return hypervisor_call_set_text(call, -EIO, "late %s", call->vm);
}

static void calls__say_that_there_is_no_connection(void **state)
{
	enum domain_state seen;

	(void)state;
	assert_int_equal(hypervisor_domain_state(NULL, "web1", soon(), &seen, NULL), -ENOTCONN);
	assert_int_equal(hypervisor_destroy(NULL, "web1", soon(), NULL), -ENOTCONN);
	assert_int_equal(hypervisor_wait_gone(NULL, "web1", soon(), NULL), -ENOTCONN);
}

#define WITH_CPU(type, cpu)                                                                        \
	"<domain type='" type                                                                      \
	"'><name>new</name><memory>1024</memory><os><type>hvm</type></os>" cpu "</domain>"
#define CPU(attributes) "<cpu " attributes "><model>qemu64</model></cpu>"

/* libvirt's mock driver compares no CPU, and says so: it was asked exactly where a host would. */
static void preflight__compares_only_what_libvirt_would(void **state)
{
	static const struct {
		const char *xml;
		bool compared;
	} rows[] = {
		{WITH_CPU("kvm", ""), false},
		{WITH_CPU("kvm", CPU("mode='custom' match='exact' check='none'")), false},
		{WITH_CPU("kvm", CPU("mode='custom' match='exact' check='partial'")), true},
		{WITH_CPU("kvm", CPU("match='exact'")), true},
		{WITH_CPU("qemu", CPU("match='exact'")), false},
		{WITH_CPU("qemu", CPU("match='exact' check='full'")), true},
		{WITH_CPU("kvm", "<cpu mode='host-passthrough' check='full'/>"), false},
		{WITH_CPU("kvm", CPU("mode='host-model'")), false},
	};
	struct hypervisor *hv = opened();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = ERR_INIT;

		(void)hypervisor_preflight(hv, "new", rows[i].xml, soon(), &err);
		if ((strstr(err_text(&err), "CompareHypervisorCPU") != NULL) != rows[i].compared) {
			fail_msg("%s: %s", rows[i].xml, err_text(&err));
		}
	}
}

static void run__leaves_a_call_that_hangs(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	int rc;
	struct hypervisor_call *call = hypervisor_call_on(hv, slow_run, "vm1", &rc, &err);

	(void)state;
	assert_non_null(call);
	assert_int_equal(sem_init(&go_on, 0, 0) | sem_init(&went_on, 0, 0), 0);
	assert_int_equal(hypervisor_run(hv, call, "test", deadline_in(50), &err), -ETIMEDOUT);
	hypervisor_call_release(call);
	assert_int_equal(hypervisor_resume(hv, "test", soon(), &err), -ENOTCONN);
	assert_int_equal(sem_post(&go_on), 0);
	assert_int_equal(sem_wait(&went_on), 0);
}

static int aborts;

/* Before libvirt's: it is asked to, and the job goes on all the same. */
int virDomainAbortJob(virDomainPtr domain)
{
	(void)domain;
	aborts++;
	return 0;
}

/* For ten seconds it would be asked about forty times. */
static void run_job__gives_up_a_short_one_soon(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	int rc;
	struct hypervisor_call *call = hypervisor_call_on(hv, slow_run, "test", &rc, &err);

	(void)state;
	assert_non_null(call);
	aborts = 0;
	assert_int_equal(sem_init(&go_on, 0, 0) | sem_init(&went_on, 0, 0), 0);
	assert_int_equal(hypervisor_run_job(hv, call, "save", deadline_in(300), NULL, &err),
			 -ETIMEDOUT);
	assert_in_range(aborts, 1, 10);
	hypervisor_call_release(call);
	assert_int_equal(sem_post(&go_on), 0);
	assert_int_equal(sem_wait(&went_on), 0);
}

static void *wake(void *data)
{
	assert_int_equal(hypervisor_destroy(data, "vm1", soon(), NULL), 0);
	return NULL;
}

static void wait_gone__sees_the_end(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	pthread_t thread;

	(void)state;
	assert_int_equal(hypervisor_create(hv, DOMAIN("vm1"), soon(), NULL), 0);
	assert_int_equal(hypervisor_wait_gone(hv, "vm1", deadline_in(100), &err), -ETIMEDOUT);
	assert_string_equal(err_text(&err), "domain 'vm1' is still running");
	assert_int_equal(pthread_create(&thread, NULL, wake, hv), 0);
	assert_int_equal(hypervisor_wait_gone(hv, "vm1", soon(), &err), 0);
	(void)pthread_join(thread, NULL);
}

static void tuning_check__knows_what_goes_together(void **state)
{
	(void)state;
	for (int method = COMPRESSION_NONE; method < COMPRESSION_MAX; method++) {
		for (unsigned int connections = 0; connections < 3; connections++) {
			struct hypervisor_tuning tuning = {
				.connections = connections,
				.compression = (enum hypervisor_compression)method,
			};
			bool each = method == COMPRESSION_ZLIB || method == COMPRESSION_ZSTD;
			bool legal = method == COMPRESSION_NONE || each == (connections > 1);

			assert_int_equal(hypervisor_tuning_check(&tuning, NULL),
					 legal ? 0 : -EINVAL);
		}
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, undo_all)

static void on_time(int timer, void *data)
{
	virEventUpdateTimeout(timer, -1);
	*(int *)data += 1;
}

static void loop_pass__leaves_nothing_that_was_due(void **state)
{
	const int times = 200;

	(void)state;
	assert_int_equal(virt_loop_start(), 0);
	for (int i = 0; i < times; i++) {
		int called = 0;
		int timer = virEventAddTimeout(0, on_time, &called, NULL);

		assert_true(timer >= 0);
		assert_true(virt_loop_pass(soon()));
		assert_int_equal(called, 1);
		assert_int_equal(virEventRemoveTimeout(timer), 0);
	}
}

/* What libvirt's mock driver cannot do is no size, and no success. */
static void hypervisor_disk__fails_where_there_is_none(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	uint64_t bytes = 1;

	(void)state;
	assert_int_equal(hypervisor_disk_size(hv, "none", "vda", soon(), &bytes, &err), -ENOENT);
	assert_int_equal(bytes, 0);
	assert_int_equal(hypervisor_disk_resize(hv, "none", "vda", 1 << 20, soon(), &err), -ENOENT);
	assert_int_not_equal(hypervisor_disk_resize(hv, "test", "vda", 1 << 20, soon(), &err), 0);
	assert_non_null(strstr(err_text(&err), "size for the guest"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(domain_state_to_str__has_a_text_for_each),
		TEST(open__names_the_uri_it_could_not_reach),
		TEST(open_begin__connects_beside_other_work),
		TEST(host_get__is_the_same_over_two_connections),
		TEST(domain_state__follows_the_life_of_a_domain),
		TEST(set__changes_amounts_up_to_the_maximum),
		TEST(calls__say_that_there_is_no_domain),
		TEST(calls__say_that_there_is_no_connection),
		TEST(resume__removes_the_mark_of_what_has_arrived),
		TEST(lun_use__names_the_other_vm_that_has_a_lun),
		TEST(lun_use__knows_what_a_unit_has_plugged_in),
		TEST(plug_find__finds_the_disk_of_a_unit_only),
		TEST(create__refuses_what_is_no_domain),
		TEST(preflight__compares_only_what_libvirt_would),
		TEST(run__leaves_a_call_that_hangs),
		TEST(run_job__gives_up_a_short_one_soon),
		TEST(wait_gone__sees_the_end),
		TEST(loop_pass__leaves_nothing_that_was_due),
		TEST(tuning_check__knows_what_goes_together),
		TEST(hypervisor_disk__fails_where_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
