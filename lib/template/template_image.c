/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "template/template_image.h"

#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "config/trusted_file.h"
#include "process/runner.h"

#define ANSWER_MAX_BYTES (256u * 1024)
#define RAW "raw"

/* Formats that qemu-img reads from one file, and how names of such files end. */
static const struct {
	const char *name;
	const char *ending;
} formats[] = {
	{"qcow2", ".qcow2"}, {RAW, ".raw"},   {RAW, ".iso"},   {"vmdk", ".vmdk"}, {"vhdx", ".vhdx"},
	{"vpc", ".vhd"},     {"vdi", ".vdi"}, {"qed", ".qed"}, {"qcow", ".qcow"}, {"dmg", ".dmg"},
};

int template_image_format_check(const char *format, struct err *err)
{
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (strcmp(format, formats[i].name) == 0) {
			return 0;
		}
	}
	return err_set(err, -EINVAL,
		       "'%.40s' is not a format: legal are qcow2, raw, vmdk, vhdx, vpc, vdi, qed, "
		       "qcow, dmg",
		       format);
}

int template_image_format_guess(const char *path, char **ret, struct err *err)
{
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (g_str_has_suffix(path, formats[i].ending)) {
			*ret = g_strdup(formats[i].name);
			return 0;
		}
	}
	return err_set(err, -EINVAL,
		       "set format: the name of image '%.200s' does not say it ('qemu-img info' "
		       "does)",
		       path);
}

static const char *member(const json_t *root, const char *name)
{
	return json_string_value(json_object_get(root, name));
}

static int answer_check(const json_t *root, const char *format, uint64_t *ret_bytes,
			struct err *err)
{
	const json_t *data = json_object_get(json_object_get(root, "format-specific"), "data");
	json_int_t size = json_integer_value(json_object_get(root, "virtual-size"));
	const char *seen = member(root, "format");

	if (seen == NULL || size <= 0) {
		return err_set(err, -EPROTO, "qemu-img did not say its format and size");
	}
	if (strcmp(seen, format) != 0) {
		return err_set(err, -EINVAL, "it looks like %.20s: set format, if that is meant",
			       seen);
	}
	if (member(root, "backing-filename") != NULL ||
	    member(root, "full-backing-filename") != NULL || member(data, "data-file") != NULL) {
		return err_set(err, -EINVAL,
			       "it refers to another file; 'qemu-img convert' makes one that has "
			       "all");
	}
	if (json_object_get(root, "encrypted") != NULL &&
	    json_is_true(json_object_get(root, "encrypted"))) {
		return err_set(err, -EINVAL, "it is encrypted");
	}
	*ret_bytes = (uint64_t)size;
	return 0;
}

int template_image_decode(const char *text, size_t bytes, const char *format, uint64_t *ret_bytes,
			  struct err *err)
{
	json_error_t error;
	json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	int rc = json_is_object(root)
			 ? answer_check(root, format, ret_bytes, err)
			 : err_set(err, -EPROTO, "qemu-img's answer is no JSON object: %s",
				   root == NULL ? error.text : "another value");

	json_decref(root);
	return rc;
}

/* Without -f: qemu-img says what the file looks like. It opens no other file for that. */
static int ask(const char *path, const char *format, struct deadline deadline, uint64_t *ret_bytes,
	       struct err *err)
{
	const struct runner runner = {.transport = "exec"};
	const char *const argv[] = {"qemu-img", "info", "--output=json", "-U", "--", path, NULL};
	struct runner_result result;
	int rc = runner_run(&runner, argv, "", ANSWER_MAX_BYTES, deadline, &result, err);

	if (rc != 0) {
		return rc;
	}
	rc = result.exit_status != 0
		     ? err_set(err, -EINVAL, "qemu-img cannot read it: %s", result.stderr_tail)
		     : template_image_decode(result.output, result.output_bytes, format, ret_bytes,
					     err);
	runner_result_release(&result);
	return rc;
}

int template_image_look(const char *path, const char *format, struct deadline deadline,
			uint64_t *ret_bytes, struct err *err)
{
	struct stat status;
	int rc = stat(path, &status) < 0 ? err_set(err, -errno, "%s", strerror(errno))
					 : trusted_file_check(&status, S_IWGRP | S_IWOTH, err);

	rc = rc < 0 ? rc : ask(path, format, deadline, ret_bytes, err);
	return rc < 0 ? err_prefix(err, rc, "image '%s'", path) : 0;
}
