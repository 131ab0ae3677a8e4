/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/make_runs.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adopt/vm_adopt.h"
#include "base/json_build.h"
#include "make/create_progress.h"
#include "make/create_resource.h"
#include "make/make_vm.h"
#include "names/size.h"
#include "xml/xml_out.h"

#define ADOPT_MS (25 * 60 * 60 * 1000)
#define LOOK_MS 120000
#define ABORT_MS (30 * 60 * 1000)

struct result {
	const struct make_options *options;
	struct vm_adopted adopted;
	char *commands[CREATE_COMMANDS_MAX + 1]; /* ends with NULL */
};

char *adopt_command_wrong(const struct make_options *options)
{
	bool adopts = options->array != NULL || options->sizes != NULL || options->class != NULL ||
		      options->host != NULL || options->eject || options->crm || options->pcs ||
		      options->verify || options->dry_run;

	if (options->abort && adopts) {
		return g_strdup("--abort takes no other option but --output-as");
	}
	return options->class != NULL && !lun_name_valid(options->class)
		       ? g_strdup_printf("--class takes a word, not '%.40s'", options->class)
		       : NULL;
}

/* Progress, on stderr */

static void event_show(void *data, const struct task_event *event)
{
	create_progress_step(data, event);
}

static void image_show(void *data, const char *doing, const char *lun, uint64_t bytes, double share)
{
	create_progress_image(data, doing, lun, bytes, share, deadline_now_ms());
}

/* The result */

static bool possible(const struct result *result)
{
	return result->adopted.refusals->len == 0;
}

static void drive_print(const struct adopted_drive *drive)
{
	const char *target = drive->target[0] != '\0' ? drive->target : "state";
	char size[SIZE_TEXT] = "";

	if (drive->size_bytes > 0) {
		(void)size_to_str(drive->size_bytes, size);
	}
	(void)printf("  %-8s %-24s %-10s ", target, drive->lun, size);
	if (drive->how == ADOPTED_TAKEN) {
		(void)printf("stays; nothing is copied%s\n",
			     drive->granted ? ", and this host's grant is revoked" : "");
	} else {
		(void)printf("%s, a new LUN%s%s\n", drive->class,
			     drive->file != NULL ? ", copied from " : "",
			     drive->file != NULL ? drive->file : "");
	}
}

static void end_print(const struct result *result)
{
	const struct make_options *options = result->options;
	const char *vm = options->words[0];

	(void)printf("libvirt's definition %s kept in %s. Its files stay as they are.\n"
		     "To go back: remove VM '%s' from the cluster, then 'virsh define %s'.\n",
		     options->dry_run ? "will be" : "is", result->adopted.kept, vm,
		     result->adopted.kept);
	(void)printf("%s\n", options->crm != options->pcs
				     ? "This adds it to the cluster:"
				     : "This adds it to the cluster (with crm, or with pcs):");
	for (size_t i = 0; result->commands[i] != NULL; i++) {
		(void)printf("  %s\n", result->commands[i]);
	}
}

static void text_print(const struct result *result)
{
	const struct make_options *options = result->options;
	const struct vm_adopted *adopted = &result->adopted;

	(void)printf("VM '%s' %s on array %s:\n", options->words[0],
		     !possible(result)  ? "cannot be adopted yet"
		     : options->dry_run ? "can be adopted"
					: "is adopted",
		     adopted->created.array);
	for (size_t i = 0; i < adopted->n_drives; i++) {
		drive_print(&adopted->drives[i]);
	}
	if (possible(result)) {
		end_print(result);
		return;
	}
	(void)printf("In the way:\n");
	for (guint i = 0; i < adopted->refusals->len; i++) {
		(void)printf("  - %s\n", (const char *)g_ptr_array_index(adopted->refusals, i));
	}
}

static json_t *drive_json(const struct adopted_drive *drive)
{
	return json_pack("{s:s, s:s, s:I, s:s, s:s*, s:s*, s:b}", "target",
			 drive->target[0] != '\0' ? drive->target : "state", "lun", drive->lun,
			 "size_bytes", (json_int_t)drive->size_bytes, "how",
			 adopted_how_to_str(drive->how), "class", drive->class, "file", drive->file,
			 "grant_revoked", drive->granted);
}

static int json_print(const struct result *result)
{
	const struct vm_adopted *adopted = &result->adopted;
	json_t *drives = json_array(), *commands = json_array(), *refusals = json_array();
	json_t *root;
	int rc;

	for (size_t i = 0; i < adopted->n_drives; i++) {
		drives = json_build_append(drives, drive_json(&adopted->drives[i]));
	}
	for (size_t i = 0; result->commands[i] != NULL; i++) {
		commands = json_build_append(commands, json_string(result->commands[i]));
	}
	for (guint i = 0; i < adopted->refusals->len; i++) {
		refusals = json_build_append(refusals,
					     json_string(g_ptr_array_index(adopted->refusals, i)));
	}
	root = json_pack("{s:s, s:b, s:s, s:s*, s:s*, s:I, s:s, s:o, s:o, s:o}", "vm",
			 result->options->words[0], "adopted",
			 possible(result) && !result->options->dry_run, "array",
			 adopted->created.array, "luns", adopted->created.luns, "state_lun",
			 adopted->created.state_lun, "memory_bytes",
			 (json_int_t)adopted->created.memory_bytes, "definition", adopted->kept,
			 "drives", drives, "refusals", refusals, "commands", commands);
	rc = root == NULL ? -ENOMEM : json_dumpf(root, stdout, JSON_INDENT(2)) != 0 ? -EIO : 0;
	json_decref(root);
	(void)putchar('\n');
	return rc;
}

