/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/array_paths.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/cluster.h"
#include "cluster/cluster_attribute.h"
#include "config/config.h"
#include "journal/journal.h"
#include "san/portal_probe.h"

#define LUNMASKD_MS 3000
#define PROBE_MS 5000 /* as lunmaskd's default */
#define BLANKS " \t\n"

/* One action: the arrays, and all their portals with what is known of them. */
struct count {
	struct config *config;
	const struct config_host *self;
	const struct config_array *arrays[CONFIG_ARRAYS_MAX];
	size_t n_arrays;
	char node[NODE_NAME_MAX + 1];
	GArray *paths; /* struct path */
	bool measured_here;
};

static void count_release(struct count *count)
{
	config_free(count->config);
	if (count->paths != NULL) {
		g_array_free(count->paths, TRUE);
	}
}
#define AUTO_COUNT __attribute__((cleanup(count_release))) struct count

/* The file with the names of the attributes */

static char *file_path(const struct array_paths *paths)
{
	const char *directory = getenv(ARRAY_PATHS_VARIABLE);

	return g_build_filename(directory == NULL || *directory == '\0' ? ARRAY_PATHS_DIRECTORY
									: directory,
				paths->prefix, NULL);
}

bool array_paths_published(const struct array_paths *paths)
{
	g_autofree char *path = file_path(paths);

	return access(path, F_OK) == 0;
}

/* The names that are published, for g_strfreev(); an empty list if there is no file. */
static char **names_read(const struct array_paths *paths)
{
	g_autofree char *path = file_path(paths);
	g_autofree char *text = NULL;
	char **lines;

	if (!g_file_get_contents(path, &text, NULL, NULL)) {
		return g_new0(char *, 1);
	}
	lines = g_strsplit_set(g_strstrip(text), BLANKS, -1);
	return lines;
}

static int names_write(const struct array_paths *paths, char *const *names, struct err *err)
{
	g_autofree char *path = file_path(paths);
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *list = g_strjoinv("\n", (char **)names);
	g_autofree char *text = g_strconcat(list, "\n", NULL);
	g_autoptr(GError) error = NULL;

	if (g_mkdir_with_parents(directory, 0755) != 0 ||
	    !g_file_set_contents(path, text, -1, &error)) {
		return err_set(err, -EIO, "cannot write %.80s: %.100s", path,
			       error != NULL ? error->message : strerror(errno));
	}
	return 0;
}

static char *name_of(const struct array_paths *paths, const struct config_array *array)
{
	return g_strconcat(paths->prefix, array->name, NULL);
}

/* What is counted */

static int array_add(struct count *count, const char *name, struct err *err)
{
	const struct config_array *array;
	int rc = config_array_get(count->config, name, &array, err);

	for (size_t i = 0; rc == 0 && i < count->n_arrays; i++) {
		if (count->arrays[i] == array) {
			return 0;
		}
	}
	if (rc == 0) {
		count->arrays[count->n_arrays++] = array;
	}
	return rc;
}

static int arrays_find(const struct array_paths *paths, struct count *count, struct err *err)
{
	g_auto(GStrv) words =
		g_strsplit_set(paths->arrays != NULL ? paths->arrays : "", BLANKS, -1);
	size_t n = 0;
	const struct config_array *all = config_arrays(count->config, &n);
	int rc = 0;

	for (size_t i = 0; rc == 0 && paths->arrays == NULL && i < n; i++) {
		rc = array_add(count, all[i].name, err);
	}
	for (size_t i = 0; rc == 0 && words[i] != NULL; i++) {
		rc = words[i][0] == '\0' ? 0 : array_add(count, words[i], err);
	}
	return rc == 0 && count->n_arrays == 0
		       ? err_set(err, -EINVAL, "lunmask.conf has no [array] to look at")
		       : rc;
}

static int count_open(const struct array_paths *paths, struct deadline deadline, struct count *ret,
		      struct err *err)
{
	int rc = config_load(NULL, &ret->config, err);

