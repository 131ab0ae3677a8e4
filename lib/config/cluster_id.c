/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/cluster_id.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

struct cluster_id cluster_id_load(const char *key_file)
{
	struct cluster_id ret = {.text = ""};
	g_autofree char *key = NULL;
	g_autofree char *digits = NULL;
	gsize bytes;

	if (!g_file_get_contents(key_file != NULL ? key_file : CLUSTER_KEY_FILE, &key, &bytes,
				 NULL)) {
		return ret;
	}
	digits = g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)key, bytes,
					   "lunmask cluster id", -1);
	explicit_bzero(key, bytes);
	(void)snprintf(ret.text, sizeof(ret.text), "%s", bytes > 0 ? digits : "");
	return ret;
}
