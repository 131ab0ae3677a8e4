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
