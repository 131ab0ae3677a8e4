/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-fenced NODE: prints when Pacemaker's fencer last powered NODE off or rebooted it with
 * success (seconds since the epoch; 0: it does not remember one). lunmaskd runs it, so that it need
 * not wait for Pacemaker itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <crm/common/results.h>

#include "fencer.h"

#define CLIENT "lunmask-fenced"
#define TIMEOUT_S 8 /* less than its caller's patience */

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
	rc = fencer_last_fencing(CLIENT, argv[1], TIMEOUT_S, &when);
	if (rc != pcmk_ok) {
		(void)fprintf(stderr, "lunmask-fenced: the fencer does not answer: %s\n",
			      pcmk_strerror(rc));
		return 1;
	}
	(void)printf("%lld\n", (long long)when);
	return fflush(stdout) == 0 ? 0 : 1;
}
