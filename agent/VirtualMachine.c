/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * ocf:lunmask:VirtualMachine: a libvirt VM and its LUNs as one resource.
 *
 * This file has the two tables that define the interface to the administrator: the parameters and
 * the actions. action/vm.h implements the actions.
 */

#include <assert.h>
#include <ctype.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include <crm/common/results.h>

#include "action/vm.h"
#include "config/config.h"
#include "names/libvirt_uri.h"
#include "names/lun.h"
#include "names/name.h"
#include "ocf/ocf_agent.h"
#include "ocf/ocf_call.h"
#include "ocf/ocf_exit.h"
#include "ocf/ocf_param.h"

#ifndef PACKAGE_VERSION
#error "PACKAGE_VERSION comes from configure"
#endif

#define PATHS_ALL "all"
#define PATHS_ALL_COUNT 0 /* the value that means all portals in action/vm.h */

/* Parameters */

/* The names are in the order of the enums of action/vm.h. */
static const char *const migration_modes[] = {
	[VM_MIGRATE_AUTO] = "auto", [VM_MIGRATE_LIVE] = "live", [VM_MIGRATE_SAVED] = "saved", NULL};
static const char *const stop_modes[] = {
	[VM_STOP_SHUTDOWN] = "shutdown", [VM_STOP_SAVE] = "save", NULL};
static const char *const ioerror_rules[] = {[VM_IOERROR_FAIL] = "fail",
					    [VM_IOERROR_RESUME] = "resume",
					    [VM_IOERROR_REPORT] = "report",
					    NULL};
static const char *const takeover_policies[] = {
	[TAKEOVER_FENCED] = "fenced", [TAKEOVER_LOST] = "lost", NULL};
static const char *const transports[] = {"ssh", "tcp", "tls", NULL};

static_assert(G_N_ELEMENTS(migration_modes) == VM_MIGRATE_SAVED + 2, "a mode has no name");
static_assert(G_N_ELEMENTS(stop_modes) == VM_STOP_SAVE + 2, "a mode has no name");
static_assert(G_N_ELEMENTS(ioerror_rules) == VM_IOERROR_REPORT + 2, "a rule has no name");
static_assert(G_N_ELEMENTS(takeover_policies) == TAKEOVER_LOST + 2, "a policy has no name");

static int check_vm(const char *value, struct err *err)
{
	if (!name_valid(value, VM_NAME_MAX, "._-")) {
		return err_set(err, -EINVAL,
			       "'%.200s' is not a VM's name: at most %d letters, digits, '.', '_', "
			       "'-', beginning with a letter or digit",
			       value, VM_NAME_MAX);
	}
	return 0;
}

static int check_array(const char *value, struct err *err)
{
	if (!lun_name_valid(value)) {
		return err_set(err, -EINVAL,
			       "'%.200s' is not an array's name: at most %d letters, digits, '.', "
			       "'_', '-', as in the [array NAME] sections of " CONFIG_FILE,
			       value, LUN_NAME_MAX);
	}
	return 0;
}

static int check_luns(const char *value, struct err *err)
{
	struct drive drives[VM_LUNS_MAX - 1];
	size_t count;

	return drives_from_str(value, drives, G_N_ELEMENTS(drives), &count, err);
}

static int check_state_lun(const char *value, struct err *err)
{
	struct extent extent;

	return extent_from_str(value, &extent, err);
}

static int check_config(const char *value, struct err *err)
{
	if (*value != '/') {
		return err_set(err, -EINVAL, "'%.200s' is not an absolute path", value);
	}
	return 0;
}

static int check_hypervisor(const char *value, struct err *err)
{
	if (strstr(value, "://") == NULL || strpbrk(value, " \"'<>") != NULL) {
		return err_set(err, -EINVAL,
			       "'%.200s' is not a libvirt connection URI, such as qemu:///system",
			       value);
	}
	return 0;
}

static int check_suffix(const char *value, struct err *err)
{
	if (*value != '\0' && !name_made_of(value, NODE_NAME_MAX, ".-")) {
		return err_set(
			err, -EINVAL,
			"'%.200s' cannot be the end of a host name: legal are letters, digits, "
			"'.' and '-'",
			value);
	}
	return 0;
}

static int paths_parse(const char *value, size_t *ret, struct err *err)
{
	guint64 number = PATHS_ALL_COUNT;

	if (strcmp(value, PATHS_ALL) != 0 &&
	    !g_ascii_string_to_unsigned(value, 10, 1, CONFIG_PORTALS_MAX, &number, NULL)) {
		return err_set(err, -EINVAL,
			       "'%.200s' is neither a whole number from 1 to %d nor \"" PATHS_ALL
			       "\"",
			       value, CONFIG_PORTALS_MAX);
	}
	*ret = number;
	return 0;
}

