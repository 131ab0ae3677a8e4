/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_RECORD_H
#define WITNESS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Encodes and decodes what the witness writes: for every counter value, one record on every LUN and
 * one line with the same contents on the console. The writer (the guest) and the checker share this
 * module. It does no I/O and uses no code of the product, so that a fault of the product cannot
 * affect its own oracle.
 *
 * The ring has RING_SLOTS sectors, from RING_OFFSET on. Counter n is in slot n % RING_SLOTS.
 *
 * A record, little-endian:
 *
 *	  0   8  magic "WITNESS1"
 *	  8   8  counter n, 1 and up, strictly increasing over the VM's whole life
 *	 16  16  boot id, random, chosen at boot
 *	 32   8  prev: the counter of the newest record, read back before this write; 0 = none
 *	 40   8  over: the counter of the record that this write replaces; 0 = none
 *	 48   4  link: the CRC of the record that prev names; 0 = none
 *	 52   4  index of the LUN in the VM: 0 = vda
 *	 56   8  milliseconds of the guest's monotonic clock
 *	 64   4  flags: the alarms of this boot so far, enum record_flag
 *	 68   4  reserved, 0
 *	 72  32  name of the VM, padded with NUL
 *	104 404  zero
 *	508   4  CRC-32C of the 508 bytes before
 *
 * link chains the records like a hash chain: a record proves which record was on the disk before
 * it. The checker can thus distinguish a line that a console lost at a hand-over from a write that
 * never happened.
 */
#define RECORD_BYTES 512
#define RECORD_VM_MAX 32
#define BOOT_ID_BYTES 16
#define BOOT_ID_TEXT (2 * BOOT_ID_BYTES + 1)
#define RING_SLOTS 2048u
#define RING_OFFSET (1024u * 1024)
#define RING_BYTES (RING_SLOTS * RECORD_BYTES)
#define LUN_MAX 256u
#define LUN_NAME_MAX 8
#define LINE_MAX_BYTES 512

enum record_flag {
	FLAG_SECOND_WRITER = 1, /* the LUN has a newer record of another writer */
	FLAG_LOST_WRITE = 2,    /* the record of a completed write is gone */
	FLAG_IO_ERROR = 4,
	FLAG_DAMAGED = 8, /* a slot has neither zeros nor a record of this VM and LUN */
};

struct record {
	uint64_t n;
	unsigned char boot[BOOT_ID_BYTES];
	uint64_t prev;
	uint64_t over;
	uint32_t link;
	uint32_t lun;
	uint64_t time_ms;
	uint32_t flags;
	char vm[RECORD_VM_MAX + 1];
	uint32_t crc; /* set by record_encode() and record_decode() */
};

enum slot_content { SLOT_EMPTY, SLOT_RECORD, SLOT_DAMAGED };

uint32_t record_crc(const void *data, size_t length);

/* Fills RECORD_BYTES of sector, and sets record->crc. */
void record_encode(struct record *record, unsigned char *sector);
/* SLOT_EMPTY is a sector of zeros. *ret_record is valid for SLOT_RECORD only. */
enum slot_content record_decode(const unsigned char *sector, struct record *ret_record);

/*
 * Writes the console line without a newline; its last word is a checksum. The length, or -1 if the
 * line does not fit.
 */
int record_to_line(const struct record *record, char *line, size_t size);
/* False if the line is not an intact line of record_to_line(). vm stays empty. */
bool record_from_line(const char *line, struct record *ret_record);

/*
 * For lines of other kinds: line_seal() appends the checksum " sum=XXXXXXXX", and returns the
 * length or -1 if the line does not fit. line_is_sealed() checks it.
 */
int line_seal(char *line, size_t size);
bool line_is_sealed(const char *line);

void boot_id_to_text(const unsigned char *boot, char *text);
bool boot_id_from_text(const char *text, unsigned char *ret_boot);
/* 0 is vda, 25 vdz, 26 vdaa. */
void lun_to_name(uint32_t lun, char *name);
bool lun_from_name(const char *name, uint32_t *ret_lun);

#endif
