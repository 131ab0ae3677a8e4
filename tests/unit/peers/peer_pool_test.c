/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/journal/journal_fake.h"
#include "tests/unit/test.h"

#include <errno.h>

#include "peers/peer_pool.h"
#include "tests/unit/support/undo.h"

/* lunmaskd is journal_fake.h's; of libvirt it is counted how often it is asked. */
static struct {
	unsigned int asked;
	int rc;
} libvirt;
static struct peer_pool pool;

int hypervisor_pool_state(struct hypervisor_pool *of, const char *uri, const char *vm,
			  struct deadline deadline, enum domain_state *ret, struct err *err)
{
	(void)of, (void)deadline;
	assert_string_equal(uri, "qemu+tls://node2/system");
	assert_string_equal(vm, "web1");
	libvirt.asked++;
	if (libvirt.rc != 0) {
		return err_set(err, libvirt.rc, "nobody listens");
	}
	*ret = DOMAIN_PAUSED;
	return 0;
}

void hypervisor_pool_release(struct hypervisor_pool *of)
{
	(void)of;
}

static int setup(void **state)
{
	(void)state;
	journal_fake_reset();
	libvirt.asked = 0;
	libvirt.rc = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	peer_pool_release(&pool);
	journal_fake_release();
	return 0;
}

static int ask(enum domain_state *ret, struct err *err)
{
	return peer_pool_state(&pool, "node2", "qemu+tls://node2/system", "web1",
			       deadline_in(TEST_LIMIT_MS), ret, err);
}

static void state__is_what_lunmaskd_there_says(void **state)
{
	enum domain_state found = DOMAIN_STATE_MAX;

	(void)state;
	journal_fake.answers[JOURNAL_ASK_DOMAIN] = "{\"ok\":true,\"host\":\"\",\"state\":\"LOST\"}";
	assert_int_equal(ask(&found, NULL), 0);
	assert_int_equal(found, DOMAIN_LOST);
	assert_int_equal(libvirt.asked, 0);
}

/* What says nothing about the domain is no answer; another VM may have one. */
static void state__without_an_answer_is_what_libvirt_says(void **state)
{
	static const char *const answers[] = {
		NULL,
		"garbage",
		"{\"ok\":true,\"host\":\"\"}",
		"{\"ok\":false,\"host\":\"\",\"error\":\"e\",\"errno_name\":\"EIO\"}",
	};

	(void)state;
	for (unsigned int i = 0; i < G_N_ELEMENTS(answers); i++) {
		enum domain_state found = DOMAIN_STATE_MAX;

		journal_fake.answers[JOURNAL_ASK_DOMAIN] = answers[i];
		assert_int_equal(ask(&found, NULL), 0);
		assert_int_equal(found, DOMAIN_PAUSED);
		assert_int_equal(libvirt.asked, i + 1);
		assert_int_equal(journal_fake.asked[JOURNAL_ASK_DOMAIN], i + 1);
	}
}

static void state__does_not_wait_twice_for_a_silent_node(void **state)
{
	enum domain_state found = DOMAIN_STATE_MAX;

	(void)state;
	journal_fake.answers[JOURNAL_ASK_DOMAIN] =
		"{\"ok\":false,\"host\":\"\",\"error\":\"e\",\"errno_name\":\"ETIMEDOUT\"}";
	assert_int_equal(ask(&found, NULL), 0);
	assert_int_equal(ask(&found, NULL), 0);
	assert_int_equal(journal_fake.asked[JOURNAL_ASK_DOMAIN], 1);
	assert_int_equal(libvirt.asked, 2);
}

static void state__is_not_known_if_nobody_answers(void **state)
{
	enum domain_state found = DOMAIN_STATE_MAX;
	struct err err = ERR_INIT;

	(void)state;
	libvirt.rc = -ECONNREFUSED;
	assert_int_equal(ask(&found, &err), -ECONNREFUSED);
	assert_string_equal(err_text(&err), "nobody listens");
	assert_int_equal(found, DOMAIN_STATE_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(state__is_what_lunmaskd_there_says),
		TEST(state__without_an_answer_is_what_libvirt_says),
		TEST(state__does_not_wait_twice_for_a_silent_node),
		TEST(state__is_not_known_if_nobody_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
