/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step/vm_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "san/peer_probe.h"
#include "step/vm_masks.h"
#include "vm/vm_definition.h"
#include "media/vm_media.h"

#define PROBE_MS 20000 /* an ssh handshake, and 5 s for portals that do not answer */
#define CONNECT_MS 15000

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
	hypervisor_close(peer->hypervisor);
	vm_grant_release(&peer->grant);
	free(peer);
}

int vm_peer_open(struct vm_context *vm, const char *node, struct deadline deadline, struct err *err)
{
	struct vm_peer *peer = calloc(1, sizeof(*peer));
	int rc;

	if (peer == NULL) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	rc = config_host_get(vm->config, node, &peer->host, err);
	if (rc == 0) {
		rc = peer_connect(vm, peer->host, deadline, &peer->hypervisor, err);
	}
	if (rc != 0) {
		peer_free(peer);
		return rc;
	}
	vm->peer = peer;
	return 0;
}

void vm_peer_close(struct vm_context *vm)
{
	peer_free(vm->peer);
	vm->peer = NULL;
}

int vm_peer_domain_state(struct vm_context *vm, const struct config_host *host,
			 struct deadline deadline, enum domain_state *ret, struct err *err)
{
	struct hypervisor *hypervisor;
	int rc = peer_connect(vm, host, deadline, &hypervisor, err);

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
	int rc = hypervisor_domain_state(peer->hypervisor, vm->settings->vm, deadline, ret, err);

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

int vm_peer_preflight(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_peer *peer = vm->peer;
	enum domain_state state;
	char *xml = NULL;
	int rc = vm_peer_state(vm, deadline, &state, err);

	if (rc == 0 && domain_state_active(state)) {
		return err_set(err, -EEXIST, "on %s the domain is %s already", peer->host->node,
			       domain_state_to_str(state));
	}
	if (rc == 0 && mapping_find(vm->mapping, DRIVE_FLASH) != NULL) {
		rc = hypervisor_flash_check(peer->hypervisor, deadline, err);
	}
	if (rc == 0) {
		rc = definition_to_move(vm, deadline, &xml, err);
	}
	if (rc == 0) {
		rc = hypervisor_preflight(peer->hypervisor, vm->settings->vm, xml, deadline, err);
	}
	if (rc == -ENOSPC && memory_is_accepted(vm, err)) {
		rc = 0;
	}
	free(xml);
	return rc == 0 ? 0 : err_prefix(err, rc, "%s", peer->host->node);
}

static int portals_verify(struct vm_context *vm, const struct runner *runner,
			  struct deadline deadline, struct err *err)
{
	struct vm_peer *peer = vm->peer;
	struct iscsi_portals portals;
	int rc = peer_probe_run(runner, LUNMASK_PROBE_PROGRAM, peer->host->node,
				peer->host->initiator, peer->luns, vm->n_luns + vm->n_media,
				vm->portals, vm->n_portals, vm->settings->paths_required,
				deadline_within(deadline, PROBE_MS), &portals, err);

	if (portals.n_good > 0) {
		peer->portal = vm->portals[iscsi_portals_first(&portals)];
	}
	if (rc == -EUCLEAN) {
		return err_prefix(err, rc, "on %s", peer->host->node);
	}
	if (rc == -EADDRNOTAVAIL) {
		return rc;
	}
	return rc == 0 ? 0
		       : err_prefix(err, -EHOSTUNREACH,
				    "%s reaches fewer portals than paths_required asks for",
				    peer->host->node);
}

int vm_peer_verify(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct vm_peer *peer = vm->peer;
	char transport[VM_PEER_URI_MAX];
	char address[VM_PEER_URI_MAX / 2];
	struct runner runner = {.transport = transport};
	const char *names[VM_LUNS_MAX];
	size_t n = vm_media_all_luns(vm, names);
	int rc = array_luns(&vm->array, names, n, peer->host->initiator, deadline, peer->luns, err);

	if (rc == 0) {
		rc = mapping_check_luns(vm->mapping, peer->luns, n, err);
	}
	if (rc == 0) {
		rc = vm_peer_address(vm, peer->host, address, sizeof(address), err);
	}
	if (rc != 0) {
		return rc;
	}
	(void)snprintf(transport, sizeof(transport), "ssh://%s", address);
	return portals_verify(vm, &runner, deadline, err);
}
