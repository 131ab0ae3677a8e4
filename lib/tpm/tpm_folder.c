/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm_folder.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define DIR_NAME "tpm2"
#define DIR_PATH "/" DIR_NAME
#define DIR_PREFIX DIR_PATH "/"
#define PERMISSIONS 07777

static void node_touch(struct tpm_folder_node *node)
{
	(void)clock_gettime(CLOCK_REALTIME, &node->changed);
}

static void node_make(struct tpm_folder_node *node, mode_t mode, uid_t uid, gid_t gid)
{
	*node = (struct tpm_folder_node){.mode = mode, .uid = uid, .gid = gid};
	node_touch(node);
}

/* The name of a file in tpm2, or NULL. */
static const char *name_of(const char *path)
{
	const char *name = path + sizeof(DIR_PREFIX) - 1;

	return strncmp(path, DIR_PREFIX, sizeof(DIR_PREFIX) - 1) == 0 && *name != '\0' &&
			       strchr(name, '/') == NULL
		       ? name
		       : NULL;
}

static struct tpm_folder_file *file_find(const struct tpm_folder *folder, const char *path)
{
	const char *name = name_of(path);

	for (size_t i = 0; name != NULL && i < TPM_FOLDER_FILES_MAX; i++) {
		const struct tpm_folder_file *file = &folder->files[i];

		if (file->node.mode != 0 && strcmp(file->name, name) == 0) {
			return (struct tpm_folder_file *)file;
		}
	}
	return NULL;
}

static struct tpm_folder_node *node_find(const struct tpm_folder *folder, const char *path)
{
	struct tpm_folder_file *file;

	if (strcmp(path, "/") == 0) {
		return (struct tpm_folder_node *)&folder->root;
	}
	if (strcmp(path, DIR_PATH) == 0) {
		return folder->dir.mode != 0 ? (struct tpm_folder_node *)&folder->dir : NULL;
	}
	file = file_find(folder, path);
	return file == NULL ? NULL : &file->node;
}

static void file_drop(struct tpm_folder_file *file)
{
	if (file->bytes != NULL) {
		g_byte_array_unref(file->bytes);
	}
	*file = (struct tpm_folder_file){.bytes = NULL};
}

static bool is_state(const char *path)
{
	return strcmp(path, TPM_FOLDER_STATE) == 0;
}

/* An empty state is one that is about to be written. */
static int commit(const struct tpm_folder *folder, const struct tpm_folder_file *file)
{
	g_autoptr(GBytes) state = g_bytes_new(file->bytes->data, file->bytes->len);

	if (folder->deleted) {
		return -EPERM;
	}
	return file->bytes->len == 0 ? 0 : folder->commit(folder->data, state);
}

void tpm_folder_init(struct tpm_folder *folder, GBytes *state)
{
	node_make(&folder->root, S_IFDIR | 0711, 0, 0);
	if (state == NULL) {
		return;
	}
	node_make(&folder->dir, S_IFDIR | 0700, 0, 0);
	(void)tpm_folder_create(folder, TPM_FOLDER_STATE, 0600, 0, 0);
	(void)g_byte_array_append(file_find(folder, TPM_FOLDER_STATE)->bytes,
				  g_bytes_get_data(state, NULL), (guint)g_bytes_get_size(state));
}

void tpm_folder_release(struct tpm_folder *folder)
{
	for (size_t i = 0; i < TPM_FOLDER_FILES_MAX; i++) {
		file_drop(&folder->files[i]);
	}
}

int tpm_folder_stat(const struct tpm_folder *folder, const char *path, struct stat *ret)
{
	const struct tpm_folder_node *node = node_find(folder, path);
	const struct tpm_folder_file *file = file_find(folder, path);

	if (node == NULL) {
		return -ENOENT;
	}
	memset(ret, 0, sizeof(*ret));
	ret->st_mode = node->mode;
	ret->st_nlink = S_ISDIR(node->mode) ? 2 : 1;
	ret->st_uid = node->uid;
	ret->st_gid = node->gid;
	ret->st_size = file == NULL ? 0 : file->bytes->len;
	ret->st_mtim = ret->st_ctim = ret->st_atim = node->changed;
	return 0;
}

const char *tpm_folder_entry(const struct tpm_folder *folder, const char *path, size_t index)
{
	if (strcmp(path, "/") == 0) {
		return index == 0 && folder->dir.mode != 0 ? DIR_NAME : NULL;
	}
	for (size_t i = 0; i < TPM_FOLDER_FILES_MAX; i++) {
		if (folder->files[i].node.mode != 0 && index-- == 0) {
			return folder->files[i].name;
		}
	}
	return NULL;
}

int tpm_folder_mkdir(struct tpm_folder *folder, const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	if (node_find(folder, path) != NULL) {
		return -EEXIST;
	}
	if (strcmp(path, DIR_PATH) != 0) {
		return -EPERM;
	}
	node_make(&folder->dir, S_IFDIR | (mode & PERMISSIONS), uid, gid);
	return 0;
}

int tpm_folder_rmdir(struct tpm_folder *folder, const char *path)
{
	const struct tpm_folder_node *node = node_find(folder, path);

	if (node == NULL || node != &folder->dir) {
		return node == NULL ? -ENOENT : -ENOTDIR;
	}
	if (tpm_folder_entry(folder, path, 0) != NULL) {
		return -ENOTEMPTY;
	}
	folder->dir.mode = 0;
	return 0;
}

