/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/fencer.h"

#include <errno.h>
#include <stdbool.h>

#include "cluster/fencer_history.h"
#include "cluster/pacemaker_compat.h"

/* Opens a connection for synchronous calls. Asking for the fd makes a main loop unnecessary. */
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

int fencer_fencings(const char *client, const char *node, int timeout_s, int *ret_count,
		    time_t *ret_last)
{
	stonith_history_t *history;
	int rc = history_get(client, node, timeout_s, &history);

	if (rc == pcmk_ok) {
		*ret_count = fencer_history_count(history);
		*ret_last = fencer_history_last(history);
	}
	stonith_history_free(history);
	return rc;
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

/* Without the option, no device counts for the node on which the fencer runs. */
int fencer_devices(const char *client, const char *node, int timeout_s, int *ret_count)
{
	stonith_key_value_t *devices = NULL;
	stonith_t *fencer;
	int rc = fencer_open(client, &fencer);

	if (rc == pcmk_ok) {
		rc = fencer->cmds->query(fencer, st_opt_sync_call | PACEMAKER_ALLOW_SELF_FENCING,
					 node, &devices, timeout_s);
		stonith_key_value_freeall(devices, 1, 1);
		fencer_close(fencer);
	}
	if (rc < 0 && rc != -ENODEV) {
		return rc;
	}
	*ret_count = rc < 0 ? 0 : rc;
	return pcmk_ok;
}

/* The fencer calls any action on its own node "suicide", so unfencing needs this option. */
int fencer_unfence(const char *client, const char *node, int timeout_s)
{
	stonith_t *fencer;
	int rc = fencer_open(client, &fencer);

	if (rc == pcmk_ok) {
		rc = fencer->cmds->fence(fencer, st_opt_sync_call | PACEMAKER_ALLOW_SELF_FENCING,
					 node, "on", timeout_s, 0);
		fencer_close(fencer);
	}
	return rc;
}
