/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgt/tgt_accounts.h"

#include <assert.h>
#include <glib.h>
#include <string.h>

#include "base/id128.h"
#include "driver/account/account_file.h"
#include "driver/account/account_mark.h"
#include "driver/account/account_plan.h"
#include "driver/tgtd/tgt_account.h"
#include "driver/tgtd/tgt_admin.h"
#include "driver/tgtd/tgt_socket.h"
#include "names/lun.h"

#define ROUNDS_MAX 4

static_assert(ACCOUNT_DISCOVERY == TGT_SOCKET_NO_TARGET, "a plan's tid is tgtd's");

/* Whose accounts are set. */
struct scope {
	const char *const *luns;
	size_t n_luns;
	bool all; /* targets */
};

/* What one look at tgtd and at the file has found. */
struct look {
	struct account_file file;
	struct tgt_show show;
	GPtrArray *present; /* NULL: not looked yet */
	struct tgt_discovery discovery;
	struct account_world world;
	struct account_plan plan;
};

static void look_release(struct look *look)
{
	account_file_release(&look->file);
	tgt_show_release(&look->show);
	g_clear_pointer(&look->present, g_ptr_array_unref);
	tgt_discovery_release(&look->discovery);
	g_free((void *)(uintptr_t)look->world.wanted);
	g_free((void *)(uintptr_t)look->world.places);
	account_plan_release(&look->plan);
}

static bool none_wanted(const struct tgt *tgt)
{
	return strcmp(tgt->config.chap_accounts, TGT_ACCOUNTS_NONE) == 0;
}

static int file_read(const struct tgt *tgt, struct look *look, struct fault *fault)
{
	struct err err = ERR_INIT;

	return none_wanted(tgt) ||
			       account_file_read(tgt->config.chap_accounts, &look->file, &err) == 0
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_INTERNAL, "correct chap_accounts: %s",
				   err_text(&err));
}

static int tgtd_read(const struct tgt *tgt, struct deadline deadline, struct look *look,
		     struct fault *fault)
{
	const char *port = tgt->config.control_port;
	int rc = tgt_admin_show(port, tgt->config.iqn_prefix, deadline, &look->show, fault);

	rc = rc != 0 ? rc : tgt_account_list(port, deadline, &look->present, fault);
	rc = rc != 0 ? rc : tgt_account_discovery(port, deadline, &look->discovery, fault);
	if (rc == 0 && look->discovery.debug) {
		rc = fault_set(fault, ARRAY_ERROR_INTERNAL,
			       "tgtd would write secrets to its log: tgtadm --op update --mode sys "
			       "--name debug --value off");
	}
	return rc;
}

/* The one of the account's marks that fits. */
static const char *mark_find(const struct look *look, const struct account *account)
{
	for (size_t i = 0; i < look->present->len; i++) {
		const char *name = g_ptr_array_index(look->present, i);

		if (account_mark_fits(name, account->user, account->secret)) {
			return name;
		}
	}
	return NULL;
}

static struct account_wanted *wanted_make(const struct look *look)
{
	struct account_wanted *ret = g_new0(struct account_wanted, look->file.count);

	for (size_t i = 0; i < look->file.count; i++) {
		const struct account *account = &look->file.accounts[i];

		ret[i] = (struct account_wanted){.user = account->user,
						 .outgoing = account->outgoing,
						 .mark = mark_find(look, account)};
	}
	return ret;
}

static bool is_meant(const struct tgt *tgt, const struct scope *scope,
		     const struct tgt_target *target)
{
	bool ret = scope->all;

	for (size_t i = 0; i < scope->n_luns && !ret; i++) {
		ret = strcmp(tgt_target_name(tgt, scope->luns[i]).text, target->name) == 0;
	}
	return ret;
}

