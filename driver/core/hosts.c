/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/core/hosts.h"

#include "names/name.h"

int hosts_record(const struct driver *driver, void *backend, const char *initiator,
		 const char *host, struct deadline deadline, struct fault *fault)
{
	struct masks masks = {0};
	int rc;

	if (driver->host_known == NULL || driver->host_known(backend, initiator, host)) {
		return 0;
	}
	rc = driver->masks.read(backend, NULL, 0, deadline, &masks, fault);
	rc = rc != 0 ? rc : driver->host_record(backend, initiator, host, &masks, fault);
	masks_release(&masks);
	return rc;
}

bool host_id_valid(const char *text)
{
	return name_valid(text, HOST_ID_MAX, "._-@");
}
