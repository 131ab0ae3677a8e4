/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fence/fence_param.h"

#include <assert.h>
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "command/usage.h"

#define NAME_MAX_BYTES 64

void fence_param_option(const struct fence_parameter *row, char *text, size_t size)
{
	(void)snprintf(text, size, "%s", row->name);
	for (; *text != '\0'; text++) {
		*text = *text == '_' ? '-' : *text;
	}
}

static size_t row_index(const struct fence_call *call, const char *name)
{
	const struct fence_parameter *row = fence_agent_find_parameter(call->agent, name);

	assert(row != NULL);
	return (size_t)(row - call->agent->parameters);
}

/* The last value counts, as for every option. */
static void value_put(struct fence_call *call, const struct fence_parameter *row, const char *value)
{
	size_t index = (size_t)(row - call->agent->parameters);

	g_free(call->values[index]);
	call->values[index] = *value == '\0' ? NULL : g_strdup(value);
}

/* stdin */

/* Accepts "power-timeout" for power_timeout on stdin too. */
static const struct fence_parameter *name_find(const struct fence_agent *agent, char *name)
{
	for (char *c = name; *c != '\0'; c++) {
		*c = *c == '-' ? '_' : *c;
	}
	return fence_agent_find_parameter(agent, name);
}

/* As in name="node1", which the agents of fence-agents take so. */
static void quotes_strip(char *value)
{
	size_t length = strlen(value);

	if (length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value) {
		memmove(value, value + 1, length - 2);
		value[length - 2] = '\0';
	}
}

static void line_read(struct fence_call *call, char *line)
{
	char *value;
	const struct fence_parameter *row;

	g_strstrip(line);
	if (*line == '\0' || *line == '#') {
		return;
	}
	value = strchr(line, '=');
	if (value != NULL) {
		*value++ = '\0';
	}
	row = name_find(call->agent, g_strchomp(line));
	if (row != NULL && value != NULL) {
		quotes_strip(g_strchug(value));
		value_put(call, row, value);
	} else if (row != NULL) { /* a flag without a value is set */
		value_put(call, row, row->type == FENCE_FLAG ? "1" : "");
	}
}

int fence_param_read(struct fence_call *call, FILE *stream, struct err *err)
{
	char line[NAME_MAX_BYTES + 1 + FENCE_VALUE_MAX + 2];
	size_t lines = 0;

	while (fgets(line, sizeof(line), stream) != NULL) {
		if (strchr(line, '\n') == NULL && !feof(stream)) {
			return err_set(err, -EINVAL, "a line on stdin is longer than %d characters",
				       FENCE_VALUE_MAX);
		}
		if (++lines > FENCE_LINES_MAX) {
			return err_set(err, -EINVAL, "there are more than %d lines on stdin",
				       FENCE_LINES_MAX);
		}
		line_read(call, line);
	}
	return ferror(stream) ? err_set(err, -EIO, "stdin cannot be read") : 0;
}

/* The command line */

/* GLib passes "--plug" or "-n". */
static const struct fence_parameter *option_find(const struct fence_agent *agent,
						 const char *option)
{
	for (size_t i = 0; i < agent->n_parameters; i++) {
		const struct fence_parameter *row = &agent->parameters[i];
		char name[NAME_MAX_BYTES];

		fence_param_option(row, name, sizeof(name));
		if (!row->stdin_only &&
		    (option[1] == '-' ? strcmp(option + 2, name) == 0 : row->letter == option[1])) {
			return row;
		}
	}
	return NULL;
}

static gboolean option_take(const char *option, const char *value, gpointer data, GError **error)
{
	struct fence_call *call = data;
	const struct fence_parameter *row = option_find(call->agent, option);

	(void)error;
	assert(row != NULL); /* the rows of rows_make() */
	value_put(call, row, value == NULL ? "1" : value);
	return TRUE;
}

static void rows_make(const struct fence_agent *agent, char names[][NAME_MAX_BYTES],
		      GOptionEntry *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < agent->n_parameters; i++) {
		const struct fence_parameter *row = &agent->parameters[i];

		if (!row->stdin_only) {
			fence_param_option(row, names[n], NAME_MAX_BYTES);
			ret[n] = (GOptionEntry){
				.long_name = names[n],
				.short_name = row->letter,
				.flags = row->type == FENCE_FLAG ? G_OPTION_FLAG_NO_ARG
								 : G_OPTION_FLAG_FILENAME,
				.arg = G_OPTION_ARG_CALLBACK,
				.arg_data = (gpointer)(uintptr_t)option_take,
			};
			n++;
		}
	}
}

