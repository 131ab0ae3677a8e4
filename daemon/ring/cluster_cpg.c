/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring/cluster_cpg.h"

#include <glib.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <corosync/cmap.h>
#include <corosync/cpg.h>
#include <corosync/quorum.h>

#include "ring/outbox.h"

#define MS_NS UINT64_C(1000000)
#define DISPATCH_MAX 64   /* messages handled in a row before other events get a turn */
#define RESEND_MS 10      /* until the next attempt to send a message */
#define JOIN_RETRY_MS 100 /* corosync returns "try again" while its nodes synchronise */
#define JOIN_RETRIES_MAX 300
#define CONFIG_SETTLE_MS 1000
#define VALUE_TEXT_MAX 512
#define RIVALS_MAX 16

struct timer {
	qb_loop_timer_handle handle;
	bool armed;
};

struct cluster_cpg {
	qb_loop_t *loop;
	const struct cluster_cpg_ops *ops;
	void *user;

	cmap_handle_t cmap;
	cpg_handle_t cpg;
	quorum_handle_t quorum;
	int fds[3]; /* cmap, quorum, cpg while they are polled; otherwise -1 */

	uint32_t node;
	uint32_t pid;
	struct cluster_config config;

	uint32_t members[CPG_MEMBERS_MAX];
	size_t n_members;
	bool have_members;
	struct ring ring;
	bool have_ring;
	uint32_t rivals[RIVALS_MAX];
	size_t n_rivals;

	struct outbox outbox;
	struct timer resend, settle, join;
	int join_tries;

	bool lost;
	struct err lost_why;
};

static int cs_error(cs_error_t cs, const char *what, struct err *err)
{
	static const struct {
		cs_error_t cs;
		int rc;
		const char *text;
	} table[] = {
		{CS_ERR_LIBRARY, -ENOTCONN, "corosync does not answer; is it running?"},
		{CS_ERR_TRY_AGAIN, -ENOTCONN, "corosync is starting, or is busy"},
		{CS_ERR_ACCESS, -EACCES, "permission denied; only root may connect"},
		{CS_ERR_NO_MEMORY, -ENOMEM, "out of memory"},
		{CS_ERR_BAD_HANDLE, -ENOTCONN, "the connection is gone"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (table[i].cs == cs) {
			return err_set(err, table[i].rc, "%s: %s", what, table[i].text);
		}
	}
	return err_set(err, -ENOTCONN, "%s: corosync error %d", what, (int)cs);
}

static void timer_stop(struct cluster_cpg *cluster, struct timer *timer)
{
	if (timer->armed) {
		(void)qb_loop_timer_del(cluster->loop, timer->handle);
		timer->armed = false;
	}
}

static void timer_start(struct cluster_cpg *cluster, struct timer *timer, unsigned int ms,
			qb_loop_timer_dispatch_fn function)
{
	timer_stop(cluster, timer);
	timer->armed = qb_loop_timer_add(cluster->loop, QB_LOOP_MED, ms * MS_NS, cluster, function,
					 &timer->handle) == 0;
}

/* Loss of corosync: any function may detect it; it is reported from the loop. */

/* libqb requires an explicit removal: a callback that returns -1 leaves the fd in its epoll set. */
static void fds_unpoll(struct cluster_cpg *cluster)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cluster->fds); i++) {
		if (cluster->fds[i] >= 0) {
			(void)qb_loop_poll_del(cluster->loop, cluster->fds[i]);
			cluster->fds[i] = -1;
		}
	}
}

static void lost_tell(void *data)
{
	struct cluster_cpg *cluster = data;

	fds_unpoll(cluster);
	cluster->ops->lost(cluster->user, err_text(&cluster->lost_why));
}

static void cluster_lose(struct cluster_cpg *cluster, cs_error_t cs, const char *what)
{
	if (cluster->lost) {
		return;
	}
	cluster->lost = true;
	(void)(cs == CS_OK ? err_set(&cluster->lost_why, -ENOTCONN, "%s", what)
			   : cs_error(cs, what, &cluster->lost_why));
	outbox_clear(&cluster->outbox);
	(void)qb_loop_job_add(cluster->loop, QB_LOOP_HIGH, cluster, lost_tell);
}

