/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver/tgt/tgt_table.h"

#define ID "0123456789abcdef01234567"

#define SNAPSHOT(lun, state)                                                                       \
	"\"snapshots\":[{\"lun\":\"" lun "\",\"name\":\"s\",\"set\":\"1\",\"size_bytes\":1,"       \
	"\"taken\":1,\"note\":\"\",\"state\":\"" state "\"}]"

static char dir[] = "/tmp/lunmask-table-XXXXXX";
static char file[64];

static int setup(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/lunmask-table-XXXXXX");
	if (mkdtemp(dir) == NULL) {
		return -1;
	}
	(void)snprintf(file, sizeof(file), "%s/" TGT_TABLE_FILE, dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(file);
	return rmdir(dir);
}

static void tgt_table__comes_back_as_it_was_stored(void **state)
{
	const struct tgt_lun lun = {
		.name = "web1", .size_bytes = 4096, .id = ID, .pool = "default", .class = "none"};
	struct tgt_table table;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(tgt_table_load(dir, &table, &fault), 0);
	assert_int_equal(table.n_luns, 0);
	assert_int_equal(tgt_table_add(&table, &lun, &fault), 0);
	table.fencings = 3;
	assert_int_equal(tgt_table_fence(&table, "iqn.2026-11.x:a", &fault), 0);
	assert_int_equal(tgt_table_fence(&table, "iqn.2026-11.x:b", &fault), 0);
	table.fencings = 4;
	assert_int_equal(tgt_table_fence(&table, "iqn.2026-11.x:b", &fault), 0);
	assert_int_equal(tgt_table_add_host(&table, "iqn.2026-11.x:a", "node1@c", &fault), 0);
	assert_int_equal(tgt_table_add_host(&table, "iqn.2026-11.x:a", "node2@c", &fault), 0);
	assert_false(tgt_table_protect(&table, "web2", true));
	assert_true(tgt_table_protect(&table, "web1", true));
	assert_false(tgt_table_resize(&table, "web2", 8192));
	assert_true(tgt_table_resize(&table, "web1", 8192));
	assert_int_equal(tgt_table_store(dir, &table, &fault), 0);
	tgt_table_release(&table);
	assert_int_equal(tgt_table_load(dir, &table, &fault), 0);
	assert_true(tgt_table_find(&table, "web1")->read_only);
	assert_int_equal(tgt_table_find(&table, "web1")->size_bytes, 8192);
	assert_int_equal(table.n_hosts, 2);
	assert_true(tgt_table_knows_host(&table, "iqn.2026-11.x:a", "node2@c"));
	tgt_table_remove_host(&table, 0);
	assert_false(tgt_table_knows_host(&table, "iqn.2026-11.x:a", "node1@c"));
	assert_true(tgt_table_knows_host(&table, "iqn.2026-11.x:a", "node2@c"));
	assert_string_equal(tgt_table_find(&table, "web1")->id, ID);
	assert_int_equal(table.n_fenced, 2);
	assert_int_equal(table.fencings, 4);
	assert_false(tgt_table_is_fenced_since(&table, "iqn.2026-11.x:a", 3));
	assert_true(tgt_table_is_fenced_since(&table, "iqn.2026-11.x:b", 3));
	assert_false(tgt_table_is_fenced_since(&table, "iqn.2026-11.x:b", 4));
	assert_false(tgt_table_is_fenced_since(&table, "iqn.2026-11.x:c", 0));
	tgt_table_unfence(&table, "iqn.2026-11.x:a");
	assert_false(tgt_table_is_fenced(&table, "iqn.2026-11.x:a"));
	assert_true(tgt_table_is_fenced(&table, "iqn.2026-11.x:b"));
	tgt_table_remove(&table, "web1");
	assert_null(tgt_table_find(&table, "web1"));
	tgt_table_release(&table);
}

static bool stored_as(const char *version)
{
	g_autofree char *text = NULL;
	g_autofree char *member = g_strdup_printf("\"version\": %s", version);

	assert_true(g_file_get_contents(file, &text, NULL, NULL));
	return strstr(text, member) != NULL;
}

/* An older driver would lose the pools, so it must not take the file. */
static void tgt_table_store__of_pools_is_not_for_an_older_driver(void **state)
{
	struct tgt_unfinished row = {
		.lun = {.name = "web1",
			.size_bytes = 4096,
			.id = ID,
			.pool = "default",
			.class = "none"},
		.removed = true,
		.filled_bytes = 512,
	};
	struct tgt_table table;
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(tgt_table_load(dir, &table, &fault), 0);
	assert_int_equal(tgt_table_add(&table, &row.lun, &fault), 0);
	assert_int_equal(tgt_table_store(dir, &table, &fault), 0);
	assert_true(stored_as("1"));
	(void)strcpy(row.lun.name, "web2");
	(void)strcpy(row.lun.pool, "fast");
	(void)strcpy(row.lun.class, "raid5");
	(void)strcpy(row.lun.volume, "LVM-x");
	assert_int_equal(tgt_table_unfinished_add(&table, &row, &fault), 0);
	assert_int_equal(tgt_table_store(dir, &table, &fault), 0);
	assert_true(stored_as("2"));
	tgt_table_release(&table);
	assert_int_equal(tgt_table_load(dir, &table, &fault), 0);
	assert_null(tgt_table_find(&table, "web2"));
	assert_true(tgt_table_unfinished_find(&table, "web2")->removed);
	assert_int_equal(tgt_table_unfinished_find(&table, "web2")->filled_bytes, 512);
	assert_string_equal(tgt_table_unfinished_find(&table, "web2")->lun.pool, "fast");
	assert_string_equal(tgt_table_unfinished_find(&table, "web2")->lun.volume, "LVM-x");
	tgt_table_unfinished_remove(&table, "web2");
	assert_null(tgt_table_unfinished_find(&table, "web2"));
	tgt_table_release(&table);
}

/* A table that cannot be read is not an empty one: a fence would be forgotten. */
static void tgt_table_load__refuses_a_damaged_table(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"{}",
		"{\"version\":4,\"luns\":[],\"fencings\":0,\"fenced\":[]}",
		"{\"version\":1,\"luns\":[]}",
		"{\"version\":1,\"luns\":[{\"name\":\"../x\",\"size_bytes\":1,\"id\":\"" ID
		"\"}],\"fenced\":[]}",
		("{\"version\":1,\"luns\":[{\"name\":\"x\",\"size_bytes\":1,\"id\":\"0\"}],"
		 "\"fenced\":[]}"),
		"{\"version\":1,\"luns\":[],\"fenced\":[\"ALL\"]}",
		("{\"version\":1,\"luns\":[],\"fencings\":1,"
		 "\"fenced\":[{\"initiator\":\"ALL\",\"fencing\":1}]}"),
		("{\"version\":1,\"luns\":[],\"fencings\":1,"
		 "\"fenced\":[{\"initiator\":\"iqn.2026-11.x:a\",\"fencing\":2}]}"),
		"{\"version\":1,\"luns\":[],\"fencings\":-1,\"fenced\":[]}",
		"{\"version\":1,\"luns\":[],\"fencings\":0,\"fenced\":[],\"hosts\":{}}",
		("{\"version\":1,\"luns\":[],\"fencings\":0,\"fenced\":[],"
		 "\"hosts\":[{\"host\":\"a b\",\"initiator\":\"iqn.2026-11.x:a\"}]}"),
		"{\"version\":3,\"luns\":[],\"fencings\":0,\"fenced\":[],\"snapshots\":{}}",
		/* Of no LUN. */
		"{\"version\":3,\"luns\":[],\"fencings\":0,\"fenced\":[]," SNAPSHOT("x",
										    "whole") "}",
		("{\"version\":3,\"luns\":[{\"name\":\"x\",\"size_bytes\":1,\"id\":\"" ID
		 "\"}],\"fencings\":0,\"fenced\":[]," SNAPSHOT("x", "half") "}"),
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct tgt_table table;
		struct fault fault = FAULT_INIT;
		FILE *stream = fopen(file, "w");

		assert_non_null(stream);
		assert_true(fputs(texts[i], stream) >= 0);
		assert_int_equal(fclose(stream), 0);
		assert_int_equal(tgt_table_load(dir, &table, &fault), -EIO);
		assert_non_null(strstr(err_text(&fault.err), file));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tgt_table__comes_back_as_it_was_stored, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			tgt_table_store__of_pools_is_not_for_an_older_driver, setup, teardown),
		cmocka_unit_test_setup_teardown(tgt_table_load__refuses_a_damaged_table, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
