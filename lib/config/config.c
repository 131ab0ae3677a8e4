/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

#include "config/config_lines.h"
#include "config/config_value.h"
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

/* What is legal: sections, and the keys of each. */

struct key {
	const char *name;
	size_t offset; /* of the char * in the section's struct */
	bool required;
	int (*check)(const char *value, struct err *err);
};

/* Portals are kept as one text until the whole section is read. */
struct array_section {
	struct config_array array;
	char *portals;
};

static const struct key array_keys[] = {
	{"driver", offsetof(struct array_section, array.driver), true, config_value_driver},
	{"transport", offsetof(struct array_section, array.transport), true,
	 runner_transport_check},
	{"identity", offsetof(struct array_section, array.identity), false, config_value_path},
	{"portals", offsetof(struct array_section, portals), true, config_value_portals},
};

static const struct key host_keys[] = {
	{"initiator", offsetof(struct config_host, initiator), true, config_value_initiator},
	{"migration_address", offsetof(struct config_host, migration_address), false,
	 config_value_address},
	{"unfence_after_cutoff", offsetof(struct config_host, unfence_after_cutoff), false,
	 config_value_yes_no},
};

static int array_take(struct config *config, GKeyFile *file, const char *section, const char *name,
		      struct err *err);
static int host_take(struct config *config, GKeyFile *file, const char *section, const char *name,
		     struct err *err);

static const struct section {
	const char *kind;
	const struct key *keys;
	size_t n_keys;
	bool (*name_valid)(const char *name);
	int (*take)(struct config *config, GKeyFile *file, const char *section, const char *name,
		    struct err *err);
} sections[] = {
	{"array", array_keys, G_N_ELEMENTS(array_keys), lun_name_valid, array_take},
	{"host", host_keys, G_N_ELEMENTS(host_keys), config_value_is_node, host_take},
};

/* Sections */

static int key_value(GKeyFile *file, const char *section, const struct key *key, char **ret,
		     struct err *err)
{
	g_autofree char *value = g_key_file_get_value(file, section, key->name, NULL);
	int rc = 0;

	if (value == NULL) {
		return key->required ? err_set(err, -EINVAL, "[%s] lacks the key '%s'", section,
					       key->name)
				     : 0;
	}
	if (*value == '\0' || strlen(value) > CONFIG_VALUE_MAX) {
		rc = err_set(err, -EINVAL, "the value is empty or longer than %d characters",
			     CONFIG_VALUE_MAX);
	} else {
		rc = key->check(value, err);
	}
	if (rc < 0) {
		return err_prefix(err, -EINVAL, "[%s] %s", section, key->name);
	}
	*ret = g_steal_pointer(&value);
	return 0;
}

