/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch/domains.h"

#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/thread.h"

#define LOOK_MS 1000 /* interval of listing the domains when there are no events */
#define EVENTS_MS 20 /* events within this time cause one listing */
#define RECONNECT_MS 1000
#define FREE_MS 1000 /* limit of the wait for the thread to end */

struct domains {
	const struct domains_ops *ops;
	void *link; /* used by the thread only; NULL: no connection */
	int event;

	pthread_mutex_t lock; /* protects all fields below; not held in blocking calls */
	pthread_cond_t wake;
	struct domains_table table;
	bool woken;  /* an event has arrived */
	bool closed; /* the connection is closed */
	bool stop;
	bool left; /* the thread has ended */
	int refs;
	bool told; /* watched has been set at least once */
	bool watched;
	bool news;
	struct err why;
};

static void domains_unref(struct domains *domains)
{
	int refs;

	pthread_mutex_lock(&domains->lock);
	refs = --domains->refs;
	pthread_mutex_unlock(&domains->lock);
	if (refs > 0) {
		return;
	}
	pthread_cond_destroy(&domains->wake);
	pthread_mutex_destroy(&domains->lock);
	(void)close(domains->event);
	g_free(domains);
}

/* Records whether libvirt is watched. Each change is reported to the log once. */
static void watched_set(struct domains *domains, bool watched, const struct err *why)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&domains->lock);
	if (!watched) {
		domains_table_forget(&domains->table);
	}
	domains->news = domains->news || !domains->told || domains->watched != watched;
	domains->told = true;
	domains->watched = watched;
	if (why != NULL) {
		domains->why = *why;
	}
	if (domains->news) {
		(void)!write(domains->event, &one, sizeof(one));
	}
	pthread_mutex_unlock(&domains->lock);
}

/* Listing the domains */

static void entries_free(struct domain_entry *entries, size_t n, const struct domains_table *kept)
{
	for (size_t i = 0; i < n; i++) {
		const struct domain_seen *seen = &entries[i].seen;

		if (seen->pidfd >= 0 &&
		    domains_table_pidfd(kept, seen->vm, seen->id) != seen->pidfd) {
			(void)close(seen->pidfd);
		}
	}
	g_free(entries);
}

static bool process_lives(int pidfd)
{
	struct pollfd pollfd = {.fd = pidfd, .events = POLLIN};

	return poll(&pollfd, 1, 0) == 0;
}

static int process_get(const struct domains *domains, const struct domain_seen *seen)
{
	int pidfd = domains_table_pidfd(&domains->table, seen->vm, seen->id);

	if (pidfd >= 0 && process_lives(pidfd)) {
		return pidfd;
	}
	pidfd = domains->ops->process(seen->vm);
	return pidfd < 0 ? -1 : pidfd;
}

/* Only this thread changes the entries, so it may read them without the lock. */
static void look_apply(struct domains *domains, const struct domain_seen *seen, size_t n,
		       struct domain_entry *entries, uint64_t mark, int64_t asked_ms)
{
	struct domain_entry *old;
	size_t n_old;

	for (size_t i = 0; i < n; i++) {
		entries[i].seen = seen[i];
		entries[i].seen.pidfd = seen[i].running ? process_get(domains, &seen[i]) : -1;
	}
	pthread_mutex_lock(&domains->lock);
	domains_table_set(&domains->table, entries, n, mark, asked_ms, &old, &n_old);
	if (domains->closed) {
		domains_table_forget(&domains->table);
	}
	pthread_mutex_unlock(&domains->lock);
	entries_free(old, n_old, &domains->table);
}

static int domains_look(struct domains *domains, struct err *err)
{
	struct domain_seen *seen = NULL;
	int64_t asked_ms = deadline_now_ms();
	uint64_t mark;
	size_t n = 0;
	int rc;

	pthread_mutex_lock(&domains->lock);
	domains->woken = false;
	mark = domains_table_mark(&domains->table);
	pthread_mutex_unlock(&domains->lock);
	rc = domains->ops->look(domains->link, &seen, &n, err);
	if (rc < 0) {
		return rc;
	}
	look_apply(domains, seen, n, g_new0(struct domain_entry, n + 1), mark, asked_ms);
	g_free(seen);
	return 0;
}

/* The thread */

static void link_close(struct domains *domains)
{
	if (domains->link != NULL) {
		domains->ops->close(domains->link);
		domains->link = NULL;
	}
}

static int connected_look(struct domains *domains, struct err *err)
{
	bool closed;
	int rc;

	pthread_mutex_lock(&domains->lock);
	closed = domains->closed;
	pthread_mutex_unlock(&domains->lock);
	if (closed) {
		return err_set(err, -ENOTCONN, "libvirt's daemon has closed the connection");
	}
	rc = domains->link == NULL ? domains->ops->open(domains, &domains->link, err) : 0;
	return rc < 0 ? rc : domains_look(domains, err);
}

