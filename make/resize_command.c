/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/resize_command.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "change/vm_resize.h"
#include "make/create_progress.h"
#include "names/size.h"
#include "survey/vm_all.h"

#define LOOK_MS 30000
#define RESIZE_MS 60000
/* One portal will do: no guest is going to run with these paths. */
#define PATHS_REQUIRED 1

enum { WORD_VM, WORD_DRIVE, WORD_SIZE };

char *resize_command_wrong(const struct make_options *options)
{
	struct err err = ERR_INIT;
	uint64_t bytes;

	if (options->words[WORD_SIZE][0] == '+') {
		return g_strdup("SIZE is the size that the drive has then, as 40GiB: the same "
				"command may have to be given twice");
	}
	return size_from_str(options->words[WORD_SIZE], &bytes, &err) == 0
		       ? NULL
		       : g_strdup(err_text(&err));
}

static int vm_find(const struct vm_all *all, const char *name, struct vm_one **ret, struct err *err)
{
	for (size_t i = 0; i < all->n; i++) {
		struct vm_one *one = &all->vms[i];

		if (strcmp(one->name, name) != 0 || one->resource == NULL) {
			continue;
		}
		if (one->vm == NULL) {
			return err_set(err, -EINVAL, "%s", err_text(&one->why));
		}
		one->settings.paths_required = PATHS_REQUIRED;
		*ret = one;
		return 0;
	}
	return err_set(err, -ENOENT, "the cluster has no VM '%.200s'", name);
}

static void event_show(void *data, const struct task_event *event)
{
	create_progress_step(data, event);
}

static void result_print(const struct make_options *options, const struct vm_resized *resized,
			 uint64_t bytes)
{
	const char *vm = options->words[WORD_VM], *drive = options->words[WORD_DRIVE];
	char before[SIZE_TEXT], now[SIZE_TEXT];

	switch (options->output) {
	case MAKE_OUTPUT_JSON:
		(void)printf("{\"vm\": \"%s\", \"drive\": \"%s\", \"lun\": \"%s\", "
			     "\"before_bytes\": %" PRIu64 ", \"size_bytes\": %" PRIu64
			     ", \"guest_told\": %s}\n",
			     vm, drive, resized->lun, resized->before_bytes, bytes,
			     resized->here ? "true" : "false");
		break;
	case MAKE_OUTPUT_XML:
		(void)printf("<drive vm=\"%s\" name=\"%s\" lun=\"%s\" before_bytes=\"%" PRIu64
			     "\" size_bytes=\"%" PRIu64 "\" guest_told=\"%s\"/>\n",
			     vm, drive, resized->lun, resized->before_bytes, bytes,
			     resized->here ? "true" : "false");
		break;
	default:
		if (resized->before_bytes == bytes) {
			(void)printf("LUN %s has %s already%s.\n", resized->lun,
				     size_to_str(bytes, now),
				     resized->here ? ", and the guest knows it" : "");
		} else {
			(void)printf("LUN %s has grown from %s to %s%s.\n", resized->lun,
				     size_to_str(resized->before_bytes, before),
				     size_to_str(bytes, now),
				     resized->here ? ", and the guest knows it" : "");
		}
		break;
	}
}

/* For the seconds that the task takes: what ended the command would leave it behind. */
static void interrupts_hold(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		(void)signal(numbers[i], SIG_IGN);
	}
}

int resize_command_run(const struct make_options *options, struct err *err)
{
	struct create_progress progress = {.file = stderr};
	const struct vm_report report = {.event = event_show, .data = &progress};
	struct vm_all all = {.n = 0};
	struct vm_one *one = NULL;
	struct vm_resized resized;
	uint64_t bytes = 0;
	int rc = size_from_str(options->words[WORD_SIZE], &bytes, err);

	rc = rc != 0 ? rc : vm_all_open(deadline_in(LOOK_MS), &all, err);
	rc = rc != 0 ? rc : vm_find(&all, options->words[WORD_VM], &one, err);
	if (rc == 0) {
		interrupts_hold();
		one->vm->report = &report;
		rc = vm_resize(one->vm, options->words[WORD_DRIVE], bytes, deadline_in(RESIZE_MS),
			       &resized, err);
	}
	if (rc == 0) {
		result_print(options, &resized, bytes);
	}
	vm_all_release(&all);
	return rc;
}
