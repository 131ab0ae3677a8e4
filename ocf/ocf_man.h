/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_MAN_H
#define LUNMASK_OCF_MAN_H

#include <stdio.h>

#include "ocf/ocf_agent.h"

/*
 * The tables as a manual page, man(7), under the name resource agents' pages have:
 * ocf_PROVIDER_NAME. "AGENT --man" prints it when lunmask is built; the examples are made of the
 * rows, too.
 *
 * 0 or -EIO.
 */
int ocf_man_write(const struct ocf_agent *agent, FILE *stream);

#endif
