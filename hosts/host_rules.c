/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hosts/host_rules.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cluster/cluster_attribute.h"
#include "cluster/cluster_vms.h"
#include "names/name.h"

#define ID_MAX 255
#define SAFE "._-" /* in a shell, beside letters and digits */

/* What the agent's metadata says, and a weight that is more than any common stickiness. */
#define OPERATIONS "op start timeout=60s op stop timeout=20s op monitor interval=10s timeout=60s"
#define MULTIPLIER "multiplier=1000"

/*
 * The commands for each shell. R: the resource; A: the attribute. Without the agent, agent comes
 * first, and the attribute has its default name.
 */
static const struct {
	const char *name;
	const char *agent;
	const char *must;
	const char *prefer;
} shells[] = {
	[HOST_RULES_CRM] =
		{
			.name = "crm",
			.agent = "crm configure primitive lunmask-paths ocf:lunmask:ArrayPaths \\\n"
				 "  params " MULTIPLIER " \\\n  " OPERATIONS "\n"
				 "crm configure clone lunmask-paths-clone lunmask-paths\n",
			.must = "crm configure location R-paths R \\\n"
				"  rule -inf: not_defined A or A number:lt 1\n",
			.prefer = "crm configure location R-more-paths R \\\n"
				  "  rule A: defined A\n",
		},
	[HOST_RULES_PCS] =
		{
			.name = "pcs",
			.agent = "pcs resource create lunmask-paths ocf:lunmask:ArrayPaths \\\n"
				 "  " MULTIPLIER " \\\n  " OPERATIONS " \\\n"
				 "  clone lunmask-paths-clone\n",
			.must = "pcs constraint location R \\\n"
				"  rule constraint-id=R-paths score=-INFINITY \\\n"
				"  not_defined A or A lt integer 1\n",
			.prefer = "pcs constraint location R \\\n"
				  "  rule constraint-id=R-more-paths score-attribute=A defined A\n",
		},
};

static int rules_make(const struct cluster_vms *vms, const struct cluster_vm *vm,
		      struct host_rules *ret, struct err *err)
{
	if (vm->unclear != NULL || vm->array == NULL) {
		return err_set(err, -EINVAL, "the array of VM %.100s is not known: %s", vm->vm,
			       vm->unclear != NULL ? vm->unclear : "its parameter is not set");
	}
	if (!name_made_of(vm->resource, ID_MAX, SAFE) || !name_made_of(vm->array, ID_MAX, SAFE) ||
	    (vms->paths_prefix != NULL && !name_made_of(vms->paths_prefix, ID_MAX, SAFE))) {
		return err_set(err, -EINVAL,
			       "resource %.100s, array %.100s: a name has a character that is no "
			       "letter, digit, '.', '_' or '-'",
			       vm->resource, vm->array);
	}
	ret->resource = g_strdup(vm->resource);
	ret->array = g_strdup(vm->array);
	ret->prefix = g_strdup(vms->paths_prefix);
	return 0;
}

int host_rules_get(const char *vm, struct deadline deadline, struct host_rules *ret,
		   struct err *err)
{
	struct cluster_vms vms;
	int rc = cluster_vms_get(deadline, &vms, err);

	*ret = (struct host_rules){.resource = NULL};
	if (rc < 0) {
		return rc;
	}
	rc = err_set(err, -ENOENT, "the cluster has no VM '%.200s'", vm);
	for (size_t i = 0; i < vms.count && rc == -ENOENT; i++) {
		if (g_strcmp0(vms.vms[i].vm, vm) == 0) {
			rc = rules_make(&vms, &vms.vms[i], ret, err);
		}
	}
	cluster_vms_release(&vms);
	return rc;
}

void host_rules_release(struct host_rules *rules)
{
	g_free(rules->resource);
	g_free(rules->array);
	g_free(rules->prefix);
	*rules = (struct host_rules){.resource = NULL};
}

/* The capitals R and A, where they are words or begin one, stand for names. */
static void command_print(const char *command, const struct host_rules *rules, FILE *file)
{
	const char *prefix = rules->prefix != NULL ? rules->prefix : CLUSTER_ATTRIBUTE_PREFIX;
	char before = ' ';

	for (const char *c = command; *c != '\0'; c++) {
		bool begins = strchr(" =", before) != NULL && !g_ascii_isalnum(c[1]);

		if (begins && *c == 'R') {
			(void)fputs(rules->resource, file);
		} else if (begins && *c == 'A') {
			(void)fprintf(file, "%s%s", prefix, rules->array);
		} else {
			(void)fputc(*c, file);
		}
		before = *c;
	}
}

void host_rules_print(const struct host_rules *rules, enum host_rules_shell shell, FILE *file)
{
	const char *name = shells[shell].name;

	if (rules->prefix == NULL) {
		(void)fprintf(
			file,
			"# %s: the attributes. Go on when 'crm_mon -1A' shows them on all nodes:\n"
			"# by the rules, a VM leaves a node without them, or is stopped.\n",
			name);
		command_print(shells[shell].agent, rules, file);
	}
	(void)fprintf(file, "# %s: never on a node without a path to array %s\n", name,
		      rules->array);
	command_print(shells[shell].must, rules, file);
	(void)fprintf(file, "# %s: rather where there are more paths\n", name);
	command_print(shells[shell].prefer, rules, file);
}
