/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_CONSOLE (-1)

/* One (counter, LUN) that is known to have been written. */
struct event {
	struct record record;
	int console; /* the console of its line, or NO_CONSOLE */
	uint64_t line;
	bool ghost;   /* known only from the prev of the next record on its LUN */
	bool chained; /* its prev and link agree with the record before it on its LUN */
};

struct trial {
	const struct history *history;
	const struct expectation *expected;
	struct verdict_report *report;
	struct event *events; /* sorted by (counter, LUN); each once after events_merge() */
	size_t count;
};

__attribute__((format(printf, 3, 4))) static void accuse(const struct trial *trial,
							 const char *kind, const char *format, ...)
{
	struct verdict_report *report = trial->report;
	struct violation *violation;
	unsigned int of_kind = 0;
	va_list args;

	report->violation_count++;
	for (unsigned int i = 0; i < report->kept_count; i++) {
		of_kind += strcmp(report->violations[i].kind, kind) == 0;
	}
	if (of_kind == VIOLATIONS_OF_KIND_MAX || report->kept_count == VIOLATIONS_MAX) {
		return;
	}
	violation = &report->violations[report->kept_count++];
	violation->kind = kind;
	va_start(args, format);
	vsnprintf(violation->text, sizeof(violation->text), format, args);
	va_end(args);
}

static const char *lun_text(uint32_t lun)
{
	static char names[2][LUN_NAME_MAX]; /* one message may need two names */
	static int turn;

	turn = !turn;
	lun_to_name(lun, names[turn]);
	return names[turn];
}

static const char *console_path(const struct trial *trial, int console)
{
	return trial->history->consoles[console].path;
}

static int event_order(const void *left, const void *right)
{
	const struct event *a = left, *b = right;

	if (a->record.n != b->record.n) {
		return a->record.n < b->record.n ? -1 : 1;
	}
	if (a->record.lun != b->record.lun) {
		return a->record.lun < b->record.lun ? -1 : 1;
	}
	/* Printed before unprinted. */
	if (a->console != b->console) {
		return a->console == NO_CONSOLE   ? 1
		       : b->console == NO_CONSOLE ? -1
		       : a->console < b->console  ? -1
						  : 1;
	}
	return a->line < b->line ? -1 : a->line > b->line;
}

static bool same_boot(const struct record *a, const struct record *b)
{
	return memcmp(a->boot, b->boot, BOOT_ID_BYTES) == 0;
}

static bool same_place(const struct event *a, const struct event *b)
{
	return a->record.n == b->record.n && a->record.lun == b->record.lun;
}

/* Collects all lines and all ring records, and leaves room for one ghost per event. */
static int events_gather(struct trial *trial)
{
	const struct history *history = trial->history;
	uint64_t from = trial->expected->from;
	size_t most = history->line_count + (size_t)history->image_count * RING_SLOTS;

	trial->events = calloc(2 * most + 1, sizeof(*trial->events));
	if (!trial->events) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < history->line_count; i++) {
		const struct line *line = &history->lines[i];

		if (line->record.n >= from) {
			trial->events[trial->count++] = (struct event){
				.record = line->record,
				.console = (int)line->console,
				.line = line->number,
			};
		}
	}
	for (unsigned int i = 0; i < history->image_count; i++) {
		const struct image *image = history->images[i];

		for (unsigned int s = 0; s < RING_SLOTS; s++) {
			if (image->content[s] == SLOT_RECORD && image->slots[s].n >= from &&
			    image->slots[s].lun == image->lun) {
				trial->events[trial->count++] = (struct event){
					.record = image->slots[s],
					.console = NO_CONSOLE,
				};
			}
		}
	}
	qsort(trial->events, trial->count, sizeof(*trial->events), event_order);
	return 0;
}

/*
 * Compares two events of the same (counter, LUN). Only a line and the equal record of a ring are
 * legal.
 */
