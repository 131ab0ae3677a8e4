/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "change/vm_apply.h"
#include "definition/definition_diff.h"
#include "definition/definition_text.h"
#include "tools/lunmask.h"
#include "vm/vm_config_file.h"

#define STDIN_NAME "-"

static void changes_print(const GPtrArray *changes, bool every)
{
	g_autofree char *text = definition_text_changes(changes, every);

	(void)fputs(text, stdout);
}

static json_t *changes_json(const GPtrArray *changes)
{
	json_t *list = json_array();

	for (guint i = 0; i < changes->len; i++) {
		const struct definition_change *change = g_ptr_array_index(changes, i);

		(void)json_array_append_new(list, json_pack("{s:s, s:s?, s:s?, s:b}", "path",
							    change->path, "stored", change->was,
							    "other", change->is, "left_to_libvirt",
							    change->filled));
	}
	return list;
}

/* When a change takes effect. apply: NULL without --live. */
static void effect_print(const struct vm_one *one, const struct vm_defined *seen,
			 const struct vm_apply *apply)
{
	if (apply != NULL) {
		g_autofree char *text = definition_text_plan(apply->plan);

		(void)fputs(text, stdout);
	} else if (seen->here) {
		(void)fputs(
			"At once: nothing (--live: memory, vCPUs and NICs, as far as libvirt "
			"can).\n"
			"The guest that runs here keeps what it has, and moves with it.\nAt its "
			"next boot (a stop and a start; not a reboot inside of the guest): all "
			"of it.\n",
			stderr);
	} else if (one->vm->image == IMAGE_VALID) {
		(void)fputs(
			"At the next start: nothing. It restores the guest's saved memory, with "
			"what the\nguest had. At the boot after that: all of it.\n",
			stderr);
	} else {
		(void)fputs("At the next start: all of it.\n", stderr);
	}
}

int lunmask_definition_look(const struct lunmask_options *options, struct vm_one *one,
			    struct vm_defined *ret, struct err *err)
{
	int rc;

	lunmask_interrupts_hold();
	rc = vm_define_look(one->vm, deadline_in(options->timeout_ms), ret, err);
	lunmask_interrupts_let();
	if (rc == -ENODATA) {
		return err_set(err, rc,
			       "VM %s has no definition yet: its first start takes the file in its "
			       "parameter config",
			       one->name);
	}
	return rc;
}

/* show */

static int show_json(const struct lunmask_options *options, const struct vm_one *one,
		     const struct vm_defined *seen)
{
	const struct mapping *mapping = one->vm->mapping;

	return lunmask_data_print(options->output, "definition",
				  json_pack("{s:s, s:I, s:b, s:s, s:I, s:b, s:s}", "vm", one->name,
					    "revision", (json_int_t)mapping->revision, "complete",
					    mapping->complete, "config", mapping->config,
					    "generation", (json_int_t)seen->generation, "here",
					    seen->here, "xml", mapping->xml));
}

static int show_running(const struct lunmask_options *options, struct vm_one *one, struct err *err)
{
	struct deadline deadline = deadline_in(options->timeout_ms);
	g_autofree char *xml = NULL;
	struct hypervisor *hypervisor;
	int rc = vm_hypervisor(one->vm, deadline, &hypervisor, err);

	rc = rc < 0 ? rc : hypervisor_domain_xml(hypervisor, one->name, deadline, &xml, err);
	if (rc < 0) {
		return rc;
	}
	(void)printf("%s", xml);
	return LUNMASK_EXIT_GOOD;
}

static int show(const struct lunmask_options *options, struct vm_one *one, struct err *err)
{
	struct vm_defined seen;
	int rc;

	if (options->running) {
		return show_running(options, one, err);
	}
	rc = lunmask_definition_look(options, one, &seen, err);
	if (rc < 0) {
		return rc;
	}
	if (options->output != OUTPUT_TEXT) {
		return show_json(options, one, &seen);
	}
	(void)printf("%s\n", one->vm->mapping->xml);
	return LUNMASK_EXIT_GOOD;
}

/* A text from a file, and its digest. */

struct file_text {
	char *xml;
	char digest[MAPPING_CONFIG_MAX + 1];
};

