/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cutoff/cutoff_virt.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "hypervisor/virt_loop.h"
#include "names/libvirt_uri.h"

#define RECONNECT_MS 2000
#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_COUNT 3

/* Used by libvirt's event thread only, except for fd. */
static struct {
	int fd;
	virConnectPtr conn;
	bool closed;
} virt = {.fd = -1};

static void tell(void)
{
	const uint64_t one = 1;

	(void)!write(virt.fd, &one, sizeof(one));
}

static void on_io_error(virConnectPtr conn, virDomainPtr domain, const char *source,
			const char *alias, int action, void *data)
{
	(void)conn, (void)domain, (void)source, (void)alias, (void)action, (void)data;
	tell();
}

static void on_close(virConnectPtr conn, int reason, void *data)
{
	(void)conn, (void)reason, (void)data;
	virt.closed = true;
}

static void virt_close(void)
{
	if (virt.conn != NULL) {
		(void)virConnectUnregisterCloseCallback(virt.conn, on_close);
		(void)virConnectClose(virt.conn);
		virt.conn = NULL;
	}
	virt.closed = false;
}

static bool virt_open(void)
{
	virt.conn = virConnectOpenReadOnly(LIBVIRT_URI_SYSTEM);
	if (virt.conn == NULL) {
		return false;
	}
	if (virConnectRegisterCloseCallback(virt.conn, on_close, NULL, NULL) < 0 ||
	    virConnectSetKeepAlive(virt.conn, KEEPALIVE_SECONDS, KEEPALIVE_COUNT) < 0 ||
	    virConnectDomainEventRegisterAny(virt.conn, NULL, VIR_DOMAIN_EVENT_ID_IO_ERROR,
					     VIR_DOMAIN_EVENT_CALLBACK(on_io_error), NULL,
					     NULL) < 0) {
		virt_close();
		return false;
	}
	tell();
	return true;
}

/* Called every RECONNECT_MS by libvirt's event loop. */
static void on_timer(int timer, void *data)
{
	(void)timer, (void)data;
	if (virt.closed) {
		virt_close();
	}
	if (virt.conn == NULL) {
		(void)virt_open();
	}
}

int cutoff_virt_start(int *ret_fd, struct err *err)
{
	int rc;

	virt.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (virt.fd < 0) {
		return err_set(err, -errno, "eventfd: %s", strerror(errno));
	}
	rc = virt_loop_start();
	if (rc == 0 && virEventAddTimeout(RECONNECT_MS, on_timer, NULL, NULL) < 0) {
		rc = -EIO;
	}
	if (rc < 0) {
		return err_set(err, rc, "libvirt cannot be initialised");
	}
	*ret_fd = virt.fd;
	return 0;
}
