/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_FENCE_FIXTURE_H
#define LUNMASK_TEST_FENCE_FIXTURE_H

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "fence/fence_agent.h"

/* An agent with a row of every kind; what it ran is in fence_ran and fence_plug. */
static const char *fence_ran;
static char fence_plug[64];
static int fence_rc;
static long long fence_began_ms, fence_left_ms;

static int fixture_run(const struct fence_call *call, struct err *err)
{
	fence_ran = call->action->name;
	(void)snprintf(fence_plug, sizeof(fence_plug), "%s", call->plug != NULL ? call->plug : "");
	fence_began_ms = deadline_now_ms();
	fence_left_ms = deadline_left_ms(call->deadline);
	return fence_rc < 0 ? err_set(err, fence_rc, "no such luck") : fence_rc;
}

static int fixture_check(const char *value, struct err *err)
{
	return *value == 'x' ? err_set(err, -EINVAL, "'%s' begins with x", value) : 0;
}

static const struct fence_parameter fixture_parameters[] = {
	{.name = "action", .letter = 'o', .metavar = "action", .help = "a<b"},
	{.name = "option", .stands_for = "action", .hidden = true, .stdin_only = true, .help = "h"},
	{.name = "plug", .letter = 'n', .metavar = "node", .help = "the host"},
	{.name = "port", .stands_for = "plug", .stdin_only = true, .help = "once"},
	{.name = "nodename",
	 .stands_for = "plug",
	 .hidden = true,
	 .stdin_only = true,
	 .help = "cluster's"},
	{.name = "arrays", .metavar = "names", .check = fixture_check, .help = ".first"},
	{.name = "power_timeout",
	 .metavar = "seconds",
	 .type = FENCE_SECONDS,
	 .fallback = "40",
	 .min = 1,
	 .max = 600,
	 .help = "how long"},
	{.name = "delay",
	 .metavar = "seconds",
	 .type = FENCE_SECONDS,
	 .fallback = "0",
	 .max = 600,
	 .help = "wait"},
	{.name = "verbose", .letter = 'v', .type = FENCE_FLAG, .help = "more"},
	{.name = "quiet", .letter = 'q', .type = FENCE_FLAG, .help = "less"},
	{.name = "sure", .letter = 's', .type = FENCE_FLAG, .help = "a flag"},
	{.name = "help", .letter = 'h', .type = FENCE_FLAG, .help = "h"},
	{.name = "version", .letter = 'V', .type = FENCE_FLAG, .help = "v"},
};

#define RUN(verb, bits)                                                                            \
	{                                                                                          \
		.name = verb, .run = fixture_run, .timeout = "power_timeout", .flags = bits,       \
		.help = "does " verb                                                               \
	}

static const struct fence_action fixture_actions[] = {
	RUN("on", FENCE_ACTION_PLUG | FENCE_ACTION_AUTOMATIC | FENCE_ACTION_ON_TARGET),
	RUN("off", FENCE_ACTION_PLUG | FENCE_ACTION_DELAYED),
	RUN("reboot", FENCE_ACTION_PLUG | FENCE_ACTION_HIDDEN | FENCE_ACTION_DELAYED),
	RUN("status", FENCE_ACTION_PLUG),
	RUN("monitor", 0),
	{.name = "enable", .stands_for = "on", .flags = FENCE_ACTION_HIDDEN, .help = "does on"},
	{.name = "metadata", .help = "xml"},
	{.name = "manpage", .help = "page"},
};

static const struct fence_agent fixture_agent = {
	.name = "fence_unit",
	.version = "7",
	.date = "2026-01-02",
	.shortdesc = "short-desc",
	.longdesc = "long\nlonger",
	.files = "/etc/f: file",
	.examples = "fence_unit -o off\n    x",
	.see_also = "a (1)\nb (2)",
	.parameters = fixture_parameters,
	.n_parameters = G_N_ELEMENTS(fixture_parameters),
	.actions = fixture_actions,
	.n_actions = G_N_ELEMENTS(fixture_actions),
};

#endif
