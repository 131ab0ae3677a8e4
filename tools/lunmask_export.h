/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TOOLS_LUNMASK_EXPORT_H
#define LUNMASK_TOOLS_LUNMASK_EXPORT_H

/*
 * The file, with both lists in the order of creation: {"format": "lunmask-journal", "version": 1,
 * "cluster": UUID, "index": N, "exported_ms": N, "tasks": [...], "releases": [...]}.
 */
#define EXPORT_FORMAT "lunmask-journal"
#define EXPORT_VERSION 1
#define EXPORT_BYTES_MAX (64u * 1024 * 1024)

#endif
