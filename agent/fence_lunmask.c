/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * fence_lunmask: fences a host by taking its LUNs away on the arrays.
 *
 * What the administrator sees is in the two tables; what is done is lib/host_fence.h's.
 */

#include <stdio.h>
#include <string.h>

#include "array/host_fence.h"
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

#define ARRAY_SIZE(rows) (sizeof(rows) / sizeof((rows)[0]))

#define POWER_TIMEOUT "power_timeout"
#define LOGIN_TIMEOUT "login_timeout"
#define TIMEOUT_MAX_S 600

/* A cluster that hangs is no reason to wait long: the kernel has a name, too. */
#define CLUSTER_ANSWER_MS 3000

/* Parameters */

static const struct fence_parameter parameters[] = {
	{
		.name = "action",
		.letter = 'o',
		.metavar = "action",
		.help = "What to do; see the actions. There is no default.",
	},
	{
		.name = "option",
		.stands_for = "action",
		.hidden = true,
		.stdin_only = true,
		.help = "What action was called once.",
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
		.help = "What plug was called once.",
	},
	{
		.name = "nodename",
		.stands_for = "plug",
		.hidden = true,
		.stdin_only = true,
		.help = "The cluster's name of the host, when no plug is given.",
	},
	{
		.name = "arrays",
		.letter = 'a',
		.metavar = "names",
		.help = "The arrays to fence on: NAMEs of [array NAME] sections, with blanks or "
			"commas "
			"between them. Not set: all of them, which is what a cluster needs, unless "
			"several devices share the work.",
	},
	{
		.name = "config",
		.letter = 'c',
		.metavar = "file",
		.help = "The configuration to read. Not set: " CONFIG_FILE ".",
	},
	{
		.name = "assume_clean",
		.type = FENCE_FLAG,
		.help = "For on, where it does not run on the host itself: you have made sure that "
			"the "
			"host was powered off or rebooted since it was fenced, or is gone for "
			"good. "
			"Never set it in the cluster.",
	},
	{
		.name = POWER_TIMEOUT,
		.metavar = "seconds",
		.type = FENCE_SECONDS,
		.fallback = "40",
		.min = 1,
		.max = TIMEOUT_MAX_S,
		.help = "How long on and off may take, for all arrays together. Keep it below the "
			"cluster's pcmk_off_timeout and pcmk_on_timeout (60 s where they are not "
			"set).",
	},
	{
		.name = LOGIN_TIMEOUT,
		.metavar = "seconds",
		.type = FENCE_SECONDS,
		.fallback = "15",
		.min = 1,
		.max = TIMEOUT_MAX_S,
		.help = "How long a question may take (status, list-status, monitor), for all "
			"arrays "
			"together.",
	},
	{
		.name = "help",
		.letter = 'h',
		.type = FENCE_FLAG,
		.help = "Print help and end.",
	},
	{
		.name = "version",
		.letter = 'V',
		.type = FENCE_FLAG,
		.help = "Print the version and end.",
	},
};

/* Actions */

/* The cluster knows its nodes by names of its own; where there is none, the kernel has one. */
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
	bool changes; /* something: then it matters who asks */
	struct here here;
	struct config *config;
	struct host_fence fence;
	struct process_set held; /* what used LUNs here before the arrays were asked */
	int held_rc;             /* it could not be found out; of interest for a fenced host only */
	struct err held_err;
};

static void told_print(void *data, const char *line)
{
	(void)data;
	(void)printf("%s\n", line);
}

/* The host that this is; NULL: none, as where an administrator's machine fences. */
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

