/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/tgt/tgt_config.h"

#define TGT "[tgt]\niqn_prefix = iqn.2026-11.org.example:\npool = /srv/luns\n"

#define LVM "[pool fast]\ntype = lvm\nvg = vg0\n"
#define DIR "[pool slow]\ntype = directory\npath = /srv/r6\nclasses = raid6\n"

static int load(const char *text, struct tgt_config *ret, struct fault *fault)
{
	char path[] = "/tmp/tgt_config_test.XXXXXX";
	int fd = mkstemp(path);
	int rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	rc = tgt_config_load(path, ret, fault);
	(void)unlink(path);
	return rc;
}

static void tgt_config_load__has_defaults(void **state)
{
	struct tgt_config config;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(load("# c\n" TGT, &config, &fault), 0);
	assert_string_equal(config.iqn_prefix, "iqn.2026-11.org.example:");
	assert_string_equal(config.pool, "/srv/luns");
	assert_string_equal(config.control_port, "0");
	assert_string_equal(config.lock_file, "/run/lunmask-array-tgt/lock");
	assert_string_equal(config.state_dir, "/var/lib/lunmask-array-tgt");
	assert_false(tgt_config_is_foreign(&config, ""));
	assert_false(tgt_config_is_foreign(&config, "ALL"));
	tgt_config_release(&config);
	assert_null(config.pool);
}

static void tgt_config_load__may_have_accounts(void **state)
{
	struct tgt_config config;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(load(TGT, &config, &fault), 0);
	assert_null(config.chap_accounts);
	assert_false(config.chap_discovery);
	tgt_config_release(&config);
	assert_int_equal(
		load(TGT "chap_accounts = /etc/a\nchap_discovery = yes\n", &config, &fault), 0);
	assert_string_equal(config.chap_accounts, "/etc/a");
	assert_true(config.chap_discovery);
	tgt_config_release(&config);
	assert_int_not_equal(load(TGT "chap_discovery = yes\n", &config, &fault), 0);
	assert_non_null(strstr(err_text(&fault.err), "chap_discovery needs a file"));
	assert_int_not_equal(load(TGT "chap_accounts = a\n", &config, &fault), 0);
	assert_int_not_equal(
		load(TGT "chap_accounts = none\nchap_discovery = yes\n", &config, &fault), 0);
	assert_int_equal(load(TGT "chap_accounts = none\n", &config, &fault), 0);
	tgt_config_release(&config);
}

static void tgt_config_load__takes_the_example_that_is_installed(void **state)
{
	g_autofree char *text = NULL;
	struct tgt_config config;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_true(g_file_get_contents(CONF "/array-tgt.conf.example", &text, NULL, NULL));
	assert_int_equal(load(text, &config, &fault), 0);
	assert_string_equal(config.pool, "/srv/luns");
	tgt_config_release(&config);
}

static void tgt_config_load__takes_each_key(void **state)
{
	struct tgt_config config;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(load(TGT "control_port=32767\nlock_file = /l \n\tstate_dir\t=\t/s\n"
				  "foreign_addresses = 10.0.0.5  fe80::1/64\n",
			      &config, &fault),
			 0);
	assert_string_equal(config.control_port, "32767");
	assert_string_equal(config.lock_file, "/l");
	assert_string_equal(config.state_dir, "/s");
	assert_true(tgt_config_is_foreign(&config, "10.0.0.5"));
	assert_true(tgt_config_is_foreign(&config, "fe80::1/64"));
	assert_false(tgt_config_is_foreign(&config, "10.0.0"));
	tgt_config_release(&config);
}

static void tgt_config_load__knows_which_pool_gives_a_class(void **state)
{
	static const char *const classes[] = {"none", "mirror", "raid5", "raid6", NULL};
	const struct tgt_pool *pool;
	struct tgt_config config;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(load(TGT LVM "classes = raid5 mirror\nstripes = 3\n" DIR, &config, &fault),
			 0);
	for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
		const char *class = tgt_config_class_at(&config, i);

		assert_true(g_strcmp0(class, classes[i]) == 0);
	}
	pool = tgt_config_pool_of(&config, "raid5");
	assert_string_equal(pool->name, "fast");
	assert_string_equal(pool->path, "/dev/vg0");
	assert_int_equal(pool->stripes, 3);
	assert_string_equal(tgt_config_pool_of(&config, "raid6")->path, "/srv/r6");
	assert_string_equal(tgt_config_pool_of(&config, "none")->path, "/srv/luns");
	assert_null(tgt_config_pool_of(&config, "raid10"));
	tgt_config_release(&config);
	/* What is in the old pool stays there; what is new comes from the other one. */
	assert_int_equal(load("[tgt]\niqn_prefix = iqn.2026-11.x:\n[pool default]\n"
			      "type = directory\nclasses =\npath = /srv/luns\n" LVM
			      "classes=none\n",
			      &config, &fault),
			 0);
	assert_string_equal(tgt_config_pool_of(&config, "none")->name, "fast");
	assert_string_equal(tgt_config_pool_find(&config, "default")->path, "/srv/luns");
	tgt_config_release(&config);
}

