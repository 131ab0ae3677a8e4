/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/create_resource.h"

#include <glib.h>
#include <inttypes.h>

#include "rules/op_times.h"
#include "survey/vm_times.h"

#define MIB 1048576

/* What is enough for little memory, in s. */
static const struct {
	enum cluster_op op;
	int64_t least_s;
} ops[] = {
	{CLUSTER_OP_START, 120},
	{CLUSTER_OP_STOP, 120},
	{CLUSTER_OP_MIGRATE_TO, 180},
	{CLUSTER_OP_MIGRATE_FROM, 60},
};

static char *operations(uint64_t memory_bytes)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(ops); i++) {
		int64_t needed_ms = op_time_needed_ms(ops[i].op, OP_SAVES_AS_FALLBACK, memory_bytes,
						      (uint64_t)VM_TIMES_MIB_S * MIB);

		g_string_append_printf(text, " op %s timeout=%" PRId64 "s",
				       cluster_op_to_str(ops[i].op),
				       MAX(ops[i].least_s, needed_ms / 1000));
	}
	return g_string_free(text, FALSE);
}

char *create_resource_command(enum create_shell shell, const char *vm,
			      const struct vm_created *created, bool stopped)
{
	g_autofree char *times = operations(created->memory_bytes);

	return g_strdup_printf(
		"%s %s%s%s vm=%s array=%s luns=\"%s\" state_lun=%s%s "
		"op monitor interval=10s timeout=30s op monitor interval=60s timeout=60s "
		"OCF_CHECK_LEVEL=20 op reload-agent timeout=120s meta allow-migrate=true "
		"multiple-active=stop_unexpected requires=fencing%s",
		shell == CREATE_CRM ? "crm configure primitive" : "pcs resource create", vm,
		" ocf:lunmask:VirtualMachine", shell == CREATE_CRM ? " params" : "", vm,
		created->array, created->luns, created->state_lun, times,
		!stopped              ? ""
		: shell == CREATE_CRM ? " target-role=Stopped"
				      : " --disabled");
}

char *create_location_command(enum create_shell shell, const char *vm, const char *host)
{
	return shell == CREATE_CRM
		       ? g_strdup_printf("crm configure location %s-prefers %s 100: %s", vm, vm,
					 host)
		       : g_strdup_printf("pcs constraint location %s prefers %s=100", vm, host);
}

char *create_start_command(enum create_shell shell, const char *vm)
{
	return g_strdup_printf(
		"%s %s", shell == CREATE_CRM ? "crm resource start" : "pcs resource enable", vm);
}

void create_commands_make(const char *vm, const struct vm_created *created,
			  const struct make_options *options, char *ret[CREATE_COMMANDS_MAX + 1])
{
	bool both = !options->crm && !options->pcs;
	bool somewhere = options->host != NULL;
	size_t n = 0;

	for (int i = CREATE_CRM; i <= CREATE_PCS; i++) {
		enum create_shell shell = (enum create_shell)i;

		if (!both && (shell == CREATE_CRM ? !options->crm : !options->pcs)) {
			continue;
		}
		ret[n++] = create_resource_command(shell, vm, created, somewhere);
		if (somewhere) {
			ret[n++] = create_location_command(shell, vm, options->host);
			ret[n++] = create_start_command(shell, vm);
		}
	}
	ret[n] = NULL;
}

char *create_remove_command(enum create_shell shell, const char *resource)
{
	return g_strdup_printf("%s %s",
			       shell == CREATE_CRM ? "crm configure delete" : "pcs resource delete",
			       resource);
}
