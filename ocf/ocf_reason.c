/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ocf/ocf_reason.h"

#include <glib.h>
#include <string.h>

#include "base/err.h"

#define DOTS "..."
#define DOTS_LENGTH 3
#define WORD_MAX 32    /* a name that is longer loses its middle */
#define WORD_END 13    /* what is left of its end */
#define CLAUSES_MAX 24 /* what is beyond is one clause */
#define CUT_MIN 16     /* a clause of which less would be left is left out */

/* How a clause begins that says what to do. */
static const char *const imperatives[] = {
	"check ",   "configure ", "connect ", "copy ", "correct ", "delete ", "detach ", "eject ",
	"end ",     "fence ",     "find ",    "give ", "install ", "look ",   "make ",   "move ",
	"name ",    "power ",     "protect ", "put ",  "read ",    "reboot ", "remove ", "repeat ",
	"restart ", "restore ",   "revoke ",  "run ",  "save ",    "see ",    "set ",    "start ",
	"stop ",    "try ",       "upgrade ", "use ",  "wait ",
};

/* A part of the text, with the separator that ends it. */
struct clause {
	const char *at;
	size_t length;
	bool kept;
};

struct reason {
	struct clause clauses[CLAUSES_MAX];
	size_t n;
	size_t cut; /* index of a clause of which only the beginning is kept; n: of none */
	size_t cut_length;
};

/* Not within a character of several bytes. */
static size_t boundary_before(const char *text, size_t length)
{
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
		length--;
	}
	return length;
}

/* "a-name-of-many-letters-and-more-root" becomes "a-name-of-many-l...etters-root". */
static void words_shorten(const char *text, GString *ret)
{
	while (*text != '\0') {
		size_t length = strcspn(text, " ");
		size_t blanks = strspn(text + length, " ");

		if (length > WORD_MAX) {
			size_t head = boundary_before(text, WORD_MAX - DOTS_LENGTH - WORD_END);
			size_t tail = boundary_before(text, length - WORD_END);

			g_string_append_len(ret, text, (gssize)head);
			g_string_append(ret, DOTS);
			g_string_append_len(ret, text + tail, (gssize)(length - tail));
		} else {
			g_string_append_len(ret, text, (gssize)length);
		}
		g_string_append_len(ret, text + length, (gssize)blanks);
		text += length + blanks;
	}
}

static size_t clause_length(const char *text)
{
	const char *c = text;

	while ((c = strpbrk(c, ":;.")) != NULL) {
		if (c[1] == ' ') {
			return (size_t)(c + 2 - text);
		}
		c++;
	}
	return strlen(text);
}

static void clauses_split(struct reason *reason, const char *text)
{
	while (*text != '\0') {
		size_t length = reason->n == CLAUSES_MAX - 1 ? strlen(text) : clause_length(text);

		reason->clauses[reason->n++] = (struct clause){.at = text, .length = length};
		text += length;
	}
	reason->cut = reason->n;
}

bool ocf_reason_is_advice(const char *clause)
{
	for (size_t i = 0; i < G_N_ELEMENTS(imperatives); i++) {
		if (g_ascii_strncasecmp(clause, imperatives[i], strlen(imperatives[i])) == 0) {
			return true;
		}
	}
	return false;
}

/* The separators at the end of what is kept say nothing. */
static void tail_strip(GString *text)
{
	while (text->len > 0 && strchr(" :;,.(", text->str[text->len - 1]) != NULL) {
		g_string_truncate(text, text->len - 1);
	}
}

static void reason_join(const struct reason *reason, GString *ret)
{
	bool gap = false;

	g_string_truncate(ret, 0);
	for (size_t i = 0; i < reason->n; i++) {
		const struct clause *clause = &reason->clauses[i];

		if (!clause->kept) {
			gap = true;
			continue;
		}
		if (gap) {
			g_string_append(ret, DOTS " ");
		}
		g_string_append_len(
			ret, clause->at,
			(gssize)(i == reason->cut ? reason->cut_length : clause->length));
		gap = i == reason->cut;
		if (gap) {
			tail_strip(ret);
		}
	}
	if (gap) {
		tail_strip(ret);
		g_string_append(ret, DOTS);
	}
}

static bool fits(const struct reason *reason, GString *scratch)
{
	reason_join(reason, scratch);
	return scratch->len <= OCF_REASON_MAX;
}

/* To the last word that fits. */
static bool clause_cut(struct reason *reason, size_t i, GString *scratch)
{
	const struct clause *clause = &reason->clauses[i];
	size_t before = reason->cut;

	reason->cut = i;
	for (size_t length = clause->length - 1; length >= CUT_MIN; length--) {
		reason->cut_length = boundary_before(clause->at, length);
		if (clause->at[length] == ' ' && fits(reason, scratch)) {
			return true;
		}
	}
	reason->cut = before;
	return false;
}

/* Only one clause is ever cut: the one that was wanted most and did not fit. */
static void clause_keep(struct reason *reason, size_t i, GString *scratch)
{
	struct clause *clause = &reason->clauses[i];

	if (clause->kept) {
		return;
	}
	clause->kept = true;
	if (!fits(reason, scratch)) {
		clause->kept = reason->cut == reason->n && clause_cut(reason, i, scratch);
	}
}

static void clauses_choose(struct reason *reason, GString *scratch)
{
	clause_keep(reason, 0, scratch);
	for (size_t i = 1; i < reason->n; i++) {
		if (ocf_reason_is_advice(reason->clauses[i].at)) {
			clause_keep(reason, i, scratch);
		}
	}
	if (reason->n > 1) {
		clause_keep(reason, 1, scratch);
	}
	clause_keep(reason, reason->n - 1, scratch);
	for (size_t i = 1; i < reason->n; i++) {
		clause_keep(reason, i, scratch);
	}
}

bool ocf_reason_fit(const char *text, char ret[OCF_REASON_MAX + 1])
{
	g_autoptr(GString) words = g_string_new(NULL);
	g_autoptr(GString) joined = g_string_new(text);
	struct reason reason = {.n = 0};
	bool whole = joined->len <= OCF_REASON_MAX;

	if (!whole) {
		words_shorten(text, words);
		clauses_split(&reason, words->str);
		clauses_choose(&reason, joined);
		reason_join(&reason, joined);
	}
	(void)g_strlcpy(ret, joined->str, OCF_REASON_MAX + 1);
	return !whole;
}
