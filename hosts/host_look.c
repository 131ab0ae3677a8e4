/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hosts/host_look.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"
#include "hosts/host_libvirt.h"
#include "journal/journal.h"

#define QUESTIONS 5 /* that share the time: Pacemaker, lunmaskd, the array twice, the libvirts */

/* What is asked for, beside what host_found keeps. */
struct look {
	struct host_seen seen;
	struct journal_path *paths;
	struct array_exposure *exposures;
	bool *absent;
	struct array_fenced fenced;
	struct host_libvirt *libvirts;
	const char **names;
};

static void look_release(struct look *look)
{
	free(look->paths);
	g_free(look->exposures);
	g_free(look->absent);
	array_fenced_release(&look->fenced);
	g_free(look->libvirts);
	g_free(look->names);
}

size_t host_paths_required(const char *text)
{
	char *end;
	unsigned long n = text == NULL ? 1 : strtoul(text, &end, 10);

	if (text == NULL || strcmp(text, "all") == 0) {
		return text == NULL ? 1 : 0;
	}
	return g_ascii_isdigit(*text) && *end == '\0' && n >= 1 && n <= PORTALS_MAX ? n : 1;
}

/* The VM's LUNs: those that it owns, then media. */
static void names_fill(const struct vm_context *vm, struct look *look)
{
	look->names = g_new0(const char *, vm->n_luns + vm->n_media + 1);
	memcpy(look->names, vm->lun_names, vm->n_luns * sizeof(*look->names));
	memcpy(look->names + vm->n_luns, vm->media, vm->n_media * sizeof(*look->names));
	look->seen.luns = look->names;
	look->seen.n_luns = vm->n_luns + vm->n_media;
}

static void cluster_ask(const char *resource, struct deadline deadline, struct look *look,
			struct cluster_hosts *ret)
{
	struct host_seen *seen = &look->seen;

	seen->quorum_asked.rc = cluster_has_quorum(deadline_share(deadline, 2), &seen->quorum,
						   &seen->quorum_asked.err);
	seen->cluster_asked.rc =
		cluster_hosts_get(resource, deadline, ret, &seen->cluster_asked.err);
	seen->cluster = ret;
}

static void lunmaskd_ask(struct deadline deadline, struct look *look)
{
	struct journal *journal __attribute__((cleanup(journal_drop))) = NULL;
	struct host_answered *asked = &look->seen.paths_asked;
	char trouble[JOURNAL_REASON_MAX + 1];

	asked->rc = journal_open(deadline, &journal, &asked->err);
	if (asked->rc == 0) {
		asked->rc = journal_path_list(journal, deadline, &look->paths, &look->seen.n_paths,
					      trouble, &asked->err);
	}
	look->seen.paths = look->paths;
}

/* The array */

/* One by one, because the answer to all of them does not say how many of them do not exist. */
static int exposures_each(const struct array *array, struct deadline deadline, struct look *look,
			  struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < look->seen.n_luns && (rc == 0 || rc == -ENXIO); i++) {
		rc = array_exposures(array, &look->names[i], 1, deadline, &look->exposures[i], err);
		look->absent[i] = rc == -ENXIO;
	}
	return rc == -ENXIO ? 0 : rc;
}

static void array_ask(const struct vm_context *vm, struct deadline deadline, struct look *look)
{
	struct host_seen *seen = &look->seen;
	struct array_info info = {.known = false};
	struct array array = vm->array;
	int rc;

	array.info = &info;
	look->exposures = g_new0(struct array_exposure, seen->n_luns + 1);
	look->absent = g_new0(bool, seen->n_luns + 1);
	rc = array_exposures(&array, look->names, seen->n_luns, deadline_share(deadline, 2),
			     look->exposures, &seen->exposures_asked.err);
	if (rc == -ENXIO) {
		rc = exposures_each(&array, deadline_share(deadline, 2), look,
				    &seen->exposures_asked.err);
	}
	seen->exposures_asked.rc = rc;
	seen->exposures = look->exposures;
	seen->absent = look->absent;
	if (rc == 0) {
		rc = array_info(&array, deadline, &info, &seen->fenced_asked.err);
	} else {
		seen->fenced_asked.err = seen->exposures_asked.err;
	}
	if (rc == 0 && info.fence) {
		rc = array_fenced(&array, deadline, &look->fenced, &seen->fenced_asked.err);
		seen->fenced = &look->fenced;
	}
	seen->fenced_asked.rc = rc;
}

/* The libvirts */

