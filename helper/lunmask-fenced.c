/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-fenced PEER SELF: prints when Pacemaker's fencer last powered PEER off or rebooted it
 * with success, and when it last switched SELF on (unfenced it); seconds since the epoch, 0: it
 * does not remember one. lunmaskd runs it, so that it need not wait for Pacemaker itself.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <crm/common/results.h>

#include "cluster/fencer.h"

#define CLIENT "lunmask-fenced"
#define TIMEOUT_S 4 /* for each of two questions: less than its caller's patience */

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
	/* The libraries may wait for a fencer that hangs. */
	(void)alarm(2 * TIMEOUT_S + 1);
	/* In this order: who was let in before the peer's fencing is told of must be seen to be. */
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
