/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TIDY_H
#define LUNMASK_TIDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/journal_record.h"

/*
 * Which VMs are due to be looked at on this host, and when. A want is a reason to look at a VM, as
 * the journal has it. It is tried soon, and then more and more seldom, until the journal does not
 * have it any more. This file decides, and does no I/O; the caller gives the time.
 *
 *	wants = tidy_wants(tasks, n_tasks, releases, n_releases, &self, &n);
 *	tidy_update(&tidy, wants, n, now_ms, on_change, user);
 *	n = tidy_due(&tidy, now_ms, vms, VMS_MAX);    run lunmask reconcile for these
 *	tidy_tried(&tidy, vms, n, now_ms);
 *	tidy_release(&tidy);
 */
enum tidy_reason {
	TIDY_RELEASED, /* this host has released the VM's LUNs, and the revoke is pending */
	TIDY_LEFT,     /* a reconcile of this host was killed, and has left its task open */
	/*
	 * A task of the VM has named this host and has ended, and the VM's last task explains no
	 * grant to it. An agent that was suspended may still send its request to the array.
	 */
	TIDY_ENDED,
	TIDY_REASONS
};

struct tidy_want {
	char vm[VM_NAME_MAX + 1];
	enum tidy_reason reason;
	uint64_t mark; /* another mark: another want */
};

struct tidy_item {
	struct tidy_want want;
	unsigned int tries;
	int64_t next_ms; /* INT64_MAX: never */
};

struct tidy {
	struct tidy_item *items;
	size_t n;
};

/*
 * The wants of this host. self is the actor that journal_actor_self() returns. Free *ret with
 * g_free().
 */
struct tidy_want *tidy_wants(const struct journal_task *tasks, size_t n_tasks,
			     const struct journal_release *releases, size_t n_releases,
			     const struct journal_actor *self, size_t *ret_n);

/* True if a reconcile of this host is under way: whether it is killed, no journal says. */
bool tidy_reconciling(const struct journal_task *tasks, size_t n_tasks, const char *node);

/* Called for each want that is new, and for each that is gone. */
typedef void tidy_changed(void *user, const struct tidy_want *want, bool gone);

void tidy_update(struct tidy *tidy, const struct tidy_want *wants, size_t n, int64_t now_ms,
		 tidy_changed *changed, void *user);

/* When something is due; INT64_MAX: never. */
int64_t tidy_next_ms(const struct tidy *tidy);

/* The VMs that are due, each once, at most max. They are valid until the next tidy_update(). */
size_t tidy_due(const struct tidy *tidy, int64_t now_ms, const char **ret_vms, size_t max);

/* They were looked at: whatever is due of them is due again later. */
void tidy_tried(struct tidy *tidy, const char *const *vms, size_t n, int64_t now_ms);

void tidy_release(struct tidy *tidy);

#endif
