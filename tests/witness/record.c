/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "WITNESS1"
#define CRC_AT (RECORD_BYTES - 4)
#define SEAL " sum="
#define SEAL_CHARS (sizeof(SEAL) - 1 + 8)

uint32_t record_crc(const void *data, size_t length)
{
	static uint32_t table[256];
	const unsigned char *bytes = data;
	uint32_t crc = ~0u;

	for (uint32_t i = 1; table[255] == 0 && i < 256; i++) {
		uint32_t value = i;

		for (int bit = 0; bit < 8; bit++) {
			value = (value >> 1) ^ (value & 1 ? 0x82f63b78u : 0);
		}
		table[i] = value;
	}
	for (size_t i = 0; i < length; i++) {
		crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 0xff];
	}
	return ~crc;
}

static void put(unsigned char *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++) {
		at[i] = (unsigned char)(value >> (8 * i));
	}
}

static uint64_t get(const unsigned char *at, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++) {
		value |= (uint64_t)at[i] << (8 * i);
	}
	return value;
}

void record_encode(struct record *record, unsigned char *sector)
{
	memset(sector, 0, RECORD_BYTES);
	memcpy(sector, MAGIC, 8);
	put(sector + 8, record->n, 8);
	memcpy(sector + 16, record->boot, BOOT_ID_BYTES);
	put(sector + 32, record->prev, 8);
	put(sector + 40, record->over, 8);
	put(sector + 48, record->link, 4);
	put(sector + 52, record->lun, 4);
	put(sector + 56, record->time_ms, 8);
	put(sector + 64, record->flags, 4);
	memcpy(sector + 72, record->vm, strnlen(record->vm, RECORD_VM_MAX));
	record->crc = record_crc(sector, CRC_AT);
	put(sector + CRC_AT, record->crc, 4);
}

enum slot_content record_decode(const unsigned char *sector, struct record *ret_record)
{
	static const unsigned char zeros[RECORD_BYTES];

	if (memcmp(sector, zeros, RECORD_BYTES) == 0) {
		return SLOT_EMPTY;
	}
	if (memcmp(sector, MAGIC, 8) != 0 ||
	    get(sector + CRC_AT, 4) != record_crc(sector, CRC_AT)) {
		return SLOT_DAMAGED;
	}
	*ret_record = (struct record){
		.n = get(sector + 8, 8),
		.prev = get(sector + 32, 8),
		.over = get(sector + 40, 8),
		.link = (uint32_t)get(sector + 48, 4),
		.lun = (uint32_t)get(sector + 52, 4),
		.time_ms = get(sector + 56, 8),
		.flags = (uint32_t)get(sector + 64, 4),
		.crc = (uint32_t)get(sector + CRC_AT, 4),
	};
	memcpy(ret_record->boot, sector + 16, BOOT_ID_BYTES);
	memcpy(ret_record->vm, sector + 72, RECORD_VM_MAX);
	return ret_record->n == 0 ? SLOT_DAMAGED : SLOT_RECORD;
}

int line_seal(char *line, size_t size)
{
	size_t length = strlen(line);

	if (length + SEAL_CHARS + 1 > size) {
		return -1;
	}
	snprintf(line + length, size - length, SEAL "%08" PRIx32, record_crc(line, length));
	return (int)(length + SEAL_CHARS);
}

bool line_is_sealed(const char *line)
{
	size_t length = strlen(line);
	char seal[SEAL_CHARS + 1];

	if (length < SEAL_CHARS) {
		return false;
	}
	length -= SEAL_CHARS;
	snprintf(seal, sizeof(seal), SEAL "%08" PRIx32, record_crc(line, length));
	return strcmp(line + length, seal) == 0;
}

int record_to_line(const struct record *record, char *line, size_t size)
{
	char boot[BOOT_ID_TEXT], name[LUN_NAME_MAX];
	int length;

	boot_id_to_text(record->boot, boot);
	lun_to_name(record->lun, name);
	length = snprintf(line, size,
			  "witness boot=%s n=%" PRIu64 " prev=%" PRIu64 " lun=%s over=%" PRIu64
			  " link=%08" PRIx32 " t=%" PRIu64 " flags=%" PRIx32 " rec=%08" PRIx32,
			  boot, record->n, record->prev, name, record->over, record->link,
			  record->time_ms, record->flags, record->crc);
	return length < 0 || (size_t)length >= size ? -1 : line_seal(line, size);
}

bool record_from_line(const char *line, struct record *ret_record)
{
	char boot[BOOT_ID_TEXT], name[LUN_NAME_MAX];
	struct record r = {0};

	if (!line_is_sealed(line) ||
	    sscanf(line,
		   "witness boot=%32s n=%" SCNu64 " prev=%" SCNu64 " lun=%7s over=%" SCNu64
		   " link=%" SCNx32 " t=%" SCNu64 " flags=%" SCNx32 " rec=%" SCNx32,
		   boot, &r.n, &r.prev, name, &r.over, &r.link, &r.time_ms, &r.flags,
		   &r.crc) != 9) {
		return false;
	}
	if (r.n == 0 || !boot_id_from_text(boot, r.boot) || !lun_from_name(name, &r.lun)) {
		return false;
	}
	*ret_record = r;
	return true;
}

void boot_id_to_text(const unsigned char *boot, char *text)
{
	for (int i = 0; i < BOOT_ID_BYTES; i++) {
		snprintf(text + 2 * i, 3, "%02x", boot[i]);
	}
}

bool boot_id_from_text(const char *text, unsigned char *ret_boot)
{
	if (strlen(text) != 2 * BOOT_ID_BYTES ||
	    strspn(text, "0123456789abcdef") != 2 * BOOT_ID_BYTES) {
		return false;
	}
	for (int i = 0; i < BOOT_ID_BYTES; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], 0};

		ret_boot[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return true;
}

void lun_to_name(uint32_t lun, char *name)
{
	char letters[LUN_NAME_MAX];
	int count = 0, at = 2;

	for (uint32_t rest = lun % LUN_MAX + 1; rest > 0; rest = (rest - 1) / 26) {
		letters[count++] = (char)('a' + (rest - 1) % 26);
	}
	memcpy(name, "vd", 2);
	while (count > 0) {
		name[at++] = letters[--count];
	}
	name[at] = '\0';
}

bool lun_from_name(const char *name, uint32_t *ret_lun)
{
	uint32_t value = 0;

	if (strncmp(name, "vd", 2) != 0 || name[2] == '\0') {
		return false;
	}
	for (const char *c = name + 2; *c; c++) {
		if (*c < 'a' || *c > 'z' || value > LUN_MAX) {
			return false;
		}
		value = value * 26 + (uint32_t)(*c - 'a') + 1;
	}
	*ret_lun = value - 1;
	return *ret_lun < LUN_MAX;
}