static int keys_read(GKeyFile *file, const char *section, const struct key *keys, size_t n_keys,
		     void *target, struct err *err)
{
	for (size_t i = 0; i < n_keys; i++) {
		char **field = (char **)((char *)target + keys[i].offset);
		int rc = key_value(file, section, &keys[i], field, err);

		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int array_take(struct config *config, GKeyFile *file, const char *section, const char *name,
		      struct err *err)
{
	struct array_section read = {{0}, NULL};
	struct config_array *array = &read.array;
	int rc;

	if (config->n_arrays == CONFIG_ARRAYS_MAX) {
		return err_set(err, -EINVAL, "[%s]: there are more than %d arrays", section,
			       CONFIG_ARRAYS_MAX);
	}
	rc = keys_read(file, section, array_keys, G_N_ELEMENTS(array_keys), &read, err);
	array->name = g_strdup(name);
	if (rc == 0) {
		array->portals = config_value_words(read.portals, &array->n_portals);
	}
	g_free(read.portals);
	config->arrays[config->n_arrays++] = *array;
	return rc;
}

static int host_take(struct config *config, GKeyFile *file, const char *section, const char *name,
		     struct err *err)
{
	struct config_host host = {0};
	const struct config_host *other = NULL;
	int rc;

	if (config->n_hosts == CONFIG_HOSTS_MAX) {
		return err_set(err, -EINVAL, "[%s]: there are more than %d hosts", section,
			       CONFIG_HOSTS_MAX);
	}
	rc = keys_read(file, section, host_keys, G_N_ELEMENTS(host_keys), &host, err);
	host.node = g_strdup(name);
	if (rc == 0) {
		other = config_host_find_initiator(config, host.initiator);
	}
	if (other != NULL) {
		rc = err_set(err, -EINVAL,
			     "[%s] initiator: '%s' is [host %s]'s already; each host has its own",
			     section, host.initiator, other->node);
	}
	if (host.migration_address == NULL) {
		host.migration_address = g_strdup(name);
	}
	if (host.unfence_after_cutoff == NULL) {
		host.unfence_after_cutoff = g_strdup("yes");
	}
	config->hosts[config->n_hosts++] = host;
	return rc;
}

static const struct section *section_find(const char *text, const char **ret_name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
		size_t length = strlen(sections[i].kind);

		if (strncmp(text, sections[i].kind, length) == 0 && text[length] == ' ') {
			*ret_name = text + length + 1;
			return &sections[i];
		}
	}
	return NULL;
}

static bool key_known(const struct section *section, const char *key)
{
	for (size_t i = 0; i < section->n_keys; i++) {
		if (strcmp(section->keys[i].name, key) == 0) {
			return true;
		}
	}
	return false;
}

static int key_refuse(const struct section *section, const char *text, const char *key,
		      struct err *err)
{
	char legal[NAMES_TEXT_MAX] = "";

	for (size_t i = 0; i < section->n_keys; i++) {
		(void)g_strlcat(legal, i == 0 ? "" : ", ", sizeof(legal));
		(void)g_strlcat(legal, section->keys[i].name, sizeof(legal));
	}
	return err_set(err, -EINVAL, "[%s]: there is no key '%.64s'; legal are: %s", text, key,
		       legal);
}

static int section_take(struct config *config, GKeyFile *file, const char *text, struct err *err)
{
	const char *name = NULL;
	const struct section *section = section_find(text, &name);
	g_auto(GStrv) keys = g_key_file_get_keys(file, text, NULL, NULL);

	if (section == NULL) {
		return err_set(err, -EINVAL,
			       "there is no section [%.64s]; legal are: [array NAME], [host NODE]",
			       text);
	}
	if (!section->name_valid(name)) {
		return err_set(
			err, -EINVAL,
			"[%.300s]: the name must be letters, digits, '.', '_', '-', and begin "
			"with a letter or digit",
			text);
	}
	for (size_t i = 0; keys != NULL && keys[i] != NULL; i++) {
		if (!key_known(section, keys[i])) {
			return key_refuse(section, text, keys[i], err);
		}
	}
	return section->take(config, file, text, name, err);
}

static int text_check(const char *text, size_t bytes, struct err *err)
{
	if (bytes > CONFIG_FILE_MAX_BYTES) {
		return err_set(err, -EINVAL, "it is larger than %u bytes", CONFIG_FILE_MAX_BYTES);
	}
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f) {
			return err_set(err, -EINVAL, "byte %zu is a control character (0x%02x)", i,
				       c);
		}
	}
	return 0;
}

static int sections_take(struct config *config, const char *text, struct err *err)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) groups = NULL;
	int rc = 0;

	if (*text != '\0' &&
	    !g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, &error)) {
		return err_set(err, -EINVAL, "%s", error->message);
	}
	groups = g_key_file_get_groups(file, NULL);
	for (size_t i = 0; groups[i] != NULL && rc == 0; i++) {
		rc = section_take(config, file, groups[i], err);
	}
	return rc;
}

int config_parse(const char *text, size_t bytes, const char *file, struct config **ret,
		 struct err *err)
{
	g_autofree char *copy = NULL;
	struct config *config;
	int rc = text_check(text, bytes, err);

	if (rc < 0) {
		return err_prefix(err, rc, "%s", file);
	}
	copy = g_strndup(text, bytes);
	config = g_new0(struct config, 1);
	config->file = g_strdup(file);
	config->arrays = g_new0(struct config_array, CONFIG_ARRAYS_MAX);
	config->hosts = g_new0(struct config_host, CONFIG_HOSTS_MAX);
	rc = config_lines_check(copy, err);
	if (rc == 0) {
		rc = sections_take(config, copy, err);
	}
	if (rc < 0) {
		config_free(config);
		return err_prefix(err, rc, "%s", file);
	}
	*ret = config;
	return 0;
}

/* Files */

