/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots of the driver for tgt, which is killed at each point at which it changes something. A
 * file system without reflinks can be tested on, too: here, copies take their place, and a table of
 * which file tgtd would have open takes the place of tgtd. tests/conformance has the real ones.
 */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/snap/reflink.h"
#include "driver/tgt/tgt_masks.h"
#include "driver/tgt/tgt_pool.h"
#include "driver/tgt/tgt_snapshot.h"
#include "driver/tgt/tgt_volume.h"
#include "driver/tgtd/tgt_admin.h"

#define BYTES 4096
#define POINTS_MAX 200
#define CLONE "web2-a"

static const char *const luns[] = {"web1-a", "web1-b"};

static char root[64];
static struct tgt tgt;
static struct fault fault;
static int points;
static int killed_at; /* 0: never */
static bool can = true;

/* Which file of a LUN tgtd has open, in memory that all processes share; 0: it has no target. */
static ino_t *tgtd;

static void point(void)
{
	if (++points == killed_at) {
		(void)kill(getpid(), SIGKILL);
	}
}

static char *file_of(const char *name)
{
	return g_build_filename(root, "files", name, NULL);
}

static ino_t inode_of(const char *lun)
{
	g_autofree char *file = file_of(lun);
	struct stat status;

	assert_int_equal(stat(file, &status), 0);
	return status.st_ino;
}

/* What takes the places of the kernel and of tgtd */

int __wrap_reflink_probe(const char *folder, const char *source, struct fault *ret);
int __wrap_reflink_probe(const char *folder, const char *source, struct fault *ret)
{
	(void)folder;
	(void)source;
	return can ? 0 : fault_set(ret, ARRAY_ERROR_UNSUPPORTED, "no reflinks");
}

int __wrap_reflink_make(const char *source, const char *file, unsigned int mode, struct fault *ret);
int __wrap_reflink_make(const char *source, const char *file, unsigned int mode, struct fault *ret)
{
	g_autofree char *data = NULL;
	gsize bytes;
	int fd;

	point();
	if (access(file, F_OK) == 0 || !g_file_get_contents(source, &data, &bytes, NULL)) {
		return fault_set(ret, ARRAY_ERROR_INTERNAL, "cannot make '%s' of '%s'", file,
				 source);
	}
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode | S_IWUSR);
	point(); /* it is there, and empty */
	assert_int_equal(write(fd, data, bytes), bytes);
	assert_int_equal(close(fd), 0);
	point();
	return 0;
}

#define AROUND(type, name, parameters, arguments)                                                  \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		type result;                                                                       \
                                                                                                   \
		point();                                                                           \
		result = __real_##name arguments;                                                  \
		point();                                                                           \
		return result;                                                                     \
	}

AROUND(int, tgt_table_store, (const char *dir, const struct tgt_table *table, struct fault *ret),
       (dir, table, ret))
AROUND(int, rename, (const char *from, const char *to), (from, to))
AROUND(int, unlink, (const char *file), (file))

int __wrap_tgt_admin_show(const char *port, const char *prefix, struct deadline deadline,
			  struct tgt_show *ret, struct fault *ret_fault);
int __wrap_tgt_admin_show(const char *port, const char *prefix, struct deadline deadline,
			  struct tgt_show *ret, struct fault *ret_fault)
{
	(void)port;
	(void)prefix;
	(void)deadline;
	(void)ret_fault;
	*ret = (struct tgt_show){.count = 0};
	return 0;
}

static size_t index_of(const char *lun)
{
	return strcmp(lun, luns[0]) == 0 ? 0 : strcmp(lun, luns[1]) == 0 ? 1 : 2;
}

int __wrap_tgt_pool_drop_target(const struct tgt *from, const char *lun, struct deadline deadline,
				struct fault *ret);
int __wrap_tgt_pool_drop_target(const struct tgt *from, const char *lun, struct deadline deadline,
				struct fault *ret)
{
	(void)from;
	(void)deadline;
	(void)ret;
	point();
	tgtd[index_of(lun)] = 0;
	point();
	return 0;
}

