/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linear.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define NEVER_NS INT64_MAX
#define MS_NS 1e6
#define S_NS 1e9
#define REPORT_MAX 20 /* lines; more would say the same */

struct op {
	struct event asked; /* op 0: not there */
	struct event told;  /* likewise: it never returned */
	size_t place;       /* of a write that took effect: 1.. in its VM's order */
};

/* The n-th write of a VM, and when it can have taken effect at the earliest and the latest. */
struct point {
	struct op *op; /* NULL of number 0, which stands for "no task" */
	int64_t earliest_ns;
	int64_t latest_ns;
	int64_t read_from_ns;  /* the latest invocation of a read that saw it */
	int64_t read_until_ns; /* the earliest return of one */
};

struct linear {
	GHashTable *ops; /* by number */
	GHashTable *vms; /* name: GPtrArray of ops */
};

struct check {
	struct linear *linear;
	GString *report;
	struct linear_figures *figures;
	const char *vm;
	GPtrArray *ops;
	GArray *points;
};

struct linear *linear_new(void)
{
	struct linear *linear = g_new0(struct linear, 1);

	linear->ops = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	linear->vms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    (GDestroyNotify)g_ptr_array_unref);
	return linear;
}

void linear_free(struct linear *linear)
{
	g_hash_table_unref(linear->vms);
	g_hash_table_unref(linear->ops);
	g_free(linear);
}

int linear_event(struct linear *linear, const struct event *event)
{
	struct op *op = g_hash_table_lookup(linear->ops, &event->op);
	struct event *place;

	if (op == NULL) {
		gint64 number = (gint64)event->op;

		op = g_new0(struct op, 1);
		g_hash_table_insert(linear->ops, g_memdup2(&number, sizeof(number)), op);
	}
	place = event->returns ? &op->told : &op->asked;
	if (place->op != 0 || event->op == 0) {
		return -EBADMSG;
	}
	*place = *event;
	return 0;
}

