/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/array_wire.h"

#define S "iqn.2026-11.x:s"
#define T "iqn.2026-11.x:t"
#define MASK(lun, initiators, nexuses)                                                             \
	"{\"lun\":\"" lun "\",\"initiators\":[" initiators "],\"nexuses\":[" nexuses "]}"
#define LUN(name)                                                                                  \
	"{\"name\":\"" name "\",\"size_bytes\":4096,\"designators\":[\"naa.6001\",\"t10.x\"],"     \
	"\"target\":\"iqn.2026-11.x:" name "\",\"number\":1}"

static const char *const NAMES[] = {"a", "b"};

static void array_wire_encode_apply__leaves_out_what_is_not_wanted(void **state)
{
	const struct array_change change = {.luns = NAMES, .n_luns = 2, .grant = T};
	char *text = array_wire_encode_apply(&change, NULL, NULL, 100);

	(void)state;
	assert_non_null(text);
	assert_string_equal(text, "{\"luns\":[\"a\",\"b\"],\"grant\":\"" T
				  "\",\"allowed\":[],\"timeout_ms\":100}");
	free(text);
	text = array_wire_encode_apply(&change, "node2@c", S, 100);
	assert_string_equal(text, "{\"luns\":[\"a\",\"b\"],\"grant\":\"" T
				  "\",\"allowed\":[],\"host\":\"node2@c\",\"by\":\"" S
				  "\",\"timeout_ms\":100}");
	free(text);
}

static int decode_luns(const char *reply, struct lun *luns)
{
	struct err err = ERR_INIT;
	int rc = array_wire_decode_luns(reply, strlen(reply), NAMES, 2, luns, &err);

	assert_int_equal(rc == 0, err_text(&err)[0] == '\0');
	return rc;
}

static void array_wire_decode_luns__gives_them_in_the_order_asked(void **state)
{
	struct lun luns[2];

	(void)state;
	assert_int_equal(decode_luns("{\"luns\":[" LUN("b") "," LUN("a") "],\"new\":1}", luns), 0);
	assert_string_equal(luns[0].name, "a");
	assert_string_equal(luns[1].target, "iqn.2026-11.x:b");
	assert_string_equal(luns[0].designator, "naa.6001");
	assert_int_equal(luns[0].size_bytes, 4096);
	assert_int_equal(luns[0].number, 1);
}

static void array_wire_decode_luns__refuses_anything_else(void **state)
{
	static const char *const replies[] = {
		"",
		"garbage",
		"[]",
		"{}",
		"{\"luns\":{}}",
		"{\"luns\":[" LUN("a") "]}",
		"{\"luns\":[" LUN("a") "," LUN("a") "]}",
		"{\"luns\":[" LUN("a") "," LUN("c") "]}",
		"{\"luns\":[" LUN("a") ",1]}",
		"{\"luns\":[" LUN("a") "," LUN("b") "],\"luns\":[]}",
		"{\"luns\":[" LUN(
			"a") ",{\"name\":\"b\",\"size_bytes\":0,\"designators\":[\"naa.1\"],"
			     "\"target\":\"t\",\"number\":1}]}",
		"{\"luns\":[" LUN("a") ",{\"name\":\"b\",\"size_bytes\":1,\"designators\":[],"
				       "\"target\":\"t\",\"number\":1}]}",
		"{\"luns\":[" LUN(
			"a") ",{\"name\":\"b\",\"size_bytes\":1,\"designators\":[\"naa.1\"],"
			     "\"target\":\"a\\nb\",\"number\":1}]}",
	};
	struct lun luns[2];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(replies); i++) {
		assert_int_equal(decode_luns(replies[i], luns), -EPROTO);
	}
}

