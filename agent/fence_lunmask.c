/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * fence_lunmask: fences a host by removing its access to its LUNs on the arrays.
 *
 * This file has the two tables that define the interface to the administrator: the parameters and
 * the actions. fencing/host_fence.h implements the actions.
 */

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "fencing/host_fence.h"
#include "cluster/cluster.h"
#include "config/config.h"
#include "fence/fence_agent.h"
#include "fence/fence_param.h"
#include "names/host_name.h"
#include "process/initiator_process.h"
#include "process/process_set.h"

#ifndef PACKAGE_VERSION
#error "PACKAGE_VERSION comes from configure"
#endif

#define POWER_TIMEOUT "power_timeout"
#define LOGIN_TIMEOUT "login_timeout"
#define TIMEOUT_MAX_S 600

/* The time limit for the cluster's answer. It is short, because the kernel also has a name. */
#define CLUSTER_ANSWER_MS 3000

/* Parameters */

static const struct fence_parameter parameters[] = {
	{
		.name = "action",
		.letter = 'o',
		.metavar = "action",
		.help = "The action to perform; see the list of actions. There is no default.",
	},
	{
		.name = "option",
		.stands_for = "action",
		.hidden = true,
		.stdin_only = true,
		.help = "The former name of action.",
	},
	{
		.name = "plug",
		.letter = 'n',
		.metavar = "node",
		.help = "The host: the NODE of a [host NODE] section of " CONFIG_FILE ".",
	},
	{
		.name = "port",
		.stands_for = "plug",
		.stdin_only = true,
		.help = "The former name of plug.",
	},
	{
		.name = "nodename",
		.stands_for = "plug",
		.hidden = true,
		.stdin_only = true,
		.help = "The cluster's name of the host, if no plug is given.",
	},
	{
		.name = "arrays",
		.letter = 'a',
		.metavar = "names",
		.help = "The arrays to fence on: a list of NAMEs of [array NAME] sections, "
			"separated by blanks or commas. If it is not set, the agent uses all "
			"arrays. A cluster needs all arrays, except when several devices share "
			"them.",
	},
	{
		.name = "config",
		.letter = 'c',
		.metavar = "file",
		.help = "The configuration file. Default: " CONFIG_FILE ".",
	},
	{
		.name = "assume_clean",
		.type = FENCE_FLAG,
		.help = "For the action on, if it does not run on the host itself. Set it only "
			"after you have made sure that the host was powered off or rebooted since "
			"it was fenced, or is permanently gone. Never set it in the cluster.",
	},
	{
		.name = POWER_TIMEOUT,
		.metavar = "seconds",
		.type = FENCE_SECONDS,
		.fallback = "40",
		.min = 1,
		.max = TIMEOUT_MAX_S,
		.help = "The time limit of the actions on and off, for all arrays together. Keep "
			"it below the cluster's pcmk_off_timeout and pcmk_on_timeout (60 s by "
			"default).",
	},
	{
		.name = LOGIN_TIMEOUT,
		.metavar = "seconds",
		.type = FENCE_SECONDS,
		.fallback = "15",
		.min = 1,
		.max = TIMEOUT_MAX_S,
		.help = "The time limit of the actions that only ask (status, list-status, "
			"monitor), for all arrays together.",
	},
	{
		.name = "delay",
		.metavar = "seconds",
		.type = FENCE_SECONDS,
		.fallback = "0",
		.max = TIMEOUT_MAX_S,
		.help = "Wait this long before the actions off and reboot begin, so that of two "
			"nodes that fence each other the one without a delay wins. The delay "
			"and " POWER_TIMEOUT
			" together must be below the cluster's pcmk_off_timeout. In a "
			"cluster, pcmk_delay_base does the same.",
	},
	{
		.name = "verbose",
		.letter = 'v',
		.type = FENCE_FLAG,
		.help = "Print on standard error what is asked of which array, with which limit, "
			"and how long it took.",
	},
	{
		.name = "quiet",
		.letter = 'q',
		.type = FENCE_FLAG,
		.help = "Print nothing on standard error, not even the reason of a failure.",
	},
	{
		.name = "help",
		.letter = 'h',
		.type = FENCE_FLAG,
		.help = "Print help and exit.",
	},
	{
		.name = "version",
		.letter = 'V',
		.type = FENCE_FLAG,
		.help = "Print the version and exit.",
	},
};

