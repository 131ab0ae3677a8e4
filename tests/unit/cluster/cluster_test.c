/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>
#include <string.h>

#include "cluster/cluster.h"
#include "cluster/cluster_node.h"
#include "cluster/pacemaker_compat.h"
#include "names/name_limits.h"

/* Pacemaker's client libraries, as far as they are called: these definitions go before theirs. */

static struct {
	int connect_rc;
	bool reply;
	bool quorum;
	const char *uname;
	pcmk_ipc_callback_t callback;
	void *user;
} controller;

static struct {
	int connect_rc;
	stonith_history_t *history;
	bool hang;
	sem_t go_on;
} fencer;

int pcmk_new_ipc_api(pcmk_ipc_api_t **api, enum pcmk_ipc_server server)
{
	(void)server;
	*api = NULL;
	return pcmk_rc_ok;
}

void pcmk_free_ipc_api(pcmk_ipc_api_t *api)
{
	(void)api;
}

void pcmk_register_ipc_callback(pcmk_ipc_api_t *api, pcmk_ipc_callback_t cb, void *user_data)
{
	(void)api;
	controller.callback = cb;
	controller.user = user_data;
}

int pcmk_connect_ipc(pcmk_ipc_api_t *api, enum pcmk_ipc_dispatch dispatch_type)
{
	(void)api;
	(void)dispatch_type;
	return controller.connect_rc;
}

int pcmk_controld_api_node_info(pcmk_ipc_api_t *api, uint32_t nodeid)
{
	pcmk_controld_api_reply_t reply = {.reply_type = pcmk_controld_reply_info};

	(void)nodeid;
	reply.data.node_info.have_quorum = controller.quorum;
	reply.data.node_info.uname = controller.uname;
	if (controller.reply) {
		controller.callback(api, pcmk_ipc_event_reply, CRM_EX_OK, &reply, controller.user);
	}
	return pcmk_rc_ok;
}

int pcmk_controld_api_reprobe(pcmk_ipc_api_t *api, const char *target_node, const char *router_node)
{
	pcmk_controld_api_reply_t reply = {.reply_type = pcmk_controld_reply_resource};

	assert_string_equal(target_node, "node1");
	assert_string_equal(router_node, "node1");
	if (controller.reply) {
		controller.callback(api, pcmk_ipc_event_reply, CRM_EX_OK, &reply, controller.user);
	}
	return pcmk_rc_ok;
}

static int fencer_connect(stonith_t *st, const char *name, int *stonith_fd)
{
	(void)st;
	(void)name;
	(void)stonith_fd;
	return fencer.connect_rc;
}

static int fencer_disconnect(stonith_t *st)
{
	(void)st;
	return pcmk_ok;
}

static int fencer_history(stonith_t *st, int options, const char *node, stonith_history_t **output,
			  int timeout)
{
	(void)st;
	(void)options;
	(void)node;
	(void)timeout;
	if (fencer.hang) {
		(void)sem_wait(&fencer.go_on);
	}
	*output = fencer.history;
	return pcmk_ok;
}

static stonith_api_operations_t fencer_ops = {
	.connect = fencer_connect, .disconnect = fencer_disconnect, .history = fencer_history};
static stonith_t fencer_api = {.cmds = &fencer_ops};

stonith_t *stonith_api_new(void)
{
	return &fencer_api;
}

void stonith_api_delete(stonith_t *st)
{
	(void)st;
}

void stonith_history_free(stonith_history_t *history)
{
	(void)history;
}

static int setup(void **state)
{
	(void)state;
	memset(&controller, 0, sizeof(controller));
	controller.reply = true;
	controller.uname = "node1";
	return 0;
}

static void cluster_has_quorum__is_what_the_controller_says(void **state)
{
	bool quorum = false;

	(void)state;
	controller.quorum = true;
	assert_int_equal(cluster_has_quorum(deadline_in(TEST_LIMIT_MS), &quorum, NULL), 0);
	assert_true(quorum);
	controller.quorum = false;
	assert_int_equal(cluster_has_quorum(deadline_in(TEST_LIMIT_MS), &quorum, NULL), 0);
	assert_false(quorum);
}

