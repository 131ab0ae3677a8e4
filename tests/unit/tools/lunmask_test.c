/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/journal.h"
#include "journal/journal_ipc.h"
#include "tests/unit/journal/journal_server.h"

/* The lunmask command against journal_server.h's server. LUNMASK: the program. */
#define OUTPUT_MAX (256 * 1024)

static char output[OUTPUT_MAX];
static char directory[] = "/tmp/lunmask-test-XXXXXX";
static char program[4096];

/* Its exit status; output has what it wrote to both. */
static int run(const char *arguments)
{
	char command[8192];
	size_t bytes;
	FILE *pipe;

	(void)snprintf(command, sizeof(command), "cd %s && { %s %s; } 2>&1", directory, program,
		       arguments);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	bytes = fread(output, 1, sizeof(output) - 1, pipe);
	output[bytes] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static void has(const char *text)
{
	if (strstr(output, text) == NULL) {
		fail_msg("no '%s' in: %s", text, output);
	}
}

static struct journal_op task_make(const char *vm, uint8_t number)
{
	struct journal_op op = {.kind = JOURNAL_OP_BEGIN};

	op.task.uuid.bytes[0] = number;
	op.task.kind = JOURNAL_MIGRATE;
	op.task.state = JOURNAL_RUNNING;
	op.task.actor = (struct journal_actor){
		.node = "node1", .boot_id = "b1", .pid = 77, .start_time = UINT64_MAX - 5};
	op.task.begun_ms = op.task.changed_ms = 1764000000000;
	op.task.n_luns = 1;
	(void)snprintf(op.task.vm, sizeof(op.task.vm), "%s", vm);
	(void)strcpy(op.task.mode, "live");
	(void)strcpy(op.task.source, "node1");
	(void)strcpy(op.task.target, "node2");
	(void)strcpy(op.task.luns[0], "web1-root");
	(void)strcpy(op.task.reason, "because");
	return op;
}

static void submit(const struct journal_op *op, uint8_t number)
{
	struct journal *journal = journal_client_open();
	struct id128 id = {{number, 99}};
	struct journal_answer answer;

	assert_int_equal(journal_submit(journal, op, &id, 0, deadline_in(LIMIT_MS), &answer, NULL),
			 0);
	assert_int_equal(answer.verdict, JOURNAL_COMMITTED);
	assert_int_equal(answer.status, 0);
	journal_client_close(journal);
}

/* One that runs, one that waits, one that is done, a release and a grant. */
static void tasks_fill(void)
{
	struct journal_op op = task_make("web1", 1);
	struct journal_op release = {.kind = JOURNAL_OP_RELEASE, .release.n_luns = 1};

	submit(&op, 1);
	op = task_make("a-name-that-is-longer-than-a-column", 2);
	submit(&op, 2);
	op.kind = JOURNAL_OP_ADVANCE;
	op.task.revision = 1;
	op.task.state = JOURNAL_WAITING;
	(void)strcpy(op.task.step, "grant the target's host");
	submit(&op, 3);
	op = task_make("done1", 3);
	submit(&op, 4);
	op.kind = JOURNAL_OP_ADVANCE;
	op.task.revision = 1;
	op.task.state = JOURNAL_DONE;
	submit(&op, 5);
	(void)strcpy(release.release.vm, "web9");
	(void)strcpy(release.release.node, "node3");
	(void)strcpy(release.release.array, "san1");
	(void)strcpy(release.release.luns[0], "web9-root");
	submit(&release, 6);
	release.kind = JOURNAL_OP_GRANT;
	(void)strcpy(release.release.vm, "web8");
	(void)strcpy(release.release.luns[0], "web8-root");
	(void)strcpy(release.release.node, "node2");
	(void)strcpy(release.release.by, "node1");
	release.release.granted = true;
	release.release.since_ms = 1000;
	submit(&release, 7);
}

static void completes(const char *words, const char *want)
{
	char arguments[256];

	(void)snprintf(arguments, sizeof(arguments), "complete -- %s", words);
	assert_int_equal(run(arguments), 0);
	if (strcmp(output, want) != 0) {
		fail_msg("'%s': %s", words, output);
	}
}

#define OUTPUT "--output-as\n--json\n--xml\n"

static void complete__offers_commands_and_options(void **state)
{
	(void)state;
	completes("ta", "tasks\n");
	completes(
		"''",
		"tasks\nreconcile\nimage\ndefinition\nstatus\npaths\nhosts\nrules\ndoctor\n"
		"journal\n"
		"luns\ntemplate\ncreate\nadopt\ndestroy\nresize\nsnapshot\nsnapshots\nunsnapshot\n"
		"restore\nexport\n");
	completes("", "tasks\nreconcile\nimage\ndefinition\nstatus\npaths\nhosts\nrules\ndoctor\njo"
		      "urnal\n"
		      "luns\ntemplate\ncreate\nadopt\ndestroy\nresize\nsnapshot\nsnapshots\nunsnaps"
		      "hot\nre"
		      "store\nexport\n");
	completes("tasks ''", "show\n");
	completes("image ''", "show\ndiscard\n");
	completes("journal f", "force-solo\nforget\n");
	completes("journal status ''", "");
	completes("nothing ''", "");
	completes("image discard --", "--help\n--yes\n--timeout\n");
	completes("doc", "doctor\n");
	completes("template ''", "list\nshow\ncheck\n");
	completes("template list --", "--help\n" OUTPUT);
	completes("resize --", "--help\n" OUTPUT);
	completes("destroy web1 --w", "--wipe\n");
	completes("adopt web1 --e", "--eject\n");
	completes("doctor --", "--help\n--all\n--local\n" OUTPUT "--timeout\n");
	completes("tasks show --", "--help\n" OUTPUT "--timeout\n");
	completes("journal status --j", "--json\n");
	completes("reconcile web1 --json --d", "--dry-run\n");
	completes("journal --", "--help\n");
	assert_int_equal(run("complete"), 2);
}

static int directory_end(void *unused)
{
	static const char *const files[] = {"export.json", "key", "bad.json"};
	char path[64];

	(void)unused;
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
		(void)unlink(path);
	}
	return rmdir(directory);
}

