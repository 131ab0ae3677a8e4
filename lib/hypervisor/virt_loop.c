/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/virt_loop.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "base/thread.h"

static pthread_once_t init_once = PTHREAD_ONCE_INIT;
static pthread_once_t start_once = PTHREAD_ONCE_INIT;
static int init_rc;
static int start_rc;

/* A timer that is always due while somebody waits; each call of it is in another round. */
#define TIMER_OFF (-1)
#define TIMER_DUE 0
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int timer;
	unsigned int waiting;
	uint64_t count;
} rounds = {.lock = PTHREAD_MUTEX_INITIALIZER, .timer = -1};

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

static void on_round(int timer, void *data)
{
	(void)timer, (void)data;
	(void)pthread_mutex_lock(&rounds.lock);
	rounds.count++;
	(void)pthread_cond_broadcast(&rounds.changed);
	(void)pthread_mutex_unlock(&rounds.lock);
}

static void loop_start(void)
{
	start_rc = virt_loop_init();
	if (start_rc == 0) {
		thread_cond_init(&rounds.changed);
		rounds.timer = virEventAddTimeout(TIMER_OFF, on_round, NULL, NULL);
		start_rc = rounds.timer < 0 ? -EIO : thread_start_detached(loop_run, NULL);
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

/* In the round of the first call, others may still be called after it; in the next, none is left.
 */
bool virt_loop_pass(struct deadline deadline)
{
	const unsigned int needed = 2;
	uint64_t before;
	bool passed;

	(void)pthread_mutex_lock(&rounds.lock);
	before = rounds.count;
	rounds.waiting++;
	virEventUpdateTimeout(rounds.timer, TIMER_DUE);
	while (rounds.count - before < needed &&
	       thread_cond_wait(&rounds.changed, &rounds.lock, deadline)) {
	}
	passed = rounds.count - before >= needed;
	if (--rounds.waiting == 0) {
		virEventUpdateTimeout(rounds.timer, TIMER_OFF);
	}
	(void)pthread_mutex_unlock(&rounds.lock);
	return passed;
}
