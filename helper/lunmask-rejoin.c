/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-rejoin: what a host that was fenced by mask while it was running asks of its cluster.
 * lunmask-cutoff(8) runs this program so that it does not have to wait for Pacemaker itself.
 *
 *	lunmask-rejoin reprobe NODE   forget what ran on NODE and probe it again
 *	lunmask-rejoin unfence NODE   unfence this node, if the cluster has fenced it
 *
 * Exit status: 0: done; 1: not done, the last line on stderr says why; 2: usage.
 */
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cluster/cluster.h"
#include "cluster/fencer.h"
#include "cluster/pacemaker_compat.h"
#include "journal/journal.h"
#include "names/name_limits.h"

#define CLIENT "lunmask-rejoin"
#define QUESTIONS_MS 15000
#define FENCER_TIMEOUT_S 8
#define UNFENCE_TIMEOUT_S 90
#define ALL_TIMEOUT_S 110 /* less than the caller's time limit */

struct call {
	const char *node;
	struct deadline deadline; /* for all queries together */
};

/*
 * The checks before unfencing, in this order. The data do not depend on them: an unfenced host is
 * granted nothing by that, and the "on" action has its own checks. They keep a node that the other
 * nodes do not count as a member from undoing a fencing that those nodes rely on.
 */

static int is_this_node(const struct call *call, struct err *err)
{
	char name[NODE_NAME_MAX + 1];
	int rc = cluster_local_node(call->deadline, name, sizeof(name), err);

	if (rc == 0 && strcmp(name, call->node) != 0) {
		rc = err_set(err, -EPERM, "Pacemaker's name of this node is %s", name);
	}
	return rc;
}

static int is_quorate(const struct call *call, struct err *err)
{
	bool quorum = false;
	int rc = cluster_has_quorum(call->deadline, &quorum, err);

	return rc == 0 && !quorum ? err_set(err, -EPERM, "the cluster has no quorum here") : rc;
}

static int is_online(const struct call *call, struct err *err)
{
	enum cluster_node_fate fate;
	int rc = cluster_node_fate(call->node, call->deadline, &fate, err);

	return rc == 0 && fate != CLUSTER_NODE_UP
		       ? err_set(err, -EPERM, "this node is not a member of the cluster yet")
		       : rc;
}

/* If two nodes fenced each other, the loser may be quorate alone; its journal has no majority. */
static int is_with_the_majority(const struct call *call, struct err *err)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct journal_task task;
	int rc = journal_open(call->deadline, &journal, err);

	/* The name is not that of a VM: only whether the journal can answer matters. */
	rc = rc < 0 ? rc
		    : journal_task_get(journal, call->node, JOURNAL_LINEARIZABLE, call->deadline,
				       &task, err);
	return rc == 0 || rc == -ENOENT
		       ? 0
		       : err_prefix(err, rc, "the journal has no majority of the nodes here");
}

static int is_fenced_by_cluster(const struct call *call, struct err *err)
{
	bool fenced = false;
	int rc = fencer_is_fenced(CLIENT, call->node, FENCER_TIMEOUT_S, &fenced);

	if (rc != pcmk_ok) {
		return err_set(err, -EIO, "the fencer does not answer: %s", pcmk_strerror(rc));
	}
	return fenced ? 0
		      : err_set(err, -EPERM,
				"the fencer's last recorded action on this host is not a fencing; "
				"if it was fenced by hand, unfence it by hand: "
				"fence_lunmask --action=on --plug=%s",
				call->node);
}

static int unfence(const struct call *call, struct err *err)
{
	int rc = fencer_unfence(CLIENT, call->node, UNFENCE_TIMEOUT_S);

	return rc == pcmk_ok ? 0
			     : err_set(err, -EIO, "the fencer could not unfence it: %s",
				       pcmk_strerror(rc));
}

static int reprobe(const struct call *call, struct err *err)
{
	return cluster_reprobe(call->node, call->deadline, err);
}

#define STEPS_MAX 6

static const struct verb {
	const char *name;
	int (*steps[STEPS_MAX])(const struct call *call, struct err *err);
} verbs[] = {
	{"reprobe", {reprobe}},
	{"unfence",
	 {is_this_node, is_quorate, is_online, is_with_the_majority, is_fenced_by_cluster,
	  unfence}},
};

static const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0) {
			return &verbs[i];
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct verb *verb = argc == 3 ? verb_find(argv[1]) : NULL;
	struct call call = {.deadline = deadline_in(QUESTIONS_MS)};
	struct err err = ERR_INIT;
	int rc = 0;

	if (verb == NULL || *argv[2] == '\0' || *argv[2] == '-') {
		(void)fputs("usage: lunmask-rejoin reprobe|unfence NODE\n", stderr);
		return 2;
	}
	/* The libraries may block on a hanging fencer. */
	(void)alarm(ALL_TIMEOUT_S);
	call.node = argv[2];
	for (size_t i = 0; i < STEPS_MAX && verb->steps[i] != NULL && rc == 0; i++) {
		rc = verb->steps[i](&call, &err);
	}
	if (rc < 0) {
		(void)fprintf(stderr, "%s\n", err_text(&err));
	}
	return rc < 0 ? 1 : 0;
}
