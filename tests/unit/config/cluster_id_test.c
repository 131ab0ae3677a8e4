/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/cluster_id.h"

static struct cluster_id of_key(const char *key)
{
	char file[] = "/tmp/lunmask-key-XXXXXX";
	int fd = mkstemp(file);
	struct cluster_id ret;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, key, strlen(key)), strlen(key));
	assert_int_equal(close(fd), 0);
	ret = cluster_id_load(file);
	assert_int_equal(unlink(file), 0);
	return ret;
}

/* It is on arrays, so it may never change: printf 'lunmask cluster id' | openssl dgst -hmac KEY. */
static void cluster_id_load__is_made_of_the_key(void **state)
{
	(void)state;
	assert_string_equal(of_key("key one").text, "175cc04687dda808");
	assert_string_not_equal(of_key("key one").text, of_key("key two").text);
}

static void cluster_id_load__is_empty_without_a_key(void **state)
{
	(void)state;
	assert_string_equal(cluster_id_load("/nonexistent/key").text, "");
	assert_string_equal(of_key("").text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cluster_id_load__is_made_of_the_key),
		cmocka_unit_test(cluster_id_load__is_empty_without_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
