/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_ANNOUNCE_H
#define LUNMASK_DAEMON_ANNOUNCE_H

#include <stdbool.h>

#include "core/core.h"

/*
 * Formats the journal's state as one line for the log and for systemd, and decides when a new line
 * is worth printing: when an administrator would call it a change. The election of a sequencer
 * passes through many states that are not worth a line.
 */
#define ANNOUNCE_TEXT_MAX 512

/* True if the state has changed for an administrator. */
bool announce_changed(const struct core_status *before, const struct core_status *now);

/* For example "active, sequencer | ballot=3.1 voters=1,2,3 commit=12". */
void announce_text(const struct core_status *status, char ret[ANNOUNCE_TEXT_MAX]);

#endif
