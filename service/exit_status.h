/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_EXIT_STATUS_H
#define LUNMASK_DAEMON_EXIT_STATUS_H

/*
 * The exit statuses of lunmaskd and lunmask-cutoff, documented in lunmaskd(8) and used in the
 * systemd units. After one of the first group a restart would fail in the same way, so systemd does
 * not restart the service. After one of the second group it does.
 */
enum exit_status {
	EXIT_STATUS_OK = 0,
	EXIT_STATUS_USAGE = 64,  /* command line */
	EXIT_STATUS_BUSY = 73,   /* another instance is running */
	EXIT_STATUS_CONFIG = 78, /* settings, key, modes, no encryption; a newer journal */

	EXIT_STATUS_CLUSTER = 69, /* corosync does not answer, or has exited */
	EXIT_STATUS_SOFTWARE = 70,
	EXIT_STATUS_STORE = 74, /* disk error, or the disk is full */
	EXIT_STATUS_RESET = 75, /* the store was set back; a new one has been created */
};

/* The exit status for the -errno with which a start failed. */
enum exit_status exit_status_of(int rc);

#endif
