/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit/unit_world.h"

static struct err err;

static enum unit_health health(int level, bool probe)
{
	enum unit_health ret = UNIT_FAILED;

	err = (struct err)ERR_INIT;
	if (unit_monitor(&unit_settings, level, probe, deadline_in(TEST_LIMIT_MS), &ret, &err) !=
	    0) {
		fail_msg("%s", err_text(&err));
	}
	assert_string_equal(world.done, "");
	return ret;
}

static void says(const char *text)
{
	if (strstr(err_text(&err), text) == NULL) {
		fail_msg("'%s' is not in '%s'", text, err_text(&err));
	}
}

static void monitor__is_about_the_drive_in_the_guest(void **state)
{
	(void)state;
	assert_int_equal(health(0, false), UNIT_STOPPED);
	world.granted[NODE1] = true;
	assert_int_equal(health(10, true), UNIT_STOPPED);
	unit_world_plugged();
	assert_int_equal(health(0, false), UNIT_PLUGGED);
	assert_int_equal(health(0, true), UNIT_PLUGGED);
	assert_int_equal(health(10, false), UNIT_PLUGGED);
}

static void monitor__fails_where_another_guest_has_it(void **state)
{
	(void)state;
	unit_world_plugged();
	world.plugged_vm = "db9";
	assert_int_equal(health(0, false), UNIT_FAILED);
	says("VM 'db9' has LUN db-data");
	unit_world_plugged();
	unit_settings.vm_map = "node2:db2";
	assert_int_equal(health(0, true), UNIT_FAILED);
}

static void monitor__level_10_looks_at_the_masks(void **state)
{
	(void)state;
	unit_world_plugged();
	world.granted[NODE1] = false;
	assert_int_equal(health(0, false), UNIT_PLUGGED);
	assert_int_equal(health(10, false), UNIT_FAILED);
	says("does not grant this host LUN db-data");
	world.granted[NODE1] = true;
	world.nexus[NODE2] = true;
	assert_int_equal(health(10, false), UNIT_DEGRADED);
	says("is presented to iqn.2026-11.org.example:node2");
	world.nexus[NODE2] = false;
	world.silent = true;
	assert_int_equal(health(10, false), UNIT_DEGRADED);
}

/* A probe must not let the cluster believe that it runs on two hosts. */
static void monitor__a_probe_counts_nothing_on_a_fenced_host(void **state)
{
	(void)state;
	unit_world_plugged();
	world.fenced = true;
	assert_int_equal(health(0, true), UNIT_STOPPED);
	assert_int_equal(health(0, false), UNIT_PLUGGED);
}

static void monitor__without_libvirt_knows_little(void **state)
{
	(void)state;
	world.libvirt_silent = true;
	/* Nothing was granted here. */
	assert_int_equal(health(0, true), UNIT_STOPPED);
	world.libvirt_silent = false;
	assert_int_equal(unit_start(&unit_settings, deadline_in(TEST_LIMIT_MS), NULL, NULL), 0);
	world.done[0] = '\0';
	world.libvirt_silent = true;
	assert_int_equal(health(0, false), UNIT_DEGRADED);
	says("libvirt is silent");
	world.qemu = false;
	assert_int_equal(health(0, false), UNIT_STOPPED);
}

static void reload__refuses_another_vm_for_this_node(void **state)
{
	(void)state;
	unit_world_plugged();
	unit_settings.vm_map = "node1:db1 node3:db3";
	assert_int_equal(unit_reload(&unit_settings, deadline_in(TEST_LIMIT_MS), NULL), 0);
	unit_settings.vm_map = "node1:db4";
	assert_int_equal(unit_reload(&unit_settings, deadline_in(TEST_LIMIT_MS), &err), -EPERM);
	world.libvirt_silent = true;
	assert_int_equal(unit_reload(&unit_settings, deadline_in(TEST_LIMIT_MS), NULL), 0);
}

static void refused(const char *said)
{
	err = (struct err)ERR_INIT;
	assert_int_equal(unit_validate(&unit_settings, 0, deadline_in(TEST_LIMIT_MS), &err),
			 -EINVAL);
	says(said);
}

static void validate__wants_a_vm_or_a_map(void **state)
{
	(void)state;
	assert_int_equal(unit_validate(&unit_settings, 10, deadline_in(TEST_LIMIT_MS), NULL), 0);
	unit_settings.vm = "db1";
	refused("and not both");
	unit_settings.vm_map = NULL;
	assert_int_equal(unit_validate(&unit_settings, 10, deadline_in(TEST_LIMIT_MS), NULL), 0);
	unit_settings.vm = NULL;
	refused("and not none");
	unit_settings.vm_map = "node1=db1";
	refused("is not NODE:VM");
	unit_settings.vm_map = "node2:db2";
	assert_int_equal(unit_validate(&unit_settings, 0, deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_int_equal(unit_validate(&unit_settings, 10, deadline_in(TEST_LIMIT_MS), NULL),
			 -ENODEV);
	unit_settings.drive = "hda";
	refused("vdX (virtio) or sdX (SCSI)");
	unit_settings.lun = NULL;
	refused("must all be set");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_new, unit_world_free)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(monitor__is_about_the_drive_in_the_guest),
		TEST(monitor__fails_where_another_guest_has_it),
		TEST(monitor__level_10_looks_at_the_masks),
		TEST(monitor__a_probe_counts_nothing_on_a_fenced_host),
		TEST(monitor__without_libvirt_knows_little),
		TEST(reload__refuses_another_vm_for_this_node),
		TEST(validate__wants_a_vm_or_a_map),
	};

	return cmocka_run_group_tests_name("unit_monitor", tests, NULL, NULL);
}
