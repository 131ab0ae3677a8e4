/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Against shell scripts that take the places of tgtadm and LVM: what these have are files in the
 * scripts' directory. tests/storage/lvm_test.sh does it with the real ones.
 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/lvm/lvm_device.h"
#include "driver/tgt/tgt_pool.h"
#include "driver/tgt/tgt_volume.h"

#define MIB (UINT64_C(1) << 20)
#define ID "0123456789abcdef01234567"
#define VG_UUID "vvvvvv-vvvv-vvvv-vvvv-vvvv-vvvv-vvvvvv"

/* "fail-COMMAND": it fails, with that text. "calls": what was called. */
static const char SCRIPT[] =
	"#!/bin/sh\n"
	"d=${0%/*}; me=${0##*/}\n"
	"echo \"$me $*\" >>$d/calls\n"
	"[ ! -e $d/fail-$me ] || { cat $d/fail-$me >&2; exit 5; }\n"
	"case $me in\n"
	"vgs) echo '{\"report\":[{\"vg\":[{\"vg_extent_size\":\"4194304\"}]}]}' ;;\n"
	"lvs)\n"
	"  printf '{\"report\":[{\"lv\":['; sep=\n"
	"  for f in $d/lv/*; do [ ! -e $f ] || { printf '%s' \"$sep\"; cat $f; sep=,; }; done\n"
	"  echo ']}]}' ;;\n"
	"lvcreate)\n"
	"  while [ $# -gt 0 ]; do case $1 in\n"
	"    --name) n=$2 ;; --size|--virtualsize) s=${2%b} ;; --addtag) t=$2 ;;\n"
	"    --type) y=$2 ;; esac; shift; done\n"
	"  cp $d/state/luns.json $d/recorded; $d/lv-put $n $s $t $y ;;\n"
	"lv-put)\n"
	"  case $4 in raid5) l=raid,raid5,raid5_ls ;; *) l=$4 ;; esac\n"
	"  echo x >>$d/made; u=$(printf %032d $(wc -l <$d/made))\n"
	"  printf '{\"lv_name\":\"%s\",\"lv_size\":\"%s\",\"lv_tags\":\"%s\",' $1 $2 $3 >$d/lv/$1\n"
	"  printf '\"lv_attr\":\"rwi-a-r---\",\"lv_layout\":\"%s\",' $l >>$d/lv/$1\n"
	"  printf '\"lv_health_status\":\"%s\",\"raid_sync_action\":\"idle\",' \"$5\" >>$d/lv/$1\n"
	"  printf '\"sync_percent\":\"100.00\",\"pool_lv\":\"\",' >>$d/lv/$1\n"
	"  printf '\"vg_uuid\":\"" VG_UUID "\",\"lv_uuid\":\"%s\"}' $u >>$d/lv/$1\n"
	"  yes left | head -c $2 >$d/dev/$1 ;;\n"
	"lvremove) cp $d/state/luns.json $d/recorded; rm -f $d/lv/${2#*/} $d/dev/${2#*/} ;;\n"
	"tgtadm)\n"
	"  op=$7; [ \"$5\" = --mode ] && mode=$6 && op=$8\n"
	"  while [ $# -gt 0 ]; do case $1 in\n"
	"    --tid) i=$2 ;; --targetname) n=$2 ;; --backing-store) b=$2 ;;\n"
	"    --params) p=${2#*scsi_id=}; p=${p%%,*} ;; esac; shift; done\n"
	"  case $mode-$op in\n"
	"  target-new) echo $n >$d/target/$i ;;\n"
	"  target-delete) rm -f $d/target/$i $d/target/$i.path $d/target/$i.id ;;\n"
	"  logicalunit-new) echo $b >$d/target/$i.path ;;\n"
	"  logicalunit-update) echo \"$p\" >$d/target/$i.id ;;\n"
	"  target-show) for f in $d/target/*[0-9]; do\n"
	"    [ -e $f ] || continue\n"
	"    echo \"Target ${f##*/}: $(cat $f)\"; echo '    System information:'\n"
	"    echo '        Driver: iscsi'; echo '        State: ready'\n"
	"    echo '    I_T nexus information:'; echo '    LUN information:'\n"
	"    echo '        LUN: 1'; echo '            Type: disk'\n"
	"    echo \"            SCSI ID: $(cat $f.id)\"\n"
	"    echo '            Size: 17 MB, Block size: 512'; echo '            Online: Yes'\n"
	"    echo '            Readonly: No'\n"
	"    echo \"            Backing store path: $(cat $f.path)\"\n"
	"    echo '            Backing store flags: '\n"
	"    echo '    Account information:'; echo '    ACL information:'; done ;;\n"
	"  esac ;;\n"
	"esac\n";

