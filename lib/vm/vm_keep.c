/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_keep.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/trusted_file.h"
#include "names/name.h"

#define BYTES_MAX (64 * 1024)
#define GROUP "granted"

struct vm_keep {
	char *array;
	char *driver;
	char *transport;
	char *identity; /* NULL: ssh's default keys */
	struct config_host host;
	char **luns;
};

/* The texts, each a key of the file. */
static const struct {
	const char *key;
	size_t offset;
	bool required;
} texts[] = {
	{"array", offsetof(struct vm_keep, array), true},
	{"driver", offsetof(struct vm_keep, driver), true},
	{"transport", offsetof(struct vm_keep, transport), true},
	{"identity", offsetof(struct vm_keep, identity), false},
	{"node", offsetof(struct vm_keep, host.node), true},
	{"initiator", offsetof(struct vm_keep, host.initiator), true},
};

static char **text_at(struct vm_keep *keep, size_t i)
{
	return (char **)(void *)((char *)keep + texts[i].offset);
}

char *vm_keep_path(const char *name)
{
	const char *directory = getenv(VM_KEEP_VARIABLE);

	return g_build_filename(directory == NULL || *directory == '\0' ? VM_KEEP_DIRECTORY
									: directory,
				name, NULL);
}

void vm_keep_free(struct vm_keep *keep)
{
	if (keep != NULL) {
		for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
			g_free(*text_at(keep, i));
		}
		g_strfreev(keep->luns);
		g_free(keep);
	}
}

void vm_keep_drop(struct vm_keep **keep)
{
	vm_keep_free(*keep);
}

static bool legal(const struct vm_keep *keep)
{
	for (size_t i = 0; keep->luns[i] != NULL; i++) {
		if (i == VM_LUNS_MAX || !lun_name_valid(keep->luns[i])) {
			return false;
		}
	}
	return lun_name_valid(keep->array) && iscsi_name_valid(keep->host.initiator) &&
	       strlen(keep->host.node) <= NODE_NAME_MAX && keep->luns[0] != NULL &&
	       runner_transport_check(keep->transport, NULL) == 0;
}

static int decode(const char *text, size_t bytes, struct vm_keep *keep, struct err *err)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;
	bool whole = g_key_file_load_from_data(file, text, bytes, G_KEY_FILE_NONE, &error);

	for (size_t i = 0; whole && i < G_N_ELEMENTS(texts); i++) {
		*text_at(keep, i) = g_key_file_get_string(file, GROUP, texts[i].key, NULL);
		whole = *text_at(keep, i) != NULL || !texts[i].required;
	}
	keep->luns = whole ? g_key_file_get_string_list(file, GROUP, "luns", NULL, NULL) : NULL;
	if (keep->luns == NULL || !legal(keep)) {
		return err_set(err, -EBADMSG, "it does not say what was granted%s%s",
			       error == NULL ? "" : ": ", error == NULL ? "" : error->message);
	}
	return 0;
}

int vm_keep_load(const char *vm, struct vm_keep **ret, struct err *err)
{
	g_autofree char *text = g_malloc(BYTES_MAX);
	g_autofree char *path = vm_keep_path(vm);
	struct vm_keep *keep;
	size_t bytes;
	int rc = trusted_file_read(path, text, BYTES_MAX, &bytes, err);

	*ret = NULL;
	if (rc == 0) {
		keep = g_new0(struct vm_keep, 1);
		rc = decode(text, bytes, keep, err);
		if (rc == 0) {
			*ret = keep;
		} else {
			vm_keep_free(keep);
		}
	}
	return rc == 0 ? 0 : err_prefix(err, rc, "%s", path);
}

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool same_way(const struct vm_keep *keep, const struct vm_context *vm)
{
	return same(keep->array, vm->array.name) && same(keep->host.initiator, vm->self->initiator);
}

static bool named(const struct vm_context *vm, const char *lun)
{
	for (size_t i = 0; i < vm->n_luns; i++) {
		if (same(vm->lun_names[i], lun)) {
			return true;
		}
	}
	return false;
}

static void way_apply(const struct vm_keep *keep, struct vm_context *vm)
{
	const struct config_array *array;

	vm->array_info = (struct array_info){.known = false};
	vm->array = (struct array){
		.name = keep->array,
		.driver = keep->driver,
		.by = keep->host.initiator,
		.info = &vm->array_info,
		.runner = {.transport = keep->transport, .identity = keep->identity},
	};
	if (vm->config != NULL && config_array_get(vm->config, keep->array, &array, NULL) == 0) {
		vm->array.driver = array->driver;
		vm->array.runner.transport = array->transport;
		vm->array.runner.identity = array->identity;
	}
	vm->self = &keep->host;
	vm->n_luns = 0;
	vm->n_media = 0;
}

