/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ocf/ocf_agent.h"
#include "ocf/ocf_call.h"
#include "ocf/ocf_exit.h"

static int result;
static const char *result_text;
static int runs;

static int run_any(const struct ocf_call *call, struct err *err)
{
	(void)call;
	runs++;
	if (result_text != NULL) {
		(void)err_set(err, 0, "%s", result_text);
	}
	return result;
}

static const char *const modes[] = {"auto", "live", NULL};

static struct ocf_parameter parameters[] = {
	{.name = "vm", .required = true, .shortdesc = "name", .longdesc = "l"},
	{.name = "mode",
	 .type = OCF_SELECT,
	 .options = modes,
	 .fallback = "auto",
	 .shortdesc = "s",
	 .longdesc = "auto or live"},
};
static struct ocf_action actions[] = {
	{.name = "start", .run = run_any, .timeout_s = 20, .flags = OCF_ACTION_CHECKS},
	{.name = "stop", .run = run_any, .timeout_s = 20},
	{.name = "monitor", .run = run_any, .timeout_s = 20},
	{.name = "monitor", .run = run_any, .timeout_s = 20, .depth = 10},
	{.name = "meta-data", .timeout_s = 5},
};
static const struct ocf_agent agent = {.name = "A",
				       .version = "1",
				       .shortdesc = "s",
				       .longdesc = "l",
				       .parameters = parameters,
				       .n_parameters = 2,
				       .actions = actions,
				       .n_actions = 5};

/* What the agent wrote on stderr. */
static char output[4096];

static int agent_call(const char *action)
{
	char name[] = "A";
	char *argv[] = {name, (char *)(uintptr_t)action, NULL};
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t bytes;
	int code;

	assert_non_null(file);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	code = ocf_agent_main(&agent, action == NULL ? 1 : 2, argv);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	bytes = fread(output, 1, sizeof(output) - 1, file);
	output[bytes] = '\0';
	fclose(file);
	return code;
}

static int setup(void **state)
{
	(void)state;
	result = 0;
	result_text = NULL;
	runs = 0;
	setenv("OCF_RESKEY_vm", "web1", 1);
	unsetenv("OCF_RESKEY_mode");
	unsetenv("OCF_EXIT_REASON_PREFIX");
	return 0;
}

static void ocf_agent_main__is_3_for_an_unknown_action(void **state)
{
	(void)state;
	assert_int_equal(agent_call("promote"), 3);
	assert_non_null(strstr(output, "ocf-exit-reason:there is no action promote"));
	assert_int_equal(agent_call(NULL), 3);
	assert_int_equal(runs, 0);
}

static void ocf_agent_main__is_6_for_a_wrong_parameter_at_start(void **state)
{
	(void)state;
	setenv("OCF_RESKEY_mode", "warm", 1);
	assert_int_equal(agent_call("start"), 6);
	assert_string_equal(output,
			    "ocf-exit-reason:parameter mode: 'warm' is not one of: auto, live\n");
	assert_int_equal(runs, 0);
}

static void ocf_agent_main__runs_stop_and_monitor_all_the_same(void **state)
{
	(void)state;
	unsetenv("OCF_RESKEY_vm");
	assert_int_equal(agent_call("stop"), 0);
	assert_null(strstr(output, "ocf-exit-reason"));
	result = 7;
	assert_int_equal(agent_call("monitor"), 7);
	assert_int_equal(runs, 2);
}

static void ocf_agent_main__turns_errno_into_a_soft_error(void **state)
{
	static const int causes[] = {-EIO,     -EACCES,       -ENOENT,    -ETIMEDOUT,
				     -EPERM,   -ECONNREFUSED, -EINVAL,    -EPROTO,
				     -EUCLEAN, -EBADRQC,      -EOPNOTSUPP};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(causes); i++) {
		result = causes[i];
		assert_int_equal(agent_call("start"), 1);
		assert_int_equal(agent_call("stop"), 1);
		assert_int_equal(agent_call("monitor"), 1);
	}
}

