/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "tpm/tpm_request.h"

#define UUID "0b7c9f5e-6d1a-4a57-9a0e-52a1c7f0a102"
#define LUN                                                                                        \
	"{\"name\":\"web1-tpm\",\"designator\":\"naa.6001\",\"size_bytes\":4194304,"               \
	"\"target\":\"iqn.2026-11.org.example:t\",\"number\":4}"
#define SERVE_WITH(vm, uuid, arrival, portals, lun)                                                \
	"{\"verb\":\"serve\",\"vm\":" vm ",\"uuid\":" uuid ",\"arrival\":" arrival                 \
	",\"initiator\":\"iqn.2026-11.org.example:h1\",\"portals\":" portals ",\"lun\":" lun "}"
#define PORTALS "[\"10.0.0.1:3260\",\"10.0.1.1:3260\"]"
#define SERVE SERVE_WITH("\"web1\"", "\"" UUID "\"", "true", PORTALS, LUN)

static int decode(const char *text, struct tpm_request *ret, struct err *err)
{
	return tpm_request_decode(text, strlen(text), ret, err);
}

static void request__survives_both_ways(void **state)
{
	static const char *const texts[] = {SERVE, "{\"verb\":\"end\",\"vm\":\"web+1\"}"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct tpm_request request;
		struct err err = ERR_INIT;
		char *text;

		assert_int_equal(decode(texts[i], &request, &err), 0);
		text = tpm_request_encode(&request);
		assert_string_equal(text, texts[i]);
		free(text);
	}
}

static void decode__fills_every_member(void **state)
{
	struct tpm_request request;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(decode(SERVE, &request, &err), 0);
	assert_int_equal(request.verb, TPM_SERVE);
	assert_string_equal(request.vm, "web1");
	assert_string_equal(request.uuid, UUID);
	assert_true(request.arrival);
	assert_int_equal(request.n_portals, 2);
	assert_string_equal(request.portals[1], "10.0.1.1:3260");
	assert_string_equal(request.lun.name, "web1-tpm");
	assert_int_equal(request.lun.number, 4);
}

static void decode__refuses_with_a_text(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{\"verb\":\"end\"}",
		"{\"verb\":\"begin\",\"vm\":\"web1\"}",
		"{\"verb\":\"end\",\"vm\":\"../web1\"}",
		SERVE_WITH("\"\"", "\"" UUID "\"", "true", PORTALS, LUN),
		SERVE_WITH("\"web1\"", "\"../../../etc\"", "true", PORTALS, LUN),
		SERVE_WITH("\"web1\"", "\"" UUID "\"", "1", PORTALS, LUN),
		SERVE_WITH("\"web1\"", "\"" UUID "\"", "true", "[]", LUN),
		SERVE_WITH("\"web1\"", "\"" UUID "\"", "true", "[1]", LUN),
		SERVE_WITH("\"web1\"", "\"" UUID "\"", "true", "[\"san1\"]", LUN),
		SERVE_WITH("\"web1\"", "\"" UUID "\"", "true", PORTALS, "{}"),
		SERVE_WITH("\"web1\"", "\"" UUID "\"", "true", PORTALS, "null"),
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct tpm_request request;
		struct err err = ERR_INIT;

		if (decode(texts[i], &request, &err) != -EINVAL || err_text(&err)[0] == '\0') {
			fail_msg("not refused: %s", texts[i]);
		}
	}
}

static void answer__survives_both_ways(void **state)
{
	struct err err = ERR_INIT;
	char *text = tpm_answer_encode(0, "");

	(void)state;
	assert_int_equal(tpm_answer_decode(text, strlen(text), &err), 0);
	free(text);
	text = tpm_answer_encode(-ESTALE, "another host");
	assert_int_equal(tpm_answer_decode(text, strlen(text), &err), -ESTALE);
	assert_string_equal(err_text(&err), "another host");
	free(text);
}

static void answer__is_refused_if_it_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"ok\":1}",
		"{\"ok\":false}",
		"{\"ok\":false,\"errno\":0,\"error\":\"x\"}",
		"{\"ok\":false,\"errno\":-5,\"error\":\"x\"}",
		"{\"ok\":false,\"errno\":5}",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(tpm_answer_decode(texts[i], strlen(texts[i]), &err), -EPROTO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request__survives_both_ways),
		cmocka_unit_test(decode__fills_every_member),
		cmocka_unit_test(decode__refuses_with_a_text),
		cmocka_unit_test(answer__survives_both_ways),
		cmocka_unit_test(answer__is_refused_if_it_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