void vm_keep_apply(const struct vm_keep *keep, struct vm_context *vm)
{
	if (vm->self == NULL || !same_way(keep, vm)) {
		way_apply(keep, vm);
	}
	for (size_t i = 0; keep->luns[i] != NULL && vm->n_luns < VM_LUNS_MAX; i++) {
		if (!named(vm, keep->luns[i])) {
			vm->lun_names[vm->n_luns++] = keep->luns[i];
		}
	}
}

static bool granted_too(const char *other, const struct vm_context *vm, const char *lun)
{
	struct vm_keep *keep __attribute__((cleanup(vm_keep_drop))) = NULL;

	return !same(other, vm->settings->vm) && vm_name_valid(other) &&
	       vm_keep_load(other, &keep, NULL) == 0 && same(keep->array, vm->array.name) &&
	       g_strv_contains((const char *const *)keep->luns, lun);
}

char **vm_keep_others(const struct vm_context *vm, const char *lun)
{
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();
	g_autofree char *path = vm_keep_path("");
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;

	while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
		if (granted_too(name, vm, lun)) {
			g_strv_builder_add(names, name);
		}
	}
	return g_strv_builder_end(names);
}

static char *encode(const struct vm_context *vm, const GPtrArray *luns, gsize *ret_bytes)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	const struct array *array = &vm->array;

	g_key_file_set_string(file, GROUP, "array", array->name);
	g_key_file_set_string(file, GROUP, "driver", array->driver);
	g_key_file_set_string(file, GROUP, "transport", array->runner.transport);
	if (array->runner.identity != NULL) {
		g_key_file_set_string(file, GROUP, "identity", array->runner.identity);
	}
	g_key_file_set_string(file, GROUP, "node", vm->node);
	g_key_file_set_string(file, GROUP, "initiator", vm->self->initiator);
	g_key_file_set_string_list(file, GROUP, "luns", (const char *const *)luns->pdata,
				   luns->len);
	return g_key_file_to_data(file, ret_bytes, NULL);
}

static int file_write(const char *path, const char *text, gsize bytes, struct err *err)
{
	g_autofree char *directory = g_path_get_dirname(path);
	g_autoptr(GError) error = NULL;

	if (g_mkdir_with_parents(directory, 0700) != 0) {
		return err_set(err, -errno, "cannot create %s: %s", directory, strerror(errno));
	}
	/* Written to a temporary file and renamed: a reader sees the old file or the new one. */
	if (!g_file_set_contents_full(path, text, (gssize)bytes, G_FILE_SET_CONTENTS_CONSISTENT,
				      0600, &error)) {
		return err_set(err, -EIO, "%s", error->message);
	}
	return 0;
}

static int stop_first(const struct vm_context *vm, const char *why, int rc, struct err *err)
{
	return err_set(err, rc, "stop VM '%s' on this host first: %s", vm->settings->vm, why);
}

int vm_keep_store(const struct vm_context *vm, struct err *err)
{
	struct vm_keep *keep __attribute__((cleanup(vm_keep_drop))) = NULL;
	g_autoptr(GPtrArray) luns = g_ptr_array_new();
	g_autofree char *path = vm_keep_path(vm->settings->vm);
	g_autofree char *text = NULL;
	struct err why = ERR_INIT;
	gsize bytes;
	int rc = vm_keep_load(vm->settings->vm, &keep, &why);

	if (rc != 0 && rc != -ENOENT) {
		return stop_first(vm, err_text(&why), rc, err);
	}
	for (size_t i = 0; i < vm->n_luns; i++) {
		g_ptr_array_add(luns, (gpointer)vm->lun_names[i]);
	}
	for (size_t i = 0; keep != NULL && keep->luns[i] != NULL; i++) {
		if (!named(vm, keep->luns[i])) {
			g_ptr_array_add(luns, keep->luns[i]);
		}
	}
	if ((keep != NULL && !same_way(keep, vm)) || luns->len > VM_LUNS_MAX) {
		return stop_first(vm, "it may still be granted other LUNs", -EBUSY, err);
	}
	text = encode(vm, luns, &bytes);
	return file_write(path, text, bytes, err);
}

int vm_keep_remove(const char *vm, struct err *err)
{
	g_autofree char *path = vm_keep_path(vm);

	if (unlink(path) != 0 && errno != ENOENT) {
		return err_set(err, -errno, "cannot remove %s: %s", path, strerror(errno));
	}
	return 0;
}
