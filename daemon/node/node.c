/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/node_internal.h"

#include <glib.h>
#include <poll.h>
#include <string.h>

#include "journal/journal_ipc.h"
#include "store/store_dir.h"

static int encryption_check(const struct node *node, struct err *err)
{
	int rc = cluster_config_encrypted(cluster_cpg_config(node->cluster), err);

	if (rc == 0) {
		return 0;
	}
	if (node->options.settings->allow_unencrypted) {
		qb_log(LOG_WARNING, "cluster: not encrypted, as " SETTINGS_FILE " allows: %s",
		       err_text(err));
		return 0;
	}
	return err_prefix(err, rc,
			  "corosync's network is not encrypted. Run corosync-keygen, copy "
			  "/etc/corosync/authkey to all nodes, set crypto_cipher: aes256 and "
			  "crypto_hash: sha256 in the totem section of corosync.conf (or "
			  "allow_unencrypted = yes in " SETTINGS_FILE ")");
}

static int key_load(struct node *node, struct err *err)
{
	int rc = wire_key_load(node->options.key_file, &node->key, err);

	return rc == -ENOENT ? err_prefix(err, rc,
					  "the nodes' common key is missing. Run 'lunmask journal "
					  "keygen' on one node and copy the file to all others")
			     : rc;
}

/* The order makes the error text name the first thing that the administrator has to fix. */
static int inputs_open(struct node *node, struct err *err)
{
	uint32_t nodes[JOURNAL_VOTERS_MAX];
	size_t n = 0;
	int rc = key_load(node, err);

	rc = rc < 0 ? rc
		    : cluster_cpg_open(node->options.loop, &node_cluster_ops, node, &node->cluster,
				       err);
	rc = rc < 0 ? rc : encryption_check(node, err);
	rc = rc < 0 ? rc : cluster_config_nodes(cluster_cpg_config(node->cluster), nodes, &n, err);
	if (rc == 0) {
		rc = wire_sender_init(&node->sender);
		rc = rc < 0 ? err_set(err, rc, "getrandom: %s", strerror(-rc)) : 0;
	}
	return rc;
}

static int state_open(struct node *node, bool make_new, struct err *err)
{
	const struct store_options options = {.make_new = make_new};
	enum store_history history = STORE_OLD;
	int rc = store_open(node->options.state_directory, &options, &node->store, &history, err);

	if (rc < 0) {
		return rc == -EAGAIN ? err_prefix(err, rc, "another lunmaskd has the store open")
				     : rc;
	}
	if (history == STORE_REPLACED) {
		qb_log(LOG_WARNING, "store: %s; this node rejoins as a learner", err_text(err));
	}
	if (history == STORE_NEW) {
		qb_log(LOG_NOTICE, "store: a new one was created in %s",
		       node->options.state_directory);
	}
	return 0;
}

static int core_make(struct node *node, const char **ret_why)
{
	struct core_config config = {
		.node = cluster_cpg_node(node->cluster),
		.disk = *store_disk(node->store),
		.boot = store_boot(node->store),
		.snapshot_every = CORE_SNAPSHOT_EVERY,
	};

	if (id128_random(&config.fresh) < 0) {
		*ret_why = "no random numbers";
		return -EIO;
	}
	tasks_free(node->tasks);
	node->tasks = tasks_new();
	node->core = core_new(&config, store_durable(node->store), &node_core_ops, node,
			      &tasks_machine_ops, node->tasks, ret_why);
	return node->core == NULL ? -EUCLEAN : 0;
}

/*
 * A store that passes its own checks but whose contents are inconsistent must not be used. One that
 * a newer lunmaskd wrote is kept as it is.
 */
static int core_open(struct node *node, struct err *err)
{
	const char *why = "";
	int rc = core_make(node, &why);

	if (rc == -EUCLEAN && tasks_newer(node->tasks)) {
		return err_set(err, -ENOTSUP, NODE_NEWER);
	}
	if (rc == -EUCLEAN) {
		qb_log(LOG_ERR, "store: its contents are inconsistent: %s", why);
		store_close(node->store);
		node->store = NULL;
		rc = state_open(node, true, err);
		if (rc < 0) {
			return rc;
		}
		rc = core_make(node, &why);
	}
	return rc < 0 ? err_set(err, rc, "the journal: %s", why) : 0;
}

