/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-fenced NODE: prints when Pacemaker's fencer last powered NODE off or rebooted it with
 * success (seconds since the epoch; 0: it does not remember one). lunmaskd runs it, so that it need
 * not wait for Pacemaker itself.
 *
 * An "on" does not count: it is what ends a fencing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <crm/common/results.h>
#include <crm/stonith-ng.h>

#define CLIENT "lunmask-fenced"
#define TIMEOUT_S 8 /* less than its caller's patience */

static time_t history_last(const stonith_history_t *history)
{
	time_t last = 0;

	for (; history != NULL; history = history->next) {
		if (history->state == st_done && history->action != NULL &&
		    (strcmp(history->action, "off") == 0 ||
		     strcmp(history->action, "reboot") == 0) &&
		    history->completed > last) {
			last = history->completed;
		}
	}
	return last;
}

static int fencer_ask(const char *node, time_t *ret)
{
	stonith_history_t *history = NULL;
	stonith_t *fencer = stonith_api_new();
	int rc;

	if (fencer == NULL) {
		return -ENOMEM;
	}
	rc = fencer->cmds->connect(fencer, CLIENT, NULL);
	if (rc == pcmk_ok) {
		rc = fencer->cmds->history(fencer, st_opt_sync_call, node, &history, TIMEOUT_S);
		(void)fencer->cmds->disconnect(fencer);
	}
	if (rc == pcmk_ok) {
		*ret = history_last(history);
	}
	stonith_history_free(history);
	stonith_api_delete(fencer);
	return rc;
}

int main(int argc, char **argv)
{
	time_t when = 0;
	int rc;

	if (argc != 2 || *argv[1] == '\0' || *argv[1] == '-') {
		(void)fputs("usage: lunmask-fenced NODE\n", stderr);
		return 2;
	}
	/* The libraries may wait for a fencer that hangs. */
	(void)alarm(TIMEOUT_S + 1);
	rc = fencer_ask(argv[1], &when);
	if (rc != pcmk_ok) {
		(void)fprintf(stderr, "lunmask-fenced: the fencer does not answer: %s\n",
			      pcmk_strerror(rc));
		return 1;
	}
	(void)printf("%lld\n", (long long)when);
	return fflush(stdout) == 0 ? 0 : 1;
}
