/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * ocf:lunmask:LogicalUnit: a LUN as a resource of its own, which its host lends to one VM. This
 * file has the tables; unit/unit.h does the work.
 */

#include <glib.h>
#include <string.h>

#include "agent/parameter_check.h"
#include "cluster/pacemaker_compat.h"
#include "config/config.h"
#include "names/libvirt_uri.h"
#include "names/lun.h"
#include "ocf/ocf_agent.h"
#include "ocf/ocf_call.h"
#include "ocf/ocf_exit.h"
#include "ocf/ocf_param.h"
#include "san/iscsi.h"
#include "unit/unit.h"
#include "unit/unit_disk.h"
#include "unit/unit_map.h"

#ifndef PACKAGE_VERSION
#error "PACKAGE_VERSION comes from configure"
#endif

#define DETACH_MAX_MS 3600000

static int check_lun(const char *value, struct err *err)
{
	if (!lun_name_valid(value)) {
		return err_set(err, -EINVAL,
			       "'%.200s' is not a LUN's name: at most %d letters, digits, '.', "
			       "'_', '-'",
			       value, LUN_NAME_MAX);
	}
	return 0;
}

/* The text form of lun.h. What follows its prefix is compared with what the LUN shows. */
static int check_designator(const char *value, struct err *err)
{
	static const char *const prefixes[] = {"naa.", "eui.", "t10."};

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		if (g_str_has_prefix(value, prefixes[i]) && strlen(value) > strlen(prefixes[i]) &&
		    strlen(value) <= LUN_DESIGNATOR_MAX) {
			return 0;
		}
	}
	return err_set(err, -EINVAL,
		       "'%.100s' is not a designator: legal is naa.HEX or eui.HEX, with lower-case "
		       "digits, or t10.TEXT, such as naa.6001405a1b2c3d4e",
		       value);
}

