/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "domain/domain_xml.h"
#include "template/template_definition.h"

#define UUID "12345678-1234-4234-8234-123456789abc"
#define ID "<name>@VM@</name><uuid>@UUID@</uuid>"

static const struct template_values values = {
	.vm = "web1",
	.uuid = UUID,
	.memory_bytes = UINT64_C(2) << 30,
	.n_vcpus = 3,
	.network = "lan",
};

static int make(const char *xml, char **ret, struct err *err)
{
	struct template template = {
		.folder = (char *)"/t", .definition = (char *)"d.xml", .xml = (char *)xml};

	return template_definition_make(&template, &values, ret, err);
}

static void make__replaces_in_texts_and_attributes(void **state)
{
	g_autofree char *xml = NULL;

	(void)state;
	assert_int_equal(make("<domain>" ID "<memory>@MEMORY_KIB@</memory><vcpu>@VCPUS@</vcpu>"
			      "<title>a@b.c @VM@:@VM@ @@ @x@</title>"
			      "<devices><interface><source network='x-@NETWORK@'/></interface>"
			      "</devices></domain>",
			      &xml, NULL),
			 0);
	assert_non_null(strstr(xml, "<name>web1</name>"));
	assert_non_null(strstr(xml, "<uuid>" UUID "</uuid>"));
	assert_non_null(strstr(xml, "<memory>2097152</memory>"));
	assert_non_null(strstr(xml, "<vcpu>3</vcpu>"));
	assert_non_null(strstr(xml, "<title>a@b.c web1:web1 @@ @x@</title>"));
	assert_non_null(strstr(xml, "network=\"x-lan\""));
}

static void make__never_reads_a_value_as_xml(void **state)
{
	struct template_values odd = values;
	struct template template = {
		.folder = (char *)"/t",
		.definition = (char *)"d.xml",
		.xml = (char *)"<domain>" ID "<title>@NETWORK@</title>"
			       "<description x='@NETWORK@'/></domain>",
	};
	g_autofree char *xml = NULL;
	AUTO_XML doc = NULL;
	xmlNodePtr domain;

	(void)state;
	odd.network = "a'\"></title><os/>&amp;@VM@";
	assert_int_equal(template_definition_make(&template, &odd, &xml, NULL), 0);
	assert_int_equal(domain_xml_parse(xml, strlen(xml), &doc, NULL), 0);
	domain = xmlDocGetRootElement(doc);
	assert_null(xml_tree_child(domain, "os"));
	assert_string_equal(xml_tree_text(xml_tree_child(domain, "title")), odd.network);
	assert_string_equal(xml_tree_attr(xml_tree_child(domain, "description"), "x"), odd.network);
}

static void make__refuses_and_says_why(void **state)
{
	static const struct {
		const char *xml, *why;
	} rows[] = {
		{"<domain>", "not XML"},
		{"<domain>\n<title>@HOST@</title></domain>",
		 "line 2: '@HOST@' is not a placeholder"},
		{"<domain><os x='@VMS@'/></domain>", "legal are @VM@, @UUID@"},
		{"<domain><name>web1x</name><uuid>@UUID@</uuid></domain>", "<name> must be @VM@"},
		{"<domain><name>@VM@</name></domain>", "<uuid> must be @UUID@"},
		{"<domain>" ID "<devices><interface/><interface>\n<mac/></interface></devices>"
		 "</domain>",
		 "line 2: leave out the <mac>"},
		{"<!DOCTYPE domain><domain>" ID "</domain>", "document type"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = ERR_INIT;
		char *xml = NULL;

		assert_int_equal(make(rows[i].xml, &xml, &err), -EINVAL);
		if (strstr(err_text(&err), rows[i].why) == NULL) {
			fail_msg("%s: %s", rows[i].xml, err_text(&err));
		}
	}
}

static void luns_name__gives_each_vm_its_own(void **state)
{
	static const char text[] = "[template]\nmemory = 1GiB\n[drive vda]\nsize = 1GiB\n"
				   "[drive sda]\nmedium = iso\n";
	char longer[70];
	struct template *template;
	struct template_luns luns;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(template_parse(text, strlen(text), "/t", "t", &template, NULL), 0);
	assert_int_equal(template_luns_name(template, "web1", &luns, NULL), 0);
	assert_int_equal(luns.n_drives, 2);
	assert_string_equal(luns.drives[0].target, "vda");
	assert_string_equal(luns.drives[0].extent.lun, "web1-vda");
	assert_false(luns.drives[0].read_only);
	assert_string_equal(luns.drives[1].extent.lun, "iso");
	assert_true(luns.drives[1].read_only);
	assert_string_equal(luns.state.lun, "web1-state");
	assert_int_equal(template_luns_name(template, "a+b", &luns, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "'a+b-vda' is not a legal name of a LUN"));
	memset(longer, 'a', sizeof(longer));
	longer[58] = '\0';
	assert_int_equal(template_luns_name(template, longer, &luns, NULL), -EINVAL);
	template_free(template);
}

static void check__accepts_what_is_shipped(void **state)
{
	const char *const folders[] = {CONF "/templates", NULL};
	g_auto(GStrv) names = template_names(folders);

	(void)state;
	assert_int_equal(g_strv_length(names), 2);
	for (char **name = names; *name != NULL; name++) {
		struct err err = ERR_INIT;
		struct template *template;

		if (template_find(folders, *name, &template, &err) != 0 ||
		    template_definition_check(template, &err) != 0) {
			fail_msg("%s: %s", *name, err_text(&err));
		}
		template_free(template);
	}
}

static void check__refuses_what_could_not_move(void **state)
{
	const char *const folders[] = {CONF "/templates", NULL};
	struct template *template;
	struct err err = ERR_INIT;
	char *at;

	(void)state;
	assert_int_equal(template_find(folders, "uefi", &template, NULL), 0);
	at = strstr(template->xml, "<memballoon model='virtio'/>");
	memcpy(at, "<tpm model='tpm-crb'/>      ", 28);
	assert_int_equal(template_definition_check(template, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "tpm"));
	template->n_drives--; /* nvram */
	memset(at, ' ', 28);
	assert_int_equal(template_definition_check(template, &err), -EINVAL);
	template_free(template);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(make__replaces_in_texts_and_attributes),
		cmocka_unit_test(make__never_reads_a_value_as_xml),
		cmocka_unit_test(make__refuses_and_says_why),
		cmocka_unit_test(luns_name__gives_each_vm_its_own),
		cmocka_unit_test(check__accepts_what_is_shipped),
		cmocka_unit_test(check__refuses_what_could_not_move),
	};

	return cmocka_run_group_tests_name("template_definition", tests, NULL, NULL);
}
