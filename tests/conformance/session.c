/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <iscsi/iscsi.h>

void session_close(struct session *session)
{
	if (session->iscsi != NULL) {
		(void)iscsi_destroy_context(session->iscsi);
		session->iscsi = NULL;
	}
}

bool lun_get(struct bench *bench, const char *lun, const char *initiator, json_t **ret)
{
	json_t *reply;

	if (!bench_ok(bench, "luns", &reply, "{\"luns\":[\"%s\"],\"initiator\":\"%s\"}", lun,
		      initiator)) {
		return false;
	}
	*ret = json_incref(json_array_get(json_object_get(reply, "luns"), 0));
	json_decref(reply);
	return true;
}

bool session_login(struct bench *bench, const char *lun, const char *initiator, struct session *ret)
{
	json_t *facts;
	const char *target;
	bool ok;

	*ret = (struct session){0};
	if (!lun_get(bench, lun, initiator, &facts)) {
		return false;
	}
	target = json_string_value(json_object_get(facts, "target"));
	ret->number = (int)json_integer_value(json_object_get(facts, "number"));
	ret->iscsi = iscsi_create_context(initiator);
	ok = ret->iscsi != NULL && target != NULL &&
	     iscsi_set_session_type(ret->iscsi, ISCSI_SESSION_NORMAL) == 0 &&
	     iscsi_set_targetname(ret->iscsi, target) == 0;
	if (ok) {
		iscsi_set_timeout(ret->iscsi, SESSION_COMMAND_S);
		iscsi_set_noautoreconnect(ret->iscsi, 1);
		ok = iscsi_full_connect_sync(ret->iscsi, bench->portal, ret->number) == 0;
	}
	if (!ok) {
		(void)bench_fail(bench, "login of '%s' to LUN '%s': %s", initiator, lun,
				 ret->iscsi != NULL ? iscsi_get_error(ret->iscsi) : "no memory");
		session_close(ret);
	}
	json_decref(facts);
	return ok;
}
