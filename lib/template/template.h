/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEMPLATE_H
#define LUNMASK_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "names/lun.h"

/*
 * A template: a folder from which VMs are made (man 5 lunmask-template). template.conf lists the
 * drives, their sizes and images, and the defaults; the definition is libvirt's, with placeholders
 * (template_definition.h).
 *
 *	[template]
 *	description = Debian 12, BIOS
 *	definition = domain.xml              (the default)
 *	memory = 1GiB
 *	vcpus = 1
 *	network = default
 *	class = none                         (of each LUN that names no other)
 *	state_size = 1089MiB                 (default: 1 MiB + memory + 64 MiB)
 *
 *	[drive vda]
 *	size = 10GiB
 *	image = disk.qcow2                   (in the folder, or an absolute path; without: empty)
 *	format = qcow2                       (default: by the ending of the image's name)
 *
 *	[drive sda]
 *	medium = iso-debian12                (a LUN that is there, and read-only on the array)
 *
 *	rc = template_find(NULL, "debian12", &template, err);
 *	template_free(template);
 *
 * The files decide what runs as a guest, so they must be root's or the caller's, and nobody else
 * may be able to write them (trusted_file.h). A template owns all that it points to.
 */
#define TEMPLATE_FOLDER_LOCAL "/etc/lunmask/templates"
#define TEMPLATE_FILE "template.conf"
#define TEMPLATE_FILE_MAX_BYTES (64u * 1024)
#define TEMPLATE_NAME_MAX 63 /* letters, digits, '.', '_', '-'; begins with a letter or digit */
#define TEMPLATE_DRIVES_MAX 16
#define TEMPLATE_VCPUS_MAX 4096

struct template_drive {
	char *target; /* as in the definition: vda; or nvram, for UEFI variables */
	char *size;   /* as written; NULL: a medium */
	char *image;  /* the path of the image; NULL: the LUN stays empty */
	char *format; /* as qemu-img calls it; NULL without an image */
	char *medium; /* the name of the LUN; NULL: a LUN of the VM's own */
	char *class;  /* never NULL but for a medium */
	uint64_t size_bytes;
};

struct template
{
	char *name;
	char *folder;
	char *description;
	char *definition; /* name of the file */
	char *memory;
	char *vcpus;
	char *network;
	char *class;
	char *state_size; /* NULL: depends on the memory */
	uint64_t memory_bytes;
	unsigned int n_vcpus;
	struct template_drive drives[TEMPLATE_DRIVES_MAX];
	size_t n_drives;
	char *xml; /* of the definition; NULL after template_parse() */
};

/* The folders with templates, each name in the first that has it. Ends with NULL. */
const char *const *template_folders(void);

/* Reads the template of this name. folders NULL: template_folders(). -ENOENT names those there. */
int template_find(const char *const *folders, const char *name, struct template **ret,
		  struct err *err);

/* The names of all templates, also of those that are wrong: sorted, NULL-terminated. */
char **template_names(const char *const *folders);

/* Only template.conf, from memory. folder is used in messages, and for the paths of images. */
int template_parse(const char *text, size_t bytes, const char *folder, const char *name,
		   struct template **ret, struct err *err);

void template_free(struct template *template);
void template_drop(struct template **template);

/* The drive with that target, or NULL. */
struct template_drive *template_drive_find(struct template *template, const char *target);

/* Gives a drive another size: "vda=20GiB". -EINVAL: no such drive, or no size. */
int template_size_set(struct template *template, const char *text, struct err *err);

/* The size that the state LUN gets, for a guest with this memory; and where nobody names one. */
uint64_t template_state_bytes_default(uint64_t memory_bytes);
uint64_t template_state_bytes(const struct template *template, uint64_t memory_bytes);

#endif