	rc = rc < 0 ? rc : arrays_find(paths, ret, err);
	if (rc == 0 && paths->node != NULL && strlen(paths->node) <= NODE_NAME_MAX) {
		(void)strcpy(ret->node, paths->node);
	} else if (rc == 0) {
		rc = cluster_local_node(deadline, ret->node, sizeof(ret->node), err);
	}
	return rc < 0 ? rc : config_host_get(ret->config, ret->node, &ret->self, err);
}

int array_paths_check(const struct array_paths *paths, struct deadline deadline, struct err *err)
{
	AUTO_COUNT count = {.config = NULL};

	return count_open(paths, deadline, &count, err);
}

/* Paths */

static void portals_add(struct count *count)
{
	count->paths = g_array_new(FALSE, TRUE, sizeof(struct path));
	for (size_t i = 0; i < count->n_arrays; i++) {
		for (size_t k = 0; k < count->arrays[i]->n_portals; k++) {
			struct path path = {.configured = true, .state = PATH_UNKNOWN};

			(void)g_strlcpy(path.array, count->arrays[i]->name, sizeof(path.array));
			(void)g_strlcpy(path.portal, count->arrays[i]->portals[k],
					sizeof(path.portal));
			g_array_append_val(count->paths, path);
		}
	}
}

static void path_take(const struct count *count, const struct journal_path *told)
{
	for (guint i = 0; i < count->paths->len; i++) {
		struct path *path = &g_array_index(count->paths, struct path, i);

		if (strcmp(told->node, count->node) == 0 && strcmp(told->array, path->array) == 0 &&
		    strcmp(told->portal, path->portal) == 0) {
			path->state = told->state;
		}
	}
}

static void lunmaskd_ask(const struct count *count, struct deadline deadline)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	char trouble[JOURNAL_REASON_MAX + 1];
	struct journal_path *told = NULL;
	size_t n = 0;

	if (journal_open(deadline, &journal, NULL) == 0 &&
	    journal_path_list(journal, deadline, &told, &n, trouble, NULL) == 0) {
		for (size_t i = 0; i < n; i++) {
			path_take(count, &told[i]);
		}
	}
	free(told);
}

static void on_path(void *data, const struct path *path)
{
	const struct count *count = data;

	for (guint i = 0; i < count->paths->len; i++) {
		struct path *ours = &g_array_index(count->paths, struct path, i);

		if (strcmp(ours->array, path->array) == 0 &&
		    strcmp(ours->portal, path->portal) == 0) {
			ours->state = path->state;
		}
	}
}

/* What lunmaskd knows is not measured again. */
static void rest_measure(struct count *count, struct deadline deadline)
{
	g_autoptr(GArray) rest = g_array_new(FALSE, TRUE, sizeof(struct path));
	int left_ms = deadline_left_ms(deadline);

	for (guint i = 0; i < count->paths->len; i++) {
		const struct path *path = &g_array_index(count->paths, struct path, i);

		if (path->state == PATH_UNKNOWN) {
			g_array_append_vals(rest, path, 1);
		}
	}
	count->measured_here = rest->len > 0;
	if (count->measured_here) {
		portal_probe((struct path *)(void *)rest->data, rest->len, count->self->initiator,
			     count->config, MIN(left_ms, PROBE_MS), on_path, count);
	}
}

static size_t usable(const struct count *count, const struct config_array *array)
{
	size_t n = 0;

	for (guint i = 0; i < count->paths->len; i++) {
		const struct path *path = &g_array_index(count->paths, struct path, i);

		n += strcmp(path->array, array->name) == 0 && path->state == PATH_UP;
	}
	return n;
}

/* Publishing */

static int array_publish(const struct array_paths *paths, const struct count *count, size_t i,
			 bool first, struct deadline deadline, struct array_paths_count *ret,
			 struct err *err, struct err *lost)
{
	const struct config_array *array = count->arrays[i];
	g_autofree char *name = name_of(paths, array);
	size_t n = usable(count, array);
	char value[32], dampen[32];

