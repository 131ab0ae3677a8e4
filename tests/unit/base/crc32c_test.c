/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/crc32c.h"

#include <string.h>

#include "tests/unit/test.h"

/* RFC 7143 A.4; its CRCs are printed in the order of bytes on the wire. */
static void crc32c__is_that_of_the_rfc(void **state)
{
	unsigned char data[32];

	(void)state;
	memset(data, 0, sizeof(data));
	assert_int_equal(crc32c(data, sizeof(data)), 0x8a9136aa);
	memset(data, 0xff, sizeof(data));
	assert_int_equal(crc32c(data, sizeof(data)), 0x62a8ab43);
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (unsigned char)i;
	}
	assert_int_equal(crc32c(data, sizeof(data)), 0x46dd794e);
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (unsigned char)(31 - i);
	}
	assert_int_equal(crc32c(data, sizeof(data)), 0x113fdb5c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc32c__is_that_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
