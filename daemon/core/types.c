/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/types.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/little.h"

int ballot_compare(struct ballot a, struct ballot b)
{
	if (a.counter != b.counter) {
		return a.counter < b.counter ? -1 : 1;
	}
	return (a.node > b.node) - (a.node < b.node);
}

int position_compare(struct position a, struct position b)
{
	int order = ballot_compare(a.ballot, b.ballot);

	return order != 0 ? order : (a.index > b.index) - (a.index < b.index);
}

int voters_find(const struct voters *voters, uint32_t node, const struct id128 *disk)
{
	for (size_t i = 0; i < voters->n; i++) {
		const struct voter *voter = &voters->voter[i];

		if (voter->node == node && (disk == NULL || id128_equal(&voter->disk, disk))) {
			return (int)i;
		}
	}
	return -1;
}

size_t voters_majority(const struct voters *voters)
{
	return voters->n / 2 + 1;
}

bool voters_add(struct voters *voters, const struct voter *voter)
{
	size_t at = 0;

	if (voters->n == JOURNAL_VOTERS_MAX || voters_find(voters, voter->node, NULL) >= 0) {
		return false;
	}
	while (at < voters->n && voters->voter[at].node < voter->node) {
		at++;
	}
	memmove(&voters->voter[at + 1], &voters->voter[at],
		(voters->n - at) * sizeof(voters->voter[0]));
	voters->voter[at] = *voter;
	voters->n++;
	return true;
}

void voters_remove(struct voters *voters, size_t at)
{
	voters->n--;
	memmove(&voters->voter[at], &voters->voter[at + 1],
		(voters->n - at) * sizeof(voters->voter[0]));
}

struct id128 entry_chain(const struct id128 *previous, const struct entry *entry)
{
	/* previous chain, index, ballot, kind, request id, bytes; then the data */
	uint8_t head[ID128_BYTES + 8 + 8 + 4 + 1 + ID128_BYTES + 4];
	uint8_t digest[32];
	gsize digest_bytes = sizeof(digest);
	struct id128 chain;
	GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
	uint8_t *at = head;

	memcpy(at, previous->bytes, ID128_BYTES);
	at = little_put64(at + ID128_BYTES, entry->index);
	at = little_put64(at, entry->ballot.counter);
	at = little_put32(at, entry->ballot.node);
	*at++ = (uint8_t)entry->kind;
	memcpy(at, entry->request.bytes, ID128_BYTES);
	little_put32(at + ID128_BYTES, entry->bytes);
	g_checksum_update(checksum, head, sizeof(head));
	if (entry->bytes > 0) {
		g_checksum_update(checksum, entry->data, entry->bytes);
	}
	g_checksum_get_digest(checksum, digest, &digest_bytes);
	g_checksum_free(checksum);
	memcpy(chain.bytes, digest, ID128_BYTES);
	return chain;
}

size_t voters_encode(const struct voters *voters, uint8_t *ret)
{
	uint8_t *at = little_put32(ret, (uint32_t)voters->n);

	for (size_t i = 0; i < voters->n; i++) {
		at = little_put32(at, voters->voter[i].node);
		memcpy(at, voters->voter[i].disk.bytes, ID128_BYTES);
		at += ID128_BYTES;
	}
	return (size_t)(at - ret);
}

int voters_decode(const uint8_t *data, size_t bytes, struct voters *ret)
{
	uint32_t n;

	if (bytes < 4) {
		return -EBADMSG;
	}
	n = little_get32(data);
	if (n == 0 || n > JOURNAL_VOTERS_MAX || bytes != 4 + n * (4 + ID128_BYTES)) {
		return -EBADMSG;
	}
	ret->n = n;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *at = data + 4 + i * (4 + ID128_BYTES);

		ret->voter[i].node = little_get32(at);
		memcpy(ret->voter[i].disk.bytes, at + 4, ID128_BYTES);
		if (i > 0 && ret->voter[i].node <= ret->voter[i - 1].node) {
			return -EBADMSG;
		}
	}
	return 0;
}
