/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal_load: clients of the journal on one node, and their history for journal_history.
 *
 *	journal_load --node NAME --history FILE --seconds N [--rate N] [OPTION...]
 *	journal_load --node NAME --history FILE --final "NODE..." [OPTION...]
 *
 *	--rate N      operations a second of all workers together; 0: as many as they can
 *	--final       reads every VM once, when all is over; the NODEs are all that had a load
 *	--workers N   clients, each with a VM of its own
 *	--shared N    VMs that all nodes share
 *	--name NAME   what the VMs' names begin with, up to 16 characters: a VM that was used before
 *	              has a past that is not in the history
 *
 * A quarter of the operations are reads. Half are about the client's own VM.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

#define WORKERS_MAX 64
#define SHARED_MAX 64
#define READS_PART 4
#define FINAL_TRIES 20

struct options {
	const char *node;
	const char *history;
	const char *final;
	const char *name;
	int seconds;
	int rate;
	int workers;
	int shared;
};

static const struct option long_options[] = {
	{"node", required_argument, NULL, 'n'},
	{"history", required_argument, NULL, 'h'},
	{"final", required_argument, NULL, 'f'},
	{"name", required_argument, NULL, 'v'},
	{"seconds", required_argument, NULL, 's'},
	{"rate", required_argument, NULL, 'r'},
	{"workers", required_argument, NULL, 'w'},
	{"shared", required_argument, NULL, 'k'},
	{NULL, 0, NULL, 0},
};

static bool options_parse(int argc, char **argv, struct options *ret)
{
	int option;

	*ret = (struct options){.name = "load", .rate = 70, .workers = 8, .shared = 6};
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'n': ret->node = optarg; break;
		case 'h': ret->history = optarg; break;
		case 'f': ret->final = optarg; break;
		case 'v': ret->name = optarg; break;
		case 's': ret->seconds = atoi(optarg); break;
		case 'r': ret->rate = atoi(optarg); break;
		case 'w': ret->workers = atoi(optarg); break;
		case 'k': ret->shared = atoi(optarg); break;
		default: return false;
		}
	}
	return ret->node != NULL && ret->history != NULL && ret->workers > 0 &&
	       ret->workers <= WORKERS_MAX && ret->shared > 0 && ret->shared <= SHARED_MAX &&
	       (ret->final != NULL || ret->seconds > 0);
}

static bool client_init(struct client *client, const struct options *options)
{
	*client = (struct client){
		.node = options->node,
		.history_fd =
			open(options->history, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
	};
	if (client->history_fd < 0) {
		(void)fprintf(stderr, "journal_load: %s: %s\n", options->history, strerror(errno));
	}
	return client->history_fd >= 0 && id128_random(&client->boot) == 0;
}

static void key_shared_init(struct key *key, const char *name, int number)
{
	*key = (struct key){.shared = true};
	(void)snprintf(key->vm, sizeof(key->vm), "%.16s-s%d", name, number);
}

static void key_own_init(struct key *key, const char *name, const char *node, int worker)
{
	*key = (struct key){.shared = false};
	(void)snprintf(key->vm, sizeof(key->vm), "%.16s-%.32s-w%d", name, node, worker);
}

static unsigned int random_below(unsigned int limit)
{
	unsigned int number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
		abort();
	}
	return number % limit;
}

static void work(struct client *client, struct key *keys, int shared)
{
	struct key *key = &keys[random_below(2) == 0 ? (unsigned int)shared
						     : random_below((unsigned int)shared)];

	for (int i = 0; i < shared; i++) {
		key = client_owes(client, &keys[i]) ? &keys[i] : key;
	}
	if (random_below(READS_PART) == 0 || !client_write(client, key)) {
		(void)client_read(client, key, EVENT_READ);
	}
}

static void worker_run(struct client *client, const struct options *options, int number)
{
	struct key *keys = calloc((size_t)options->shared + 1, sizeof(*keys));
	struct deadline end = deadline_in(options->seconds * INT64_C(1000));
	int every_ms = options->rate > 0 ? options->workers * 1000 / options->rate : 0;
	int64_t next_ms = deadline_now_ms() + random_below((unsigned int)every_ms + 1);

	for (int i = 0; i < options->shared; i++) {
		key_shared_init(&keys[i], options->name, i);
	}
	key_own_init(&keys[options->shared], options->name, options->node, number);
	while (!deadline_passed(end)) {
		int64_t wait_ms = next_ms - deadline_now_ms();

		(void)poll(NULL, 0, wait_ms > 0 ? (int)wait_ms : 0);
		/* What was missed while nothing answered is not made up for. */
		next_ms = (wait_ms > -every_ms ? next_ms : deadline_now_ms()) + every_ms;
		work(client, keys, options->shared);
	}
	journal_drop(&client->journal);
	free(keys);
}

static int workers_run(const struct options *options)
{
	struct client client;
	int failed = 0;
	int status;

	if (!client_init(&client, options)) {
		return EXIT_FAILURE;
	}
	for (int i = 0; i < options->workers; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			return EXIT_FAILURE;
		}
		if (pid == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			worker_run(&client, options, i);
			_exit(EXIT_SUCCESS);
		}
	}
	while (wait(&status) > 0 || errno == EINTR) {
		failed += status != 0;
	}
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool final_read(struct client *client, struct key *key)
{
	for (int i = 0; i < FINAL_TRIES; i++) {
		if (client_read(client, key, EVENT_FINAL)) {
			return true;
		}
	}
	(void)fprintf(stderr, "journal_load: %s cannot be read on %s\n", key->vm, client->node);
	return false;
}

static int final_run(const struct options *options)
{
	char *nodes = strdup(options->final);
	char *rest = NULL;
	struct client client;
	struct key key;
	bool good = client_init(&client, options);

	for (int i = 0; i < options->shared && good; i++) {
		key_shared_init(&key, options->name, i);
		good = final_read(&client, &key);
	}
	for (char *node = strtok_r(nodes, " ", &rest); node != NULL && good;
	     node = strtok_r(NULL, " ", &rest)) {
		for (int i = 0; i < options->workers && good; i++) {
			key_own_init(&key, options->name, node, i);
			good = final_read(&client, &key);
		}
	}
	journal_drop(&client.journal);
	free(nodes);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options options;

	if (!options_parse(argc, argv, &options)) {
		(void)fprintf(stderr, "usage: journal_load --node NAME --history FILE "
				      "(--seconds N [--rate N] | --final 'NODE...') "
				      "[--workers N] [--shared N] [--name NAME]\n");
		return 2;
	}
	return options.final != NULL ? final_run(&options) : workers_run(&options);
}
