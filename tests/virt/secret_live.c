/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt_secret.c, and drives behind CHAP, with a real libvirtd, QEMU and array: run.sh --corpus
 * makes the namespaces. Arguments: the folder of the definitions, which is not used, and a folder
 * to save into.
 */
#include "tests/definitions/corpus.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "credential/libvirt_secret.h"
#include "process/process.h"
#include "process/qemu_process.h"

#define URI "qemu:///system"
#define VM "secret1"
#define USAGE "lunmask:" VM
#define USER "cluster"
#define SECRET "q7Rw-2mZx.LtK"
#define IMAGE_BYTES ((off_t)1 << 30) /* sparse */
#define DOMAIN                                                                                     \
	"<domain type='qemu'><name>" VM "</name><uuid>a1111111-2222-3333-4444-555555555559</uuid>" \
	"<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm"    \
	"</type></os><devices><disk type='network'><source protocol='iscsi' name='x/1'><host "     \
	"name='192.0.2.1'/></source><target dev='vda' bus='virtio'/></disk></devices></domain>"

static const struct lun luns[] = {
	{"root", "naa.6001", CORPUS_LUN_BYTES, CORPUS_TARGET, 1},
	{"state", "naa.6002", CORPUS_LUN_BYTES, CORPUS_TARGET, 2},
};
static const struct mapping_host here = {.initiator = CORPUS_INITIATOR,
					 .portal = CORPUS_PORTAL,
					 .luns = luns,
					 .n_luns = 2,
					 .chap_user = USER};

static char own[256], wrong[256], image[256];
static struct chap chap = {.user = (char *)USER};
static struct hypervisor *hv;
static struct mapping *mapping;

static struct deadline soon(void)
{
	return deadline_in(120000);
}

static void must(int rc, const char *what, const struct err *err)
{
	if (rc != 0) {
		fail_msg("%s: %d: %s", what, rc, err_text(err));
	}
}

static void shell(const char *command)
{
	if (system(command) != 0) { /* NOLINT: the command is a constant */
		fail_msg("%s", command);
	}
}

static int open_all(void **state)
{
	static const struct drive drives[] = {{"vda", {"root", 0, 0}, false}};
	static const struct extent state_lun = {.lun = "state"};
	const struct mapping_source source = {.domain_xml = DOMAIN,
					      .vm = VM,
					      .array = "san1",
					      .drives = drives,
					      .n_drives = 1,
					      .state = &state_lun,
					      .luns = luns,
					      .n_luns = 2};
	struct err err = ERR_INIT;

	(void)state;
	must(mapping_build(&source, &mapping, &err), "build", &err);
	must(hypervisor_open(URI, soon(), &hv, &err), "open", &err);
	assert_true(g_file_set_contents(own, SECRET "\n", -1, NULL));
	assert_true(g_file_set_contents(wrong, "another-secret\n", -1, NULL));
	assert_int_equal(g_chmod(own, 0600) | g_chmod(wrong, 0600), 0);
	shell("tgtadm --lld iscsi --mode account --op new --user " USER " --password " SECRET);
	shell("tgtadm --lld iscsi --mode account --op bind --tid 1 --user " USER);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	hypervisor_close(hv);
	mapping_free(mapping);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	chap.secret_file = own;
	return 0;
}

static int end(void **state)
{
	int rc = libvirt_secret_take(hv, VM, soon(), NULL);

	(void)state;
	return rc | hypervisor_destroy(hv, VM, soon(), NULL);
}

static int create(struct err *err)
{
	g_autofree char *xml = NULL;

	must(mapping_domain_xml(mapping, &here, &xml, err), "definition", err);
	return hypervisor_create(hv, xml, soon(), err);
}

/* The number of secrets that libvirt has. */
static int secrets(void)
{
	virConnectPtr conn = virConnectOpen(URI);
	int n = virConnectNumOfSecrets(conn);

	(void)virConnectClose(conn);
	return n;
}

static void give__is_private_and_ephemeral(void **state)
{
	virConnectPtr conn = virConnectOpen(URI);
	struct err err = ERR_INIT;
	virSecretPtr secret;
	g_autofree char *xml = NULL;
	size_t bytes = 0;

	(void)state;
	must(libvirt_secret_give(hv, VM, &chap, soon(), &err), "give", &err);
	must(libvirt_secret_give(hv, VM, &chap, soon(), &err), "give again", &err);
	assert_int_equal(secrets(), 1);
	secret = virSecretLookupByUsage(conn, VIR_SECRET_USAGE_TYPE_ISCSI, USAGE);
	assert_non_null(secret);
	xml = virSecretGetXMLDesc(secret, 0);
	assert_non_null(strstr(xml, "ephemeral='yes' private='yes'"));
	assert_null(virSecretGetValue(secret, &bytes, 0));
	shell("! grep -r -q -F " SECRET " /etc/libvirt /run/libvirt /var/lib/libvirt/qemu "
	      "/var/log/libvirt");
	(void)virSecretFree(secret);
	(void)virConnectClose(conn);
	must(libvirt_secret_take(hv, VM, soon(), &err), "take", &err);
	must(libvirt_secret_take(hv, VM, soon(), &err), "take again", &err);
	assert_int_equal(secrets(), 0);
}

