/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VIRT_LOOP_H
#define LUNMASK_VIRT_LOOP_H

#include <stdbool.h>

#include "base/deadline.h"

/*
 * libvirt's event loop. It runs in a thread of its own for the life of the process: it cannot be
 * left safely. Callbacks that are registered with libvirt are called in that thread.
 *
 * All functions may be called again, from any thread.
 */

/* Initialises libvirt and registers its event loop: before the first connection. 0 or -EIO. */
int virt_loop_init(void);

/* The same, and starts the thread: events arrive from then on. 0, -EIO, or -errno of the thread. */
int virt_loop_start(void);

/*
 * After virt_loop_start(): waits until the loop has called what was ready, such as the callbacks of
 * events that have been received. False: not by the deadline.
 */
bool virt_loop_pass(struct deadline deadline);

#endif
