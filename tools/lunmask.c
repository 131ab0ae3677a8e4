/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/lunmask.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What an administrator sees of lunmask, and does to its journal. See lunmask(8).
 */
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TIMEOUT_DEFAULT_MS 10000
#define TIMEOUT_EACH_DEFAULT_MS 60000
#define TIMEOUT_MAX_S 600
#define WORDS_MAX 2

enum option_bit {
	OPTION_VM = 1u << 0,
	OPTION_ALL = 1u << 1,
	OPTION_FOLLOW = 1u << 2,
	OPTION_JSON = 1u << 3,
	OPTION_YES = 1u << 4,
	OPTION_TIMEOUT = 1u << 5,
	OPTION_DRY_RUN = 1u << 6,
	OPTION_FOREIGN = 1u << 7,
	OPTION_TIMEOUT_EACH = 1u << 8,
};

static const struct {
	enum option_bit option;
	const char *name;
	char letter;
	const char *argument;
	const char *text;
} option_rows[] = {
	{OPTION_VM, "vm", 'v', "VM", "show only the tasks of this VM"},
	{OPTION_ALL, "all", 'a', NULL, "also show tasks that have ended"},
	{OPTION_FOLLOW, "follow", 'f', NULL,
	 "keep running and print each change, until interrupted"},
	{OPTION_JSON, "json", 'j', NULL, "print JSON, for programs"},
	{OPTION_YES, "yes", 'y', NULL, "do not ask for confirmation"},
	{OPTION_DRY_RUN, "dry-run", 'n', NULL, "only report; change nothing"},
	{OPTION_FOREIGN, "foreign", 'F', NULL,
	 "also remove paths of initiators without a [host] section"},
	{OPTION_TIMEOUT, "timeout", 't', "SECONDS", "time limit, 1 to 600; default 10"},
	{OPTION_TIMEOUT_EACH, "timeout", 't', "SECONDS",
	 "time limit for each VM, 1 to 600; default 60"},
};

enum argument { ARGUMENT_NONE, ARGUMENT_OPTIONAL, ARGUMENT_NEEDED, ARGUMENT_MANY };

static const struct command {
	const char *words[WORDS_MAX];
	enum argument argument;
	const char *argument_name;
	unsigned int options;
	int (*run)(const struct lunmask_options *options);
	const char *summary;
	const char *help;
} commands[] = {
	{{"tasks", NULL},
	 ARGUMENT_NONE,
	 NULL,
	 OPTION_VM | OPTION_ALL | OPTION_FOLLOW | OPTION_JSON | OPTION_TIMEOUT,
	 lunmask_tasks,
	 "list tasks that are running, waiting or broken",
	 "The states are: running; waiting (an action has succeeded, and the next one continues\n"
	 "the task); broken (an action has failed; a stop or start of the VM ends the task); and,\n"
	 "with --all, done and failed (given up and undone). STEP is the current or last step.\n"},
	{{"tasks", "show"},
	 ARGUMENT_NEEDED,
	 "UUID|VM",
	 OPTION_JSON | OPTION_TIMEOUT,
	 lunmask_tasks_show,
	 "show one task; for a VM, its open or last task",
	 ""},
	{{"reconcile", NULL},
	 ARGUMENT_MANY,
	 "VM",
	 OPTION_DRY_RUN | OPTION_FOREIGN | OPTION_JSON | OPTION_TIMEOUT_EACH,
	 lunmask_reconcile,
	 "remove paths to LUNs that no host needs",
	 "The command compares the hosts that have a path to each VM's LUNs with the host of the\n"
	 "domain and with the needs of the VM's tasks. It removes each path that is not needed, "
	 "if\n"
	 "its host was fenced or does not have the domain.\n"
	 "Exit status: 0: no stray is left; 1: a stray is left; 7: the result is incomplete.\n"},
	{{"journal", "status"},
	 ARGUMENT_NONE,
	 NULL,
	 OPTION_JSON | OPTION_TIMEOUT,
	 lunmask_status,
	 "show the state of the journal on this node",
	 "active: changes can be committed. gate: it is open if, in addition, corosync reports\n"
	 "quorum. While the gate is shut, no VM is started or migrated.\n"},
	{{"journal", "voters"},
	 ARGUMENT_NONE,
	 NULL,
	 OPTION_JSON | OPTION_TIMEOUT,
	 lunmask_voters,
	 "list the nodes that vote, and what each has",
	 ""},
	{{"journal", "check"},
	 ARGUMENT_OPTIONAL,
	 "DIRECTORY",
	 OPTION_TIMEOUT,
	 lunmask_check,
	 "check this node's journal",
	 "While lunmaskd runs, the command checks the status that lunmaskd reports. Otherwise it\n"
	 "checks every record of the store on disk, without changing it.\n"
	 "DIRECTORY is the store.\n"},
	{{"journal", "force-solo"},
	 ARGUMENT_NONE,
	 NULL,
	 OPTION_YES | OPTION_TIMEOUT,
	 lunmask_force_solo,
	 "make this node continue alone, without the others",
	 "Use this only if you know that the other nodes are off. If one of them is running, both\n"
	 "nodes may start the same VM, and its data is then at risk.\n"},
	{{"journal", "keygen"},
	 ARGUMENT_OPTIONAL,
	 "FILE",
	 0,
	 lunmask_keygen,
	 "make the key that seals the nodes' messages",
	 "FILE is /etc/lunmask/journal.key by default. It must be the same on every node.\n"},
	{{"journal", "export"},
	 ARGUMENT_NEEDED,
	 "FILE|-",
	 OPTION_TIMEOUT,
	 lunmask_export,
	 "write tasks and releases as JSON, for import",
	 ""},
	{{"journal", "import"},
	 ARGUMENT_NEEDED,
	 "FILE|-",
	 OPTION_TIMEOUT,
	 lunmask_import,
	 "import tasks and releases into an empty journal",
	 "Stop the VMs' resources first. Each record is restored by ordinary, replicated\n"
	 "operations. Tries and revisions start again. An interrupted import can be run again.\n"},
};

