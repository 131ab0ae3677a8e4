/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot/snapshot_set.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *note, *text;
} kinds[SNAPSHOT_KIND_MAX] = {
#define X(name, note, text) [name] = {(note), (text)},
	SNAPSHOT_KINDS(X)
#undef X
};

const char *snapshot_kind_note(enum snapshot_kind kind)
{
	return kinds[kind].note;
}

const char *snapshot_kind_text(enum snapshot_kind kind)
{
	return kinds[kind].text;
}

/* Another note is that of a snapshot that lunmask has not made. */
static enum snapshot_kind kind_of(const struct array_snapshot *snapshot)
{
	for (int i = SNAPSHOT_BROKEN + 1; i < SNAPSHOT_KIND_MAX && !snapshot->unfinished; i++) {
		if (strcmp(kinds[i].note, snapshot->note) == 0) {
			return (enum snapshot_kind)i;
		}
	}
	return SNAPSHOT_BROKEN;
}

static bool named(const char *const *luns, size_t n_luns, const char *lun)
{
	for (size_t i = 0; i < n_luns; i++) {
		if (strcmp(luns[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

static struct snapshot_set *set_get(struct snapshot_sets *sets, const char *set)
{
	for (size_t i = 0; i < sets->count; i++) {
		if (strcmp(sets->sets[i].set, set) == 0) {
			return &sets->sets[i];
		}
	}
	return NULL;
}

static void set_begin(struct snapshot_sets *sets, const struct array_snapshots *all,
		      const struct array_snapshot *snapshot)
{
	struct snapshot_set *set = &sets->sets[sets->count++];
	size_t members = 0;

	for (size_t i = 0; i < all->count; i++) {
		members += strcmp(all->snapshots[i].set, snapshot->set) == 0 ? 1 : 0;
	}

	(void)strcpy(set->name, snapshot->name);
	(void)strcpy(set->set, snapshot->set);
	set->kind = kind_of(snapshot);
	set->taken_s = snapshot->taken_s;
	set->luns = g_new0(const char *, members);
}

static int set_compare(const void *a, const void *b)
{
	const struct snapshot_set *one = a, *other = b;

	return one->taken_s != other->taken_s ? (one->taken_s < other->taken_s ? -1 : 1)
					      : strcmp(one->name, other->name);
}

void snapshot_sets_of(const struct array_snapshots *snapshots, const char *const *luns,
		      size_t n_luns, struct snapshot_sets *ret)
{
	*ret = (struct snapshot_sets){
		.sets = g_new0(struct snapshot_set, snapshots->count + 1),
	};
	for (size_t i = 0; i < snapshots->count; i++) {
		const struct array_snapshot *snapshot = &snapshots->snapshots[i];

		if (named(luns, n_luns, snapshot->lun) && set_get(ret, snapshot->set) == NULL) {
			set_begin(ret, snapshots, snapshot);
		}
	}
	for (size_t i = 0; i < snapshots->count; i++) {
		const struct array_snapshot *snapshot = &snapshots->snapshots[i];
		struct snapshot_set *set = set_get(ret, snapshot->set);

		if (set != NULL) {
			set->luns[set->n_luns++] = snapshot->lun;
			set->size_bytes += snapshot->size_bytes;
			set->kind = kind_of(snapshot) == set->kind ? set->kind : SNAPSHOT_BROKEN;
		}
	}
	qsort(ret->sets, ret->count, sizeof(ret->sets[0]), set_compare);
}

void snapshot_sets_release(struct snapshot_sets *sets)
{
	for (size_t i = 0; i < sets->count; i++) {
		g_free(sets->sets[i].luns);
	}
	g_free(sets->sets);
	*sets = (struct snapshot_sets){.count = 0};
}

const struct snapshot_set *snapshot_set_find(const struct snapshot_sets *sets, const char *name)
{
	for (size_t i = 0; i < sets->count; i++) {
		if (strcmp(sets->sets[i].name, name) == 0) {
			return &sets->sets[i];
		}
	}
	return NULL;
}

int snapshot_set_fits(const struct snapshot_set *set, const char *const *luns, size_t n_luns,
		      struct err *err)
{
	if (set->kind == SNAPSHOT_BROKEN) {
		return err_set(err, -EPERM,
			       "snapshot '%s' is incomplete: the command that made it did not end; "
			       "remove it",
			       set->name);
	}
	for (size_t i = 0; i < n_luns; i++) {
		if (!named(set->luns, set->n_luns, luns[i])) {
			return err_set(err, -EPERM,
				       "LUN '%s' is not in snapshot '%s': take its drive from luns "
				       "first",
				       luns[i], set->name);
		}
	}
	for (size_t i = 0; i < set->n_luns; i++) {
		if (!named(luns, n_luns, set->luns[i])) {
			return err_set(err, -EPERM,
				       "snapshot '%s' has LUN '%s', too, which is no drive of the "
				       "VM any more: add it to luns first",
				       set->name, set->luns[i]);
		}
	}
	return 0;
}
