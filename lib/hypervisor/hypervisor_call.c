/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "hypervisor/hypervisor_watch.h"

static struct hypervisor_call *call_of(struct async_call *async)
{
	return (struct hypervisor_call *)async; /* its first member */
}

static void call_run(struct async_call *async)
{
	struct hypervisor_call *call = call_of(async);

	call->rc = call->run(call);
}

static void call_free(struct async_call *async)
{
	struct hypervisor_call *call = call_of(async);

	if (call->conn != NULL) {
		(void)virConnectClose(call->conn);
	}
	for (size_t i = 0; i < HYPERVISOR_CALL_ARGS_MAX; i++) {
		free(call->args[i]);
	}
	hypervisor_watch_release(call->watch);
	free(call->vm);
	free(call->result);
	free(call);
}

struct hypervisor_call *
hypervisor_call_new(virConnectPtr conn, int (*run)(struct hypervisor_call *call), const char *vm)
{
	struct hypervisor_call *call = calloc(1, sizeof(*call));

	if (call == NULL) {
		return NULL;
	}
	async_call_init(&call->async, call_run, call_free);
	call->run = run;
	if (conn != NULL && virConnectRef(conn) == 0) {
		call->conn = conn;
	}
	call->vm = vm == NULL ? NULL : strdup(vm);
	if ((vm != NULL && call->vm == NULL) || (conn != NULL && call->conn == NULL)) {
		hypervisor_call_release(call);
		return NULL;
	}
	return call;
}

bool hypervisor_call_set_arg(struct hypervisor_call *call, size_t i, const char *value)
{
	free(call->args[i]);
	call->args[i] = value == NULL ? NULL : strdup(value);
	return value == NULL || call->args[i] != NULL;
}

void hypervisor_call_release(struct hypervisor_call *call)
{
	async_call_release(call == NULL ? NULL : &call->async);
}

void hypervisor_call_cleanup(struct hypervisor_call **call)
{
	hypervisor_call_release(*call);
}

int hypervisor_call_start(struct hypervisor_call *call, struct err *err)
{
	int rc = async_call_start(&call->async);

	return rc == 0 ? 0 : err_set(err, rc, "cannot start a thread: %s", strerror(-rc));
}

bool hypervisor_call_wait(struct hypervisor_call *call, struct deadline deadline)
{
	return async_call_wait(&call->async, deadline);
}

int hypervisor_call_pollable(struct hypervisor_call *call, struct err *err)
{
	int rc = async_call_pollable(&call->async);

	return rc == 0 ? 0 : err_set(err, rc, "cannot make an eventfd: %s", strerror(-rc));
}

bool hypervisor_call_wait_or(struct hypervisor_call *call, int fd, struct deadline deadline,
			     bool *ret_readable)
{
	return async_call_wait_or(&call->async, fd, deadline, ret_readable);
}

int hypervisor_call_set_text(struct hypervisor_call *call, int rc, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(call->text, sizeof(call->text), format, ap);
	va_end(ap);
	return rc;
}

int hypervisor_call_failed(struct hypervisor_call *call)
{
	virErrorPtr error = virGetLastError();
	int code = error == NULL ? VIR_ERR_INTERNAL_ERROR : error->code;

	(void)hypervisor_call_set_text(call, 0, "%s",
				       error == NULL || error->message == NULL ? "no reason given"
									       : error->message);
	if (code == VIR_ERR_NO_DOMAIN) {
		return -ENOENT;
	}
	if (call->conn == NULL || virConnectIsAlive(call->conn) != 1) {
		return -ECONNREFUSED;
	}
	return -EIO;
}

virDomainPtr hypervisor_call_domain(struct hypervisor_call *call, int *ret_rc)
{
	virDomainPtr domain = virDomainLookupByName(call->conn, call->vm);
	int active;

	if (domain == NULL) {
		*ret_rc = hypervisor_call_failed(call);
		return NULL;
	}
	active = virDomainIsActive(domain);
	if (active == 1) {
		*ret_rc = 0;
		return domain;
	}
	*ret_rc = active < 0 ? hypervisor_call_failed(call)
			     : hypervisor_call_set_text(call, -ENOENT, "domain '%s' is not active",
							call->vm);
	(void)virDomainFree(domain);
	return NULL;
}
