/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "tpm/tpm_folder.h"

#define TEMPORARY "/tpm2/TMP2-00.permall"

/* What was committed last, and how often. */
struct lun {
	GBytes *state;
	int commits;
	int rc;
};

static int commit(void *data, GBytes *state)
{
	struct lun *lun = data;

	lun->commits++;
	if (lun->rc == 0) {
		g_clear_pointer(&lun->state, g_bytes_unref);
		lun->state = g_bytes_ref(state);
	}
	return lun->rc;
}

struct fixture {
	struct lun lun;
	struct tpm_folder folder;
};

static int setup(void **state)
{
	struct fixture *f = g_new0(struct fixture, 1);

	f->folder.commit = commit;
	f->folder.data = &f->lun;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tpm_folder_release(&f->folder);
	g_clear_pointer(&f->lun.state, g_bytes_unref);
	g_free(f);
	return 0;
}

static void begin_with(struct fixture *f, const char *text)
{
	g_autoptr(GBytes) state = text == NULL ? NULL : g_bytes_new(text, strlen(text));

	tpm_folder_init(&f->folder, state);
}

/* As swtpm does it. */
static int store(struct fixture *f, const char *text)
{
	int rc = tpm_folder_create(&f->folder, TEMPORARY, 0600, 1, 1);

	if (rc == -EEXIST) {
		rc = tpm_folder_truncate(&f->folder, TEMPORARY, 0);
	}
	assert_int_equal(rc, 0);
	assert_int_equal(tpm_folder_write(&f->folder, TEMPORARY, text, strlen(text), 0),
			 (int)strlen(text));
	assert_int_equal(tpm_folder_flush(&f->folder, TEMPORARY), 0);
	return tpm_folder_rename(&f->folder, TEMPORARY, TPM_FOLDER_STATE);
}

static void assert_state(struct fixture *f, const char *text)
{
	char data[64] = "";
	int n = tpm_folder_read(&f->folder, TPM_FOLDER_STATE, data, sizeof(data), 0);

	assert_int_equal(n, (int)strlen(text));
	assert_memory_equal(data, text, strlen(text));
}

static void assert_committed(struct fixture *f, const char *text)
{
	assert_non_null(f->lun.state);
	assert_int_equal(g_bytes_get_size(f->lun.state), strlen(text));
	assert_memory_equal(g_bytes_get_data(f->lun.state, NULL), text, strlen(text));
}

static void new_tpm__has_no_folder_until_libvirt_makes_it(void **state)
{
	struct fixture *f = *state;
	struct stat stat;

	begin_with(f, NULL);
	assert_int_equal(tpm_folder_stat(&f->folder, "/", &stat), 0);
	assert_true(S_ISDIR(stat.st_mode));
	assert_int_equal(tpm_folder_stat(&f->folder, "/tpm2", &stat), -ENOENT);
	assert_null(tpm_folder_entry(&f->folder, "/", 0));
	assert_int_equal(tpm_folder_create(&f->folder, TEMPORARY, 0600, 1, 1), -ENOENT);
	assert_int_equal(tpm_folder_mkdir(&f->folder, "/tpm1", 0700, 0, 0), -EPERM);
	assert_int_equal(tpm_folder_mkdir(&f->folder, "/tpm2", 0700, 0, 0), 0);
	assert_int_equal(tpm_folder_mkdir(&f->folder, "/tpm2", 0700, 0, 0), -EEXIST);
	assert_int_equal(tpm_folder_chown(&f->folder, "/tpm2", 104, (gid_t)-1), 0);
	assert_int_equal(tpm_folder_stat(&f->folder, "/tpm2", &stat), 0);
	assert_int_equal(stat.st_uid, 104);
	assert_int_equal(stat.st_gid, 0);
	assert_string_equal(tpm_folder_entry(&f->folder, "/", 0), "tpm2");
	assert_int_equal(store(f, "one"), 0);
	assert_committed(f, "one");
}

static void rename__commits_before_it_succeeds(void **state)
{
	struct fixture *f = *state;

	begin_with(f, "old");
	assert_state(f, "old");
	assert_int_equal(f->lun.commits, 0);
	assert_int_equal(store(f, "new"), 0);
	assert_int_equal(f->lun.commits, 1);
	assert_committed(f, "new");
	assert_state(f, "new");
}

static void rename__that_cannot_commit_changes_nothing(void **state)
{
	struct fixture *f = *state;

	begin_with(f, "old");
	f->lun.rc = -EIO;
	assert_int_equal(store(f, "new"), -EIO);
	assert_state(f, "old");
	f->lun.rc = 0;
	assert_int_equal(store(f, "newer"), 0);
	assert_state(f, "newer");
}

