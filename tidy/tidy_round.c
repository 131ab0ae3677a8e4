/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tidy/tidy_round.h"

#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "process/runner.h"

/* Of each VM: the look, and the time for which reconcile may hold the VM's task. */
#define VM_SECONDS "20"
#define VM_MS 45000
#define MORE_MS 60000
#define OUTPUT_MAX (1024u * 1024)

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static bool is(const json_t *object, const char *key, const char *text)
{
	return strcmp(text_of(object, key), text) == 0;
}

/* Adds the first reason why a row was not done. */
static void rows_read(const json_t *rows, const char *done, GString *revoked, const char **ret_why)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!is(row, "end", done)) {
			*ret_why = **ret_why == '\0' ? text_of(row, "why") : *ret_why;
		} else if (revoked != NULL) {
			g_string_append_printf(revoked, "%s%s", revoked->len > 0 ? " " : "",
					       text_of(row, "lun"));
		}
	}
}

static void vm_read(const json_t *vm, tidy_told *told, void *user)
{
	g_autoptr(GString) revoked = g_string_new(NULL);
	const char *why = text_of(vm, "why");

	rows_read(json_object_get(vm, "strays"), "removed", revoked, &why);
	/* While there is a path, the path's own row says why the release is left. */
	if (*why == '\0') {
		rows_read(json_object_get(vm, "releases"), "ended", NULL, &why);
	}
	told(user,
	     &(struct tidy_result){.vm = text_of(vm, "vm"), .revoked = revoked->str, .why = why});
}

int tidy_round_parse(const char *text, size_t bytes, tidy_told *told, void *user, struct err *err)
{
	json_error_t error;
	json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	const json_t *vms = json_object_get(json, "vms");
	const json_t *vm;
	size_t i;
	int rc = json_is_array(vms) ? 0 : err_set(err, -EBADMSG, "its answer is not understood");

	json_array_foreach (vms, i, vm) {
		vm_read(vm, told, user);
	}
	json_decref(json);
	return rc;
}

int tidy_round(const char *program, const char *const *vms, size_t n, tidy_told *told, void *user,
	       struct err *err)
{
	const struct runner runner = {.transport = "exec"};
	const char *argv[TIDY_ROUND_VMS + 8] = {program,     "reconcile", "--own", "--json",
						"--timeout", VM_SECONDS,  "--"};
	struct runner_result result = {.exit_status = 0};
	size_t words = 7;
	int rc;

	for (size_t i = 0; i < n && i < TIDY_ROUND_VMS; i++) {
		argv[words++] = vms[i];
	}
	rc = runner_run(&runner, argv, "", OUTPUT_MAX, deadline_in(MORE_MS + (int64_t)n * VM_MS),
			&result, err);
	if (rc == 0 && result.output_bytes == 0) {
		rc = err_set(err, -EIO, "%s",
			     *result.stderr_tail != '\0' ? result.stderr_tail : "it said nothing");
	}
	rc = rc != 0 ? rc : tidy_round_parse(result.output, result.output_bytes, told, user, err);
	runner_result_release(&result);
	return rc == 0 ? 0 : err_prefix(err, rc, "lunmask reconcile --own");
}