static const char *const commands[] = {"vgs", "lvs", "lvcreate", "lvremove", "tgtadm", "lv-put"};
static const char *const folders[] = {"lv", "dev", "target", "files", "state"};

static char root[64];
static char *path_before;
static struct tgt tgt;
static struct fault fault;

/* A regular file is no device of the device mapper; that it is refused has a test of its own. */
int __wrap_lvm_device_open(const char *path, const char *uuid, uint64_t size_bytes, int flags,
			   int *ret_fd, struct fault *ret_fault);
int __wrap_lvm_device_open(const char *path, const char *uuid, uint64_t size_bytes, int flags,
			   int *ret_fd, struct fault *ret_fault)
{
	struct stat status;

	assert_true(g_str_has_prefix(uuid, "LVM-"));
	*ret_fd = open(path, (flags & ~O_EXCL) | O_CLOEXEC);
	return *ret_fd >= 0 && fstat(*ret_fd, &status) == 0 &&
			       (uint64_t)status.st_size == size_bytes
		       ? 0
		       : fault_set(ret_fault, ARRAY_ERROR_INTERNAL, "no such device");
}

static char *in_root(const char *name)
{
	return g_build_filename(root, name, NULL);
}

static void put(const char *name, const char *content)
{
	g_autofree char *file = in_root(name);

	assert_true(g_file_set_contents(file, content, -1, NULL));
	assert_int_equal(chmod(file, 0700), 0);
}

static void gone(const char *name)
{
	g_autofree char *file = in_root(name);

	assert_int_equal(unlink(file), 0);
}

