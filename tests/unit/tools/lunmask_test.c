/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/journal.h"
#include "journal/journal_ipc.h"
#include "tests/unit/journal/journal_server.h"

/* The lunmask command against journal_server.h's server. LUNMASK: the program. */
#define OUTPUT_MAX (256 * 1024)

static pid_t server = -1;
static char output[OUTPUT_MAX];
static char directory[] = "/tmp/lunmask-test-XXXXXX";

/* Its exit status; output has what it wrote to both. */
static int run(const char *arguments)
{
	const char *program = getenv("LUNMASK") != NULL ? getenv("LUNMASK") : "tools/lunmask";
	char command[1024];
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
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct deadline deadline = deadline_in(LIMIT_MS);
	struct id128 id = {{number, 99}};
	struct journal_answer answer;

	assert_int_equal(journal_open(deadline, &journal, NULL), 0);
	assert_int_equal(journal_submit(journal, op, &id, 0, deadline, &answer, NULL), 0);
	assert_int_equal(answer.verdict, JOURNAL_COMMITTED);
	assert_int_equal(answer.status, 0);
}

/* One that runs, one that waits, one that is done, and a release. */
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
}

static int server_up(void **state)
{
	(void)state;
	server = journal_server_start();
	return server > 0 ? 0 : -1;
}

static int server_down(void **state)
{
	(void)state;
	journal_server_stop(server);
	return 0;
}

static int group_up(void **state)
{
	static char program[4096];

	/* Commands run in the directory for their files. */
	if (getenv("LUNMASK") == NULL && realpath("tools/lunmask", program) != NULL) {
		(void)setenv("LUNMASK", program, 1);
	}
	return mkdtemp(directory) == NULL ? -1 : server_up(state);
}

static int group_down(void **state)
{
	(void)server_down(state);
	(void)run("--version && rm -f export.json key bad.json");
	return rmdir(directory);
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

static void tasks_follow__tells_what_changes(void **state)
{
	struct journal_op op = task_make("followed", 20);
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		(void)poll(NULL, 0, 500);
		submit(&op, 20);
		(void)poll(NULL, 0, 300);
		(void)kill(server, SIGTERM); /* it says so, and waits */
		_exit(0);
	}
	(void)setenv("FOLLOWED", getenv("LUNMASK"), 1);
	assert_int_not_equal(run("--version; timeout 2 $FOLLOWED tasks --follow --vm followed"), 0);
	has(" followed migrate running on node1");
	has("waiting for it");
	assert_int_equal(waitpid(child, NULL, 0), child);
	(void)server_down(state);
	assert_int_equal(server_up(state), 0);
	tasks_fill();
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
	(void)server_down(state);
	assert_int_equal(server_up(state), 0);
	tasks_fill();
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
	(void)server_down(state);
	assert_int_equal(server_up(state), 0);
	assert_int_equal(run("journal import export.json"), 0);
	has("3 tasks and 1 releases");
	assert_int_equal(run("journal import export.json"), 0); /* again, as after a crash */
	assert_int_equal(run("tasks --all"), 0);
	has("web1             migrate   running -                    node1");
	has("a-name-that-is-+ migrate   waiting");
	has("done1            migrate   done");
	assert_int_equal(run("journal export - | grep -A 4 web9"), 0);
	has("web9-root");
}

static void import__never_brings_a_completed_release_back(void **state)
{
	struct journal_op op = {.kind = JOURNAL_OP_REVOKED};

	(void)state;
	(void)strcpy(op.release.vm, "web9");
	(void)strcpy(op.release.node, "node3");
	submit(&op, 40);
	assert_int_equal(run("journal import export.json"), 0); /* of the test before */
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
	submit(&op, 30);
	assert_int_equal(run("journal import export.json"), 4); /* of the test before */
	has("task of VM 'other'");
}

static void command_line__is_checked(void **state)
{
	(void)state;
	assert_int_equal(run(""), 2);
	assert_int_equal(run("tasks what"), 2);
	assert_int_equal(run("journal"), 2);
	assert_int_equal(run("tasks --yes"), 2);
	assert_int_equal(run("tasks --timeout 0"), 2);
	assert_int_equal(run("journal export"), 2);
	assert_int_equal(run("journal keygen --help"), 0);
	has("/etc/lunmask/journal.key");
}

static void no_daemon__is_said(void **state)
{
	const char *name = getenv(JOURNAL_IPC_NAME_VARIABLE);
	char kept[128];

	(void)state;
	(void)snprintf(kept, sizeof(kept), "%s", name);
	(void)setenv(JOURNAL_IPC_NAME_VARIABLE, "lunmask-test-nobody", 1);
	assert_int_equal(run("tasks"), 3);
	has("does not run on this node");
	(void)setenv(JOURNAL_IPC_NAME_VARIABLE, kept, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks__fits_eighty_columns),
		cmocka_unit_test(tasks__filters),
		cmocka_unit_test(tasks__prints_json),
		cmocka_unit_test(tasks_show__has_all_of_one),
		cmocka_unit_test(tasks_follow__tells_what_changes),
		cmocka_unit_test(status__says_what_it_is),
		cmocka_unit_test(status__tells_two_nodes_whether_one_would_go_on_alone),
		cmocka_unit_test(check__names_what_is_wrong),
		cmocka_unit_test(force_solo__asks_first),
		cmocka_unit_test(keygen__never_replaces_a_key),
		cmocka_unit_test(export__comes_back_by_import),
		cmocka_unit_test(import__never_brings_a_completed_release_back),
		cmocka_unit_test(import__refuses_another_file_or_journal),
		cmocka_unit_test(command_line__is_checked),
		cmocka_unit_test(no_daemon__is_said),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
