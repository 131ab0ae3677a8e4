/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring/cluster_config.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_PREFIX "nodelist.node."

const char *const cluster_config_prefixes[] = {
	NODE_PREFIX,
	"totem.transport",
	"totem.secauth",
	"totem.crypto_",
	"quorum.wait",
	"quorum.two_node",
	NULL,
};

static const struct {
	const char *key;
	size_t offset;
} words[] = {
	{"totem.transport", offsetof(struct cluster_config, transport)},
	{"totem.secauth", offsetof(struct cluster_config, secauth)},
	{"totem.crypto_cipher", offsetof(struct cluster_config, cipher)},
	{"totem.crypto_hash", offsetof(struct cluster_config, hash)},
	{"quorum.wait_for_all", offsetof(struct cluster_config, wait_for_all)},
	{"quorum.two_node", offsetof(struct cluster_config, two_node)},
};

static bool word_set(struct cluster_config *config, const char *key, const char *value)
{
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strcmp(words[i].key, key) == 0) {
			(void)snprintf((char *)config + words[i].offset, CLUSTER_CONFIG_WORD, "%s",
				       value == NULL ? "" : value);
			return true;
		}
	}
	return false;
}

/* Returns 0 if value is not a node id. */
static uint32_t id_parse(const char *value)
{
	guint64 id;

	return value != NULL && g_ascii_string_to_unsigned(value, 10, 1, UINT32_MAX, &id, NULL)
		       ? (uint32_t)id
		       : 0;
}

static bool node_set(struct cluster_config *config, const char *key, const char *value)
{
	char *rest;
	unsigned long at;

	if (*key < '0' || *key > '9') {
		return false;
	}
	at = strtoul(key, &rest, 10);
	if (strcmp(rest, ".nodeid") != 0 && strcmp(rest, ".name") != 0) {
		return false;
	}
	if (at >= CLUSTER_CONFIG_POSITIONS_MAX) {
		config->overflow = config->overflow || value != NULL;
	} else if (strcmp(rest, ".nodeid") == 0) {
		config->node[at].id = id_parse(value);
	} else {
		/* A name that is too long is ignored: cut off, it could be another node's. */
		bool fits = value != NULL && strlen(value) <= NODE_NAME_MAX;

		(void)snprintf(config->node[at].name, sizeof(config->node[at].name), "%s",
			       fits ? value : "");
	}
	return true;
}

bool cluster_config_set(struct cluster_config *config, const char *key, const char *value)
{
	if (strncmp(key, NODE_PREFIX, strlen(NODE_PREFIX)) == 0) {
		return node_set(config, key + strlen(NODE_PREFIX), value);
	}
	return word_set(config, key, value);
}

static int id_compare(const void *a, const void *b)
{
	const uint32_t *one = a;
	const uint32_t *other = b;

	return (*one > *other) - (*one < *other);
}

size_t cluster_config_ids_sort(uint32_t *ids, size_t n)
{
	size_t kept = 0;

	qsort(ids, n, sizeof(*ids), id_compare);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || ids[i] != ids[kept - 1]) {
			ids[kept++] = ids[i];
		}
	}
	return kept;
}

int cluster_config_nodes(const struct cluster_config *config, uint32_t nodes[JOURNAL_VOTERS_MAX],
			 size_t *ret_n, struct err *err)
{
	uint32_t found[CLUSTER_CONFIG_POSITIONS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < CLUSTER_CONFIG_POSITIONS_MAX; i++) {
		if (config->node[i].id != 0) {
			found[n++] = config->node[i].id;
		}
	}
	if (n == 0) {
		return err_set(err, -EINVAL,
			       "corosync.conf has no nodelist with a nodeid for each node");
	}
	if (n > JOURNAL_VOTERS_MAX || config->overflow) {
		return err_set(err, -EINVAL, "corosync.conf has more than %d nodes",
			       JOURNAL_VOTERS_MAX);
	}
	qsort(found, n, sizeof(found[0]), id_compare);
	for (size_t i = 1; i < n; i++) {
		if (found[i] == found[i - 1]) {
			return err_set(err, -EINVAL, "corosync.conf has nodeid %u twice", found[i]);
		}
	}
	memcpy(nodes, found, n * sizeof(found[0]));
	*ret_n = n;
	return 0;
}

const char *cluster_config_name(const struct cluster_config *config, uint32_t node)
{
	for (size_t i = 0; i < CLUSTER_CONFIG_POSITIONS_MAX; i++) {
		if (config->node[i].id == node && node != 0 && config->node[i].name[0] != '\0') {
			return config->node[i].name;
		}
	}
	return NULL;
}

int cluster_config_encrypted(const struct cluster_config *config, struct err *err)
{
	/* secauth sets both; crypto_cipher and crypto_hash take precedence (corosync.conf(5)). */
	const char *both = strcmp(config->secauth, "on") == 0 ? "set by secauth" : "none";
	const char *cipher = config->cipher[0] != '\0' ? config->cipher : both;
	const char *hash = config->hash[0] != '\0' ? config->hash : both;

	if (config->transport[0] != '\0' && strcmp(config->transport, "knet") != 0) {
		return err_set(err, -EPERM, "totem.transport is %s, which cannot encrypt",
			       config->transport);
	}
	if (strcmp(cipher, "none") == 0 || strcmp(hash, "none") == 0) {
		return err_set(err, -EPERM, "totem.crypto_cipher is %s and totem.crypto_hash is %s",
			       cipher, hash);
	}
	return 0;
}

bool cluster_config_wait_for_all(const struct cluster_config *config)
{
	const char *set = config->wait_for_all[0] != '\0' ? config->wait_for_all : config->two_node;

	return strcmp(set, "1") == 0;
}
