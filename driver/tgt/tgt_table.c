/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_table.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/core/hosts.h"
#include "names/lun.h"

#define TABLE_VERSION 1
#define FILE_TEXT_MAX 1023

static int damaged(const char *file, const char *what, struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_INTERNAL,
			 "%s: %s; restore it from a backup: it records the identity of each LUN",
			 file, what);
}

static int lun_decode(const json_t *value, struct tgt_lun *ret)
{
	const char *name = json_string_value(json_object_get(value, "name"));
	const char *id = json_string_value(json_object_get(value, "id"));
	json_int_t size = json_integer_value(json_object_get(value, "size_bytes"));
	const json_t *read_only = json_object_get(value, "read_only");

	/* A file of an older driver has no such member. */
	if ((read_only != NULL && !json_is_boolean(read_only)) || name == NULL ||
	    !lun_name_valid(name) || size <= 0 || id == NULL || strlen(id) != TGT_TABLE_ID_DIGITS ||
	    strspn(id, "0123456789abcdef") != TGT_TABLE_ID_DIGITS) {
		return -EINVAL;
	}
	(void)strcpy(ret->name, name);
	(void)strcpy(ret->id, id);
	ret->size_bytes = (uint64_t)size;
	ret->read_only = json_is_true(read_only);
	return 0;
}

static int luns_decode(const json_t *list, const char *file, struct tgt_table *ret,
		       struct fault *fault)
{
	int rc = json_is_array(list) ? 0 : damaged(file, "has no list 'luns'", fault);

	for (size_t i = 0; i < json_array_size(list) && rc == 0; i++) {
		struct tgt_lun lun;

		if (lun_decode(json_array_get(list, i), &lun) != 0 ||
		    tgt_table_find(ret, lun.name) != NULL) {
			return damaged(file, "has a LUN that is not legal", fault);
		}
		rc = tgt_table_add(ret, &lun, fault);
	}
	return rc;
}

static int fenced_decode(const json_t *root, const char *file, struct tgt_table *ret,
			 struct fault *fault)
{
	const json_t *list = json_object_get(root, "fenced");
	json_int_t fencings = json_integer_value(json_object_get(root, "fencings"));
	int rc = json_is_array(list) ? 0 : damaged(file, "has no list 'fenced'", fault);

	for (size_t i = 0; i < json_array_size(list) && rc == 0; i++) {
		const json_t *object = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(object, "initiator"));
		json_int_t fencing = json_integer_value(json_object_get(object, "fencing"));

		if (name == NULL || !iscsi_name_valid(name) || fencing < 1 || fencing > fencings) {
			return damaged(file, "has a fenced initiator that is not legal", fault);
		}
		ret->fencings = fencing;
		rc = tgt_table_fence(ret, name, fault);
	}
	ret->fencings = fencings;
	return rc == 0 && fencings < 0 ? damaged(file, "has a number below 0", fault) : rc;
}

/* A file of an older driver has no such list. */
static int hosts_decode(const json_t *list, const char *file, struct tgt_table *ret,
			struct fault *fault)
{
	int rc = list == NULL || json_is_array(list) ? 0
						     : damaged(file, "'hosts' is no list", fault);

	for (size_t i = 0; i < json_array_size(list) && rc == 0; i++) {
		const json_t *object = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(object, "initiator"));
		const char *host = json_string_value(json_object_get(object, "host"));

		if (name == NULL || !iscsi_name_valid(name) || host == NULL ||
		    !host_id_valid(host)) {
			return damaged(file, "has a host that is not legal", fault);
		}
		rc = tgt_table_add_host(ret, name, host, fault);
	}
	return rc;
}

static int table_decode(const json_t *root, const char *file, struct tgt_table *ret,
			struct fault *fault)
{
	int rc = json_integer_value(json_object_get(root, "version")) == TABLE_VERSION
			 ? 0
			 : damaged(file, "is not of version 1", fault);

	rc = rc != 0 ? rc : luns_decode(json_object_get(root, "luns"), file, ret, fault);
	rc = rc != 0 ? rc : hosts_decode(json_object_get(root, "hosts"), file, ret, fault);
	return rc != 0 ? rc : fenced_decode(root, file, ret, fault);
}