int __wrap_tgt_pool_ensure_targets(const struct tgt *from, const char *const *names, size_t n,
				   struct deadline deadline, struct tgt_show *ret,
				   struct fault *ret_fault);
int __wrap_tgt_pool_ensure_targets(const struct tgt *from, const char *const *names, size_t n,
				   struct deadline deadline, struct tgt_show *ret,
				   struct fault *ret_fault)
{
	(void)from;
	(void)deadline;
	(void)ret_fault;
	*ret = (struct tgt_show){.count = 0};
	for (size_t i = 0; i < n; i++) {
		ino_t *open = &tgtd[index_of(names[i])];

		*open = *open != 0 ? *open : inode_of(names[i]);
	}
	return 0;
}

/* The array */

static void array_close(void)
{
	tgt_table_release(&tgt.table);
	tgt_config_release(&tgt.config);
}

/* As each request does. */
static void array_open(void)
{
	g_autofree char *file = g_build_filename(root, "conf", NULL);

	array_close();
	fault = (struct fault)FAULT_INIT;
	assert_int_equal(tgt_config_load(file, &tgt.config, &fault), 0);
	if (tgt_table_load(tgt.config.state_dir, &tgt.table, &fault) != 0) {
		fail_msg("%s", err_text(&fault.err));
	}
}

static void put(const char *lun, char value)
{
	g_autofree char *file = file_of(lun);
	char data[BYTES];

	memset(data, value, sizeof(data));
	/* In place: tgtd has the file open. */
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	assert_int_equal(close(fd), 0);
}

static char got(const char *lun)
{
	g_autofree char *file = file_of(lun);
	g_autofree char *data = NULL;
	gsize bytes = 0;

	assert_true(g_file_get_contents(file, &data, &bytes, NULL));
	assert_int_equal(bytes, BYTES);
	return data[BYTES - 1];
}

static void both_put(char value)
{
	put(luns[0], value);
	put(luns[1], value);
}

static size_t files(void)
{
	g_autofree char *folder = file_of("");
	GDir *dir = g_dir_open(folder, 0, NULL);
	size_t n = 0;

	while (g_dir_read_name(dir) != NULL) {
		n++;
	}
	g_dir_close(dir);
	return n;
}

static int setup(void **state)
{
	g_autofree char *conf = NULL, *file = NULL, *folder = NULL;

	(void)state;
	(void)strcpy(root, "/tmp/lunmask-snapshot-XXXXXX");
	tgtd = mmap(NULL, sizeof(*tgtd) * 3, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		    0);
	if (tgtd == MAP_FAILED || mkdtemp(root) == NULL) {
		return -1;
	}
	killed_at = 0;
	can = true;
	folder = file_of("");
	file = g_build_filename(root, "conf", NULL);
	conf = g_strdup_printf("[tgt]\niqn_prefix = iqn.2026-11.x:\npool = %s/files\n"
			       "state_dir = %s/state\n",
			       root, root);
	assert_int_equal(g_mkdir(folder, 0700), 0);
	assert_true(g_file_set_contents(file, conf, -1, NULL));
	array_open();
	for (size_t i = 0; i < G_N_ELEMENTS(luns); i++) {
		const struct driver_volume volume = {.name = luns[i], .size_bytes = BYTES};
		bool created;

		assert_int_equal(tgt_volume_create(&tgt, &volume, deadline_in(TEST_LIMIT_MS),
						   &created, &fault),
				 0);
	}
	both_put('1');
	return 0;
}

static int teardown(void **state)
{
	g_autofree char *command = g_strdup_printf("rm -rf %s", root);

	(void)state;
	array_close();
	assert_int_equal(munmap(tgtd, sizeof(*tgtd) * 3), 0);
	return system(command);
}

/* The requests: 0, or the code of the fault. */

static const struct driver_snapshot wish = {.name = "s", .luns = luns, .n_luns = 2};

static int code(int rc)
{
	return rc == 0 ? 0 : (int)fault.code;
}

static bool answer; /* of the last request */

static int make(void)
{
	array_open();
	return code(
		tgt_snapshot_make(&tgt, &wish, false, deadline_in(TEST_LIMIT_MS), &answer, &fault));
}

