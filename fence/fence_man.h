/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_FENCE_MAN_H
#define LUNMASK_FENCE_MAN_H

#include <stdio.h>

#include "fence/fence_agent.h"

/* Writes the tables as a manual page, man(7), for the action "manpage". 0 or -EIO. */
int fence_man_write(const struct fence_agent *agent, FILE *stream);

#endif
