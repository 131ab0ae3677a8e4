/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/errno_name.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static const struct {
	int number;
	const char *name;
} errno_names[] = {
	{EACCES, "EACCES"},
	{EADDRNOTAVAIL, "EADDRNOTAVAIL"},
	{EBADMSG, "EBADMSG"},
	{EBUSY, "EBUSY"},
	{EINVAL, "EINVAL"},
	{EHOSTUNREACH, "EHOSTUNREACH"},
	{EIO, "EIO"},
	{ENOMEM, "ENOMEM"},
	{ENXIO, "ENXIO"},
	{ETIMEDOUT, "ETIMEDOUT"},
	{EUCLEAN, "EUCLEAN"},
	{ECONNREFUSED, "ECONNREFUSED"},
	{EEXIST, "EEXIST"},
	{ENOSPC, "ENOSPC"},
	{EKEYREJECTED, "EKEYREJECTED"},
	{ENOTSUP, "ENOTSUP"},
	{ENOTCONN, "ENOTCONN"},
};

const char *errno_name_to_str(int number)
{
	for (size_t i = 0; i < G_N_ELEMENTS(errno_names); i++) {
		if (errno_names[i].number == number) {
			return errno_names[i].name;
		}
	}
	return "EIO";
}

int errno_name_from_str(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(errno_names); i++) {
		if (strcmp(errno_names[i].name, name) == 0) {
			return errno_names[i].number;
		}
	}
	return 0;
}
