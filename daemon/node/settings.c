/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/settings.h"

#include <glib.h>

#include "config/ini.h"
#include "san/path_report.h"

static const struct ini_key keys[] = {
	INI_KEY(settings, allow_unencrypted, .type = INI_YES_NO, .fallback = "no"),
	INI_KEY(settings, solo_after_fencing, .type = INI_YES_NO, .fallback = "yes"),
	INI_KEY(settings, debug, .type = INI_YES_NO, .fallback = "no"),
};

static const struct ini_key paths_keys[] = {
	{.name = "interval",
	 .type = INI_TIME,
	 .offset = offsetof(struct settings, paths.interval_ms),
	 .fallback = "30s",
	 .min_ms = 1000,
	 .max_ms = 600000},
	{.name = "timeout",
	 .type = INI_TIME,
	 .offset = offsetof(struct settings, paths.timeout_ms),
	 .fallback = "5s",
	 .min_ms = PATH_TIMEOUT_MIN_MS,
	 .max_ms = PATH_TIMEOUT_MAX_MS},
};

/* A round has to end before the next one begins. */
static int paths_complete(void *target, void *place, struct err *err)
{
	const struct settings *settings = place;

	(void)target;
	if (settings->paths.timeout_ms >= settings->paths.interval_ms) {
		return err_set(err, -EINVAL,
			       "timeout is %d ms and interval %d ms: timeout has to be less",
			       settings->paths.timeout_ms, settings->paths.interval_ms);
	}
	return 0;
}

static const struct ini_section sections[] = {
	{.kind = "journal", .keys = keys, .n_keys = G_N_ELEMENTS(keys)},
	{.kind = "paths",
	 .keys = paths_keys,
	 .n_keys = G_N_ELEMENTS(paths_keys),
	 .complete = paths_complete},
};

static const struct ini settings_ini = {sections, G_N_ELEMENTS(sections), SETTINGS_FILE_MAX_BYTES};

int settings_parse(const char *text, size_t bytes, const char *file, struct settings *ret,
		   struct err *err)
{
	return ini_parse(&settings_ini, text, bytes, file, ret, err);
}

int settings_load(const char *path, struct settings *ret, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = ini_load(&settings_ini, path == NULL ? SETTINGS_FILE : path, ret, &why);

	if (rc == -ENOENT && path == NULL) {
		return settings_parse("", 0, SETTINGS_FILE, ret, err);
	}
	return rc < 0 ? err_set(err, rc, "%s", err_text(&why)) : 0;
}