int tgt_table_load(const char *dir, struct tgt_table *ret, struct fault *fault)
{
	char file[FILE_TEXT_MAX + 1];
	json_error_t error;
	json_t *root;
	FILE *stream;
	int rc;

	*ret = (struct tgt_table){0};
	(void)snprintf(file, sizeof(file), "%s/" TGT_TABLE_FILE, dir);
	stream = fopen(file, "re");
	if (stream == NULL) {
		return errno == ENOENT ? 0
				       : fault_set(fault, ARRAY_ERROR_INTERNAL, "%s: %s", file,
						   strerror(errno));
	}
	root = json_loadf(stream, JSON_REJECT_DUPLICATES, &error);
	(void)fclose(stream);
	rc = root != NULL ? table_decode(root, file, ret, fault) : damaged(file, error.text, fault);
	json_decref(root);
	if (rc != 0) {
		tgt_table_release(ret);
	}
	return rc;
}

static json_t *table_encode(const struct tgt_table *table)
{
	json_t *luns = json_array();
	json_t *fenced = json_array();
	json_t *hosts = json_array();
	bool whole = true;

	for (size_t i = 0; i < table->n_luns; i++) {
		const struct tgt_lun *lun = &table->luns[i];

		whole = json_array_append_new(
				luns, json_pack("{s:s, s:I, s:s, s:b}", "name", lun->name,
						"size_bytes", (json_int_t)lun->size_bytes, "id",
						lun->id, "read_only", lun->read_only)) == 0 &&
			whole;
	}
	for (size_t i = 0; i < table->n_fenced; i++) {
		const struct tgt_fenced *row = &table->fenced[i];

		whole = json_array_append_new(fenced, json_pack("{s:s, s:I}", "initiator",
								row->initiator, "fencing",
								(json_int_t)row->fencing)) == 0 &&
			whole;
	}
	for (size_t i = 0; i < table->n_hosts; i++) {
		const struct tgt_host *row = &table->hosts[i];

		whole = json_array_append_new(hosts,
					      json_pack("{s:s, s:s}", "initiator", row->initiator,
							"host", row->host)) == 0 &&
			whole;
	}
	if (!whole) {
		json_decref(luns);
		json_decref(fenced);
		json_decref(hosts);
		return NULL;
	}
	return json_pack("{s:i, s:o, s:o, s:o, s:I}", "version", TABLE_VERSION, "luns", luns,
			 "fenced", fenced, "hosts", hosts, "fencings", (json_int_t)table->fencings);
}

static int file_write(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t written = write(fd, text, left);

		if (written < 0 && errno != EINTR) {
			return -errno;
		}
		if (written > 0) {
			text += written;
			left -= (size_t)written;
		}
	}
	return fsync(fd) == 0 ? 0 : -errno;
}

/*
 * Writes and syncs a new file, then renames it and syncs the directory. A crash leaves the old
 * table or the new one.
 */
static int file_replace(int dir, const char *text)
{
	static const char temporary[] = "." TGT_TABLE_FILE ".new";
	int fd =
		openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = fd < 0 ? -errno : file_write(fd, text);

	if (fd >= 0 && close(fd) != 0 && rc == 0) {
		rc = -errno;
	}
	if (rc == 0 && renameat(dir, temporary, dir, TGT_TABLE_FILE) != 0) {
		rc = -errno;
	}
	if (rc == 0 && fsync(dir) != 0) {
		rc = -errno;
	}
	return rc;
}

int tgt_table_store(const char *dir, const struct tgt_table *table, struct fault *fault)
{
	json_t *root = table_encode(table);
	char *text = root != NULL ? json_dumps(root, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
	int fd;
	int rc;

	json_decref(root);
	if (text == NULL) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
	}
	(void)mkdir(dir, 0700);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd < 0 ? -errno : file_replace(fd, text);
	if (fd >= 0) {
		(void)close(fd);
	}
	free(text);
	return rc == 0 ? 0
		       : fault_set(
				 fault, rc == -ENOSPC ? ARRAY_ERROR_NO_SPACE : ARRAY_ERROR_INTERNAL,
				 "%s/" TGT_TABLE_FILE " cannot be written: %s", dir, strerror(-rc));
}

void tgt_table_release(struct tgt_table *table)
{
	free(table->luns);
	free(table->fenced);
	free(table->hosts);
	*table = (struct tgt_table){0};
}

const struct tgt_lun *tgt_table_find(const struct tgt_table *table, const char *name)
{
	for (size_t i = 0; i < table->n_luns; i++) {
		if (strcmp(table->luns[i].name, name) == 0) {
			return &table->luns[i];
		}
	}
	return NULL;
}

