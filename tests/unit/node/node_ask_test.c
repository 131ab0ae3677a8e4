/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/node_internal.h"

/*
 * lunmaskd of three nodes in one process, as far as they ask each other: what one sends is sealed,
 * and the others decode it. node3 is of a release that does not answer.
 */
#define NODES 3
#define OLDER 2 /* index of node3 */
#define TOKEN 4711

static struct {
	qb_loop_t *loop;
	char path[40];
	struct node nodes[NODES];
	struct cluster_config config;
	struct id128 disks[NODES];
	unsigned int sent[WIRE_NOTE_KIND_MAX];
	bool deaf; /* answers get lost */
	int ends;
	int rc;
	char text[ASK_WHY_MAX + 1];
} world;

static size_t index_of(const struct cluster_cpg *cluster)
{
	return (size_t)((const struct node *)(const void *)cluster - world.nodes);
}

/* cluster_cpg and store of a node are the node itself. */
const struct cluster_config *__wrap_cluster_cpg_config(const struct cluster_cpg *cluster);
const struct cluster_config *__wrap_cluster_cpg_config(const struct cluster_cpg *cluster)
{
	(void)cluster;
	return &world.config;
}

uint32_t __wrap_cluster_cpg_node(const struct cluster_cpg *cluster);
uint32_t __wrap_cluster_cpg_node(const struct cluster_cpg *cluster)
{
	return (uint32_t)index_of(cluster) + 1;
}

const struct id128 *__wrap_store_disk(const struct store *store);
const struct id128 *__wrap_store_disk(const struct store *store)
{
	return &world.disks[(const struct node *)(const void *)store - world.nodes];
}

uint64_t __wrap_store_boot(const struct store *store);
uint64_t __wrap_store_boot(const struct store *store)
{
	(void)store;
	return 1;
}

void __wrap_cluster_cpg_send(struct cluster_cpg *cluster, const uint8_t *data, size_t bytes);
void __wrap_cluster_cpg_send(struct cluster_cpg *cluster, const uint8_t *data, size_t bytes)
{
	uint32_t from = (uint32_t)index_of(cluster) + 1;
	g_autofree uint8_t *copy = g_memdup2(data, bytes);

	assert_true(bytes <= WIRE_BYTES_MAX);
	for (size_t i = 0; i < NODES; i++) {
		struct node *node = &world.nodes[i];
		struct wire_note note;

		if (i + 1 == from || i == OLDER) {
			continue;
		}
		assert_int_equal(
			wire_note_decode(copy, bytes, from, &node->key, &node->receiver, &note), 0);
		world.sent[note.kind]++;
		if (note.kind != WIRE_NOTE_ANSWER || !world.deaf) {
			node_on_note(node, from, &note);
		}
	}
}

void __wrap_ipc_server_asked(struct ipc_server *server, uint64_t token, int rc, const char *why,
			     const uint8_t *body, size_t bytes);
void __wrap_ipc_server_asked(struct ipc_server *server, uint64_t token, int rc, const char *why,
			     const uint8_t *body, size_t bytes)
{
	(void)server;
	assert_int_equal(token, TOKEN);
	world.ends++;
	world.rc = rc;
	(void)snprintf(world.text, sizeof(world.text), "%.*s", rc == 0 ? (int)bytes : 200,
		       rc == 0 ? (const char *)body : why);
	qb_loop_stop(world.loop);
}

static void members(size_t n)
{
	for (size_t i = 0; i < NODES; i++) {
		world.nodes[i].n_members = n;
		for (uint32_t k = 0; k < n; k++) {
			world.nodes[i].members[k] = k + 1;
		}
		if (i != OLDER) {
			node_ask_members(&world.nodes[i]);
		}
	}
}

static int setup(void **state)
{
	int fd;

	(void)state;
	memset(&world, 0, sizeof(world));
	(void)strcpy(world.path, "/tmp/node-ask-XXXXXX");
	fd = mkstemp(world.path);
	world.loop = qb_loop_create();
	for (size_t i = 0; i < NODES; i++) {
		struct node *node = &world.nodes[i];

		world.disks[i].bytes[0] = (uint8_t)(i + 1);
		world.config.node[i].id = (uint32_t)i + 1;
		(void)snprintf(world.config.node[i].name, sizeof(world.config.node[i].name),
			       "node%zu", i + 1);
		node->options.loop = world.loop;
		node->options.answer = (struct program){"/nonexistent/s", world.path};
		node->cluster = (struct cluster_cpg *)(void *)node;
		node->store = (struct store *)(void *)node;
		node->key.n = WIRE_KEY_BYTES_MIN;
		(void)wire_sender_init(&node->sender);
		node_ask_start(node);
	}
	members(NODES);
	return fd < 0 || close(fd) < 0 || chmod(world.path, 0700) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	for (size_t i = 0; i < NODES; i++) {
		node_ask_stop(&world.nodes[i]);
	}
	(void)unlink(world.path);
	qb_loop_destroy(world.loop);
	return undo_all(state);
}

