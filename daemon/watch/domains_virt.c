/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch/domains_virt.h"

#include <glib.h>
#include <pthread.h>
#include <string.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "hypervisor/virt_loop.h"
#include "names/libvirt_uri.h"
#include "process/qemu_process.h"

/* After these, a call that libvirtd does not answer fails. No monitor's answer depends on them. */
#define KEEPALIVE_SECONDS 2
#define KEEPALIVE_COUNT 2

/* Shared with libvirt: the last reference frees it. */
struct virt_link {
	virConnectPtr conn;
	int lifecycle; /* libvirt's id of the event registration, or -1 */
	pthread_mutex_t lock;
	int refs;
	struct domains *domains; /* NULL: closed, events are not reported any more */
};

static int virt_failed(const char *what, struct err *err)
{
	return err_set(err, -EIO, "libvirt (" LIBVIRT_URI_SYSTEM "): %s: %s", what,
		       virGetLastErrorMessage());
}

/* The connection */

static void link_ref(struct virt_link *link)
{
	pthread_mutex_lock(&link->lock);
	link->refs++;
	pthread_mutex_unlock(&link->lock);
}

static void link_unref(void *data)
{
	struct virt_link *link = data;
	int refs;

	pthread_mutex_lock(&link->lock);
	refs = --link->refs;
	pthread_mutex_unlock(&link->lock);
	if (refs == 0) {
		pthread_mutex_destroy(&link->lock);
		g_free(link);
	}
}

static void link_tell(struct virt_link *link, const char *vm, bool departed)
{
	pthread_mutex_lock(&link->lock);
	if (link->domains != NULL && departed) {
		domains_on_departure(link->domains, vm);
	} else if (link->domains != NULL) {
		domains_on_event(link->domains, vm);
	}
	pthread_mutex_unlock(&link->lock);
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail, void *data)
{
	const char *name = virDomainGetName(domain);

	(void)conn;
	link_tell(data, name == NULL ? "" : name,
		  event == VIR_DOMAIN_EVENT_STOPPED && detail == VIR_DOMAIN_EVENT_STOPPED_MIGRATED);
	return 0;
}

static void on_close(virConnectPtr conn, int reason, void *data)
{
	(void)conn, (void)reason;
	link_tell(data, NULL, false);
}

static int link_watch(struct virt_link *link, struct err *err)
{
	link_ref(link);
	link->lifecycle = virConnectDomainEventRegisterAny(
		link->conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
		VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), link, link_unref);
	if (link->lifecycle < 0) {
		link_unref(link);
		return virt_failed("events", err);
	}
	link_ref(link);
	if (virConnectRegisterCloseCallback(link->conn, on_close, link, link_unref) < 0) {
		link_unref(link);
		return virt_failed("close callback", err);
	}
	if (virConnectSetKeepAlive(link->conn, KEEPALIVE_SECONDS, KEEPALIVE_COUNT) != 0) {
		return virt_failed("keep-alive", err);
	}
	return 0;
}

static void virt_close(void *data)
{
	struct virt_link *link = data;

	pthread_mutex_lock(&link->lock);
	link->domains = NULL;
	pthread_mutex_unlock(&link->lock);
	if (link->conn != NULL) {
		(void)virConnectUnregisterCloseCallback(link->conn, on_close);
		if (link->lifecycle >= 0) {
			(void)virConnectDomainEventDeregisterAny(link->conn, link->lifecycle);
		}
		(void)virConnectClose(link->conn);
	}
	link_unref(link);
}

static int virt_open(struct domains *domains, void **ret, struct err *err)
{
	struct virt_link *link;
	int rc = virt_loop_start();

	if (rc < 0) {
		return err_set(err, rc, "libvirt cannot be initialised");
	}
	link = g_new0(struct virt_link, 1);
	(void)pthread_mutex_init(&link->lock, NULL);
	link->refs = 1;
	link->lifecycle = -1;
	link->domains = domains;
	link->conn = virConnectOpenReadOnly(LIBVIRT_URI_SYSTEM);
	rc = link->conn == NULL ? virt_failed("connect", err) : link_watch(link, err);
	if (rc < 0) {
		virt_close(link);
		return rc;
	}
	*ret = link;
	return 0;
}

/* Listing the domains */

static bool record_read(const virDomainStatsRecord *record, struct domain_seen *ret)
{
	const char *name = virDomainGetName(record->dom);
	int state = VIR_DOMAIN_NOSTATE;

	if (name == NULL || strlen(name) > VM_NAME_MAX) {
		return false;
	}
	(void)virTypedParamsGetInt(record->params, record->nparams, "state.state", &state);
	*ret = (struct domain_seen){
		.id = (int)virDomainGetID(record->dom),
		.running = state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED,
		.pidfd = -1,
	};
	memcpy(ret->vm, name, strlen(name) + 1);
	return true;
}

static int virt_look(void *data, struct domain_seen **ret, size_t *ret_n, struct err *err)
{
	const struct virt_link *link = data;
	virDomainStatsRecordPtr *records = NULL;
	int n = virConnectGetAllDomainStats(link->conn, VIR_DOMAIN_STATS_STATE, &records,
					    VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE);

	*ret_n = 0;
	if (n < 0) {
		return virt_failed("list of domains", err);
	}
	if (n > DOMAINS_MAX) {
		virDomainStatsRecordListFree(records);
		return err_set(err, -E2BIG, "there are %d domains, more than %d", n, DOMAINS_MAX);
	}
	*ret = g_new0(struct domain_seen, (size_t)n + 1);
	for (int i = 0; i < n; i++) {
		*ret_n += record_read(records[i], &(*ret)[*ret_n]) ? 1 : 0;
	}
	virDomainStatsRecordListFree(records);
	return 0;
}

static int virt_process(const char *vm)
{
	return qemu_process_hold(vm, NULL);
}

const struct domains_ops domains_virt_ops = {
	.open = virt_open,
	.look = virt_look,
	.close = virt_close,
	.process = virt_process,
};