static struct account_place *places_make(const struct tgt *tgt, const struct look *look,
					 const struct scope *scope, size_t *ret_count)
{
	struct account_place *ret = g_new0(struct account_place, look->show.count + 1);
	size_t n = 0;

	ret[n++] =
		(struct account_place){.tid = ACCOUNT_DISCOVERY,
				       .hosts = (const char *const *)look->discovery.hosts->pdata,
				       .n_hosts = look->discovery.hosts->len,
				       .array = look->discovery.array,
				       .shared = true,
				       .without = !tgt->config.chap_discovery};
	for (size_t i = 0; i < look->show.count; i++) {
		const struct tgt_target *target = &look->show.targets[i];

		if (is_meant(tgt, scope, target)) {
			ret[n++] = (struct account_place){
				.tid = target->tid,
				.hosts = (const char *const *)target->accounts,
				.n_hosts = target->n_accounts,
				.array = target->array_account,
				.admits = target->n_acl > 0,
				.shared = none_wanted(tgt),
				.without = none_wanted(tgt)};
		}
	}
	*ret_count = n;
	return ret;
}

/* Others may have accounts there, too. */
static int discovery_check(const struct look *look, struct fault *fault)
{
	size_t n = look->discovery.hosts->len;
	size_t most = n;

	for (size_t i = 0; i < look->plan.count; i++) {
		const struct account_action *action = &look->plan.actions[i];

		if (action->tid == ACCOUNT_DISCOVERY) {
			n += action->act == ACCOUNT_BIND ? 1 : 0;
			n -= action->act == ACCOUNT_UNBIND ? 1 : 0;
			most = n > most ? n : most;
		}
	}
	return most <= TGT_DISCOVERY_ACCOUNTS_MAX
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_INTERNAL,
				   "tgtd's discovery takes %d accounts, and would need %zu: let "
				   "hosts share one, or remove chap_discovery",
				   TGT_DISCOVERY_ACCOUNTS_MAX, most);
}

static int look_make(const struct tgt *tgt, const struct scope *scope, struct deadline deadline,
		     struct look *ret, struct fault *fault)
{
	int rc;

	*ret = (struct look){.present = NULL};
	rc = file_read(tgt, ret, fault);
	rc = rc != 0 ? rc : tgtd_read(tgt, deadline, ret, fault);
	if (rc != 0) {
		look_release(ret);
		return rc;
	}
	ret->world = (struct account_world){.wanted = wanted_make(ret),
					    .n_wanted = ret->file.count,
					    .present = (const char *const *)ret->present->pdata,
					    .n_present = ret->present->len,
					    .whole = scope->all};
	ret->world.places = places_make(tgt, ret, scope, &ret->world.n_places);
	ret->plan = account_plan_make(&ret->world);
	rc = discovery_check(ret, fault);
	if (rc != 0) {
		look_release(ret);
	}
	return rc;
}

static const struct tgt_target *target_of(const struct look *look, unsigned int tid)
{
	for (size_t i = 0; i < look->show.count; i++) {
		if (look->show.targets[i].tid == tid) {
			return &look->show.targets[i];
		}
	}
	return NULL;
}

/* tgtd tells the two kinds of rules apart, and only names can be given back. */
static int rules_check(const struct tgt_target *target, struct fault *fault)
{
	for (size_t i = 0; i < target->n_acl; i++) {
		if (!iscsi_name_valid(target->acl[i])) {
			return fault_set(fault, ARRAY_ERROR_IN_USE,
					 "target '%s' has accounts that were bound by hand, and is "
					 "open to '%s', which is no initiator: take this rule away "
					 "first",
					 target->name, target->acl[i]);
		}
	}
	return 0;
}

static int access_set(const struct tgt *tgt, const struct look *look, unsigned int tid, bool open,
		      struct deadline deadline, struct fault *fault)
{
	const char *port = tgt->config.control_port;
	const struct tgt_target *target = target_of(look, tid);
	int rc = rules_check(target, fault);

	for (size_t i = 0; i < target->n_acl && rc == 0; i++) {
		rc = open ? tgt_admin_bind(port, tid, target->acl[i], deadline, fault)
			  : tgt_admin_unbind(port, tid, target->acl[i], deadline, fault);
	}
	return rc;
}

/* A secret that nobody knows. */
static int random_new(const char *port, const char *user, struct deadline deadline,
		      struct fault *fault)
{
	char secret[ID128_TEXT];
	struct id128 random;
	int rc = 0;

	if (id128_random(&random) < 0) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "getrandom(2) fails");
	}
	id128_to_str(&random, secret);
	rc = tgt_account_new(port, user, secret, deadline, fault);
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(&random, sizeof(random));
	return rc;
}