static void accounts_compare(const struct trial *trial, const struct event *kept,
			     const struct event *other)
{
	if (other->console != NO_CONSOLE) {
		accuse(trial, "written-twice",
		       "lun %s: n=%" PRIu64 " was written twice: %s line %" PRIu64
		       " and %s line %" PRIu64,
		       lun_text(kept->record.lun), kept->record.n,
		       console_path(trial, kept->console), kept->line,
		       console_path(trial, other->console), other->line);
	} else if (kept->record.crc != other->record.crc) {
		accuse(trial, "overwritten",
		       "lun %s: n=%" PRIu64 " on the LUN is not the record that %s printed%s",
		       lun_text(kept->record.lun), kept->record.n,
		       kept->console == NO_CONSOLE ? "another slot"
						   : console_path(trial, kept->console),
		       same_boot(&kept->record, &other->record) ? "" : ", but one of another boot");
	}
}

static void events_merge(struct trial *trial)
{
	size_t kept = 0;

	for (size_t i = 0; i < trial->count; i++) {
		if (kept > 0 && same_place(&trial->events[kept - 1], &trial->events[i])) {
			accounts_compare(trial, &trial->events[kept - 1], &trial->events[i]);
		} else {
			trial->events[kept++] = trial->events[i];
		}
	}
	trial->count = kept;
}

/* True if every counter after `after` and before that of event `before` is known, on any LUN. */
static bool between_known(const struct trial *trial, uint64_t after, size_t before)
{
	uint64_t wanted = trial->events[before].record.n - 1, last = 0;

	for (size_t i = before; i-- > 0 && wanted > after;) {
		uint64_t n = trial->events[i].record.n;

		if (n == trial->events[before].record.n || n == last) {
			continue;
		}
		if (n != wanted) {
			return false;
		}
		last = n;
		wanted--;
	}
	return wanted <= after;
}

/* Judges the counters that event i skips on its LUN after record p. NULL: there is no record p. */
static void skip_judge(const struct trial *trial, const struct record *p, size_t i)
{
	const struct record *r = &trial->events[i].record;
	uint64_t last = p ? p->n : 0;
	bool io = trial->expected->allow_io_errors && r->flags & FLAG_IO_ERROR;

	if (r->n == last + 1 || io) {
		return;
	}
	if ((!p || !same_boot(p, r)) && between_known(trial, last, i)) {
		return; /* a boot ended within a round over the LUNs, or the LUN is new */
	}
	accuse(trial, "gap", "lun %s: n=%" PRIu64 " is followed by n=%" PRIu64, lun_text(r->lun),
	       last, r->n);
}

/*
 * Compares event i with the record before it on its LUN (NULL: none). True if a ghost must be
 * inserted between them.
 */
static bool link_judge(const struct trial *trial, const struct event *before, size_t i)
{
	const struct record *r = &trial->events[i].record;
	uint64_t last = before ? before->record.n : 0;

	if (r->prev == last + 1 && r->prev < r->n) {
		trial->events[i].chained = true;
		return true;
	}
	if (r->prev > last) {
		accuse(trial, "gap",
		       "lun %s: n=%" PRIu64 " to n=%" PRIu64
		       " were written, but are on no console and no ring",
		       lun_text(r->lun), last + 1, r->prev);
	} else if (r->prev < last) {
		accuse(trial, "lost-write",
		       "lun %s: n=%" PRIu64 " was written, but n=%" PRIu64 " found n=%" PRIu64
		       " as the newest on the LUN",
		       lun_text(r->lun), last, r->n, r->prev);
	} else if (before && !before->ghost && r->link != before->record.crc) {
		accuse(trial, "lost-write",
		       "lun %s: n=%" PRIu64 " found another n=%" PRIu64
		       " on the LUN than the one that is known",
		       lun_text(r->lun), r->n, r->prev);
	} else {
		trial->events[i].chained = true;
	}
	return false;
}

