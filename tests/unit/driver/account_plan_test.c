/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib.h>
#include <string.h>

#include "driver/account/account_plan.h"

#define ID "00000000-0000-0000-0000-000000000000"
#define MARK ACCOUNT_RESERVED "set:" ID ":" ID ":"
#define WORDS_MAX 16
#define PLACES_MAX 3

/*
 * A world in words. Wanted: "h1" a host's account whose secret tgtd has, "h1?" one whose secret is
 * not known, "a>" the array's. Place: TID, '+' if it admits initiators, '*' if it is shared, '-' if
 * it is and is to have none, then the accounts: "7+ closed h1 a>". "closed" is short for
 * ACCOUNT_CLOSED, "mN" for a mark of hN.
 */
struct row {
	const char *name;
	const char *wanted, *present;
	const char *places[PLACES_MAX];
	bool whole;
	const char *plan;
};

static const struct row rows[] = {
	{"everything is as it should be",
	 "h1 h2",
	 "closed h1 m1 h2 m2",
	 {"7+ closed h1 h2"},
	 true,
	 ""},
	{"a new target, after a restart of tgtd",
	 "h1? h2?",
	 "",
	 {"7"},
	 false,
	 "new:closed new:h1 new:h2 7+closed 7+h1 7+h2 "},
	{"an account more: nobody is unbound",
	 "h1 h2?",
	 "closed h1 m1",
	 {"7+ closed h1", "8+ closed h1"},
	 true,
	 "new:h2 7+h2 8+h2 "},
	{"only the last is ever unbound",
	 "h2 h3",
	 "closed h2 m2 h3 m3 h9",
	 {"7+ closed h9 h2 h3"},
	 false,
	 "7-h3 7-h2 7-h9 7+h2 7+h3 "},
	{"the last one goes", "h1", "closed h1 m1 h9", {"7+ closed h1 h9"}, false, "7-h9 "},
	{"the order does not matter", "h1 h2", "closed h1 m1 h2 m2", {"7+ closed h2 h1"}, true, ""},
	{"bound by hand: it is shut meanwhile",
	 "h1",
	 "h1 h9",
	 {"7+ h1 h9"},
	 false,
	 "new:closed shut:7 7-h9 7-h1 7+closed 7+h1 open:7 "},
	{"bound by hand, and nobody is admitted",
	 "h1",
	 "h1",
	 {"7 h1"},
	 false,
	 "new:closed 7-h1 7+closed 7+h1 "},
	{"open without CHAP until now", "h1", "closed h1 m1", {"7+"}, false, "7+closed 7+h1 "},
	{"a closed one that was bound above others",
	 "h1",
	 "closed h1 m1",
	 {"7+ h1 closed"},
	 false,
	 "shut:7 7-closed 7-h1 7+closed 7+h1 open:7 "},
	{"mutual CHAP", "h1 a>", "closed h1 m1 a", {"7+ closed h1"}, false, "7>a "},
	{"another account of the array",
	 "h1 b>",
	 "closed h1 m1 a b",
	 {"7+ closed h1 a>"},
	 false,
	 "7<a 7>b "},
	{"mutual CHAP no longer", "h1", "closed h1 m1 a", {"7+ closed h1 a>"}, false, "7<a "},
	{"a host's account becomes the array's",
	 "h1 h2>",
	 "closed h1 m1 h2",
	 {"7+ closed h1 h2"},
	 false,
	 "7-h2 7>h2 "},
	{"a changed secret: not while only some targets are looked at",
	 "h1? h2",
	 "closed h1 m1 h2 m2",
	 {"7+ closed h1 h2"},
	 false,
	 ""},
	{"a changed secret",
	 "h1? h2",
	 "closed h1 m1 h2 m2",
	 {"7+ closed h1 h2", "8 closed h2 h1"},
	 true,
	 "7-h2 7-h1 7+h2 8-h1 del:m1 del:h1 new:h1 7+h1 8+h1 "},
	{"a changed secret of the array",
	 "h1 a>?",
	 "closed h1 m1 a",
	 {"7+ closed h1 a>"},
	 true,
	 "7<a del:a new:a 7>a "},
	{"killed before the mark: the secret is not known",
	 "h1?",
	 "closed h1",
	 {"7+ closed"},
	 true,
	 "del:h1 new:h1 7+h1 "},
	{"a mark that is left over",
	 "h1?",
	 "closed m1",
	 {"7+ closed"},
	 false,
	 "del:m1 new:h1 7+h1 "},
	{"an account that the file no longer has",
	 "h2",
	 "closed h1 m1 h2 m2",
	 {"7+ closed h1 h2"},
	 true,
	 "7-h2 7-h1 7+h2 del:h1 del:m1 "},
	{"killed before its mark was deleted",
	 "h2",
	 "closed m1 h2 m2",
	 {"7+ closed h2"},
	 true,
	 "del:m1 "},
	{"accounts of others are left alone", "h1", "closed h1 m1 h9", {"7+ closed h1"}, true, ""},
	{"discovery keeps the accounts of others",
	 "h1",
	 "h1 m1 h8 h9 closed",
	 {"d* h9 h8"},
	 false,
	 "d-h8 d-h9 d+closed d+h9 d+h8 d+h1 "},
	{"discovery loses what the file no longer has",
	 "h1",
	 "closed h1 m1 h2 m2 h9",
	 {"d* closed h2 h9 h1"},
	 false,
	 "d-h1 d-h9 d-h2 d+h9 d+h1 "},
	{"the array's account of others at discovery",
	 "h1",
	 "closed h1 m1 b",
	 {"d* closed h1 b>"},
	 false,
	 ""},
	{"discovery is not to have the file's",
	 "h1 h2? a>",
	 "closed h1 m1 h2 h9 a",
	 {"d- closed h1 h9 h2 a>"},
	 true,
	 "d-h2 d-h9 d-h1 d-closed d+h9 d<a del:h2 new:h2 "},
	{"discovery has none", "h1", "closed h1 m1 h9 b", {"d- h9 b>"}, true, ""},
	{"CHAP is switched off",
	 "",
	 "closed h1 m1",
	 {"7- closed h1", "d- h9"},
	 true,
	 "7-h1 7-closed del:h1 del:m1 "},
	{"discovery, mutual", "h1 a>", "closed h1 m1 a b", {"d* closed h1 b>"}, false, "d<b d>a "},
};

