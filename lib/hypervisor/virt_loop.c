/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/virt_loop.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "base/thread.h"

static pthread_once_t init_once = PTHREAD_ONCE_INIT;
static pthread_once_t start_once = PTHREAD_ONCE_INIT;
static int init_rc;
static int start_rc;

/* Without it libvirt prints every error to stderr, which is the agent's own. */
static void on_error(void *data, virErrorPtr error)
{
	(void)data, (void)error;
}

static void libvirt_init(void)
{
	virSetErrorFunc(NULL, on_error);
	init_rc = virInitialize() < 0 || virEventRegisterDefaultImpl() < 0 ? -EIO : 0;
}

static void *loop_run(void *data)
{
	(void)data;
	while (virEventRunDefaultImpl() == 0) {
	}
	return NULL;
}

static void loop_start(void)
{
	start_rc = virt_loop_init();
	if (start_rc == 0) {
		start_rc = thread_start_detached(loop_run, NULL);
	}
}

int virt_loop_init(void)
{
	(void)pthread_once(&init_once, libvirt_init);
	return init_rc;
}

int virt_loop_start(void)
{
	(void)pthread_once(&start_once, loop_start);
	return start_rc;
}
