/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: lunmask-probe's request and answer. A refusal has a text. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "san/peer_probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer_probe_storage *storage = NULL;
	struct peer_probe_request request;
	struct iscsi_portals portals;
	struct err err = ERR_INIT;
	struct err answer_err = ERR_INIT;
	char *text;

	if (peer_probe_request_decode((const char *)data, size, &request, &storage, &err) == 0) {
		text = peer_probe_request_encode(&request);
		if (text == NULL) {
			abort();
		}
		free(text);
		peer_probe_storage_free(storage);
	} else if (*err_text(&err) == '\0') {
		abort();
	}
	if (peer_probe_answer_decode((const char *)data, size, 2, &portals, &answer_err) < 0 &&
	    *err_text(&answer_err) == '\0') {
		abort();
	}
	return 0;
}
