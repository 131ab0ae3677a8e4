/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/make_commands.h"

#include <stdbool.h>

#include "base/deadline.h"
#include "make/template_report.h"

#define LOOK_MS 60000

static struct {
	char *output_as;
} given;

#define OUTPUT_AS                                                                                  \
	{                                                                                          \
		"output-as", 'O', 0, G_OPTION_ARG_FILENAME, &given.output_as, "text, json or xml", \
			"FORMAT"                                                                   \
	}
#define ROWS(...)                                                                                  \
	(const GOptionEntry[])                                                                     \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}

struct make_words {
	char **words; /* NULL: none */
	enum make_output output;
};

static int templates_print(const struct make_words *asked, bool images, bool all, struct err *err)
{
	struct template_report report;
	int rc = template_report_get(asked->words, images, deadline_in(LOOK_MS), &report, err);

	rc = rc != 0 ? rc : template_report_print(&report, asked->output, all, stdout, err);
	rc = rc != 0 ? rc : images && report.wrong;
	template_report_release(&report);
	return rc;
}

static int list_run(const struct make_words *asked, struct err *err)
{
	return templates_print(asked, false, false, err);
}

static int show_run(const struct make_words *asked, struct err *err)
{
	return templates_print(asked, false, true, err);
}

static int check_run(const struct make_words *asked, struct err *err)
{
	return templates_print(asked, true, true, err);
}

static const struct {
	struct usage usage;
	int (*run)(const struct make_words *asked, struct err *err);
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
		   .text = "Without TEMPLATE, it checks all. qemu-img must find each image, in "
			   "the format that\n"
			   "is named, and not larger than its drive.\n"
			   "Exit status: 0: VMs can be made; 1: not from one of them.",
		   .rows = ROWS(OUTPUT_AS)},
	 .run = check_run},
};

const struct usage *make_usage_at(size_t i)
{
	return i < G_N_ELEMENTS(commands) ? &commands[i].usage : NULL;
}

int make_command_run(size_t i, int argc, char **argv, struct err *err)
{
	g_auto(GStrv) words = NULL;
	enum usage_end end = usage_parse(&commands[i].usage, argc, argv, &words);
	struct make_words asked = {.words = words};

	if (end == USAGE_CONTINUE &&
	    make_output_from_str(given.output_as, &asked.output, err) != 0) {
		end = usage_wrong(&commands[i].usage, "%s", err_text(err));
	}
	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? 2 : 0;
	}
	return commands[i].run(&asked, err);
}
