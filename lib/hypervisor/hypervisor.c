/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "domain/domain_xml.h"
#include "hypervisor/hypervisor_arrival.h"
#include "hypervisor/hypervisor_conn.h"
#include "hypervisor/hypervisor_watch.h"
#include "hypervisor/virt_loop.h"
#include "process/qemu_process.h"

#define CLOSE_TIMEOUT_MS 1000
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-"

const char *domain_state_to_str(enum domain_state state)
{
	static const char *const texts[] = {
#define X(name, text) [name] = text,
		DOMAIN_STATES(X)
#undef X
	};

	_Static_assert(G_N_ELEMENTS(texts) == DOMAIN_STATE_MAX, "a text per state");
	return (unsigned int)state < DOMAIN_STATE_MAX ? texts[state] : "unknown";
}

bool domain_state_active(enum domain_state state)
{
	return state != DOMAIN_ABSENT;
}

struct hypervisor_call *hypervisor_call_on(struct hypervisor *hypervisor,
					   int (*run)(struct hypervisor_call *call), const char *vm,
					   int *ret_rc, struct err *err)
{
	struct hypervisor_call *call;

	if (hypervisor == NULL || hypervisor->dead) {
		*ret_rc = err_set(
			err, -ENOTCONN,
			"the connection to libvirt's daemon was lost, or given up after a call "
			"without answer");
		return NULL;
	}
	call = hypervisor_call_new(hypervisor->conn, run, vm);
	*ret_rc = call == NULL ? err_set(err, -ENOMEM, "out of memory") : 0;
	return call;
}

int hypervisor_outcome(const struct hypervisor_call *call, const char *what, struct err *err)
{
	return call->rc == 0 ? 0 : err_set(err, call->rc, "libvirt: %s: %s", what, call->text);
}

int hypervisor_abandon(struct hypervisor *hypervisor, const char *what, struct err *err)
{
	hypervisor->dead = true;
	return err_set(err, -ETIMEDOUT,
		       "libvirt: %s: no answer in time; its daemon hangs or its host is overloaded",
		       what);
}

int hypervisor_run(struct hypervisor *hypervisor, struct hypervisor_call *call, const char *what,
		   struct deadline deadline, struct err *err)
{
	int rc = hypervisor_call_start(call, err);

	if (rc < 0) {
		return rc;
	}
	if (!hypervisor_call_wait(call, deadline)) {
		return hypervisor_abandon(hypervisor, what, err);
	}
	return hypervisor_outcome(call, what, err);
}

/* Runs a call on a domain that returns no data. */
static int run_simple(struct hypervisor *hypervisor, int (*run)(struct hypervisor_call *call),
		      const char *vm, const char *what, struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, run, vm, &rc, err);

	return call == NULL ? rc : hypervisor_run(hypervisor, call, what, deadline, err);
}

static int open_run(struct hypervisor_call *call)
{
	call->conn = virConnectOpen(call->args[0]);
	if (call->conn == NULL) {
		(void)hypervisor_call_failed(call);
		return -ECONNREFUSED;
	}
	return 0;
}

struct hypervisor_opening {
	struct hypervisor *hypervisor;
	struct hypervisor_call *call;
};

int hypervisor_open_begin(const char *uri, struct hypervisor_opening **ret, struct err *err)
{
	struct hypervisor_opening *opening;
	int rc = virt_loop_init();

	if (rc < 0) {
		return err_set(err, rc, "libvirt cannot be initialised: %s",
			       virGetLastErrorMessage());
	}
	opening = g_new0(struct hypervisor_opening, 1);
	opening->hypervisor = calloc(1, sizeof(*opening->hypervisor));
	opening->call = hypervisor_call_new(NULL, open_run, NULL);
	rc = opening->hypervisor == NULL || opening->call == NULL ||
			     !hypervisor_call_set_arg(opening->call, 0, uri)
		     ? err_set(err, -ENOMEM, "out of memory")
		     : hypervisor_call_start(opening->call, err);
	if (rc < 0) {
		hypervisor_open_drop(opening);
		return err_prefix(err, rc, "%s", uri);
	}
	opening->hypervisor->local = strncmp(uri, "qemu:///", 8) == 0;
	*ret = opening;
	return 0;
}

/* A thread that still connects closes the connection when it has one. */
void hypervisor_open_drop(struct hypervisor_opening *opening)
{
	if (opening != NULL) {
		hypervisor_call_release(opening->call);
		free(opening->hypervisor);
		g_free(opening);
	}
}

