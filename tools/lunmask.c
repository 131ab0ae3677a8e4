/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/lunmask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/command_complete.h"
#include "command/usage.h"
#include "doctor/report/doctor.h"
#include "hosts/list_run.h"
#include "luns/luns_commands.h"
#include "make/make_commands.h"

/* Shows the tasks and the journal, and changes the journal. See lunmask(8). */
#define PROGRAM "lunmask"
#define TIMEOUT_DEFAULT_S 10
#define TIMEOUT_EACH_DEFAULT_S 60
#define TIMEOUT_IMAGE_DEFAULT_S 30
#define TIMEOUT_DOCTOR_S 60
#define TIMEOUT_MAX_S 600
#define COMMAND_WIDTH 28

/* The options of the command line. */
static struct lunmask_options given;
static struct output_given output;
static char *timeout;

/* clang-format off */
#define VM {"vm", 'v', 0, G_OPTION_ARG_FILENAME, &given.vm, "show only the tasks of this VM", "VM"}
#define ALL {"all", 'a', 0, G_OPTION_ARG_NONE, &given.all, "also show tasks that have ended", NULL}
#define RUNNING {"running", 'r', 0, G_OPTION_ARG_NONE, &given.running, \
		 "what the guest that runs here has", NULL}
#define LIVE {"live", 'l', 0, G_OPTION_ARG_NONE, &given.live, \
	      "change the guest that runs here at once, too", NULL}
#define EVERY {"all", 'a', 0, G_OPTION_ARG_NONE, &given.all, \
	       "also what libvirt had added and chooses again", NULL}
#define FOLLOW {"follow", 'f', 0, G_OPTION_ARG_NONE, &given.follow, \
		"print each change, until interrupted", NULL}
#define DATA OUTPUT_AS_ROWS(output)
#define YES {"yes", 'y', 0, G_OPTION_ARG_NONE, &given.yes, "do not ask for confirmation", NULL}
#define DRY_RUN {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &given.dry_run, \
		 "only report; change nothing", NULL}
#define FOREIGN {"foreign", 'F', 0, G_OPTION_ARG_NONE, &given.foreign, \
		 "also remove paths of initiators without a [host]", NULL}
#define OWN {"own", 'o', 0, G_OPTION_ARG_NONE, &given.own, \
	     "only paths of this host; as lunmask-tidy does", NULL}
#define ARRAY {"array", 'A', 0, G_OPTION_ARG_FILENAME, &given.array, \
	       "only releases of LUNs of this array", "ARRAY"}
#define NODE {"node", 'N', 0, G_OPTION_ARG_FILENAME, &given.node, \
	      "only releases by this node", "NODE"}
#define OF_ARRAY {"array", 'A', 0, G_OPTION_ARG_FILENAME, &given.array, \
		  "only paths to this array", "ARRAY"}
#define OF_NODE {"node", 'N', 0, G_OPTION_ARG_FILENAME, &given.node, \
		 "only paths of this node", "NODE"}
#define CRM {"crm", 'c', 0, G_OPTION_ARG_NONE, &given.crm, "only the commands for crm", NULL}
#define PCS {"pcs", 'p', 0, G_OPTION_ARG_NONE, &given.pcs, "only the commands for pcs", NULL}
#define ONLY_NODE {"node", 'N', 0, G_OPTION_ARG_FILENAME, &given.node, \
		   "only this node", "NODE"}
#define TIMEOUT {"timeout", 't', 0, G_OPTION_ARG_FILENAME, &timeout, \
		 "time limit, 1 to 600; default 10", "SECONDS"}
#define PASSED {"all", 'a', 0, G_OPTION_ARG_NONE, &given.all, "also list what has passed", NULL}
#define LOCAL {"local", 'L', 0, G_OPTION_ARG_NONE, &given.local, \
	       "only this node: no other node is asked", NULL}
