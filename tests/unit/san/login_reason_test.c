/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <glib.h>
#include <string.h>

#include "san/login_reason.h"

#define HOST "iqn.2026-11.org.example:node1"
#define FAILED "Failed to log in to target. "

static char secret_file[] = "/etc/lunmask/san1.chap",
	    target_file[] = "/etc/lunmask/san1-target.chap";
static char user[] = "cluster", target_user[] = "san1";

static const struct chap by_name = {.secret_file = secret_file};
static const struct chap by_user = {.secret_file = secret_file, .user = user};
static const struct chap mutual = {
	.secret_file = secret_file, .target_user = target_user, .target_secret_file = target_file};

static void login_reason__says_what_to_do(void **state)
{
	static const struct {
		const char *message;
		const struct chap *chap;
		enum login_verdict verdict;
		const char *says;
	} cases[] = {
		{FAILED "Status: Authentication failure(513)", NULL, LOGIN_UNPROVEN,
		 "set chap_secret_file in lunmask.conf: the array wants CHAP"},
		{FAILED "Status: Authentication failure(513)", &by_name, LOGIN_UNPROVEN,
		 "correct the secret in /etc/lunmask/san1.chap, or the array's account: it refuses "
		 "the CHAP secret of " HOST},
		{FAILED "Status: Authentication failure(513)", &by_user, LOGIN_UNPROVEN,
		 "CHAP secret of cluster"},
		{FAILED "Status: Authentication failure(513)", &mutual, LOGIN_UNPROVEN,
		 "correct the secret in /etc/lunmask/san1.chap"},
		{FAILED "Status: Authorization failure(514)", &by_name, LOGIN_MASKED,
		 "the array does not admit this initiator"},
		{FAILED "Status: Target not found(515)", NULL, LOGIN_MASKED,
		 "the array does not know this initiator"},
		{FAILED "Status: Too many connections(518)", NULL, LOGIN_MASKED, ""},
		{FAILED "Status: Target error(768)", &mutual, LOGIN_FAILED, ""},
		{FAILED "It did not return CHAP_N during SECNEG.", &mutual, LOGIN_STRANGE,
		 "correct the secret in /etc/lunmask/san1-target.chap, or chap_target_user: the "
		 "array has not proven to be san1"},
		{"Authentication failed. Invalid CHAP_R response from the target", &mutual,
		 LOGIN_STRANGE, "the array has not proven to be san1"},
		{"Failed to log in to target. Wrong CHAP targetname received: x(513)", &mutual,
		 LOGIN_STRANGE, "the array has not proven to be san1"},
		{"the connection was lost", &mutual, LOGIN_FAILED, ""},
		{"", NULL, LOGIN_FAILED, ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char reason[LOGIN_REASON_MAX + 1];

		assert_int_equal(login_reason(cases[i].message, cases[i].chap, HOST, reason),
				 cases[i].verdict);
		if ((*cases[i].says == '\0') != (*reason == '\0') ||
		    strstr(reason, cases[i].says) == NULL) {
			fail_msg("'%s' is not in '%s'", cases[i].says, reason);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(login_reason__says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
