/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_CORPUS_H
#define LUNMASK_TEST_CORPUS_H

#include <stddef.h>

#include "domain/mapping.h"

/*
 * Domain definitions as people and their tools write them, and what is to become of each: the table
 * "index" beside them says that, and why.
 *
 *	rows = corpus_load(folder, &n);
 *	xml = corpus_read(folder, rows[i].file);
 *	rc = corpus_build(xml, &mapping, &err);      as the first start does it
 *	rc = corpus_render(mapping, definition, &xml, &err);     as every start and move does it
 */
#define CORPUS_PORTAL "127.0.0.1:3260"
#define CORPUS_INITIATOR "iqn.2026-11.org.example:corpus"
/* The target has LUN numbers 1 to CORPUS_LUNS; all but the last are of this size. */
#define CORPUS_TARGET "iqn.2026-11.org.example:corpus-luns"
#define CORPUS_LUNS 7
#define CORPUS_FLASH_BYTES 540672 /* the last one: OVMF's variables */
#define CORPUS_LUN_BYTES ((uint64_t)64 << 20)

enum corpus_verdict {
	CORPUS_REFUSED, /* the message has the row's text */
	CORPUS_LIBVIRT, /* it is built, and libvirt refuses it with the row's text */
	/* The message has the row's text, unless its media are LUNs: then as CORPUS_RESTORED. */
	CORPUS_MEDIUM,
	CORPUS_ACCEPTED, /* it cannot be run on the machines of the tests; the row says why */
	CORPUS_RESTORED, /* it runs, is saved, and comes back */
};

struct corpus_row {
	char *file;
	enum corpus_verdict verdict;
	char *text; /* "-" unless it is refused by somebody */
	char *why;
};

/* Fails the test if the table cannot be read. The caller frees with corpus_free(). */
struct corpus_row *corpus_load(const char *folder, size_t *ret_count);
void corpus_free(struct corpus_row *rows, size_t count);

/* The file's content, for g_free(). */
char *corpus_read(const char *folder, const char *file);

/*
 * Each drive that the definition has gets a LUN of CORPUS_TARGET, and so do UEFI variables and a
 * TPM; with media, each medium too.
 */
int corpus_build(const char *xml, bool media, struct mapping **ret, struct err *err);
/* definition NULL: the mapping file's, for a boot; else the one that runs, or of an image. */
int corpus_render(const struct mapping *mapping, const char *definition, char **ret_xml,
		  struct err *err);
/* What is stored after the first start. */
int corpus_complete(const struct mapping *mapping, const char *definition, struct mapping **ret,
		    struct err *err);

#endif
