/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/core.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

/*
 * A few nodes whose messages arrive at once and whose disks are immediate. What happens when they
 * do not is the simulator's work (tests/sim); here it is told what should happen when all is well.
 */
enum { NODES_MAX = 5 };

struct mail {
	uint32_t to;
	struct message message;
	struct entry entries[MESSAGE_ENTRIES_MAX];
	uint8_t *bytes;
};

struct node {
	struct core *core;
	bool up;
	uint64_t persisted;
	uint64_t applied_sum;
	unsigned int applied_n;
	uint64_t token;
	struct core_answer answer;
	bool reset;
};

static struct {
	struct node node[NODES_MAX + 1]; /* by node id, from 1 */
	uint32_t n;
	GQueue mails;
	GQueue held; /* for hold_to, of kinds in hold_kinds */
	uint32_t hold_to;
	unsigned int hold_kinds;
	int64_t now_ms;
	uint64_t ring;
} world;

static const uint32_t ids[] = {1, 2, 3, 4, 5};

static void mail_free(void *data)
{
	struct mail *mail = data;

	g_free(mail->bytes);
	g_free(mail);
}

static void mail_copy(uint32_t to, const struct message *message)
{
	struct mail *mail = g_new0(struct mail, 1);
	size_t bytes = message->blob_bytes;
	uint8_t *at;
	size_t i;

	for (i = 0; i < message->n_entries; i++) {
		bytes += message->entries[i].bytes;
	}
	mail->to = to;
	mail->message = *message;
	at = mail->bytes = g_malloc(bytes + 1);
	for (i = 0; i < message->n_entries; i++) {
		mail->entries[i] = message->entries[i];
		if (message->entries[i].bytes > 0) {
			memcpy(at, message->entries[i].data, message->entries[i].bytes);
		}
		mail->entries[i].data = at;
		at += message->entries[i].bytes;
	}
	if (message->blob_bytes > 0) {
		memcpy(at, message->blob, message->blob_bytes);
	}
	mail->message.blob = at;
	mail->message.entries = mail->entries;
	g_queue_push_tail(&world.mails, mail);
}

static void on_send(void *shell, const struct message *message)
{
	uint32_t to;

	(void)shell;
	for (to = 1; to <= world.n; to++) {
		if (to != message->from) {
			mail_copy(to, message);
		}
	}
}

static void on_persist(void *shell, const struct core_persist *persist)
{
	((struct node *)shell)->persisted = persist->sequence;
}

static void on_answer(void *shell, uint64_t token, const struct core_answer *answer)
{
	struct node *node = shell;

	node->token = token;
	node->answer = *answer;
}

static void on_reset(void *shell, const char *why)
{
	(void)why;
	((struct node *)shell)->reset = true;
}

static const struct core_ops ops = {
	.send = on_send, .persist = on_persist, .answer = on_answer, .reset = on_reset};

/* The machine: counts, and sums what it was given. */
static void apply(void *machine, uint64_t index, const uint8_t *data, size_t bytes,
		  struct outcome *ret)
{
	struct node *node = machine;

	(void)index;
	node->applied_sum += bytes > 0 ? data[0] : 0;
	*ret = (struct outcome){.revision = ++node->applied_n};
}

static int save(void *machine, uint8_t **ret_data, size_t *ret_bytes)
{
	struct node *node = machine;
	uint64_t state[2] = {node->applied_sum, node->applied_n};

	*ret_data = malloc(sizeof(state));
	memcpy(*ret_data, state, sizeof(state));
	*ret_bytes = sizeof(state);
	return 0;
}

static int load(void *machine, const uint8_t *data, size_t bytes)
{
	struct node *node = machine;
	uint64_t state[2] = {0, 0};

	if (bytes != 0) {
		memcpy(state, data, sizeof(state));
	}
	node->applied_sum = state[0];
	node->applied_n = (unsigned int)state[1];
	return 0;
}

static const struct machine_ops machine_ops = {.apply = apply, .save = save, .load = load};

static void node_start(uint32_t id)
{
	struct core_config config = {.node = id, .boot = 1, .snapshot_every = 32};
	struct core_durable blank = {0};
	struct node *node = &world.node[id];
	const char *why = NULL;

	config.disk.bytes[0] = (uint8_t)id;
	config.disk.bytes[1] = (uint8_t)world.ring;
	config.fresh.bytes[0] = 0xc1;
	*node = (struct node){.up = true};
	node->core = core_new(&config, &blank, &ops, node, &machine_ops, node, &why);
	assert_non_null(node->core);
}

