/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal_bench: one measurement on this node. journal.sh makes a table of them.
 *
 *	journal_bench commit SECONDS CLIENTS   clients that commit one record after the other
 *	journal_bench read SECONDS CLIENTS     linearizable reads
 *	journal_bench cpg SECONDS              a CPG message until its own delivery
 *	journal_bench fdatasync SECONDS FILE   4 KiB overwritten, and fdatasync(2)
 *
 * Prints the median, the 99th percentile (us) and the number per second.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <corosync/cpg.h>

#include "journal/journal.h"

#define CLIENTS_MAX 64
#define SAMPLES_MAX 200000 /* per client */
#define CALL_MS 5000
#define BLOCK_BYTES 4096
#define FILE_BLOCKS 256
#define MESSAGE_BYTES 300 /* like a REQUEST */

struct samples {
	size_t n;
	size_t failed;
	int64_t us[SAMPLES_MAX];
};

struct bench {
	const char *argument;
	int number; /* of this client */
	struct samples *samples;
	struct deadline end;
};

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static bool goes_on(const struct bench *bench)
{
	return !deadline_passed(bench->end) && bench->samples->n < SAMPLES_MAX;
}

static void sample_add(struct bench *bench, int64_t since_us, bool good)
{
	if (good) {
		bench->samples->us[bench->samples->n++] = now_us() - since_us;
	} else {
		bench->samples->failed++;
	}
}

static struct journal *journal_connect(void)
{
	struct journal *journal = NULL;
	struct err err = ERR_INIT;

	if (journal_open(deadline_in(CALL_MS), &journal, &err) < 0) {
		(void)fprintf(stderr, "journal_bench: %s\n", err_text(&err));
		exit(EXIT_FAILURE);
	}
	return journal;
}

static void commits(struct bench *bench)
{
	struct journal *journal = journal_connect();
	struct journal_op op = {.kind = JOURNAL_OP_RELEASE};
	struct journal_answer answer;
	struct id128 request;

	op.release = (struct journal_release){
		.node = "bench", .array = "san1", .luns = {"bench-root"}, .n_luns = 1};
	(void)snprintf(op.release.vm, sizeof(op.release.vm), "bench-%s-%d", bench->argument,
		       bench->number);
	while (goes_on(bench)) {
		int64_t since_us = now_us();
		bool good = id128_random(&request) == 0 &&
			    journal_submit(journal, &op, &request, 0, deadline_in(CALL_MS), &answer,
					   NULL) == 0 &&
			    answer.verdict == JOURNAL_COMMITTED && answer.status == 0;

		sample_add(bench, since_us, good);
	}
	journal_drop(&journal);
}

static void reads(struct bench *bench)
{
	struct journal *journal = journal_connect();
	struct journal_task task;

	while (goes_on(bench)) {
		int64_t since_us = now_us();
		int rc = journal_task_get(journal, "bench-none", JOURNAL_LINEARIZABLE,
					  deadline_in(CALL_MS), &task, NULL);

		sample_add(bench, since_us, rc == 0 || rc == -ENOENT);
	}
	journal_drop(&journal);
}

static bool cpg_came; /* this process's message */
static uint32_t cpg_self;

static void on_deliver(cpg_handle_t handle, const struct cpg_name *group, uint32_t node,
		       uint32_t pid, void *data, size_t bytes)
{
	(void)handle, (void)group, (void)data, (void)bytes;
	cpg_came |= node == cpg_self && pid == (uint32_t)getpid();
}

static void on_members(cpg_handle_t handle, const struct cpg_name *group,
		       const struct cpg_address *members, size_t n_members,
		       const struct cpg_address *left, size_t n_left,
		       const struct cpg_address *joined, size_t n_joined)
{
	(void)handle, (void)group, (void)members, (void)n_members;
	(void)left, (void)n_left, (void)joined, (void)n_joined;
}

