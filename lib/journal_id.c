/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal_id.h"

#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>

#define SHA256_BYTES 32

bool journal_id_equal(const struct journal_id *a, const struct journal_id *b)
{
	return memcmp(a->bytes, b->bytes, JOURNAL_ID_BYTES) == 0;
}

bool journal_id_is_zero(const struct journal_id *id)
{
	static const struct journal_id zero;

	return journal_id_equal(id, &zero);
}

/* Up to 256 bytes come whole, and uninterrupted once the kernel's pool is ready. */
int journal_id_random(struct journal_id *ret)
{
	ssize_t got;

	do {
		got = getrandom(ret->bytes, JOURNAL_ID_BYTES, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		return -errno;
	}
	return got == JOURNAL_ID_BYTES ? 0 : -EIO;
}

/* With its length, so that "ab", "c" is not "a", "bc". */
static void checksum_add(GChecksum *checksum, const char *text)
{
	uint64_t bytes = GUINT64_TO_LE((uint64_t)strlen(text));

	g_checksum_update(checksum, (const guchar *)&bytes, sizeof(bytes));
	g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text));
}

void journal_id_derive(struct journal_id *ret, ...)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[SHA256_BYTES];
	gsize bytes = sizeof(digest);
	const char *text;
	va_list texts;

	va_start(texts, ret);
	while ((text = va_arg(texts, const char *)) != NULL) {
		checksum_add(checksum, text);
	}
	va_end(texts);
	g_checksum_get_digest(checksum, digest, &bytes);
	memcpy(ret->bytes, digest, JOURNAL_ID_BYTES);
}

/* The groups of 8-4-4-4-12 digits begin at these bytes. */
static bool dash_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void journal_id_to_str(const struct journal_id *id, char ret[JOURNAL_ID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	char *at = ret;

	for (size_t i = 0; i < JOURNAL_ID_BYTES; i++) {
		if (dash_before(i)) {
			*at++ = '-';
		}
		*at++ = digits[id->bytes[i] >> 4];
		*at++ = digits[id->bytes[i] & 0xf];
	}
	*at = '\0';
}

int journal_id_from_str(const char *text, struct journal_id *ret)
{
	struct journal_id id;

	for (size_t i = 0; i < JOURNAL_ID_BYTES; i++) {
		int high, low;

		if (dash_before(i) && *text++ != '-') {
			return -EINVAL;
		}
		high = g_ascii_xdigit_value(text[0]);
		low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);
		if (low < 0) {
			return -EINVAL;
		}
		id.bytes[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text != '\0') {
		return -EINVAL;
	}
	*ret = id;
	return 0;
}
