/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * ocf:lunmask:VirtualMachine: a libvirt VM and its LUNs as one resource.
 *
 * This file has the table of the actions, which action/vm.h implements. parameters.c has that of
 * the parameters.
 */

#include <glib.h>
#include <string.h>

#include "action/vm.h"
#include "agent/parameters.h"
#include "change/vm_reload.h"
#include "cluster/pacemaker_compat.h"
#include "config/config.h"
#include "ocf/ocf_agent.h"
#include "ocf/ocf_call.h"
#include "ocf/ocf_exit.h"
#include "ocf/ocf_param.h"
#include "san/iscsi.h"

#ifndef PACKAGE_VERSION
#error "PACKAGE_VERSION comes from configure"
#endif

/* Logs one line for each change: "lunmask: web1: start: grant: done (12 ms)". */
static void event_log(void *data, const struct task_event *event)
{
	const struct vm_settings *settings = data;

	ocf_exit_log("%s: %s: %s: %s (%lld ms)%s%s", settings->vm, event->task, event->step,
		     task_event_kind_to_str(event->kind), (long long)event->duration_ms,
		     *event->text == '\0' ? "" : ": ", event->text);
}

/*
 * Parameters that contradict each other are wrong on every node: OCF code 6. This reads nothing but
 * the parameters.
 */
static int settings_check(const struct ocf_call *call, const struct vm_settings *settings,
			  struct err *err)
{
	int rc = vm_validate(settings, 0, call->deadline, NULL, err);

	return rc == -EINVAL ? PCMK_OCF_NOT_CONFIGURED : rc;
}

/* Where no LUN can be verified, Pacemaker is told to use another node: OCF code 5. */
static int build_check(struct err *err)
{
	return iscsi_supported(err) < 0 ? PCMK_OCF_NOT_INSTALLED : 0;
}

static int action_start(const struct ocf_call *call, struct err *err)
{
	struct vm_settings settings;
	struct vm_report report = {.event = event_log, .data = &settings};
	int rc;

	parameters_read(call, &settings);
	rc = settings_check(call, &settings, err);
	rc = rc != 0 ? rc : build_check(err);
	return rc != 0 ? rc : vm_start(&settings, call->deadline, &report, err);
}

static int action_stop(const struct ocf_call *call, struct err *err)
{
	struct vm_settings settings;
	struct vm_report report = {.event = event_log, .data = &settings};

	parameters_read(call, &settings);
	if (settings.vm == NULL) { /* it has never started a VM, so nothing runs here */
		return PCMK_OCF_OK;
	}
	return vm_stop(&settings, call->deadline, &report, err);
}

static int action_monitor(const struct ocf_call *call, struct err *err)
{
	static const int codes[] = {
		[VM_RUNNING] = PCMK_OCF_OK,
		[VM_STOPPED] = PCMK_OCF_NOT_RUNNING,
		[VM_DEGRADED] = PCMK_OCF_DEGRADED,
		[VM_FAILED] = PCMK_OCF_UNKNOWN_ERROR,
	};
	struct vm_settings settings;
	struct vm_report report = {.event = event_log, .data = &settings};
	enum vm_health health;
	int rc;

	parameters_read(call, &settings);
	if (settings.vm == NULL) { /* as in action_stop() */
		return PCMK_OCF_NOT_RUNNING;
	}
	rc = vm_monitor(&settings, call->check_level, call->is_probe, call->deadline, &health,
			&report, err);
	return rc < 0 ? rc : codes[health];
}

typedef int vm_migrate_fn(const struct vm_settings *settings, const char *source,
			  const char *target, struct deadline deadline,
			  const struct vm_report *report, struct err *err);

static int migrate(const struct ocf_call *call, vm_migrate_fn *run, struct err *err)
{
	struct vm_settings settings;
	struct vm_report report = {.event = event_log, .data = &settings};
	int rc;

	if (call->migrate_source == NULL || call->migrate_target == NULL) {
		return err_set(err, -EINVAL,
			       "OCF_RESKEY_CRM_meta_migrate_%s is not set: only the cluster "
			       "manager calls %s; to migrate, use \"crm_resource --move\"",
			       call->migrate_source == NULL ? "source" : "target",
			       call->action->name);
	}
	rc = ocf_param_check_all(call->agent, err);
	if (rc < 0) {
		return rc;
	}
	parameters_read(call, &settings);
	return run(&settings, call->migrate_source, call->migrate_target, call->deadline, &report,
		   err);
}