#define TIMEOUT_DOCTOR {"timeout", 't', 0, G_OPTION_ARG_FILENAME, &timeout, \
			"time limit, 1 to 600; default 60", "SECONDS"}
#define TIMEOUT_EACH {"timeout", 't', 0, G_OPTION_ARG_FILENAME, &timeout, \
		      "limit for each VM, 1 to 600; default 60", "SECONDS"}
#define TIMEOUT_IMAGE {"timeout", 't', 0, G_OPTION_ARG_FILENAME, &timeout, \
		       "time limit, 1 to 600; default 30", "SECONDS"}
#define ROWS(...) (const GOptionEntry[]){__VA_ARGS__, {0}}
/* clang-format on */

/* doctor/, hosts/, luns/ and make/ are rooms of their own; the other commands are in files beside
 * this. */
static int lunmask_doctor(const struct lunmask_options *options)
{
	json_t *json = NULL;
	const struct doctor_options doctor = {
		.local = options->local,
		.all = options->all,
		.deadline = deadline_in(options->timeout_ms),
		.ret_json = options->output != OUTPUT_TEXT ? &json : NULL,
	};
	struct err err = ERR_INIT;
	size_t failed;

	if (geteuid() != 0) {
		return lunmask_fail(
			err_set(&err, -EPERM, "doctor looks at root's files: run it as root"),
			&err);
	}
	failed = doctor_run(&doctor);
	if (options->output != OUTPUT_TEXT &&
	    lunmask_data_print(options->output, "doctor", json) != LUNMASK_EXIT_GOOD) {
		return LUNMASK_EXIT_FAILED;
	}
	return failed > 0 ? LUNMASK_EXIT_FAILED : LUNMASK_EXIT_GOOD;
}

static enum list_format format_of(const struct lunmask_options *options)
{
	static const enum list_format formats[] = {
		[OUTPUT_TEXT] = LIST_TEXT,
		[OUTPUT_JSON] = LIST_JSON,
		[OUTPUT_XML] = LIST_XML,
	};

	return formats[options->output];
}

static int lunmask_paths(const struct lunmask_options *options)
{
	const struct path_filter filter = {.node = options->node, .array = options->array};
	struct err err = ERR_INIT;
	int rc = list_run_paths(&filter, format_of(options), deadline_in(options->timeout_ms),
				stdout, &err);

	return rc < 0 ? lunmask_fail(rc, &err) : LUNMASK_EXIT_GOOD;
}

static int lunmask_hosts(const struct lunmask_options *options)
{
	static const int statuses[] = {
		[HOST_NOT_KNOWN] = LUNMASK_EXIT_UNSEEN,
		[HOST_NO] = LUNMASK_EXIT_FAILED,
		[HOST_YES] = LUNMASK_EXIT_GOOD,
	};
	enum host_answer answer;
	struct err err = ERR_INIT;
	int rc = list_run_hosts(options->argument, options->node, format_of(options),
				deadline_in(options->timeout_ms), stdout, &answer, &err);

	return rc < 0 ? lunmask_fail(rc, &err) : statuses[answer];
}

