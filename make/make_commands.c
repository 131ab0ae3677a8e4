/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/make_commands.h"

#include <stdbool.h>

#include "base/deadline.h"
#include "make/create_command.h"
#include "make/make_options.h"
#include "make/make_runs.h"
#include "make/template_report.h"

#define LOOK_MS 60000

static struct make_options given;
static struct output_given output;

/* clang-format off */
#define OUTPUT_AS OUTPUT_AS_ROWS(output)
#define TEXT(name, letter, member, what, word) \
	{(name), (letter), 0, G_OPTION_ARG_FILENAME, &given.member, (what), (word)}
#define FLAG(name, letter, member, what) \
	{(name), (letter), 0, G_OPTION_ARG_NONE, &given.member, (what), NULL}
#define SIZES {"size", 's', 0, G_OPTION_ARG_FILENAME_ARRAY, &given.sizes, \
	       "size of a drive, as vda=20GiB; may be repeated", "DRIVE=SIZE"}
#define ROWS(...) (const GOptionEntry[]){__VA_ARGS__, {0}}
/* clang-format on */

static int templates_print(const struct make_options *options, bool images, bool all,
			   struct err *err)
{
	struct template_report report;
	int rc = template_report_get(options->words, images, deadline_in(LOOK_MS), &report, err);

	rc = rc != 0 ? rc : template_report_print(&report, options->output, all, stdout, err);
	rc = rc != 0 ? rc : images && report.wrong;
	template_report_release(&report);
	return rc;
}

static int list_run(const struct make_options *options, struct err *err)
{
	return templates_print(options, false, false, err);
}

static int show_run(const struct make_options *options, struct err *err)
{
	return templates_print(options, false, true, err);
}

static int check_run(const struct make_options *options, struct err *err)
{
	return templates_print(options, true, true, err);
}

