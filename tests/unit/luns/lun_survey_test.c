/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against a Pacemaker that says what it is told, and drivers that are shell scripts. */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cluster/cluster.h"
#include "luns/lun_survey.h"

#define PAIR(name, value) "<nvpair id='p" name "' name='" name "' value='" value "'/>"
#define VM(id, pairs)                                                                              \
	"<primitive id='" id "' class='ocf' provider='lunmask' type='VirtualMachine'>"             \
	"<instance_attributes id='s'>" pairs "</instance_attributes></primitive>"

static const char resources[] = "<resources>" VM("web1", PAIR("vm", "web1") PAIR("array", "san1")
								 PAIR("luns", "vda=root sda=iso:ro")
									 PAIR("state_lun", "state"))
	VM("web2", PAIR("vm", "web2") PAIR("array", "san1") PAIR("luns", "vda=other sda=iso:ro")
			   PAIR("state_lun", "state2"))
		VM("web3", PAIR("vm", "web3") PAIR("array", "san1")
				   PAIR("luns", "nonsense")) "</resources>";

static const char driver[] =
	"#!/bin/sh\nd=${0%/*}\n[ ! -e $d/down ] || { echo '{\"error\":{\"code\":\"unreachable\","
	"\"message\":\"down\"}}'; exit 1; }\n"
	"l() { printf '{\"name\":\"%s\",\"size_bytes\":512,\"designators\":[\"naa.6\"]%s}' $1 "
	"\"$2\"; }\n"
	"m() { printf '{\"lun\":\"%s\",\"initiators\":[%s],\"nexuses\":[%s]}' $1 \"$2\" \"$3\"; }\n"
	"case $1 in\n"
	"info) echo '{\"protocol\":1,\"capabilities\":[\"health\"]}' ;;\n"
	"luns) echo '{\"luns\":['; l root ',\"health\":\"healthy\"'; echo ,\n"
	"  l iso ',\"health\":\"degraded\"'; echo ']}' ;;\n"
	"masks) echo '{\"masks\":['; m iso '\"iqn.2026-11.x:1\",\"iqn.2026-11.x:9\"' ''; echo ,\n"
	"  m root '' '{\"initiator\":\"iqn.2026-11.x:2\"}'; echo ']}' ;;\n"
	"esac\n";

static char root[64];
static int cluster_rc;
static struct lun_survey survey;

int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err);
int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err)
{
	(void)deadline;
	if (cluster_rc != 0) {
		return err_set(err, cluster_rc, "no Pacemaker");
	}
	*ret_xml = g_strdup(resources);
	return 0;
}

static void put(const char *name, const char *text)
{
	g_autofree char *file = g_build_filename(root, name, NULL);

	assert_true(g_file_set_contents(file, text, -1, NULL));
	assert_int_equal(chmod(file, 0700), 0);
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int set_up(void **state)
{
	g_autofree char *conf = NULL;
	g_autofree char *file = NULL;

	(void)state;
	(void)strcpy(root, "/tmp/lunmask-survey-XXXXXX");
	assert_non_null(mkdtemp(root));
	cluster_rc = 0;
	put("driver", driver);
	conf = g_strdup_printf("[array san1]\ndriver = %s/driver\ntransport = exec\n"
			       "portals = 10.0.0.1:3260\n"
			       "[host node1]\ninitiator = iqn.2026-11.x:1\n"
			       "[host node2]\ninitiator = iqn.2026-11.x:2\n",
			       root);
	put("conf", conf);
	file = g_build_filename(root, "conf", NULL);
	undo_setenv("LUNMASK_CONF", file);
	return 0;
}

static int tear_down(void **state)
{
	lun_survey_release(&survey);
	return undo_all(state) | nftw(root, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static void survey_get(void)
{
	struct err err = ERR_INIT;

	assert_int_equal(lun_survey_get(NULL, deadline_in(TEST_LIMIT_MS), &survey, &err), 0);
}

static void are(const GPtrArray *list, const char *one, const char *other)
{
	const char *const wanted[] = {one, other};
	guint n = one == NULL ? 0 : other == NULL ? 1 : 2;

	assert_non_null(list);
	assert_int_equal(list->len, n);
	for (guint i = 0; i < n; i++) {
		assert_string_equal(g_ptr_array_index(list, i), wanted[i]);
	}
}

static void lun_survey_get__has_hosts_sessions_and_vms(void **state)
{
	(void)state;
	survey_get();
	assert_int_equal(survey.n, 2);
	assert_string_equal(survey.luns[0].is.name, "iso");
	assert_int_equal(survey.luns[0].is.condition.health, LUN_DEGRADED);
	are(survey.luns[0].hosts, "node1", "iqn.2026-11.x:9");
	are(survey.luns[0].vms, "web1", "web2");
	assert_string_equal(survey.luns[1].is.name, "root");
	are(survey.luns[1].hosts, NULL, NULL);
	are(survey.luns[1].sessions, "node2", NULL);
	are(survey.luns[1].vms, "web1", NULL);
	/* What web3 uses is not known. */
	assert_int_equal(survey.troubles->len, 1);
	assert_non_null(strstr(g_ptr_array_index(survey.troubles, 0), "resource web3"));
}

static void lun_survey_get__does_not_take_silence_for_none(void **state)
{
	(void)state;
	cluster_rc = -ENOTCONN;
	survey_get();
	assert_int_equal(survey.n, 2);
	assert_null(survey.luns[0].vms);
	assert_string_equal(g_ptr_array_index(survey.troubles, 0),
			    "which VMs use the LUNs is not known: no Pacemaker");
	lun_survey_release(&survey);
	put("down", "");
	survey_get();
	assert_int_equal(survey.n, 0);
	assert_int_equal(survey.troubles->len, 2);
	assert_non_null(strstr(g_ptr_array_index(survey.troubles, 0), "array san1, "));
}

static void lun_survey_get__knows_the_arrays_of_the_configuration(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(lun_survey_get("san1", deadline_in(TEST_LIMIT_MS), &survey, &err), 0);
	assert_int_equal(survey.n, 2);
	lun_survey_release(&survey);
	assert_int_equal(lun_survey_get("san2", deadline_in(TEST_LIMIT_MS), &survey, &err),
			 -ENOENT);
	assert_non_null(strstr(err_text(&err), "san1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(lun_survey_get__has_hosts_sessions_and_vms),
		TEST(lun_survey_get__does_not_take_silence_for_none),
		TEST(lun_survey_get__knows_the_arrays_of_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
