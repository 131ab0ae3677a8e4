/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a program keep lunmask-array(7)? One line a requirement, as TAP; the last line is
 * 'N passed, N failed'. The two LUNs must exist and be held by nobody; the last block of each is
 * read and written back. Exit status 0 when nothing failed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s 'DRIVER-COMMAND' --lun A --lun B --initiator IQN1 --initiator IQN2 "
		"[--portal ADDRESS:PORT]\n",
		program);
	return 2;
}

static bool command_split(char *command, struct bench *bench)
{
	size_t n = 0;

	for (char *word = strtok(command, " "); word != NULL; word = strtok(NULL, " ")) {
		if (n >= sizeof(bench->driver) / sizeof(bench->driver[0]) - 1) {
			return false;
		}
		bench->driver[n++] = word;
	}
	return n > 0;
}

static bool arguments_parse(int argc, char **argv, struct bench *bench)
{
	size_t luns = 0;
	size_t initiators = 0;

	if (argc < 2 || !command_split(argv[1], bench)) {
		return false;
	}
	for (int i = 2; i < argc; i += 2) {
		if (i + 1 >= argc) {
			return false;
		}
		if (strcmp(argv[i], "--lun") == 0 && luns < BENCH_LUNS) {
			bench->luns[luns++] = argv[i + 1];
		} else if (strcmp(argv[i], "--initiator") == 0 && initiators < BENCH_INITIATORS) {
			bench->initiators[initiators++] = argv[i + 1];
		} else if (strcmp(argv[i], "--portal") == 0) {
			(void)snprintf(bench->portal, sizeof(bench->portal), "%s", argv[i + 1]);
		} else {
			return false;
		}
	}
	return luns == BENCH_LUNS && initiators == BENCH_INITIATORS;
}

/* The first portal of the driver, when none was given. */
static void portal_find(struct bench *bench)
{
	json_t *reply;
	const char *portal;

	if (bench->portal[0] != '\0' || !bench_ok(bench, "ports", &reply, "{}")) {
		return;
	}
	portal = json_string_value(
		json_object_get(json_array_get(json_object_get(reply, "portals"), 0), "portal"));
	(void)snprintf(bench->portal, sizeof(bench->portal), "%s", portal != NULL ? portal : "");
	json_decref(reply);
}

static bool capable(struct bench *bench, const char *capability)
{
	json_t *reply;
	bool ret;

	if (capability == NULL) {
		return true;
	}
	if (!bench_ok(bench, "info", &reply, "{}")) {
		return true; /* then the check will say so */
	}
	ret = list_count(json_object_get(reply, "capabilities"), capability) > 0;
	json_decref(reply);
	return ret;
}

static bool check_run(struct bench *bench, const struct check *check, int number)
{
	bool ok;

	if (!capable(bench, check->capability)) {
		printf("ok %d - %s # SKIP no capability '%s'\n", number, check->name,
		       check->capability);
		return true;
	}
	bench->why[0] = '\0';
	ok = bench_clear(bench) && check->run(bench);
	printf("%sok %d - %s\n", ok ? "" : "not ", number, check->name);
	if (!ok) {
		printf("# %s\n", bench->why);
	}
	(void)fflush(stdout);
	return ok;
}

int main(int argc, char **argv)
{
	const struct check *const tables[] = {PROTOCOL_CHECKS, APPLY_CHECKS, DATA_CHECKS,
					      VOLUME_CHECKS};
	struct bench bench = {.why = ""};
	int passed = 0;
	int failed = 0;

	if (!arguments_parse(argc, argv, &bench)) {
		return usage(argv[0]);
	}
	(void)signal(SIGPIPE, SIG_IGN); /* libiscsi writes to sessions that were cut */
	portal_find(&bench);
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		for (const struct check *check = tables[t]; check->name != NULL; check++) {
			bool ok = check_run(&bench, check, passed + failed + 1);

			passed += ok ? 1 : 0;
			failed += ok ? 0 : 1;
		}
	}
	if (!bench_clear(&bench)) {
		printf("# left behind: %s\n", bench.why);
	}
	printf("1..%d\n%d passed, %d failed\n", passed + failed, passed, failed);
	return failed == 0 ? 0 : 1;
}
