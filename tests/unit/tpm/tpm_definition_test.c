/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "tpm/tpm_definition.h"
#include "xml/xml_tree.h"

#define TPM(text) "<domain><devices>" text "</devices></domain>"
#define EMULATED "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"

static const struct drive lun = {.target = DRIVE_TPM, .extent = {.lun = "web1-tpm"}};

static xmlDocPtr parse(const char *text)
{
	static const struct xml_tree_kind kind = {"libvirt", "domain", 4096};
	xmlDocPtr doc = NULL;

	assert_int_equal(xml_tree_parse(text, strlen(text), &kind, &doc, NULL), 0);
	return doc;
}

static void check__says_what_to_do(void **state)
{
	static const struct {
		const char *text;
		bool lun;
		const char *expected; /* NULL: accepted */
	} rows[] = {
		{TPM(""), false, NULL},
		{TPM(EMULATED), true, NULL},
		{TPM("<tpm><backend type='emulator'/></tpm>"), true, NULL},
		{TPM(EMULATED), false, "name a LUN for the state of the <tpm> in luns as tpm=LUN"},
		{TPM(""), true, "remove tpm=web1-tpm from luns"},
		{TPM(EMULATED EMULATED), true, "<tpm> twice"},
		{TPM("<tpm model='tpm-tis'/>"), true, "type='none'"},
		{TPM("<tpm><backend type='passthrough'/></tpm>"), true, "type='passthrough'"},
		{TPM("<tpm><backend type='emulator' version='1.2'/></tpm>"), true, "version='1.2'"},
		{TPM("<tpm model='tpm-spapr'><backend type='emulator'/></tpm>"), true,
		 "use tpm-crb or tpm-tis"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		AUTO_XML doc = parse(rows[i].text);
		struct err err = ERR_INIT;
		int rc = tpm_definition_check(xmlDocGetRootElement(doc), rows[i].lun ? &lun : NULL,
					      &err);

		assert_int_equal(rc, rows[i].expected == NULL ? 0 : -EINVAL);
		if (rows[i].expected != NULL && strstr(err_text(&err), rows[i].expected) == NULL) {
			fail_msg("'%s' is not in '%s'", rows[i].expected, err_text(&err));
		}
	}
}

static void pin__keeps_the_state_from_libvirt(void **state)
{
	AUTO_XML doc = parse(TPM("<tpm><backend type='emulator'/></tpm>"));
	AUTO_XML without = parse(TPM(""));
	xmlNodePtr backend;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(tpm_definition_pin(xmlDocGetRootElement(without), &err), 0);
	assert_int_equal(tpm_definition_pin(xmlDocGetRootElement(doc), &err), 0);
	backend = xml_tree_child(
		xml_tree_child(xml_tree_child(xmlDocGetRootElement(doc), "devices"), "tpm"),
		"backend");
	assert_string_equal(xml_tree_attr(backend, "version"), "2.0");
	assert_string_equal(xml_tree_attr(backend, "persistent_state"), "yes");
}

#define CAPABILITIES(text) "<domainCapabilities><devices>" text "</devices></domainCapabilities>"

static void possible__believes_libvirt(void **state)
{
	(void)state;
	assert_true(tpm_definition_possible(CAPABILITIES(
		"<tpm supported='yes'><enum name='model'><value>tpm-tis</value></enum>"
		"<enum name='backendModel'><value>passthrough</value><value>emulator</value>"
		"</enum></tpm>")));
	assert_false(tpm_definition_possible(
		CAPABILITIES("<tpm supported='yes'><enum name='model'><value>tpm-tis</value></enum>"
			     "<enum name='backendModel'><value>passthrough</value></enum></tpm>")));
	assert_false(tpm_definition_possible(CAPABILITIES("<tpm supported='no'/>")));
	assert_true(tpm_definition_possible(CAPABILITIES("<rng supported='yes'/>")));
	assert_true(tpm_definition_possible("?"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check__says_what_to_do),
		cmocka_unit_test(pin__keeps_the_state_from_libvirt),
		cmocka_unit_test(possible__believes_libvirt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
