/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DAEMON_DOMAINS_H
#define LUNMASK_DAEMON_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "journal/journal.h"
#include "watch/domains_table.h"

/*
 * Which domains run on this host, for monitors. The answer comes from memory, immediately, whatever
 * libvirtd does. A separate thread lists all domains once a second and after each event.
 *
 *	domains_new(&domains_virt_ops, &domains, &err);
 *	domains_answer(domains, "web1")
 *	domains_fd(domains), domains_news(domains, ...)     for the log
 *	domains_free(domains);
 *
 * The answer is RUNNING only if all of this holds: libvirt said so for a time at most
 * DOMAINS_VALID_MS ago, no event has arrived since, and the QEMU process that was found then is
 * alive now. So a killed QEMU is noticed at once. A guest that is paused while libvirtd hangs is
 * noticed after DOMAINS_VALID_MS at the latest.
 */
struct domains;

struct domains_ops {
	/*
	 * Opens a connection, in *ret. Until it is closed, it calls domains_on_event() from any
	 * thread. The functions open, look and close may block for as long as libvirtd does. -errno
	 * with text.
	 */
	int (*open)(struct domains *domains, void **ret, struct err *err);
	/* All active domains with a legal VM name, without pidfd. Free *ret with g_free(). */
	int (*look)(void *link, struct domain_seen **ret, size_t *ret_n, struct err *err);
	void (*close)(void *link);
	/* Returns a pidfd of the domain's QEMU, or -errno. */
	int (*process)(const char *vm);
};

int domains_new(const struct domains_ops *ops, struct domains **ret, struct err *err);
/* Waits up to 1 s for the thread, and abandons it if it hangs in libvirt. NULL is allowed. */
void domains_free(struct domains *domains);

/* Never blocks. */
enum journal_domain domains_answer(struct domains *domains, const char *vm);

/* For the connection of ops->open(): an event of domain vm. NULL: the connection is lost. */
void domains_on_event(struct domains *domains, const char *vm);
/* In place of domains_on_event(), when the event says that a completed migration has ended vm. */
void domains_on_departure(struct domains *domains, const char *vm);

/* Readable when domains_news() has something new for the log. */
int domains_fd(const struct domains *domains);
/* False: nothing new. *ret_watched: is libvirt watched now? If not, ret_why says why. */
bool domains_news(struct domains *domains, bool *ret_watched, struct err *ret_why);

#endif