static void cluster_has_quorum__is_unknown_without_a_controller(void **state)
{
	struct err err = ERR_INIT;
	bool quorum = false;

	(void)state;
	controller.quorum = true;
	controller.connect_rc = ECONNREFUSED;
	assert_int_equal(cluster_has_quorum(deadline_in(TEST_LIMIT_MS), &quorum, &err), -ENOTCONN);
	assert_non_null(strstr(err_text(&err), "quorum is not known"));
	controller.connect_rc = pcmk_rc_ok;
	controller.reply = false;
	assert_int_equal(cluster_has_quorum(deadline_in(TEST_LIMIT_MS), &quorum, NULL), -ENOTCONN);
	assert_false(quorum);
}

static void cluster_local_node__copies_the_name(void **state)
{
	char name[6];

	(void)state;
	assert_int_equal(cluster_local_node(deadline_in(TEST_LIMIT_MS), name, sizeof(name), NULL),
			 0);
	assert_string_equal(name, "node1");
	assert_int_equal(cluster_local_node(deadline_in(TEST_LIMIT_MS), name, 5, NULL), -ENOBUFS);
	controller.uname = NULL;
	assert_int_equal(cluster_local_node(deadline_in(TEST_LIMIT_MS), name, 6, NULL), -ENOTCONN);
}

static void cluster_node_fate__refuses_what_is_no_name(void **state)
{
	static const char *const wrong[] = {"", "a'b", "a']|//*['", "a\"b", "a/b"};
	char long_name[NODE_NAME_MAX + 2];
	enum cluster_node_fate fate;
	struct cluster_fencings at;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		assert_int_equal(cluster_node_fate(wrong[i], deadline_in(100), &fate, NULL),
				 -EINVAL);
		assert_int_equal(cluster_node_fencings(wrong[i], deadline_in(100), &at, NULL),
				 -EINVAL);
	}
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(cluster_node_fate(long_name, deadline_in(100), &fate, NULL), -EINVAL);
}

