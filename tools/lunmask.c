/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/lunmask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command/usage.h"

/* Shows the tasks and the journal, and changes the journal. See lunmask(8). */
#define PROGRAM "lunmask"
#define TIMEOUT_DEFAULT_S 10
#define TIMEOUT_EACH_DEFAULT_S 60
#define TIMEOUT_MAX_S 600
#define COMMAND_WIDTH 28

/* The options of the command line. */
static struct {
	char *vm;
	gboolean all, follow, json, yes, dry_run, foreign;
	char *timeout;
} given;

/* clang-format off */
#define VM {"vm", 'v', 0, G_OPTION_ARG_FILENAME, &given.vm, "show only the tasks of this VM", "VM"}
#define ALL {"all", 'a', 0, G_OPTION_ARG_NONE, &given.all, "also show tasks that have ended", NULL}
#define FOLLOW {"follow", 'f', 0, G_OPTION_ARG_NONE, &given.follow, \
		"print each change, until interrupted", NULL}
#define JSON {"json", 'j', 0, G_OPTION_ARG_NONE, &given.json, "print JSON, for programs", NULL}
#define YES {"yes", 'y', 0, G_OPTION_ARG_NONE, &given.yes, "do not ask for confirmation", NULL}
#define DRY_RUN {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &given.dry_run, \
		 "only report; change nothing", NULL}
#define FOREIGN {"foreign", 'F', 0, G_OPTION_ARG_NONE, &given.foreign, \
		 "also remove paths of initiators without a [host]", NULL}
#define TIMEOUT {"timeout", 't', 0, G_OPTION_ARG_FILENAME, &given.timeout, \
		 "time limit, 1 to 600; default 10", "SECONDS"}
#define TIMEOUT_EACH {"timeout", 't', 0, G_OPTION_ARG_FILENAME, &given.timeout, \
		      "limit for each VM, 1 to 600; default 60", "SECONDS"}
#define ROWS(...) (const GOptionEntry[]){__VA_ARGS__, {0}}
/* clang-format on */

static const struct command {
	struct usage usage;
	int (*run)(const struct lunmask_options *options);
	int timeout_s; /* 0: TIMEOUT_DEFAULT_S */
} commands[] = {
	{.usage =
		 {.name = PROGRAM " tasks",
		  .summary = "list tasks that are running, waiting or broken",
		  .text = "The states are: running; waiting (an action has succeeded, and the next "
			  "one\n"
			  "continues the task); broken (an action has failed; a stop or start of "
			  "the "
			  "VM\n"
			  "ends the task); and, with --all, done and failed (given up and undone). "
			  "STEP is\n"
			  "the current or last step.",
		  .rows = ROWS(VM, ALL, FOLLOW, JSON, TIMEOUT)},
	 .run = lunmask_tasks},
	{.usage = {.name = PROGRAM " tasks show",
		   .words = USAGE_WORD_NEEDED,
		   .word = "UUID|VM",
		   .summary = "show one task; for a VM, its open or last task",
		   .rows = ROWS(JSON, TIMEOUT)},
	 .run = lunmask_tasks_show},
	{.usage =
		 {.name = PROGRAM " reconcile",
		  .words = USAGE_WORDS,
		  .word = "VM",
		  .summary = "remove paths to LUNs that no host needs",
		  .text = "The command compares the hosts that have a path to each VM's LUNs with "
			  "the host\n"
			  "of the domain and with the needs of the VM's tasks. It removes each "
			  "path "
			  "that is\n"
			  "not needed, if its host was fenced or does not have the domain.\n"
			  "Exit status: 0: no stray is left; 1: a stray is left; 7: the result is\n"
			  "incomplete.",
		  .rows = ROWS(DRY_RUN, FOREIGN, JSON, TIMEOUT_EACH)},
	 .run = lunmask_reconcile,
	 .timeout_s = TIMEOUT_EACH_DEFAULT_S},
	{.usage = {.name = PROGRAM " journal status",
		   .summary = "show the state of the journal on this node",
		   .text = "active: changes can be committed. gate: it is open if, in addition, "
			   "corosync\n"
			   "reports quorum. While the gate is shut, no VM is started or migrated.",
		   .rows = ROWS(JSON, TIMEOUT)},
	 .run = lunmask_status},
	{.usage = {.name = PROGRAM " journal voters",
		   .summary = "list the nodes that vote, and what each has",
		   .rows = ROWS(JSON, TIMEOUT)},
	 .run = lunmask_voters},
	{.usage =
		 {.name = PROGRAM " journal check",
		  .words = USAGE_WORD_OPTIONAL,
		  .word = "DIRECTORY",
		  .summary = "check this node's journal",
		  .text = "While lunmaskd runs, the command checks the status that lunmaskd "
			  "reports.\n"
			  "Otherwise it checks every record of the store on disk, without changing "
			  "it.\n"
			  "DIRECTORY is the store.",
		  .rows = ROWS(TIMEOUT)},
	 .run = lunmask_check},
	{.usage = {.name = PROGRAM " journal force-solo",
		   .summary = "make this node continue alone, without the others",
		   .text = "Use this only if you know that the other nodes are off. If one of them "
			   "is\n"
			   "running, both nodes may start the same VM, and its data is then at "
			   "risk.",
		   .rows = ROWS(YES, TIMEOUT)},
	 .run = lunmask_force_solo},
	{.usage = {.name = PROGRAM " journal keygen",
		   .words = USAGE_WORD_OPTIONAL,
		   .word = "FILE",
		   .summary = "make the key that seals the nodes' messages",
		   .text = "FILE is /etc/lunmask/journal.key by default. It must be the same on "
			   "every node."},
	 .run = lunmask_keygen},
	{.usage = {.name = PROGRAM " journal export",
		   .words = USAGE_WORD_NEEDED,
		   .word = "FILE|-",
		   .summary = "write tasks and releases as JSON, for import",
		   .rows = ROWS(TIMEOUT)},
	 .run = lunmask_export},
	{.usage = {.name = PROGRAM " journal import",
		   .words = USAGE_WORD_NEEDED,
		   .word = "FILE|-",
		   .summary = "import tasks and releases into an empty journal",
		   .text = "Stop the VMs' resources first. Each record is restored by ordinary, "
			   "replicated\n"
			   "operations. Tries and revisions start again. An interrupted import can "
			   "be "
			   "run\n"
			   "again.",
		   .rows = ROWS(TIMEOUT)},
	 .run = lunmask_import},
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
	for (size_t i = 0; i < G_N_ELEMENTS(exits); i++) {
		if (exits[i].rc == rc) {
			return exits[i].status;
		}
	}
	return LUNMASK_EXIT_FAILED;
}