static void array_wire_decode_masks__keeps_holders_and_nexuses(void **state)
{
	static const char reply[] = "{\"masks\":[" MASK("b", "", "") "," MASK(
		"a", "\"ALL\",\"" S "\"", "{\"initiator\":\"" T "\",\"address\":\"1.2.3.4\"}") "]}";
	struct array_masks masks;

	(void)state;
	assert_int_equal(array_wire_decode_masks(reply, strlen(reply), NAMES, 2, &masks, NULL), 0);
	assert_string_equal(masks.masks[0].lun, "a");
	assert_true(array_mask_holds(&masks.masks[0], S));
	assert_true(array_mask_holds(&masks.masks[0], "ALL"));
	assert_false(array_mask_holds(&masks.masks[0], T));
	assert_int_equal(masks.masks[0].n_nexuses, 1);
	assert_string_equal(masks.masks[0].nexuses[0], T);
	assert_int_equal(masks.masks[1].n_initiators, 0);
	array_masks_release(&masks);
}

/* A mask left out or without its list would pass for a free LUN. */
static void array_wire_decode_masks__refuses_what_could_hide_a_holder(void **state)
{
	static const char *const replies[] = {
		"{\"masks\":[" MASK("a", "", "") "]}",
		"{\"masks\":[" MASK("a", "", "") ",{\"lun\":\"b\",\"nexuses\":[]}]}",
		"{\"masks\":[" MASK("a", "", "") ",{\"lun\":\"b\",\"initiators\":[]}]}",
		"{\"masks\":[" MASK("a", "", "") "," MASK("b", "1", "") "]}",
		"{\"masks\":[" MASK("a", "", "") "," MASK("b", "", "{}") "]}",
		"{\"masks\":[" MASK("a", "", "") "," MASK("b", "\"\"", "") "]}",
	};
	struct array_masks masks;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(replies); i++) {
		assert_int_equal(array_wire_decode_masks(replies[i], strlen(replies[i]), NAMES, 2,
							 &masks, NULL),
				 -EPROTO);
	}
}

static int decode_apply(const char *reply, struct array_changed *changed, struct err *err)
{
	const struct array_change change = {.luns = NAMES, .n_luns = 2, .grant = T, .revoke = S};

	return array_wire_decode_apply(reply, strlen(reply), &change, changed, err);
}

static void array_wire_decode_apply__gives_what_changed(void **state)
{
	struct array_changed changed;

	(void)state;
	assert_int_equal(
		decode_apply("{\"granted\":[\"b\"],\"revoked\":[],\"masks\":[" MASK(
				     "a", "\"" T "\"", "") "," MASK("b", "\"" T "\"", "") "]}",
			     &changed, NULL),
		0);
	assert_int_equal(changed.n_granted, 1);
	assert_string_equal(changed.granted[0], "b");
	assert_int_equal(changed.n_revoked, 0);
	array_changed_release(&changed);
}

static void array_wire_decode_apply__does_not_believe_what_was_not_read_back(void **state)
{
	static const char ungranted[] =
		"{\"granted\":[\"a\",\"b\"],\"revoked\":[],\"masks\":[" MASK(
			"a", "\"" T "\"", "") "," MASK("b", "", "") "]}";
	static const char open_nexus[] = "{\"granted\":[],\"revoked\":[],\"masks\":[" MASK(
		"a", "\"" T "\"", "{\"initiator\":\"" S "\"}") "," MASK("b", "\"" T "\"", "") "]}";
	static const char foreign[] = "{\"granted\":[\"c\"],\"revoked\":[],\"masks\":[" MASK(
		"a", "\"" T "\"", "") "," MASK("b", "\"" T "\"", "") "]}";
	struct array_changed changed;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(decode_apply(ungranted, &changed, &err), -EPROTO);
	assert_non_null(strstr(err_text(&err), "not granted"));
	assert_int_equal(decode_apply(open_nexus, &changed, &err), -EPROTO);
	assert_non_null(strstr(err_text(&err), "still has a path"));
	assert_int_equal(decode_apply(foreign, &changed, &err), -EPROTO);
}