/* The group */

static struct cluster_cpg *cpg_cluster(cpg_handle_t handle)
{
	void *context = NULL;

	return cpg_context_get(handle, &context) == CS_OK ? context : NULL;
}

static void rival_tell(struct cluster_cpg *cluster, uint32_t pid)
{
	for (size_t i = 0; i < cluster->n_rivals; i++) {
		if (cluster->rivals[i] == pid) {
			return;
		}
	}
	if (cluster->n_rivals < RIVALS_MAX) {
		cluster->rivals[cluster->n_rivals++] = pid;
		cluster->ops->rival(cluster->user, pid);
	}
}

/* Reports only when both members and ring are known: without its ring the list is incomplete. */
static void members_tell(struct cluster_cpg *cluster)
{
	if (cluster->have_members && cluster->have_ring) {
		cluster->ops->members(cluster->user, cluster->members, cluster->n_members,
				      cluster->ring);
	}
}

/* Copies the members of the group. False if this process is not one of them. */
static bool members_take(struct cluster_cpg *cluster, const struct cpg_address *list, size_t n_list)
{
	bool here = false;
	size_t n = 0;

	for (size_t i = 0; i < n_list && n < CPG_MEMBERS_MAX; i++) {
		bool ours = list[i].nodeid == cluster->node;

		here = here || (ours && list[i].pid == cluster->pid);
		if (ours && list[i].pid != cluster->pid) {
			rival_tell(cluster, list[i].pid);
		} else {
			cluster->members[n++] = list[i].nodeid;
		}
	}
	cluster->n_members = cluster_config_ids_sort(cluster->members, n);
	return here;
}

static void on_confchg(cpg_handle_t handle, const struct cpg_name *group,
		       const struct cpg_address *list, size_t n_list,
		       const struct cpg_address *left, size_t n_left,
		       const struct cpg_address *joined, size_t n_joined)
{
	struct cluster_cpg *cluster = cpg_cluster(handle);

	(void)group, (void)left, (void)n_left, (void)joined, (void)n_joined;
	if (cluster == NULL || cluster->lost) {
		return;
	}
	if (!members_take(cluster, list, n_list)) {
		cluster_lose(cluster, CS_OK, "corosync has removed this process from the group");
		return;
	}
	cluster->have_members = true;
	members_tell(cluster);
}

/* Called after the change of membership that the new ring belongs to. */
static void on_totem(cpg_handle_t handle, struct cpg_ring_id ring, uint32_t n_list,
		     const uint32_t *list)
{
	struct cluster_cpg *cluster = cpg_cluster(handle);

	(void)n_list, (void)list;
	if (cluster == NULL || cluster->lost) {
		return;
	}
	cluster->ring = (struct ring){.node = ring.nodeid, .sequence = ring.seq};
	cluster->have_ring = true;
	members_tell(cluster);
}

static void on_deliver(cpg_handle_t handle, const struct cpg_name *group, uint32_t node,
		       uint32_t pid, void *data, size_t bytes)
{
	struct cluster_cpg *cluster = cpg_cluster(handle);

	(void)group;
	/* corosync also delivers the messages of this process, which prove nothing. */
	if (cluster != NULL && !cluster->lost && (node != cluster->node || pid != cluster->pid)) {
		cluster->ops->message(cluster->user, node, pid, data, bytes);
	}
}

/* Sending */

static void resend_arm(struct cluster_cpg *cluster);

/* False: corosync does not accept the message now. */
static bool message_mcast(struct cluster_cpg *cluster, const uint8_t *data, size_t bytes)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = bytes};
	cs_error_t cs = cpg_mcast_joined(cluster->cpg, CPG_TYPE_AGREED, &iov, 1);

	/* NOT_EXIST: the join has not completed yet. */
	if (cs == CS_ERR_TRY_AGAIN || cs == CS_ERR_NOT_EXIST) {
		return false;
	}
	if (cs != CS_OK) {
		cluster_lose(cluster, cs, "sending to the process group");
	}
	return true;
}

