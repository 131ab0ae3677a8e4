/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ARRAY_ERROR_H
#define LUNMASK_ARRAY_ERROR_H

#include <errno.h>

/*
 * The typed errors of lunmask-array(7): the code that a driver writes, and the errno that its
 * client returns for it.
 *
 * Columns: enum name, code on the wire, errno. No row has EINVAL: that is a wrong parameter or
 * configuration, and a request that the driver does not understand is neither.
 */
#define ARRAY_ERRORS(X)                                                                            \
	X(ARRAY_ERROR_BAD_REQUEST, "bad-request", EBADRQC)                                         \
	X(ARRAY_ERROR_UNSUPPORTED, "unsupported", EOPNOTSUPP)                                      \
	X(ARRAY_ERROR_NO_SUCH_LUN, "no-such-lun", ENXIO)                                           \
	X(ARRAY_ERROR_NO_SUCH_SNAPSHOT, "no-such-snapshot", EIDRM)                                 \
	X(ARRAY_ERROR_HELD, "held", EPERM)                                                         \
	X(ARRAY_ERROR_FENCED, "fenced", EPERM)                                                     \
	X(ARRAY_ERROR_REQUESTER_FENCED, "requester-fenced", ESHUTDOWN)                             \
	X(ARRAY_ERROR_BUSY, "busy", EBUSY)                                                         \
	X(ARRAY_ERROR_UNREACHABLE, "unreachable", ECONNREFUSED)                                    \
	X(ARRAY_ERROR_EXISTS, "exists", EEXIST)                                                    \
	X(ARRAY_ERROR_IN_USE, "in-use", ENOTEMPTY)                                                 \
	X(ARRAY_ERROR_READ_ONLY, "read-only", EROFS)                                               \
	X(ARRAY_ERROR_NO_SPACE, "no-space", ENOSPC)                                                \
	X(ARRAY_ERROR_UNFINISHED, "unfinished", EINPROGRESS)                                       \
	X(ARRAY_ERROR_NOT_UNDONE, "not-undone", ENOTRECOVERABLE)                                   \
	X(ARRAY_ERROR_INTERNAL, "internal", EIO)

enum array_error {
#define X(name, code, number) name,
	ARRAY_ERRORS(X)
#undef X
		ARRAY_ERROR_COUNT
};

/* The code on the wire; "internal" for a value that is not in the table. */
const char *array_error_to_str(enum array_error error);

/* The -errno of a row; -EIO for a value that is not in the table. */
int array_error_errno(enum array_error error);

/* The -errno of a code on the wire; -EPROTO for a code that is not in the table. */
int array_error_to_errno(const char *code);

#endif
