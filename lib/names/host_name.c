/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/host_name.h"

#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

bool host_name_is_kernels(const char *node)
{
	struct utsname system;
	size_t length = strlen(node);

	if (length == 0 || uname(&system) != 0 || strncasecmp(system.nodename, node, length) != 0) {
		return false;
	}
	return system.nodename[length] == '\0' ||
	       (system.nodename[length] == '.' && strchr(node, '.') == NULL);
}