/* Actions */

/* This host: the cluster's name of the node, or the kernel's name if there is no cluster. */
struct here {
	bool clustered;
	char name[NODE_NAME_MAX + 1];
};

static void here_find(struct here *here, struct deadline deadline)
{
	here->clustered = cluster_local_node(deadline_within(deadline, CLUSTER_ANSWER_MS),
					     here->name, sizeof(here->name), NULL) == 0;
}

static bool is_here(const struct here *here, const char *node)
{
	return here->clustered ? strcmp(here->name, node) == 0 : host_name_is_kernels(node);
}

struct target {
	const struct fence_call *call;
	bool changes; /* the action changes masks, so the requesting host must be known */
	struct here here;
	struct config *config;
	struct host_fence fence;
	struct process_set held; /* processes that used LUNs here before the arrays were asked */
	int held_rc;             /* the error of that search; matters only if the host is fenced */
	struct err held_err;
};

static void told_print(void *data, const char *line)
{
	(void)data;
	(void)printf("%s\n", line);
}

/* The initiator name of this host; NULL if it has no [host], as on an administrator's machine. */
static const char *requester(const struct target *target)
{
	size_t count;
	const struct config_host *hosts = config_hosts(target->config, &count);

	for (size_t i = 0; i < count; i++) {
		if (is_here(&target->here, hosts[i].node)) {
			return hosts[i].initiator;
		}
	}
	return NULL;
}

static void arrays_tell(const struct host_fence *fence)
{
	for (size_t i = 0; i < fence->n_arrays; i++) {
		const struct array *array = &fence->arrays[i];

		(void)fprintf(stderr, "fence_lunmask: array %s: driver %s by %s\n", array->name,
			      array->driver, array->runner.transport);
	}
	(void)fprintf(stderr, "fence_lunmask: this host asks as %s\n",
		      fence->by != NULL ? fence->by
					: "nobody, since nothing is changed or it has no [host]");
}

static int target_load(const struct fence_call *call, struct target *ret, struct err *err)
{
	int rc = config_load(fence_param_get(call, "config"), &ret->config, err);

	ret->call = call;
	ret->fence = (struct host_fence){.told = told_print, .data = ret};
	if (rc == 0 && ret->changes) {
		here_find(&ret->here, call->deadline);
		ret->fence.by = requester(ret);
	}
	rc = rc < 0 ? rc
		    : host_fence_arrays(ret->config, fence_param_get(call, "arrays"), &ret->fence,
					err);
	if (rc == 0 && fence_param_flag(call, "verbose")) {
		arrays_tell(&ret->fence);
	}
	if (rc == 0 && call->plug != NULL) {
		rc = config_host_get(ret->config, call->plug, &ret->fence.host, err);
	}
	return rc;
}

static void target_release(struct target *target)
{
	process_set_release(&target->held);
	config_free(target->config);
}
#define TARGET __attribute__((cleanup(target_release))) struct target

static int action_off(const struct fence_call *call, struct err *err)
{
	TARGET target = {.changes = true};
	int rc = target_load(call, &target, err);

	rc = rc != 0 ? rc : host_fence_off(&target.fence, call->deadline, err);
	if (rc == 0) {
		(void)printf("Success: %s is cut off from its LUNs\n", call->plug);
	}
	return rc;
}

