/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm_state.h"

#include <glib.h>
#include <string.h>

#include "base/little.h"

#define STATE_VERSION 1

static const char magic[8] = "LUNMTPM";

int tpm_state_encode(const void *state, size_t bytes, char **ret_payload, size_t *ret_bytes,
		     struct err *err)
{
	uint8_t *at;

	if (bytes == 0 || bytes > TPM_STATE_MAX) {
		return err_set(err, bytes == 0 ? -EINVAL : -EMSGSIZE,
			       "the state of a TPM has %zu bytes; legal are 1 to %u", bytes,
			       TPM_STATE_MAX);
	}
	*ret_bytes = TPM_STATE_HEADER_BYTES + bytes;
	*ret_payload = g_malloc(*ret_bytes);
	memcpy(*ret_payload, magic, sizeof(magic));
	at = (uint8_t *)*ret_payload + sizeof(magic);
	at = little_put32(at, STATE_VERSION);
	at = little_put32(at, (uint32_t)bytes);
	memcpy(at, state, bytes);
	return 0;
}

int tpm_state_decode(const char *payload, size_t payload_bytes, const char **ret, size_t *ret_bytes,
		     struct err *err)
{
	const uint8_t *at = (const uint8_t *)payload;
	uint32_t version, bytes;

	if (payload_bytes < TPM_STATE_HEADER_BYTES || memcmp(at, magic, sizeof(magic)) != 0) {
		return err_set(err, -EBADMSG,
			       "it holds something else than the state of a TPM, such as a mapping "
			       "file: name another LUN, or overwrite its first MiB with zeros");
	}
	version = little_get32(at + 8);
	bytes = little_get32(at + 12);
	if (version != STATE_VERSION) {
		return err_set(err, -ENOTSUP,
			       "a newer lunmask wrote its version %u; this one knows version %d",
			       version, STATE_VERSION);
	}
	if (bytes == 0 || bytes > TPM_STATE_MAX ||
	    bytes != payload_bytes - TPM_STATE_HEADER_BYTES) {
		return err_set(err, -EUCLEAN,
			       "its length is given as %u bytes, and %zu bytes follow", bytes,
			       payload_bytes - TPM_STATE_HEADER_BYTES);
	}
	*ret = payload + TPM_STATE_HEADER_BYTES;
	*ret_bytes = bytes;
	return 0;
}