static void violation(struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void violation(struct check *check, const char *format, ...)
{
	va_list args;

	if (check->figures->violations++ >= REPORT_MAX) {
		return;
	}
	g_string_append_printf(check->report, "%s: ", check->vm);
	va_start(args, format);
	g_string_append_vprintf(check->report, format, args);
	va_end(args);
	g_string_append_c(check->report, '\n');
}

static enum event_outcome outcome(const struct op *op)
{
	return op->told.op == 0 ? EVENT_UNKNOWN : op->told.outcome;
}

static bool is_write(const struct op *op)
{
	return op->asked.kind == EVENT_WRITE;
}

static int64_t until_ns(const struct op *op)
{
	return outcome(op) == EVENT_UNKNOWN ? NEVER_NS : op->told.at_ns;
}

static int64_t last_write_ns(const struct check *check)
{
	int64_t last_ns = INT64_MIN;

	for (guint i = 0; i < check->ops->len; i++) {
		const struct op *op = g_ptr_array_index(check->ops, i);

		last_ns = is_write(op) ? MAX(last_ns, op->asked.at_ns) : last_ns;
	}
	return last_ns;
}

/*
 * What every node saw last; false if they do not agree, or nobody has looked. A final read after
 * which another load has begun is a read as any other.
 */
static bool final_find(struct check *check, struct seen *ret)
{
	int64_t last_ns = last_write_ns(check);
	bool found = false;
	bool wanted = false;

	for (guint i = 0; i < check->ops->len; i++) {
		const struct op *op = g_ptr_array_index(check->ops, i);

		wanted |= outcome(op) == EVENT_DONE;
		if (op->asked.kind != EVENT_FINAL || outcome(op) != EVENT_DONE ||
		    op->asked.at_ns < last_ns) {
			continue;
		}
		if (found && (op->told.seen.op != ret->op ||
			      version_compare(op->told.seen.version, ret->version) != 0)) {
			violation(check, "nodes differ: operation %016" PRIx64 " and %016" PRIx64,
				  ret->op, op->told.seen.op);
			return false;
		}
		*ret = op->told.seen;
		found = true;
	}
	if (!found && wanted) {
		violation(check, "there is no final read");
	}
	return found;
}

/* The write of this VM that has the number; NULL: there is none. */
static struct op *write_find(const struct check *check, uint64_t number)
{
	struct op *op = g_hash_table_lookup(check->linear->ops, &number);

	return op != NULL && is_write(op) && strcmp(op->asked.vm, check->vm) == 0 ? op : NULL;
}

/* The write that made what was seen; NULL, and a violation, if none can have. */
static struct op *writer_find(struct check *check, const struct seen *seen)
{
	struct op *op = write_find(check, seen->op);

	if (op == NULL) {
		violation(check, "%u.%u is by operation %016" PRIx64 ", which nobody has asked for",
			  seen->version.task, seen->version.revision, seen->op);
		return NULL;
	}
	if (version_compare(op->asked.made, seen->version) != 0) {
		violation(check, "operation %016" PRIx64 " has made %u.%u, but was to make %u.%u",
			  seen->op, seen->version.task, seen->version.revision, op->asked.made.task,
			  op->asked.made.revision);
	}
	if (outcome(op) != EVENT_DONE && outcome(op) != EVENT_UNKNOWN) {
		violation(check,
			  "operation %016" PRIx64 " took effect, but its client was told "
			  "that it did not (%s, %d)",
			  seen->op, outcome(op) == EVENT_NEVER ? "never" : "refused",
			  op->told.status);
	}
	return op;
}

/* The writes that took effect, first to last, behind point 0. */
static void order_make(struct check *check, struct seen last)
{
	g_autoptr(GPtrArray) back = g_ptr_array_new();
	struct point point = {.read_from_ns = INT64_MIN, .read_until_ns = NEVER_NS};

	while (last.op != 0 && back->len <= check->ops->len) {
		struct op *op = writer_find(check, &last);

		if (op == NULL) {
			break;
		}
		g_ptr_array_add(back, op);
		last = op->asked.expected;
	}
	if (back->len > check->ops->len) {
		violation(check, "the order of its writes is a circle");
	}
	g_array_append_val(check->points, point);
	for (guint i = back->len; i > 0; i--) {
		point.op = g_ptr_array_index(back, i - 1);
		point.op->place = check->points->len;
		g_array_append_val(check->points, point);
	}
}

static struct point *point_at(struct check *check, size_t place)
{
	return &g_array_index(check->points, struct point, place);
}

static void losses_find(struct check *check)
{
	for (guint i = 0; i < check->ops->len; i++) {
		const struct op *op = g_ptr_array_index(check->ops, i);

		if (is_write(op) && outcome(op) == EVENT_DONE && op->place == 0) {
			violation(check,
				  "operation %016" PRIx64 " was acknowledged and is lost: "
				  "%u.%u after %u.%u",
				  op->asked.op, op->asked.made.task, op->asked.made.revision,
				  op->asked.expected.version.task,
				  op->asked.expected.version.revision);
		}
	}
}

/* Reads, and what those saw who were refused: both are of a time between asking and being told. */
static void reads_note(struct check *check)
{
	for (guint i = 0; i < check->ops->len; i++) {
		const struct op *op = g_ptr_array_index(check->ops, i);
		const struct op *writer;
		struct point *point;

		if (!op->told.has_seen || (is_write(op) && outcome(op) == EVENT_DONE)) {
			continue;
		}
		writer = write_find(check, op->told.seen.op);
		if (op->told.seen.op != 0 && (writer == NULL || writer->place == 0)) {
			violation(check,
				  "operation %016" PRIx64 " saw %u.%u by %016" PRIx64
				  ", which is not there any more",
				  op->asked.op, op->told.seen.version.task,
				  op->told.seen.version.revision, op->told.seen.op);
			continue;
		}
		point = point_at(check, writer == NULL ? 0 : writer->place);
		point->read_from_ns = MAX(point->read_from_ns, op->asked.at_ns);
		point->read_until_ns = MIN(point->read_until_ns, op->told.at_ns);
	}
}

static void times_check(struct check *check)
{
	int64_t now_ns = INT64_MIN;

	for (guint i = 0; i < check->points->len; i++) {
		struct point *point = point_at(check, i);

		if (point->op != NULL) {
			now_ns = MAX(now_ns, point->op->asked.at_ns);
			if (now_ns > until_ns(point->op)) {
				violation(check,
					  "operation %016" PRIx64 " (%u.%u) was acknowledged before"
					  " what it follows can have taken effect",
					  point->op->asked.op, point->op->asked.made.task,
					  point->op->asked.made.revision);
			}
		}
		point->earliest_ns = now_ns;
		if (now_ns > point->read_until_ns) {
			violation(check, "a read saw write %u before it can have taken effect", i);
		}
		if (i + 1 < check->points->len &&
		    point->read_from_ns > until_ns(point_at(check, i + 1)->op)) {
			violation(check, "a read saw write %u when the next was acknowledged", i);
			continue;
		}
		now_ns = MAX(now_ns, point->read_from_ns);
	}
	now_ns = NEVER_NS;
	for (guint i = check->points->len; i > 0; i--) {
		struct point *point = point_at(check, i - 1);

		now_ns = MIN(now_ns, point->read_until_ns);
		now_ns = MIN(now_ns, point->op == NULL ? NEVER_NS : until_ns(point->op));
		point->latest_ns = now_ns;
	}
}

/* Refused, though all the time nothing else was there than what it wanted to replace. */
static void refusals_check(struct check *check)
{
	for (guint i = 0; i < check->ops->len; i++) {
		const struct op *op = g_ptr_array_index(check->ops, i);
		const struct op *writer = write_find(check, op->asked.expected.op);
		size_t place = writer == NULL ? 0 : writer->place;
		int64_t next_ns;

		if (!is_write(op) || outcome(op) != EVENT_REFUSED) {
			continue;
		}
		if (op->told.status != -ESTALE && op->told.status != -EBUSY &&
		    op->told.status != -EEXIST && op->told.status != -ENOENT) {
			violation(check, "operation %016" PRIx64 " was refused: %s", op->asked.op,
				  strerror(-op->told.status));
		}
		if (op->asked.expected.op != 0 && place == 0) {
			continue;
		}
		next_ns = place + 1 < check->points->len ? point_at(check, place + 1)->earliest_ns
							 : NEVER_NS;
		if (op->asked.at_ns >=
			    (place == 0 ? INT64_MIN : point_at(check, place)->latest_ns) &&
		    op->told.at_ns <= next_ns) {
			violation(check,
				  "operation %016" PRIx64 " was refused (%d), but what it expected"
				  " (%u.%u) was there all the time",
				  op->asked.op, op->told.status, op->asked.expected.version.task,
				  op->asked.expected.version.revision);
		}
	}
}

static void vm_check(gpointer key, gpointer value, gpointer data)
{
	struct check *check = data;
	struct seen last;

	check->vm = key;
	check->ops = value;
	check->points = g_array_new(FALSE, TRUE, sizeof(struct point));
	if (final_find(check, &last)) {
		order_make(check, last);
		losses_find(check);
		reads_note(check);
		times_check(check);
		refusals_check(check);
	}
	g_array_unref(check->points);
}

static int number_compare(gconstpointer a, gconstpointer b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile_ms(const GArray *sorted, double part)
{
	return sorted->len == 0
		       ? 0
		       : (double)g_array_index(sorted, int64_t, (guint)(part * (sorted->len - 1))) /
				 MS_NS;
}

/* Of the writes: how long they took, and when there were none. */
static void times_measure(struct linear *linear, struct linear_figures *figures)
{
	g_autoptr(GArray) took = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_autoptr(GArray) ends = g_array_new(FALSE, FALSE, sizeof(int64_t));
	GHashTableIter iter;
	gpointer value;
	int64_t first_ns = NEVER_NS;
	int64_t gap_ns = 0;

	g_hash_table_iter_init(&iter, linear->ops);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct op *op = value;

		if (op->asked.op != 0 && is_write(op) && outcome(op) == EVENT_DONE) {
			int64_t ns = op->told.at_ns - op->asked.at_ns;

			g_array_append_val(took, ns);
			g_array_append_val(ends, op->told.at_ns);
			first_ns = MIN(first_ns, op->asked.at_ns);
		}
	}
	g_array_sort(took, number_compare);
	g_array_sort(ends, number_compare);
	for (guint i = 1; i < ends->len; i++) {
		gap_ns = MAX(gap_ns,
			     g_array_index(ends, int64_t, i) - g_array_index(ends, int64_t, i - 1));
	}
	if (ends->len > 0) {
		figures->seconds =
			(double)(g_array_index(ends, int64_t, ends->len - 1) - first_ns) / S_NS;
	}
	figures->gap_s = (double)gap_ns / S_NS;
	figures->p50_ms = percentile_ms(took, 0.5);
	figures->p99_ms = percentile_ms(took, 0.99);
	figures->max_ms = percentile_ms(took, 1);
}

static void op_count(const struct op *op, struct linear_figures *figures)
{
	size_t *counts[EVENT_OUTCOME_MAX] = {
		[EVENT_DONE] = &figures->done,
		[EVENT_REFUSED] = &figures->refused,
		[EVENT_NEVER] = &figures->never,
		[EVENT_UNKNOWN] = &figures->unknown,
	};

	if (is_write(op)) {
		++*counts[outcome(op)];
		figures->unknown_done += outcome(op) == EVENT_UNKNOWN && op->place != 0;
	} else {
		figures->reads += outcome(op) == EVENT_DONE;
	}
}

/* false: a return without an invocation. */
static bool ops_sort(struct check *check)
{
	GHashTableIter iter;
	gpointer value;
	bool good = true;

	g_hash_table_remove_all(check->linear->vms);
	g_hash_table_iter_init(&iter, check->linear->ops);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct op *op = value;
		GPtrArray *ops;

		if (op->asked.op == 0 || (op->told.op != 0 && op->told.at_ns < op->asked.at_ns)) {
			check->vm = "history";
			violation(check, "operation %016" PRIx64 " returned before it was asked",
				  op->told.op);
			good = false;
			continue;
		}
		op->place = 0;
		ops = g_hash_table_lookup(check->linear->vms, op->asked.vm);
		if (ops == NULL) {
			ops = g_ptr_array_new();
			g_hash_table_insert(check->linear->vms, g_strdup(op->asked.vm), ops);
		}
		g_ptr_array_add(ops, op);
	}
	return good;
}

bool linear_check(struct linear *linear, GString *report, struct linear_figures *ret)
{
	struct check check = {.linear = linear, .report = report, .figures = ret};
	GHashTableIter iter;
	gpointer value;

	*ret = (struct linear_figures){0};
	if (ops_sort(&check)) {
		g_hash_table_foreach(linear->vms, vm_check, &check);
		g_hash_table_iter_init(&iter, linear->ops);
		while (g_hash_table_iter_next(&iter, NULL, &value)) {
			op_count(value, ret);
		}
		times_measure(linear, ret);
	}
	ret->vms = g_hash_table_size(linear->vms);
	return ret->violations == 0;
}
