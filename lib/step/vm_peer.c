/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers/peer_ask.h"
#include "san/peer_probe.h"
#include "step/vm_masks.h"
#include "vm/vm_definition.h"
#include "media/vm_media.h"
#include "media/vm_tpm.h"

#define PROBE_MS 20000 /* an ssh handshake, and 5 s for portals that do not answer */
#define CONNECT_MS 15000
#define HOST_MS 2000
#define CLOSE_MS 2000
/* 5 s for portals that do not answer; the other way must have its time after it. */
#define ASK_MS 8000

/*
 * The address goes into URIs and to ssh, so it must not contain a character that has a meaning
 * there.
 */
static bool address_valid(const char *address)
{
	return address[0] != '\0' && address[0] != '-' &&
	       address[strspn(address, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789.:_-")] == '\0';
}

int vm_peer_address(const struct vm_context *vm, const struct config_host *host, char *address,
		    size_t size, struct err *err)
{
	const char *suffix = vm->settings->migration_network_suffix;
	bool by_suffix = suffix != NULL && suffix[0] != '\0';
	char plain[NODE_NAME_MAX + 128];
	/* As ocf:heartbeat:VirtualDomain: node2.example.com becomes node2-mig.example.com. */
	int first = (int)strcspn(host->node, ".");
	int length = by_suffix ? snprintf(plain, sizeof(plain), "%.*s%s%s", first, host->node,
					  suffix, host->node + first)
			       : snprintf(plain, sizeof(plain), "%s", host->migration_address);

	if (length < 0 || (size_t)length >= sizeof(plain) || !address_valid(plain)) {
		return err_set(err, -EINVAL,
			       "'%s' is no migration address: letters, digits and .:_- are legal",
			       plain);
	}
	length = snprintf(address, size, strchr(plain, ':') != NULL ? "[%s]" : "%s", plain);
	if (length < 0 || (size_t)length >= size) {
		return err_set(err, -EINVAL, "the address of %s is too long", host->node);
	}
	return 0;
}

int vm_peer_uri(const struct vm_context *vm, const struct config_host *host,
		char uri[VM_PEER_URI_MAX], struct err *err)
{
	char address[VM_PEER_URI_MAX / 2];
	int rc = vm_peer_address(vm, host, address, sizeof(address), err);

	if (rc == 0) {
		(void)snprintf(uri, VM_PEER_URI_MAX, "qemu+%s://%s/system",
			       vm->settings->migration_transport, address);
	}
	return rc;
}

static int peer_connect(struct vm_context *vm, const struct config_host *host,
			struct deadline deadline, struct hypervisor **ret, struct err *err)
{
	char uri[VM_PEER_URI_MAX];
	int rc = vm_peer_uri(vm, host, uri, err);

	if (rc == 0) {
		rc = hypervisor_open(uri, deadline_within(deadline, CONNECT_MS), ret, err);
	}
	return rc == 0 ? 0 : err_prefix(err, rc, "libvirt on %s", host->node);
}

int vm_peer_check(const struct vm_context *vm, const char *source, const char *target,
		  const char *me, struct err *err)
{
	if (source == NULL || target == NULL || source[0] == '\0' || target[0] == '\0') {
		return err_set(err, -EINVAL,
			       "a migration needs a source and a target: only Pacemaker calls this "
			       "action (use 'crm resource move' or 'pcs resource move')");
	}
	if (strcmp(source, target) == 0) {
		return err_set(err, -EINVAL, "source and target of a migration are both %s",
			       source);
	}
	if (strcmp(me, vm->node) != 0) {
		return err_set(err, -EINVAL,
			       "this action of the migration from %s to %s must run on %s, but "
			       "this node is %s",
			       source, target, me, vm->node);
	}
	return 0;
}

static void peer_free(struct vm_peer *peer)
{
	if (peer == NULL) {
		return;
	}
	/* A process that ends while it connects might do so in the middle of a library's end. */
	if (peer->opening != NULL) {
		(void)hypervisor_open_end(peer->opening, deadline_in(CLOSE_MS), &peer->hypervisor,
					  NULL);
	}
	hypervisor_close(peer->hypervisor);
	vm_grant_release(&peer->grant);
	free(peer);
}

int vm_peer_open(struct vm_context *vm, const char *node, struct err *err)
{
	struct vm_peer *peer = calloc(1, sizeof(*peer));
	char uri[VM_PEER_URI_MAX];
	int rc;

	if (peer == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	rc = config_host_get(vm->config, node, &peer->host, err);
	if (rc == 0) {
		rc = vm_peer_uri(vm, peer->host, uri, err);
	}
	if (rc == 0) {
		rc = hypervisor_open_begin(uri, &peer->opening, err);
	}
	if (rc != 0) {
		peer_free(peer);
		return rc;
	}
	vm->peer = peer;
	return 0;
}

int vm_peer_wait(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_peer *peer = vm->peer;
	struct hypervisor_opening *opening = peer->opening;
	int rc;

	if (peer->hypervisor != NULL) {
		return 0;
	}
	if (opening == NULL) {
		return peer_connect(vm, peer->host, deadline, &peer->hypervisor, err);
	}
	peer->opening = NULL;
	rc = hypervisor_open_end(opening, deadline_within(deadline, CONNECT_MS), &peer->hypervisor,
				 err);
	return rc == 0 ? 0 : err_prefix(err, rc, "libvirt on %s", peer->host->node);
}

void vm_peer_close(struct vm_context *vm)
{
	peer_free(vm->peer);
	vm->peer = NULL;
}

/* What is asked first must leave time for the other way. */
static struct deadline ask_deadline(struct deadline deadline)
{
	int left_ms = deadline_left_ms(deadline) / 2;

	return deadline_in(left_ms < ASK_MS ? left_ms : ASK_MS);
}

int vm_peer_domain_state(struct vm_context *vm, const struct config_host *host,
			 struct deadline deadline, enum domain_state *ret, struct err *err)
{
	struct hypervisor *hypervisor;
	struct peer_reply reply;
	int rc =
		peer_ask_domain(host->node, vm->settings->vm, ask_deadline(deadline), &reply, NULL);

	if (rc == 0) {
		*ret = reply.state;
		return 0;
	}
	rc = peer_connect(vm, host, deadline, &hypervisor, err);
	if (rc != 0) {
		return rc;
	}
	rc = hypervisor_domain_state(hypervisor, vm->settings->vm, deadline, ret, err);
	hypervisor_close(hypervisor);
	return rc == 0 ? 0 : err_prefix(err, rc, "libvirt on %s", host->node);
}

int vm_peer_arrived_end(struct vm_context *vm, const struct config_host *host,
			struct deadline deadline, struct err *err)
{
	struct hypervisor *hypervisor;
	enum domain_state state;
	int rc = peer_connect(vm, host, deadline, &hypervisor, err);

	if (rc != 0) {
		return rc;
	}
	rc = hypervisor_domain_state(hypervisor, vm->settings->vm, deadline, &state, err);
	if (rc == 0 && state == DOMAIN_ARRIVED) {
		rc = hypervisor_destroy(hypervisor, vm->settings->vm, deadline, err);
	}
	hypervisor_close(hypervisor);
	return rc == 0 ? 0 : err_prefix(err, rc, "libvirt on %s", host->node);
}

int vm_peer_state(struct vm_context *vm, struct deadline deadline, enum domain_state *ret,
		  struct err *err)
{
	struct vm_peer *peer = vm->peer;
	struct hypervisor *anew;
	int rc = vm_peer_wait(vm, deadline, err);

	if (rc != 0) {
		return rc;
	}
	rc = hypervisor_domain_state(peer->hypervisor, vm->settings->vm, deadline, ret, err);
	/* This answer decides how a migration ended, so a lost connection is opened again. */
	if (rc == -ENOTCONN || rc == -ECONNREFUSED) {
		rc = peer_connect(vm, peer->host, deadline, &anew, err);
		if (rc != 0) {
			return rc;
		}
		hypervisor_close(peer->hypervisor);
		peer->hypervisor = anew;
		rc = hypervisor_domain_state(anew, vm->settings->vm, deadline, ret, err);
	}
	return rc == 0 ? 0 : err_prefix(err, rc, "libvirt on %s", peer->host->node);
}

/*
 * This host's portal and LUN numbers will do: the peer checks only CPU and memory. Without a domain
 * here, the guest is in its saved image, which is not opened for this.
 */
static int definition_to_move(struct vm_context *vm, struct deadline deadline, char **ret_xml,
			      struct err *err)
{
	struct mapping_host here = vm_definition_here(vm);
	enum domain_state state;
	int rc = vm_domain_state(vm, deadline, &state, err);

	if (rc != 0) {
		return rc;
	}
	return domain_state_active(state) && state != DOMAIN_LOST
		       ? vm_definition_running(vm, &here, deadline, ret_xml, err)
		       : vm_definition_stored(vm, &here, ret_xml, err);
}

/* Too little memory is a matter of opinion: libvirt would take the guest. */
static bool memory_is_accepted(const struct vm_context *vm, const struct err *why)
{
	struct task_event event = {
		.kind = TASK_STEP_PROGRESS,
		.task = "migrate",
		.step = "preflight",
		.text = err_text(why),
	};

	if (vm->settings->preflight != VM_PREFLIGHT_WARN) {
		return false;
	}
	vm_report_event(vm, &event);
	return true;
}

/* Its lunmaskd cannot say: its libvirt can, through the connection that is needed later anyway. */
static int libvirt_preflight(struct vm_context *vm, const char *xml, const struct peer_needs *needs,
			     struct deadline deadline, struct err *err)
{
	struct vm_peer *peer = vm->peer;
	enum domain_state state;
	int rc = vm_peer_state(vm, deadline, &state, err);

	if (rc == 0 && domain_state_active(state)) {
		return err_set(err, -EEXIST, "the domain is %s already",
			       domain_state_to_str(state));
	}
	if (rc == 0 && needs->flash) {
		rc = hypervisor_flash_check(peer->hypervisor, deadline, err);
	}
	if (rc == 0 && needs->tpm) {
		rc = hypervisor_tpm_check(peer->hypervisor, deadline, err);
	}
	return rc != 0 ? rc
		       : hypervisor_preflight(peer->hypervisor, vm->settings->vm, xml, deadline,
					      err);
}

/* It costs time, and is plain to see. */
static void tell_other_way(const struct vm_context *vm, const char *step, const char *way,
			   const struct err *why)
{
	struct err text = ERR_INIT;
	struct task_event event = {.kind = TASK_STEP_PROGRESS, .task = "migrate", .step = step};

	(void)err_set(&text, 0, "%s is asked by %s: %s", vm->peer->host->node, way, err_text(why));
	event.text = err_text(&text);
	vm_report_event(vm, &event);
}

static int definition_preflight(struct vm_context *vm, const char *xml, struct deadline deadline,
				struct err *err)
{
	struct vm_peer *peer = vm->peer;
	const struct peer_needs needs = {.flash = mapping_find(vm->mapping, DRIVE_FLASH) != NULL,
					 .tpm = vm_tpm_has(vm)};
	struct err why = ERR_INIT;
	struct peer_reply reply;

	if (peer_ask_preflight(peer->host->node, vm->settings->vm, xml, &needs,
			       ask_deadline(deadline), &reply, &why) < 0) {
		tell_other_way(vm, "preflight", "libvirt", &why);
		return libvirt_preflight(vm, xml, &needs, deadline, err);
	}
	memcpy(peer->told_host, reply.host, sizeof(peer->told_host));
	return reply.rc == 0 ? 0 : err_set(err, reply.rc, "%s", reply.text);
}

int vm_peer_preflight(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_peer *peer = vm->peer;
	char *xml = NULL;
	int rc = definition_to_move(vm, deadline, &xml, err);

	if (rc == 0) {
		rc = definition_preflight(vm, xml, deadline, err);
	}
	if (rc == -ENOSPC && memory_is_accepted(vm, err)) {
		rc = 0;
	}
	free(xml);
	return rc == 0 ? 0 : err_prefix(err, rc, "%s", peer->host->node);
}

/*
 * lunmaskd was asked by the node's name, and libvirt is reached by an address that somebody has
 * configured for it, which may be another host's. 0: they are one host; 1: nobody can say, and the
 * connection may be gone.
 */
static int host_check(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_peer *peer = vm->peer;
	const char *node = peer->host->node;
	char reached[HYPERVISOR_HOST_MAX + 1];
	struct peer_reply reply;

	if (peer->told_host[0] == '\0' &&
	    peer_ask_domain(node, vm->settings->vm, ask_deadline(deadline), &reply, NULL) == 0) {
		memcpy(peer->told_host, reply.host, sizeof(peer->told_host));
	}
	if (peer->told_host[0] == '\0') {
		(void)err_set(err, 0, "which host is at its address is not known otherwise");
		return 1;
	}
	if (hypervisor_host_get(peer->hypervisor, deadline_within(deadline, HOST_MS), reached,
				err) < 0) {
		/* The connection may hang in that call, and the hand-over needs one. */
		hypervisor_close(peer->hypervisor);
		peer->hypervisor = NULL;
		return 1;
	}
	return strcmp(reached, peer->told_host) == 0
		       ? 0
		       : err_set(err, -EADDRNOTAVAIL,
				 "correct migration_address of [host %s] in lunmask.conf, or "
				 "migration_network_suffix: the host at that address is %s",
				 node, reached);
}

/* How programs are run on the peer (runner.h). */
static int transport_of(const struct vm_context *vm, char transport[VM_PEER_URI_MAX],
			struct err *err)
{
	char address[VM_PEER_URI_MAX / 2];
	int rc = vm_peer_address(vm, vm->peer->host, address, sizeof(address), err);

	if (rc == 0) {
		(void)snprintf(transport, VM_PEER_URI_MAX, "ssh://%s", address);
	}
	return rc;
}

/* By lunmask-probe, through ssh: it is asked at the address, and says itself which node it is. */
static int ssh_verify(struct vm_context *vm, const struct peer_probe_request *request,
		      struct deadline deadline, struct iscsi_portals *ret, struct err *err)
{
	char transport[VM_PEER_URI_MAX];
	struct runner runner = {.transport = transport};
	int rc = transport_of(vm, transport, err);

	*ret = (struct iscsi_portals){.n_good = 0};
	if (rc != 0) {
		return rc;
	}
	return peer_probe_run(&runner, LUNMASK_PROBE_PROGRAM, request,
			      deadline_within(deadline, PROBE_MS), ret, err);
}

/* As iscsi_source_portal(), asked of the peer the way that has just worked. */
static const char *source_portal(struct vm_context *vm, const struct peer_probe_request *verified,
				 const char *first, bool by_ssh, struct deadline deadline)
{
	const char *const redirect[] = {vm->redirect};
	struct peer_probe_request request = *verified;
	struct iscsi_portals portals;
	int rc = 0;

	request.portals = redirect;
	request.n_portals = 1;
	request.paths_required = 1;
	request.secret_for = NULL;
	if (*vm->redirect == '\0') {
		return first;
	}
	if (by_ssh) {
		rc = ssh_verify(vm, &request, deadline, &portals, NULL);
	} else if (peer_ask_verify(request.node, &request, ask_deadline(deadline), &portals, &rc,
				   NULL) != 0) {
		return first;
	}
	return rc == 0 ? vm->redirect : first;
}

static int portals_verify(struct vm_context *vm, struct deadline deadline, struct err *err)
{
	struct vm_peer *peer = vm->peer;
	const struct peer_probe_request request = {
		.node = peer->host->node,
		.array = vm->chap == NULL ? NULL : vm->array.name,
		.secret_for = vm->chap == NULL ? NULL : vm->settings->vm,
		.initiator = peer->host->initiator,
		.portals = vm->portals,
		.n_portals = vm->n_portals,
		.paths_required = vm->settings->paths_required,
		.luns = peer->luns,
		.n_luns = vm->n_luns + vm->n_media,
	};
	struct iscsi_portals portals;
	struct err why = ERR_INIT;
	int rc = 0;
	bool asked = peer_ask_verify(request.node, &request, ask_deadline(deadline), &portals, &rc,
				     &why) == 0;
	int waited = vm_peer_wait(vm, deadline, err);

	if (waited < 0) {
		return waited;
	}
	if (asked && rc == 0) {
		rc = host_check(vm, deadline, &why);
		asked = rc <= 0;
	}
	if (!asked) {
		tell_other_way(vm, "verify", "ssh", &why);
		waited = vm_peer_wait(vm, deadline, err);
		if (waited < 0) {
			return waited;
		}
		rc = ssh_verify(vm, &request, deadline, &portals, &why);
	}
	if (rc == 0) {
		peer->source = source_portal(
			vm, &request, vm->portals[iscsi_portals_first(&portals)], !asked, deadline);
		return 0;
	}
	(void)err_set(err, rc, "%s", err_text(&why));
	if (rc == -EUCLEAN || rc == -EKEYREJECTED) {
		return err_prefix(err, rc, "on %s", request.node);
	}
	return rc == -EADDRNOTAVAIL
		       ? rc
		       : err_prefix(err, -EHOSTUNREACH,
				    "%s reaches fewer portals than paths_required asks for",
				    request.node);
}

int vm_peer_verify(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_peer *peer = vm->peer;
	const char *names[VM_LUNS_MAX];
	size_t n = vm_media_all_luns(vm, names);
	int rc = array_luns(&vm->array, names, n, peer->host->initiator, deadline, peer->luns, err);

	if (rc == 0) {
		rc = mapping_check_luns(vm->mapping, peer->luns, n, err);
	}
	return rc == 0 ? portals_verify(vm, deadline, err) : rc;
}

int vm_peer_tpm_probe(void *context, struct deadline deadline, struct err *err)
{
	const struct vm_context *vm = context;

	(void)deadline;
	(void)err;
	return !vm_tpm_has(vm) || vm->peer->tpm_served ? TASK_DONE : TASK_NOT_DONE;
}

int vm_peer_tpm_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_peer *peer = vm->peer;
	char transport[VM_PEER_URI_MAX];
	struct runner runner = {.transport = transport};
	struct tpm_request request;
	enum domain_state state;
	int rc = vm_peer_state(vm, deadline, &state, err);

	/* What has arrived there in the meantime, has its own. */
	if (rc == 0 && domain_state_active(state)) {
		rc = err_set(err, -EEXIST, "the domain is %s there already",
			     domain_state_to_str(state));
	}
	rc = rc != 0 ? rc : transport_of(vm, transport, err);
	rc = rc != 0 ? rc
		     : vm_tpm_request(vm, peer->luns, vm->n_luns + vm->n_media,
				      peer->host->initiator, &request, err);
	request.arrival = true;
	rc = rc != 0 ? rc : tpm_request_run(&runner, LUNMASK_TPM_PROGRAM, &request, deadline, err);
	peer->tpm_served = rc == 0;
	return rc == 0 ? 0 : err_prefix(err, rc, "%s", peer->host->node);
}
