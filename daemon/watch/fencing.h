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
 * Two that fence each other by mask both stay alive. The second finds itself fenced on the array,
 * and has no success: as long as it is fenced. So the evidence is void when this node was unfenced
 * ("on") since the other was here: the other may have fenced it, and gone on alone.
 *
 *	fencing_peer(&fencing, peer, present);           on every change; peer 0: not two voters
 *	if (fencing_wants(&fencing, now, &ticket)) ask;
 *	if (fencing_answer(&fencing, ticket, &times) == FENCING_FENCED) it was fenced;
 *	why = fencing_refused(&fencing);                 at any time
 */
#define FENCING_WATCH_MS 15000 /* while the other is here */
#define FENCING_HUNT_MS 2000   /* while it is gone */

/* What the fencer remembers, with success; seconds since the epoch, 0: nothing. */
struct fencing_times {
	int64_t fenced;   /* the other, last: off or reboot */
	int64_t unfenced; /* this node, last: on */
};

struct fencing {
	uint32_t peer;
	bool present;
	uint64_t
		ticket; /* changes when peer or present does: answers to older questions are void */
	bool asked;
	int64_t asked_ms;
	bool have_last; /* what was said last, since it came */
	struct fencing_times last;
	int64_t heard_ms; /* when that was asked */
	bool have_baseline;
	struct fencing_times baseline;
};

void fencing_peer(struct fencing *fencing, uint32_t peer, bool present);
/* Should the fencer be asked now? Then *ret_ticket belongs to the question. */
bool fencing_wants(struct fencing *fencing, int64_t now_ms, uint64_t *ret_ticket);
/* When it wants to be asked next; INT64_MAX: not. */
int64_t fencing_next_ms(const struct fencing *fencing);
enum fencing_verdict {
	FENCING_NONE,   /* not since it was last here, as far as is known */
	FENCING_FENCED, /* the peer has been fenced */
	FENCING_VOID,   /* it has, and this node was let in again: it is no evidence */
};
enum fencing_verdict fencing_answer(struct fencing *fencing, uint64_t ticket,
				    const struct fencing_times *times);
/*
 * Why the peer's fencing would be no evidence, were it gone now and fenced next. NULL: it would be,
 * unless this node was unfenced after heard_ms.
 */
const char *fencing_refused(const struct fencing *fencing);

#endif
