/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-fenced PEER SELF: prints when Pacemaker's fencer last powered off or rebooted PEER with
 * success, and when it last unfenced SELF ("on"). Times are in seconds since the epoch; 0: the
 * fencer's history has no such action. lunmaskd runs this program so that it does not have to wait
 * for Pacemaker itself.
 *
 * Exit status: 0: done; 1: the fencer does not answer; 2: usage.
 */
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "cluster/fencer.h"
#include "cluster/pacemaker_compat.h"

#define CLIENT "lunmask-fenced"
#define TIMEOUT_S 4 /* for each of the two queries; together less than the caller's time limit */

static bool is_node(const char *argument)
{
	return *argument != '\0' && *argument != '-';
}

int main(int argc, char **argv)
{
	time_t unfenced = 0;
	time_t fenced = 0;
	int rc;

	if (argc != 3 || !is_node(argv[1]) || !is_node(argv[2])) {
		(void)fputs("usage: lunmask-fenced PEER SELF\n", stderr);
		return 2;
	}
	/* The libraries may block on a hanging fencer. */
	(void)alarm(2 * TIMEOUT_S + 1);
	/* In this order: an unfencing of SELF before the answer about PEER must be seen. */
	rc = fencer_last_fencing(CLIENT, argv[1], TIMEOUT_S, &fenced);
	if (rc == pcmk_ok) {
		rc = fencer_last_unfencing(CLIENT, argv[2], TIMEOUT_S, &unfenced);
	}
	if (rc != pcmk_ok) {
		(void)fprintf(stderr, "lunmask-fenced: the fencer does not answer: %s\n",
			      pcmk_strerror(rc));
		return 1;
	}
	(void)printf("%lld %lld\n", (long long)fenced, (long long)unfenced);
	return fflush(stdout) == 0 ? 0 : 1;
}
