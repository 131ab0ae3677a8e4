/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-paths: measures this host's paths to the arrays for lunmaskd. Reads a request of
 * path_report.h from stdin and writes the report to stdout. Changes nothing.
 *
 * Exit status: 0: reported, perhaps a failure; 1: the request is not legal, or nobody reads.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array/array.h"
#include "command/usage.h"
#include "config/config.h"
#include "san/path_report.h"
#include "san/portal_probe.h"

enum { EXIT_REPORTED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define ROUND_MAX_S 280 /* longer than lunmaskd waits */

static const struct usage usage = {
	.name = "lunmask-paths",
	.word = "<REQUEST",
	.summary =
		"Logs in to the arrays' portals with this host's initiator name, and says which\n"
		"answer. lunmaskd runs it; nobody else needs it.",
};

struct round {
	struct path_request request;
	const struct config *config;
	GArray *paths;     /* struct path */
	GHashTable *known; /* "ARRAY PORTAL" of each of them */
};

static void line_put(const char *line)
{
	(void)printf("%s\n", line);
}

static char *key_of(const char *array, const char *portal)
{
	return g_strdup_printf("%s %s", array, portal);
}

static void path_add(struct round *round, const char *array, const char *portal, bool configured)
{
	struct path path;

	memset(&path, 0, sizeof(path));
	(void)g_strlcpy(path.array, array, sizeof(path.array));
	(void)g_strlcpy(path.portal, portal, sizeof(path.portal));
	path.configured = configured;
	if (round->paths->len < PATHS_MAX &&
	    g_hash_table_add(round->known, key_of(array, portal))) {
		g_array_append_val(round->paths, path);
	}
}

static bool is_configured(const struct round *round, const struct path_place *place)
{
	const struct config_array *array;

	return config_array_get(round->config, place->array, &array, NULL) == 0 &&
	       g_strv_contains((const char *const *)array->portals, place->portal);
}

/* A driver is asked in a thread of its own. */
struct question {
	const struct config_array *config;
	int timeout_ms;
	pthread_t thread;
	bool asked;
	struct array_ports ports;
	struct err err;
	int rc;
};

static void *question_run(void *data)
{
	struct question *question = data;
	const struct config_array *config = question->config;
	const struct array array = {
		.name = config->name,
		.driver = config->driver,
		.runner = {.transport = config->transport, .identity = config->identity},
	};

	question->rc = array_ports(&array, deadline_in(question->timeout_ms), &question->ports,
				   &question->err);
	return NULL;
}

static void question_end(struct round *round, struct question *question)
{
	char line[PATH_REPORT_LINE_MAX];
	const char *array = question->config->name;

	if (question->asked) {
		(void)pthread_join(question->thread, NULL);
	} else {
		(void)err_set(&question->err, -EAGAIN, "no thread");
		question->rc = -EAGAIN;
	}
	path_report_ports(array, question->rc == 0 ? NULL : err_text(&question->err), line);
	line_put(line);
	for (size_t i = 0; i < question->ports.count; i++) {
		path_add(round, array, question->ports.portals[i].portal, false);
	}
}

static void drivers_ask(struct round *round)
{
	size_t n = 0;
	const struct config_array *arrays = config_arrays(round->config, &n);
	g_autofree struct question *questions = g_new0(struct question, n + 1);

	for (size_t i = 0; i < n; i++) {
		questions[i].config = &arrays[i];
		questions[i].timeout_ms = round->request.timeout_ms;
		questions[i].asked = pthread_create(&questions[i].thread, NULL, question_run,
						    &questions[i]) == 0;
	}
	for (size_t i = 0; i < n; i++) {
		question_end(round, &questions[i]);
	}
}

/* What lunmask.conf names goes first, since it is known as that even if it is asked for, too. */
static void paths_collect(struct round *round)
{
	size_t n = 0;
	const struct config_array *arrays = config_arrays(round->config, &n);

	for (size_t i = 0; i < n && round->request.ask == PATH_ASK_ALL; i++) {
		for (size_t k = 0; k < arrays[i].n_portals; k++) {
			path_add(round, arrays[i].name, arrays[i].portals[k], true);
		}
	}
	for (size_t i = 0; i < round->request.n_portals; i++) {
		const struct path_place *place = &round->request.portals[i];
		const struct config_array *array;

		if (config_array_get(round->config, place->array, &array, NULL) == 0) {
			path_add(round, place->array, place->portal, is_configured(round, place));
		}
	}
}

static void on_path(void *data, const struct path *path)
{
	char line[PATH_REPORT_LINE_MAX];

	(void)data;
	path_report_path(path, line);
	line_put(line);
}

static void paths_measure(struct round *round, const char *initiator)
{
	struct path *paths;

	if (round->request.ask == PATH_ASK_PORTS) {
		drivers_ask(round);
		paths = (struct path *)(void *)round->paths->data;
		for (size_t i = 0; i < round->paths->len; i++) {
			on_path(NULL, &paths[i]);
		}
		return;
	}
	paths_collect(round);
	paths = (struct path *)(void *)round->paths->data;
	portal_probe(paths, round->paths->len, initiator, round->config, round->request.timeout_ms,
		     on_path, NULL);
}

static int round_run(struct round *round, struct err *err)
{
	struct config *config = NULL;
	const struct config_host *host = NULL;
	int rc = config_load(NULL, &config, err);

	rc = rc < 0 ? rc : config_host_get(config, round->request.node, &host, err);
	if (rc == 0) {
		round->config = config;
		paths_measure(round, host->initiator);
	}
	config_free(config);
	return rc;
}

static bool request_read(struct path_request *ret)
{
	g_autofree char *text = g_malloc(PATH_REPORT_BYTES_MAX + 1);
	size_t bytes = 0;

	/* The other side keeps its end open, so the last line ends the request. */
	while (bytes < PATH_REPORT_BYTES_MAX) {
		ssize_t got = read(STDIN_FILENO, text + bytes, PATH_REPORT_BYTES_MAX - bytes);

		if (got <= 0) {
			return false;
		}
		bytes += (size_t)got;
		text[bytes] = '\0';
		if (g_str_has_suffix(text, "\n" PATH_REPORT_END "\n")) {
			return path_request_decode(text, bytes, ret) == 0;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	enum usage_end end = usage_parse(&usage, argc, argv, NULL);
	struct round round = {.config = NULL};
	struct err err = ERR_INIT;
	char line[PATH_REPORT_LINE_MAX];
	bool told;

	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? EXIT_USAGE : EXIT_REPORTED;
	}
	(void)alarm(ROUND_MAX_S); /* if lunmaskd hangs, or an array's driver does */
	if (!request_read(&round.request)) {
		(void)fputs("lunmask-paths: the request is not legal\n", stderr);
		return EXIT_FAILED;
	}
	round.paths = g_array_new(FALSE, TRUE, sizeof(struct path));
	round.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (round_run(&round, &err) < 0) {
		path_report_failed(err_text(&err), line);
		line_put(line);
	}
	line_put(PATH_REPORT_END);
	told = fflush(stdout) == 0 && !ferror(stdout);
	g_array_unref(round.paths);
	g_hash_table_unref(round.known);
	path_request_release(&round.request);
	return told ? EXIT_REPORTED : EXIT_FAILED;
}
