/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PEER_VERIFY_H
#define LUNMASK_PEER_VERIFY_H

#include "san/peer_probe.h"

/*
 * What a host does that is asked to verify LUNs (peer_probe.h), by its lunmaskd or by
 * lunmask-probe: iscsi_luns_verify(), with CHAP as its own lunmask.conf says. If it is the target
 * of a migration of secret_for, and the LUNs are good, it gives the VM's secret to its libvirt at
 * uri (libvirt_secret.h). The errors of both.
 */
int peer_verify(const struct peer_probe_request *request, const char *uri, struct deadline deadline,
		struct iscsi_portals *ret, struct err *err);

#endif