static void array_wire_decode_page__keeps_every_holder(void **state)
{
	static const char reply[] = "{\"masks\":[" MASK("b", "", "") "," MASK(
		"a", "\"" S "\"", "") "," MASK("a", "", "{\"initiator\":\"" T "\"}") "]}";
	struct array_masks masks;

	(void)state;
	assert_int_equal(array_wire_decode_page(reply, strlen(reply), &masks, NULL, NULL), 0);
	assert_int_equal(masks.count, 3);
	assert_string_equal(masks.masks[0].lun, "b");
	assert_true(array_mask_has_access(&masks.masks[1], S));
	assert_true(array_mask_has_access(&masks.masks[2], T));
	assert_false(array_mask_has_access(&masks.masks[2], S));
	array_masks_release(&masks);
	assert_int_equal(array_wire_decode_page("{\"masks\":[]}", 12, &masks, NULL, NULL), 0);
	assert_int_equal(masks.count, 0);
	array_masks_release(&masks);
}

static void array_wire_decode_page__refuses_what_could_hide_a_holder(void **state)
{
	static const char *const replies[] = {
		"{}",
		"{\"masks\":{}}",
		"{\"masks\":[1]}",
		"{\"masks\":[{\"initiators\":[],\"nexuses\":[]}]}",
		"{\"masks\":[" MASK("../a", "", "") "]}",
		"{\"masks\":[" MASK("b", "", "") "," MASK("a", "1", "") "]}",
		"{\"masks\":[{\"lun\":\"a\",\"nexuses\":[]}]}",
	};
	struct array_masks masks;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(replies); i++) {
		assert_int_equal(
			array_wire_decode_page(replies[i], strlen(replies[i]), &masks, NULL, NULL),
			-EPROTO);
		assert_null(masks.masks);
	}
}

/* One more than may be: the reply is {"MEMBER":["iqn...", ...]}. */
static char *list_reply(const char *member, const char *element, size_t count)
{
	size_t size = 96 + count * (strlen(element) + 3);
	char *text = malloc(size);
	size_t at = (size_t)snprintf(text, size, "{\"%s\":[", member);

	for (size_t i = 0; i < count; i++) {
		at += (size_t)snprintf(text + at, size - at, "%s%s", i > 0 ? "," : "", element);
	}
	(void)snprintf(text + at, size - at, "],\"fencings\":0}");
	return text;
}

static void array_wire_decode__has_limits(void **state)
{
	char *most = list_reply("fenced", "\"" S "\"", ARRAY_HOLDERS_MAX);
	char *more = list_reply("fenced", "\"" S "\"", ARRAY_HOLDERS_MAX + 1);
	char *masks_more = list_reply("masks", MASK("a", "", ""), ARRAY_MASKS_MAX + 1);
	struct array_fenced fenced;
	struct array_masks masks;

	(void)state;
	assert_int_equal(array_wire_decode_fenced(most, strlen(most), &fenced, NULL), 0);
	array_fenced_release(&fenced);
	assert_int_equal(array_wire_decode_fenced(more, strlen(more), &fenced, NULL), -EPROTO);
	assert_int_equal(array_wire_decode_page(masks_more, strlen(masks_more), &masks, NULL, NULL),
			 -EPROTO);
	free(most);
	free(more);
	free(masks_more);
}

