/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DEFINITION_TEXT_H
#define LUNMASK_DEFINITION_TEXT_H

#include <stdbool.h>

#include <glib.h>

#include "definition/definition_plan.h"

/*
 * For people: lines that end with a newline. The caller frees them with g_free().
 */

/*
 * The changes of definition_diff(), with - and +. every: also those that libvirt had added and
 * chooses again, which are else only counted.
 */
char *definition_text_changes(const GPtrArray *changes, bool every);

/* What comes at once, what at the next boot. */
char *definition_text_plan(const struct definition_plan *plan);

#endif
