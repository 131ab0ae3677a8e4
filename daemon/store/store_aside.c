/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/store_dir.h"

/* Databases that are no longer used are kept, so that an administrator can examine them. */

#define ASIDE_FORMAT "journal-bad-%" PRIu64 ".db"
/* Limit of names read from the directory. There are never more unless someone else creates them. */
#define ASIDE_LISTED_MAX 64

/* The database is renamed last: as long as it has its own name, the work is not complete. */
static const char *const suffixes[] = {"-wal", "-journal", "-shm", ""};

static int file_move(const struct store_dir *dir, const char *from, const char *to, struct err *err)
{
	if (renameat(dir->fd, from, dir->fd, to) < 0 && errno != ENOENT) {
		return err_set(err, -EIO, "cannot put %s/%s aside: %s", dir->path, from,
			       strerror(errno));
	}
	return 0;
}

static bool aside_parse(const char *name, uint64_t *ret)
{
	char again[NAME_MAX + 1];

	if (sscanf(name, ASIDE_FORMAT, ret) != 1) {
		return false;
	}
	(void)snprintf(again, sizeof(again), ASIDE_FORMAT, *ret);
	return strcmp(name, again) == 0;
}

static int newest_first(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

static size_t aside_list(const struct store_dir *dir, uint64_t times[ASIDE_LISTED_MAX])
{
	DIR *listing = opendir(dir->path);
	struct dirent *found;
	size_t n = 0;

	while (listing != NULL && n < ASIDE_LISTED_MAX && (found = readdir(listing)) != NULL) {
		n += aside_parse(found->d_name, &times[n]);
	}
	if (listing != NULL) {
		closedir(listing);
	}
	if (n > 1) {
		qsort(times, n, sizeof(times[0]), newest_first);
	}
	return n;
}

/* An old database that cannot be removed only takes space, so this does not fail. */
static void aside_prune(const struct store_dir *dir)
{
	uint64_t times[ASIDE_LISTED_MAX];
	size_t n = aside_list(dir, times);
	char name[NAME_MAX + 1];

	for (size_t i = STORE_KEPT_MAX; i < n; i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(suffixes); j++) {
			(void)snprintf(name, sizeof(name), ASIDE_FORMAT "%s", times[i],
				       suffixes[j]);
			(void)unlinkat(dir->fd, name, 0);
		}
	}
}

/* Later than all that were put aside, also if the clock was set back: the latest are kept. */
static uint64_t aside_time(const struct store_dir *dir)
{
	uint64_t times[ASIDE_LISTED_MAX];
	uint64_t now = (uint64_t)time(NULL);

	return aside_list(dir, times) > 0 && times[0] >= now ? times[0] + 1 : now;
}

int store_dir_put_aside(const struct store_dir *dir, char ret_name[NAME_MAX + 1], struct err *err)
{
	uint64_t now = aside_time(dir);
	char from[NAME_MAX + 1], to[NAME_MAX + 1];
	int rc = 0;

	(void)snprintf(ret_name, NAME_MAX + 1, ASIDE_FORMAT, now);
	for (size_t i = 0; rc == 0 && i < G_N_ELEMENTS(suffixes); i++) {
		(void)snprintf(from, sizeof(from), "%s%s", STORE_DB, suffixes[i]);
		(void)snprintf(to, sizeof(to), ASIDE_FORMAT "%s", now, suffixes[i]);
		rc = file_move(dir, from, to, err);
	}
	if (rc == 0) {
		aside_prune(dir);
		rc = store_dir_sync(dir, err);
	}
	return rc;
}
