/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_QEMU_PLAYER_H
#define LUNMASK_QEMU_PLAYER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A process that passes for QEMU: the test program itself, started again under QEMU's name and with
 * QEMU's options. It waits to be killed; undo_all() kills it at the latest.
 */

/* The first call of main(). It does not return in a player. */
void qemu_player_main(char **argv);

/* words end with NULL; they follow the program's name. A deaf player ignores SIGTERM. */
pid_t qemu_player_start(bool deaf, const char *const words[]);

/* Waits for its end. Returns the signal that killed it. */
int qemu_player_reap(pid_t pid);
void qemu_player_kill(pid_t pid);

#endif
