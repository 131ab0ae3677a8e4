/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/make_runs.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json_build.h"
#include "make/create_progress.h"
#include "make/create_resource.h"
#include "make/make_vm.h"
#include "names/size.h"
#include "retire/vm_destroy.h"
#include "xml/xml_out.h"

#define DESTROY_MS (25 * 60 * 60 * 1000)
#define LOOK_MS 60000
#define ABORT_MS (30 * 60 * 1000)
#define COMMANDS_MAX 2

struct result {
	const struct make_options *options;
	const struct vm_doomed *doomed;
	char *commands[COMMANDS_MAX + 1]; /* ends with NULL */
};

char *destroy_command_wrong(const struct make_options *options)
{
	bool destroys = options->array != NULL || options->state_lun != NULL ||
			options->confirm != NULL || options->keep_luns || options->wipe ||
			options->discard_image || options->snapshots || options->dry_run ||
			options->crm || options->pcs;

	if (options->abort && destroys) {
		return g_strdup("--abort takes no other option but --output-as");
	}
	return make_vm_confirm_wrong(options->words[0], options->confirm);
}

/* Progress, on stderr */

static void event_show(void *data, const struct task_event *event)
{
	create_progress_step(data, event);
}

static void wipe_show(void *data, const char *doing, const char *lun, uint64_t bytes, double share)
{
	create_progress_image(data, doing, lun, bytes, share, deadline_now_ms());
}

/* Before it is done */

static void doomed_explain(const struct vm_doomed *doomed, const char *vm, bool snapshots)
{
	(void)fprintf(stderr,
		      "lunmask destroy %s: these LUNs on array %s are %sdeleted, with all their "
		      "data.\nThis cannot be undone.\n",
		      vm, doomed->array, doomed->wipe ? "overwritten with zeros and " : "");
	for (size_t i = 0; i < doomed->n_luns; i++) {
		char size[SIZE_TEXT];

		(void)fprintf(stderr, "  %-24s %s\n", doomed->luns[i].lun,
			      doomed->luns[i].size_bytes == 0
				      ? "(gone already)"
				      : size_to_str(doomed->luns[i].size_bytes, size));
	}
	for (size_t i = 0; i < doomed->n_kept; i++) {
		(void)fprintf(stderr, "  %-24s stays\n", doomed->kept[i]);
	}
	if (doomed->image == IMAGE_VALID) {
		(void)fputs("The saved memory of the guest is lost, too.\n", stderr);
	}
	if (snapshots) {
		(void)fputs("Their snapshots are lost, too.\n", stderr);
	}
	if (doomed->begun) {
		(void)fputs("An earlier command has begun: nothing of this VM can be kept.\n",
			    stderr);
	}
}

/* The result */

static void commands_make(struct result *result)
{
	const struct make_options *options = result->options;
	bool both = options->crm == options->pcs;
	size_t n = 0;

	for (int shell = CREATE_CRM; shell <= CREATE_PCS && result->doomed->resource != NULL;
	     shell++) {
		if (both || (shell == CREATE_CRM ? options->crm : options->pcs)) {
			result->commands[n++] = create_remove_command((enum create_shell)shell,
								      result->doomed->resource);
		}
	}
}

static void text_print(const struct result *result)
{
	const struct make_options *options = result->options;

	(void)printf("VM '%s' %s on array %s:\n", options->words[0],
		     options->dry_run ? "can be destroyed" : "is destroyed", result->doomed->array);
	for (size_t i = 0; i < result->doomed->n_luns; i++) {
		(void)printf("  %-24s %s\n", result->doomed->luns[i].lun,
			     options->dry_run ? "would be deleted" : "deleted");
	}
	for (size_t i = 0; i < result->doomed->n_kept; i++) {
		(void)printf("  %-24s stays\n", result->doomed->kept[i]);
	}
	if (result->commands[0] != NULL) {
		(void)printf("This removes it from the cluster%s:\n",
			     result->commands[1] != NULL ? " (with crm, or with pcs)" : "");
	}
	for (size_t i = 0; result->commands[i] != NULL; i++) {
		(void)printf("  %s\n", result->commands[i]);
	}
}

