/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fence/fence_agent.h"
#include "fence/fence_man.h"
#include "fence/fence_metadata.h"
#include "fence_fixture.h"

static char output[16384]; /* stdout and stderr */

static void file_put(int fd, const char *text)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

/* One call, as a process of its own would have it; option NULL: by stdin. */
static int agent_call(const char *input, const char *option)
{
	char name[] = "fence_unit";
	char *argv[] = {name, option != NULL ? strdup(option) : NULL, NULL};
	int in = memfd_create("in", MFD_CLOEXEC);
	int out = memfd_create("out", MFD_CLOEXEC);
	int saved[3];
	int status;
	ssize_t got;

	file_put(in, input != NULL ? input : "");
	fence_ran = NULL;
	(void)fflush(NULL);
	for (int fd = 0; fd < 3; fd++) {
		saved[fd] = dup(fd);
		(void)dup2(fd == 0 ? in : out, fd);
	}
	clearerr(stdin);
	status = fence_agent_main(&fixture_agent, option != NULL ? 2 : 1, argv);
	(void)fflush(NULL);
	for (int fd = 0; fd < 3; fd++) {
		(void)dup2(saved[fd], fd);
		(void)close(saved[fd]);
	}
	got = pread(out, output, sizeof(output) - 1, 0);
	output[got > 0 ? got : 0] = '\0';
	(void)close(in);
	(void)close(out);
	free(argv[1]);
	return status;
}

static void assert_has(const char *part)
{
	if (strstr(output, part) == NULL) {
		fail_msg("no %s in:\n%s", part, output);
	}
}

static void assert_lacks(const char *part)
{
	if (strstr(output, part) != NULL) {
		fail_msg("%s in:\n%s", part, output);
	}
}

static void main__runs_what_stdin_says(void **state)
{
	(void)state;
	fence_rc = 0;
	assert_int_equal(
		agent_call("action=off\nport=node2\nnodename=n\npower_timeout=600\n", NULL), 0);
	assert_string_equal(fence_ran, "off");
	assert_string_equal(fence_plug, "node2");
	assert_in_range(fence_left_ms, 500000, 600000);
	assert_int_equal(agent_call("action=monitor\n", NULL), 0);
	assert_string_equal(fence_ran, "monitor");
}

static void main__status_says_off_by_2(void **state)
{
	(void)state;
	fence_rc = FENCE_STATUS_OFF;
	assert_int_equal(agent_call("action=status\nplug=node2\n", NULL), 2);
	fence_rc = -EIO;
	assert_int_equal(agent_call("action=status\nplug=node2\n", NULL), 1);
	assert_has("fence_unit: status node2: no such luck\n");
	fence_rc = 0;
}

static void main__takes_actions_in_any_case_and_by_their_other_names(void **state)
{
	(void)state;
	fence_rc = 0;
	assert_int_equal(agent_call("action=OFF\nplug=node2\n", NULL), 0);
	assert_string_equal(fence_ran, "off");
	assert_int_equal(agent_call("action=\"Status\"\nplug=node2\n", NULL), 0);
	assert_string_equal(fence_ran, "status");
	assert_int_equal(agent_call("action=Enable\nplug=node2\n", NULL), 0);
	assert_string_equal(fence_ran, "on");
	assert_int_equal(agent_call("action=MetaData\n", NULL), 0);
	assert_has("<resource-agent");
}

/* The delay is not taken from the action's own time. */
static void delay__is_before_what_cuts_off_and_nothing_else(void **state)
{
	int64_t began = deadline_now_ms();

	(void)state;
	fence_rc = 0;
	assert_int_equal(agent_call("action=off\nplug=node2\ndelay=1\npower_timeout=600\n", NULL),
			 0);
	assert_true(fence_began_ms - began >= 1000);
	assert_true(fence_began_ms + fence_left_ms - began >= (1 + 600) * 1000);
	(void)alarm(60); /* less than the delay: a test that waits for it is killed */
	assert_int_equal(agent_call("action=on\nplug=node2\ndelay=600\n", NULL), 0);
	assert_int_equal(agent_call("action=status\nplug=node2\ndelay=600\n", NULL), 0);
	assert_int_equal(agent_call("action=off\ndelay=600\n", NULL), 1);
	(void)alarm(0);
	assert_int_equal(agent_call("action=off\nplug=node2\ndelay=601\n", NULL), 1);
	assert_has("delay: '601' is not");
}

