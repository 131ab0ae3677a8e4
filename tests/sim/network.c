/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network.h"

#include <stdlib.h>
#include <string.h>

#include "world.h"

/* Entries' data is what the ledger keeps: it outlives the core that sends it. */
static void entries_copy(struct world *world, struct packet *packet, const struct message *message)
{
	for (size_t i = 0; i < message->n_entries; i++) {
		const struct entry *entry = &message->entries[i];
		const struct record *record =
			ledger_find(&world->ledger, entry->ballot, entry->index);

		packet->entries[i] = *entry;
		packet->entries[i].data = record != NULL ? record->entry.data : NULL;
		if (record == NULL) {
			world_fail(world, "J7", "an entry is sent that nobody has written");
			packet->entries[i].bytes = 0;
		}
	}
}

static struct packet *packet_new(struct world *world, const struct message *message)
{
	size_t entries = message->n_entries * sizeof(struct entry);
	struct packet *packet;

	packet = malloc(sizeof(*packet) + entries + message->blob_bytes);
	if (packet == NULL) {
		abort();
	}
	packet->refs = 1;
	memcpy(&packet->message, message,
	       offsetof(struct message, seen) + message->n_seen * sizeof(struct seen));
	packet->message.n_seen = message->n_seen;
	packet->entries = (struct entry *)(packet + 1);
	packet->blob = (uint8_t *)(packet + 1) + entries;
	entries_copy(world, packet, message);
	packet->message.entries = packet->entries;
	packet->message.blob = message->blob_bytes > 0 ? packet->blob : NULL;
	if (message->blob_bytes > 0) {
		memcpy(packet->blob, message->blob, message->blob_bytes);
	}
	return packet;
}

void packet_unref(struct packet *packet)
{
	if (--packet->refs == 0) {
		free(packet);
	}
}

static void packet_post(struct world *world, struct packet *packet, unsigned slot)
{
	int64_t delay_us = random_between(&world->random, 50, world->network.delay_max_us);

	if (random_chance(&world->random, world->network.late)) {
		delay_us = random_between(&world->random, 100000, 3000000);
		world_cover(world, COVERAGE_OVERTAKEN);
	}
	packet->refs++;
	world_add(world, EVENT_PACKET, slot, delay_us, 0, 0, packet);
}

static void packet_route(struct world *world, struct packet *packet, unsigned from, unsigned to)
{
	const struct network *network = &world->network;

	if (!network->link[from][to] || world->process[to].core == NULL) {
		return;
	}
	if (random_chance(&world->random, network->lost)) {
		world_cover(world, COVERAGE_LOST);
		return;
	}
	packet_post(world, packet, to);
	if (random_chance(&world->random, network->doubled)) {
		world_cover(world, COVERAGE_DOUBLED);
		packet_post(world, packet, to);
	}
}

void network_send(struct world *world, struct process *from, const struct message *message)
{
	struct packet *packet = packet_new(world, message);

	world->coverage->sent[message->kind]++;
	for (unsigned slot = 0; slot < world->n_slots; slot++) {
		if (slot == from->slot && !world->network.to_self) {
			continue;
		}
		packet_route(world, packet, from->slot, slot);
	}
	packet_unref(packet);
}