/* Call it before the arrays are asked: the host may be unfenced before a later process starts. */
static void users_hold(struct target *target)
{
	const struct config_host *host = target->fence.host;

	if (is_here(&target->here, host->node)) {
		target->held_rc = initiator_process_hold_all(host->initiator, &target->held,
							     &target->held_err);
	}
}

/* Logs to stderr, which Pacemaker logs for every result. */
static int users_end(struct target *target, struct deadline deadline, struct err *err)
{
	for (size_t i = 0; i < target->held.n; i++) {
		(void)fprintf(stderr, "%s (pid %d) is from before the fencing: SIGKILL\n",
			      target->held.held[i].name, (int)target->held.held[i].pid);
	}
	return process_set_end(&target->held, deadline, err);
}

/* Kills what uses LUNs on a fenced host. It started before the fencing: no grant was made since. */
static int host_clean(const struct host_fence *fence, struct deadline deadline, struct err *err)
{
	struct target *target = fence->data;
	struct initiator_process left;
	int rc;

	if (fence_param_flag(target->call, "assume_clean")) {
		return 0;
	}
	if (!is_here(&target->here, fence->host->node)) {
		return err_set(
			err, -EPERM,
			"run this on %s itself, or set assume_clean if that host was powered off "
			"since: only there can the processes that use its LUNs be killed",
			fence->host->node);
	}
	if (target->held_rc < 0) {
		return err_set(err, target->held_rc, "%s", err_text(&target->held_err));
	}
	rc = users_end(target, deadline, err);
	rc = rc < 0 ? rc : initiator_process_find(fence->host->initiator, &left, err);
	if (rc == 0 && left.pid != 0) {
		rc = err_set(err, -EAGAIN, "%s (pid %d) began to use LUNs meanwhile: try again",
			     left.name, (int)left.pid);
	}
	return rc;
}

static int action_on(const struct fence_call *call, struct err *err)
{
	TARGET target = {.changes = true};
	int rc = target_load(call, &target, err);

	if (rc == 0) {
		users_hold(&target);
	}
	rc = rc != 0 ? rc : host_fence_on(&target.fence, host_clean, call->deadline, err);
	if (rc == 0) {
		(void)printf("Success: %s may be granted LUNs\n", call->plug);
	}
	return rc;
}

static const char *state_to_str(enum host_fence_state state)
{
	static const char *const words[] = {
		[HOST_FENCE_ON] = "ON", [HOST_FENCE_OFF] = "OFF", [HOST_FENCE_UNKNOWN] = "UNKNOWN"};

	return words[state];
}

static int action_status(const struct fence_call *call, struct err *err)
{
	TARGET target = {.config = NULL};
	enum host_fence_state state;
	int rc = target_load(call, &target, err);

	rc = rc != 0 ? rc : host_fence_status(&target.fence, call->deadline, &state, err);
	if (rc < 0) {
		return rc;
	}
	if (*err_text(err) != '\0') {
		(void)fprintf(stderr, "%s\n", err_text(err));
	}
	(void)printf("Status: %s\n", state_to_str(state));
	return state == HOST_FENCE_OFF ? FENCE_STATUS_OFF : 0;
}

static int action_list(const struct fence_call *call, struct err *err)
{
	TARGET target = {.config = NULL};
	size_t count = 0;
	int rc = target_load(call, &target, err);
	const struct config_host *hosts = rc < 0 ? NULL : config_hosts(target.config, &count);

	for (size_t i = 0; i < count; i++) {
		(void)printf("%s,\n", hosts[i].node);
	}
	return rc;
}

static int action_list_status(const struct fence_call *call, struct err *err)
{
	TARGET target = {.config = NULL};
	const struct config_host *hosts;
	size_t count;
	int rc = target_load(call, &target, err);

	if (rc < 0) {
		return rc;
	}
	hosts = config_hosts(target.config, &count);
	for (size_t i = 0; i < count; i++) {
		enum host_fence_state state;
		struct err note = ERR_INIT;

		target.fence.host = &hosts[i];
		(void)host_fence_status(&target.fence, call->deadline, &state, &note);
		if (*err_text(&note) != '\0') {
			(void)fprintf(stderr, "%s: %s\n", hosts[i].node, err_text(&note));
		}
		(void)printf("%s,,%s\n", hosts[i].node, state_to_str(state));
	}
	return 0;
}

