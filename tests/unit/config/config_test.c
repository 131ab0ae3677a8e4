/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "names/portal.h"

#define ARRAY                                                                                      \
	"[array san1]\ndriver = lunmask-array-tgt\ntransport = ssh://lunmask@10.77.0.100\n"        \
	"portals = 10.77.0.100:3260 [2001:db8::1]:3260\n"
#define HOST "[host node1]\ninitiator = iqn.2026-11.org.example:node1\n"

static int parse(const char *text, struct config **ret, struct err *err)
{
	return config_parse(text, strlen(text), "x.conf", ret, err);
}

static void config_parse__reads_arrays_and_hosts(void **state)
{
	const struct config_array *array;
	const struct config_host *host;
	struct config *config;

	(void)state;
	assert_int_equal(parse("# c\n" ARRAY "\n" HOST, &config, NULL), 0);
	assert_int_equal(config_array_get(config, "san1", &array, NULL), 0);
	assert_string_equal(array->driver, "lunmask-array-tgt");
	assert_string_equal(array->transport, "ssh://lunmask@10.77.0.100");
	assert_null(array->identity);
	assert_int_equal(array->n_portals, 2);
	assert_string_equal(array->portals[1], "[2001:db8::1]:3260");
	assert_null(array->portals[2]);
	assert_int_equal(config_host_get(config, "node1", &host, NULL), 0);
	assert_string_equal(host->initiator, "iqn.2026-11.org.example:node1");
	assert_string_equal(host->migration_address, "node1");
	assert_true(host->unfence_after_cutoff);
	config_free(config);
}

static void config_parse__takes_the_example_that_is_installed(void **state)
{
	g_autofree char *text = NULL;
	struct config *config;
	struct err err = ERR_INIT;
	size_t count;

	(void)state;
	assert_true(g_file_get_contents(CONF "/lunmask.conf.example", &text, NULL, NULL));
	if (parse(text, &config, &err) < 0) {
		fail_msg("%s", err_text(&err));
	}
	(void)config_hosts(config, &count);
	assert_int_equal(count, 2);
	config_free(config);
}

static void config_parse__refuses_and_says_what_and_where(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"[lun a]\n", "x.conf: line 1: there is no section [lun a]; legal are: [array "
			      "NAME], [host NODE]"},
		{"[array]\n", "there is no section [array]"},
		{"[array a/b]\n", "[array a/b]: the name must be"},
		{ARRAY "colour = red\n",
		 "[array san1]: there is no key 'colour'; legal are: driver"},
		{"[array a]\ndriver = x\n", "[array a] lacks the key 'transport'"},
		{HOST HOST, "x.conf: line 3: [host node1] is there twice"},
		{HOST "initiator = iqn.x:y\n",
		 "line 3: [host node1]: the key 'initiator' is there"},
		{"[host a]\ninitiator[de] = iqn.x:y\n", "there is no key 'initiator[de]'"},
		{"[host a]\ninitiator = node1\n",
		 "[host a] initiator: 'node1' is not an iSCSI name"},
		{"[host a]\ninitiator = iqn.1994-05.com.redhat:4f7aAB12\n",
		 "is not an iSCSI name, such as iqn.2026-11.org.example:node1 (lower case"},
		{"[host a]\ninitiator = InitiatorName=iqn.1993-08.org.debian:01:6a\n",
		 "'InitiatorName=iqn.1993-08.org.debian:01:6a' is not an iSCSI name"},
		{"[array a]\ndriver = \"lunmask-array-tgt\"\n", "is neither a program's name"},
		{"[host a]\ninitiator =\n", "[host a] initiator: '' is not an iSCSI name"},
		{HOST "migration_address = a b\n", "migration_address: 'a b' is neither"},
		{HOST "unfence_after_cutoff = Yes\n", "unfence_after_cutoff: 'Yes' is not legal"},
		{HOST "[host b]\ninitiator = iqn.2026-11.org.example:node1\n", "is [host node1]'s"},
		{ARRAY "chap_user = a\n", "[array san1]: chap_user, chap_target_user and "
					  "chap_target_secret_file need chap_secret_file"},
		{ARRAY "chap_secret_file = a\n", "chap_secret_file: 'a' is not an absolute path"},
		{ARRAY "chap_secret_file = /a\nchap_user = a b\n", "'a b' is no user of CHAP"},
		{ARRAY "chap_secret_file = /a\nchap_target_user = b\n",
		 "chap_target_user and chap_target_secret_file need each other"},
		{"driver = x\n", "line 1: 'driver = x' is neither a [section]"},
		{"[host a]\nnonsense\n", "line 2: 'nonsense' is neither"},
		{"[host a]\r\n", "control character (0x0d)"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct err err = ERR_INIT;
		struct config *config = NULL;

		assert_int_equal(parse(cases[i].text, &config, &err), -EINVAL);
		assert_null(config);
		if (strstr(err_text(&err), cases[i].says) == NULL) {
			fail_msg("'%s' is not in '%s'", cases[i].says, err_text(&err));
		}
	}
}

