/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cutoff/cutoff_paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_ADDRESS_MAX 64
#define ESTABLISHED 0x01 /* the kernel's TCP_ESTABLISHED */
#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* A connection is identified by both ends: after each connect the local port is a different one. */
static uint64_t key_of(const char *local, const char *remote)
{
	uint64_t key = FNV_START;

	for (; *local != '\0'; local++) {
		key = (key ^ (uint8_t)*local) * FNV_PRIME;
	}
	for (key *= FNV_PRIME; *remote != '\0'; remote++) {
		key = (key ^ (uint8_t)*remote) * FNV_PRIME;
	}
	return key;
}

static bool port_is_one(const char *end, const uint16_t *ports, size_t n_ports)
{
	const char *colon = strrchr(end, ':');
	unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, NULL, 16);

	for (size_t i = 0; i < n_ports; i++) {
		if (port == ports[i]) {
			return true;
		}
	}
	return false;
}

static int key_add(struct cutoff_paths *paths, uint64_t key)
{
	if (paths->n == paths->room) {
		size_t room = paths->room == 0 ? 64 : 2 * paths->room;
		uint64_t *keys = realloc(paths->keys, room * sizeof(*keys));

		if (keys == NULL) {
			return -ENOMEM;
		}
		paths->keys = keys;
		paths->room = room;
	}
	paths->keys[paths->n++] = key;
	return 0;
}

/* "   0: 0100007F:0CBC 00000000:0000 0A ...": local end, remote end, state. */
static int line_take(const char *line, const uint16_t *ports, size_t n_ports,
		     struct cutoff_paths *paths)
{
	char local[LINE_ADDRESS_MAX];
	char remote[LINE_ADDRESS_MAX];
	unsigned int state;

	if (sscanf(line, " %*u: %63s %63s %x", local, remote, &state) != 3 ||
	    state != ESTABLISHED || !port_is_one(remote, ports, n_ports)) {
		return 0;
	}
	return key_add(paths, key_of(local, remote));
}

int cutoff_paths_parse(const char *text, const uint16_t *ports, size_t n_ports,
		       struct cutoff_paths *paths)
{
	int rc = 0;

	while (rc == 0 && *text != '\0') {
		rc = line_take(text, ports, n_ports, paths);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return rc;
}

static int key_compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

void cutoff_paths_sort(struct cutoff_paths *paths)
{
	if (paths->n > 0) {
		qsort(paths->keys, paths->n, sizeof(*paths->keys), key_compare);
	}
}

bool cutoff_paths_lost(const struct cutoff_paths *before, const struct cutoff_paths *after)
{
	size_t at = 0;

	for (size_t i = 0; i < before->n; i++) {
		while (at < after->n && after->keys[at] < before->keys[i]) {
			at++;
		}
		if (at == after->n || after->keys[at] != before->keys[i]) {
			return true;
		}
	}
	return false;
}

/* A host without IPv6 does not have /proc/net/tcp6. */
static int file_take(const char *path, const uint16_t *ports, size_t n_ports,
		     struct cutoff_paths *paths, struct err *err)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	int rc = 0;

	if (file == NULL) {
		return errno == ENOENT ? 0 : err_set(err, -errno, "%s: %s", path, strerror(errno));
	}
	while (rc == 0 && getline(&line, &size, file) >= 0) {
		rc = line_take(line, ports, n_ports, paths);
	}
	free(line);
	(void)fclose(file);
	return rc < 0 ? err_set(err, rc, "%s: out of memory", path) : 0;
}

int cutoff_paths_look(const uint16_t *ports, size_t n_ports, struct cutoff_paths *paths,
		      bool *ret_lost, struct err *err)
{
	struct cutoff_paths now = {.n = 0};
	int rc = file_take("/proc/net/tcp", ports, n_ports, &now, err);

	rc = rc < 0 ? rc : file_take("/proc/net/tcp6", ports, n_ports, &now, err);
	if (rc < 0) {
		cutoff_paths_release(&now);
		return rc;
	}
	cutoff_paths_sort(&now);
	*ret_lost = cutoff_paths_lost(paths, &now);
	cutoff_paths_release(paths);
	*paths = now;
	return 0;
}

void cutoff_paths_release(struct cutoff_paths *paths)
{
	free(paths->keys);
	*paths = (struct cutoff_paths){.n = 0};
}
