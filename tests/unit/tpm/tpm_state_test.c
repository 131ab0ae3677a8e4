/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "tpm/tpm_state.h"

static void encode__has_the_documented_layout(void **state)
{
	static const char golden[] = "LUNMTPM\0\1\0\0\0\3\0\0\0abc";
	g_autofree char *payload = NULL;
	struct err err = ERR_INIT;
	size_t bytes = 0;

	(void)state;
	assert_int_equal(tpm_state_encode("abc", 3, &payload, &bytes, &err), 0);
	assert_int_equal(bytes, sizeof(golden) - 1);
	assert_memory_equal(payload, golden, bytes);
}

static void encode__refuses_what_does_not_fit(void **state)
{
	static char large[TPM_STATE_MAX + 1];
	char *payload = NULL;
	struct err err = ERR_INIT;
	size_t bytes = 0;

	(void)state;
	assert_int_equal(tpm_state_encode("", 0, &payload, &bytes, &err), -EINVAL);
	assert_int_equal(tpm_state_encode(large, sizeof(large), &payload, &bytes, &err), -EMSGSIZE);
	assert_int_equal(tpm_state_encode(large, sizeof(large) - 1, &payload, &bytes, &err), 0);
	assert_true(bytes <= SLOT_PAYLOAD_MAX);
	g_free(payload);
}

static void decode__returns_what_was_encoded(void **state)
{
	g_autofree char *payload = NULL;
	struct err err = ERR_INIT;
	const char *found = NULL;
	size_t bytes = 0;

	(void)state;
	assert_int_equal(tpm_state_encode("a\0c", 3, &payload, &bytes, &err), 0);
	assert_int_equal(tpm_state_decode(payload, bytes, &found, &bytes, &err), 0);
	assert_int_equal(bytes, 3);
	assert_memory_equal(found, "a\0c", 3);
}

static void decode__says_why_not(void **state)
{
	static const struct {
		const char *payload;
		size_t bytes;
		int rc;
	} rows[] = {
		{"", 0, -EBADMSG},
		{"<domain type='kvm'><name>", 25, -EBADMSG},
		{"LUNMTPM\0\1\0\0\0\3\0\0", 15, -EBADMSG},
		{"LUNMTPM\0\2\0\0\0\3\0\0\0abc", 19, -ENOTSUP},
		{"LUNMTPM\0\1\0\0\0\4\0\0\0abc", 19, -EUCLEAN},
		{"LUNMTPM\0\1\0\0\0\2\0\0\0abc", 19, -EUCLEAN},
		{"LUNMTPM\0\1\0\0\0\0\0\0\0", 16, -EUCLEAN},
		{"LUNMTPM\0\1\0\0\0\377\377\377\377abc", 19, -EUCLEAN},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = ERR_INIT;
		const char *found = NULL;
		size_t bytes = 0;

		assert_int_equal(
			tpm_state_decode(rows[i].payload, rows[i].bytes, &found, &bytes, &err),
			rows[i].rc);
		assert_string_not_equal(err_text(&err), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encode__has_the_documented_layout),
		cmocka_unit_test(encode__refuses_what_does_not_fit),
		cmocka_unit_test(decode__returns_what_was_encoded),
		cmocka_unit_test(decode__says_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
