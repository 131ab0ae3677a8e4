/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hosts/host_look.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cluster/cluster.h"
#include "journal/journal.h"

#define DEFINITION_MAX (256u * 1024)
#define QUESTIONS 5 /* that share the time: Pacemaker, lunmaskd, the array twice, libvirt */

/* What is asked for, beside what host_found keeps. */
struct look {
	struct host_seen seen;
	struct journal_path *paths;
	struct array_exposure *exposures;
	bool *absent;
	struct array_fenced fenced;
	struct host_libvirt here;
	const char **names;
};

static void look_release(struct look *look)
{
	free(look->paths);
	g_free(look->exposures);
	g_free(look->absent);
	array_fenced_release(&look->fenced);
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

/* This host's libvirt */

static void know(struct host_known *known, enum host_answer is, const char *detail)
{
	known->is = is;
	(void)g_strlcpy(known->detail, detail, sizeof(known->detail));
}

/* The definition that people write; what is on the state LUN may differ. */
static char *definition_read(const char *path, struct err *err)
{
	AUTO_FD fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	g_autofree char *text = g_malloc0(DEFINITION_MAX + 1);
	ssize_t n = fd < 0 ? -errno : fd_read(fd, text, DEFINITION_MAX);

	if (path == NULL) {
		(void)err_set(err, -ENOENT, "its parameter config is not set");
	} else if (n < 0) {
		(void)err_set(err, (int)n, "%s: %s", path, strerror((int)-n));
	}
	return path == NULL || n < 0 ? NULL : g_steal_pointer(&text);
}

/* A host that runs it can run it. */
static void guest_judge(int rc, const char *why, struct host_known known[HOST_FACTS])
{
	bool doubt = rc != 0 && rc != -EEXIST && rc != -ENOTSUP && rc != -ENOSPC;

	know(&known[HOST_LIBVIRT], HOST_YES, "");
	know(&known[HOST_CPU],
	     doubt            ? HOST_NOT_KNOWN
	     : rc == -ENOTSUP ? HOST_NO
			      : HOST_YES,
	     doubt || rc == -ENOTSUP ? why : "");
	know(&known[HOST_MEMORY],
	     doubt || rc == -ENOTSUP ? HOST_NOT_KNOWN
	     : rc == -ENOSPC         ? HOST_NO
				     : HOST_YES,
	     doubt || rc == -ENOSPC ? why : "");
}

static void libvirt_ask(const struct vm_one *one, const char *node, struct deadline deadline,
			struct look *look)
{
	struct host_known *known = look->here.known;
	struct hypervisor *hypervisor = NULL; /* the context's */
	enum domain_state state;
	struct err err = ERR_INIT;
	int rc = vm_hypervisor(one->vm, deadline, &hypervisor, &err);

	look->here.node = node;
	look->seen.libvirts = &look->here;
	look->seen.n_libvirts = 1;
	rc = rc < 0 ? rc : hypervisor_domain_state(hypervisor, one->name, deadline, &state, &err);
	if (rc < 0) {
		know(&known[HOST_LIBVIRT], HOST_NO, err_text(&err));
	} else if (domain_state_active(state)) {
		guest_judge(-EEXIST, "", known);
	} else {
		g_autofree char *definition = definition_read(one->settings.config, &err);

		rc = definition == NULL ? -ENOENT
					: hypervisor_preflight(hypervisor, one->name, definition,
							       deadline, &err);
		guest_judge(rc, err_text(&err), known);
	}
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
	libvirt_ask(ret->one, ret->one->vm->node, deadline, &look);
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
