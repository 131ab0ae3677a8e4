/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "state/image_rate.h"

#define MIB ((off_t)1024 * 1024)

static int area_of(off_t bytes)
{
	char name[] = "/tmp/lunmask-rate-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(ftruncate(fd, bytes), 0);
	return fd;
}

static void measure__writes_no_more_than_the_area(void **state)
{
	int fd = area_of(3 * MIB + 17);
	uint64_t bytes_s = 0;
	unsigned char last = 1;

	(void)state;
	assert_int_equal(image_rate_measure(fd, true, 3 * MIB + 17, &bytes_s), 0);
	assert_true(bytes_s > 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 3 * MIB + 17);
	assert_int_equal(pread(fd, &last, 1, 3 * MIB), 1);
	assert_int_equal(last, 0);
	assert_int_equal(pread(fd, &last, 1, 3 * MIB - 1), 1);
	(void)close(fd);
}

static void measure__reads_without_a_change(void **state)
{
	int fd = area_of(2 * MIB);
	uint64_t bytes_s = 0;
	unsigned char first[4096];

	(void)state;
	assert_int_equal(image_rate_measure(fd, false, 2 * MIB, &bytes_s), 0);
	assert_true(bytes_s > 0);
	assert_int_equal(pread(fd, first, sizeof(first), 0), sizeof(first));
	for (size_t i = 0; i < sizeof(first); i++) {
		assert_int_equal(first[i], 0);
	}
	(void)close(fd);
}

static void measure__says_why_it_cannot(void **state)
{
	int fd = area_of(MIB);
	uint64_t bytes_s = 0;

	(void)state;
	assert_int_equal(image_rate_measure(fd, true, MIB - 1, &bytes_s), -ENOSPC);
	assert_int_equal(image_rate_measure(fd, false, 2 * MIB, &bytes_s), -EIO);
	(void)close(fd);
	assert_int_equal(image_rate_measure(-1, true, MIB, &bytes_s), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measure__writes_no_more_than_the_area),
		cmocka_unit_test(measure__reads_without_a_change),
		cmocka_unit_test(measure__says_why_it_cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