static void outbox_flush(void *data)
{
	struct cluster_cpg *cluster = data;
	const uint8_t *message;
	size_t bytes;

	cluster->resend.armed = false;
	for (int i = 0; i < DISPATCH_MAX && outbox_first(&cluster->outbox, &message, &bytes); i++) {
		if (!message_mcast(cluster, message, bytes)) {
			break;
		}
		outbox_remove_first(&cluster->outbox);
	}
	resend_arm(cluster);
}

static void resend_arm(struct cluster_cpg *cluster)
{
	if (cluster->outbox.n > 0 && !cluster->resend.armed && !cluster->lost) {
		timer_start(cluster, &cluster->resend, RESEND_MS, outbox_flush);
	}
}

void cluster_cpg_send(struct cluster_cpg *cluster, const uint8_t *data, size_t bytes)
{
	if (cluster->lost) {
		return;
	}
	if (cluster->outbox.n > 0 || !message_mcast(cluster, data, bytes)) {
		outbox_put(&cluster->outbox, data, bytes);
		resend_arm(cluster);
	}
}

uint64_t cluster_cpg_dropped(const struct cluster_cpg *cluster)
{
	return cluster->outbox.dropped;
}

/* Quorum */

static void on_quorum(quorum_handle_t handle, uint32_t quorate, struct quorum_ring_id ring,
		      uint32_t n_list, const uint32_t *list)
{
	const struct ring at = {.node = ring.nodeid, .sequence = ring.seq};
	uint32_t nodes[CPG_MEMBERS_MAX];
	const void *context = NULL;
	size_t n = n_list < CPG_MEMBERS_MAX ? n_list : CPG_MEMBERS_MAX;
	struct cluster_cpg *cluster;

	if (quorum_context_get(handle, &context) != CS_OK) {
		return;
	}
	cluster = (struct cluster_cpg *)(uintptr_t)context;
	if (n > 0) {
		memcpy(nodes, list, n * sizeof(nodes[0]));
		n = cluster_config_ids_sort(nodes, n);
	}
	if (!cluster->lost) {
		cluster->ops->quorum(cluster->user, quorate != 0, nodes, n, at);
	}
}

/* Configuration */

/* False if the value has a type that none of our keys has. */
static bool value_to_text(cmap_value_types_t type, const void *data, size_t bytes,
			  char text[VALUE_TEXT_MAX])
{
	uint64_t number = 0;

	switch (type) {
	case CMAP_VALUETYPE_STRING:
		(void)snprintf(text, VALUE_TEXT_MAX, "%.*s",
			       (int)(bytes < VALUE_TEXT_MAX ? bytes : VALUE_TEXT_MAX),
			       (const char *)data);
		return true;
	case CMAP_VALUETYPE_UINT8:
	case CMAP_VALUETYPE_UINT16:
	case CMAP_VALUETYPE_UINT32:
	case CMAP_VALUETYPE_UINT64:
		if (bytes > sizeof(number)) {
			return false;
		}
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
		memcpy((char *)&number + sizeof(number) - bytes, data, bytes);
#else
		memcpy(&number, data, bytes);
#endif
		(void)snprintf(text, VALUE_TEXT_MAX, "%llu", (unsigned long long)number);
		return true;
	default: return false;
	}
}

static void config_settled(void *data)
{
	struct cluster_cpg *cluster = data;

	cluster->settle.armed = false;
	if (!cluster->lost) {
		cluster->ops->config(cluster->user, &cluster->config);
	}
}

static void on_key(cmap_handle_t handle, cmap_track_handle_t track, int32_t event, const char *key,
		   struct cmap_notify_value value, struct cmap_notify_value old, void *user)
{
	struct cluster_cpg *cluster = user;
	char text[VALUE_TEXT_MAX];
	bool there = event != CMAP_TRACK_DELETE &&
		     value_to_text(value.type, value.data, value.len, text);

