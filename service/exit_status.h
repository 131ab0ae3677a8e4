/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_EXIT_STATUS_H
#define LUNMASK_DAEMON_EXIT_STATUS_H

/*
 * How lunmaskd ends; lunmaskd(8) and lunmaskd.service know them. After those of the first group a
 * new start would end the same way; after the others systemd starts it again.
 */
enum exit_status {
	EXIT_STATUS_OK = 0,
	EXIT_STATUS_USAGE = 64,  /* command line */
	EXIT_STATUS_BUSY = 73,   /* another lunmaskd runs */
	EXIT_STATUS_CONFIG = 78, /* settings, key, modes, no encryption */

	EXIT_STATUS_CLUSTER = 69, /* corosync does not answer, or is gone */
	EXIT_STATUS_SOFTWARE = 70,
	EXIT_STATUS_STORE = 74, /* the disk */
	EXIT_STATUS_RESET = 75, /* the store was set back; a new one was made */
};

/* Of a -errno with which something could not be started. */
enum exit_status exit_status_of(int rc);

#endif
