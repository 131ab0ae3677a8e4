/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_STORE_FIXTURE_H
#define LUNMASK_STORE_FIXTURE_H

#include <limits.h>

#include "store/store.h"
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

/*
 * A store in a directory of its own, and a log to write into it: entry i has the same bytes
 * and chain in every test, so that what is read back can be judged without having kept it.
 */
#define LOG_MAX 4096

extern char directory[PATH_MAX];
extern struct store *store; /* of the test; the teardown closes it */
extern struct entry log_entries[LOG_MAX + 1];

int fixture_setup(void **state);
int fixture_teardown(void **state);
void directory_clear(void);

/* Path of a file in the directory; valid until the next call. */
const char *file_path(const char *name);
bool file_there(const char *name);
char *file_read(const char *name, size_t *ret_bytes);
void file_write(const char *name, const void *data, size_t bytes);

/* Opens, and expects it to go well. */
enum store_history store_begin_test(void);
void store_end_test(void);

/* A transaction that appends first..last (none if last is lower). Promise and commit follow last.
 */
struct core_persist persist_append(uint64_t sequence, uint64_t first, uint64_t last);
/* And that cuts the log at base, with a snapshot that says so. */
struct core_persist persist_rebase(uint64_t sequence, uint64_t base);
void persist_put(const struct core_persist *persist);
/* Waits until sequence is announced, or for the store's failure. */
int persist_wait(uint64_t sequence);
void persist_now(const struct core_persist *persist);

/* The log in durable is entries base+1..last of ours, and the rest belongs to it. */
void durable_expect(const struct core_durable *durable, uint64_t base, uint64_t last);

/* Runs what in a child that ends without closing the store. */
void crash(void (*what)(void));

#endif