static void ocf_agent_main__prints_one_reason_for_a_failure(void **state)
{
	(void)state;
	result = -EIO;
	result_text = "two\nlines";
	assert_int_equal(agent_call("stop"), 1);
	assert_string_equal(output, "ocf-exit-reason:two lines\n");
	result_text = NULL;
	assert_int_equal(agent_call("stop"), 1);
	assert_string_equal(output, "ocf-exit-reason:stop failed: Input/output error\n");
}

static void ocf_agent_main__logs_a_reason_that_does_not_fit(void **state)
{
	char text[200];

	(void)state;
	result = -EIO;
	(void)snprintf(text, sizeof(text), "start lunmaskd: %0150d", 1);
	result_text = text;
	assert_int_equal(agent_call("stop"), 1);
	result_text = NULL;
	assert_non_null(strstr(output, "lunmask: the whole reason: start lunmaskd: 000"));
	assert_non_null(strstr(
		output, "1\nocf-exit-reason:start lunmaskd: 0000000000000000...0000000000001\n"));
}

static void ocf_agent_main__takes_the_prefix_of_the_manager(void **state)
{
	(void)state;
	setenv("OCF_EXIT_REASON_PREFIX", "why=", 1);
	result = 190;
	result_text = "one path is left";
	assert_int_equal(agent_call("monitor"), 190);
	assert_string_equal(output, "why=one path is left\n");
}

static void ocf_agent_main__gives_no_reason_for_success(void **state)
{
	(void)state;
	result_text = "on the way";
	assert_int_equal(agent_call("start"), 0);
	assert_string_equal(output, "");
}

static void ocf_agent_verify__refuses_an_option_nobody_explains(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	parameters[1].longdesc = "auto";
	assert_int_equal(ocf_agent_verify(&agent, &err), -EINVAL);
	parameters[1].longdesc = "auto or live";
	assert_non_null(strstr(err_text(&err), "option live"));
}

static void ocf_agent_verify__refuses_a_default_that_is_not_legal(void **state)
{
	(void)state;
	parameters[1].fallback = "warm";
	assert_int_equal(ocf_agent_verify(&agent, NULL), -EINVAL);
	parameters[1].fallback = "auto";
	assert_int_equal(ocf_agent_verify(&agent, NULL), 0);
}

static void ocf_agent_verify__refuses_rows_that_disagree(void **state)
{
	(void)state;
	actions[3].flags = OCF_ACTION_CHECKS;
	assert_int_equal(ocf_agent_verify(&agent, NULL), -EINVAL);
	actions[3].flags = 0;
	actions[1].name = "start";
	assert_int_equal(ocf_agent_verify(&agent, NULL), -EINVAL);
	actions[1].name = "stop";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ocf_agent_main__is_3_for_an_unknown_action, setup),
		cmocka_unit_test_setup(ocf_agent_main__is_6_for_a_wrong_parameter_at_start, setup),
		cmocka_unit_test_setup(ocf_agent_main__runs_stop_and_monitor_all_the_same, setup),
		cmocka_unit_test_setup(ocf_agent_main__turns_errno_into_a_soft_error, setup),
		cmocka_unit_test_setup(ocf_agent_main__prints_one_reason_for_a_failure, setup),
		cmocka_unit_test_setup(ocf_agent_main__logs_a_reason_that_does_not_fit, setup),
		cmocka_unit_test_setup(ocf_agent_main__takes_the_prefix_of_the_manager, setup),
		cmocka_unit_test_setup(ocf_agent_main__gives_no_reason_for_success, setup),
		cmocka_unit_test(ocf_agent_verify__refuses_an_option_nobody_explains),
		cmocka_unit_test(ocf_agent_verify__refuses_a_default_that_is_not_legal),
		cmocka_unit_test(ocf_agent_verify__refuses_rows_that_disagree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
