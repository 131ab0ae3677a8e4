/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TPM_STATE_H
#define LUNMASK_TPM_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "state/slot.h"

/*
 * Encodes and decodes the permanent state of a TPM 2.0, as swtpm(8) keeps it in its file
 * tpm2-00.permall, as the payload of a slot (state/slot.h) on the VM's TPM LUN. This module does no
 * I/O. A slot has a checksum, and is written in turn with the other one, so that a torn write loses
 * nothing. The layout, little-endian:
 *
 *	 0  8  magic "LUNMTPM\0"
 *	 8  4  version, 1
 *	12  4  length of the state in bytes
 *	16  .  the state
 *
 * What swtpm keeps beside it is not stored: its volatile state is that of a TPM without power.
 */
#define TPM_STATE_HEADER_BYTES 16u
#define TPM_STATE_MAX (256u * 1024)

/* Bytes that the LUN must have at least. */
#define TPM_LUN_BYTES_MIN SLOT_AREA_BYTES

/*
 * The caller frees *ret_payload (g_free). -EMSGSIZE: more than TPM_STATE_MAX bytes; -EINVAL: none;
 * with text.
 */
int tpm_state_encode(const void *state, size_t bytes, char **ret_payload, size_t *ret_bytes,
		     struct err *err);

/*
 * *ret points into payload. -EBADMSG: no state of a TPM, such as the mapping file of a state LUN;
 * -ENOTSUP: a newer lunmask wrote it; -EUCLEAN: its length is wrong; with text.
 */
int tpm_state_decode(const char *payload, size_t payload_bytes, const char **ret, size_t *ret_bytes,
		     struct err *err);

#endif
