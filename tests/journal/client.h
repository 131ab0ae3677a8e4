/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_CLIENT_H
#define LUNMASK_TEST_CLIENT_H

#include "event.h"
#include "journal/journal.h"

/*
 * One client of the journal that writes down what it does (event.h) and goes on whatever happens to
 * lunmaskd. Operations, uuids and actors are made so that the history can be judged: each write
 * leaves its number and the task's number in the record.
 */
struct client {
	const char *node;
	struct id128 boot; /* of this run of the program */
	int history_fd;
	struct journal *journal; /* NULL: to be opened */
};

/* A VM, as this client saw it last. */
struct key {
	char vm[EVENT_VM_MAX + 1];
	bool shared; /* others write it too */
	bool known;
	bool exists;
	struct journal_task task;
	struct seen seen;
	int64_t since_ms; /* it has been seen like this */
};

#define CLIENT_CALL_MS 2000
/* The journal remembers its last 4096 requests, which must be more than it does in this time. */
#define CLIENT_PATIENCE_MS 8000

/* kind: EVENT_READ or EVENT_FINAL. false: no answer in time. */
bool client_read(struct client *client, struct key *key, enum event_kind kind);

/* Others wait for this client to go on with it. */
bool client_owes(const struct client *client, const struct key *key);

/* What a client would do next to the key as it was seen. false: nothing now; read it. */
bool client_write(struct client *client, struct key *key);

#endif
