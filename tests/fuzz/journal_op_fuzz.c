/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * libFuzzer target: an operation, a task and a release, as nodes and clients send them. What is
 * decoded must encode to the same bytes.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t again[JOURNAL_RECORD_BYTES_MAX];

static void same_or_abort(const uint8_t *data, size_t used, size_t bytes)
{
	if (bytes != used || memcmp(data, again, bytes) != 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_release release;
	struct journal_task task;
	struct journal_op op;
	size_t used;

	if (journal_op_decode(data, size, &op) == 0) {
		same_or_abort(data, size, journal_op_encode(&op, again));
	}
	if (journal_task_decode(data, size, &task, &used) == 0) {
		same_or_abort(data, used, journal_task_encode(&task, again));
	}
	if (journal_release_decode(data, size, &release, &used) == 0) {
		same_or_abort(data, used, journal_release_encode(&release, again));
	}
	return 0;
}