int hypervisor_open_end(struct hypervisor_opening *opening, struct deadline deadline,
			struct hypervisor **ret, struct err *err)
{
	struct hypervisor_call *call = opening->call;
	bool ended = hypervisor_call_wait(call, deadline);
	int rc = ended ? hypervisor_outcome(call, "connect", err)
		       : hypervisor_abandon(opening->hypervisor, "connect", err);

	if (rc == 0 && virConnectRef(call->conn) < 0) {
		rc = err_set(err, -EIO, "libvirt: connect: %s", virGetLastErrorMessage());
	}
	if (rc < 0) {
		rc = err_prefix(err, rc, "%s", call->args[0]);
	} else {
		opening->hypervisor->conn = call->conn;
		*ret = opening->hypervisor;
		opening->hypervisor = NULL;
	}
	hypervisor_open_drop(opening);
	return rc;
}

int hypervisor_open(const char *uri, struct deadline deadline, struct hypervisor **ret,
		    struct err *err)
{
	struct hypervisor_opening *opening;
	int rc = hypervisor_open_begin(uri, &opening, err);

	return rc < 0 ? rc : hypervisor_open_end(opening, deadline, ret, err);
}

static int close_run(struct hypervisor_call *call)
{
	(void)virConnectClose(call->conn);
	(void)virConnectClose(call->conn);
	call->conn = NULL;
	return 0;
}

/* The last close of a connection is a call to libvirtd too, and may hang. */
void hypervisor_close(struct hypervisor *hypervisor)
{
	if (hypervisor == NULL) {
		return;
	}
	/* A dead connection is left to the thread that hangs in it. */
	if (!hypervisor->dead) {
		(void)run_simple(hypervisor, close_run, NULL, "close",
				 deadline_in(CLOSE_TIMEOUT_MS), NULL);
	}
	free(hypervisor);
}

static enum domain_state paused_state(int reason)
{
	switch (reason) {
	case VIR_DOMAIN_PAUSED_IOERROR: return DOMAIN_PAUSED_IO_ERROR;
	case VIR_DOMAIN_PAUSED_MIGRATION:
	case VIR_DOMAIN_PAUSED_POSTCOPY:
	case VIR_DOMAIN_PAUSED_POSTCOPY_FAILED: return DOMAIN_PAUSED_MIGRATION;
	case VIR_DOMAIN_PAUSED_STARTING_UP: return DOMAIN_PAUSED_STARTING;
	case VIR_DOMAIN_PAUSED_SHUTTING_DOWN: return DOMAIN_SHUTTING_DOWN;
	case VIR_DOMAIN_PAUSED_CRASHED: return DOMAIN_CRASHED;
	default: return DOMAIN_PAUSED;
	}
}

static int state_from_libvirt(struct hypervisor_call *call, int state, int reason)
{
	switch (state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED: call->state = DOMAIN_RUNNING; return 0;
	case VIR_DOMAIN_PAUSED: call->state = paused_state(reason); return 0;
	case VIR_DOMAIN_SHUTDOWN: call->state = DOMAIN_SHUTTING_DOWN; return 0;
	case VIR_DOMAIN_PMSUSPENDED: call->state = DOMAIN_SUSPENDED; return 0;
	case VIR_DOMAIN_SHUTOFF: call->state = DOMAIN_ABSENT; return 0;
	case VIR_DOMAIN_CRASHED: call->state = DOMAIN_CRASHED; return 0;
	default:
		return hypervisor_call_set_text(
			call, -EIO, "domain '%s' is in state %d, which this version does not know",
			call->vm, state);
	}
}

static int state_run(struct hypervisor_call *call)
{
	virDomainPtr domain = virDomainLookupByName(call->conn, call->vm);
	int reason = 0;
	int state = 0;
	int rc;

	if (domain == NULL) {
		rc = hypervisor_call_failed(call);
		call->state = DOMAIN_ABSENT;
		return rc == -ENOENT ? 0 : rc;
	}
	if (virDomainGetState(domain, &state, &reason, 0) < 0) {
		rc = hypervisor_call_failed(call);
		call->state = DOMAIN_ABSENT;
		rc = rc == -ENOENT ? 0 : rc;
	} else {
		rc = state_from_libvirt(call, state, reason);
	}
	if (rc == 0 && call->state == DOMAIN_PAUSED) {
		rc = hypervisor_arrival_marked(call, domain);
		call->state = rc == 1 ? DOMAIN_ARRIVED : call->state;
		rc = rc == 1 ? 0 : rc;
	}
	/* A crashed domain may be kept with its QEMU process, or be only a definition. */
	if (rc == 0 && call->state == DOMAIN_CRASHED && virDomainIsActive(domain) == 0) {
		call->state = DOMAIN_ABSENT;
	}
	(void)virDomainFree(domain);
	return rc;
}

int hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			    enum domain_state *ret, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, state_run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	rc = hypervisor_run(hypervisor, call, "domain state", deadline, err);
	if (rc == 0) {
		*ret = call->state;
	}
	return rc;
}

/* Was the domain refused because one of that name is already active? Then -EEXIST. */
static int refused_or_there(struct hypervisor_call *call, int rc)
{
	int active_rc;
	virDomainPtr domain;
	char text[HYPERVISOR_CALL_TEXT_MAX];

	memcpy(text, call->text, sizeof(text));
	domain = hypervisor_call_domain(call, &active_rc);
	memcpy(call->text, text, sizeof(text));
	if (domain == NULL) {
		return rc;
	}
	(void)virDomainFree(domain);
	return -EEXIST;
}

static int create_run(struct hypervisor_call *call)
{
	virDomainPtr domain = virDomainCreateXML(call->conn, call->args[0], 0);

	if (domain == NULL) {
		return refused_or_there(call, hypervisor_call_failed(call));
	}
	(void)virDomainFree(domain);
	return 0;
}

static int restore_run(struct hypervisor_call *call)
{
	if (virDomainRestoreFlags(call->conn, call->args[1], call->args[0],
				  VIR_DOMAIN_SAVE_PAUSED) < 0) {
		return refused_or_there(call, hypervisor_call_failed(call));
	}
	return 0;
}

static int name_from_xml(const char *domain_xml, char **ret_name, struct err *err)
{
	AUTO_XML doc = NULL;
	const char *name;
	int rc = domain_xml_parse(domain_xml, strlen(domain_xml), &doc, err);

	if (rc < 0) {
		return rc;
	}
	name = xml_tree_text(xml_tree_child(xmlDocGetRootElement(doc), "name"));
	if (name == NULL) {
		return err_set(err, -EINVAL, "the domain definition has no <name>");
	}
	*ret_name = strdup(name);
	return *ret_name == NULL ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static int run_with_xml(struct hypervisor *hypervisor, int (*run)(struct hypervisor_call *call),
			const char *domain_xml, const char *file, const char *what,
			struct deadline deadline, struct err *err)
{
	AUTO_CALL call = NULL;
	char *vm = NULL;
	int rc = name_from_xml(domain_xml, &vm, err);

	if (rc < 0) {
		return rc;
	}
	call = hypervisor_call_on(hypervisor, run, vm, &rc, err);
	free(vm);
	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, 0, domain_xml) ||
	    !hypervisor_call_set_arg(call, 1, file)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return hypervisor_run(hypervisor, call, what, deadline, err);
}

int hypervisor_create(struct hypervisor *hypervisor, const char *domain_xml,
		      struct deadline deadline, struct err *err)
{
	return run_with_xml(hypervisor, create_run, domain_xml, NULL, "create", deadline, err);
}

int hypervisor_restore_paused(struct hypervisor *hypervisor, const char *file,
			      const char *domain_xml, struct deadline deadline, struct err *err)
{
	return run_with_xml(hypervisor, restore_run, domain_xml, file, "restore", deadline, err);
}

static int resume_run(struct hypervisor_call *call)
{
	int state = VIR_DOMAIN_NOSTATE;
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc;
	}
	rc = hypervisor_arrival_unmark(call, domain);
	if (rc == 0 && virDomainResume(domain) < 0) {
		rc = hypervisor_call_failed(call);
		/* A domain that already runs is a success. */
		if (virDomainGetState(domain, &state, NULL, 0) == 0 &&
		    state == VIR_DOMAIN_RUNNING) {
			rc = 0;
		}
	}
	(void)virDomainFree(domain);
	return rc;
}

int hypervisor_resume(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		      struct err *err)
{
	return run_simple(hypervisor, resume_run, vm, "resume", deadline, err);
}

static int wake_run(struct hypervisor_call *call)
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc;
	}
	if (virDomainPMWakeup(domain, 0) < 0) {
		rc = hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return rc;
}

int hypervisor_wake(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		    struct err *err)
{
	return run_simple(hypervisor, wake_run, vm, "wake up", deadline, err);
}

static int shutdown_run(struct hypervisor_call *call)
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc;
	}
	if (virDomainShutdown(domain) < 0) {
		rc = hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return rc;
}

int hypervisor_shutdown(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			struct err *err)
{
	return run_simple(hypervisor, shutdown_run, vm, "shutdown", deadline, err);
}