static int action_monitor(const struct fence_call *call, struct err *err)
{
	TARGET target = {.config = NULL};
	int rc = target_load(call, &target, err);

	return rc != 0 ? rc : host_fence_monitor(&target.fence, call->deadline, err);
}

static int action_validate(const struct fence_call *call, struct err *err)
{
	TARGET target = {.config = NULL};

	return target_load(call, &target, err);
}

static const struct fence_action actions[] = {
	{.name = "on",
	 .run = action_on,
	 .timeout = POWER_TIMEOUT,
	 .flags = FENCE_ACTION_PLUG | FENCE_ACTION_AUTOMATIC | FENCE_ACTION_ON_TARGET,
	 .help = "Allow the host to be granted LUNs again (unfencing). This action grants nothing. "
		 "If the host is fenced, the agent first kills every process on it that still uses "
		 "LUNs under its initiator name. If a process cannot be killed, the host stays "
		 "fenced. Only the host itself can do this: the cluster runs the action there, "
		 "before it starts anything on the host."},
	{.name = "off",
	 .run = action_off,
	 .timeout = POWER_TIMEOUT,
	 .flags = FENCE_ACTION_PLUG | FENCE_ACTION_DELAYED,
	 .help = "Cut the host off. On every array, the agent records the host as fenced, so that "
		 "it cannot be granted any LUN. It then removes the grants of the host and cuts "
		 "its sessions, also those under an initiator name that the host had before, if "
		 "the array has recorded it. Finally it asks the arrays whether this is so. If it "
		 "does not "
		 "succeed on all arrays, the action fails."},
	{.name = "reboot",
	 .run = action_off,
	 .timeout = POWER_TIMEOUT,
	 .flags = FENCE_ACTION_PLUG | FENCE_ACTION_HIDDEN | FENCE_ACTION_DELAYED,
	 .help = "The same as off: the host stays cut off until on. The host may still be running, "
		 "and must not get its LUNs back automatically."},
	{.name = "enable",
	 .stands_for = "on",
	 .flags = FENCE_ACTION_HIDDEN,
	 .help = "The same as on."},
	{.name = "disable",
	 .stands_for = "off",
	 .flags = FENCE_ACTION_HIDDEN,
	 .help = "The same as off."},
	{.name = "status",
	 .run = action_status,
	 .timeout = LOGIN_TIMEOUT,
	 .flags = FENCE_ACTION_PLUG,
	 .help = "Report whether the host is on or off. It is off only if all arrays have it "
		 "fenced and no array has a grant or a session of it."},
	{.name = "list",
	 .run = action_list,
	 .timeout = LOGIN_TIMEOUT,
	 .help = "List all hosts, one \"NODE,\" a line."},
	{.name = "list-status",
	 .run = action_list_status,
	 .timeout = LOGIN_TIMEOUT,
	 .help = "List all hosts with their status ON, OFF or UNKNOWN."},
	{.name = "monitor",
	 .run = action_monitor,
	 .timeout = LOGIN_TIMEOUT,
	 .help = "Check whether off could succeed: all arrays answer, their drivers can fence, and "
		 "no "
		 "mask has an entry that admits more than one initiator, because fencing cannot "
		 "remove such an entry. The error names the LUN."},
	{.name = "metadata", .help = "Print the parameters and actions as XML."},
	{.name = "meta-data",
	 .stands_for = "metadata",
	 .flags = FENCE_ACTION_HIDDEN,
	 .help = "The same as metadata."},
	{.name = "manpage", .help = "Print this manual page."},
	{.name = "validate-all",
	 .run = action_validate,
	 .timeout = LOGIN_TIMEOUT,
	 .help = "Check the configuration. No array is asked."},
};

