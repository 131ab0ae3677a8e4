/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-redirect: one iSCSI login of a program of this host, which is on stdin and stdout, is
 * redirected (RFC 7143 11.13.5) to a portal that lets this host in now. QEMU comes here again each
 * time that it loses its connection, so a guest changes over when its portal dies. Changes nothing.
 *
 * Exit status: 0: redirected; 1: refused, the answer says so; 2: wrong usage.
 */
#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "command/usage.h"
#include "config/config.h"
#include "names/portal.h"
#include "redirect/login_message.h"
#include "redirect/portal_choice.h"
#include "redirect/portal_orphan.h"

enum { EXIT_REDIRECTED = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

#define TIME_MS 8000     /* 5 s for portals that do not answer */
#define FAREWELL_MS 2000 /* for the other side to close */

static const struct usage usage = {
	.name = "lunmask-redirect",
	.word = "<LOGIN",
	.summary = "Redirects an iSCSI login to a portal of lunmask.conf that lets this host in.\n"
		   "systemd runs it for each connection to " REDIRECT_PORTAL ".",
};

/* -EPIPE: the other side has closed. */
static int read_exactly(unsigned char *data, size_t bytes, struct deadline deadline,
			struct err *err)
{
	for (size_t at = 0; at < bytes;) {
		struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
		ssize_t got;

		if (poll(&input, 1, deadline_left_ms(deadline)) <= 0) {
			return err_set(err, -ETIMEDOUT, "no login request within %d s",
				       TIME_MS / 1000);
		}
		got = read(STDIN_FILENO, data + at, bytes - at);
		if (got <= 0) {
			return err_set(err, -EPIPE, "the connection was closed");
		}
		at += (size_t)got;
	}
	return 0;
}

static int request_read(struct login_request *ret, struct deadline deadline, struct err *err)
{
	unsigned char header[LOGIN_HEADER_BYTES];
	unsigned char data[LOGIN_DATA_MAX];
	size_t bytes = 0;
	int rc = read_exactly(header, sizeof(header), deadline, err);

	*ret = (struct login_request){.refusal = 0};
	rc = rc < 0 ? rc : login_request_length(header, &bytes, err);
	rc = rc < 0 ? rc : read_exactly(data, bytes, deadline, err);
	return rc < 0 ? rc : login_request_decode(header, data, bytes, ret, err);
}

/*
 * The login does not say of which array its target is, and two arrays may have targets of one name.
 * A guest that its array has cut off would then be sent to another one's volume. So there must be
 * one.
 */
static int portals_collect(const struct config *config, struct portal_place *ret,
			   const char **ret_names, size_t *ret_n, struct err *err)
{
	size_t n_arrays = 0;
	const struct config_array *arrays = config_arrays(config, &n_arrays);

	*ret_n = 0;
	if (n_arrays != 1) {
		return err_set(err, -ENOTUNIQ,
			       "lunmask.conf has %zu arrays, and it is not known which one the "
			       "target is of: logins are redirected where there is one",
			       n_arrays);
	}
	for (size_t k = 0; k < arrays[0].n_portals; k++) {
		ret[k] = (struct portal_place){.portal = arrays[0].portals[k],
					       .chap = config_chap(config, arrays[0].name)};
		ret_names[k] = arrays[0].portals[k];
		(*ret_n)++;
	}
	return 0;
}

static int portal_find(const struct login_request *request, struct deadline deadline,
		       char ret[static ISCSI_PORTAL_MAX + 1], struct err *err)
{
	struct portal_place portals[PORTAL_CHOICE_MAX];
	const char *names[PORTAL_CHOICE_MAX];
	struct config *config = NULL;
	size_t n = 0;
	size_t at = 0;
	int rc = config_load(NULL, &config, err);

	rc = rc < 0 ? rc : portals_collect(config, portals, names, &n, err);
	if (rc == 0) {
		rc = portal_choose(request->initiator, request->target, portals, n, deadline, &at,
				   err);
	}
	rc = rc < 0 ? rc : portal_orphans_end(names, n, deadline, err);
	if (rc == 0) {
		(void)g_strlcpy(ret, names[at], ISCSI_PORTAL_MAX + 1);
	}
	config_free(config);
	return rc;
}

/* The other side closes first, so that it has read the answer when the connection ends. */
static void answer_send(const unsigned char *answer, size_t bytes)
{
	struct deadline deadline = deadline_in(FAREWELL_MS);
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	unsigned char rest[512];

	for (size_t at = 0; at < bytes;) {
		ssize_t put = send(STDOUT_FILENO, answer + at, bytes - at, MSG_NOSIGNAL);

		if (put <= 0) {
			return;
		}
		at += (size_t)put;
	}
	(void)shutdown(STDOUT_FILENO, SHUT_WR);
	while (poll(&input, 1, deadline_left_ms(deadline)) > 0 &&
	       read(STDIN_FILENO, rest, sizeof(rest)) > 0) {
	}
}

/* systemd takes the level from the number at the beginning. */
static void tell(int level, const struct login_request *request, const char *what)
{
	(void)fprintf(stderr, "<%d>login of %s to %s: %s\n", level,
		      *request->initiator == '\0' ? "?" : request->initiator,
		      *request->target == '\0' ? "?" : request->target, what);
}

static int login_answer(void)
{
	struct deadline deadline = deadline_in(TIME_MS);
	unsigned char answer[LOGIN_ANSWER_MAX];
	char portal[ISCSI_PORTAL_MAX + 1];
	struct login_request request;
	struct err err = ERR_INIT;
	int rc = request_read(&request, deadline, &err);

	if (rc == 0) {
		request.refusal = LOGIN_UNAVAILABLE;
		rc = portal_find(&request, deadline, portal, &err);
	}
	if (rc == 0) {
		answer_send(answer, login_answer_redirect(&request, portal, answer));
		tell(5, &request, portal);
		return EXIT_REDIRECTED;
	}
	if (rc == -EPIPE) {
		return EXIT_REFUSED; /* somebody looked whether anybody listens */
	}
	if (request.refusal != 0) {
		answer_send(answer, login_answer_refuse(&request, request.refusal, answer));
	}
	tell(4, &request, err_text(&err));
	return EXIT_REFUSED;
}

int main(int argc, char **argv)
{
	enum usage_end end = usage_parse(&usage, argc, argv, NULL);

	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? EXIT_USAGE : EXIT_REDIRECTED;
	}
	return login_answer();
}
