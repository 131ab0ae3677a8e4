/* SPDX-License-Identifier: GPL-2.0-or-later */
/* corosync, Pacemaker and lunmaskd. */
#include <corosync/cmap.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/async_call.h"
#include "cluster/cluster.h"
#include "doctor/look/doctor_look_internal.h"
#include "node/settings.h"

/* corosync may hang, so it is asked in a thread that can be left behind. */
struct question {
	struct async_call call;
	cs_error_t cs;
	struct cluster_config config;
};

/* All of the keys that the journal needs are texts or small numbers. */
static void key_take(cmap_handle_t cmap, const char *key, cmap_value_types_t type,
		     struct cluster_config *config)
{
	char number[24];
	g_autofree char *text = NULL;
	uint32_t u32;
	uint8_t u8;

	if (type == CMAP_VALUETYPE_STRING) {
		char *value = NULL;

		if (cmap_get_string(cmap, key, &value) == CS_OK) {
			text = g_strdup(value);
		}
		free(value);
	} else if (type == CMAP_VALUETYPE_UINT32 && cmap_get_uint32(cmap, key, &u32) == CS_OK) {
		(void)snprintf(number, sizeof(number), "%" PRIu32, u32);
		text = g_strdup(number);
	} else if (type == CMAP_VALUETYPE_UINT8 && cmap_get_uint8(cmap, key, &u8) == CS_OK) {
		(void)snprintf(number, sizeof(number), "%u", (unsigned int)u8);
		text = g_strdup(number);
	}
	if (text != NULL) {
		(void)cluster_config_set(config, key, text);
	}
}

static cs_error_t prefix_take(cmap_handle_t cmap, const char *prefix, struct cluster_config *config)
{
	char key[CMAP_KEYNAME_MAXLEN + 1];
	cmap_value_types_t type;
	cmap_iter_handle_t iter;
	size_t bytes;
	cs_error_t cs = cmap_iter_init(cmap, prefix, &iter);

	if (cs != CS_OK) {
		return cs;
	}
	while (cmap_iter_next(cmap, iter, key, &bytes, &type) == CS_OK) {
		key_take(cmap, key, type, config);
	}
	return cmap_iter_finalize(cmap, iter);
}

static void corosync_ask(struct async_call *call)
{
	struct question *question = (struct question *)call;
	cmap_handle_t cmap;

	question->cs = cmap_initialize(&cmap);
	if (question->cs != CS_OK) {
		return;
	}
	for (size_t i = 0; question->cs == CS_OK && cluster_config_prefixes[i] != NULL; i++) {
		question->cs = prefix_take(cmap, cluster_config_prefixes[i], &question->config);
	}
	(void)cmap_finalize(cmap);
}

static void question_free(struct async_call *call)
{
	g_free(call);
}

void doctor_look_corosync(struct doctor_look *look, struct deadline deadline)
{
	struct doctor_corosync *ret = &look->facts.corosync;
	struct question *question = g_new0(struct question, 1);
	struct settings settings = {0};
	struct err err = ERR_INIT;
	int rc = 0;

	async_call_init(&question->call, corosync_ask, question_free);
	if (async_call_start(&question->call) < 0 || !async_call_wait(&question->call, deadline)) {
		rc = err_set(&err, -ETIMEDOUT, "corosync hangs");
	} else if (question->cs != CS_OK) {
		rc = err_set(&err, -ENOTCONN, "corosync does not run (error %d)",
			     (int)question->cs);
	} else {
		ret->config = question->config;
	}
	doctor_part_asked(&ret->part, rc, &err);
	async_call_release(&question->call);
	ret->unencrypted_allowed =
		settings_load(NULL, &settings, NULL) == 0 && settings.allow_unencrypted;
}

static void journal_look(struct doctor_journal *ret, struct deadline deadline)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct err err = ERR_INIT;
	int rc = journal_open(deadline, &journal, &err);

	rc = rc < 0 ? rc : journal_status_get(journal, deadline, &ret->status, &err);
	doctor_part_asked(&ret->part, rc, &err);
}

static void settings_look(struct doctor_settings *ret, struct deadline deadline)
{
	g_autofree char *xml = NULL;
	struct err err = ERR_INIT;
	int rc = cluster_configuration(deadline, &xml, &err);

	rc = rc < 0 ? rc : doctor_cib_parse(xml, strlen(xml), &ret->cib, &err);
	rc = rc < 0 ? rc
		    : cluster_option_get(CLUSTER_FENCING_ENABLED, deadline, &ret->fencing_enabled,
					 &err);
	if (rc < 0) {
		doctor_part_unseen(&ret->part, err_text(&err));
	} else {
		ret->part.seen = DOCTOR_SEEN;
	}
}

void doctor_look_cluster(struct doctor_look *look, struct deadline deadline)
{
	struct doctor_pacemaker *pacemaker = &look->facts.pacemaker;
	struct err err = ERR_INIT;
	int rc = cluster_has_quorum(deadline_share(deadline, 3), &pacemaker->quorum, &err);

	doctor_part_asked(&pacemaker->part, rc, &err);
	settings_look(&look->facts.settings, deadline_share(deadline, 2));
	journal_look(&look->facts.journal, deadline);
}

/* It is asked of the fencer, which knows what its devices can fence. */
void doctor_look_devices(struct doctor_look *look, struct deadline deadline)
{
	const struct doctor_cib *cib = &look->facts.settings.cib;
	struct doctor_devices *ret = &look->facts.devices;
	struct err err = ERR_INIT;
	int rc = 0;

	if (look->facts.settings.part.seen != DOCTOR_SEEN) {
		doctor_part_unseen(&ret->part, err_text(&look->facts.settings.part.err));
		return;
	}
	for (size_t i = 0; rc == 0 && i < cib->n_nodes && i < DOCTOR_NODES_MAX; i++) {
		ret->node[i] = cib->nodes[i];
		rc = cluster_node_fence_devices(ret->node[i], deadline, &ret->count[i], &err);
		ret->n = i + 1;
	}
	if (rc < 0) {
		doctor_part_unseen(&ret->part, err_text(&err));
	} else {
		ret->part.seen = DOCTOR_SEEN;
	}
}