static int lunmask_rules(const struct lunmask_options *options)
{
	struct err err = ERR_INIT;
	int rc = list_run_rules(options->argument, options->crm, options->pcs,
				deadline_in(options->timeout_ms), stdout, &err);

	return rc < 0 ? lunmask_fail(rc, &err) : LUNMASK_EXIT_GOOD;
}

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
		  .rows = ROWS(VM, ALL, FOLLOW, DATA, TIMEOUT)},
	 .run = lunmask_tasks},
	{.usage = {.name = PROGRAM " tasks show",
		   .words = USAGE_WORD_NEEDED,
		   .word = "UUID|VM",
		   .summary = "show one task; for a VM, its open or last task",
		   .rows = ROWS(DATA, TIMEOUT)},
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
			  "not needed, if its host was fenced or does not have the domain. It ends "
			  "each\n"
			  "release whose host has no path any more.\n"
			  "Exit status: 0: no stray is left; 1: a stray is left; 7: the result is\n"
			  "incomplete.",
		  .rows = ROWS(DRY_RUN, FOREIGN, OWN, DATA, TIMEOUT_EACH)},
	 .run = lunmask_reconcile,
	 .timeout_s = TIMEOUT_EACH_DEFAULT_S},
	{.usage = {.name = PROGRAM " image show",
		   .words = USAGE_WORD_NEEDED,
		   .word = "VM",
		   .summary = "show what the state LUN of a stopped VM holds",
		   .text = "image: valid: the next start restores the guest's memory; otherwise it "
			   "boots\n"
			   "the guest. This node is granted the VM's LUNs for a moment.",
		   .rows = ROWS(DATA, TIMEOUT_IMAGE)},
	 .run = lunmask_image_show,
	 .timeout_s = TIMEOUT_IMAGE_DEFAULT_S},
	{.usage = {.name = PROGRAM " image discard",
		   .words = USAGE_WORD_NEEDED,
		   .word = "VM",
		   .summary = "give up saved memory; the guest boots",
		   .text = "Use this if no host can restore the saved memory of a VM. What the "
			   "guest had\n"
			   "in its memory is lost, as after a power failure; its disks are not "
			   "changed.\n"
			   "It is refused while a host has a path to the VM's LUNs.",
		   .rows = ROWS(YES, TIMEOUT_IMAGE)},
	 .run = lunmask_image_discard,
	 .timeout_s = TIMEOUT_IMAGE_DEFAULT_S},
	{.usage = {.name = PROGRAM " definition show",
		   .words = USAGE_WORD_NEEDED,
		   .word = "VM",
		   .summary = "show the definition that the next boot takes",
		   .text = "It is on the VM's state LUN. The command runs on the VM's host. If the "
			   "VM runs\n"
			   "nowhere, this node is granted its LUNs for a moment.",
		   .rows = ROWS(RUNNING, DATA, TIMEOUT_IMAGE)},
	 .run = lunmask_definition_show,
	 .timeout_s = TIMEOUT_IMAGE_DEFAULT_S},
	{.usage = {.name = PROGRAM " definition diff",
		   .words = USAGE_WORD_OR_TWO,
		   .word = "VM [FILE]",
		   .summary = "compare it with a file, or with what runs",
		   .text = "FILE is the file in the resource's parameter config by default; - is "
			   "standard\n"
			   "input. Lines with - are what is stored, lines with + what set would "
			   "store.\n"
			   "Exit status: 0: no difference; 1: there is one.",
		   .rows = ROWS(RUNNING, EVERY, DATA, TIMEOUT_IMAGE)},
	 .run = lunmask_definition_diff,
	 .timeout_s = TIMEOUT_IMAGE_DEFAULT_S},
	{.usage = {.name = PROGRAM " definition set",
		   .words = USAGE_TWO_WORDS,
		   .word = "VM FILE",
		   .summary = "store the definition in FILE for the next boot",
		   .text = "The command shows the differences and asks. A guest that runs keeps "
			   "what it has.\n"
			   "What FILE leaves out, such as a MAC, stays as libvirt has chosen it.\n"
			   "--live: the guest's memory, vCPUs (up to its maximum) and NICs become "
			   "those of\n"
			   "FILE at once, as far as libvirt can; the command says what has to "
			   "wait.\n"
			   "Exit status: 1: stored, but the guest has not all of that.",
		   .rows = ROWS(LIVE, DRY_RUN, EVERY, YES, TIMEOUT_IMAGE)},
	 .run = lunmask_definition_set,
	 .timeout_s = TIMEOUT_IMAGE_DEFAULT_S},
	{.usage = {.name = PROGRAM " definition edit",
		   .words = USAGE_WORD_NEEDED,
		   .word = "VM",
		   .summary = "edit the stored one with $VISUAL or $EDITOR",
		   .rows = ROWS(LIVE, EVERY, YES, TIMEOUT_IMAGE)},
	 .run = lunmask_definition_edit,
	 .timeout_s = TIMEOUT_IMAGE_DEFAULT_S},
	{.usage =
		 {.name = PROGRAM " status",
		  .words = USAGE_WORDS,
		  .word = "VM",
		  .summary = "show this node's VMs, and their definitions",
		  .text = "For each VM that runs here: the revision of its definition, whether the "
			  "file in\n"
			  "its parameter config is what it was made from, what was changed while "
			  "the\n"
			  "guest runs, whether a live migration is encrypted, and timeouts that "
			  "are too\n"
			  "short for its memory. If a VM that is named runs nowhere, this node is\n"
			  "granted its LUNs for a moment.",
		  .rows = ROWS(DATA, TIMEOUT_IMAGE)},
	 .run = lunmask_vms,
	 .timeout_s = TIMEOUT_IMAGE_DEFAULT_S},
	{.usage = {.name = PROGRAM " paths",
		   .summary = "show through which portals hosts reach the arrays",
		   .text = "lunmaskd logs in to each portal every 30 s (lunmaskd(8)). The states "
			   "are: up;\n"
			   "down: nobody answers, or the portal has an error; refused: the array "
			   "does not\n"
			   "let this host in; unknown: it was not measured.",
		   .rows = ROWS(OF_ARRAY, OF_NODE, DATA, TIMEOUT)},
	 .run = lunmask_paths},
	{.usage =
		 {.name = PROGRAM " hosts",
		  .words = USAGE_WORD_NEEDED,
		  .word = "VM",
		  .summary = "say which hosts may run a VM, and why not",
		  .text = "A host may run the VM if it reaches each of its LUNs by a portal that\n"
			  "exposes it, and nothing else is in the way: cluster, fencing, libvirt.\n"
			  "The other hosts are asked through lunmaskd.\n"
			  "Exit status: 0: a host may; 1: none may; 7: of a host it is not known.",
		  .rows = ROWS(ONLY_NODE, DATA, TIMEOUT_IMAGE)},
	 .run = lunmask_hosts,
	 .timeout_s = TIMEOUT_IMAGE_DEFAULT_S},
	{.usage = {.name = PROGRAM " rules",
		   .words = USAGE_WORD_NEEDED,
		   .word = "VM",
		   .summary = "print rules against nodes without a path",
		   .text = "The commands are for crm or pcs, and are only printed. They need the\n"
			   "attributes of ocf:lunmask:ArrayPaths, and begin with its clone if the\n"
			   "cluster has none.",
		   .rows = ROWS(CRM, PCS, TIMEOUT)},
	 .run = lunmask_rules},
	{.usage = {.name = PROGRAM " doctor",
		   .summary = "find what would keep lunmask from working",
		   .text = "It looks at this node, the cluster, the arrays and, by ssh, the other "
			   "nodes, and\n"
			   "changes nothing. FAIL and WARN say what is wrong, why, and what mends "
			   "it;\n"
			   "UNKNOWN says what could not be looked at.\n"
			   "Exit status: 0: nothing has failed; 1: something has.",
		   .rows = ROWS(PASSED, LOCAL, DATA, TIMEOUT_DOCTOR)},
	 .run = lunmask_doctor,
	 .timeout_s = TIMEOUT_DOCTOR_S},
	{.usage = {.name = PROGRAM " journal status",
		   .summary = "show the state of the journal on this node",
		   .text = "active: changes can be committed. gate: it is open if, in addition, "
			   "corosync\n"
			   "reports quorum. While the gate is shut, no VM is started or migrated.",
		   .rows = ROWS(DATA, TIMEOUT)},
	 .run = lunmask_status},
	{.usage = {.name = PROGRAM " journal voters",
		   .summary = "list the nodes that vote, and what each has",
		   .rows = ROWS(DATA, TIMEOUT)},
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
	{.usage = {.name = PROGRAM " journal forget",
		   .words = USAGE_WORDS,
		   .word = "VM",
		   .summary = "end releases that nobody can complete",
		   .text = "For releases whose array or host is gone for good. lunmask reconcile "
			   "ends all\n"
			   "others. Name at least one VM, array or node. If the array still grants "
			   "the LUNs\n"
			   "to that host, nothing revokes them any more.",
		   .rows = ROWS(ARRAY, NODE, YES, TIMEOUT)},
	 .run = lunmask_forget},
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
		   .summary = "write tasks and releases as DATA, for import",
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
	{-EBUSY, LUNMASK_EXIT_REFUSED},       {-ESTALE, LUNMASK_EXIT_REFUSED},
	{-ENODATA, LUNMASK_EXIT_NOT_THERE},
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
	.summary = "Shows and manages tasks and definitions of VMs, their paths, and the journal.",
	.text = PROGRAM " COMMAND --help describes one command; lunmask(8) describes all.\n"
			"lunmask(7) is a tutorial; lunmask doctor says what a new system lacks.",
};

