/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests whether an array driver conforms to lunmask-array(7). It prints one line for each
 * requirement, as TAP; the last line is 'N passed, N failed'. The two LUNs must exist and must not
 * be granted to any initiator. The test reads the last block of a LUN and writes it back. Exit
 * status 0 if nothing failed, 1 if a check failed, 2 for wrong usage.
 */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/usage.h"
#include "conformance.h"

static bool command_split(char *command, struct bench *bench)
{
	size_t n = 0;

	for (char *word = strtok(command, " "); word != NULL; word = strtok(NULL, " ")) {
		if (n >= G_N_ELEMENTS(bench->driver) - 1) {
			return false;
		}
		bench->driver[n++] = word;
	}
	return n > 0;
}

/* A list of exactly n words. */
static bool list_take(char **words, const char **ret, guint n)
{
	for (guint i = 0; words != NULL && i < n; i++) {
		ret[i] = words[i];
	}
	return words != NULL && g_strv_length(words) == n;
}

/* Once the options are parsed. */
static bool chap_legal(const struct bench *bench, struct err *err)
{
	if (chap_check(&bench->chap, err) != 0) {
		(void)err_set(err, -EINVAL,
			      "the options of CHAP need --chap-secret-file, and "
			      "--chap-target-user and --chap-target-secret-file each other");
		return false;
	}
	if (bench->chap_discovery && !chap_wanted(&bench->chap)) {
		(void)err_set(err, -EINVAL, "--chap-discovery needs --chap-secret-file");
		return false;
	}
	return true;
}

/* The texts live as long as the process. */
static enum usage_end arguments_parse(int argc, char **argv, struct bench *bench)
{
	char **words = NULL, **luns = NULL, **initiators = NULL;
	char *portal = NULL;
	const GOptionEntry rows[] = {
		{"lun", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &luns,
		 "a LUN that no host holds; give it twice", "LUN"},
		{"initiator", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &initiators,
		 "a name to log in with; give it twice", "IQN"},
		{"portal", 0, 0, G_OPTION_ARG_FILENAME, &portal,
		 "where to log in; default: driver's first", "ADDRESS:PORT"},
		{"chap-secret-file", 0, 0, G_OPTION_ARG_FILENAME, &bench->chap.secret_file,
		 "log in with CHAP, and check it", "FILE"},
		{"chap-user", 0, 0, G_OPTION_ARG_STRING, &bench->chap.user,
		 "default: the initiator's name", "USER"},
		{"chap-target-user", 0, 0, G_OPTION_ARG_STRING, &bench->chap.target_user,
		 "the array proves itself by it", "USER"},
		{"chap-target-secret-file", 0, 0, G_OPTION_ARG_FILENAME,
		 &bench->chap.target_secret_file, "and by this secret", "FILE"},
		{"chap-discovery", 0, 0, G_OPTION_ARG_NONE, &bench->chap_discovery,
		 "discovery wants CHAP, too", NULL},
		{0},
	};
	const struct usage usage = {
		.name = "lunmask-array-conformance",
		.words = USAGE_WORD_NEEDED,
		.word = "'DRIVER-COMMAND'",
		.summary = "Checks whether a driver implements lunmask-array(7).",
		.text = "It prints one line for each requirement, as TAP. It reads the last block "
			"of each\n"
			"LUN and writes it back.",
		.rows = rows,
	};
	enum usage_end end = usage_parse(&usage, argc, argv, &words);
	struct err err = ERR_INIT;

	if (end != USAGE_CONTINUE) {
		return end;
	}
	if (!list_take(luns, bench->luns, BENCH_LUNS) ||
	    !list_take(initiators, bench->initiators, BENCH_INITIATORS)) {
		return usage_wrong(&usage, "--lun and --initiator must each be given twice");
	}
	if (!chap_legal(bench, &err)) {
		return usage_wrong(&usage, "%s", err_text(&err));
	}
	(void)snprintf(bench->portal, sizeof(bench->portal), "%s", portal != NULL ? portal : "");
	return command_split(words[0], bench)
		       ? USAGE_CONTINUE
		       : usage_wrong(&usage, "DRIVER-COMMAND has no word, or too many");
}

/* Uses the first portal that the driver lists, if no option gives one. */
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
		return true; /* the check itself then reports the failure */
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

static void checks_run(struct bench *bench, const struct check *checks, int *passed, int *failed)
{
	for (const struct check *check = checks; check->name != NULL; check++) {
		bool ok = check_run(bench, check, *passed + *failed + 1);

		*passed += ok ? 1 : 0;
		*failed += ok ? 0 : 1;
	}
}

int main(int argc, char **argv)
{
	struct bench bench = {.why = ""};
	enum usage_end end = arguments_parse(argc, argv, &bench);
	const struct {
		const struct check *checks;
		bool asked;
	} tables[] = {
		{PROTOCOL_CHECKS, true},
		{APPLY_CHECKS, true},
		{SELECT_CHECKS, true},
		{DATA_CHECKS, true},
		{CHAP_CHECKS, chap_wanted(&bench.chap)},
		{CHAP_TARGET_CHECKS, bench.chap.target_user != NULL},
		{CHAP_DISCOVERY_CHECKS, bench.chap_discovery},
		{VOLUME_CHECKS, true},
		{SNAPSHOT_CHECKS, true},
	};
	int passed = 0;
	int failed = 0;

	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? 2 : 0;
	}
	(void)signal(SIGPIPE, SIG_IGN); /* libiscsi also writes to sessions that were cut */
	portal_find(&bench);
	for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
		if (tables[t].asked) {
			checks_run(&bench, tables[t].checks, &passed, &failed);
		}
	}
	if (!bench_clear(&bench)) {
		printf("# left behind: %s\n", bench.why);
	}
	printf("1..%d\n%d passed, %d failed\n", passed + failed, passed, failed);
	return failed == 0 ? 0 : 1;
}