static int json_print(const struct result *result)
{
	const struct vm_doomed *doomed = result->doomed;
	json_t *deleted = json_array(), *kept = json_array(), *commands = json_array();
	json_t *root;
	int rc;

	for (size_t i = 0; i < doomed->n_luns; i++) {
		deleted = json_build_append(
			deleted, json_pack("{s:s, s:I}", "lun", doomed->luns[i].lun, "size_bytes",
					   (json_int_t)doomed->luns[i].size_bytes));
	}
	for (size_t i = 0; i < doomed->n_kept; i++) {
		kept = json_build_append(kept, json_string(doomed->kept[i]));
	}
	for (size_t i = 0; result->commands[i] != NULL; i++) {
		commands = json_build_append(commands, json_string(result->commands[i]));
	}
	root = json_pack("{s:s, s:b, s:s, s:b, s:o, s:o, s:o}", "vm", result->options->words[0],
			 "destroyed", !result->options->dry_run, "array", doomed->array, "wiped",
			 doomed->wipe && !result->options->dry_run, "luns", deleted, "kept", kept,
			 "commands", commands);
	rc = root == NULL ? -ENOMEM : json_dumpf(root, stdout, JSON_INDENT(2)) != 0 ? -EIO : 0;
	json_decref(root);
	(void)putchar('\n');
	return rc;
}

static int xml_print(const struct result *result)
{
	const struct vm_doomed *doomed = result->doomed;
	struct xml_out out;
	int rc = xml_out_begin(&out);

	if (rc < 0) {
		return rc;
	}
	xml_out_open(&out, "vm");
	xml_out_attribute(&out, "name", result->options->words[0]);
	xml_out_attribute(&out, "destroyed", result->options->dry_run ? "false" : "true");
	xml_out_attribute(&out, "array", doomed->array);
	for (size_t i = 0; i < doomed->n_luns; i++) {
		g_autofree char *bytes =
			g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)doomed->luns[i].size_bytes);

		xml_out_open(&out, "volume");
		xml_out_attribute(&out, "lun", doomed->luns[i].lun);
		xml_out_attribute(&out, "size_bytes", bytes);
		xml_out_close(&out);
	}
	for (size_t i = 0; i < doomed->n_kept; i++) {
		xml_out_element(&out, "kept", NULL, doomed->kept[i]);
	}
	for (size_t i = 0; result->commands[i] != NULL; i++) {
		xml_out_element(&out, "command", NULL, result->commands[i]);
	}
	xml_out_close(&out);
	return xml_out_end(&out, stdout);
}

static int result_print(struct result *result, struct err *err)
{
	int rc = 0;

	commands_make(result);
	switch (result->options->output) {
	case OUTPUT_JSON: rc = json_print(result); break;
	case OUTPUT_XML: rc = xml_print(result); break;
	default: text_print(result); break;
	}
	for (size_t i = 0; result->commands[i] != NULL; i++) {
		g_free(result->commands[i]);
	}
	return rc < 0 ? err_set(err, rc, "cannot write: %s", strerror(-rc)) : 0;
}

/* The command */

static int vm_end(const struct make_options *options, struct err *err)
{
	struct create_progress progress = {.file = stderr, .terminal = isatty(STDERR_FILENO) == 1};
	const struct vm_report report = {.event = event_show, .data = &progress};
	struct vm_doomed doomed;
	struct result result = {.options = options, .doomed = &doomed};
	const struct vm_destroy_wish wish = {
		.vm = options->words[0],
		.array = options->array,
		.state_lun = options->state_lun,
		.keep_luns = options->keep_luns,
		.wipe = options->wipe,
		.discard_image = options->discard_image,
		.snapshots = options->snapshots,
		.progress = wipe_show,
		.data = &progress,
	};
	int rc = vm_doomed_find(&wish, NULL, deadline_in(LOOK_MS), &doomed, err);

	if (rc == 0 && !options->dry_run) {
		doomed_explain(&doomed, wish.vm, wish.snapshots);
		rc = make_vm_confirm(wish.vm, options->confirm, err);
		rc = rc != 0 ? rc
			     : vm_destroy(&wish, &doomed, &report, deadline_in(DESTROY_MS), err);
	}
	rc = rc != 0 ? rc : result_print(&result, err);
	vm_doomed_release(&doomed);
	return rc;
}

static int give_up(const struct make_options *options, struct err *err)
{
	struct create_progress progress = {.file = stderr};
	const struct vm_report report = {.event = event_show, .data = &progress};
	const char *vm = options->words[0];
	int rc = vm_destroy_abort(vm, NULL, NULL, &report, deadline_in(ABORT_MS), err);

	if (rc != 0) {
		return rc;
	}
	switch (options->output) {
	case OUTPUT_JSON: (void)printf("{\"vm\": \"%s\", \"given_up\": true}\n", vm); break;
	case OUTPUT_XML: (void)printf("<vm name=\"%s\" given_up=\"true\"/>\n", vm); break;
	default: (void)printf("VM '%s' stays: nothing of it was deleted.\n", vm);
	}
	return 0;
}

int destroy_command_run(const struct make_options *options, struct err *err)
{
	return options->abort ? give_up(options, err) : vm_end(options, err);
}
