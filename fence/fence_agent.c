/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fence/fence_agent.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "fence/fence_man.h"
#include "fence/fence_metadata.h"
#include "fence/fence_param.h"

enum { EXIT_OK = 0, EXIT_ERROR = 1 };

const struct fence_action *fence_agent_find_action(const struct fence_agent *agent,
						   const char *name)
{
	for (size_t i = 0; i < agent->n_actions; i++) {
		if (strcasecmp(agent->actions[i].name, name) == 0) {
			return &agent->actions[i];
		}
	}
	return NULL;
}

const struct fence_parameter *fence_agent_find_parameter(const struct fence_agent *agent,
							 const char *name)
{
	for (size_t i = 0; i < agent->n_parameters; i++) {
		if (strcmp(agent->parameters[i].name, name) == 0) {
			return &agent->parameters[i];
		}
	}
	return NULL;
}

/* Actions of the library */

typedef int print_fn(const struct fence_agent *agent, FILE *stream);

static int version_write(const struct fence_agent *agent, FILE *stream)
{
	(void)fprintf(stream, "%s %s\n", agent->name, agent->version);
	return ferror(stream) || fflush(stream) != 0 ? -EIO : 0;
}

static const struct {
	const char *action;
	print_fn *print;
} PRINTED[] = {
	{"metadata", fence_metadata_write},
	{"manpage", fence_man_write},
};

static print_fn *printed_find(const char *action)
{
	for (size_t i = 0; i < G_N_ELEMENTS(PRINTED); i++) {
		if (strcmp(PRINTED[i].action, action) == 0) {
			return PRINTED[i].print;
		}
	}
	return NULL;
}

/* The tables */

static int parameter_verify(const struct fence_agent *agent, const struct fence_parameter *row,
			    struct err *err)
{
	const struct fence_parameter *meant =
		row->stands_for != NULL ? fence_agent_find_parameter(agent, row->stands_for) : row;

	if (row->name == NULL || row->help == NULL) {
		return err_set(err, -EINVAL, "parameter row %td lacks a name or its help",
			       row - agent->parameters);
	}
	if (fence_agent_find_parameter(agent, row->name) != row) {
		return err_set(err, -EINVAL, "parameter %s is there twice", row->name);
	}
	if (meant == NULL || (row->stdin_only && row->stands_for == NULL && !row->hidden)) {
		return err_set(err, -EINVAL, "parameter %s stands for none", row->name);
	}
	if ((row->type == FENCE_FLAG) != (row->metavar == NULL) && !row->stdin_only) {
		return err_set(err, -EINVAL, "parameter %s: a flag, and only a flag, has no value",
			       row->name);
	}
	if (row->type == FENCE_SECONDS && row->fallback == NULL) {
		return err_set(err, -EINVAL, "parameter %s: a time needs a default", row->name);
	}
	return 0;
}

/* A row that stands for another one has nothing of its own, and the other one does not. */
static bool alias_is_sound(const struct fence_agent *agent, const struct fence_action *row)
{
	const struct fence_action *meant = fence_agent_find_action(agent, row->stands_for);

	return meant != NULL && meant->stands_for == NULL && row->run == NULL &&
	       row->timeout == NULL;
}

static int action_verify(const struct fence_agent *agent, const struct fence_action *row,
			 struct err *err)
{
	if (row->name == NULL || row->help == NULL) {
		return err_set(err, -EINVAL, "action row %td lacks a name or its help",
			       row - agent->actions);
	}
	if (fence_agent_find_action(agent, row->name) != row) {
		return err_set(err, -EINVAL, "action %s is there twice", row->name);
	}
	if (row->stands_for != NULL) {
		return alias_is_sound(agent, row)
			       ? 0
			       : err_set(err, -EINVAL, "action %s stands for none", row->name);
	}
	if ((row->run == NULL) != (printed_find(row->name) != NULL)) {
		return err_set(err, -EINVAL, "action %s: what the library does has no function",
			       row->name);
	}
	if (row->run != NULL &&
	    (row->timeout == NULL || fence_agent_find_parameter(agent, row->timeout) == NULL)) {
		return err_set(err, -EINVAL, "action %s: no parameter says how long it may take",
			       row->name);
	}
	return 0;
}

int fence_agent_verify(const struct fence_agent *agent, struct err *err)
{
	static const char *const actions[] = {"on", "off", "status", "monitor", "metadata"};
	static const char *const parameters[] = {"action", "plug",    "help", "version",
						 "delay",  "verbose", "quiet"};
	struct fence_call defaults = {.agent = agent};
	int rc = agent->n_parameters <= FENCE_PARAMETERS_MAX
			 ? 0
			 : err_set(err, -EINVAL, "more than %d parameters", FENCE_PARAMETERS_MAX);

	for (size_t i = 0; i < agent->n_parameters && rc == 0; i++) {
		rc = parameter_verify(agent, &agent->parameters[i], err);
	}
	for (size_t i = 0; i < agent->n_actions && rc == 0; i++) {
		rc = action_verify(agent, &agent->actions[i], err);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(actions) && rc == 0; i++) {
		if (fence_agent_find_action(agent, actions[i]) == NULL) {
			rc = err_set(err, -EINVAL, "action %s is missing", actions[i]);
		}
	}
	for (size_t i = 0; i < G_N_ELEMENTS(parameters) && rc == 0; i++) {
		if (fence_agent_find_parameter(agent, parameters[i]) == NULL) {
			rc = err_set(err, -EINVAL, "parameter %s is missing", parameters[i]);
		}
	}
	return rc != 0 ? rc : fence_param_check(&defaults, err);
}

/* One call */

