/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/template_report.h"

#include <glib.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/json_build.h"
#include "names/size.h"
#include "template/template_definition.h"
#include "template/template_image.h"
#include "xml/xml_out.h"

#define NAME_WIDTH 20

int template_images_look(const struct template *template, struct deadline deadline,
			 uint64_t ret_bytes[TEMPLATE_DRIVES_MAX], struct err *err)
{
	int rc = 0;

	memset(ret_bytes, 0, TEMPLATE_DRIVES_MAX * sizeof(ret_bytes[0]));
	for (size_t i = 0; i < template->n_drives && rc == 0; i++) {
		const struct template_drive *drive = &template->drives[i];
		char has[SIZE_TEXT], room[SIZE_TEXT];

		if (drive->image == NULL) {
			continue;
		}
		rc = template_image_look(drive->image, drive->format, deadline, &ret_bytes[i], err);
		if (rc == 0 && ret_bytes[i] > drive->size_bytes) {
			rc = err_set(err, -EINVAL,
				     "image '%s' has a disk of %s, and drive %s only %s: make it "
				     "larger",
				     drive->image, size_to_str(ret_bytes[i], has), drive->target,
				     size_to_str(drive->size_bytes, room));
		}
	}
	return rc;
}

static void look(const char *name, bool images, struct deadline deadline, struct template_seen *ret)
{
	struct err err = ERR_INIT;
	int rc = template_find(NULL, name, &ret->template, &err);

	ret->name = g_strdup(name);
	rc = rc != 0 ? rc : template_definition_check(ret->template, &err);
	if (rc == 0 && images) {
		rc = template_images_look(ret->template, deadline, ret->image_bytes, &err);
	}
	ret->why = rc != 0 ? g_strdup(err_text(&err)) : NULL;
}

int template_report_get(char *const *names, bool images, struct deadline deadline,
			struct template_report *ret, struct err *err)
{
	g_auto(GStrv) all = names == NULL ? template_names(NULL) : NULL;
	size_t n = g_strv_length(names == NULL ? all : (char **)names);

	*ret = (struct template_report){.seen = g_new0(struct template_seen, n + 1)};
	for (; ret->n < n; ret->n++) {
		look(names == NULL ? all[ret->n] : names[ret->n], images, deadline,
		     &ret->seen[ret->n]);
		ret->wrong = ret->wrong || ret->seen[ret->n].why != NULL;
	}
	/* A name that is not there was probably misspelt; the text has those that are. */
	if (names != NULL && n == 1 && ret->seen[0].template == NULL) {
		return err_set(err, -ENOENT, "%s", ret->seen[0].why);
	}
	return 0;
}

void template_report_release(struct template_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		g_free(report->seen[i].name);
		g_free(report->seen[i].why);
		template_free(report->seen[i].template);
	}
	g_free(report->seen);
	*report = (struct template_report){.n = 0};
}

/* Text */

static void drive_print(const struct template_seen *seen, size_t i, FILE *file)
{
	const struct template_drive *drive = &seen->template->drives[i];
	char size[SIZE_TEXT];

	if (drive->medium != NULL) {
		(void)fprintf(file, "  %-8s medium %s\n", drive->target, drive->medium);
		return;
	}
	(void)fprintf(file, "  %-8s %-10s %-8s %s\n", drive->target,
		      size_to_str(drive->size_bytes, size), drive->class,
		      drive->image == NULL ? "empty" : drive->image);
	if (seen->image_bytes[i] > 0) {
		(void)fprintf(file, "  %-8s %s: a disk of %s\n", "", drive->format,
			      size_to_str(seen->image_bytes[i], size));
	}
}

static void seen_print(const struct template_seen *seen, FILE *file)
{
	const struct template *template = seen->template;
	char memory[SIZE_TEXT], state[SIZE_TEXT];

	(void)fprintf(file, "%s\n", seen->name);
	if (template != NULL) {
		(void)fprintf(file, "  %s\n  folder   %s\n", template->description,
			      template->folder);
		(void)fprintf(file, "  memory   %s, CPUs %u, network %s\n",
			      size_to_str(template->memory_bytes, memory), template->n_vcpus,
			      template->network);
		for (size_t i = 0; i < template->n_drives; i++) {
			drive_print(seen, i, file);
		}
		(void)fprintf(
			file, "  %-8s %-10s %s\n", "state",
			size_to_str(template_state_bytes(template, template->memory_bytes), state),
			template->class);
	}
	(void)fprintf(file, "  %s%s\n",
		      seen->why == NULL ? "good" : "wrong: ", seen->why == NULL ? "" : seen->why);
}

