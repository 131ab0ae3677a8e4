/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/id128.h"

#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define SHA256_BYTES 32

bool id128_equal(const struct id128 *a, const struct id128 *b)
{
	return memcmp(a->bytes, b->bytes, ID128_BYTES) == 0;
}

bool id128_is_zero(const struct id128 *id)
{
	static const struct id128 zero;

	return id128_equal(id, &zero);
}

/* getrandom(2) returns up to 256 bytes at once, uninterrupted once the kernel has initialised. */
int id128_random(struct id128 *ret)
{
	ssize_t got = TEMP_FAILURE_RETRY(getrandom(ret->bytes, ID128_BYTES, 0));

	return got == ID128_BYTES ? 0 : got < 0 ? -errno : -EIO;
}

/* Adds the length first, so that "ab", "c" and "a", "bc" have different checksums. */
static void checksum_add(GChecksum *checksum, const char *text)
{
	uint64_t bytes = GUINT64_TO_LE((uint64_t)strlen(text));

	g_checksum_update(checksum, (const guchar *)&bytes, sizeof(bytes));
	g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text));
}

void id128_derive(struct id128 *ret, ...)
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
	memcpy(ret->bytes, digest, ID128_BYTES);
}

/* A dash stands before each of these bytes: groups of 8-4-4-4-12 digits. */
static bool dash_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void id128_to_str(const struct id128 *id, char ret[ID128_TEXT])
{
	for (size_t i = 0; i < ID128_BYTES; i++) {
		ret += sprintf(ret, "%s%02x", dash_before(i) ? "-" : "", id->bytes[i]);
	}
}

int id128_from_str(const char *text, struct id128 *ret)
{
	struct id128 id;

	for (size_t i = 0; i < ID128_BYTES; i++) {
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
