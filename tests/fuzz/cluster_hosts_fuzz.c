/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cluster/cluster_hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of whatever the CIB holds: each host has a name, and what is said of it may be printed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cluster_hosts hosts;

	if (cluster_hosts_parse((const char *)data, size, "web1", &hosts, NULL) != 0) {
		return 0;
	}
	for (size_t i = 0; i < hosts.count; i++) {
		const struct cluster_host *host = &hosts.hosts[i];

		if (host->node[0] == '\0' || !text_is_printable(host->node)) {
			abort();
		}
		for (size_t k = 0; k < CLUSTER_OBSTACLES; k++) {
			if (!text_is_printable(host->obstacles[k].text) ||
			    host->obstacles[k].there > CLUSTER_THERE) {
				abort();
			}
		}
	}
	cluster_hosts_release(&hosts);
	return 0;
}
