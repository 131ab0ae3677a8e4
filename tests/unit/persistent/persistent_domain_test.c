/* SPDX-License-Identifier: GPL-2.0-or-later */
/* persistent_domain.c with libvirt's test driver. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include <libvirt/libvirt.h>

#include "hypervisor/hypervisor_conn.h"
#include "persistent/persistent_domain.h"

#define DOMAIN                                                                                     \
	"<domain type='test'><name>old1</name><memory>8192</memory><os><type>hvm</type></os>"      \
	"</domain>"

static struct hypervisor *hypervisor;

static unsigned int flags_of(const char *vm, char **ret_xml)
{
	struct err err = ERR_INIT;
	unsigned int flags = 0;
	char *xml = NULL;

	if (persistent_domain_get(hypervisor, vm, deadline_in(60000), &flags, &xml, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	if (ret_xml != NULL) {
		*ret_xml = xml;
	} else {
		free(xml);
	}
	return flags;
}

static void get__tells_what_libvirt_keeps(void **state)
{
	char *xml = NULL;

	(void)state;
	assert_int_equal(flags_of("nobody", &xml), 0);
	assert_null(xml);
	assert_int_equal(flags_of("test", &xml), PERSISTENT_DEFINED | PERSISTENT_ACTIVE);
	assert_non_null(strstr(xml, "<name>test</name>"));
	free(xml);
}

static void take__and_give_are_opposites(void **state)
{
	struct err err = ERR_INIT;
	char *xml = NULL;
	char *again = NULL;

	(void)state;
	assert_int_equal(persistent_domain_give(hypervisor, DOMAIN, deadline_in(60000), &err), 0);
	assert_int_equal(flags_of("old1", &xml), PERSISTENT_DEFINED);
	assert_int_equal(persistent_domain_take(hypervisor, "old1", PERSISTENT_DEFINED,
						deadline_in(60000), &err),
			 0);
	assert_int_equal(flags_of("old1", NULL), 0);
	assert_int_equal(persistent_domain_take(hypervisor, "old1", 0, deadline_in(60000), &err),
			 -ENOENT);
	assert_int_equal(persistent_domain_give(hypervisor, xml, deadline_in(60000), &err), 0);
	assert_int_equal(flags_of("old1", &again), PERSISTENT_DEFINED);
	assert_string_equal(xml, again);
	assert_int_equal(persistent_domain_give(hypervisor, "<x/>", deadline_in(60000), &err),
			 -EIO);
	free(xml);
	free(again);
}

static void get__sees_what_is_in_the_way(void **state)
{
	virDomainPtr domain = virDomainLookupByName(hypervisor->conn, "test");
	virDomainSnapshotPtr snapshot;

	(void)state;
	assert_non_null(domain);
	assert_int_equal(virDomainSetAutostart(domain, 1), 0);
	snapshot = virDomainSnapshotCreateXML(domain, "<domainsnapshot/>", 0);
	assert_non_null(snapshot);
	assert_int_equal(flags_of("test", NULL), PERSISTENT_DEFINED | PERSISTENT_ACTIVE |
							 PERSISTENT_AUTOSTART |
							 PERSISTENT_SNAPSHOTS);
	assert_int_equal(virDomainSnapshotDelete(snapshot, 0), 0);
	assert_int_equal(virDomainManagedSave(domain, 0), 0);
	assert_int_equal(flags_of("test", NULL),
			 PERSISTENT_DEFINED | PERSISTENT_AUTOSTART | PERSISTENT_SAVED);
	(void)virDomainSnapshotFree(snapshot);
	(void)virDomainFree(domain);
}

/* Not a file of the guest's goes with the definition. */
static void get__sees_firmware_and_tpm(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
		persistent_domain_give(
			hypervisor,
			"<domain type='test'><name>old2</name><memory>8192</memory><os><type>hvm"
			"</type><loader readonly='yes' type='pflash'>/c</loader><nvram>/v</nvram>"
			"</os><features><acpi/></features><devices><tpm model='tpm-tis'><backend "
			"type='emulator' version='2.0'/></tpm></devices></domain>",
			deadline_in(60000), &err),
		0);
	assert_int_equal(flags_of("old2", NULL),
			 PERSISTENT_DEFINED | PERSISTENT_NVRAM | PERSISTENT_TPM);
}

static int up(void **state)
{
	(void)state;
	return hypervisor_open("test:///default", deadline_in(60000), &hypervisor, NULL);
}

static int down(void **state)
{
	(void)state;
	hypervisor_close(hypervisor);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get__tells_what_libvirt_keeps),
		cmocka_unit_test(take__and_give_are_opposites),
		cmocka_unit_test(get__sees_what_is_in_the_way),
		cmocka_unit_test(get__sees_firmware_and_tpm),
	};

	return cmocka_run_group_tests_name("persistent_domain", tests, up, down);
}
