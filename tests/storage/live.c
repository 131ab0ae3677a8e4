/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/storage/live.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "create/vm_create.h"
#include "journal/journal.h"
#include "tests/unit/journal/journal_server.h"
#include "vm/vm_keep.h"

#define RESOURCE                                                                                   \
	"<primitive id='r-web1' class='ocf' provider='lunmask' type='VirtualMachine'>"             \
	"<instance_attributes id='i'><nvpair id='a' name='vm' value='web1'/>"                      \
	"<nvpair id='b' name='array' value='san1'/>"                                               \
	"<nvpair id='c' name='luns' value='vda=web1-vda vdb=web1-vdb'/>"                           \
	"<nvpair id='d' name='state_lun' value='web1-state'/></instance_attributes>"               \
	"<meta_attributes id='m'>%s</meta_attributes></primitive>"
#define STOPPED "<nvpair id='t' name='target-role' value='Stopped'/>"

char *live_work;
bool live_told;
const char *live_resources = "<resources/>";
enum cluster_node_fate live_fate = CLUSTER_NODE_UP;
bool live_libvirt_refuses;

static int points;
static int killed_at; /* 0: never */

void live_point(void)
{
	if (++points == killed_at) {
		(void)kill(getpid(), SIGKILL);
	}
}

static void event_print(void *data, const struct task_event *event)
{
	(void)data;
	if (live_told) {
		(void)fprintf(stderr, "# %s %s: %s%s%s\n", event->task, event->step,
			      task_event_kind_to_str(event->kind),
			      event->text[0] != '\0' ? ": " : "", event->text);
	}
}

const struct vm_report live_report = {.event = event_print};

/* What a child has to say, in memory that it shares with its parent. */
struct said {
	int rc;
	struct err err;
};

static struct said *said;

/* Returns the child's status. */
static int child_run(live_fn *run, const char *node, int at)
{
	pid_t pid;

	if (said == NULL) {
		said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
		assert_true(said != MAP_FAILED);
	}
	memset(said, 0, sizeof(*said));
	pid = child_fork();
	if (pid == 0) {
		points = 0;
		killed_at = at;
		said->rc = run(node, &said->err);
		_exit(0);
	}
	return child_wait(pid);
}

int live_run(live_fn *run, const char *node, struct err *err)
{
	assert_int_equal(child_run(run, node, 0), 0);
	*err = said->err;
	return said->rc;
}

bool live_killed(live_fn *run, const char *node, int at)
{
	int status = child_run(run, node, at);

	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGKILL);
		return true;
	}
	if (said->rc != 0) {
		fail_msg("at point %d: %s", at, err_text(&said->err));
	}
	return false;
}

/* There is no cluster here. */

int __wrap_cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err);
int __wrap_cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err)
{
	(void)deadline;
	(void)err;
	*ret = true;
	return 0;
}

int __wrap_cluster_node_fencings(const char *node, struct deadline deadline,
				 struct cluster_fencings *ret, struct err *err);
int __wrap_cluster_node_fencings(const char *node, struct deadline deadline,
				 struct cluster_fencings *ret, struct err *err)
{
	(void)node;
	(void)deadline;
	(void)err;
	*ret = (struct cluster_fencings){.whole = true, .age_ms = 1000000};
	return 0;
}

int __wrap_cluster_node_fate(const char *node, struct deadline deadline,
			     enum cluster_node_fate *ret, struct err *err);
int __wrap_cluster_node_fate(const char *node, struct deadline deadline,
			     enum cluster_node_fate *ret, struct err *err)
{
	(void)node;
	(void)deadline;
	(void)err;
	*ret = live_fate;
	return 0;
}

int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err);
int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err)
{
	(void)deadline;
	(void)err;
	*ret_xml = g_strdup(live_resources);
	return 0;
}

/* The libvirt has no QEMU. */
int __wrap_hypervisor_check_xml(struct hypervisor *hypervisor, const char *xml,
				struct deadline deadline, struct err *err);
