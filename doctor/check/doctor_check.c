/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/check/doctor_check.h"

#include <glib.h>
#include <string.h>

static const struct doctor_check *const tables[] = {
	doctor_checks_node, doctor_checks_cluster, doctor_checks_storage,
	doctor_checks_vm,   doctor_checks_peer,
};

const char *doctor_level_to_str(enum doctor_level level)
{
	static const char *const texts[DOCTOR_LEVELS] = {
		[DOCTOR_PASS] = "PASS",
		[DOCTOR_WARN] = "WARN",
		[DOCTOR_FAIL] = "FAIL",
		[DOCTOR_UNKNOWN] = "UNKNOWN",
	};

	return texts[level];
}

void doctor_report_add(struct doctor_report *report, enum doctor_level level, const char *node,
		       const char *check, const char *what, const char *why, const char *mend)
{
	report->rows = g_renew(struct doctor_row, report->rows, report->n + 1);
	report->rows[report->n++] = (struct doctor_row){
		.level = level,
		.node = g_strdup(node),
		.check = g_strdup(check),
		.what = g_strdup(what),
		.why = g_strdup(why),
		.mend = g_strdup(mend),
	};
	report->counts[level]++;
}

void doctor_report_release(struct doctor_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		g_free(report->rows[i].node);
		g_free(report->rows[i].check);
		g_free(report->rows[i].what);
		g_free(report->rows[i].why);
		g_free(report->rows[i].mend);
	}
	g_free(report->rows);
	*report = (struct doctor_report){0};
}

static void found(struct doctor_verdict *verdict, enum doctor_level level, const char *mend,
		  const char *format, va_list arguments)
{
	g_autofree char *what = g_strdup_vprintf(format, arguments);

	doctor_report_add(verdict->report, level, verdict->node, verdict->check->name, what,
			  verdict->check->why, mend != NULL ? mend : verdict->check->mend);
}

void doctor_found(struct doctor_verdict *verdict, enum doctor_level level, const char *mend,
		  const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	found(verdict, level, mend, format, arguments);
	va_end(arguments);
}

void doctor_found_mend(struct doctor_verdict *verdict, enum doctor_level level, char *mend,
		       const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	found(verdict, level, mend, format, arguments);
	va_end(arguments);
	g_free(mend);
}

/* The first part that the check needs and that was not seen; NULL: there is none. */
static const struct doctor_part *unseen(const struct doctor_facts *facts,
					const struct doctor_check *check)
{
	for (size_t i = 0; i < DOCTOR_NEEDS_MAX && check->needs[i].seen != 0; i++) {
		const struct doctor_part *part =
			(const void *)((const char *)facts + check->needs[i].at);

		if (part->seen < check->needs[i].seen) {
			return part;
		}
	}
	return NULL;
}

static void check_run(const struct doctor_facts *facts, const struct doctor_check *check,
		      struct doctor_report *report)
{
	struct doctor_verdict verdict = {
		.report = report,
		.check = check,
		.node = check->cluster ? NULL : facts->node,
	};
	const struct doctor_part *missing = unseen(facts, check);
	size_t before = report->n;

	if (missing != NULL) {
		const char *why = err_text(&missing->err);

		doctor_found(&verdict, DOCTOR_UNKNOWN, "", "%s",
			     *why != '\0' ? why : "it was not looked at");
		return;
	}
	check->judge(facts, &verdict);
	if (report->n == before) {
		doctor_report_add(report, DOCTOR_PASS, verdict.node, check->name, NULL, NULL, NULL);
	}
}

void doctor_judge(const struct doctor_facts *facts, enum doctor_scope scope,
		  struct doctor_report *report)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
		for (const struct doctor_check *check = tables[i]; check->name != NULL; check++) {
			if (scope == DOCTOR_ALL || !check->cluster) {
				check_run(facts, check, report);
			}
		}
	}
}
