/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hosts/host_libvirt.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>

#include "base/fd.h"
#include "base/thread.h"
#include "domain/domain_xml.h"
#include "peers/peer_ask.h"

#define DEFINITION_MAX (256u * 1024)

/* What is asked: the same of each node. */
struct guest {
	const struct vm_one *one;
	bool memory_is_advice;
	struct peer_needs needs;
	char *definition; /* NULL: there is none, and why */
	struct err why;
};

struct question {
	const struct guest *guest;
	struct deadline deadline;
	struct host_libvirt *ret;
	pthread_t thread;
	bool begun;
};

/* The judgement of an answer */

static void know(struct host_libvirt *ret, enum host_fact fact, enum host_answer is,
		 const char *detail)
{
	struct host_known *known = &ret->known[fact];

	known->is = is;
	(void)g_strlcpy(known->detail, detail, sizeof(known->detail));
}

/* rc: as from hypervisor_preflight(). A host that runs it can run it. */
static void guest_judge(const struct guest *guest, int rc, const char *why,
			struct host_libvirt *ret)
{
	if (rc != 0 && rc != -EEXIST && rc != -ENOTSUP && rc != -ENOSPC) {
		know(ret, HOST_LIBVIRT, HOST_NOT_KNOWN, why);
		return;
	}
	know(ret, HOST_LIBVIRT, HOST_YES, "");
	know(ret, HOST_CPU, HOST_YES, "");
	know(ret, HOST_MEMORY, HOST_YES, "");
	if (rc == -ENOTSUP) {
		/* It is looked at first, and ends the look. */
		know(ret, HOST_CPU, HOST_NO, why);
		know(ret, HOST_MEMORY, HOST_NOT_KNOWN, "");
	} else if (rc == -ENOSPC) {
		know(ret, HOST_MEMORY, guest->memory_is_advice ? HOST_NOT_KNOWN : HOST_NO, why);
	}
}

static void state_judge(const struct guest *guest, enum domain_state state,
			struct host_libvirt *ret)
{
	if (domain_state_active(state)) {
		guest_judge(guest, -EEXIST, "", ret);
		return;
	}
	know(ret, HOST_LIBVIRT, HOST_YES, "");
	know(ret, HOST_CPU, HOST_NOT_KNOWN, err_text(&guest->why));
	know(ret, HOST_MEMORY, HOST_NOT_KNOWN, err_text(&guest->why));
}

/* The guest's definition */

/* The file that people write; what is on the state LUN, which one host has, may differ. */
static char *definition_read(const char *path, struct err *err)
{
	AUTO_FD fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	g_autofree char *text = g_malloc0(DEFINITION_MAX + 1);
	ssize_t n = fd < 0 ? -errno : fd_read(fd, text, DEFINITION_MAX);
	AUTO_XML doc = NULL;

	if (path == NULL) {
		(void)err_set(err, -ENOENT, "its parameter config is not set");
	} else if (n < 0) {
		(void)err_set(err, (int)n, "%s: %s", path, strerror((int)-n));
	} else if (domain_xml_parse(text, strlen(text), &doc, err) < 0) {
		(void)err_prefix(err, 0, "%s", path);
	} else {
		return g_steal_pointer(&text);
	}
	return NULL;
}

static void needs_fill(const struct vm_context *vm, struct peer_needs *ret)
{
	for (size_t i = 0; i < vm->n_drives; i++) {
		ret->flash = ret->flash || strcmp(vm->drives[i].target, DRIVE_FLASH) == 0;
		ret->tpm = ret->tpm || strcmp(vm->drives[i].target, DRIVE_TPM) == 0;
	}
}

/* running: the libvirt of this node, if the domain is active in it, or NULL. */
static void guest_fill(const struct vm_one *one, struct hypervisor *running,
		       struct deadline deadline, struct guest *ret)
{
	ret->one = one;
	needs_fill(one->vm, &ret->needs);
	if (running == NULL ||
	    hypervisor_domain_xml(running, one->name, deadline, &ret->definition, NULL) < 0) {
		ret->definition = definition_read(one->settings.config, &ret->why);
	}
}

