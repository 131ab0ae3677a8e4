/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/lunmask_reconcile.h"

#include <stdio.h>
#include <string.h>

#include "base/json_build.h"
#include "tools/lunmask.h"

#define WIDTH 80
#define INDENT 4

static const char *const verdicts[] = {
	[STRAY_NONE] = "legal",
	[STRAY_REMOVE] = "remove",
	[STRAY_KEEP] = "keep",
	[STRAY_UNDECIDED] = "undecided",
};
static const char *const ends[] = {
	[VM_STRAY_LEFT] = "left",
	[VM_STRAY_REMOVED] = "removed",
	[VM_STRAY_FAILED] = "failed",
};

static const char *const released_verdicts[] = {
	[RELEASED_PATH] = "path",
	[RELEASED_END] = "end",
	[RELEASED_KEEP] = "keep",
	[RELEASED_UNDECIDED] = "undecided",
};
static const char *const released_ends[] = {
	[VM_RELEASED_LEFT] = "left",
	[VM_RELEASED_ENDED] = "ended",
	[VM_RELEASED_FAILED] = "failed",
};

/* A release whose host has a path is told by the lines of the path. */
static bool released_shown(const struct vm_released *released)
{
	return released->verdict != RELEASED_PATH;
}

void reconcile_count(const struct vm_strays *strays, struct reconcile_counts *counts)
{
	counts->vms++;
	for (size_t i = 0; i < strays->n; i++) {
		const struct vm_stray *row = &strays->rows[i];

		counts->strays += row->verdict != STRAY_NONE ? 1 : 0;
		counts->removable += row->verdict == STRAY_REMOVE ? 1 : 0;
		counts->undecided += row->verdict == STRAY_UNDECIDED ? 1 : 0;
		counts->removed += row->end == VM_STRAY_REMOVED ? 1 : 0;
	}
	for (size_t i = 0; i < strays->n_released; i++) {
		const struct vm_released *row = &strays->released[i];

		counts->releases += released_shown(row) ? 1 : 0;
		counts->endable += row->verdict == RELEASED_END ? 1 : 0;
		counts->undecided += row->verdict == RELEASED_UNDECIDED ? 1 : 0;
		counts->ended += released_shown(row) && row->end == VM_RELEASED_ENDED ? 1 : 0;
	}
}

/* Wraps at words and indents each line. A word longer than a line stands alone. */
static void wrapped_print(const char *text)
{
	int column = 0;

	while (*text != '\0') {
		int length = (int)strcspn(text, " ");

		if (column == 0 || column + 1 + length > WIDTH) {
			(void)printf("%s%*s", column == 0 ? "" : "\n", INDENT, "");
			column = INDENT;
		} else if (length > 0) {
			(void)putchar(' ');
			column++;
		}
		(void)printf("%.*s", length, text);
		column += length;
		text += length;
		text += strspn(text, " ");
	}
	(void)putchar('\n');
}

static const char *has_text(const struct stray_facts *facts)
{
	return !facts->granted ? "session" : facts->nexus ? "grant,session" : "grant";
}

static const char *what_text(const struct vm_stray *row, bool dry_run)
{
	switch (row->verdict) {
	case STRAY_REMOVE: return dry_run ? "to remove" : ends[row->end];
	case STRAY_UNDECIDED: return "not decided";
	default: return "left";
	}
}

/* The reason to keep or remove the path, and the error if something failed. */
static void why_text(const struct vm_stray *row, const struct vm_holder *holder, char *ret,
		     size_t size)
{
	bool failed = row->end == VM_STRAY_FAILED;
	bool asked = row->verdict == STRAY_UNDECIDED || row->facts.domain == STRAY_DOMAIN_OTHER;
	const char *more = failed ? err_text(&row->end_err) : asked ? err_text(&holder->why) : "";

	(void)snprintf(ret, size, "%s%s%s", row->why,
		       more[0] == '\0' ? ""
		       : failed        ? "; but: "
				       : ": ",
		       more);
}

