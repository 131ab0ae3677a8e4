/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: what a TPM LUN holds, and lunmask-tpm's request and answer. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "tests/fuzz/must.h"
#include "tpm/tpm_request.h"
#include "tpm/tpm_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void state_look(const char *data, size_t size)
{
	g_autofree char *payload = NULL;
	struct err err = ERR_INIT;
	const char *found = NULL;
	size_t bytes = 0, again = 0;

	if (tpm_state_decode(data, size, &found, &bytes, &err) < 0) {
		must(*err_text(&err) != '\0');
		return;
	}
	must(tpm_state_encode(found, bytes, &payload, &again, &err) == 0);
	must(again == size && memcmp(payload, data, size) == 0);
}

static void request_look(const char *data, size_t size)
{
	struct tpm_request request;
	struct tpm_request again;
	struct err err = ERR_INIT;
	char *text;

	if (tpm_request_decode(data, size, &request, &err) < 0) {
		must(*err_text(&err) != '\0');
		return;
	}
	text = tpm_request_encode(&request);
	must(text != NULL);
	must(tpm_request_decode(text, strlen(text), &again, &err) == 0);
	must(strcmp(request.vm, again.vm) == 0 && strcmp(request.uuid, again.uuid) == 0 &&
	     request.verb == again.verb && request.n_portals == again.n_portals);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;

	state_look((const char *)data, size);
	request_look((const char *)data, size);
	must(tpm_answer_decode((const char *)data, size, &err) == 0 || *err_text(&err) != '\0');
	return 0;
}
