/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib.h>
#include <string.h>

#include "ocf/ocf_reason.h"

#define N20 "nnnnnnnnnnnnnnnnnnnn"

static char fitted[OCF_REASON_MAX + 1];

static void fit__leaves_what_fits(void **state)
{
	char text[OCF_REASON_MAX + 1];

	(void)state;
	memset(text, 'a', OCF_REASON_MAX);
	text[OCF_REASON_MAX] = '\0';
	assert_false(ocf_reason_fit(text, fitted));
	assert_string_equal(fitted, text);
	assert_false(ocf_reason_fit("", fitted));
	assert_string_equal(fitted, "");
}

static void fit__keeps_step_advice_failure_and_cause(void **state)
{
	static const char *const rows[][2] = {
		{"grant: array san1, apply: the driver lunmask-array-tgt by ssh://root@192.0.2.100 "
		 "did "
		 "not succeed: exit status 255: No route to host",
		 "grant: array san1, apply: the driver lunmask-array-tgt by ssh://root@192.0.2.100 "
		 "did "
		 "not succeed: ... No route to host"},
		{"takeover: it left the cluster with a session open, and since when the VM may run "
		 "there "
		 "is not known: this is the cause of it all; power it off and run fence_lunmask -o "
		 "off",
		 "takeover: it left the cluster with a session open, and since when the VM may "
		 "run... "
		 "power it off and run fence_lunmask -o off"},
		{"own: wait until this partition of the cluster has quorum (corosync-quorumtool "
		 "-s): it "
		 "has no quorum now, and without it nothing that gives access is done",
		 "own: wait until this partition of the cluster has quorum (corosync-quorumtool "
		 "-s): it "
		 "has no quorum now, and without it..."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(ocf_reason_fit(rows[i][0], fitted));
		assert_string_equal(fitted, rows[i][1]);
	}
}

static void fit__takes_the_middle_from_long_names(void **state)
{
	(void)state;
	assert_true(ocf_reason_fit(
		"stop VM '" N20 N20 "-root' first: " N20 N20 "-node has " N20 N20 "-data", fitted));
	assert_string_equal(fitted, "stop VM 'nnnnnnnnnnnnnnn...nnnnnnn-root' first: "
				    "nnnnnnnnnnnnnnnn...nnnnnnnn-node has "
				    "nnnnnnnnnnnnnnnn...nnnnnnnn-data");
}

/* Any bytes: it ends within the limit, and in no character's middle. */
static void fit__takes_any_text(void **state)
{
	static const char *const pieces[] = {": ",    "; ",    ". ", " ",   "a", "\xc3\xa4",
					     "stop ", N20 N20, "(",  "...", ":"};
	char text[1024];
	uint32_t random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		text[0] = '\0';
		do {
			random = random * 1664525 + 1013904223;
			(void)strcat(text,
				     pieces[(random >> 16) % (sizeof(pieces) / sizeof(*pieces))]);
		} while (strlen(text) < 800 && random >> 24 != 0);
		assert_int_equal(ocf_reason_fit(text, fitted), strlen(text) > OCF_REASON_MAX);
		assert_true(strlen(fitted) <= OCF_REASON_MAX);
		assert_true(g_utf8_validate(fitted, -1, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fit__leaves_what_fits),
		cmocka_unit_test(fit__keeps_step_advice_failure_and_cause),
		cmocka_unit_test(fit__takes_the_middle_from_long_names),
		cmocka_unit_test(fit__takes_any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
