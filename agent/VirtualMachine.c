/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * ocf:lunmask:VirtualMachine: a libvirt VM and the LUNs it lives on, as one resource.
 *
 * What the administrator sees is in the two tables; what is done is action/vm.h's.
 */

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <crm/common/results.h>

#include "action/vm.h"
#include "config/config.h"
#include "names/libvirt_uri.h"
#include "names/lun.h"
#include "ocf/ocf_agent.h"
#include "ocf/ocf_call.h"
#include "ocf/ocf_exit.h"
#include "ocf/ocf_param.h"

#ifndef PACKAGE_VERSION
#error "PACKAGE_VERSION comes from configure"
#endif

#define PATHS_ALL "all"
#define PATHS_ALL_COUNT 0 /* what action/vm.h means by all */

#define ARRAY_SIZE(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Parameters */

/* In the order of action/vm.h's enums. */
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

static_assert(ARRAY_SIZE(migration_modes) == VM_MIGRATE_SAVED + 2, "a mode has no name");
static_assert(ARRAY_SIZE(stop_modes) == VM_STOP_SAVE + 2, "a mode has no name");
static_assert(ARRAY_SIZE(ioerror_rules) == VM_IOERROR_REPORT + 2, "a rule has no name");
static_assert(ARRAY_SIZE(takeover_policies) == TAKEOVER_LOST + 2, "a policy has no name");

static bool made_of(const char *value, const char *others)
{
	for (const char *c = value; *c != '\0'; c++) {
		if (!isalnum((unsigned char)*c) && strchr(others, *c) == NULL) {
			return false;
		}
	}
	return true;
}

