/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/json_xml.h"

#include <errno.h>
#include <glib.h>
#include <libxml/tree.h>
#include <stdint.h>
#include <string.h>

#include "xml/xml_out.h"

struct state {
	struct xml_out out;
	int rc;
};

/* XML has no place for other control characters. */
static char *text_clean(const char *text)
{
	char *clean = g_strdup(text);

	for (char *at = clean; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' && *at != '\n' && *at != '\t') {
			*at = '?';
		}
	}
	return clean;
}

/* NULL: not plain. */
static char *plain_text(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_STRING: return text_clean(json_string_value(json));
	case JSON_INTEGER:
		return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(json));
	case JSON_REAL: return g_strdup_printf("%g", json_real_value(json));
	case JSON_TRUE: return g_strdup("true");
	case JSON_FALSE: return g_strdup("false");
	default: return NULL;
	}
}

static bool is_attribute(const json_t *json)
{
	return !json_is_object(json) && !json_is_array(json) && !json_is_null(json) &&
	       (!json_is_string(json) || strchr(json_string_value(json), '\n') == NULL);
}

static void element_print(struct state *state, const char *name, const json_t *json);

static void attributes_print(struct state *state, json_t *json)
{
	const char *key;
	json_t *value;

	json_object_foreach (json, key, value) {
		g_autofree char *text = is_attribute(value) ? plain_text(value) : NULL;

		if (xmlValidateNCName(BAD_CAST key, 0) != 0) {
			state->rc = -EINVAL;
		} else if (text != NULL) {
			xml_out_attribute(&state->out, key, text);
		}
	}
}

static void children_print(struct state *state, json_t *json)
{
	const char *key;
	json_t *value;

	json_object_foreach (json, key, value) {
		if (state->rc == 0 && !is_attribute(value) && !json_is_null(value)) {
			element_print(state, key, value);
		}
	}
}

static void list_print(struct state *state, const char *name, const json_t *json)
{
	size_t length = strlen(name);
	g_autofree char *one = length > 1 && name[length - 1] == 's' ? g_strndup(name, length - 1)
								     : g_strdup("item");

	for (size_t i = 0; i < json_array_size(json); i++) {
		element_print(state, one, json_array_get(json, i));
	}
}

/* json is not changed, but jansson has no iterator for what is const. */
static void element_print(struct state *state, const char *name, const json_t *json)
{
	g_autofree char *text = plain_text(json);

	xml_out_open(&state->out, name);
	if (json_is_object(json)) {
		attributes_print(state, (json_t *)(void *)(uintptr_t)json);
		children_print(state, (json_t *)(void *)(uintptr_t)json);
	} else if (json_is_array(json)) {
		list_print(state, name, json);
	} else if (text != NULL) {
		xml_out_text(&state->out, text);
	}
	xml_out_close(&state->out);
}

int json_xml_print(const json_t *json, const char *name, FILE *file)
{
	struct state state = {.rc = 0};
	int rc = xml_out_begin(&state.out);

	if (rc < 0) {
		return rc;
	}
	element_print(&state, name, json);
	if (state.rc != 0) {
		/* What is begun is released, and nothing of it is printed. */
		state.out.failed = true;
	}
	rc = xml_out_end(&state.out, file);
	return state.rc != 0 ? state.rc : rc;
}
