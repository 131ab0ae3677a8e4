/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The array is a shell script that keeps grants as files; libvirt is its own mock driver. */
#include "tests/unit/test.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/domain_xml.h"
#include "hypervisor/hypervisor_conn.h"
#include "tests/unit/support/undo.h"
#include "vm/vm_keep.h"
#include "media/vm_media.h"

#define IQN "iqn.2026-11.org.example:unit-media"

static const char driver[] =
	"#!/bin/sh\n"
	"d=${0%/*} r=$(cat)\n"
	"echo \"$1 $r\" >>$d/calls\n"
	"[ $1 != info ] || { echo '{\"protocol\":1,\"capabilities\":[\"read-only\"]}'; exit; }\n"
	"l=$(echo \"$r\" | sed -n 's/.*\"luns\": *\\[\\([^]]*\\)\\].*/\\1/p' | tr -d '\" ' | tr , "
	"' ')\n"
	"for n in $l; do case $r in *'\"grant\"'*) : >$d/g.$n ;; *'\"revoke\"'*) rm -f $d/g.$n ;; "
	"esac; done\n"
	"m() { for n in $l; do i=; [ ! -e $d/g.$n ] || i='\"" IQN "\"'\n"
	"printf '%s{\"lun\":\"%s\",\"initiators\":[%s],\"nexuses\":[]}' \"$c\" $n \"$i\"; c=,; "
	"done; }\n"
	"echo \"{\\\"granted\\\":[],\\\"revoked\\\":[],\\\"masks\\\":[$(m)]}\"\n";

static char *root;
static const struct vm_settings settings = {
	.vm = "unit-media", .array = "san1", .hypervisor = "test:///default"};
static const struct config_host self = {.node = (char *)"node1", .initiator = (char *)IQN};

static char *path(const char *name)
{
	return g_build_filename(root, name, NULL);
}

static int set_up(void **state)
{
	g_autofree char *file = NULL;
	g_autofree char *kept = NULL;

	(void)state;
	root = g_dir_make_tmp("lunmask-media-XXXXXX", NULL);
	file = path("driver");
	kept = path("kept");
	assert_true(g_file_set_contents(file, driver, -1, NULL));
	return chmod(file, 0700) != 0 || setenv(VM_KEEP_VARIABLE, kept, 1) != 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"driver",           "calls", "g.iso1", "g.iso2",
					    "kept/.media.lock", "kept",  ""};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *file = path(names[i]);

		(void)remove(file);
	}
	g_free(root);
	return 0;
}

static struct vm_context *context(void)
{
	struct vm_context *vm = calloc(1, sizeof(*vm));

	assert_non_null(vm);
	vm->settings = &settings;
	vm->self = &self;
	vm->array = (struct array){
		.name = "san1", .driver = path("driver"), .runner = {.transport = "exec"}};
	vm->lun_names[vm->n_luns++] = "root";
	vm->media[vm->n_media++] = "iso1";
	vm->media[vm->n_media++] = "iso2";
	return vm;
}

static void context_end(struct vm_context *vm)
{
	g_free((char *)(uintptr_t)vm->array.driver);
	vm_context_free(vm);
}

static void granted(struct vm_context *vm)
{
	struct err err = ERR_INIT;

	if (vm_media_grant(vm, IQN, deadline_in(TEST_LIMIT_MS), &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
}

static bool is_granted(const char *lun)
{
	g_autofree char *name = g_strconcat("g.", lun, NULL);
	g_autofree char *file = path(name);

	return access(file, F_OK) == 0;
}

static void vm_media_grant__asks_for_the_class(void **state)
{
	struct vm_context *vm = context();
	g_autofree char *file = path("calls");
	g_autofree char *calls = NULL;
	const char *names[VM_LUNS_MAX];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(vm_media_probe(vm, IQN, deadline_in(TEST_LIMIT_MS), &err), TASK_NOT_DONE);
	granted(vm);
	assert_int_equal(vm_media_probe(vm, IQN, deadline_in(TEST_LIMIT_MS), &err), TASK_DONE);
	assert_true(g_file_get_contents(file, &calls, NULL, NULL));
	assert_non_null(strstr(calls, "\"read_only\":true"));
	assert_null(strstr(calls, "root"));
	assert_int_equal(vm_media_all_luns(vm, names), 3);
	assert_string_equal(names[0], "root");
	assert_string_equal(names[2], "iso2");
	context_end(vm);
}

static void vm_media_revoke__waits_for_no_start(void **state)
{
	struct vm_context *starts = context();
	struct vm_context *stops = context();

	(void)state;
	granted(starts);
	vm_media_revoke(stops, "stop", deadline_in(TEST_LIMIT_MS));
	assert_true(is_granted("iso1") && is_granted("iso2"));
	vm_media_unlock(starts);
	vm_media_revoke(stops, "stop", deadline_in(TEST_LIMIT_MS));
	assert_false(is_granted("iso1") || is_granted("iso2"));
	context_end(starts);
	context_end(stops);
}

static void mapping_set(struct vm_context *vm, const char *lun)
{
	g_autofree char *mapping = g_strdup_printf(
		"<mapping array='san1'><drive target='sda' lun='%s' access='ro'/></mapping>", lun);
	struct hypervisor *hypervisor;
	virDomainPtr domain;

	assert_int_equal(vm_hypervisor(vm, deadline_in(TEST_LIMIT_MS), &hypervisor, NULL), 0);
	domain = virDomainLookupByName(hypervisor->conn, "test");
	assert_non_null(domain);
	assert_int_equal(virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, mapping,
					      "lunmask", MAPPING_NAMESPACE, VIR_DOMAIN_AFFECT_LIVE),
			 0);
	(void)virDomainFree(domain);
}

static void vm_media_revoke__leaves_what_another_vm_reads(void **state)
{
	struct vm_context *vm = context();

	(void)state;
	granted(vm);
	vm_media_unlock(vm);
	mapping_set(vm, "iso2");
	vm_media_revoke(vm, "stop", deadline_in(TEST_LIMIT_MS));
	assert_false(is_granted("iso1"));
	assert_true(is_granted("iso2"));
	context_end(vm);
}

/* What is not known is not evidence: somebody may read it. */
static void vm_media_revoke__keeps_all_if_libvirt_does_not_say(void **state)
{
	struct vm_settings deaf = settings;
	struct vm_context *vm = context();

	(void)state;
	deaf.hypervisor = "test:///nowhere";
	vm->settings = &deaf;
	granted(vm);
	vm_media_unlock(vm);
	vm_media_revoke(vm, "stop", deadline_in(TEST_LIMIT_MS));
	assert_true(is_granted("iso1") && is_granted("iso2"));
	context_end(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(vm_media_grant__asks_for_the_class, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(vm_media_revoke__waits_for_no_start, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(vm_media_revoke__leaves_what_another_vm_reads,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(vm_media_revoke__keeps_all_if_libvirt_does_not_say,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
