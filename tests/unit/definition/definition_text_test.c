/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "definition/definition_diff.h"
#include "definition/definition_text.h"

#define DOMAIN(head, devices)                                                                      \
	"<domain><memory>65536</memory>" head "<devices>" devices "</devices></domain>"
#define NIC "<interface type='user'><mac address='52:54:00:aa:bb:01'/></interface>"

static char *text_of(const char *was, const char *is, bool every)
{
	g_autoptr(GPtrArray) changes = NULL;

	assert_int_equal(definition_diff(was, is, &changes, NULL), 0);
	return definition_text_changes(changes, every);
}

static void definition_text_changes__has_both_sides(void **state)
{
	g_autofree char *text = text_of(DOMAIN("<title>a</title>", ""),
					DOMAIN("<title>b</title>", "<rng><x/></rng>"), false);

	(void)state;
	assert_string_equal(text, "- title: a\n+ title: b\n+ devices/rng:\n+     <rng>\n"
				  "+       <x/>\n+     </rng>\n");
}

static void definition_text_changes__counts_what_libvirt_chooses(void **state)
{
	g_autofree char *counted = text_of(DOMAIN("<pm/>", "<video/>"), DOMAIN("", ""), false);
	g_autofree char *all = text_of(DOMAIN("<pm/>", "<video/>"), DOMAIN("", ""), true);

	(void)state;
	assert_string_equal(counted, "(2 more that libvirt had added, and chooses again: --all)\n");
	assert_string_equal(all, "- pm: <pm/>\n- devices/video: <video/>\n");
}

static void expect_plan(const char *runs, const char *next, const char *lines)
{
	struct definition_plan *plan __attribute__((cleanup(definition_plan_drop))) = NULL;
	g_autofree char *text = NULL;

	assert_int_equal(definition_plan_make(runs, runs, next, &plan, NULL), 0);
	text = definition_text_plan(plan);
	assert_string_equal(text, lines);
}

#define NOW "At once, if libvirt and the guest can:\n"
#define BOOT "At the guest's next boot (a stop and a start; not a reboot inside of it):\n"

static void definition_text_plan__has_a_line_for_each(void **state)
{
	(void)state;
	expect_plan(DOMAIN("", ""), DOMAIN("<cpu/>", NIC),
		    NOW "    NIC 52:54:00:aa:bb:01: is attached\n" BOOT "    cpu\n");
	expect_plan(DOMAIN("", ""), DOMAIN("", ""), NOW "    nothing\n" BOOT "    nothing\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(definition_text_changes__has_both_sides),
		cmocka_unit_test(definition_text_changes__counts_what_libvirt_chooses),
		cmocka_unit_test(definition_text_plan__has_a_line_for_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
