/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core/core_internal.h"

static void answer(struct core *core, uint64_t token, enum core_verdict verdict,
		   const struct applied *applied)
{
	struct core_answer message = {.verdict = verdict, .index = core->applied};

	if (applied != NULL) {
		message.outcome = applied->outcome;
		message.index = applied->index;
	}
	core->ops->answer(core->shell, token, &message);
}

/* Requests */

static struct request *request_find(const struct core *core, const struct id128 *id)
{
	for (guint i = 0; i < core->requests->len; i++) {
		struct request *request = g_ptr_array_index(core->requests, i);

		if (id128_equal(&request->id, id)) {
			return request;
		}
	}
	return NULL;
}

/* Is the request in the log but not applied yet? */
static bool in_log(const struct core *core, const struct id128 *id)
{
	uint64_t index = log_last(&core->log).index;
	const struct entry *entry;

	for (; index > core->applied; index--) {
		entry = log_at(&core->log, index);
		if (entry != NULL && entry->kind == ENTRY_REQUEST &&
		    id128_equal(&entry->request, id)) {
			return true;
		}
	}
	return false;
}

static void sequence(struct core *core, const struct id128 *id, const uint8_t *data, size_t bytes)
{
	if (dedup_find(core->dedup, id) == NULL && !in_log(core, id) &&
	    log_last(&core->log).index - core->commit < CORE_UNCOMMITTED_MAX) {
		core_append_entry(core, ENTRY_REQUEST, id, data, bytes);
	}
}

void core_client_on_request(struct core *core, const struct message *message)
{
	if (core->phase == PHASE_LEAD && core_active(core) &&
	    message->blob_bytes <= JOURNAL_ENTRY_BYTES_MAX && !id128_is_zero(&message->request)) {
		sequence(core, &message->request, message->blob, message->blob_bytes);
	}
}

static void request_send(struct core *core, struct request *request)
{
	struct message message = core_message(core, MESSAGE_REQUEST, core->promised.node);

	if (core->phase == PHASE_LEAD) {
		sequence(core, &request->id, request->data, request->bytes);
	} else {
		message.request = request->id;
		message.blob = request->data;
		message.blob_bytes = (uint32_t)request->bytes;
		core_send(core, &message);
	}
	request->sent = true;
	request->resend_ms = core->now_ms + RESEND_MS;
}

void core_on_request(struct core *core, int64_t now_ms, uint64_t token, const struct id128 *id,
		     const uint8_t *data, size_t bytes, bool gated, int64_t deadline_ms)
{
	const struct applied *applied = dedup_find(core->dedup, id);
	struct request *request = request_find(core, id);

	if (applied != NULL) {
		answer(core, token, CORE_COMMITTED, applied);
		return;
	}
	if (core->dead ||
	    (request == NULL && core->requests->len + core->reads->len >= CORE_REQUESTS_MAX)) {
		answer(core, token, core->dead ? CORE_NO_QUORUM : CORE_BUSY, NULL);
		return;
	}
	if (request != NULL) {
		answer(core, request->token, CORE_UNKNOWN, NULL);
	} else {
		request = g_new0(struct request, 1);
		request->id = *id;
		request->data = g_memdup2(data, bytes);
		request->bytes = bytes;
		g_ptr_array_add(core->requests, request);
	}
	request->token = token;
	request->gated = gated;
	request->deadline_ms = deadline_ms;
	/* Sends or answers the request, if possible, as after any other event. */
	core_on_time(core, now_ms);
}

void core_client_applied(struct core *core, const struct applied *applied)
{
	struct request *request = request_find(core, &applied->request);

	if (request != NULL) {
		answer(core, request->token, CORE_COMMITTED, applied);
		g_ptr_array_remove_fast(core->requests, request);
	}
}

static void requests_work(struct core *core)
{
	guint i = 0;

	while (i < core->requests->len) {
		struct request *request = g_ptr_array_index(core->requests, i);

		if (core->now_ms >= request->deadline_ms) {
			answer(core, request->token, request->sent ? CORE_UNKNOWN : CORE_NO_QUORUM,
			       NULL);
			g_ptr_array_remove_index_fast(core->requests, i);
			continue;
		}
		if (core_active(core) && core->now_ms >= request->resend_ms &&
		    (request->sent || !request->gated || core_gate(core))) {
			request_send(core, request);
		}
		i++;
	}
}

/* Reads */

void core_on_read(struct core *core, int64_t now_ms, uint64_t token, int64_t deadline_ms)
{
	struct read *read;

	if (core->dead || core->requests->len + core->reads->len >= CORE_REQUESTS_MAX) {
		answer(core, token, core->dead ? CORE_NO_QUORUM : CORE_BUSY, NULL);
		return;
	}
	read = g_new0(struct read, 1);
	read->token = token;
	read->deadline_ms = deadline_ms;
	g_ptr_array_add(core->reads, read);
	core_on_time(core, now_ms);
}

static void barrier_send(struct core *core)
{
	struct message message = core_message(core, MESSAGE_BARRIER, 0);

	message.nonce = core->nonce;
	core_send(core, &message);
	core->barrier_resend_ms = core->now_ms + RESEND_MS;
}