static void program_make(const char *script)
{
	int fd = open(world.path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", script) > 0);
	(void)close(fd);
}

static int ask(const char *node, uint64_t kind, int timeout_ms, const char **ret_why)
{
	const struct ipc_question question = {.node = node,
					      .kind = kind,
					      .timeout_ms = timeout_ms,
					      .body = (const uint8_t *)"{}",
					      .bytes = 2};

	*ret_why = "";
	return node_on_ask(&world.nodes[0], TOKEN, &question, ret_why);
}

static void node_ask__brings_the_answer_of_another_node(void **state)
{
	const char *why;

	(void)state;
	program_make("read a; printf 'answer 4\\n{ok}'");
	assert_int_equal(ask("node2", JOURNAL_ASK_VERIFY, TEST_LIMIT_MS, &why), 0);
	qb_loop_run(world.loop);
	assert_int_equal(world.ends, 1);
	assert_int_equal(world.rc, 0);
	assert_string_equal(world.text, "{ok}");
	assert_int_equal(world.nodes[0].receiver.dropped.malformed, 0);
}

static void node_ask__says_that_the_other_node_could_not_answer(void **state)
{
	const char *why;

	(void)state;
	program_make("exit 1");
	assert_int_equal(ask("node2", JOURNAL_ASK_DOMAIN, TEST_LIMIT_MS, &why), 0);
	qb_loop_run(world.loop);
	assert_int_equal(world.rc, -EIO);
	assert_non_null(strstr(world.text, "ended without an answer"));
}

static void node_ask__waits_no_longer_than_it_was_told(void **state)
{
	const char *why;

	(void)state;
	world.deaf = true;
	program_make("printf 'answer 4\\n{ok}'");
	assert_int_equal(ask("node2", JOURNAL_ASK_VERIFY, 1, &why), 0);
	qb_loop_run(world.loop);
	assert_int_equal(world.ends, 1);
	assert_int_equal(world.rc, -ETIMEDOUT);
}

/* At once, and nothing is sent. */
static void node_ask__refuses_what_nobody_would_answer(void **state)
{
	static const struct {
		const char *node;
		uint64_t kind;
		const char *why;
	} cases[] = {
		{"node3", JOURNAL_ASK_VERIFY, "answers no such question"},
		{"node4", JOURNAL_ASK_VERIFY, "no node of that name"},
		{"node1", JOURNAL_ASK_VERIFY, "does not ask itself"},
		{"node2", JOURNAL_ASK_KIND_MAX, "does not know such a question"},
		{"node2", 0, "does not know such a question"},
		{"node2", UINT64_MAX, "does not know such a question"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *why;

		assert_int_equal(ask(cases[i].node, cases[i].kind, TEST_LIMIT_MS, &why),
				 -EOPNOTSUPP);
		assert_non_null(strstr(why, cases[i].why));
	}
	assert_int_equal(world.sent[WIRE_NOTE_QUESTION], 0);
	assert_int_equal(world.ends, 0);
}

static void node_ask__ends_when_the_other_node_leaves(void **state)
{
	const char *why;

	(void)state;
	program_make("exec sleep 1800");
	assert_int_equal(ask("node2", JOURNAL_ASK_VERIFY, TEST_LIMIT_MS, &why), 0);
	assert_int_equal(answers_open(world.nodes[1].answers), 1);
	members(1);
	assert_int_equal(world.rc, -EHOSTDOWN);
	assert_int_equal(world.ends, 1);
	world.nodes[1].n_members = 0; /* it sees that node1 has gone */
	node_ask_members(&world.nodes[1]);
	assert_int_equal(answers_open(world.nodes[1].answers), 0);
}

/* Also for another one, which must not act on it. */
static void node_ask__counts_notes_that_are_not_legal(void **state)
{
	struct node *node = &world.nodes[1];
	struct wire_note note = {.kind = WIRE_NOTE_QUESTION, .from = 1, .bytes = 0};
	uint8_t data[ASK_NOTE_HEAD_MAX + 2];
	struct ask_question question = {.to = 3,
					.id = 1,
					.kind = JOURNAL_ASK_VERIFY,
					.timeout_ms = 1000,
					.body = (const uint8_t *)"{}",
					.bytes = 2};

	(void)state;
	for (int kind = WIRE_NOTE_READY; kind <= WIRE_NOTE_ANSWER; kind++) {
		note.kind = (enum wire_note_kind)kind;
		node_on_note(node, 1, &note);
	}
	assert_int_equal(node->receiver.dropped.malformed, 3);
	note = (struct wire_note){.kind = WIRE_NOTE_QUESTION, .data = data};
	note.bytes = ask_question_encode(&question, data);
	node_on_note(node, 1, &note);
	note.kind = (enum wire_note_kind)200; /* of a newer release */
	node_on_note(node, 1, &note);
	assert_int_equal(answers_open(node->answers), 0);
	assert_int_equal(node->receiver.dropped.malformed, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(node_ask__brings_the_answer_of_another_node),
		TEST(node_ask__says_that_the_other_node_could_not_answer),
		TEST(node_ask__waits_no_longer_than_it_was_told),
		TEST(node_ask__refuses_what_nobody_would_answer),
		TEST(node_ask__ends_when_the_other_node_leaves),
		TEST(node_ask__counts_notes_that_are_not_legal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
