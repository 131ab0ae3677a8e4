/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_MAN_H
#define LUNMASK_OCF_MAN_H

#include <stdio.h>

#include "ocf/ocf_agent.h"

/*
 * Writes the tables as a manual page, man(7). Its name follows the convention for resource agents:
 * ocf_PROVIDER_NAME. The build of lunmask calls "AGENT --man" to make the page. The examples also
 * come from the rows.
 *
 * 0 or -EIO.
 */
int ocf_man_write(const struct ocf_agent *agent, FILE *stream);

#endif
