/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/make_runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "change/vm_resize.h"
#include "make/create_progress.h"
#include "make/make_vm.h"
#include "names/size.h"

#define LOOK_MS 30000
#define RESIZE_MS 60000

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
	case OUTPUT_JSON:
		(void)printf("{\"vm\": \"%s\", \"drive\": \"%s\", \"lun\": \"%s\", "
			     "\"before_bytes\": %" PRIu64 ", \"size_bytes\": %" PRIu64
			     ", \"guest_told\": %s}\n",
			     vm, drive, resized->lun, resized->before_bytes, bytes,
			     resized->here ? "true" : "false");
		break;
	case OUTPUT_XML:
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
	rc = rc != 0 ? rc : make_vm_find(&all, options->words[WORD_VM], &one, err);
	if (rc == 0) {
		make_vm_hold_interrupts();
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