static int check_paths(const char *value, struct err *err)
{
	size_t ignored;

	return paths_parse(value, &ignored, err);
}

static const struct ocf_parameter parameters[] = {
	{
		.name = "vm",
		.required = true,
		.unique_group = "vm",
		.check = check_vm,
		.shortdesc = "Name of the VM",
		.longdesc = "The name of the libvirt domain, as in the <name> of its definition. "
			    "Example: web1",
	},
	{
		.name = "array",
		.required = true,
		.unique_group = "luns",
		.check = check_array,
		.shortdesc = "Array that holds the VM's LUNs",
		.longdesc =
			"The NAME of an [array NAME] section of " CONFIG_FILE ". This file must "
			"be the same on every node. Example: san1",
	},
	{
		.name = "luns",
		.required = true,
		.unique_group = "luns",
		.check = check_luns,
		.shortdesc = "Mapping of the VM's drives to LUNs",
		.longdesc =
			"A blank-separated list of DRIVE=LUN. DRIVE is the guest's device name in "
			"the domain definition (the dev of the disk's <target>). LUN is the name "
			"of the LUN on the array. The LUN number is not used.\n"
			"A drive may be a part of a LUN: DRIVE=LUN:OFFSET+LENGTH. OFFSET and "
			"LENGTH are in bytes, or in KiB, MiB, GiB or TiB, and must be multiples "
			"of 512 bytes. Parts must not overlap.\n"
			"The list must name every disk of the VM. It has at most 64 drives.\n"
			"Examples: \"vda=web1-root vdb=web1-data\", \"vda=web1-all:0+20GiB "
			"vdb=web1-all:20GiB+100GiB\"",
	},
	{
		.name = "state_lun",
		.required = true,
		.unique_group = "luns",
		.check = check_state_lun,
		.shortdesc = "LUN that holds the VM's mapping file and saved memory",
		.longdesc =
			"A LUN of the same array, or a part of one (LUN:OFFSET+LENGTH). No drive "
			"may use it. Its first MiB holds the mapping file: the mapping of drives "
			"to LUNs, and the VM's definition. The rest holds the VM's memory while "
			"the memory is saved, or while the VM migrates in saved mode. Make it as "
			"large as 1 MiB plus the VM's memory plus 64 MiB.\n"
			"It must contain only zeros when it is first used. A LUN with other "
			"contents is refused. Example: web1-state",
	},
	{
		.name = "config",
		.reloadable = true,
		.check = check_config,
		.shortdesc = "Domain definition (XML file) for the first start",
		.longdesc =
			"The absolute path of a libvirt domain definition. The agent reads it "
			"only while the state LUN is new, on the node of the first start. From "
			"then on, the VM's definition is on the state LUN. The agent replaces the "
			"sources of the disks with the LUNs that luns names. Example: "
			"/etc/lunmask/web1.xml",
	},
	{
		.name = "hypervisor",
		.fallback = LIBVIRT_URI_SYSTEM,
		.check = check_hypervisor,
		.shortdesc = "libvirt connection URI on each node",
		.longdesc =
			"The URI with which the agent connects to the libvirt daemon of the node "
			"on which it runs.",
	},
	{
		.name = "migration_mode",
		.type = OCF_SELECT,
		.options = migration_modes,
		.fallback = "auto",
		.reloadable = true,
		.shortdesc = "How the VM migrates",
		.longdesc =
			"live: the memory is sent over the network while the guest runs. If the "
			"migration does not complete in time, the guest stays where it is.\n"
			"saved: the memory is saved to the state LUN and restored on the target. "
			"The guest does not run meanwhile. The memory is not sent over the "
			"network between the hosts.\n"
			"auto: first live, and then saved if live did not complete.\n"
			"To enable migration, set the resource's meta attribute "
			"allow-migrate=true. If a migration fails, the guest keeps running where "
			"it was, and Pacemaker then stops and starts it. stop saves its memory, "
			"and start restores it. With on-fail=block on migrate_to, the guest keeps "
			"running until an administrator cleans up the resource. Never set "
			"on-fail=ignore there: with it, Pacemaker finally stops the only running "
			"guest.",
	},
	{
		.name = "migration_transport",
		.type = OCF_SELECT,
		.options = transports,
		.fallback = VM_TRANSPORT_DEFAULT,
		.reloadable = true,
		.shortdesc = "How libvirt reaches the target's libvirt",
		.longdesc = "The transport in the URI of the target's libvirt daemon: ssh "
			    "(qemu+ssh://, with root's key), tcp (qemu+tcp://, only for isolated "
			    "networks) or tls (qemu+tls://, with libvirt's certificates).",
	},
	{
		.name = "migration_network_suffix",
		.reloadable = true,
		.check = check_suffix,
		.shortdesc =
			"Suffix that turns a node's name into its name in the migration network",
		.longdesc =
			"The agent appends this suffix to the name of the target node. The result "
			"is the host name to which libvirt connects. Example: with \"-mig\", a "
			"migration to node2 goes to node2-mig. If this parameter is not set, "
			"libvirt connects to the node's migration_address in " CONFIG_FILE " or, "
			"without one, to the node's name.",
	},
	{
		.name = "stop_mode",
		.type = OCF_SELECT,
		.options = stop_modes,
		.fallback = "shutdown",
		.reloadable = true,
		.shortdesc = "What stop does with the guest",
		.longdesc =
			"shutdown: the agent asks the guest to shut down (ACPI). If the guest has "
			"not done so when the time left of the stop timeout is used up, the agent "
			"kills it. Give stop as much time as the guest needs.\n"
			"save: the agent saves the guest's memory to the state LUN. The next "
			"start, on any node, restores it. The agent also does this after a failed "
			"migration, whatever the value of this parameter.",
	},
	{
		.name = "on_ioerror",
		.type = OCF_SELECT,
		.options = ioerror_rules,
		.fallback = "fail",
		.reloadable = true,
		.shortdesc = "What monitor does when an I/O error has paused the guest",
		.longdesc =
			"fail: the monitor fails, and the cluster recovers the VM.\n"
			"resume: if the guest's LUNs answer again, the agent resumes the guest. "
			"Otherwise it does the same as with fail.\n"
			"report: the monitor reports the VM as degraded. The guest stays paused "
			"until an administrator resumes it.\n"
			"If an array has this host fenced, the monitor always fails.",
	},
	{
		.name = "takeover",
		.type = OCF_SELECT,
		.options = takeover_policies,
		.fallback = "fenced",
		.reloadable = true,
		.shortdesc = "When start may take the LUNs from another host",
		.longdesc =
			"If another host is still granted the VM's LUNs, start takes them from "
			"that host, and cuts its sessions, only on evidence.\n"
			"fenced: the evidence is one of the following:\n"
			"- The host has left the cluster, and Pacemaker has fenced it after the "
			"VM's last task there began.\n"
			"- The host has left the cluster cleanly and has no open session.\n"
			"- The host is back, was fenced, has no open session and does not have "
			"the domain.\n"
			"- A stop on the host has recorded in the journal that the host gave up "
			"the LUNs.\n"
			"lost: start also takes the LUNs from a host that is no longer a member "
			"of the cluster, although it was not fenced, while this node's partition "
			"has quorum. This is for clusters without fencing. There cannot be two "
			"writers, but the lost host's guest may keep executing, cut off from its "
			"disks, and may answer on the network.\n"
			"start never takes the LUNs of a live member.",
	},
	{
		.name = "paths_required",
		.fallback = "1",
		.reloadable = true,
		.check = check_paths,
		.shortdesc =
			"Number of portals through which each LUN must answer before the VM starts",
		.longdesc =
			"A number from 1 to 16, or \"all\" for every portal of the array "
			"in " CONFIG_FILE ". The agent checks this before a start and, on the "
			"target, before a migration. If a running VM has fewer paths but at least "
			"one, it is degraded, not failed.",
	},
};