static const struct ocf_parameter parameters[] = {
	{
		.name = "array",
		.required = true,
		.unique_group = "lun",
		.check = parameter_check_array,
		.shortdesc = "Array that holds the LUN",
		.longdesc =
			"The NAME of an [array NAME] section of " CONFIG_FILE ". This file must "
			"be the same on every node. Example: san1",
	},
	{
		.name = "lun",
		.required = true,
		.unique_group = "lun",
		.check = check_lun,
		.shortdesc = "Name of the LUN on the array",
		.longdesc =
			"The LUN belongs to this resource alone, as a whole: no VM may name it in "
			"its luns or state_lun, and no other LogicalUnit may have it. Example: "
			"db-data",
	},
	{
		.name = "designator",
		.reloadable = true,
		.check = check_designator,
		.shortdesc = "Designator that the LUN must have",
		.longdesc =
			"SCSI VPD page 0x83, as the array's driver shows it. Start always checks "
			"that the LUN shows, on this node's paths, the designator that the array "
			"has under the name of the LUN. With this parameter it also refuses "
			"another volume that has got the name since. Example: "
			"naa.6001405a1b2c3d4e",
	},
	{
		.name = "drive",
		.required = true,
		.check = unit_disk_drive_check,
		.shortdesc = "What the guest calls the drive",
		.longdesc =
			"The name of a disk that none of the VMs has: vdX (virtio) or sdX (SCSI). "
			"What a guest really calls it, its own system decides; /dev/disk/by-id or "
			"a label of the file system finds it for certain. QEMU's q35 has one free "
			"PCI slot for a drive that is plugged in, unless the definition of the VM "
			"has more controllers of model pcie-root-port. Example: vdc",
	},
	{
		.name = "vm_map",
		.reloadable = true,
		.check = unit_map_check,
		.shortdesc = "Which VM gets the LUN on which node",
		.longdesc =
			"A blank-separated list of NODE:VM. On each node that it names, the LUN is "
			"plugged into that VM, which must run there; on other nodes, the resource "
			"does not start. Either this or vm is set. Example: \"node1:db1 "
			"node2:db2\"",
	},
	{
		.name = "vm",
		.reloadable = true,
		.check = parameter_check_vm,
		.shortdesc = "The VM that the LUN follows",
		.longdesc =
			"Instead of vm_map: the LUN is plugged into this VM, on whatever node it "
			"runs. Colocate this resource with that of the VM, and order it after it. "
			"When the VM moves, the LUN is unplugged before and plugged in again "
			"after. In a live migration the guest keeps it all the time if this "
			"resource "
			"has allow-migrate=true, too. Example: db1",
	},
	{
		.name = "detach_timeout",
		.type = OCF_TIME,
		.fallback = "60s",
		.min = 1000,
		.max = DETACH_MAX_MS,
		.reloadable = true,
		.shortdesc = "How long stop waits for the guest to let go of the drive",
		.longdesc =
			"The guest is asked every 10 s in that time, and at most until 25 s before "
			"the timeout of stop ends. A Linux guest may also let go of a drive whose "
			"file system is mounted: what it has not written yet can then be lost, as "
			"with a cable that is pulled. Whatever uses the drive in the guest has to "
			"end before. A guest that is paused, or still booting, does not let go.",
	},
	{
		.name = "force_detach",
		.type = OCF_BOOLEAN,
		.fallback = "false",
		.reloadable = true,
		.shortdesc = "Cut the LUN off if the guest does not let go of it",
		.longdesc =
			"false: stop fails, and nothing is revoked. The cluster then fences the "
			"node, with all that runs there, unless stop has on-fail=block, with which "
			"an administrator has to act.\n"
			"true: the LUN is revoked under the guest, as if its cable were pulled. "
			"Whatever the guest has not written is lost, and with the next request its "
			"QEMU pauses it (on_ioerror of ocf:lunmask:VirtualMachine says what "
			"happens then). The resource does not start on that node again as long as "
			"the guest has the drive.",
	},
	{
		.name = "takeover",
		.type = OCF_SELECT,
		.options = parameter_takeover_policies,
		.fallback = "fenced",
		.reloadable = true,
		.shortdesc = "When start may take the LUN from another host",
		.longdesc = "fenced: on the evidence that ocf:lunmask:VirtualMachine wants, too: "
			    "the host was fenced, has left the cluster cleanly, or has recorded "
			    "that it gave the LUN up.\n"
			    "lost: also from a host that has left the cluster and was not fenced, "
			    "while this node's partition has quorum.\n"
			    "start never takes the LUN of a live member.",
	},
	{
		.name = "paths_required",
		.fallback = "1",
		.reloadable = true,
		.check = parameter_check_paths,
		.shortdesc = "Number of portals through which the LUN must answer before it is "
			     "plugged in",
		.longdesc = "A number from 1 to 16, or \"all\" for every portal of the array "
			    "in " CONFIG_FILE ". With fewer paths later, monitor at level 10 "
			    "reports the resource as degraded.",
	},
	{
		.name = "hypervisor",
		.fallback = LIBVIRT_URI_SYSTEM,
		.check = parameter_check_hypervisor,
		.shortdesc = "libvirt connection URI on each node",
		.longdesc = "The URI with which the agent connects to the libvirt daemon of the "
			    "node on which it runs.",
	},
};

static struct unit_settings settings_read(const struct ocf_call *call)
{
	const struct ocf_agent *agent = call->agent;
	struct unit_settings settings = {
		.array = ocf_param_string(agent, "array"),
		.lun = ocf_param_string(agent, "lun"),
		.drive = ocf_param_string(agent, "drive"),
		.vm = ocf_param_string(agent, "vm"),
		.vm_map = ocf_param_string(agent, "vm_map"),
		.designator = ocf_param_string(agent, "designator"),
		.hypervisor = ocf_param_string(agent, "hypervisor"),
		.migration_transport = VM_TRANSPORT_DEFAULT,
		.force_detach = ocf_param_boolean(agent, "force_detach"),
		.detach_ms = ocf_param_time_ms(agent, "detach_timeout"),
		.takeover = (enum takeover_policy)ocf_param_select(agent, "takeover"),
		.node = call->node,
	};

