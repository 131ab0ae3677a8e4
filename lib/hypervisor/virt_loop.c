/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/virt_loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int started_rc;

/* libvirt prints every error to stderr otherwise. */
static void on_error(void *data, virErrorPtr error)
{
	(void)data, (void)error;
}

static void *loop_run(void *data)
{
	(void)data;
	while (virEventRunDefaultImpl() == 0) {
	}
	return NULL;
}

/* Signals are other threads'. */
static void loop_start(void)
{
	pthread_t thread;
	sigset_t all;
	sigset_t before;

	virSetErrorFunc(NULL, on_error);
	if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
		started_rc = -EIO;
		return;
	}
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	started_rc = -pthread_create(&thread, NULL, loop_run, NULL);
	if (started_rc == 0) {
		(void)pthread_detach(thread);
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int virt_loop_start(void)
{
	(void)pthread_once(&once, loop_start);
	return started_rc;
}