static void file_text_release(struct file_text *text)
{
	g_free(text->xml);
}

static int stdin_read(char **ret, gsize *ret_bytes, struct err *err)
{
	g_autofree char *text = g_malloc(MAPPING_MAX_BYTES + 1);
	size_t bytes = fread(text, 1, MAPPING_MAX_BYTES + 1, stdin);

	if (ferror(stdin) != 0 || bytes > MAPPING_MAX_BYTES) {
		return err_set(err, -EINVAL, "standard input cannot be read, or is too long");
	}
	text[bytes] = '\0';
	*ret = g_steal_pointer(&text);
	*ret_bytes = bytes;
	return 0;
}

static int file_read(const char *file, struct file_text *ret, struct err *err)
{
	g_autoptr(GError) error = NULL;
	gsize bytes = 0;
	int rc = 0;

	if (strcmp(file, STDIN_NAME) == 0) {
		rc = stdin_read(&ret->xml, &bytes, err);
	} else if (!g_file_get_contents(file, &ret->xml, &bytes, &error)) {
		rc = err_set(err, -ENOENT, "%s", error->message);
	}
	if (rc == 0) {
		vm_config_digest(ret->xml, bytes, ret->digest);
	}
	return rc;
}

/* diff */

/* The other side as it would be stored, or as it runs. */
static int other_of_file(struct vm_one *one, const char *file, char **ret, struct err *err)
{
	struct file_text text __attribute__((cleanup(file_text_release))) = {.xml = NULL};
	struct vm_define_text as = {.config = text.digest};
	struct mapping *next;
	int rc = file_read(file, &text, err);

	as.xml = text.xml;
	rc = rc < 0 ? rc : vm_define_make(one->vm, &as, &next, err);
	if (rc < 0) {
		return err_prefix(err, rc, "%s", file);
	}
	*ret = g_strdup(next->xml);
	mapping_free(next);
	return 0;
}

/* Without a file: the one in config. */
static int other_of(const struct lunmask_options *options, struct vm_one *one,
		    const struct vm_defined *seen, char **ret, struct err *err)
{
	const char *file = options->n_arguments > 1 ? options->arguments[1] : NULL;

	if (options->running) {
		return seen->here ? vm_define_running(one->vm, deadline_in(options->timeout_ms),
						      ret, err)
				  : err_set(err, -ENOENT, "VM %s does not run here", one->name);
	}
	if (file == NULL) {
		file = one->settings.config;
	}
	return file != NULL ? other_of_file(one, file, ret, err)
			    : err_set(err, -EINVAL,
				      "name a FILE, or --running: the resource of %s has no "
				      "parameter config",
				      one->name);
}

static int diff(const struct lunmask_options *options, struct vm_one *one, struct err *err)
{
	g_autoptr(GPtrArray) changes = NULL;
	g_autofree char *other = NULL;
	struct vm_defined seen;
	int rc = lunmask_definition_look(options, one, &seen, err);

	rc = rc < 0 ? rc : other_of(options, one, &seen, &other, err);
	rc = rc < 0 ? rc : definition_diff(one->vm->mapping->xml, other, &changes, err);
	if (rc < 0) {
		return rc;
	}
	if (options->output != OUTPUT_TEXT) {
		rc = lunmask_data_print(options->output, "differences",
					json_pack("{s:s, s:I, s:o}", "vm", one->name, "revision",
						  (json_int_t)one->vm->mapping->revision, "changes",
						  changes_json(changes)));
		if (rc != LUNMASK_EXIT_GOOD) {
			return rc;
		}
	} else {
		changes_print(changes, options->all != 0);
	}
	return definition_diff_count(changes) > 0 ? LUNMASK_EXIT_FAILED : LUNMASK_EXIT_GOOD;
}

/* set */

static int store(const struct lunmask_options *options, struct vm_one *one,
		 const struct vm_defined *seen, const struct mapping *next, struct vm_apply *apply,
		 struct err *err)
{
	int rc;

	lunmask_interrupts_hold();
	rc = vm_define_store(one->vm, seen, next, apply, deadline_in(options->timeout_ms), err);
	lunmask_interrupts_let();
	return rc;
}

