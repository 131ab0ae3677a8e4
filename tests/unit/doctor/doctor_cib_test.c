/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "doctor/check/doctor_cib.h"

static void doctor_cib_parse__reads_templates_groups_and_defaults(void **state)
{
	static const char xml[] =
		"<configuration><nodes><node id='1' uname='node1'/>"
		"<node id='r' uname='far' type='remote'/></nodes><resources>"
		"<template id='t' class='ocf' provider='lunmask' type='VirtualMachine'>"
		"<meta_attributes id='a'><nvpair id='b' name='requires' value='fencing'/>"
		"</meta_attributes><operations><op id='o' name='stop'><meta_attributes id='c'>"
		"<nvpair id='d' name='timeout' value='2min'/></meta_attributes></op></operations>"
		"</template><group id='g'><primitive id='web1' template='t'/>"
		"<primitive id='ip' class='ocf' provider='heartbeat' type='IPaddr2'/></group>"
		"</resources><rsc_defaults><meta_attributes id='e'>"
		"<nvpair id='f' name='allow-migrate' value='yes'/></meta_attributes></rsc_defaults>"
		"<op_defaults><meta_attributes id='h'><nvpair id='i' name='timeout' value='60s'/>"
		"</meta_attributes></op_defaults></configuration>";
	struct doctor_cib cib = {0};

	(void)state;
	assert_int_equal(doctor_cib_parse(xml, strlen(xml), &cib, NULL), 0);
	assert_int_equal(cib.n_nodes, 1);
	assert_string_equal(cib.nodes[0], "node1");
	assert_string_equal(cib.op_timeout, "60s");
	assert_null(cib.dc_version);
	assert_int_equal(cib.n_vms, 1);
	assert_string_equal(cib.vms[0].resource, "web1");
	assert_string_equal(cib.vms[0].requirement, "fencing");
	assert_string_equal(cib.vms[0].allow_migrate, "yes");
	assert_null(cib.vms[0].multiple_active);
	assert_int_equal(cib.vms[0].n_ops, 1);
	assert_int_equal(doctor_cib_time_ms(cib.vms[0].ops[0].timeout), 120000);
	doctor_cib_release(&cib);
}

static void doctor_cib_parse__refuses_other_text(void **state)
{
	struct doctor_cib cib = {0};

	(void)state;
	assert_int_equal(doctor_cib_parse("<cib/>", 6, &cib, NULL), -EINVAL);
	doctor_cib_release(&cib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doctor_cib_parse__reads_templates_groups_and_defaults),
		cmocka_unit_test(doctor_cib_parse__refuses_other_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