/* One barrier serves all reads that were asked before it is sent. */
static void barrier_begin(struct core *core)
{
	bool wanted = false;

	for (guint i = 0; i < core->reads->len; i++) {
		struct read *read = g_ptr_array_index(core->reads, i);

		if (read->nonce == 0) {
			read->nonce = core->nonce + 1;
			wanted = true;
		}
	}
	if (wanted) {
		core->nonce++;
		core->barrier_open = true;
		core->barrier_ballot = core->promised;
		core->barrier_index = log_last(&core->log).index;
		core->barrier_led = core->phase == PHASE_LEAD ? core->barrier_index : UINT64_MAX;
		barrier_send(core);
	}
}

static size_t echoes(const struct core *core)
{
	size_t n = 0;

	for (size_t i = 0; i < core->voters.n; i++) {
		const struct voter *voter = &core->voters.voter[i];
		const struct peer *peer = core_voter_peer(core, voter);

		n += core_voter_is_self(core, voter) ? core_view_held(core)
						     : peer != NULL && peer->echoed == core->nonce;
	}
	return n;
}

/*
 * The list of voters that counts the echoes must be as new as the sequencer's list after the read
 * was asked. A majority of a list that is two changes older proves nothing.
 */
static void barrier_check(struct core *core)
{
	if (!core->barrier_open || core->voters.n == 0 ||
	    log_last(&core->log).index < core->barrier_led ||
	    echoes(core) < voters_majority(&core->voters)) {
		return;
	}
	core->barrier_open = false;
	for (guint i = 0; i < core->reads->len; i++) {
		struct read *read = g_ptr_array_index(core->reads, i);

		if (read->nonce == core->nonce) {
			read->echoed = true;
			read->index = core->barrier_index;
		}
	}
}

void core_client_on_barrier(struct core *core, const struct message *message)
{
	struct message echo = core_message(core, MESSAGE_ECHO, message->from);

	if (core_view_held(core) && ballot_compare(message->ballot, core->promised) == 0) {
		echo.nonce = message->nonce;
		echo.position = log_last(&core->log);
		core_send(core, &echo);
	}
}

void core_client_on_echo(struct core *core, const struct message *message)
{
	struct peer *peer = core_peer(core, message->from);

	if (peer != NULL && core->barrier_open && message->nonce == core->nonce &&
	    ballot_compare(message->ballot, core->barrier_ballot) == 0) {
		peer->echoed = message->nonce;
		core->barrier_index = MAX(core->barrier_index, message->position.index);
		if (message->from == core->barrier_ballot.node) {
			core->barrier_led = MIN(core->barrier_led, message->position.index);
		}
		barrier_check(core);
	}
}

static void reads_work(struct core *core)
{
	guint i = 0;

	core->barrier_open &= core->reads->len > 0;
	if (core_active(core)) {
		if (!core->barrier_open) {
			barrier_begin(core);
		} else if (core->now_ms >= core->barrier_resend_ms) {
			barrier_send(core);
		}
		barrier_check(core);
	}
	while (i < core->reads->len) {
		struct read *read = g_ptr_array_index(core->reads, i);

		if (read->echoed && core->applied >= read->index) {
			answer(core, read->token, CORE_READY, NULL);
			g_ptr_array_remove_index_fast(core->reads, i);
		} else if (core->now_ms >= read->deadline_ms) {
			answer(core, read->token, CORE_NO_QUORUM, NULL);
			g_ptr_array_remove_index_fast(core->reads, i);
		} else {
			i++;
		}
	}
}

/* Both */

void core_on_cancel(struct core *core, uint64_t token)
{
	for (guint i = 0; i < core->requests->len; i++) {
		if (((struct request *)g_ptr_array_index(core->requests, i))->token == token) {
			g_ptr_array_remove_index_fast(core->requests, i);
			return;
		}
	}
	for (guint i = 0; i < core->reads->len; i++) {
		if (((struct read *)g_ptr_array_index(core->reads, i))->token == token) {
			g_ptr_array_remove_index_fast(core->reads, i);
			return;
		}
	}
}

void core_client_view_lost(struct core *core)
{
	core->barrier_open = false;
	for (guint i = 0; i < core->reads->len; i++) {
		struct read *read = g_ptr_array_index(core->reads, i);

		read->nonce = 0;
		read->echoed = false;
	}
	for (guint i = 0; i < core->requests->len; i++) {
		((struct request *)g_ptr_array_index(core->requests, i))->resend_ms = 0;
	}
}

void core_client_work(struct core *core)
{
	requests_work(core);
	reads_work(core);
}

int64_t core_client_deadline(const struct core *core)
{
	int64_t deadline_ms = NEVER;

	for (guint i = 0; i < core->requests->len; i++) {
		const struct request *request = g_ptr_array_index(core->requests, i);

		deadline_ms = MIN(deadline_ms, request->deadline_ms);
		if (core_active(core) && (request->sent || !request->gated || core_gate(core))) {
			deadline_ms = MIN(deadline_ms, request->resend_ms);
		}
	}
	for (guint i = 0; i < core->reads->len; i++) {
		const struct read *read = g_ptr_array_index(core->reads, i);

		deadline_ms = MIN(deadline_ms, read->deadline_ms);
	}
	if (core->barrier_open && core_active(core)) {
		deadline_ms = MIN(deadline_ms, core->barrier_resend_ms);
	}
	return deadline_ms;
}
