/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TESTS_STORAGE_LIVE_H
#define LUNMASK_TESTS_STORAGE_LIVE_H

#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cluster/cluster.h"
#include "journal/journal_record.h"
#include "rules/task.h"
#include "vm/vm_settings.h"

/*
 * What tests of a VM on a real array (create_test.sh) share: an array that is asked by another way
 * than the code under test, a cluster that says what the test wants, and processes that are killed
 * at each point at which they change something. The journal is journal_server.h's.
 */
#define LIVE_IQN "iqn.2026-11.org.example:"
#define LIVE_VM "web1"
#define LIVE_POINTS_MAX 400
#define LIVE_LIBVIRT "test:///default"

extern char *live_work; /* of create_test.sh */
extern bool live_told;  /* print the steps */
extern const struct vm_report live_report;

/* A point at which a process may be killed. */
void live_point(void);

#define LIVE_AROUND(type, name, parameters, arguments)                                             \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		type result;                                                                       \
                                                                                                   \
		live_point();                                                                      \
		result = __real_##name arguments;                                                  \
		live_point();                                                                      \
		return result;                                                                     \
	}

/*
 * Runs it in a process of its own, with its result. No test uses libvirt itself: what its threads
 * hold at a fork, a child would wait for in vain.
 */
typedef int live_fn(const char *node, struct err *err);
int live_run(live_fn *run, const char *node, struct err *err);

/* The same, but it must not fail, and is killed at that point. True if it came so far. */
bool live_killed(live_fn *run, const char *node, int at);

/* The cluster: cluster_resources() gives this text, and cluster_node_fate() this fate. */
extern const char *live_resources;
extern enum cluster_node_fate live_fate;
extern bool live_libvirt_refuses; /* the definition */

/* The resource of the VM, with that text in its meta attributes. */
char *live_resource(const char *meta);

/* Each node has its own /run. */
void live_run_is_of(const char *node);

char *live_array_says(const char *verb, const char *request);
size_t live_luns_count(void);
void live_nobody_has_a_path(void);
struct journal_task live_last_task(void);

/* Makes the VM from the template of create_test.sh. */
void live_make(void);
void live_luns_delete(const char *vm);
void live_all_delete(void); /* also what the nodes keep of it */
int live_before(void **state);
int live_after(void **state);

#endif