static int owner_check(const struct stat *status, mode_t forbidden, struct err *err)
{
	if (!S_ISREG(status->st_mode)) {
		return err_set(err, -EINVAL, "it is not a regular file");
	}
	if (status->st_uid != 0 && status->st_uid != geteuid()) {
		return err_set(err, -EACCES, "it belongs to user %u; it must be root's",
			       (unsigned int)status->st_uid);
	}
	if ((status->st_mode & forbidden) != 0) {
		return err_set(err, -EACCES, "its mode is %04o; use chmod %04o",
			       (unsigned int)(status->st_mode & 07777),
			       (unsigned int)(status->st_mode & 07777 & ~forbidden));
	}
	return 0;
}

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
		rc = owner_check(&status, S_IRWXG | S_IRWXO | S_ISUID | S_ISGID, err);
	}
	return rc < 0 ? err_prefix(err, rc, "[array %s] identity: '%s'", array->name,
				   array->identity)
		      : 0;
}

static int file_read(const char *path, char *buffer, size_t size, size_t *ret_bytes,
		     struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	ssize_t got = 1;
	int rc = 0;

	*ret_bytes = 0;
	if (fd < 0 || fstat(fd, &status) < 0) {
		rc = err_set(err, -errno, "%s", strerror(errno));
	} else {
		rc = owner_check(&status, S_IWGRP | S_IWOTH, err);
	}
	while (rc == 0 && got > 0 && *ret_bytes < size) {
		got = read(fd, buffer + *ret_bytes, size - *ret_bytes);
		if (got >= 0) {
			*ret_bytes += (size_t)got;
		} else if (errno != EINTR) {
			rc = err_set(err, -errno, "%s", strerror(errno));
		} else {
			got = 1;
		}
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return rc;
}

static const char *path_default(void)
{
	const char *path = getenv("LUNMASK_CONF");

	return path == NULL || *path == '\0' ? CONFIG_FILE : path;
}

int config_load(const char *path, struct config **ret, struct err *err)
{
	g_autofree char *buffer = g_malloc(CONFIG_FILE_MAX_BYTES + 1);
	struct config *config;
	size_t bytes;
	int rc;

	path = path == NULL ? path_default() : path;
	rc = file_read(path, buffer, CONFIG_FILE_MAX_BYTES + 1, &bytes, err);
	if (rc < 0) {
		return err_prefix(err, rc, "%s", path);
	}
	rc = config_parse(buffer, bytes, path, &config, err);
	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; i < config->n_arrays && rc == 0; i++) {
		rc = identity_check(&config->arrays[i], err);
	}
	if (rc < 0) {
		config_free(config);
		return err_prefix(err, rc, "%s", path);
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
		g_free(config->arrays[i].driver);
		g_free(config->arrays[i].transport);
		g_free(config->arrays[i].identity);
		g_strfreev(config->arrays[i].portals);
	}
	for (size_t i = 0; i < config->n_hosts; i++) {
		g_free(config->hosts[i].node);
		g_free(config->hosts[i].initiator);
		g_free(config->hosts[i].migration_address);
		g_free(config->hosts[i].unfence_after_cutoff);
	}
	g_free(config->arrays);
	g_free(config->hosts);
	g_free(config->file);
	g_free(config);
}

/* Questions */

static void name_add(char *names, size_t size, const char *name)
{
	(void)g_strlcat(names, *names == '\0' ? "" : ", ", size);
	(void)g_strlcat(names, name, size);
}

static const char *none_or(const char *names)
{
	return *names == '\0' ? "none" : names;
}

int config_array_get(const struct config *config, const char *name, const struct config_array **ret,
		     struct err *err)
{
	char names[NAMES_TEXT_MAX] = "";

	for (size_t i = 0; i < config->n_arrays; i++) {
		if (strcmp(config->arrays[i].name, name) == 0) {
			*ret = &config->arrays[i];
			return 0;
		}
		name_add(names, sizeof(names), config->arrays[i].name);
	}
	return err_set(err, -ENOENT, "%s has no [array %s]; its arrays: %s", config->file, name,
		       none_or(names));
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
		name_add(names, sizeof(names), config->hosts[i].node);
	}
	return err_set(err, -ENOENT, "%s has no [host %s]; its hosts: %s", config->file, node,
		       none_or(names));
}

/* iSCSI names are the same in upper and lower case (RFC 3722). */
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
