/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static void machine_apply(void *data, uint64_t index, const uint8_t *bytes, size_t n,
			  struct outcome *ret)
{
	struct machine *machine = data;
	uint64_t serial = clients_serial(bytes, n);

	ledger_apply(machine->world, machine->process, machine->n, index, serial);
	machine->n++;
	machine->index = index;
	*ret = clients_outcome(serial, machine->n);
}

struct saved {
	uint64_t n;
	uint64_t index;
	uint64_t hash;
};

static int machine_save(void *data, uint8_t **ret_data, size_t *ret_bytes)
{
	struct machine *machine = data;
	const struct ledger *ledger = &machine->world->ledger;
	struct saved saved = {.n = machine->n, .index = machine->index};
	size_t bytes = sizeof(saved) + machine->world->clients.snapshot_padding;

	if (machine->n > 0) {
		saved.hash = ledger->applied[machine->n - 1].hash;
	}
	*ret_data = calloc(1, bytes);
	if (*ret_data == NULL) {
		return -ENOMEM;
	}
	memcpy(*ret_data, &saved, sizeof(saved));
	*ret_bytes = bytes;
	return 0;
}

static int machine_load(void *data, const uint8_t *bytes, size_t n)
{
	struct machine *machine = data;
	struct world *world = machine->world;
	struct saved saved = {0};

	if (n > 0) {
		if (n != sizeof(saved) + world->clients.snapshot_padding) {
			world_fail(world, "J1", "a snapshot of %zu bytes", n);
			return -EBADMSG;
		}
		memcpy(&saved, bytes, sizeof(saved));
		world_cover(world, COVERAGE_LOADED);
	}
	if (saved.n > world->ledger.n_applied ||
	    (saved.n > 0 && world->ledger.applied[saved.n - 1].hash != saved.hash)) {
		world_fail(world, "J1", "a snapshot of what was never applied");
		return -EBADMSG;
	}
	machine->n = saved.n;
	machine->index = saved.index;
	return 0;
}

const struct machine_ops machine_ops_sim = {
	.apply = machine_apply, .save = machine_save, .load = machine_load};
