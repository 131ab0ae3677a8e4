/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/cluster.h"
#include "hosts/host_look.h"
#include "journal/journal.h"
#include "tests/unit/support/undo.h"

/* Against a Pacemaker, a lunmaskd and a libvirt that say what they are told, and a real driver. */
#define LIMIT_MS 60000
#define P1 "10.0.0.1:3260"
#define P2 "10.0.0.2:3260"
#define PAIR(name, value) "<nvpair id='p' name='" name "' value='" value "'/>"
#define VM(id, luns, more)                                                                         \
	"<primitive id='" id "' class='ocf' provider='lunmask' type='VirtualMachine'>"             \
	"<instance_attributes id='s'>" PAIR("vm", id) PAIR("array", "san1") PAIR("luns", luns)     \
		PAIR("state_lun", id "-state") more "</instance_attributes></primitive>"
#define STATE(node, in_ccm, crmd, expected)                                                        \
	"<node_state uname='" node "' in_ccm='" in_ccm "' crmd='" crmd "' join='member' "          \
	"expected='" expected "'/>"
#define CIB(node2)                                                                                 \
	"<cib><configuration><nodes><node uname='node1'/><node uname='node2'/>"                    \
	"</nodes></configuration><status>" STATE("node1", "true", "online", "member") node2        \
		"</status></cib>"
#define AWAY STATE("node2", "false", "offline", "down")
#define THERE STATE("node2", "true", "online", "member")
#define TAKES "{\"ok\":true,\"host\":\"node2 -\"}"
#define REFUSES(name)                                                                              \
	"{\"ok\":false,\"host\":\"\",\"error\":\"it said so\",\"errno_name\":\"" name "\"}"
#define DEFINITION "<domain type='kvm'><name>web3</name><memory>65536</memory></domain>"
#define RUNNING "<domain type='kvm'><name>web1</name><memory>131072</memory></domain>"

static const char resources[] = "<resources>" VM("web1", "vda=web1-root sda=iso:ro", "")
	VM("web2", "vda=gone", "") VM("web3", "vda=web3-root tpm=web3-tpm",
				      PAIR("paths_required", "all") PAIR("config", "CONFIG"))
		VM("web4", "vda=web4-root",
		   PAIR("preflight", "warn") PAIR("config", "CONFIG")) "</resources>";

/* Of what it is asked for, it has all but "gone"; it keeps no order. */
static const char driver[] =
	"#!/bin/sh\nr=$(cat)\ncase $1 in\n"
	"info) echo '{\"protocol\":1,\"capabilities\":[\"revoke-cuts-nexus\",\"fence\"]}' ;;\n"
	"fenced) echo '{\"fenced\":[\"iqn.2026-11.x:2\"],\"fencings\":1}' ;;\n"
	"luns) case $r in *gone*) echo "
	"'{\"error\":{\"code\":\"no-such-lun\",\"message\":\"gone\"}}'"
	"; exit 1 ;; esac\n"
	"l=$(echo \"$r\" | grep -o '\"[a-z0-9]*-*[a-z]*\"' | grep -v luns | grep -v timeout)\n"
	"s=; printf '{\"luns\":['; for n in $l; do printf '%s{\"name\":%s}' \"$s\" $n; s=,; done\n"
	"echo ']}' ;;\nesac\n";

static struct {
	int cluster, journal, libvirt;
	bool quorum, away; /* node2 */
	enum domain_state domain;
	int preflight, tpm;
	const char *answer; /* of node2's lunmaskd; NULL: none */
	char asked[4096];   /* of whom, and what */
	enum path_state states[4];
} world;
static char dir[64], driver_file[96], conf_file[96], definition_file[96];
static struct host_found found;

int __wrap_cluster_local_node(struct deadline deadline, char *name, size_t size, struct err *err);
int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err);
int __wrap_cluster_cib(struct deadline deadline, char **ret_xml, struct err *err);
int __wrap_cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err);
int __wrap_journal_open(struct deadline deadline, struct journal **ret, struct err *err);
void __wrap_journal_drop(struct journal **journal);
int __wrap_journal_release_list(struct journal *journal, struct deadline deadline,
				struct journal_release **ret, size_t *ret_n, struct err *err);
