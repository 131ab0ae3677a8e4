/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_RECORD_H
#define WITNESS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the witness writes: one record on every LUN for every counter value, and the same as one
 *line on its console. Shared by the writer (the guest) and the checker; no I/O here, and nothing of
 *the product, so that a fault of the product cannot hide itself in its own oracle.
 *
 * The ring: RING_SLOTS sectors from RING_OFFSET on; counter n lives in slot n % RING_SLOTS.
 *
 * A record, little-endian:
 *
 *	  0   8  magic "WITNESS1"
 *	  8   8  counter n, 1 and up, strictly increasing over the VM's whole life
 *	 16  16  boot id, random, taken at boot
 *	 32   8  prev: the counter that the newest slot held, read back before this write; 0 = none
 *	 40   8  over: the counter that the slot to be overwritten held; 0 = none
 *	 48   4  link: the CRC of the record that prev names; 0 = none
 *	 52   4  index of the LUN in the VM: 0 = vda
 *	 56   8  milliseconds of the guest's monotonic clock
 *	 64   4  flags: what this boot has been alarmed about, enum record_flag
 *	 68   4  reserved, 0
 *	 72  32  name of the VM, padded with NUL
 *	104 404  zero
 *	508   4  CRC-32C of the 508 bytes before
 *
 * link chains the records as hashes do: a record proves which one was on the disk before it. So a
 * line that a console lost at a hand-over can be told from a write that never was.
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
	FLAG_SECOND_WRITER = 1, /* a newer record of somebody else was found */
	FLAG_LOST_WRITE = 2,    /* a completed write was not there any more */
	FLAG_IO_ERROR = 4,
	FLAG_DAMAGED = 8, /* a slot held neither zeros nor a record of this VM's LUN */
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

/* Fills RECORD_BYTES and record->crc. */
void record_encode(struct record *record, unsigned char *sector);
/* SLOT_EMPTY is a sector of zeros; *ret_record is set for SLOT_RECORD only. */
enum slot_content record_decode(const unsigned char *sector, struct record *ret_record);

/* The console line without its newline; a checksum is its last word. Length, or -1 if too long. */
int record_to_line(const struct record *record, char *line, size_t size);
/* False if the line is not, unbroken, what record_to_line() made. vm stays empty. */
bool record_from_line(const char *line, struct record *ret_record);

/* Appends " sum=XXXXXXXX" and checks it, for lines of other kinds. -1 / false as above. */
int line_seal(char *line, size_t size);
bool line_is_sealed(const char *line);

void boot_id_to_text(const unsigned char *boot, char *text);
bool boot_id_from_text(const char *text, unsigned char *ret_boot);
/* 0 is vda, 25 vdz, 26 vdaa. */
void lun_to_name(uint32_t lun, char *name);
bool lun_from_name(const char *name, uint32_t *ret_lun);

#endif
