/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paths/paths_peers.h"

#define VALID_MS 60000
#define ROOM 4096 /* of a note in these tests: some paths, not all */
#define NOW 1000000

/* What a node announces: n paths. */
struct table {
	const char *node;
	size_t n;
	enum path_state state;
};

static bool table_path(void *data, size_t i, struct journal_path *ret)
{
	const struct table *table = data;

	if (i >= table->n) {
		return false;
	}
	*ret = (struct journal_path){.array = "san1",
				     .origin = JOURNAL_PATH_CONFIGURED,
				     .state = table->state,
				     .age_ms = 5000,
				     .measured_ms = 2000};
	(void)g_strlcpy(ret->node, table->node, sizeof(ret->node));
	(void)snprintf(ret->portal, sizeof(ret->portal), "10.0.%zu.%zu:3260", i / 256, i % 256);
	return true;
}

struct part {
	uint8_t data[ROOM];
	size_t bytes;
};

/* The parts of an announcement. */
static size_t announce(const struct table *table, uint32_t number, struct part *parts, size_t max)
{
	struct paths_note note = {.valid_ms = VALID_MS, .number = number};
	size_t from = 0;
	bool last = false;

	while (!last) {
		struct part *part = &parts[note.part];

		assert_true(note.part < max);
		part->bytes = paths_note_encode(&note, table_path, (void *)table, &from, part->data,
						ROOM, &last);
		assert_true(part->bytes <= ROOM);
		note.part++;
	}
	assert_int_equal(from, table->n);
	return note.part;
}

static int take(struct paths_peers *peers, uint32_t node, const char *name, const struct part *part)
{
	uint8_t *copy = malloc(part->bytes); /* so that a sanitizer sees what is behind it */
	int rc;

	memcpy(copy, part->data, part->bytes);
	rc = paths_peers_take(peers, NOW, node, name, copy, part->bytes);
	free(copy);
	return rc;
}

static void take_all(struct paths_peers *peers, uint32_t node, const struct table *table,
		     uint32_t number)
{
	static struct part parts[64];
	size_t n = announce(table, number, parts, 64);

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(take(peers, node, table->node, &parts[i]), 0);
	}
}

static size_t count(const struct paths_peers *peers)
{
	struct journal_path path;
	size_t n = 0;

	while (paths_peers_at(peers, NOW, n, &path)) {
		n++;
	}
	return n;
}

static int setup(void **state)
{
	*state = paths_peers_new();
	return 0;
}

static int teardown(void **state)
{
	paths_peers_free(*state);
	return 0;
}

static void paths_peers__has_what_each_has_announced(void **state)
{
	const struct table two = {"node2", 3, PATH_UP}, three = {"node3", 500, PATH_DOWN};
	struct journal_path path;

	assert_int_equal(count(*state), 0);
	take_all(*state, 2, &two, 1);
	take_all(*state, 3, &three, 7);
	assert_int_equal(count(*state), 503);
	assert_true(paths_peers_at(*state, NOW, 2, &path));
	assert_string_equal(path.node, "node2");
	assert_string_equal(path.portal, "10.0.0.2:3260");
	for (size_t i = 0; i < 500; i++) {
		char portal[32];

		assert_true(paths_peers_at(*state, NOW, 3 + i, &path));
		(void)snprintf(portal, sizeof(portal), "10.0.%zu.%zu:3260", i / 256, i % 256);
		assert_string_equal(path.portal, portal);
		assert_string_equal(path.node, "node3");
		assert_int_equal(path.state, PATH_DOWN);
	}
}

static void paths_peers__replaces_a_table_by_the_next(void **state)
{
	struct table table = {"node2", 3, PATH_UP};
	struct journal_path path;
	uint64_t generation;

	take_all(*state, 2, &table, 1);
	generation = paths_peers_generation(*state);
	table.state = PATH_DOWN;
	take_all(*state, 2, &table, 2);
	assert_int_equal(paths_peers_generation(*state), generation);
	assert_true(paths_peers_at(*state, NOW, 0, &path));
	assert_int_equal(path.state, PATH_DOWN);
	table.n = 1;
	take_all(*state, 2, &table, 3);
	assert_int_equal(count(*state), 1);
	assert_true(paths_peers_generation(*state) > generation);
	table.n = 0;
	take_all(*state, 2, &table, 4);
	assert_int_equal(count(*state), 0);
}

static void paths_peers__lets_a_table_grow_old(void **state)
{
	const struct table table = {"node2", 1, PATH_UP};
	struct journal_path path;

	take_all(*state, 2, &table, 1);
	assert_true(paths_peers_at(*state, NOW + VALID_MS, 0, &path));
	assert_int_equal(path.state, PATH_UP);
	assert_int_equal(path.age_ms, 5000 + VALID_MS);
	assert_int_equal(path.measured_ms, 2000 + VALID_MS);
	assert_true(paths_peers_at(*state, NOW + VALID_MS + 1000, 0, &path));
	assert_int_equal(path.state, PATH_UNKNOWN);
	assert_int_equal(path.age_ms, 1000);
	assert_string_equal(path.reason, "lunmaskd of this host has told nothing for 61 s");
}

