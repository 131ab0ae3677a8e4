/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAPPING_H
#define LUNMASK_MAPPING_H

#include <stddef.h>

#include "base/err.h"
#include "names/lun.h"

/*
 * The mapping file: a libvirt domain definition whose <metadata> says, in our own namespace, which
 * drive is which LUN. It is enough to create the VM on any host that sees its LUNs, and it says
 * nothing about any host: initiator name, portal, target and LUN number are filled in per host.
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
 * Text from a state LUN is input from outside: bounded size and depth, no DTD, no entities, no
 * network, every name checked.
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
	uint64_t memory_bytes; /* maximum guest memory: what a saved image may need */
	char *xml;             /* the whole file */
};

/* What a mapping file is made of. luns describe every LUN that drives and state name. */
struct mapping_source {
	const char *domain_xml; /* a plain libvirt domain; its disks' sources are replaced */
	const char *vm;         /* must be the domain's name */
	const char *array;
	const struct drive *drives;
	size_t n_drives;
	const struct extent *state;
	const struct lun *luns;
	size_t n_luns;
};

/*
 * Refuses (-EINVAL) a domain of another name or without uuid, a disk that no drive names (a disk
 * that lives on the host cannot move), a drive without disk, a slice beyond its LUN, a host device
 * or other thing that cannot be created elsewhere. The text names element and value.
 */
int mapping_build(const struct mapping_source *source, struct mapping **ret, struct err *err);
int mapping_parse(const char *xml, size_t bytes, struct mapping **ret, struct err *err);
void mapping_free(struct mapping *mapping);

/* How one host reaches the LUNs. luns hold name, target and number as that host sees them. */
struct mapping_host {
	const char *initiator;
	const char *portal; /* "address:port" */
	const struct lun *luns;
	size_t n_luns;
};

/* The domain definition for libvirt on that host; with our metadata kept. The caller frees. */
int mapping_domain_xml(const struct mapping *mapping, const struct mapping_host *host,
		       char **ret_xml, struct err *err);

/*
 * Is what the array shows still what the mapping file names? Compares designator and size of every
 * LUN; -EUCLEAN with both names in the text.
 */
int mapping_check_luns(const struct mapping *mapping, const struct lun *luns, size_t n_luns,
		       struct err *err);

#endif