static void row_print(const char *vm, const struct vm_stray *row, const struct vm_holder *holder,
		      bool dry_run)
{
	const char *host = vm_holder_name(holder);
	size_t length = strlen(host);

	lunmask_column(vm, 16);
	lunmask_column(row->lun, 20);
	/* Initiator names differ at their end. */
	lunmask_column(holder->host == NULL && length > 16 ? host + length - 16 : host, 16);
	lunmask_column(has_text(&row->facts), 13);
	(void)puts(what_text(row, dry_run));
}

static const struct vm_stray *next_of(const struct vm_strays *strays, size_t holder, size_t from)
{
	for (size_t i = from; i < strays->n; i++) {
		if (strays->rows[i].holder == holder && strays->rows[i].verdict != STRAY_NONE) {
			return &strays->rows[i];
		}
	}
	return NULL;
}

/* Prints consecutive rows with the same reason as one block, the reason once. */
static void holder_print(const char *vm, const struct vm_strays *strays, size_t index, bool dry_run)
{
	const struct vm_holder *holder = &strays->holders[index];
	const struct vm_stray *row = next_of(strays, index, 0);
	char text[STRAY_TEXT_MAX + ERR_TEXT_MAX];
	char who[STRAY_TEXT_MAX];

	while (row != NULL) {
		const struct vm_stray *next =
			next_of(strays, index, (size_t)(row - strays->rows) + 1);

		row_print(vm, row, holder, dry_run);
		if (next == NULL || next->why != row->why || next->end != row->end) {
			if (holder->host == NULL) {
				wrapped_print(holder->initiator);
			}
			wrapped_print(vm_stray_who(strays, row, who));
			why_text(row, holder, text, sizeof(text));
			wrapped_print(text);
		}
		row = next;
	}
}

static void released_why(const struct vm_released *row, char *ret, size_t size)
{
	const char *more = err_text(row->end == VM_RELEASED_FAILED ? &row->end_err : &row->note);

	(void)snprintf(ret, size, "%s%s%s", row->why,
		       *more == '\0'                    ? ""
		       : row->end == VM_RELEASED_FAILED ? "; but: "
							: ": ",
		       more);
}

static const char *released_what(const struct vm_released *row, bool dry_run)
{
	switch (row->verdict) {
	case RELEASED_END: return dry_run ? "to end" : released_ends[row->end];
	case RELEASED_UNDECIDED: return "not decided";
	default: return "left";
	}
}

/* One line: a release is ended for all of its LUNs, or for none. */
static void released_print(const char *vm, const struct vm_released *row, bool dry_run)
{
	const struct journal_release *release = row->release;
	char text[STRAY_TEXT_MAX + ERR_TEXT_MAX];
	char when[REALTIME_TEXT];

	lunmask_column(vm, 16);
	(void)snprintf(text, sizeof(text), "%s%s", release->luns[0],
		       release->n_luns > 1 ? ",..." : "");
	lunmask_column(text, 20);
	lunmask_column(release->node, 16);
	lunmask_column("release", 13);
	(void)puts(released_what(row, dry_run));
	(void)snprintf(text, sizeof(text), "the host has released %zu LUN%s of %s on %s",
		       release->n_luns, release->n_luns == 1 ? "" : "s", release->array,
		       realtime_to_str(release->since_ms, when));
	wrapped_print(text);
	released_why(row, text, sizeof(text));
	wrapped_print(text);
}

static void head_print(bool *head)
{
	if (*head) {
		(void)puts("VM               LUN                  HOST             HAS        "
			   "   WHAT");
		*head = false;
	}
}

void reconcile_print(const char *vm, const struct vm_strays *strays, bool dry_run, bool *head)
{
	for (size_t i = 0; i < strays->n_holders; i++) {
		if (next_of(strays, i, 0) == NULL) {
			continue;
		}
		head_print(head);
		holder_print(vm, strays, i, dry_run);
	}
	for (size_t i = 0; i < strays->n_released; i++) {
		if (released_shown(&strays->released[i])) {
			head_print(head);
			released_print(vm, &strays->released[i], dry_run);
		}
	}
}

