/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CONFIG_H
#define LUNMASK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * /etc/lunmask/lunmask.conf: the arrays and how their management is reached, and the name each
 * cluster node has on the SAN. See lunmask.conf(5).
 *
 *	[array san1]
 *	driver = lunmask-array-tgt
 *	transport = ssh://lunmask@10.77.0.100     (or: exec)
 *	identity = /etc/lunmask/san1.key          (ssh only; optional; mode 0600)
 *	portals = 10.77.0.100:3260
 *
 *	[host node1]
 *	initiator = iqn.2026-11.org.example:node1
 *	migration_address = 10.77.0.1             (optional; default: the node's name)
 *	unfence_after_cutoff = no                 (optional; default: yes)
 *
 * An unknown section or key is an error, as is one that is missing or there twice; the text names
 * file, section, key, the value that was refused and what is legal. The file names programs that
 * run as root: only root, or the caller, may be able to write it. Key files must be theirs too, and
 * nobody else's to read.
 *
 * Everything a config_find returns belongs to the config and lives as long as it does.
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
};

struct config_host {
	char *node;
	char *initiator;
	char *migration_address; /* never NULL */
	bool unfence_after_cutoff;
};

/* path NULL means $LUNMASK_CONF, or CONFIG_FILE. -ENOENT, -EINVAL, -EACCES with text. */
int config_load(const char *path, struct config **ret, struct err *err);

/* The same from memory; file is its name for messages. No other file is looked at. -EINVAL. */
int config_parse(const char *text, size_t bytes, const char *file, struct config **ret,
		 struct err *err);

void config_free(struct config *config);

/* -ENOENT with the names that are configured. */
int config_array_get(const struct config *config, const char *name, const struct config_array **ret,
		     struct err *err);
int config_host_get(const struct config *config, const char *node, const struct config_host **ret,
		    struct err *err);

/* NULL when no host has it. */
const struct config_host *config_host_find_initiator(const struct config *config,
						     const char *initiator);

/* All arrays, and all hosts, for lists and checks. */
const struct config_array *config_arrays(const struct config *config, size_t *ret_count);
const struct config_host *config_hosts(const struct config *config, size_t *ret_count);

#endif