/* One that somebody has let be stored and shown is replaced. */
static void give__replaces_what_is_left(void **state)
{
	virConnectPtr conn = virConnectOpen(URI);
	virSecretPtr secret = virSecretDefineXML(
		conn,
		"<secret ephemeral='no' private='no'><usage type='iscsi'><target>" USAGE
		"</target></usage></secret>",
		0);
	struct err err = ERR_INIT;
	g_autofree char *xml = NULL;

	(void)state;
	assert_non_null(secret);
	(void)virSecretFree(secret);
	must(libvirt_secret_give(hv, VM, &chap, soon(), &err), "give", &err);
	secret = virSecretLookupByUsage(conn, VIR_SECRET_USAGE_TYPE_ISCSI, USAGE);
	xml = virSecretGetXMLDesc(secret, 0);
	assert_non_null(strstr(xml, "ephemeral='yes' private='yes'"));
	(void)virSecretFree(secret);
	(void)virConnectClose(conn);
}

static void give__needs_the_file(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	chap.secret_file = (char *)"/nonexistent/secret";
	assert_int_equal(libvirt_secret_give(hv, VM, &chap, soon(), &err), -EKEYREJECTED);
	assert_non_null(strstr(err_text(&err), "correct chap_secret_file '/nonexistent/secret'"));
	assert_int_equal(secrets(), 0);
}

static void no_secret_is_seen(void)
{
	g_autofree char *command_line = NULL;
	g_autofree char *xml = NULL;
	struct err err = ERR_INIT;
	size_t bytes = 0;
	pid_t pid = 0;

	assert_int_equal(qemu_process_find(VM, &pid, NULL), 0);
	assert_true(pid > 0);
	must(process_command_line(pid, &command_line, &bytes, &err), "command line", &err);
	assert_null(memmem(command_line, bytes, SECRET, strlen(SECRET)));
	assert_non_null(memmem(command_line, bytes, "password-secret", 15));
	must(hypervisor_domain_xml(hv, VM, soon(), &xml, &err), "definition", &err);
	assert_null(strstr(xml, SECRET));
	shell("! grep -r -q -F " SECRET " /etc/libvirt /run/libvirt /var/lib/libvirt/qemu "
	      "/var/log/libvirt");
}

/* QEMU has it, and libvirt need not have it any more. */
static void domain__runs_on_without_libvirts_secret(void **state)
{
	enum domain_state domain;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(create(&err), -EIO);
	assert_non_null(strstr(err_text(&err), USAGE));
	must(libvirt_secret_give(hv, VM, &chap, soon(), &err), "give", &err);
	must(create(&err), "create", &err);
	must(libvirt_secret_take(hv, VM, soon(), &err), "take", &err);
	must(hypervisor_domain_state(hv, VM, soon(), &domain, &err), "state", &err);
	assert_int_equal(domain, DOMAIN_RUNNING);
	no_secret_is_seen();
}

static void domain__does_not_start_with_a_wrong_secret(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	chap.secret_file = wrong;
	must(libvirt_secret_give(hv, VM, &chap, soon(), &err), "give", &err);
	assert_int_equal(create(&err), -EIO);
	assert_non_null(strstr(err_text(&err), "Authentication failure"));
	assert_null(strstr(err_text(&err), "another-secret"));
}

/* The image is on the state LUN: without the user, and of course without the secret. */
static void domain__comes_back_from_an_image(void **state)
{
	struct mapping_host stored = here;
	g_autofree char *running = NULL, *saved = NULL, *raw = NULL, *xml = NULL;
	struct err err = ERR_INIT;
	int fd = open(image, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0 && ftruncate(fd, IMAGE_BYTES) == 0 && close(fd) == 0);
	must(libvirt_secret_give(hv, VM, &chap, soon(), &err), "give", &err);
	must(create(&err), "create", &err);
	must(libvirt_secret_take(hv, VM, soon(), &err), "take", &err);
	stored.chap_user = NULL;
	must(hypervisor_domain_xml(hv, VM, soon(), &running, &err), "running", &err);
	must(mapping_definition_xml(mapping, running, &stored, &saved, &err), "stored", &err);
	must(hypervisor_save(hv, VM, image, saved, soon(), &err), "save", &err);
	must(hypervisor_image_xml(hv, image, soon(), &raw, &err), "image", &err);
	assert_null(strstr(raw, "<auth"));
	must(mapping_definition_xml(mapping, raw, &here, &xml, &err), "definition", &err);
	must(libvirt_secret_give(hv, VM, &chap, soon(), &err), "give", &err);
	must(hypervisor_restore_paused(hv, image, xml, soon(), &err), "restore", &err);
	must(libvirt_secret_take(hv, VM, soon(), &err), "take", &err);
	must(hypervisor_resume(hv, VM, soon(), &err), "resume", &err);
	no_secret_is_seen();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(give__is_private_and_ephemeral),
		TEST(give__replaces_what_is_left),
		TEST(give__needs_the_file),
		TEST(domain__runs_on_without_libvirts_secret),
		TEST(domain__does_not_start_with_a_wrong_secret),
		TEST(domain__comes_back_from_an_image),
	};

	if (argc < 3) {
		return 2;
	}
	(void)snprintf(own, sizeof(own), "%s/own", argv[2]);
	(void)snprintf(wrong, sizeof(wrong), "%s/wrong", argv[2]);
	(void)snprintf(image, sizeof(image), "%s/saved", argv[2]);
	return cmocka_run_group_tests(tests, open_all, close_all);
}
