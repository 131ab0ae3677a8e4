/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks that initiators have to prove who they are, and the array, if the options say so (CHAP).
 */
#include <iscsi/iscsi.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "san/iscsi_login.h"
#include "session.h"

#define MADE "lunmask-conformance"
#define OTHER_SECRET "not-this-secret-of-the-array\n"

/* A file with a secret that is not the array's. */
struct other {
	char path[64];
};

static bool other_make(struct bench *bench, struct other *ret)
{
	int fd;

	(void)strcpy(ret->path, "/tmp/lunmask-conformance.XXXXXX");
	fd = mkstemp(ret->path);
	if (fd < 0 || write(fd, OTHER_SECRET, strlen(OTHER_SECRET)) < 0) {
		return bench_fail(bench, "a file cannot be made in /tmp");
	}
	(void)close(fd);
	return true;
}

/* By this chap, the login fails for that reason. */
static bool refused_with(struct bench *bench, const struct chap *chap, enum login_verdict verdict,
			 const char *lun, const char *what)
{
	const struct chap given = bench->chap;
	struct session session;
	bool in;

	bench->chap = *chap;
	in = session_login(bench, lun, bench->initiators[0], &session);
	bench->chap = given;
	session_close(&session);
	if (in) {
		return bench_fail(bench, "a granted initiator can log in to LUN '%s' %s", lun,
				  what);
	}
	return session.verdict == verdict;
}

static bool granted(struct bench *bench, const char *lun)
{
	return bench_ok(bench, "apply", NULL, "{\"luns\":[\"%s\"],\"grant\":\"%s\"}", lun,
			bench->initiators[0]);
}

static bool let_in(struct bench *bench, const char *lun)
{
	struct session session;
	bool ret = session_login(bench, lun, bench->initiators[0], &session);

	session_close(&session);
	return ret;
}

static bool wants_chap(struct bench *bench)
{
	const char *lun = bench->luns[0];

	return granted(bench, lun) &&
	       refused_with(bench, &(const struct chap){0}, LOGIN_UNPROVEN, lun, "without CHAP") &&
	       let_in(bench, lun);
}

static bool wants_the_secret(struct bench *bench)
{
	struct chap chap = {.user = bench->chap.user};
	struct other other;
	bool ok = other_make(bench, &other);

	chap.secret_file = other.path;
	ok = ok && granted(bench, bench->luns[0]) &&
	     refused_with(bench, &chap, LOGIN_UNPROVEN, bench->luns[0], "with another secret");
	(void)unlink(other.path);
	return ok;
}

static bool wants_the_user(struct bench *bench)
{
	char user[] = "lunmask-conformance-nobody";
	struct chap chap = {.user = user, .secret_file = bench->chap.secret_file};

	return granted(bench, bench->luns[0]) &&
	       refused_with(bench, &chap, LOGIN_UNPROVEN, bench->luns[0], "as another user");
}

/* Nobody has bound anything to it by hand. */
static bool new_lun_wants_chap(struct bench *bench)
{
	bool ok =
		bench_ok(bench, "create", NULL, "{\"name\":\"" MADE "\",\"size_bytes\":1048576}") &&
		granted(bench, MADE) &&
		refused_with(bench, &(const struct chap){0}, LOGIN_UNPROVEN, MADE,
			     "without CHAP") &&
		let_in(bench, MADE);

	return bench_ok(bench, "apply", NULL, "{\"luns\":[\"" MADE "\"],\"revoke\":\"%s\"}",
			bench->initiators[0]) &&
	       bench_ok(bench, "delete", NULL, "{\"name\":\"" MADE "\"}") && ok;
}

static bool masks_without_a_secret(struct bench *bench)
{
	struct session session;

	if (session_login(bench, bench->luns[0], bench->initiators[0], &session)) {
		session_close(&session);
		return bench_fail(bench, "who has the secret can log in without a grant");
	}
	return session.verdict == LOGIN_MASKED;
}

static bool array_proves_itself(struct bench *bench)
{
	struct chap chap = bench->chap;
	struct other other;
	bool ok = other_make(bench, &other);

	chap.target_secret_file = other.path;
	ok = ok && granted(bench, bench->luns[0]) &&
	     refused_with(bench, &chap, LOGIN_STRANGE, bench->luns[0],
			  "that has another secret of the array");
	(void)unlink(other.path);
	return ok;
}

static bool discovered(struct bench *bench, const struct chap *chap)
{
	struct iscsi_context *iscsi = iscsi_create_context(bench->initiators[0]);
	struct err err = ERR_INIT;
	bool ok;

	if (iscsi == NULL || iscsi_login_setup(iscsi, chap, bench->initiators[0], &err) != 0) {
		return bench_fail(bench, "%s", err_text(&err));
	}
	iscsi_set_timeout(iscsi, SESSION_COMMAND_S);
	ok = iscsi_set_session_type(iscsi, ISCSI_SESSION_DISCOVERY) == 0 &&
	     iscsi_connect_sync(iscsi, bench->portal) == 0 && iscsi_login_sync(iscsi) == 0;
	if (!ok) {
		(void)bench_fail(bench, "discovery: %s", iscsi_get_error(iscsi));
	}
	(void)iscsi_destroy_context(iscsi);
	return ok;
}

static bool discovery_wants_chap(struct bench *bench)
{
	return discovered(bench, &(const struct chap){0})
		       ? bench_fail(bench, "discovery is possible without CHAP")
		       : discovered(bench, &bench->chap);
}

const struct check CHAP_CHECKS[] = {
	{"CHAP: a granted initiator cannot log in without it", wants_chap, NULL},
	{"CHAP: nor with another secret", wants_the_secret, NULL},
	{"CHAP: nor as another user", wants_the_user, NULL},
	{"CHAP: a new LUN wants it", new_lun_wants_chap, "create"},
	{"CHAP: the secret does not replace a grant", masks_without_a_secret, NULL},
	{NULL, NULL, NULL},
};

const struct check CHAP_TARGET_CHECKS[] = {
	{"CHAP: the array proves itself", array_proves_itself, NULL},
	{NULL, NULL, NULL},
};

const struct check CHAP_DISCOVERY_CHECKS[] = {
	{"CHAP: discovery wants it", discovery_wants_chap, NULL},
	{NULL, NULL, NULL},
};
