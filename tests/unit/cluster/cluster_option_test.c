/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cluster/cluster_option.h"

static struct cluster_option_setting parse(enum cluster_option option, const char *xml)
{
	struct cluster_option_setting setting;

	assert_int_equal(cluster_option_parse(xml, strlen(xml), option, &setting, NULL), 0);
	return setting;
}

static void cluster_option_parse__reads_either_name(void **state)
{
	static const struct {
		const char *name;
		const char *xml;
	} cases[] = {
		{"stonith-enabled", "<crm_config><cluster_property_set id='cib-bootstrap-options'>"
				    "<nvpair id='a' name='cluster-name' value='x'/>"
				    "<nvpair id='b' name='stonith-enabled' value='false'/>"
				    "</cluster_property_set></crm_config>"},
		{"fencing-enabled", "<crm_config><cluster_property_set id='cib-bootstrap-options'>"
				    "<nvpair id='b' name='fencing-enabled' value='false'/>"
				    "</cluster_property_set></crm_config>"},
		/* As Pacemaker does it. */
		{"fencing-enabled", "<crm_config><cluster_property_set id='cib-bootstrap-options'>"
				    "<nvpair id='a' name='stonith-enabled' value='true'/>"
				    "</cluster_property_set><cluster_property_set id='more'>"
				    "<nvpair id='b' name='fencing-enabled' value='false'/>"
				    "</cluster_property_set></crm_config>"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct cluster_option_setting setting =
			parse(CLUSTER_FENCING_ENABLED, cases[i].xml);

		assert_true(setting.set);
		assert_string_equal(setting.name, cases[i].name);
		assert_string_equal(setting.value, "false");
		assert_true(cluster_option_is_off(&setting));
	}
}

static void cluster_option_parse__knows_each_option(void **state)
{
	static const char *const old[CLUSTER_OPTIONS] = {
		[CLUSTER_FENCING_ENABLED] = "stonith-enabled",
		[CLUSTER_FENCING_ACTION] = "stonith-action",
		[CLUSTER_FENCING_TIMEOUT] = "stonith-timeout",
		[CLUSTER_FENCING_WATCHDOG_TIMEOUT] = "stonith-watchdog-timeout",
	};
	char xml[512];

	(void)state;
	for (size_t i = 0; i < CLUSTER_OPTIONS; i++) {
		struct cluster_option_setting setting;

		(void)snprintf(xml, sizeof(xml),
			       "<crm_config><cluster_property_set id='a'>"
			       "<nvpair id='b' name='%s' value='%zus'/>"
			       "</cluster_property_set></crm_config>",
			       old[i], i);
		setting = parse((enum cluster_option)i, xml);
		assert_string_equal(setting.name, old[i]);
		assert_int_equal(setting.value[0], '0' + (int)i);
		assert_false(parse((enum cluster_option)((i + 1) % CLUSTER_OPTIONS), xml).set);
	}
}

static void cluster_option_parse__says_that_it_is_not_set(void **state)
{
	static const char *const xmls[] = {
		"<crm_config/>",
		"<crm_config><cluster_property_set id='a'/></crm_config>",
		"<crm_config><cluster_property_set id='a'><nvpair id='b' name='stonith-enabled'/>"
		"</cluster_property_set></crm_config>",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(xmls); i++) {
		struct cluster_option_setting setting = parse(CLUSTER_FENCING_ENABLED, xmls[i]);

		assert_false(setting.set);
		assert_false(cluster_option_is_off(&setting));
	}
}

static void cluster_option_parse__refuses_what_is_no_crm_config(void **state)
{
	static const char *const texts[] = {"", "x", "<resources/>", "<crm_config>"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct cluster_option_setting setting;

		assert_int_equal(cluster_option_parse(texts[i], strlen(texts[i]),
						      CLUSTER_FENCING_ENABLED, &setting, NULL),
				 -EINVAL);
		assert_false(setting.set);
	}
}

static void cluster_option_is_off__is_false_for_yes_and_for_nonsense(void **state)
{
	static const char *const values[] = {"true", "1", "on", "", "nope"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		struct cluster_option_setting setting = {.set = true};

		(void)snprintf(setting.value, sizeof(setting.value), "%s", values[i]);
		assert_false(cluster_option_is_off(&setting));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cluster_option_parse__reads_either_name),
		cmocka_unit_test(cluster_option_parse__knows_each_option),
		cmocka_unit_test(cluster_option_parse__says_that_it_is_not_set),
		cmocka_unit_test(cluster_option_parse__refuses_what_is_no_crm_config),
		cmocka_unit_test(cluster_option_is_off__is_false_for_yes_and_for_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
