/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peers/peer_body.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "base/json_build.h"
#include "names/errno_name.h"

#define STATE_PREFIX "DOMAIN_"

static const char *state_name(enum domain_state state)
{
	static const char *const names[] = {
#define X(name, text) [name] = #name,
		DOMAIN_STATES(X)
#undef X
	};

	return names[state] + strlen(STATE_PREFIX);
}

static bool state_find(const char *name, enum domain_state *ret)
{
	for (int i = 0; i < DOMAIN_STATE_MAX; i++) {
		if (strcmp(state_name((enum domain_state)i), name) == 0) {
			*ret = (enum domain_state)i;
			return true;
		}
	}
	return false;
}

char *peer_question_encode(const char *vm, const char *definition, const struct peer_needs *needs)
{
	return json_build_text(definition == NULL ? json_pack("{s:s}", "vm", vm)
						  : json_pack("{s:s, s:s, s:b, s:b}", "vm", vm,
							      "definition", definition, "flash",
							      needs->flash, "tpm", needs->tpm),
			       JSON_COMPACT);
}

int peer_question_decode(const char *text, size_t bytes, struct peer_question *ret, struct err *err)
{
	json_error_t reason;
	json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &reason);
	const char *vm = json_string_value(json_object_get(json, "vm"));
	json_t *definition = json_object_get(json, "definition");
	int rc = 0;

	*ret = (struct peer_question){
		.needs = {.flash = json_is_true(json_object_get(json, "flash")),
			  .tpm = json_is_true(json_object_get(json, "tpm"))},
	};
	if (json == NULL) {
		return err_set(err, -EINVAL, "the question is not JSON: %s", reason.text);
	}
	if (vm == NULL || vm[0] == '\0' || strlen(vm) > VM_NAME_MAX) {
		rc = err_set(err, -EINVAL, "'vm' must be a name of 1 to %d characters",
			     VM_NAME_MAX);
	} else if (definition != NULL && !json_is_string(definition)) {
		rc = err_set(err, -EINVAL, "'definition' must be a string");
	} else {
		(void)g_strlcpy(ret->vm, vm, sizeof(ret->vm));
		ret->definition = g_strdup(json_string_value(definition));
	}
	json_decref(json);
	return rc;
}

void peer_question_release(struct peer_question *question)
{
	g_free(question->definition);
	question->definition = NULL;
}

/* Another host's text goes into messages, and JSON takes UTF-8 only. */
static void line_copy(char *ret, size_t size, const char *text)
{
	size_t i = 0;

	for (; text[i] != '\0' && i < size - 1; i++) {
		ret[i] = (char)(g_ascii_isprint(text[i]) ? text[i] : '?');
	}
	ret[i] = '\0';
}

char *peer_reply_encode(const struct peer_reply *reply)
{
	char text[ERR_TEXT_MAX];
	char host[HYPERVISOR_HOST_MAX + 1];
	const char *state =
		(unsigned int)reply->state < DOMAIN_STATE_MAX ? state_name(reply->state) : NULL;

	line_copy(text, sizeof(text), reply->text);
	line_copy(host, sizeof(host), reply->host);
	return json_build_text(
		reply->rc == 0
			? json_pack("{s:b, s:s, s:s*}", "ok", 1, "host", host, "state", state)
			: json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "host", host, "error", text,
				    "errno_name", errno_name_to_str(-reply->rc)),
		JSON_COMPACT);
}

static bool reply_take(json_t *json, struct peer_reply *ret)
{
	json_t *ok = json_object_get(json, "ok");
	const char *host = json_string_value(json_object_get(json, "host"));
	const char *error = json_string_value(json_object_get(json, "error"));
	const char *name = json_string_value(json_object_get(json, "errno_name"));
	json_t *state = json_object_get(json, "state");

	if (!json_is_boolean(ok) || host == NULL || strlen(host) > HYPERVISOR_HOST_MAX) {
		return false;
	}
	line_copy(ret->host, sizeof(ret->host), host);
	if (json_is_true(ok)) {
		return state == NULL ||
		       (json_is_string(state) && state_find(json_string_value(state), &ret->state));
	}
	if (error == NULL || name == NULL || errno_name_from_str(name) == 0) {
		return false;
	}
	ret->rc = -errno_name_from_str(name);
	line_copy(ret->text, sizeof(ret->text), error);
	return true;
}

int peer_reply_decode(const char *text, size_t bytes, struct peer_reply *ret, struct err *err)
{
	json_error_t reason;
	json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &reason);
	bool legal;

	*ret = (struct peer_reply){.state = DOMAIN_STATE_MAX};
	legal = reply_take(json, ret);
	json_decref(json);
	return legal ? 0
		     : err_set(err, -EPROTO, "lunmask-answer gave an illegal answer: '%.*s'",
			       (int)MIN(bytes, 200), text);
}
