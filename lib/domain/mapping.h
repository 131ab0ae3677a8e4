/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAPPING_H
#define LUNMASK_MAPPING_H

#include <stddef.h>

#include "base/err.h"
#include "names/lun.h"

/*
 * The mapping file: a libvirt domain definition. Its <metadata> says, in our own namespace, which
 * drive is which LUN. It suffices to create the VM on any host that sees its LUNs. It names no
 * host: initiator name, portal, target and LUN number are filled in for each host.
 *
 *	<metadata>
 *	  <lunmask:mapping xmlns:lunmask='urn:x-lunmask:mapping:1' array='san1'>
 *	    <lunmask:drive target='vda' lun='web1-root' designator='naa.6001...' size='1073741824'/>
 *	    <lunmask:drive target='vdb' lun='web1-all' designator='...' size='...' offset='0'
 *	                   length='1048576'/>
 *	    <lunmask:state lun='web1-state' designator='...' size='...'/>
 *	  </lunmask:mapping>
 *	</metadata>
 *
 *	rc = mapping_build(&source, &mapping, err);       or mapping_parse() of a stored file
 *	rc = mapping_check_luns(mapping, luns, n_luns, err);
 *	rc = mapping_domain_xml(mapping, &host, &xml, err);
 *	mapping_free(mapping);
 *
 * Text from a state LUN is untrusted input: size and depth are limited, DTD, entities and network
 * access are refused, and every name is checked.
 */
#define MAPPING_MAX_BYTES (256u * 1024)

struct mapping_drive {
	struct drive drive;
	char designator[LUN_DESIGNATOR_MAX + 1];
	uint64_t size_bytes; /* of the LUN, not of the extent */
};

struct mapping {
	char vm[VM_NAME_MAX + 1];
	char uuid[36 + 1];
	char array[LUN_NAME_MAX + 1];
	struct mapping_drive state; /* drive.target is "" */
	struct mapping_drive *drives;
	size_t n_drives;
	uint64_t memory_bytes; /* maximum guest memory: a saved image may need as much */
	char *xml;             /* the whole file */
};

/* The input of a mapping file. luns describes every LUN that drives and state name. */
struct mapping_source {
	const char *domain_xml; /* a plain libvirt domain; the sources of its disks are replaced */
	const char *vm;         /* must be the domain's name */
	const char *array;
	const struct drive *drives;
	size_t n_drives;
	const struct extent *state;
	const struct lun *luns;
	size_t n_luns;
};

/*
 * Builds a mapping file; the caller frees *ret with mapping_free(). -EINVAL, with the element and
 * its value in the text, refuses:
 * - a domain with another name or without uuid
 * - a disk that no drive names, because a disk on the host cannot move
 * - a drive without a disk
 * - a slice beyond its LUN
 * - a host device, or anything else that cannot be created on another host
 */
int mapping_build(const struct mapping_source *source, struct mapping **ret, struct err *err);
int mapping_parse(const char *xml, size_t bytes, struct mapping **ret, struct err *err);
void mapping_free(struct mapping *mapping);

/* How one host reaches the LUNs. luns holds name, target and number as that host sees them. */
struct mapping_host {
	const char *initiator;
	const char *portal; /* "address:port" */
	const struct lun *luns;
	size_t n_luns;
};

/*
 * Writes the domain definition for libvirt on that host; our metadata is kept. The caller frees
 * *ret_xml. -EUCLEAN: a LUN is not the volume that the mapping file names. -EINVAL.
 */
int mapping_domain_xml(const struct mapping *mapping, const struct mapping_host *host,
		       char **ret_xml, struct err *err);

/*
 * Does the array still show the LUNs that the mapping file names? Compares designator and size of
 * every LUN. -EUCLEAN, with both names in the text, if not.
 */
int mapping_check_luns(const struct mapping *mapping, const struct lun *luns, size_t n_luns,
		       struct err *err);

#endif
