/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CONFIG_H
#define LUNMASK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "config/chap.h"

/*
 * /etc/lunmask/lunmask.conf: the arrays, how to reach their management, and the name of each
 * cluster node on the SAN. See lunmask.conf(5).
 *
 *	[array san1]
 *	driver = lunmask-array-tgt
 *	transport = ssh://lunmask@10.77.0.100     (or: exec)
 *	identity = /etc/lunmask/san1.key          (ssh only; optional; mode 0600)
 *	portals = 10.77.0.100:3260
 *	chap_secret_file = /etc/lunmask/san1.chap (chap.h; optional)
 *
 *	[host node1]
 *	initiator = iqn.2026-11.org.example:node1
 *	migration_address = 10.77.0.1             (optional; default: the node's name)
 *	unfence_after_cutoff = no                 (optional; default: yes)
 *
 * A section or key that is unknown, missing or repeated is an error. The text names file, section,
 * key, the refused value and the legal ones. The file names programs that run as root, so only root
 * or the caller may own it and be able to write it. The same owners are required for key files,
 * which no one else may read.
 *
 * The config owns all that its lookups return.
 */
#define CONFIG_FILE "/etc/lunmask/lunmask.conf"
#define CONFIG_FILE_MAX_BYTES (256u * 1024)
#define CONFIG_PORTALS_MAX 16
#define CONFIG_ARRAYS_MAX 64
#define CONFIG_HOSTS_MAX 256

struct config;

struct config_array {
	char *name;
	char *driver;    /* program name or absolute path */
	char *transport; /* "exec" or "ssh://[USER@]HOST[:PORT]" */
	char *identity;  /* private key file, or NULL */
	char **portals;  /* NULL-terminated; at least one */
	size_t n_portals;
	struct chap chap;
};

struct config_host {
	char *node;
	char *initiator;
	char *migration_address; /* never NULL */
	bool unfence_after_cutoff;
};

/* path NULL: $LUNMASK_CONF, or CONFIG_FILE. -ENOENT, -EINVAL, -EACCES with text. */
int config_load(const char *path, struct config **ret, struct err *err);

/* As config_load(), from memory; file is used in messages. Checks no other file. -EINVAL. */
int config_parse(const char *text, size_t bytes, const char *file, struct config **ret,
		 struct err *err);

void config_free(struct config *config);

/* -ENOENT with the configured names. */
int config_array_get(const struct config *config, const char *name, const struct config_array **ret,
		     struct err *err);
int config_host_get(const struct config *config, const char *node, const struct config_host **ret,
		    struct err *err);

/* NULL: no host has it. */
const struct config_host *config_host_find_initiator(const struct config *config,
						     const char *initiator);

/* How hosts log in to the array. NULL: without CHAP, there is no such array, or config is NULL. */
const struct chap *config_chap(const struct config *config, const char *array);

/* All arrays and all hosts. */
const struct config_array *config_arrays(const struct config *config, size_t *ret_count);
const struct config_host *config_hosts(const struct config *config, size_t *ret_count);

#endif
