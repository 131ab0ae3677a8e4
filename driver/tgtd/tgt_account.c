/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgtd/tgt_account.h"

#include <stdio.h>
#include <string.h>

#include "driver/tgtd/tgt_socket.h"

/* The words of tgtadm for them. */
static const char *const operations[] = {[TGT_OP_NEW] = "new",
					 [TGT_OP_DELETE] = "delete",
					 [TGT_OP_SHOW] = "show",
					 [TGT_OP_BIND] = "bind",
					 [TGT_OP_UNBIND] = "unbind"};

static int refused(const struct tgt_request *request, const char *user, unsigned int status,
		   struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_INTERNAL,
			 "tgtd refuses to %s account '%s' (error %u of its tgtadm_error.h)",
			 operations[request->op], user, status);
}

/* as_well: another status that is a success. */
static int act(const char *control_port, const struct tgt_request *request, const char *user,
	       unsigned int as_well, struct deadline deadline, struct fault *fault)
{
	unsigned int status = TGT_STATUS_DONE;
	int rc = tgt_socket_call(control_port, request, deadline, &status, NULL, fault);

	if (rc != 0 || status == TGT_STATUS_DONE || status == as_well) {
		return rc;
	}
	return refused(request, user, status, fault);
}

int tgt_account_new(const char *control_port, const char *user, const char *secret,
		    struct deadline deadline, struct fault *fault)
{
	char params[TGT_SOCKET_PARAMS_MAX];
	struct tgt_request request = {.mode = TGT_MODE_ACCOUNT,
				      .op = TGT_OP_NEW,
				      .tid = TGT_SOCKET_NO_TARGET,
				      .params = params};
	int rc;

	(void)snprintf(params, sizeof(params), "user=%s,password=%s", user, secret);
	rc = act(control_port, &request, user, TGT_STATUS_DONE, deadline, fault);
	explicit_bzero(params, sizeof(params));
	return rc;
}

static int account_act(const char *control_port, enum tgt_op op, unsigned int tid, const char *user,
		       bool outgoing, unsigned int as_well, struct deadline deadline,
		       struct fault *fault)
{
	char params[TGT_SOCKET_PARAMS_MAX];
	struct tgt_request request = {.mode = TGT_MODE_ACCOUNT,
				      .op = op,
				      .tid = tid,
				      .outgoing = outgoing,
				      .params = params};

	(void)snprintf(params, sizeof(params), "user=%s", user);
	return act(control_port, &request, user, as_well, deadline, fault);
}

static int show(const char *control_port, enum tgt_mode mode, struct deadline deadline, char **ret,
		struct fault *fault)
{
	struct tgt_request request = {.mode = mode, .op = TGT_OP_SHOW, .tid = TGT_SOCKET_NO_TARGET};
	unsigned int status = TGT_STATUS_DONE;
	int rc = tgt_socket_call(control_port, &request, deadline, &status, ret, fault);

	if (rc == 0 && status != TGT_STATUS_DONE) {
		rc = refused(&request, "all", status, fault);
	}
	return rc;
}

/* tgtd would unbind it from the targets of others, and die of what that leaves there. */
int tgt_account_delete(const char *control_port, const char *user, struct deadline deadline,
		       struct fault *fault)
{
	char *text = NULL;
	int rc = show(control_port, TGT_MODE_TARGET, deadline, &text, fault);

	if (rc == 0 && tgt_account_shown(text, user)) {
		rc = fault_set(fault, ARRAY_ERROR_IN_USE,
			       "account '%s' is bound to a target that is not lunmask's, so it is "
			       "not deleted: use another user there",
			       user);
	}
	free(text);
	return rc != 0 ? rc
		       : account_act(control_port, TGT_OP_DELETE, TGT_SOCKET_NO_TARGET, user, false,
				     TGT_STATUS_NO_USER, deadline, fault);
}

/* Another outgoing account of discovery may have been invisible: it is seen now. */
int tgt_account_bind(const char *control_port, unsigned int tid, const char *user, bool outgoing,
		     struct deadline deadline, struct fault *fault)
{
	return account_act(control_port, TGT_OP_BIND, tid, user, outgoing,
			   outgoing ? TGT_STATUS_ARRAY_EXISTS : TGT_STATUS_USER_EXISTS, deadline,
			   fault);
}

int tgt_account_unbind(const char *control_port, unsigned int tid, const char *user, bool outgoing,
		       struct deadline deadline, struct fault *fault)
{
	return account_act(control_port, TGT_OP_UNBIND, tid, user, outgoing, TGT_STATUS_NO_USER,
			   deadline, fault);
}

int tgt_account_list(const char *control_port, struct deadline deadline, GPtrArray **ret,
		     struct fault *fault)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	int rc = show(control_port, TGT_MODE_ACCOUNT, deadline, &text, fault);

	if (rc == 0 && tgt_account_list_parse(text, ret, &err) != 0) {
		rc = fault_set(fault, ARRAY_ERROR_INTERNAL, "%s", err_text(&err));
	}
	free(text);
	return rc;
}

int tgt_account_discovery(const char *control_port, struct deadline deadline,
			  struct tgt_discovery *ret, struct fault *fault)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	int rc = show(control_port, TGT_MODE_SYSTEM, deadline, &text, fault);

	if (rc == 0 && tgt_discovery_parse(text, ret, &err) != 0) {
		rc = fault_set(fault, ARRAY_ERROR_INTERNAL, "%s", err_text(&err));
	}
	free(text);
	return rc;
}
