/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Against two arrays whose driver is a shell script: what it keeps and how it fails are files in
 * the array's directory.
 */
#include "tests/unit/support/undo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fencing/host_fence.h"

#define IQN "iqn.2026-11.x:node1"
#define BY "iqn.2026-11.x:node2"
#define OLD "iqn.2026-11.x:node1-before"

/*
 * "calls" is what was asked; fail-VERB is a failure, deaf-VERB a success that did nothing; "lost"
 * says that the host that asks is fenced, "hidden" that the list does not say so.
 */
static const char script[] =
	"#!/bin/sh\n"
	"d=${0%/*}; v=$1; cat >$d/request; cp $d/request $d/request-$v; echo $v >>$d/calls\n"
	"n=$(cat $d/fencings 2>/dev/null || echo 0)\n"
	"if [ $v = unfence ] && ! grep -q '\"fencings\":'$n, $d/request; then\n"
	"  echo '{\"error\":{\"code\":\"fenced\",\"message\":\"fenced again\"}}'; exit 1; fi\n"
	"if [ $v = fence ] && [ -e $d/lost ] && grep -q '\"by\":\"" BY "\"' $d/request; then\n"
	"  echo '{\"error\":{\"code\":\"requester-fenced\",\"message\":\"you lost\"}}'; exit 1; "
	"fi\n"
	"if [ -e $d/fail-$v ]; then\n"
	"  echo '{\"error\":{\"code\":\"unreachable\",\"message\":\"no tgtd\"}}'; exit 1; fi\n"
	"if [ ! -e $d/deaf-$v ]; then\n"
	"  case $v in\n"
	"  fence) if grep -q '\"" OLD
	"\"' $d/request; then touch $d/fenced-old; rm -f $d/granted-old\n"
	"    else touch $d/fenced; rm -f $d/granted; fi ;;\n"
	"  unfence) rm -f $d/fenced ;; esac\n"
	"fi\n"
	"mine='\"" IQN "\"'; f=; [ ! -e $d/fenced ] || f=$mine\n"
	"[ ! -e $d/lost ] || [ -e $d/hidden ] || f='\"" BY "\"'${f:+,$f}\n"
	"[ ! -e $d/fenced-old ] || f='\"" OLD "\"'${f:+,$f}\n"
	"g=; [ ! -e $d/granted ] || g=$(cat $d/granted)\n"
	"m='{\"lun\":\"a\",\"initiators\":['$g'],\"nexuses\":[]}'\n"
	"if [ $v = masks ] && grep -q '\"limit\":' $d/request; then\n"
	"  grep -q masks-select $d/capabilities || {\n"
	"    echo '{\"error\":{\"code\":\"bad-request\",\"message\":\"no limit\"}}'; exit 1; }\n"
	"  case $g in '\"ALL\"') ;; *) grep -q '\"rules\":true' $d/request && m= ;; esac\n"
	"  [ -n \"$g\" ] || m=\n"
	"fi\n"
	"case $v in\n"
	"info) echo '{\"protocol\":1,\"capabilities\":'$(cat $d/capabilities)'}' ;;\n"
	"masks) [ ! -e $d/granted-old ] ||\n"
	"    m=$m',{\"lun\":\"b\",\"initiators\":[],\"nexuses\":[{\"initiator\":\"" OLD "\"}]}'\n"
	"  echo '{\"masks\":['$m']}' ;;\n"
	"fence) echo '{\"fenced\":['$mine',\"" OLD "\"],\"revoked\":[]}' ;;\n"
	"unfence) echo '{\"unfenced\":['$mine']}' ;;\n"
	"fenced) h=; [ ! -e $d/hosts ] || h=$(cat $d/hosts)\n"
	"  echo '{\"fenced\":['$f'],\"hosts\":['$h'],\"fencings\":'$n'}' ;;\n"
	"esac\n";

static char root[64];
static struct config *config;
static char told[4096];
static int cleaned;
static int clean_rc;

static char *path(size_t array, const char *file)
{
	static char text[128];

	(void)snprintf(text, sizeof(text), "%s/%zu/%s", root, array, file);
	return text;
}

