/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against a tgtadm that is a shell script: what tgtd has are files in its directory. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/tgt/tgt_masks.h"

#define H1 "iqn.2026-11.x:h1"

/* "login": the initiator logs in. "shows": what was shown, a letter each, G grant, S session. */
static const char SCRIPT[] =
	"#!/bin/sh\n"
	"d=${0%/*}\n"
	"case \"$*\" in\n"
	"*'target --op show'*)\n"
	"  g=; s=; [ ! -e $d/grant ] || g=G; [ ! -e $d/session ] || s=S\n"
	"  echo \"$g$s.\" >>$d/shows\n"
	"  echo 'Target 1: iqn.2026-11.x:a'; echo '    System information:'\n"
	"  echo '        Driver: iscsi'; echo '        State: ready'\n"
	"  echo '    I_T nexus information:'\n"
	"  if [ $s ]; then\n"
	"    echo '        I_T nexus: 8'; echo '            Initiator: " H1 " alias: none'\n"
	"    echo '            Connection: 0'; echo '                IP Address: 127.0.0.1'; fi\n"
	"  echo '    LUN information:'; echo '    Account information:'\n"
	"  echo '    ACL information:'; [ ! $g ] || echo '        " H1 "'\n"
	/* Its login was in progress while this was printed. */
	"  [ ! -e $d/login ] || mv $d/login $d/session ;;\n"
	"*'target --op unbind'*) rm -f $d/grant ;;\n"
	"*'conn --op delete'*) rm -f $d/session ;;\n"
	"esac\n";

static char root[64];

static void put(const char *name, const char *content, mode_t mode)
{
	g_autofree char *file = g_build_filename(root, name, NULL);

	assert_true(g_file_set_contents(file, content, -1, NULL));
	assert_int_equal(chmod(file, mode), 0);
}

static char *shows(void)
{
	g_autofree char *file = g_build_filename(root, "shows", NULL);
	char *text = NULL;

	assert_true(g_file_get_contents(file, &text, NULL, NULL));
	return g_strdelimit(text, "\n", ' ');
}

static int tgtadm_make(void **state)
{
	g_autofree char *path = NULL;

	(void)state;
	(void)strcpy(root, "/tmp/lunmask-tgtadm-XXXXXX");
	if (mkdtemp(root) == NULL) {
		return -1;
	}
	path = g_strdup_printf("%s:%s", root, getenv("PATH"));
	put("tgtadm", SCRIPT, 0700);
	return setenv("PATH", path, 1);
}

static int tgtadm_unmake(void **state)
{
	static const char *const names[] = {"tgtadm", "grant", "login", "session", "shows"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *file = g_build_filename(root, names[i], NULL);

		(void)unlink(file);
	}
	return rmdir(root);
}

static int revoke_h1(struct fault *fault)
{
	static const char *const luns[] = {"a"};
	static char port[] = "1", prefix[] = "iqn.2026-11.x:";
	struct tgt tgt = {.config = {.control_port = port, .iqn_prefix = prefix}};

	return tgt_masks_revoke(&tgt, luns, 1, H1, deadline_in(60000), fault);
}

static void tgt_masks_revoke__cuts_a_login_that_was_in_progress(void **state)
{
	struct fault fault = FAULT_INIT;
	g_autofree char *seen = NULL;

	(void)state;
	put("grant", "", 0600);
	put("login", "", 0600);
	assert_int_equal(revoke_h1(&fault), 0);
	seen = shows();
	assert_string_equal(seen, "G. S. . . ");
}

static void tgt_masks_revoke__looks_twice_where_it_finds_nothing(void **state)
{
	struct fault fault = FAULT_INIT;
	g_autofree char *seen = NULL;

	(void)state;
	assert_int_equal(revoke_h1(&fault), 0);
	seen = shows();
	assert_string_equal(seen, ". . ");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tgtadm_make, tgtadm_unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tgt_masks_revoke__cuts_a_login_that_was_in_progress),
		TEST(tgt_masks_revoke__looks_twice_where_it_finds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
