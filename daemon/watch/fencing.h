/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_FENCING_H
#define LUNMASK_DAEMON_FENCING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * In a cluster of two nodes: has Pacemaker fenced the peer since it was last present? This is
 * decided from the fencer's history. The fencer is queried every FENCING_PRESENT_MS while the peer
 *is present, and every FENCING_ABSENT_MS while it is gone. No clocks are compared: the time of the
 * fencing must be later than the one that the fencer reported while the peer was present (the
 * baseline). The baseline is valid when the fencer has reported it twice, FENCING_PRESENT_MS apart,
 * so that an old fencing that is still being announced among the nodes is not taken for a new one.
 *
 * Two nodes that fence each other by mask both stay alive. The second one finds that it is fenced
 * on the array, and its fencing fails for as long as it is fenced. Therefore the evidence is void
 * if this node was unfenced ("on") after the peer was present: the peer may have fenced this node
 * and continued alone.
 *
 *	fencing_peer(&fencing, peer, present);           on every change; peer 0: not two voters
 *	if (fencing_wants(&fencing, now, &ticket)) query the fencer;
 *	if (fencing_answer(&fencing, ticket, &times) == FENCING_FENCED) it was fenced;
 *	why = fencing_refused(&fencing);                 at any time
 *
 * The caller owns the struct and zero-initialises it. No I/O and no clock.
 */
#define FENCING_PRESENT_MS 15000 /* ms between queries while the peer is present */
#define FENCING_ABSENT_MS 2000   /* ms between queries while the peer is gone */

/* The fencer's history of successful actions, in s since the epoch; 0: none. */
struct fencing_times {
	int64_t fenced;   /* the peer's last off or reboot */
	int64_t unfenced; /* this node's last on */
};

struct fencing {
	uint32_t peer;
	bool present;
	uint64_t ticket; /* changes with peer and present: answers to older queries are void */
	bool asked;
	int64_t asked_ms;
	bool have_last; /* last is valid: an answer since the peer came */
	struct fencing_times last;
	int64_t heard_ms; /* when that was queried */
	bool have_baseline;
	struct fencing_times baseline;
};

void fencing_peer(struct fencing *fencing, uint32_t peer, bool present);
/* True if the fencer should be queried now. *ret_ticket then identifies this query. */
bool fencing_wants(struct fencing *fencing, int64_t now_ms, uint64_t *ret_ticket);
/* The time of the next query; INT64_MAX: none; INT64_MIN: now. */
int64_t fencing_next_ms(const struct fencing *fencing);
enum fencing_verdict {
	FENCING_NONE,   /* no known fencing since the peer was last present */
	FENCING_FENCED, /* the peer has been fenced */
	FENCING_VOID,   /* it has, but this node was unfenced: that is no evidence */
};
enum fencing_verdict fencing_answer(struct fencing *fencing, uint64_t ticket,
				    const struct fencing_times *times);
/*
 * If the peer left now and were fenced next: the reason why that fencing would be no evidence.
 * NULL: it would be evidence, unless this node was unfenced after heard_ms.
 */
const char *fencing_refused(const struct fencing *fencing);

#endif
