/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/firmware_descriptor.h"

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#define FILES_MAX 1000
#define BYTES_MAX (64 * 1024)

const char *const firmware_folders[] = {"/etc/qemu/firmware", "/usr/share/qemu/firmware", NULL};

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the descriptors in all folders, each once, sorted. */
static GPtrArray *names_list(const char *const *folders)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

	for (; *folders != NULL; folders++) {
		g_autoptr(GDir) folder = g_dir_open(*folders, 0, NULL);
		const char *name;

		while (folder != NULL && (name = g_dir_read_name(folder)) != NULL &&
		       names->len < FILES_MAX) {
			if (g_str_has_suffix(name, ".json") &&
			    !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL)) {
				g_ptr_array_add(names, g_strdup(name));
			}
		}
	}
	g_ptr_array_sort(names, by_name);
	return names;
}

/* NULL: it is empty, which takes a descriptor away, or it is none. */
static json_t *descriptor_load(const char *const *folders, const char *name)
{
	for (; *folders != NULL; folders++) {
		g_autofree char *path = g_build_filename(*folders, name, NULL);
		g_autofree char *text = NULL;
		gsize bytes = 0;

		if (g_file_get_contents(path, &text, &bytes, NULL)) {
			return bytes > BYTES_MAX ? NULL : json_loadb(text, bytes, 0, NULL);
		}
	}
	return NULL;
}

static const char *text_of(const json_t *object, const char *member, const char *inner)
{
	return json_string_value(json_object_get(json_object_get(object, member), inner));
}

static bool list_has(const json_t *list, const char *word)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (g_strcmp0(json_string_value(json_array_get(list, i)), word) == 0) {
			return true;
		}
	}
	return false;
}

static bool descriptor_fits(const json_t *descriptor, const char *executable,
			    const char *const *features)
{
	const json_t *mapping = json_object_get(descriptor, "mapping");
	const char *mode = json_string_value(json_object_get(mapping, "mode"));

	if (g_strcmp0(json_string_value(json_object_get(mapping, "device")), "flash") != 0 ||
	    (mode != NULL && strcmp(mode, "split") != 0) ||
	    g_strcmp0(text_of(mapping, "executable", "filename"), executable) != 0 ||
	    text_of(mapping, "nvram-template", "filename") == NULL) {
		return false;
	}
	for (; features != NULL && *features != NULL; features++) {
		if (!list_has(json_object_get(descriptor, "features"), *features)) {
			return false;
		}
	}
	return true;
}

static int template_take(const json_t *descriptor, char **ret, struct err *err)
{
	const json_t *mapping = json_object_get(descriptor, "mapping");
	const char *file = text_of(mapping, "nvram-template", "filename");
	const char *format = text_of(mapping, "nvram-template", "format");

	if (format != NULL && strcmp(format, "raw") != 0) {
		return err_set(err, -EINVAL,
			       "the variables in %s are in the format %s; a LUN has them as they "
			       "are: choose a <loader> whose variables are raw",
			       file, format);
	}
	*ret = g_strdup(file);
	return 0;
}

int firmware_template_find(const char *const *folders, const char *executable,
			   const char *const *features, char **ret, struct err *err)
{
	g_autoptr(GPtrArray) names = names_list(folders);

	for (guint i = 0; i < names->len; i++) {
		json_t *descriptor = descriptor_load(folders, g_ptr_array_index(names, i));
		bool fits = descriptor_fits(descriptor, executable, features);
		int rc = fits ? template_take(descriptor, ret, err) : 0;

		json_decref(descriptor);
		if (fits) {
			return rc;
		}
	}
	return err_set(
		err, -ENOENT,
		"no descriptor in /usr/share/qemu/firmware names the variables of '%s': name "
		"the file as <nvram template='...'/>",
		executable);
}
