/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEMPLATE_REPORT_H
#define LUNMASK_TEMPLATE_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/deadline.h"
#include "command/output_as.h"
#include "template/template.h"

/*
 * What lunmask template shows of templates: one, or all.
 *
 *	rc = template_report_get(names, images, deadline, &report, err);
 *	rc = template_report_print(&report, OUTPUT_JSON, true, stdout, err);
 *	template_report_release(&report);
 */
struct template_seen {
	char *name;
	struct template *template; /* NULL: its files cannot be used */
	uint64_t
		image_bytes[TEMPLATE_DRIVES_MAX]; /* of the disks in the images; 0: not looked at */
	char *why; /* why no VM can be made from it; NULL: nothing is wrong */
};

struct template_report {
	struct template_seen *seen;
	size_t n;
	bool wrong; /* of one of them */
};

/* names NULL: all. images: qemu-img looks at them. A template that is wrong is no error. */
int template_report_get(char *const *names, bool images, struct deadline deadline,
			struct template_report *ret, struct err *err);
void template_report_release(struct template_report *report);

/* all: with drives; otherwise one line for each, in text. -EIO, -ENOMEM. */
int template_report_print(const struct template_report *report, enum output_as output, bool all,
			  FILE *file, struct err *err);

/* The disk in the image, which qemu-img says, must fit into the drive. -EINVAL. */
int template_images_look(const struct template *template, struct deadline deadline,
			 uint64_t ret_bytes[TEMPLATE_DRIVES_MAX], struct err *err);

#endif