	(void)handle, (void)track, (void)old;
	if (!cluster_config_set(&cluster->config, key, there ? text : NULL)) {
		return;
	}
	/* A reload reports one key after the other, so the node lists in between may be wrong. */
	timer_start(cluster, &cluster->settle, CONFIG_SETTLE_MS, config_settled);
}

static void key_read(struct cluster_cpg *cluster, const char *key)
{
	char value[VALUE_TEXT_MAX];
	char text[VALUE_TEXT_MAX];
	cmap_value_types_t type;
	size_t bytes = sizeof(value);

	if (cmap_get(cluster->cmap, key, value, &bytes, &type) == CS_OK &&
	    value_to_text(type, value, bytes, text)) {
		(void)cluster_config_set(&cluster->config, key, text);
	}
}

/* Tracking starts before reading, so that no change in between is missed. */
static int prefix_read(struct cluster_cpg *cluster, const char *prefix, struct err *err)
{
	const int32_t events =
		CMAP_TRACK_ADD | CMAP_TRACK_DELETE | CMAP_TRACK_MODIFY | CMAP_TRACK_PREFIX;
	char key[CMAP_KEYNAME_MAXLEN + 1];
	cmap_track_handle_t track;
	cmap_iter_handle_t iter;
	cs_error_t cs = cmap_track_add(cluster->cmap, prefix, events, on_key, cluster, &track);

	cs = cs != CS_OK ? cs : cmap_iter_init(cluster->cmap, prefix, &iter);
	if (cs != CS_OK) {
		return cs_error(cs, "corosync's configuration", err);
	}
	while (cmap_iter_next(cluster->cmap, iter, key, NULL, NULL) == CS_OK) {
		key_read(cluster, key);
	}
	(void)cmap_iter_finalize(cluster->cmap, iter);
	return 0;
}

static int config_read(struct cluster_cpg *cluster, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; cluster_config_prefixes[i] != NULL && rc == 0; i++) {
		rc = prefix_read(cluster, cluster_config_prefixes[i], err);
	}
	return rc;
}

/* Opening, joining and closing */

static int handles_open(struct cluster_cpg *cluster, struct err *err)
{
	cpg_model_v1_data_t cpg_model = {
		.model = CPG_MODEL_V1,
		.cpg_deliver_fn = on_deliver,
		.cpg_confchg_fn = on_confchg,
		.cpg_totem_confchg_fn = on_totem,
		.flags = CPG_MODEL_V1_DELIVER_INITIAL_TOTEM_CONF,
	};
	quorum_model_v1_data_t quorum_model = {
		.model = QUORUM_MODEL_V1,
		.quorum_notify_fn = on_quorum,
	};
	unsigned int node = 0;
	uint32_t type = 0;
	cs_error_t cs = cmap_initialize(&cluster->cmap);

	cs = cs != CS_OK ? cs
			 : cpg_model_initialize(&cluster->cpg, CPG_MODEL_V1,
						(cpg_model_data_t *)&cpg_model, cluster);
	cs = cs != CS_OK ? cs
			 : quorum_model_initialize(&cluster->quorum, QUORUM_MODEL_V1,
						   (quorum_model_data_t *)&quorum_model, &type,
						   cluster);
	cs = cs != CS_OK ? cs : cpg_local_get(cluster->cpg, &node);
	if (cs != CS_OK) {
		return cs_error(cs, "corosync", err);
	}
	if (type != QUORUM_SET) {
		return err_set(err, -EINVAL,
			       "corosync.conf has no quorum provider; add quorum { provider: "
			       "corosync_votequorum }");
	}
	cluster->node = node;
	return 0;
}

int cluster_cpg_open(qb_loop_t *loop, const struct cluster_cpg_ops *ops, void *user,
		     struct cluster_cpg **ret, struct err *err)
{
	struct cluster_cpg *cluster = g_new0(struct cluster_cpg, 1);
	int rc;

	*cluster = (struct cluster_cpg){.loop = loop, .ops = ops, .user = user};
	cluster->fds[0] = cluster->fds[1] = cluster->fds[2] = -1;
	cluster->pid = (uint32_t)getpid();
	rc = handles_open(cluster, err);
	rc = rc < 0 ? rc : config_read(cluster, err);
	if (rc < 0) {
		cluster_cpg_close(cluster);
		return rc;
	}
	*ret = cluster;
	return 0;
}

