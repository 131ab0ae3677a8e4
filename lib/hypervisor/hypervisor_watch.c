/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor_watch.h"

#include <stdlib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "base/thread.h"
#include "hypervisor/virt_loop.h"

enum { EVENT_LIFECYCLE, EVENT_JOB, EVENT_MAX };

struct hypervisor_watch {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int refs;
	uint64_t count;
	uint64_t downtime_ms;
	bool stopped;       /* for a migration, and not resumed since */
	int ids[EVENT_MAX]; /* -1: not subscribed */
	char vm[];
};

struct hypervisor_watch *hypervisor_watch_new(const char *vm)
{
	struct hypervisor_watch *watch;

	watch = virt_loop_start() < 0 ? NULL : calloc(1, sizeof(*watch) + strlen(vm) + 1);
	if (watch == NULL) {
		return NULL;
	}
	strcpy(watch->vm, vm);
	watch->refs = 1;
	watch->ids[EVENT_LIFECYCLE] = -1;
	watch->ids[EVENT_JOB] = -1;
	(void)pthread_mutex_init(&watch->lock, NULL);
	thread_cond_init(&watch->changed);
	return watch;
}

struct hypervisor_watch *hypervisor_watch_ref(struct hypervisor_watch *watch)
{
	(void)pthread_mutex_lock(&watch->lock);
	watch->refs++;
	(void)pthread_mutex_unlock(&watch->lock);
	return watch;
}

void hypervisor_watch_release(struct hypervisor_watch *watch)
{
	int refs;

	if (watch == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&watch->lock);
	refs = --watch->refs;
	(void)pthread_mutex_unlock(&watch->lock);
	if (refs == 0) {
		(void)pthread_cond_destroy(&watch->changed);
		(void)pthread_mutex_destroy(&watch->lock);
		free(watch);
	}
}

static void watch_free(void *data)
{
	hypervisor_watch_release(data);
}

static void watch_wake(struct hypervisor_watch *watch, uint64_t downtime_ms)
{
	(void)pthread_mutex_lock(&watch->lock);
	watch->count++;
	if (downtime_ms > 0) {
		watch->downtime_ms = downtime_ms;
	}
	(void)pthread_cond_broadcast(&watch->changed);
	(void)pthread_mutex_unlock(&watch->lock);
}

static bool watch_is_for(const struct hypervisor_watch *watch, virDomainPtr domain)
{
	const char *name = virDomainGetName(domain);

	return name != NULL && strcmp(name, watch->vm) == 0;
}

static void watch_note_stopped(struct hypervisor_watch *watch, bool stopped)
{
	(void)pthread_mutex_lock(&watch->lock);
	watch->stopped = stopped;
	(void)pthread_mutex_unlock(&watch->lock);
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail, void *data)
{
	(void)conn;
	if (watch_is_for(data, domain)) {
		watch_note_stopped(data, event == VIR_DOMAIN_EVENT_SUSPENDED &&
						 detail == VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED);
		watch_wake(data, 0);
	}
	return 0;
}

static void on_job_completed(virConnectPtr conn, virDomainPtr domain, virTypedParameterPtr params,
			     int n_params, void *data)
{
	unsigned long long downtime_ms = 0;

	(void)conn;
	if (watch_is_for(data, domain)) {
		(void)virTypedParamsGetULLong(params, n_params, VIR_DOMAIN_JOB_DOWNTIME,
					      &downtime_ms);
		watch_wake(data, downtime_ms);
	}
}

static void on_close(virConnectPtr conn, int reason, void *data)
{
	(void)conn;
	(void)reason;
	watch_note_stopped(data, false);
	watch_wake(data, 0);
}

int hypervisor_watch_subscribe(struct hypervisor_call *call)
{
	struct hypervisor_watch *watch = call->watch;
	const virConnectDomainEventGenericCallback callbacks[EVENT_MAX] = {
		VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle),
		VIR_DOMAIN_EVENT_CALLBACK(on_job_completed),
	};
	static const int kinds[EVENT_MAX] = {VIR_DOMAIN_EVENT_ID_LIFECYCLE,
					     VIR_DOMAIN_EVENT_ID_JOB_COMPLETED};
	size_t i;

	for (i = 0; i < EVENT_MAX; i++) {
		watch->ids[i] =
			virConnectDomainEventRegisterAny(call->conn, NULL, kinds[i], callbacks[i],
							 hypervisor_watch_ref(watch), watch_free);
		if (watch->ids[i] < 0) {
			hypervisor_watch_release(watch);
			return hypervisor_call_failed(call);
		}
	}
	/*
	 * This callback holds no reference, because not every libvirt driver would drop it. The
	 * references of the events last longer.
	 */
	if (virConnectRegisterCloseCallback(call->conn, on_close, watch, NULL) < 0) {
		return hypervisor_call_failed(call);
	}
	return 0;
}

void hypervisor_watch_unsubscribe(struct hypervisor_watch *watch, virConnectPtr conn)
{
	size_t i;

	(void)virConnectUnregisterCloseCallback(conn, on_close);
	for (i = 0; i < EVENT_MAX; i++) {
		if (watch->ids[i] >= 0) {
			(void)virConnectDomainEventDeregisterAny(conn, watch->ids[i]);
		}
	}
}

uint64_t hypervisor_watch_count(struct hypervisor_watch *watch)
{
	uint64_t count;

	(void)pthread_mutex_lock(&watch->lock);
	count = watch->count;
	(void)pthread_mutex_unlock(&watch->lock);
	return count;
}

bool hypervisor_watch_wait(struct hypervisor_watch *watch, uint64_t seen, struct deadline deadline)
{
	bool changed;

	(void)pthread_mutex_lock(&watch->lock);
	while (watch->count == seen && thread_cond_wait(&watch->changed, &watch->lock, deadline)) {
	}
	changed = watch->count != seen;
	(void)pthread_mutex_unlock(&watch->lock);
	return changed;
}

bool hypervisor_watch_stopped(struct hypervisor_watch *watch)
{
	bool stopped;

	(void)pthread_mutex_lock(&watch->lock);
	stopped = watch->stopped;
	(void)pthread_mutex_unlock(&watch->lock);
	return stopped;
}

uint64_t hypervisor_watch_downtime_ms(struct hypervisor_watch *watch)
{
	uint64_t downtime_ms;

	(void)pthread_mutex_lock(&watch->lock);
	downtime_ms = watch->downtime_ms;
	(void)pthread_mutex_unlock(&watch->lock);
	return downtime_ms;
}
