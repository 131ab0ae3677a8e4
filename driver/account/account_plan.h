/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_ACCOUNT_PLAN_H
#define LUNMASK_ARRAY_ACCOUNT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What tgtd needs to be told so that its accounts (CHAP) become those of the file. Pure: names in,
 * actions out. All texts are borrowed from the arguments.
 *
 * tgtd keeps the accounts of a target in the order in which they were bound, and has two flaws
 * (1.0.85 to 1.0.97; docs/decisions/0041). If any account but the last is unbound, a hole is left:
 * tgtd dies when it next shows the target, and does not find the last account at a login. So only
 * the last account is ever unbound, and what was above is bound again. And a target without an
 * account lets initiators in without CHAP. So the first account of each target is ACCOUNT_CLOSED,
 * whose secret nobody knows, and which stays. After any action of a plan, no target has a hole, and
 * none that had an account and is open to an initiator has none, unless it is to have none.
 *
 * tgtd never shows a secret. What it has is known by a second account, the mark, which is bound to
 * nothing, and whose name has a digest of the secret (account_mark.h). It is made after the account
 * and taken away before it, and it is lost with it when tgtd exits.
 */
#define ACCOUNT_RESERVED "lunmask:" /* the file has no names that begin so */
#define ACCOUNT_CLOSED ACCOUNT_RESERVED "closed"
#define ACCOUNT_DISCOVERY (~0u) /* in place of the number of a target */

struct account_wanted {
	const char *user;
	bool outgoing;    /* the array proves itself with it; otherwise, a host */
	const char *mark; /* the one of its marks that fits its secret; NULL: none does */
};

/* What accounts are bound to. */
struct account_place {
	unsigned int tid;
	const char *const *hosts; /* in tgtd's order */
	size_t n_hosts;
	const char *array; /* the outgoing account; NULL: none */
	bool admits;       /* its access list is not empty */
	bool shared;       /* with others: accounts that the driver has not made stay there */
	bool without;      /* it is to have none of the file's */
};

struct account_world {
	const struct account_wanted *wanted; /* one at most is outgoing */
	size_t n_wanted;
	const char *const *present; /* the names of all accounts in tgtd */
	size_t n_present;
	const struct account_place *places;
	size_t n_places;
	/*
	 * The places are all that the driver has: accounts whose secret has changed are made anew,
	 * and those that the file no longer has are deleted. Otherwise, nothing is deleted.
	 */
	bool whole;
};

enum account_act {
	ACCOUNT_NEW,    /* and then its mark, if it is not ACCOUNT_CLOSED */
	ACCOUNT_DELETE, /* also a mark */
	ACCOUNT_SHUT,   /* empty the access list, and keep it */
	ACCOUNT_OPEN,   /* give it back */
	ACCOUNT_BIND,
	ACCOUNT_UNBIND, /* the last one */
	ACCOUNT_ARRAY_BIND,
	ACCOUNT_ARRAY_UNBIND,
};

struct account_action {
	enum account_act act;
	unsigned int tid; /* of the last six */
	const char *user; /* NULL for SHUT and OPEN */
};

struct account_plan {
	struct account_action *actions;
	size_t count;
};

/* The caller releases the plan. It is empty if everything is as wanted. */
struct account_plan account_plan_make(const struct account_world *world);
void account_plan_release(struct account_plan *plan);

#endif