static void node_stop(uint32_t id)
{
	core_free(world.node[id].core);
	world.node[id].core = NULL;
	world.node[id].up = false;
}

/* Everybody hears who is there. */
static void membership(bool quorate)
{
	uint32_t here[NODES_MAX];
	size_t n = 0;
	uint32_t id;

	for (id = 1; id <= world.n; id++) {
		if (world.node[id].up) {
			here[n++] = id;
		}
	}
	world.ring++;
	for (id = 1; id <= world.n; id++) {
		struct ring ring = {here[0], world.ring};

		if (world.node[id].up) {
			core_on_nodes(world.node[id].core, world.now_ms, ids, world.n);
			core_on_quorum(world.node[id].core, world.now_ms, quorate, here, n, ring);
			core_on_members(world.node[id].core, world.now_ms, here, n, ring);
		}
	}
}

static void deliver(void)
{
	struct mail *mail;
	uint32_t id;

	while ((mail = g_queue_pop_head(&world.mails)) != NULL) {
		if (mail->to == world.hold_to && world.hold_kinds & 1u << mail->message.kind) {
			g_queue_push_tail(&world.held, mail);
			continue;
		}
		if (world.node[mail->to].up) {
			core_on_message(world.node[mail->to].core, world.now_ms, &mail->message);
		}
		mail_free(mail);
	}
	for (id = 1; id <= world.n; id++) {
		if (world.node[id].up) {
			core_on_persisted(world.node[id].core, world.now_ms,
					  world.node[id].persisted);
		}
	}
}

static void hold(uint32_t to, unsigned int kinds)
{
	world.hold_to = to;
	world.hold_kinds = kinds;
}

static void run_ms(int duration_ms)
{
	int64_t end_ms = world.now_ms + duration_ms;
	uint32_t id;

	for (; world.now_ms < end_ms; world.now_ms += 10) {
		for (id = 1; id <= world.n; id++) {
			if (world.node[id].up) {
				core_on_time(world.node[id].core, world.now_ms);
			}
		}
		deliver();
	}
}

static struct core_status status(uint32_t id)
{
	struct core_status ret;

	core_status_get(world.node[id].core, &ret);
	return ret;
}

static void request(uint32_t id, uint8_t number, uint8_t value)
{
	struct id128 name = {{0xaa, number}};

	world.node[id].token = 0;
	core_on_request(world.node[id].core, world.now_ms, 1000u + number, &name, &value, 1, true,
			world.now_ms + 5000);
}

static void committed(uint32_t id, uint8_t number)
{
	assert_int_equal(world.node[id].token, 1000 + number);
	assert_int_equal(world.node[id].answer.verdict, CORE_COMMITTED);
}

static int blank(uint32_t n)
{
	uint32_t id;

	memset(&world, 0, sizeof(world));
	world.n = n;
	for (id = 1; id <= n; id++) {
		node_start(id);
	}
	membership(true);
	return 0;
}

static int cluster(uint32_t n)
{
	(void)blank(n);
	run_ms(1000);
	return 0;
}

static int three_blank(void **state)
{
	(void)state;
	return blank(3);
}

static int three(void **state)
{
	(void)state;
	return cluster(3);
}

static int two(void **state)
{
	(void)state;
	return cluster(2);
}

static int ended(void **state)
{
	uint32_t id;

	(void)state;
	for (id = 1; id <= world.n; id++) {
		node_stop(id);
	}
	g_queue_clear_full(&world.mails, mail_free);
	g_queue_clear_full(&world.held, mail_free);
	return 0;
}

static void blank_nodes__make_a_cluster(void **state)
{
	uint32_t id;

	(void)state;
	for (id = 1; id <= 3; id++) {
		assert_true(status(id).active);
		assert_true(status(id).gate);
		assert_int_equal(status(id).voters.n, 3);
		assert_int_equal(status(id).cluster.bytes[0], 0xc1);
	}
	assert_int_equal(status(1).role, CORE_SEQUENCER);
	assert_int_equal(status(2).role, CORE_FOLLOWER);
}

static void request__is_applied_everywhere_once(void **state)
{
	uint32_t id;

	(void)state;
	request(2, 1, 7);
	run_ms(100);
	committed(2, 1);
	request(3, 1, 7);
	committed(3, 1);
	run_ms(2000);
	for (id = 1; id <= 3; id++) {
		assert_int_equal(world.node[id].applied_sum, 7);
	}
}

