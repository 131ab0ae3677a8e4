/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "redirect/redirect_address.h"
#include "tests/unit/test.h"

/* Two names with one address. */
#define TWIN_1 "hdd-south10"
#define TWIN_2 "test-test6"

static struct config *arrays(const char *const *names, size_t n)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct config *config = NULL;

	for (size_t i = 0; i < n; i++) {
		g_string_append_printf(text,
				       "[array %s]\ndriver = x\ntransport = exec\n"
				       "portals = 192.0.2.%zu:3260\n",
				       names[i], i + 1);
	}
	assert_int_equal(config_parse(text->str, text->len, "lunmask.conf", &config, NULL), 0);
	return config;
}
#define ARRAYS(...)                                                                                \
	arrays((const char *const[]){__VA_ARGS__},                                                 \
	       G_N_ELEMENTS(((const char *const[]){__VA_ARGS__})))

/* They are in the definitions of running domains. */
static void redirect_portal_of__never_changes(void **state)
{
	static const struct {
		const char *array, *portal;
	} rows[] = {
		{"san1", "127.14.172.34:860"},
		{"san2", "127.94.95.214:860"},
		{TWIN_1, "127.190.242.82:860"},
		{TWIN_2, "127.190.242.82:860"},
	};
	char portal[REDIRECT_PORTAL_BYTES];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		redirect_portal_of(rows[i].array, portal);
		assert_string_equal(portal, rows[i].portal);
	}
}

/* Others' addresses and the broadcast address are never given. */
static void redirect_portal_of__keeps_away_from_others(void **state)
{
	char name[16], portal[REDIRECT_PORTAL_BYTES];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		(void)g_snprintf(name, sizeof(name), "san%d", i);
		redirect_portal_of(name, portal);
		assert_int_equal(portal_check(portal, NULL), 0);
		assert_true(portal_redirects(portal));
		assert_false(g_str_has_prefix(portal, "127.0."));
		assert_false(g_str_has_prefix(portal, "127.255."));
	}
}

static void redirect_portal_get__refuses_twins(void **state)
{
	struct config *config = ARRAYS("san1", TWIN_1, TWIN_2);
	char portal[REDIRECT_PORTAL_BYTES], expected[REDIRECT_PORTAL_BYTES];
	struct err err = ERR_INIT;

	(void)state;
	redirect_portal_of("san1", expected);
	assert_int_equal(redirect_portal_get(config, "san1", portal, NULL), 0);
	assert_string_equal(portal, expected);
	assert_int_equal(redirect_portal_get(config, TWIN_1, portal, &err), -ENOTUNIQ);
	assert_non_null(strstr(err_text(&err), TWIN_2));
	assert_int_equal(redirect_portal_get(config, TWIN_2, portal, &err), -ENOTUNIQ);
	config_free(config);
}

static int found(const struct config *config, const char *address, const char **ret_name,
		 struct err *err)
{
	const struct config_array *array = NULL;
	int rc = redirect_array_find(config, address, &array, err);

	*ret_name = rc == 0 ? array->name : "";
	return rc;
}

static void redirect_array_find__by_the_address(void **state)
{
	struct config *config = ARRAYS("san1", "san2", TWIN_1, TWIN_2);
	struct err err = ERR_INIT;
	const char *name;

	(void)state;
	assert_int_equal(found(config, "127.14.172.34", &name, NULL), 0);
	assert_string_equal(name, "san1");
	assert_int_equal(found(config, "127.94.95.214", &name, NULL), 0);
	assert_string_equal(name, "san2");
	assert_int_equal(found(config, "127.190.242.82", &name, &err), -ENOTUNIQ);
	assert_non_null(strstr(err_text(&err), TWIN_1));
	config_free(config);
}

/* The array may have been the only one, or have another name now. */
static void redirect_array_find__refuses_what_is_not_configured(void **state)
{
	static const char *const addresses[] = {"127.94.95.214", "127.0.0.2", "127.0.0.10",
						"192.0.2.1", ""};
	struct config *config = ARRAYS("san1");
	const char *name;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(found(config, addresses[i], &name, &err), -ENOENT);
		assert_non_null(strstr(err_text(&err), "san1"));
	}
	config_free(config);
}

/* Guests that run since an earlier version. */
static void redirect_array_find__the_old_address_is_of_the_only_array(void **state)
{
	struct config *one = ARRAYS("san1");
	struct config *two = ARRAYS("san1", "san2");
	struct config *none = arrays(NULL, 0);
	const char *name;

	(void)state;
	assert_int_equal(found(one, "127.0.0.1", &name, NULL), 0);
	assert_string_equal(name, "san1");
	assert_int_equal(found(two, "127.0.0.1", &name, NULL), -ENOTUNIQ);
	assert_int_equal(found(none, "127.0.0.1", &name, NULL), -ENOENT);
	config_free(one);
	config_free(two);
	config_free(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(redirect_portal_of__never_changes),
		cmocka_unit_test(redirect_portal_of__keeps_away_from_others),
		cmocka_unit_test(redirect_portal_get__refuses_twins),
		cmocka_unit_test(redirect_array_find__by_the_address),
		cmocka_unit_test(redirect_array_find__refuses_what_is_not_configured),
		cmocka_unit_test(redirect_array_find__the_old_address_is_of_the_only_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