static const struct {
	int rc;
	int status;
} exits[] = {
	{-ENOTCONN, LUNMASK_EXIT_NO_DAEMON},  {-EACCES, LUNMASK_EXIT_REFUSED},
	{-EPERM, LUNMASK_EXIT_REFUSED},       {-EEXIST, LUNMASK_EXIT_REFUSED},
	{-EHOSTDOWN, LUNMASK_EXIT_NO_QUORUM}, {-ETIMEDOUT, LUNMASK_EXIT_NO_QUORUM},
	{-ENOENT, LUNMASK_EXIT_NOT_THERE},    {-ESHUTDOWN, LUNMASK_EXIT_REFUSED},
};

int lunmask_fail(int rc, const struct err *err)
{
	(void)fprintf(stderr, "lunmask: %s\n", err_text(err));
	for (size_t i = 0; i < ARRAY_SIZE(exits); i++) {
		if (exits[i].rc == rc) {
			return exits[i].status;
		}
	}
	return LUNMASK_EXIT_FAILED;
}

/* "tasks show UUID|VM" */
static void command_text(const struct command *command, char *ret, size_t max)
{
	static const struct {
		const char *before;
		const char *behind;
	} marks[] = {
		[ARGUMENT_NONE] = {"", ""},
		[ARGUMENT_OPTIONAL] = {" [", "]"},
		[ARGUMENT_NEEDED] = {" ", ""},
		[ARGUMENT_MANY] = {" [", "...]"},
	};

	(void)snprintf(
		ret, max, "%s%s%s%s%s%s", command->words[0], command->words[1] != NULL ? " " : "",
		command->words[1] != NULL ? command->words[1] : "", marks[command->argument].before,
		command->argument == ARGUMENT_NONE ? "" : command->argument_name,
		marks[command->argument].behind);
}

static void usage_print(FILE *file)
{
	char text[80];

	(void)fputs("usage: lunmask COMMAND [OPTION...]\n\n", file);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		command_text(&commands[i], text, sizeof(text));
		(void)fprintf(file, "  %-25s %s\n", text, commands[i].summary);
	}
	(void)fputs("\nFor more information, see lunmask COMMAND --help and lunmask(8).\n", file);
}

static void help_print(const struct command *command)
{
	char text[80];

	command_text(command, text, sizeof(text));
	(void)printf("usage: lunmask %s [OPTION...]\n\n%s.\n", text, command->summary);
	if (command->help[0] != '\0') {
		(void)printf("\n%s", command->help);
	}
	(void)putchar('\n');
	for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++) {
		if ((command->options & option_rows[i].option) != 0) {
			(void)snprintf(text, sizeof(text), "--%s%s%s", option_rows[i].name,
				       option_rows[i].argument != NULL ? " " : "",
				       option_rows[i].argument != NULL ? option_rows[i].argument
								       : "");
			(void)printf("  -%c, %-18s %s\n", option_rows[i].letter, text,
				     option_rows[i].text);
		}
	}
	(void)puts("  -h, --help             print this");
}

static int usage_wrong(const char *what, const char *word)
{
	(void)fprintf(stderr, "lunmask: %s '%s'; see lunmask --help\n", what, word);
	return LUNMASK_EXIT_USAGE;
}

