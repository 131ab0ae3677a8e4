/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/settings.h"

#include <glib.h>

#include "config/ini.h"

static const struct ini_key keys[] = {
	INI_KEY(settings, allow_unencrypted, .type = INI_YES_NO, .fallback = "no"),
	INI_KEY(settings, solo_after_fencing, .type = INI_YES_NO, .fallback = "yes"),
	INI_KEY(settings, debug, .type = INI_YES_NO, .fallback = "no"),
};

static const struct ini_section section = {
	.kind = "journal",
	.keys = keys,
	.n_keys = G_N_ELEMENTS(keys),
};

static const struct ini settings_ini = {&section, 1, SETTINGS_FILE_MAX_BYTES};

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
