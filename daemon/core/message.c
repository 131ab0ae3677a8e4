/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/message.h"

const char *message_kind_to_str(enum message_kind kind)
{
	static const char *const texts[MESSAGE_KIND_MAX] = {
		[MESSAGE_HELLO] = "hello",     [MESSAGE_PREPARE] = "prepare",
		[MESSAGE_STATE] = "state",     [MESSAGE_FETCH] = "fetch",
		[MESSAGE_ENTRIES] = "entries", [MESSAGE_SNAPSHOT] = "snapshot",
		[MESSAGE_APPEND] = "append",   [MESSAGE_ACK] = "ack",
		[MESSAGE_REQUEST] = "request", [MESSAGE_BARRIER] = "barrier",
		[MESSAGE_ECHO] = "echo",       [MESSAGE_FAILED] = "failed",
	};

	return (unsigned int)kind < MESSAGE_KIND_MAX && texts[kind] != NULL ? texts[kind]
									    : "unknown";
}

bool seen_exceeds(const struct seen *seen, size_t n, const struct seen *said)
{
	for (size_t i = 0; i < n; i++) {
		if (seen[i].node == said->node && id128_equal(&seen[i].disk, &said->disk) &&
		    (seen[i].boot > said->boot ||
		     position_compare(seen[i].acked, said->acked) > 0)) {
			return true;
		}
	}
	return false;
}