int __wrap_journal_path_list(struct journal *journal, struct deadline deadline,
			     struct journal_path **ret, size_t *ret_n, char *trouble,
			     struct err *err);
int __wrap_vm_hypervisor(struct vm_context *vm, struct deadline deadline, struct hypervisor **ret,
			 struct err *err);
int __wrap_hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm,
				   struct deadline deadline, enum domain_state *ret,
				   struct err *err);
int __wrap_hypervisor_preflight(struct hypervisor *hypervisor, const char *vm,
				const char *domain_xml, struct deadline deadline, struct err *err);
int __wrap_hypervisor_tpm_check(struct hypervisor *hypervisor, struct deadline deadline,
				struct err *err);
int __wrap_hypervisor_domain_xml(struct hypervisor *hypervisor, const char *vm,
				 struct deadline deadline, char **ret_xml, struct err *err);
int __wrap_journal_ask(struct journal *journal, const char *node, enum journal_ask_kind kind,
		       const char *body, struct deadline deadline, char **ret, size_t *ret_bytes,
		       struct err *err);

int __wrap_cluster_local_node(struct deadline deadline, char *name, size_t size, struct err *err)
{
	(void)deadline, (void)err;
	(void)g_strlcpy(name, "node1", size);
	return 0;
}

int __wrap_cluster_resources(struct deadline deadline, char **ret_xml, struct err *err)
{
	g_auto(GStrv) parts = NULL;

	(void)deadline, (void)err;
	parts = g_strsplit(resources, "CONFIG", -1);
	*ret_xml = g_strjoinv(definition_file, parts);
	return 0;
}

int __wrap_cluster_cib(struct deadline deadline, char **ret_xml, struct err *err)
{
	(void)deadline;
	if (world.cluster < 0) {
		return err_set(err, world.cluster, "no CIB");
	}
	*ret_xml = g_strdup(world.away ? CIB(AWAY) : CIB(THERE));
	return 0;
}

int __wrap_cluster_has_quorum(struct deadline deadline, bool *ret, struct err *err)
{
	(void)deadline, (void)err;
	*ret = world.quorum;
	return 0;
}

int __wrap_journal_open(struct deadline deadline, struct journal **ret, struct err *err)
{
	(void)deadline;
	*ret = NULL;
	return world.journal < 0 ? err_set(err, world.journal, "no lunmaskd") : 0;
}

void __wrap_journal_drop(struct journal **journal)
{
	(void)journal;
}

int __wrap_journal_release_list(struct journal *journal, struct deadline deadline,
				struct journal_release **ret, size_t *ret_n, struct err *err)
{
	(void)journal, (void)deadline, (void)ret, (void)ret_n;
	return err_set(err, -ENOTCONN, "none");
}

int __wrap_journal_path_list(struct journal *journal, struct deadline deadline,
			     struct journal_path **ret, size_t *ret_n, char *trouble,
			     struct err *err)
{
	static const char *const portals[] = {P1, P2};

	(void)journal, (void)deadline, (void)err;
	*trouble = '\0';
	*ret_n = 4;
	*ret = calloc(4, sizeof(**ret));
	for (size_t i = 0; i < 4; i++) {
		struct journal_path *path = &(*ret)[i];

		(void)snprintf(path->node, sizeof(path->node), "node%zu", i / 2 + 1);
		(void)strcpy(path->array, "san1");
		(void)strcpy(path->portal, portals[i % 2]);
		path->origin = JOURNAL_PATH_CONFIGURED;
		path->state = world.states[i];
	}
	return 0;
}

int __wrap_vm_hypervisor(struct vm_context *vm, struct deadline deadline, struct hypervisor **ret,
			 struct err *err)
{
	(void)vm, (void)deadline;
	*ret = (struct hypervisor *)(void *)&world;
	return world.libvirt < 0 ? err_set(err, world.libvirt, "no libvirt") : 0;
}

int __wrap_hypervisor_domain_state(struct hypervisor *hypervisor, const char *vm,
				   struct deadline deadline, enum domain_state *ret,
				   struct err *err)
{
	(void)hypervisor, (void)vm, (void)deadline, (void)err;
	*ret = world.domain;
	return 0;
}

