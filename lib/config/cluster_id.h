/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CLUSTER_ID_H
#define LUNMASK_CLUSTER_ID_H

/*
 * Names this cluster among others that use the same array, and may have nodes of the same names.
 * All nodes have the journal's key in common, and no other cluster has it. The id is derived from
 * the key, and does not reveal it.
 */
#define CLUSTER_ID_DIGITS 16
#define CLUSTER_KEY_FILE "/etc/lunmask/journal.key"

struct cluster_id {
	char text[CLUSTER_ID_DIGITS + 1];
};

/* key_file NULL: CLUSTER_KEY_FILE. text is "" if the key cannot be read. */
struct cluster_id cluster_id_load(const char *key_file);

#endif