#define LUNS_END (G_N_ELEMENTS(commands) + LUNS_COMMANDS)
/* The commands of this table, then those of luns/, then those of make/. */
static const struct usage *usage_at(size_t i)
{
	return i < G_N_ELEMENTS(commands) ? &commands[i].usage
	       : i < LUNS_END             ? luns_usage_at(i - G_N_ELEMENTS(commands))
					  : make_usage_at(i - LUNS_END);
}

/* group: PROGRAM, or with the first word of commands. */
static void commands_print(const char *group, FILE *file)
{
	g_autofree char *begin = g_strdup_printf("%s ", group);
	const struct usage *usage;

	(void)fputs("Commands:\n", file);
	for (size_t i = 0; (usage = usage_at(i)) != NULL; i++) {
		g_autofree char *word = usage_word_text(usage);
		g_autofree char *left =
			g_strdup_printf("%s %s", usage->name + strlen(PROGRAM " "), word);

		if (!g_str_has_prefix(usage->name, begin)) {
			continue;
		}
		(void)fprintf(file, "  %-*s %s\n", COMMAND_WIDTH, left, usage->summary);
	}
}

#define NO_COMMAND SIZE_MAX

static size_t command_named(const char *word, const char *second)
{
	g_autofree char *name = g_strjoin(" ", PROGRAM, word, second, NULL);
	const struct usage *usage;

	for (size_t i = 0; (usage = usage_at(i)) != NULL; i++) {
		if (strcmp(usage->name, name) == 0) {
			return i;
		}
	}
	return NO_COMMAND;
}

