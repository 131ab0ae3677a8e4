/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: lunmask.conf and journal.conf. What is accepted must keep its promises. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "config/config.h"
#include "node/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL;
	struct settings settings;
	struct err err = ERR_INIT;
	const struct config_host *hosts;
	size_t count;

	if (settings_parse((const char *)data, size, "fuzz", &settings, &err) < 0 &&
	    *err_text(&err) == '\0') {
		abort();
	}

	if (config_parse((const char *)data, size, "fuzz", &config, &err) < 0) {
		if (config != NULL || *err_text(&err) == '\0') {
			abort();
		}
		return 0;
	}
	hosts = config_hosts(config, &count);
	for (size_t i = 0; i < count; i++) {
		if (hosts[i].migration_address == NULL ||
		    config_host_find_initiator(config, hosts[i].initiator) != &hosts[i]) {
			abort();
		}
	}
	config_free(config);
	return 0;
}