/* A newer swtpm may write in place. */
static void write_in_place__is_committed_at_close(void **state)
{
	struct fixture *f = *state;

	begin_with(f, "old");
	assert_int_equal(tpm_folder_truncate(&f->folder, TPM_FOLDER_STATE, 0), 0);
	assert_int_equal(tpm_folder_write(&f->folder, TPM_FOLDER_STATE, "new", 3, 0), 3);
	assert_int_equal(f->lun.commits, 0);
	f->lun.rc = -EIO;
	assert_int_equal(tpm_folder_flush(&f->folder, TPM_FOLDER_STATE), -EIO);
	f->lun.rc = 0;
	assert_int_equal(tpm_folder_flush(&f->folder, TPM_FOLDER_STATE), 0);
	assert_committed(f, "new");
	assert_int_equal(tpm_folder_flush(&f->folder, TPM_FOLDER_STATE), 0);
	assert_int_equal(f->lun.commits, 2);
}

static void other_files__are_not_committed(void **state)
{
	struct fixture *f = *state;

	begin_with(f, "old");
	assert_int_equal(tpm_folder_create(&f->folder, TPM_FOLDER_VOLATILE, 0600, 1, 1), 0);
	assert_int_equal(tpm_folder_write(&f->folder, TPM_FOLDER_VOLATILE, "v", 1, 0), 1);
	assert_int_equal(tpm_folder_flush(&f->folder, TPM_FOLDER_VOLATILE), 0);
	assert_int_equal(tpm_folder_rename(&f->folder, TPM_FOLDER_VOLATILE, "/tpm2/.lock"), 0);
	assert_int_equal(tpm_folder_unlink(&f->folder, "/tpm2/.lock"), 0);
	assert_int_equal(f->lun.commits, 0);
	assert_state(f, "old");
}

/* libvirt deletes the state where the guest has left; swtpm would make another one there. */
static void unlink__of_the_state_ends_all_commits(void **state)
{
	struct fixture *f = *state;

	begin_with(f, "old");
	assert_int_equal(tpm_folder_unlink(&f->folder, TPM_FOLDER_STATE), 0);
	assert_int_equal(tpm_folder_rmdir(&f->folder, "/tpm2"), 0);
	assert_int_equal(tpm_folder_mkdir(&f->folder, "/tpm2", 0700, 0, 0), 0);
	assert_int_equal(store(f, "another"), -EPERM);
	assert_int_equal(f->lun.commits, 0);
}

static void limits__hold(void **state)
{
	struct fixture *f = *state;
	g_autofree char *name = g_strnfill(TPM_FOLDER_NAME_MAX + 1, 'x');
	g_autofree char *path = g_strdup_printf("/tpm2/%s", name);
	char file[32];

	begin_with(f, "old");
	assert_int_equal(tpm_folder_create(&f->folder, path, 0600, 1, 1), -ENAMETOOLONG);
	assert_int_equal(tpm_folder_rename(&f->folder, TPM_FOLDER_STATE, path), -ENAMETOOLONG);
	assert_int_equal(tpm_folder_create(&f->folder, "/tpm2/a/b", 0600, 1, 1), -EPERM);
	assert_int_equal(tpm_folder_create(&f->folder, "/x", 0600, 1, 1), -EPERM);
	assert_int_equal(tpm_folder_truncate(&f->folder, TPM_FOLDER_STATE, -1), -EINVAL);
	assert_int_equal(
		tpm_folder_truncate(&f->folder, TPM_FOLDER_STATE, (off_t)TPM_FOLDER_FILE_MAX + 1),
		-EFBIG);
	assert_int_equal(tpm_folder_write(&f->folder, TPM_FOLDER_STATE, "x", 1, INT64_MAX), -EFBIG);
	assert_int_equal(tpm_folder_write(&f->folder, TPM_FOLDER_STATE, "x", 1, -1), -EINVAL);
	for (int i = 1; i < TPM_FOLDER_FILES_MAX; i++) {
		(void)g_snprintf(file, sizeof(file), "/tpm2/f%d", i);
		assert_int_equal(tpm_folder_create(&f->folder, file, 0600, 1, 1), 0);
	}
	assert_int_equal(tpm_folder_create(&f->folder, "/tpm2/more", 0600, 1, 1), -ENOSPC);
	assert_int_equal(tpm_folder_rmdir(&f->folder, "/tpm2"), -ENOTEMPTY);
	assert_int_equal(tpm_folder_unlink(&f->folder, "/tpm2"), -EISDIR);
}

static void write__fills_a_gap_with_zeros(void **state)
{
	struct fixture *f = *state;
	char data[8];

	begin_with(f, "ab");
	assert_int_equal(tpm_folder_write(&f->folder, TPM_FOLDER_STATE, "x", 1, 4), 1);
	assert_int_equal(tpm_folder_read(&f->folder, TPM_FOLDER_STATE, data, sizeof(data), 0), 5);
	assert_memory_equal(data, "ab\0\0x", 5);
	assert_int_equal(tpm_folder_read(&f->folder, TPM_FOLDER_STATE, data, sizeof(data), 5), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_tpm__has_no_folder_until_libvirt_makes_it),
		TEST(rename__commits_before_it_succeeds),
		TEST(rename__that_cannot_commit_changes_nothing),
		TEST(write_in_place__is_committed_at_close),
		TEST(other_files__are_not_committed),
		TEST(unlink__of_the_state_ends_all_commits),
		TEST(limits__hold),
		TEST(write__fills_a_gap_with_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
