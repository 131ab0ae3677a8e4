/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <glib.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "firmware/firmware_definition.h"

static void wishes(const char *os, const char *const *features)
{
	g_autofree char *text = g_strdup_printf("<domain><os>%s</os></domain>", os);
	struct firmware_wish wish = {.executable = NULL};
	AUTO_XML doc = NULL;
	size_t i = 0;

	assert_int_equal(domain_xml_parse(text, strlen(text), &doc, NULL), 0);
	firmware_wish_get(xmlDocGetRootElement(doc), &wish);
	for (; features[i] != NULL && wish.features[i] != NULL; i++) {
		assert_string_equal(wish.features[i], features[i]);
	}
	assert_true(features[i] == NULL && wish.features[i] == NULL);
	firmware_wish_release(&wish);
}

static void firmware_wish_get__has_the_features_that_are_on(void **state)
{
	static const char *const keys[] = {"enrolled-keys", NULL};
	static const char *const none[] = {NULL};

	(void)state;
	wishes("<firmware><feature enabled='no' name='secure-boot'/>"
	       "<feature enabled='yes' name='enrolled-keys'/></firmware>",
	       keys);
	wishes("<firmware/>", none);
	wishes("", none);
}

/* It must not end the list. */
static void firmware_wish_get__passes_over_a_feature_without_name(void **state)
{
	static const char *const keys[] = {"enrolled-keys", NULL};

	(void)state;
	wishes("<firmware><feature enabled='yes'/>"
	       "<feature enabled='yes' name='enrolled-keys'/></firmware>",
	       keys);
}

static int checked(const char *nvram, struct err *err)
{
	static const struct drive drive = {DRIVE_FLASH, {"vars", 0, 0}, false};
	g_autofree char *text =
		g_strdup_printf("<domain><os firmware='efi'>%s</os></domain>", nvram);
	AUTO_XML doc = NULL;

	assert_int_equal(domain_xml_parse(text, strlen(text), &doc, NULL), 0);
	return firmware_check_variables(xmlDocGetRootElement(doc), &drive, err);
}

/* QEMU would look for another format in what the LUN holds. */
static void firmware_check_variables__refuses_a_format(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(checked("<nvram/>", &err), 0);
	assert_int_equal(checked("<nvram format='raw'/>", &err), 0);
	assert_int_equal(checked("<nvram format='qcow2'/>", &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "format='qcow2'"));
	assert_int_equal(checked("<nvram/><nvram/>", &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "<nvram> twice"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(firmware_wish_get__has_the_features_that_are_on),
		cmocka_unit_test(firmware_wish_get__passes_over_a_feature_without_name),
		cmocka_unit_test(firmware_check_variables__refuses_a_format),
	};

	return cmocka_run_group_tests_name("firmware_definition", tests, NULL, NULL);
}
