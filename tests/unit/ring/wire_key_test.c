/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring/wire.h"
#include "tests/unit/test.h"

static char dir[] = "/tmp/wire_key_test.XXXXXX";
static char file[sizeof(dir) + 8];
static char other[sizeof(dir) + 8];
static struct wire_key key;
static struct err err;

static int dir_make(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL) {
		return -1;
	}
	snprintf(file, sizeof(file), "%s/key", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	return 0;
}

static int dir_remove(void **state)
{
	(void)state;
	return rmdir(dir);
}

static int files_remove(void **state)
{
	(void)state;
	unlink(file);
	unlink(other);
	memset(&err, 0, sizeof(err));
	return 0;
}

static void key_put(const char *path, size_t bytes, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	for (size_t i = 0; i < bytes; i++) {
		uint8_t byte = (uint8_t)(i * 7);

		assert_int_equal(write(fd, &byte, 1), 1);
	}
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void assert_refused(const char *why)
{
	assert_int_equal(wire_key_load(file, &key, &err), -EPERM);
	assert_non_null(strstr(err_text(&err), why));
	assert_non_null(strstr(err_text(&err), file));
	assert_int_equal(key.n, 0);
}

static void wire_key_load__takes_all_bytes_of_the_file(void **state)
{
	(void)state;
	key_put(file, 100, 0600);
	assert_int_equal(wire_key_load(file, &key, &err), 0);
	assert_int_equal(key.n, 100);
	assert_int_equal(key.bytes[0], 0);
	assert_int_equal(key.bytes[99], (uint8_t)(99 * 7));
}

static void wire_key_load__takes_the_lengths_that_are_legal(void **state)
{
	static const struct {
		size_t bytes;
		int rc;
	} row[] = {
		{0, -EPERM},
		{WIRE_KEY_BYTES_MIN - 1, -EPERM},
		{WIRE_KEY_BYTES_MIN, 0},
		{WIRE_KEY_BYTES_MAX, 0},
		{WIRE_KEY_BYTES_MAX + 1, -EPERM},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(row); i++) {
		unlink(file);
		key_put(file, row[i].bytes, 0600);
		assert_int_equal(wire_key_load(file, &key, &err), row[i].rc);
		assert_int_equal(key.n, row[i].rc == 0 ? row[i].bytes : 0);
	}
	assert_non_null(strstr(err_text(&err), "more than 4096 bytes"));
}

static void wire_key_load__refuses_every_bit_for_others(void **state)
{
	(void)state;
	key_put(file, 32, 0600);
	for (mode_t bit = 1; bit <= 0040; bit <<= 1) {
		assert_int_equal(chmod(file, 0600 | bit), 0);
		assert_refused("has mode 06");
	}
	assert_int_equal(chmod(file, 0400), 0);
	assert_int_equal(wire_key_load(file, &key, &err), 0);
}

static void wire_key_load__refuses_a_link(void **state)
{
	(void)state;
	key_put(other, 32, 0600);
	assert_int_equal(symlink(other, file), 0);
	assert_refused("symbolic link");
}

/* And does not wait for its writer. */
static void wire_key_load__refuses_a_fifo(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_refused("no regular file");
}

static void wire_key_load__refuses_a_directory(void **state)
{
	(void)state;
	assert_int_equal(wire_key_load(dir, &key, &err), -EPERM);
	assert_non_null(strstr(err_text(&err), "no regular file"));
}

static void wire_key_load__refuses_another_users_file(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	key_put(file, 32, 0600);
	assert_int_equal(chown(file, 1, 0), 0);
	assert_refused("belongs to uid 1, not to 0");
}

static void wire_key_load__says_that_there_is_none(void **state)
{
	(void)state;
	assert_int_equal(wire_key_load(file, &key, &err), -ENOENT);
	assert_non_null(strstr(err_text(&err), file));
}

static void wire_key_wipe__leaves_nothing(void **state)
{
	static const struct wire_key zero;

	(void)state;
	memset(&key, 0xff, sizeof(key));
	wire_key_wipe(&key);
	assert_memory_equal(&key, &zero, sizeof(key));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_remove, files_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wire_key_load__takes_all_bytes_of_the_file),
		TEST(wire_key_load__takes_the_lengths_that_are_legal),
		TEST(wire_key_load__refuses_every_bit_for_others),
		TEST(wire_key_load__refuses_a_link),
		TEST(wire_key_load__refuses_a_fifo),
		TEST(wire_key_load__refuses_a_directory),
		TEST(wire_key_load__refuses_another_users_file),
		TEST(wire_key_load__says_that_there_is_none),
		TEST(wire_key_wipe__leaves_nothing),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
