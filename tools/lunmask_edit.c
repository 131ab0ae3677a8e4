/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lunmask.h"

/*
 * lunmask definition edit: the stored definition in the administrator's editor. A text that is
 * refused, or cannot be stored, is never lost: it is edited again, or stays in its file.
 */
#define EDITOR_DEFAULT "vi"

static const char *editor_name(void)
{
	const char *const names[] = {getenv("VISUAL"), getenv("EDITOR"), EDITOR_DEFAULT};
	size_t i = 0;

	while (names[i] == NULL || names[i][0] == '\0') {
		i++;
	}
	return names[i];
}

/* The text is in a file that only its user may read: it may hold the password of a screen. */
static int text_write(const char *vm, const char *xml, char **ret_file, struct err *err)
{
	g_autofree char *template = g_strdup_printf("lunmask-%s-XXXXXX.xml", vm);
	g_autoptr(GError) error = NULL;
	g_autofree char *file = NULL;
	int fd = g_file_open_tmp(template, &file, &error);
	size_t bytes = strlen(xml);
	FILE *stream;

	if (fd < 0) {
		return err_set(err, -EIO, "%s", error->message);
	}
	stream = fdopen(fd, "w");
	if (stream == NULL || fwrite(xml, 1, bytes, stream) != bytes ||
	    fputc('\n', stream) == EOF) {
		int rc = err_set(err, -EIO, "%s: %s", file, strerror(errno));

		(void)(stream != NULL ? fclose(stream) : close(fd));
		(void)g_unlink(file);
		return rc;
	}
	if (fclose(stream) != 0) {
		(void)g_unlink(file);
		return err_set(err, -EIO, "%s cannot be written", file);
	}
	*ret_file = g_steal_pointer(&file);
	return 0;
}

static int editor_run(const char *file, struct err *err)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) words = NULL;
	g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
	g_auto(GStrv) all = NULL;
	int status = 0;

	if (!g_shell_parse_argv(editor_name(), NULL, &words, &error)) {
		return err_set(err, -EINVAL, "editor '%s': %s", editor_name(), error->message);
	}
	g_strv_builder_addv(argv, (const char **)words);
	g_strv_builder_add(argv, file);
	all = g_strv_builder_end(argv);
	if (!g_spawn_sync(NULL, all, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL,
			  NULL, NULL, NULL, &status, &error) ||
	    !g_spawn_check_wait_status(status, &error)) {
		return err_set(err, -EIO, "editor '%s': %s", editor_name(), error->message);
	}
	return 0;
}

/* Asks whether to edit once more. Without a terminal nobody can. */
static bool again(const struct err *why)
{
	char line[16] = "";

	(void)fprintf(stderr, "lunmask: %s\n", err_text(why));
	if (isatty(STDIN_FILENO) == 0) {
		return false;
	}
	(void)fputs("Edit again? [Y/n] ", stderr);
	return fgets(line, sizeof(line), stdin) != NULL && g_ascii_tolower(line[0]) != 'n';
}

static int text_read(const char *file, char **ret, struct err *err)
{
	g_autoptr(GError) error = NULL;

	g_free(*ret);
	*ret = NULL;
	return g_file_get_contents(file, ret, NULL, &error)
		       ? 0
		       : err_set(err, -EIO, "%s", error->message);
}

/*
 * One pass of the editor and of all checks. An edit takes long, so the VM is looked at again
 * afterwards: it may have been started, stopped or moved.
 */
static int edit_once(const struct lunmask_options *options, struct vm_one *one, uint64_t revision,
		     const char *file, struct err *err)
{
	struct vm_define_text text = {.config = NULL};
	g_autofree char *xml = NULL;
	struct vm_defined seen;
	int rc = editor_run(file, err);

	rc = rc < 0 ? rc : text_read(file, &xml, err);
	rc = rc < 0 ? rc : lunmask_definition_look(options, one, &seen, err);
	if (rc == 0 && one->vm->mapping->revision != revision) {
		rc = err_set(err, -ESTALE,
			     "another has changed the definition meanwhile: revision %" PRIu64
			     " is stored, and revision %" PRIu64 " was edited",
			     one->vm->mapping->revision, revision);
	}
	text.xml = xml;
	return rc < 0 ? rc : lunmask_definition_take(options, one, &seen, &text, err);
}

static int edit(const struct lunmask_options *options, struct vm_one *one, struct err *err)
{
	g_autofree char *file = NULL;
	struct vm_defined seen;
	uint64_t revision;
	int rc = lunmask_definition_look(options, one, &seen, err);

	rc = rc < 0 ? rc : text_write(one->name, one->vm->mapping->xml, &file, err);
	if (rc < 0) {
		return rc;
	}
	revision = one->vm->mapping->revision;
	do {
		*err = (struct err)ERR_INIT;
		rc = edit_once(options, one, revision, file, err);
	} while (rc < 0 && again(err));
	if (rc >= 0) {
		(void)g_unlink(file);
		return rc;
	}
	return err_set(err, rc, "nothing was changed; your text is in %s", file);
}

int lunmask_definition_edit(const struct lunmask_options *options)
{
	return lunmask_with_vm(options, edit);
}
