/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/create_command.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_build.h"
#include "base/text.h"
#include "make/create_progress.h"
#include "make/create_resource.h"
#include "make/make_vm.h"
#include "names/size.h"
#include "xml/xml_out.h"

#define CREATE_MS (25 * 60 * 60 * 1000)
#define CHECK_MS 60000
#define ABORT_MS (30 * 60 * 1000)
#define NETWORK_MAX 63

struct result {
	const struct make_options *options;
	const struct template *template;
	struct template_luns luns;
	struct vm_created created;
	char *commands[CREATE_COMMANDS_MAX + 1]; /* ends with NULL */
};

char *create_command_wrong(const struct make_options *options)
{
	bool makes = options->template != NULL || options->array != NULL ||
		     options->sizes != NULL || options->class != NULL || options->memory != NULL ||
		     options->vcpus != NULL || options->network != NULL || options->host != NULL ||
		     options->crm || options->pcs || options->verify || options->dry_run;

	if (options->abort && makes) {
		return g_strdup("--abort takes no other option but --output-as");
	}
	return options->abort || options->template != NULL
		       ? NULL
		       : g_strdup("name a template with --template ('lunmask template list' has "
				  "them)");
}

/* What the command line says comes before the template. */

static int class_set(struct template *template, const char *class, struct err *err)
{
	if (!lun_name_valid(class)) {
		return err_set(err, -EINVAL, "--class takes a word, not '%.40s'", class);
	}
	g_free(template->class);
	template->class = g_strdup(class);
	for (size_t i = 0; i < template->n_drives; i++) {
		if (template->drives[i].medium == NULL) {
			g_free(template->drives[i].class);
			template->drives[i].class = g_strdup(class);
		}
	}
	return 0;
}

static int vcpus_get(const char *text, unsigned int *ret, struct err *err)
{
	guint64 n = 0;

	if (!g_ascii_string_to_unsigned(text, 10, 1, TEMPLATE_VCPUS_MAX, &n, NULL)) {
		return err_set(err, -EINVAL, "--vcpus takes 1 to %d, not '%.40s'",
			       TEMPLATE_VCPUS_MAX, text);
	}
	*ret = (unsigned int)n;
	return 0;
}

static int wish_fill(const struct make_options *options, struct template *template,
		     struct vm_create_wish *wish, struct err *err)
{
	int rc = 0;

