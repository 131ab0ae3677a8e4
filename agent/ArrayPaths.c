/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * ocf:lunmask:ArrayPaths: through how many portals a node reaches each array, as attributes of the
 * node. This file has the tables; array_paths.h does the work.
 */

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "agent/array_paths.h"
#include "cluster/cluster_attribute.h"
#include "cluster/pacemaker_compat.h"
#include "config/config.h"
#include "names/lun.h"
#include "names/name.h"
#include "ocf/ocf_agent.h"
#include "ocf/ocf_call.h"
#include "ocf/ocf_exit.h"
#include "ocf/ocf_param.h"

#ifndef PACKAGE_VERSION
#error "PACKAGE_VERSION comes from configure"
#endif

#define PREFIX_MAX 64
#define DAMPEN_MAX_MS 3600000
#define MULTIPLIER_MAX 10000

static int check_arrays(const char *value, struct err *err)
{
	g_auto(GStrv) words = g_strsplit_set(value, " \t\n", -1);

	for (size_t i = 0; words[i] != NULL; i++) {
		if (words[i][0] != '\0' && !lun_name_valid(words[i])) {
			return err_set(err, -EINVAL,
				       "'%.100s' is not an array's name, as in the [array NAME] "
				       "sections of " CONFIG_FILE,
				       words[i]);
		}
	}
	return 0;
}

static int check_name(const char *value, struct err *err)
{
	if (!name_valid(value, PREFIX_MAX, "._-")) {
		return err_set(
			err, -EINVAL,
			"'%.100s' is not a prefix: 1 to %d letters, digits, '.', '_' or '-', "
			"the first a letter or digit",
			value, PREFIX_MAX);
	}
	return 0;
}

static const struct ocf_parameter parameters[] = {
	{
		.name = "arrays",
		.reloadable = true,
		.check = check_arrays,
		.shortdesc = "Arrays to look at",
		.longdesc = "Names of [array NAME] sections of " CONFIG_FILE
			    ", with blanks between them. If it is not set, all of them are looked "
			    "at.",
	},
	{
		.name = "name",
		.fallback = CLUSTER_ATTRIBUTE_PREFIX,
		.unique_group = "name",
		.check = check_name,
		.shortdesc = "What the names of the attributes begin with",
		.longdesc = "The attribute of an array is this and the array's name, such as "
			    "lunmask-san1. Rules of location constraints use it; 'lunmask rules' "
			    "prints such rules.",
	},
	{
		.name = "dampen",
		.type = OCF_TIME,
		.fallback = "5s",
		.max = DAMPEN_MAX_MS,
		.reloadable = true,
		.shortdesc = "How long to wait for further changes",
		.longdesc = "When an attribute changes, the cluster waits for so long before it "
			    "acts, so that nodes which lose or regain an array at about the same "
			    "time are seen together. lunmaskd itself confirms a loss before it "
			    "believes it.",
	},
	{
		.name = "multiplier",
		.type = OCF_INTEGER,
		.fallback = "1",
		.min = 1,
		.max = MULTIPLIER_MAX,
		.reloadable = true,
		.shortdesc = "By what the number of portals is multiplied",
		.longdesc = "Greater than 1 if the attribute is used as a score "
			    "(score-attribute), and one path is to weigh more than the stickiness "
			    "of a resource.",
	},
};

static struct array_paths settings_read(const struct ocf_call *call)
{
	return (struct array_paths){
		.arrays = ocf_param_string(call->agent, "arrays"),
		.prefix = ocf_param_string(call->agent, "name"),
		.dampen_ms = ocf_param_time_ms(call->agent, "dampen"),
		.multiplier = ocf_param_integer(call->agent, "multiplier"),
		.node = call->node,
	};
}

static int publish(const struct ocf_call *call, bool first, struct array_paths_count *ret,
		   struct err *err)
{
	struct array_paths settings = settings_read(call);

	return array_paths_publish(&settings, first, call->deadline, ret, err);
}

/* What is lost is not start's failure: the next monitor tells it. */
static int action_start(const struct ocf_call *call, struct err *err)
{
	struct array_paths_count count;
	int rc = publish(call, true, &count, err);

	if (rc == 0 && err_text(err)[0] != '\0') {
		ocf_exit_log("%s: %s", call->action->name, err_text(err));
	}
	return rc;
}

static int action_stop(const struct ocf_call *call, struct err *err)
{
	struct array_paths settings = settings_read(call);
	int rc = array_paths_clear(&settings, call->deadline, err);

	if (rc == 0 && err_text(err)[0] != '\0') {
		ocf_exit_log("stop: %s", err_text(err));
	}
	return rc;
}

static int action_monitor(const struct ocf_call *call, struct err *err)
{
	struct array_paths settings = settings_read(call);
	struct array_paths_count count;
	int rc;

	if (!array_paths_published(&settings)) {
		return PCMK_OCF_NOT_RUNNING;
	}
	rc = publish(call, false, &count, err);
	if (rc < 0) {
		return count.conf_unusable ? PCMK_OCF_DEGRADED : rc;
	}
	return count.usable < count.portals || count.measured_here ? PCMK_OCF_DEGRADED
								   : PCMK_OCF_OK;
}

static int action_validate(const struct ocf_call *call, struct err *err)
{
	struct array_paths settings = settings_read(call);

	return call->check_level > 0 ? array_paths_check(&settings, call->deadline, err) : 0;
}

static const struct ocf_action actions[] = {
	{.name = "start", .run = action_start, .timeout_s = 60, .flags = OCF_ACTION_CHECKS},
	{.name = "stop", .run = action_stop, .timeout_s = 20},
	{.name = "monitor", .run = action_monitor, .timeout_s = 60, .interval_s = 10},
	{.name = "reload-agent",
	 .run = action_start,
	 .timeout_s = 60,
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
	.name = "ArrayPaths",
	.version = PACKAGE_VERSION,
	.date = PACKAGE_DATE,
	.shortdesc = "Through how many portals a node reaches each array, as node attributes",
	.longdesc =
		"Run this agent as a clone, on every node. For each array of " CONFIG_FILE
		", it publishes the number of portals through which the node reaches the array, as "
		"an attribute of the node such as lunmask-san1. With a rule that uses the "
		"attribute, a node without a path is never chosen for a VM, and a VM on a node "
		"that loses all paths moves away; 'lunmask rules VM' prints such rules.\n"
		"lunmaskd(8) measures the paths. What it does not know, the agent measures itself, "
		"by a login to the portal, so a VM is not moved because lunmaskd is away.\n"
		"monitor is 190 (degraded) while a portal is lost, if lunmaskd does not know all "
		"of them, or if " CONFIG_FILE
		" cannot be used, in which case the attributes stay as they are. It fails only if "
		"the attributes cannot be set. stop takes them away.",
	.parameters = parameters,
	.n_parameters = G_N_ELEMENTS(parameters),
	.actions = actions,
	.n_actions = G_N_ELEMENTS(actions),
};

int main(int argc, char **argv)
{
	return ocf_agent_main(&agent, argc, argv);
}
