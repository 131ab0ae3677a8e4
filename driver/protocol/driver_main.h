/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_DRIVER_MAIN_H
#define LUNMASK_ARRAY_DRIVER_MAIN_H

#include "driver/core/driver.h"

/* A driver's command: see driver.h. Returns the exit status: 0: done; 1: fault; 2: usage. */
int driver_main(int argc, char **argv, const struct driver *driver);

#endif
