/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "cluster/cluster_vms.h"

#define VM_OPEN(id) "<primitive id='" id "' class='ocf' provider='lunmask' type='VirtualMachine'>"
#define SET(pairs) "<instance_attributes id='s'>" pairs "</instance_attributes>"
#define PAIR(name, value) "<nvpair id='p-" name "' name='" name "' value='" value "'/>"
#define LUNS PAIR("array", "san1") PAIR("luns", "vda=r vdb=d") PAIR("state_lun", "s")
#define VM(id, pairs) VM_OPEN(id) SET(pairs) "</primitive>"
#define RESOURCES(inner) "<resources>" inner "</resources>"

static struct cluster_vms vms;

static int teardown(void **state)
{
	(void)state;
	cluster_vms_release(&vms);
	return 0;
}

static int parse(const char *xml)
{
	cluster_vms_release(&vms);
	return cluster_vms_parse(xml, strlen(xml), &vms, NULL);
}

static void vm_is(size_t i, const char *resource, const char *name)
{
	assert_true(i < vms.count);
	assert_string_equal(vms.vms[i].resource, resource);
	assert_null(vms.vms[i].unclear);
	assert_string_equal(vms.vms[i].vm, name);
	assert_string_equal(vms.vms[i].array, "san1");
	assert_string_equal(vms.vms[i].luns, "vda=r vdb=d");
	assert_string_equal(vms.vms[i].state_lun, "s");
}

static void cluster_vms_parse__reads_plain_parameters(void **state)
{
	(void)state;
	assert_int_equal(parse(RESOURCES(VM("a", PAIR("vm", "web1") LUNS PAIR("hypervisor", "")))),
			 0);
	assert_int_equal(vms.count, 1);
	vm_is(0, "a", "web1");
	assert_null(vms.vms[0].hypervisor);
	assert_null(vms.vms[0].migration_transport);
	assert_int_equal(parse(RESOURCES("")), 0);
	assert_int_equal(vms.count, 0);
}

static void cluster_vms_parse__finds_them_wherever_they_are(void **state)
{
	(void)state;
	assert_int_equal(
		parse(RESOURCES(
			"<!-- said by hand -->"
			"<primitive id='x' class='ocf' provider='heartbeat' type='Dummy'/>"
			"<group id='g'>" VM(
				"a",
				PAIR("vm", "web1")
					LUNS) "</group>"
					      "<clone id='c'><group id='h'>" VM(
						      "b",
						      PAIR("vm", "web2")
							      LUNS) "</group></clone>"
								    "<primitive id='y' class='ocf' "
								    "provider='other' "
								    "type='VirtualMachine'/>")),
		0);
	assert_int_equal(vms.count, 2);
	vm_is(0, "a", "web1");
	vm_is(1, "b", "web2");
}

/* Only the resource's own attributes are its parameters, whatever else is beside them. */
static void cluster_vms_parse__takes_nothing_else_for_a_parameter(void **state)
{
	static const char beside[] = "<utilization id='u'>" PAIR(
		"vm", "none") "</utilization><meta_attributes id='m'>" PAIR("luns", "vda=none")
		PAIR("remote-node",
		     "guest") "</meta_attributes><operations><op id='o' name='monitor' "
			      "interval='10s'><instance_attributes id='i'>" PAIR("array", "none")
				      PAIR("OCF_CHECK_LEVEL",
					   "10") "</instance_attributes></op></operations>";
	g_autofree char *xml =
		g_strconcat("<resources><bundle id='b'><docker image='x'/>", VM_OPEN("a"), beside,
			    SET(PAIR("vm", "web1") PAIR("array", "san1")
					PAIR("luns", "vda=r&#10;vdb=d") PAIR("state_lun", "s")),
			    "</primitive></bundle>", VM("b", PAIR("vm", "web1") LUNS),
			    VM("c", "<nvpair id='p' name='vm'/>" LUNS), VM_OPEN("d"),
			    "</primitive></resources>", NULL);

	(void)state;
	assert_int_equal(parse(xml), 0);
	assert_int_equal(vms.count, 4);
	assert_string_equal(vms.vms[0].luns, "vda=r\nvdb=d");
	assert_string_equal(vms.vms[0].array, "san1");
	assert_null(vms.vms[0].unclear);
	vm_is(1, "b", "web1");
	assert_non_null(strstr(vms.vms[2].unclear, "not a legal VM name"));
	assert_non_null(strstr(vms.vms[3].unclear, "not a legal VM name"));
}

static void cluster_vms_parse__a_template_fills_in(void **state)
{
	(void)state;
	assert_int_equal(
		parse(RESOURCES(
			"<template id='t' class='ocf' provider='lunmask' "
			"type='VirtualMachine'>" SET(
				PAIR("vm", "none")
					LUNS) "</template>"
					      "<primitive id='a' template='t'>" SET(PAIR(
						      "vm",
						      "web1")) "</primitive>"
							       "<primitive id='b' "
							       "template='gone'>" SET(PAIR(
								       "vm",
								       "web2")) "</primitive>")),
		0);
	assert_int_equal(vms.count, 1);
	vm_is(0, "a", "web1");
}

