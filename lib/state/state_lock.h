/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_STATE_LOCK_H
#define LUNMASK_STATE_LOCK_H

#include "base/deadline.h"
#include "base/err.h"

/*
 * A state LUN has one writing host, and there a stop may come while an administrator changes the
 * definition: stop waits for nobody. With this lock, a store of one process cannot fall between the
 * look and the write of another (state_lun_store()), so each sees that the generation has changed.
 *
 *	AUTO_FD lock = state_lock_take(vm, deadline);
 *
 * A lock file that cannot be made, and a wait that takes too long, are no reason not to store: the
 * result is -1, and the generation still shows all but the narrowest race.
 */
#define STATE_LOCK_DIRECTORY "/run/lunmask/state"
/* Another directory, for tests. */
#define STATE_LOCK_VARIABLE "LUNMASK_STATE_LOCKS"

/* Waits for at most STATE_LOCK_WAIT_MS. The file descriptor holds the lock until it is closed. */
#define STATE_LOCK_WAIT_MS 5000
int state_lock_take(const char *vm, struct deadline deadline);

#endif
