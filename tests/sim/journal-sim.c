/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * journal-sim: the replication core under simulated faults.
 *
 *	journal-sim --seeds 1..100000 --jobs 2      many worlds; 0: nothing was violated
 *	journal-sim --seed N --nodes 3 --trace      one again, with what happened
 *
 * A world is a function of its seed and of --nodes alone.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

#define JOBS_MAX 64
#define COVERAGE_SEEDS_MIN 1000

struct arguments {
	uint64_t first;
	uint64_t last;
	unsigned nodes;
	unsigned jobs;
	unsigned time_limit_s;
	bool trace;
	bool keep_going;
	bool quiet;
};

/* What the jobs share with the one that waits for them. */
struct job {
	uint64_t seed;
	uint64_t failures;
	uint64_t first_failed; /* seed + 1 */
	struct coverage coverage;
};

struct shared {
	volatile sig_atomic_t stop;
	struct job job[JOBS_MAX];
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void job_run(const struct arguments *arguments, struct shared *shared, unsigned number)
{
	static struct world world;
	struct job *job = &shared->job[number];
	double end_s = now_s() + arguments->time_limit_s;

	world.coverage = &job->coverage;
	for (uint64_t seed = arguments->first + number; seed <= arguments->last;
	     seed += arguments->jobs) {
		struct world_options options = {
			.seed = seed, .nodes = arguments->nodes, .trace = arguments->trace};

		if (shared->stop || (arguments->time_limit_s > 0 && now_s() > end_s)) {
			break;
		}
		job->seed = seed;
		if (!world_run(&world, &options)) {
			job->failures++;
			job->first_failed = job->first_failed > 0 ? job->first_failed : seed + 1;
			shared->stop = !arguments->keep_going;
		}
	}
	world_release(&world);
}

/* A core that aborts or crashes has failed its seed. */
static void job_wait(struct shared *shared, unsigned number, pid_t pid)
{
	struct job *job = &shared->job[number];
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		printf("seed %" PRIu64 ": the program ends by signal %d, status %d\n", job->seed,
		       WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		       WIFEXITED(status) ? WEXITSTATUS(status) : 0);
		job->failures++;
		job->first_failed = job->first_failed > 0 ? job->first_failed : job->seed + 1;
		shared->stop = 1;
	}
}

static void jobs_run(const struct arguments *arguments, struct shared *shared)
{
	pid_t pids[JOBS_MAX];

	if (arguments->jobs == 1) {
		job_run(arguments, shared, 0);
		return;
	}
	for (unsigned i = 0; i < arguments->jobs; i++) {
		fflush(stdout);
		pids[i] = fork();
		if (pids[i] < 0) {
			perror("fork");
			exit(2);
		}
		if (pids[i] == 0) {
			job_run(arguments, shared, i);
			fflush(stdout);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < arguments->jobs; i++) {
		job_wait(shared, i, pids[i]);
	}
}

static int result_print(const struct arguments *arguments, const struct shared *shared,
			double seconds)
{
	static struct coverage sum;
	uint64_t failures = 0, first = UINT64_MAX;
	int missing = 0;

	for (unsigned i = 0; i < arguments->jobs; i++) {
		coverage_merge(&sum, &shared->job[i].coverage);
		failures += shared->job[i].failures;
		if (shared->job[i].first_failed > 0 && shared->job[i].first_failed - 1 < first) {
			first = shared->job[i].first_failed - 1;
		}
	}
	if (!arguments->quiet) {
		coverage_print(&sum, stdout);
	}
	printf("%" PRIu64 " seeds in %.1f s: %.2f ms of wall time a seed, %.0f events/s; "
	       "%" PRIu64 " failed",
	       sum.seeds, seconds, sum.seeds ? 1e3 * seconds / (double)sum.seeds : 0,
	       seconds > 0 ? (double)sum.point[COVERAGE_STEP] / seconds : 0, failures);
	if (failures > 0) {
		printf(", first seed %" PRIu64, first);
	}
	putchar('\n');
	if (failures == 0 && arguments->nodes == 0 && sum.seeds >= COVERAGE_SEEDS_MIN) {
		missing = coverage_check(&sum, stdout);
	}
	return failures > 0 || missing > 0;
}

/* Arguments */

static void usage(FILE *to)
{
	fputs("usage: journal-sim [--seed N | --seeds FIRST..LAST] [--nodes N] [--jobs N]\n"
	      "                   [--time-limit SECONDS] [--trace] [--keep-going] [--quiet]\n",
	      to);
}

static uint64_t number_parse(const char *text, uint64_t max)
{
	char *end = NULL;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value > max) {
		fprintf(stderr, "journal-sim: %s is not a number up to %" PRIu64 "\n", text, max);
		exit(2);
	}
	return value;
}

static void seeds_parse(const char *text, struct arguments *ret)
{
	char first[32];
	const char *dots = strstr(text, "..");

	if (dots == NULL || (size_t)(dots - text) >= sizeof(first)) {
		fprintf(stderr, "journal-sim: %s is not FIRST..LAST\n", text);
		exit(2);
	}
	memcpy(first, text, (size_t)(dots - text));
	first[dots - text] = '\0';
	ret->first = number_parse(first, UINT64_MAX - 1);
	ret->last = number_parse(dots + 2, UINT64_MAX - JOBS_MAX - 1);
}

static void arguments_parse(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {{"seed", required_argument, NULL, 's'},
						{"seeds", required_argument, NULL, 'S'},
						{"nodes", required_argument, NULL, 'n'},
						{"jobs", required_argument, NULL, 'j'},
						{"time-limit", required_argument, NULL, 't'},
						{"trace", no_argument, NULL, 'T'},
						{"keep-going", no_argument, NULL, 'k'},
						{"quiet", no_argument, NULL, 'q'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			ret->first = ret->last = number_parse(optarg, UINT64_MAX - JOBS_MAX - 1);
			break;
		case 'S': seeds_parse(optarg, ret); break;
		case 'n': ret->nodes = (unsigned)number_parse(optarg, WORLD_SLOTS_MAX - 2); break;
		case 'j': ret->jobs = (unsigned)number_parse(optarg, JOBS_MAX); break;
		case 't': ret->time_limit_s = (unsigned)number_parse(optarg, 1000000); break;
		case 'T': ret->trace = true; break;
		case 'k': ret->keep_going = true; break;
		case 'q': ret->quiet = true; break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	}
	if (optind < argc || ret->jobs == 0 || ret->nodes == 1) {
		usage(stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.first = 1, .last = 1000, .jobs = 1};
	struct shared *shared;
	double begin_s = now_s();

	arguments_parse(argc, argv, &arguments);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	jobs_run(&arguments, shared);
	return result_print(&arguments, shared, now_s() - begin_s);
}
