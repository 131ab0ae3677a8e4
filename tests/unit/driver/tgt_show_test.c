/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "driver/tgtd/tgt_show.h"

/* As tgtd 1.0.85 prints it. */
#define UNIT                                                                                       \
	"        LUN: 1\n"                                                                         \
	"            Type: disk\n"                                                                 \
	"            SCSI ID: LUNMASK 5c47f7eabfb16dd03e37aa9d\n"                                  \
	"            Size: 17 MB, Block size: 512\n"                                               \
	"            Online: Yes\n"                                                                \
	"            Readonly: Yes\n"                                                              \
	"            Backing store path: /srv/luns/a\n"                                            \
	"            Backing store flags: \n"
#define NEXUS                                                                                      \
	"        I_T nexus: 8\n"                                                                   \
	"            Initiator: iqn.a:h1 alias: none\n"                                            \
	"            Connection: 0\n"                                                              \
	"                IP Address: 127.0.0.1\n"
#define HEAD(tid, name)                                                                            \
	"Target " tid ": " name "\n"                                                               \
	"    System information:\n"                                                                \
	"        Driver: iscsi\n"                                                                  \
	"        State: ready\n"                                                                   \
	"    I_T nexus information:\n"
#define TAIL(acl)                                                                                  \
	"    LUN information:\n" UNIT "    Account information:\n"                                 \
	"    ACL information:\n" acl
#define TARGET(tid, name, nexus, acl) HEAD(tid, name) nexus TAIL(acl)
#define ACL_H1 "        iqn.a:h1\n"

static int parse(const char *text, struct tgt_show *show)
{
	struct err err = ERR_INIT;
	int rc = tgt_show_parse(text, strlen(text), "iqn.x:", show, &err);

	assert_int_equal(rc == 0, err_text(&err)[0] == '\0');
	return rc;
}

static void tgt_show_parse__reads_what_tgtd_prints(void **state)
{
	struct tgt_show show;
	const struct tgt_target *target;

	(void)state;
	assert_int_equal(parse(TARGET("1", "iqn.x:a", NEXUS, ACL_H1)
				       TARGET("7", "iqn.x:b", "", "        ALL\n"),
			       &show),
			 0);
	assert_int_equal(show.count, 2);
	target = tgt_show_find(&show, "iqn.x:a");
	assert_non_null(target);
	assert_int_equal(target->n_acl, 1);
	assert_true(tgt_target_find_unit(target, 1)->read_only);
	assert_string_equal(target->acl[0], "iqn.a:h1");
	assert_int_equal(target->n_connections, 1);
	assert_int_equal(target->connections[0].sid, 8);
	assert_string_equal(target->connections[0].initiator, "iqn.a:h1");
	assert_string_equal(target->connections[0].address, "127.0.0.1");
	assert_string_equal(tgt_target_find_unit(target, 1)->path, "/srv/luns/a");
	assert_string_equal(tgt_show_find(&show, "iqn.x:b")->acl[0], "ALL");
	assert_null(tgt_show_find(&show, "iqn.x:c"));
	tgt_show_release(&show);
}

static void tgt_show_parse__has_the_accounts_in_order(void **state)
{
	static const char text[] =
		HEAD("1", "iqn.x:a") "    LUN information:\n" UNIT "    Account information:\n"
				     "        second\n        a name\n        first\n"
				     "        san1 (outgoing)\n    ACL information:\n";
	const struct tgt_target *target;
	struct tgt_show show;

	(void)state;
	assert_int_equal(parse(text, &show), 0);
	target = tgt_show_find(&show, "iqn.x:a");
	assert_int_equal(target->n_accounts, 3);
	assert_string_equal(target->accounts[0], "second");
	assert_string_equal(target->accounts[1], "a name");
	assert_string_equal(target->accounts[2], "first");
	assert_string_equal(target->array_account, "san1");
	tgt_show_release(&show);
	assert_int_equal(parse(TARGET("1", "iqn.x:a", "", ""), &show), 0);
	assert_int_equal(show.targets[0].n_accounts, 0);
	assert_null(show.targets[0].array_account);
	tgt_show_release(&show);
}

static void tgt_show_parse__takes_nothing_for_no_targets(void **state)
{
	struct tgt_show show;

	(void)state;
	assert_int_equal(parse("", &show), 0);
	assert_int_equal(show.count, 0);
}