/* Of a node that is not in the cluster, nobody can be asked. */
static size_t nodes_to_ask(const struct look *look, const char **ret)
{
	const struct host_seen *seen = &look->seen;
	bool known = seen->cluster_asked.rc == 0;
	size_t n_configured, n = 0;
	const struct config_host *configured = config_hosts(seen->config, &n_configured);

	for (size_t i = 0; known && i < seen->cluster->count; i++) {
		if (seen->cluster->hosts[i].obstacles[CLUSTER_AWAY].there != CLUSTER_THERE) {
			ret[n++] = seen->cluster->hosts[i].node;
		}
	}
	for (size_t i = 0; !known && i < n_configured; i++) {
		ret[n++] = configured[i].node;
	}
	return n;
}

static void libvirts_ask(const struct host_found *found, struct deadline deadline,
			 struct look *look)
{
	const struct cluster_vm *vm = &found->all.cluster.vms[found->one - found->all.vms];
	size_t n_configured;
	g_autofree const char **nodes = NULL;

	(void)config_hosts(look->seen.config, &n_configured);
	nodes = g_new0(const char *, found->cluster.count + n_configured + 1);
	look->seen.n_libvirts = nodes_to_ask(look, nodes);
	look->libvirts = g_new0(struct host_libvirt, look->seen.n_libvirts + 1);
	look->seen.libvirts = look->libvirts;
	host_libvirt_ask(found->one, g_strcmp0(vm->preflight, "warn") == 0, nodes,
			 look->seen.n_libvirts, deadline, look->libvirts);
}

/* The VM */

static int vm_find(const struct vm_all *all, const char *name, const struct vm_one **ret,
		   struct err *err)
{
	for (size_t i = 0; i < all->cluster.count; i++) {
		const struct vm_one *one = &all->vms[i];

		if (strcmp(one->name, name) != 0) {
			continue;
		}
		if (one->vm == NULL) {
			return err_set(err, -EINVAL, "%.100s: its LUNs are not known: %s", name,
				       err_text(&one->why));
		}
		*ret = one;
		return 0;
	}
	return err_set(err, -ENOENT, "the cluster has no VM '%.200s'", name);
}

static const char *paths_required_of(const struct vm_all *all, const struct vm_one *one)
{
	return all->cluster.vms[one - all->vms].paths_required;
}

static void judge(const struct look *look, struct host_found *ret)
{
	ret->luns = g_new0(struct host_lun, look->seen.n_luns + 1);
	host_need_fill(&look->seen, ret->luns, &ret->need);
	ret->n = host_facts_fill(&look->seen, &ret->need, &ret->facts);
	ret->verdicts = g_new0(struct host_verdict, ret->n + 1);
	for (size_t i = 0; i < ret->n; i++) {
		host_verdict(&ret->need, &ret->facts[i], &ret->verdicts[i]);
	}
}

int host_look(const char *vm, struct deadline deadline, struct host_found *ret, struct err *err)
{
	struct look look __attribute__((cleanup(look_release))) = {.paths = NULL};
	int rc;

	*ret = (struct host_found){.n = 0};
	rc = vm_all_open(deadline_share(deadline, QUESTIONS), &ret->all, err);
	rc = rc < 0 ? rc : vm_find(&ret->all, vm, &ret->one, err);
	if (rc < 0) {
		return rc;
	}
	look.seen.config = ret->one->vm->config;
	look.seen.array = ret->one->vm->array.name;
	look.seen.portals = ret->one->vm->portals;
	look.seen.n_portals = ret->one->vm->n_portals;
	look.seen.paths_required = host_paths_required(paths_required_of(&ret->all, ret->one));
	names_fill(ret->one->vm, &look);
	cluster_ask(ret->one->resource, deadline_share(deadline, QUESTIONS - 1), &look,
		    &ret->cluster);
	lunmaskd_ask(deadline_share(deadline, QUESTIONS - 2), &look);
	array_ask(ret->one->vm, deadline_share(deadline, 2), &look);
	libvirts_ask(ret, deadline, &look);
	judge(&look, ret);
	return 0;
}

void host_found_release(struct host_found *found)
{
	for (size_t i = 0; i < found->n; i++) {
		host_verdict_release(&found->verdicts[i]);
	}
	g_free(found->verdicts);
	g_free(found->facts);
	g_free(found->luns);
	cluster_hosts_release(&found->cluster);
	vm_all_release(&found->all);
	*found = (struct host_found){.n = 0};
}
