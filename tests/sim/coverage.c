/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "coverage.h"

#include <inttypes.h>

static const char *const TEXTS[] = {
#define X(name, text) [COVERAGE_##name] = text,
	COVERAGE_FAULTS(X) COVERAGE_OTHERS(X)
#undef X
};

void coverage_merge(struct coverage *sum, const struct coverage *part)
{
	for (int i = 0; i < COVERAGE_POINTS; i++) {
		sum->point[i] += part->point[i];
	}
	for (int i = 0; i < MESSAGE_KIND_MAX; i++) {
		sum->sent[i] += part->sent[i];
	}
	for (int i = 0; i < 8; i++) {
		sum->with_nodes[i] += part->with_nodes[i];
	}
	sum->seeds += part->seeds;
	sum->settle_ms_sum += part->settle_ms_sum;
	if (part->settle_ms_max > sum->settle_ms_max) {
		sum->settle_ms_max = part->settle_ms_max;
	}
}

void coverage_print(const struct coverage *coverage, FILE *to)
{
	for (int i = 0; i < COVERAGE_POINTS; i++) {
		fprintf(to, "%12" PRIu64 "  %s\n", coverage->point[i], TEXTS[i]);
	}
	for (int i = MESSAGE_HELLO; i < MESSAGE_KIND_MAX; i++) {
		fprintf(to, "%12" PRIu64 "  sent: %s\n", coverage->sent[i],
			message_kind_to_str((enum message_kind)i));
	}
	for (int i = 2; i < 8; i++) {
		if (coverage->with_nodes[i] > 0) {
			fprintf(to, "%12" PRIu64 "  seeds with %d nodes\n", coverage->with_nodes[i],
				i);
		}
	}
	if (coverage->seeds > 0) {
		fprintf(to,
			"requests end %" PRIu64 " ms after the faults on average, %" PRId64
			" ms at most\n",
			coverage->settle_ms_sum / coverage->seeds, coverage->settle_ms_max);
	}
}

int coverage_check(const struct coverage *coverage, FILE *to)
{
	int missing = 0;

	for (int i = 0; i < COVERAGE_FAULTS_END; i++) {
		if (coverage->point[i] == 0) {
			fprintf(to, "never happened: %s\n", TEXTS[i]);
			missing++;
		}
	}
	for (int i = MESSAGE_HELLO; i < MESSAGE_KIND_MAX; i++) {
		if (coverage->sent[i] == 0) {
			fprintf(to, "never sent: %s\n", message_kind_to_str((enum message_kind)i));
			missing++;
		}
	}
	return missing;
}