/* A text that ends early would hide a holder. */
static void tgt_show_parse__refuses_a_text_cut_within_a_target(void **state)
{
	static const char text[] = HEAD("1", "iqn.x:a") NEXUS TAIL("");
	struct tgt_show show;

	(void)state;
	for (size_t bytes = 1; bytes < strlen(text); bytes++) {
		assert_int_equal(tgt_show_parse(text, bytes, "iqn.x:", &show, NULL), -EBADMSG);
	}
	assert_int_equal(tgt_show_parse(text, strlen(text), "iqn.x:", &show, NULL), 0);
	tgt_show_release(&show);
}

static void tgt_show_parse__refuses_what_is_not_understood(void **state)
{
	static const char *const texts[] = {
		"hello\n",
		"Target 1 iqn.x:a\n",
		TARGET("x", "iqn.x:a", "", ""),
		TARGET("1", "iqn.x:a b", "", ""),
		TARGET("1", "iqn.x:a", "", "") TARGET("1", "iqn.x:b", "", ""),
		TARGET("1", "iqn.x:a", "", "") TARGET("2", "iqn.x:a", "", ""),
		TARGET("1", "iqn.x:a", "        I_T nexus: 8\n", ""),
		TARGET("1", "iqn.x:a", "            Initiator: iqn.a:h1\n", ""),
		TARGET("1", "iqn.x:a", NEXUS "            Bonus: 1\n", ""),
		TARGET("1", "iqn.x:a", "", "        iqn.a h1\n"),
		TARGET("1", "iqn.x:a", "", "    More information:\n"),
		HEAD("1", "iqn.x:a") "    ACL information:\n",
	};
	struct tgt_show show;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		assert_int_equal(parse(texts[i], &show), -EBADMSG);
	}
}

/* An initiator chooses its alias: lines of its own in it must not pass for tgtd's. */
static void tgt_show_parse__refuses_an_alias_with_lines(void **state)
{
	static const char nexus[] =
		"        I_T nexus: 8\n"
		"            Initiator: iqn.a:h1 alias: x\n"
		"            Connection: 0\n"
		"                IP Address: 127.0.0.1\n" TAIL("") "            Connection: 0\n";
	char text[4096];
	struct tgt_show show;

	(void)state;
	(void)strcpy(text, HEAD("1", "iqn.x:a"));
	(void)strcat(text, nexus);
	(void)strcat(text, TAIL(ACL_H1));
	assert_int_equal(parse(text, &show), -EBADMSG);
}

/* What is in a target of somebody else keeps nobody from our own. */
static void tgt_show_parse__passes_over_the_targets_of_others(void **state)
{
	static const char *const others[] = {
		TARGET("7", "iqn.y:b", "", ACL_H1),
		TARGET("7", "iqn.y:with a blank", NEXUS, ""),
		TARGET("7", "iqn.y:b", "", "        an initiator\n"),
		TARGET("7", "iqn.y:b", "", "") TARGET("7", "iqn.y:b", "", ""),
		TARGET("7", "iqn.y:b", "", "") TARGET("1", "iqn.y:c", "", ""),
		TARGET("7", "iqn.y:b", "        I_T nexus: 8\n        something\n\n", ""),
		HEAD("7", "iqn.y:b") "            Initiator: iqn.a:h1 alias: x\n"
				     "Target of mine\nTarget x: iqn.x:a\n" TAIL(""),
		HEAD("7", "an old tgtd") "    ACL information:\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *text = g_strconcat(
			others[i], TARGET("3", "iqn.x:a", NEXUS, ACL_H1), others[i], NULL);
		struct tgt_show show;

		assert_int_equal(parse(text, &show), 0);
		assert_int_equal(show.count, 1);
		assert_int_equal(show.tid_max, 7);
		assert_int_equal(tgt_show_find(&show, "iqn.x:a")->n_acl, 1);
		assert_int_equal(tgt_show_find(&show, "iqn.x:a")->n_connections, 1);
		tgt_show_release(&show);
	}
}

