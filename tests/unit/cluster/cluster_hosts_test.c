/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "cluster/cluster_hosts.h"

#define PAIR(name, value) "<nvpair id='p' name='" name "' value='" value "'/>"
#define SET(pairs) "<instance_attributes id='s'>" pairs "</instance_attributes>"
#define UP "in_ccm='true' crmd='online' join='member' expected='member'"
#define STATE(uname, how, pairs)                                                                   \
	"<node_state id='1' uname='" uname "' " how ">"                                            \
	"<transient_attributes id='1'>" SET(pairs) "</transient_attributes></node_state>"
#define RESOURCES                                                                                  \
	"<resources><primitive id='web1' class='ocf' provider='lunmask' type='VirtualMachine'/>"   \
	"<group id='g'><primitive id='web2' class='ocf' provider='lunmask' "                       \
	"type='VirtualMachine'/></group></resources>"
#define CIB(options, node, constraints, states)                                                    \
	"<cib epoch='1'><configuration><crm_config><cluster_property_set id='o'>" options          \
	"</cluster_property_set></crm_config><nodes><node id='1' uname='node1'>" SET(              \
		node) "</node><node id='2' uname='node2'/><node id='r' uname='remote1' "           \
		      "type='remote'/></nodes>" RESOURCES "<constraints>" constraints              \
		      "</constraints></configuration><status>" states "</status></cib>"
#define BOTH_UP STATE("node1", UP, "") STATE("node2", UP, "")

static struct cluster_hosts hosts;

static int teardown(void **state)
{
	(void)state;
	cluster_hosts_release(&hosts);
	return 0;
}