static int target_load(const struct fence_call *call, struct target *ret, struct err *err)
{
	int rc = config_load(fence_param_get(call, "config"), &ret->config, err);

	ret->call = call;
	ret->fence = (struct host_fence){.told = told_print, .data = ret};
	if (rc == 0 && ret->changes) {
		here_find(&ret->here, call->deadline);
		ret->fence.by = requester(ret);
	}
	if (rc == 0) {
		rc = host_fence_arrays(ret->config, fence_param_get(call, "arrays"), &ret->fence,
				       err);
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

/* Before the arrays are asked: what begins later may do so because the host was let in. */
static void users_hold(struct target *target)
{
	const struct config_host *host = target->fence.host;

	if (is_here(&target->here, host->node)) {
		target->held_rc = initiator_process_hold_all(host->initiator, &target->held,
							     &target->held_err);
	}
}

/* On stderr, which Pacemaker logs whatever the result is. */
static int users_end(struct target *target, struct deadline deadline, struct err *err)
{
	for (size_t i = 0; i < target->held.n; i++) {
		(void)fprintf(stderr, "%s (pid %d) is from before the fencing: SIGKILL\n",
			      target->held.held[i].name, (int)target->held.held[i].pid);
	}
	return process_set_end(&target->held, deadline, err);
}

/* Whatever uses LUNs on a fenced host began before it was fenced: nothing was granted since. */
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
			"only on %s itself can be seen, and ended, what still uses its LUNs: "
			"run this there, or give assume_clean when it was powered off since",
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
	const struct config_host *hosts;
	size_t count;
	int rc = target_load(call, &target, err);

	if (rc == 0) {
		hosts = config_hosts(target.config, &count);
		for (size_t i = 0; i < count; i++) {
			(void)printf("%s,\n", hosts[i].node);
		}
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
	 .help = "Let the host be granted LUNs again (unfencing); nothing is granted by it. Where "
		 "the "
		 "host is fenced, every process on it that still uses LUNs under its initiator "
		 "name "
		 "is killed first, and what cannot be killed keeps it fenced. Only the host itself "
		 "can "
		 "do that: the cluster runs it there, before it starts anything on it."},
	{.name = "off",
	 .run = action_off,
	 .timeout = POWER_TIMEOUT,
	 .flags = FENCE_ACTION_PLUG,
	 .help = "Cut the host off: on every array it is recorded as fenced, so that nobody can "
		 "grant "
		 "it anything, its grants are taken away and its sessions cut; then the arrays are "
		 "asked whether that is so. All arrays, or it has failed."},
	{.name = "reboot",
	 .run = action_off,
	 .timeout = POWER_TIMEOUT,
	 .flags = FENCE_ACTION_PLUG | FENCE_ACTION_HIDDEN,
	 .help = "The same as off: the host stays cut off until on. It may be alive, and must not "
		 "come "
		 "back to its LUNs by itself."},
	{.name = "status",
	 .run = action_status,
	 .timeout = LOGIN_TIMEOUT,
	 .flags = FENCE_ACTION_PLUG,
	 .help = "Is the host on or off? Off only when all arrays have it fenced and none has a "
		 "grant "
		 "or a session of it."},
	{.name = "list",
	 .run = action_list,
	 .timeout = LOGIN_TIMEOUT,
	 .help = "The hosts there are, one \"NODE,\" a line."},
	{.name = "list-status",
	 .run = action_list_status,
	 .timeout = LOGIN_TIMEOUT,
	 .help = "The same with ON, OFF or UNKNOWN."},
	{.name = "monitor",
	 .run = action_monitor,
	 .timeout = LOGIN_TIMEOUT,
	 .help = "Do all arrays answer, and can their drivers fence?"},
	{.name = "metadata", .help = "Print the parameters and actions as XML."},
	{.name = "meta-data", .flags = FENCE_ACTION_HIDDEN, .help = "The same."},
	{.name = "manpage", .help = "Print this manual page."},
	{.name = "validate-all",
	 .run = action_validate,
	 .timeout = LOGIN_TIMEOUT,
	 .help = "Is the configuration sound? No array is asked."},
};

static const struct fence_agent agent = {
	.name = "fence_lunmask",
	.version = PACKAGE_VERSION,
	.shortdesc = "Fence agent that takes a host's LUNs away on the storage arrays",
	.longdesc =
		"fence_lunmask fences a host by LUN masking: on every array its grants are taken "
		"away, "
		"its sessions are cut, and the array keeps a record that refuses it every new "
		"grant. "
		"The host need not answer, and need not be switched off: it can write to no LUN "
		"any "
		"more. It runs on any node and asks nobody but the arrays: no libvirt, no journal, "
		"no "
		"quorum.\n"
		"It stops writes, not packets. A VM of the fenced host may go on executing, cut "
		"from "
		"its data, with its network addresses, until the host is back or is switched off. "
		"Where that hurts, make fence_lunmask the level after a power switch in a fencing "
		"topology, or use it with a watchdog.\n"
		"It unfences: set the meta attribute provides=unfencing on the device (pcs does so "
		"by "
		"itself), and the cluster runs \"on\" on a node before it starts anything there. A "
		"node "
		"that is back has its old VMs ended by that before it may be granted a LUN again. "
		"A "
		"device that is new or changed makes the cluster unfence every node, and stop for "
		"that "
		"time what runs there: set it up before the VMs. Beside a device that can switch "
		"nodes "
		"on, put both in a fencing topology; without one, the cluster takes the other "
		"one's "
		"\"on\" for the unfencing.\n"
		"A node that hung, was fenced meanwhile, and goes on, is to the cluster the member "
		"that it "
		"was, and is not unfenced by it. lunmask-cutoff(8), which is to run on every "
		"host, ends its VMs and asks the cluster to unfence it; where that does not run, "
		"restart Pacemaker on the node. With multiple-active=stop_unexpected on a VM, what "
		"such a node remembers of it does not stop the one that was started elsewhere. Set "
		"requires=fencing on it, too: with this device the cluster's default is "
		"unfencing, and when such a node joins, Pacemaker may forget for a moment that "
		"the others are unfenced, and would restart every VM.\n"
		"Whoever is fenced can fence nobody: the array refuses it. Of two nodes that fence "
		"each other at once one wins, also without pcmk_delay_base, which lets you say "
		"which one. The loser comes back when the two see each other again: with "
		"lunmask-cutoff(8) by itself, otherwise when corosync and Pacemaker are restarted "
		"on it; corosync as well, so that wait_for_all keeps it from fencing the winner "
		"while the two are still apart (two_node: 1 in corosync.conf implies it).\n"
		"Rebooting is no action of it. The cluster asks for \"off\" instead, and the host "
		"stays "
		"off until \"on\".",
	.files = CONFIG_FILE ": arrays, hosts and their initiator names; the same on every node",
	.examples = "pcs stonith create san fence_lunmask\n"
		    "crm configure primitive san stonith:fence_lunmask \\\n"
		    "    meta provides=unfencing op monitor interval=60s timeout=30s\n"
		    "fence_lunmask --action=status --plug=node2",
	.see_also = "lunmask\\-cutoff (8)\nlunmask.conf (5)\nlunmask\\-array "
		    "(7)\nocf_lunmask_VirtualMachine (7)\n"
		    "stonith_admin (8)",
	.parameters = parameters,
	.n_parameters = ARRAY_SIZE(parameters),
	.actions = actions,
	.n_actions = ARRAY_SIZE(actions),
};

int main(int argc, char **argv)
{
	return fence_agent_main(&agent, argc, argv);
}
