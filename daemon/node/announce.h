/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_ANNOUNCE_H
#define LUNMASK_DAEMON_ANNOUNCE_H

#include <stdbool.h>

#include "core/core.h"

/*
 * The journal's state as one line, for the log and for systemd, and when it is worth a new one:
 * what a person would call a change. The search for a sequencer goes through many states that are
 * none.
 */
#define ANNOUNCE_TEXT_MAX 512

/* Is now something else than before to a person? */
bool announce_changed(const struct core_status *before, const struct core_status *now);

/* "active, sequencer | ballot=3.1 voters=1,2,3 commit=12" */
void announce_text(const struct core_status *status, char ret[ANNOUNCE_TEXT_MAX]);

#endif
