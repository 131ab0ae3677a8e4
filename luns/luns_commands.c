/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "luns/luns_commands.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "luns/lun_list.h"

#define LOOK_MS 60000
#define EXIT_USAGE 2
#define EXIT_INCOMPLETE 7

static struct {
	char *array, *output_as;
} given;

/* clang-format off */
#define TEXT(name, letter, member, what, word) \
	{(name), (letter), 0, G_OPTION_ARG_FILENAME, &given.member, (what), (word)}
#define ROWS(...) (const GOptionEntry[]){__VA_ARGS__, {0}}
/* clang-format on */

/* Takes the reference. */
static int json_print(json_t *json)
{
	int rc = json == NULL ? -ENOMEM : 0;

	if (rc == 0 &&
	    (json_dumpf(json, stdout, JSON_INDENT(2)) != 0 || fputc('\n', stdout) == EOF)) {
		rc = -EIO;
	}
	json_decref(json);
	return rc;
}

static int text_print(const struct lun_survey *survey)
{
	lun_list_text(survey, stdout);
	return 0;
}

static int json_list_print(const struct lun_survey *survey)
{
	return json_print(lun_list_json(survey));
}

static int xml_print(const struct lun_survey *survey)
{
	return lun_list_xml(survey, stdout);
}

static const struct output {
	const char *name;
	int (*print)(const struct lun_survey *survey);
} outputs[] = {{"text", text_print}, {"json", json_list_print}, {"xml", xml_print}};

/* NULL: it is none of them. */
static const struct output *output_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(outputs); i++) {
		if (strcmp(outputs[i].name, name) == 0) {
			return &outputs[i];
		}
	}
	return NULL;
}

static int luns_run(const struct output *output, struct err *err)
{
	struct lun_survey survey;
	int rc = lun_survey_get(given.array, deadline_in(LOOK_MS), &survey, err);
	bool complete;

	if (rc != 0) {
		return rc;
	}
	complete = survey.troubles->len == 0;
	rc = output->print(&survey);
	lun_survey_release(&survey);
	return rc < 0      ? err_set(err, rc, "cannot write: %s", strerror(-rc))
	       : !complete ? EXIT_INCOMPLETE
			   : 0;
}

static const struct {
	struct usage usage;
	int (*run)(const struct output *output, struct err *err);
} commands[] = {
	{.usage = {.name = "lunmask luns",
		   .summary = "list LUNs: class, health, and who uses them",
		   .text = "Of each LUN of the arrays: the hosts that are granted it, the VMs of "
			   "the\n"
			   "cluster that use it, and the health, as the array's driver tells it.\n"
			   "-: none; ?: not known.\n"
			   "Exit status: 0: all is listed; 7: an array or the cluster does not "
			   "answer.",
		   .rows = ROWS(TEXT("array", 'A', array, "only LUNs of this array", "ARRAY"),
				TEXT("output-as", 'O', output_as, "text, json or xml", "FORMAT"))},
	 .run = luns_run},
};

static_assert(G_N_ELEMENTS(commands) == LUNS_COMMANDS, "a command that nobody finds");

const struct usage *luns_usage_at(size_t i)
{
	return &commands[i].usage;
}

int luns_command_run(size_t i, int argc, char **argv, struct err *err)
{
	g_auto(GStrv) words = NULL;
	enum usage_end end = usage_parse(&commands[i].usage, argc, argv, &words);
	const struct output *output =
		output_find(given.output_as != NULL ? given.output_as : outputs[0].name);

	if (end == USAGE_CONTINUE && output == NULL) {
		end = usage_wrong(&commands[i].usage,
				  "--output-as takes text, json or xml, not '%.40s'",
				  given.output_as);
	}
	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? EXIT_USAGE : 0;
	}
	return commands[i].run(output, err);
}