/* The longest matching command; *ret_words is its number of words. */
static size_t command_find(int argc, char **argv, int *ret_words)
{
	size_t found = argc > 2 ? command_named(argv[1], argv[2]) : NO_COMMAND;

	*ret_words = found != NO_COMMAND ? 2 : 1;
	return found == NO_COMMAND && argc > 1 ? command_named(argv[1], NULL) : found;
}

/* What is wrong is told, as by usage_parse(). */
static enum usage_end output_check(const struct command *command)
{
	struct err err = ERR_INIT;

	if (output_as_choose(&output, &given.output, &err) < 0) {
		return usage_wrong(&command->usage, "%s", err_text(&err));
	}
	return given.follow && given.output == OUTPUT_XML
		       ? usage_wrong(&command->usage, "--follow prints text or json")
		       : USAGE_CONTINUE;
}

static int command_run(const struct command *command, int argc, char **argv)
{
	g_auto(GStrv) words = NULL;
	guint64 timeout_s =
		command->timeout_s != 0 ? (guint64)command->timeout_s : TIMEOUT_DEFAULT_S;
	enum usage_end end = usage_parse(&command->usage, argc, argv, &words);

	if (end == USAGE_CONTINUE && timeout != NULL &&
	    !g_ascii_string_to_unsigned(timeout, 10, 1, TIMEOUT_MAX_S, &timeout_s, NULL)) {
		end = usage_wrong(&command->usage, "--timeout takes 1 to %d, not '%.80s'",
				  TIMEOUT_MAX_S, timeout);
	}
	end = end == USAGE_CONTINUE ? output_check(command) : end;
	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? LUNMASK_EXIT_USAGE : LUNMASK_EXIT_GOOD;
	}
	given.timeout_ms = (int)timeout_s * 1000;
	given.argument = words != NULL ? words[0] : NULL;
	given.arguments = (const char *const *)words;
	given.n_arguments = words != NULL ? g_strv_length(words) : 0;
	return command->run(&given);
}