static void verbose__tells_what_is_done(void **state)
{
	(void)state;
	fence_rc = 0;
	assert_int_equal(agent_call("action=off\nplug=node2\nverbose=1\narrays=a\n", NULL), 0);
	assert_has("fence_unit: off node2 begins: power_timeout=40 arrays=a\n");
	assert_has("fence_unit: off node2 ends: exit status 0, after ");
	assert_int_equal(agent_call("action=off\nplug=node2\n", NULL), 0);
	assert_lacks("begins");
}

static void quiet__leaves_the_exit_status(void **state)
{
	(void)state;
	fence_rc = -EIO;
	assert_int_equal(agent_call("action=off\nplug=node2\nquiet=1\n", NULL), 1);
	assert_string_equal(output, "");
	assert_int_equal(agent_call("action=off\nquiet=1\n", NULL), 1);
	assert_string_equal(output, "");
	fence_rc = 0;
	assert_int_equal(agent_call("action=metadata\nquiet=1\n", NULL), 0);
	assert_has("<resource-agent");
}

/* Whatever is wrong is 1, never 2, which would mean that a host is off. */
static void main__refuses_with_1_and_runs_nothing(void **state)
{
	static const char *const inputs[][2] = {
		{"", "no action is given"},
		{"plug=node2\n", "no action is given"},
		{"action=\nplug=node2\n", "no action is given"},
		{"action=frobnicate\nplug=node2\n", "there is no action 'frobnicate'"},
		{"action=off\n", "needs the name of the host"},
		{"action=status\n", "needs the name of the host"},
		{"action=off\nplug=node2\npower_timeout=0\n", "power_timeout: '0' is not"},
		{"action=off\nplug=node2\narrays=x\n", "arrays: 'x' begins with x"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(inputs); i++) {
		assert_int_equal(agent_call(inputs[i][0], NULL), 1);
		assert_null(fence_ran);
		assert_has(inputs[i][1]);
	}
	assert_int_equal(agent_call(NULL, "--frobnicate"), 1);
	assert_null(fence_ran);
}

static void main__help_is_for_persons(void **state)
{
	(void)state;
	assert_int_equal(agent_call(NULL, "--help"), 0);
	assert_has("-n, --plug=[node]");
	assert_has("reboot        does reboot");
	assert_lacks("nodename");
	assert_int_equal(agent_call(NULL, "-V"), 0);
	assert_string_equal(output, "fence_unit 7\n");
	/* On stdin success is the action's. */
	assert_int_equal(agent_call("action=off\nplug=node2\nhelp=1\n", NULL), 0);
	assert_string_equal(fence_ran, "off");
}

static void metadata__is_what_pacemaker_looks_for(void **state)
{
	(void)state;
	assert_int_equal(agent_call("action=metadata\n", NULL), 0);
	assert_has("<?xml version=\"1.0\"?>\n<resource-agent name=\"fence_unit\" "
		   "shortdesc=\"short-desc\">");
	assert_has("<parameter name=\"action\" unique=\"0\" required=\"1\">");
	assert_has("<parameter name=\"plug\" unique=\"0\" required=\"0\" obsoletes=\"port\">");
	assert_has("<parameter name=\"port\" unique=\"0\" required=\"0\" deprecated=\"1\">\n"
		   "   <getopt mixed=\"-n, --plug=[node]\"/>");
	assert_has("<content type=\"second\" default=\"40\"/>");
	assert_has("<content type=\"boolean\"/>");
	assert_has("<shortdesc lang=\"en\">a&lt;b</shortdesc>");
	assert_has("<action name=\"on\" on_target=\"1\" automatic=\"1\"/>");
	assert_has("<action name=\"off\"/>");
	assert_lacks("\"reboot\"");
	assert_lacks("nodename");
	assert_lacks("\"option\"");
}

static void manpage__has_the_rows(void **state)
{
	(void)state;
	assert_int_equal(agent_call("action=manpage\n", NULL), 0);
	assert_has(".TH FENCE_UNIT 8 \"2026-01-02\" \"7\" ");
	assert_has("fence_unit \\- short\\-desc\n");
	assert_has("\nlong\n.PP\nlonger\n");
	assert_has(".TP\n.B reboot\ndoes reboot\n");
	assert_has(".B \\-\\-power\\-timeout=[seconds]\n(on stdin: \\fBpower_timeout\\fR, default "
		   "\\fB40\\fR)\n.br\nhow long\n");
	assert_has(".br\n\\&.first\n");
	assert_has("\n.nf\nfence_unit \\-o off\n    x\n.fi\n");
	assert_has(".BR a (1),\n.BR b (2)\n");
	assert_lacks("nodename");
	assert_lacks("(on stdin: \\fBport");
}

static void written__full_stream_is_an_error(void **state)
{
	FILE *full = fopen("/dev/full", "we");

	(void)state;
	assert_non_null(full);
	(void)setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(fence_metadata_write(&fixture_agent, full), -EIO);
	assert_int_equal(fence_man_write(&fixture_agent, full), -EIO);
	assert_int_equal(fence_metadata_write_help(&fixture_agent, full), -EIO);
	(void)fclose(full);
}

static int verify(const struct fence_parameter *parameter, const struct fence_action *action)
{
	struct fence_parameter parameters[FENCE_PARAMETERS_MAX];
	struct fence_action actions[16];
	struct fence_agent agent = fixture_agent;

	memcpy(parameters, fixture_parameters, sizeof(fixture_parameters));
	memcpy(actions, fixture_actions, sizeof(fixture_actions));
	agent.parameters = parameters;
	agent.actions = actions;
	if (parameter != NULL) {
		parameters[agent.n_parameters++] = *parameter;
	}
	if (action != NULL) {
		actions[agent.n_actions++] = *action;
	}
	return fence_agent_verify(&agent, NULL);
}

static void verify__refuses_rows_that_are_not_sound(void **state)
{
	static const struct fence_parameter parameters[] = {
		{.help = "h", .metavar = "m"},
		{.name = "new", .metavar = "m"},
		{.name = "plug", .metavar = "m", .help = "h"},
		{.name = "new", .metavar = "m", .help = "h", .stands_for = "none"},
		{.name = "new", .help = "h"},
		{.name = "new", .metavar = "m", .help = "h", .type = FENCE_FLAG},
		{.name = "new", .metavar = "m", .help = "h", .type = FENCE_SECONDS, .max = 9},
		{.name = "new",
		 .metavar = "m",
		 .help = "h",
		 .type = FENCE_SECONDS,
		 .max = 9,
		 .fallback = "10"},
	};
	static const struct fence_action actions[] = {
		{.name = "new"},
		{.name = "new", .help = "h"},
		{.name = "new", .help = "h", .run = fixture_run},
		{.name = "new", .help = "h", .run = fixture_run, .timeout = "none"},
		{.name = "metadata", .help = "h", .run = fixture_run, .timeout = "power_timeout"},
		{.name = "new", .help = "h", .stands_for = "none"},
		{.name = "new", .help = "h", .stands_for = "enable"},
		{.name = "new", .help = "h", .stands_for = "on", .run = fixture_run},
		{.name = "OFF", .help = "h", .run = fixture_run, .timeout = "power_timeout"},
	};

	(void)state;
	assert_int_equal(verify(NULL, NULL), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++) {
		assert_int_equal(verify(&parameters[i], NULL), -EINVAL);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
		assert_int_equal(verify(NULL, &actions[i]), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(main__runs_what_stdin_says),
		cmocka_unit_test(main__status_says_off_by_2),
		cmocka_unit_test(main__takes_actions_in_any_case_and_by_their_other_names),
		cmocka_unit_test(delay__is_before_what_cuts_off_and_nothing_else),
		cmocka_unit_test(verbose__tells_what_is_done),
		cmocka_unit_test(quiet__leaves_the_exit_status),
		cmocka_unit_test(main__refuses_with_1_and_runs_nothing),
		cmocka_unit_test(main__help_is_for_persons),
		cmocka_unit_test(metadata__is_what_pacemaker_looks_for),
		cmocka_unit_test(manpage__has_the_rows),
		cmocka_unit_test(written__full_stream_is_an_error),
		cmocka_unit_test(verify__refuses_rows_that_are_not_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
