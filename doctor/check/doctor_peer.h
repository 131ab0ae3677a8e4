/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DOCTOR_PEER_H
#define LUNMASK_DOCTOR_PEER_H

#include "doctor/check/doctor_check.h"
#include "doctor/check/doctor_facts.h"

/*
 * The report as JSON, for programs, and for the node that has asked for it:
 *
 *	{"node": "node2", "lunmask": "0.1.0", "config_sha256": "...", "cluster_id": "...",
 *	 "began_ms": N, "ended_ms": N, "passed": N, "warned": N, "failed": N, "unknown": N,
 *	 "checks": [{"level": "FAIL", "node": "node2", "check": "journal-key", "what": "...",
 *	             "why": "...", "mend": "..."}]}
 *
 * "node" of a check is null if it speaks of the cluster. What has passed has no what, why and mend.
 * Members may be added.
 */

/* NULL without memory. The times are by this node's clock. */
json_t *doctor_json(const struct doctor_facts *facts, const struct doctor_report *report,
		    int64_t began_ms, int64_t ended_ms);

/* Fills the peer's fields from its answer. -EPROTO with text. */
int doctor_peer_decode(const char *text, size_t bytes, struct doctor_peer *ret, struct err *err);

/* Adds what the peer has found at itself to the report. */
void doctor_peer_add(const struct doctor_peer *peer, struct doctor_report *report);

#endif