static void paths_peers__forgets_who_is_no_member(void **state)
{
	const struct table two = {"node2", 3, PATH_UP}, three = {"node3", 2, PATH_UP};
	uint64_t generation;

	take_all(*state, 2, &two, 1);
	take_all(*state, 3, &three, 1);
	generation = paths_peers_generation(*state);
	paths_peers_members(*state, (const uint32_t[]){1, 3}, 2);
	assert_int_equal(count(*state), 2);
	assert_true(paths_peers_generation(*state) > generation);
	paths_peers_members(*state, NULL, 0);
	assert_int_equal(count(*state), 0);
}

/* A part is lost, or two announcements are mixed: the table before is kept. */
static void paths_peers__takes_a_table_whole_or_not_at_all(void **state)
{
	static const int orders[][4] = {{0, 2, -1}, {1, 2, -1},    {2, -1},
					{0, 1, -1}, {0, 1, 1, -1}, {0, 0, 2, -1}};
	static struct part parts[64], others[64];
	const struct table before = {"node2", 7, PATH_UP};
	const struct table table = {"node2", 150, PATH_UP};
	size_t n = 0;

	take_all(*state, 2, &before, 1);
	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
		n = announce(&table, (uint32_t)(20 + i), parts, 64);
		assert_true(n >= 3);
		for (size_t k = 0; orders[i][k] >= 0; k++) {
			size_t part = orders[i][k] == 2 ? n - 1 : (size_t)orders[i][k];

			assert_int_equal(take(*state, 2, "node2", &parts[part]), 0);
		}
		assert_int_equal(count(*state), 7);
	}
	(void)announce(&table, 9, others, 64);
	assert_int_equal(take(*state, 2, "node2", &parts[0]), 0);
	for (size_t i = 1; i < n; i++) {
		assert_int_equal(take(*state, 2, "node2", &others[i]), 0);
	}
	assert_int_equal(count(*state), 7);
	take_all(*state, 2, &table, 10);
	assert_int_equal(count(*state), 150);
	/* One more of the same: the table is complete. */
	n = announce(&table, 10, parts, 64);
	parts[n - 1].data[9] = (uint8_t)n;
	assert_int_equal(take(*state, 2, "node2", &parts[n - 1]), 0);
	assert_int_equal(count(*state), 150);
}

static void paths_peers__refuses_what_is_not_legal(void **state)
{
	const struct table before = {"node2", 7, PATH_UP};
	const struct table table = {"node2", 2, PATH_UP};
	static struct part parts[1];
	struct part part;

	take_all(*state, 2, &before, 1);
	(void)announce(&table, 2, parts, 1);
	for (size_t bytes = 0; bytes < parts[0].bytes; bytes++) {
		part = parts[0];
		part.bytes = bytes;
		/* A path less is legal; that is what seals and lengths are for. */
		if (take(*state, 2, "node2", &part) == 0) {
			assert_int_not_equal(count(*state), 7);
			take_all(*state, 2, &before, 3);
		}
		assert_int_equal(count(*state), 7);
	}
	/* Of another node than the one that sends it. */
	assert_int_equal(take(*state, 3, "node3", &parts[0]), -EBADMSG);
	for (size_t at = 0; at < PATHS_NOTE_HEAD_BYTES; at++) {
		part = parts[0];
		part.data[at] = 0xff;
		if (at != 1 && at != 2 && (at < 5 || at > 8)) {
			assert_int_equal(take(*state, 2, "node2", &part), -EBADMSG);
		}
	}
	assert_int_equal(count(*state), 7);
}

static void paths_peers__has_room_for_so_many(void **state)
{
	const struct table most = {"node2", PATHS_MAX, PATH_UP};
	const struct table more = {"node2", PATHS_MAX + 1, PATH_UP};
	static struct part parts[64];
	size_t n;
	int rc = 0;

	take_all(*state, 2, &most, 1);
	assert_int_equal(count(*state), PATHS_MAX);
	n = announce(&more, 2, parts, 64);
	for (size_t i = 0; i < n; i++) {
		rc = take(*state, 2, "node2", &parts[i]);
	}
	assert_int_equal(rc, -EBADMSG);
	assert_int_equal(count(*state), PATHS_MAX);
	for (uint32_t node = 3; node < PATHS_PEERS_MAX + 2; node++) {
		take_all(*state, node, &(struct table){"nodeN", 1, PATH_UP}, 1);
	}
	n = announce(&(struct table){"nodeN", 1, PATH_UP}, 1, parts, 64);
	assert_int_equal(take(*state, 99, "nodeN", &parts[0]), -ENOSPC);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths_peers__has_what_each_has_announced),
		TEST(paths_peers__replaces_a_table_by_the_next),
		TEST(paths_peers__lets_a_table_grow_old),
		TEST(paths_peers__forgets_who_is_no_member),
		TEST(paths_peers__takes_a_table_whole_or_not_at_all),
		TEST(paths_peers__refuses_what_is_not_legal),
		TEST(paths_peers__has_room_for_so_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
