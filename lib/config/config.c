/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <glib.h>

#include "base/text.h"
#include "config/config_value.h"
#include "config/ini.h"
#include "config/trusted_file.h"
#include "names/lun.h"
#include "process/runner.h"

#define NAMES_TEXT_MAX 512

struct config {
	char *file;
	struct config_array *arrays;
	size_t n_arrays;
	struct config_host *hosts;
	size_t n_hosts;
};

/* The legal sections and their keys. */

#define CHAP_KEY(member, ...)                                                                      \
	{                                                                                          \
		.name = "chap_" #member, .offset = offsetof(struct config_array, chap.member),     \
		__VA_ARGS__                                                                        \
	}

static const struct ini_key array_keys[] = {
	INI_KEY(config_array, driver, .required = true, .check = config_value_driver),
	INI_KEY(config_array, transport, .required = true, .check = runner_transport_check),
	INI_KEY(config_array, identity, .check = config_value_path),
	INI_KEY(config_array, portals, .type = INI_WORDS, .required = true,
		.check = config_value_portals),
	CHAP_KEY(user, .check = config_value_chap_user),
	CHAP_KEY(secret_file, .check = config_value_path),
	CHAP_KEY(target_user, .check = config_value_chap_user),
	CHAP_KEY(target_secret_file, .check = config_value_path),
};

static const struct ini_key host_keys[] = {
	INI_KEY(config_host, initiator, .required = true, .check = config_value_initiator),
	INI_KEY(config_host, migration_address, .check = config_value_address),
	INI_KEY(config_host, unfence_after_cutoff, .type = INI_YES_NO, .fallback = "yes"),
};

static void *array_place(void *target, const char *name, struct err *err)
{
	struct config *config = target;

	if (config->n_arrays == CONFIG_ARRAYS_MAX) {
		(void)err_set(err, -EINVAL, "there are more than %d arrays", CONFIG_ARRAYS_MAX);
		return NULL;
	}
	config->arrays[config->n_arrays].name = g_strdup(name);
	return &config->arrays[config->n_arrays++];
}

static int array_complete(void *target, void *place, struct err *err)
{
	struct config_array *array = place;

	(void)target;
	array->n_portals = g_strv_length(array->portals);
	return chap_check(&array->chap, err);
}

static void *host_place(void *target, const char *name, struct err *err)
{
	struct config *config = target;

	if (config->n_hosts == CONFIG_HOSTS_MAX) {
		(void)err_set(err, -EINVAL, "there are more than %d hosts", CONFIG_HOSTS_MAX);
		return NULL;
	}
	config->hosts[config->n_hosts].node = g_strdup(name);
	return &config->hosts[config->n_hosts++];
}

static int host_complete(void *target, void *place, struct err *err)
{
	struct config_host *host = place;
	const struct config_host *first = config_host_find_initiator(target, host->initiator);

	if (first != host) {
		return err_set(err, -EINVAL,
			       "initiator '%s' is [host %s]'s already; each host has its own",
			       host->initiator, first->node);
	}
	if (host->migration_address == NULL) {
		host->migration_address = g_strdup(host->node);
	}
	return 0;
}

enum { ARRAY, HOST };

static const struct ini_section sections[] = {
	[ARRAY] = {.kind = "array",
		   .placeholder = "NAME",
		   .name_max = LUN_NAME_MAX,
		   .keys = array_keys,
		   .n_keys = G_N_ELEMENTS(array_keys),
		   .place = array_place,
		   .complete = array_complete},
	[HOST] = {.kind = "host",
		  .placeholder = "NODE",
		  .name_max = NODE_NAME_MAX,
		  .keys = host_keys,
		  .n_keys = G_N_ELEMENTS(host_keys),
		  .place = host_place,
		  .complete = host_complete},
};

static const struct ini config_ini = {sections, G_N_ELEMENTS(sections), CONFIG_FILE_MAX_BYTES};

static struct config *config_new(const char *file)
{
	struct config *config = g_new0(struct config, 1);

	config->file = g_strdup(file);
	config->arrays = g_new0(struct config_array, CONFIG_ARRAYS_MAX);
	config->hosts = g_new0(struct config_host, CONFIG_HOSTS_MAX);
	return config;
}

