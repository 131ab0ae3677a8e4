/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ocf/ocf_exit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/pacemaker_compat.h"

#include "ocf/ocf_reason.h"

#define REASON_PREFIX_DEFAULT "ocf-exit-reason:"

int ocf_exit_code(int rc)
{
	return rc >= 0 ? rc : PCMK_OCF_UNKNOWN_ERROR;
}

void ocf_exit_reason(const char *text)
{
	const char *prefix = getenv("OCF_EXIT_REASON_PREFIX");
	struct err line = ERR_INIT;
	char fitted[OCF_REASON_MAX + 1];

	if (ocf_reason_fit(text, fitted)) {
		ocf_exit_log("%s%s", OCF_EXIT_WHOLE, text);
	}
	if (prefix == NULL || *prefix == '\0') {
		prefix = REASON_PREFIX_DEFAULT;
	}
	(void)err_set(&line, 0, "%s%s", prefix, fitted);
	(void)fprintf(stderr, "%s\n", err_text(&line));
}

void ocf_exit_log(const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	struct err line = ERR_INIT;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	(void)err_set(&line, 0, "lunmask: %s", text);
	(void)fprintf(stderr, "%s\n", err_text(&line));
}
