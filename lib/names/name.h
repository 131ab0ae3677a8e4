/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_NAME_H
#define LUNMASK_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "names/name_limits.h"

/* Names are ASCII letters, digits (in any locale) and what the caller allows; never empty. */

/* 1 to max letters, digits and characters of others? */
bool name_made_of(const char *text, size_t max, const char *others);

/* The same, and begins with a letter or digit? */
bool name_valid(const char *text, size_t max, const char *others);

/* The name of a VM, which is the name of its domain: one rule for parameters, XML and the journal.
 */
#define VM_NAME_LEGAL "letters, digits, '.', '_', '-' or '+', the first a letter or digit"
bool vm_name_valid(const char *text);

#endif
