/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lunmask create prints. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "make/create_command.h"
#include "make/create_progress.h"
#include "make/create_resource.h"

static char *text;
static size_t bytes;
static struct create_progress progress;

static void begin(bool terminal)
{
	progress = (struct create_progress){.file = open_memstream(&text, &bytes),
					    .terminal = terminal};
	assert_non_null(progress.file);
}

static void end(const char *wanted)
{
	assert_int_equal(fclose(progress.file), 0);
	if (strcmp(text, wanted) != 0) {
		fail_msg("%s", text);
	}
	free(text);
}

static void progress__has_a_line_for_each_tenth(void **state)
{
	(void)state;
	begin(false);
	create_progress_image(&progress, "write", "a", 100 << 20, 0.05, 1000);
	create_progress_image(&progress, "write", "a", 100 << 20, 0.11, 2000);
	create_progress_image(&progress, "write", "a", 100 << 20, 0.12, 3000);
	create_progress_image(&progress, "write", "a", 100 << 20, 0.50, 6000);
	create_progress_image(&progress, "write", "b", 1 << 20, 1, 9000);
	end("write a: 11 % of 100MiB, 11 MiB/s, 8s left\n"
	    "write a: 50 % of 100MiB, 10 MiB/s, 5s left\n"
	    "write b: 100 % of 1MiB\n");
}

static void progress__writes_over_on_a_terminal(void **state)
{
	const struct task_event event = {
		.kind = TASK_STEP_DONE, .task = "create", .step = "images", .text = ""};
	const struct task_event skipped = {
		.kind = TASK_STEP_SKIPPED, .task = "create", .step = "cut", .text = ""};

	(void)state;
	begin(true);
	create_progress_step(&progress, &skipped);
	create_progress_image(&progress, "write", "a", 1 << 20, 0.01, 1000);
	create_progress_image(&progress, "write", "a", 1 << 20, 0.5, 2000);
	create_progress_step(&progress, &event);
	end("\rwrite a: 1 % of 1MiB        \rwrite a: 50 % of 1MiB, 0 MiB/s, 1s left        \n"
	    "images: done\n");
}

static void time_text__has_two_units(void **state)
{
	char ret[CREATE_TIME_TEXT];

	(void)state;
	assert_string_equal(create_time_text(0, ret), "0s");
	assert_string_equal(create_time_text(200, ret), "3min 20s");
	assert_string_equal(create_time_text(7500, ret), "2h 5min");
}

static void resource__is_as_in_the_manual(void **state)
{
	const struct vm_created created = {.array = (char *)"san1",
					   .luns = (char *)"vda=web1-vda sda=iso:ro",
					   .state_lun = (char *)"web1-state",
					   .memory_bytes = 1 << 30};
	g_autofree char *crm = create_resource_command(CREATE_CRM, "web1", &created, false);
	g_autofree char *pcs = create_resource_command(CREATE_PCS, "web1", &created, true);
	g_autofree char *crm_stopped = create_resource_command(CREATE_CRM, "web1", &created, true);
	g_autofree char *crm_start = create_start_command(CREATE_CRM, "web1");
	g_autofree char *pcs_start = create_start_command(CREATE_PCS, "web1");
	g_autofree char *crm_location = create_location_command(CREATE_CRM, "web1", "node2");
	g_autofree char *pcs_location = create_location_command(CREATE_PCS, "web1", "node2");

	(void)state;
	assert_string_equal(
		crm,
		"crm configure primitive web1 ocf:lunmask:VirtualMachine params vm=web1 array=san1 "
		"luns=\"vda=web1-vda sda=iso:ro\" state_lun=web1-state op start timeout=120s op "
		"stop "
		"timeout=120s op migrate_to timeout=180s op migrate_from timeout=60s op monitor "
		"interval=10s timeout=30s op monitor interval=60s timeout=60s OCF_CHECK_LEVEL=20 "
		"op "
		"reload-agent timeout=120s meta allow-migrate=true multiple-active=stop_unexpected "
		"requires=fencing");
	assert_true(g_str_has_prefix(
		pcs, "pcs resource create web1 ocf:lunmask:VirtualMachine vm=web1 array=san1 "));
	assert_true(g_str_has_suffix(pcs, " requires=fencing --disabled"));
	assert_true(g_str_has_suffix(crm_stopped, " requires=fencing target-role=Stopped"));
	assert_string_equal(crm_start, "crm resource start web1");
	assert_string_equal(pcs_start, "pcs resource enable web1");
	assert_string_equal(crm_location, "crm configure location web1-prefers web1 100: node2");
	assert_string_equal(pcs_location, "pcs constraint location web1 prefers node2=100");
}

static void resource__gives_more_memory_more_time(void **state)
{
	const struct vm_created created = {.array = (char *)"san1",
					   .luns = (char *)"vda=a",
					   .state_lun = (char *)"s",
					   .memory_bytes = UINT64_C(256) << 30};
	g_autofree char *crm = create_resource_command(CREATE_CRM, "web1", &created, false);

	(void)state;
	assert_null(strstr(crm, "op start timeout=120s"));
	assert_null(strstr(crm, "op stop timeout=120s"));
}

static void command__says_which_options_do_not_go_together(void **state)
{
	struct make_options options = {.template = NULL};
	g_autofree char *none = create_command_wrong(&options);
	g_autofree char *both = NULL;
	g_autofree char *only = NULL;

	(void)state;
	assert_non_null(strstr(none, "--template"));
	options.abort = TRUE;
	only = create_command_wrong(&options);
	assert_null(only);
	options.dry_run = TRUE;
	both = create_command_wrong(&options);
	assert_non_null(strstr(both, "--abort takes no other option"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(progress__has_a_line_for_each_tenth),
		cmocka_unit_test(progress__writes_over_on_a_terminal),
		cmocka_unit_test(time_text__has_two_units),
		cmocka_unit_test(resource__is_as_in_the_manual),
		cmocka_unit_test(resource__gives_more_memory_more_time),
		cmocka_unit_test(command__says_which_options_do_not_go_together),
	};

	return cmocka_run_group_tests_name("create_output", tests, NULL, NULL);
}