static void round_trips(struct bench *bench)
{
	cpg_callbacks_t callbacks = {.cpg_deliver_fn = on_deliver, .cpg_confchg_fn = on_members};
	struct cpg_name group = {.length = 13, .value = "journal-bench"};
	char data[MESSAGE_BYTES] = {0};
	struct iovec message = {.iov_base = data, .iov_len = sizeof(data)};
	cpg_handle_t handle;

	if (cpg_initialize(&handle, &callbacks) != CS_OK ||
	    cpg_local_get(handle, &cpg_self) != CS_OK || cpg_join(handle, &group) != CS_OK) {
		(void)fprintf(stderr, "journal_bench: corosync does not answer\n");
		exit(EXIT_FAILURE);
	}
	while (goes_on(bench)) {
		int64_t since_us = now_us();

		cpg_came = false;
		if (cpg_mcast_joined(handle, CPG_TYPE_AGREED, &message, 1) != CS_OK) {
			(void)poll(NULL, 0, 1);
			(void)cpg_dispatch(handle, CS_DISPATCH_ALL);
			continue;
		}
		while (!cpg_came && cpg_dispatch(handle, CS_DISPATCH_ONE) == CS_OK &&
		       !deadline_passed(bench->end)) {
		}
		sample_add(bench, since_us, cpg_came);
	}
	(void)cpg_finalize(handle);
}

static void syncs(struct bench *bench)
{
	static char block[BLOCK_BYTES];
	int fd = open(bench->argument, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	off_t at = 0;

	for (int i = 0; i < FILE_BLOCKS; i++) {
		if (pwrite(fd, block, sizeof(block), i * (off_t)sizeof(block)) != sizeof(block)) {
			(void)fprintf(stderr, "journal_bench: %s: %s\n", bench->argument,
				      strerror(errno));
			exit(EXIT_FAILURE);
		}
	}
	(void)fsync(fd);
	while (goes_on(bench)) {
		int64_t since_us = now_us();
		bool good =
			pwrite(fd, block, sizeof(block), at) == sizeof(block) && fdatasync(fd) == 0;

		at = (at + BLOCK_BYTES) % (FILE_BLOCKS * BLOCK_BYTES);
		sample_add(bench, since_us, good);
	}
	(void)close(fd);
	(void)unlink(bench->argument);
}

static const struct kind {
	const char *name;
	void (*run)(struct bench *bench);
	bool clients; /* the argument is their number */
} kinds[] = {
	{"commit", commits, true},
	{"read", reads, true},
	{"cpg", round_trips, false},
	{"fdatasync", syncs, false},
};

static int us_compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int report(const struct samples *samples, int clients, int seconds)
{
	int64_t *all = NULL;
	size_t n = 0;
	size_t failed = 0;

	for (int i = 0; i < clients; i++) {
		all = reallocarray(all, n + samples[i].n + 1, sizeof(*all));
		if (all == NULL) {
			return EXIT_FAILURE;
		}
		memcpy(all + n, samples[i].us, samples[i].n * sizeof(*all));
		n += samples[i].n;
		failed += samples[i].failed;
	}
	if (n > 0) {
		qsort(all, n, sizeof(*all), us_compare);
		(void)printf("%lld %lld %zu\n", (long long)all[n / 2], (long long)all[n * 99 / 100],
			     n / (size_t)seconds);
	}
	free(all);
	if (failed > 0) {
		(void)fprintf(stderr, "journal_bench: %zu failed\n", failed);
	}
	return n > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int clients_run(const struct kind *kind, int seconds, const char *argument)
{
	int clients = kind->clients ? atoi(argument) : 1;
	struct samples *samples = mmap(NULL, CLIENTS_MAX * sizeof(*samples), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int status;
	bool good = samples != MAP_FAILED && clients > 0 && clients <= CLIENTS_MAX;

	for (int i = 0; i < clients && good; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			struct bench bench = {.argument = argument,
					      .number = i,
					      .samples = &samples[i],
					      .end = deadline_in(seconds * INT64_C(1000))};

			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			kind->run(&bench);
			_exit(EXIT_SUCCESS);
		}
		good = pid > 0;
	}
	while (wait(&status) > 0) {
		good &= status == 0;
	}
	return good ? report(samples, clients, seconds) : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	int seconds = argc > 2 ? atoi(argv[2]) : 0;

	for (size_t i = 0; i < G_N_ELEMENTS(kinds) && seconds > 0; i++) {
		if (strcmp(argv[1], kinds[i].name) == 0) {
			return clients_run(&kinds[i], seconds, argc > 3 ? argv[3] : "1");
		}
	}
	(void)fprintf(stderr, "usage: journal_bench commit|read|cpg|fdatasync SECONDS "
			      "[CLIENTS|FILE]\n");
	return 2;
}