int __wrap_hypervisor_preflight(struct hypervisor *hypervisor, const char *vm,
				const char *domain_xml, struct deadline deadline, struct err *err)
{
	(void)hypervisor, (void)vm, (void)deadline;
	assert_string_equal(domain_xml, DEFINITION);
	return world.preflight < 0 ? err_set(err, world.preflight, "preflight") : 0;
}

int __wrap_hypervisor_tpm_check(struct hypervisor *hypervisor, struct deadline deadline,
				struct err *err)
{
	(void)hypervisor, (void)deadline;
	return world.tpm < 0 ? err_set(err, world.tpm, "no swtpm") : 0;
}

int __wrap_hypervisor_domain_xml(struct hypervisor *hypervisor, const char *vm,
				 struct deadline deadline, char **ret_xml, struct err *err)
{
	(void)hypervisor, (void)vm, (void)deadline, (void)err;
	*ret_xml = g_strdup(RUNNING);
	return 0;
}

int __wrap_journal_ask(struct journal *journal, const char *node, enum journal_ask_kind kind,
		       const char *body, struct deadline deadline, char **ret, size_t *ret_bytes,
		       struct err *err)
{
	(void)journal, (void)deadline;
	(void)snprintf(world.asked, sizeof(world.asked), "%s %s %s", node,
		       journal_ask_kind_to_str(kind), body);
	if (world.answer == NULL) {
		return err_set(err, -EOPNOTSUPP, "it is older");
	}
	*ret = strdup(world.answer);
	*ret_bytes = strlen(world.answer);
	return 0;
}

