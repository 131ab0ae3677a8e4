/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PEER_BODY_H
#define LUNMASK_PEER_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "hypervisor/hypervisor.h"
#include "names/name_limits.h"

/*
 * The bodies of the questions `domain` and `preflight` (journal_ask.h), and of their answers, as
 * JSON. Those of `verify` are in peer_probe.h.
 *
 *	domain      {"vm": "web1"}
 *	preflight   {"vm": "web1", "definition": "<domain ...>", "flash": true,
 *	             "tpm": false}
 *	answer      {"ok": true, "host": "node2 4c4c...", "state": "RUNNING"}
 *	            {"ok": false, "host": "", "error": "one line", "errno_name": "ENOSPC"}
 *
 * flash: the VM has UEFI variables on a LUN. tpm: it has a TPM. host is that of
 *hypervisor_host_get(), "" if it is not known. state, which domain has, is that of an enum
 *domain_state without its prefix. Members that are not known are ignored: the sender may be newer.
 */
/* What the VM needs of a host's libvirt and is not in what is sent of its definition. */
struct peer_needs {
	bool flash;
	bool tpm;
};

struct peer_question {
	char vm[VM_NAME_MAX + 1];
	char *definition; /* preflight; NULL: domain */
	struct peer_needs needs;
};

struct peer_reply {
	int rc; /* 0, or the -errno of who looked there, with text */
	char text[ERR_TEXT_MAX];
	char host[HYPERVISOR_HOST_MAX + 1];
	enum domain_state state; /* DOMAIN_STATE_MAX: it says none */
};

/* definition NULL: domain; needs is not looked at. For free(). NULL without memory, or if a text is
 * not UTF-8. */
char *peer_question_encode(const char *vm, const char *definition, const struct peer_needs *needs);
char *peer_reply_encode(const struct peer_reply *reply);

/* -EINVAL, with text. The caller releases *ret also after a failure. */
int peer_question_decode(const char *text, size_t bytes, struct peer_question *ret,
			 struct err *err);
void peer_question_release(struct peer_question *question);

/* -EPROTO, with text. What it says is one line of printable ASCII. */
int peer_reply_decode(const char *text, size_t bytes, struct peer_reply *ret, struct err *err);

#endif