static int parse_array(const char *key, const char *value)
{
	static const char *const rest[][2] = {{"driver", "lunmask-array-tgt"},
					      {"transport", "exec"},
					      {"portals", "192.0.2.1:3260"}};
	char text[8192] = "[array a]\n";
	struct config *config = NULL;
	int rc;

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(rest[i][0], key) != 0) {
			(void)snprintf(text + strlen(text), 64, "%s = %s\n", rest[i][0],
				       rest[i][1]);
		}
	}
	(void)snprintf(text + strlen(text), 4096, "%s = %s\n", key, value);
	rc = parse(text, &config, NULL);
	config_free(config);
	return rc;
}

static void config_parse__checks_portals(void **state)
{
	static const char *const right[] = {"192.0.2.1:1", "192.0.2.1:3260\t192.0.2.2:65535",
					    "[::1]:3260"};
	static const char *const wrong[] = {"192.0.2.1",
					    "192.0.2.1:",
					    ":3260",
					    "192.0.2.1:0",
					    "192.0.2.1:65536",
					    "192.0.2.1:1,192.0.2.2:1",
					    "192.0.2.1:1 192.0.2.1:1",
					    "::1:3260",
					    "[::1]",
					    "[192.0.2.1]:1",
					    "san1:3260",
					    "192.0.2.1:+1",
					    "127.0.0.1:860",
					    "127.14.172.34:860"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(right); i++) {
		assert_int_equal(parse_array("portals", right[i]), 0);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		if (parse_array("portals", wrong[i]) != -EINVAL) {
			fail_msg("portals = %s", wrong[i]);
		}
	}
}

static void config_parse__limits_the_number_of_portals(void **state)
{
	char value[512] = "";

	(void)state;
	for (int i = 0; i < CONFIG_PORTALS_MAX; i++) {
		(void)snprintf(value + strlen(value), 32, " 192.0.2.1:%d", i + 1);
	}
	assert_int_equal(parse_array("portals", value), 0);
	(void)snprintf(value + strlen(value), 32, " 192.0.2.1:99");
	assert_int_equal(parse_array("portals", value), -EINVAL);
}

static void config_parse__checks_driver_transport_and_identity(void **state)
{
	(void)state;
	assert_int_equal(parse_array("driver", "/usr/libexec/my-driver"), 0);
	assert_int_equal(parse_array("driver", "bin/driver"), -EINVAL);
	assert_int_equal(parse_array("driver", "-x"), -EINVAL);
	assert_int_equal(parse_array("driver", "a; reboot"), -EINVAL);
	assert_int_equal(parse_array("transport", "telnet://a"), -EINVAL);
	assert_int_equal(parse_array("identity", "/k"), 0);
	assert_int_equal(parse_array("identity", "k"), -EINVAL);
}

static void config_chap__is_that_of_the_array(void **state)
{
	struct config *config;
	const struct chap *chap;

	(void)state;
	assert_int_equal(parse(ARRAY "chap_secret_file = /a\n", &config, NULL), 0);
	chap = config_chap(config, "san1");
	assert_non_null(chap);
	assert_string_equal(chap->secret_file, "/a");
	assert_string_equal(chap_user(chap, "iqn.x:h"), "iqn.x:h");
	assert_null(config_chap(config, "san2"));
	config_free(config);
	assert_int_equal(parse(ARRAY, &config, NULL), 0);
	assert_null(config_chap(config, "san1"));
	config_free(config);
}

static void config_parse__limits_size_and_number(void **state)
{
	char *text = calloc(1, CONFIG_FILE_MAX_BYTES + 2);
	struct config *config = NULL;
	size_t length = 0;

	(void)state;
	memset(text, '#', CONFIG_FILE_MAX_BYTES + 1);
	assert_int_equal(config_parse(text, CONFIG_FILE_MAX_BYTES + 1, "f", &config, NULL),
			 -EINVAL);
	for (int i = 0; i <= CONFIG_HOSTS_MAX; i++) {
		length += (size_t)sprintf(text + length, "[host n%d]\ninitiator=iqn.x:n%d\n", i, i);
	}
	assert_int_equal(config_parse(text, length, "f", &config, NULL), -EINVAL);
	free(text);
}

