/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "doctor/report/doctor.h"

#define WIDTH 80
#define INDENT 4

/* Wraps at words. The first line begins after column characters, the others at INDENT. */
static void wrapped_print(int column, const char *text)
{
	bool first = true;

	while (*text != '\0') {
		int length = (int)strcspn(text, " ");

		if (!first && column + 1 + length > WIDTH) {
			(void)printf("\n%*s", INDENT, "");
			column = INDENT;
		} else if (!first) {
			(void)putchar(' ');
			column++;
		}
		(void)printf("%.*s", length, text);
		column += length;
		text += length;
		text += strspn(text, " ");
		first = false;
	}
	(void)putchar('\n');
}

static void line_print(const char *label, const char *text)
{
	if (text != NULL && *text != '\0') {
		wrapped_print(printf("%*s%s", INDENT, "", label), text);
	}
}

static void row_print(const struct doctor_row *row)
{
	int column = printf("[%s] %s: ", doctor_level_to_str(row->level), row->check);

	wrapped_print(column, row->what);
	line_print("", row->why);
	line_print("mend: ", row->mend);
}

static bool is_of(const struct doctor_row *row, const char *node)
{
	return g_strcmp0(row->node, node) == 0;
}

static void passed_print(const struct doctor_report *report, const char *node, bool all)
{
	size_t passed = 0;

	for (size_t i = 0; i < report->n; i++) {
		const struct doctor_row *row = &report->rows[i];

		if (is_of(row, node) && row->level == DOCTOR_PASS) {
			passed++;
			if (all) {
				(void)printf("[PASS] %s\n", row->check);
			}
		}
	}
	if (!all && passed > 0) {
		(void)printf("[PASS] %zu check%s\n", passed, passed == 1 ? "" : "s");
	}
}

static bool same_unknown(const struct doctor_row *a, const struct doctor_row *b)
{
	return b->level == DOCTOR_UNKNOWN && is_of(b, a->node) && strcmp(a->what, b->what) == 0 &&
	       g_strcmp0(a->mend, b->mend) == 0;
}

/* One reason may keep many checks from looking: they are printed together, by the first of them. */
static void unknown_print(const struct doctor_report *report, size_t index, const char *node)
{
	const struct doctor_row *row = &report->rows[index];
	g_autoptr(GString) text = g_string_new(NULL);

	if (row->level != DOCTOR_UNKNOWN || !is_of(row, node)) {
		return;
	}
	for (size_t i = 0; i < report->n; i++) {
		if (same_unknown(row, &report->rows[i])) {
			if (i < index) {
				return;
			}
			g_string_append_printf(text, "%s%s", i > index ? ", " : "",
					       report->rows[i].check);
		}
	}
	g_string_append_printf(text, ": %s", row->what);
	wrapped_print(printf("[UNKNOWN] "), text->str);
	line_print("mend: ", row->mend);
}

static void group_print(const struct doctor_report *report, const char *node, bool all)
{
	passed_print(report, node, all);
	for (size_t i = 0; i < report->n; i++) {
		const struct doctor_row *row = &report->rows[i];

		if (is_of(row, node) && row->level != DOCTOR_PASS && row->level != DOCTOR_UNKNOWN) {
			row_print(row);
		}
	}
	for (size_t i = 0; i < report->n; i++) {
		unknown_print(report, i, node);
	}
}

static void versions_print(const struct doctor_facts *facts)
{
	const struct hypervisor_versions *versions = &facts->libvirt.versions;
	const char *pacemaker = facts->settings.cib.dc_version;

	(void)printf("%s: lunmask %s", facts->node, facts->version);
	if (pacemaker != NULL) {
		(void)printf(", Pacemaker %.*s", (int)strcspn(pacemaker, "-+"), pacemaker);
	}
	if (versions->libvirt != 0) {
		(void)printf(", libvirt %lu.%lu.%lu", versions->libvirt / 1000000,
			     versions->libvirt / 1000 % 1000, versions->libvirt % 1000);
	}
	if (versions->qemu != 0) {
		(void)printf(", QEMU %lu.%lu.%lu", versions->qemu / 1000000,
			     versions->qemu / 1000 % 1000, versions->qemu % 1000);
	}
	(void)putchar('\n');
}

static void summary_print(const struct doctor_report *report)
{
	const size_t *counts = report->counts;

	(void)printf("%zu failed, %zu warning%s, %zu unknown, %zu passed.\n", counts[DOCTOR_FAIL],
		     counts[DOCTOR_WARN], counts[DOCTOR_WARN] == 1 ? "" : "s",
		     counts[DOCTOR_UNKNOWN], counts[DOCTOR_PASS]);
}

static bool has_cluster(const struct doctor_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		if (report->rows[i].node == NULL) {
			return true;
		}
	}
	return false;
}

void doctor_print(const struct doctor_facts *facts, const struct doctor_report *report, bool all)
{
	versions_print(facts);
	group_print(report, facts->node, all);
	for (size_t i = 0; i < facts->peers.n; i++) {
		const struct doctor_peer *peer = &facts->peers.of[i];

		if (peer->checks != NULL) {
			(void)printf("%s: lunmask %s\n", peer->node, peer->version);
			group_print(report, peer->node, all);
		}
	}
	if (has_cluster(report)) {
		(void)puts("cluster:");
		group_print(report, NULL, all);
	}
	summary_print(report);
}
