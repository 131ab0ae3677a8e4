/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_DOMAINS_H
#define LUNMASK_DAEMON_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "journal/journal.h"
#include "watch/domains_table.h"

/*
 * Which domains run on this host, for monitors: answered from memory, at once, whatever libvirtd
 * does. A thread of its own looks at all domains once a second, and after each event.
 *
 *	domains_new(&domains_virt_ops, &domains, &err);
 *	domains_answer(domains, "web1")
 *	domains_free(domains);
 *
 * RUNNING is said only when libvirt said so of a time at most DOMAINS_VOUCH_MS ago, no event has
 * come since, and the QEMU process that was found then lives now. So a killed QEMU is seen at once,
 * and a guest that is paused while libvirtd hangs DOMAINS_VOUCH_MS later, at the latest.
 */
struct domains;

struct domains_ops {
	/*
	 * A connection, in *ret. Until it is closed it calls domains_on_event(), from any thread.
	 * These calls may block for as long as libvirtd likes. -errno with text.
	 */
	int (*open)(struct domains *domains, void **ret, struct err *err);
	/* All active domains with a name that can be asked for. *ret is freed; pidfd is not set. */
	int (*look)(void *link, struct domain_seen **ret, size_t *ret_n, struct err *err);
	void (*close)(void *link);
	/* A pidfd of the domain's QEMU, or -errno. */
	int (*process)(const char *vm);
};

int domains_new(const struct domains_ops *ops, struct domains **ret, struct err *err);
/* A thread that hangs in libvirt is left behind. NULL is fine. */
void domains_free(struct domains *domains);

/* Never blocks. */
enum journal_domain domains_answer(struct domains *domains, const char *vm);

/* Of ops: something happened to that domain; NULL: to the connection, which is lost. */
void domains_on_event(struct domains *domains, const char *vm);

/* Readable when there is news for the log. */
int domains_fd(const struct domains *domains);
/* False: none. Else whether libvirt is watched now, and if it is not why. */
bool domains_news(struct domains *domains, bool *ret_watched, struct err *ret_why);

#endif
