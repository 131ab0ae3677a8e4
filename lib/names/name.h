/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_NAME_H
#define LUNMASK_NAME_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What names are made of: ASCII letters and digits, in any locale, and the few other characters
 * that the caller allows. No name is empty.
 */

/* 1 to max letters, digits and characters of others? */
bool name_made_of(const char *text, size_t max, const char *others);

/* The same, and begins with a letter or digit? */
bool name_valid(const char *text, size_t max, const char *others);

#endif
