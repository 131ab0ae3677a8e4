/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey/vm_strays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/realtime.h"
#include "cluster/cluster.h"
#include "names/unit_name.h"
#include "step/vm_gone.h"
#include "step/vm_own.h"
#include "step/vm_peer.h"
#include "survey/vm_all.h"
#include "survey/vm_lun_users.h"
#include "survey/vm_released.h"

#define FATE_MS 5000
#define LOOKS_MAX 5

const char *vm_holder_name(const struct vm_holder *holder)
{
	return holder->host != NULL ? holder->host->node : holder->initiator;
}

static bool is_self(const struct vm_context *vm, const struct vm_holder *holder)
{
	return holder->host == vm->self;
}

/* The holders: who has a path */

/* Returns the index of the holder, or -ENOMEM. */
static int holder_get(const struct vm_context *vm, const char *initiator, struct vm_strays *strays)
{
	struct vm_holder *grown;
	size_t i;

	for (i = 0; i < strays->n_holders; i++) {
		if (strcmp(strays->holders[i].initiator, initiator) == 0) {
			return (int)i;
		}
	}
	grown = reallocarray(strays->holders, i + 1, sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	strays->holders = grown;
	grown[i] = (struct vm_holder){
		.host = config_host_find_initiator(vm->config, initiator),
	};
	strcpy(grown[i].initiator, initiator);
	strays->n_holders++;
	return (int)i;
}

/* Returns the row of this LUN and initiator, and adds it if it is missing. NULL: out of memory. */
static struct vm_stray *row_get(const struct vm_context *vm, const char *lun, const char *initiator,
				struct vm_strays *strays)
{
	struct vm_stray *grown;
	int holder = holder_get(vm, initiator, strays);

	if (holder < 0) {
		return NULL;
	}
	for (size_t i = 0; i < strays->n; i++) {
		struct vm_stray *row = &strays->rows[i];

		if (row->holder == (size_t)holder && strcmp(row->lun, lun) == 0) {
			return row;
		}
	}
	grown = reallocarray(strays->rows, strays->n + 1, sizeof(*grown));
	if (grown == NULL) {
		return NULL;
	}
	strays->rows = grown;
	grown[strays->n] = (struct vm_stray){.holder = (size_t)holder};
	strcpy(grown[strays->n].lun, lun);
	return &grown[strays->n++];
}

static int rows_fill(const struct vm_context *vm, const struct array_masks *masks,
		     struct vm_strays *strays)
{
	for (size_t i = 0; i < masks->count; i++) {
		const struct array_mask *mask = &masks->masks[i];
		struct vm_stray *row;
		size_t k;

		for (k = 0; k < mask->n_initiators; k++) {
			row = row_get(vm, mask->lun, mask->initiators[k], strays);
			if (row == NULL) {
				return -ENOMEM;
			}
			row->facts.granted = true;
		}
		for (k = 0; k < mask->n_nexuses; k++) {
			row = row_get(vm, mask->lun, mask->nexuses[k], strays);
			if (row == NULL) {
				return -ENOMEM;
			}
			row->facts.nexus = true;
		}
	}
	return 0;
}

/* The journal's part of the facts */

static bool names(const struct journal_task *task, const char *node)
{
	return strcmp(task->source, node) == 0 || strcmp(task->target, node) == 0 ||
	       strcmp(task->granted_to, node) == 0;
}

enum stray_task vm_strays_task(const struct vm_strays_record *record, const char *node)
{
	const struct journal_task *task = &record->latest;

	if (!record->known) {
		return STRAY_TASK_UNKNOWN;
	}
	/* A reconcile needs no path. If another process owns it, the claim waits for its end. */
	if (task->revision == 0 || task->kind == JOURNAL_RECONCILE) {
		return STRAY_TASK_NONE;
	}
	if (!journal_state_open(task->state)) {
		/* If this node's clock is behind, the time gets longer, which is safe. */
		return task->kind == JOURNAL_MIGRATE && task->state == JOURNAL_FAILED &&
				       realtime_now_ms() - task->changed_ms < VM_CLAIM_RECOVERY_MS
			       ? STRAY_TASK_RECOVERY
			       : STRAY_TASK_NONE;
	}
	if (task->state == JOURNAL_BROKEN) {
		return STRAY_TASK_BROKEN;
	}
	return names(task, node) ? STRAY_TASK_WINDOW : STRAY_TASK_OTHER;
}

static void trace_fill(const struct vm_strays_record *record, const char *array, const char *node,
		       struct stray_trace *ret)
{
	for (size_t i = 0; i < record->n_tasks; i++) {
		if (names(&record->tasks[i], node)) {
			ret->task = record->tasks[i];
		}
	}
	for (size_t i = 0; i < record->n_releases; i++) {
		const struct journal_release *release = &record->releases[i];

		if (strcmp(release->node, node) == 0 && strcmp(release->array, array) == 0) {
			ret->released_ms = release->since_ms;
		}
	}
}

/* Pacemaker's and libvirt's part of the facts */

/* The last fencing of the host since it was granted the LUNs. If that is not known: none. */
static int fenced_ask(const struct vm_strays_record *record, struct vm_holder *holder,
		      struct deadline deadline)
{
	struct vm_own_fenced fenced;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < record->n_grants; i++) {
		if (strcmp(record->grants[i].node, holder->host->node) == 0) {
			rc = vm_own_fenced_ask(&record->grants[i], deadline, &fenced, &holder->why);
			holder->trace.fenced_ms = rc == 0 && fenced.host ? fenced.host_s * 1000 : 0;
		}
	}
	return rc;
}

