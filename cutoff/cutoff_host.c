/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cutoff/cutoff_host.h"

#include <glib.h>
#include <string.h>
#include <sys/utsname.h>

#include "array/array.h"
#include "names/host_name.h"
#include "names/portal.h"
#include "process/initiator_process.h"
#include "process/process.h"

#define END_MS 5000 /* time for killed processes to disappear */

/* The programs that ask arrays for grants, by the names that the kernel has for them. */
static const char *const agents[] = {"VirtualMachine", "lunmask", NULL};

/* This host's section of the configuration */

int cutoff_host_node(const struct config *config, const char *node, const char **ret,
		     struct err *err)
{
	const struct config_host *hosts;
	struct utsname system = {.nodename = ""};
	size_t count;

	if (node != NULL) {
		const struct config_host *host;
		int rc = config_host_get(config, node, &host, err);

		*ret = rc < 0 ? NULL : host->node;
		return rc;
	}
	hosts = config_hosts(config, &count);
	for (size_t i = 0; i < count; i++) {
		if (host_name_is_kernels(hosts[i].node)) {
			*ret = hosts[i].node;
			return 0;
		}
	}
	(void)uname(&system);
	return err_set(err, -ENOENT,
		       "no [host NODE] of the configuration is this host ('%.64s'); say which "
		       "with --node",
		       system.nodename);
}

/* Configuration */

static void port_add(struct cutoff_host *host, uint16_t port)
{
	for (size_t i = 0; i < host->n_ports; i++) {
		if (host->ports[i] == port) {
			return;
		}
	}
	host->ports[host->n_ports++] = port;
}

int cutoff_host_configure(struct cutoff_host *host, const char *file, struct err *err)
{
	const struct config_array *arrays;
	const struct config_host *self;
	struct config *config;
	const char *node;
	size_t count;
	int rc = config_load(file, &config, err);

	if (rc < 0) {
		return rc;
	}
	rc = cutoff_host_node(config, host->node, &node, err);
	rc = rc < 0 ? rc : config_host_get(config, node, &self, err);
	if (rc < 0) {
		config_free(config);
		return rc;
	}
	config_free(host->config);
	host->config = config;
	host->self = self;
	host->n_ports = 0;
	arrays = config_arrays(config, &count);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < arrays[i].n_portals; j++) {
			struct portal portal;

			/* The configuration has checked it. */
			if (portal_from_str(arrays[i].portals[j], &portal, NULL) == 0) {
				port_add(host, portal.port);
			}
		}
	}
	return 0;
}

/* Agents */

static int agent_visit(void *data, pid_t pid, struct err *err)
{
	char name[PROCESS_NAME_MAX + 1];
	int pidfd;

	process_name(pid, name);
	if (!g_strv_contains(agents, name)) {
		return 0;
	}
	pidfd = process_hold(pid, err);
	if (pidfd < 0) {
		return pidfd == -ESRCH ? 0 : pidfd;
	}
	return process_set_add(data, pid, pidfd, name, err);
}

int cutoff_host_may_return(struct cutoff_host *host, struct err *err)
{
	if (!host->self->unfence_after_cutoff) {
		return err_set(err, -EPERM, "[host %s] says unfence_after_cutoff = no",
			       host->self->node);
	}
	process_set_reap(&host->agents, deadline_in(0));
	if (host->agents.n > 0) {
		return err_set(err, -EAGAIN,
			       "%s (pid %d) has been running since before the host was fenced",
			       host->agents.held[0].name, (int)host->agents.held[0].pid);
	}
	return 0;
}

/* The query */

static int array_ask(const struct config_array *array, const char *initiator,
		     struct deadline deadline, bool *ret, struct err *err)
{
	const struct array asked = {
		.name = array->name,
		.driver = array->driver,
		.runner = {.transport = array->transport, .identity = array->identity},
	};
	struct array_fenced fenced;
	int rc = array_fenced(&asked, deadline, &fenced, err);

	if (rc < 0) {
		return rc;
	}
	*ret = array_fenced_has(&fenced, initiator);
	array_fenced_release(&fenced);
	return 0;
}

/* Asks the arrays in turn until one says that it has the host fenced; *ret is its name. */
static int arrays_ask(const struct cutoff_host *host, struct deadline deadline, const char **ret,
		      struct err *err)
{
	size_t count;
	const struct config_array *arrays = config_arrays(host->config, &count);
	int failed = 0;

	for (size_t i = 0; i < count; i++) {
		struct err one = ERR_INIT;
		bool fenced = false;
		int rc = array_ask(&arrays[i], host->self->initiator,
				   deadline_share(deadline, count - i), &fenced, &one);

		if (rc == 0 && fenced) {
			*ret = arrays[i].name;
			return 0;
		}
		if (rc < 0 && failed == 0) {
			failed = err_set(err, rc, "%s", err_text(&one));
		}
	}
	return failed;
}

static int held_end(const struct cutoff_host *host, const char *array, struct process_set *held,
		    struct err *err)
{
	for (size_t i = 0; host->told != NULL && i < held->n; i++) {
		host->told(host->data, &held->held[i], array);
	}
	return process_set_end(held, deadline_in(END_MS), err);
}

/* False if a process uses LUNs now. One that started since is left to the next query. */
static bool host_is_clean(const struct cutoff_host *host, struct err *err)
{
	struct initiator_process left;

	if (initiator_process_find(host->self->initiator, &left, err) < 0) {
		return false;
	}
	if (left.pid != 0) {
		(void)err_set(err, 0, "%s (pid %d) still uses LUNs, or has started since",
			      left.name, (int)left.pid);
	}
	return left.pid == 0;
}

static void host_clean(struct cutoff_host *host, const char *array, struct process_set *held,
		       struct cutoff_seen *ret, struct err *err)
{
	struct err more = ERR_INIT;

	ret->answer = CUTOFF_FENCED;
	ret->clean = held_end(host, array, held, &more) == 0 && host_is_clean(host, &more);
	(void)err_set(err, 0, "array %s has it fenced%s%s", array, ret->clean ? "" : ": ",
		      ret->clean ? "" : err_text(&more));
}

int cutoff_host_query(struct cutoff_host *host, struct deadline deadline, struct cutoff_seen *ret,
		      struct err *err)
{
	struct process_set held = {.n = 0};
	struct process_set at_work = {.n = 0};
	const char *array = NULL;
	int rc = initiator_process_hold_all(host->self->initiator, &held, err);

	rc = rc < 0 ? rc : process_each(agent_visit, &at_work, err);
	if (rc == 0) {
		*ret = (struct cutoff_seen){.busy = held.n > 0};
		ret->answer =
			arrays_ask(host, deadline, &array, err) < 0 ? CUTOFF_UNKNOWN : CUTOFF_OPEN;
		if (array != NULL) {
			host_clean(host, array, &held, ret, err);
		}
	}
	if (rc == 0 && array != NULL && !host->fenced) {
		process_set_release(&host->agents);
		host->agents = at_work;
		at_work = (struct process_set){.n = 0};
	}
	/* If an array does not answer, the known state is kept. */
	if (rc == 0 && ret->answer != CUTOFF_UNKNOWN) {
		host->fenced = array != NULL;
	}
	process_set_release(&held);
	process_set_release(&at_work);
	return rc;
}

void cutoff_host_release(struct cutoff_host *host)
{
	process_set_release(&host->agents);
	config_free(host->config);
	host->config = NULL;
}
