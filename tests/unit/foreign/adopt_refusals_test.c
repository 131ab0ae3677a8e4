/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "domain/domain_xml.h"
#include "foreign/adopt_refusals.h"
#include "persistent/persistent_domain.h"
#include "tests/definitions/corpus.h"

static bool has(const adopt_refusals *all, const char *text)
{
	for (guint i = 0; i < all->len; i++) {
		if (strstr(g_ptr_array_index(all, i), text) != NULL) {
			return true;
		}
	}
	return false;
}

static void domain__tells_each_state(void **state)
{
	g_autoptr(GPtrArray) none = adopt_refusals_new();
	g_autoptr(GPtrArray) all = adopt_refusals_new();

	(void)state;
	adopt_refusals_of_domain(none, PERSISTENT_DEFINED | PERSISTENT_NVRAM | PERSISTENT_TPM,
				 "web1");
	assert_int_equal(none->len, 0);
	adopt_refusals_of_domain(all, ~0u, "web1");
	assert_int_equal(all->len, 5);
	assert_true(has(all, "virsh shutdown web1"));
	assert_true(has(all, "virsh managedsave-remove web1"));
	assert_true(has(all, "virsh snapshot-list web1"));
	assert_true(has(all, "virsh checkpoint-list web1"));
	assert_true(has(all, "virsh autostart --disable web1"));
}

static void drives__tell_media_unless_they_are_ejected(void **state)
{
	struct adopt_drive drives[] = {
		{.target = "sda", .content = ADOPT_MEDIUM, .file = (char *)"/x.iso"},
		{.target = "vda", .content = ADOPT_REFUSED, .why = (char *)"because"},
	};
	g_autoptr(GPtrArray) all = adopt_refusals_new();
	g_autoptr(GPtrArray) ejected = adopt_refusals_new();

	(void)state;
	adopt_refusals_of_drives(all, drives, 2, false);
	assert_int_equal(all->len, 2);
	assert_true(has(all, "say --eject, or take the medium out of sda: '/x.iso'"));
	adopt_refusals_of_drives(ejected, drives, 2, true);
	assert_int_equal(ejected->len, 1);
	assert_true(has(ejected, "because"));
}

/* Not only the first; and the tree stays as it is. */
static void definition__tells_everything(void **state)
{
	static const char xml[] =
		"<domain type='xen'><name>web1</name><launchSecurity type='sev'/>"
		"<os><type>hvm</type><varstore/></os><devices>"
		"<disk type='file' device='lun'><target dev='vda'/></disk>"
		"<disk type='file'><shareable/><target dev='vdb'/></disk>"
		"<disk type='file'><source file='/a'><encryption/></source><target "
		"dev='vdc'/></disk>"
		"<hostdev/><filesystem/><interface type='hostdev'/></devices></domain>";
	static const char *const why[] = {
		"domain type='xen'",        "<launchSecurity> is refused",
		"<varstore> is refused",    "disk vda has device='lun'",
		"<shareable> is refused",   "disk vdc has <encryption>",
		"<hostdev> is refused",     "<filesystem> is refused",
		"interface type='hostdev'",
	};
	g_autoptr(GPtrArray) all = adopt_refusals_new();
	AUTO_XML doc = NULL;
	g_autofree char *before = NULL;
	g_autofree char *now = NULL;

	(void)state;
	assert_int_equal(domain_xml_parse(xml, strlen(xml), &doc, NULL), 0);
	assert_int_equal(domain_xml_format(doc, &before, NULL), 0);
	adopt_refusals_of_definition(all, xmlDocGetRootElement(doc));
	assert_int_equal(domain_xml_format(doc, &now, NULL), 0);
	assert_string_equal(before, now);
	for (size_t i = 0; i < G_N_ELEMENTS(why); i++) {
		if (!has(all, why[i])) {
			fail_msg("not told: %s", why[i]);
		}
	}
}

/* Whatever lunmask accepts otherwise, it also accepts of a VM that is adopted. */
static void definition__agrees_with_the_corpus(void **state)
{
	size_t n = 0;
	struct corpus_row *rows = corpus_load(DEFINITIONS, &n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		g_autofree char *xml = corpus_read(DEFINITIONS, rows[i].file);
		g_autoptr(GPtrArray) all = adopt_refusals_new();
		struct adopt_drive drives[VM_LUNS_MAX];
		AUTO_XML doc = NULL;
		size_t n_drives;

		if (domain_xml_parse(xml, strlen(xml), &doc, NULL) != 0) {
			continue;
		}
		n_drives = adopt_drives_read(xmlDocGetRootElement(doc), drives);
		adopt_definition_convert(xmlDocGetRootElement(doc), drives, n_drives, false);
		adopt_refusals_of_definition(all, xmlDocGetRootElement(doc));
		if (rows[i].verdict >= CORPUS_ACCEPTED && all->len > 0) {
			fail_msg("%s: %s", rows[i].file, (char *)g_ptr_array_index(all, 0));
		}
		adopt_drives_release(drives, n_drives);
	}
	corpus_free(rows, n);
}

static void result__has_the_first_and_how_many(void **state)
{
	g_autoptr(GPtrArray) all = adopt_refusals_new();
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(adopt_refusals_result(all, "web1", &err), 0);
	adopt_refuse(all, "%s", "this");
	adopt_refuse(all, "%s", "this");
	assert_int_equal(adopt_refusals_result(all, "web1", &err), -EPERM);
	assert_string_equal(err_text(&err), "this");
	adopt_refuse(all, "%s", "that");
	assert_int_equal(adopt_refusals_result(all, "web1", &err), -EPERM);
	assert_string_equal(err_text(&err), "2 things are in the way of VM 'web1'; 'lunmask adopt "
					    "web1 --dry-run' lists them; the first: this");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domain__tells_each_state),
		cmocka_unit_test(drives__tell_media_unless_they_are_ejected),
		cmocka_unit_test(definition__tells_everything),
		cmocka_unit_test(definition__agrees_with_the_corpus),
		cmocka_unit_test(result__has_the_first_and_how_many),
	};

	return cmocka_run_group_tests_name("adopt_refusals", tests, NULL, NULL);
}
