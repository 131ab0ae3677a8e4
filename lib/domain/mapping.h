/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MAPPING_H
#define LUNMASK_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "names/lun.h"

/*
 * The mapping file: a libvirt domain definition. Its <metadata> says, in our own namespace, which
 * drive is which LUN. It suffices to create the VM on any host that sees its LUNs. It names no
 * host: initiator name, portal, target and LUN number are filled in for each host.
 *
 *	<metadata>
 *	  <lunmask:mapping xmlns:lunmask='urn:x-lunmask:mapping:1' array='san1'
 *	                   definition='libvirt'       without: as the user wrote it
 *	                   revision='2'               counts the changes; without: 1
 *	                   config='sha256:1f3a...'>   of the file it was made from; without: not
 *known <lunmask:drive target='vda' lun='web1-root' designator='naa.6001...' size='1073741824'/>
 *	    <lunmask:drive target='vdb' lun='web1-all' designator='...' size='...' offset='0'
 *	                   length='1048576'/>
 *	    <lunmask:drive target='sda' lun='iso-debian12' designator='...' size='...' access='ro'/>
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

/* The usage of a VM's secret in libvirt, before its name (libvirt_secret.h). */
#define MAPPING_SECRET_PREFIX "lunmask:"

/* "sha256:" and 64 digits. */
#define MAPPING_CONFIG_MAX 71

struct mapping {
	char vm[VM_NAME_MAX + 1];
	char uuid[36 + 1];
	char array[LUN_NAME_MAX + 1];
	struct mapping_drive state; /* drive.target is "" */
	struct mapping_drive *drives;
	size_t n_drives;
	uint64_t memory_bytes; /* that the guest boots with; modules that are added come on top */
	bool complete;         /* the definition is libvirt's own (mapping_complete()) */
	uint64_t revision;     /* 1 for the first; each change of the definition or drives adds 1 */
	char config[MAPPING_CONFIG_MAX + 1]; /* digest of the administrator's file; "": not known */
	char *xml;                           /* the whole file */
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
	bool complete;      /* see struct mapping */
	uint64_t revision;  /* 0 means 1 */
	const char *config; /* NULL or "": not known */
};

/*
 * Builds a mapping file; the caller frees *ret with mapping_free(). -EINVAL, with the element and
 * its value in the text, refuses:
 * - a domain with another name or without uuid
 * - a disk that no drive names, because a disk on the host cannot move
 * - a read-only drive that the guest could write to, and a medium that others could write to
 * - a drive without a disk
 * - a slice beyond its LUN
 * - a host device, or anything else that cannot be created on another host
 */
int mapping_build(const struct mapping_source *source, struct mapping **ret, struct err *err);
/* The same checks before anything is known of the LUNs: luns of source is not used. */
int mapping_check_source(const struct mapping_source *source, struct err *err);
int mapping_parse(const char *xml, size_t bytes, struct mapping **ret, struct err *err);
void mapping_free(struct mapping *mapping);

/* NULL: no drive has the target. */
const struct mapping_drive *mapping_find(const struct mapping *mapping, const char *target);

/* How one host reaches the LUNs. luns holds name, target and number as that host sees them. */
struct mapping_host {
	const char *initiator;
	const char *portal; /* "address:port" */
	const struct lun *luns;
	size_t n_luns;
	/* The user of CHAP, whose secret that host's libvirt has when it needs it; or NULL. */
	const char *chap_user;
	/* Disks of LogicalUnits go along; luns has their LUNs (carry/carry.h). */
	bool carries_units;
	const char *array; /* whose LUNs they are, where there are some */
};

/*
 * Writes the domain definition for libvirt on that host; our metadata is kept. The caller frees
 * *ret_xml. -EUCLEAN: a LUN is not the volume that the mapping file names. -EINVAL.
 */
int mapping_domain_xml(const struct mapping *mapping, const struct mapping_host *host,
		       char **ret_xml, struct err *err);

/*
 * The same as an ordinary definition, without our metadata: it starts without lunmask on a host
 * that has been granted the LUNs. A TPM is then one of libvirt's, and empty.
 */
int mapping_plain_xml(const struct mapping *mapping, const struct mapping_host *host,
		      char **ret_xml, struct err *err);

/*
 * The same for a definition that libvirt has made: of the running domain, or of a saved image. Only
 * the sources of its disks are replaced, which are matched to our LUNs by their target. -EUCLEAN
 * also if it is another VM's. -EINVAL also for a disk without a LUN, or a device that cannot be
 * created on another host: one that was attached while the VM ran. -EPERM: a LogicalUnit has
 * plugged a disk in (mapping_check_units()), and the host is not said to have its LUN.
 */
int mapping_definition_xml(const struct mapping *mapping, const char *definition,
			   const struct mapping_host *host, char **ret_xml, struct err *err);

/*
 * The disks of LogicalUnits (unit_name.h) in a definition that libvirt has made: calls found for
 * each, as long as it returns 0, and returns what it has returned.
 */
struct mapping_unit {
	const char *array;
	const char *lun;
	const char *target; /* of the disk */
};
typedef int mapping_unit_fn(void *data, const struct mapping_unit *unit, struct err *err);
int mapping_units(const char *definition, mapping_unit_fn *found, void *data, struct err *err);

/*
 * -EPERM: the definition, of the running domain or of a saved image, has a disk of a LogicalUnit
 * (unit_name.h). Its LUN is not the VM's, and may be another VM's by the time the guest goes on.
 */
int mapping_check_units(const char *vm, const char *definition, struct err *err);

/*
 * The mapping file with the definition as libvirt has made it of the old one: addresses, MACs, the
 * value of <genid>, the canonical machine type. It still names no host. What a host, or the moment,
 * decides stays as it was written: <cpu> (host-model is the model of the host on which the guest
 * boots), <currentMemory>, <vcpus>, <emulator>, <resource> and <seclabel>.
 * docs/decisions/0015-definition.md says why. luns: as the array shows them. The caller frees *ret.
 * -EINVAL, -EUCLEAN. -ESTALE: the definition is of another revision: the mapping file was changed
 * since the guest booted.
 */
int mapping_complete(const struct mapping *old, const char *definition, const struct lun *luns,
		     size_t n_luns, struct mapping **ret, struct err *err);

/*
 * Compares designator and size of every LUN with the array's. A LUN may have grown. -EUCLEAN, with
 * both in the text: another volume, or a smaller one.
 */
int mapping_check_luns(const struct mapping *mapping, const struct lun *luns, size_t n_luns,
		       struct err *err);

/*
 * Of a mapping file that mapping_check_luns() has accepted: the same with the sizes that the LUNs
 * have now. *ret is NULL if none has grown, else the caller frees it.
 */
int mapping_note_sizes(const struct mapping *mapping, const struct lun *luns, size_t n_luns,
		       struct mapping **ret, struct err *err);

#endif
