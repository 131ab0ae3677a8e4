/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/log_target.h"

#include <signal.h>
#include <stdint.h>
#include <syslog.h>

#include <qb/qbdefs.h>
#include <qb/qblog.h>

/* With all signals blocked: else it takes those that the other threads block later. */
static int thread_start(void)
{
	sigset_t all, before;
	int rc;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = qb_log_thread_start();
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

void log_target_start(const char *name, bool to_stderr, bool stamped, int level)
{
	enum qb_log_target_slot target = to_stderr ? QB_LOG_STDERR : QB_LOG_SYSLOG;

	qb_log_init(name, LOG_DAEMON, (uint8_t)level);
	(void)qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_ENABLED, QB_FALSE);
	(void)qb_log_filter_ctl(target, QB_LOG_FILTER_ADD, QB_LOG_FILTER_FILE, "*", (uint8_t)level);
	qb_log_format_set(target, stamped ? "%t %7p %b" : "%b");
	(void)qb_log_ctl(target, QB_LOG_CONF_ENABLED, QB_TRUE);
	/* First the thread: a target set THREADED before it exists has no lock. */
	if (!to_stderr && thread_start() == 0) {
		(void)qb_log_ctl(target, QB_LOG_CONF_THREADED, QB_TRUE);
	}
}