static void cluster_node_judge__wants_proof_for_down(void **state)
{
	static const struct {
		struct cluster_node_state state;
		enum cluster_node_fate fate;
	} cases[] = {
		{{"true", "online", "member"}, CLUSTER_NODE_UP},
		{{"1795408056", "1795408057", "member"}, CLUSTER_NODE_UP},
		{{"true", "offline", "down"}, CLUSTER_NODE_UP},
		{{"false", "online", "down"}, CLUSTER_NODE_UP},
		{{"false", "offline", "down"}, CLUSTER_NODE_DOWN},
		{{"0", "0", "down"}, CLUSTER_NODE_DOWN},
		{{"false", "offline", "member"}, CLUSTER_NODE_UNKNOWN},
		{{"false", "offline", NULL}, CLUSTER_NODE_UNKNOWN},
		{{NULL, "offline", "down"}, CLUSTER_NODE_UNKNOWN},
		{{"false", NULL, "down"}, CLUSTER_NODE_UNKNOWN},
		{{"", "offline", "down"}, CLUSTER_NODE_UNKNOWN},
		{{"perhaps", "offline", "down"}, CLUSTER_NODE_UNKNOWN},
		{{"false", "maybe", "down"}, CLUSTER_NODE_UNKNOWN},
		{{NULL, NULL, NULL}, CLUSTER_NODE_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_int_equal(cluster_node_judge(&cases[i].state), cases[i].fate);
	}
}

static char off[] = "off", on[] = "on";

static void cluster_reprobe__is_a_request_to_this_nodes_controller(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	controller.connect_rc = pcmk_rc_ok;
	controller.reply = true;
	assert_int_equal(cluster_reprobe("node1", deadline_in(TEST_LIMIT_MS), &err), 0);
	assert_int_equal(cluster_reprobe("no'de", deadline_in(TEST_LIMIT_MS), &err), -EINVAL);
	controller.reply = false;
	assert_int_equal(cluster_reprobe("node1", deadline_in(TEST_LIMIT_MS), &err), -ENOTCONN);
	assert_non_null(strstr(err_text(&err), "no reply"));
	controller.connect_rc = ECONNREFUSED;
	assert_int_equal(cluster_reprobe("node1", deadline_in(TEST_LIMIT_MS), &err), -ENOTCONN);
	controller.connect_rc = pcmk_rc_ok;
	controller.reply = true;
}

/* A node that was fenced at 10 and let in again at 30 was fenced at 10, not at 30. */
static void cluster_node_fencings__takes_no_unfencing_for_a_fencing(void **state)
{
	stonith_history_t let_in = {.action = on, .state = st_done, .completed = 30};
	stonith_history_t fenced = {.action = off, .state = st_done, .completed = 10};
	struct cluster_fencings at = {.count = 7};

	(void)state;
	fencer.history = &let_in;
	assert_int_equal(cluster_node_fencings("node2", deadline_in(TEST_LIMIT_MS), &at, NULL), 0);
	assert_int_equal(at.last, 0);
	assert_int_equal(at.count, 0);
	let_in.next = &fenced;
	assert_int_equal(cluster_node_fencings("node2", deadline_in(TEST_LIMIT_MS), &at, NULL), 0);
	assert_int_equal(at.last, 10);
	assert_int_equal(at.count, 1);
}

/* "It was never fenced" is an answer; none is none. */
static void cluster_node_fencings__is_not_known_without_a_fencer(void **state)
{
	struct err err = ERR_INIT;
	struct cluster_fencings at;

	(void)state;
	fencer.connect_rc = -ECONNREFUSED;
	assert_int_equal(cluster_node_fencings("node2", deadline_in(TEST_LIMIT_MS), &at, &err),
			 -ENOTCONN);
	assert_non_null(strstr(err_text(&err), "node2"));
	fencer.connect_rc = pcmk_ok;
}

/* Its libraries are of use to one thread at a time. */
static void cluster__asks_again_when_a_daemon_that_hung_has_answered(void **state)
{
	bool quorum;
	struct cluster_fencings at;

	(void)state;
	(void)sem_init(&fencer.go_on, 0, 0);
	fencer.hang = true;
	fencer.history = NULL; /* what is left behind reads it after this function */
	assert_int_equal(cluster_node_fencings("node2", deadline_in(50), &at, NULL), -ETIMEDOUT);
	assert_int_equal(cluster_has_quorum(deadline_in(50), &quorum, NULL), -ENOTCONN);
	assert_int_equal(cluster_has_quorum(deadline_in(50), &quorum, NULL), -ENOTCONN);
	fencer.hang = false;
	(void)sem_post(&fencer.go_on);
	assert_int_equal(cluster_has_quorum(deadline_in(TEST_LIMIT_MS), &quorum, NULL), 0);
	assert_int_equal(cluster_node_fencings("node2", deadline_in(TEST_LIMIT_MS), &at, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(cluster_has_quorum__is_what_the_controller_says, setup),
		cmocka_unit_test_setup(cluster_has_quorum__is_unknown_without_a_controller, setup),
		cmocka_unit_test_setup(cluster_local_node__copies_the_name, setup),
		cmocka_unit_test(cluster_node_fate__refuses_what_is_no_name),
		cmocka_unit_test(cluster_node_judge__wants_proof_for_down),
		cmocka_unit_test(cluster_reprobe__is_a_request_to_this_nodes_controller),
		cmocka_unit_test(cluster_node_fencings__takes_no_unfencing_for_a_fencing),
		cmocka_unit_test(cluster_node_fencings__is_not_known_without_a_fencer),
		cmocka_unit_test_setup(cluster__asks_again_when_a_daemon_that_hung_has_answered,
				       setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
