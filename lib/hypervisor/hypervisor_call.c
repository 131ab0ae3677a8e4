/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor_call.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "hypervisor/hypervisor_watch.h"

void hypervisor_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}

bool hypervisor_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, struct deadline deadline)
{
	int64_t at_ms = deadline.at_ms < 0 ? 0 : deadline.at_ms;
	struct timespec at = {.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000};

	return pthread_cond_timedwait(cond, lock, &at) != ETIMEDOUT;
}

int hypervisor_thread_start(void *(*main)(void *data), void *data)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all;
	sigset_t old;
	int rc;

	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, &attr, main, data);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attr);
	return -rc;
}

struct hypervisor_call *
hypervisor_call_new(virConnectPtr conn, int (*run)(struct hypervisor_call *call), const char *vm)
{
	struct hypervisor_call *call = calloc(1, sizeof(*call));

	if (call == NULL) {
		return NULL;
	}
	call->refs = 1;
	call->run = run;
	(void)pthread_mutex_init(&call->lock, NULL);
	hypervisor_cond_init(&call->changed);
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
	size_t i;
	int refs;

	if (call == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&call->lock);
	refs = --call->refs;
	(void)pthread_mutex_unlock(&call->lock);
	if (refs > 0) {
		return;
	}
	if (call->conn != NULL) {
		(void)virConnectClose(call->conn);
	}
	for (i = 0; i < HYPERVISOR_CALL_ARGS_MAX; i++) {
		free(call->args[i]);
	}
	hypervisor_watch_release(call->watch);
	free(call->vm);
	free(call->result);
	(void)pthread_cond_destroy(&call->changed);
	(void)pthread_mutex_destroy(&call->lock);
	free(call);
}

void hypervisor_call_cleanup(struct hypervisor_call **call)
{
	hypervisor_call_release(*call);
}

static void *call_thread(void *data)
{
	struct hypervisor_call *call = data;

	call->rc = call->run(call);
	(void)pthread_mutex_lock(&call->lock);
	call->done = true;
	(void)pthread_cond_broadcast(&call->changed);
	(void)pthread_mutex_unlock(&call->lock);
	hypervisor_call_release(call);
	return NULL;
}

int hypervisor_call_start(struct hypervisor_call *call, struct err *err)
{
	int rc;

	(void)pthread_mutex_lock(&call->lock);
	call->refs++;
	(void)pthread_mutex_unlock(&call->lock);
	rc = hypervisor_thread_start(call_thread, call);
	if (rc < 0) {
		hypervisor_call_release(call);
		return err_set(err, rc, "cannot start a thread: %s", strerror(-rc));
	}
	return 0;
}

bool hypervisor_call_wait(struct hypervisor_call *call, struct deadline deadline)
{
	bool done;

	(void)pthread_mutex_lock(&call->lock);
	while (!call->done && hypervisor_cond_wait(&call->changed, &call->lock, deadline)) {
	}
	done = call->done;
	(void)pthread_mutex_unlock(&call->lock);
	return done;
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
