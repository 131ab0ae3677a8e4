/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/cluster_attribute.h"

#include "process/runner.h"

#define PROGRAM "attrd_updater"
#define OUTPUT_MAX 4096

static int updater_run(const char *const argv[], const char *name, struct deadline deadline,
		       struct err *err)
{
	static const struct runner here = {.transport = "exec"};
	struct runner_result result = {.output = NULL};
	int rc = runner_run(&here, argv, "", OUTPUT_MAX, deadline, &result, err);

	if (rc == -ENOENT) {
		(void)err_set(err, rc,
			      "install attrd_updater (package pacemaker-cli-utils or "
			      "pacemaker-cli)");
	} else if (rc == 0 && result.exit_status != 0) {
		rc = err_set(err, -ENOTCONN, "%.120s (exit status %d)",
			     result.stderr_tail[0] != '\0' ? result.stderr_tail : PROGRAM " failed",
			     result.exit_status);
	}
	runner_result_release(&result);
	return rc < 0 ? err_prefix(err, rc, "node attribute %.80s", name) : 0;
}

int cluster_attribute_set(const char *name, const char *value, const char *dampen, bool renew,
			  struct deadline deadline, struct err *err)
{
	const char *const argv[] = {
		PROGRAM, "--name",  name,   renew ? "--update-both" : "--update",
		value,   "--delay", dampen, NULL};

	return updater_run(argv, name, deadline, err);
}

int cluster_attribute_clear(const char *name, struct deadline deadline, struct err *err)
{
	const char *const argv[] = {PROGRAM, "--name", name, "--delete", NULL};

	return updater_run(argv, name, deadline, err);
}
