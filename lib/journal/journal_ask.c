/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal/journal_ask.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {
	[JOURNAL_ASK_VERIFY] = "verify",
	[JOURNAL_ASK_DOMAIN] = "domain",
	[JOURNAL_ASK_PREFLIGHT] = "preflight",
};

G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == JOURNAL_ASK_KIND_MAX);

const char *journal_ask_kind_to_str(enum journal_ask_kind kind)
{
	return (size_t)kind < G_N_ELEMENTS(kinds) ? kinds[kind] : NULL;
}

size_t journal_ask_request_head(const struct journal_ask_request *request,
				char line[JOURNAL_ASK_HEAD_MAX])
{
	return (size_t)snprintf(line, JOURNAL_ASK_HEAD_MAX, "ask %s %d %zu\n", kinds[request->kind],
				request->timeout_ms, request->bytes);
}

size_t journal_ask_answer_head(size_t bytes, char line[JOURNAL_ASK_HEAD_MAX])
{
	return (size_t)snprintf(line, JOURNAL_ASK_HEAD_MAX, "answer %zu\n", bytes);
}

/* The first line, as words, and what is behind it. */
struct head {
	char **words; /* NULL: it is not there */
	guint n;
	const char *body;
	size_t bytes;
};

static void head_release(struct head *head)
{
	g_strfreev(head->words);
}

#define AUTO_HEAD struct head __attribute__((cleanup(head_release)))

static enum journal_ask_sight head_see(const char *data, size_t bytes, struct head *ret)
{
	size_t room = bytes < JOURNAL_ASK_HEAD_MAX ? bytes : JOURNAL_ASK_HEAD_MAX;
	const char *end = room == 0 ? NULL : memchr(data, '\n', room);
	g_autofree char *line = NULL;

	if (end == NULL) {
		return room < JOURNAL_ASK_HEAD_MAX ? JOURNAL_ASK_PART : JOURNAL_ASK_WRONG;
	}
	line = g_strndup(data, (gsize)(end - data));
	ret->words = g_strsplit(line, " ", 0);
	ret->n = g_strv_length(ret->words);
	ret->body = end + 1;
	ret->bytes = bytes - (size_t)(ret->body - data);
	return JOURNAL_ASK_WHOLE;
}

static bool number_take(const char *word, guint64 min, guint64 max, guint64 *ret)
{
	return word[0] >= '0' && word[0] <= '9' &&
	       g_ascii_string_to_unsigned(word, 10, min, max, ret, NULL);
}

static bool kind_take(const char *word, enum journal_ask_kind *ret)
{
	for (int i = 1; i < JOURNAL_ASK_KIND_MAX; i++) {
		if (strcmp(word, kinds[i]) == 0) {
			*ret = (enum journal_ask_kind)i;
			return true;
		}
	}
	return false;
}

enum journal_ask_sight journal_ask_request_see(const char *data, size_t bytes,
					       struct journal_ask_request *ret)
{
	AUTO_HEAD head = {.words = NULL};
	enum journal_ask_sight sight = head_see(data, bytes, &head);
	guint64 timeout_ms, length;

	if (sight != JOURNAL_ASK_WHOLE) {
		return sight;
	}
	if (head.n != 4 || strcmp(head.words[0], "ask") != 0 ||
	    !kind_take(head.words[1], &ret->kind) ||
	    !number_take(head.words[2], 1, JOURNAL_ASK_TIMEOUT_MAX_MS, &timeout_ms) ||
	    !number_take(head.words[3], 1, JOURNAL_ASK_BYTES_MAX, &length)) {
		return JOURNAL_ASK_WRONG;
	}
	ret->timeout_ms = (int)timeout_ms;
	ret->body = head.body;
	ret->bytes = length;
	return head.bytes < length ? JOURNAL_ASK_PART : JOURNAL_ASK_WHOLE;
}

enum journal_ask_sight journal_ask_answer_see(const char *data, size_t bytes, const char **ret_body,
					      size_t *ret_bytes)
{
	AUTO_HEAD head = {.words = NULL};
	enum journal_ask_sight sight = head_see(data, bytes, &head);
	guint64 length;

	if (sight != JOURNAL_ASK_WHOLE) {
		return sight;
	}
	if (head.n != 2 || strcmp(head.words[0], "answer") != 0 ||
	    !number_take(head.words[1], 1, JOURNAL_ASK_BYTES_MAX, &length)) {
		return JOURNAL_ASK_WRONG;
	}
	*ret_body = head.body;
	*ret_bytes = length;
	return head.bytes < length ? JOURNAL_ASK_PART : JOURNAL_ASK_WHOLE;
}
