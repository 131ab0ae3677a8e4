/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Against two arrays whose driver is a shell script, with QEMU played by this program itself,
 * started again with QEMU's options.
 */
#include "tests/unit/process/qemu_player.h"
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cutoff/cutoff_host.h"
#include "process/initiator_process.h"

/* "hook" is run before the answer; "fail" is an array that cannot be asked. */
static const char script[] =
	"#!/bin/sh\n"
	"d=${0%/*}; cat >/dev/null; [ \"$1\" = fenced ] || exit 1; echo >>$d/calls\n"
	"[ ! -e $d/hook ] || . $d/hook\n"
	"if [ -e $d/fail ]; then\n"
	"  echo '{\"error\":{\"code\":\"unreachable\",\"message\":\"no tgtd\"}}'; exit 1; fi\n"
	"f=; [ ! -e $d/fenced ] || f='\"'$(cat $d/fenced)'\"'\n"
	"echo '{\"fenced\":['$f'],\"fencings\":1}'\n";

static char root[64];
static char iqn[96];
static char self[256];
static int told;

static pid_t player_start(const char *initiator)
{
	char option[256];

	(void)snprintf(option, sizeof(option), "driver=iscsi,initiator-name=%s", initiator);
	return qemu_player_start(
		false, (const char *const[]){"-name", "guest=unit-vm", "-blockdev", option, NULL});
}

