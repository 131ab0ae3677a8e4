/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_config_copy.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int vm_config_copy_store(struct err *err)
{
	const char *path = getenv("LUNMASK_CONF");
	g_autofree char *directory = g_path_get_dirname(VM_CONFIG_COPY_FILE);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	gsize bytes;

	path = path == NULL || path[0] == '\0' ? CONFIG_FILE : path;
	if (!g_file_get_contents(path, &text, &bytes, &error)) {
		return err_set(err, -ENOENT, "%s", error->message);
	}
	if (g_mkdir_with_parents(directory, 0700) != 0) {
		return err_set(err, -errno, "cannot create %s: %s", directory, strerror(errno));
	}
	/*
	 * Written to a temporary file and renamed, so that a reader sees the old copy or the new
	 * one.
	 */
	if (!g_file_set_contents_full(VM_CONFIG_COPY_FILE, text, (gssize)bytes,
				      G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error)) {
		return err_set(err, -EIO, "%s", error->message);
	}
	return 0;
}
