/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_config.h"

#include <glib.h>
#include <string.h>

#include "config/ini.h"
#include "names/lun.h"

#define FILE_MAX_BYTES (16u * 1024)
#define PREFIX_MAX (ISCSI_NAME_MAX - LUN_NAME_MAX)
#define PATH_TEXT_MAX 800
#define PORT_MAX 32767

static int prefix_check(const char *value, struct err *err)
{
	char name[PREFIX_MAX + 2];
	size_t length = strlen(value);

	if (length <= PREFIX_MAX) {
		memcpy(name, value, length);
		memcpy(name + length, "a", 2);
	}
	return length <= PREFIX_MAX && iscsi_name_valid(name)
		       ? 0
		       : err_set(err, -EINVAL,
				 "'%.200s' is not legal: it is the beginning of an iSCSI name, as "
				 "iqn.2026-11.org.example:",
				 value);
}

/* tgtadm takes the path in a comma-separated list. */
static int path_check(const char *value, struct err *err)
{
	return value[0] == '/' && strlen(value) <= PATH_TEXT_MAX && strpbrk(value, ", \t") == NULL
		       ? 0
		       : err_set(err, -EINVAL,
				 "'%.200s' is not legal: it is an absolute path without blanks and "
				 "commas",
				 value);
}

static int port_check(const char *value, struct err *err)
{
	return g_ascii_string_to_unsigned(value, 10, 0, PORT_MAX, NULL, NULL)
		       ? 0
		       : err_set(err, -EINVAL, "'%.200s' is not legal: it is a number from 0 to %d",
				 value, PORT_MAX);
}

/* Never "ALL", which admits every host. */
static int addresses_check(const char *value, struct err *err)
{
	return value[strspn(value, "0123456789abcdef.:/ ")] == '\0'
		       ? 0
		       : err_set(err, -EINVAL,
				 "'%.200s' is not legal: it is a list of addresses, as in access "
				 "lists, separated by blanks",
				 value);
}

static const struct ini_key keys[] = {
	{.name = "iqn_prefix",
	 .offset = offsetof(struct tgt_config, iqn_prefix),
	 .required = true,
	 .check = prefix_check},
	{.name = "pool",
	 .offset = offsetof(struct tgt_config, pool),
	 .required = true,
	 .check = path_check},
	{.name = "control_port",
	 .offset = offsetof(struct tgt_config, control_port),
	 .fallback = "0",
	 .check = port_check},
	{.name = "lock_file",
	 .offset = offsetof(struct tgt_config, lock_file),
	 .fallback = "/run/lunmask-array-tgt/lock",
	 .check = path_check},
	{.name = "state_dir",
	 .offset = offsetof(struct tgt_config, state_dir),
	 .fallback = "/var/lib/lunmask-array-tgt",
	 .check = path_check},
	{.name = "foreign_addresses",
	 .offset = offsetof(struct tgt_config, foreign_addresses),
	 .fallback = "",
	 .check = addresses_check},
};

static const struct ini_section section = {
	.kind = "tgt",
	.keys = keys,
	.n_keys = G_N_ELEMENTS(keys),
};

static const struct ini tgt_ini = {&section, 1, FILE_MAX_BYTES};

int tgt_config_load(const char *file, struct tgt_config *ret, struct fault *fault)
{
	struct err err = ERR_INIT;

	*ret = (struct tgt_config){0};
	if (ini_load(&tgt_ini, file, ret, &err) < 0) {
		tgt_config_release(ret);
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "%s", err_text(&err));
	}
	return 0;
}

bool tgt_config_is_foreign(const struct tgt_config *config, const char *entry)
{
	g_auto(GStrv) words = g_strsplit(config->foreign_addresses, " ", -1);

	return *entry != '\0' && g_strv_contains((const char *const *)words, entry);
}

void tgt_config_release(struct tgt_config *config)
{
	ini_release(&section, config);
}
