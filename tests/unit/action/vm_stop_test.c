/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domain is gone: libvirt's own mock driver has none of that name, and no QEMU runs. The array
 * is a shell script that fails as it is told, and the journal is journal_fake.h's.
 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "action/vm.h"
#include "array/array_error.h"
#include "tests/unit/journal/journal_fake.h"
#include "vm/vm_keep.h"

#define VM "unit-vm-stop"
#define IQN "iqn.2026-11.org.example:unit-vm-stop"
#define LIMIT_MS 20000

/* Each line of calls is a verb that the array was asked for, with its request. */
static const char driver[] =
	"#!/bin/sh\n"
	"echo \"$1 $(cat)\" >>${0%/*}/calls\n"
	"[ \"$1\" != info ] || [ ! -e ${0%/*}/granted ] || { echo "
	"'{\"driver\":\"x\",\"version\":\"1\",\"protocol\":1,\"capabilities\":["
	"\"apply\"]}'; exit; }\n"
	". ${0%/*}/fault\n";

/* In place of a fault: an array that grants k-root and k-state to this host until it revokes them.
 */
static const char array[] =
	"t=${0%/*}/granted i= n=\n"
	"[ \"$1\" != apply ] || rm -f $t\n"
	"[ ! -e $t ] || i='\"" IQN "\"' n='{\"initiator\":\"" IQN "\",\"address\":\"10.0.0.1\"}'\n"
	"m() { for l; do printf '%s{\"lun\":\"%s\",\"initiators\":[%s],\"nexuses\":[%s]}' \"$c\" "
	"$l "
	"\"$i\" \"$n\"; c=,; done; }\n"
	"r=$(sed -n '$s/.*\"luns\": *\\[\\([^]]*\\)\\].*/\\1/p' ${0%/*}/calls | tr -d ' \"' | tr , "
	"' ')\n"
	"echo \"{\\\"granted\\\":[],\\\"revoked\\\":[],\\\"masks\\\":[$(m $r)]}\"\n";

static char root[64];
static char *path_before;
static struct vm_settings settings;

static const char *path(const char *name)
{
	static char text[128];

	(void)snprintf(text, sizeof(text), "%s/%s", root, name);
	return text;
}

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(path(name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path(name), mode), 0);
}

static void configure(const char *driver_name, const char *transport)
{
	char conf[512];

	(void)snprintf(conf, sizeof(conf),
		       "[array san1]\ndriver = %s\ntransport = %s\nportals = 10.0.0.1:3260\n"
		       "[host node1]\ninitiator = " IQN "\n",
		       driver_name, transport);
	put("conf", conf, 0600);
}

static int set_up(void **state)
{
	char search[1024];

	(void)state;
	journal_fake_reset();
	settings = (struct vm_settings){
		.vm = VM,
		.array = "san1",
		.luns = "vda=a-root",
		.state_lun = "a-state",
		.hypervisor = "test:///default",
		.node = "node1",
	};
	(void)strcpy(root, "/tmp/lunmask-stop-XXXXXX");
	assert_non_null(mkdtemp(root));
	put("driver", driver, 0700);
	put("ssh", driver, 0700);
	put("calls", "", 0600);
	configure(path("driver"), "exec");
	path_before = strdup(getenv("PATH"));
	assert_non_null(path_before);
	(void)snprintf(search, sizeof(search), "%s:%s", root, path_before);
	return setenv("PATH", search, 1) != 0 || setenv("LUNMASK_CONF", path("conf"), 1) != 0 ||
	       setenv(VM_KEEP_VARIABLE, path("kept"), 1) != 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"driver", "ssh",     "calls",      "conf",
					    "fault",  "granted", ("kept/" VM), "kept"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		(void)remove(path(names[i]));
	}
	(void)setenv("PATH", path_before, 1);
	free(path_before);
	journal_fake_release();
	return rmdir(root);
}