static int account_new(const struct tgt *tgt, const struct look *look, const char *user,
		       struct deadline deadline, struct fault *fault)
{
	const char *port = tgt->config.control_port;
	const struct account *account = look->file.accounts;
	g_autofree char *mark = NULL;
	int rc;

	if (strcmp(user, ACCOUNT_CLOSED) == 0) {
		return random_new(port, user, deadline, fault);
	}
	while (strcmp(account->user, user) != 0) {
		account++;
	}
	mark = account_mark_new(user, account->secret);
	if (mark == NULL) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "getrandom(2) fails");
	}
	rc = tgt_account_new(port, user, account->secret, deadline, fault);
	return rc != 0 ? rc : random_new(port, mark, deadline, fault);
}

static int action_run(const struct tgt *tgt, const struct look *look,
		      const struct account_action *action, struct deadline deadline,
		      struct fault *fault)
{
	const char *port = tgt->config.control_port;
	unsigned int tid = action->tid;
	const char *user = action->user;

	switch (action->act) {
	case ACCOUNT_NEW: return account_new(tgt, look, user, deadline, fault);
	case ACCOUNT_DELETE: return tgt_account_delete(port, user, deadline, fault);
	case ACCOUNT_SHUT: return access_set(tgt, look, tid, false, deadline, fault);
	case ACCOUNT_OPEN: return access_set(tgt, look, tid, true, deadline, fault);
	case ACCOUNT_BIND: return tgt_account_bind(port, tid, user, false, deadline, fault);
	case ACCOUNT_UNBIND: return tgt_account_unbind(port, tid, user, false, deadline, fault);
	case ACCOUNT_ARRAY_BIND: return tgt_account_bind(port, tid, user, true, deadline, fault);
	case ACCOUNT_ARRAY_UNBIND:
		return tgt_account_unbind(port, tid, user, true, deadline, fault);
	}
	return -EINVAL;
}

static int plan_run(const struct tgt *tgt, const struct look *look, struct deadline deadline,
		    struct fault *fault)
{
	int rc = 0;

	for (size_t i = 0; i < look->plan.count && rc == 0; i++) {
		rc = action_run(tgt, look, &look->plan.actions[i], deadline, fault);
	}
	return rc;
}

static int differs(const struct look *look, struct fault *fault)
{
	const char *user = NULL;

	for (size_t i = 0; i < look->plan.count && user == NULL; i++) {
		user = look->plan.actions[i].user;
	}
	return fault_set(fault, ARRAY_ERROR_INTERNAL,
			 "tgtd's accounts are not those of the file (the first: '%s', in %zu "
			 "steps)",
			 user != NULL ? user : "", look->plan.count);
}

static int converge(const struct tgt *tgt, const struct scope *scope, struct deadline deadline,
		    struct fault *fault)
{
	bool done = tgt->config.chap_accounts == NULL;
	int rc = 0;

	for (int round = 0; round < ROUNDS_MAX && !done && rc == 0; round++) {
		struct look look;

		rc = look_make(tgt, scope, deadline, &look, fault);
		if (rc != 0) {
			return rc;
		}
		done = look.plan.count == 0;
		rc = !done && round + 1 == ROUNDS_MAX ? differs(&look, fault)
						      : plan_run(tgt, &look, deadline, fault);
		look_release(&look);
	}
	return rc;
}

int tgt_accounts_set(const struct tgt *tgt, const char *const *luns, size_t n_luns,
		     struct deadline deadline, struct fault *fault)
{
	return converge(tgt, &(const struct scope){.luns = luns, .n_luns = n_luns}, deadline,
			fault);
}

int tgt_accounts_set_all(const struct tgt *tgt, struct deadline deadline, struct fault *fault)
{
	return converge(tgt, &(const struct scope){.all = true}, deadline, fault);
}

int tgt_accounts_check(const struct tgt *tgt, struct deadline deadline, struct fault *fault)
{
	struct look look;
	int rc;

	if (tgt->config.chap_accounts == NULL) {
		return 0;
	}
	rc = look_make(tgt, &(const struct scope){.all = true}, deadline, &look, fault);
	if (rc == 0) {
		rc = look.plan.count == 0 ? 0 : differs(&look, fault);
		look_release(&look);
	}
	return rc;
}
