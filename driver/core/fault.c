/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/core/fault.h"

#include <stdarg.h>
#include <stdio.h>

int fault_set(struct fault *fault, enum array_error code, const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fault->code = code;
	return err_set(&fault->err, array_error_errno(code), "%s", text);
}

void fault_about(struct fault *fault, const char *lun, const char *initiator)
{
	if (lun != NULL) {
		(void)snprintf(fault->lun, sizeof(fault->lun), "%s", lun);
	}
	if (initiator != NULL) {
		(void)snprintf(fault->initiator, sizeof(fault->initiator), "%s", initiator);
	}
}
