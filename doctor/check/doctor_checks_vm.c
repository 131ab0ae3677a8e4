/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks of the VMs in the cluster's configuration. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/check/doctor_check.h"
#include "survey/vm_times.h"

#define DEFAULT_TIMEOUT "20s" /* Pacemaker's */

static void parameters_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < facts->luns.n; i++) {
		const struct doctor_vm_luns *vm = &facts->luns.of[i];

		if (vm->parameters.rc < 0) {
			doctor_found(verdict, DOCTOR_FAIL, NULL, "%s: %s", vm->resource,
				     err_text(&vm->parameters.err));
		}
	}
}

static void luns_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < facts->luns.n; i++) {
		const struct doctor_vm_luns *vm = &facts->luns.of[i];

		if (vm->parameters.rc < 0 || vm->luns.rc == 0) {
			continue;
		}
		doctor_found(verdict, vm->luns.rc == -ENXIO ? DOCTOR_FAIL : DOCTOR_UNKNOWN,
			     vm->luns.rc == -ENXIO ? NULL : "", "the LUNs of %s: %s", vm->resource,
			     err_text(&vm->luns.err));
	}
}

/* A meta attribute that should have this value. */
struct meta {
	const char *name, *wanted;
	const char *why;
};

static void meta_judge(const struct doctor_cib_vm *vm, const struct meta *meta, const char *value,
		       struct doctor_verdict *verdict)
{
	g_autofree char *has = value == NULL ? g_strdup_printf("no %s", meta->name)
					     : g_strdup_printf("%s=%s", meta->name, value);

	if (g_strcmp0(value, meta->wanted) != 0) {
		doctor_found_mend(verdict, DOCTOR_WARN,
				  g_strdup_printf("crm_resource --resource %s --meta "
						  "--set-parameter %s --parameter-value %s",
						  vm->resource, meta->name, meta->wanted),
				  "%s has %s: %s", vm->resource, has, meta->why);
	}
}

/* Pacemaker's words for yes. */
static bool is_yes(const char *text)
{
	static const char *const words[] = {"true", "on", "yes", "y", "1"};

	for (size_t i = 0; text != NULL && i < G_N_ELEMENTS(words); i++) {
		if (g_ascii_strcasecmp(text, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void metas_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	static const struct meta migrate = {"allow-migrate", "true",
					    "Pacemaker stops the guest to move it"};
	static const struct meta active = {"multiple-active", "stop_unexpected",
					   "when a fenced host returns, the healthy copy is "
					   "restarted"};
	static const struct meta requirement = {"requires", "fencing",
						"when a node joins, the VM may be restarted"};

	for (size_t i = 0; i < facts->settings.cib.n_vms; i++) {
		const struct doctor_cib_vm *vm = &facts->settings.cib.vms[i];

		meta_judge(vm, &migrate, is_yes(vm->allow_migrate) ? "true" : vm->allow_migrate,
			   verdict);
		meta_judge(vm, &active, vm->multiple_active, verdict);
		meta_judge(vm, &requirement, vm->requirement, verdict);
	}
}

/* What the agent's metadata advises. */
static const struct {
	const char *op;
	const char *level; /* NULL: not that of a level */
	int seconds;
} timeouts[] = {
	{"start", NULL, 120},        {"stop", NULL, 120},       {"monitor", NULL, 30},
	{"monitor", "20", 60},       {"migrate_to", NULL, 180}, {"migrate_from", NULL, 60},
	{"reload-agent", NULL, 120},
};

static bool op_is(const struct doctor_cib_op *op, const char *name, const char *level)
{
	return strcmp(op->name, name) == 0 &&
	       (level == NULL ? op->level == NULL || atoi(op->level) < 20
			      : g_strcmp0(op->level, level) == 0);
}

static void timeout_judge(const struct doctor_cib *cib, const struct doctor_cib_vm *vm, size_t row,
			  struct doctor_verdict *verdict)
{
	const char *name = timeouts[row].op, *level = timeouts[row].level;
	const char *text = NULL;
	bool there = false;

	for (size_t i = 0; i < vm->n_ops; i++) {
		if (op_is(&vm->ops[i], name, level)) {
			there = true;
			text = vm->ops[i].timeout;
		}
	}
	if (!there && (strcmp(name, "monitor") == 0 || strcmp(name, "reload-agent") == 0)) {
		return; /* it is not called, or only if the administrator changes the drives */
	}
	text = text != NULL ? text : cib->op_timeout != NULL ? cib->op_timeout : DEFAULT_TIMEOUT;
	if (doctor_cib_time_ms(text) < (int64_t)timeouts[row].seconds * 1000) {
		doctor_found_mend(
			verdict, DOCTOR_WARN,
			g_strdup_printf("pcs resource update %s op %s timeout=%ds; or: "
					"crm configure edit %s",
					vm->resource, name, timeouts[row].seconds, vm->resource),
			"%s: op %s%s has timeout=%s, less than the agent's %d s", vm->resource,
			name, level != NULL ? " of level 20" : "", text, timeouts[row].seconds);
	}
}

static void timeouts_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const struct doctor_cib *cib = &facts->settings.cib;

	for (size_t i = 0; i < cib->n_vms; i++) {
		for (size_t row = 0; row < G_N_ELEMENTS(timeouts); row++) {
			timeout_judge(cib, &cib->vms[i], row, verdict);
		}
	}
}

struct telling {
	struct doctor_verdict *verdict;
	const char *resource;
};

static void memory_tell(void *data, const char *text)
{
	const struct telling *telling = data;

	doctor_found(telling->verdict, DOCTOR_WARN, NULL, "%s: %s", telling->resource, text);
}

/* What is not set for an operation has the cluster's default. */
static void memory_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	const char *text = facts->settings.cib.op_timeout;
	int64_t fallback_ms = doctor_cib_time_ms(text != NULL ? text : DEFAULT_TIMEOUT);

	for (size_t i = 0; i < facts->luns.n; i++) {
		const struct doctor_vm_luns *row = &facts->luns.of[i];
		struct telling telling = {verdict, row->resource};
		struct cluster_vm vm = *row->vm;

		for (size_t op = 0; op < CLUSTER_OP_MAX; op++) {
			vm.timeouts_ms[op] =
				vm.timeouts_ms[op] < 0 ? fallback_ms : vm.timeouts_ms[op];
		}
		if (row->memory.rc < 0) {
			doctor_found(verdict, DOCTOR_UNKNOWN, "", "the memory of %s: %s",
				     row->resource, err_text(&row->memory.err));
		} else {
			vm_times_compare(&vm, row->memory_bytes, memory_tell, &telling);
		}
	}
}

static void monitor_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < facts->settings.cib.n_vms; i++) {
		const struct doctor_cib_vm *vm = &facts->settings.cib.vms[i];
		bool there = false;

		for (size_t j = 0; j < vm->n_ops; j++) {
			there = there || strcmp(vm->ops[j].name, "monitor") == 0;
		}
		if (!there) {
			doctor_found(verdict, DOCTOR_WARN, NULL, "%s has no op monitor",
				     vm->resource);
		}
	}
}

