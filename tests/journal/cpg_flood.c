/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpg_flood GROUP SECONDS: a hostile member of a corosync process group, for tests. It joins GROUP
 * and sends as fast as corosync takes it: random bytes of any length, and what it has heard from
 * the others, again, or with a byte changed. Prints how many messages were taken.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <corosync/cpg.h>

#define MESSAGE_MAX (64 * 1024)
#define HEARD_MAX 64
#define SECONDS_MAX 60

static struct {
	size_t bytes;
	uint8_t data[MESSAGE_MAX];
} heard[HEARD_MAX];
static size_t n_heard;
static uint32_t self;

static void on_deliver(cpg_handle_t handle, const struct cpg_name *group, uint32_t node,
		       uint32_t pid, void *data, size_t bytes)
{
	(void)handle, (void)group, (void)pid;
	if (node != self && bytes <= MESSAGE_MAX) {
		heard[n_heard % HEARD_MAX].bytes = bytes;
		memcpy(heard[n_heard % HEARD_MAX].data, data, bytes);
		n_heard++;
	}
}

static void on_members(cpg_handle_t handle, const struct cpg_name *group,
		       const struct cpg_address *members, size_t n_members,
		       const struct cpg_address *left, size_t n_left,
		       const struct cpg_address *joined, size_t n_joined)
{
	(void)handle, (void)group, (void)members, (void)n_members;
	(void)left, (void)n_left, (void)joined, (void)n_joined;
}

/* Length of the next message. */
static size_t message_make(uint8_t *message)
{
	size_t known = n_heard < HEARD_MAX ? n_heard : HEARD_MAX;
	size_t bytes = 1 + (size_t)rand() % 2000;

	if (known > 0 && rand() % 3 != 0) {
		size_t which = (size_t)rand() % known;

		bytes = heard[which].bytes;
		memcpy(message, heard[which].data, bytes);
		if (rand() % 2 != 0 && bytes > 0) {
			message[(size_t)rand() % bytes] ^= (uint8_t)(1 + rand() % 255);
		}
		return bytes;
	}
	for (size_t i = 0; i < bytes; i++) {
		message[i] = (uint8_t)rand();
	}
	return bytes;
}

static long flood(cpg_handle_t handle, time_t end)
{
	static uint8_t message[MESSAGE_MAX];
	long taken = 0;

	while (time(NULL) < end) {
		struct iovec part = {.iov_base = message, .iov_len = message_make(message)};
		cs_error_t cs = cpg_mcast_joined(handle, CPG_TYPE_AGREED, &part, 1);

		taken += cs == CS_OK;
		/* Full: what is delivered meanwhile makes room. */
		if ((cs != CS_OK && cs != CS_ERR_TRY_AGAIN) ||
		    cpg_dispatch(handle, CS_DISPATCH_ALL) != CS_OK) {
			return -1;
		}
	}
	return taken;
}

int main(int argc, char **argv)
{
	cpg_callbacks_t callbacks = {.cpg_deliver_fn = on_deliver, .cpg_confchg_fn = on_members};
	struct cpg_name group = {0};
	int seconds = argc == 3 ? atoi(argv[2]) : 0;
	cpg_handle_t handle;
	long taken;

	if (seconds < 1 || seconds > SECONDS_MAX || strlen(argv[1]) > CPG_MAX_NAME_LENGTH) {
		(void)fprintf(stderr, "usage: cpg_flood GROUP SECONDS (1 to %d)\n", SECONDS_MAX);
		return 2;
	}
	group.length = strlen(argv[1]);
	memcpy(group.value, argv[1], group.length);
	if (cpg_initialize(&handle, &callbacks) != CS_OK || cpg_local_get(handle, &self) != CS_OK ||
	    cpg_join(handle, &group) != CS_OK) {
		(void)fputs("cpg_flood: corosync does not let it in\n", stderr);
		return 1;
	}
	taken = flood(handle, time(NULL) + seconds);
	(void)cpg_finalize(handle);
	(void)printf("%ld\n", taken);
	return taken > 0 ? 0 : 1;
}
