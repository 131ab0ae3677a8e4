/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "san/peer_probe.h"
#include "tests/unit/test.h"

static const struct lun luns[2] = {
	{.name = "root",
	 .designator = "naa.60",
	 .size_bytes = 512,
	 .target = "iqn.x:1",
	 .number = 1},
	{.name = "data", .designator = "t10.A B", .size_bytes = 4096, .target = "iqn.x:2"},
};
static const char *const portals[] = {"10.0.0.1:3260", "[fd00::1]:3260"};

static char *encode(void)
{
	struct peer_probe_request request = {.node = "node2",
					     .array = "san1",
					     .secret_for = "web1",
					     .initiator = "iqn.2026-11.org.example:a",
					     .portals = portals,
					     .n_portals = 2,
					     .paths_required = 1,
					     .timeout_ms = 5000,
					     .luns = luns,
					     .n_luns = 2};
	char *text = peer_probe_request_encode(&request);

	assert_non_null(text);
	return text;
}

static void peer_probe_request__survives_the_way(void **state)
{
	struct peer_probe_storage *storage = NULL;
	struct peer_probe_request request;
	char *text = encode();

	(void)state;
	assert_int_equal(peer_probe_request_decode(text, strlen(text), &request, &storage, NULL),
			 0);
	assert_string_equal(request.node, "node2");
	assert_string_equal(request.array, "san1");
	assert_string_equal(request.secret_for, "web1");
	assert_string_equal(request.initiator, "iqn.2026-11.org.example:a");
	assert_int_equal(request.n_portals, 2);
	assert_string_equal(request.portals[1], "[fd00::1]:3260");
	assert_int_equal(request.paths_required, 1);
	assert_int_equal(request.timeout_ms, 5000);
	assert_int_equal(request.n_luns, 2);
	assert_memory_equal(request.luns, luns, sizeof(luns));
	peer_probe_storage_free(storage);
	free(text);
}

/* As an older lunmask sends it, and as it is sent for an array without CHAP. */
static void peer_probe_request__may_name_no_array(void **state)
{
	const struct peer_probe_request request = {.initiator = "iqn.2026-11.org.example:a",
						   .portals = portals,
						   .n_portals = 2,
						   .timeout_ms = 5000,
						   .luns = luns,
						   .n_luns = 2};
	struct peer_probe_storage *storage = NULL;
	struct peer_probe_request decoded;
	char *text = peer_probe_request_encode(&request);

	(void)state;
	assert_null(strstr(text, "array"));
	assert_null(strstr(text, "secret"));
	assert_int_equal(peer_probe_request_decode(text, strlen(text), &decoded, &storage, NULL),
			 0);
	assert_null(decoded.array);
	peer_probe_storage_free(storage);
	free(text);
}

/* Replaces from by to in a legal request, which must then be refused with a text that has word. */
static void assert_refused(const char *from, const char *to, const char *word)
{
	struct peer_probe_storage *storage = NULL;
	struct peer_probe_request request;
	struct err err = ERR_INIT;
	char *text = encode();
	char *at = strstr(text, from);
	char changed[4096];

	assert_non_null(at);
	(void)snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to,
		       at + strlen(from));
	assert_int_equal(
		peer_probe_request_decode(changed, strlen(changed), &request, &storage, &err),
		-EINVAL);
	assert_non_null(strstr(err_text(&err), word));
	free(text);
}

