/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/portal.h"

#include <arpa/inet.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool address_take(const char *text, size_t length, struct portal *ret)
{
	unsigned char address[sizeof(struct in6_addr)];
	bool bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';

	if (bracketed) {
		text++;
		length -= 2;
	}
	(void)snprintf(ret->address, sizeof(ret->address), "%.*s", (int)length, text);
	return inet_pton(bracketed ? AF_INET6 : AF_INET, ret->address, address) == 1;
}

int portal_from_str(const char *text, struct portal *ret, struct err *err)
{
	const char *colon = text == NULL ? NULL : strrchr(text, ':');
	guint64 port;

	if (colon == NULL || strlen(text) > ISCSI_PORTAL_MAX ||
	    !g_ascii_string_to_unsigned(colon + 1, 10, 1, UINT16_MAX, &port, NULL) ||
	    !address_take(text, (size_t)(colon - text), ret)) {
		return err_set(err, -EINVAL,
			       "portal '%.130s' is not ADDRESS:PORT or [IPv6-ADDRESS]:PORT, both "
			       "numeric; a host name is not legal",
			       text == NULL ? "" : text);
	}
	ret->port = (uint16_t)port;
	return 0;
}

int portal_check(const char *text, struct err *err)
{
	struct portal portal;

	return portal_from_str(text, &portal, err);
}

bool portal_redirects(const char *text)
{
	struct portal portal;

	return portal_from_str(text, &portal, NULL) == 0 && portal.port == REDIRECT_PORT &&
	       g_str_has_prefix(portal.address, "127.");
}