	(void)parameter_paths_parse(ocf_param_string(agent, "paths_required"),
				    &settings.paths_required, NULL);
	return settings;
}

/* Logs one line for each change: "lunmask: db-data: start: plug: done (12 ms)". */
static void event_log(void *data, const struct task_event *event)
{
	const struct unit_settings *settings = data;

	ocf_exit_log("%s: %s: %s: %s (%lld ms)%s%s", settings->lun, event->task, event->step,
		     task_event_kind_to_str(event->kind), (long long)event->duration_ms,
		     *event->text == '\0' ? "" : ": ", event->text);
}

/* Parameters that contradict each other are wrong on every node: OCF code 6. */
static int settings_check(const struct ocf_call *call, const struct unit_settings *settings,
			  struct err *err)
{
	int rc = unit_validate(settings, 0, call->deadline, err);

	return rc == -EINVAL ? PCMK_OCF_NOT_CONFIGURED : rc;
}

/* Where it can never start, Pacemaker is told to use another node: OCF code 5. */
static int action_start(const struct ocf_call *call, struct err *err)
{
	struct unit_settings settings = settings_read(call);
	const struct vm_report report = {.event = event_log, .data = &settings};
	int rc = settings_check(call, &settings, err);

	if (rc == 0 && iscsi_supported(err) < 0) {
		return PCMK_OCF_NOT_INSTALLED;
	}
	rc = rc != 0 ? rc : unit_start(&settings, call->deadline, &report, err);
	return rc == -ENODEV ? PCMK_OCF_NOT_INSTALLED : rc;
}

/* Without array and lun it has never been started. */
static bool is_named(const struct unit_settings *settings)
{
	return settings->array != NULL && settings->lun != NULL;
}

static int action_stop(const struct ocf_call *call, struct err *err)
{
	struct unit_settings settings = settings_read(call);
	const struct vm_report report = {.event = event_log, .data = &settings};

	return !is_named(&settings) ? PCMK_OCF_OK
				    : unit_stop(&settings, call->deadline, &report, err);
}

typedef int unit_migrate_fn(const struct unit_settings *settings, const char *source,
			    const char *target, struct deadline deadline,
			    const struct vm_report *report, struct err *err);

static int migrate(const struct ocf_call *call, unit_migrate_fn *run, struct err *err)
{
	struct unit_settings settings = settings_read(call);
	const struct vm_report report = {.event = event_log, .data = &settings};
	int rc;

	if (call->migrate_source == NULL || call->migrate_target == NULL) {
		return err_set(err, -EINVAL,
			       "OCF_RESKEY_CRM_meta_migrate_%s is not set: only the cluster "
			       "manager calls %s; to migrate, move the VM",
			       call->migrate_source == NULL ? "source" : "target",
			       call->action->name);
	}
	rc = ocf_param_check_all(call->agent, err);
	rc = rc < 0 ? rc : unit_validate(&settings, 0, call->deadline, err);
	return rc < 0 ? rc
		      : run(&settings, call->migrate_source, call->migrate_target, call->deadline,
			    &report, err);
}

static int action_migrate_to(const struct ocf_call *call, struct err *err)
{
	return migrate(call, unit_migrate_to, err);
}

static int action_migrate_from(const struct ocf_call *call, struct err *err)
{
	return migrate(call, unit_migrate_from, err);
}

static int action_monitor(const struct ocf_call *call, struct err *err)
{
	static const int codes[] = {
		[UNIT_PLUGGED] = PCMK_OCF_OK,
		[UNIT_STOPPED] = PCMK_OCF_NOT_RUNNING,
		[UNIT_DEGRADED] = PCMK_OCF_DEGRADED,
		[UNIT_FAILED] = PCMK_OCF_UNKNOWN_ERROR,
	};
	struct unit_settings settings = settings_read(call);
	enum unit_health health;
	int rc;

	if (!is_named(&settings) || settings.drive == NULL) {
		return PCMK_OCF_NOT_RUNNING;
	}
	rc = unit_monitor(&settings, call->check_level, call->is_probe, call->deadline, &health,
			  err);
	return rc < 0 ? rc : codes[health];
}