static void put(size_t array, const char *file, const char *content)
{
	FILE *stream = fopen(path(array, file), "we");

	assert_non_null(stream);
	assert_true(fputs(content, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static void take(size_t array, const char *file)
{
	(void)unlink(path(array, file));
}

static bool is(size_t array, const char *file)
{
	return access(path(array, file), F_OK) == 0;
}

static void capabilities_add(size_t array, const char *more)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "[\"revoke-cuts-nexus\",\"nexus-list\",\"fence\",\"requester\"%s]", more);
	put(array, "capabilities", text);
}

static void array_make(size_t array)
{
	assert_int_equal(mkdir(path(array, ""), 0700), 0);
	put(array, "driver", script);
	assert_int_equal(chmod(path(array, "driver"), 0700), 0);
	capabilities_add(array, "");
}

/* node1 is IQN. */
static void config_use(const char *node2)
{
	g_autofree char *text = g_strdup_printf(
		"[array san1]\ndriver = d\ntransport = exec\nportals = 10.0.0.1:3260\n"
		"[host node1]\ninitiator = " IQN "\n[host node2]\ninitiator = %s\n",
		node2);

	config_free(config);
	config = NULL;
	assert_int_equal(config_parse(text, strlen(text), "f", &config, NULL), 0);
}

static int arrays_make(void **state)
{
	(void)state;
	(void)strcpy(root, "/tmp/lunmask-fence-XXXXXX");
	if (mkdtemp(root) == NULL) {
		return -1;
	}
	array_make(0);
	array_make(1);
	config_use(BY);
	told[0] = '\0';
	cleaned = 0;
	clean_rc = 0;
	return 0;
}

static int entry_remove(const char *name, const struct stat *status, int flag, struct FTW *ftw)
{
	(void)status;
	(void)flag;
	(void)ftw;
	return remove(name);
}

static int arrays_unmake(void **state)
{
	(void)state;
	config_free(config);
	config = NULL;
	return nftw(root, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static void told_keep(void *data, const char *line)
{
	(void)data;
	(void)strncat(told, line, sizeof(told) - strlen(told) - 2);
	(void)strcat(told, "\n");
}

static int clean(const struct host_fence *fence, struct deadline deadline, struct err *err)
{
	assert_string_equal(fence->host->node, "node1");
	assert_false(deadline_passed(deadline));
	cleaned++;
	return clean_rc == 0 ? 0 : err_set(err, clean_rc, "vm1 is alive");
}

/* by NULL: from no host. */
static const struct host_fence *fence_make_by(const char *by)
{
	static char node[] = "node1", initiator[] = IQN, drivers[2][128];
	static struct config_host host = {.node = node, .initiator = initiator};
	static struct host_fence fence;

	fence = (struct host_fence){.host = &host,
				    .config = config,
				    .cluster = {"c1"},
				    .by = by,
				    .told = told_keep,
				    .n_arrays = 2};
	for (size_t i = 0; i < 2; i++) {
		(void)strcpy(drivers[i], path(i, "driver"));
		fence.arrays[i] = (struct array){.name = i == 0 ? "san1" : "san2",
						 .driver = drivers[i],
						 .by = by,
						 .runner = {.transport = "exec"}};
	}
	return &fence;
}

static const struct host_fence *fence_make(void)
{
	return fence_make_by(NULL);
}

static int off(struct err *err)
{
	return host_fence_off(fence_make(), deadline_in(TEST_LIMIT_MS), err);
}

static int on(struct err *err)
{
	return host_fence_on(fence_make(), clean, deadline_in(TEST_LIMIT_MS), err);
}

static void judge__is_a_table(void **state)
{
	static const struct {
		enum host_fence_answer answers[3];
		size_t count;
		enum host_fence_state state;
	} rows[] = {
		{{HOST_FENCE_FENCED}, 1, HOST_FENCE_OFF},
		{{HOST_FENCE_FENCED, HOST_FENCE_FENCED, HOST_FENCE_FENCED}, 3, HOST_FENCE_OFF},
		{{HOST_FENCE_NOT_FENCED}, 1, HOST_FENCE_ON},
		{{HOST_FENCE_INCOMPLETE}, 1, HOST_FENCE_ON},
		{{HOST_FENCE_FENCED, HOST_FENCE_NOT_FENCED}, 2, HOST_FENCE_ON},
		{{HOST_FENCE_FENCED, HOST_FENCE_INCOMPLETE}, 2, HOST_FENCE_ON},
		{{HOST_FENCE_NO_ANSWER, HOST_FENCE_NOT_FENCED}, 2, HOST_FENCE_ON},
		{{HOST_FENCE_NO_ANSWER, HOST_FENCE_FENCED}, 2, HOST_FENCE_UNKNOWN},
		{{HOST_FENCE_FENCED, HOST_FENCE_FENCED, HOST_FENCE_NO_ANSWER},
		 3,
		 HOST_FENCE_UNKNOWN},
		{{HOST_FENCE_NO_ANSWER}, 1, HOST_FENCE_UNKNOWN},
		{{HOST_FENCE_FENCED}, 0, HOST_FENCE_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		assert_int_equal(host_fence_judge(rows[i].answers, rows[i].count), rows[i].state);
	}
}

static void off__fences_on_all_arrays_and_looks_again(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(0, "granted", "\"" IQN "\"");
	assert_int_equal(off(&err), 0);
	assert_true(is(0, "fenced") && is(1, "fenced"));
	assert_false(is(0, "granted"));
	assert_non_null(strstr(told, "array san1: node1 is fenced and has no path left"));
	assert_non_null(strstr(told, "array san2: "));
	assert_int_equal(off(&err), 0);
}

static void off__names_the_array_that_failed_and_tries_the_others(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(0, "fail-fence", "");
	assert_int_equal(off(&err), -ECONNREFUSED);
	assert_string_equal(err_text(&err), "array san1, fence: no tgtd");
	assert_true(is(1, "fenced"));
	put(1, "fail-masks", "");
	assert_int_equal(off(&err), -ECONNREFUSED);
	assert_string_equal(err_text(&err),
			    "array san1, fence: no tgtd; array san2, masks: no tgtd");
}

static void off__does_not_believe_a_driver(void **state)
{
	static const struct {
		const char *file, *content, *text;
	} rows[] = {
		{"deaf-fence", "", "array san1: the host is not fenced"},
		{"granted", "\"" IQN "\"", "LUN 'a' has a grant or a session of '" IQN "'"},
		{"granted", "\"ALL\"", "LUN 'a' has a grant or a session of 'ALL'"},
		{"fail-fenced", "", "array san1, fenced: no tgtd"},
	};

	(void)state;
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
		size_t row = i / 2;
		struct err err = ERR_INIT;

		capabilities_add(0, i % 2 == 0 ? "" : ",\"masks-select\",\"urgent\"");
		put(0, "deaf-fence", "");
		take(0, "fenced");
		if (row > 0) {
			put(0, "fenced", "");
		}
		put(0, rows[row].file, rows[row].content);
		assert_true(off(&err) < 0);
		assert_non_null(strstr(err_text(&err), rows[row].text));
		take(0, rows[row].file);
	}
}

static void off__leaves_time_for_the_others(void **state)
{
	struct err err = ERR_INIT;
	int time_ms = 1000;

	(void)state;
	put(0, "driver", "#!/bin/sh\nexec sleep 1800\n");
	/* Its share must be enough for the other one. */
	do {
		err = (struct err)ERR_INIT;
		assert_int_equal(host_fence_off(fence_make(), deadline_in(time_ms), &err),
				 -ETIMEDOUT);
		time_ms *= 2;
	} while (strstr(err_text(&err), "san2") != NULL && time_ms < TEST_LIMIT_MS);
	assert_true(is(1, "fenced"));
	assert_non_null(strstr(err_text(&err), "array san1, fence"));
	assert_null(strstr(err_text(&err), "san2"));
}

static void off__of_one_that_is_fenced_itself_takes_nothing(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(1, "lost", "");
	assert_int_equal(host_fence_off(fence_make_by(BY), deadline_in(TEST_LIMIT_MS), &err),
			 -ESHUTDOWN);
	assert_non_null(strstr(err_text(&err), "array san2 has this host ('" BY "') fenced"));
	assert_false(is(0, "fenced") || is(1, "fenced"));
	/* That array is silent, so the look does not find it. */
	put(0, "fail-fenced", "");
	put(0, "lost", "");
	take(1, "lost");
	assert_int_equal(host_fence_off(fence_make_by(BY), deadline_in(TEST_LIMIT_MS), &err),
			 -ESHUTDOWN);
	assert_string_equal(err_text(&err), "array san1, fence: you lost");
	assert_false(is(0, "fenced") || is(1, "fenced"));
}

/* Between the look and its turn. */
static void off__that_loses_on_the_way_stops_there(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(0, "lost", "");
	put(0, "hidden", "");
	assert_int_equal(host_fence_off(fence_make_by(BY), deadline_in(TEST_LIMIT_MS), &err),
			 -ESHUTDOWN);
	assert_string_equal(err_text(&err), "array san1, fence: you lost");
	assert_false(is(0, "fenced") || is(1, "fenced"));
	/* It says that, whatever else has failed. */
	put(0, "fail-fence", "");
	take(0, "lost");
	put(1, "lost", "");
	put(1, "hidden", "");
	assert_int_equal(host_fence_off(fence_make_by(BY), deadline_in(TEST_LIMIT_MS), &err),
			 -ESHUTDOWN);
	assert_string_equal(err_text(&err), "array san2, fence: you lost");
}

static void off__by_no_host_or_the_host_itself_is_never_lost(void **state)
{
	(void)state;
	put(0, "lost", "");
	assert_int_equal(off(NULL), 0);
	assert_int_equal(host_fence_off(fence_make_by(IQN), deadline_in(TEST_LIMIT_MS), NULL), 0);
	assert_true(is(0, "fenced") && is(1, "fenced"));
}

static enum host_fence_state status(struct err *err)
{
	enum host_fence_state ret;
	int rc = host_fence_status(fence_make(), deadline_in(TEST_LIMIT_MS), &ret, err);

	assert_int_equal(rc == 0, ret != HOST_FENCE_UNKNOWN);
	return ret;
}

static void status__is_off_only_when_all_have_cut_it_off(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(status(&err), HOST_FENCE_ON);
	assert_string_equal(err_text(&err), "");
	put(0, "fenced", "");
	assert_int_equal(status(&err), HOST_FENCE_ON);
	assert_string_equal(err_text(&err), "array san2: the host is not fenced");
	put(1, "fenced", "");
	err = (struct err)ERR_INIT;
	assert_int_equal(status(&err), HOST_FENCE_OFF);
	assert_string_equal(err_text(&err), "");
	put(1, "granted", "\"" IQN "\"");
	assert_int_equal(status(&err), HOST_FENCE_ON);
	put(1, "fail-masks", "");
	assert_int_equal(status(&err), HOST_FENCE_UNKNOWN);
	assert_string_equal(err_text(&err), "array san2, masks: no tgtd");
}

static void on__leaves_a_host_alone_that_is_not_fenced(void **state)
{
	(void)state;
	put(0, "granted", "\"" IQN "\"");
	assert_int_equal(on(NULL), 0);
	assert_int_equal(cleaned, 0);
	assert_true(is(0, "granted"));
}

static void on__cleans_then_clears_where_it_is_fenced(void **state)
{
	(void)state;
	put(1, "fenced", "");
	assert_int_equal(on(NULL), 0);
	assert_int_equal(cleaned, 1);
	assert_false(is(0, "fenced") || is(1, "fenced"));
	assert_non_null(strstr(told, "array san2: node1 is no longer fenced"));
	assert_null(strstr(told, "array san1"));
}

static void on__clears_nothing_of_a_host_that_is_not_clean(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(0, "fenced", "");
	clean_rc = -EBUSY;
	assert_int_equal(on(&err), -EBUSY);
	assert_string_equal(err_text(&err), "node1 stays fenced: vm1 is alive");
	assert_true(is(0, "fenced"));
}

static void on__clears_nothing_while_an_array_is_silent(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(0, "fenced", "");
	put(1, "fail-fenced", "");
	assert_int_equal(on(&err), -ECONNREFUSED);
	assert_int_equal(cleaned, 0);
	assert_true(is(0, "fenced"));
}

static void on__refuses_where_a_path_is_left(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(0, "fenced", "");
	put(1, "fenced", "");
	put(0, "granted", "\"" IQN "\"");
	assert_int_equal(on(&err), -EPERM);
	assert_non_null(strstr(err_text(&err), "array san1: the host is fenced, but LUN 'a'"));
	assert_true(is(0, "fenced"));
	assert_false(is(1, "fenced"));
}

static void on__does_not_believe_a_driver(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(0, "fenced", "");
	put(0, "deaf-unfence", "");
	assert_int_equal(on(&err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "array san1: the host is still fenced"));
}

/* While this host was being cleaned, or stood still, it was fenced again. */
static int clean_fenced(const struct host_fence *fence, struct deadline deadline, struct err *err)
{
	(void)fence;
	(void)deadline;
	(void)err;
	put(0, "fencings", "8");
	return 0;
}

static void on__clears_no_fencing_that_came_later(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(0, "fenced", "");
	put(0, "fencings", "7");
	put(1, "fenced", "");
	assert_int_equal(
		host_fence_on(fence_make(), clean_fenced, deadline_in(TEST_LIMIT_MS), &err),
		-EPERM);
	assert_string_equal(err_text(&err), "array san1, unfence: fenced again");
	assert_true(is(0, "fenced"));
	assert_false(is(1, "fenced"));
}

static int monitor(struct err *err)
{
	return host_fence_monitor(fence_make(), deadline_in(TEST_LIMIT_MS), err);
}

#define WAS(host) "{\"host\":\"" host "\",\"initiator\":\"" OLD "\"}"

/* lunmask.conf was changed while a VM of node1 runs under the name of before. */
static void off__fences_what_the_host_was_called_before(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(0, "hosts", WAS("node1@c1"));
	put(0, "granted-old", "");
	put(0, "fenced", "");
	put(1, "fenced", "");
	assert_int_equal(status(&err), HOST_FENCE_ON);
	assert_non_null(strstr(err_text(&err), "san1: the host is fenced, but not as '" OLD "'"));
	assert_int_equal(off(&err), 0);
	assert_true(is(0, "fenced-old"));
	assert_false(is(0, "granted-old") || is(1, "fenced-old"));
	assert_non_null(strstr(told, "node1 was '" OLD "' before"));
	err = (struct err)ERR_INIT;
	assert_int_equal(status(&err), HOST_FENCE_OFF);
	assert_int_equal(monitor(&err), 0);
	/* That name is granted nothing any more, so it may stay fenced. */
	assert_int_equal(on(&err), 0);
	assert_false(is(0, "fenced"));
	assert_true(is(0, "fenced-old"));
	assert_int_equal(status(&err), HOST_FENCE_ON);
}

/* A path of it that is there all the same. */
static void off__does_not_believe_a_driver_about_a_former_name(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(0, "hosts", WAS("node1@c1"));
	put(0, "granted-old", "");
	put(0, "fenced", "");
	put(0, "fenced-old", "");
	put(0, "deaf-fence", "");
	assert_int_equal(off(&err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "LUN 'b' has a grant or a session of '" OLD "'"));
}

static void off__leaves_a_host_of_the_same_name_in_another_cluster(void **state)
{
	(void)state;
	put(0, "hosts", WAS("node1@c2") "," WAS("node2@c1"));
	put(0, "granted-old", "");
	assert_int_equal(off(NULL), 0);
	assert_true(is(0, "granted-old"));
	assert_false(is(0, "fenced-old"));
}

/* Its former name is another host's now: neither can be cut off without the other. */
static void off__does_not_fence_another_host_for_a_name(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	config_use(OLD);
	put(0, "hosts", WAS("node1@c1"));
	assert_int_equal(monitor(&err), 0);
	assert_int_equal(off(&err), 0);
	put(0, "granted-old", "");
	assert_int_equal(monitor(&err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "end the VMs that use '" OLD "' on array san1: "
					       "node1 was granted LUNs under it"));
	assert_int_equal(off(&err), -EUCLEAN);
	assert_non_null(strstr(err_text(&err), "LUN 'b' has a grant or a session of '" OLD "'"));
	assert_false(is(0, "fenced-old"));
	put(0, "hosts", WAS("node2@c1"));
	assert_int_equal(monitor(&err), 0);
}

/* What off fails on in the night, monitor fails on before. A driver of each kind. */
static void monitor__judges_as_off_would(void **state)
{
	static const char *const capabilities[] = {"", ",\"masks-select\",\"urgent\",\"more\""};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(capabilities); i++) {
		struct err err = ERR_INIT;

		capabilities_add(0, capabilities[i]);
		put(0, "granted", "\"" IQN "\"");
		assert_int_equal(monitor(&err), 0);
		put(0, "granted", "\"ALL\"");
		assert_int_equal(monitor(&err), -EUCLEAN);
		assert_non_null(strstr(err_text(&err),
				       "delete 'ALL' from the mask of LUN 'a' on array san1"));
		put(0, "deaf-fence", "");
		put(0, "fenced", "");
		assert_int_equal(off(&err), -EUCLEAN);
		take(0, "granted");
		assert_int_equal(monitor(&err), 0);
		put(0, "fail-fenced", "");
		assert_int_equal(monitor(&err), -ECONNREFUSED);
		take(0, "fail-fenced");
	}
}

static char *asked(const char *verb)
{
	char name[32];
	char *text;

	(void)snprintf(name, sizeof(name), "request-%s", verb);
	assert_true(g_file_get_contents(path(0, name), &text, NULL, NULL));
	return text;
}

/* No request lists the whole array of a driver that can select. */
static void requests__select_where_the_driver_can(void **state)
{
	g_autofree char *of_monitor = NULL;
	g_autofree char *of_off = NULL;

	(void)state;
	capabilities_add(0, ",\"masks-select\",\"urgent\"");
	assert_int_equal(monitor(NULL), 0);
	of_monitor = asked("masks");
	assert_non_null(strstr(of_monitor, "{\"initiators\":[\"" IQN "\",\"" BY "\"],\"limit\":"));
	assert_non_null(strstr(of_monitor, "\"rules\":true,\"urgent\":true"));
	assert_int_equal(off(NULL), 0);
	of_off = asked("masks");
	assert_non_null(strstr(of_off, "{\"initiators\":[\"" IQN "\"],\"limit\":"));
	assert_null(strstr(of_off, "rules"));
}

static void monitor__wants_every_array_to_answer(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(monitor(&err), 0);
	put(1, "fail-masks", "");
	assert_int_equal(monitor(&err), -ECONNREFUSED);
	assert_string_equal(err_text(&err), "array san2, masks: no tgtd");
	take(1, "fail-masks");
	put(0, "capabilities", "[\"revoke-cuts-nexus\",\"nexus-list\"]");
	assert_int_equal(monitor(&err), -EOPNOTSUPP);
	assert_non_null(strstr(err_text(&err), "lacks the capability fence"));
	put(0, "capabilities", "[\"revoke-cuts-nexus\",\"nexus-list\",\"fence\"]");
	assert_int_equal(monitor(&err), -EOPNOTSUPP);
	assert_non_null(strstr(err_text(&err), "lacks the capability requester"));
}

static void arrays__are_those_that_are_named(void **state)
{
	static const char text[] =
		"[array san2]\ndriver = d\ntransport = exec\nportals = 10.0.0.2:3260\n"
		"[array san1]\ndriver = d\ntransport = exec\nportals = 10.0.0.1:3260\n"
		"[host node1]\ninitiator = " IQN "\n";
	static const struct {
		const char *names;
		int rc;
		size_t count;
	} rows[] = {{NULL, 0, 2},        {"", 0, 2},          {" ", 0, 2},         {"san2", 0, 1},
		    {"san2,san1", 0, 2}, {"san1 san1", 0, 1}, {"san3", -ENOENT, 0}};
	struct config *named;

	(void)state;
	assert_int_equal(config_parse(text, sizeof(text) - 1, "f", &named, NULL), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct host_fence fence = {.by = BY};
		int rc = host_fence_arrays(named, rows[i].names, &fence, NULL);

		assert_int_equal(rc, rows[i].rc);
		assert_true(rc != 0 || fence.n_arrays == rows[i].count);
		assert_true(rc != 0 || strcmp(fence.arrays[0].by, BY) == 0);
		/* Whatever the order of the file or the names, theirs is the same on every host. */
		assert_true(rc != 0 || rows[i].count < 2 ||
			    strcmp(fence.arrays[0].name, "san1") == 0);
	}
	config_free(named);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, arrays_make, arrays_unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judge__is_a_table),
		TEST(off__fences_on_all_arrays_and_looks_again),
		TEST(off__names_the_array_that_failed_and_tries_the_others),
		TEST(off__does_not_believe_a_driver),
		TEST(off__leaves_time_for_the_others),
		TEST(off__of_one_that_is_fenced_itself_takes_nothing),
		TEST(off__that_loses_on_the_way_stops_there),
		TEST(off__by_no_host_or_the_host_itself_is_never_lost),
		TEST(status__is_off_only_when_all_have_cut_it_off),
		TEST(on__leaves_a_host_alone_that_is_not_fenced),
		TEST(on__cleans_then_clears_where_it_is_fenced),
		TEST(on__clears_nothing_of_a_host_that_is_not_clean),
		TEST(on__clears_nothing_while_an_array_is_silent),
		TEST(on__refuses_where_a_path_is_left),
		TEST(on__does_not_believe_a_driver),
		TEST(on__clears_no_fencing_that_came_later),
		TEST(off__fences_what_the_host_was_called_before),
		TEST(off__does_not_believe_a_driver_about_a_former_name),
		TEST(off__leaves_a_host_of_the_same_name_in_another_cluster),
		TEST(off__does_not_fence_another_host_for_a_name),
		TEST(monitor__judges_as_off_would),
		TEST(requests__select_where_the_driver_can),
		TEST(monitor__wants_every_array_to_answer),
		cmocka_unit_test(arrays__are_those_that_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
