/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hosts/list_run.h"

#include <errno.h>
#include <string.h>

/* Takes the reference. */
static int json_print(json_t *json, FILE *file)
{
	int rc = json == NULL ? -ENOMEM : 0;

	if (rc == 0 && (json_dumpf(json, file, JSON_INDENT(2)) != 0 || fputc('\n', file) == EOF)) {
		rc = -EIO;
	}
	json_decref(json);
	return rc;
}

static int printed(int rc, struct err *err)
{
	return rc < 0 ? err_set(err, rc, "cannot write: %s", strerror(-rc)) : 0;
}

int list_run_paths(const struct path_filter *filter, enum list_format format,
		   struct deadline deadline, FILE *file, struct err *err)
{
	struct path_list list;
	int rc = path_list_get(filter, deadline, &list, err);

	if (rc == 0 && format == LIST_TEXT) {
		path_list_text(&list, file);
	} else if (rc == 0) {
		rc = printed(format == LIST_JSON ? json_print(path_list_json(&list), file)
						 : path_list_xml(&list, file),
			     err);
	}
	path_list_release(&list);
	return rc;
}

static int hosts_print(const struct host_found *found, const char *node, enum list_format format,
		       FILE *file, struct err *err)
{
	if (host_list_count(found, node) == 0) {
		return err_set(err, -ENOENT, "the cluster has no node '%.200s'",
			       node != NULL ? node : "");
	}
	if (format == LIST_TEXT) {
		host_list_text(found, node, file);
		return 0;
	}
	return printed(format == LIST_JSON ? json_print(host_list_json(found, node), file)
					   : host_list_xml(found, node, file),
		       err);
}

int list_run_hosts(const char *vm, const char *node, enum list_format format,
		   struct deadline deadline, FILE *file, enum host_answer *ret, struct err *err)
{
	struct host_found found;
	int rc = host_look(vm, deadline, &found, err);

	rc = rc < 0 ? rc : hosts_print(&found, node, format, file, err);
	*ret = rc < 0 ? HOST_NOT_KNOWN : host_list_answer(&found, node);
	host_found_release(&found);
	return rc;
}

int list_run_rules(const char *vm, bool crm, bool pcs, struct deadline deadline, FILE *file,
		   struct err *err)
{
	struct host_rules rules;
	int rc = host_rules_get(vm, deadline, &rules, err);

	if (rc == 0 && (crm || !pcs)) {
		host_rules_print(&rules, HOST_RULES_CRM, file);
	}
	if (rc == 0 && crm == pcs) {
		(void)fputc('\n', file);
	}
	if (rc == 0 && (pcs || !crm)) {
		host_rules_print(&rules, HOST_RULES_PCS, file);
	}
	host_rules_release(&rules);
	return rc;
}
