/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_table.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_build.h"
#include "driver/core/hosts.h"
#include "names/lun.h"
#include "names/name.h"

/*
 * 2 and 3: have what a driver of an earlier version does not know and would lose; it refuses such a
 * file. 2 is for pools and LUNs that are unfinished, 3 for snapshots.
 */
#define TABLE_VERSION 3
#define TABLE_VERSION_POOLS 2
#define TABLE_VERSION_OLD 1
#define FILE_TEXT_MAX 1023

static int damaged(const char *file, const char *what, struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_INTERNAL,
			 "%s: %s; restore it from a backup: it records the identity of each LUN",
			 file, what);
}

/* fallback: a file of an older driver has no such member. */
static bool word_decode(const json_t *value, const char *member, const char *fallback, size_t max,
			char *ret)
{
	const json_t *found = json_object_get(value, member);
	const char *word = found == NULL ? fallback : json_string_value(found);

	if (word == NULL || (*word != '\0' && !name_valid(word, max, "._-"))) {
		return false;
	}
	(void)strcpy(ret, word);
	return true;
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
	    strspn(id, "0123456789abcdef") != TGT_TABLE_ID_DIGITS ||
	    !word_decode(value, "pool", TGT_POOL_DEFAULT, TGT_POOL_NAME_MAX, ret->pool) ||
	    !word_decode(value, "class", TGT_CLASS_NONE, TGT_CLASS_NAME_MAX, ret->class) ||
	    !word_decode(value, "volume", "", TGT_VOLUME_MAX, ret->volume)) {
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

/* A file of version 1 has no such list. */
static int unfinished_decode(const json_t *list, const char *file, struct tgt_table *ret,
			     struct fault *fault)
{
	int rc = list == NULL || json_is_array(list)
			 ? 0
			 : damaged(file, "'unfinished' is no list", fault);

	for (size_t i = 0; i < json_array_size(list) && rc == 0; i++) {
		const json_t *object = json_array_get(list, i);
		const json_t *removed = json_object_get(object, "removed");
		json_int_t filled = json_integer_value(json_object_get(object, "filled_bytes"));
		struct tgt_unfinished row = {.removed = json_is_true(removed),
					     .filled_bytes = (uint64_t)filled};

		if (lun_decode(object, &row.lun) != 0 || !json_is_boolean(removed) || filled < 0 ||
		    (uint64_t)filled > row.lun.size_bytes ||
		    tgt_table_find(ret, row.lun.name) != NULL ||
		    tgt_table_unfinished_find(ret, row.lun.name) != NULL) {
			return damaged(file, "has an unfinished LUN that is not legal", fault);
		}
		rc = tgt_table_unfinished_add(ret, &row, fault);
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

/* A file of an older driver has no such list. */
static int snapshots_decode(const json_t *list, const char *file, struct tgt_table *ret,
			    struct fault *fault)
{
	int rc = snap_list_decode(list, &ret->snapshots, fault);

	for (size_t i = 0; i < ret->snapshots.count && rc == 0; i++) {
		if (tgt_table_find(ret, ret->snapshots.snaps[i].lun) == NULL) {
			return damaged(file, "has a snapshot of what is no LUN", fault);
		}
	}
	return rc == 0 ? 0 : damaged(file, "has a list of snapshots that is not legal", fault);
}

static int table_decode(const json_t *root, const char *file, struct tgt_table *ret,
			struct fault *fault)
{
	json_int_t version = json_integer_value(json_object_get(root, "version"));
	int rc = version >= TABLE_VERSION_OLD && version <= TABLE_VERSION
			 ? 0
			 : damaged(file, "is not of version 1, 2 or 3", fault);

	rc = rc != 0 ? rc : luns_decode(json_object_get(root, "luns"), file, ret, fault);
	rc = rc != 0 ? rc
		     : unfinished_decode(json_object_get(root, "unfinished"), file, ret, fault);
	rc = rc != 0 ? rc : hosts_decode(json_object_get(root, "hosts"), file, ret, fault);
	rc = rc != 0 ? rc : snapshots_decode(json_object_get(root, "snapshots"), file, ret, fault);
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

static json_t *lun_encode(const struct tgt_lun *lun)
{
	return json_pack("{s:s, s:I, s:s, s:b, s:s, s:s, s:s}", "name", lun->name, "size_bytes",
			 (json_int_t)lun->size_bytes, "id", lun->id, "read_only", lun->read_only,
			 "pool", lun->pool, "class", lun->class, "volume", lun->volume);
}

static json_t *unfinished_encode(const struct tgt_unfinished *row)
{
	json_t *ret = lun_encode(&row->lun);

	if (ret == NULL || json_object_set_new(ret, "removed", json_boolean(row->removed)) != 0 ||
	    json_object_set_new(ret, "filled_bytes", json_integer((json_int_t)row->filled_bytes)) !=
		    0) {
		json_decref(ret);
		return NULL;
	}
	return ret;
}

static int version_needed(const struct tgt_table *table)
{
	bool old = table->n_unfinished == 0;

	if (table->snapshots.count > 0) {
		return TABLE_VERSION;
	}
	for (size_t i = 0; i < table->n_luns && old; i++) {
		old = strcmp(table->luns[i].pool, TGT_POOL_DEFAULT) == 0 &&
		      strcmp(table->luns[i].class, TGT_CLASS_NONE) == 0;
	}
	return old ? TABLE_VERSION_OLD : TABLE_VERSION_POOLS;
}

/* json_pack() takes the lists, also where one of them is NULL, which makes the whole NULL. */
static json_t *table_encode(const struct tgt_table *table)
{
	json_t *luns = json_array();
	json_t *unfinished = json_array();
	json_t *fenced = json_array();
	json_t *hosts = json_array();

	for (size_t i = 0; i < table->n_luns; i++) {
		luns = json_build_append(luns, lun_encode(&table->luns[i]));
	}
	for (size_t i = 0; i < table->n_unfinished; i++) {
		unfinished =
			json_build_append(unfinished, unfinished_encode(&table->unfinished[i]));
	}
	for (size_t i = 0; i < table->n_fenced; i++) {
		const struct tgt_fenced *row = &table->fenced[i];

		fenced = json_build_append(fenced,
					   json_pack("{s:s, s:I}", "initiator", row->initiator,
						     "fencing", (json_int_t)row->fencing));
	}
	for (size_t i = 0; i < table->n_hosts; i++) {
		const struct tgt_host *row = &table->hosts[i];

		hosts = json_build_append(hosts, json_pack("{s:s, s:s}", "initiator",
							   row->initiator, "host", row->host));
	}
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:I}", "version", version_needed(table),
			 "luns", luns, "unfinished", unfinished, "fenced", fenced, "hosts", hosts,
			 "snapshots", snap_list_encode(&table->snapshots), "fencings",
			 (json_int_t)table->fencings);
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
	free(table->unfinished);
	free(table->fenced);
	free(table->hosts);
	snap_list_release(&table->snapshots);
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

static struct tgt_lun *lun_find(struct tgt_table *table, const char *name)
{
	for (size_t i = 0; i < table->n_luns; i++) {
		if (strcmp(table->luns[i].name, name) == 0) {
			return &table->luns[i];
		}
	}
	return NULL;
}

bool tgt_table_protect(struct tgt_table *table, const char *name, bool read_only)
{
	struct tgt_lun *lun = lun_find(table, name);

	if (lun != NULL) {
		lun->read_only = read_only;
	}
	return lun != NULL;
}

bool tgt_table_resize(struct tgt_table *table, const char *name, uint64_t size_bytes)
{
	struct tgt_lun *lun = lun_find(table, name);

	if (lun != NULL) {
		lun->size_bytes = size_bytes;
	}
	return lun != NULL;
}

struct tgt_unfinished *tgt_table_unfinished_find(const struct tgt_table *table, const char *name)
{
	for (size_t i = 0; i < table->n_unfinished; i++) {
		if (strcmp(table->unfinished[i].lun.name, name) == 0) {
			return &table->unfinished[i];
		}
	}
	return NULL;
}

int tgt_table_unfinished_add(struct tgt_table *table, const struct tgt_unfinished *row,
			     struct fault *fault)
{
	struct tgt_unfinished *grown;

	if (table->n_luns + table->n_unfinished >= TGT_TABLE_LUNS_MAX) {
		return too_many("LUNs", TGT_TABLE_LUNS_MAX, fault);
	}
	grown = reallocarray(table->unfinished, table->n_unfinished + 1, sizeof(*grown));
	if (grown == NULL) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
	}
	table->unfinished = grown;
	grown[table->n_unfinished++] = *row;
	return 0;
}

void tgt_table_unfinished_remove(struct tgt_table *table, const char *name)
{
	struct tgt_unfinished *row = tgt_table_unfinished_find(table, name);

	if (row != NULL) {
		table->n_unfinished--;
		memmove(row, row + 1,
			(size_t)(&table->unfinished[table->n_unfinished] - row) * sizeof(*row));
	}
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