static void array_wire_decode_page__has_the_next_page(void **state)
{
	static const struct {
		const char *reply, *next;
	} rows[] = {
		{"{\"masks\":[]}", ""},
		{"{\"masks\":[],\"next\":\"web1-root\"}", "web1-root"},
		{"{\"masks\":[],\"next\":\"\"}", NULL},
		{"{\"masks\":[],\"next\":1}", NULL},
		{"{\"masks\":[],\"next\":null}", NULL},
		{"{\"masks\":[],\"next\":\"a b\"}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct array_masks masks;
		char next[LUN_NAME_MAX + 1];
		int rc = array_wire_decode_page(rows[i].reply, strlen(rows[i].reply), &masks, next,
						NULL);

		assert_int_equal(rc, rows[i].next != NULL ? 0 : -EPROTO);
		assert_true(rc != 0 || strcmp(next, rows[i].next) == 0);
		array_masks_release(&masks);
		/* Where no pages were asked for, the member is unknown. */
		assert_int_equal(array_wire_decode_page(rows[i].reply, strlen(rows[i].reply),
							&masks, NULL, NULL),
				 0);
		array_masks_release(&masks);
	}
}

static void array_wire_encode_selection__is_the_whole_request(void **state)
{
	static const char *const names[] = {S, T};
	struct array_selection selection = {.initiators = names, .count = 1};
	char *text = array_wire_encode_selection(&selection, 7);

	(void)state;
	assert_string_equal(text, "{\"initiators\":[\"" S "\"],\"limit\":16,\"timeout_ms\":7}");
	free(text);
	selection = (struct array_selection){
		.initiators = names, .count = 2, .rules = true, .urgent = true, .after = "a"};
	text = array_wire_encode_selection(&selection, 7);
	assert_string_equal(text, "{\"initiators\":[\"" S "\",\"" T
				  "\"],\"after\":\"a\",\"limit\":16,\"timeout_ms\":7,"
				  "\"rules\":true,\"urgent\":true}");
	free(text);
}

static void array_wire_decode_fenced__lists_names(void **state)
{
	static const char *const wrong[] = {"{}",
					    "{\"fenced\":\"" S "\"}",
					    "{\"fenced\":[1]}",
					    "{\"fenced\":[\"\"],\"fencings\":1}",
					    "{\"fenced\":[]}",
					    "{\"fenced\":[],\"fencings\":-1}",
					    "{\"fenced\":[],\"fencings\":1,\"hosts\":{}}",
					    "{\"fenced\":[],\"fencings\":1,\"hosts\":[1]}",
					    ("{\"fenced\":[],\"fencings\":1,\"hosts\":[{\"host\":"
					     "\"a@c\",\"initiator\":\"ALL\"}]}"),
					    "{\"fenced\":[],\"fencings\":\"1\"}"};
	static const char reply[] = "{\"fenced\":[\"" S "\"],\"fencings\":17}";
	static const char hosts[] =
		"{\"fenced\":[],\"fencings\":0,\"hosts\":[{\"host\":\"node1@c\","
		"\"initiator\":\"" S "\",\"new\":1}]}";
	struct array_fenced fenced;

	(void)state;
	assert_int_equal(array_wire_decode_fenced(reply, strlen(reply), &fenced, NULL), 0);
	assert_true(array_fenced_has(&fenced, S));
	assert_false(array_fenced_has(&fenced, T));
	assert_int_equal(fenced.fencings, 17);
	assert_int_equal(fenced.n_hosts, 0);
	array_fenced_release(&fenced);
	assert_int_equal(array_wire_decode_fenced(hosts, strlen(hosts), &fenced, NULL), 0);
	assert_int_equal(fenced.n_hosts, 1);
	assert_string_equal(fenced.hosts[0].id, "node1@c");
	assert_string_equal(fenced.hosts[0].initiator, S);
	array_fenced_release(&fenced);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		assert_int_equal(
			array_wire_decode_fenced(wrong[i], strlen(wrong[i]), &fenced, NULL),
			-EPROTO);
	}
}

static void array_wire_decode_confirmed__wants_every_initiator(void **state)
{
	static const char *const asked[] = {S, T};
	static const char one[] = "{\"fenced\":[\"" S "\"],\"revoked\":[]}";
	static const char both[] = "{\"fenced\":[\"" T "\",\"" S "\"]}";
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(array_wire_decode_confirmed(both, strlen(both), "fenced", asked, 2, &err),
			 0);
	assert_int_equal(array_wire_decode_confirmed(one, strlen(one), "fenced", asked, 2, &err),
			 -EPROTO);
	assert_non_null(strstr(err_text(&err), T));
	assert_int_equal(
		array_wire_decode_confirmed(both, strlen(both), "unfenced", asked, 2, &err),
		-EPROTO);
}