/* Actions */

static void settings_read(const struct ocf_call *call, struct vm_settings *ret)
{
	const struct ocf_agent *agent = call->agent;

	*ret = (struct vm_settings){
		.vm = ocf_param_string(agent, "vm"),
		.array = ocf_param_string(agent, "array"),
		.luns = ocf_param_string(agent, "luns"),
		.state_lun = ocf_param_string(agent, "state_lun"),
		.config = ocf_param_string(agent, "config"),
		.hypervisor = ocf_param_string(agent, "hypervisor"),
		.migration_transport = transports[ocf_param_select(agent, "migration_transport")],
		.migration_network_suffix = ocf_param_string(agent, "migration_network_suffix"),
		.migration_mode = (enum vm_migration_mode)ocf_param_select(agent, "migration_mode"),
		.stop_mode = (enum vm_stop_mode)ocf_param_select(agent, "stop_mode"),
		.on_ioerror = (enum vm_on_ioerror)ocf_param_select(agent, "on_ioerror"),
		.takeover = (enum takeover_policy)ocf_param_select(agent, "takeover"),
		.node = call->node,
	};
	(void)paths_parse(ocf_param_string(agent, "paths_required"), &ret->paths_required, NULL);
}

/* Logs one line for each change: "lunmask: web1: start: grant: done (12 ms)". */
static void event_log(void *data, const struct task_event *event)
{
	const struct vm_settings *settings = data;

	ocf_exit_log("%s: %s: %s: %s (%lld ms)%s%s", settings->vm, event->task, event->step,
		     task_event_kind_to_str(event->kind), (long long)event->duration_ms,
		     *event->text == '\0' ? "" : ": ", event->text);
}