static void tgt_show_parse__has_no_limit_for_others(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct tgt_show show;

	(void)state;
	for (unsigned int i = 1; i <= TGT_TARGETS_MAX + 1; i++) {
		g_string_append_printf(text, "Target %u: iqn.y:%u\n    ACL information:\n", i, i);
	}
	g_string_append(text, TARGET("9000", "iqn.x:a", "", ACL_H1) HEAD("9001", "iqn.y:a"));
	for (int i = 0; i < 10000; i++) {
		g_string_append(text, UNIT);
	}
	g_string_append_printf(text, "%*s\n    ACL information:\n", TGT_LINE_MAX + 1, "x");
	assert_int_equal(parse(text->str, &show), 0);
	assert_int_equal(show.count, 1);
	assert_int_equal(show.tid_max, 9001);
	tgt_show_release(&show);
}

/* What follows a target of somebody else could have been ours. */
static void tgt_show_parse__refuses_a_text_cut_within_the_target_of_another(void **state)
{
	static const char text[] =
		TARGET("1", "iqn.x:a", "", "") HEAD("2", "iqn.y:b") NEXUS TAIL("");
	size_t begin = strlen(TARGET("1", "iqn.x:a", "", ""));
	struct tgt_show show;

	(void)state;
	for (size_t bytes = begin + 1; bytes < strlen(text); bytes++) {
		assert_int_equal(tgt_show_parse(text, bytes, "iqn.x:", &show, NULL), -EBADMSG);
	}
	assert_int_equal(parse(text, &show), 0);
	tgt_show_release(&show);
}

/* An alias can look like a target of ours: two of one name are one too many. */
static void tgt_show_parse__refuses_a_second_target_of_ours(void **state)
{
	static const char alias[] =
		HEAD("2", "iqn.y:b") "            Initiator: iqn.a:h1 alias: \n";
	struct tgt_show show;

	(void)state;
	g_autofree char *text = g_strconcat(alias, TARGET("5", "iqn.x:a", "", ""),
					    TARGET("1", "iqn.x:a", NEXUS, ACL_H1), NULL);
	g_autofree char *broken = g_strconcat(alias, HEAD("5", "iqn.x:b") NEXUS TAIL(""),
					      "            Connection: 0\n", NULL);

	assert_int_equal(parse(text, &show), -EBADMSG);
	assert_int_equal(parse(broken, &show), -EBADMSG);
}

static void tgt_show_parse__keeps_many(void **state)
{
	char *text = calloc(1, 1u << 20);
	struct tgt_show show;

	(void)state;
	assert_non_null(text);
	(void)strcat(text, HEAD("1", "iqn.x:a") TAIL(""));
	for (int i = 0; i < 100; i++) {
		(void)strcat(text, ACL_H1);
	}
	assert_int_equal(parse(text, &show), 0);
	assert_int_equal(show.targets[0].n_acl, 100);
	assert_string_equal(show.targets[0].acl[99], "iqn.a:h1");
	tgt_show_release(&show);
	free(text);
}

static void tgt_portals_parse__reads_and_refuses(void **state)
{
	static const char text[] = "Portal: 10.0.0.1:3260,1\nPortal: [::1]:3261,1\n";
	struct tgt_portals portals;

	(void)state;
	assert_int_equal(tgt_portals_parse(text, strlen(text), &portals, NULL), 0);
	assert_int_equal(portals.count, 2);
	assert_string_equal(portals.address[0], "10.0.0.1:3260");
	assert_string_equal(portals.address[1], "[::1]:3261");
	assert_int_equal(tgt_portals_parse("Portal: x\n", 10, &portals, NULL), -EBADMSG);
	assert_int_equal(tgt_portals_parse("Portal: a:1,1", 13, &portals, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tgt_show_parse__reads_what_tgtd_prints),
		cmocka_unit_test(tgt_show_parse__has_the_accounts_in_order),
		cmocka_unit_test(tgt_show_parse__takes_nothing_for_no_targets),
		cmocka_unit_test(tgt_show_parse__refuses_a_text_cut_within_a_target),
		cmocka_unit_test(tgt_show_parse__refuses_what_is_not_understood),
		cmocka_unit_test(tgt_show_parse__refuses_an_alias_with_lines),
		cmocka_unit_test(tgt_show_parse__passes_over_the_targets_of_others),
		cmocka_unit_test(tgt_show_parse__has_no_limit_for_others),
		cmocka_unit_test(tgt_show_parse__refuses_a_text_cut_within_the_target_of_another),
		cmocka_unit_test(tgt_show_parse__refuses_a_second_target_of_ours),
		cmocka_unit_test(tgt_show_parse__keeps_many),
		cmocka_unit_test(tgt_portals_parse__reads_and_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