static void on_fail_judge(const struct doctor_facts *facts, struct doctor_verdict *verdict)
{
	for (size_t i = 0; i < facts->settings.cib.n_vms; i++) {
		const struct doctor_cib_vm *vm = &facts->settings.cib.vms[i];

		for (size_t j = 0; j < vm->n_ops; j++) {
			if (g_strcmp0(vm->ops[j].on_fail, "ignore") == 0) {
				doctor_found(verdict, DOCTOR_FAIL, NULL,
					     "%s: op %s has on-fail=ignore", vm->resource,
					     vm->ops[j].name);
			}
		}
	}
}

const struct doctor_check doctor_checks_vm[] = {
	{.name = "vm-parameters",
	 .looks_at = "the parameters of the VMs",
	 .needs = {DOCTOR_ANSWERS(luns)},
	 .cluster = true,
	 .why = "The agent refuses the VM, and lunmask reconcile does not look at it.",
	 .mend = "crm ra info ocf:lunmask:VirtualMachine; pcs resource config",
	 .judge = parameters_judge},
	{.name = "vm-luns",
	 .looks_at = "the arrays: are the VMs' LUNs there",
	 .needs = {DOCTOR_ANSWERS(luns)},
	 .cluster = true,
	 .why = "The VM cannot start.",
	 .mend = "make the LUN on the array, or correct the VM's parameters luns and state_lun",
	 .judge = luns_judge},
	{.name = "vm-meta",
	 .looks_at = "the meta attributes of the VMs",
	 .needs = {DOCTOR_ANSWERS(settings)},
	 .cluster = true,
	 .why = "The guest is stopped or restarted where it need not be.",
	 .judge = metas_judge},
	{.name = "vm-timeouts",
	 .looks_at = "the timeouts of the VMs' operations",
	 .needs = {DOCTOR_ANSWERS(settings)},
	 .cluster = true,
	 .why = "Pacemaker ends an action that is doing well, and then stops or fences.",
	 .judge = timeouts_judge},
	{.name = "vm-memory",
	 .looks_at = "the timeouts of the VMs' operations, against the guests' memory",
	 .needs = {DOCTOR_ANSWERS(luns), DOCTOR_ANSWERS(settings)},
	 .cluster = true,
	 .why = "Memory is copied, saved and restored within these times.",
	 .mend = "pcs resource update VM op OP timeout=...; or: crm configure edit VM",
	 .judge = memory_judge},
	{.name = "vm-monitor",
	 .looks_at = "the monitor of the VMs",
	 .needs = {DOCTOR_ANSWERS(settings)},
	 .cluster = true,
	 .why = "Nobody notices that the guest has ended, or has lost its disks.",
	 .mend = "add op monitor interval=10s timeout=30s, and one with interval=60s timeout=60s "
		 "OCF_CHECK_LEVEL=20",
	 .judge = monitor_judge},
	{.name = "vm-on-fail",
	 .looks_at = "what Pacemaker does when an operation of a VM fails",
	 .needs = {DOCTOR_ANSWERS(settings)},
	 .cluster = true,
	 .why = "Pacemaker goes on as if it had succeeded, and finally stops the only running "
		"guest.",
	 .mend = "take on-fail away, or set it to block",
	 .judge = on_fail_judge},
	{0},
};