int __wrap_hypervisor_check_xml(struct hypervisor *hypervisor, const char *xml,
				struct deadline deadline, struct err *err)
{
	(void)hypervisor;
	(void)deadline;
	assert_non_null(strstr(xml, "<name>" LIVE_VM));
	return live_libvirt_refuses ? err_set(err, -EINVAL, "libvirt says no") : 0;
}

char *live_resource(const char *meta)
{
	g_autofree char *primitive = g_strdup_printf(RESOURCE, meta != NULL ? meta : STOPPED);

	return g_strdup_printf("<resources>%s</resources>", primitive);
}

void live_run_is_of(const char *node)
{
	g_autofree char *folder = g_build_filename(live_work, node, NULL);

	(void)g_mkdir(folder, 0700);
	assert_true(g_setenv(VM_KEEP_VARIABLE, folder, TRUE));
}

/* The array */

char *live_array_says(const char *verb, const char *request)
{
	g_autofree char *command = g_strdup_printf("echo '%s' | %s --config %s/array-tgt.conf %s",
						   request, getenv("DRIVER"), live_work, verb);
	char *argv[] = {(char *)"sh", (char *)"-c", command, NULL};
	char *text = NULL;
	int status = 0;

	assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &text, NULL,
				 &status, NULL));
	if (status != 0) {
		fail_msg("%s: %s", verb, text);
	}
	return text;
}

size_t live_luns_count(void)
{
	g_autofree char *text = live_array_says("luns", "{}");
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, "\"name\"")) != NULL; at++) {
		n++;
	}
	return n;
}

void live_nobody_has_a_path(void)
{
	g_autofree char *text = live_array_says("masks", "{}");

	if (strstr(text, LIVE_IQN "node") != NULL) {
		fail_msg("left: %s", text);
	}
}

struct journal_task live_last_task(void)
{
	struct journal *journal = journal_client_open();
	struct journal_task task = {.revision = 0};
	int rc = journal_task_get(journal, LIVE_VM, JOURNAL_LINEARIZABLE,
				  deadline_in(TEST_LIMIT_MS), &task, NULL);

	assert_true(rc == 0 || rc == -ENOENT);
	journal_client_close(journal);
	return task;
}

static int make(const char *node, struct err *err)
{
	struct template *template __attribute__((cleanup(template_drop))) = NULL;
	struct vm_create_wish wish = {
		.vm = LIVE_VM,
		.n_vcpus = 1,
		.network = "default",
		.hypervisor = LIVE_LIBVIRT,
		.node = node,
	};
	struct vm_created created = {.array = NULL};
	int rc = template_find(NULL, "small", &template, err);

	wish.template = template;
	wish.memory_bytes = rc == 0 ? template->memory_bytes : 0;
	live_run_is_of(node);
	rc = rc != 0 ? rc : vm_create(&wish, NULL, deadline_in(TEST_LIMIT_MS), &created, err);
	vm_created_release(&created);
	return rc;
}

void live_make(void)
{
	struct err err = ERR_INIT;

	live_run_is_of("node1");
	if (live_run(make, "node1", &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
}

/* As an administrator would. */
void live_luns_delete(const char *vm)
{
	static const char *const luns[] = {"vda", "vdb", "state"};

	for (size_t i = 0; i < G_N_ELEMENTS(luns); i++) {
		g_autofree char *request = g_strdup_printf("{\"name\":\"%s-%s\"}", vm, luns[i]);
		g_autofree char *answer = live_array_says("delete", request);

		assert_non_null(answer);
	}
}

void live_all_delete(void)
{
	live_luns_delete(LIVE_VM);
	live_run_is_of("node2");
	(void)vm_keep_remove(LIVE_VM, NULL);
	live_run_is_of("node1");
	(void)vm_keep_remove(LIVE_VM, NULL);
}

int live_before(void **state)
{
	live_work = getenv("WORK");
	assert_non_null(live_work);
	return journal_server_up(state);
}

int live_after(void **state)
{
	killed_at = 0;
	live_fate = CLUSTER_NODE_UP;
	live_libvirt_refuses = false;
	live_resources = "<resources/>";
	live_all_delete();
	return undo_all(state);
}