static void text_print(const struct template_report *report, bool all, FILE *file)
{
	if (report->n == 0) {
		(void)fputs("There are no templates.\n", file);
	}
	for (size_t i = 0; i < report->n; i++) {
		const struct template_seen *seen = &report->seen[i];

		if (all) {
			seen_print(seen, file);
		} else if (seen->why != NULL) {
			(void)fprintf(file, "%-*s wrong: %s\n", NAME_WIDTH, seen->name, seen->why);
		} else {
			(void)fprintf(file, "%-*s %s\n", NAME_WIDTH, seen->name,
				      seen->template->description);
		}
	}
}

/* JSON */

static json_t *drive_json(const struct template_seen *seen, size_t i)
{
	const struct template_drive *drive = &seen->template->drives[i];

	return json_pack("{s:s, s:I, s:s*, s:s*, s:s*, s:s*, s:I}", "target", drive->target,
			 "size_bytes", (json_int_t)drive->size_bytes, "class", drive->class,
			 "image", drive->image, "format", drive->format, "medium", drive->medium,
			 "image_bytes", (json_int_t)seen->image_bytes[i]);
}

static json_t *seen_json(const struct template_seen *seen)
{
	const struct template *template = seen->template;
	json_t *drives = json_array();

	for (size_t i = 0; template != NULL && i < template->n_drives; i++) {
		drives = json_build_append(drives, drive_json(seen, i));
	}
	if (template == NULL) {
		return json_pack("{s:s, s:s, s:o}", "name", seen->name, "wrong", seen->why,
				 "drives", drives);
	}
	return json_pack("{s:s, s:s*, s:s, s:s, s:I, s:i, s:s, s:I, s:o}", "name", seen->name,
			 "wrong", seen->why, "description", template->description, "folder",
			 template->folder, "memory_bytes", (json_int_t) template->memory_bytes,
			 "vcpus", (int)template->n_vcpus, "network", template->network,
			 "state_bytes",
			 (json_int_t)template_state_bytes(template, template->memory_bytes),
			 "drives", drives);
}

static int json_print(const struct template_report *report, FILE *file)
{
	json_t *list = json_array();
	json_t *root;
	int rc;

	for (size_t i = 0; i < report->n; i++) {
		list = json_build_append(list, seen_json(&report->seen[i]));
	}
	root = json_pack("{s:o}", "templates", list);
	rc = root == NULL ? -ENOMEM : json_dumpf(root, file, JSON_INDENT(2)) != 0 ? -EIO : 0;
	json_decref(root);
	(void)fputc('\n', file);
	return rc;
}

/* XML */

static void number(struct xml_out *out, const char *name, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	xml_out_attribute(out, name, text);
}

static void attribute(struct xml_out *out, const char *name, const char *value)
{
	if (value != NULL) {
		xml_out_attribute(out, name, value);
	}
}

static void seen_xml(struct xml_out *out, const struct template_seen *seen)
{
	const struct template *template = seen->template;

	xml_out_open(out, "template");
	xml_out_attribute(out, "name", seen->name);
	attribute(out, "wrong", seen->why);
	if (template != NULL) {
		xml_out_attribute(out, "description", template->description);
		xml_out_attribute(out, "folder", template->folder);
		number(out, "memory_bytes", template->memory_bytes);
		number(out, "vcpus", template->n_vcpus);
		xml_out_attribute(out, "network", template->network);
		number(out, "state_bytes", template_state_bytes(template, template->memory_bytes));
	}
	for (size_t i = 0; template != NULL && i < template->n_drives; i++) {
		const struct template_drive *drive = &template->drives[i];

		xml_out_open(out, "drive");
		xml_out_attribute(out, "target", drive->target);
		number(out, "size_bytes", drive->size_bytes);
		attribute(out, "class", drive->class);
		attribute(out, "image", drive->image);
		attribute(out, "format", drive->format);
		attribute(out, "medium", drive->medium);
		number(out, "image_bytes", seen->image_bytes[i]);
		xml_out_close(out);
	}
	xml_out_close(out);
}

static int xml_print(const struct template_report *report, FILE *file)
{
	struct xml_out out;
	int rc = xml_out_begin(&out);

	if (rc < 0) {
		return rc;
	}
	xml_out_open(&out, "templates");
	for (size_t i = 0; i < report->n; i++) {
		seen_xml(&out, &report->seen[i]);
	}
	xml_out_close(&out);
	return xml_out_end(&out, file);
}

int template_report_print(const struct template_report *report, enum output_as output, bool all,
			  FILE *file, struct err *err)
{
	int rc = 0;

	switch (output) {
	case OUTPUT_JSON: rc = json_print(report, file); break;
	case OUTPUT_XML: rc = xml_print(report, file); break;
	default: text_print(report, all, file); break;
	}
	return rc < 0 ? err_set(err, rc, "cannot write: %s", strerror(-rc)) : 0;
}
