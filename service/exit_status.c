/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/exit_status.h"

#include <errno.h>

enum exit_status exit_status_of(int rc)
{
	switch (-rc) {
	case 0: return EXIT_STATUS_OK;
	case EBUSY:
	case EAGAIN:
	case EADDRINUSE: return EXIT_STATUS_BUSY;
	case EPERM:
	case EACCES:
	case EINVAL:
	case ENOENT:
	case ENOTDIR:
	case ENOTSUP:
	case ELOOP: return EXIT_STATUS_CONFIG;
	case ENOTCONN: return EXIT_STATUS_CLUSTER;
	case EIO:
	case ENOSPC:
	case EROFS:
	case EDQUOT: return EXIT_STATUS_STORE;
	default: return EXIT_STATUS_SOFTWARE;
	}
}
