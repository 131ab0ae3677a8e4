/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "san/portal_probe.h"

#include <fcntl.h>
#include <glib.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "san/iscsi_login.h"
#include "san/login_reason.h"

enum phase { PHASE_CONNECT, PHASE_LOGIN, PHASE_LOGOUT, PHASE_ENDED };

struct probe {
	struct path *path; /* NULL: the place is free */
	struct iscsi_context *context;
	const struct chap *chap; /* or NULL */
	const char *initiator;
	enum phase phase;
	int64_t begun_us;
	struct deadline deadline;
};

struct probes {
	struct probe probe[PORTAL_PROBES_MAX];
	size_t running;
	const char *initiator;
	int timeout_ms;
	void (*done)(void *data, const struct path *path);
	void *data;
};

static void __attribute__((format(printf, 3, 4)))
path_judge(struct probe *probe, enum path_state state, const char *format, ...)
{
	va_list args;

	probe->phase = PHASE_ENDED;
	probe->path->state = state;
	va_start(args, format);
	(void)vsnprintf(probe->path->reason, sizeof(probe->path->reason), format, args);
	va_end(args);
	(void)g_strchomp(probe->path->reason);
}

static void login_judge(struct probe *probe, int status)
{
	const char *text = iscsi_get_error(probe->context);
	char reason[LOGIN_REASON_MAX + 1];
	enum login_verdict verdict = login_reason(text, probe->chap, probe->initiator, reason);

	if (status == SCSI_STATUS_REDIRECT) {
		path_judge(probe, PATH_DOWN, "the portal redirects to %s: configure that portal",
			   iscsi_get_target_address(probe->context));
	} else if (verdict == LOGIN_FAILED) {
		path_judge(probe, PATH_DOWN, "login failed: %s", text);
	} else {
		path_judge(probe, PATH_REFUSED, "login refused: %s%s%s", reason,
			   reason[0] != '\0' ? ": " : "", text);
	}
}

/* The session has ended in any case. */
static void on_logout(struct iscsi_context *context, int status, void *command, void *data)
{
	struct probe *probe = data;

	(void)context, (void)status, (void)command;
	if (probe->phase == PHASE_LOGOUT) {
		probe->phase = PHASE_ENDED;
	}
}

static void on_login(struct iscsi_context *context, int status, void *command, void *data)
{
	struct probe *probe = data;

	(void)command;
	if (probe->phase != PHASE_LOGIN) {
		return;
	}
	if (status != SCSI_STATUS_GOOD) {
		login_judge(probe, status);
		return;
	}
	probe->path->state = PATH_UP;
	probe->path->latency_us =
		(uint32_t)MIN(g_get_monotonic_time() - probe->begun_us, INT32_MAX);
	probe->phase = PHASE_LOGOUT;
	if (iscsi_logout_async(context, on_logout, probe) != 0) {
		probe->phase = PHASE_ENDED;
	}
}

static void on_connect(struct iscsi_context *context, int status, void *command, void *data)
{
	struct probe *probe = data;

	(void)command;
	if (probe->phase != PHASE_CONNECT) {
		return;
	}
	probe->phase = PHASE_LOGIN;
	if (status != SCSI_STATUS_GOOD || iscsi_login_async(context, on_login, probe) != 0) {
		path_judge(probe, PATH_DOWN, "cannot connect: %s", iscsi_get_error(context));
	}
}

/* Without its secret, this host is not let in, whatever the array would answer. */
static bool probe_setup(struct probe *probe)
{
	struct err err = ERR_INIT;
	int rc = probe->context == NULL
			 ? err_set(&err, -EIO, "libiscsi refuses initiator '%s'", probe->initiator)
			 : iscsi_login_setup(probe->context, probe->chap, probe->initiator, &err);

	if (rc == 0 && iscsi_set_session_type(probe->context, ISCSI_SESSION_DISCOVERY) != 0) {
		rc = err_set(&err, -EIO, "libiscsi refuses a discovery session");
	}
	if (rc < 0) {
		path_judge(probe, rc == -EKEYREJECTED ? PATH_REFUSED : PATH_UNKNOWN, "%s",
			   err_text(&err));
	}
	return rc == 0;
}