static int action_migrate_to(const struct ocf_call *call, struct err *err)
{
	return migrate(call, vm_migrate_to, err);
}

static int action_migrate_from(const struct ocf_call *call, struct err *err)
{
	return migrate(call, vm_migrate_from, err);
}

static int action_validate(const struct ocf_call *call, struct err *err)
{
	struct vm_settings settings;
	struct vm_report report = {.event = event_log, .data = &settings};
	int rc;

	parameters_read(call, &settings);
	rc = settings_check(call, &settings, err);
	if (rc == 0 && call->check_level > 0) {
		rc = vm_validate(&settings, call->check_level, call->deadline, &report, err);
		rc = rc != 0 ? rc : build_check(err);
	}
	return rc;
}

/* Every call reads its parameters from the environment. Only drives need more. */
static int action_reload_agent(const struct ocf_call *call, struct err *err)
{
	struct vm_settings settings;
	struct vm_report report = {.event = event_log, .data = &settings};
	int rc;

	parameters_read(call, &settings);
	rc = settings_check(call, &settings, err);
	return rc != 0 ? rc : vm_reload(&settings, call->deadline, &report, err);
}

static const struct ocf_action actions[] = {
	{.name = "start", .run = action_start, .timeout_s = 120, .flags = OCF_ACTION_CHECKS},
	{.name = "stop", .run = action_stop, .timeout_s = 120},
	{.name = "monitor", .run = action_monitor, .timeout_s = 30, .interval_s = 10},
	{.name = "monitor", .run = action_monitor, .timeout_s = 30, .interval_s = 60, .depth = 10},
	{.name = "monitor", .run = action_monitor, .timeout_s = 60, .interval_s = 300, .depth = 20},
	{.name = "migrate_to", .run = action_migrate_to, .timeout_s = 180},
	{.name = "migrate_from", .run = action_migrate_from, .timeout_s = 60},
	{.name = "reload-agent",
	 .run = action_reload_agent,
	 .timeout_s = 120,
	 .flags = OCF_ACTION_CHECKS | OCF_ACTION_1_1},
	{.name = "validate-all",
	 .run = action_validate,
	 .timeout_s = 20,
	 .flags = OCF_ACTION_CHECKS},
	{.name = "validate-all",
	 .run = action_validate,
	 .timeout_s = 20,
	 .depth = 10,
	 .flags = OCF_ACTION_CHECKS},
	{.name = "meta-data", .timeout_s = 5},
};

static struct ocf_agent agent = {
	.name = "VirtualMachine",
	.version = PACKAGE_VERSION,
	.date = PACKAGE_DATE,
	.shortdesc = "A virtual machine and the LUNs it lives on, as one resource",
	.longdesc =
		"This agent runs a libvirt virtual machine on the node to which the VM's LUNs are "
		"presented. Start grants the LUNs to this node on the storage array, checks that "
		"they are the right ones, and starts the VM. Stop shuts the VM down and revokes "
		"the grant. The VM migrates by a change of LUN masks, in live or saved mode: no "
		"disk is copied.\n"
		"Start and migration need lunmaskd on the node, and on a majority of the "
		"cluster's nodes. Stop and monitor work without it. In a partition without "
		"quorum, nothing is started or migrated, whatever no-quorum-policy says. "
		"docs/quorum.md of lunmask has a table of what happens to the VM on both sides, "
		"and one for clusters of two nodes.\n"
		"The array and the nodes' initiator names are in " CONFIG_FILE ", see "
		"lunmask.conf(5). To let the VM migrate, set the meta attribute "
		"allow-migrate=true. Also set multiple-active=stop_unexpected (Pacemaker 2.1.3 or "
		"later): a host that was fenced by mask, or was isolated, may return and report "
		"the VM as running there. By default, the cluster would then stop the VM on both "
		"hosts and start it again. If fence_lunmask(8) is a fence device of the cluster, "
		"also set requires=fencing.\n"
		"The more memory a VM has, the more time its operations need. validate-all at "
		"level 10 says which timeouts are too short.",
	.parameters = parameters,
	.actions = actions,
	.n_actions = G_N_ELEMENTS(actions),
};

int main(int argc, char **argv)
{
	agent.n_parameters = n_parameters;
	return ocf_agent_main(&agent, argc, argv);
}
