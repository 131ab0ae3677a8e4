/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "ring/cluster_config.h"

static struct cluster_config three_nodes(void)
{
	struct cluster_config config = {0};
	char key[64];

	for (int i = 0; i < 3; i++) {
		char id[] = {(char)('3' - i), '\0'};

		(void)snprintf(key, sizeof(key), "nodelist.node.%d.nodeid", i);
		assert_true(cluster_config_set(&config, key, id));
		(void)snprintf(key, sizeof(key), "nodelist.node.%d.name", i);
		assert_true(cluster_config_set(&config, key, i == 0 ? "three" : "other"));
	}
	return config;
}

static void cluster_config_nodes__are_ascending(void **state)
{
	struct cluster_config config = three_nodes();
	uint32_t nodes[JOURNAL_VOTERS_MAX];
	size_t n;

	(void)state;
	assert_int_equal(cluster_config_nodes(&config, nodes, &n, NULL), 0);
	assert_int_equal(n, 3);
	assert_int_equal(nodes[0], 1);
	assert_int_equal(nodes[2], 3);
	assert_true(cluster_config_set(&config, "nodelist.node.1.nodeid", NULL));
	assert_int_equal(cluster_config_nodes(&config, nodes, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(nodes[1], 3);
}

static void cluster_config_nodes__refuses_what_a_reload_shows_half_done(void **state)
{
	struct cluster_config config = three_nodes();
	struct cluster_config empty = {0};
	uint32_t nodes[JOURNAL_VOTERS_MAX];
	struct err err;
	size_t n;

	(void)state;
	assert_true(cluster_config_set(&config, "nodelist.node.1.nodeid", "1"));
	assert_int_equal(cluster_config_nodes(&config, nodes, &n, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "nodeid 1 twice"));
	assert_int_equal(cluster_config_nodes(&empty, nodes, &n, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "no nodelist"));
}

static void cluster_config_nodes__refuses_more_than_there_is_room_for(void **state)
{
	struct cluster_config config = three_nodes();
	struct cluster_config many = {0};
	uint32_t nodes[JOURNAL_VOTERS_MAX];
	char key[64];
	char id[16];
	size_t n;

	(void)state;
	assert_true(cluster_config_set(&config, "nodelist.node.64.nodeid", "99"));
	assert_int_equal(cluster_config_nodes(&config, nodes, &n, NULL), -EINVAL);
	for (int i = 0; i <= JOURNAL_VOTERS_MAX; i++) {
		assert_int_equal(i == 0 ? 0 : cluster_config_nodes(&many, nodes, &n, NULL), 0);
		(void)snprintf(key, sizeof(key), "nodelist.node.%d.nodeid", i);
		(void)snprintf(id, sizeof(id), "%d", i + 1);
		assert_true(cluster_config_set(&many, key, id));
	}
	assert_int_equal(cluster_config_nodes(&many, nodes, &n, NULL), -EINVAL);
}

static void cluster_config_set__passes_over_what_is_not_ours(void **state)
{
	struct cluster_config config = {0};
	const struct cluster_config before = config;

	(void)state;
	assert_false(cluster_config_set(&config, "totem.token", "1000"));
	assert_false(cluster_config_set(&config, "nodelist.node.x.nodeid", "1"));
	assert_false(cluster_config_set(&config, "nodelist.node.0.ring0_addr", "10.0.0.1"));
	assert_false(cluster_config_set(&config, "nodelist.node.", "1"));
	assert_true(cluster_config_set(&config, "nodelist.node.0.nodeid", "4294967296"));
	assert_true(cluster_config_set(&config, "nodelist.node.1.nodeid", "-1"));
	assert_true(cluster_config_set(&config, "nodelist.node.2.nodeid", "1x"));
	assert_memory_equal(&config, &before, sizeof(config));
}

static void cluster_config_name__is_the_nodes_or_none(void **state)
{
	struct cluster_config config = three_nodes();
	char name[NODE_NAME_MAX + 2];

	(void)state;
	assert_string_equal(cluster_config_name(&config, 3), "three");
	assert_null(cluster_config_name(&config, 4));
	assert_null(cluster_config_name(&config, 0));
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_true(cluster_config_set(&config, "nodelist.node.0.name", name));
	assert_null(cluster_config_name(&config, 3));
}

static void cluster_config_encrypted__wants_cipher_and_hash(void **state)
{
	static const struct {
		const char *transport, *secauth, *cipher, *hash;
		int rc;
	} cases[] = {
		{NULL, NULL, NULL, NULL, -EPERM},           {NULL, "on", NULL, NULL, 0},
		{NULL, "yes", NULL, NULL, -EPERM},          {"udp", "on", NULL, NULL, -EPERM},
		{"knet", NULL, "aes256", NULL, -EPERM},     {NULL, "off", NULL, NULL, -EPERM},
		{NULL, NULL, "aes256", "sha256", 0},        {NULL, "on", "none", NULL, -EPERM},
		{NULL, "on", NULL, "none", -EPERM},         {NULL, NULL, "none", "none", -EPERM},
		{NULL, NULL, "none", "sha256", -EPERM},     {"knet", NULL, "aes256", "sha512", 0},
		{"udpu", "on", "aes256", "sha256", -EPERM},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct cluster_config config = {0};

		(void)cluster_config_set(&config, "totem.transport", cases[i].transport);
		(void)cluster_config_set(&config, "totem.secauth", cases[i].secauth);
		(void)cluster_config_set(&config, "totem.crypto_cipher", cases[i].cipher);
		(void)cluster_config_set(&config, "totem.crypto_hash", cases[i].hash);
		assert_int_equal(cluster_config_encrypted(&config, NULL), cases[i].rc);
	}
}

static void cluster_config_wait_for_all__is_implied_by_two_node(void **state)
{
	struct cluster_config config = {0};

	(void)state;
	assert_false(cluster_config_wait_for_all(&config));
	(void)cluster_config_set(&config, "quorum.two_node", "1");
	assert_true(cluster_config_wait_for_all(&config));
	(void)cluster_config_set(&config, "quorum.wait_for_all", "0");
	assert_false(cluster_config_wait_for_all(&config));
	(void)cluster_config_set(&config, "quorum.two_node", NULL);
	(void)cluster_config_set(&config, "quorum.wait_for_all", "1");
	assert_true(cluster_config_wait_for_all(&config));
}

static void cluster_config_ids_sort__leaves_each_once(void **state)
{
	uint32_t ids[] = {7, 1, 7, UINT32_MAX, 1};

	(void)state;
	assert_int_equal(cluster_config_ids_sort(ids, 5), 3);
	assert_int_equal(ids[0], 1);
	assert_int_equal(ids[1], 7);
	assert_int_equal(ids[2], UINT32_MAX);
	assert_int_equal(cluster_config_ids_sort(ids, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cluster_config_nodes__are_ascending),
		cmocka_unit_test(cluster_config_nodes__refuses_what_a_reload_shows_half_done),
		cmocka_unit_test(cluster_config_nodes__refuses_more_than_there_is_room_for),
		cmocka_unit_test(cluster_config_set__passes_over_what_is_not_ours),
		cmocka_unit_test(cluster_config_name__is_the_nodes_or_none),
		cmocka_unit_test(cluster_config_encrypted__wants_cipher_and_hash),
		cmocka_unit_test(cluster_config_wait_for_all__is_implied_by_two_node),
		cmocka_unit_test(cluster_config_ids_sort__leaves_each_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