static cs_error_t connection_dispatch(struct cluster_cpg *cluster, int32_t fd)
{
	cs_error_t cs = CS_OK;

	if (fd == cluster->fds[0]) {
		return cmap_dispatch(cluster->cmap, CS_DISPATCH_ALL);
	}
	if (fd == cluster->fds[1]) {
		return quorum_dispatch(cluster->quorum, CS_DISPATCH_ALL);
	}
	for (int i = 0; i < DISPATCH_MAX && cs == CS_OK && !cluster->lost; i++) {
		cs = cpg_dispatch(cluster->cpg, CS_DISPATCH_ONE_NONBLOCKING);
	}
	return cs;
}

static int32_t on_poll(int32_t fd, int32_t revents, void *data)
{
	struct cluster_cpg *cluster = data;
	cs_error_t cs = CS_OK;

	/* cpg_dispatch() does not report that corosync has exited; the socket does. */
	if ((revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
		cluster_lose(cluster, CS_OK, "corosync is gone");
	} else {
		cs = connection_dispatch(cluster, fd);
	}
	if (cs != CS_OK && cs != CS_ERR_TRY_AGAIN) {
		cluster_lose(cluster, cs, "corosync");
	}
	return 0;
}

static int fds_poll(struct cluster_cpg *cluster, struct err *err)
{
	int fds[] = {-1, -1, -1};
	cs_error_t cs = cmap_fd_get(cluster->cmap, &fds[0]);

	cs = cs != CS_OK ? cs : quorum_fd_get(cluster->quorum, &fds[1]);
	cs = cs != CS_OK ? cs : cpg_fd_get(cluster->cpg, &fds[2]);
	if (cs != CS_OK) {
		return cs_error(cs, "corosync", err);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		int rc = qb_loop_poll_add(cluster->loop, QB_LOOP_MED, fds[i], POLLIN, cluster,
					  on_poll);

		if (rc < 0) {
			return err_set(err, rc, "poll: %s", strerror(-rc));
		}
		cluster->fds[i] = fds[i];
	}
	return 0;
}

static void group_join(void *data)
{
	struct cluster_cpg *cluster = data;
	struct cpg_name group = {.length = sizeof(CLUSTER_CPG_GROUP) - 1};
	cs_error_t cs;

	cluster->join.armed = false;
	memcpy(group.value, CLUSTER_CPG_GROUP, group.length);
	cs = cpg_join(cluster->cpg, &group);
	if (cs == CS_ERR_TRY_AGAIN && cluster->join_tries++ < JOIN_RETRIES_MAX) {
		timer_start(cluster, &cluster->join, JOIN_RETRY_MS, group_join);
		return;
	}
	if (cs != CS_OK) {
		cluster_lose(cluster, cs, "joining the process group");
	}
}

int cluster_cpg_join(struct cluster_cpg *cluster, struct err *err)
{
	cs_error_t cs;
	int rc = fds_poll(cluster, err);

	if (rc < 0) {
		return rc;
	}
	cs = quorum_trackstart(cluster->quorum, CS_TRACK_CURRENT | CS_TRACK_CHANGES);
	if (cs != CS_OK) {
		return cs_error(cs, "quorum", err);
	}
	group_join(cluster);
	return 0;
}

const struct cluster_config *cluster_cpg_config(const struct cluster_cpg *cluster)
{
	return &cluster->config;
}

uint32_t cluster_cpg_node(const struct cluster_cpg *cluster)
{
	return cluster->node;
}

/* After the loop. Finalizing the handles would wait for corosync: the exit closes them. */
void cluster_cpg_close(struct cluster_cpg *cluster)
{
	if (cluster == NULL) {
		return;
	}
	fds_unpoll(cluster);
	timer_stop(cluster, &cluster->resend);
	timer_stop(cluster, &cluster->settle);
	timer_stop(cluster, &cluster->join);
	outbox_clear(&cluster->outbox);
	g_free(cluster);
}