/* Other nodes */

static void *question_ask(void *data)
{
	struct question *question = data;
	const struct guest *guest = question->guest;
	const char *node = question->ret->node, *vm = guest->one->name;
	struct peer_reply reply = {.state = DOMAIN_STATE_MAX};
	struct err why = ERR_INIT;
	int rc = guest->definition != NULL
			 ? peer_ask_preflight(node, vm, guest->definition, &guest->needs,
					      question->deadline, &reply, &why)
			 : peer_ask_domain(node, vm, question->deadline, &reply, &why);

	if (rc < 0) {
		know(question->ret, HOST_LIBVIRT, HOST_NOT_KNOWN, err_text(&why));
	} else if (guest->definition != NULL) {
		guest_judge(guest, reply.rc, reply.text, question->ret);
	} else {
		state_judge(guest, reply.state, question->ret);
	}
	return NULL;
}

static void question_begin(struct question *question)
{
	int rc = thread_start(&question->thread, question_ask, question);

	question->begun = rc == 0;
	if (rc < 0) {
		know(question->ret, HOST_LIBVIRT, HOST_NOT_KNOWN, "no thread can be started");
	}
}

/* This node */

static int flash_and_tpm_check(const struct guest *guest, struct hypervisor *hypervisor,
			       struct deadline deadline, struct err *err)
{
	int rc = guest->needs.flash ? hypervisor_flash_check(hypervisor, deadline, err) : 0;

	return rc == 0 && guest->needs.tpm ? hypervisor_tpm_check(hypervisor, deadline, err) : rc;
}

static void here_judge(const struct guest *guest, struct hypervisor *hypervisor,
		       enum domain_state state, struct deadline deadline, struct host_libvirt *ret)
{
	struct err why = ERR_INIT;
	int rc;

	if (guest->definition == NULL || domain_state_active(state)) {
		state_judge(guest, state, ret);
		return;
	}
	rc = flash_and_tpm_check(guest, hypervisor, deadline, &why);
	rc = rc < 0 ? rc
		    : hypervisor_preflight(hypervisor, guest->one->name, guest->definition,
					   deadline, &why);
	guest_judge(guest, rc, err_text(&why), ret);
}

void host_libvirt_ask(const struct vm_one *one, bool memory_is_advice, const char *const *nodes,
		      size_t n, struct deadline deadline, struct host_libvirt *ret)
{
	g_autofree struct question *questions = g_new0(struct question, n + 1);
	struct guest guest = {.memory_is_advice = memory_is_advice};
	struct hypervisor *hypervisor = NULL; /* the context's */
	enum domain_state state = DOMAIN_ABSENT;
	struct err why = ERR_INIT;
	struct deadline first = deadline_share(deadline, 2); /* a libvirt here that hangs */
	int rc = vm_hypervisor(one->vm, first, &hypervisor, &why);
	bool here;

	rc = rc < 0 ? rc : hypervisor_domain_state(hypervisor, one->name, first, &state, &why);
	guest_fill(one, rc == 0 && domain_state_active(state) ? hypervisor : NULL, first, &guest);
	for (size_t i = 0; i < n; i++) {
		ret[i] = (struct host_libvirt){.node = nodes[i]};
		questions[i] = (struct question){
			.guest = &guest,
			.deadline = deadline_within(deadline, HOST_LIBVIRT_ANSWER_MS),
			.ret = &ret[i],
		};
		if (strcmp(nodes[i], one->vm->node) != 0) {
			question_begin(&questions[i]);
		}
	}
	for (size_t i = 0; i < n; i++) {
		here = strcmp(nodes[i], one->vm->node) == 0;
		if (here && rc < 0) {
			know(&ret[i], HOST_LIBVIRT, HOST_NO, err_text(&why));
		} else if (here) {
			here_judge(&guest, hypervisor, state, deadline, &ret[i]);
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (questions[i].begun) {
			(void)pthread_join(questions[i].thread, NULL);
		}
	}
	g_free(guest.definition);
}