static int take_away(void)
{
	array_open();
	return code(tgt_snapshot_remove(&tgt, &wish, deadline_in(TEST_LIMIT_MS), &answer, &fault));
}

static int go_back(void)
{
	array_open();
	return code(tgt_snapshot_restore(&tgt, &wish, deadline_in(TEST_LIMIT_MS), &fault));
}

static int clone_make(void)
{
	array_open();
	return code(tgt_volume_clone(&tgt, luns[0], "s", CLONE, deadline_in(TEST_LIMIT_MS), &answer,
				     &fault));
}

static int delete_lun(const char *lun)
{
	array_open();
	return code(tgt_volume_delete(&tgt, lun, deadline_in(TEST_LIMIT_MS), &answer, &fault));
}

/* What a host does before it uses a LUN. */
static int grant(void)
{
	array_open();
	return code(tgt_masks_grant(&tgt, luns, 0, "iqn.2026-11.x:node1",
				    deadline_in(TEST_LIMIT_MS), &fault));
}

static size_t whole(void)
{
	size_t n = 0;

	array_open();
	for (size_t i = 0; i < tgt.table.snapshots.count; i++) {
		n += tgt.table.snapshots.snaps[i].state == SNAP_WHOLE ? 1 : 0;
	}
	return n;
}

/* Runs it in a process that is killed at that point. False if it did not come so far. */
static bool killed(int (*request)(void), int at)
{
	pid_t pid = child_fork();
	int status;

	if (pid == 0) {
		points = 0;
		killed_at = at;
		_exit(request());
	}
	status = child_wait(pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGKILL);
		return true;
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

/* The tests */

static void snapshot__is_of_both_luns_or_of_none(void **state)
{
	int at = 1;

	(void)state;
	for (; at < POINTS_MAX && killed(make, at); at++) {
		size_t has = whole();

		assert_true(has == 0 || has == 2);
		both_put('2');
		assert_int_equal(make(), 0);
		/* What a process that died had begun is not taken for a snapshot of now. */
		assert_int_equal(answer, has == 0);
		assert_int_equal(got("web1-a@s"), has == 0 ? '2' : '1');
		assert_int_equal(got("web1-b@s"), has == 0 ? '2' : '1');
		assert_int_equal(take_away(), 0);
		assert_int_equal(files(), 2);
		both_put('1');
	}
	print_message("# %d points\n", at - 1);
	assert_in_range(at, 8, POINTS_MAX - 1);
}

static void snapshot__that_died_is_removed(void **state)
{
	(void)state;
	for (int at = 1; at < POINTS_MAX && killed(make, at); at++) {
		assert_int_equal(take_away(), 0);
		assert_int_equal(tgt.table.snapshots.count, 0);
		assert_int_equal(files(), 2);
	}
}

static void remove__leaves_nothing(void **state)
{
	int at = 1;

	(void)state;
	assert_int_equal(make(), 0);
	for (; at < POINTS_MAX && killed(take_away, at); at++) {
		size_t has = whole();

		assert_true(has == 0 || has == 2);
		assert_int_equal(take_away(), 0);
		assert_int_equal(tgt.table.snapshots.count, 0);
		assert_int_equal(files(), 2);
		assert_int_equal(make(), 0);
	}
	print_message("# %d points\n", at - 1);
	assert_in_range(at, 6, POINTS_MAX - 1);
}

/* A host that is granted them finds both as they were then, or both as they are. */
static void restore__is_of_both_luns_or_of_none(void **state)
{
	int at = 1;

	(void)state;
	assert_int_equal(make(), 0);
	both_put('2');
	for (; at < POINTS_MAX && killed(go_back, at); at++) {
		assert_int_equal(grant(), 0);
		assert_int_equal(got(luns[0]), got(luns[1]));
		for (size_t i = 0; i < G_N_ELEMENTS(luns); i++) {
			assert_true(tgtd[i] == 0 || tgtd[i] == inode_of(luns[i]));
		}
		assert_int_equal(go_back(), 0);
		assert_int_equal(got(luns[0]), '1');
		assert_int_equal(got(luns[1]), '1');
		assert_int_equal(tgtd[0], inode_of(luns[0]));
		assert_int_equal(tgtd[1], inode_of(luns[1]));
		assert_int_equal(files(), 4);
		both_put('2');
	}
	print_message("# %d points\n", at - 1);
	assert_in_range(at, 12, POINTS_MAX - 1);
	assert_int_equal(take_away(), 0);
	assert_int_equal(files(), 2);
}

static void restore__that_died_leaves_nothing_when_the_snapshot_goes(void **state)
{
	(void)state;
	assert_int_equal(make(), 0);
	for (int at = 1; at < POINTS_MAX && killed(go_back, at); at++) {
		assert_int_equal(take_away(), 0);
		assert_int_equal(files(), 2);
		assert_int_equal(got(luns[0]), got(luns[1]));
		assert_int_equal(make(), 0);
	}
}

/* The snapshot of a smaller LUN makes it that small again. */
static void restore__gives_the_size_back(void **state)
{
	g_autofree char *file = file_of(luns[0]);

	(void)state;
	assert_int_equal(make(), 0);
	array_open();
	assert_int_equal(truncate(file, (off_t)2 * BYTES), 0);
	assert_true(tgt_table_resize(&tgt.table, luns[0], (uint64_t)2 * BYTES));
	assert_int_equal(tgt_table_store(tgt.config.state_dir, &tgt.table, &fault), 0);
	assert_int_equal(go_back(), 0);
	array_open();
	assert_int_equal(tgt_table_find(&tgt.table, luns[0])->size_bytes, BYTES);
	assert_int_equal(got(luns[0]), '1');
}

static void clone__is_there_or_is_not(void **state)
{
	int at = 1;

	(void)state;
	assert_int_equal(make(), 0);
	both_put('2');
	for (; at < POINTS_MAX && killed(clone_make, at); at++) {
		/* It is undone, or done again. */
		if (at % 2 == 0) {
			assert_int_equal(delete_lun(CLONE), 0);
			assert_int_equal(files(), 4);
		}
		assert_int_equal(clone_make(), 0);
		assert_int_equal(got(CLONE), '1');
		assert_int_equal(got(luns[0]), '2');
		tgtd[2] = 0;
		assert_int_equal(delete_lun(CLONE), 0);
		assert_int_equal(files(), 4);
	}
	print_message("# %d points\n", at - 1);
	assert_in_range(at, 5, POINTS_MAX - 1);
}

static void lun__with_a_snapshot_is_not_deleted(void **state)
{
	(void)state;
	assert_int_equal(make(), 0);
	assert_int_equal(delete_lun(luns[0]), ARRAY_ERROR_IN_USE);
	assert_non_null(strstr(err_text(&fault.err), "has a snapshot 's'"));
	assert_int_equal(got(luns[0]), '1');
	assert_int_equal(take_away(), 0);
	assert_int_equal(delete_lun(luns[0]), 0);
}

static void snapshot__is_refused_without_reflinks(void **state)
{
	(void)state;
	can = false;
	assert_int_equal(make(), ARRAY_ERROR_UNSUPPORTED);
	assert_int_equal(files(), 2);
	assert_int_equal(whole(), 0);
}

/* A driver that knows no snapshots would lose the list. */
static void table__is_refused_by_older_drivers(void **state)
{
	g_autofree char *file = g_build_filename(root, "state", "luns.json", NULL);
	g_autofree char *text = NULL;

	(void)state;
	assert_int_equal(make(), 0);
	assert_true(g_file_get_contents(file, &text, NULL, NULL));
	assert_non_null(strstr(text, "\"version\": 3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(snapshot__is_of_both_luns_or_of_none),
		TEST(snapshot__that_died_is_removed),
		TEST(remove__leaves_nothing),
		TEST(restore__is_of_both_luns_or_of_none),
		TEST(restore__that_died_leaves_nothing_when_the_snapshot_goes),
		TEST(restore__gives_the_size_back),
		TEST(clone__is_there_or_is_not),
		TEST(lun__with_a_snapshot_is_not_deleted),
		TEST(snapshot__is_refused_without_reflinks),
		TEST(table__is_refused_by_older_drivers),
	};

	return cmocka_run_group_tests_name("tgt_snapshot", tests, NULL, NULL);
}
