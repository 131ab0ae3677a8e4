/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fencing/host_names.h"

#include <string.h>

/* Adds the former names that another host has now, or those that none has. */
static int former_add(const struct config_host *host, const struct config *config,
		      const char *cluster, const struct array_fenced *fenced, bool given_away,
		      struct host_names *ret, struct err *err)
{
	struct array_host_id id = array_host_id(host->node, cluster);

	for (size_t i = 0; id.text[0] != '\0' && i < fenced->n_hosts; i++) {
		const char *initiator = fenced->hosts[i].initiator;
		bool away = config != NULL && config_host_find_initiator(config, initiator) != NULL;

		if (strcmp(fenced->hosts[i].id, id.text) != 0 ||
		    strcmp(initiator, host->initiator) == 0 || away != given_away) {
			continue;
		}
		if (ret->n == HOST_NAMES_MAX) {
			return err_set(err, -E2BIG,
				       "the array has recorded more than %d names of %s",
				       HOST_NAMES_MAX, host->node);
		}
		ret->all[ret->n++] = initiator;
	}
	return 0;
}

int host_names_find(const struct config_host *host, const struct config *config,
		    const char *cluster, const struct array_fenced *fenced, struct host_names *ret,
		    struct err *err)
{
	int rc;

	*ret = (struct host_names){.all = {host->initiator}, .n = 1};
	rc = former_add(host, config, cluster, fenced, false, ret, err);
	ret->n_own = ret->n;
	return rc != 0 ? rc : former_add(host, config, cluster, fenced, true, ret, err);
}

size_t host_names_open(const struct host_names *names, const struct array_fenced *fenced,
		       const char **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < names->n_own; i++) {
		if (!array_fenced_has(fenced, names->all[i])) {
			ret[n++] = names->all[i];
		}
	}
	return n;
}