static const struct usage program_usage = {
	.name = PROGRAM,
	.words = USAGE_WORD_NEEDED,
	.word = "COMMAND",
	.summary = "Shows tasks of virtual machines, and the cluster's journal of them.",
	.text = PROGRAM " COMMAND --help describes one command; lunmask(8) describes all.",
};

static void commands_print(FILE *file)
{
	(void)fputs("Commands:\n", file);
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		const struct usage *usage = &commands[i].usage;
		g_autofree char *word = usage_word_text(usage);
		g_autofree char *left =
			g_strdup_printf("%s %s", usage->name + strlen(PROGRAM " "), word);

		(void)fprintf(file, "  %-*s %s\n", COMMAND_WIDTH, left, usage->summary);
	}
}

static const struct command *command_named(const char *word, const char *second)
{
	g_autofree char *name = g_strjoin(" ", PROGRAM, word, second, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].usage.name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

/* The longest matching command; *ret_words is its number of words. */
static const struct command *command_find(int argc, char **argv, int *ret_words)
{
	const struct command *found = argc > 2 ? command_named(argv[1], argv[2]) : NULL;

	*ret_words = found != NULL ? 2 : 1;
	return found == NULL && argc > 1 ? command_named(argv[1], NULL) : found;
}

static int command_run(const struct command *command, int argc, char **argv)
{
	g_auto(GStrv) words = NULL;
	guint64 timeout_s =
		command->timeout_s != 0 ? (guint64)command->timeout_s : TIMEOUT_DEFAULT_S;
	struct lunmask_options options;
	enum usage_end end = usage_parse(&command->usage, argc, argv, &words);

	if (end == USAGE_CONTINUE && given.timeout != NULL &&
	    !g_ascii_string_to_unsigned(given.timeout, 10, 1, TIMEOUT_MAX_S, &timeout_s, NULL)) {
		end = usage_wrong(&command->usage, "--timeout takes 1 to %d, not '%.80s'",
				  TIMEOUT_MAX_S, given.timeout);
	}
	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? LUNMASK_EXIT_USAGE : LUNMASK_EXIT_GOOD;
	}
	options = (struct lunmask_options){
		.vm = given.vm,
		.all = given.all,
		.follow = given.follow,
		.json = given.json,
		.yes = given.yes,
		.dry_run = given.dry_run,
		.foreign = given.foreign,
		.timeout_ms = (int)timeout_s * 1000,
		.argument = words != NULL ? words[0] : NULL,
		.arguments = (const char *const *)words,
		.n_arguments = words != NULL ? g_strv_length(words) : 0,
	};
	return command->run(&options);
}

/* Without a known command: prints the help, or an error. */
static int program_run(int argc, char **argv)
{
	bool help = argc > 1 && strcmp(argv[1], "help") == 0;
	char *first[] = {argv[0], help ? "--help" : argv[1], NULL};
	enum usage_end end = usage_parse(&program_usage, argc < 2 ? argc : 2, first, NULL);

	if (end == USAGE_HELP) {
		(void)putchar('\n');
		commands_print(stdout);
		return LUNMASK_EXIT_GOOD;
	}
	if (argc < 2) {
		commands_print(stderr);
	}
	if (end == USAGE_CONTINUE) {
		(void)usage_wrong(&program_usage, "there is no command '%.40s%s%.40s'", argv[1],
				  argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
	}
	return end == USAGE_VERSION ? LUNMASK_EXIT_GOOD : LUNMASK_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	int words, status;
	const struct command *command = command_find(argc, argv, &words);

	if (command == NULL) {
		status = program_run(argc, argv);
	} else {
		argv[words] = argv[0];
		status = command_run(command, argc - words, argv + words);
	}
	if (fflush(stdout) != 0) {
		(void)fputs("lunmask: cannot write the answer\n", stderr);
		return LUNMASK_EXIT_FAILED;
	}
	return status;
}
