/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ocf/ocf_param.h"

#include <assert.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cluster/pacemaker_compat.h"
#include "ocf/ocf_call.h"

#define NAME_MAX_BYTES 64 /* the longest name of a parameter */
#define OPTIONS_TEXT_MAX 256

static const char *value_find(const struct ocf_parameter *parameter)
{
	char key[sizeof("OCF_RESKEY_") + NAME_MAX_BYTES];
	const char *value;

	(void)snprintf(key, sizeof(key), "OCF_RESKEY_%s", parameter->name);
	value = getenv(key);
	return value == NULL || *value == '\0' ? NULL : value;
}

static int integer_check(const struct ocf_parameter *parameter, const char *value, struct err *err)
{
	gint64 number;

	if (!g_ascii_string_to_signed(value, 10, parameter->min, parameter->max, &number, NULL)) {
		return err_set(err, -EINVAL, "'%.200s' is not a whole number from %lld to %lld",
			       value, parameter->min, parameter->max);
	}
	return 0;
}

static int time_check(const struct ocf_parameter *parameter, const char *value, struct err *err)
{
	long long ms = pacemaker_time_ms(value);

	if (ms < parameter->min || ms > parameter->max) {
		return err_set(
			err, -EINVAL,
			"'%.200s' is not a time from %lld to %lld ms (such as \"30s\", \"500ms\", "
			"\"2min\"; a number alone means seconds)",
			value, parameter->min, parameter->max);
	}
	return 0;
}

/* As Pacemaker reads its own options. */
static bool is_word_of(const char *const words[], const char *value)
{
	for (size_t i = 0; value != NULL && words[i] != NULL; i++) {
		if (g_ascii_strcasecmp(words[i], value) == 0) {
			return true;
		}
	}
	return false;
}

static const char *const words_true[] = {"true", "on", "yes", "y", "1", NULL};
static const char *const words_false[] = {"false", "off", "no", "n", "0", NULL};

static int boolean_check(const char *value, struct err *err)
{
	if (!is_word_of(words_true, value) && !is_word_of(words_false, value)) {
		return err_set(err, -EINVAL, "'%.200s' is neither \"true\" nor \"false\"", value);
	}
	return 0;
}

/* The index of value, or -1. */
static int option_find(const struct ocf_parameter *parameter, const char *value)
{
	for (int i = 0; parameter->options[i] != NULL; i++) {
		if (strcmp(parameter->options[i], value) == 0) {
			return i;
		}
	}
	return -1;
}

static int select_check(const struct ocf_parameter *parameter, const char *value, struct err *err)
{
	char legal[OPTIONS_TEXT_MAX] = "";
	size_t length = 0;

	if (option_find(parameter, value) >= 0) {
		return 0;
	}
	for (size_t i = 0; parameter->options[i] != NULL && length < sizeof(legal); i++) {
		length += (size_t)snprintf(legal + length, sizeof(legal) - length, "%s%s",
					   i == 0 ? "" : ", ", parameter->options[i]);
	}
	return err_set(err, -EINVAL, "'%.200s' is not one of: %s", value, legal);
}

static int type_check(const struct ocf_parameter *parameter, const char *value, struct err *err)
{
	switch (parameter->type) {
	case OCF_INTEGER: return integer_check(parameter, value, err);
	case OCF_BOOLEAN: return boolean_check(value, err);
	case OCF_SELECT: return select_check(parameter, value, err);
	case OCF_TIME: return time_check(parameter, value, err);
	case OCF_STRING: break;
	}
	return 0;
}

int ocf_param_check(const struct ocf_parameter *parameter, const char *value, struct err *err)
{
	int rc = text_check(value, OCF_VALUE_MAX, err);

	if (rc == 0) {
		rc = type_check(parameter, value, err);
	}
	if (rc == 0 && parameter->check != NULL) {
		rc = parameter->check(value, err);
	}
	return rc < 0 ? err_prefix(err, -EINVAL, "parameter %s", parameter->name) : 0;
}

int ocf_param_check_all(const struct ocf_agent *agent, struct err *err)
{
	for (size_t i = 0; i < agent->n_parameters; i++) {
		const struct ocf_parameter *parameter = &agent->parameters[i];
		const char *value = value_find(parameter);
		int rc = 0;

		if (value != NULL) {
			rc = ocf_param_check(parameter, value, err);
		} else if (parameter->required) {
			rc = err_set(err, -EINVAL, "parameter %s is not set: it is required (%s)",
				     parameter->name, parameter->shortdesc);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static const char *value_in_force(const struct ocf_agent *agent, const char *name,
				  enum ocf_type type, const struct ocf_parameter **ret)
{
	const struct ocf_parameter *parameter = ocf_agent_find_parameter(agent, name);
	const char *value;

	assert(parameter != NULL && parameter->type == type);
	*ret = parameter;
	value = value_find(parameter);
	return value != NULL && ocf_param_check(parameter, value, NULL) == 0 ? value
									     : parameter->fallback;
}

const char *ocf_param_string(const struct ocf_agent *agent, const char *name)
{
	const struct ocf_parameter *parameter;

	return value_in_force(agent, name, OCF_STRING, &parameter);
}

bool ocf_param_is_true(const char *value)
{
	return is_word_of(words_true, value);
}

bool ocf_param_boolean(const struct ocf_agent *agent, const char *name)
{
	const struct ocf_parameter *parameter;

	return is_word_of(words_true, value_in_force(agent, name, OCF_BOOLEAN, &parameter));
}

long long ocf_param_integer(const struct ocf_agent *agent, const char *name)
{
	const struct ocf_parameter *parameter;
	const char *value = value_in_force(agent, name, OCF_INTEGER, &parameter);

	/* value_in_force() has checked it. */
	return g_ascii_strtoll(value, NULL, 10);
}

long long ocf_param_time_ms(const struct ocf_agent *agent, const char *name)
{
	const struct ocf_parameter *parameter;

	return pacemaker_time_ms(value_in_force(agent, name, OCF_TIME, &parameter));
}

size_t ocf_param_select(const struct ocf_agent *agent, const char *name)
{
	const struct ocf_parameter *parameter;
	const char *value = value_in_force(agent, name, OCF_SELECT, &parameter);
	int index = option_find(parameter, value);

	assert(index >= 0);
	return (size_t)index;
}
