/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "vm/vm_config_file.h"

static char folder[] = "/tmp/lunmask-config-XXXXXX";
static char file[64];
static struct vm_settings settings = {.vm = "web1"};
static struct mapping mapping;
static char told[1024];

static void write_text(const char *text)
{
	assert_true(g_file_set_contents(file, text, -1, NULL));
}

static int begin(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(file, sizeof(file), "%s/web1.xml", folder);
	settings.config = file;
	return 0;
}

static int end(void **state)
{
	(void)state;
	(void)g_unlink(file);
	return g_rmdir(folder);
}

static void vm_config_digest__is_sha256(void **state)
{
	char digest[MAPPING_CONFIG_MAX + 1];

	(void)state;
	vm_config_digest("abc", 3, digest);
	assert_string_equal(
		digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void vm_config_compare__tells_a_change_from_a_missing_file(void **state)
{
	(void)state;
	vm_config_digest("<domain/>", strlen("<domain/>"), mapping.config);
	assert_int_equal(vm_config_compare(&settings, &mapping), VM_CONFIG_NO_FILE);
	write_text("<domain/>");
	assert_int_equal(vm_config_compare(&settings, &mapping), VM_CONFIG_SAME);
	write_text("<domain />");
	assert_int_equal(vm_config_compare(&settings, &mapping), VM_CONFIG_CHANGED);
	strcpy(mapping.config, "");
	assert_int_equal(vm_config_compare(&settings, &mapping), VM_CONFIG_NOT_KNOWN);
	settings.config = NULL;
	assert_int_equal(vm_config_compare(&settings, &mapping), VM_CONFIG_NO_FILE);
	settings.config = file;
}

static void event(void *data, const struct task_event *what)
{
	(void)data;
	(void)snprintf(told, sizeof(told), "%s: %s: %s", what->task, what->step, what->text);
}

static void vm_config_tell__names_the_command(void **state)
{
	struct vm_report report = {.event = event};
	struct vm_context vm = {.settings = &settings, .report = &report, .state = {.lun = "s1"}};

	(void)state;
	told[0] = '\0';
	vm_config_tell(&vm, "start");
	assert_string_equal(told, "");
	write_text("<domain/>");
	vm_config_digest("<domain/>", strlen("<domain/>"), mapping.config);
	vm.mapping = &mapping;
	vm_config_tell(&vm, "start");
	assert_string_equal(told, "");
	write_text("<domain><!-- --></domain>");
	vm_config_tell(&vm, "start");
	assert_non_null(strstr(told, "start: config: /tmp/"));
	assert_non_null(strstr(told, "'lunmask definition set web1 /tmp/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vm_config_digest__is_sha256),
		cmocka_unit_test(vm_config_compare__tells_a_change_from_a_missing_file),
		cmocka_unit_test(vm_config_tell__names_the_command),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
