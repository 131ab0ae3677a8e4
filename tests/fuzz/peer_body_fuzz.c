/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: bodies of questions and answers, as another node may send them. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "peers/peer_body.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer_question question;
	struct peer_reply reply, back;
	struct err err = ERR_INIT;

	if (peer_question_decode((const char *)data, size, &question, &err) == 0) {
		must(question.vm[0] != '\0');
		free(peer_question_encode(question.vm, question.definition, &question.needs));
	}
	peer_question_release(&question);
	if (peer_reply_decode((const char *)data, size, &reply, &err) == 0) {
		char *text = peer_reply_encode(&reply);

		must(reply.rc <= 0 && text != NULL);
		must(peer_reply_decode(text, strlen(text), &back, NULL) == 0);
		must(back.rc == reply.rc && strcmp(back.host, reply.host) == 0);
		free(text);
	}
	return 0;
}