static void cluster_vms_parse__reads_the_timeouts_of_operations(void **state)
{
	(void)state;
	assert_int_equal(
		parse(RESOURCES(
			"<template id='t' class='ocf' provider='lunmask' type='VirtualMachine'>"
			"<operations><op name='start' timeout='3min'/><op name='stop' timeout='9'/>"
			"</operations></template><primitive id='a' template='t'>" SET(
				PAIR("vm", "web1")
					LUNS) "<operations>"
					      "<op name='stop' timeout='120s'/>"
					      "<op name='monitor' interval='10s' timeout='30s'/>"
					      "<op name='migrate_to'><meta_attributes id='m'>"
					      "<nvpair id='n' name='timeout' "
					      "value='1500ms'/></meta_attributes></op>"
					      "</operations></primitive>")),
		0);
	assert_int_equal(vms.vms[0].timeouts_ms[CLUSTER_OP_START], 180000);
	assert_int_equal(vms.vms[0].timeouts_ms[CLUSTER_OP_STOP], 120000);
	assert_int_equal(vms.vms[0].timeouts_ms[CLUSTER_OP_MIGRATE_TO], 1500);
	assert_int_equal(vms.vms[0].timeouts_ms[CLUSTER_OP_MIGRATE_FROM], -1);
}

#define META(pairs) "<meta_attributes id='m'>" pairs "</meta_attributes>"
#define ROLE(value) PAIR("target-role", value)

static void cluster_vms_parse__knows_what_is_stopped(void **state)
{
	static const struct {
		const char *xml;
		bool stopped;
	} rows[] = {
		{RESOURCES(VM_OPEN("a") "</primitive>"), false},
		{RESOURCES(VM_OPEN("a") META(ROLE("Stopped")) "</primitive>"), true},
		{RESOURCES(VM_OPEN("a") META(ROLE("stopped")) "</primitive>"), true},
		{RESOURCES(VM_OPEN("a") META(ROLE("Started")) "</primitive>"), false},
		{RESOURCES(VM_OPEN("a") META("<rule id='r'/>" ROLE("Stopped")) "</primitive>"),
		 false},
		{RESOURCES(VM_OPEN("a") META(ROLE("Started")) META(ROLE("Stopped")) "</primitive>"),
		 false},
		{RESOURCES("<group id='g'>" META(ROLE("Stopped"))
				   VM_OPEN("a") "</primitive></group>"),
		 true},
		{RESOURCES("<group id='g'>" META(ROLE("Stopped")) VM_OPEN("a")
				   META(ROLE("Started")) "</primitive></group>"),
		 false},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		assert_int_equal(parse(rows[i].xml), 0);
		assert_int_equal(vms.count, 1);
		assert_int_equal(vms.vms[0].stopped, rows[i].stopped);
	}
}

static void cluster_vms_parse__knows_what_may_migrate(void **state)
{
#define MIGRATE(value) PAIR("allow-migrate", value)
	static const struct {
		const char *xml;
		bool migrates;
	} rows[] = {
		{RESOURCES(VM_OPEN("a") "</primitive>"), false},
		{RESOURCES(VM_OPEN("a") META(MIGRATE("true")) "</primitive>"), true},
		{RESOURCES(VM_OPEN("a") META(MIGRATE("Yes")) "</primitive>"), true},
		{RESOURCES(VM_OPEN("a") META(MIGRATE("1")) "</primitive>"), true},
		{RESOURCES(VM_OPEN("a") META(MIGRATE("maybe")) "</primitive>"), false},
		{RESOURCES(VM_OPEN("a") META("<rule id='r'/>" MIGRATE("true")) "</primitive>"),
		 false},
		{RESOURCES(VM_OPEN("a") META(MIGRATE("true"))
				   META(MIGRATE("false")) "</primitive>"),
		 false},
		{RESOURCES("<group id='g'>" META(MIGRATE("true"))
				   VM_OPEN("a") "</primitive></group>"),
		 true},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		assert_int_equal(parse(rows[i].xml), 0);
		assert_int_equal(vms.vms[0].migrates, rows[i].migrates);
	}
}