/* False: the thread has to end. */
static bool domains_wait(struct domains *domains, int64_t looked_ms, bool watched)
{
	int64_t next_ms = looked_ms + (watched ? LOOK_MS : RECONNECT_MS);
	bool stop;

	pthread_mutex_lock(&domains->lock);
	while (!domains->stop && deadline_now_ms() < next_ms) {
		if (watched && domains->woken && next_ms > looked_ms + EVENTS_MS) {
			next_ms = looked_ms + EVENTS_MS;
			continue;
		}
		(void)thread_cond_wait(&domains->wake, &domains->lock,
				       (struct deadline){.at_ms = next_ms});
	}
	stop = domains->stop;
	pthread_mutex_unlock(&domains->lock);
	return !stop;
}

static void connection_lost(struct domains *domains, const struct err *why)
{
	watched_set(domains, false, why);
	link_close(domains);
	pthread_mutex_lock(&domains->lock);
	domains->closed = false;
	pthread_mutex_unlock(&domains->lock);
}

static void *domains_run(void *data)
{
	struct domains *domains = data;
	bool watched;

	do {
		struct err err = ERR_INIT;

		watched = connected_look(domains, &err) == 0;
		if (watched) {
			watched_set(domains, true, NULL);
		} else {
			connection_lost(domains, &err);
		}
	} while (domains_wait(domains, deadline_now_ms(), watched));
	link_close(domains);
	entries_free(domains->table.entries, domains->table.n, &(struct domains_table){0});
	pthread_mutex_lock(&domains->lock);
	domains_table_forget(&domains->table);
	domains->table = (struct domains_table){0};
	domains->left = true;
	pthread_cond_broadcast(&domains->wake);
	pthread_mutex_unlock(&domains->lock);
	domains_unref(domains);
	return NULL;
}

int domains_new(const struct domains_ops *ops, struct domains **ret, struct err *err)
{
	struct domains *domains = g_new0(struct domains, 1);
	int rc;

	domains->ops = ops;
	domains->refs = 2;
	domains->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)pthread_mutex_init(&domains->lock, NULL);
	thread_cond_init(&domains->wake);
	rc = domains->event < 0 ? -errno : thread_start_detached(domains_run, domains);
	if (rc < 0) {
		domains->refs = 1;
		domains_unref(domains);
		return err_set(err, rc, "cannot start the thread for libvirt: %s", strerror(-rc));
	}
	*ret = domains;
	return 0;
}

void domains_free(struct domains *domains)
{
	int64_t end_ms = deadline_now_ms() + FREE_MS;

	if (domains == NULL) {
		return;
	}
	pthread_mutex_lock(&domains->lock);
	domains->stop = true;
	pthread_cond_broadcast(&domains->wake);
	while (!domains->left && deadline_now_ms() < end_ms) {
		(void)thread_cond_wait(&domains->wake, &domains->lock,
				       (struct deadline){.at_ms = end_ms});
	}
	pthread_mutex_unlock(&domains->lock);
	domains_unref(domains);
}

/* Functions for the main loop and for libvirt's thread */

enum journal_domain domains_answer(struct domains *domains, const char *vm)
{
	enum journal_domain answer;
	int pidfd;

	pthread_mutex_lock(&domains->lock);
	answer = domains_table_answer(&domains->table, vm, deadline_now_ms(), &pidfd);
	if (answer == JOURNAL_DOMAIN_RUNNING && !process_lives(pidfd)) {
		answer = JOURNAL_DOMAIN_UNKNOWN;
	}
	pthread_mutex_unlock(&domains->lock);
	return answer;
}

static void event_take(struct domains *domains, const char *vm, bool departed)
{
	pthread_mutex_lock(&domains->lock);
	if (vm == NULL) {
		domains->closed = true;
		domains_table_forget(&domains->table);
	} else {
		domains_table_event(&domains->table, vm, departed);
	}
	domains->woken = true;
	pthread_cond_broadcast(&domains->wake);
	pthread_mutex_unlock(&domains->lock);
}

void domains_on_event(struct domains *domains, const char *vm)
{
	event_take(domains, vm, false);
}

void domains_on_departure(struct domains *domains, const char *vm)
{
	event_take(domains, vm, true);
}

int domains_fd(const struct domains *domains)
{
	return domains->event;
}

bool domains_news(struct domains *domains, bool *ret_watched, struct err *ret_why)
{
	uint64_t count;
	bool news;

	(void)!read(domains->event, &count, sizeof(count));
	pthread_mutex_lock(&domains->lock);
	news = domains->news;
	*ret_watched = domains->watched;
	*ret_why = domains->why;
	domains->news = false;
	pthread_mutex_unlock(&domains->lock);
	return news;
}