/* The longest match; *ret_words: how many words it took. */
static const struct command *command_find(int argc, char **argv, int *ret_words)
{
	const struct command *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		int n = commands[i].words[1] != NULL ? 2 : 1;

		if (argc >= n && strcmp(argv[0], commands[i].words[0]) == 0 &&
		    (n == 1 || strcmp(argv[1], commands[i].words[1]) == 0) &&
		    (found == NULL || n > *ret_words)) {
			found = &commands[i];
			*ret_words = n;
		}
	}
	return found;
}

static bool timeout_from_str(const char *text, int *ret_ms)
{
	char *end;
	long seconds = strtol(text, &end, 10);

	if (end == text || *end != '\0' || seconds < 1 || seconds > TIMEOUT_MAX_S) {
		return false;
	}
	*ret_ms = (int)seconds * 1000;
	return true;
}

static bool option_take(enum option_bit option, const char *argument, struct lunmask_options *ret)
{
	switch (option) {
	case OPTION_VM: ret->vm = argument; return true;
	case OPTION_ALL: ret->all = true; return true;
	case OPTION_FOLLOW: ret->follow = true; return true;
	case OPTION_JSON: ret->json = true; return true;
	case OPTION_YES: ret->yes = true; return true;
	case OPTION_DRY_RUN: ret->dry_run = true; return true;
	case OPTION_FOREIGN: ret->foreign = true; return true;
	case OPTION_TIMEOUT:
	case OPTION_TIMEOUT_EACH: return timeout_from_str(argument, &ret->timeout_ms);
	}
	return false;
}

/* From the rows: what getopt_long() wants, for one command. */
static void getopt_fill(const struct command *command, struct option *ret_long, char *ret_short)
{
	for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++) {
		if ((command->options & option_rows[i].option) == 0) {
			continue;
		}
		*ret_long++ = (struct option){
			.name = option_rows[i].name,
			.has_arg =
				option_rows[i].argument != NULL ? required_argument : no_argument,
			.val = option_rows[i].letter,
		};
		*ret_short++ = option_rows[i].letter;
		if (option_rows[i].argument != NULL) {
			*ret_short++ = ':';
		}
	}
	*ret_long = (struct option){.name = "help", .val = 'h'};
	(void)strcpy(ret_short, "h");
}

/* 0, or what to exit with + 1. */
static int options_parse(const struct command *command, int argc, char **argv,
			 struct lunmask_options *ret)
{
	struct option long_options[ARRAY_SIZE(option_rows) + 2] = {0};
	char short_options[2 * ARRAY_SIZE(option_rows) + 2];
	int letter;

	getopt_fill(command, long_options, short_options);
	while ((letter = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (letter == 'h') {
			help_print(command);
			return LUNMASK_EXIT_GOOD + 1;
		}
		for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++) {
			if ((command->options & option_rows[i].option) != 0 &&
			    option_rows[i].letter == letter &&
			    !option_take(option_rows[i].option, optarg, ret)) {
				return usage_wrong("--timeout takes 1 to 600, not", optarg) + 1;
			}
		}
		if (letter == '?') {
			return LUNMASK_EXIT_USAGE + 1;
		}
	}
	return 0;
}

static int command_run(const struct command *command, int argc, char **argv)
{
	struct lunmask_options options = {
		.timeout_ms = (command->options & OPTION_TIMEOUT_EACH) != 0
				      ? TIMEOUT_EACH_DEFAULT_MS
				      : TIMEOUT_DEFAULT_MS,
	};
	int rc = options_parse(command, argc, argv, &options);
	int left = argc - optind;

	if (rc != 0) {
		return rc - 1;
	}
	if (command->argument != ARGUMENT_MANY &&
	    left > (command->argument == ARGUMENT_NONE ? 0 : 1)) {
		return usage_wrong("there is no use for", argv[argc - 1]);
	}
	if (command->argument == ARGUMENT_NEEDED && left == 0) {
		return usage_wrong("it is not said which", command->argument_name);
	}
	options.argument = left > 0 ? argv[optind] : NULL;
	options.arguments = (const char *const *)&argv[optind];
	options.n_arguments = (size_t)left;
	return command->run(&options);
}

int main(int argc, char **argv)
{
	const struct command *command;
	int words = 0, status;

	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
			  strcmp(argv[1], "help") == 0)) {
		usage_print(stdout);
		return LUNMASK_EXIT_GOOD;
	}
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		(void)puts("lunmask " PACKAGE_VERSION);
		return LUNMASK_EXIT_GOOD;
	}
	command = command_find(argc - 1, argv + 1, &words);
	if (command == NULL) {
		usage_print(stderr);
		return LUNMASK_EXIT_USAGE;
	}
	argv[words] = argv[0];
	status = command_run(command, argc - words, argv + words);
	if (fflush(stdout) != 0) {
		(void)fputs("lunmask: cannot write the answer\n", stderr);
		return LUNMASK_EXIT_FAILED;
	}
	return status;
}