static int stop_run(struct err *err)
{
	*err = (struct err)ERR_INIT;
	return vm_stop(&settings, deadline_in(LIMIT_MS), NULL, err);
}

static bool exists(const char *name)
{
	return access(path(name), F_OK) == 0;
}

/* As a start would have left it, of k-root and k-state. */
static void kept_by(const char *array_name)
{
	char text[512];

	assert_int_equal(mkdir(path("kept"), 0700), 0);
	(void)snprintf(text, sizeof(text),
		       "[granted]\narray=%s\ndriver=%s\ntransport=exec\nnode=node1\n"
		       "initiator=" IQN "\nluns=k-root;k-state;\n",
		       array_name, path("driver"));
	put("kept/" VM, text, 0600);
	put("granted", "", 0600);
	put("fault", array, 0600);
}

/* Nothing is left: the array has revoked it, and nothing says that it was ever granted. */
static void revoked(void)
{
	struct err err;
	int rc = stop_run(&err);

	if (rc != 0 || exists("granted") || exists("kept/" VM)) {
		fail_msg("stop returns %d: %s; granted %d, kept %d", rc, err_text(&err),
			 exists("granted"), exists("kept/" VM));
	}
}

static size_t calls(void)
{
	g_autofree char *text = NULL;
	size_t n = 0;

	assert_true(g_file_get_contents(path("calls"), &text, NULL, NULL));
	for (const char *at = text; *at != '\0'; at++) {
		n += *at == '\n' ? 1 : 0;
	}
	return n;
}

static void error_say(enum array_error error)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "echo '{\"error\":{\"code\":\"%s\",\"message\":\"it says no\"}}'; exit 1\n",
		       array_error_to_str(error));
	put("fault", text, 0600);
}

static void released(const char *what)
{
	struct err err;
	int rc = stop_run(&err);

	if (rc != 0 || !journal_fake_released(VM, "node1")) {
		fail_msg("%s: stop returns %d: %s", what, rc, err_text(&err));
	}
}

/* Whatever the array answers: this host gives away its own right, and that is always safe. */
static void any_error_of_the_array_is_released(void **state)
{
	(void)state;
	for (int error = 0; error < ARRAY_ERROR_COUNT; error++) {
		/* That LUN is presented to nobody: nothing is left to revoke. */
		if (error == ARRAY_ERROR_NO_SUCH_LUN) {
			continue;
		}
		journal_fake_reset();
		error_say((enum array_error)error);
		released(array_error_to_str((enum array_error)error));
	}
}

static void a_driver_that_fails_is_released(void **state)
{
	static const char *const faults[] = {
		"kill -9 $$", "echo garbage",      "echo garbage; exit 1", "exit 3",
		"exit 127\n", "echo '{}'; exit 0", "cat /dev/zero",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		journal_fake_reset();
		put("fault", faults[i], 0600);
		released(faults[i]);
	}
	journal_fake_reset();
	configure(path("missing"), "exec");
	released("the driver is missing");
}

static void an_ssh_that_fails_is_released(void **state)
{
	static const char *const faults[] = {
		"echo 'Host key verification failed.' >&2; exit 255",
		"echo 'root@array: Permission denied (publickey).' >&2; exit 255",
		"echo 'ssh: connect to host array port 22: No route to host' >&2; exit 255",
		"exit 127",
	};

	(void)state;
	configure("lunmask-array-x", "ssh://array");
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		journal_fake_reset();
		put("fault", faults[i], 0600);
		released(faults[i]);
	}
}

/* The driver has waited for its lock already; and what it could not undo, it cannot undo now. */
static void busy_and_not_undone_are_not_waited_for(void **state)
{
	static const struct {
		enum array_error error;
		size_t calls;
	} rows[] = {
		{ARRAY_ERROR_BUSY, 1},       /* the look at the masks */
		{ARRAY_ERROR_NOT_UNDONE, 3}, /* the look, one try, the look after it */
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		size_t before = calls();

		error_say(rows[i].error);
		assert_int_equal(stop_run(&err), 0);
		assert_int_equal(calls() - before, rows[i].calls);
	}
}

