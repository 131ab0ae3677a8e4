/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ocf/ocf_agent.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "cluster/pacemaker_compat.h"
#include "ocf/ocf_call.h"
#include "ocf/ocf_exit.h"
#include "ocf/ocf_man.h"
#include "ocf/ocf_metadata.h"
#include "ocf/ocf_param.h"

#define META_DATA "meta-data"

const struct ocf_action *ocf_agent_find_action(const struct ocf_agent *agent, const char *name)
{
	for (size_t i = 0; i < agent->n_actions; i++) {
		if (strcmp(agent->actions[i].name, name) == 0) {
			return &agent->actions[i];
		}
	}
	return NULL;
}

const struct ocf_parameter *ocf_agent_find_parameter(const struct ocf_agent *agent,
						     const char *name)
{
	for (size_t i = 0; i < agent->n_parameters; i++) {
		if (strcmp(agent->parameters[i].name, name) == 0) {
			return &agent->parameters[i];
		}
	}
	return NULL;
}

static int options_verify(const struct ocf_parameter *parameter, struct err *err)
{
	if (parameter->options == NULL || parameter->options[0] == NULL ||
	    parameter->fallback == NULL) {
		return err_set(err, -EINVAL, "a select needs options and a default");
	}
	for (size_t i = 0; parameter->options[i] != NULL; i++) {
		if (strstr(parameter->longdesc, parameter->options[i]) == NULL) {
			return err_set(err, -EINVAL, "option %s is not explained",
				       parameter->options[i]);
		}
	}
	return 0;
}

static int parameter_verify(const struct ocf_agent *agent, const struct ocf_parameter *parameter,
			    struct err *err)
{
	int rc = 0;

	if (parameter->name == NULL || parameter->shortdesc == NULL ||
	    parameter->longdesc == NULL) {
		return err_set(err, -EINVAL, "parameter row %td lacks a name or a description",
			       parameter - agent->parameters);
	}
	if (ocf_agent_find_parameter(agent, parameter->name) != parameter) {
		rc = err_set(err, -EINVAL, "is listed twice");
	} else if (parameter->required && parameter->fallback != NULL) {
		rc = err_set(err, -EINVAL, "is required and has a default");
	} else if (parameter->type == OCF_SELECT) {
		rc = options_verify(parameter, err);
	}
	if (rc == 0 && parameter->fallback != NULL) {
		rc = ocf_param_check(parameter, parameter->fallback, err);
	}
	return rc < 0 ? err_prefix(err, rc, "parameter %s", parameter->name) : 0;
}

static int action_verify(const struct ocf_agent *agent, const struct ocf_action *action,
			 struct err *err)
{
	const struct ocf_action *first;

	if (action->name == NULL) {
		return err_set(err, -EINVAL, "action row %td lacks a name",
			       action - agent->actions);
	}
	first = ocf_agent_find_action(agent, action->name);
	if (first->run != action->run || first->flags != action->flags) {
		return err_set(err, -EINVAL, "rows of action %s disagree", action->name);
	}
	if ((action->run == NULL) != (strcmp(action->name, META_DATA) == 0)) {
		return err_set(err, -EINVAL,
			       "action %s: " META_DATA " must have no function, all others one",
			       action->name);
	}
	if (action->timeout_s <= 0 || action->interval_s < 0 || action->depth < 0) {
		return err_set(err, -EINVAL, "action %s: a timeout, interval or depth is wrong",
			       action->name);
	}
	return 0;
}

int ocf_agent_verify(const struct ocf_agent *agent, struct err *err)
{
	static const char *const mandatory[] = {"start", "stop", "monitor", META_DATA};
	int rc = 0;

	for (size_t i = 0; i < agent->n_parameters && rc == 0; i++) {
		rc = parameter_verify(agent, &agent->parameters[i], err);
	}
	for (size_t i = 0; i < agent->n_actions && rc == 0; i++) {
		rc = action_verify(agent, &agent->actions[i], err);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(mandatory) && rc == 0; i++) {
		if (ocf_agent_find_action(agent, mandatory[i]) == NULL) {
			rc = err_set(err, -EINVAL, "action %s is missing", mandatory[i]);
		}
	}
	return rc < 0 ? err_prefix(err, rc, "agent %s", agent->name) : 0;
}

static int end(int code, const struct err *err)
{
	if (code != PCMK_OCF_OK && *err_text(err) != '\0') {
		ocf_exit_reason(err_text(err));
	}
	return code;
}

static int printed(int rc, const char *what)
{
	struct err err = ERR_INIT;

	if (rc == 0 && fflush(stdout) != 0) {
		rc = -errno;
	}
	if (rc < 0) {
		(void)err_set(&err, rc, "%s cannot be written: %s", what, strerror(-rc));
		return end(PCMK_OCF_UNKNOWN_ERROR, &err);
	}
	return PCMK_OCF_OK;
}

static int action_run(const struct ocf_agent *agent, const struct ocf_action *action)
{
	bool checks = (action->flags & OCF_ACTION_CHECKS) != 0;
	struct err err = ERR_INIT;
	struct ocf_call call;
	int rc;

	if (ocf_call_read(agent, action, &call, &err) < 0) {
		ocf_exit_log("%s: %s; its default is used", action->name, err_text(&err));
	}
	if (ocf_param_check_all(agent, &err) < 0) {
		if (checks) {
			return end(PCMK_OCF_NOT_CONFIGURED, &err);
		}
		ocf_exit_log("%s continues despite this: %s", action->name, err_text(&err));
	}
	err = (struct err)ERR_INIT;
	rc = action->run(&call, &err);
	if (rc < 0 && *err_text(&err) == '\0') {
		(void)err_set(&err, rc, "%s failed: %s", action->name, strerror(-rc));
	}
	return end(ocf_exit_code(rc), &err);
}

static int refuse(const struct ocf_agent *agent, const char *what, const char *name)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, 0, "%s%s; \"%s --help\" lists the actions", what, name, agent->name);
	return end(PCMK_OCF_UNIMPLEMENT_FEATURE, &err);
}

static bool help_wanted(const char *word)
{
	static const char *const words[] = {"--help", "-h", "help", "usage"};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

int ocf_agent_main(const struct ocf_agent *agent, int argc, char **argv)
{
	const struct ocf_action *action;
	struct err err = ERR_INIT;

	if (ocf_agent_verify(agent, &err) < 0) {
		return end(PCMK_OCF_UNKNOWN_ERROR, &err);
	}
	if (argc != 2) {
		return refuse(agent, "exactly one action must be given", "");
	}
	if (help_wanted(argv[1])) {
		ocf_metadata_write_help(agent, stdout);
		return PCMK_OCF_OK;
	}
	if (strcmp(argv[1], "--man") == 0) {
		return printed(ocf_man_write(agent, stdout), "the manual page");
	}
	action = ocf_agent_find_action(agent, argv[1]);
	if (action == NULL) {
		return refuse(agent, "there is no action ", argv[1]);
	}
	if (action->run == NULL) {
		return printed(ocf_metadata_write(agent, ocf_metadata_profile(), stdout),
			       "the metadata");
	}
	return action_run(agent, action);
}
