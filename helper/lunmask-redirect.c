/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-redirect: one iSCSI login of a program of this host, which is on stdin and stdout, is
 * redirected (RFC 7143 11.13.5) to a portal that lets this host in now. QEMU comes here again each
 * time that it loses its connection, so a guest changes over when its portal dies. Changes nothing.
 *
 * Exit status: 0: redirected; 1: refused, the answer says so; 2: wrong usage.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "command/usage.h"
#include "config/config.h"
#include "redirect/login_message.h"
#include "redirect/portal_choice.h"
#include "redirect/portal_orphan.h"
#include "redirect/redirect_address.h"

enum { EXIT_REDIRECTED = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

#define TIME_MS 8000     /* 5 s for portals that do not answer */
#define FAREWELL_MS 2000 /* for the other side to close */

static const struct usage usage = {
	.name = "lunmask-redirect",
	.word = "<LOGIN",
	.summary = "Redirects an iSCSI login to a portal of lunmask.conf that lets this host in.\n"
		   "systemd runs it for each connection to port 860 of 127.0.0.0/8.",
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
 * The login does not say of which array its target is, and two arrays may have targets of one name:
 * a guest that its array has cut off must not be sent to another one's volume. So the address at
 * which it has come in says which array is meant. Who is not of this host has no business here.
 */
static int address_asked(char ret[static INET_ADDRSTRLEN], struct err *err)
{
	struct sockaddr_in ends[2];

	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
		socklen_t bytes = sizeof(ends[i]);
		struct sockaddr *end = (struct sockaddr *)&ends[i];
		int rc = i == 0 ? getsockname(STDIN_FILENO, end, &bytes)
				: getpeername(STDIN_FILENO, end, &bytes);

		if (rc < 0 || ends[i].sin_family != AF_INET) {
			return err_set(err, -ENOTSOCK,
				       "standard input is no connection of TCP and IPv4");
		}
		if (ntohl(ends[i].sin_addr.s_addr) >> IN_CLASSA_NSHIFT != IN_LOOPBACKNET) {
			return err_set(err, -EACCES,
				       "only logins of this host, to an address in 127.0.0.0/8, "
				       "are answered");
		}
	}
	(void)inet_ntop(AF_INET, &ends[0].sin_addr, ret, INET_ADDRSTRLEN);
	return 0;
}

static int array_choose(const struct config *config, const struct config_array *array,
			const struct login_request *request, struct deadline deadline,
			const char **ret, struct err *err)
{
	const char *const *names = (const char *const *)array->portals;
	struct portal_place portals[CONFIG_PORTALS_MAX];
	size_t at = 0;
	int rc;

	for (size_t i = 0; i < array->n_portals; i++) {
		portals[i] = (struct portal_place){.portal = names[i],
						   .chap = config_chap(config, array->name)};
	}
	rc = portal_choose(request->initiator, request->target, portals, array->n_portals, deadline,
			   &at, err);
	*ret = names[at < array->n_portals ? at : 0];
	return rc < 0 ? rc : portal_orphans_end(names, array->n_portals, deadline, err);
}

static int portal_find(const struct login_request *request, struct deadline deadline,
		       char ret[static ISCSI_PORTAL_MAX + 1], struct err *err)
{
	const struct config_array *array = NULL;
	char address[INET_ADDRSTRLEN];
	struct config *config = NULL;
	const char *portal = NULL;
	int rc = address_asked(address, err);

	rc = rc < 0 ? rc : config_load(NULL, &config, err);
	rc = rc < 0 ? rc : redirect_array_find(config, address, &array, err);
	rc = rc < 0 ? rc : array_choose(config, array, request, deadline, &portal, err);
	if (rc == 0) {
		(void)g_strlcpy(ret, portal, ISCSI_PORTAL_MAX + 1);
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
