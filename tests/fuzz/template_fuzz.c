/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: a template's file, its definition, and what qemu-img says of an image. Each
 * gets the whole input.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "template/template_definition.h"
#include "template/template_image.h"
#include "tests/fuzz/must.h"

#define VM "web1"
#define UUID "12345678-1234-4234-8234-123456789abc"
/* What would be markup, and a placeholder, if it were read again. */
#define NETWORK "n<&'\"@VM@"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void file_try(const char *text, size_t size)
{
	struct template *template = NULL;
	struct template_luns luns;
	struct err err = ERR_INIT;

	if (template_parse(text, size, "/t", "t", &template, &err) != 0) {
		must(template == NULL && *err_text(&err) != '\0');
		return;
	}
	must(template->n_drives > 0 && template->n_drives <= TEMPLATE_DRIVES_MAX);
	for (size_t i = 0; i < template->n_drives; i++) {
		const struct template_drive *drive = &template->drives[i];

		must((drive->size_bytes > 0) == (drive->medium == NULL));
		must((drive->class != NULL) == (drive->medium == NULL));
		must((drive->image != NULL) == (drive->format != NULL));
		must(drive->image == NULL || drive->image[0] == '/');
		must(template_drive_find(template, drive->target) == drive);
	}
	must(template->memory_bytes > 0 && template->n_vcpus > 0);
	must(template_state_bytes(template, template->memory_bytes) > 0);
	must(template_luns_name(template, VM, &luns, NULL) == 0);
	template_free(template);
}

static void definition_try(const char *text, size_t size)
{
	const struct template_values values = {
		.vm = VM,
		.uuid = UUID,
		.memory_bytes = 1 << 20,
		.n_vcpus = 1,
		.network = NETWORK,
	};
	char *xml = g_strndup(text, size);
	struct template template = {.folder = (char *)"/t", .definition = (char *)"d", .xml = xml};
	struct err err = ERR_INIT;
	char *made = NULL;
	AUTO_XML doc = NULL;

	if (template_definition_make(&template, &values, &made, &err) != 0) {
		must(made == NULL && *err_text(&err) != '\0');
	} else {
		must(domain_xml_parse(made, strlen(made), &doc, NULL) == 0);
		must(strcmp(xml_tree_text(xml_tree_child(xmlDocGetRootElement(doc), "uuid")),
			    UUID) == 0);
	}
	g_free(made);
	g_free(xml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = size == 0 ? "" : (const char *)data;
	uint64_t bytes = 0;

	file_try(text, size);
	definition_try(text, size);
	must(template_image_decode(text, size, "raw", &bytes, NULL) != 0 || bytes > 0);
	return 0;
}