/* "journal" has commands, and is none. */
static bool is_group(const char *word)
{
	g_autofree char *begin = g_strdup_printf(PROGRAM " %s ", word);
	const struct usage *usage;

	for (size_t i = 0; (usage = usage_at(i)) != NULL; i++) {
		if (g_str_has_prefix(usage->name, begin)) {
			return true;
		}
	}
	return false;
}

/* Without a known command: prints the help of the program or of a group of commands, or an error.
 */
static int group_run(const struct usage *usage, int argc, char **argv)
{
	bool help = argc > 1 && strcmp(argv[1], "help") == 0;
	char *first[] = {argv[0], help ? "--help" : argv[1], NULL};
	enum usage_end end = usage_parse(usage, argc < 2 ? argc : 2, first, NULL);

	if (end == USAGE_HELP) {
		(void)putchar('\n');
		commands_print(usage->name, stdout);
		return LUNMASK_EXIT_GOOD;
	}
	if (argc < 2) {
		commands_print(usage->name, stderr);
	}
	if (end == USAGE_CONTINUE) {
		(void)usage_wrong(usage, "there is no command '%.80s'", argv[1]);
	}
	return end == USAGE_VERSION ? LUNMASK_EXIT_GOOD : LUNMASK_EXIT_USAGE;
}

static int program_run(int argc, char **argv)
{
	bool group = argc > 1 && is_group(argv[1]);
	g_autofree char *name = g_strdup_printf(PROGRAM " %s", group ? argv[1] : "");
	const struct usage group_usage = {
		.name = name,
		.words = USAGE_WORD_NEEDED,
		.word = "COMMAND",
		.text = PROGRAM "(8) describes all commands.",
	};

	return group ? group_run(&group_usage, argc - 1, argv + 1)
		     : group_run(&program_usage, argc, argv);
}

static int any_run(size_t i, int argc, char **argv)
{
	struct err err = ERR_INIT;
	int rc;

	if (i < G_N_ELEMENTS(commands)) {
		return command_run(&commands[i], argc, argv);
	}
	rc = i < LUNS_END ? luns_command_run(i - G_N_ELEMENTS(commands), argc, argv, &err)
			  : make_command_run(i - LUNS_END, argc, argv, &err);
	return rc < 0 ? lunmask_fail(rc, &err) : rc;
}

/* For the shell, which has the line to be completed after "--"; nobody types it. */
static bool is_completion(int argc, char **argv)
{
	return argc > 2 && strcmp(argv[1], "complete") == 0 && strcmp(argv[2], "--") == 0;
}

int main(int argc, char **argv)
{
	int words, status;
	size_t command = command_find(argc, argv, &words);

	if (is_completion(argc, argv)) {
		command_complete(usage_at, argv + 3);
		status = LUNMASK_EXIT_GOOD;
	} else if (command == NO_COMMAND) {
		status = program_run(argc, argv);
	} else {
		argv[words] = argv[0];
		status = any_run(command, argc - words, argv + words);
	}
	if (fflush(stdout) != 0) {
		(void)fputs("lunmask: cannot write the answer\n", stderr);
		return LUNMASK_EXIT_FAILED;
	}
	return status;
}
