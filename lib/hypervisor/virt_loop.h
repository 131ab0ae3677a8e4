/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_VIRT_LOOP_H
#define LUNMASK_DAEMON_VIRT_LOOP_H

/*
 * libvirt and its event loop, which runs in a thread of its own and is never left: it cannot be
 * left safely. Whatever registers with libvirt is called there. May be called again, from any
 * thread. 0, -EIO, or -errno of the thread.
 */
int virt_loop_start(void);

#endif
