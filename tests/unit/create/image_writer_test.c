/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_writer.c against programs that take the place of qemu-img. */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "create/image_writer.h"

static const struct iscsi_path path = {
	.portal = "192.0.2.1:3260",
	.initiator = "iqn.2026-11.x:me",
	.target = "iqn.2026-11.x:t",
	.number = 3,
};

static char *folder, *program, *search;
static double seen[16];
static size_t n_seen;

static void progress(void *data, double share)
{
	(void)data;
	if (n_seen < G_N_ELEMENTS(seen)) {
		seen[n_seen++] = share;
	}
}

static struct image_job job_of(const char *script)
{
	g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", script);

	n_seen = 0;
	assert_true(g_file_set_contents(program, text, -1, NULL));
	assert_int_equal(g_chmod(program, 0700), 0);
	return (struct image_job){
		.image = "/a,b/c.qcow2", .format = "qcow2", .path = &path, .progress = progress};
}

static int place_make(void **state)
{
	(void)state;
	folder = g_dir_make_tmp("writer.XXXXXX", NULL);
	program = g_build_filename(folder, "qemu-img", NULL);
	search = g_strdup_printf("%s:%s", folder, getenv("PATH"));
	return g_setenv("PATH", search, TRUE) ? 0 : -1;
}

static int place_remove(void **state)
{
	int rc;

	(void)state;
	(void)g_unlink(program);
	rc = g_rmdir(folder);
	g_free(search);
	g_free(program);
	g_free(folder);
	return rc;
}

static void share_find__takes_the_last_one(void **state)
{
	static const struct {
		const char *text;
		double share;
	} rows[] = {
		{"    (12.50/100%)\r", 0.125},
		{"(1.00/100%)\r    (25.00/100%)\r", 0.25},
		{"(100.00/100%)\r\n", 1},
		{"", -1},
		{"(x/100%)", -1},
		{"(101/100%)", -1},
		{"(-1/100%)", -1},
		{"(nan/100%)", -1},
		{"(50", -1},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		assert_true(image_share_find(rows[i].text, strlen(rows[i].text)) == rows[i].share);
	}
}