static void cluster_vms_parse__says_what_it_does_not_understand(void **state)
{
	static const struct {
		const char *xml;
		const char *why;
	} rows[] = {
		{RESOURCES(VM("a", "<rule id='r'/>" PAIR("vm", "web1") LUNS)), "rule"},
		{RESOURCES(VM_OPEN("a") "<instance_attributes id-ref='other'/></primitive>"),
		 "id-ref"},
		{RESOURCES(VM("a", PAIR("vm", "web1") "<nvpair id-ref='other'/>")), "id-ref"},
		{RESOURCES(VM("a", PAIR("vm", "web1") PAIR("vm", "web2"))), "twice"},
		{RESOURCES(VM_OPEN("a") SET(PAIR("luns", "vda=a"))
				   SET(PAIR("luns", "vda=b")) "</primitive>"),
		 "twice"},
		{RESOURCES(VM("a", LUNS)), "not a legal VM name"},
		{RESOURCES(VM("a", PAIR("vm", "../web1") LUNS)), "not a legal VM name"},
		{RESOURCES(VM("a", PAIR("vm", "we&#9;b1") LUNS)), "not a legal VM name"},
		{RESOURCES(VM("a", PAIR("vm", "web1") PAIR("migration_transport", "ssh x"))),
		 "migration_transport"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		assert_int_equal(parse(rows[i].xml), 0);
		assert_int_equal(vms.count, 1);
		assert_non_null(vms.vms[0].unclear);
		assert_non_null(strstr(vms.vms[0].unclear, rows[i].why));
	}
}

static void cluster_vms_parse__a_name_that_is_none_is_not_kept(void **state)
{
	(void)state;
	assert_int_equal(parse(RESOURCES(VM("a", PAIR("vm", "we&#10;b1") LUNS))), 0);
	assert_non_null(vms.vms[0].unclear);
	assert_null(vms.vms[0].vm);
	assert_string_equal(vms.vms[0].resource, "a");
}

static void cluster_vms_parse__refuses_what_is_no_resources(void **state)
{
	static const char *const wrong[] = {
		"",
		"resources",
		"<resources>",
		"<cib/>",
		"<!DOCTYPE r [<!ENTITY e 'x'>]><resources>&e;</resources>",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		assert_int_equal(parse(wrong[i]), -EINVAL);
		assert_int_equal(vms.count, 0);
	}
}

static void cluster_vms_parse__does_not_follow_nesting_for_ever(void **state)
{
	char xml[64 * 1024] = "<resources>";
	const int depth = 200;

	(void)state;
	for (int i = 0; i < depth; i++) {
		strcat(xml, "<group>");
	}
	strcat(xml, VM("a", PAIR("vm", "web1") LUNS));
	for (int i = 0; i < depth; i++) {
		strcat(xml, "</group>");
	}
	strcat(xml, "</resources>");
	assert_int_equal(parse(xml), 0);
	assert_int_equal(vms.count, 0);
}

#define UNIT_OPEN(id) "<primitive id='" id "' class='ocf' provider='lunmask' type='LogicalUnit'>"
#define UNIT(id, pairs) UNIT_OPEN(id) SET(pairs) "</primitive>"

static void cluster_vms_parse__lists_the_units_beside_the_vms(void **state)
{
	(void)state;
	assert_int_equal(parse(RESOURCES(VM("a", PAIR("vm", "web1") LUNS) "<group id='g'>" UNIT(
				 "d", PAIR("array", "san1") PAIR("lun", "db")
					      PAIR("vm_map", "n1:db1 n2:db2"))
						 UNIT("e", PAIR("array", "san1")) "</group>")),
			 0);
	assert_int_equal(vms.count, 1);
	vm_is(0, "a", "web1");
	assert_int_equal(vms.n_units, 2);
	assert_string_equal(vms.units[0].resource, "d");
	assert_null(vms.units[0].unclear);
	assert_string_equal(vms.units[0].array, "san1");
	assert_string_equal(vms.units[0].lun, "db");
	assert_string_equal(vms.units[0].vm_map, "n1:db1 n2:db2");
	/* Its LUN is not known. */
	assert_string_equal(vms.units[1].resource, "e");
	assert_non_null(vms.units[1].unclear);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cluster_vms_parse__reads_plain_parameters),
		cmocka_unit_test(cluster_vms_parse__lists_the_units_beside_the_vms),
		cmocka_unit_test(cluster_vms_parse__finds_them_wherever_they_are),
		cmocka_unit_test(cluster_vms_parse__takes_nothing_else_for_a_parameter),
		cmocka_unit_test(cluster_vms_parse__a_template_fills_in),
		cmocka_unit_test(cluster_vms_parse__reads_the_timeouts_of_operations),
		cmocka_unit_test(cluster_vms_parse__knows_what_is_stopped),
		cmocka_unit_test(cluster_vms_parse__knows_what_may_migrate),
		cmocka_unit_test(cluster_vms_parse__says_what_it_does_not_understand),
		cmocka_unit_test(cluster_vms_parse__a_name_that_is_none_is_not_kept),
		cmocka_unit_test(cluster_vms_parse__refuses_what_is_no_resources),
		cmocka_unit_test(cluster_vms_parse__does_not_follow_nesting_for_ever),
	};

	return cmocka_run_group_tests_name("cluster_vms", tests, NULL, teardown);
}
