/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/cluster_node.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Does the value mean yes: the given word, the boolean, or a time that is not 0? */
static bool says_yes(const char *value, const char *word)
{
	char *end;

	if (strcmp(value, word) == 0 || strcmp(value, "true") == 0) {
		return true;
	}
	return strtoll(value, &end, 10) > 0 && *end == '\0';
}

static bool says_no(const char *value, const char *word)
{
	return strcmp(value, word) == 0 || strcmp(value, "false") == 0 || strcmp(value, "0") == 0;
}

enum cluster_node_fate cluster_node_judge(const struct cluster_node_state *state)
{
	if (state->in_ccm == NULL || state->crmd == NULL || state->expected == NULL) {
		return CLUSTER_NODE_UNKNOWN;
	}
	if (says_yes(state->in_ccm, "true") || says_yes(state->crmd, "online")) {
		return CLUSTER_NODE_UP;
	}
	if (says_no(state->in_ccm, "false") && says_no(state->crmd, "offline") &&
	    strcmp(state->expected, "down") == 0) {
		return CLUSTER_NODE_DOWN;
	}
	return CLUSTER_NODE_UNKNOWN;
}