/* The program sees the secret on its stdin, and nobody sees it on its command line. */
static void write__gives_the_secret_to_stdin_only(void **state)
{
	g_autofree char *file = g_build_filename(folder, "secret", NULL);
	const struct chap chap = {.secret_file = file, .user = (char *)"a,b"};
	struct iscsi_path secured = path;
	struct image_job job =
		job_of("case \"$*\" in *q7Rw*) exit 3 ;; esac\n"
		       "case \"$*\" in 'convert -p --object secret,id=chap,file=/dev/stdin -n '*"
		       "me,file.user=a,,b,file.password-secret=chap) ;;\n"
		       "*) echo \"$*\" >&2; exit 3 ;; esac\n"
		       "test \"$(cat /dev/stdin)\" = q7Rw-2mZx.Lt || exit 4");
	struct err err = ERR_INIT;

	(void)state;
	secured.chap = &chap;
	job.path = &secured;
	assert_true(g_file_set_contents(file, "q7Rw-2mZx.Lt\n", -1, NULL));
	assert_int_equal(g_chmod(file, 0600), 0);
	if (image_write(&job, deadline_in(TEST_LIMIT_MS), &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_int_equal(g_unlink(file), 0);
	assert_int_equal(image_write(&job, deadline_in(TEST_LIMIT_MS), &err), -EKEYREJECTED);
}

static void write__names_the_lun_and_follows(void **state)
{
	struct image_job job = job_of(
		"case \"$*\" in 'convert -p -n -W -f qcow2 --target-image-opts --target-is-zero "
		"/a,b/c.qcow2 driver=raw,file.driver=iscsi,file.transport=tcp,file.portal=192.0.2."
		"1:3260,file.target=iqn.2026-11.x:t,file.lun=3,file.initiator-name=iqn.2026-11.x:"
		"me') ;; *) echo \"$*\" >&2; exit 3 ;; esac\n"
		"printf '    (0.00/100%%)\\r'\nprintf '    (50.00/100%%)\\r    "
		"(100.00/100%%)\\r\\n'");
	struct err err = ERR_INIT;

	(void)state;
	if (image_write(&job, deadline_in(TEST_LIMIT_MS), &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_true(n_seen > 0);
	assert_true(seen[n_seen - 1] == 1);
}

static void write__fails_in_qemu_imgs_words(void **state)
{
	struct image_job job =
		job_of("echo 'first' >&2; echo 'qemu-img: error while writing: EIO' >&2; exit 1");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(image_write(&job, deadline_in(TEST_LIMIT_MS), &err), -EIO);
	assert_string_equal(err_text(&err), "error while writing: EIO");
	job = job_of("kill -KILL $$");
	assert_int_equal(image_write(&job, deadline_in(TEST_LIMIT_MS), &err), -EIO);
}

/* More on stderr than is kept. */
static void write__keeps_the_end_of_many_words(void **state)
{
	struct image_job job = job_of(
		"for i in 1 2 3 4 5 6 7 8 9; do printf '%0500d\\n' $i >&2; done; echo last >&2;"
		" exit 1");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(image_write(&job, deadline_in(TEST_LIMIT_MS), &err), -EIO);
	assert_string_equal(err_text(&err), "last");
}

static void write__ends_what_hangs(void **state)
{
	struct image_job job = job_of("printf '(30.00/100%%)\\r'; exec sleep 1800");
	struct err err = ERR_INIT;

	(void)state;
	job.stall_ms = 300;
	assert_int_equal(image_write(&job, deadline_in(TEST_LIMIT_MS), &err), -ETIMEDOUT);
	assert_non_null(strstr(err_text(&err), "makes no progress"));
	job.stall_ms = 0;
	assert_int_equal(image_write(&job, deadline_in(300), &err), -ETIMEDOUT);
	assert_non_null(strstr(err_text(&err), "did not end in time"));
}

static void compare__tells_other_content_from_trouble(void **state)
{
	struct image_job job =
		job_of("case \"$*\" in 'compare -p --image-opts driver=qcow2,file.driver=file,"
		       "file.filename=/a,,b/c.qcow2 driver=raw,file.driver=iscsi,'*) ;; *) exit 9 "
		       ";; esac");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(image_compare(&job, deadline_in(TEST_LIMIT_MS), &err), 0);
	job = job_of("exit 1");
	assert_int_equal(image_compare(&job, deadline_in(TEST_LIMIT_MS), &err), -EUCLEAN);
	job = job_of("echo 'no such LUN' >&2; exit 2");
	assert_int_equal(image_compare(&job, deadline_in(TEST_LIMIT_MS), &err), -EIO);
	assert_string_equal(err_text(&err), "no such LUN");
}

static void wipe__sends_zeros_as_data(void **state)
{
	struct image_job job = job_of(
		"case \"$*\" in 'convert -p -n -W -S 0 --image-opts --target-image-opts "
		"driver=null-co,read-zeroes=on,size=12582912 driver=raw,file.driver=iscsi,'*) ;; "
		"*) echo \"$*\" >&2; exit 9 ;; esac\nprintf '    (100.00/100%%)\\r\\n'");
	struct err err = ERR_INIT;

	(void)state;
	if (image_wipe(&job, 12582912, deadline_in(TEST_LIMIT_MS), &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_true(n_seen == 1 && seen[0] == 1);
	job = job_of("echo 'no space' >&2; exit 1");
	assert_int_equal(image_wipe(&job, 512, deadline_in(TEST_LIMIT_MS), &err), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(share_find__takes_the_last_one),
		cmocka_unit_test(write__names_the_lun_and_follows),
		cmocka_unit_test(write__gives_the_secret_to_stdin_only),
		cmocka_unit_test(write__fails_in_qemu_imgs_words),
		cmocka_unit_test(write__keeps_the_end_of_many_words),
		cmocka_unit_test(write__ends_what_hangs),
		cmocka_unit_test(compare__tells_other_content_from_trouble),
		cmocka_unit_test(wipe__sends_zeros_as_data),
	};

	return cmocka_run_group_tests_name("image_writer", tests, place_make, place_remove);
}