static void tgt_config_load__refuses_and_says_what_and_where(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{TGT "pool = /srv/other\n", "line 4: [tgt]: the key 'pool' is there twice"},
		{TGT "[tgt]\n", "line 4: [tgt] is there twice"},
		{TGT "pool[de] = /srv/other\n", "line 4: [tgt]: there is no key 'pool[de]'"},
		{"", ": [tgt] lacks the key 'iqn_prefix'"},
		{"[tgt]\npool = /srv\n", "line 1: [tgt] lacks the key 'iqn_prefix'"},
		{"[iscsi]\n", "there is no section [iscsi]; legal are: [tgt], [pool NAME]"},
		{"[tgt]\niqn_prefix = iqn.2026-11.x:\n", "there is no pool: give [tgt] the key"},
		{TGT "[pool default]\ntype = directory\nclasses =\npath = /x\n",
		 "both are the pool"},
		{TGT "[pool a]\ntype = zfs\n", "'zfs' is not legal: it is directory or lvm"},
		{TGT "[pool a]\ntype = lvm\nclasses = raid7\n",
		 "'raid7' is not legal: the classes"},
		{TGT "[pool a]\ntype = lvm\nclasses = raid5\n", "has the key 'vg'"},
		{TGT "[pool a]\ntype = directory\nclasses = raid5\n", "has the key 'path'"},
		{TGT DIR "vg = v\n", "'vg', 'thin_pool' and 'stripes' are keys of"},
		{TGT "[pool a]\ntype=directory\nclasses=raid5 raid6\npath=/x\n", "name one class"},
		{TGT LVM "classes = none\n", "'fast' and 'default' both give the class 'none'"},
		{TGT LVM "classes = mirror raid6\nthin_pool = t\n", "name one class"},
		{TGT LVM "classes = mirror\nthin_pool = t\nstripes = 2\n", "which has its own"},
		{TGT LVM "classes = mirror\nstripes = 0\n", "it is a number from 1 to 64"},
		{TGT "[pool a]\ntype = lvm\nclasses = raid5\nvg = -x\n", "a name as of lvm(8)"},
		{TGT "poool = /x\n", "'poool'; legal are: iqn_prefix, pool, control_port"},
		{TGT "control_port = 32768\n", "[tgt] control_port: '32768' is not legal"},
		{TGT "control_port = -1\n", "it is a number from 0 to 32767"},
		{TGT "lock_file = /a b\n", "it is an absolute path without blanks"},
		{TGT "state_dir =\n", "[tgt] state_dir: '' is not legal"},
		{TGT "foreign_addresses = ALL\n", "'ALL' is not legal: it is a list of addresses"},
		{"[tgt]\niqn_prefix = node1\n", "it is the beginning of an iSCSI name"},
		{"[tgt]\r\n", "line 1: byte 6 is a control character (0x0d)"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct tgt_config config;
		struct fault fault = FAULT_INIT;

		if (load(cases[i].text, &config, &fault) == 0) {
			fail_msg("accepted: %s", cases[i].text);
		}
		assert_int_equal(fault.code, ARRAY_ERROR_INTERNAL);
		assert_null(config.pool);
		if (strstr(err_text(&fault.err), cases[i].says) == NULL) {
			fail_msg("'%s' is not in '%s'", cases[i].says, err_text(&fault.err));
		}
	}
}

static void tgt_config_load__waits_for_no_fifo_and_trusts_no_other_writer(void **state)
{
	char path[] = "/tmp/tgt_config_test.XXXXXX";
	int fd = mkstemp(path);
	struct tgt_config config;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, TGT, strlen(TGT)), strlen(TGT));
	assert_int_equal(fchmod(fd, 0666), 0);
	(void)close(fd);
	assert_int_not_equal(tgt_config_load(path, &config, &fault), 0);
	assert_non_null(strstr(err_text(&fault.err), "its mode is 0666; use chmod 0644"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_not_equal(tgt_config_load(path, &config, &fault), 0);
	assert_non_null(strstr(err_text(&fault.err), "it is not a regular file"));
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tgt_config_load__has_defaults),
		cmocka_unit_test(tgt_config_load__may_have_accounts),
		cmocka_unit_test(tgt_config_load__takes_the_example_that_is_installed),
		cmocka_unit_test(tgt_config_load__takes_each_key),
		cmocka_unit_test(tgt_config_load__knows_which_pool_gives_a_class),
		cmocka_unit_test(tgt_config_load__refuses_and_says_what_and_where),
		cmocka_unit_test(tgt_config_load__waits_for_no_fifo_and_trusts_no_other_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
