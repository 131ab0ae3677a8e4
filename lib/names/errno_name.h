/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ERRNO_NAME_H
#define LUNMASK_ERRNO_NAME_H

/*
 * The errors that one host tells another, by name: the numbers differ between systems. Only those
 * that a caller distinguishes have one here.
 */

/* An errno without a name is told as EIO. */
const char *errno_name_to_str(int number);
/* 0 if there is no such name. */
int errno_name_from_str(const char *name);

#endif