static void config_get__names_what_is_configured(void **state)
{
	const struct config_array *array;
	const struct config_host *host;
	struct err err = ERR_INIT;
	struct config *config;

	(void)state;
	assert_int_equal(parse(ARRAY, &config, NULL), 0);
	assert_int_equal(config_array_get(config, "san2", &array, &err), -ENOENT);
	assert_string_equal(err_text(&err), "x.conf has no [array san2]; its arrays: san1");
	assert_int_equal(config_host_get(config, "node1", &host, &err), -ENOENT);
	assert_string_equal(err_text(&err), "x.conf has no [host node1]; its hosts: none");
	config_free(config);
}

static void config_host_find_initiator__ignores_case(void **state)
{
	struct config *config;
	size_t count;

	(void)state;
	assert_int_equal(parse(HOST, &config, NULL), 0);
	assert_ptr_equal(config_host_find_initiator(config, "IQN.2026-11.org.EXAMPLE:node1"),
			 config_hosts(config, &count));
	assert_int_equal(count, 1);
	assert_null(config_host_find_initiator(config, "iqn.2026-11.org.example:node2"));
	config_free(config);
}

/* A directory with a configuration and the key that it names. */
struct files {
	char directory[64], conf[96], key[96];
};

static void file_write(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static int files_setup(void **state)
{
	static struct files files;
	char text[512];

	strcpy(files.directory, "/tmp/config_test.XXXXXX");
	if (mkdtemp(files.directory) == NULL) {
		return -1;
	}
	(void)snprintf(files.conf, sizeof(files.conf), "%s/conf", files.directory);
	(void)snprintf(files.key, sizeof(files.key), "%s/key", files.directory);
	(void)snprintf(text, sizeof(text), ARRAY "identity = %s\n", files.key);
	file_write(files.conf, text, 0644);
	file_write(files.key, "secret", 0600);
	*state = &files;
	return 0;
}

static int files_teardown(void **state)
{
	struct files *files = *state;

	(void)unlink(files->conf);
	(void)unlink(files->key);
	return undo_all(state) | rmdir(files->directory);
}

static void config_load__takes_the_path_from_the_environment(void **state)
{
	struct files *files = *state;
	struct config *config;

	undo_setenv("LUNMASK_CONF", files->conf);
	assert_int_equal(config_load(NULL, &config, NULL), 0);
	config_free(config);
}

static void config_load__refuses_a_file_that_others_may_write(void **state)
{
	struct files *files = *state;
	struct err err = ERR_INIT;
	struct config *config;

	assert_int_equal(chmod(files->conf, 0664), 0);
	assert_int_equal(config_load(files->conf, &config, &err), -EACCES);
	assert_non_null(strstr(err_text(&err), "its mode is 0664; use chmod 0644"));
}

static void config_load__refuses_a_key_that_others_may_read(void **state)
{
	struct files *files = *state;
	struct err err = ERR_INIT;
	struct config *config;

	assert_int_equal(chmod(files->key, 0640), 0);
	assert_int_equal(config_load(files->conf, &config, &err), -EACCES);
	assert_non_null(strstr(err_text(&err), "[array san1] identity: '"));
	assert_non_null(strstr(err_text(&err), "use chmod 0600"));
}

static void config_load__tells_what_is_not_there(void **state)
{
	struct files *files = *state;
	struct err err = ERR_INIT;
	struct config *config;

	assert_int_equal(unlink(files->key), 0);
	assert_int_equal(config_load(files->conf, &config, &err), -ENOENT);
	assert_int_equal(config_load("/nonexistent/c", &config, &err), -ENOENT);
	assert_string_equal(err_text(&err), "/nonexistent/c: No such file or directory");
	assert_int_equal(config_load(files->directory, &config, &err), -EINVAL);
}

#define FILES_TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_parse__reads_arrays_and_hosts),
		cmocka_unit_test(config_parse__takes_the_example_that_is_installed),
		cmocka_unit_test(config_parse__refuses_and_says_what_and_where),
		cmocka_unit_test(config_parse__checks_portals),
		cmocka_unit_test(config_parse__limits_the_number_of_portals),
		cmocka_unit_test(config_parse__checks_driver_transport_and_identity),
		cmocka_unit_test(config_chap__is_that_of_the_array),
		cmocka_unit_test(config_parse__limits_size_and_number),
		cmocka_unit_test(config_get__names_what_is_configured),
		cmocka_unit_test(config_host_find_initiator__ignores_case),
		FILES_TEST(config_load__takes_the_path_from_the_environment),
		FILES_TEST(config_load__refuses_a_file_that_others_may_write),
		FILES_TEST(config_load__refuses_a_key_that_others_may_read),
		FILES_TEST(config_load__tells_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
