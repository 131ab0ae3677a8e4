/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: a firmware descriptor, the domain definition that asks for a firmware (after a
 * NUL byte, or the same bytes), and what a LUN for UEFI variables holds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "domain/domain_xml.h"
#include "firmware/firmware_definition.h"
#include "firmware/firmware_descriptor.h"
#include "firmware/firmware_variables.h"
#include "tests/fuzz/must.h"

#define LUN_BYTES 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/lunmask-firmware-fuzz-XXXXXX";
static char *descriptor;

static void folder_remove(void)
{
	(void)unlink(descriptor);
	(void)rmdir(folder);
	g_free(descriptor);
}

static void folder_make(void)
{
	if (descriptor == NULL) {
		must(mkdtemp(folder) != NULL);
		descriptor = g_build_filename(folder, "a.json", NULL);
		must(atexit(folder_remove) == 0);
	}
}

static void descriptor_write(const uint8_t *data, size_t size)
{
	FILE *file = fopen(descriptor, "we");

	must(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

static void template_look(const char *executable, const char *const *features)
{
	const char *const folders[] = {folder, NULL};
	char *file = NULL;

	if (firmware_template_find(folders, executable, features, &file, NULL) == 0) {
		must(file != NULL);
	}
	g_free(file);
}

/* As the step "firmware" of start does. */
static void definition_look(const char *text)
{
	struct firmware_wish wish = {.executable = NULL};
	AUTO_XML doc = NULL;
	xmlNodePtr domain;

	if (domain_xml_parse(text, strlen(text), &doc, NULL) != 0) {
		return;
	}
	domain = xmlDocGetRootElement(doc);
	firmware_wish_get(domain, &wish);
	if (wish.executable != NULL) {
		template_look(wish.executable, (const char *const *)wish.features);
	}
	firmware_wish_release(&wish);
	must((firmware_check_variables(domain, NULL, NULL) == 0) !=
	     firmware_keeps_variables(domain));
	firmware_pin(domain);
	(void)firmware_take_nvram(domain);
}

struct device {
	char data[LUN_BYTES];
	bool written;
};

static int device_read(void *of, uint64_t offset, void *data, size_t bytes,
		       struct deadline deadline, struct err *err)
{
	struct device *device = of;

	(void)deadline;
	(void)err;
	must(offset + bytes <= LUN_BYTES);
	memcpy(data, device->data + offset, bytes);
	return 0;
}

static int device_write(void *of, uint64_t offset, const void *data, size_t bytes,
			struct deadline deadline, struct err *err)
{
	struct device *device = of;

	(void)deadline;
	(void)err;
	must(offset + bytes <= LUN_BYTES);
	memcpy(device->data + offset, data, bytes);
	device->written = true;
	return 0;
}

static int device_flush(void *device, struct deadline deadline, struct err *err)
{
	(void)device;
	(void)deadline;
	(void)err;
	return 0;
}

/* Nothing but zeros is overwritten. */
static void lun_fill(const uint8_t *data, size_t size)
{
	static const struct state_device_ops ops = {device_read, device_write, device_flush};
	static struct device device;
	static char variables[LUN_BYTES];
	bool zeros;
	bool present = false;
	int rc;

	memset(&device, 0, sizeof(device));
	memcpy(device.data, data, size < LUN_BYTES ? size : LUN_BYTES);
	memset(variables, 'v', sizeof(variables));
	memcpy(variables + 40, "_FVH", 4);
	zeros = device.data[0] == 0 && memcmp(device.data, device.data + 1, 4095) == 0;
	rc = firmware_variables_fill(&ops, &device, variables, LUN_BYTES, deadline_in(60000), NULL);
	must(device.written == zeros && (rc == 0 || !zeros));
	if (rc == 0) {
		must(firmware_variables_look(&ops, &device, &present, deadline_in(60000), NULL) ==
			     0 &&
		     present);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size == 0 ? NULL : memchr(data, '\0', size);
	size_t bytes = nul == NULL ? size : (size_t)(nul - data);
	char *text = nul == NULL ? strndup((const char *)data, size)
				 : strndup((const char *)nul + 1, size - bytes - 1);

	folder_make();
	descriptor_write(data, bytes);
	template_look("/usr/share/OVMF/OVMF_CODE_4M.fd", NULL);
	definition_look(text);
	lun_fill(data, size);
	free(text);
	return 0;
}
