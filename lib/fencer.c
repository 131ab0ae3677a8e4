/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fencer.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <crm/common/results.h>

static bool is_fencing(const stonith_history_t *entry)
{
	return entry->state == st_done && entry->action != NULL &&
	       (strcmp(entry->action, "off") == 0 || strcmp(entry->action, "reboot") == 0);
}

static bool is_unfencing(const stonith_history_t *entry)
{
	return entry->state == st_done && entry->action != NULL && strcmp(entry->action, "on") == 0;
}

static time_t last_of(const stonith_history_t *history, bool (*is)(const stonith_history_t *entry))
{
	time_t last = 0;

	for (; history != NULL; history = history->next) {
		if (is(history) && history->completed > last) {
			last = history->completed;
		}
	}
	return last;
}

time_t fencer_history_last(const stonith_history_t *history)
{
	return last_of(history, is_fencing);
}

time_t fencer_history_last_on(const stonith_history_t *history)
{
	return last_of(history, is_unfencing);
}

static bool is_later(const stonith_history_t *a, const stonith_history_t *b)
{
	return a->completed != b->completed ? a->completed > b->completed
					    : a->completed_nsec > b->completed_nsec;
}

bool fencer_history_is_fenced(const stonith_history_t *history)
{
	const stonith_history_t *last = NULL;

	for (; history != NULL; history = history->next) {
		if ((is_fencing(history) || is_unfencing(history)) &&
		    (last == NULL || is_later(history, last))) {
			last = history;
		}
	}
	return last != NULL && is_fencing(last);
}

/* Calls that wait for their answers. The fd is asked for so that no main loop is needed. */
static int fencer_open(const char *client, stonith_t **ret)
{
	stonith_t *fencer = stonith_api_new();
	int fd;
	int rc;

	if (fencer == NULL) {
		return -ENOMEM;
	}
	rc = fencer->cmds->connect(fencer, client, &fd);
	if (rc != pcmk_ok) {
		stonith_api_delete(fencer);
		return rc;
	}
	*ret = fencer;
	return pcmk_ok;
}

static void fencer_close(stonith_t *fencer)
{
	(void)fencer->cmds->disconnect(fencer);
	stonith_api_delete(fencer);
}

static int history_get(const char *client, const char *node, int timeout_s, stonith_history_t **ret)
{
	stonith_t *fencer;
	int rc = fencer_open(client, &fencer);

	*ret = NULL;
	if (rc == pcmk_ok) {
		rc = fencer->cmds->history(fencer, st_opt_sync_call, node, ret, timeout_s);
		fencer_close(fencer);
	}
	return rc;
}

static int last_get(const char *client, const char *node, int timeout_s,
		    time_t (*last)(const stonith_history_t *history), time_t *ret)
{
	stonith_history_t *history;
	int rc = history_get(client, node, timeout_s, &history);

	if (rc == pcmk_ok) {
		*ret = last(history);
	}
	stonith_history_free(history);
	return rc;
}

int fencer_last_fencing(const char *client, const char *node, int timeout_s, time_t *ret)
{
	return last_get(client, node, timeout_s, fencer_history_last, ret);
}

int fencer_last_unfencing(const char *client, const char *node, int timeout_s, time_t *ret)
{
	return last_get(client, node, timeout_s, fencer_history_last_on, ret);
}

int fencer_is_fenced(const char *client, const char *node, int timeout_s, bool *ret)
{
	stonith_history_t *history;
	int rc = history_get(client, node, timeout_s, &history);

	if (rc == pcmk_ok) {
		*ret = fencer_history_is_fenced(history);
	}
	stonith_history_free(history);
	return rc;
}

/* "Suicide" is what the fencer calls an action on its own node; this one is none. */
int fencer_unfence(const char *client, const char *node, int timeout_s)
{
	stonith_t *fencer;
	int rc = fencer_open(client, &fencer);

	if (rc == pcmk_ok) {
		rc = fencer->cmds->fence(fencer, st_opt_sync_call | st_opt_allow_suicide, node,
					 "on", timeout_s, 0);
		fencer_close(fencer);
	}
	return rc;
}
