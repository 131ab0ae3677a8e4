/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_AGENT_PARAMETERS_H
#define LUNMASK_AGENT_PARAMETERS_H

#include "action/vm.h"
#include "ocf/ocf_agent.h"
#include "ocf/ocf_call.h"

/* The parameters of ocf:lunmask:VirtualMachine: what an administrator can set, a row for each. */
extern const struct ocf_parameter parameters[];
extern const size_t n_parameters;

/* What the call has set, or the defaults. The strings are the environment's. */
void parameters_read(const struct ocf_call *call, struct vm_settings *ret);

#endif