/* A directory for the commands' files, and a server that knows nothing. */
static int up(void **state)
{
	(void)strcpy(directory, "/tmp/lunmask-test-XXXXXX");
	if (mkdtemp(directory) == NULL) {
		return -1;
	}
	undo_later(directory_end, NULL);
	return journal_server_up(state);
}

static int up_filled(void **state)
{
	int rc = up(state);

	if (rc == 0) {
		tasks_fill();
	}
	return rc;
}

static void tasks__fits_eighty_columns(void **state)
{
	(void)state;
	assert_int_equal(run("tasks"), 0);
	has("No open tasks.");
	tasks_fill();
	assert_int_equal(run("tasks"), 0);
	has("web1             migrate   running -                    node1");
	has("a-name-that-is-+ migrate   waiting grant the target's + node2");
	has("this node is not active");
	assert_null(strstr(output, "done1"));
	for (char *line = strtok(output, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		assert_in_range(strlen(line), 1, 80);
	}
}

/* Of the program, and of each command in its list. */
static void help__fits_eighty_columns(void **state)
{
	g_auto(GStrv) list = NULL;

	(void)state;
	assert_int_equal(run("--help"), 0);
	list = g_strsplit(output, "\n", -1);
	for (size_t i = 0; list[i] != NULL; i++) {
		g_auto(GStrv) words = g_strsplit(g_strchug(list[i]), "  ", 2);
		g_auto(GStrv) names = g_strsplit(words[0] == NULL ? "" : words[0], " ", -1);
		g_auto(GStrv) lines = NULL;
		g_autofree char *command = NULL;
		bool two = names[0] != NULL && names[1] != NULL && g_ascii_islower(names[1][0]);

		assert_true(strlen(list[i]) <= 78); /* two blanks are gone */
		if (words[0] == NULL || words[1] == NULL || names[0][0] == '-') {
			continue;
		}
		command = g_strdup_printf("%s %s --help", names[0], two ? names[1] : "");
		assert_int_equal(run(command), 0);
		lines = g_strsplit(output, "\n", -1);
		for (size_t k = 0; lines[k] != NULL; k++) {
			if (strlen(lines[k]) > 80) {
				fail_msg("%s: %s", command, lines[k]);
			}
		}
	}
}

static void tasks__filters(void **state)
{
	(void)state;
	assert_int_equal(run("tasks --all --vm done1"), 0);
	has("done1            migrate   done");
	assert_null(strstr(output, "web1"));
}

static void tasks__prints_json(void **state)
{
	json_t *json, *tasks;

	(void)state;
	assert_int_equal(run("tasks --all --json"), 0);
	json = json_loads(output, 0, NULL);
	tasks = json_object_get(json, "tasks");
	assert_int_equal(json_array_size(tasks), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(tasks, 2), "state")),
			    "done");
	assert_true(json_is_false(json_object_get(json, "active")));
	json_decref(json);
	assert_int_equal(run("tasks --output-as=xml"), 0);
	has("<task uuid=\"");
}

