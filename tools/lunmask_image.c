/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "change/vm_image.h"
#include "tools/lunmask.h"

static const char *const meanings[IMAGE_STATE_MAX] = {
	[IMAGE_NONE] = "the next start boots the guest",
	[IMAGE_WRITING] = "a save that did not end; the next start boots the guest",
	[IMAGE_VALID] = "the guest's memory; the next start restores it",
	[IMAGE_CONSUMED] = "was restored; the next start boots the guest",
};

static int look(struct vm_one *one, struct deadline deadline, struct vm_image_seen *ret,
		struct err *err)
{
	int rc;

	lunmask_interrupts_hold();
	rc = vm_image_look(one->vm, deadline, ret, err);
	lunmask_interrupts_let();
	return rc;
}

static int seen_json(const struct lunmask_options *options, const struct vm_one *one,
		     const struct vm_image_seen *seen)
{
	return lunmask_data_print(
		options->output, "image",
		json_pack("{s:s, s:s, s:s, s:s, s:b, s:I}", "vm", one->name, "array",
			  one->vm->array.name, "state_lun", one->vm->state.lun, "image",
			  image_state_to_str(seen->image), "definition_complete", seen->complete,
			  "generation", (json_int_t)seen->generation));
}

static void seen_print(const struct vm_one *one, const struct vm_image_seen *seen)
{
	(void)printf("vm:          %s\nstate LUN:   %s on array %s, generation %" PRIu64 "\n",
		     one->name, one->vm->state.lun, one->vm->array.name, seen->generation);
	(void)printf("image:       %s: %s\n", image_state_to_str(seen->image),
		     meanings[seen->image]);
	(void)printf("definition:  %s\n",
		     seen->complete ? "as libvirt completed it"
				    : "as it was written; the next start completes it");
}

static int show(const struct lunmask_options *options, struct vm_one *one, struct err *err)
{
	struct vm_image_seen seen;
	int rc = look(one, deadline_in(options->timeout_ms), &seen, err);

	if (rc < 0) {
		return rc;
	}
	if (options->output != OUTPUT_TEXT) {
		return seen_json(options, one, &seen);
	}
	seen_print(one, &seen);
	return LUNMASK_EXIT_GOOD;
}

/* Printed with --yes too, for the caller's logs. */
static void discard_explain(const struct vm_one *one)
{
	(void)fprintf(
		stderr,
		"lunmask image discard %s: the saved memory of the guest is lost: its programs\n"
		"do not go on, and what they had not written to the disks yet is gone, as after\n"
		"a power failure. The disks are not changed. The next start boots the guest.\n",
		one->name);
}

static int discard(const struct lunmask_options *options, struct vm_one *one, struct err *err)
{
	struct vm_image_seen seen;
	int rc = look(one, deadline_in(options->timeout_ms), &seen, err);

	if (rc < 0) {
		return rc;
	}
	if (seen.image != IMAGE_VALID) {
		(void)printf("Nothing was done: %s holds no saved memory (%s).\n",
			     one->vm->state.lun, image_state_to_str(seen.image));
		return LUNMASK_EXIT_GOOD;
	}
	discard_explain(one);
	rc = lunmask_confirm(options, one->name, err);
	if (rc < 0) {
		return rc;
	}
	lunmask_interrupts_hold();
	rc = vm_image_discard(one->vm, &seen, deadline_in(options->timeout_ms), err);
	lunmask_interrupts_let();
	if (rc < 0) {
		return rc;
	}
	(void)printf("The saved memory of %s is given up: the next start boots it.\n", one->name);
	if (one->resource != NULL) {
		(void)printf("If starts have failed: crm resource cleanup %s\n", one->resource);
	}
	return LUNMASK_EXIT_GOOD;
}

int lunmask_image_show(const struct lunmask_options *options)
{
	return lunmask_with_vm(options, show);
}

int lunmask_image_discard(const struct lunmask_options *options)
{
	return lunmask_with_vm(options, discard);
}