static int action_reload_agent(const struct ocf_call *call, struct err *err)
{
	struct unit_settings settings = settings_read(call);
	int rc = settings_check(call, &settings, err);

	return rc != 0 ? rc : unit_reload(&settings, call->deadline, err);
}

static int action_validate(const struct ocf_call *call, struct err *err)
{
	struct unit_settings settings = settings_read(call);
	int rc = settings_check(call, &settings, err);

	if (rc == 0 && call->check_level > 0) {
		rc = unit_validate(&settings, call->check_level, call->deadline, err);
		if (rc == -ENODEV || (rc == 0 && iscsi_supported(err) < 0)) {
			rc = PCMK_OCF_NOT_INSTALLED;
		}
	}
	return rc;
}

static const struct ocf_action actions[] = {
	{.name = "start", .run = action_start, .timeout_s = 120, .flags = OCF_ACTION_CHECKS},
	{.name = "stop", .run = action_stop, .timeout_s = 120},
	{.name = "monitor", .run = action_monitor, .timeout_s = 30, .interval_s = 10},
	{.name = "monitor", .run = action_monitor, .timeout_s = 60, .interval_s = 60, .depth = 10},
	{.name = "migrate_to", .run = action_migrate_to, .timeout_s = 60},
	{.name = "migrate_from", .run = action_migrate_from, .timeout_s = 60},
	{.name = "reload-agent",
	 .run = action_reload_agent,
	 .timeout_s = 20,
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

static const struct ocf_agent agent = {
	.name = "LogicalUnit",
	.version = PACKAGE_VERSION,
	.date = PACKAGE_DATE,
	.shortdesc = "A LUN as a resource of its own, which its node lends to a VM",
	.longdesc =
		"A LUN that moves between VMs, such as that of a database of which two VMs can be "
		"the server. Start grants the LUN to this node on the array, checks that it is the "
		"right one, and plugs it into the VM that is named for the node, while the guest "
		"runs. Stop asks the guest to let go of the drive, unplugs it, and revokes the "
		"grant. A LUN that lives and moves with one VM belongs into the parameter luns of "
		"ocf:lunmask:VirtualMachine instead.\n"
		"The VM must run on the node before. For one VM (vm), colocate this resource with "
		"the VM's and order it after it, or make a group of the two. With vm_map and a VM "
		"for each node, the VMs stay where they are, and only this resource moves: order "
		"it after any of them (an ordered set with require-all=false; crm: order o "
		"Mandatory: [ db1 db2 ] db-unit), and keep it away from the other nodes. Where the "
		"VM of the node does not run, start fails, and the cluster tries another node.\n"
		"A LUN that follows one VM (vm) goes along in a live migration if this resource "
		"has the "
		"meta attribute allow-migrate=true, as the VM has, and is colocated with it and "
		"ordered "
		"after it. Without that, the cluster stops this resource first, then the VM moves "
		"live, "
		"and this resource is started again. The VM's memory is not saved while a LUN is "
		"plugged "
		"in, and with migration_mode=saved the VM does not migrate then: the LUN is not "
		"the VM's, "
		"and could be another VM's by the time the guest goes on. Where the VM is to move "
		"and "
		"may not, the cluster stops and starts it.\n"
		"If the VM ends by itself, monitor reports this resource as not running, and the "
		"cluster recovers it with the VM.\n"
		"Start needs lunmaskd on the node, and on a majority of the cluster's nodes. Stop "
		"and monitor work without it. Set the meta attributes "
		"multiple-active=stop_unexpected and, with fence_lunmask(8), requires=fencing, for "
		"the same reasons as with ocf:lunmask:VirtualMachine. docs/decisions/0036 of "
		"lunmask lists what could lead to two writers, and what prevents it.",
	.parameters = parameters,
	.n_parameters = G_N_ELEMENTS(parameters),
	.actions = actions,
	.n_actions = G_N_ELEMENTS(actions),
};

int main(int argc, char **argv)
{
	return ocf_agent_main(&agent, argc, argv);
}
