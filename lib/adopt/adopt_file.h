/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_ADOPT_FILE_H
#define LUNMASK_ADOPT_FILE_H

#include "base/err.h"

/*
 * The definition that libvirt had of an adopted VM, kept on its host. 'virsh define FILE' gives it
 * back. It may hold passwords: nobody but root can read it.
 */
#define ADOPT_FILE_DIRECTORY "/var/lib/lunmask/adopted"
/* Another directory, for tests. */
#define ADOPT_FILE_VARIABLE "LUNMASK_ADOPTED"

/* The caller frees it with g_free(). */
char *adopt_file_path(const char *vm);

/* *ret is for g_free(). -ENOENT: there is none. */
int adopt_file_load(const char *vm, char **ret, struct err *err);

/* It survives a power cut when this returns 0. */
int adopt_file_store(const char *vm, const char *xml, struct err *err);

/* 0 also if there is none. */
int adopt_file_remove(const char *vm, struct err *err);

#endif