	(void)snprintf(value, sizeof(value), "%lld", (long long)n * paths->multiplier);
	(void)snprintf(dampen, sizeof(dampen), "%" PRId64 "ms", paths->dampen_ms);
	if (n < array->n_portals && err_text(lost)[0] == '\0') {
		(void)err_set(lost, 0,
			      "array %.63s: %zu of %zu portals are usable; see 'lunmask paths'",
			      array->name, n, array->n_portals);
	}
	ret->usable += n;
	ret->portals += array->n_portals;
	return cluster_attribute_set(name, value, dampen, first, deadline, err);
}

/* Attributes of arrays that are not looked at any more claim nothing. */
static int others_clear(char *const *before, char *const *now, struct deadline deadline,
			struct err *err)
{
	int rc = 0;

	for (size_t i = 0; before[i] != NULL; i++) {
		if (before[i][0] != '\0' && !g_strv_contains((const char *const *)now, before[i])) {
			int one = cluster_attribute_clear(before[i], deadline, err);

			rc = one < 0 ? one : rc;
		}
	}
	return rc;
}

/*
 * The file first has the names of both, then those that are left: whatever ends the action, stop
 * finds all that was published.
 */
static int all_publish(const struct array_paths *paths, struct count *count, bool first,
		       struct deadline deadline, struct array_paths_count *ret, struct err *err,
		       struct err *lost)
{
	g_autoptr(GPtrArray) now = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) both = g_ptr_array_new();
	g_auto(GStrv) before = names_read(paths);
	int rc;

	for (size_t i = 0; i < count->n_arrays; i++) {
		g_ptr_array_add(now, name_of(paths, count->arrays[i]));
		g_ptr_array_add(both, now->pdata[i]);
	}
	g_ptr_array_add(now, NULL);
	for (size_t i = 0; before[i] != NULL; i++) {
		if (!g_strv_contains((const char *const *)now->pdata, before[i])) {
			g_ptr_array_add(both, before[i]);
		}
	}
	g_ptr_array_add(both, NULL);
	rc = names_write(paths, (char *const *)both->pdata, err);
	for (size_t i = 0; rc == 0 && i < count->n_arrays; i++) {
		rc = array_publish(paths, count, i, first, deadline, ret, err, lost);
	}
	rc = rc < 0 ? rc : others_clear(before, (char *const *)now->pdata, deadline, err);
	if (rc == 0 && both->len != now->len) {
		rc = names_write(paths, (char *const *)now->pdata, err);
	}
	return rc;
}

int array_paths_publish(const struct array_paths *paths, bool first, struct deadline deadline,
			struct array_paths_count *ret, struct err *err)
{
	AUTO_COUNT count = {.config = NULL};
	struct err lost = ERR_INIT;
	int rc = count_open(paths, deadline, &count, err);

	*ret = (struct array_paths_count){.usable = 0};
	if (rc < 0) {
		ret->conf_unusable = count.self == NULL && rc != -ENOTCONN && rc != -ETIMEDOUT;
		return rc;
	}
	portals_add(&count);
	lunmaskd_ask(&count, deadline_within(deadline, LUNMASKD_MS));
	rest_measure(&count, deadline_share(deadline, 2));
	rc = all_publish(paths, &count, first, deadline, ret, err, &lost);
	ret->measured_here = count.measured_here;
	if (rc == 0 && err_text(&lost)[0] != '\0') {
		*err = lost;
	} else if (rc == 0 && count.measured_here) {
		(void)err_set(err, 0,
			      "lunmaskd does not know all paths, so this action has measured them; "
			      "see 'lunmask paths'");
	}
	return rc;
}

int array_paths_clear(const struct array_paths *paths, struct deadline deadline, struct err *err)
{
	g_auto(GStrv) names = names_read(paths);
	g_autofree char *path = file_path(paths);
	char *const none[] = {NULL};

	(void)others_clear(names, none, deadline, err);
	return unlink(path) != 0 && errno != ENOENT
		       ? err_set(err, -errno, "cannot remove %.100s: %s", path, strerror(errno))
		       : 0;
}