static const char *full(const char *word)
{
	g_autofree char *mark = g_strdup_printf(MARK "h%s", word + 1);

	if (strcmp(word, "closed") == 0) {
		return ACCOUNT_CLOSED;
	}
	return g_intern_string(word[0] == 'm' ? mark : word);
}

static const char *brief(const char *name)
{
	const char *host = strrchr(name, 'h');
	g_autofree char *mark = g_strdup_printf("m%s", host == NULL ? "" : host + 1);

	if (strcmp(name, ACCOUNT_CLOSED) == 0) {
		return "closed";
	}
	return g_str_has_prefix(name, MARK) ? g_intern_string(mark) : name;
}

static size_t words_put(const char *text, const char **ret)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	size_t n = 0;

	for (size_t i = 0; words[i] != NULL; i++) {
		if (*words[i] != '\0') {
			ret[n++] = g_intern_string(words[i]);
		}
	}
	assert_true(n <= WORDS_MAX);
	return n;
}

static bool ends(char *word, char sign)
{
	size_t length = strlen(word);

	if (length == 0 || word[length - 1] != sign) {
		return false;
	}
	word[length - 1] = '\0';
	return true;
}

static struct account_wanted wanted_of(const char *text)
{
	g_autofree char *word = g_strdup(text);
	bool unknown = ends(word, '?');
	bool outgoing = ends(word, '>');
	g_autofree char *mark = g_strdup_printf(MARK "%s", word);

	return (struct account_wanted){.user = g_intern_string(word),
				       .outgoing = outgoing,
				       .mark = unknown ? NULL : g_intern_string(mark)};
}

static struct account_place place_of(const char *text, const char **hosts)
{
	const char *words[WORDS_MAX];
	size_t n = words_put(text, words);
	g_autofree char *head = g_strdup(words[0]);
	struct account_place ret = {.hosts = hosts};

	ret.without = ends(head, '-');
	ret.shared = ends(head, '*') || ret.without;
	ret.admits = ends(head, '+');
	ret.tid = head[0] == 'd' ? ACCOUNT_DISCOVERY : (unsigned int)atoi(head);
	for (size_t i = 1; i < n; i++) {
		g_autofree char *word = g_strdup(words[i]);

		if (ends(word, '>')) {
			ret.array = g_intern_string(word);
		} else {
			hosts[ret.n_hosts++] = full(word);
		}
	}
	return ret;
}

static void action_print(GString *to, const struct account_action *action)
{
	static const char *const before[] = {[ACCOUNT_NEW] = "new:",
					     [ACCOUNT_DELETE] = "del:",
					     [ACCOUNT_SHUT] = "shut:",
					     [ACCOUNT_OPEN] = "open:"};
	static const char signs[] = {[ACCOUNT_BIND] = '+',
				     [ACCOUNT_UNBIND] = '-',
				     [ACCOUNT_ARRAY_BIND] = '>',
				     [ACCOUNT_ARRAY_UNBIND] = '<'};
	g_autofree char *tid = action->tid == ACCOUNT_DISCOVERY
				       ? g_strdup("d")
				       : g_strdup_printf("%u", action->tid);

	if (action->act <= ACCOUNT_OPEN) {
		g_string_append_printf(to, "%s%s ", before[action->act],
				       action->user != NULL ? brief(action->user) : tid);
	} else {
		g_string_append_printf(to, "%s%c%s ", tid, signs[action->act], brief(action->user));
	}
}

static void row_check(const struct row *row)
{
	const char *present[WORDS_MAX], *words[WORDS_MAX], *hosts[PLACES_MAX][WORDS_MAX];
	struct account_wanted wanted[WORDS_MAX];
	struct account_place places[PLACES_MAX];
	struct account_world world = {.wanted = wanted, .present = present, .places = places};
	g_autoptr(GString) text = g_string_new("");
	struct account_plan plan;

	world.whole = row->whole;
	world.n_wanted = words_put(row->wanted, words);
	for (size_t i = 0; i < world.n_wanted; i++) {
		wanted[i] = wanted_of(words[i]);
	}
	world.n_present = words_put(row->present, present);
	for (size_t i = 0; i < world.n_present; i++) {
		present[i] = full(present[i]);
	}
	for (; world.n_places < PLACES_MAX && row->places[world.n_places] != NULL;
	     world.n_places++) {
		places[world.n_places] =
			place_of(row->places[world.n_places], hosts[world.n_places]);
	}
	plan = account_plan_make(&world);
	for (size_t i = 0; i < plan.count; i++) {
		action_print(text, &plan.actions[i]);
	}
	account_plan_release(&plan);
	if (strcmp(text->str, row->plan) != 0) {
		fail_msg("%s: '%s', not '%s'", row->name, text->str, row->plan);
	}
}

static void account_plan_make__has_the_actions_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		row_check(&rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(account_plan_make__has_the_actions_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