static void attribute(struct xml_out *out, const char *name, const char *value)
{
	if (value != NULL) {
		xml_out_attribute(out, name, value);
	}
}

static void drive_xml(struct xml_out *out, const struct adopted_drive *drive)
{
	g_autofree char *bytes = g_strdup_printf("%" PRIu64, drive->size_bytes);

	xml_out_open(out, "drive");
	xml_out_attribute(out, "target", drive->target[0] != '\0' ? drive->target : "state");
	xml_out_attribute(out, "lun", drive->lun);
	xml_out_attribute(out, "size_bytes", bytes);
	xml_out_attribute(out, "how", adopted_how_to_str(drive->how));
	attribute(out, "class", drive->class);
	attribute(out, "file", drive->file);
	xml_out_attribute(out, "grant_revoked", drive->granted ? "true" : "false");
	xml_out_close(out);
}

static int xml_print(const struct result *result)
{
	const struct vm_adopted *adopted = &result->adopted;
	bool adopts = possible(result) && !result->options->dry_run;
	struct xml_out out;
	int rc = xml_out_begin(&out);

	if (rc < 0) {
		return rc;
	}
	xml_out_open(&out, "vm");
	xml_out_attribute(&out, "name", result->options->words[0]);
	xml_out_attribute(&out, "adopted", adopts ? "true" : "false");
	attribute(&out, "array", adopted->created.array);
	attribute(&out, "luns", adopted->created.luns);
	attribute(&out, "state_lun", adopted->created.state_lun);
	attribute(&out, "definition", adopted->kept);
	for (size_t i = 0; i < adopted->n_drives; i++) {
		drive_xml(&out, &adopted->drives[i]);
	}
	for (guint i = 0; i < adopted->refusals->len; i++) {
		xml_out_element(&out, "refusal", NULL, g_ptr_array_index(adopted->refusals, i));
	}
	for (size_t i = 0; result->commands[i] != NULL; i++) {
		xml_out_element(&out, "command", NULL, result->commands[i]);
	}
	xml_out_close(&out);
	return xml_out_end(&out, stdout);
}

static int result_print(const struct result *result, struct err *err)
{
	int rc = 0;

	switch (result->options->output) {
	case OUTPUT_JSON: rc = json_print(result); break;
	case OUTPUT_XML: rc = xml_print(result); break;
	default: text_print(result); break;
	}
	return rc < 0 ? err_set(err, rc, "cannot write: %s", strerror(-rc)) : 0;
}

static void result_release(struct result *result)
{
	vm_adopted_release(&result->adopted);
	for (size_t i = 0; result->commands[i] != NULL; i++) {
		g_free(result->commands[i]);
	}
}

/* The command */

/* What is in the way is the result of a dry run, and no error. Returns the exit status. */
static int result_show(struct result *result, int rc, struct err *err)
{
	const struct make_options *options = result->options;
	bool refused = rc == -EPERM && options->dry_run && !possible(result);

	if (rc != 0 && !refused) {
		return rc;
	}
	if (possible(result)) {
		create_commands_make(options->words[0], &result->adopted.created, options,
				     result->commands);
	}
	rc = result_print(result, err);
	return rc != 0 ? rc : refused ? 1 : 0;
}

static int vm_take(const struct make_options *options, struct err *err)
{
	struct create_progress progress = {.file = stderr, .terminal = isatty(STDERR_FILENO) == 1};
	const struct vm_report report = {.event = event_show, .data = &progress};
	struct result result = {.options = options};
	const struct vm_adopt_wish wish = {
		.vm = options->words[0],
		.array = options->array,
		.class = options->class,
		.sizes = options->sizes,
		.eject = options->eject,
		.compare = options->verify,
		.progress = image_show,
		.data = &progress,
	};
	int rc = make_host_check(options->host, err);

	if (rc != 0) {
		return rc;
	}
	rc = options->dry_run
		     ? vm_adopt_look(&wish, deadline_in(LOOK_MS), &result.adopted, err)
		     : vm_adopt(&wish, &report, deadline_in(ADOPT_MS), &result.adopted, err);
	rc = result_show(&result, rc, err);
	result_release(&result);
	return rc;
}

static int vm_give_back(const struct make_options *options, struct err *err)
{
	struct create_progress progress = {.file = stderr};
	const struct vm_report report = {.event = event_show, .data = &progress};
	const char *vm = options->words[0];
	int rc = vm_adopt_abort(vm, NULL, NULL, &report, deadline_in(ABORT_MS), err);

	if (rc != 0) {
		return rc;
	}
	switch (options->output) {
	case OUTPUT_JSON: (void)printf("{\"vm\": \"%s\", \"undone\": true}\n", vm); break;
	case OUTPUT_XML: (void)printf("<vm name=\"%s\" undone=\"true\"/>\n", vm); break;
	default:
		(void)printf("VM '%s' is libvirt's again: nothing of it is left on the array that "
			     "was not there before.\n",
			     vm);
	}
	return 0;
}

int adopt_command_run(const struct make_options *options, struct err *err)
{
	return options->abort ? vm_give_back(options, err) : vm_take(options, err);
}