static void array_wire_decode_info__knows_the_capabilities(void **state)
{
	static const char reply[] = "{\"protocol\":1,\"capabilities\":[\"new\",\"fence\"]}";
	static const char *const wrong[] = {"{\"capabilities\":[]}",
					    "{\"protocol\":2,\"capabilities\":[]}",
					    "{\"protocol\":1}"};
	struct array_info info;

	(void)state;
	assert_int_equal(array_wire_decode_info(reply, strlen(reply), &info, NULL), 0);
	assert_true(info.fence);
	assert_true(info.known);
	assert_false(info.nexus_list || info.requester || info.masks_select || info.urgent);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		assert_int_equal(array_wire_decode_info(wrong[i], strlen(wrong[i]), &info, NULL),
				 -EPROTO);
	}
}

static void array_wire_decode_info__knows_the_classes(void **state)
{
#define INFO(more) "{\"protocol\":1,\"capabilities\":[\"classes\",\"health\"]" more "}"
	static const char reply[] = INFO(",\"classes\":[\"none\",\"raid5\"]");
	/* Without the capability, the member may mean anything. */
	static const char other[] = "{\"protocol\":1,\"capabilities\":[],\"classes\":7}";
	static const char *const wrong[] = {INFO(""), INFO(",\"classes\":7"),
					    INFO(",\"classes\":[7]"),
					    INFO(",\"classes\":[\"a b\"]")};
	struct array_info info;

	(void)state;
	assert_int_equal(array_wire_decode_info(reply, strlen(reply), &info, NULL), 0);
	assert_true(info.health);
	assert_int_equal(info.n_classes, 2);
	assert_string_equal(info.classes[1], "raid5");
	assert_int_equal(array_wire_decode_info(other, strlen(other), &info, NULL), 0);
	assert_int_equal(info.n_classes, 0);
	assert_false(info.health);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		assert_int_equal(array_wire_decode_info(wrong[i], strlen(wrong[i]), &info, NULL),
				 -EPROTO);
	}
}

static void array_wire_encode_initiators__is_the_whole_request(void **state)
{
	static const char *const names[] = {S};
	char *text = array_wire_encode_initiators(names, 1, -1, NULL, 100);

	(void)state;
	assert_string_equal(text, "{\"initiators\":[\"" S "\"],\"timeout_ms\":100}");
	free(text);
	text = array_wire_encode_initiators(names, 1, 17, T, 100);
	assert_string_equal(text, "{\"initiators\":[\"" S "\"],\"fencings\":17,\"by\":\"" T
				  "\",\"timeout_ms\":100}");
	free(text);
	text = array_wire_encode_plain(7);
	assert_string_equal(text, "{\"timeout_ms\":7}");
	free(text);
}

static void array_wire_decode_error__maps_every_code(void **state)
{
	char reply[256];
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < ARRAY_ERROR_COUNT; i++) {
		(void)snprintf(reply, sizeof(reply),
			       "{\"error\":{\"code\":\"%s\",\"message\":\"why\"}}",
			       array_error_to_str((enum array_error)i));
		assert_int_equal(array_wire_decode_error(reply, strlen(reply), &err),
				 array_error_errno((enum array_error)i));
		assert_string_equal(err_text(&err), "why");
	}
	assert_int_equal(array_error_to_errno("held"), -EPERM);
	assert_int_equal(array_error_to_errno("no-such-lun"), -ENXIO);
	assert_int_equal(array_wire_decode_error("{}", 2, &err), -EPROTO);
	assert_int_equal(array_error_to_errno("new-code"), -EPROTO);
}

static void array_wire_decode_error__names_the_lun_once(void **state)
{
	const char *silent = "{\"error\":{\"code\":\"busy\",\"message\":\"why\",\"lun\":\"a\"}}";
	const char *telling =
		"{\"error\":{\"code\":\"busy\",\"message\":\"b says why\",\"lun\":\"b\"}}";
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(array_wire_decode_error(silent, strlen(silent), &err), -EBUSY);
	assert_string_equal(err_text(&err), "LUN a: why");
	(void)array_wire_decode_error(telling, strlen(telling), &err);
	assert_string_equal(err_text(&err), "b says why");
}