static bool there(const char *name)
{
	g_autofree char *file = in_root(name);

	return access(file, F_OK) == 0;
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void array_open(void)
{
	g_autofree char *file = in_root("conf");

	fault = (struct fault)FAULT_INIT;
	assert_int_equal(tgt_config_load(file, &tgt.config, &fault), 0);
	assert_int_equal(tgt_table_load(tgt.config.state_dir, &tgt.table, &fault), 0);
}

static void array_close(void)
{
	tgt_table_release(&tgt.table);
	tgt_config_release(&tgt.config);
}

static int setup(void **state)
{
	g_autofree char *conf = NULL;
	g_autofree char *path = NULL;

	(void)state;
	(void)strcpy(root, "/tmp/lunmask-volume-XXXXXX");
	if (mkdtemp(root) == NULL) {
		return -1;
	}
	path_before = g_strdup(getenv("PATH"));
	path = g_strdup_printf("%s:%s", root, path_before);
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		put(commands[i], SCRIPT);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *folder = in_root(folders[i]);

		assert_int_equal(mkdir(folder, 0700), 0);
	}
	conf = g_strdup_printf("[tgt]\niqn_prefix = iqn.2026-11.x:\npool = %s/files\n"
			       "state_dir = %s/state\n"
			       "[pool fast]\ntype = lvm\nvg = vg0\npath = %s/dev\n"
			       "classes = raid5 mirror\n",
			       root, root, root);
	put("conf", conf);
	assert_int_equal(setenv("PATH", path, 1), 0);
	array_open();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	array_close();
	(void)setenv("PATH", path_before, 1);
	g_clear_pointer(&path_before, g_free);
	return nftw(root, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* One request, as a process of its own would serve it: 0, or the code of the fault. */
static int create(const char *name, uint64_t mib, const char *class, bool *ret_created)
{
	const struct driver_volume volume = {
		.name = name, .size_bytes = mib * MIB, .reliability = class};
	int rc;

	array_close();
	array_open();
	rc = tgt_volume_create(&tgt, &volume, deadline_in(60000), ret_created, &fault);
	return rc == 0 ? 0 : (int)fault.code;
}

static int delete (const char *name, bool *ret_deleted)
{
	int rc;

	array_close();
	array_open();
	rc = tgt_volume_delete(&tgt, name, deadline_in(60000), ret_deleted, &fault);
	return rc == 0 ? 0 : (int)fault.code;
}

static size_t calls_of(const char *command)
{
	g_autofree char *file = in_root("calls");
	g_autofree char *text = NULL;
	g_autofree char *begin = g_strdup_printf("%s ", command);
	g_auto(GStrv) lines = NULL;
	size_t n = 0;

	if (!g_file_get_contents(file, &text, NULL, NULL)) {
		return 0;
	}
	lines = g_strsplit(text, "\n", -1);
	for (size_t i = 0; lines[i] != NULL; i++) {
		n += g_str_has_prefix(lines[i], begin) ? 1 : 0;
	}
	return n;
}

static void says(const char *part)
{
	if (strstr(err_text(&fault.err), part) == NULL) {
		fail_msg("'%s' is not in '%s'", part, err_text(&fault.err));
	}
}

static bool only_zeros(const char *name)
{
	g_autofree char *file = in_root(name);
	g_autofree char *text = NULL;
	gsize bytes = 0;

	assert_true(g_file_get_contents(file, &text, &bytes, NULL));
	for (gsize i = 0; i < bytes; i++) {
		if (text[i] != '\0') {
			return false;
		}
	}
	return true;
}

/* While LVM works, the table on the disk has the LUN as one that is not finished. */
static void was_unfinished(const char *name)
{
	g_autofree char *file = in_root("recorded");
	g_autofree char *kept = in_root("state/" TGT_TABLE_FILE);
	struct tgt_table table;

	assert_int_equal(unlink(kept), 0);
	assert_int_equal(rename(file, kept), 0);
	assert_int_equal(tgt_table_load(tgt.config.state_dir, &table, &fault), 0);
	assert_null(tgt_table_find(&table, name));
	assert_non_null(tgt_table_unfinished_find(&table, name));
	tgt_table_release(&table);
}

static void tgt_volume_create__records_what_it_begins(void **state)
{
	bool created;

	(void)state;
	assert_int_equal(create("web1", 24, "raid5", &created), 0);
	was_unfinished("web1");
}

static void tgt_volume_delete__records_what_it_begins(void **state)
{
	bool created, deleted;

	(void)state;
	assert_int_equal(create("web1", 24, "raid5", &created), 0);
	assert_int_equal(delete ("web1", &deleted), 0);
	was_unfinished("web1");
}

static void tgt_volume_create__refuses_a_class_that_no_pool_gives(void **state)
{
	bool created;

	(void)state;
	assert_int_equal(create("web1", 24, "raid6", &created), ARRAY_ERROR_UNSUPPORTED);
	says("'raid6'");
	says("can give: none, mirror, raid5");
	assert_int_equal(calls_of("lvcreate"), 0);
	assert_false(there("state/" TGT_TABLE_FILE));
}

static void tgt_volume_create__makes_a_volume_of_the_class_and_of_zeros(void **state)
{
	bool created;

	(void)state;
	assert_int_equal(create("web1", 24, "raid5", &created), 0);
	assert_true(created);
	assert_true(only_zeros("dev/web1"));
	assert_true(there("target/1"));
	assert_string_equal(tgt_table_find(&tgt.table, "web1")->pool, "fast");
	assert_int_equal(create("web1", 24, "raid5", &created), 0);
	assert_false(created);
	assert_int_equal(calls_of("lvcreate --yes --wipesignatures n --addtag"), 1);
	assert_int_equal(create("web1", 24, "mirror", &created), ARRAY_ERROR_EXISTS);
	says("has the reliability raid5, not mirror");
	assert_int_equal(create("web1", 32, NULL, &created), ARRAY_ERROR_EXISTS);
}

static void tgt_volume_create__without_a_class_takes_the_first(void **state)
{
	bool created;

	(void)state;
	assert_int_equal(create("web1", 1, NULL, &created), 0);
	assert_string_equal(tgt_table_find(&tgt.table, "web1")->class, "none");
	assert_true(there("files/web1"));
	assert_int_equal(calls_of("lvcreate"), 0);
}

/* LVM would round it up, and the LUN would be another one than was asked for. */
static void tgt_volume_create__refuses_a_size_that_lvm_has_not(void **state)
{
	bool created;

	(void)state;
	assert_int_equal(create("web1", 20, "raid5", &created), ARRAY_ERROR_BAD_REQUEST);
	says("of 25165824 bytes, not 20971520");
	assert_int_equal(create("web1", 20, "mirror", &created), 0);
}

static void tgt_volume_create__touches_nothing_of_others(void **state)
{
	g_autofree char *put_lv = in_root("lv-put web1 25165824 other raid5");
	bool created;

	(void)state;
	assert_int_equal(system(put_lv), 0);
	put("files/web2", "data");
	assert_int_equal(create("web1", 24, "raid5", &created), ARRAY_ERROR_EXISTS);
	says("vg0/web1 exists already and belongs to no LUN");
	assert_int_equal(create("web2", 1, "none", &created), ARRAY_ERROR_EXISTS);
	says("belongs to no LUN; move it away");
	assert_true(there("dev/web1"));
	assert_false(only_zeros("dev/web1"));
	assert_false(there("state/" TGT_TABLE_FILE));
}

static void tgt_volume_create__leaves_nothing_where_there_is_no_space(void **state)
{
	bool created, deleted;

	(void)state;
	put("fail-lvcreate", "  Insufficient suitable allocatable extents for logical volume\n");
	assert_int_equal(create("web1", 24, "raid5", &created), ARRAY_ERROR_NO_SPACE);
	assert_int_equal(delete ("web1", &deleted), 0);
	assert_false(deleted);
	gone("fail-lvcreate");
	assert_int_equal(create("web1", 24, "raid5", &created), 0);
}

/* The array does not answer at the end: the same request goes on with the same volume. */
static void tgt_volume_create__goes_on_with_what_it_had_begun(void **state)
{
	bool created;

	(void)state;
	put("fail-tgtadm", "tgtadm: failed to send request hdr to tgt daemon\n");
	assert_int_equal(create("web1", 24, "raid5", &created), ARRAY_ERROR_UNREACHABLE);
	assert_null(tgt_table_find(&tgt.table, "web1"));
	gone("fail-tgtadm");
	assert_int_equal(create("web1", 24, "raid5", &created), 0);
	assert_true(created);
	assert_int_equal(calls_of("lvcreate"), 1);
	assert_int_equal(tgt.table.n_unfinished, 0);
}

/* The process has died after lvcreate. What is on the volume is from before. */
static void tgt_volume_create__finds_a_volume_by_its_tag(void **state)
{
	const struct tgt_unfinished row = {.lun = {.name = "web1",
						   .size_bytes = 24 * MIB,
						   .id = ID,
						   .pool = "fast",
						   .class = "raid5"}};
	g_autofree char *put_lv = in_root("lv-put web1 25165824 lunmask." ID " raid5");
	bool created;

	(void)state;
	assert_int_equal(tgt_table_unfinished_add(&tgt.table, &row, &fault), 0);
	assert_int_equal(tgt_table_store(tgt.config.state_dir, &tgt.table, &fault), 0);
	assert_int_equal(system(put_lv), 0);
	assert_int_equal(create("web1", 24, "raid5", &created), 0);
	assert_true(created);
	assert_int_equal(calls_of("lvcreate"), 0);
	assert_string_equal(tgt_table_find(&tgt.table, "web1")->id, ID);
	assert_true(only_zeros("dev/web1"));
}

static void tgt_volume_delete__ends_what_a_dead_one_has_begun(void **state)
{
	bool created, deleted;

	(void)state;
	assert_int_equal(create("web1", 24, "raid5", &created), 0);
	put("fail-lvremove", "  Logical volume vg0/web1 in use.\n");
	assert_int_equal(delete ("web1", &deleted), ARRAY_ERROR_INTERNAL);
	assert_null(tgt_table_find(&tgt.table, "web1"));
	assert_true(there("dev/web1"));
	assert_int_equal(create("web1", 24, "raid5", &created), ARRAY_ERROR_INTERNAL);
	gone("fail-lvremove");
	assert_int_equal(delete ("web1", &deleted), 0);
	assert_true(deleted);
	assert_false(there("dev/web1"));
	assert_false(there("target/1"));
	assert_int_equal(delete ("web1", &deleted), 0);
	assert_false(deleted);
}

/* Its own volume was removed by hand, and another has its name. */
static void tgt_volume_delete__removes_no_volume_of_others(void **state)
{
	g_autofree char *put_lv = in_root("lv-put web1 25165824 other raid5");
	bool created, deleted;

	(void)state;
	assert_int_equal(create("web1", 24, "raid5", &created), 0);
	assert_int_equal(system(put_lv), 0);
	assert_int_equal(delete ("web1", &deleted), 0);
	assert_true(there("dev/web1"));
	assert_int_equal(calls_of("lvremove"), 0);
}

static const char *health_of(const char *name, bool ask)
{
	const struct driver_luns wanted = {.names = &name, .n_names = 1, .health = ask};
	static char ret[32];
	json_t *luns = json_array();
	const char *health;

	array_close();
	array_open();
	assert_int_equal(tgt_pool_luns(&tgt, &wanted, deadline_in(60000), luns, &fault), 0);
	health = json_string_value(json_object_get(json_array_get(luns, 0), "health"));
	(void)snprintf(ret, sizeof(ret), "%s", health != NULL ? health : "");
	json_decref(luns);
	return ret;
}

static void tgt_pool_luns__tells_the_health_if_asked(void **state)
{
	g_autofree char *break_lv = in_root("lv-put web1 25165824 other raid5 'refresh needed'");
	size_t asked;
	bool created;

	(void)state;
	assert_int_equal(create("web1", 24, "raid5", &created), 0);
	assert_int_equal(create("web2", 1, "none", &created), 0);
	asked = calls_of("lvs");
	assert_string_equal(health_of("web1", false), "");
	assert_int_equal(calls_of("lvs"), asked);
	assert_string_equal(health_of("web1", true), "healthy");
	gone("files/web2");
	assert_string_equal(health_of("web2", true), "failed");
	assert_int_equal(system(break_lv), 0);
	assert_string_equal(health_of("web1", true), "failed");
	put("fail-lvs", "  Volume group \"vg0\" not found\n");
	assert_string_equal(health_of("web1", true), "unknown");
}

static void lvm_device_fill__goes_on_where_it_was(void **state)
{
	g_autofree char *file = in_root("dev/one");
	uint64_t filled = 0;
	int fd;

	(void)state;
	assert_true(g_file_set_contents(file, "data", -1, NULL));
	assert_int_equal(truncate(file, 24 * MIB), 0);
	fd = open(file, O_RDWR | O_CLOEXEC);
	assert_int_equal(lvm_device_fill(fd, 24 * MIB, deadline_in(-1), &filled, &fault), 0);
	assert_int_equal(filled, 16 * MIB);
	assert_int_equal(lvm_device_fill(fd, 24 * MIB, deadline_in(-1), &filled, &fault), 0);
	assert_int_equal(filled, 24 * MIB);
	(void)close(fd);
	assert_true(only_zeros("dev/one"));
}

int __real_lvm_device_open(const char *path, const char *uuid, uint64_t size_bytes, int flags,
			   int *ret_fd, struct fault *ret_fault);

static void lvm_device_open__takes_no_file_for_a_device(void **state)
{
	g_autofree char *file = in_root("dev/one");
	int fd;

	(void)state;
	put("dev/one", "data");
	assert_int_not_equal(__real_lvm_device_open(file, "LVM-x", 4, O_RDONLY, &fd, &fault), 0);
	assert_int_equal(fd, -1);
	says("it is no device of the device mapper");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tgt_volume_create__records_what_it_begins),
		TEST(tgt_volume_delete__records_what_it_begins),
		TEST(tgt_volume_create__refuses_a_class_that_no_pool_gives),
		TEST(tgt_volume_create__makes_a_volume_of_the_class_and_of_zeros),
		TEST(tgt_volume_create__without_a_class_takes_the_first),
		TEST(tgt_volume_create__refuses_a_size_that_lvm_has_not),
		TEST(tgt_volume_create__touches_nothing_of_others),
		TEST(tgt_volume_create__leaves_nothing_where_there_is_no_space),
		TEST(tgt_volume_create__goes_on_with_what_it_had_begun),
		TEST(tgt_volume_create__finds_a_volume_by_its_tag),
		TEST(tgt_volume_delete__ends_what_a_dead_one_has_begun),
		TEST(tgt_volume_delete__removes_no_volume_of_others),
		TEST(tgt_pool_luns__tells_the_health_if_asked),
		TEST(lvm_device_fill__goes_on_where_it_was),
		TEST(lvm_device_open__takes_no_file_for_a_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
