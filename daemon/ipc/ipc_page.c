/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipc/ipc_page.h"

#include <errno.h>
#include <string.h>

/* For the largest record: the encoders do not check the buffer's size. */
static bool has_room(size_t used, size_t max)
{
	return max - used >= JOURNAL_RECORD_BYTES_MAX;
}

int ipc_page_tasks(const struct tasks *tasks, const struct id128 *after, uint8_t *buffer,
		   size_t max, size_t *ret_bytes, bool *ret_more)
{
	size_t n = tasks_count(tasks);
	size_t at = 0;

	if (!id128_is_zero(after)) {
		while (at < n && !id128_equal(&tasks_at(tasks, at)->uuid, after)) {
			at++;
		}
		if (at++ == n) {
			return -ESTALE;
		}
	}
	*ret_bytes = 0;
	for (; at < n && has_room(*ret_bytes, max); at++) {
		*ret_bytes += journal_task_encode(tasks_at(tasks, at), buffer + *ret_bytes);
	}
	*ret_more = at < n;
	return 0;
}

static bool release_is(const struct journal_release *release, const char *vm, const char *node)
{
	return strcmp(release->vm, vm) == 0 && strcmp(release->node, node) == 0;
}

int ipc_page_releases(const struct tasks *tasks, const char *vm, const char *node, uint8_t *buffer,
		      size_t max, size_t *ret_bytes, bool *ret_more)
{
	size_t n = tasks_release_count(tasks);
	size_t at = 0;

	if (*vm != '\0') {
		while (at < n && !release_is(tasks_release_at(tasks, at), vm, node)) {
			at++;
		}
		if (at++ == n) {
			return -ESTALE;
		}
	}
	*ret_bytes = 0;
	for (; at < n && has_room(*ret_bytes, max); at++) {
		*ret_bytes +=
			journal_release_encode(tasks_release_at(tasks, at), buffer + *ret_bytes);
	}
	*ret_more = at < n;
	return 0;
}

void ipc_page_paths(ipc_path *path, void *shell, uint64_t from, uint8_t *buffer, size_t max,
		    size_t *ret_bytes, bool *ret_more)
{
	struct journal_path row;
	size_t at = from < SIZE_MAX ? (size_t)from : SIZE_MAX;

	*ret_bytes = 0;
	*ret_more = path(shell, at, &row);
	while (*ret_more && has_room(*ret_bytes, max)) {
		*ret_bytes += journal_path_encode(&row, buffer + *ret_bytes);
		*ret_more = path(shell, ++at, &row);
	}
}
