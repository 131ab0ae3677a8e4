/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/make_runs.h"

#include <stdio.h>
#include <string.h>

#include "capture/vm_snapshot.h"
#include "make/create_progress.h"
#include "make/make_vm.h"

#define LOOK_MS 30000
#define SNAPSHOT_MS 90000
#define RESTORE_MS 60000

enum { WORD_VM, WORD_NAME };

static void event_show(void *data, const struct task_event *event)
{
	create_progress_step(data, event);
}

/* A command line of which the VM was found. */
struct found {
	const struct make_options *options;
	struct create_progress progress;
	struct vm_report report;
	struct vm_all all;
	struct vm_one *one;
};

static int find(const struct make_options *options, struct found *ret, struct err *err)
{
	int rc;

	*ret = (struct found){.options = options, .progress = {.file = stderr}};
	ret->report = (struct vm_report){.event = event_show, .data = &ret->progress};
	rc = vm_all_open(deadline_in(LOOK_MS), &ret->all, err);
	rc = rc != 0 ? rc : make_vm_find(&ret->all, options->words[WORD_VM], &ret->one, err);
	if (rc == 0) {
		make_vm_hold_interrupts();
		ret->one->vm->report = &ret->report;
	}
	return rc;
}

/* done: "snapshot", "removed", "restored". kind NULL: it is not told. */
static void result_print(const struct make_options *options, const char *name, const char *done,
			 const char *kind, const char *text)
{
	const char *vm = options->words[WORD_VM];

	switch (options->output) {
	case OUTPUT_JSON:
		(void)printf("{\"vm\": \"%s\", \"snapshot\": \"%s\", \"done\": \"%s\"%s%s%s}\n", vm,
			     name, done, kind != NULL ? ", \"consistency\": \"" : "",
			     kind != NULL ? kind : "", kind != NULL ? "\"" : "");
		break;
	case OUTPUT_XML:
		(void)printf("<snapshot vm=\"%s\" name=\"%s\" done=\"%s\"%s%s%s/>\n", vm, name,
			     done, kind != NULL ? " consistency=\"" : "", kind != NULL ? kind : "",
			     kind != NULL ? "\"" : "");
		break;
	default: (void)printf("%s\n", text);
	}
}

/* Take */

/* A name that sorts by time, whatever the time zone. */
static char *name_default(void)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();

	return g_date_time_format(now, "%Y%m%d-%H%M%S");
}

int snapshot_command_run(const struct make_options *options, struct err *err)
{
	g_autofree char *name = options->name != NULL ? g_strdup(options->name) : name_default();
	struct still_keeper *keeper = NULL;
	struct found found = {.one = NULL};
	enum snapshot_kind kind = SNAPSHOT_BROKEN;
	/* It is forked: there must be no thread yet. */
	int rc = still_keeper_start(&keeper, err);

	rc = rc != 0 ? rc : find(options, &found, err);
	rc = rc != 0 ? rc
		     : vm_snapshot_take(found.one->vm, keeper, name, deadline_in(SNAPSHOT_MS),
					&kind, err);
	if (rc == 0) {
		g_autofree char *text =
			g_strdup_printf("Snapshot %s of %s is made: %s.", name,
					options->words[WORD_VM], snapshot_kind_text(kind));

		result_print(options, name, "made", snapshot_kind_note(kind), text);
	}
	still_keeper_end(keeper);
	vm_all_release(&found.all);
	return rc;
}

/* Remove */

int unsnapshot_command_run(const struct make_options *options, struct err *err)
{
	const char *name = options->words[WORD_NAME];
	struct found found;
	int rc = find(options, &found, err);

	rc = rc != 0 ? rc : vm_snapshot_remove(found.one->vm, name, deadline_in(RESTORE_MS), err);
	if (rc == 0) {
		g_autofree char *text = g_strdup_printf("Snapshot %s of %s is removed.", name,
							options->words[WORD_VM]);

		result_print(options, name, "removed", NULL, text);
	}
	vm_all_release(&found.all);
	return rc;
}

/* Restore */

char *restore_command_wrong(const struct make_options *options)
{
	return make_vm_confirm_wrong(options->words[WORD_VM], options->confirm);
}

/* The cluster would start the VM in between, with whatever it finds. */
static int stopped_check(const struct found *found, struct err *err)
{
	const char *resource = found->one->resource;

	for (size_t i = 0; i < found->all.cluster.count; i++) {
		const struct cluster_vm *one = &found->all.cluster.vms[i];

		if (strcmp(one->resource, resource) == 0 && one->stopped) {
			return 0;
		}
	}
	return err_set(err, -EBUSY,
		       "stop the resource first: crm resource stop %s, or pcs resource disable %s",
		       resource, resource);
}

static void restore_explain(const struct found *found)
{
	const char *const *words = (const char *const *)found->options->words;

	(void)fprintf(stderr,
		      "lunmask restore %s %s: these LUNs on array %s become what they were then.\n"
		      "What was written to them since is lost.\n",
		      words[WORD_VM], words[WORD_NAME], found->one->vm->array.name);
	for (size_t i = 0; i < found->one->vm->n_luns; i++) {
		(void)fprintf(stderr, "  %s\n", found->one->vm->lun_names[i]);
	}
}

int restore_command_run(const struct make_options *options, struct err *err)
{
	const char *name = options->words[WORD_NAME];
	struct found found;
	int rc = find(options, &found, err);

	rc = rc != 0 ? rc : stopped_check(&found, err);
	if (rc == 0) {
		restore_explain(&found);
		rc = make_vm_confirm(options->words[WORD_VM], options->confirm, err);
	}
	rc = rc != 0 ? rc
		     : vm_snapshot_restore(found.one->vm, name, options->discard_image,
					   deadline_in(RESTORE_MS), err);
	if (rc == 0) {
		g_autofree char *text =
			g_strdup_printf("%s is as it was in snapshot %s; the next start boots it.",
					options->words[WORD_VM], name);

		result_print(options, name, "restored", NULL, text);
	}
	vm_all_release(&found.all);
	return rc;
}
