/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_FAULT_H
#define LUNMASK_ARRAY_FAULT_H

#include "array/array_error.h"
#include "base/err.h"
#include "names/name_limits.h"

/*
 * Why a verb failed, as lunmask-array(7) wants it told: a code for programs, a line for a person,
 * and the LUN and initiator it is about.
 *
 * fault_set() returns the code's errno, so that a failure is one statement.
 */
struct fault {
	enum array_error code;
	struct err err;
	char lun[LUN_NAME_MAX + 1];
	char initiator[ISCSI_NAME_MAX + 1];
};

#define FAULT_INIT                                                                                 \
	{                                                                                          \
		.code = ARRAY_ERROR_INTERNAL                                                       \
	}

int fault_set(struct fault *fault, enum array_error code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Either may be NULL: not known, and what was noted before stays. */
void fault_about(struct fault *fault, const char *lun, const char *initiator);

#endif
