/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LEGAL_H
#define LUNMASK_LEGAL_H

#include <stdbool.h>

#include <libxml/tree.h>

/*
 * The elements and attributes of a domain definition that may be on a state LUN: an allow-list. An
 * element that has no row is refused, so one that a newer libvirt has added is refused too, until
 * somebody has decided whether a guest can move with it.
 *
 * A row is an element: its path below <domain>, its attributes, and those of its children that have
 * neither attributes nor children of their own. In a path, '*' stands for any one element.
 * Below <metadata> and below the <source> of a <disk>, or of the <nvram>, everything is legal: the
 * first is no part of the hardware, and the others are replaced by the drive's LUN.
 *
 * mapping_policy.h says which values are refused in what is legal here.
 */
struct legal_row {
	const char *path;
	const char *attrs;  /* separated by blanks */
	const char *leaves; /* the same; NULL: none */
};

/* Ends with a row whose path is NULL. */
extern const struct legal_row legal_domain_rows[];
extern const struct legal_row legal_device_rows[];

/* The limits of a disk, or of a group of disks. */
#define LEGAL_IOTUNE                                                                               \
	"total_bytes_sec read_bytes_sec write_bytes_sec total_iops_sec read_iops_sec "             \
	"write_iops_sec total_bytes_sec_max read_bytes_sec_max write_bytes_sec_max "               \
	"total_iops_sec_max read_iops_sec_max write_iops_sec_max size_iops_sec group_name "        \
	"total_bytes_sec_max_length read_bytes_sec_max_length write_bytes_sec_max_length "         \
	"total_iops_sec_max_length read_iops_sec_max_length write_iops_sec_max_length"

/* The longest path: as deep as a definition may be nested (XML_TREE_DEPTH_MAX). */
#define LEGAL_PATH_MAX 512

/* Does the pattern, with '*' for one element, stand for the path? */
bool legal_path_matches(const char *pattern, const char *path);

/* Is word one of words, which are separated by blanks? */
bool legal_word(const char *words, const char *word);

/* Is the element legal, and which attributes may it have? NULL: it is not legal. */
const char *legal_attrs(const char *path);

/* Is everything below this path left as it is? */
bool legal_is_opaque(const char *path);

#endif
