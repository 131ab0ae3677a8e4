/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_FAULT_H
#define LUNMASK_ARRAY_FAULT_H

#include "array/array_error.h"
#include "base/err.h"
#include "names/name_limits.h"

/*
 * Why a verb failed, as defined in lunmask-array(7): a code for programs, a line for people, and
 * the LUN and the initiator concerned.
 *
 *	struct fault fault = FAULT_INIT;
 *	fault_about(&fault, lun, initiator);
 *	return fault_set(&fault, ARRAY_ERROR_HELD, "LUN '%s' is ...", lun);
 *
 * fault_set() returns the errno of the code, so that a failure is one statement. The caller owns
 * the struct.
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

/* Records the LUN and the initiator concerned. NULL: unknown; the recorded value is kept. */
void fault_about(struct fault *fault, const char *lun, const char *initiator);

#endif
