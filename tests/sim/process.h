/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_PROCESS_H
#define LUNMASK_SIM_PROCESS_H

#include "agenda.h"
#include "core/core.h"
#include "machine.h"

struct world;

/*
 * lunmaskd without its outer half: one core, its machine and its disk, on one node. Gives events to
 * the core, does what the core wants done, and checks after each event what the core says of
 * itself.
 */
struct process {
	struct world *world;
	unsigned slot;
	uint32_t node;
	bool machine_up;
	struct disk *disk; /* NULL: never had one */
	struct core *core; /* NULL: not running */
	struct machine machine;
	uint64_t life; /* grows with every start and end */
	uint64_t boot;
	int64_t clock_us; /* its clock's advance: no two nodes agree */
	int64_t timer_us; /* INT64_MAX: none */
	int64_t timer_last_us;
	unsigned timer_spins;
	int64_t paused_until_us;
	int64_t last_pause_us;
	bool reset_wanted;
	bool dying; /* its store has failed: it says so, and nothing else */
	uint64_t commit;
	enum core_role role;
	bool active;
	bool alone; /* active, and the only voter */
};

void process_start(struct world *world, unsigned slot);
enum process_end { PROCESS_KILLED, PROCESS_LEFT };
void process_end(struct world *world, struct process *process, enum process_end how);
/* Killed, if it runs; and its machine without power. */
void process_down(struct world *world, struct process *process, bool machine);
/* Comes back after a while. */
void process_start_later(struct world *world, struct process *process, int64_t delay_us);
/* The disk is gone; the next start makes a new one. */
void process_disk_drop(struct world *world, struct process *process);
void process_pause(struct world *world, struct process *process, int64_t us);
bool process_paused(const struct process *process);

/* An event up to EVENT_TO_PROCESS_MAX. */
void process_event(struct world *world, struct process *process, const struct event *event);
void process_timer(struct world *world, struct process *process);
/* After every call into the core. */
void process_after(struct world *world, struct process *process);
int64_t process_now_ms(const struct process *process);

#endif
