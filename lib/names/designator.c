/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/designator.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define PAGE_CODE 0x83
#define PAGE_HEADER_BYTES 4
#define DESCRIPTOR_HEADER_BYTES 4
#define ASSOCIATION_LOGICAL_UNIT 0

enum code_set { CODE_SET_BINARY = 1, CODE_SET_ASCII = 2 };

struct descriptor {
	unsigned int code_set;
	unsigned int type;
	const unsigned char *name;
	size_t bytes;
};

static bool hex_write(const char *prefix, const struct descriptor *from, char *name)
{
	size_t length = strlen(prefix);

	if (from->code_set != CODE_SET_BINARY || length + from->bytes * 2 > LUN_DESIGNATOR_MAX) {
		return false;
	}
	memcpy(name, prefix, length);
	for (size_t i = 0; i < from->bytes; i++) {
		(void)snprintf(name + length + i * 2, 3, "%02x", from->name[i]);
	}
	return true;
}

static bool naa_write(const struct descriptor *from, char *name)
{
	return (from->bytes == 8 || from->bytes == 16) && hex_write("naa.", from, name);
}

static bool eui_write(const struct descriptor *from, char *name)
{
	return (from->bytes == 8 || from->bytes == 12 || from->bytes == 16) &&
	       hex_write("eui.", from, name);
}

static bool t10_write(const struct descriptor *from, char *name)
{
	static const char prefix[] = "t10.";
	size_t bytes = from->bytes;

	/* SPC-4 pads with blanks only, but some devices also pad with NUL. */
	while (bytes > 0 && (from->name[bytes - 1] == ' ' || from->name[bytes - 1] == '\0')) {
		bytes--;
	}
	if (from->code_set == CODE_SET_BINARY || bytes == 0 ||
	    sizeof(prefix) - 1 + bytes > LUN_DESIGNATOR_MAX) {
		return false;
	}
	for (size_t i = 0; i < bytes; i++) {
		if (from->name[i] < ' ' || from->name[i] > '~') {
			return false;
		}
	}
	(void)snprintf(name, LUN_DESIGNATOR_MAX + 1, "%s%.*s", prefix, (int)bytes,
		       (const char *)from->name);
	return true;
}

/* By designator type, SPC-4 table 597. The other types alone do not identify a logical unit. */
static bool (*const name_writers[16])(const struct descriptor *from, char *name) = {
	[1] = t10_write,
	[2] = eui_write,
	[3] = naa_write,
};

static void descriptor_add(const struct descriptor *from, struct designator_list *list)
{
	if (list->count < LUN_DESIGNATORS_MAX && name_writers[from->type] != NULL &&
	    name_writers[from->type](from, list->names[list->count])) {
		list->count++;
	}
}

int designator_list_decode(const unsigned char *page, size_t bytes, struct designator_list *ret,
			   struct err *err)
{
	size_t said, end, at;

	memset(ret, 0, sizeof(*ret));
	if (bytes < PAGE_HEADER_BYTES || page[1] != PAGE_CODE) {
		return err_set(err, -EBADMSG,
			       "the device identification page is not VPD page 0x83");
	}
	said = PAGE_HEADER_BYTES + ((size_t)page[2] << 8 | page[3]);
	end = said < bytes ? said : bytes;
	for (at = PAGE_HEADER_BYTES; at + DESCRIPTOR_HEADER_BYTES <= end;) {
		const unsigned char *header = page + at;
		struct descriptor from = {
			.code_set = header[0] & 0x0f,
			.type = header[1] & 0x0f,
			.name = header + DESCRIPTOR_HEADER_BYTES,
			.bytes = header[3],
		};

		at += DESCRIPTOR_HEADER_BYTES + from.bytes;
		if (at > said) {
			return err_set(err, -EBADMSG,
				       "a designator of %zu bytes reaches beyond VPD page 0x83",
				       from.bytes);
		}
		if (at <= end && (header[1] >> 4 & 3) == ASSOCIATION_LOGICAL_UNIT) {
			descriptor_add(&from, ret);
		}
	}
	return 0;
}

bool designator_list_holds(const struct designator_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

void designator_list_to_str(const struct designator_list *list, char *text, size_t size)
{
	(void)snprintf(text, size, "%s", list->count == 0 ? "none" : "");
	for (size_t i = 0; i < list->count; i++) {
		text_list_add(text, size, list->names[i]);
	}
}