int tpm_folder_create(struct tpm_folder *folder, const char *path, mode_t mode, uid_t uid,
		      gid_t gid)
{
	const char *name = name_of(path);

	if (node_find(folder, path) != NULL) {
		return -EEXIST;
	}
	if (name == NULL || folder->dir.mode == 0) {
		return name == NULL ? -EPERM : -ENOENT;
	}
	if (strlen(name) > TPM_FOLDER_NAME_MAX) {
		return -ENAMETOOLONG;
	}
	for (size_t i = 0; i < TPM_FOLDER_FILES_MAX; i++) {
		struct tpm_folder_file *file = &folder->files[i];

		if (file->node.mode == 0) {
			node_make(&file->node, S_IFREG | (mode & PERMISSIONS), uid, gid);
			strcpy(file->name, name);
			file->bytes = g_byte_array_new();
			return 0;
		}
	}
	return -ENOSPC;
}

int tpm_folder_read(const struct tpm_folder *folder, const char *path, void *data, size_t bytes,
		    off_t offset)
{
	const struct tpm_folder_file *file = file_find(folder, path);

	if (file == NULL || offset < 0) {
		return file == NULL ? -ENOENT : -EINVAL;
	}
	if (offset >= (off_t)file->bytes->len) {
		return 0;
	}
	bytes = MIN(bytes, file->bytes->len - (size_t)offset);
	memcpy(data, file->bytes->data + offset, bytes);
	return (int)bytes;
}

/* New bytes are zero. */
static int resize(struct tpm_folder_file *file, off_t size)
{
	guint old = file->bytes->len;

	if (size < 0 || size > (off_t)TPM_FOLDER_FILE_MAX) {
		return size < 0 ? -EINVAL : -EFBIG;
	}
	(void)g_byte_array_set_size(file->bytes, (guint)size);
	if (file->bytes->len > old) {
		memset(file->bytes->data + old, 0, file->bytes->len - old);
	}
	node_touch(&file->node);
	return 0;
}

int tpm_folder_write(struct tpm_folder *folder, const char *path, const void *data, size_t bytes,
		     off_t offset)
{
	struct tpm_folder_file *file = file_find(folder, path);
	int rc = 0;

	if (file == NULL || offset < 0) {
		return file == NULL ? -ENOENT : -EINVAL;
	}
	if (offset > (off_t)TPM_FOLDER_FILE_MAX || bytes > TPM_FOLDER_FILE_MAX) {
		return -EFBIG;
	}
	if (offset + (off_t)bytes > (off_t)file->bytes->len) {
		rc = resize(file, offset + (off_t)bytes);
	}
	if (rc < 0) {
		return rc;
	}
	memcpy(file->bytes->data + offset, data, bytes);
	node_touch(&file->node);
	file->dirty = is_state(path);
	return (int)bytes;
}

int tpm_folder_truncate(struct tpm_folder *folder, const char *path, off_t size)
{
	struct tpm_folder_file *file = file_find(folder, path);

	if (file == NULL) {
		return -ENOENT;
	}
	file->dirty = is_state(path);
	return resize(file, size);
}

int tpm_folder_flush(struct tpm_folder *folder, const char *path)
{
	struct tpm_folder_file *file = file_find(folder, path);
	int rc = file == NULL || !file->dirty ? 0 : commit(folder, file);

	if (rc == 0 && file != NULL) {
		file->dirty = false;
	}
	return rc;
}

int tpm_folder_rename(struct tpm_folder *folder, const char *from, const char *to)
{
	struct tpm_folder_file *file = file_find(folder, from);
	struct tpm_folder_file *old = file_find(folder, to);
	const char *name = name_of(to);
	int rc;

	if (file == NULL || name == NULL) {
		return file == NULL ? -ENOENT : -EPERM;
	}
	if (strlen(name) > TPM_FOLDER_NAME_MAX) {
		return -ENAMETOOLONG;
	}
	rc = is_state(to) && file != old ? commit(folder, file) : 0;
	if (rc < 0 || file == old) {
		return rc;
	}
	if (old != NULL) {
		file_drop(old);
	}
	strcpy(file->name, name);
	file->dirty = false;
	return 0;
}

int tpm_folder_unlink(struct tpm_folder *folder, const char *path)
{
	struct tpm_folder_file *file = file_find(folder, path);

	if (file == NULL) {
		return node_find(folder, path) == NULL ? -ENOENT : -EISDIR;
	}
	folder->deleted = folder->deleted || is_state(path);
	file_drop(file);
	return 0;
}

int tpm_folder_chmod(struct tpm_folder *folder, const char *path, mode_t mode)
{
	struct tpm_folder_node *node = node_find(folder, path);

	if (node == NULL) {
		return -ENOENT;
	}
	node->mode = (node->mode & S_IFMT) | (mode & PERMISSIONS);
	return 0;
}

int tpm_folder_chown(struct tpm_folder *folder, const char *path, uid_t uid, gid_t gid)
{
	struct tpm_folder_node *node = node_find(folder, path);

	if (node == NULL) {
		return -ENOENT;
	}
	node->uid = uid == (uid_t)-1 ? node->uid : uid;
	node->gid = gid == (gid_t)-1 ? node->gid : gid;
	return 0;
}
