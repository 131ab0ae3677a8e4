/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ocf/ocf_call.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "names/name_limits.h"

#define RESERVE_MIN_MS 1000
#define RESERVE_MAX_MS 10000
#define TIME_MAX_MS (24LL * 3600 * 1000) /* of one action, or between two monitors */
#define INSTANCE_MAX 255

int64_t ocf_call_reserve_ms(int64_t timeout_ms)
{
	int64_t reserve_ms = timeout_ms / 10;

	if (reserve_ms < RESERVE_MIN_MS) {
		reserve_ms = RESERVE_MIN_MS;
	}
	if (reserve_ms > RESERVE_MAX_MS) {
		reserve_ms = RESERVE_MAX_MS;
	}
	return reserve_ms < timeout_ms / 2 ? reserve_ms : timeout_ms / 2;
}

static const char *env_find(const char *key)
{
	const char *value = getenv(key);

	return value == NULL || *value == '\0' ? NULL : value;
}

/* Reads a number without a unit: the cluster manager writes milliseconds. */
static int number_read(const char *key, int64_t max, int64_t fallback, int64_t *ret,
		       struct err *err)
{
	const char *value = env_find(key);
	guint64 number = 0;

	*ret = fallback;
	if (value == NULL) {
		return 0;
	}
	if (!g_ascii_string_to_unsigned(value, 10, 0, (guint64)max, &number, NULL)) {
		return err_set(err, -EINVAL,
			       "%s is '%.64s': it must be a whole number from 0 to %lld", key,
			       value, (long long)max);
	}
	*ret = (int64_t)number;
	return 0;
}

static int name_read(const char *key, size_t max, const char **ret, struct err *err)
{
	const char *value = env_find(key);

	*ret = NULL;
	if (value == NULL) {
		return 0;
	}
	if (strnlen(value, max + 1) > max) {
		return err_set(err, -EINVAL, "%s is longer than %zu characters", key, max);
	}
	for (const char *c = value; *c != '\0'; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("/'\"<>&", *c) != NULL) {
			return err_set(err, -EINVAL, "%s is '%.64s', which is not a legal name",
				       key, value);
		}
	}
	*ret = value;
	return 0;
}

/* If the agent does not implement the wanted level, the next lower one is used. */
static int level_implemented(const struct ocf_agent *agent, const char *action, int64_t wanted)
{
	int level = 0;

	for (size_t i = 0; i < agent->n_actions; i++) {
		const struct ocf_action *row = &agent->actions[i];

		if (strcmp(row->name, action) == 0 && row->depth <= wanted && row->depth > level) {
			level = row->depth;
		}
	}
	return level;
}

/* Keeps only the first failure. */
static void note(int *rc, struct err *err, int next_rc, const struct err *next)
{
	if (*rc == 0 && next_rc < 0) {
		*rc = err_set(err, next_rc, "%s", err_text(next));
	}
}

static int names_read(struct ocf_call *call, struct err *err)
{
	const struct {
		const char *key;
		size_t max;
		const char **ret;
	} names[] = {
		{"OCF_RESOURCE_INSTANCE", INSTANCE_MAX, &call->instance},
		{"OCF_RESKEY_CRM_meta_on_node", NODE_NAME_MAX, &call->node},
		{"OCF_RESKEY_CRM_meta_migrate_source", NODE_NAME_MAX, &call->migrate_source},
		{"OCF_RESKEY_CRM_meta_migrate_target", NODE_NAME_MAX, &call->migrate_target},
	};
	int rc = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct err next = ERR_INIT;

		note(&rc, err, name_read(names[i].key, names[i].max, names[i].ret, &next), &next);
	}
	if (call->instance == NULL) {
		call->instance = "";
	}
	return rc;
}

int ocf_call_read(const struct ocf_agent *agent, const struct ocf_action *action,
		  struct ocf_call *ret, struct err *err)
{
	struct err next = ERR_INIT;
	int64_t level;
	int rc;

	*ret = (struct ocf_call){.agent = agent, .action = action};
	rc = names_read(ret, err);
	note(&rc, err,
	     number_read("OCF_RESKEY_CRM_meta_timeout", TIME_MAX_MS, OCF_TIMEOUT_DEFAULT_MS,
			 &ret->timeout_ms, &next),
	     &next);
	note(&rc, err,
	     number_read("OCF_RESKEY_CRM_meta_interval", TIME_MAX_MS, 0, &ret->interval_ms, &next),
	     &next);
	note(&rc, err, number_read("OCF_CHECK_LEVEL", INT16_MAX, 0, &level, &next), &next);
	if (ret->timeout_ms == 0) {
		ret->timeout_ms = OCF_TIMEOUT_DEFAULT_MS;
	}
	ret->check_level = level_implemented(agent, action->name, level);
	ret->is_probe = strcmp(action->name, "monitor") == 0 && ret->interval_ms == 0;
	ret->deadline = deadline_in(ret->timeout_ms - ocf_call_reserve_ms(ret->timeout_ms));
	return rc;
}