static void sequencer_lost__the_next_goes_on(void **state)
{
	(void)state;
	request(2, 1, 7);
	run_ms(100);
	node_stop(1);
	membership(true);
	request(3, 2, 5);
	run_ms(1000);
	committed(3, 2);
	assert_int_equal(status(2).role, CORE_SEQUENCER);
	assert_int_equal(world.node[2].applied_sum, 12);
}

static void minority__refuses(void **state)
{
	(void)state;
	node_stop(2);
	node_stop(3);
	membership(false);
	assert_false(status(1).active);
	request(1, 1, 7);
	run_ms(6000);
	assert_int_equal(world.node[1].answer.verdict, CORE_NO_QUORUM);
}

static void new_disk__learns_by_snapshot_and_votes(void **state)
{
	uint8_t i;

	(void)state;
	node_stop(3);
	membership(true);
	for (i = 1; i <= 150; i++) {
		request(1, i, 1);
		run_ms(500);
		committed(1, i);
	}
	assert_true(status(1).snapshot_index > 0);
	node_start(3);
	membership(true);
	run_ms(5000);
	assert_int_equal(world.node[3].applied_sum, 150);
	assert_int_equal(status(3).role, CORE_FOLLOWER);
	assert_int_equal(status(3).voters.n, 3);
	assert_int_equal(status(1).voters.voter[2].disk.bytes[1],
			 status(3).voters.voter[2].disk.bytes[1]);
}

static void read__waits_for_what_was_committed(void **state)
{
	(void)state;
	request(2, 1, 7);
	run_ms(100);
	core_on_read(world.node[3].core, world.now_ms, 77, world.now_ms + 1000);
	run_ms(100);
	assert_int_equal(world.node[3].token, 77);
	assert_int_equal(world.node[3].answer.verdict, CORE_READY);
	assert_int_equal(world.node[3].applied_sum, 7);
}

/* Its own list of voters may be two changes old: without the sequencer its majority is none. */
static void read__waits_for_the_sequencer(void **state)
{
	(void)state;
	hold(3, 1u << MESSAGE_ECHO);
	core_on_read(world.node[3].core, world.now_ms, 77, world.now_ms + 3000);
	run_ms(20);
	for (guint n = g_queue_get_length(&world.held); n > 0; n--) {
		struct mail *mail = g_queue_pop_head(&world.held);

		if (mail->message.from == 2) {
			core_on_message(world.node[3].core, world.now_ms, &mail->message);
		}
		mail_free(mail);
	}
	core_on_time(world.node[3].core, world.now_ms);
	assert_int_equal(world.node[3].token, 0);
	hold(0, 0);
	run_ms(500);
	assert_int_equal(world.node[3].token, 77);
	assert_int_equal(world.node[3].answer.verdict, CORE_READY);
}

static void snapshot__tells_which_cluster_it_is_of(void **state)
{
	uint8_t i;

	(void)state;
	hold(3, 1u << MESSAGE_APPEND | 1u << MESSAGE_ENTRIES);
	run_ms(1000);
	assert_int_equal(status(3).cluster.bytes[0], 0);
	for (i = 1; i <= 40; i++) {
		request(1, i, 1);
		run_ms(20);
		committed(1, i);
	}
	assert_true(status(1).snapshot_index > 0);
	hold(3, 1u << MESSAGE_ENTRIES); /* they would tell it too */
	run_ms(2000);
	assert_true(status(3).durable > 0);
	assert_int_equal(status(3).cluster.bytes[0], 0xc1);
}

/* Of entry 5: a voter, a request that was applied, and of the machine nothing. */
static void snapshot__that_was_cut_is_refused(void **state)
{
	static const uint8_t whole[44 + 24 + 4 + 36] = {
		[0] = 1, [4] = 5, [12] = 1, [20] = 1, [40] = 24, [44] = 1, [48] = 1, [68] = 1};
	const struct core_config config = {.node = 1, .boot = 1, .snapshot_every = 32};
	struct core_durable durable = {.cluster = {{1}}, .promised = {1, 1}, .base = {{1, 1}, 5}};
	struct node node = {0};

	(void)state;
	for (size_t bytes = 1; bytes <= sizeof(whole); bytes++) {
		g_autofree uint8_t *snapshot = g_memdup2(whole, bytes);
		const char *why = "";
		struct core *core;

		durable.snapshot = snapshot;
		durable.snapshot_bytes = bytes;
		core = core_new(&config, &durable, &ops, &node, &machine_ops, &node, &why);
		assert_int_equal(core != NULL, bytes == sizeof(whole));
		assert_string_equal(why, core != NULL ? "" : "the snapshot cannot be read");
		core_free(core);
	}
}