static void tasks_show__has_all_of_one(void **state)
{
	(void)state;
	assert_int_equal(run("tasks show web1"), 0);
	has("01000000-0000-0000-0000-000000000000");
	has("migrate, live");
	has("process 77 on node1");
	has("web1-root");
	has("because");
	assert_int_equal(run("tasks show 03000000-0000-0000-0000-000000000000"), 0);
	has("done1");
	assert_int_equal(run("tasks show nobody"), 6);
	has("no task 'nobody'");
}

static pid_t follower_start(int *ret_output)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = child_fork();
	if (pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)dup2(ends[1], STDERR_FILENO);
		(void)execl(program, "lunmask", "tasks", "--follow", "--vm", "followed", NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	*ret_output = ends[0];
	return pid;
}

/* Until the follower has written it. */
static void follower_says(int fd, const char *text)
{
	struct pollfd event = {.fd = fd, .events = POLLIN};
	size_t bytes = strlen(output);

	while (strstr(output, text) == NULL) {
		ssize_t got;

		assert_int_equal(poll(&event, 1, LIMIT_MS), 1);
		got = read(fd, output + bytes, sizeof(output) - 1 - bytes);
		if (got <= 0) {
			fail_msg("no '%s' in: %s", text, output);
		}
		bytes += (size_t)got;
		output[bytes] = '\0';
	}
}

static void tasks_follow__tells_what_changes(void **state)
{
	struct journal *watch = journal_client_open();
	struct journal_op op = task_make("followed", 20);
	int fd;
	pid_t follower = follower_start(&fd);

	(void)state;
	output[0] = '\0';
	journal_client_wait_in_flight(watch, 2);
	submit(&op, 20);
	follower_says(fd, " followed migrate running on node1");
	journal_client_wait_in_flight(watch, 2);
	journal_server_stop();
	follower_says(fd, "waiting for it");
	journal_server_restart();
	op = task_make("followed", 21);
	submit(&op, 21);
	output[0] = '\0';
	follower_says(fd, " followed migrate running on node1");
	child_kill(follower);
	(void)close(fd);
}

static void status__says_what_it_is(void **state)
{
	(void)state;
	assert_int_equal(run("journal status"), 0);
	has("node:      1, follower");
	has("active:    no");
	has("gate:      shut");
	assert_int_equal(run("journal status --json"), 0);
	has("\"role\": \"follower\"");
	has("\"solo\": null");
	assert_int_equal(run("journal voters"), 0);
	has("this node knows them");
}

static void status__tells_two_nodes_whether_one_would_go_on_alone(void **state)
{
	struct journal_op pair = task_make("pair", 70), unheard = task_make("unheard", 71);

	(void)state;
	assert_int_equal(run("journal status"), 0);
	assert_null(strstr(output, "solo"));
	submit(&pair, 70);
	assert_int_equal(run("journal status"), 0);
	has("\nsolo:      ready (Pacemaker was asked 7 s ago)\n");
	assert_int_equal(run("journal status --json"), 0);
	has("\"solo\": {\n    \"ready\": true,\n    \"heard_ms\": 7900,\n    \"reason\": null");
	submit(&unheard, 71);
	assert_int_equal(run("journal status"), 0);
	has("\nsolo:      not ready: not heard\n");
	assert_int_equal(run("journal status --json"), 0);
	has("\"ready\": false,\n    \"heard_ms\": null,\n    \"reason\": \"not heard\"");
}