static void file_make(char *path, size_t size, const char *name, const char *text, mode_t mode)
{
	(void)snprintf(path, size, "%s/%s", dir, name);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
	g_autofree char *conf = NULL;

	(void)state;
	(void)strcpy(dir, "/tmp/lunmask-host-look-XXXXXX");
	assert_non_null(mkdtemp(dir));
	file_make(driver_file, sizeof(driver_file), "driver", driver, 0700);
	file_make(definition_file, sizeof(definition_file), "web1.xml", DEFINITION, 0600);
	conf = g_strdup_printf("[array san1]\ndriver = %s\ntransport = exec\nportals = " P1 " " P2
			       "\n[host node1]\ninitiator = iqn.2026-11.x:1\n"
			       "[host node2]\ninitiator = iqn.2026-11.x:2\n",
			       driver_file);
	file_make(conf_file, sizeof(conf_file), "lunmask.conf", conf, 0600);
	assert_int_equal(setenv("LUNMASK_CONF", conf_file, 1), 0);
	memset(&world, 0, sizeof(world));
	world.quorum = true;
	world.domain = DOMAIN_RUNNING;
	world.answer = TAKES;
	for (size_t i = 0; i < 4; i++) {
		world.states[i] = PATH_UP;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_found_release(&found);
	(void)unlink(driver_file);
	(void)unlink(conf_file);
	(void)unlink(definition_file);
	(void)rmdir(dir);
	return 0;
}

static void look(const char *vm)
{
	struct err err = ERR_INIT;

	host_found_release(&found);
	if (host_look(vm, deadline_in(LIMIT_MS), &found, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	assert_int_equal(found.n, 2);
}

static void unfence(void)
{
	g_auto(GStrv) parts = g_strsplit(driver, "\"iqn.2026-11.x:2\"", 2);
	g_autofree char *text = g_strjoinv("", parts);

	file_make(driver_file, sizeof(driver_file), "driver", text, 0700);
}

static void is(size_t i, enum host_answer answer, const char *first)
{
	const struct host_verdict *verdict = &found.verdicts[i];
	const char *text = verdict->n_reasons > 0 ? verdict->reasons[0].text : "";

	if (verdict->answer != answer || strstr(text, first) == NULL ||
	    (*first == '\0' && *text != '\0')) {
		fail_msg("%s: %s, %s", found.facts[i].node, host_answer_to_str(verdict->answer),
			 text);
	}
}

static void host_look__asks_everybody(void **state)
{
	(void)state;
	look("web1");
	assert_string_equal(found.need.array, "san1");
	assert_int_equal(found.need.n_luns, 3);
	assert_string_equal(found.need.luns[2].name, "iso");
	assert_int_equal(found.need.luns[2].exists, HOST_YES);
	is(0, HOST_YES, "");
	is(1, HOST_NO, "the array has fenced it, and grants it nothing: san1, iqn.2026-11.x:2");
	world.quorum = false;
	look("web1");
	is(0, HOST_NO, "this partition has no quorum");
}

static void host_look__a_path_that_is_lost(void **state)
{
	(void)state;
	world.states[0] = PATH_DOWN;
	look("web1");
	is(0, HOST_YES, "no path to portal " P1 " of san1");
	look("web3");
	is(0, HOST_NO, "through 1 of the 2 portals that paths_required wants");
}

static void host_look__a_lun_that_is_not_there(void **state)
{
	(void)state;
	look("web2");
	is(0, HOST_NO, "san1 has no LUN gone");
	assert_int_equal(found.need.luns[1].exists, HOST_YES);
}

static void host_look__who_does_not_answer(void **state)
{
	(void)state;
	world.cluster = -ETIMEDOUT;
	look("web1");
	is(0, HOST_NOT_KNOWN, "whether it is in the cluster is not known: no CIB");
	world.cluster = 0;
	world.journal = -ENOTCONN;
	look("web1");
	is(0, HOST_NOT_KNOWN, "not known: no lunmaskd");
	world.journal = 0;
	world.libvirt = -ECONNREFUSED;
	look("web1");
	is(0, HOST_NO, "its libvirt does not answer: no libvirt");
	world.libvirt = 0;
	file_make(driver_file, sizeof(driver_file), "driver", "#!/bin/sh\nexit 1\n", 0700);
	look("web1");
	is(0, HOST_NOT_KNOWN, "whether the array has fenced it is not known: ");
	is(1, HOST_NOT_KNOWN, "whether the array has fenced it is not known: ");
}

static void host_look__what_libvirt_here_says(void **state)
{
	(void)state;
	world.domain = DOMAIN_ABSENT;
	look("web1");
	is(0, HOST_YES,
	   "whether the guest can run there as it is defined is not known: its parameter config "
	   "is");
	look("web3");
	is(0, HOST_YES, "");
	world.preflight = -ENOTSUP;
	look("web3");
	is(0, HOST_NO, "the guest cannot run there as it is defined: preflight");
	world.preflight = -ENOSPC;
	look("web3");
	is(0, HOST_NO, "its memory is too small for the guest: preflight");
	world.preflight = -EIO;
	look("web3");
	is(0, HOST_NOT_KNOWN, "what its libvirt says is not known: preflight");
	world.preflight = 0;
	world.tpm = -ENOTSUP;
	look("web3");
	is(0, HOST_NO, "the guest cannot run there as it is defined: no swtpm");
	look("web4");
	is(0, HOST_YES, "");
	file_make(definition_file, sizeof(definition_file), "web1.xml", "<domain>", 0600);
	look("web4");
	is(0, HOST_YES, "whether the guest can run there as it is defined is not known: /tmp/");
}

static void host_look__what_libvirt_there_says(void **state)
{
	static const struct {
		const char *answer;
		enum host_answer is;
		const char *first;
	} cases[] = {
		{TAKES, HOST_YES, ""},
		{REFUSES("EEXIST"), HOST_YES, ""},
		{REFUSES("ENOTSUP"), HOST_NO,
		 "the guest cannot run there as it is defined: it said so"},
		{REFUSES("ENOSPC"), HOST_NO, "its memory is too small for the guest: it said so"},
		{REFUSES("EIO"), HOST_NOT_KNOWN, "what its libvirt says is not known: it said so"},
		{REFUSES("ECONNREFUSED"), HOST_NOT_KNOWN,
		 "what its libvirt says is not known: node2: it said so"},
		{"garbage", HOST_NOT_KNOWN, "what its libvirt says is not known: lunmask-answer"},
		{NULL, HOST_NOT_KNOWN,
		 "what its libvirt says is not known: no answer of node2: it is older"},
	};

	(void)state;
	unfence();
	world.domain = DOMAIN_ABSENT;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		world.answer = cases[i].answer;
		look("web3");
		is(0, HOST_YES, "");
		is(1, cases[i].is, cases[i].first);
	}
	assert_non_null(strstr(world.asked, "node2 preflight "));
	assert_non_null(strstr(world.asked, "<memory>65536</memory>"));
	assert_non_null(strstr(world.asked, "\"flash\":false,\"tpm\":true"));
}

/* As in a migration: what it has now, not what is in a file. */
static void host_look__asks_there_about_the_guest_that_runs_here(void **state)
{
	(void)state;
	unfence();
	look("web1");
	is(1, HOST_YES, "");
	assert_non_null(strstr(world.asked, "node2 preflight "));
	assert_non_null(strstr(world.asked, "<memory>131072</memory>"));
}

static void host_look__without_a_definition_asks_for_the_domain(void **state)
{
	(void)state;
	unfence();
	world.domain = DOMAIN_ABSENT;
	world.answer = "{\"ok\":true,\"host\":\"node2 -\",\"state\":\"RUNNING\"}";
	look("web1");
	assert_non_null(strstr(world.asked, "node2 domain "));
	is(1, HOST_YES, "");
	world.answer = "{\"ok\":true,\"host\":\"node2 -\",\"state\":\"ABSENT\"}";
	look("web1");
	is(1, HOST_YES, "whether the guest can run there as it is defined is not known: its");
	world.answer = TAKES;
	look("web1");
	is(1, HOST_NOT_KNOWN, "what its libvirt says is not known: node2 has not said");
}

static void host_look__memory_is_advice_where_preflight_warns(void **state)
{
	(void)state;
	unfence();
	world.domain = DOMAIN_ABSENT;
	world.preflight = -ENOSPC;
	world.answer = REFUSES("ENOSPC");
	look("web4");
	is(0, HOST_YES, "whether the guest's memory fits is not known: preflight");
	is(1, HOST_YES, "whether the guest's memory fits is not known: it said so");
}

static void host_look__does_not_ask_a_node_that_is_away(void **state)
{
	(void)state;
	unfence();
	world.away = true;
	look("web1");
	is(1, HOST_NO, "it is not in the cluster");
	assert_int_equal(found.verdicts[1].n_reasons, 1);
	assert_string_equal(world.asked, "");
}

/* A libvirt here that is away says nothing about the others. */
static void host_look__asks_there_without_a_libvirt_here(void **state)
{
	(void)state;
	unfence();
	world.libvirt = -ECONNREFUSED;
	look("web3");
	is(0, HOST_NO, "its libvirt does not answer: no libvirt");
	is(1, HOST_YES, "");
}

static void host_look__refuses_what_is_no_vm(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_look("web9", deadline_in(LIMIT_MS), &found, &err), -ENOENT);
	assert_string_equal(err_text(&err), "the cluster has no VM 'web9'");
}

static void host_paths_required__as_the_agent_reads_it(void **state)
{
	(void)state;
	assert_int_equal(host_paths_required(NULL), 1);
	assert_int_equal(host_paths_required("all"), 0);
	assert_int_equal(host_paths_required("2"), 2);
	assert_int_equal(host_paths_required("0"), 1);
	assert_int_equal(host_paths_required("17"), 1);
	assert_int_equal(host_paths_required("-1"), 1);
	assert_int_equal(host_paths_required("2x"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(host_look__asks_everybody),
		TEST(host_look__a_path_that_is_lost),
		TEST(host_look__a_lun_that_is_not_there),
		TEST(host_look__who_does_not_answer),
		TEST(host_look__what_libvirt_here_says),
		TEST(host_look__what_libvirt_there_says),
		TEST(host_look__asks_there_about_the_guest_that_runs_here),
		TEST(host_look__without_a_definition_asks_for_the_domain),
		TEST(host_look__memory_is_advice_where_preflight_warns),
		TEST(host_look__does_not_ask_a_node_that_is_away),
		TEST(host_look__asks_there_without_a_libvirt_here),
		TEST(host_look__refuses_what_is_no_vm),
		TEST(host_paths_required__as_the_agent_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
