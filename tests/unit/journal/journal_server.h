/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_JOURNAL_SERVER_H
#define LUNMASK_TEST_JOURNAL_SERVER_H

#include "journal/journal.h"
#include "tests/unit/support/undo.h"

/*
 * The daemon's IPC server in a process of its own, over a core that does at once what a VM's name
 * asks for:
 *
 *	silent*    never answers
 *	later*     is unknown at first, and committed when its request id comes again
 *	unknown*   is always unknown
 *	fading*    is unknown at first, and refused when its request id comes again
 *	noquorum*  is refused; so is a linearizable read of it
 *	busy*      has too much in flight
 *	others are applied to the table of tasks.
 *
 * Tasks of these VMs give it paths: paths, of three hosts; lostpaths, that of the first is down;
 *manypaths, more than a page has; movingpaths, the same, and some came or went after the first
 *page; nopaths, none, with a reason.
 *
 * A question to another node is answered with its own body; "unanswered" with a failure. Node kind
 * answers with its name and the kind, silent never, and older cannot be asked.
 *
 * What it saw is told in its status: see journal_server.c. The name it serves is put into the
 * environment.
 *
 * up is a setup for each test, with undo_all() as its teardown: that closes the clients that are
 * still open, and ends the server.
 */
int journal_server_up(void **state);
/* It ends, cleanly, and another one begins, which knows nothing. */
void journal_server_restart(void);
/* SIGTERM, and then no server. */
void journal_server_stop(void);
void journal_server_signal(int signal);

/* What tests of client and server ask; what must go well and does not fails the test. */
#define LIMIT_MS TEST_LIMIT_MS

/* undo_all() closes it, or journal_client_close() before. */
struct journal *journal_client_open(void);
void journal_client_close(struct journal *journal);

/* BEGIN of a start; the number makes the task's uuid, and the request's id. */
struct journal_op journal_client_begin(const char *vm, uint8_t number);
struct id128 journal_client_id(uint8_t number);
struct journal_answer journal_client_submit(struct journal *journal, const char *vm, uint8_t number,
					    unsigned int flags, int timeout_ms);

/* journal_server.c says what it tells in which field. */
struct journal_status journal_client_status(struct journal *journal);
/* Until so many calls are under way in the server; the one that asks is one of them. */
void journal_client_wait_in_flight(struct journal *journal, uint64_t n);

#endif
