/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node/node_internal.h"

#include <poll.h>
#include <string.h>

#include "watch/domains_virt.h"

static int32_t on_news(int32_t fd, int32_t revents, void *data)
{
	struct node *node = data;
	struct err why = ERR_INIT;
	bool watched = false;

	(void)fd, (void)revents;
	if (!domains_news(node->domains, &watched, &why)) {
		return 0;
	}
	if (watched) {
		qb_log(LOG_NOTICE, "domains: watched, monitors are answered from memory");
	} else {
		qb_log(LOG_WARNING, "domains: not watched, monitors ask libvirt themselves: %s",
		       err_text(&why));
	}
	return 0;
}

/* Without the watch monitors are slower; nothing else depends on it. */
void node_domains_start(struct node *node)
{
	struct err err = ERR_INIT;

	if (domains_new(&domains_virt_ops, &node->domains, &err) < 0) {
		qb_log(LOG_ERR, "domains: not watched, monitors ask libvirt themselves: %s",
		       err_text(&err));
		return;
	}
	if (ipc_glance_new(node->options.loop, node_on_domain, node, &node->glance, &err) < 0) {
		qb_log(LOG_ERR, "domains: monitors ask libvirt themselves: %s", err_text(&err));
	}
	node->domains_polled =
		qb_loop_poll_add(node->options.loop, QB_LOOP_LOW, domains_fd(node->domains), POLLIN,
				 node, on_news) == 0;
}

void node_domains_stop(struct node *node)
{
	ipc_glance_free(node->glance);
	node->glance = NULL;
	if (node->domains_polled) {
		(void)qb_loop_poll_del(node->options.loop, domains_fd(node->domains));
		node->domains_polled = false;
	}
	domains_free(node->domains);
	node->domains = NULL;
}

enum journal_domain node_on_domain(void *shell, const char *vm)
{
	struct node *node = shell;

	return node->domains == NULL ? JOURNAL_DOMAIN_UNKNOWN : domains_answer(node->domains, vm);
}
