/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_HOSTS_H
#define LUNMASK_ARRAY_HOSTS_H

#include "driver/core/driver.h"

/*
 * Records for which host an initiator is granted LUNs. If a host gets another initiator name while
 * its VMs still run under the old one, fencing finds the old one here.
 *
 * Call it under the lock, before the grant. It forgets another host of the initiator if the
 * initiator has no path to any LUN. 0 if the driver keeps no such record.
 */
int hosts_record(const struct driver *driver, void *backend, const char *initiator,
		 const char *host, struct deadline deadline, struct fault *fault);

bool host_id_valid(const char *text);

#endif
