/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey/vm_released.h"

#include <stdlib.h>
#include <string.h>

#include "survey/vm_all.h"

static bool named(const struct vm_context *vm, const char *lun)
{
	for (size_t i = 0; i < vm->n_luns; i++) {
		if (strcmp(vm->lun_names[i], lun) == 0) {
			return true;
		}
	}
	return false;
}

static bool wanted(const struct vm_context *vm, const struct vm_strays_sources *way,
		   const struct journal_release *release)
{
	if (strcmp(release->array, vm->array.name) != 0 ||
	    (way->own && strcmp(release->node, vm->node) != 0)) {
		return false;
	}
	for (size_t i = 0; i < release->n_luns; i++) {
		if (!named(vm, release->luns[i])) {
			return false;
		}
	}
	return true;
}

static bool missing(const struct vm_strays *strays, const struct journal_release *release)
{
	for (size_t i = 0; i < release->n_luns; i++) {
		if (vm_strays_missing(strays, release->luns[i])) {
			return true;
		}
	}
	return false;
}

struct naming {
	const struct vm_all *all;
	const char *array;
};

static bool lun_known(void *data, const char *lun)
{
	const struct naming *naming = data;

	return naming->all != NULL && vm_all_names(naming->all, naming->array, lun);
}

/* The array answers with its names of now, which a renamed LUN has as well. */
static enum released_reach reach_ask(struct vm_context *vm, const struct vm_strays_sources *way,
				     const struct config_host *host, struct deadline deadline,
				     struct err *note)
{
	struct naming naming = {.all = way->all, .array = vm->array.name};
	struct array_path path;

	if (array_path_find_unknown(&vm->array, host->initiator, lun_known, &naming, deadline,
				    &path, note) != 0) {
		return RELEASED_REACH_UNKNOWN;
	}
	if (path.lun[0] == '\0') {
		return RELEASED_REACH_NOTHING;
	}
	(void)err_set(note, 0, "%s reaches LUN %s", host->node, path.lun);
	return RELEASED_REACH_OTHER;
}

static void facts_fill(struct vm_context *vm, const struct vm_strays_sources *way,
		       const struct vm_strays *strays, struct deadline deadline,
		       struct vm_released *ret)
{
	struct released_facts *facts = &ret->facts;
	const struct config_host *host = NULL;

	facts->host = config_host_get(vm->config, ret->release->node, &host, NULL) == 0;
	for (size_t i = 0; i < strays->n; i++) {
		const struct vm_holder *holder = &strays->holders[strays->rows[i].holder];

		facts->foreign = facts->foreign || holder->host == NULL;
		facts->path = facts->path || (facts->host && holder->host == host);
	}
	facts->missing = missing(strays, ret->release);
	facts->automatic = way->own;
	facts->task = vm_strays_task(&strays->record, ret->release->node);
	if (facts->missing && facts->host && !facts->path && !facts->automatic) {
		facts->reach = reach_ask(vm, way, host, deadline, &ret->note);
	}
}

int vm_released_look(struct vm_context *vm, const struct vm_strays_sources *way,
		     struct vm_strays *strays, struct deadline deadline)
{
	const struct vm_strays_record *record = &strays->record;

	strays->released = calloc(record->n_releases + 1, sizeof(*strays->released));
	if (strays->released == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < record->n_releases; i++) {
		struct vm_released *ret = &strays->released[strays->n_released];

		if (wanted(vm, way, &record->releases[i])) {
			ret->release = &record->releases[i];
			facts_fill(vm, way, strays, deadline, ret);
			ret->verdict = released_judge(&ret->facts, &ret->why);
			strays->n_released++;
		}
	}
	return 0;
}