static void what_the_journal_does_not_take_fails(void **state)
{
	struct err err;

	(void)state;
	journal_fake.no_majority = true;
	error_say(ARRAY_ERROR_INTERNAL);
	assert_true(stop_run(&err) < 0);
	assert_non_null(strstr(err_text(&err), "it says no"));
	assert_non_null(strstr(err_text(&err), "cannot be released"));
}

static void parameters_that_do_not_parse_are_not_needed(void **state)
{
	(void)state;
	kept_by("san1");
	settings.luns = NULL;
	settings.array = NULL;
	revoked();
}

static void lunmask_conf_is_not_needed(void **state)
{
	(void)state;
	kept_by("san1");
	put("conf", "[array san1]\n", 0600);
	revoked();
}

/* Neither is needed for the release. */
static void what_was_granted_is_released(void **state)
{
	(void)state;
	kept_by("san1");
	settings.luns = NULL;
	put("conf", "", 0600);
	error_say(ARRAY_ERROR_INTERNAL);
	released("without parameters and configuration");
	assert_false(exists("kept/" VM));
}

static void what_was_granted_is_revoked_whatever_the_parameters_name_now(void **state)
{
	g_autofree char *text = NULL;

	(void)state;
	kept_by("san1");
	revoked();
	assert_true(g_file_get_contents(path("calls"), &text, NULL, NULL));
	assert_non_null(strstr(text, "a-root"));
	assert_non_null(strstr(text, "k-root"));
}

static void what_was_granted_by_another_array_is_revoked_there(void **state)
{
	(void)state;
	kept_by("san2");
	configure(path("missing"), "exec");
	revoked();
}

/* As a migration leaves it that was granted to this host, and whose migrate_from never ran. */
static void what_the_journal_says_was_granted_is_revoked(void **state)
{
	struct journal_op op = {.kind = JOURNAL_OP_GRANT,
				.release = {.vm = VM,
					    .node = "node1",
					    .by = "node2",
					    .array = "san1",
					    .luns = {"k-root", "k-state"},
					    .n_luns = 2,
					    .granted = true}};

	(void)state;
	for (int configured = 1; configured >= 0; configured--) {
		put("granted", "", 0600);
		put("fault", array, 0600);
		settings.luns = NULL;
		assert_int_equal(journal_fake_apply(&op), 0);
		if (configured) {
			revoked();
		} else {
			put("conf", "", 0600);
			released("without configuration");
		}
	}
}

static void with_nothing_kept_nothing_was_granted(void **state)
{
	struct err err;

	(void)state;
	settings.luns = NULL;
	assert_int_equal(stop_run(&err), 0);
	assert_int_equal(calls(), 0);
}

/* What cannot be read may say anything. */
static void a_file_that_cannot_be_read_is_not_a_missing_one(void **state)
{
	struct err err;

	(void)state;
	kept_by("san1");
	settings.luns = NULL;
	put("kept/" VM, "[granted]\n", 0600);
	assert_true(stop_run(&err) < 0);
	assert_non_null(strstr(err_text(&err), "kept/" VM));
	assert_true(exists("kept/" VM));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(any_error_of_the_array_is_released),
		T(a_driver_that_fails_is_released),
		T(an_ssh_that_fails_is_released),
		T(busy_and_not_undone_are_not_waited_for),
		T(what_the_journal_does_not_take_fails),
		T(parameters_that_do_not_parse_are_not_needed),
		T(lunmask_conf_is_not_needed),
		T(what_was_granted_is_released),
		T(what_was_granted_is_revoked_whatever_the_parameters_name_now),
		T(what_was_granted_by_another_array_is_revoked_there),
		T(what_the_journal_says_was_granted_is_revoked),
		T(with_nothing_kept_nothing_was_granted),
		T(a_file_that_cannot_be_read_is_not_a_missing_one),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
