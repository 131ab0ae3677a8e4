/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_GUEST_H
#define WITNESS_GUEST_H

#include <stdbool.h>

#include "ring.h"

/*
 * What the witness does as a guest's /init: file systems, modules (those that /modules lists, in
 *its order), kernel command line, disks, power button.
 *
 * Kernel command line:	witness.vm=NAME		written into every record (default "witness")
 *			witness.rate=N		records a second on every LUN (default 20; 0: as
 *						many as it can)
 *			witness.stubborn	the power button is ignored
 */
#define GUEST_INPUT_MAX 8

struct guest {
	unsigned int rate;
	bool stubborn;
	int inputs[GUEST_INPUT_MAX];
	int input_count;
};

/* Mounts, loads, reads the command line. The console is open already when this returns. */
void guest_prepare(struct guest *guest, struct writer *writer);
/* Adds every /dev/vd*. */
void guest_add_disks(struct writer *writer);
/* Reads what inputs[i] has; true when it is the power button. */
bool guest_power_pressed(struct guest *guest, int i);
__attribute__((noreturn)) void guest_power_off(void);

#endif
