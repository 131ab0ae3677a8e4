/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/make_runs.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/json_build.h"
#include "capture/vm_snapshot.h"
#include "make/make_vm.h"
#include "names/size.h"
#include "xml/xml_out.h"

#define LOOK_MS 30000

struct time_text {
	char text[32];
};

static struct time_text time_text(int64_t taken_s, const char *format)
{
	g_autoptr(GDateTime) taken = g_date_time_new_from_unix_local(taken_s);
	g_autofree char *text = taken != NULL ? g_date_time_format(taken, format) : NULL;
	struct time_text ret;

	(void)snprintf(ret.text, sizeof(ret.text), "%s", text != NULL ? text : "?");
	return ret;
}

static void text_print(const char *vm, const struct snapshot_sets *sets)
{
	if (sets->count == 0) {
		(void)printf("VM '%s' has no snapshots.\n", vm);
		return;
	}
	(void)printf("%-24s %-19s %-11s %4s %10s\n", "NAME", "TAKEN", "CONSISTENCY", "LUNS",
		     "SIZE");
	for (size_t i = 0; i < sets->count; i++) {
		const struct snapshot_set *set = &sets->sets[i];
		char size[SIZE_TEXT];

		(void)printf("%-24s %-19s %-11s %4zu %10s\n", set->name,
			     time_text(set->taken_s, "%Y-%m-%d %H:%M:%S").text,
			     snapshot_kind_note(set->kind), set->n_luns,
			     size_to_str(set->size_bytes, size));
	}
}

static json_t *set_json(const struct snapshot_set *set)
{
	json_t *luns = json_array();

	for (size_t i = 0; i < set->n_luns; i++) {
		luns = json_build_append(luns, json_string(set->luns[i]));
	}
	return json_pack("{s:s, s:I, s:s, s:I, s:o}", "name", set->name, "taken",
			 (json_int_t)set->taken_s, "consistency", snapshot_kind_note(set->kind),
			 "size_bytes", (json_int_t)set->size_bytes, "luns", luns);
}

static int json_print(const char *vm, const struct snapshot_sets *sets)
{
	json_t *list = json_array();
	json_t *root;
	int rc;

	for (size_t i = 0; i < sets->count; i++) {
		list = json_build_append(list, set_json(&sets->sets[i]));
	}
	root = json_pack("{s:s, s:o}", "vm", vm, "snapshots", list);
	rc = root == NULL ? -ENOMEM : json_dumpf(root, stdout, JSON_INDENT(2)) != 0 ? -EIO : 0;
	json_decref(root);
	(void)putchar('\n');
	return rc;
}

static int xml_print(const char *vm, const struct snapshot_sets *sets)
{
	struct xml_out out;
	int rc = xml_out_begin(&out);

	if (rc < 0) {
		return rc;
	}
	xml_out_open(&out, "snapshots");
	xml_out_attribute(&out, "vm", vm);
	for (size_t i = 0; i < sets->count; i++) {
		const struct snapshot_set *set = &sets->sets[i];
		g_autofree char *bytes =
			g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)set->size_bytes);
		g_autofree char *taken = g_strdup_printf("%" G_GINT64_FORMAT, (gint64)set->taken_s);

		xml_out_open(&out, "snapshot");
		xml_out_attribute(&out, "name", set->name);
		xml_out_attribute(&out, "taken", taken);
		xml_out_attribute(&out, "consistency", snapshot_kind_note(set->kind));
		xml_out_attribute(&out, "size_bytes", bytes);
		for (size_t k = 0; k < set->n_luns; k++) {
			xml_out_element(&out, "lun", NULL, set->luns[k]);
		}
		xml_out_close(&out);
	}
	xml_out_close(&out);
	return xml_out_end(&out, stdout);
}

static int sets_print(const struct make_options *options, const struct snapshot_sets *sets)
{
	switch (options->output) {
	case OUTPUT_JSON: return json_print(options->words[0], sets);
	case OUTPUT_XML: return xml_print(options->words[0], sets);
	default: text_print(options->words[0], sets); return 0;
	}
}

int snapshots_command_run(const struct make_options *options, struct err *err)
{
	struct array_snapshots snapshots = {.count = 0};
	struct snapshot_sets sets = {.count = 0};
	struct vm_all all = {.n = 0};
	struct vm_one *one = NULL;
	int rc = vm_all_open(deadline_in(LOOK_MS), &all, err);
	int printed;

	rc = rc != 0 ? rc : make_vm_find(&all, options->words[0], &one, err);
	rc = rc != 0 ? rc : vm_snapshot_list(one->vm, deadline_in(LOOK_MS), &snapshots, &sets, err);
	if (rc == 0) {
		printed = sets_print(options, &sets);
		rc = printed < 0 ? err_set(err, printed, "cannot write: %s", strerror(-printed))
				 : 0;
	}
	snapshot_sets_release(&sets);
	array_snapshots_release(&snapshots);
	vm_all_release(&all);
	return rc;
}