static int too_many(const char *what, int max, struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_NO_SPACE,
			 "there are %d %s already: no more can be stored", max, what);
}

int tgt_table_add(struct tgt_table *table, const struct tgt_lun *lun, struct fault *fault)
{
	struct tgt_lun *grown;

	if (table->n_luns >= TGT_TABLE_LUNS_MAX) {
		return too_many("LUNs", TGT_TABLE_LUNS_MAX, fault);
	}
	grown = reallocarray(table->luns, table->n_luns + 1, sizeof(*grown));
	if (grown == NULL) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
	}
	table->luns = grown;
	grown[table->n_luns++] = *lun;
	return 0;
}

void tgt_table_remove(struct tgt_table *table, const char *name)
{
	for (size_t i = 0; i < table->n_luns; i++) {
		if (strcmp(table->luns[i].name, name) == 0) {
			table->n_luns--;
			memmove(&table->luns[i], &table->luns[i + 1],
				(table->n_luns - i) * sizeof(table->luns[0]));
			return;
		}
	}
}

bool tgt_table_protect(struct tgt_table *table, const char *name, bool read_only)
{
	for (size_t i = 0; i < table->n_luns; i++) {
		if (strcmp(table->luns[i].name, name) == 0) {
			table->luns[i].read_only = read_only;
			return true;
		}
	}
	return false;
}

static struct tgt_fenced *fenced_find(const struct tgt_table *table, const char *initiator)
{
	for (size_t i = 0; i < table->n_fenced; i++) {
		if (strcmp(table->fenced[i].initiator, initiator) == 0) {
			return &table->fenced[i];
		}
	}
	return NULL;
}

bool tgt_table_is_fenced(const struct tgt_table *table, const char *initiator)
{
	return fenced_find(table, initiator) != NULL;
}

bool tgt_table_is_fenced_since(const struct tgt_table *table, const char *initiator,
			       int64_t fencing)
{
	const struct tgt_fenced *row = fenced_find(table, initiator);

	return row != NULL && row->fencing > fencing;
}

int tgt_table_fence(struct tgt_table *table, const char *initiator, struct fault *fault)
{
	struct tgt_fenced *grown = fenced_find(table, initiator);

	if (grown != NULL) {
		grown->fencing = table->fencings;
		return 0;
	}
	if (table->n_fenced >= TGT_TABLE_FENCED_MAX) {
		return too_many("fenced initiators", TGT_TABLE_FENCED_MAX, fault);
	}
	grown = reallocarray(table->fenced, table->n_fenced + 1, sizeof(*table->fenced));
	if (grown == NULL) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
	}
	table->fenced = grown;
	table->fenced[table->n_fenced].fencing = table->fencings;
	(void)strcpy(table->fenced[table->n_fenced++].initiator, initiator);
	return 0;
}

void tgt_table_unfence(struct tgt_table *table, const char *initiator)
{
	for (size_t i = 0; i < table->n_fenced; i++) {
		if (strcmp(table->fenced[i].initiator, initiator) == 0) {
			table->n_fenced--;
			memmove(&table->fenced[i], &table->fenced[i + 1],
				(table->n_fenced - i) * sizeof(table->fenced[0]));
			return;
		}
	}
}

bool tgt_table_knows_host(const struct tgt_table *table, const char *initiator, const char *host)
{
	for (size_t i = 0; i < table->n_hosts; i++) {
		if (strcmp(table->hosts[i].initiator, initiator) == 0 &&
		    strcmp(table->hosts[i].host, host) == 0) {
			return true;
		}
	}
	return false;
}

int tgt_table_add_host(struct tgt_table *table, const char *initiator, const char *host,
		       struct fault *fault)
{
	struct tgt_host *grown;

	if (table->n_hosts >= TGT_TABLE_HOSTS_MAX) {
		return too_many("hosts", TGT_TABLE_HOSTS_MAX, fault);
	}
	grown = reallocarray(table->hosts, table->n_hosts + 1, sizeof(*grown));
	if (grown == NULL) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
	}
	table->hosts = grown;
	(void)strcpy(grown[table->n_hosts].initiator, initiator);
	(void)strcpy(grown[table->n_hosts++].host, host);
	return 0;
}

void tgt_table_remove_host(struct tgt_table *table, size_t index)
{
	table->n_hosts--;
	memmove(&table->hosts[index], &table->hosts[index + 1],
		(table->n_hosts - index) * sizeof(table->hosts[0]));
}