static void two_nodes__one_alone_only_after_fencing(void **state)
{
	const char *why = NULL;

	(void)state;
	node_stop(1);
	membership(true);
	run_ms(6000);
	assert_false(status(2).active);
	assert_int_equal(
		core_on_solo(world.node[2].core, world.now_ms, SOLO_FENCED, 1, false, &why),
		-EPERM);
	assert_int_equal(core_on_solo(world.node[2].core, world.now_ms, SOLO_FENCED, 1, true, &why),
			 0);
	request(2, 1, 7);
	run_ms(500);
	committed(2, 1);
	node_start(1);
	membership(true);
	run_ms(5000);
	assert_int_equal(status(1).voters.n, 2);
	assert_int_equal(world.node[1].applied_sum, 7);
}

/* What core_on_solo() will say when they are no longer together. */
static void two_nodes__know_before_whether_one_may_go_on_alone(void **state)
{
	const struct core *core = world.node[2].core;
	const char *why = NULL;

	(void)state;
	assert_null(core_solo_refused(core, 1, true));
	assert_non_null(strstr(core_solo_refused(core, 1, false), "wait_for_all"));
	assert_non_null(strstr(core_solo_refused(core, 3, true), "not two voters"));
	membership(false);
	assert_non_null(strstr(core_solo_refused(core, 1, true), "no quorum"));
	node_stop(1);
	membership(true);
	run_ms(6000);
	assert_null(core_solo_refused(core, 1, true));
	assert_int_equal(core_on_solo(world.node[2].core, world.now_ms, SOLO_FENCED, 1, true, &why),
			 0);
	run_ms(500);
	assert_non_null(strstr(core_solo_refused(core, 1, true), "not two voters"));
}

static void two_nodes__cold_start_waits_for_the_operator(void **state)
{
	const char *why = NULL;

	(void)state;
	node_stop(1);
	node_stop(2);
	node_start(2);
	membership(true);
	run_ms(6000);
	assert_int_equal(core_on_solo(world.node[2].core, world.now_ms, SOLO_FENCED, 1, true, &why),
			 -EPERM);
	assert_int_equal(
		core_on_solo(world.node[2].core, world.now_ms, SOLO_FORCED, 0, false, &why), 0);
	run_ms(500);
	assert_true(status(2).active);
	assert_int_equal(status(2).voters.n, 1);
}

/* Or one of the two could go on alone, while the other commits with the third. */
static void two_nodes__become_three_by_a_list_that_needs_both(void **state)
{
	bool both_needed = false;
	int i;

	(void)state;
	world.n = 3;
	node_start(3);
	membership(true);
	for (i = 0; i < 500 && status(3).role != CORE_FOLLOWER; i++) {
		run_ms(10);
		both_needed |= status(1).voters.n == 3 && status(1).voters.voter[0].node == 0;
	}
	assert_true(both_needed);
	run_ms(3000);
	assert_int_equal(status(1).voters.n, 3);
	assert_int_equal(status(1).voters.voter[2].node, 3);
	assert_int_equal(status(3).role, CORE_FOLLOWER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(blank_nodes__make_a_cluster, three, ended),
		cmocka_unit_test_setup_teardown(request__is_applied_everywhere_once, three, ended),
		cmocka_unit_test_setup_teardown(sequencer_lost__the_next_goes_on, three, ended),
		cmocka_unit_test_setup_teardown(minority__refuses, three, ended),
		cmocka_unit_test_setup_teardown(new_disk__learns_by_snapshot_and_votes, three,
						ended),
		cmocka_unit_test_setup_teardown(read__waits_for_what_was_committed, three, ended),
		cmocka_unit_test_setup_teardown(read__waits_for_the_sequencer, three, ended),
		cmocka_unit_test_setup_teardown(snapshot__tells_which_cluster_it_is_of, three_blank,
						ended),
		cmocka_unit_test(snapshot__that_was_cut_is_refused),
		cmocka_unit_test_setup_teardown(two_nodes__one_alone_only_after_fencing, two,
						ended),
		cmocka_unit_test_setup_teardown(two_nodes__become_three_by_a_list_that_needs_both,
						two, ended),
		cmocka_unit_test_setup_teardown(two_nodes__know_before_whether_one_may_go_on_alone,
						two, ended),
		cmocka_unit_test_setup_teardown(two_nodes__cold_start_waits_for_the_operator, two,
						ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
