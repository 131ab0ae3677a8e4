/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: the first message of a login. What is redirected has names of iSCSI. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "names/lun.h"
#include "redirect/login_message.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char answer[LOGIN_ANSWER_MAX];
	struct login_request request;
	struct err err = ERR_INIT;
	size_t bytes;
	int rc;

	if (size < LOGIN_HEADER_BYTES || login_request_length(data, &bytes, &err) < 0 ||
	    size - LOGIN_HEADER_BYTES < bytes) {
		return 0;
	}
	rc = login_request_decode(data, data + LOGIN_HEADER_BYTES, bytes, &request, &err);
	must(rc == 0 ? request.refusal == LOGIN_MOVED
		     : request.refusal != LOGIN_MOVED && *err_text(&err) != '\0');
	must(rc < 0 || (iscsi_name_valid(request.initiator) && iscsi_name_valid(request.target)));
	must(login_answer_redirect(&request, "[2001:db8::1]:3260", answer) <= LOGIN_ANSWER_MAX);
	must(login_answer_refuse(&request, LOGIN_UNAVAILABLE, answer) == LOGIN_HEADER_BYTES);
	return 0;
}
