/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAKE_OUTPUT_H
#define LUNMASK_MAKE_OUTPUT_H

#include "base/err.h"

/* How a command of this room prints its result: the option --output-as. */
enum make_output { MAKE_OUTPUT_TEXT, MAKE_OUTPUT_JSON, MAKE_OUTPUT_XML };

/* NULL: text. -EINVAL lists what is legal. */
int make_output_from_str(const char *text, enum make_output *ret, struct err *err);

#endif
