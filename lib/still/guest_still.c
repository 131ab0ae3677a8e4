/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "still/guest_still.h"

#include <libvirt/virterror.h>

#include "hypervisor/hypervisor_conn.h"

/* libvirt knows that the guest has no agent, or that it does not answer. */
static bool no_agent(void)
{
	virErrorPtr error = virGetLastError();

	return error != NULL &&
	       (error->code == VIR_ERR_ARGUMENT_UNSUPPORTED ||
		error->code == VIR_ERR_AGENT_UNRESPONSIVE ||
		error->code == VIR_ERR_OPERATION_UNSUPPORTED || error->code == VIR_ERR_NO_SUPPORT);
}

/* An agent that does not answer the first question, within 5 s, is not asked to freeze. */
static int freeze_run(struct hypervisor_call *call)
{
	long long seconds;
	unsigned int nseconds;
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc;
	}
	if (virDomainGetTime(domain, &seconds, &nseconds, 0) < 0 && no_agent()) {
		rc = hypervisor_call_failed(call) == -ECONNREFUSED ? -ECONNREFUSED : -EOPNOTSUPP;
	} else if (virDomainFSFreeze(domain, NULL, 0, 0) < 0) {
		rc = hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return rc;
}

static int thaw_run(struct hypervisor_call *call)
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc;
	}
	if (virDomainFSThaw(domain, NULL, 0, 0) < 0) {
		rc = hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return rc;
}

static int pause_run(struct hypervisor_call *call)
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc;
	}
	if (virDomainSuspend(domain) < 0) {
		rc = hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return rc;
}

static int simple(struct hypervisor *hypervisor, int (*run)(struct hypervisor_call *call),
		  const char *vm, const char *what, struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, run, vm, &rc, err);

	return call == NULL ? rc : hypervisor_run(hypervisor, call, what, deadline, err);
}

int guest_freeze(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		 struct err *err)
{
	return simple(hypervisor, freeze_run, vm, "freeze the guest's file systems", deadline, err);
}

int guest_thaw(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
	       struct err *err)
{
	return simple(hypervisor, thaw_run, vm, "thaw the guest's file systems", deadline, err);
}

int guest_pause(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		struct err *err)
{
	return simple(hypervisor, pause_run, vm, "pause the guest", deadline, err);
}
