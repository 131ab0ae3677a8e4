/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch/fencing.h"

#include <stddef.h>

void fencing_peer(struct fencing *fencing, uint32_t peer, bool present)
{
	bool another = peer != fencing->peer;

	if (!another && present == fencing->present) {
		return;
	}
	/* Answers from before the peer came say nothing about this time. */
	if (another || present) {
		fencing->have_last = false;
		fencing->have_baseline = false;
	}
	fencing->peer = peer;
	fencing->present = present;
	fencing->asked = false;
	fencing->ticket++;
}

int64_t fencing_next_ms(const struct fencing *fencing)
{
	if (fencing->peer == 0 || (!fencing->present && !fencing->have_baseline)) {
		return INT64_MAX;
	}
	if (!fencing->asked) {
		return INT64_MIN;
	}
	return fencing->asked_ms + (fencing->present ? FENCING_PRESENT_MS : FENCING_ABSENT_MS);
}

bool fencing_wants(struct fencing *fencing, int64_t now_ms, uint64_t *ret_ticket)
{
	if (now_ms < fencing_next_ms(fencing)) {
		return false;
	}
	fencing->asked = true;
	fencing->asked_ms = now_ms;
	*ret_ticket = fencing->ticket;
	return true;
}

static enum fencing_verdict verdict(const struct fencing *fencing,
				    const struct fencing_times *times)
{
	if (!fencing->have_baseline || times->fenced <= fencing->baseline.fenced) {
		return FENCING_NONE;
	}
	/* For equality, not "no later": a restarted fencer has lost its history. */
	return times->unfenced == fencing->baseline.unfenced ? FENCING_FENCED : FENCING_VOID;
}

enum fencing_verdict fencing_answer(struct fencing *fencing, uint64_t ticket,
				    const struct fencing_times *times)
{
	if (ticket != fencing->ticket || fencing->peer == 0) {
		return FENCING_NONE;
	}
	if (fencing->present && fencing->have_last && fencing->last.fenced == times->fenced &&
	    fencing->last.unfenced == times->unfenced) {
		fencing->have_baseline = true;
		fencing->baseline = *times;
	}
	fencing->have_last = true;
	fencing->last = *times;
	fencing->heard_ms = fencing->asked_ms;
	return fencing->present ? FENCING_NONE : verdict(fencing, times);
}

const char *fencing_refused(const struct fencing *fencing)
{
	if (!fencing->have_baseline) {
		return fencing->present
			       ? "Pacemaker has not yet answered twice since the other node came"
			       : "the other node left before Pacemaker had answered twice";
	}
	if (fencing->last.unfenced != fencing->baseline.unfenced) {
		return fencing->present
			       ? "Pacemaker has not yet answered twice since this node was "
				 "unfenced"
			       : "this node was unfenced after the two nodes were last together";
	}
	return NULL;
}