static void array_wire_decode_ports__keeps_what_can_be_a_portal(void **state)
{
	static const char reply[] =
		"{\"portals\": [{\"portal\": \"10.0.0.1:3260\", \"state\": \"online\"},"
		"{\"portal\": \"array.example:3260\", \"state\": \"online\"},"
		"{\"portal\": \"10.0.0.1:3260\", \"state\": \"online\"},"
		"{\"portal\": \"[fd00::1]:3260\", \"state\": \"no-link\", \"new\": 1}]}";
	struct array_ports ports;

	(void)state;
	assert_int_equal(array_wire_decode_ports(reply, strlen(reply), &ports, NULL), 0);
	assert_int_equal(ports.count, 2);
	assert_string_equal(ports.portals[0].portal, "10.0.0.1:3260");
	assert_string_equal(ports.portals[1].portal, "[fd00::1]:3260");
	assert_string_equal(ports.portals[1].state, "no-link");
}

static void array_wire_decode_ports__keeps_no_more_than_it_has_room_for(void **state)
{
	g_autoptr(GString) reply = g_string_new("{\"portals\": [");
	struct array_ports ports;

	(void)state;
	for (int i = 0; i < 2 * PORTALS_MAX; i++) {
		g_string_append_printf(reply,
				       "%s{\"portal\": \"10.0.0.%d:3260\", \"state\": \"online\"}",
				       i == 0 ? "" : ", ", i);
	}
	g_string_append(reply, "]}");
	assert_int_equal(array_wire_decode_ports(reply->str, reply->len, &ports, NULL), 0);
	assert_int_equal(ports.count, PORTALS_MAX);
}

static void array_wire_decode_ports__refuses_what_is_no_reply(void **state)
{
	static const char *const replies[] = {
		"{}",
		"{\"portals\": {}}",
		"{\"portals\": [1]}",
		"{\"portals\": [{\"portal\": \"10.0.0.1:3260\"}]}",
		"{\"portals\": [{\"state\": \"online\"}]}",
		"{\"portals\": [{\"portal\": \"10.0.0.1:3260\", \"state\": \"a\\n\"}]}",
	};
	struct array_ports ports;
	struct err err;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(replies); i++) {
		assert_int_equal(
			array_wire_decode_ports(replies[i], strlen(replies[i]), &ports, &err),
			-EPROTO);
		assert_true(*err_text(&err) != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(array_wire_encode_apply__leaves_out_what_is_not_wanted),
		cmocka_unit_test(array_wire_decode_luns__gives_them_in_the_order_asked),
		cmocka_unit_test(array_wire_decode_luns__refuses_anything_else),
		cmocka_unit_test(array_wire_decode_masks__keeps_holders_and_nexuses),
		cmocka_unit_test(array_wire_decode_masks__refuses_what_could_hide_a_holder),
		cmocka_unit_test(array_wire_decode_apply__gives_what_changed),
		cmocka_unit_test(array_wire_decode_apply__does_not_believe_what_was_not_read_back),
		cmocka_unit_test(array_wire_decode_page__keeps_every_holder),
		cmocka_unit_test(array_wire_decode_page__refuses_what_could_hide_a_holder),
		cmocka_unit_test(array_wire_decode__has_limits),
		cmocka_unit_test(array_wire_decode_page__has_the_next_page),
		cmocka_unit_test(array_wire_encode_selection__is_the_whole_request),
		cmocka_unit_test(array_wire_decode_fenced__lists_names),
		cmocka_unit_test(array_wire_decode_confirmed__wants_every_initiator),
		cmocka_unit_test(array_wire_decode_info__knows_the_capabilities),
		cmocka_unit_test(array_wire_decode_info__knows_the_classes),
		cmocka_unit_test(array_wire_encode_initiators__is_the_whole_request),
		cmocka_unit_test(array_wire_decode_error__maps_every_code),
		cmocka_unit_test(array_wire_decode_error__names_the_lun_once),
		cmocka_unit_test(array_wire_decode_ports__keeps_what_can_be_a_portal),
		cmocka_unit_test(array_wire_decode_ports__keeps_no_more_than_it_has_room_for),
		cmocka_unit_test(array_wire_decode_ports__refuses_what_is_no_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
