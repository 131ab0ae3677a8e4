/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/md/md_condition.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 4 /* partitions and mapped devices above each other */

static struct lun_condition condition(enum lun_health health, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static struct lun_condition condition(enum lun_health health, const char *format, ...)
{
	struct lun_condition ret = {.health = health};
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(ret.reason, sizeof(ret.reason), format, ap);
	va_end(ap);
	return ret;
}

/* The text of a file, without its end of line; NULL: there is none. */
static char *text_read(const char *folder, const char *name)
{
	g_autofree char *file = g_strdup_printf("%s/%s", folder, name);
	char *text = NULL;

	return g_file_get_contents(file, &text, NULL, NULL) ? g_strchomp(text) : NULL;
}

static const struct {
	const char *level, *class;
} levels[] = {
	{"raid1", "mirror"},  {"raid4", "raid5"}, {"raid5", "raid5"}, {"raid6", "raid6"},
	{"raid10", "raid10"}, {"raid0", "none"},  {"linear", "none"},
};

static const char *level_class(const char *level)
{
	for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
		if (strcmp(levels[i].level, level) == 0) {
			return levels[i].class;
		}
	}
	return "no class";
}

static bool is_one_of(const char *text, const char *const *words)
{
	return text != NULL && g_strv_contains(words, text);
}

/* The files are those of the kernel's documentation of md. */
static struct lun_condition level_condition(const char *folder, const char *level,
					    const char *class)
{
	static const char *const working[] = {"clean",     "active",        "active-idle",
					      "read-auto", "write-pending", NULL};
	static const char *const building[] = {"resync", "recover", "repair", "reshape", NULL};
	g_autofree char *state = text_read(folder, "md/array_state");
	g_autofree char *missing = text_read(folder, "md/degraded");
	g_autofree char *action = text_read(folder, "md/sync_action");

	if (!is_one_of(state, working)) {
		return condition(LUN_FAILED, "the state of its md array is: %.60s",
				 state != NULL ? state : "not known");
	}
	if (strcmp(level_class(level), class) != 0) {
		return condition(LUN_DEGRADED, "its md array is a %.30s, which is not %s", level,
				 class);
	}
	if (missing != NULL && strcmp(missing, "0") != 0) {
		return condition(LUN_DEGRADED, "its md array lacks devices: %.20s", missing);
	}
	if (is_one_of(action, building)) {
		return condition(LUN_DEGRADED,
				 "the redundancy of its md array is being built: %.20s", action);
	}
	return condition(LUN_HEALTHY, "%s", "");
}

static struct lun_condition look(const char *folder, const char *class, int depth);

/* A mapped device may be on several: the first that is not healthy decides. */
static struct lun_condition below(const char *folder, const char *class, int depth)
{
	g_autofree char *slaves = g_strdup_printf("%s/slaves", folder);
	g_autoptr(GDir) dir = g_dir_open(slaves, 0, NULL);
	struct lun_condition ret = condition(
		LUN_HEALTH_UNKNOWN, "the disks below its file system do not tell their health");
	const char *name;
	bool first = true;

	while (dir != NULL && depth > 0 && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *slave = g_strdup_printf("%s/%s", slaves, name);
		struct lun_condition one = look(slave, class, depth - 1);

		if (first || lun_health_is_worse(one.health, ret.health)) {
			ret = one;
		}
		first = false;
	}
	return ret;
}

static struct lun_condition look(const char *folder, const char *class, int depth)
{
	g_autofree char *level = text_read(folder, "md/level");
	g_autofree char *partition = text_read(folder, "partition");
	g_autofree char *whole = g_strdup_printf("%s/..", folder);

	if (level != NULL && level[0] != '\0') {
		return level_condition(folder, level, class);
	}
	if (partition != NULL && depth > 0) {
		return look(whole, class, depth - 1);
	}
	return below(folder, class, depth);
}

struct lun_condition md_condition(const char *folder, const char *class)
{
	return look(folder, class, DEPTH_MAX);
}
