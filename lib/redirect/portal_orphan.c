/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redirect/portal_orphan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>

#include "names/portal.h"

/* The states of a closed connection that may still send. */
#define STATES ((1U << TCP_FIN_WAIT1) | (1U << TCP_CLOSING) | (1U << TCP_LAST_ACK))
#define ORPHANS_MAX 1024 /* in one look; the next one sees the rest */
#define LOOK_AGAIN_MS 50
#define FIN 1 /* what closing adds to what is to be sent */

struct address {
	int family;
	unsigned char bytes[sizeof(struct in6_addr)];
	uint16_t port;
};

struct search {
	struct address portals[256];
	size_t n_portals;
	struct inet_diag_msg found[ORPHANS_MAX];
	size_t n_found;
};

static size_t address_bytes(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

static void addresses_take(struct search *search, const char *const *portals, size_t n)
{
	for (size_t i = 0; i < n && search->n_portals < G_N_ELEMENTS(search->portals); i++) {
		struct address *address = &search->portals[search->n_portals];
		struct portal portal;

		if (portal_from_str(portals[i], &portal, NULL) < 0) {
			continue;
		}
		address->family = strchr(portal.address, ':') != NULL ? AF_INET6 : AF_INET;
		address->port = portal.port;
		search->n_portals +=
			(size_t)(inet_pton(address->family, portal.address, address->bytes) == 1);
	}
}

static bool goes_to_portal(const struct search *search, const struct inet_diag_msg *socket)
{
	for (size_t i = 0; i < search->n_portals; i++) {
		const struct address *portal = &search->portals[i];

		if (portal->family == socket->idiag_family &&
		    htons(portal->port) == socket->id.idiag_dport &&
		    memcmp(portal->bytes, socket->id.idiag_dst, address_bytes(portal->family)) ==
			    0) {
			return true;
		}
	}
	return false;
}

/*
 * What waits in the kernel for the other side. A kernel before 6.11 empties the queue of an orphan
 * that it is told to end, but leaves the orphan and its numbers: only the memory tells then.
 */
static bool may_send(const struct nlmsghdr *message, const struct inet_diag_msg *socket)
{
	const struct nlattr *attribute;
	uint32_t memory = UINT32_MAX;

	mnl_attr_for_each(attribute, message, sizeof(*socket))
	{
		if (mnl_attr_get_type(attribute) == INET_DIAG_MEMINFO &&
		    mnl_attr_get_payload_len(attribute) >= sizeof(struct inet_diag_meminfo)) {
			struct inet_diag_meminfo info;

			memcpy(&info, mnl_attr_get_payload(attribute), sizeof(info));
			memory = info.idiag_wmem;
		}
	}
	return socket->idiag_wqueue > FIN && memory > 0;
}

static int on_socket(const struct nlmsghdr *message, void *data)
{
	struct search *search = data;
	struct inet_diag_msg socket;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(socket)) {
		return MNL_CB_OK;
	}
	memcpy(&socket, mnl_nlmsg_get_payload(message), sizeof(socket));
	if (socket.idiag_inode == 0 && goes_to_portal(search, &socket) &&
	    may_send(message, &socket) && search->n_found < ORPHANS_MAX) {
		search->found[search->n_found++] = socket;
	}
	return MNL_CB_OK;
}

/* Sends one request and hands each answer to on_message. */
static int ask(struct mnl_socket *socket, unsigned int sequence, unsigned int type,
	       unsigned int flags, const struct inet_diag_req_v2 *request, mnl_cb_t on_message,
	       void *data)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	int rc = MNL_CB_OK;

	header->nlmsg_type = (uint16_t)type;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	header->nlmsg_seq = sequence;
	memcpy(mnl_nlmsg_put_extra_header(header, sizeof(*request)), request, sizeof(*request));
	if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0) {
		return -errno;
	}
	while (rc == MNL_CB_OK) {
		ssize_t bytes = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		if (bytes < 0) {
			return -errno;
		}
		rc = mnl_cb_run(buffer, (size_t)bytes, sequence, mnl_socket_get_portid(socket),
				on_message, data);
	}
	return rc < 0 ? -errno : 0;
}

static int look(struct mnl_socket *socket, unsigned int *sequence, struct search *search)
{
	static const int families[] = {AF_INET, AF_INET6};
	int rc = 0;

	search->n_found = 0;
	for (size_t i = 0; rc == 0 && i < G_N_ELEMENTS(families); i++) {
		const struct inet_diag_req_v2 request = {
			.sdiag_family = (uint8_t)families[i],
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_ext = 1U << (INET_DIAG_MEMINFO - 1),
			.idiag_states = STATES,
		};

		rc = ask(socket, ++*sequence, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, on_socket,
			 search);
	}
	return rc;
}

/* -ENOENT: it has ended by itself meanwhile. */
static int end(struct mnl_socket *socket, unsigned int sequence, const struct inet_diag_msg *orphan)
{
	const struct inet_diag_req_v2 request = {
		.sdiag_family = orphan->idiag_family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = STATES,
		.id = orphan->id,
	};
	int rc = ask(socket, sequence, SOCK_DESTROY, NLM_F_ACK, &request, NULL, NULL);

	return rc == -ENOENT ? 0 : rc;
}

static int orphans_end(struct mnl_socket *socket, struct search *search, struct deadline deadline,
		       struct err *err)
{
	unsigned int sequence = 0;
	int ended = 0;

	for (;;) {
		char text[INET6_ADDRSTRLEN] = "?";
		int rc = look(socket, &sequence, search);

		if (rc < 0) {
			return err_set(err, rc, "sock_diag: %s", g_strerror(-rc));
		}
		if (search->n_found == 0) {
			return 0;
		}
		for (size_t i = 0; i < search->n_found; i++) {
			rc = end(socket, ++sequence, &search->found[i]);
			ended = rc < 0 ? rc : ended;
		}
		if (!deadline_pause(deadline, LOOK_AGAIN_MS)) {
			(void)inet_ntop(search->found[0].idiag_family,
					search->found[0].id.idiag_dst, text, sizeof(text));
			return err_set(
				err, ended == -EPERM ? -EPERM : -EBUSY,
				"a connection to %s that was closed may still send old data, and "
				"the kernel does not end it%s%s",
				text, ended < 0 ? ": " : "", ended < 0 ? g_strerror(-ended) : "");
		}
	}
}

int portal_orphans_end(const char *const *portals, size_t n_portals, struct deadline deadline,
		       struct err *err)
{
	g_autofree struct search *search = g_new0(struct search, 1);
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	int rc;

	if (socket == NULL || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		rc = err_set(err, -errno, "sock_diag: %s", g_strerror(errno));
	} else {
		addresses_take(search, portals, n_portals);
		rc = orphans_end(socket, search, deadline, err);
	}
	if (socket != NULL) {
		(void)mnl_socket_close(socket);
	}
	return rc;
}