static const struct {
	struct usage usage;
	make_run_fn *run;
	make_wrong_fn *wrong; /* may be NULL */
} commands[] = {
	{.usage = {.name = "lunmask template list",
		   .summary = "list the templates from which VMs can be made",
		   .text = "Templates are folders below /etc/lunmask/templates, and those that "
			   "lunmask has\n"
			   "brought along (lunmask-template(5)).",
		   .rows = ROWS(OUTPUT_AS)},
	 .run = list_run},
	{.usage = {.name = "lunmask template show",
		   .words = USAGE_WORD_NEEDED,
		   .word = "TEMPLATE",
		   .summary = "show what VMs of one template get",
		   .rows = ROWS(OUTPUT_AS)},
	 .run = show_run},
	{.usage = {.name = "lunmask template check",
		   .words = USAGE_WORDS,
		   .word = "TEMPLATE",
		   .summary = "check templates, and their images",
		   .text = "Without TEMPLATE, it checks all. qemu-img must find each image, in\n"
			   "the format that is named, and not larger than its drive.\n"
			   "Exit status: 0: VMs can be made; 1: not from one of them.",
		   .rows = ROWS(OUTPUT_AS)},
	 .run = check_run},
	{.usage = {.name = "lunmask create",
		   .words = USAGE_WORD_NEEDED,
		   .word = "VM",
		   .summary = "make a VM from a template",
		   .text = "Its LUNs are made on the array, its images are written, and its "
			   "definition is\n"
			   "stored; then no host has a path to them. The commands that add it to "
			   "the\n"
			   "cluster are printed. If the command fails, it undoes itself. If it was "
			   "killed,\n"
			   "the same command goes on, and --abort undoes it.",
		   .rows = ROWS(
			   TEXT("template", 't', template, "the template", "TEMPLATE"),
			   TEXT("array", 'A', array, "the array; default: the only one", "ARRAY"),
			   SIZES,
			   TEXT("class", 'c', class, "reliability class of all its LUNs", "CLASS"),
			   TEXT("memory", 'm', memory, "memory, such as 4GiB", "SIZE"),
			   TEXT("vcpus", 'C', vcpus, "number of CPUs", "N"),
			   TEXT("network", 'N', network, "network of its NIC", "NETWORK"),
			   TEXT("host", 'H', host, "the host where it prefers to run", "HOST"),
			   FLAG("crm", 0, crm, "print only commands for crm"),
			   FLAG("pcs", 0, pcs, "print only commands for pcs"),
			   FLAG("verify", 'V', verify, "read back what was written"),
			   FLAG("dry-run", 'n', dry_run, "only check; make nothing"),
			   FLAG("abort", 0, abort, "undo what a killed command has left"),
			   OUTPUT_AS)},
	 .run = create_command_run,
	 .wrong = create_command_wrong},
	{.usage = {.name = "lunmask adopt",
		   .words = USAGE_WORD_NEEDED,
		   .word = "VM",
		   .summary = "take over a VM that libvirt has here",
		   .text = "The VM is shut off, and this node's libvirt keeps its definition. Its "
			   "files are\n"
			   "copied to new LUNs; a drive that is a LUN of the array stays as it is. "
			   "Then the\n"
			   "definition is on the state LUN, libvirt has it no more, and the "
			   "commands "
			   "that\n"
			   "add the VM to the cluster are printed. Begin with --dry-run: it lists "
			   "all "
			   "that\n"
			   "is in the way. If the command fails, it undoes itself. If it was "
			   "killed, "
			   "the\n"
			   "same command goes on, and --abort undoes it. Files are never deleted.\n"
			   "Exit status of --dry-run: 0: it can be adopted; 1: something is in the "
			   "way.",
		   .rows = ROWS(
			   TEXT("array", 'A', array, "the array; default: the only one", "ARRAY"),
			   SIZES,
			   TEXT("class", 'c', class, "reliability class of new LUNs", "CLASS"),
			   TEXT("host", 'H', host, "the host where it prefers to run", "HOST"),
			   FLAG("eject", 'e', eject, "take media out of its drives"),
			   FLAG("crm", 0, crm, "print only commands for crm"),
			   FLAG("pcs", 0, pcs, "print only commands for pcs"),
			   FLAG("verify", 'V', verify, "read back what was written"),
			   FLAG("dry-run", 'n', dry_run, "only check; change nothing"),
			   FLAG("abort", 0, abort, "undo what a killed command has left"),
			   OUTPUT_AS)},
	 .run = adopt_command_run,
	 .wrong = adopt_command_wrong},
	{.usage = {.name = "lunmask destroy",
		   .words = USAGE_WORD_NEEDED,
		   .word = "VM",
		   .summary = "delete a VM and its LUNs",
		   .text = "It shows what is deleted, and asks for the name of the VM. It is "
			   "refused "
			   "while\n"
			   "the resource is not stopped, or somebody may need one of the LUNs. If "
			   "it "
			   "was\n"
			   "killed, the same command goes on. It prints the commands that remove "
			   "the\n"
			   "resource from the cluster.",
		   .rows = ROWS(
			   FLAG("keep-luns", 'k', keep_luns, "delete only the state LUN"),
			   FLAG("wipe", 'w', wipe, "overwrite the data with zeros first"),
			   FLAG("discard-image", 'd', discard_image, "saved memory may be lost"),
			   FLAG("snapshots", 0, snapshots, "remove its snapshots, too"),
			   TEXT("confirm", 'c', confirm, "do not ask for the name", "VM"),
			   TEXT("array", 'A', array, "array of a VM without a resource", "ARRAY"),
			   TEXT("state-lun", 's', state_lun, "its state LUN; default: VM-state",
				"LUN"),
			   FLAG("crm", 0, crm, "print only commands for crm"),
			   FLAG("pcs", 0, pcs, "print only commands for pcs"),
			   FLAG("dry-run", 'n', dry_run, "only check; delete nothing"),
			   FLAG("abort", 0, abort, "give up what has deleted nothing yet"),
			   OUTPUT_AS)},
	 .run = destroy_command_run,
	 .wrong = destroy_command_wrong},
	{.usage = {.name = "lunmask resize",
		   .words = USAGE_THREE_WORDS,
		   .word = "VM DRIVE SIZE",
		   .summary = "make a drive larger",
		   .text = "DRIVE is as in luns (vda), or state; SIZE is what it has then, as "
			   "40GiB. The LUN\n"
			   "grows on the array, the state LUN notes it, and a guest that runs here "
			   "is "
			   "told.\n"
			   "If the VM runs on another node, the command belongs there.",
		   .rows = ROWS(OUTPUT_AS)},
	 .run = resize_command_run,
	 .wrong = resize_command_wrong},
	{.usage =
		 {.name = "lunmask snapshot",
		  .words = USAGE_WORD_NEEDED,
		  .word = "VM",
		  .summary = "keep what is on all drives of a VM now",
		  .text = "The array keeps it, of all its LUNs at one instant. If the VM runs "
			  "here, the\n"
			  "guest agent freezes its file systems and the guest stands still, for 10 "
			  "s at\n"
			  "most. If no agent answers, the snapshot is what a power cut would "
			  "leave. "
			  "If the\n"
			  "VM runs on another node, the command belongs there.",
		  .rows = ROWS(TEXT("name", 'n', name, "its name; default: date and time", "NAME"),
			       OUTPUT_AS)},
	 .run = snapshot_command_run},
	{.usage = {.name = "lunmask snapshots",
		   .words = USAGE_WORD_NEEDED,
		   .word = "VM",
		   .summary = "list the snapshots of a VM",
		   .text = "frozen, paused, stopped: what the guest did meanwhile. incomplete: "
			   "the command\n"
			   "that made it was killed; it cannot be restored.",
		   .rows = ROWS(OUTPUT_AS)},
	 .run = snapshots_command_run},
	{.usage = {.name = "lunmask unsnapshot",
		   .words = USAGE_TWO_WORDS,
		   .word = "VM NAME",
		   .summary = "remove a snapshot of a VM",
		   .rows = ROWS(OUTPUT_AS)},
	 .run = unsnapshot_command_run},
	{.usage = {.name = "lunmask restore",
		   .words = USAGE_TWO_WORDS,
		   .word = "VM NAME",
		   .summary = "make all drives what they were in a snapshot",
		   .text = "What is on them now is lost, with the definition on the state LUN. "
			   "The resource\n"
			   "must be stopped, and the VM must have the drives of then. It asks for "
			   "the name\n"
			   "of the VM. The next start boots the guest.",
		   .rows = ROWS(
			   TEXT("confirm", 'c', confirm, "do not ask for the name", "VM"),
			   FLAG("discard-image", 'd', discard_image, "saved memory may be lost"),
			   OUTPUT_AS)},
	 .run = restore_command_run,
	 .wrong = restore_command_wrong},
	{.usage = {.name = "lunmask export",
		   .words = USAGE_WORD_NEEDED,
		   .word = "VM",
		   .summary = "print a definition that needs no lunmask",
		   .text = "It is libvirt's XML of the VM, with the sources of its drives for one\n"
			   "host. It can be started there, without the cluster, when the array "
			   "grants\n"
			   "the LUNs to that host. The command belongs on the VM's node.\n"
			   "lunmask journal export is another command: it is for tasks.",
		   .rows = ROWS(TEXT("host", 'H', host, "the host; default: this one", "HOST"))},
	 .run = export_command_run},
};

const struct usage *make_usage_at(size_t i)
{
	return i < G_N_ELEMENTS(commands) ? &commands[i].usage : NULL;
}

/* What is wrong is told, as by usage_parse(). */
static enum usage_end options_check(size_t i, struct err *err)
{
	g_autofree char *wrong = NULL;

	if (output_as_choose(&output, &given.output, err) != 0) {
		wrong = g_strdup(err_text(err));
	} else if (commands[i].wrong != NULL) {
		wrong = commands[i].wrong(&given);
	}
	return wrong == NULL ? USAGE_CONTINUE : usage_wrong(&commands[i].usage, "%s", wrong);
}

int make_command_run(size_t i, int argc, char **argv, struct err *err)
{
	g_auto(GStrv) words = NULL;
	enum usage_end end = usage_parse(&commands[i].usage, argc, argv, &words);

	given.words = words;
	end = end == USAGE_CONTINUE ? options_check(i, err) : end;
	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? 2 : 0;
	}
	return commands[i].run(&given, err);
}
