/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_FENCING_H
#define LUNMASK_DAEMON_FENCING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Of two nodes: has Pacemaker fenced the other since it was last here? Decided from what the fencer
 * says about when it last did, asked now and then while the other is here, and often when it is
 * gone. No clocks are compared: the fencer's time must be later than the one it said while the
 * other was here. That one counts when it was said twice, FENCING_WATCH_MS apart, so that a
 * fencing still being told around is not taken for a new one.
 *
 *	fencing_peer(&fencing, peer, present);           on every change; peer 0: not two voters
 *	if (fencing_wants(&fencing, now, &ticket)) ask;
 *	if (fencing_answer(&fencing, ticket, when)) it was fenced;
 */
#define FENCING_WATCH_MS 15000 /* while the other is here */
#define FENCING_HUNT_MS 2000   /* while it is gone */

struct fencing {
	uint32_t peer;
	bool present;
	uint64_t
		ticket; /* changes when peer or present does: answers to older questions are void */
	bool asked;
	int64_t asked_ms;
	bool have_last; /* what was said last while it was here */
	int64_t last;
	bool have_baseline;
	int64_t baseline;
};

void fencing_peer(struct fencing *fencing, uint32_t peer, bool present);
/* Should the fencer be asked now? Then *ret_ticket belongs to the question. */
bool fencing_wants(struct fencing *fencing, int64_t now_ms, uint64_t *ret_ticket);
/* When it wants to be asked next; INT64_MAX: not. */
int64_t fencing_next_ms(const struct fencing *fencing);
/* when: of the last successful off or reboot, 0: none. True: the peer has been fenced. */
bool fencing_answer(struct fencing *fencing, uint64_t ticket, int64_t when);

#endif
