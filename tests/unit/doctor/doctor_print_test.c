/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor/report/doctor.h"

#define OUTPUT_MAX 8192

/* What doctor_print() writes to stdout. */
static void printed(const struct doctor_report *report, bool all, char ret[OUTPUT_MAX])
{
	struct doctor_facts facts = {.node = "node1", .version = "0.1.0"};
	FILE *file = tmpfile();
	int kept = dup(STDOUT_FILENO);
	size_t n;

	assert_non_null(file);
	facts.libvirt.versions = (struct hypervisor_versions){9000000, 7002009};
	(void)fflush(stdout);
	assert_int_equal(dup2(fileno(file), STDOUT_FILENO), STDOUT_FILENO);
	doctor_print(&facts, report, all);
	(void)fflush(stdout);
	assert_int_equal(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
	(void)close(kept);
	rewind(file);
	n = fread(ret, 1, OUTPUT_MAX - 1, file);
	ret[n] = '\0';
	(void)fclose(file);
}

static void report_fill(struct doctor_report *report)
{
	doctor_report_add(report, DOCTOR_PASS, "node1", "config", NULL, NULL, NULL);
	doctor_report_add(report, DOCTOR_PASS, NULL, "clock", NULL, NULL, NULL);
	doctor_report_add(report, DOCTOR_UNKNOWN, "node1", "units", "no systemd here", "", "");
	doctor_report_add(report, DOCTOR_FAIL, "node1", "journal-key",
			  "/etc/lunmask/journal.key has mode 0644, which lets others use it and is "
			  "therefore refused",
			  "lunmaskd does not start.", "chmod 0600 /etc/lunmask/journal.key");
	doctor_report_add(report, DOCTOR_UNKNOWN, "node1", "guests", "no systemd here", "", "");
	doctor_report_add(report, DOCTOR_WARN, NULL, "same-version", "node2 is older", "Why.",
			  "upgrade");
}

static void doctor_print__is_readable_at_80_columns(void **state)
{
	struct doctor_report report = {0};
	char text[OUTPUT_MAX];

	(void)state;
	report_fill(&report);
	printed(&report, false, text);
	assert_string_equal(
		text,
		"node1: lunmask 0.1.0, libvirt 9.0.0, QEMU 7.2.9\n"
		"[PASS] 1 check\n"
		"[FAIL] journal-key: /etc/lunmask/journal.key has mode 0644, which lets others\n"
		"    use it and is therefore refused\n"
		"    lunmaskd does not start.\n"
		"    mend: chmod 0600 /etc/lunmask/journal.key\n"
		"[UNKNOWN] units, guests: no systemd here\n"
		"cluster:\n"
		"[PASS] 1 check\n"
		"[WARN] same-version: node2 is older\n"
		"    Why.\n"
		"    mend: upgrade\n"
		"1 failed, 1 warning, 2 unknown, 2 passed.\n");
	doctor_report_release(&report);
}

static void doctor_print__lists_what_passed_if_asked(void **state)
{
	struct doctor_report report = {0};
	char text[OUTPUT_MAX];

	(void)state;
	report_fill(&report);
	printed(&report, true, text);
	assert_non_null(strstr(text, "[PASS] config\n"));
	assert_non_null(strstr(text, "[PASS] clock\n"));
	doctor_report_release(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doctor_print__is_readable_at_80_columns),
		cmocka_unit_test(doctor_print__lists_what_passed_if_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
