/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/portal.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/name_limits.h"

static bool port_legal(const char *port)
{
	size_t digits = strspn(port, "0123456789");
	long number = strtol(port, NULL, 10);

	return digits > 0 && digits <= 5 && port[digits] == '\0' && number >= 1 && number <= 65535;
}

int portal_check(const char *text, struct err *err)
{
	const char *colon = strrchr(text, ':');
	char host[ISCSI_PORTAL_MAX + 1];
	unsigned char address[sizeof(struct in6_addr)];
	int family = AF_INET;
	const char *start = text;
	size_t length;

	if (colon != NULL && port_legal(colon + 1) && strlen(text) <= ISCSI_PORTAL_MAX) {
		length = (size_t)(colon - text);
		if (length > 2 && text[0] == '[' && colon[-1] == ']') {
			family = AF_INET6;
			start++;
			length -= 2;
		}
		(void)snprintf(host, sizeof(host), "%.*s", (int)length, start);
		if (inet_pton(family, host, address) == 1) {
			return 0;
		}
	}
	return err_set(err, -EINVAL, "portal '%s' is not ADDRESS:PORT or [ADDRESS]:PORT in numbers",
		       text);
}