/*
 * Runs after all ghosts are known: a ghost on one LUN proves that a round had begun that is missing
 * on another LUN.
 */
static void skips_judge(const struct trial *trial)
{
	static struct record last[LUN_MAX];

	memset(last, 0, sizeof(last));
	for (size_t i = 0; i < trial->count; i++) {
		const struct record *r = &trial->events[i].record;

		if (trial->events[i].chained) {
			skip_judge(trial, last[r->lun].n > 0 ? &last[r->lun] : NULL, i);
		}
		last[r->lun] = *r;
	}
}

/* Checks the records of each LUN as a chain, and inserts the ghosts that it finds. */
static void chains_judge(struct trial *trial)
{
	static struct event last[LUN_MAX];
	size_t ghosts = 0;
	bool from_start = trial->expected->from == 0 && trial->history->console_count > 0;

	memset(last, 0, sizeof(last));
	for (size_t i = 0; i < trial->count; i++) {
		const struct record *r = &trial->events[i].record;
		struct event *before = &last[r->lun];
		bool first = before->record.n == 0;

		if (!(first && !from_start) && link_judge(trial, first ? NULL : before, i)) {
			struct event ghost = {.console = NO_CONSOLE, .ghost = true};

			ghost.record.n = r->prev;
			ghost.record.lun = r->lun;
			trial->events[trial->count + ghosts++] = ghost;
		}
		*before = trial->events[i];
	}
	trial->count += ghosts;
	qsort(trial->events, trial->count, sizeof(*trial->events), event_order);
	skips_judge(trial);
}

/*
 * Judges a run of unprinted events between two printed events. unprinted is the last event of the
 * run. before or after is NULL at the start or the end of the history.
 */
static void unprinted_judge(const struct trial *trial, size_t run, const struct event *before,
			    const struct event *unprinted, const struct event *after)
{
	bool edge = !before || !after || before->console != after->console ||
		    !same_boot(&before->record, &after->record);

	if (run == 1 && edge) {
		trial->report->cut_lines++;
	} else if (run > 0) {
		accuse(trial, "unprinted",
		       "lun %s: n=%" PRIu64 " and %zu record(s) before it were written, but no "
		       "console shows them: a writer on a console that was not given?",
		       lun_text(unprinted->record.lun), unprinted->record.n, run - 1);
	}
}

static void printing_judge(const struct trial *trial)
{
	const struct event *before = NULL;
	size_t run = 0;

	for (size_t i = 0; i < trial->count; i++) {
		const struct event *event = &trial->events[i];

		if (event->console == NO_CONSOLE) {
			run++;
			continue;
		}
		unprinted_judge(trial, run, before, i > 0 ? event - 1 : NULL, event);
		if (before && before->console != event->console &&
		    same_boot(&before->record, &event->record)) {
			trial->report->handovers++;
		}
		before = event;
		run = 0;
	}
	if (trial->count > 0) {
		unprinted_judge(trial, run, before, &trial->events[trial->count - 1], NULL);
	}
}

static bool boot_listed(const struct verdict_report *report, const unsigned char *boot)
{
	for (unsigned int i = 0; i < report->boot_count; i++) {
		if (memcmp(report->boots[i], boot, BOOT_ID_BYTES) == 0) {
			return true;
		}
	}
	return false;
}

static void boot_list(struct verdict_report *report, const unsigned char *boot)
{
	if (!boot_listed(report, boot) && report->boot_count < BOOTS_MAX) {
		memcpy(report->boots[report->boot_count++], boot, BOOT_ID_BYTES);
	}
}