void reconcile_summary(const struct reconcile_counts *counts, bool dry_run)
{
	(void)printf("%zu VM%s looked at: ", counts->vms, counts->vms == 1 ? "" : "s");
	if (counts->strays == 0) {
		(void)printf("nothing stray");
	} else if (dry_run) {
		(void)printf("%zu stray, %zu to be removed", counts->strays, counts->removable);
	} else {
		(void)printf("%zu stray, %zu removed, %zu left", counts->strays, counts->removed,
			     counts->strays - counts->removed);
	}
	if (counts->releases > 0) {
		(void)printf("; %zu release%s", counts->releases, counts->releases == 1 ? "" : "s");
		if (dry_run) {
			(void)printf(", %zu to be ended", counts->endable);
		} else {
			(void)printf(", %zu ended, %zu left", counts->ended,
				     counts->releases - counts->ended);
		}
	}
	if (counts->undecided > 0) {
		(void)printf(", %zu of them not decided", counts->undecided);
	}
	if (counts->unseen > 0) {
		(void)printf("; %zu could not be looked at", counts->unseen);
	}
	(void)puts(".");
}

/* JSON */

static json_t *row_json(const struct vm_strays *strays, const struct vm_stray *row)
{
	const struct vm_holder *holder = &strays->holders[row->holder];
	char text[STRAY_TEXT_MAX + ERR_TEXT_MAX];
	char who[STRAY_TEXT_MAX];

	why_text(row, holder, text, sizeof(text));
	return json_pack("{s:s, s:s?, s:s, s:b, s:b, s:s, s:s, s:s, s:s}", "lun", row->lun, "host",
			 holder->host != NULL ? holder->host->node : NULL, "initiator",
			 holder->initiator, "granted", row->facts.granted, "session",
			 row->facts.nexus, "verdict", verdicts[row->verdict], "why", text, "who",
			 vm_stray_who(strays, row, who), "end", ends[row->end]);
}

static json_t *released_json(const struct vm_released *row)
{
	json_t *luns = json_array();
	char text[STRAY_TEXT_MAX + ERR_TEXT_MAX];

	released_why(row, text, sizeof(text));
	for (size_t i = 0; i < row->release->n_luns; i++) {
		luns = json_build_append(luns, json_string(row->release->luns[i]));
	}
	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s}", "host", row->release->node, "array",
			 row->release->array, "luns", luns, "verdict",
			 released_verdicts[row->verdict], "why", text, "end",
			 released_ends[row->end]);
}

json_t *reconcile_json(const char *vm, const char *resource, const struct vm_strays *strays)
{
	json_t *rows = json_array();
	json_t *released = json_array();

	for (size_t i = 0; i < strays->n; i++) {
		if (strays->rows[i].verdict != STRAY_NONE) {
			rows = json_build_append(rows, row_json(strays, &strays->rows[i]));
		}
	}
	for (size_t i = 0; i < strays->n_released; i++) {
		released = json_build_append(released, released_json(&strays->released[i]));
	}
	return json_pack("{s:s, s:s?, s:b, s:o, s:o}", "vm", vm, "resource", resource, "looked_at",
			 true, "strays", rows, "releases", released);
}

json_t *reconcile_json_unseen(const char *vm, const char *resource, const char *why)
{
	return json_pack("{s:s, s:s?, s:b, s:s}", "vm", vm, "resource", resource, "looked_at",
			 false, "why", why);
}

json_t *reconcile_json_all(json_t *vms, const struct reconcile_counts *counts, bool dry_run)
{
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "dry_run", dry_run,
			 "strays", (json_int_t)counts->strays, "removable",
			 (json_int_t)counts->removable, "removed", (json_int_t)counts->removed,
			 "undecided", (json_int_t)counts->undecided, "releases",
			 (json_int_t)counts->releases, "ended", (json_int_t)counts->ended,
			 "not_looked_at", (json_int_t)counts->unseen, "vms", vms);
}