static const struct fence_agent agent = {
	.name = "fence_lunmask",
	.version = PACKAGE_VERSION,
	.date = PACKAGE_DATE,
	.shortdesc = "Fence agent that removes a host's access to its LUNs on the storage arrays",
	.longdesc =
		"fence_lunmask fences a host by LUN masking. On every array, it removes the "
		"host's grants and cuts its sessions. The array records the host as fenced, and "
		"refuses every new grant to it. The host need not answer, and it need not be "
		"switched off: it can no longer write to any LUN. fence_lunmask runs on any node, "
		"and it asks only the arrays. It does not need libvirt, the journal or quorum.\n"
		"It stops writes, not packets. A VM of the fenced host may keep executing, cut "
		"off from its data, with its network addresses, until the host is back or is "
		"switched off. Where that would do harm, make fence_lunmask the level after a "
		"power switch in a fencing topology, or use it with a watchdog.\n"
		"It also unfences. Set the meta attribute provides=unfencing on the device (pcs "
		"sets it automatically). The cluster then runs \"on\" on a node before it starts "
		"anything there. On a node that has returned, \"on\" kills the node's old VMs "
		"before the node may be granted a LUN again.\n"
		"Configure the device before you add VMs. If a device is new or changed, the "
		"cluster unfences every node, and stops the running resources for that time. If "
		"another fence device can switch nodes on, put both devices in a fencing "
		"topology. Without a topology, the cluster takes the \"on\" of the other device "
		"for the unfencing.\n"
		"If a node hangs, is fenced meanwhile and resumes, the cluster treats it as the "
		"member that it was before, and does not unfence it. Therefore run "
		"lunmask-cutoff(8) on every host: it kills the VMs of such a node and asks the "
		"cluster to unfence the node. If lunmask-cutoff does not run, restart Pacemaker "
		"on the node. Set multiple-active=stop_unexpected on every VM: the old records of "
		"such a node then do not stop the VM that was started elsewhere. Also set "
		"requires=fencing on every VM. With this device, the cluster's default for "
		"requires is unfencing. When such a node joins, Pacemaker may briefly lose its "
		"record that the other nodes are unfenced, and would then restart every VM.\n"
		"A fenced host cannot fence another host: the array refuses it. If two nodes "
		"fence each other at the same time, one of them wins, even without "
		"pcmk_delay_base. With pcmk_delay_base you can choose the winner. When the two "
		"nodes see each other again, the loser comes back: automatically with "
		"lunmask-cutoff(8), and otherwise when corosync and Pacemaker are restarted on "
		"it. Also restart corosync, so that wait_for_all keeps the loser from fencing the "
		"winner while the nodes are still apart (two_node: 1 in corosync.conf implies "
		"wait_for_all).\n"
		"Reboot is not an action of this agent. The cluster requests \"off\" instead, and "
		"the host stays off until \"on\".",
	.files = CONFIG_FILE ": the arrays, the hosts and their initiator names; the file must "
			     "be the same on every node",
	.examples = "pcs stonith create san fence_lunmask\n"
		    "crm configure primitive san stonith:fence_lunmask \\\n"
		    "    meta provides=unfencing op monitor interval=60s timeout=30s\n"
		    "fence_lunmask --action=status --plug=node2",
	.see_also = "lunmask (7)\nlunmask\\-cutoff (8)\nlunmask.conf (5)\nlunmask\\-array "
		    "(7)\nocf_lunmask_VirtualMachine (7)\n"
		    "stonith_admin (8)",
	.parameters = parameters,
	.n_parameters = G_N_ELEMENTS(parameters),
	.actions = actions,
	.n_actions = G_N_ELEMENTS(actions),
};

int main(int argc, char **argv)
{
	return fence_agent_main(&agent, argc, argv);
}
