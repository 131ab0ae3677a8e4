/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_GUEST_H
#define WITNESS_GUEST_H

#include <stdbool.h>

#include "ring.h"

/*
 * Runs the witness as a guest's /init: mounts the file systems, loads the modules that /modules
 * lists, in that order, reads the kernel command line, opens the disks and reads the power button.
 *
 * Kernel command line:	witness.vm=NAME		written into every record (default "witness")
 *			witness.rate=N		records per second on every LUN, 0 to 1000
 *						(default 20; 0: without a pause)
 *			witness.stubborn	ignores the power button
 */
#define GUEST_INPUT_MAX 8

struct guest {
	unsigned int rate;
	bool stubborn;
	int inputs[GUEST_INPUT_MAX];
	int input_count;
};

/* Opens the console, mounts, loads the modules, reads the command line and opens the inputs. */
void guest_prepare(struct guest *guest, struct writer *writer);
/* Adds every /dev/vd* to the writer. */
void guest_add_disks(struct writer *writer);
/* Reads all pending events of inputs[i]. True if one is a press of the power button. */
bool guest_power_pressed(struct guest *guest, int i);
__attribute__((noreturn)) void guest_power_off(void);

#endif