static enum stray_fate fate_ask(const struct vm_strays_record *record, struct vm_holder *holder,
				struct deadline deadline)
{
	enum cluster_node_fate fate;
	int rc;

	deadline = deadline_within(deadline, FATE_MS);
	rc = cluster_node_fate(holder->host->node, deadline, &fate, &holder->why);
	if (rc == 0) {
		rc = fenced_ask(record, holder, deadline);
	}
	if (rc != 0) {
		return STRAY_FATE_UNKNOWN;
	}
	switch (fate) {
	case CLUSTER_NODE_UP: return STRAY_FATE_UP;
	case CLUSTER_NODE_DOWN:
		return holder->trace.fenced_ms != 0 ? STRAY_FATE_FENCED : STRAY_FATE_LEFT;
	default: return STRAY_FATE_LOST;
	}
}

/* The LUNs of the VM that the array has. */
static size_t present_luns(const struct vm_context *vm, const struct vm_strays *strays,
			   const char *ret[VM_LUNS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < vm->n_luns; i++) {
		if (!vm_strays_missing(strays, vm->lun_names[i])) {
			ret[n++] = vm->lun_names[i];
		}
	}
	return n;
}

static enum stray_domain domain_here(struct vm_context *vm, const struct vm_strays *strays,
				     struct deadline deadline, struct err *why)
{
	const char *luns[VM_LUNS_MAX];
	int rc = vm_gone_confirm(vm, deadline, why);

	if (rc != 0) {
		return rc == -EBUSY ? STRAY_DOMAIN_THERE : STRAY_DOMAIN_UNKNOWN;
	}
	rc = vm_lun_users_none(vm, luns, present_luns(vm, strays, luns), deadline, why);
	if (rc == -EPERM && unit_key_is(vm->settings->vm)) {
		return STRAY_DOMAIN_THERE; /* it is lent to a guest here */
	}
	return rc == 0        ? STRAY_DOMAIN_ABSENT
	       : rc == -EPERM ? STRAY_DOMAIN_OTHER
			      : STRAY_DOMAIN_UNKNOWN;
}

/* Which guest there has what a LogicalUnit was granted, the name of no domain shows. */
static enum stray_domain domain_there(struct vm_context *vm, const struct vm_strays_sources *way,
				      struct vm_holder *holder, struct deadline deadline)
{
	char uri[VM_PEER_URI_MAX];
	enum domain_state state;
	int rc;

	if (unit_key_is(vm->settings->vm)) {
		return STRAY_DOMAIN_NOT_ASKED;
	}
	rc = vm_peer_uri(vm, holder->host, uri, &holder->why);
	if (rc == 0) {
		rc = peer_pool_state(way->pool, holder->host->node, uri, vm->settings->vm, deadline,
				     &state, &holder->why);
	}
	if (rc != 0) {
		return STRAY_DOMAIN_UNKNOWN;
	}
	return state == DOMAIN_ABSENT ? STRAY_DOMAIN_ABSENT : STRAY_DOMAIN_THERE;
}

