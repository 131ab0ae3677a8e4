/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against libvirt's own mock driver, test:///default; tests/virt has the real one. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/hypervisor_conn.h"
#include "hypervisor/hypervisor_watch.h"

#define DOMAIN(name)                                                                               \
	"<domain type='test'><name>" name "</name>"                                                \
	"<uuid>11111111-2222-3333-4444-555555555555</uuid><memory>65536</memory>"                  \
	"<os><type>hvm</type></os></domain>"

static struct deadline soon(void)
{
	return deadline_in(10000);
}

static struct hypervisor *opened(void)
{
	struct hypervisor *hv = NULL;
	struct err err = ERR_INIT;

	if (hypervisor_open("test:///default", soon(), &hv, &err) < 0) {
		fail_msg("%s", err_text(&err));
	}
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
	hypervisor_close(hv);
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
	assert_int_equal(hypervisor_save(hv, "none", "/nowhere/x", soon(), &err), -ENOENT);
	assert_int_equal(hypervisor_abort_job(hv, "none", soon(), &err), 0);
	assert_null(xml);
	hypervisor_close(hv);
}

static void create__refuses_what_is_no_domain(void **state)
{
	struct hypervisor *hv = opened();

	(void)state;
	assert_int_equal(hypervisor_create(hv, "x", soon(), NULL), -EINVAL);
	assert_int_equal(hypervisor_create(hv, "<domain/>", soon(), NULL), -EINVAL);
	hypervisor_close(hv);
}

/* The thread outlives its caller; it writes to the call's memory long after. */
static int slow_run(struct hypervisor_call *call)
{
	(void)usleep(200000);
	return hypervisor_call_set_text(call, -EIO, "late %s", call->vm);
}

static void calls__say_that_there_is_no_connection(void **state)
{
	enum domain_state seen;

	(void)state;
	assert_int_equal(hypervisor_domain_state(NULL, "web1", deadline_in(1000), &seen, NULL),
			 -ENOTCONN);
	assert_int_equal(hypervisor_destroy(NULL, "web1", deadline_in(1000), NULL), -ENOTCONN);
	assert_int_equal(hypervisor_wait_gone(NULL, "web1", deadline_in(1000), NULL), -ENOTCONN);
}

static void run__leaves_a_call_that_hangs(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	int rc;
	struct hypervisor_call *call = hypervisor_call_on(hv, slow_run, "vm1", &rc, &err);
	int64_t began = deadline_now_ms();

	(void)state;
	assert_non_null(call);
	assert_int_equal(hypervisor_run(hv, call, "test", deadline_in(50), &err), -ETIMEDOUT);
	assert_true(deadline_now_ms() - began < 180);
	hypervisor_call_release(call);
	assert_int_equal(hypervisor_resume(hv, "test", soon(), &err), -ENOTCONN);
	hypervisor_close(hv);
	(void)usleep(300000);
}

static void *wake(void *data)
{
	(void)usleep(200000);
	assert_int_equal(hypervisor_destroy(data, "vm1", soon(), NULL), 0);
	return NULL;
}

static void wait_gone__is_woken_by_the_event(void **state)
{
	struct hypervisor *hv = opened();
	struct err err = ERR_INIT;
	pthread_t thread;
	int64_t began;

	(void)state;
	assert_int_equal(hypervisor_create(hv, DOMAIN("vm1"), soon(), NULL), 0);
	assert_int_equal(hypervisor_wait_gone(hv, "vm1", deadline_in(100), &err), -ETIMEDOUT);
	assert_string_equal(err_text(&err), "domain 'vm1' is still running");
	assert_int_equal(pthread_create(&thread, NULL, wake, hv), 0);
	began = deadline_now_ms();
	assert_int_equal(hypervisor_wait_gone(hv, "vm1", soon(), &err), 0);
	assert_true(deadline_now_ms() - began < 2000);
	(void)pthread_join(thread, NULL);
	hypervisor_close(hv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domain_state_to_str__has_a_text_for_each),
		cmocka_unit_test(open__names_the_uri_it_could_not_reach),
		cmocka_unit_test(domain_state__follows_the_life_of_a_domain),
		cmocka_unit_test(calls__say_that_there_is_no_domain),
		cmocka_unit_test(calls__say_that_there_is_no_connection),
		cmocka_unit_test(create__refuses_what_is_no_domain),
		cmocka_unit_test(run__leaves_a_call_that_hangs),
		cmocka_unit_test(wait_gone__is_woken_by_the_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