static void boots_judge(const struct trial *trial)
{
	const struct record *before = NULL;

	for (size_t i = 0; i < trial->count; i++) {
		const struct record *r = &trial->events[i].record;
		char boot[BOOT_ID_TEXT];

		if (trial->events[i].ghost) {
			continue;
		}
		boot_id_to_text(r->boot, boot);
		if (before && !same_boot(before, r) && boot_listed(trial->report, r->boot)) {
			accuse(trial, "two-writers",
			       "boot %s writes n=%" PRIu64 " on lun %s after another boot wrote",
			       boot, r->n, lun_text(r->lun));
		}
		if (before && same_boot(before, r) && r->time_ms < before->time_ms) {
			accuse(trial, "time-backwards",
			       "boot %s: n=%" PRIu64 " was written at %" PRIu64
			       " ms, the record before at %" PRIu64 " ms: an old memory image ran?",
			       boot, r->n, r->time_ms, before->time_ms);
		}
		boot_list(trial->report, r->boot);
		before = r;
	}
	for (unsigned int i = 0; i < trial->history->boot_count; i++) {
		boot_list(trial->report, trial->history->boots[i]);
	}
}

static void console_order_judge(const struct trial *trial)
{
	for (size_t i = 1; i < trial->history->line_count; i++) {
		const struct line *a = &trial->history->lines[i - 1], *b = a + 1;

		if (a->console == b->console &&
		    (b->record.n < a->record.n ||
		     (b->record.n == a->record.n && b->record.lun <= a->record.lun))) {
			accuse(trial, "backwards",
			       "%s line %" PRIu64 ": n=%" PRIu64 " lun %s comes after n=%" PRIu64
			       " lun %s",
			       console_path(trial, (int)b->console), b->number, b->record.n,
			       lun_text(b->record.lun), a->record.n, lun_text(a->record.lun));
		}
	}
}

/* Checks that the ring still has every record whose line was printed before the ring was read. */
static void lost_judge(const struct trial *trial, const struct image *image)
{
	uint64_t lost = 0, low = 0, high = 0;

	for (size_t i = 0; i < trial->history->line_count; i++) {
		const struct line *line = &trial->history->lines[i];
		unsigned int slot = (unsigned int)(line->record.n % RING_SLOTS);

		if (!line->settled || line->record.lun != image->lun ||
		    line->record.n < trial->expected->from ||
		    (image->content[slot] == SLOT_RECORD &&
		     image->slots[slot].n >= line->record.n)) {
			continue;
		}
		low = lost == 0 || line->record.n < low ? line->record.n : low;
		high = line->record.n > high ? line->record.n : high;
		lost++;
	}
	if (lost > 0) {
		accuse(trial, "lost-write",
		       "lun %s: %" PRIu64 " record(s) from n=%" PRIu64 " to n=%" PRIu64
		       " were printed as written, but %s does not hold them (newest there: %" PRIu64
		       ")",
		       lun_text(image->lun), lost, low, high, image->path, image->newest);
	}
}

static void slot_judge(const struct trial *trial, const struct image *image, unsigned int slot)
{
	const struct record *r = &image->slots[slot];

	if (image->content[slot] == SLOT_DAMAGED) {
		accuse(trial, "damaged", "%s: slot %u is neither empty nor a record", image->path,
		       slot);
	} else if (image->content[slot] == SLOT_RECORD && r->lun != image->lun) {
		accuse(trial, "foreign", "%s: slot %u holds a record of lun %s, not of lun %s",
		       image->path, slot, lun_text(r->lun), lun_text(image->lun));
	} else if (image->content[slot] == SLOT_RECORD && r->n % RING_SLOTS != slot) {
		accuse(trial, "damaged", "%s: slot %u holds n=%" PRIu64, image->path, slot, r->n);
	}
}

static void images_judge(const struct trial *trial)
{
	const char *vm = NULL;

	for (unsigned int i = 0; i < trial->history->image_count; i++) {
		const struct image *image = trial->history->images[i];

		if (image->why[0]) {
			continue;
		}
		if (image->truncated) {
			accuse(trial, "truncated", "%s: too short for the ring of %u bytes at %u",
			       image->path, RING_BYTES, RING_OFFSET);
			continue;
		}
		for (unsigned int slot = 0; slot < RING_SLOTS; slot++) {
			slot_judge(trial, image, slot);
			if (image->content[slot] != SLOT_RECORD) {
				continue;
			}
			vm = vm ? vm : image->slots[slot].vm;
			if (strcmp(vm, image->slots[slot].vm) != 0) {
				accuse(trial, "foreign", "%s: slot %u is of vm %s, others of vm %s",
				       image->path, slot, image->slots[slot].vm, vm);
			}
		}
		lost_judge(trial, image);
	}
}