static void probe_begin(const struct probes *probes, struct probe *probe, struct path *path,
			const struct chap *chap)
{
	*probe = (struct probe){.path = path,
				.context = iscsi_create_context(probes->initiator),
				.chap = chap,
				.initiator = probes->initiator,
				.begun_us = g_get_monotonic_time(),
				.deadline = deadline_in(probes->timeout_ms)};
	path->state = PATH_UNKNOWN;
	path->latency_us = 0;
	path->reason[0] = '\0';
	if (!probe_setup(probe)) {
		return;
	}
	if (iscsi_connect_async(probe->context, path->portal, on_connect, probe) != 0) {
		const char *text = iscsi_get_error(probe->context);

		/* Without a socket, nothing was learned about the array. */
		path_judge(probe,
			   strstr(text, "open iscsi socket") != NULL ? PATH_UNKNOWN : PATH_DOWN,
			   "cannot connect: %s", text);
		return;
	}
	(void)fcntl(iscsi_get_fd(probe->context), F_SETFD, FD_CLOEXEC);
}

static void late_judge(struct probe *probe, int timeout_ms)
{
	if (probe->phase == PHASE_LOGOUT) {
		probe->phase = PHASE_ENDED;
	} else if (probe->phase != PHASE_ENDED) {
		path_judge(probe, PATH_DOWN, "%s within %d ms",
			   probe->phase == PHASE_CONNECT ? "no connection"
							 : "no answer to the login",
			   timeout_ms);
	}
}

/* libiscsi speaks of its reconnection, which is off, where the portal has closed the connection. */
static void error_judge(struct probe *probe)
{
	const char *text = iscsi_get_error(probe->context);

	if (probe->phase == PHASE_LOGOUT) {
		probe->phase = PHASE_ENDED;
	} else if (strstr(text, "reconnect") != NULL) {
		path_judge(probe, PATH_DOWN, "the portal has closed the connection");
	} else {
		path_judge(probe, PATH_DOWN, "%s: %s",
			   probe->phase == PHASE_CONNECT ? "cannot connect" : "login", text);
	}
}

static void probe_service(const struct probes *probes, struct probe *probe, int revents)
{
	if (revents != 0 && probe->phase != PHASE_ENDED &&
	    iscsi_service(probe->context, revents) != 0 && probe->phase != PHASE_ENDED) {
		error_judge(probe);
	}
	if (deadline_passed(probe->deadline)) {
		late_judge(probe, probes->timeout_ms);
	}
}

static void probe_end(struct probes *probes, struct probe *probe)
{
	struct path *path = probe->path;

	if (probe->context != NULL) {
		iscsi_destroy_context(probe->context);
	}
	*probe = (struct probe){.path = NULL};
	probes->done(probes->data, path);
}

/* Waits for what is running, and ends what has its result. */
static void probes_turn(struct probes *probes)
{
	struct pollfd fds[PORTAL_PROBES_MAX];
	int wait_ms = probes->timeout_ms;
	nfds_t n_fds = 0;

	for (size_t i = 0; i < PORTAL_PROBES_MAX; i++) {
		struct probe *probe = &probes->probe[i];
		int left_ms;

		fds[i] = (struct pollfd){.fd = -1};
		if (probe->path == NULL) {
			continue;
		}
		left_ms = probe->phase == PHASE_ENDED ? 0 : deadline_left_ms(probe->deadline);
		wait_ms = MIN(wait_ms, left_ms);
		if (probe->phase != PHASE_ENDED) {
			fds[i].fd = iscsi_get_fd(probe->context);
			fds[i].events = (short)iscsi_which_events(probe->context);
			n_fds = i + 1;
		}
	}
	/* After an error (EINTR) the revents are 0, and only the deadlines are checked. */
	(void)poll(fds, n_fds, wait_ms);
	for (size_t i = 0; i < PORTAL_PROBES_MAX; i++) {
		struct probe *probe = &probes->probe[i];

		if (probe->path == NULL) {
			continue;
		}
		probe_service(probes, probe, fds[i].revents);
		if (probe->phase == PHASE_ENDED) {
			probe_end(probes, probe);
			probes->running--;
		}
	}
}

static struct probe *place_find(struct probes *probes)
{
	for (size_t i = 0; i < PORTAL_PROBES_MAX; i++) {
		if (probes->probe[i].path == NULL) {
			return &probes->probe[i];
		}
	}
	return NULL;
}

void portal_probe(struct path *paths, size_t n, const char *initiator, const struct config *config,
		  int timeout_ms, void (*done)(void *data, const struct path *path), void *data)
{
	g_autofree struct probes *probes = g_new0(struct probes, 1);
	size_t begun = 0;

	probes->initiator = initiator;
	probes->timeout_ms = timeout_ms;
	probes->done = done;
	probes->data = data;
	while (begun < n || probes->running > 0) {
		struct probe *place = begun < n ? place_find(probes) : NULL;

		if (place != NULL) {
			probe_begin(probes, place, &paths[begun],
				    config_chap(config, paths[begun].array));
			begun++;
			probes->running++;
		} else {
			probes_turn(probes);
		}
	}
}