static void holder_ask(struct vm_context *vm, const struct vm_strays_sources *way,
		       const struct vm_strays *strays, struct vm_holder *holder,
		       struct deadline deadline)
{
	if (way->pool == NULL) {
		holder->domain = is_self(vm, holder) ? STRAY_DOMAIN_THERE : STRAY_DOMAIN_NOT_ASKED;
		return;
	}
	holder->fate = way->own ? STRAY_FATE_UP : fate_ask(&strays->record, holder, deadline);
	if (is_self(vm, holder)) {
		holder->fate = STRAY_FATE_UP;
		holder->domain = domain_here(vm, strays, deadline, &holder->why);
	} else if (holder->fate == STRAY_FATE_UP) {
		holder->domain = domain_there(vm, way, holder, deadline);
	}
}

static void holder_fill(struct vm_context *vm, const struct vm_strays_sources *way,
			const struct vm_strays *strays, struct vm_holder *holder,
			struct deadline deadline)
{
	const struct vm_strays_record *record = &strays->record;
	const char *node = holder->host != NULL ? holder->host->node : "";

	holder->task = vm_strays_task(record, node);
	if (holder->host == NULL) {
		holder->trace.foreign = true;
		return;
	}
	trace_fill(record, vm->array.name, node, &holder->trace);
	if (!way->own || is_self(vm, holder)) {
		holder_ask(vm, way, strays, holder, deadline);
	}
}

/* The judgement */

static bool domain_twice(const struct vm_strays *strays)
{
	size_t n = 0;

	for (size_t i = 0; i < strays->n_holders; i++) {
		n += strays->holders[i].domain == STRAY_DOMAIN_THERE ? 1 : 0;
	}
	return n > 1;
}

static void row_judge(const struct vm_context *vm, const struct vm_strays_sources *way,
		      const struct vm_strays *strays, bool twice, struct vm_stray *row)
{
	const struct vm_holder *holder = &strays->holders[row->holder];
	struct stray_facts *facts = &row->facts;

	facts->foreign = holder->host == NULL;
	facts->foreign_wanted = way->foreign_wanted;
	facts->shared = way->all != NULL && vm_all_shared(way->all, vm, row->lun);
	facts->twice = twice;
	facts->explained = way->own && vm_strays_explained(&strays->record, vm->node);
	facts->domain = holder->domain;
	facts->fate = holder->fate;
	facts->task = holder->task;
	row->verdict = stray_judge(facts, &row->why);
	if (way->own && !is_self(vm, holder)) {
		row->verdict = STRAY_NONE;
	}
}

static bool only_self(const struct vm_context *vm, const struct vm_strays *strays)
{
	for (size_t i = 0; i < strays->n_holders; i++) {
		if (!is_self(vm, &strays->holders[i])) {
			return false;
		}
	}
	return true;
}

/* Another error than "no such LUN" ends this. */
static int missing_find(struct vm_context *vm, struct deadline deadline, struct vm_strays *strays,
			struct err *err)
{
	struct array_masks masks;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < vm->n_luns; i++) {
		struct err own = ERR_INIT;

		rc = array_masks(&vm->array, &vm->lun_names[i], 1, deadline, &masks, &own);
		if (rc == 0) {
			array_masks_release(&masks);
		} else if (rc == -ENXIO) {
			strays->missing[strays->n_missing++] = vm->lun_names[i];
			rc = 0;
		} else {
			rc = err_set(err, rc, "%s", err_text(&own));
		}
	}
	return rc;
}

static int masks_read(struct vm_context *vm, const struct vm_strays_sources *way,
		      struct deadline deadline, struct vm_strays *strays, struct array_masks *ret,
		      struct err *err)
{
	const char *luns[VM_LUNS_MAX];
	struct err own = ERR_INIT;
	size_t n;
	int rc = array_masks(&vm->array, vm->lun_names, vm->n_luns, deadline, ret, &own);

	if (rc != -ENXIO || !way->releases) {
		return rc == 0 ? 0 : err_set(err, rc, "%s", err_text(&own));
	}
	rc = missing_find(vm, deadline, strays, err);
	*ret = (struct array_masks){.count = 0};
	n = present_luns(vm, strays, luns);
	return rc != 0 || n == 0 ? rc : array_masks(&vm->array, luns, n, deadline, ret, err);
}

static int look_once(struct vm_context *vm, const struct vm_strays_sources *way,
		     struct deadline deadline, struct vm_strays *ret, struct err *err)
{
	struct array_masks masks;
	bool twice;
	int rc;

