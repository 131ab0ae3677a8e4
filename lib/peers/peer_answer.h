/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_PEER_ANSWER_H
#define LUNMASK_PEER_ANSWER_H

#include "journal/journal_ask.h"

/*
 * What lunmask-answer does with a question of another node: it looks at this host, and changes
 * nothing. An error is an answer, too. uri: this host's libvirt. For free(); NULL: no memory.
 */
char *peer_answer(const struct journal_ask_request *request, const char *uri);

#endif
