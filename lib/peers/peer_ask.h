/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PEER_ASK_H
#define LUNMASK_PEER_ASK_H

#include "base/deadline.h"
#include "base/err.h"
#include "peers/peer_body.h"
#include "san/peer_probe.h"

/*
 * Asks another node through lunmaskd here and there, without ssh and without a connection to its
 * libvirt (docs/decisions/0026).
 *
 * Each function returns 0 if the node has answered. Otherwise it returns -errno with text: lunmaskd
 * here or there does not run, is older or full, or what it started there hung or could not look.
 * That is no evidence of anything (I5), and the caller goes its other way.
 */

/*
 * The LUNs of the request as that node sees them. Its verdict is *ret_rc, as that of
 * peer_probe_run(), with text in err. request->node and timeout_ms are not used.
 */
int peer_ask_verify(const char *node, const struct peer_probe_request *request,
		    struct deadline deadline, struct iscsi_portals *ret, int *ret_rc,
		    struct err *err);

/*
 * The domain in that node's libvirt at LIBVIRT_URI_SYSTEM; LOST: only its process is there. ret->rc
 * is 0.
 */
int peer_ask_domain(const char *node, const char *vm, struct deadline deadline,
		    struct peer_reply *ret, struct err *err);

/*
 * Would that node's libvirt take the domain? ret->rc: -EEXIST, -ENOTSUP, -ENOSPC, -EIO, as from
 * hypervisor_preflight(), hypervisor_flash_check() and hypervisor_tpm_check(). Of the definition
 * only what is looked at is sent: no secrets, and no drives.
 */
int peer_ask_preflight(const char *node, const char *vm, const char *definition,
		       const struct peer_needs *needs, struct deadline deadline,
		       struct peer_reply *ret, struct err *err);

#endif