static void paths__fits_eighty_columns(void **state)
{
	struct journal_op op = task_make("paths", 7);

	(void)state;
	assert_int_equal(run("paths"), 0);
	assert_string_equal(output, "No paths are known.\n");
	submit(&op, 7);
	assert_int_equal(run("paths"), 0);
	assert_string_equal(
		output,
		"HOST         ARRAY      PORTAL                   STATE    SINCE    LATENCY\n"
		"node1        san1       10.0.0.1:3260            up          1m     0.8 ms\n"
		"node2        san1       10.0.0.1:3260            down        2m          -\n"
		"    no answer to the login within 5000 ms\n"
		"node3        san1       [fd00:1:2:3:4:5:6:7]:3260\n"
		"                                                 refused     3m          -\n"
		"    login refused: Authentication failure(513)\n"
		"    only the array names this portal: no drive uses it while it is not in\n"
		"    lunmask.conf\n");
	op = task_make("nopaths", 8);
	submit(&op, 8);
	assert_int_equal(run("paths --node node1 --array san1"), 0);
	has("node1        san1");
	has("This node measures nothing now:\n    lunmask.conf is missing\n");
	assert_null(strstr(output, "node2"));
	assert_int_equal(run("paths --array san2"), 0);
	has("No paths are known.");
}

static void paths__prints_json_and_xml(void **state)
{
	struct journal_op op = task_make("paths", 7);
	json_t *json;

	(void)state;
	submit(&op, 7);
	assert_int_equal(run("paths --json"), 0);
	json = json_loads(output, 0, NULL);
	assert_non_null(json);
	assert_int_equal(json_array_size(json_object_get(json, "paths")), 3);
	json_decref(json);
	has("\"state\": \"up\"");
	has("\"latency_us\": 812");
	has("\"latency_us\": null");
	has("\"configured\": false");
	has("\"trouble\": null");
	assert_int_equal(run("paths --xml"), 0);
	has("<paths>");
	has("<path host=\"node3\" array=\"san1\" portal=\"[fd00:1:2:3:4:5:6:7]:3260\" "
	    "configured=\"false\" state=\"refused\" since_ms=\"");
	has("reason=\"login refused: Authentication failure(513)\"/>");
}

static void check__names_what_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(run("journal check"), 1);
	has("not ok corosync is quorate");
	has("not ok it can commit");
	assert_int_equal(run("journal check /nonexistent"), 6);
	has("/nonexistent");
}

static void force_solo__asks_first(void **state)
{
	(void)state;
	assert_int_equal(run("journal force-solo </dev/null"), 4);
	has("say --yes");
	assert_int_equal(run("journal force-solo --yes"), 4);
	has("it is active");
}

/* The release is web9's, by node3, on san1; web8 has a grant, which is none. */
static void forget__asks_first_and_ends_what_is_named(void **state)
{
	(void)state;
	assert_int_equal(run("journal forget"), 2);
	has("name a VM");
	assert_int_equal(run("journal forget --yes --array san2"), 6);
	assert_int_equal(run("journal forget --yes --node node2"), 6);
	assert_int_equal(run("journal forget --yes web8"), 6);
	has("no such release");
	assert_int_equal(run("journal forget --array san1 </dev/null"), 4);
	has("web9, released by node3");
	has("array san1: web9-root");
	has("say --yes");
	assert_int_equal(run("journal forget --yes --array san1"), 0);
	has("web9: the release by node3 is forgotten");
	assert_int_equal(run("journal forget --yes --array san1"), 6);
	assert_int_equal(run("journal export -"), 0);
	has("web8-root");
}

static void keygen__never_replaces_a_key(void **state)
{
	char path[64];
	struct stat file;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/key", directory);
	assert_int_equal(run("journal keygen key"), 0);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_size, 64);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_int_equal(run("journal keygen key"), 4);
	has("is not replaced");
}