static int fail(const struct fence_call *call, const struct err *err)
{
	(void)fprintf(stderr, "%s: %s%s%s%s%s\n", call->agent->name,
		      call->action != NULL ? call->action->name : "", call->plug != NULL ? " " : "",
		      call->plug != NULL ? call->plug : "", call->action != NULL ? ": " : "",
		      err_text(err));
	return EXIT_ERROR;
}

static int print(const struct fence_call *call, print_fn *write)
{
	struct err err = ERR_INIT;
	int rc = write(call->agent, stdout);

	if (rc < 0) {
		(void)err_set(&err, rc, "the output cannot be written: %s", strerror(-rc));
		return fail(call, &err);
	}
	return EXIT_OK;
}

static int action_find(struct fence_call *call, struct err *err)
{
	const char *name = fence_param_get(call, "action");

	if (name == NULL) {
		return err_set(err, -EINVAL, "no action is given; see --help");
	}
	call->action = fence_agent_find_action(call->agent, name);
	if (call->action == NULL) {
		return err_set(err, -EINVAL, "there is no action '%.80s'; see --help", name);
	}
	if (call->action->stands_for != NULL) {
		call->action = fence_agent_find_action(call->agent, call->action->stands_for);
	}
	return 0;
}

static int plug_find(struct fence_call *call, struct err *err)
{
	call->plug = fence_param_get(call, "plug");
	if (call->plug == NULL && (call->action->flags & FENCE_ACTION_PLUG) != 0) {
		return err_set(err, -EINVAL, "it needs the name of the host, as in --plug=node1");
	}
	return 0;
}

/* What the line says already, and what is for this library. */
static bool is_of_the_call(const struct fence_parameter *row)
{
	static const char *const names[] = {"action", "plug", "verbose"};
	const char *name = row->stands_for != NULL ? row->stands_for : row->name;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static void told_begin(const struct fence_call *call)
{
	(void)fprintf(stderr, "%s: %s%s%s begins: %s=%lld", call->agent->name, call->action->name,
		      call->plug != NULL ? " " : "", call->plug != NULL ? call->plug : "",
		      call->action->timeout, fence_param_seconds(call, call->action->timeout));
	for (size_t i = 0; i < call->agent->n_parameters; i++) {
		const struct fence_parameter *row = &call->agent->parameters[i];

		if (call->values[i] != NULL && !is_of_the_call(row)) {
			(void)fprintf(stderr, " %s=%s", row->name, call->values[i]);
		}
	}
	(void)fputc('\n', stderr);
}

static void told_end(const struct fence_call *call, int64_t began_ms, int rc)
{
	(void)fprintf(stderr, "%s: %s%s%s ends: exit status %d, after %lld ms\n", call->agent->name,
		      call->action->name, call->plug != NULL ? " " : "",
		      call->plug != NULL ? call->plug : "", rc < 0 ? EXIT_ERROR : rc,
		      (long long)(deadline_now_ms() - began_ms));
}

/* Of two nodes that fence each other, the one without a delay is to win. */
static void delay(const struct fence_call *call)
{
	long long seconds = fence_param_seconds(call, "delay");

	if ((call->action->flags & FENCE_ACTION_DELAYED) != 0 && seconds > 0) {
		(void)deadline_pause(deadline_in((seconds + 1) * 1000), (int)(seconds * 1000));
	}
}

/* The function of the row; what it takes before its own time is the delay. */
static int function_run(struct fence_call *call, struct err *err)
{
	bool verbose = fence_param_flag(call, "verbose");
	int64_t began_ms;
	int rc;

	if (verbose) {
		told_begin(call);
	}
	delay(call);
	began_ms = deadline_now_ms();
	call->deadline = deadline_in(fence_param_seconds(call, call->action->timeout) * 1000);
	rc = call->action->run(call, err);
	if (verbose) {
		told_end(call, began_ms, rc);
	}
	return rc;
}

static int action_run(struct fence_call *call)
{
	struct err err = ERR_INIT;
	int rc = fence_param_check(call, &err);

	rc = rc != 0 ? rc : plug_find(call, &err);
	if (rc < 0) {
		return fail(call, &err);
	}
	rc = function_run(call, &err);
	if (rc < 0) {
		if (*err_text(&err) == '\0') {
			(void)err_set(&err, rc, "%s", strerror(-rc));
		}
		return fail(call, &err);
	}
	/* Without its output, the action has failed. */
	if (fflush(stdout) != 0) {
		(void)err_set(&err, -errno, "the output cannot be written: %s", strerror(errno));
		return fail(call, &err);
	}
	return rc;
}

/* Also for the programs that it runs. */
static void stderr_close(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)fflush(stderr);
	(void)dup2(null, STDERR_FILENO);
	(void)close(null);
}

static int call_run(struct fence_call *call, int argc, char **argv)
{
	struct err err = ERR_INIT;
	int rc = fence_agent_verify(call->agent, &err);

	rc = rc != 0    ? rc
	     : argc > 1 ? fence_param_parse(call, argc, argv, &err)
			: fence_param_read(call, stdin, &err);
	if (fence_param_flag(call, "quiet")) {
		stderr_close();
	}
	/* Only users ask for these. On stdin they must not hide the result of the action. */
	if (rc == 0 && argc > 1 && fence_param_flag(call, "help")) {
		return print(call, fence_metadata_write_help);
	}
	if (rc == 0 && argc > 1 && fence_param_flag(call, "version")) {
		return print(call, version_write);
	}
	rc = rc != 0 ? rc : action_find(call, &err);
	if (rc < 0) {
		return fail(call, &err);
	}
	return call->action->run == NULL ? print(call, printed_find(call->action->name))
					 : action_run(call);
}

int fence_agent_main(const struct fence_agent *agent, int argc, char **argv)
{
	struct fence_call call = {.agent = agent};
	int status = call_run(&call, argc, argv);

	fence_param_release(&call);
	return status;
}