static bool player_lives(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static const char *path(size_t array, const char *file)
{
	static char text[128];

	(void)snprintf(text, sizeof(text), "%s/%zu/%s", root, array, file);
	return text;
}

static void put(size_t array, const char *file, const char *content)
{
	FILE *stream = fopen(path(array, file), "we");

	assert_non_null(stream);
	assert_true(fputs(content, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static int config_put(const char *node, const char *more)
{
	FILE *stream;
	char name[96];

	(void)snprintf(name, sizeof(name), "%s/conf", root);
	stream = fopen(name, "we");
	for (int i = 0; i < 2 && stream != NULL; i++) {
		(void)fprintf(stream,
			      "[array san%d]\ndriver = %s/%d/driver\ntransport = exec\n"
			      "portals = 127.0.0.1:%d 127.0.0.2:3260\n",
			      i, root, i, 3260 + i);
	}
	return stream == NULL ||
			       fprintf(stream, "[host %s]\ninitiator = %s\n%s", node, iqn, more) <
				       0 ||
			       fclose(stream) != 0
		       ? -1
		       : chmod(name, 0600);
}

static const char *config_name(void)
{
	static char name[96];

	(void)snprintf(name, sizeof(name), "%s/conf", root);
	return name;
}

static int arrays_make(void **state)
{
	(void)state;
	(void)strcpy(root, "/tmp/lunmask-cutoff-XXXXXX");
	if (mkdtemp(root) == NULL) {
		return -1;
	}
	for (size_t i = 0; i < 2; i++) {
		if (mkdir(path(i, ""), 0700) != 0) {
			return -1;
		}
		put(i, "driver", script);
		if (chmod(path(i, "driver"), 0700) != 0) {
			return -1;
		}
	}
	told = 0;
	return config_put("node1", "");
}

static int entry_remove(const char *name, const struct stat *status, int flag, struct FTW *ftw)
{
	(void)status, (void)flag, (void)ftw;
	return remove(name);
}

static int arrays_unmake(void **state)
{
	struct process_set left = {.n = 0};

	(void)undo_all(state);
	/* Also one that a driver has started. */
	if (initiator_process_hold_all(iqn, &left, NULL) == 0) {
		(void)process_set_end(&left, deadline_in(TEST_LIMIT_MS), NULL);
	}
	process_set_release(&left);
	return nftw(root, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A QEMU of this machine that is ending has no command line any more, and may be anybody's. */
static void on_told(void *data, const struct process_held *process, const char *array)
{
	if (strncmp(process->name, "qemu-system-", 12) == 0) {
		return;
	}
	assert_string_equal(process->name, "unit-vm");
	assert_string_equal(array, data);
	told++;
}

static struct cutoff_host host_make(const char *array)
{
	struct cutoff_host host = {
		.node = "node1", .told = on_told, .data = (void *)(uintptr_t)array};

	assert_int_equal(cutoff_host_configure(&host, config_name(), NULL), 0);
	return host;
}

static struct cutoff_seen look(struct cutoff_host *host, struct err *err)
{
	struct cutoff_seen seen;

	assert_int_equal(cutoff_host_query(host, deadline_in(TEST_LIMIT_MS), &seen, err), 0);
	return seen;
}

static void look__ends_nothing_when_no_array_has_the_host_fenced(void **state)
{
	struct cutoff_host host = host_make("none");
	struct err err = ERR_INIT;
	struct cutoff_seen seen;
	pid_t player = player_start(iqn);

	(void)state;
	put(1, "fenced", "iqn.2026-11.org.example:other");
	seen = look(&host, &err);
	assert_int_equal(seen.answer, CUTOFF_OPEN);
	assert_true(seen.busy);
	assert_true(player_lives(player));
	qemu_player_kill(player);
	seen = look(&host, &err);
	assert_false(seen.busy);
	cutoff_host_release(&host);
}

static void look__ends_nothing_when_an_array_is_silent(void **state)
{
	struct cutoff_host host = host_make("none");
	struct err err = ERR_INIT;
	pid_t player = player_start(iqn);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		put(i, "fail", "");
		assert_int_equal(look(&host, &err).answer, CUTOFF_UNKNOWN);
		assert_non_null(strstr(err_text(&err), "no tgtd"));
	}
	assert_true(player_lives(player));
	qemu_player_kill(player);
	cutoff_host_release(&host);
}

static void look__ends_all_when_one_array_has_the_host_fenced(void **state)
{
	struct cutoff_host host = host_make("san1");
	struct err err = ERR_INIT;
	pid_t players[] = {player_start(iqn), player_start(iqn)};
	pid_t stranger = player_start("iqn.2026-11.org.example:somebody");
	struct cutoff_seen seen;

	(void)state;
	put(0, "fail", "");
	put(1, "fenced", iqn);
	assert_int_equal(kill(players[1], SIGSTOP), 0);
	seen = look(&host, &err);
	assert_int_equal(seen.answer, CUTOFF_FENCED);
	assert_true(seen.busy && seen.clean);
	assert_string_equal(err_text(&err), "array san1 has it fenced");
	assert_false(player_lives(players[0]) || player_lives(players[1]));
	assert_true(player_lives(stranger));
	assert_int_equal(told, 2);
	qemu_player_kill(stranger);
	cutoff_host_release(&host);
}

/* Any QEMU of this machine that is just exiting may have had the name, and is found first. */
static bool late_is_found(void)
{
	struct deadline deadline = deadline_in(TEST_LIMIT_MS);
	struct initiator_process found = {.name = ""};

	do {
		assert_int_equal(initiator_process_find(iqn, &found, NULL), 0);
	} while (strcmp(found.name, "late") != 0 && deadline_pause(deadline, 10));
	return strcmp(found.name, "late") == 0;
}

/* It may be one that was started after the host was let in again. */
static void look__ends_nothing_that_came_after_the_question(void **state)
{
	struct cutoff_host host = host_make("san0");
	struct err err = ERR_INIT;
	struct process_set left = {.n = 0};
	pid_t player = player_start(iqn);
	struct cutoff_seen seen;
	char hook[1024];

	(void)state;
	(void)snprintf(hook, sizeof(hook),
		       "setsid %s -name guest=late -blockdev initiator-name=%s </dev/null "
		       ">/dev/null 2>&1 &\n"
		       "until grep -q guest=late /proc/$!/cmdline; do :; done\n",
		       self, iqn);
	put(0, "hook", hook);
	put(0, "fenced", iqn);
	seen = look(&host, &err);
	assert_int_equal(seen.answer, CUTOFF_FENCED);
	assert_false(seen.clean);
	assert_non_null(strstr(err_text(&err), "late (pid "));
	assert_false(player_lives(player));
	assert_true(late_is_found());
	assert_int_equal(initiator_process_hold_all(iqn, &left, NULL), 0);
	assert_int_equal(process_set_end(&left, deadline_in(TEST_LIMIT_MS), NULL), 0);
	process_set_release(&left);
	cutoff_host_release(&host);
}

static pid_t agent_start(void)
{
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = child_fork();
	if (pid == 0) {
		FILE *name = fopen("/proc/self/comm", "we");
		bool named =
			name != NULL && fputs("VirtualMachine", name) >= 0 && fclose(name) == 0;

		while (named && write(fds[1], "r", 1) == 1) {
			(void)pause();
		}
		_exit(1);
	}
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	(void)close(fds[0]);
	return pid;
}

/* There may be others on this machine that are none of ours. */
static bool remembers(struct cutoff_host *host, pid_t pid)
{
	struct err err = ERR_INIT;
	int rc = cutoff_host_may_return(host, &err);
	bool found = false;

	for (size_t i = 0; i < host->agents.n; i++) {
		found = found || host->agents.held[i].pid == pid;
	}
	assert_int_equal(rc, host->agents.n > 0 ? -EAGAIN : 0);
	return found;
}

static void look__remembers_the_agents_from_before(void **state)
{
	struct cutoff_host host = host_make("san0");
	struct err err = ERR_INIT;
	pid_t agent = agent_start();
	pid_t late;

	(void)state;
	assert_int_equal(cutoff_host_may_return(&host, &err), 0);
	put(0, "fenced", iqn);
	(void)look(&host, &err);
	assert_true(remembers(&host, agent));
	/* Later looks keep it in mind, and no later agent. */
	late = agent_start();
	(void)look(&host, &err);
	assert_true(remembers(&host, agent));
	assert_false(remembers(&host, late));
	qemu_player_kill(agent);
	assert_false(remembers(&host, agent));
	qemu_player_kill(late);
	cutoff_host_release(&host);
}

static void may_return__not_where_the_configuration_says_no(void **state)
{
	struct cutoff_host host = host_make("none");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(cutoff_host_may_return(&host, &err), 0);
	assert_int_equal(config_put("node1", "unfence_after_cutoff = no\n"), 0);
	assert_int_equal(cutoff_host_configure(&host, config_name(), &err), 0);
	assert_int_equal(cutoff_host_may_return(&host, &err), -EPERM);
	assert_string_equal(err_text(&err), "[host node1] says unfence_after_cutoff = no");
	cutoff_host_release(&host);
}

static void configure__keeps_the_last_one_that_was_legal(void **state)
{
	struct cutoff_host host = host_make("none");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host.n_ports, 2);
	assert_int_equal(config_put("node2", ""), 0);
	assert_int_equal(cutoff_host_configure(&host, config_name(), &err), -ENOENT);
	assert_int_equal(cutoff_host_configure(&host, "/nonexistent", &err), -ENOENT);
	assert_string_equal(host.self->node, "node1");
	assert_int_equal(host.n_ports, 2);
	cutoff_host_release(&host);
}

static void node__is_the_kernels_where_none_is_given(void **state)
{
	static const char other[] = "[host some-other]\ninitiator = iqn.2026-11.x:o\n";
	struct config *config;
	struct utsname name;
	const char *node;
	char text[256];

	(void)state;
	assert_int_equal(uname(&name), 0);
	(void)snprintf(text, sizeof(text), "%s[host %s]\ninitiator = iqn.2026-11.x:n\n", other,
		       name.nodename);
	assert_int_equal(config_parse(text, strlen(text), "t", &config, NULL), 0);
	assert_int_equal(cutoff_host_node(config, NULL, &node, NULL), 0);
	assert_string_equal(node, name.nodename);
	assert_int_equal(cutoff_host_node(config, "some-other", &node, NULL), 0);
	assert_string_equal(node, "some-other");
	config_free(config);
	assert_int_equal(config_parse(other, strlen(other), "t", &config, NULL), 0);
	assert_int_equal(cutoff_host_node(config, NULL, &node, NULL), -ENOENT);
	config_free(config);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, arrays_make, arrays_unmake)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(look__ends_nothing_when_no_array_has_the_host_fenced),
		TEST(look__ends_nothing_when_an_array_is_silent),
		TEST(look__ends_all_when_one_array_has_the_host_fenced),
		TEST(look__ends_nothing_that_came_after_the_question),
		TEST(look__remembers_the_agents_from_before),
		TEST(may_return__not_where_the_configuration_says_no),
		TEST(configure__keeps_the_last_one_that_was_legal),
		TEST(node__is_the_kernels_where_none_is_given),
	};

	(void)argc;
	qemu_player_main(argv);
	(void)snprintf(iqn, sizeof(iqn), "iqn.2026-11.org.example:cutoff-%d", (int)getpid());
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0) {
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
