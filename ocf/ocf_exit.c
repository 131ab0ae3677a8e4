/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ocf/ocf_exit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <crm/common/results.h>

#define REASON_PREFIX_DEFAULT "ocf-exit-reason:"

int ocf_exit_code(const struct ocf_action *action, int rc)
{
	if (rc >= 0) {
		return rc;
	}
	if (rc == -EINVAL && (action->flags & OCF_ACTION_LOCAL) != 0) {
		return PCMK_OCF_INVALID_PARAM;
	}
	return PCMK_OCF_UNKNOWN_ERROR;
}

void ocf_exit_reason(const char *text)
{
	const char *prefix = getenv("OCF_EXIT_REASON_PREFIX");
	struct err line = ERR_INIT;

	if (prefix == NULL || *prefix == '\0') {
		prefix = REASON_PREFIX_DEFAULT;
	}
	(void)err_set(&line, 0, "%s%s", prefix, text);
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