/* Parameters that contradict each other are wrong on every node: OCF code 6. */
static int settings_check(const struct ocf_call *call, const struct vm_settings *settings,
			  struct err *err)
{
	int rc = vm_validate(settings, 0, call->deadline, err);

	return rc == -EINVAL ? PCMK_OCF_NOT_CONFIGURED : rc;
}

static int action_start(const struct ocf_call *call, struct err *err)
{
	struct vm_settings settings;
	struct vm_report report = {.event = event_log, .data = &settings};

	int rc;

	settings_read(call, &settings);
	rc = settings_check(call, &settings, err);
	return rc != 0 ? rc : vm_start(&settings, call->deadline, &report, err);
}

/* A resource without a VM name has never started a VM, so nothing runs here. */
static bool nothing_named(const struct vm_settings *settings)
{
	return settings->vm == NULL;
}

static int action_stop(const struct ocf_call *call, struct err *err)
{
	struct vm_settings settings;
	struct vm_report report = {.event = event_log, .data = &settings};

	settings_read(call, &settings);
	if (nothing_named(&settings)) {
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

	settings_read(call, &settings);
	if (nothing_named(&settings)) {
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
	settings_read(call, &settings);
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
	int rc;

	settings_read(call, &settings);
	rc = settings_check(call, &settings, err);
	if (rc == 0 && call->check_level > 0) {
		rc = vm_validate(&settings, call->check_level, call->deadline, err);
	}
	return rc;
}

/* Every call reads its parameters from the environment. A reload only has to check them. */
static int action_reload_agent(const struct ocf_call *call, struct err *err)
{
	struct vm_settings settings;

	settings_read(call, &settings);
	return settings_check(call, &settings, err);
}

static const struct ocf_action actions[] = {
	{.name = "start",
	 .run = action_start,
	 .timeout_s = 120,
	 .flags = OCF_ACTION_CHECKS | OCF_ACTION_LOCAL},
	{.name = "stop", .run = action_stop, .timeout_s = 120},
	{.name = "monitor", .run = action_monitor, .timeout_s = 30, .interval_s = 10},
	{.name = "monitor", .run = action_monitor, .timeout_s = 30, .interval_s = 60, .depth = 10},
	{.name = "monitor", .run = action_monitor, .timeout_s = 60, .interval_s = 300, .depth = 20},
	{.name = "migrate_to", .run = action_migrate_to, .timeout_s = 180},
	{.name = "migrate_from", .run = action_migrate_from, .timeout_s = 60},
	{.name = "reload-agent",
	 .run = action_reload_agent,
	 .timeout_s = 20,
	 .flags = OCF_ACTION_CHECKS | OCF_ACTION_1_1},
	{.name = "validate-all",
	 .run = action_validate,
	 .timeout_s = 20,
	 .flags = OCF_ACTION_CHECKS | OCF_ACTION_LOCAL},
	{.name = "validate-all",
	 .run = action_validate,
	 .timeout_s = 20,
	 .depth = 10,
	 .flags = OCF_ACTION_CHECKS | OCF_ACTION_LOCAL},
	{.name = "meta-data", .timeout_s = 5},
};

static const struct ocf_agent agent = {
	.name = "VirtualMachine",
	.version = PACKAGE_VERSION,
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
		"also set requires=fencing.",
	.parameters = parameters,
	.n_parameters = G_N_ELEMENTS(parameters),
	.actions = actions,
	.n_actions = G_N_ELEMENTS(actions),
};

int main(int argc, char **argv)
{
	return ocf_agent_main(&agent, argc, argv);
}