int config_parse(const char *text, size_t bytes, const char *file, struct config **ret,
		 struct err *err)
{
	struct config *config = config_new(file);
	int rc = ini_parse(&config_ini, text, bytes, file, config, err);

	if (rc < 0) {
		config_free(config);
		return rc;
	}
	*ret = config;
	return 0;
}

/* Files */

static int identity_check(const struct config_array *array, struct err *err)
{
	struct stat status;
	int rc;

	if (array->identity == NULL) {
		return 0;
	}
	if (stat(array->identity, &status) < 0) {
		rc = err_set(err, -errno, "%s", strerror(errno));
	} else {
		rc = trusted_file_check(&status, S_IRWXG | S_IRWXO | S_ISUID | S_ISGID, err);
	}
	return rc < 0 ? err_prefix(err, rc, "[array %s] identity: '%s'", array->name,
				   array->identity)
		      : 0;
}

static const char *path_default(void)
{
	const char *path = getenv("LUNMASK_CONF");

	return path == NULL || *path == '\0' ? CONFIG_FILE : path;
}

int config_load(const char *path, struct config **ret, struct err *err)
{
	struct config *config;
	int rc;

	path = path == NULL ? path_default() : path;
	config = config_new(path);
	rc = ini_load(&config_ini, path, config, err);
	for (size_t i = 0; i < config->n_arrays && rc == 0; i++) {
		rc = identity_check(&config->arrays[i], err);
		rc = rc < 0 ? err_prefix(err, rc, "%s", path) : 0;
	}
	if (rc < 0) {
		config_free(config);
		return rc;
	}
	*ret = config;
	return 0;
}

void config_free(struct config *config)
{
	if (config == NULL) {
		return;
	}
	for (size_t i = 0; i < config->n_arrays; i++) {
		g_free(config->arrays[i].name);
		ini_release(&sections[ARRAY], &config->arrays[i]);
	}
	for (size_t i = 0; i < config->n_hosts; i++) {
		g_free(config->hosts[i].node);
		ini_release(&sections[HOST], &config->hosts[i]);
	}
	g_free(config->arrays);
	g_free(config->hosts);
	g_free(config->file);
	g_free(config);
}

/* Lookups */

int config_array_get(const struct config *config, const char *name, const struct config_array **ret,
		     struct err *err)
{
	char names[NAMES_TEXT_MAX] = "";

	for (size_t i = 0; i < config->n_arrays; i++) {
		if (strcmp(config->arrays[i].name, name) == 0) {
			*ret = &config->arrays[i];
			return 0;
		}
		text_list_add(names, sizeof(names), config->arrays[i].name);
	}
	return err_set(err, -ENOENT, "%s has no [array %s]; its arrays: %s", config->file, name,
		       *names == '\0' ? "none" : names);
}

int config_host_get(const struct config *config, const char *node, const struct config_host **ret,
		    struct err *err)
{
	char names[NAMES_TEXT_MAX] = "";

	for (size_t i = 0; i < config->n_hosts; i++) {
		if (strcmp(config->hosts[i].node, node) == 0) {
			*ret = &config->hosts[i];
			return 0;
		}
		text_list_add(names, sizeof(names), config->hosts[i].node);
	}
	return err_set(err, -ENOENT, "%s has no [host %s]; its hosts: %s", config->file, node,
		       *names == '\0' ? "none" : names);
}

/* iSCSI names are case-insensitive (RFC 3722). */
const struct config_host *config_host_find_initiator(const struct config *config,
						     const char *initiator)
{
	for (size_t i = 0; i < config->n_hosts; i++) {
		const struct config_host *host = &config->hosts[i];

		if (host->initiator != NULL && strcasecmp(host->initiator, initiator) == 0) {
			return host;
		}
	}
	return NULL;
}

const struct chap *config_chap(const struct config *config, const char *array)
{
	for (size_t i = 0; config != NULL && i < config->n_arrays; i++) {
		if (strcmp(config->arrays[i].name, array) == 0) {
			return chap_wanted(&config->arrays[i].chap) ? &config->arrays[i].chap
								    : NULL;
		}
	}
	return NULL;
}

const struct config_array *config_arrays(const struct config *config, size_t *ret_count)
{
	*ret_count = config->n_arrays;
	return config->arrays;
}

const struct config_host *config_hosts(const struct config *config, size_t *ret_count)
{
	*ret_count = config->n_hosts;
	return config->hosts;
}