static int check_vm(const char *value, struct err *err)
{
	if (strlen(value) > VM_NAME_MAX || !isalnum((unsigned char)*value) ||
	    !made_of(value, "._-")) {
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

	return drives_from_str(value, drives, ARRAY_SIZE(drives), &count, err);
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
	if (strlen(value) > NODE_NAME_MAX || !made_of(value, ".-")) {
		return err_set(
			err, -EINVAL,
			"'%.200s' cannot be the end of a host name: letters, digits, '.', '-'",
			value);
	}
	return 0;
}

static int paths_parse(const char *value, size_t *ret, struct err *err)
{
	unsigned long number;
	char *end;

	if (strcmp(value, PATHS_ALL) == 0) {
		*ret = PATHS_ALL_COUNT;
		return 0;
	}
	number = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end != '\0' || number < 1 ||
	    number > CONFIG_PORTALS_MAX) {
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
		.longdesc = "The libvirt domain's name, as in the <name> of its definition. "
			    "Example: web1",
	},
	{
		.name = "array",
		.required = true,
		.unique_group = "luns",
		.check = check_array,
		.shortdesc = "Array that the VM's LUNs are on",
		.longdesc = "The NAME of an [array NAME] section of " CONFIG_FILE
			    ", which must be the same on every node. Example: san1",
	},
	{
		.name = "luns",
		.required = true,
		.unique_group = "luns",
		.check = check_luns,
		.shortdesc = "Which drive of the VM is which LUN",
		.longdesc =
			"A blank-separated list of DRIVE=LUN. DRIVE is the guest's device name in "
			"the domain definition (the dev of the disk's <target>), LUN is the LUN's "
			"name on the array; its number plays no part.\n"
			"A drive may be a part of a LUN: DRIVE=LUN:OFFSET+LENGTH, in bytes or with "
			"KiB, MiB, GiB or TiB, in multiples of 512 bytes. Parts must not overlap.\n"
			"Every disk of the VM must be named. At most 64 drives.\n"
			"Examples: \"vda=web1-root vdb=web1-data\", "
			"\"vda=web1-all:0+20GiB vdb=web1-all:20GiB+100GiB\"",
	},
	{
		.name = "state_lun",
		.required = true,
		.unique_group = "luns",
		.check = check_state_lun,
		.shortdesc = "LUN that holds the VM's mapping file and saved memory",
		.longdesc =
			"A LUN of the same array, or a part of one (LUN:OFFSET+LENGTH), that no "
			"drive uses. Its first MiB holds the mapping file: which drive is which "
			"LUN, "
			"and the VM's definition. The rest holds the VM's memory while it is saved "
			"or migrates in saved mode: make it 1 MiB plus the VM's memory plus 64 "
			"MiB.\n"
			"It must be all zero when it is first used; a LUN that holds something "
			"else "
			"is refused. Example: web1-state",
	},
	{
		.name = "config",
		.reloadable = true,
		.check = check_config,
		.shortdesc = "Domain definition (XML file) for the first start",
		.longdesc =
			"Absolute path of a libvirt domain definition. It is read only when the "
			"state LUN is new, on the node of the first start; from then on the VM's "
			"definition is on the state LUN. The sources of its disks are replaced by "
			"those that luns names. Example: /etc/lunmask/web1.xml",
	},
	{
		.name = "hypervisor",
		.fallback = LIBVIRT_URI_SYSTEM,
		.check = check_hypervisor,
		.shortdesc = "libvirt connection URI on each node",
		.longdesc = "How the agent reaches the libvirt daemon of the node it runs on.",
	},
	{
		.name = "migration_mode",
		.type = OCF_SELECT,
		.options = migration_modes,
		.fallback = "auto",
		.reloadable = true,
		.shortdesc = "How the VM migrates",
		.longdesc =
			"live: the memory goes over the network while the guest runs. When that "
			"does not complete in time, the guest stays where it is.\n"
			"saved: the memory is saved to the state LUN and restored on the target. "
			"The guest stands still meanwhile. Needs no network between the hosts.\n"
			"auto: live, and saved where live did not complete.\n"
			"Migration itself is enabled by the resource's meta attribute "
			"allow-migrate=true. When it fails the guest goes on where it was, and "
			"Pacemaker's answer is to stop and start it: stop then saves its memory, "
			"and start goes on from there. With on-fail=block on "
			"migrate_to it is left running until somebody cleans up. Never set "
			"on-fail=ignore there: it ends by stopping the only running guest.",
	},
	{
		.name = "migration_transport",
		.type = OCF_SELECT,
		.options = transports,
		.fallback = VM_TRANSPORT_DEFAULT,
		.reloadable = true,
		.shortdesc = "How libvirt reaches the target's libvirt",
		.longdesc =
			"The transport in the URI of the target's libvirt daemon: ssh "
			"(qemu+ssh://, with root's key), tcp (qemu+tcp://, for isolated networks "
			"only) or tls (qemu+tls://, with libvirt's certificates).",
	},
	{
		.name = "migration_network_suffix",
		.reloadable = true,
		.check = check_suffix,
		.shortdesc = "Suffix that makes a node's name its name in the migration network",
		.longdesc = "Put behind the target node's name to get the host name that libvirt "
			    "connects to. Example: with \"-mig\" a migration to node2 goes to "
			    "node2-mig. Not set: the node's migration_address in " CONFIG_FILE
			    ", or its name.",
	},
	{
		.name = "stop_mode",
		.type = OCF_SELECT,
		.options = stop_modes,
		.fallback = "shutdown",
		.reloadable = true,
		.shortdesc = "What stop does with the guest",
		.longdesc =
			"shutdown: the guest is asked to shut down (ACPI); when it has not by the "
			"time that is left of the stop timeout, it is ended by force. Give stop "
			"the "
			"time that the guest needs.\n"
			"save: the guest's memory is saved to the state LUN; the next start, on "
			"any "
			"node, goes on from there. That is also done after a migration that "
			"failed, "
			"whatever is set here.",
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
			"resume: the guest is resumed if its LUNs answer again; otherwise as "
			"fail.\n"
			"report: the VM counts as degraded; the guest stays paused until somebody "
			"resumes it.\n"
			"Where the array has this host fenced the monitor fails in any case.",
	},
	{
		.name = "takeover",
		.type = OCF_SELECT,
		.options = takeover_policies,
		.fallback = "fenced",
		.reloadable = true,
		.shortdesc = "Whose hold on the LUNs start may end",
		.longdesc =
			"When another host is still granted the VM's LUNs, start takes them from "
			"it, and cuts its sessions, only on evidence.\n"
			"fenced: the host has left the cluster and Pacemaker has fenced it since "
			"the VM was last begun there; or it left cleanly and has no session open; "
			"or it is back, was fenced, has no session open and no such domain; or a "
			"stop there recorded in the journal that it gave the LUNs up.\n"
			"lost: also from a host that is no member of the cluster any more, while "
			"this node's partition has quorum, though nobody has fenced it. For "
			"clusters without fencing: there cannot be two writers, but the lost "
			"host's "
			"guest may go on executing, cut from its disks, and answer on the "
			"network.\n"
			"A live member's LUNs are never taken.",
	},
	{
		.name = "paths_required",
		.fallback = "1",
		.reloadable = true,
		.check = check_paths,
		.shortdesc = "Portals through which each LUN must answer before the VM starts",
		.longdesc =
			"A number from 1 to 16, or \"all\" for every portal of the array "
			"in " CONFIG_FILE
			". Asked before start and, on the target, before a migration. "
			"A running VM with fewer paths is degraded, not failed, while one is left.",
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

/* "lunmask: web1: start: grant: done (12 ms)": one line for each change, for people and grep. */
static void event_log(void *data, const struct task_event *event)
{
	const struct vm_settings *settings = data;

	ocf_exit_log("%s: %s: %s: %s (%lld ms)%s%s", settings->vm, event->task, event->step,
		     task_event_kind_to_str(event->kind), (long long)event->duration_ms,
		     *event->text == '\0' ? "" : ": ", event->text);
}

/* What is wrong with the parameters together is wrong on every node. */
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

/* A resource without a VM's name never started one: nothing is here, whatever else is wrong. */
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
			       "OCF_RESKEY_CRM_meta_migrate_%s is not set: %s is for the cluster "
			       "manager, use \"crm_resource --move\"",
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

/* Every call reads its parameters anew: with the checks passed, the new ones are in force. */
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
		"Runs a libvirt virtual machine on the node that its LUNs are presented to. Start "
		"grants the LUNs to this node on the storage array, checks that they are the right "
		"ones, and starts the VM; stop ends the VM and takes the LUNs away again. The VM "
		"migrates by changing LUN masks, live or in saved mode: no disk is copied.\n"
		"Start and migration need lunmaskd on the node and a majority of its nodes; stop "
		"and monitor do without. In a partition without quorum nothing is started or "
		"migrated, whatever no-quorum-policy says; docs/quorum.md of lunmask has a table "
		"of "
		"what becomes of the VM on both sides, and one for clusters of two nodes.\n"
		"The array and the nodes' initiator names are in " CONFIG_FILE
		", see lunmask.conf(5). To let the VM migrate, set the meta attribute "
		"allow-migrate=true. Set multiple-active=stop_unexpected, too (Pacemaker 2.1.3 or "
		"later): a host that was fenced by mask, or cut off from the others, may come back "
		"with a record of the VM, and by default the cluster would stop it on both hosts "
		"and start it again. Where fence_lunmask(8) fences, set requires=fencing.",
	.parameters = parameters,
	.n_parameters = ARRAY_SIZE(parameters),
	.actions = actions,
	.n_actions = ARRAY_SIZE(actions),
};

int main(int argc, char **argv)
{
	return ocf_agent_main(&agent, argc, argv);
}
