/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal/journal_path.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/text.h"
#include "journal/journal_codec.h"
#include "journal/journal_record.h"
#include "names/lun.h"
#include "names/name.h"

#define PATH_VERSION 1

static bool node_legal(const char *text)
{
	return name_valid(text, NODE_NAME_MAX, "._-");
}

static bool portal_legal(const char *text)
{
	return portal_check(text, NULL) == 0;
}

/* clang-format off */
static const struct journal_field fields[] = {
	FIELD_TEXT(struct journal_path, node, node_legal),
	FIELD_TEXT(struct journal_path, array, lun_name_valid),
	FIELD_TEXT(struct journal_path, portal, portal_legal),
	FIELD_ENUM(struct journal_path, origin, JOURNAL_PATH_CONFIGURED, JOURNAL_PATH_ORIGIN_MAX),
	FIELD_ENUM(struct journal_path, state, PATH_UNKNOWN, PATH_STATE_MAX),
	FIELD_PLAIN(struct journal_path, age_ms, 64),
	FIELD_PLAIN(struct journal_path, measured_ms, 64),
	FIELD_PLAIN(struct journal_path, latency_us, 32),
	FIELD_TEXT(struct journal_path, reason, text_is_printable),
};
/* clang-format on */

/* Encoded, a text is at most one byte longer than its array. */
static_assert(sizeof(struct journal_path) + G_N_ELEMENTS(fields) + 1 <= JOURNAL_PATH_BYTES_MAX,
	      "JOURNAL_PATH_BYTES_MAX suffices");
static_assert(JOURNAL_PATH_BYTES_MAX <= JOURNAL_RECORD_BYTES_MAX, "a page has room for one");

size_t journal_path_encode(const struct journal_path *path, uint8_t *buffer)
{
	size_t bytes = journal_fields_encode(fields, G_N_ELEMENTS(fields), path, buffer + 1);

	buffer[0] = PATH_VERSION;
	return bytes == 0 ? 0 : bytes + 1;
}

int journal_path_decode(const uint8_t *data, size_t bytes, struct journal_path *ret,
			size_t *ret_used)
{
	size_t used;

	memset(ret, 0, sizeof(*ret));
	if (bytes == 0 || data[0] != PATH_VERSION) {
		return -EBADMSG;
	}
	used = journal_fields_decode(fields, G_N_ELEMENTS(fields), data + 1, bytes - 1, ret);
	*ret_used = used + 1;
	return used == 0 ? -EBADMSG : 0;
}

bool journal_path_usable(const struct journal_path *path)
{
	return path->origin == JOURNAL_PATH_CONFIGURED && path->state == PATH_UP;
}