static int node_open(struct node *node, struct err *err)
{
	int rc = inputs_open(node, err);

	rc = rc < 0 ? rc : state_open(node, false, err);
	rc = rc < 0 ? rc : core_open(node, err);
	node->watch = fencing_watch_new(node->options.loop, node->options.fenced_program,
					&node_watch_ops, node);
	rc = rc < 0 ? rc
		    : ipc_server_new(node->options.loop, JOURNAL_IPC_NAME, &node_ipc_ops, node,
				     node->tasks, &node->ipc, err);
	return rc;
}

static struct node *node_alloc(const struct node_options *options)
{
	struct node *node = g_new0(struct node, 1);

	node->options = *options;
	node->store_fd = -1;
	return node;
}

int node_new(const struct node_options *options, struct node **ret, struct err *err)
{
	struct node *node = node_alloc(options);
	int rc = node_open(node, err);

	if (rc < 0) {
		node_free(node);
		return rc;
	}
	*ret = node;
	return 0;
}

/* Before the first start there is none. A locked store was checked by the process that uses it. */
static int state_check(const char *directory, struct err *err)
{
	struct store_dir dir;
	int rc = store_dir_open(directory, true, &dir, err);

	if (rc == 0) {
		store_dir_release(&dir);
	}
	return rc == -ENOENT || rc == -EAGAIN ? 0 : rc;
}

int node_check(const struct node_options *options, struct err *err)
{
	struct node *node = node_alloc(options);
	int rc = inputs_open(node, err);

	rc = rc < 0 ? rc : state_check(options->state_directory, err);
	node_free(node);
	return rc;
}

static void start_tell(const struct node *node)
{
	char disk[ID128_TEXT];

	id128_to_str(store_disk(node->store), disk);
	qb_log(LOG_NOTICE, "lunmaskd starts | node=%u disk=%s boot=%llu",
	       cluster_cpg_node(node->cluster), disk, (unsigned long long)store_boot(node->store));
}

int node_start(struct node *node, struct err *err)
{
	int fd = store_fd(node->store);
	int rc = qb_loop_poll_add(node->options.loop, QB_LOOP_MED, fd, POLLIN, node, node_on_store);

	if (rc < 0) {
		return err_set(err, rc, "poll: %s", strerror(-rc));
	}
	node->store_fd = fd;
	start_tell(node);
	node_on_config(node, cluster_cpg_config(node->cluster));
	node_on_counters(node);
	node_domains_start(node);
	rc = node_paths_start(node, err);
	if (rc < 0) {
		return rc;
	}
	node_ask_start(node);
	return cluster_cpg_join(node->cluster, err);
}

void node_stop(struct node *node)
{
	node_end(node, EXIT_STATUS_OK);
}

bool node_ended(const struct node *node)
{
	return node->ended;
}

enum exit_status node_exit_status(const struct node *node)
{
	return node->exit_status;
}

/* If it is killed before the store is replaced, the others tell its successor to reset again. */
static void store_replace(struct node *node)
{
	const struct store_options options = {.make_new = true};
	struct store *store = NULL;
	enum store_history history;
	struct err err = ERR_INIT;

	if (store_open(node->options.state_directory, &options, &store, &history, &err) < 0) {
		qb_log(LOG_ERR, "store: cannot create a new one: %s", err_text(&err));
		return;
	}
	qb_log(LOG_WARNING, "store: a new one was created, this node rejoins as a learner: %s",
	       err_text(&err));
	store_close(store);
}

void node_free(struct node *node)
{
	if (node == NULL) {
		return;
	}
	node->ended = true;
	ipc_server_free(node->ipc);
	node_domains_stop(node);
	node_paths_stop(node);
	node_ask_stop(node);
	fencing_watch_free(node->watch);
	if (node->core_armed) {
		(void)qb_loop_timer_del(node->options.loop, node->core_timer);
	}
	if (node->counters_armed) {
		(void)qb_loop_timer_del(node->options.loop, node->counters_timer);
	}
	if (node->store_fd >= 0) {
		(void)qb_loop_poll_del(node->options.loop, node->store_fd);
	}
	cluster_cpg_close(node->cluster);
	core_free(node->core);
	tasks_free(node->tasks);
	store_close(node->store);
	if (node->exit_status == EXIT_STATUS_RESET) {
		store_replace(node);
	}
	wire_key_wipe(&node->key);
	g_free(node);
}