static void parse_for(const char *xml, const char *resource)
{
	struct err err = ERR_INIT;

	cluster_hosts_release(&hosts);
	if (cluster_hosts_parse(xml, strlen(xml), resource, &hosts, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_int_equal(hosts.count, 2);
	assert_string_equal(hosts.hosts[0].node, "node1");
	assert_string_equal(hosts.hosts[1].node, "node2");
}

/* Of node1 only this one, with this text (NULL: none at all); nothing of node2. */
static void only(const char *xml, enum cluster_obstacle obstacle, const char *text)
{
	parse_for(xml, "web1");
	for (size_t i = 0; i < CLUSTER_OBSTACLES; i++) {
		bool want = text != NULL && i == obstacle;

		assert_int_equal(hosts.hosts[1].obstacles[i].there, CLUSTER_NOT_THERE);
		assert_int_equal(hosts.hosts[0].obstacles[i].there,
				 want ? CLUSTER_THERE : CLUSTER_NOT_THERE);
		if (want) {
			assert_string_equal(hosts.hosts[0].obstacles[i].text, text);
		}
	}
}

static void cluster_hosts_parse__two_that_are_up(void **state)
{
	(void)state;
	only(CIB("", "", "", BOTH_UP), 0, NULL);
}

static void cluster_hosts_parse__times_of_newer_releases(void **state)
{
	(void)state;
	only(CIB("", "", "",
		 STATE("node1",
		       "in_ccm='1700000000' crmd='1700000001' join='member' expected='member'", "")
			 STATE("node2", UP, "")),
	     0, NULL);
}

static void cluster_hosts_parse__away(void **state)
{
	static const struct {
		const char *xml, *text;
	} rows[] = {
		{CIB("", "", "", STATE("node2", UP, "")), "it has never joined"},
		{CIB("", "", "",
		     STATE("node1", "in_ccm='false' crmd='offline' join='down' expected='down'", "")
			     STATE("node2", UP, "")),
		 "it was stopped, or fenced"},
		{CIB("", "", "",
		     STATE("node1", "in_ccm='false' crmd='offline' join='down' expected='member'",
			   "") STATE("node2", UP, "")),
		 "it was lost, and not fenced"},
		{CIB("", "", "",
		     STATE("node1", "in_ccm='true' crmd='online' join='down' expected='member'", "")
			     STATE("node2", UP, "")),
		 "it has not joined yet"},
		{CIB("", "", "",
		     STATE("node1", UP, PAIR("shutdown", "1700000000")) STATE("node2", UP, "")),
		 "it is shutting down"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		only(rows[i].xml, CLUSTER_AWAY, rows[i].text);
	}
	only(CIB("", "", "", STATE("node1", UP, PAIR("shutdown", "0")) STATE("node2", UP, "")), 0,
	     NULL);
}

static void cluster_hosts_parse__standby_and_maintenance(void **state)
{
	(void)state;
	only(CIB("", PAIR("standby", "on"), "", BOTH_UP), CLUSTER_STANDBY, "");
	only(CIB("", PAIR("standby", "off"), "", BOTH_UP), 0, NULL);
	only(CIB("", "", "", STATE("node1", UP, PAIR("standby", "true")) STATE("node2", UP, "")),
	     CLUSTER_STANDBY, "");
	/* What holds until the reboot overrides. */
	only(CIB("", PAIR("standby", "on"), "",
		 STATE("node1", UP, PAIR("standby", "off")) STATE("node2", UP, "")),
	     0, NULL);
	only(CIB("", PAIR("maintenance", "yes"), "", BOTH_UP), CLUSTER_MAINTENANCE, "");
	parse_for(CIB(PAIR("maintenance-mode", "true"), "", "", BOTH_UP), "web1");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(hosts.hosts[i].obstacles[CLUSTER_MAINTENANCE].there,
				 CLUSTER_THERE);
	}
}

static void cluster_hosts_parse__health(void **state)
{
#define SICK(colour) STATE("node1", UP, PAIR("#health-disk", colour)) STATE("node2", UP, "")
	(void)state;
	only(CIB("", "", "", SICK("red")), 0, NULL);
	only(CIB(PAIR("node-health-strategy", "migrate-on-red"), "", "", SICK("red")),
	     CLUSTER_UNHEALTHY, "#health-disk is red");
	only(CIB(PAIR("node-health-strategy", "migrate-on-red"), "", "", SICK("yellow")), 0, NULL);
	only(CIB(PAIR("node-health-strategy", "only-green"), "", "", SICK("yellow")),
	     CLUSTER_UNHEALTHY, "#health-disk is yellow");
	only(CIB(PAIR("node-health-strategy", "progressive"), "", "", SICK("red")),
	     CLUSTER_UNHEALTHY, "#health-disk is red");
	only(CIB(PAIR("node-health-strategy", "progressive") PAIR("node-health-red", "-10"), "", "",
		 SICK("red")),
	     0, NULL);
	only(CIB(PAIR("node-health-strategy", "migrate-on-red"), PAIR("#health-fan", "red"), "",
		 BOTH_UP),
	     CLUSTER_UNHEALTHY, "#health-fan is red");
}

static void cluster_hosts_parse__failures(void **state)
{
#define FAILED(name, value) STATE("node1", UP, PAIR(name, value)) STATE("node2", UP, "")
	(void)state;
	only(CIB("", "", "", FAILED("fail-count-web1#start_0", "INFINITY")), CLUSTER_FAILED,
	     "look at its log, then: crm_resource --cleanup -r web1 -N node1");
	only(CIB("", "", "", FAILED("fail-count-web1#start_0", "1000000")), CLUSTER_FAILED,
	     "look at its log, then: crm_resource --cleanup -r web1 -N node1");
	only(CIB("", "", "", FAILED("fail-count-web1#monitor_10000", "2")), 0, NULL);
	only(CIB("", "", "", FAILED("fail-count-web11#start_0", "INFINITY")), 0, NULL);
}

static void cluster_hosts_parse__bans(void **state)
{
#define BAN(rsc, node, score)                                                                      \
	"<rsc_location id='cli-ban' rsc='" rsc "' node='" node "' score='" score "'/>"
	(void)state;
	only(CIB("", "", BAN("web1", "node1", "-INFINITY"), BOTH_UP), CLUSTER_BANNED, "cli-ban");
	only(CIB("", "", BAN("web1", "node1", "-1000000"), BOTH_UP), CLUSTER_BANNED, "cli-ban");
	only(CIB("", "", BAN("web1", "node1", "-500"), BOTH_UP), 0, NULL);
	only(CIB("", "", BAN("web1", "node1", "INFINITY"), BOTH_UP), 0, NULL);
	only(CIB("", "", BAN("web2", "node1", "-INFINITY"), BOTH_UP), 0, NULL);
	parse_for(CIB("", "", BAN("g", "node1", "-INFINITY"), BOTH_UP), "web2");
	assert_int_equal(hosts.hosts[0].obstacles[CLUSTER_BANNED].there, CLUSTER_THERE);
	parse_for(CIB(PAIR("symmetric-cluster", "false"), "", "", BOTH_UP), "web1");
	assert_int_equal(hosts.hosts[0].obstacles[CLUSTER_BANNED].there, CLUSTER_UNCLEAR);
}

static void cluster_hosts_parse__refuses_what_is_no_cib(void **state)
{
	(void)state;
	assert_int_equal(cluster_hosts_parse("<x/>", 4, "web1", &hosts, NULL), -EINVAL);
	assert_int_equal(cluster_hosts_parse("", 0, "web1", &hosts, NULL), -EINVAL);
	assert_int_equal(cluster_hosts_parse("<cib/>", 6, "web1", &hosts, NULL), 0);
	assert_int_equal(hosts.count, 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(cluster_hosts_parse__two_that_are_up),
		TEST(cluster_hosts_parse__times_of_newer_releases),
		TEST(cluster_hosts_parse__away),
		TEST(cluster_hosts_parse__standby_and_maintenance),
		TEST(cluster_hosts_parse__health),
		TEST(cluster_hosts_parse__failures),
		TEST(cluster_hosts_parse__bans),
		TEST(cluster_hosts_parse__refuses_what_is_no_cib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
