/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fencing/host_fence.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fencing/host_names.h"
#include "names/lun.h"

#define SEPARATORS " \t,"

/* Failures of several arrays */

struct failures {
	int rc; /* of the first failure */
	struct err err;
};

/* Adds a failure and its text; rc 0 adds nothing. */
static void failures_add(struct failures *failures, int rc, const struct err *err)
{
	struct err before = failures->err;

	if (rc == 0) {
		return;
	}
	if (failures->rc == 0) {
		failures->rc = rc;
		failures->err = *err;
	} else {
		(void)err_set(&failures->err, rc, "%.500s; %.500s", before.text, err->text);
	}
}

static int failures_end(const struct failures *failures, struct err *err)
{
	return failures->rc == 0 ? 0 : err_set(err, failures->rc, "%s", failures->err.text);
}

static void tell(const struct host_fence *fence, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void tell(const struct host_fence *fence, const char *format, ...)
{
	char line[ERR_TEXT_MAX];
	va_list ap;

	if (fence->told != NULL) {
		va_start(ap, format);
		(void)vsnprintf(line, sizeof(line), format, ap);
		va_end(ap);
		fence->told(fence->data, line);
	}
}

/* The choice of arrays */

static bool has_array(const struct host_fence *fence, const char *name)
{
	for (size_t i = 0; i < fence->n_arrays; i++) {
		if (strcmp(fence->arrays[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void array_add(struct host_fence *fence, const struct config_array *array)
{
	if (!has_array(fence, array->name)) {
		fence->arrays[fence->n_arrays] = (struct array){
			.name = array->name,
			.driver = array->driver,
			.by = fence->by,
			.info = &fence->infos[fence->n_arrays],
			.runner = {.transport = array->transport, .identity = array->identity},
		};
		fence->n_arrays++;
	}
}

static int named_add(const struct config *config, const char *names, struct host_fence *fence,
		     struct err *err)
{
	g_auto(GStrv) words = g_strsplit_set(names, SEPARATORS, 0);
	const struct config_array *array;
	int rc = 0;

	for (size_t i = 0; rc == 0 && words[i] != NULL; i++) {
		if (strlen(words[i]) > LUN_NAME_MAX) {
			rc = err_set(err, -EINVAL,
				     "array name '%.80s' is longer than %d characters", words[i],
				     LUN_NAME_MAX);
		} else if (*words[i] != '\0') {
			rc = config_array_get(config, words[i], &array, err);
			if (rc == 0) {
				array_add(fence, array);
			}
		}
	}
	return rc;
}

/* Two hosts that fence each other must start at the same array, where only one of them wins. */
static int array_compare(const void *one, const void *other)
{
	return strcmp(((const struct array *)one)->name, ((const struct array *)other)->name);
}

int host_fence_arrays(const struct config *config, const char *names, struct host_fence *fence,
		      struct err *err)
{
	size_t count;
	const struct config_array *all = config_arrays(config, &count);
	int rc = names != NULL ? named_add(config, names, fence, err) : 0;

	fence->config = config;
	fence->cluster = cluster_id_load(NULL);
	if (rc == 0 && fence->n_arrays == 0) {
		for (size_t i = 0; i < count; i++) {
			array_add(fence, &all[i]);
		}
	}
	if (rc == 0 && fence->n_arrays == 0) {
		rc = err_set(err, -ENOENT, "no array is configured: nothing can be fenced");
	}
	qsort(fence->arrays, fence->n_arrays, sizeof(fence->arrays[0]), array_compare);
	return rc;
}

/* The answers of the arrays */

enum host_fence_state host_fence_judge(const enum host_fence_answer *answers, size_t count)
{
	enum host_fence_state state = HOST_FENCE_OFF;

	for (size_t i = 0; i < count; i++) {
		if (answers[i] == HOST_FENCE_NOT_FENCED || answers[i] == HOST_FENCE_INCOMPLETE) {
			return HOST_FENCE_ON;
		}
		if (answers[i] == HOST_FENCE_NO_ANSWER) {
			state = HOST_FENCE_UNKNOWN;
		}
	}
	return count > 0 ? state : HOST_FENCE_UNKNOWN;
}

static int names_of(const struct host_fence *fence, const struct array_fenced *fenced,
		    struct host_names *ret, struct err *err)
{
	return host_names_find(fence->host, fence->config, fence->cluster.text, fenced, ret, err);
}

static int paths_look(const struct array *array, const struct host_names *names,
		      struct deadline deadline, enum host_fence_answer *ret, struct err *err)
{
	struct array_path path;
	int rc = array_path_find(array, names->all, names->n, false, deadline, &path, err);

	if (rc < 0) {
		return rc;
	}
	*ret = path.lun[0] == '\0' ? HOST_FENCE_FENCED : HOST_FENCE_INCOMPLETE;
	if (path.lun[0] != '\0') {
		(void)err_set(err, 0,
			      "array %s: the host is fenced, but LUN '%s' has a grant or a session "
			      "of '%s'",
			      array->name, path.lun, path.holder);
	}
	return 0;
}

static int fenced_judge(const struct host_fence *fence, const struct array *array,
			const struct array_fenced *fenced, struct deadline deadline,
			enum host_fence_answer *ret, struct err *err)
{
	const char *open[HOST_NAMES_MAX];
	struct host_names names;
	int rc = names_of(fence, fenced, &names, err);

	if (rc < 0) {
		return rc;
	}
	if (!array_fenced_has(fenced, fence->host->initiator)) {
		*ret = HOST_FENCE_NOT_FENCED;
		(void)err_set(err, 0, "array %s: the host is not fenced", array->name);
		return 0;
	}
	if (host_names_open(&names, fenced, open) > 0) {
		*ret = HOST_FENCE_INCOMPLETE;
		(void)err_set(err, 0,
			      "array %s: the host is fenced, but not as '%s', which it was before: "
			      "fence it again",
			      array->name, open[0]);
		return 0;
	}
	return paths_look(array, &names, deadline, ret, err);
}

/* Reads fence record and masks. The text explains all answers but HOST_FENCE_FENCED. */
static int array_ask(const struct host_fence *fence, const struct array *array,
		     struct deadline deadline, enum host_fence_answer *ret, int64_t *ret_fencings,
		     struct err *err)
{
	struct array_fenced fenced;
	int rc = array_fenced(array, deadline, &fenced, err);

	*ret = HOST_FENCE_NO_ANSWER;
	if (rc < 0) {
		return rc;
	}
	*ret_fencings = fenced.fencings;
	rc = fenced_judge(fence, array, &fenced, deadline, ret, err);
	array_fenced_release(&fenced);
	return rc;
}

/* silent: the arrays that did not answer; notes: all arrays without the answer HOST_FENCE_FENCED.
 */
static void all_ask(const struct host_fence *fence, struct deadline deadline,
		    enum host_fence_answer *answers, int64_t *fencings, struct failures *silent,
		    struct failures *notes)
{
	for (size_t i = 0; i < fence->n_arrays; i++) {
		struct err err = ERR_INIT;
		int rc = array_ask(fence, &fence->arrays[i],
				   deadline_share(deadline, fence->n_arrays - i), &answers[i],
				   &fencings[i], &err);

		failures_add(silent, rc, &err);
		if (answers[i] != HOST_FENCE_FENCED) {
			failures_add(notes, rc < 0 ? rc : -EUCLEAN, &err);
		}
	}
}

static bool fenced_anywhere(const enum host_fence_answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (answers[i] == HOST_FENCE_FENCED || answers[i] == HOST_FENCE_INCOMPLETE) {
			return true;
		}
	}
	return false;
}

int host_fence_status(const struct host_fence *fence, struct deadline deadline,
		      enum host_fence_state *ret, struct err *err)
{
	enum host_fence_answer answers[CONFIG_ARRAYS_MAX];
	int64_t fencings[CONFIG_ARRAYS_MAX];
	struct failures silent = {.rc = 0};
	struct failures notes = {.rc = 0};

	all_ask(fence, deadline, answers, fencings, &silent, &notes);
	*ret = host_fence_judge(answers, fence->n_arrays);
	if (silent.rc != 0 || fenced_anywhere(answers, fence->n_arrays)) {
		(void)failures_end(&notes, err);
	}
	return *ret == HOST_FENCE_UNKNOWN ? silent.rc : 0;
}

/* Off */

/* Fences the names that the host had before, if the array has recorded any. */
static int former_off(const struct host_fence *fence, const struct array *array,
		      struct deadline deadline, struct err *err)
{
	const char *open[HOST_NAMES_MAX];
	struct array_fenced fenced;
	struct host_names names;
	size_t n = 0;
	int rc = array_fenced(array, deadline, &fenced, err);

	if (rc < 0) {
		return rc;
	}
	rc = names_of(fence, &fenced, &names, err);
	if (rc == 0) {
		n = host_names_open(&names, &fenced, open);
	}
	if (n > 0) {
		tell(fence, "array %s: %s was '%s' before: that is fenced too", array->name,
		     fence->host->node, open[0]);
		rc = array_fence(array, open, n, deadline, err);
	}
	array_fenced_release(&fenced);
	return rc;
}

/* A third of the time is reserved for the check afterwards. */
static int array_off(const struct host_fence *fence, const struct array *array,
		     struct deadline deadline, struct err *err)
{
	const char *const initiators[] = {fence->host->initiator};
	int64_t began_ms = deadline_now_ms();
	enum host_fence_answer answer;
	int64_t fencings;
	int rc = array_fence(array, initiators, 1,
			     deadline_before(deadline, deadline_left_ms(deadline) / 3), err);

	rc = rc != 0 ? rc : array_ask(fence, array, deadline, &answer, &fencings, err);
	if (rc == 0 && answer == HOST_FENCE_INCOMPLETE) {
		rc = former_off(fence, array, deadline, err);
		rc = rc != 0 ? rc : array_ask(fence, array, deadline, &answer, &fencings, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (answer != HOST_FENCE_FENCED) {
		struct err found = *err;

		return err_set(err, -EUCLEAN, "%.800s, although the array's driver reports success",
			       err_text(&found));
	}
	tell(fence, "array %s: %s is fenced and has no path left (%lld ms)", array->name,
	     fence->host->node, (long long)(deadline_now_ms() - began_ms));
	return 0;
}

/*
 * Checks all arrays for a fencing of the requesting host before any of them is changed. With one
 * array this is not needed: the array itself refuses the fence. With several arrays, the one that
 * has fenced this host may be late in the order, or may not answer in its turn. Until then, this
 * host would remove access of the other host, which helps neither. Arrays that do not answer are
 * ignored.
 */
static int requester_look(const struct host_fence *fence, struct deadline deadline, struct err *err)
{
	for (size_t i = 0; i < fence->n_arrays; i++) {
		struct array_fenced fenced;
		bool lost;

		if (array_fenced(&fence->arrays[i], deadline_share(deadline, fence->n_arrays - i),
				 &fenced, NULL) < 0) {
			continue;
		}
		lost = array_fenced_has(&fenced, fence->by);
		array_fenced_release(&fenced);
		if (lost) {
			return err_set(err, -ESHUTDOWN,
				       "array %s has this host ('%s') fenced: restart corosync and "
				       "Pacemaker on it; nothing was changed, because a fenced "
				       "host may not fence another",
				       fence->arrays[i].name, fence->by);
		}
	}
	return 0;
}

int host_fence_off(const struct host_fence *fence, struct deadline deadline, struct err *err)
{
	struct failures failures = {.rc = 0};

	if (fence->by != NULL && fence->n_arrays > 1 &&
	    strcmp(fence->by, fence->host->initiator) != 0) {
		int rc = requester_look(fence, deadline_share(deadline, 4), err);

		if (rc < 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < fence->n_arrays; i++) {
		struct err one = ERR_INIT;
		int rc = array_off(fence, &fence->arrays[i],
				   deadline_share(deadline, fence->n_arrays - i), &one);

		if (rc == -ESHUTDOWN) {
			return err_set(err, rc, "%s", err_text(&one));
		}
		failures_add(&failures, rc, &one);
	}
	return failures_end(&failures, err);
}

/* On */

static int array_on(const struct host_fence *fence, const struct array *array, int64_t fencings,
		    struct deadline deadline, struct err *err)
{
	const char *const initiators[] = {fence->host->initiator};
	struct array_fenced fenced;
	bool still;
	int rc = array_unfence(array, initiators, 1, fencings, deadline, err);

	rc = rc != 0 ? rc : array_fenced(array, deadline, &fenced, err);
	if (rc < 0) {
		return rc;
	}
	still = array_fenced_has(&fenced, fence->host->initiator);
	array_fenced_release(&fenced);
	if (still) {
		return err_set(err, -EUCLEAN,
			       "array %s: the host is still fenced, although the array's driver "
			       "reports success",
			       array->name);
	}
	tell(fence, "array %s: %s is no longer fenced", array->name, fence->host->node);
	return 0;
}

/*
 * Unfences the host only if it has no grant and no session. fencings is from before the host was
 * cleaned: only the fencing that was seen then is undone, not a later one, however long the
 * cleaning took.
 */
static int array_release(const struct host_fence *fence, const struct array *array,
			 int64_t fencings, struct deadline deadline, struct err *err)
{
	enum host_fence_answer answer;
	int64_t now;
	int rc = array_ask(fence, array, deadline, &answer, &now, err);

	if (rc < 0 || answer == HOST_FENCE_NOT_FENCED) {
		return rc;
	}
	if (answer != HOST_FENCE_FENCED) {
		struct err found = *err;

		return err_set(err, -EPERM,
			       "%.800s: remove that grant or session, or fence the host again",
			       err_text(&found));
	}
	return array_on(fence, array, fencings, deadline, err);
}

int host_fence_on(const struct host_fence *fence,
		  int (*clean)(const struct host_fence *fence, struct deadline deadline,
			       struct err *err),
		  struct deadline deadline, struct err *err)
{
	enum host_fence_answer answers[CONFIG_ARRAYS_MAX];
	int64_t fencings[CONFIG_ARRAYS_MAX];
	struct failures failures = {.rc = 0};
	struct failures notes = {.rc = 0};
	int rc;

	all_ask(fence, deadline_share(deadline, 2), answers, fencings, &failures, &notes);
	if (failures.rc != 0) {
		return failures_end(&failures, err); /* whether the host is fenced is unknown */
	}
	if (!fenced_anywhere(answers, fence->n_arrays)) {
		tell(fence, "%s is not fenced", fence->host->node);
		return 0;
	}
	rc = clean(fence, deadline_share(deadline, 2), err);
	if (rc < 0) {
		return err_prefix(err, rc, "%s stays fenced", fence->host->node);
	}
	for (size_t i = 0; i < fence->n_arrays; i++) {
		struct err one = ERR_INIT;

		rc = array_release(fence, &fence->arrays[i], fencings[i],
				   deadline_share(deadline, fence->n_arrays - i), &one);
		failures_add(&failures, rc, &one);
	}
	return failures_end(&failures, err);
}

/* Monitor */

static int rules_look(const struct array *array, const char *const *initiators, size_t count,
		      struct deadline deadline, struct err *err)
{
	struct array_path path;
	int rc = array_path_find(array, initiators, count, true, deadline, &path, err);

	if (rc == 0 && path.lun[0] != '\0') {
		return err_set(err, -EUCLEAN,
			       "delete '%s' from the mask of LUN '%s' on array %s: it admits more "
			       "than one initiator, and while it is there no host can be fenced",
			       path.holder, path.lun, array->name);
	}
	return rc;
}

/* A name that one host had before, and another has now, cannot be fenced for either alone. */
static int given_away_look(const struct host_fence *fence, const struct array *array,
			   const struct array_fenced *fenced, struct deadline deadline,
			   struct err *err)
{
	for (size_t i = 0; i < fenced->n_hosts; i++) {
		const char *initiator = fenced->hosts[i].initiator;
		const struct config_host *host =
			config_host_find_initiator(fence->config, initiator);
		const char *at = strrchr(fenced->hosts[i].id, '@');
		struct array_path path;
		int rc;

		if (host == NULL || at == NULL || strcmp(at + 1, fence->cluster.text) != 0 ||
		    strcmp(fenced->hosts[i].id,
			   array_host_id(host->node, fence->cluster.text).text) == 0) {
			continue;
		}
		rc = array_path_find(array, &initiator, 1, false, deadline, &path, err);
		if (rc == 0 && path.lun[0] != '\0') {
			rc = err_set(err, -EUCLEAN,
				     "end the VMs that use '%s' on array %s: %.*s was granted LUNs "
				     "under it, and it is %s's now: %.*s cannot be fenced",
				     initiator, array->name, (int)(at - fenced->hosts[i].id),
				     fenced->hosts[i].id, host->node,
				     (int)(at - fenced->hosts[i].id), fenced->hosts[i].id);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int array_monitor(const struct host_fence *fence, const struct array *array,
			 const char *const *initiators, size_t count, struct deadline deadline,
			 struct err *err)
{
	struct array_fenced fenced;
	struct array_info info;
	int rc = array_info(array, deadline, &info, err);

	if (rc < 0) {
		return rc;
	}
	if (!info.fence || !info.nexus_list || !info.revoke_cuts_nexus || !info.requester) {
		return err_set(err, -EOPNOTSUPP,
			       "array %s: driver '%s' lacks the capability %s: it cannot fence",
			       array->name, array->driver,
			       !info.fence        ? "fence"
			       : !info.nexus_list ? "nexus-list"
			       : !info.requester  ? "requester"
						  : "revoke-cuts-nexus");
	}
	/* As off does: the record of fencings, then the masks. */
	rc = array_fenced(array, deadline, &fenced, err);
	if (rc < 0) {
		return rc;
	}
	rc = given_away_look(fence, array, &fenced, deadline, err);
	array_fenced_release(&fenced);
	return rc != 0 || count == 0 ? rc : rules_look(array, initiators, count, deadline, err);
}

int host_fence_monitor(const struct host_fence *fence, struct deadline deadline, struct err *err)
{
	const char *initiators[CONFIG_HOSTS_MAX];
	struct failures failures = {.rc = 0};
	size_t n_hosts;
	const struct config_host *hosts = config_hosts(fence->config, &n_hosts);

	for (size_t i = 0; i < n_hosts; i++) {
		initiators[i] = hosts[i].initiator;
	}
	for (size_t i = 0; i < fence->n_arrays; i++) {
		struct err one = ERR_INIT;
		int rc = array_monitor(fence, &fence->arrays[i], initiators, n_hosts,
				       deadline_share(deadline, fence->n_arrays - i), &one);

		failures_add(&failures, rc, &one);
	}
	return failures_end(&failures, err);
}
