/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VIRT_LOOP_H
#define LUNMASK_VIRT_LOOP_H

/*
 * libvirt's event loop. It runs in a thread of its own for the life of the process: it cannot be
 * left safely. Callbacks that are registered with libvirt are called in that thread.
 *
 * Both functions may be called again, from any thread.
 */

/* Initialises libvirt and registers its event loop: before the first connection. 0 or -EIO. */
int virt_loop_init(void);

/* The same, and starts the thread: events arrive from then on. 0, -EIO, or -errno of the thread. */
int virt_loop_start(void);

#endif