static void peer_probe_request_decode__refuses_and_names_the_field(void **state)
{
	(void)state;
	assert_refused("{", "[", "not JSON");
	assert_refused("\"node\":\"node2\"", "\"node\":2", "'node'");
	assert_refused("\"array\":\"san1\"", "\"array\":1", "'array'");
	assert_refused("\"secret_for\":\"web1\"", "\"secret_for\":\"../x\"", "'secret_for'");
	assert_refused("iqn.2026-11.org.example:a", "no name", "'initiator'");
	assert_refused("10.0.0.1:3260", "array:3260", "array:3260");
	assert_refused("\"portals\":[", "\"portals\":[1,", "portal");
	assert_refused("\"paths_required\":1", "\"paths_required\":3", "from 0 to 2");
	assert_refused("\"timeout_ms\":5000", "\"timeout_ms\":0", "'timeout_ms'");
	assert_refused("\"luns\":[", "\"luns\":[7,", "LUN 1");
	assert_refused("\"size_bytes\":512", "\"size_bytes\":-1", "'size_bytes'");
	assert_refused("naa.60", "", "'designator'");
	assert_refused("\"number\":1", "\"number\":99999", "'number'");
	assert_refused("\"luns\":", "\"other\":", "'luns'");
}

static void peer_probe_answer__survives_the_way(void **state)
{
	const struct iscsi_portals second = {.good = {false, true}, .n_good = 1};
	char *text = peer_probe_answer_encode(0, &second, 2, "");
	struct iscsi_portals seen = {.n_good = 7};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(peer_probe_answer_decode(text, strlen(text), 2, &seen, &err), 0);
	assert_memory_equal(&seen, &second, sizeof(second));
	assert_int_equal(iscsi_portals_first(&seen), 1);
	free(text);
	text = peer_probe_answer_encode(-EUCLEAN, &second, 2, "LUN 'a' is another\xff");
	assert_int_equal(peer_probe_answer_decode(text, strlen(text), 2, &seen, &err), -EUCLEAN);
	assert_string_equal(err_text(&err), "LUN 'a' is another?");
	assert_memory_equal(&seen, &second, sizeof(second));
	free(text);
}

/* It says only how many are good. */
static void peer_probe_answer_decode__knows_what_an_older_one_means(void **state)
{
	static const char all[] = "{\"ok\":true,\"paths\":2}", some[] = "{\"ok\":true,\"paths\":1}",
			  none[] = "{\"ok\":false,\"paths\":1,\"error\":\"x\","
				   "\"errno_name\":\"ENXIO\"}";
	struct iscsi_portals seen;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(peer_probe_answer_decode(all, strlen(all), 2, &seen, NULL), 0);
	assert_int_equal(seen.n_good, 2);
	assert_int_equal(peer_probe_answer_decode(some, strlen(some), 2, &seen, &err), -EPROTO);
	assert_non_null(strstr(err_text(&err), "upgrade lunmask there"));
	assert_int_equal(peer_probe_answer_decode(none, strlen(none), 2, &seen, NULL), -ENXIO);
	assert_int_equal(seen.n_good, 0);
}

static void peer_probe_answer_decode__refuses_what_is_no_answer(void **state)
{
	static const char *const bad[] = {
		"",
		"bash: lunmask-probe: command not found",
		"[]",
		"{}",
		"{\"ok\":true}",
		"{\"ok\":1,\"paths\":1}",
		"{\"ok\":true,\"paths\":-1}",
		"{\"ok\":false,\"paths\":1}",
		"{\"ok\":false,\"paths\":1,\"error\":\"x\",\"errno_name\":\"EFUNNY\"}",
		"{\"ok\":true,\"ok\":false,\"paths\":1}",
		"{\"ok\":true,\"paths\":1,\"portals\":[true]}",
		"{\"ok\":true,\"paths\":1,\"portals\":[true,true]}",
		"{\"ok\":true,\"paths\":2,\"portals\":[true,1]}",
		"{\"ok\":true,\"paths\":2,\"portals\":7}",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct iscsi_portals seen;

		assert_int_equal(peer_probe_answer_decode(bad[i], strlen(bad[i]), 2, &seen, NULL),
				 -EPROTO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peer_probe_request__survives_the_way),
		cmocka_unit_test(peer_probe_request__may_name_no_array),
		cmocka_unit_test(peer_probe_request_decode__refuses_and_names_the_field),
		cmocka_unit_test(peer_probe_answer__survives_the_way),
		cmocka_unit_test(peer_probe_answer_decode__knows_what_an_older_one_means),
		cmocka_unit_test(peer_probe_answer_decode__refuses_what_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
