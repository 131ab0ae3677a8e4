/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PATH_REPORT_H
#define LUNMASK_PATH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "names/path.h"

/*
 * What lunmaskd asks lunmask-paths(8), and what that answers: lines of words, for both ends.
 *
 *	round NODE TIMEOUT_MS all      measure every portal of lunmask.conf
 *	round NODE TIMEOUT_MS some     measure only the portals that follow
 *	round NODE TIMEOUT_MS ports    measure nothing: ask the drivers for their portals
 *	portal ARRAY PORTAL            a further one; any number of these
 *	end
 *
 *	path ARRAY PORTAL configured|reported STATE LATENCY_US REASON
 *	ports ARRAY told                   the driver was asked: all that it named are among the
 *paths ports ARRAY silent REASON          it could not be asked failed REASON nothing was measured
 *	end
 *
 * A REASON is the rest of its line. A report is taken whole, or not at all: one without its end, or
 * with a line that is not legal, is an error.
 */
#define PATH_REPORT_LINE_MAX 512
#define PATH_REPORT_BYTES_MAX (1024u * 1024)
#define PATH_REPORT_ARRAYS_MAX 64
#define PATH_TIMEOUT_MIN_MS 100
#define PATH_TIMEOUT_MAX_MS 60000

struct path_place {
	char array[LUN_NAME_MAX + 1];
	char portal[ISCSI_PORTAL_MAX + 1];
};

enum path_ask { PATH_ASK_ALL, PATH_ASK_SOME, PATH_ASK_PORTS, PATH_ASK_MAX };

struct path_request {
	char node[NODE_NAME_MAX + 1];
	int timeout_ms; /* for each portal, or for each driver */
	enum path_ask ask;
	struct path_place *portals; /* besides */
	size_t n_portals;
};

/* The caller frees the text. NULL: a name is not legal, or there are too many portals. */
char *path_request_encode(const struct path_request *request);
/* 0, or -EBADMSG with nothing to release. */
int path_request_decode(const char *text, size_t bytes, struct path_request *ret);
void path_request_release(struct path_request *request);

struct path_report {
	struct path *paths;
	size_t n_paths;
	/* The arrays whose driver was asked. */
	struct path_ports {
		char array[LUN_NAME_MAX + 1];
		bool told;
		char reason[PATH_REASON_MAX + 1]; /* not told */
	} ports[PATH_REPORT_ARRAYS_MAX];
	size_t n_ports;
	bool failed;
	char reason[PATH_REASON_MAX + 1]; /* failed */
};

/* One line each, without its newline. A reason's control characters and all beyond ASCII become
 * '?'. */
void path_report_path(const struct path *path, char ret[PATH_REPORT_LINE_MAX]);
/* reason NULL: told */
void path_report_ports(const char *array, const char *reason, char ret[PATH_REPORT_LINE_MAX]);
void path_report_failed(const char *reason, char ret[PATH_REPORT_LINE_MAX]);
#define PATH_REPORT_END "end"

/* 0, or -EBADMSG with nothing to release: it is not legal, or lists a path or an array twice. */
int path_report_decode(const char *text, size_t bytes, struct path_report *ret);
void path_report_release(struct path_report *report);

#endif