static int applied_print(const struct vm_one *one, const struct vm_apply *apply, int rc,
			 const struct err *why)
{
	g_autofree char *text = vm_apply_text(apply);

	(void)fputs(text, stdout);
	(void)fflush(stdout);
	if (rc == 0) {
		return LUNMASK_EXIT_GOOD;
	}
	(void)fprintf(stderr,
		      "lunmask: stored, and valid for the next boot of %s, but not all of it could "
		      "change at once: %s\nRepeat the command, or stop and start %s.\n",
		      one->name, err_text(why), one->name);
	return LUNMASK_EXIT_FAILED;
}

/* Of a definition that was shown. *seen tells what is stored, and next what is to be. */
static int take_confirmed(const struct lunmask_options *options, struct vm_one *one,
			  const struct vm_defined *seen, const struct mapping *next,
			  struct vm_apply *apply, struct err *err)
{
	bool changed = next->revision != one->vm->mapping->revision;
	int rc = store(options, one, seen, next, apply, err);

	if (rc < 0 && (apply == NULL || !apply->stored)) {
		return rc;
	}
	if (changed) {
		(void)printf("Revision %" PRIu64 " of the definition of %s is stored.\n",
			     next->revision, one->name);
	} else if (apply == NULL) {
		(void)printf("The definition is the same; it was noted that it is this file's.\n");
	}
	return apply == NULL ? rc : applied_print(one, apply, rc, err);
}

static int changes_take(const struct lunmask_options *options, struct vm_one *one,
			const struct vm_defined *seen, const struct mapping *next,
			struct vm_apply *apply, struct err *err)
{
	g_autoptr(GPtrArray) changes = NULL;
	int rc = definition_diff(one->vm->mapping->xml, next->xml, &changes, err);

	if (rc < 0) {
		return rc;
	}
	changes_print(changes, options->all != 0);
	effect_print(one, seen, apply);
	(void)fflush(stdout);
	if (options->dry_run) {
		(void)printf("Nothing was done (--dry-run).\n");
		return 0;
	}
	rc = lunmask_confirm(options, one->name, err);
	return rc < 0 ? rc : take_confirmed(options, one, seen, next, apply, err);
}

int lunmask_definition_take(const struct lunmask_options *options, struct vm_one *one,
			    const struct vm_defined *seen, const struct vm_define_text *text,
			    struct err *err)
{
	struct vm_apply *apply __attribute__((cleanup(vm_apply_drop))) = NULL;
	struct mapping *next = NULL;
	struct deadline deadline = deadline_in(options->timeout_ms);
	int rc = vm_define_make(one->vm, text, &next, err);

	rc = rc < 0 ? rc : vm_define_check(one->vm, seen, text, next, deadline, err);
	if (rc == 0 && options->live && seen->here) {
		rc = vm_apply_plan(one->vm, next, deadline, &apply, err);
	}
	if (rc < 0) {
		mapping_free(next);
		return rc;
	}
	if (next->revision != one->vm->mapping->revision ||
	    (apply != NULL && apply->plan->n_now > 0)) {
		rc = changes_take(options, one, seen, next, apply, err);
	} else if (strcmp(next->xml, one->vm->mapping->xml) == 0 || options->dry_run) {
		(void)printf("Nothing was done: this is the definition that is stored.\n");
	} else {
		rc = take_confirmed(options, one, seen, next, NULL, err);
	}
	mapping_free(next);
	return rc;
}

static int set(const struct lunmask_options *options, struct vm_one *one, struct err *err)
{
	struct file_text text __attribute__((cleanup(file_text_release))) = {.xml = NULL};
	struct vm_define_text as = {.config = text.digest};
	struct vm_defined seen;
	int rc = file_read(options->arguments[1], &text, err);

	as.xml = text.xml;
	rc = rc < 0 ? rc : lunmask_definition_look(options, one, &seen, err);
	return rc < 0 ? rc : lunmask_definition_take(options, one, &seen, &as, err);
}

int lunmask_definition_show(const struct lunmask_options *options)
{
	return lunmask_with_vm(options, show);
}

int lunmask_definition_diff(const struct lunmask_options *options)
{
	return lunmask_with_vm(options, diff);
}

int lunmask_definition_set(const struct lunmask_options *options)
{
	return lunmask_with_vm(options, set);
}
