/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks what happened to a VM, from the images of its LUNs and the consoles of all hosts. Exit
 * status: 0 clean, 1 a violation (each is listed), 2 no verdict is possible, or wrong usage.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"

static const char usage[] =
	"usage: witness_check [OPTION]...\n"
	"  --lun NAME=FILE[:OFFSET[:LENGTH]]  image of a LUN; NAME is vda, vdb, ...\n"
	"  --console FILE        console log of one host\n"
	"  --expect-boots N      require exactly N boots\n"
	"  --min-counter N       require that the highest counter is at least N\n"
	"  --from N              do not judge records with a counter below N\n"
	"  --allow-io-errors     allow I/O errors in the guest, and the counters skipped for them\n"
	"  --json                report as JSON\n";

static const char *const verdict_names[] = {"clean", "violation", "unknown"};

static struct history history;
static struct verdict_report report;

static const struct option options[] = {
	{"lun", required_argument, NULL, 'l'},
	{"console", required_argument, NULL, 'c'},
	{"expect-boots", required_argument, NULL, 'b'},
	{"min-counter", required_argument, NULL, 'm'},
	{"from", required_argument, NULL, 'f'},
	{"allow-io-errors", no_argument, NULL, 'i'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

__attribute__((noreturn)) static void wrong(const char *what, const char *why)
{
	fprintf(stderr, "witness_check: %s: %s\n", what, why);
	exit(VERDICT_UNKNOWN);
}

static uint64_t number_arg(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0') {
		wrong(text, "not a number");
	}
	return value;
}

static void console_arg(const char *path)
{
	int rc = history_add_console(&history, path);

	if (rc < 0) {
		wrong(path, rc == -EEXIST ? "this console was given already" : strerror(-rc));
	}
}

/* Moves the number after the last colon of spec to *ret. False if spec has no colon. */
static bool tail_take(char *spec, off_t *ret)
{
	char *colon = strrchr(spec, ':');

	if (!colon) {
		return false;
	}
	*ret = (off_t)number_arg(colon + 1);
	*colon = '\0';
	return true;
}

static void lun_arg(char *spec)
{
	char *path = strchr(spec, '=');
	off_t first = 0, second = 0;
	uint32_t lun;
	int rc;

	if (!path) {
		wrong(spec, "not NAME=FILE[:OFFSET[:LENGTH]]");
	}
	*path++ = '\0';
	if (!lun_from_name(spec, &lun)) {
		wrong(spec, "not a disk's name: vda, vdb, ...");
	}
	/* The last number is the length only if there is one before it. */
	if (tail_take(path, &second) && !tail_take(path, &first)) {
		first = second;
		second = 0;
	}
	rc = history_add_image(&history, path, lun, first, second);
	if (rc < 0) {
		wrong(path, rc == -EEXIST ? "this LUN was given already" : strerror(-rc));
	}
}

static void report_print(void)
{
	char boot[BOOT_ID_TEXT], name[LUN_NAME_MAX];

	printf("boots: %u\n", report.boot_count);
	for (unsigned int i = 0; i < report.boot_count; i++) {
		boot_id_to_text(report.boots[i], boot);
		printf("  %s\n", boot);
	}
	printf("counter: %" PRIu64 " to %" PRIu64 ", %" PRIu64 " records\n", report.lowest,
	       report.highest, report.records);
	printf("hand-overs: %" PRIu64 ", cut lines: %" PRIu64 ", alarms: %" PRIu64 "\n",
	       report.handovers, report.cut_lines, report.alarms);
	for (unsigned int i = 0; i < history.image_count; i++) {
		lun_to_name(history.images[i]->lun, name);
		printf("lun %s: newest %" PRIu64 " in %s\n", name, history.images[i]->newest,
		       history.images[i]->path);
	}
	for (unsigned int i = 0; i < history.console_count; i++) {
		printf("console %s: %" PRIu64 " records\n", history.consoles[i].path,
		       history.consoles[i].record_lines);
	}
	for (unsigned int i = 0; i < report.kept_count; i++) {
		printf("VIOLATION %s: %s\n", report.violations[i].kind, report.violations[i].text);
	}
	if (report.violation_count > report.kept_count) {
		printf("... %" PRIu64 " violations in all\n", report.violation_count);
	}
	if (report.unknown[0]) {
		printf("cannot tell: %s\n", report.unknown);
	}
	printf("verdict: %s\n", verdict_names[report.verdict]);
}

static json_t *places_json(void)
{
	json_t *luns = json_array();
	char name[LUN_NAME_MAX];

	for (unsigned int i = 0; i < history.image_count; i++) {
		lun_to_name(history.images[i]->lun, name);
		json_array_append_new(luns, json_pack("{s:s, s:s, s:I}", "lun", name, "path",
						      history.images[i]->path, "newest",
						      (json_int_t)history.images[i]->newest));
	}
	return luns;
}

static json_t *consoles_json(void)
{
	json_t *consoles = json_array();

	for (unsigned int i = 0; i < history.console_count; i++) {
		const struct console_log *log = &history.consoles[i];

		json_array_append_new(consoles, json_pack("{s:s, s:I, s:I, s:I}", "path", log->path,
							  "records", (json_int_t)log->record_lines,
							  "garbled", (json_int_t)log->garbled,
							  "alarms", (json_int_t)log->alarms));
	}
	return consoles;
}

static json_t *boots_json(void)
{
	json_t *boots = json_array();
	char boot[BOOT_ID_TEXT];

	for (unsigned int i = 0; i < report.boot_count; i++) {
		boot_id_to_text(report.boots[i], boot);
		json_array_append_new(boots, json_string(boot));
	}
	return boots;
}

static json_t *violations_json(void)
{
	json_t *violations = json_array();

	for (unsigned int i = 0; i < report.kept_count; i++) {
		json_array_append_new(violations,
				      json_pack("{s:s, s:s}", "kind", report.violations[i].kind,
						"text", report.violations[i].text));
	}
	return violations;
}

static void report_print_json(void)
{
	json_t *all = json_pack(
		"{s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "verdict",
		verdict_names[report.verdict], "unknown", report.unknown, "boots",
		(int)report.boot_count, "lowest", (json_int_t)report.lowest, "highest",
		(json_int_t)report.highest, "records", (json_int_t)report.records, "handovers",
		(json_int_t)report.handovers, "cut_lines", (json_int_t)report.cut_lines, "alarms",
		(json_int_t)report.alarms, "violation_count", (json_int_t)report.violation_count);

	json_object_set_new(all, "boot_ids", boots_json());
	json_object_set_new(all, "luns", places_json());
	json_object_set_new(all, "consoles", consoles_json());
	json_object_set_new(all, "violations", violations_json());
	if (!all || json_dumpf(all, stdout, JSON_INDENT(1)) < 0) {
		wrong("report", "cannot be written as JSON");
	}
	putchar('\n');
	json_decref(all);
}

static void options_read(int argc, char **argv, struct expectation *expected, bool *json)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'l': lun_arg(optarg); break;
		case 'c': console_arg(optarg); break;
		case 'b': expected->boots = (long)number_arg(optarg); break;
		case 'm': expected->min_counter = number_arg(optarg); break;
		case 'f': expected->from = number_arg(optarg); break;
		case 'i': expected->allow_io_errors = true; break;
		case 'j': *json = true; break;
		case 'h': fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); exit(VERDICT_UNKNOWN);
		}
	}
	if (optind < argc) {
		wrong(argv[optind], "not an option");
	}
}

int main(int argc, char **argv)
{
	struct expectation expected = {.boots = -1};
	bool json = false;
	int rc;

	options_read(argc, argv, &expected, &json);
	rc = history_read(&history);
	if (rc == 0) {
		rc = judge(&history, &expected, &report);
	}
	if (rc < 0) {
		wrong("history", strerror(-rc));
	}
	if (json) {
		report_print_json();
	} else {
		report_print();
	}
	history_release(&history);
	return (int)report.verdict;
}
