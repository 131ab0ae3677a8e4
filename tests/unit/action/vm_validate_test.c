/* SPDX-License-Identifier: GPL-2.0-or-later */
/* validate-all at level 10: the definition, without an array. libvirt is its own mock driver. */
#include "tests/unit/journal/journal_fake.h"
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "action/vm.h"

#define UUID "11111111-2222-3333-4444-555555555555"
#define DEFINITION(name, os, devices)                                                              \
	"<domain type='kvm'><name>" name "</name><uuid>" UUID "</uuid><memory>65536</memory>" os   \
	"<devices>" devices "</devices></domain>"
#define OS "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
#define VDA "<disk type='block'><source dev='/dev/x'/><target dev='vda' bus='virtio'/></disk>"
#define GOOD DEFINITION("web1", OS, VDA)

static char root[64];

static const char *path(const char *name)
{
	static char text[4][128];
	static unsigned int turn;
	char *ret = text[turn++ % 4];

	(void)snprintf(ret, sizeof(text[0]), "%s/%s", root, name);
	return ret;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(path(name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The programs that level 10 looks for need not be installed for this test. */
static int set_up(void **state)
{
	(void)state;
	journal_fake_reset();
	(void)strcpy(root, "/tmp/lunmask-validate-XXXXXX");
	assert_non_null(mkdtemp(root));
	put("qemu-storage-daemon", "#!/bin/sh\n");
	put("driver", "#!/bin/sh\n");
	assert_int_equal(chmod(path("qemu-storage-daemon"), 0700), 0);
	assert_int_equal(chmod(path("driver"), 0700), 0);
	put("conf", "[array san1]\ndriver = driver\ntransport = exec\n"
		    "portals = 10.0.0.1:3260\n"
		    "[host node1]\ninitiator = iqn.2026-11.org.example:validate\n");
	undo_setenv("LUNMASK_CONF", path("conf"));
	undo_setenv("PATH", root);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const files[] = {"qemu-storage-daemon", "driver", "conf", "web1.xml"};

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		(void)unlink(path(files[i]));
	}
	journal_fake_release();
	return undo_all(state) | rmdir(root);
}

static int validate(const char *config, int level, struct err *err)
{
	const struct vm_settings settings = {
		.vm = "web1",
		.array = "san1",
		.luns = "vda=web1-all:1MiB+1GiB",
		.state_lun = "web1-state",
		.config = config,
		.hypervisor = "test:///default",
		.migration_transport = "ssh",
		.node = "node1",
	};

	*err = (struct err)ERR_INIT;
	return vm_validate(&settings, level, deadline_in(TEST_LIMIT_MS), NULL, err);
}

static void accepted(const char *config)
{
	struct err err;
	int rc = validate(config, 10, &err);

	if (rc != 0) {
		fail_msg("%d: %s", rc, err_text(&err));
	}
}

static void refused(const char *config, const char *said)
{
	struct err err;
	int rc = validate(config, 10, &err);

	if (rc >= 0 || strstr(err_text(&err), said) == NULL) {
		fail_msg("%d, and '%s' is not in '%s'", rc, said, err_text(&err));
	}
	assert_int_equal(validate(config, 0, &err), 0);
}

static void refused_text(const char *xml, const char *said)
{
	put("web1.xml", xml);
	refused(path("web1.xml"), said);
}

static void definition__that_a_start_would_take_is_right(void **state)
{
	(void)state;
	put("web1.xml", GOOD);
	accepted(path("web1.xml"));
	accepted(NULL);
	accepted("");
}

static unsigned int told;

static void on_event(void *data, const struct task_event *event)
{
	(void)data;
	told += strcmp(event->step, "chap") == 0;
}

/* The secret of this host, before somebody needs it. What QEMU cannot check is told. */
static void chap__is_looked_at(void **state)
{
	static const struct vm_report report = {.event = on_event};
	struct vm_settings settings = {.vm = "web1",
				       .array = "san1",
				       .luns = "vda=web1-all:1MiB+1GiB",
				       .state_lun = "web1-state",
				       .hypervisor = "test:///default",
				       .node = "node1"};
	g_autofree char *text = g_strdup_printf(
		"[array san1]\ndriver = driver\ntransport = exec\nportals = 10.0.0.1:3260\n"
		"chap_secret_file = %s\nchap_target_user = a\nchap_target_secret_file = %s\n"
		"[host node1]\ninitiator = iqn.2026-11.org.example:validate\n",
		path("own"), path("array"));
	struct err err = ERR_INIT;

	(void)state;
	put("conf", text);
	refused(NULL, "correct chap_secret_file '");
	put("own", "q7Rw-2mZx.LtK\n");
	put("array", "bN8k-Vd3Tf_5Yh\n");
	assert_int_equal(chmod(path("own"), 0600) | chmod(path("array"), 0600), 0);
	told = 0;
	assert_int_equal(vm_validate(&settings, 10, deadline_in(TEST_LIMIT_MS), &report, &err), 0);
	assert_int_equal(told, 1);
	(void)unlink(path("own"));
	(void)unlink(path("array"));
}

static void definition__is_read_before_the_first_start(void **state)
{
	(void)state;
	refused(root, "directory");
	refused_text("", "0 bytes");
	refused_text("<!DOCTYPE domain>" GOOD, "document type");
	refused_text(DEFINITION("web2", OS, VDA), "'web2'; the resource's vm is 'web1'");
	refused_text(DEFINITION("web1", "<os firmware='efi'/>", VDA), "variables");
	refused_text(DEFINITION("web1", OS, VDA "<tpm model='tpm-crb'/>"),
		     "<tpm><backend type='none'> is refused");
	refused_text(DEFINITION("web1", OS, ""), "1 drives are named");
	refused_text(DEFINITION("web1", OS, VDA "<disk><target dev='vdb'/></disk>"), "vdb=LUN");
	refused_text(DEFINITION("web1",
				"<os><type>hvm</type><kernel>/usr/share/lunmask-none</kernel></os>",
				VDA),
		     "<kernel>: put /usr/share/lunmask-none on every node");
}

static struct journal_op task_op(const char *vm, enum journal_op_kind kind, enum journal_kind task,
				 enum journal_state task_state)
{
	struct journal_op op = {
		.kind = kind,
		.task = {.uuid = {.bytes = {1}},
			 .kind = task,
			 .state = task_state,
			 .tries = 1,
			 .actor = {.node = "node2",
				   .boot_id = "11111111-2222-3333-4444-555555555555",
				   .pid = 7}},
	};

	strcpy(op.task.vm, vm);
	strcpy(op.task.source, "node2");
	return op;
}

static void started(const char *vm, enum journal_state end)
{
	struct journal_op op = task_op(vm, JOURNAL_OP_BEGIN, JOURNAL_START, JOURNAL_RUNNING);

	assert_int_equal(journal_fake_apply(&op), 0);
	op = task_op(vm, JOURNAL_OP_ADVANCE, JOURNAL_START, end);
	op.task.revision = 1;
	memset(&op.task.actor, 0, sizeof(op.task.actor));
	op.task.actor = task_op(vm, JOURNAL_OP_ADVANCE, JOURNAL_START, end).task.actor;
	assert_int_equal(journal_fake_apply(&op), 0);
}

static void missing_file__is_an_error_before_the_first_start(void **state)
{
	(void)state;
	refused("/nonexistent/web1.xml", "the journal knows of no start of web1");
	started("web2", JOURNAL_DONE);
	refused("/nonexistent/web1.xml", "the journal knows of no start of web1");
}

static void missing_file__is_no_error_of_a_vm_that_was_started(void **state)
{
	(void)state;
	started("web1", JOURNAL_DONE);
	accepted("/nonexistent/web1.xml");
}

static void missing_file__after_a_start_that_failed_is_an_error(void **state)
{
	(void)state;
	started("web1", JOURNAL_FAILED);
	refused("/nonexistent/web1.xml", "the journal knows of no start of web1");
}

static void missing_file__is_no_error_if_nobody_knows(void **state)
{
	(void)state;
	journal_fake.absent = true;
	accepted("/nonexistent/web1.xml");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(chap__is_looked_at),
		CASE(definition__that_a_start_would_take_is_right),
		CASE(definition__is_read_before_the_first_start),
		CASE(missing_file__is_an_error_before_the_first_start),
		CASE(missing_file__is_no_error_of_a_vm_that_was_started),
		CASE(missing_file__after_a_start_that_failed_is_an_error),
		CASE(missing_file__is_no_error_if_nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
