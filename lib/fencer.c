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

static int fencer_ask(const char *client, const char *node, int timeout_s,
		      time_t (*last)(const stonith_history_t *history), time_t *ret)
{
	stonith_history_t *history = NULL;
	stonith_t *fencer = stonith_api_new();
	int fd; /* asked for, so that no main loop is needed */
	int rc;

	if (fencer == NULL) {
		return -ENOMEM;
	}
	rc = fencer->cmds->connect(fencer, client, &fd);
	if (rc == pcmk_ok) {
		rc = fencer->cmds->history(fencer, st_opt_sync_call, node, &history, timeout_s);
		(void)fencer->cmds->disconnect(fencer);
	}
	if (rc == pcmk_ok) {
		*ret = last(history);
	}
	stonith_history_free(history);
	stonith_api_delete(fencer);
	return rc;
}

int fencer_last_fencing(const char *client, const char *node, int timeout_s, time_t *ret)
{
	return fencer_ask(client, node, timeout_s, fencer_history_last, ret);
}

int fencer_last_unfencing(const char *client, const char *node, int timeout_s, time_t *ret)
{
	return fencer_ask(client, node, timeout_s, fencer_history_last_on, ret);
}
