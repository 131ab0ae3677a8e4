/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/report/doctor.h"

#include "base/realtime.h"
#include "doctor/look/doctor_look.h"
#include "doctor/check/doctor_peer.h"

size_t doctor_run(const struct doctor_options *options)
{
	enum doctor_scope scope = options->local ? DOCTOR_LOCAL : DOCTOR_ALL;
	int64_t began_ms = realtime_now_ms();
	struct doctor_look *look = doctor_look_new(scope, options->deadline);
	const struct doctor_facts *facts = doctor_look_facts(look);
	struct doctor_report report = {0};
	size_t failed;

	doctor_judge(facts, scope, &report);
	for (size_t i = 0; i < facts->peers.n; i++) {
		doctor_peer_add(&facts->peers.of[i], &report);
	}
	if (options->ret_json != NULL) {
		*options->ret_json = doctor_json(facts, &report, began_ms, realtime_now_ms());
	} else {
		doctor_print(facts, &report, options->all);
	}
	failed = report.counts[DOCTOR_FAIL];
	doctor_report_release(&report);
	doctor_look_free(look);
	return failed;
}