int fence_param_parse(struct fence_call *call, int argc, char **argv, struct err *err)
{
	GOptionEntry rows[FENCE_PARAMETERS_MAX + 1] = {0};
	char names[FENCE_PARAMETERS_MAX][NAME_MAX_BYTES];
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	GOptionGroup *group = g_option_group_new("fence", "", "", call, NULL);
	g_autofree char **rest = g_memdup2(argv, ((gsize)argc + 1) * sizeof(*argv));
	g_autoptr(GError) error = NULL;
	const char *valued;

	rows_make(call->agent, names, rows);
	g_option_group_add_entries(group, rows);
	g_option_context_set_main_group(context, group);
	g_option_context_set_help_enabled(context, FALSE);
	valued = usage_valued_flag(rows, argv);
	if (valued != NULL) {
		return err_set(err, -EINVAL,
			       "an option without a value was given one: %.80s; see --help",
			       valued);
	}
	if (!g_option_context_parse(context, &argc, &rest, &error)) {
		return err_set(err, -EINVAL, "%s; see --help", error->message);
	}
	return argc > 1 ? err_set(err, -EINVAL, "'%.80s' is no option; see --help", rest[1]) : 0;
}

/* Checks */

static int seconds_parse(const char *value, long long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(value, &end, 10);
	if (errno != 0 || end == value) {
		return -EINVAL;
	}
	return *end == '\0' || strcmp(end, "s") == 0 ? 0 : -EINVAL;
}

static int flag_parse(const char *value, bool *ret)
{
	static const char *const words[][2] = {
		{"0", "1"}, {"false", "true"}, {"no", "yes"}, {"off", "on"}};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		for (int yes = 0; yes < 2; yes++) {
			if (strcasecmp(value, words[i][yes]) == 0) {
				*ret = yes == 1;
				return 0;
			}
		}
	}
	return -EINVAL;
}

static int type_check(const struct fence_parameter *row, const char *value, struct err *err)
{
	long long seconds;
	bool flag;

	switch (row->type) {
	case FENCE_SECONDS:
		if (seconds_parse(value, &seconds) < 0 || seconds < row->min ||
		    seconds > row->max) {
			return err_set(err, -EINVAL,
				       "'%.80s' is not a whole number of seconds from %lld to %lld",
				       value, row->min, row->max);
		}
		break;
	case FENCE_FLAG:
		if (flag_parse(value, &flag) < 0) {
			return err_set(err, -EINVAL, "'%.80s' is neither 1 nor 0", value);
		}
		break;
	case FENCE_STRING: break;
	}
	return 0;
}

static int row_check(const struct fence_parameter *row, const char *value, struct err *err)
{
	int rc = text_check(value, FENCE_VALUE_MAX, err);

	rc = rc != 0 ? rc : type_check(row, value, err);
	rc = rc != 0 || row->check == NULL ? rc : row->check(value, err);
	return rc != 0 ? err_prefix(err, rc, "%s", row->name) : 0;
}

int fence_param_check(const struct fence_call *call, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < call->agent->n_parameters && rc == 0; i++) {
		const struct fence_parameter *row = &call->agent->parameters[i];
		const char *value = call->values[i] != NULL ? call->values[i] : row->fallback;

		rc = value != NULL ? row_check(row, value, err) : 0;
	}
	return rc;
}

/* Values */

const char *fence_param_get(const struct fence_call *call, const char *name)
{
	const struct fence_agent *agent = call->agent;
	size_t index = row_index(call, name);

	if (call->values[index] != NULL) {
		return call->values[index];
	}
	for (size_t i = 0; i < agent->n_parameters; i++) {
		const char *meant = agent->parameters[i].stands_for;

		if (meant != NULL && strcmp(meant, name) == 0 && call->values[i] != NULL) {
			return call->values[i];
		}
	}
	return agent->parameters[index].fallback;
}

bool fence_param_flag(const struct fence_call *call, const char *name)
{
	const char *value = fence_param_get(call, name);
	bool flag = false;

	return value != NULL && flag_parse(value, &flag) == 0 && flag;
}

long long fence_param_seconds(const struct fence_call *call, const char *name)
{
	const char *value = fence_param_get(call, name);
	long long seconds = 0;

	assert(value != NULL);
	(void)seconds_parse(value, &seconds);
	return seconds;
}

void fence_param_release(struct fence_call *call)
{
	for (size_t i = 0; i < FENCE_PARAMETERS_MAX; i++) {
		g_clear_pointer(&call->values[i], g_free);
	}
}