static void alarms_judge(const struct trial *trial)
{
	uint32_t flags = 0, spare = trial->expected->allow_io_errors ? FLAG_IO_ERROR : 0;

	for (unsigned int i = 0; i < trial->history->console_count; i++) {
		const struct console_log *log = &trial->history->consoles[i];

		trial->report->alarms += log->alarms;
		for (uint64_t a = 0; a < log->alarms && a < ALARMS_MAX; a++) {
			const char *text = log->alarm_texts[a] ? log->alarm_texts[a] : "?";

			if (!(spare && strstr(text, "ALARM io error"))) {
				accuse(trial, "alarm", "%s: %s", log->path, text);
			}
		}
	}
	for (size_t i = 0; i < trial->count; i++) {
		flags |= trial->events[i].record.flags & ~spare;
	}
	/* The line of an alarm may be lost, but the flag in the records is not. */
	if (flags && trial->report->alarms == 0) {
		accuse(trial, "alarm",
		       "records carry the alarm flags 0x%x, but no console has the alarm", flags);
	}
}

static void expectations_judge(const struct trial *trial)
{
	const struct expectation *expected = trial->expected;
	const struct verdict_report *report = trial->report;

	if (expected->boots >= 0 && report->boot_count != (unsigned long)expected->boots) {
		accuse(trial, "boots", "%u boot(s), expected %ld", report->boot_count,
		       expected->boots);
	}
	if (report->highest < expected->min_counter) {
		accuse(trial, "counter", "highest counter %" PRIu64 ", expected at least %" PRIu64,
		       report->highest, expected->min_counter);
	}
}

static void unknown_find(const struct trial *trial)
{
	struct verdict_report *report = trial->report;
	const struct history *history = trial->history;

	for (unsigned int i = 0; i < history->console_count; i++) {
		if (history->consoles[i].why[0]) {
			snprintf(report->unknown, sizeof(report->unknown), "%s: %s",
				 history->consoles[i].path, history->consoles[i].why);
		}
	}
	for (unsigned int i = 0; i < history->image_count; i++) {
		if (history->images[i]->why[0]) {
			snprintf(report->unknown, sizeof(report->unknown), "%s: %s",
				 history->images[i]->path, history->images[i]->why);
		}
	}
	if (!report->unknown[0] && trial->count == 0) {
		snprintf(report->unknown, sizeof(report->unknown),
			 "no record on any console and in any ring");
	}
}

int judge(const struct history *history, const struct expectation *expected,
	  struct verdict_report *report)
{
	struct trial trial = {.history = history, .expected = expected, .report = report};
	int rc;

	*report = (struct verdict_report){0};
	rc = events_gather(&trial);
	if (rc < 0) {
		return rc;
	}
	events_merge(&trial);
	report->records = trial.count;
	report->lowest = trial.count ? trial.events[0].record.n : 0;
	report->highest = trial.count ? trial.events[trial.count - 1].record.n : 0;
	console_order_judge(&trial);
	chains_judge(&trial);
	if (history->console_count > 0) {
		printing_judge(&trial);
	}
	boots_judge(&trial);
	images_judge(&trial);
	alarms_judge(&trial);
	unknown_find(&trial);
	if (trial.count > 0) {
		expectations_judge(&trial);
	}
	report->verdict = report->violation_count ? VERDICT_VIOLATION
			  : report->unknown[0]    ? VERDICT_UNKNOWN
						  : VERDICT_CLEAN;
	free(trial.events);
	return 0;
}
