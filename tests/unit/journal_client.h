/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_JOURNAL_CLIENT_H
#define LUNMASK_TEST_JOURNAL_CLIENT_H

#include "journal.h"

/* What tests of client and server ask; what must go well and does not fails the test. */
#define LIMIT_MS 5000

struct journal *journal_client_open(void);

/* BEGIN of a start; the number makes the task's uuid, and the request's id. */
struct journal_op journal_client_begin(const char *vm, uint8_t number);
struct journal_id journal_client_id(uint8_t number);
struct journal_answer journal_client_submit(struct journal *journal, const char *vm, uint8_t number,
					    unsigned int flags, int timeout_ms);

/* Of journal_server.c: see there what it tells in which field. */
struct journal_status journal_client_status(struct journal *journal);

#endif