static int destroy_run(struct hypervisor_call *call)
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc == -ENOENT ? 0 : rc;
	}
	/*
	 * Without GRACEFUL, libvirt sends SIGTERM, and SIGKILL after 10 s. With GRACEFUL it would
	 * only give up.
	 */
	if (virDomainDestroyFlags(domain, VIR_DOMAIN_DESTROY_DEFAULT) < 0) {
		rc = hypervisor_call_failed(call);
		/*
		 * The domain may have ended meanwhile; libvirt then no longer knows a transient
		 * domain.
		 */
		if (rc == -ENOENT || virDomainIsActive(domain) == 0) {
			rc = 0;
		}
	}
	(void)virDomainFree(domain);
	return rc;
}

int hypervisor_destroy(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		       struct err *err)
{
	const char *what = "destroy";
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, destroy_run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	rc = hypervisor_call_start(call, err);
	if (rc < 0) {
		return rc;
	}
	if (hypervisor_call_wait(call, deadline_in(deadline_left_ms(deadline) / 2))) {
		return hypervisor_outcome(call, what, err);
	}
	/* libvirt notices that the process is gone, and its own call returns. */
	if (hypervisor->local) {
		rc = qemu_process_end(vm, deadline, err);
		if (rc < 0) {
			hypervisor->dead = true;
			return rc;
		}
	}
	if (!hypervisor_call_wait(call, deadline)) {
		return hypervisor_abandon(hypervisor, what, err);
	}
	return hypervisor_outcome(call, what, err);
}

/* Versions are below 2^32; number has both. */
static int versions_run(struct hypervisor_call *call)
{
	unsigned long libvirt = 0, qemu = 0;

	if (virConnectGetLibVersion(call->conn, &libvirt) < 0) {
		return hypervisor_call_failed(call);
	}
	if (virConnectGetVersion(call->conn, &qemu) < 0) {
		qemu = 0; /* no QEMU is installed */
	}
	call->number = (uint64_t)libvirt << 32 | (qemu & UINT32_MAX);
	return 0;
}

int hypervisor_versions_get(struct hypervisor *hypervisor, struct deadline deadline,
			    struct hypervisor_versions *ret, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, versions_run, "", &rc, err);

	rc = call == NULL ? rc : hypervisor_run(hypervisor, call, "versions", deadline, err);
	if (rc == 0) {
		ret->libvirt = (unsigned long)(call->number >> 32);
		ret->qemu = (unsigned long)(call->number & UINT32_MAX);
	}
	return rc;
}

/* NULL: libvirt does not know it. */
static char *board_uuid(virConnectPtr conn)
{
	static const struct xml_tree_kind kind = {"libvirt", "sysinfo", 1u << 20};
	char *text = virConnectGetSysinfo(conn, 0);
	char *uuid = NULL;
	AUTO_XML doc = NULL;
	xmlNodePtr entry = NULL;

	if (text != NULL && xml_tree_parse(text, strlen(text), &kind, &doc, NULL) == 0) {
		entry = xml_tree_child(xml_tree_child(xmlDocGetRootElement(doc), "system"),
				       "entry");
	}
	for (; entry != NULL && uuid == NULL; entry = xml_tree_next(entry, "entry")) {
		const char *name = xml_tree_attr(entry, "name");

		uuid = name != NULL && strcmp(name, "uuid") == 0 ? g_strdup(xml_tree_text(entry))
								 : NULL;
	}
	free(text);
	virResetLastError();
	return uuid;
}

/* The name up to the first period: what the resolver adds to it may come and go. */
static int host_run(struct hypervisor_call *call)
{
	char *name = virConnectGetHostname(call->conn);
	g_autofree char *uuid = NULL;
	g_autofree char *host = NULL;

	if (name == NULL) {
		return hypervisor_call_failed(call);
	}
	uuid = board_uuid(call->conn);
	host = g_strdup_printf("%.*s %s", (int)strcspn(name, "."), name, uuid == NULL ? "-" : uuid);
	free(name);
	g_strcanon(host, HOST_CHARACTERS, '?');
	call->result = strndup(host, HYPERVISOR_HOST_MAX);
	return call->result == NULL ? -ENOMEM : 0;
}

int hypervisor_host_get(struct hypervisor *hypervisor, struct deadline deadline,
			char ret[HYPERVISOR_HOST_MAX + 1], struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, host_run, "", &rc, err);

	rc = call == NULL ? rc : hypervisor_run(hypervisor, call, "host", deadline, err);
	if (rc == 0) {
		(void)g_strlcpy(ret, call->result, HYPERVISOR_HOST_MAX + 1);
	}
	return rc;
}
