/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_config.h"

#include <glib.h>
#include <string.h>

#include "config/ini.h"
#include "names/lun.h"
#include "names/name.h"

#define FILE_MAX_BYTES (16u * 1024)
#define PREFIX_MAX (ISCSI_NAME_MAX - LUN_NAME_MAX)
#define PATH_TEXT_MAX 800
#define PORT_MAX 32767
#define LVM_NAME_MAX 60
#define TYPE_DIRECTORY "directory"
#define TYPE_LVM "lvm"

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

static int accounts_check(const char *value, struct err *err)
{
	return strcmp(value, TGT_ACCOUNTS_NONE) == 0 ? 0 : path_check(value, err);
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
	{.name = "pool", .offset = offsetof(struct tgt_config, pool), .check = path_check},
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
	{.name = "chap_accounts",
	 .offset = offsetof(struct tgt_config, chap_accounts),
	 .check = accounts_check},
	{.name = "chap_discovery",
	 .type = INI_YES_NO,
	 .offset = offsetof(struct tgt_config, chap_discovery)},
};

/* The names of lvm(8), less those that would be options. */
static int lvm_name_check(const char *value, struct err *err)
{
	return name_valid(value, LVM_NAME_MAX, "+_.-")
		       ? 0
		       : err_set(err, -EINVAL,
				 "'%.130s' is not legal: it is a name as of lvm(8), at most %d "
				 "letters, digits, '+', '_', '.' and '-'",
				 value, LVM_NAME_MAX);
}

static int type_check(const char *value, struct err *err)
{
	return strcmp(value, TYPE_DIRECTORY) == 0 || strcmp(value, TYPE_LVM) == 0
		       ? 0
		       : err_set(err, -EINVAL,
				 "'%.60s' is not legal: it is " TYPE_DIRECTORY " or " TYPE_LVM,
				 value);
}

/* Least redundancy first. */
static const char *const classes[] = {TGT_CLASS_NONE, "mirror", "raid5", "raid6", "raid10", NULL};

static int classes_check(const char *value, struct err *err)
{
	g_auto(GStrv) words = ini_words(value);

	for (size_t i = 0; words[i] != NULL; i++) {
		if (!g_strv_contains(classes, words[i])) {
			return err_set(err, -EINVAL,
				       "'%.60s' is not legal: the classes are none, mirror, raid5, "
				       "raid6 and raid10",
				       words[i]);
		}
	}
	return 0;
}

static int stripes_check(const char *value, struct err *err)
{
	return g_ascii_string_to_unsigned(value, 10, 1, TGT_STRIPES_MAX, NULL, NULL)
		       ? 0
		       : err_set(err, -EINVAL, "'%.60s' is not legal: it is a number from 1 to %d",
				 value, TGT_STRIPES_MAX);
}

static const struct ini_key pool_keys[] = {
	{.name = "type",
	 .offset = offsetof(struct tgt_pool, type_word),
	 .required = true,
	 .check = type_check},
	{.name = "classes",
	 .type = INI_WORDS,
	 .offset = offsetof(struct tgt_pool, classes),
	 .required = true,
	 .check = classes_check},
	{.name = "path", .offset = offsetof(struct tgt_pool, path), .check = path_check},
	{.name = "vg", .offset = offsetof(struct tgt_pool, vg), .check = lvm_name_check},
	{.name = "thin_pool",
	 .offset = offsetof(struct tgt_pool, thin_pool),
	 .check = lvm_name_check},
	{.name = "stripes",
	 .offset = offsetof(struct tgt_pool, stripes_text),
	 .check = stripes_check},
};

static void *pool_place(void *target, const char *name, struct err *err)
{
	struct tgt_config *config = target;

	if (config->n_pools == TGT_POOLS_MAX) {
		(void)err_set(err, -EINVAL, "there are more than %d pools", TGT_POOLS_MAX);
		return NULL;
	}
	config->pools[config->n_pools].name = g_strdup(name);
	return &config->pools[config->n_pools++];
}

static int directory_complete(const struct tgt_pool *pool, struct err *err)
{
	if (pool->path == NULL) {
		return err_set(err, -EINVAL, "a pool of the type directory has the key 'path'");
	}
	if (pool->vg != NULL || pool->thin_pool != NULL || pool->stripes_text != NULL) {
		return err_set(err, -EINVAL,
			       "'vg', 'thin_pool' and 'stripes' are keys of pools of the type lvm");
	}
	return 0;
}

static int lvm_complete(struct tgt_pool *pool, struct err *err)
{
	if (pool->vg == NULL) {
		return err_set(err, -EINVAL, "a pool of the type lvm has the key 'vg'");
	}
	if (pool->thin_pool != NULL && pool->stripes_text != NULL) {
		return err_set(err, -EINVAL,
			       "'stripes' is not for volumes of a thin pool, which has its own");
	}
	if (pool->path == NULL) {
		pool->path = g_strdup_printf("/dev/%s", pool->vg);
	}
	if (pool->stripes_text != NULL) {
		pool->stripes = (unsigned int)g_ascii_strtoull(pool->stripes_text, NULL, 10);
	}
	return 0;
}

static int tgt_complete(void *target, void *place, struct err *err)
{
	const struct tgt_config *config = place;

	(void)target;
	return config->chap_discovery && (config->chap_accounts == NULL ||
					  strcmp(config->chap_accounts, TGT_ACCOUNTS_NONE) == 0)
		       ? err_set(err, -EINVAL, "chap_discovery needs a file as chap_accounts")
		       : 0;
}

