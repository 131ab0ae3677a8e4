/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_UNIT_WORLD_H
#define LUNMASK_TEST_UNIT_WORLD_H

#include <stdbool.h>

#include "cluster/cluster.h"
#include "hypervisor/hypervisor.h"
#include "unit/unit.h"

/*
 * Two hosts, an array with the LUN db-data, and a libvirt on node1, where the tests act. VM db1
 * runs there, and db2 on node2. The journal is journal_fake.h's. After each effect, the world looks
 * whether two guests could write (fails the test).
 */
enum { NODE1, NODE2, WORLD_NODES };

struct unit_world {
	/* The array. */
	bool granted[WORLD_NODES];
	bool nexus[WORLD_NODES];
	bool silent;            /* it does not answer */
	bool fenced;            /* node1 */
	const char *designator; /* of the LUN */

	/* libvirt on node1. */
	bool libvirt_silent;
	bool qemu; /* db1 has a process there */
	enum domain_state db1;
	const char *plugged_vm; /* NULL: none */
	const char *plugged_drive;
	const char *source; /* of that disk */
	const char *alias;
	const char *user; /* a VM that has the LUN as its own; NULL: none */
	int attach_rc;
	int detach_looks; /* for so often, the guest has the drive after it was asked; -1: for ever
			   */
	bool asked;

	/* The cluster. */
	const char *resources;
	enum cluster_node_fate fate2;
	struct cluster_fencings fencings2;

	/* What was done, a word each: "grant:node1 attach:db1 ". */
	char done[512];
	unsigned int effects;
	unsigned int fail_at; /* this effect, and 0: none, fails, */
	bool fail_after;      /* after it has taken effect */
};

extern struct unit_world world;
extern struct unit_settings unit_settings;

int unit_world_new(void **state);
int unit_world_free(void **state);

/* It is granted to node1, and db1 has it. */
void unit_world_plugged(void);

/* db1 or db2 could write: the guest has the drive, and its host a path. */
bool unit_world_writes(int node);

/* From now on the array wants CHAP. */
void unit_world_chap(void);

#endif