	*ret = (struct vm_strays){0};
	rc = masks_read(vm, way, deadline, ret, &masks, err);
	if (rc != 0) {
		return rc;
	}
	rc = rows_fill(vm, &masks, ret);
	array_masks_release(&masks);
	if (rc != 0) {
		vm_strays_release(ret);
		return err_set(err, rc, "out of memory");
	}
	if (way->pool != NULL || !only_self(vm, ret)) {
		vm_strays_record_read(vm->settings->vm, way->how, deadline, &ret->record);
	}
	for (size_t i = 0; i < ret->n_holders; i++) {
		holder_fill(vm, way, ret, &ret->holders[i], deadline);
	}
	twice = domain_twice(ret);
	for (size_t i = 0; i < ret->n; i++) {
		row_judge(vm, way, ret, twice, &ret->rows[i]);
	}
	rc = way->releases && ret->record.known ? vm_released_look(vm, way, ret, deadline) : 0;
	if (rc != 0) {
		vm_strays_release(ret);
		return err_set(err, rc, "out of memory");
	}
	return 0;
}

static bool all_legal(const struct vm_strays *strays)
{
	for (size_t i = 0; i < strays->n; i++) {
		if (strays->rows[i].verdict != STRAY_NONE) {
			return false;
		}
	}
	return true;
}

static bool record_same(const struct vm_strays_record *a, const struct vm_strays_record *b)
{
	return a->known == b->known && a->latest.revision == b->latest.revision &&
	       id128_equal(&a->latest.uuid, &b->latest.uuid);
}

/*
 * The array and the journal cannot be read at one moment: a task may begin or end between the two.
 * What is not legal counts only if the journal says the same before and after the masks were read.
 */
int vm_strays_look(struct vm_context *vm, const struct vm_strays_sources *way,
		   struct deadline deadline, struct vm_strays *ret, struct err *err)
{
	struct vm_strays before;
	bool same = false;
	int rc = look_once(vm, way, deadline, ret, err);

	for (int i = 0; rc == 0 && !same && !all_legal(ret) && i < LOOKS_MAX; i++) {
		before = *ret;
		rc = look_once(vm, way, deadline, ret, err);
		same = rc == 0 && record_same(&before.record, &ret->record);
		vm_strays_release(&before);
	}
	if (rc == 0 && !same && !all_legal(ret)) {
		vm_strays_release(ret);
		rc = err_set(err, -EAGAIN, "try again: the tasks of %s keep changing",
			     vm->settings->vm);
	}
	return rc;
}

void vm_strays_release(struct vm_strays *strays)
{
	free(strays->holders);
	free(strays->rows);
	free(strays->released);
	vm_strays_record_release(&strays->record);
	*strays = (struct vm_strays){0};
}

bool vm_strays_missing(const struct vm_strays *strays, const char *lun)
{
	for (size_t i = 0; i < strays->n_missing; i++) {
		if (strcmp(strays->missing[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

size_t vm_strays_granted(const struct vm_strays *strays, const char *initiator)
{
	size_t n = 0;

	for (size_t i = 0; i < strays->n; i++) {
		const struct vm_stray *row = &strays->rows[i];

		n += row->facts.granted &&
				     strcmp(strays->holders[row->holder].initiator, initiator) == 0
			     ? 1
			     : 0;
	}
	return n;
}

const char *vm_stray_who(const struct vm_strays *strays, const struct vm_stray *row,
			 char ret[STRAY_TEXT_MAX])
{
	const struct vm_holder *holder = &strays->holders[row->holder];

	if (strays->record.known || holder->host == NULL) {
		return stray_who(&holder->trace, ret);
	}
	(void)snprintf(ret, STRAY_TEXT_MAX, "whether a task needs it is not known: %.400s",
		       err_text(&strays->record.why));
	return ret;
}

bool vm_strays_to_err(const struct vm_strays *strays, struct err *err)
{
	const struct vm_stray *first = NULL;
	char what[STRAY_TEXT_MAX];
	char who[STRAY_TEXT_MAX];
	size_t more = 0;

	for (size_t i = 0; i < strays->n; i++) {
		if (strays->rows[i].verdict == STRAY_NONE) {
			continue;
		}
		more += first != NULL ? 1 : 0;
		first = first == NULL ? &strays->rows[i] : first;
	}
	if (first == NULL) {
		return false;
	}
	(void)stray_what(&first->facts, first->lun, vm_holder_name(&strays->holders[first->holder]),
			 what);
	(void)vm_stray_who(strays, first, who);
	if (more == 0) {
		(void)err_set(err, 0, "%s: %s", what, who);
	} else {
		(void)err_set(err, 0, "%s: %s; and %zu more (lunmask reconcile --dry-run)", what,
			      who, more);
	}
	return true;
}