/* What LUNs share, they share in one class. */
static int pool_complete(void *target, void *place, struct err *err)
{
	struct tgt_pool *pool = place;
	bool shared;
	int rc;

	(void)target;
	pool->type = strcmp(pool->type_word, TYPE_LVM) == 0 ? TGT_POOL_LVM : TGT_POOL_DIRECTORY;
	rc = pool->type == TGT_POOL_LVM ? lvm_complete(pool, err) : directory_complete(pool, err);
	shared = pool->type == TGT_POOL_DIRECTORY || pool->thin_pool != NULL;
	if (rc == 0 && shared && g_strv_length(pool->classes) > 1) {
		rc = err_set(err, -EINVAL,
			     "name one class: the file system, or the thin pool, is the same for "
			     "all LUNs of this pool");
	}
	return rc;
}

enum { TGT, POOL };

static const struct ini_section sections[] = {
	[TGT] = {.kind = "tgt",
		 .keys = keys,
		 .n_keys = G_N_ELEMENTS(keys),
		 .complete = tgt_complete},
	[POOL] = {.kind = "pool",
		  .placeholder = "NAME",
		  .name_max = TGT_POOL_NAME_MAX,
		  .keys = pool_keys,
		  .n_keys = G_N_ELEMENTS(pool_keys),
		  .place = pool_place,
		  .complete = pool_complete},
};

static const struct ini tgt_ini = {sections, G_N_ELEMENTS(sections), FILE_MAX_BYTES};

static int default_pool_add(struct tgt_config *config, struct err *err)
{
	struct tgt_pool *pool;

	if (tgt_config_pool_find(config, TGT_POOL_DEFAULT) != NULL) {
		return err_set(err, -EINVAL,
			       "remove the key 'pool' of [tgt], or [pool " TGT_POOL_DEFAULT
			       "]: both are the pool of that name");
	}
	pool = pool_place(config, TGT_POOL_DEFAULT, err);
	if (pool == NULL) {
		return -EINVAL;
	}
	pool->path = g_strdup(config->pool);
	pool->classes = ini_words(TGT_CLASS_NONE);
	return 0;
}

static bool pool_gives(const struct tgt_pool *pool, const char *class)
{
	return g_strv_contains((const char *const *)pool->classes, class);
}

static int classes_once(const struct tgt_config *config, struct err *err)
{
	for (size_t i = 0; i < config->n_pools; i++) {
		const struct tgt_pool *pool = &config->pools[i];

		for (size_t k = 0; pool->classes[k] != NULL; k++) {
			const struct tgt_pool *first = tgt_config_pool_of(config, pool->classes[k]);

			if (first != pool) {
				return err_set(err, -EINVAL,
					       "the pools '%s' and '%s' both give the class '%s': "
					       "remove it from one of them",
					       first->name, pool->name, pool->classes[k]);
			}
		}
	}
	return 0;
}

static int pools_check(struct tgt_config *config, struct err *err)
{
	int rc = config->pool == NULL ? 0 : default_pool_add(config, err);

	if (rc == 0 && config->n_pools == 0) {
		rc = err_set(err, -EINVAL,
			     "there is no pool: give [tgt] the key 'pool', or add a [pool NAME]");
	}
	return rc != 0 ? rc : classes_once(config, err);
}

int tgt_config_load(const char *file, struct tgt_config *ret, struct fault *fault)
{
	struct err err = ERR_INIT;
	int rc;

	*ret = (struct tgt_config){0};
	rc = ini_load(&tgt_ini, file, ret, &err);
	if (rc == 0) {
		rc = pools_check(ret, &err);
		rc = rc < 0 ? err_prefix(&err, rc, "%s", file) : 0;
	}
	if (rc < 0) {
		tgt_config_release(ret);
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "%s", err_text(&err));
	}
	return 0;
}

const struct tgt_pool *tgt_config_pool_find(const struct tgt_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_pools; i++) {
		if (strcmp(config->pools[i].name, name) == 0) {
			return &config->pools[i];
		}
	}
	return NULL;
}

const struct tgt_pool *tgt_config_pool_of(const struct tgt_config *config, const char *class)
{
	for (size_t i = 0; i < config->n_pools; i++) {
		if (pool_gives(&config->pools[i], class)) {
			return &config->pools[i];
		}
	}
	return NULL;
}

const char *tgt_config_class_at(const struct tgt_config *config, size_t index)
{
	for (size_t i = 0; classes[i] != NULL; i++) {
		if (tgt_config_pool_of(config, classes[i]) != NULL && index-- == 0) {
			return classes[i];
		}
	}
	return NULL;
}

bool tgt_config_is_foreign(const struct tgt_config *config, const char *entry)
{
	g_auto(GStrv) words = g_strsplit(config->foreign_addresses, " ", -1);

	return *entry != '\0' && g_strv_contains((const char *const *)words, entry);
}

void tgt_config_release(struct tgt_config *config)
{
	ini_release(&sections[TGT], config);
	for (size_t i = 0; i < config->n_pools; i++) {
		ini_release(&sections[POOL], &config->pools[i]);
		g_clear_pointer(&config->pools[i].name, g_free);
	}
	config->n_pools = 0;
}
