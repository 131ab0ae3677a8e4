/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peers/peer_answer.h"

#include <glib.h>
#include <string.h>

#include "peers/peer_body.h"
#include "peers/peer_verify.h"
#include "process/process.h"
#include "process/qemu_process.h"
#include "base/fd.h"

/* The part of the time that is reserved for the answer's way back. */
#define RESERVE_MS 300
#define HOST_MS 2000
#define EXIT_MS 1000 /* for a QEMU that exits, as after the end of its domain */

static struct deadline deadline_of(const struct journal_ask_request *request)
{
	return deadline_in(request->timeout_ms - MIN(RESERVE_MS, request->timeout_ms / 4));
}

static char *verify(const struct journal_ask_request *ask, const char *uri)
{
	struct peer_probe_storage *storage = NULL;
	struct peer_probe_request request = {.n_portals = 0};
	struct iscsi_portals portals = {.n_good = 0};
	struct err err = ERR_INIT;
	char *answer;
	int rc = peer_probe_request_decode(ask->body, ask->bytes, &request, &storage, &err);

	rc = rc < 0 ? rc : peer_verify(&request, uri, deadline_of(ask), &portals, &err);
	answer = peer_probe_answer_encode(rc, &portals, request.n_portals, err_text(&err));
	peer_probe_storage_free(storage);
	return answer;
}

/* 1: a QEMU of the VM is left that libvirt does not know. */
static int qemu_left(const char *vm, struct deadline deadline, struct err *err)
{
	pid_t pid;
	int rc = qemu_process_find(vm, &pid, err);

	if (rc == 0 && pid != 0) {
		AUTO_FD pidfd = process_hold(pid, NULL);

		if (pidfd >= 0) {
			(void)process_wait(pidfd, deadline_within(deadline, EXIT_MS));
		}
		rc = qemu_process_find(vm, &pid, err);
	}
	return rc != 0 ? rc : pid != 0;
}

/* As libvirt and the processes show it; libvirt may have started it since it was asked. */
static int domain_look(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		       enum domain_state *ret, struct err *err)
{
	int rc = hypervisor_domain_state(hypervisor, vm, deadline, ret, err);

	if (rc != 0 || *ret != DOMAIN_ABSENT) {
		return rc;
	}
	rc = qemu_left(vm, deadline, err);
	if (rc <= 0) {
		return rc;
	}
	rc = hypervisor_domain_state(hypervisor, vm, deadline, ret, err);
	if (rc == 0 && *ret == DOMAIN_ABSENT) {
		*ret = DOMAIN_LOST;
	}
	return rc;
}

static int preflight_look(struct hypervisor *hypervisor, const struct peer_question *question,
			  struct deadline deadline, struct err *err)
{
	enum domain_state state;
	int rc = domain_look(hypervisor, question->vm, deadline, &state, err);

	if (rc == 0 && domain_state_active(state)) {
		return err_set(err, -EEXIST, "the domain is %s already",
			       domain_state_to_str(state));
	}
	if (rc == 0 && question->needs.flash) {
		rc = hypervisor_flash_check(hypervisor, deadline, err);
	}
	if (rc == 0 && question->needs.tpm) {
		rc = hypervisor_tpm_check(hypervisor, deadline, err);
	}
	return rc < 0 ? rc
		      : hypervisor_preflight(hypervisor, question->vm, question->definition,
					     deadline, err);
}

static int look(struct hypervisor *hypervisor, enum journal_ask_kind kind,
		const struct peer_question *question, struct deadline deadline,
		struct peer_reply *reply, struct err *err)
{
	if (kind == JOURNAL_ASK_DOMAIN) {
		return domain_look(hypervisor, question->vm, deadline, &reply->state, err);
	}
	return question->definition != NULL ? preflight_look(hypervisor, question, deadline, err)
					    : err_set(err, -EINVAL, "'definition' is missing");
}

static char *libvirt_answer(const struct journal_ask_request *ask, const char *uri)
{
	struct deadline deadline = deadline_of(ask);
	struct hypervisor *hypervisor = NULL;
	struct peer_reply reply = {.state = DOMAIN_STATE_MAX};
	struct peer_question question;
	struct err err = ERR_INIT;
	int rc = peer_question_decode(ask->body, ask->bytes, &question, &err);

	rc = rc < 0 ? rc : hypervisor_open(uri, deadline, &hypervisor, &err);
	rc = rc < 0 ? rc : look(hypervisor, ask->kind, &question, deadline, &reply, &err);
	/* Last, since libvirt may wait for the resolver; without it, the answer is as good. */
	if (hypervisor != NULL &&
	    hypervisor_host_get(hypervisor, deadline_within(deadline, HOST_MS), reply.host, NULL) <
		    0) {
		reply.host[0] = '\0';
	}
	hypervisor_close(hypervisor);
	peer_question_release(&question);
	reply.rc = rc;
	(void)g_strlcpy(reply.text, err_text(&err), sizeof(reply.text));
	return peer_reply_encode(&reply);
}

char *peer_answer(const struct journal_ask_request *request, const char *uri)
{
	static char *(*const answers[])(const struct journal_ask_request *ask, const char *uri) = {
		[JOURNAL_ASK_VERIFY] = verify,
		[JOURNAL_ASK_DOMAIN] = libvirt_answer,
		[JOURNAL_ASK_PREFLIGHT] = libvirt_answer,
	};

	G_STATIC_ASSERT(G_N_ELEMENTS(answers) == JOURNAL_ASK_KIND_MAX);
	return answers[request->kind](request, uri);
}
