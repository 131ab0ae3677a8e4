/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_H
#define LUNMASK_TEST_H

/* What cmocka.h wants before it, in the one order it accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

/* cmocka 2 has it under this name, and deprecates the other. */
#ifdef assert_uint_in_range
#undef assert_in_range
#define assert_in_range(value, min, max) assert_uint_in_range(value, min, max)
#endif

#endif