static void export__comes_back_by_import(void **state)
{
	(void)state;
	assert_int_equal(run("journal export export.json"), 0);
	journal_server_restart();
	assert_int_equal(run("journal import export.json"), 0);
	has("3 tasks and 1 releases");
	assert_int_equal(run("journal import export.json"), 0); /* again, as after a crash */
	assert_int_equal(run("tasks --all"), 0);
	has("web1             migrate   running -                    node1");
	has("a-name-that-is-+ migrate   waiting");
	has("done1            migrate   done");
	assert_int_equal(run("journal export - | grep -A 4 web9"), 0);
	has("web9-root");
	/* What was fenced, or began anew, between export and import is not known. */
	assert_int_equal(run("journal export - | grep -A 99 '\"grants\"'"), 0);
	has("\"by\": \"node1\"");
	has("\"fencings\": -1");
	assert_null(strstr(output, "\"since_ms\": 1000,"));
}

static void import__never_brings_a_completed_release_back(void **state)
{
	struct journal_op op = {.kind = JOURNAL_OP_REVOKED};

	(void)state;
	assert_int_equal(run("journal export export.json"), 0);
	(void)strcpy(op.release.vm, "web9");
	(void)strcpy(op.release.node, "node3");
	submit(&op, 40);
	assert_int_equal(run("journal import export.json"), 0);
	assert_int_not_equal(run("journal export - | grep web9"), 0);
}

static void import__refuses_another_file_or_journal(void **state)
{
	struct journal_op op = task_make("other", 30);

	(void)state;
	assert_int_equal(run("journal import missing.json"), 6);
	assert_int_equal(run("journal import - </dev/null"), 1);
	has("is not JSON");
	assert_int_equal(run("--version >/dev/null; echo '{\"format\": \"x\"}' >bad.json"), 0);
	assert_int_equal(run("journal import bad.json"), 1);
	has("not a file of lunmask journal export");
	assert_int_equal(run("journal export export.json"), 0);
	submit(&op, 30);
	assert_int_equal(run("journal import export.json"), 4);
	has("task of VM 'other'");
}

static void command_line__is_checked(void **state)
{
	(void)state;
	assert_int_equal(run(""), 2);
	assert_int_equal(run("tasks what"), 2);
	assert_int_equal(run("journal"), 2);
	has("journal keygen [FILE]");
	assert_int_equal(run("journal what"), 2);
	has("there is no command 'what'; see lunmask journal --help");
	assert_int_equal(run("journal --help"), 0);
	has("journal keygen [FILE]");
	assert_null(strstr(output, "tasks show"));
	assert_int_equal(run("template --help"), 0);
	has("template list");
	assert_int_equal(run("tasks --follow --xml"), 2);
	has("--follow prints text or json");
	assert_int_equal(run("tasks --yes"), 2);
	assert_int_equal(run("tasks --timeout 0"), 2);
	assert_int_equal(run("journal export"), 2);
	assert_int_equal(run("journal keygen --help"), 0);
	has("/etc/lunmask/journal.key");
}

static void no_daemon__is_said(void **state)
{
	(void)state;
	undo_setenv(JOURNAL_IPC_NAME_VARIABLE, "lunmask-test-nobody");
	assert_int_equal(run("tasks"), 3);
	has("does not run on this node");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, undo_all)
#define TEST_FILLED(name) cmocka_unit_test_setup_teardown(name, up_filled, undo_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(complete__offers_commands_and_options),
		TEST(tasks__fits_eighty_columns),
		TEST(help__fits_eighty_columns),
		TEST_FILLED(tasks__filters),
		TEST_FILLED(tasks__prints_json),
		TEST_FILLED(tasks_show__has_all_of_one),
		TEST(tasks_follow__tells_what_changes),
		TEST(status__says_what_it_is),
		TEST(paths__fits_eighty_columns),
		TEST(paths__prints_json_and_xml),
		TEST(status__tells_two_nodes_whether_one_would_go_on_alone),
		TEST(check__names_what_is_wrong),
		TEST(force_solo__asks_first),
		TEST_FILLED(forget__asks_first_and_ends_what_is_named),
		TEST(keygen__never_replaces_a_key),
		TEST_FILLED(export__comes_back_by_import),
		TEST_FILLED(import__never_brings_a_completed_release_back),
		TEST_FILLED(import__refuses_another_file_or_journal),
		TEST(command_line__is_checked),
		TEST(no_daemon__is_said),
	};

	const char *name = getenv("LUNMASK") != NULL ? getenv("LUNMASK") : "tools/lunmask";

	/* Commands run in the directory for their files. */
	if (realpath(name, program) == NULL) {
		perror(name);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
