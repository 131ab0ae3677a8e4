/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/look/doctor_look.h"

#include <glib.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "cluster/cluster.h"
#include "doctor/look/doctor_look_internal.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif
#define PART_MS 5000 /* at most, of what answers in milliseconds when it is well */
/* libvirt asks QEMU what it can when it is first asked itself, which takes seconds. */
#define LIBVIRT_MS 20000

void doctor_part_asked(struct doctor_part *part, int rc, const struct err *err)
{
	part->seen = rc < 0 ? DOCTOR_REFUSED : DOCTOR_SEEN;
	part->rc = rc;
	if (rc < 0) {
		(void)err_set(&part->err, rc, "%s", err_text(err));
	}
}

void doctor_part_unseen(struct doctor_part *part, const char *why)
{
	part->seen = DOCTOR_UNSEEN;
	(void)err_set(&part->err, 0, "%s", why);
}

void doctor_answer_set(struct doctor_answer *answer, int rc, const struct err *err)
{
	answer->rc = rc;
	if (rc < 0) {
		(void)err_set(&answer->err, rc, "%s", err_text(err));
	}
}

/* As agents find it: Pacemaker's name of this node, else the kernel's. */
static void node_find(struct doctor_look *look, struct deadline deadline)
{
	struct doctor_facts *facts = &look->facts;
	struct utsname system;

	if (cluster_local_node(deadline, facts->node, sizeof(facts->node), NULL) < 0 &&
	    uname(&system) == 0) {
		(void)snprintf(facts->node, sizeof(facts->node), "%s", system.nodename);
	}
}

/* In this order: the arrays need the configuration, the devices the nodes of the cluster. */
static const struct {
	void (*look)(struct doctor_look *look, struct deadline deadline);
	int limit_ms;
} local[] = {
	{doctor_look_units, PART_MS},   {doctor_look_corosync, PART_MS},
	{doctor_look_cluster, PART_MS}, {doctor_look_libvirt, LIBVIRT_MS},
	{doctor_look_arrays, PART_MS},
};
static void (*const all[])(struct doctor_look *look, struct deadline deadline) = {
	doctor_look_devices,
	doctor_look_luns,
};

struct doctor_look *doctor_look_new(enum doctor_scope scope, struct deadline deadline)
{
	struct doctor_look *look = g_new0(struct doctor_look, 1);

	(void)snprintf(look->facts.version, sizeof(look->facts.version), "%s", PACKAGE_VERSION);
	node_find(look, deadline_within(deadline, PART_MS));
	doctor_look_files(look);
	doctor_look_programs(look);
	for (size_t i = 0; i < G_N_ELEMENTS(local); i++) {
		local[i].look(look, deadline_within(deadline, local[i].limit_ms));
	}
	for (size_t i = 0; scope == DOCTOR_ALL && i < G_N_ELEMENTS(all); i++) {
		all[i](look, deadline_within(deadline, PART_MS));
	}
	if (scope == DOCTOR_ALL) {
		doctor_look_peers(look, deadline);
	}
	return look;
}

const struct doctor_facts *doctor_look_facts(const struct doctor_look *look)
{
	return &look->facts;
}

void doctor_look_free(struct doctor_look *look)
{
	if (look == NULL) {
		return;
	}
	for (size_t i = 0; i < look->facts.peers.n; i++) {
		json_decref(look->facts.peers.of[i].checks);
	}
	g_free(look->facts.peers.of);
	g_free(look->facts.luns.of);
	g_free(look->facts.arrays.of);
	doctor_cib_release(&look->facts.settings.cib);
	vm_all_release(&look->vms);
	config_free(look->config);
	g_free(look);
}