	*wish = (struct vm_create_wish){
		.vm = options->words[0],
		.array = options->array,
		.template = template,
		.memory_bytes = template->memory_bytes,
		.n_vcpus = template->n_vcpus,
		.network = options->network != NULL ? options->network : template->network,
		.compare = options->verify,
	};
	if (options->network != NULL) {
		rc = text_check(options->network, NETWORK_MAX, err);
		rc = rc != 0 ? err_prefix(err, rc, "--network") : 0;
	}
	for (char **size = options->sizes; size != NULL && *size != NULL && rc == 0; size++) {
		rc = template_size_set(template, *size, err);
	}
	if (rc == 0 && options->class != NULL) {
		rc = class_set(template, options->class, err);
	}
	if (rc == 0 && options->memory != NULL) {
		rc = size_from_str(options->memory, &wish->memory_bytes, err);
		rc = rc != 0 ? err_prefix(err, rc, "--memory") : 0;
	}
	return rc == 0 && options->vcpus != NULL ? vcpus_get(options->vcpus, &wish->n_vcpus, err)
						 : rc;
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

struct volume {
	const char *lun;
	uint64_t bytes;
	const char *class;
};

/* False: the drive is a medium. i is one of a drive, or the next one: the state LUN. */
static bool volume_at(const struct result *result, size_t i, struct volume *ret)
{
	const struct template *template = result->template;
	const struct template_drive *drive = i < template->n_drives ? &template->drives[i] : NULL;

	*ret = drive != NULL ? (struct volume){result->luns.drives[i].extent.lun, drive->size_bytes,
					       drive->class}
			     : (struct volume){
				       result->luns.state.lun,
				       template_state_bytes(template, result->created.memory_bytes),
				       template->class};
	return drive == NULL || drive->medium == NULL;
}

static void text_print(const struct result *result)
{
	const struct make_options *options = result->options;

	(void)printf("VM '%s' %s on array %s:\n", options->words[0],
		     options->dry_run ? "can be made" : "is made", result->created.array);
	for (size_t i = 0; i <= result->template->n_drives; i++) {
		struct volume volume;
		char size[SIZE_TEXT];

		if (volume_at(result, i, &volume)) {
			(void)printf("  %-24s %-10s %s\n", volume.lun,
				     size_to_str(volume.bytes, size), volume.class);
		}
	}
	(void)printf("%s\n", options->crm != options->pcs
				     ? "This adds it to the cluster:"
				     : "This adds it to the cluster (with crm, or with pcs):");
	for (size_t i = 0; result->commands[i] != NULL; i++) {
		(void)printf("  %s\n", result->commands[i]);
	}
}

static int json_print(const struct result *result)
{
	json_t *volumes = json_array(), *commands = json_array();
	json_t *root;
	int rc;

	for (size_t i = 0; i <= result->template->n_drives; i++) {
		struct volume volume;

		if (volume_at(result, i, &volume)) {
			volumes = json_build_append(volumes, json_pack("{s:s, s:I, s:s}", "lun",
								       volume.lun, "size_bytes",
								       (json_int_t)volume.bytes,
								       "class", volume.class));
		}
	}
	for (size_t i = 0; result->commands[i] != NULL; i++) {
		commands = json_build_append(commands, json_string(result->commands[i]));
	}
	root = json_pack(
		"{s:s, s:b, s:s, s:s, s:s, s:I, s:o, s:o}", "vm", result->options->words[0], "made",
		!result->options->dry_run, "array", result->created.array, "luns",
		result->created.luns, "state_lun", result->created.state_lun, "memory_bytes",
		(json_int_t)result->created.memory_bytes, "volumes", volumes, "commands", commands);
	rc = root == NULL ? -ENOMEM : json_dumpf(root, stdout, JSON_INDENT(2)) != 0 ? -EIO : 0;
	json_decref(root);
	(void)putchar('\n');
	return rc;
}

static int xml_print(const struct result *result)
{
	struct xml_out out;
	int rc = xml_out_begin(&out);

	if (rc < 0) {
		return rc;
	}
	xml_out_open(&out, "vm");
	xml_out_attribute(&out, "name", result->options->words[0]);
	xml_out_attribute(&out, "made", result->options->dry_run ? "false" : "true");
	xml_out_attribute(&out, "array", result->created.array);
	xml_out_attribute(&out, "luns", result->created.luns);
	xml_out_attribute(&out, "state_lun", result->created.state_lun);
	for (size_t i = 0; i <= result->template->n_drives; i++) {
		struct volume volume;
		g_autofree char *bytes = NULL;

		if (!volume_at(result, i, &volume)) {
			continue;
		}
		bytes = g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)volume.bytes);
		xml_out_open(&out, "volume");
		xml_out_attribute(&out, "lun", volume.lun);
		xml_out_attribute(&out, "size_bytes", bytes);
		xml_out_attribute(&out, "class", volume.class);
		xml_out_close(&out);
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
	vm_created_release(&result->created);
	for (size_t i = 0; result->commands[i] != NULL; i++) {
		g_free(result->commands[i]);
	}
}

/* The command */

static int vm_make(const struct make_options *options, struct err *err)
{
	struct template *template __attribute__((cleanup(template_drop))) = NULL;
	struct create_progress progress = {.file = stderr, .terminal = isatty(STDERR_FILENO) == 1};
	const struct vm_report report = {.event = event_show, .data = &progress};
	struct result result = {.options = options};
	struct vm_create_wish wish;
	int rc = template_find(NULL, options->template, &template, err);

	rc = rc != 0 ? rc : wish_fill(options, template, &wish, err);
	rc = rc != 0 ? rc : make_host_check(options->host, err);
	if (rc != 0) {
		return rc;
	}
	wish.progress = image_show;
	wish.data = &progress;
	rc = options->dry_run
		     ? vm_create_check(&wish, deadline_in(CHECK_MS), &result.created, err)
		     : vm_create(&wish, &report, deadline_in(CREATE_MS), &result.created, err);
	rc = rc != 0 ? rc : template_luns_name(template, wish.vm, &result.luns, err);
	if (rc == 0) {
		result.template = template;
		create_commands_make(wish.vm, &result.created, options, result.commands);
		rc = result_print(&result, err);
	}
	result_release(&result);
	return rc;
}

static int vm_unmake(const struct make_options *options, struct err *err)
{
	struct create_progress progress = {.file = stderr};
	const struct vm_report report = {.event = event_show, .data = &progress};
	const char *vm = options->words[0];
	int rc = vm_create_abort(vm, NULL, NULL, &report, deadline_in(ABORT_MS), err);

	if (rc != 0) {
		return rc;
	}
	switch (options->output) {
	case OUTPUT_JSON: (void)printf("{\"vm\": \"%s\", \"undone\": true}\n", vm); break;
	case OUTPUT_XML: (void)printf("<vm name=\"%s\" undone=\"true\"/>\n", vm); break;
	default: (void)printf("VM '%s' is undone: nothing of it is left on the array.\n", vm);
	}
	return 0;
}

int create_command_run(const struct make_options *options, struct err *err)
{
	return options->abort ? vm_unmake(options, err) : vm_make(options, err);
}
