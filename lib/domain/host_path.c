/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/host_path.h"

#include <glib.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "domain/legal.h"
#include "xml/xml_tree.h"

#define CHANNEL_ADVICE                                                                             \
	"a socket at this path is not on every host; remove the path, libvirt then makes one "     \
	"(type='unix'), or use type='pty'"
#define LOG_FOLDER "/var/log/libvirt/qemu/"
#define LOG_ADVICE "a file of one host; remove it, or put it below " LOG_FOLDER
#define READ_FOLDERS "/usr/share/ /usr/lib/ /var/lib/libvirt/boot/"
#define READ_ADVICE                                                                                \
	"a file of one host; put the same file on every host below /var/lib/libvirt/boot/, "       \
	"/usr/share/ or /usr/lib/"

/* Beginnings of paths, separated by blanks; an entry that does not end in '/' is a whole path. */
struct place {
	const char *path;
	const char *attr; /* NULL: the text of the element */
	const char *legal;
	const char *advice;
	const char *type; /* the row holds for elements of this type (of the device), or any */
	bool needed;      /* the file must be on each host */
};

static const struct place places[] = {
	{"os/loader", NULL, "/usr/share/ /usr/lib/ /run/libvirt/nix-ovmf/", READ_ADVICE, NULL,
	 true},
	/* The file is not used: the variables are on a LUN. */
	{"os/nvram", NULL, "/", "legal is an absolute path", NULL, false},
	{"os/nvram", "template", "/usr/share/ /usr/lib/ /run/libvirt/nix-ovmf/", READ_ADVICE, NULL,
	 false},
	{"os/kernel", NULL, READ_FOLDERS, READ_ADVICE, NULL, true},
	{"os/initrd", NULL, READ_FOLDERS, READ_ADVICE, NULL, true},
	{"os/dtb", NULL, READ_FOLDERS, READ_ADVICE, NULL, true},
	{"os/shim", NULL, READ_FOLDERS, READ_ADVICE, NULL, true},
	{"os/acpi/table", NULL, READ_FOLDERS, READ_ADVICE, NULL, true},
	{"sysinfo/entry", "file", READ_FOLDERS, READ_ADVICE, NULL, true},
	{"devices/*/rom", "file", READ_FOLDERS, READ_ADVICE, NULL, true},
	{"devices/rng/backend", NULL, "/dev/urandom /dev/random /dev/hwrng",
	 "legal are /dev/urandom, /dev/random and /dev/hwrng", NULL, true},
	{"devices/interface/script", "path", "",
	 "a definition on a LUN must not run programs of a host; remove it", NULL, false},
	{"devices/interface/downscript", "path", "",
	 "a definition on a LUN must not run programs of a host; remove it", NULL, false},
	{"devices/interface/backend", "tap", "/dev/net/tun", "legal is /dev/net/tun", NULL, true},
	{"devices/interface/backend", "vhost", "/dev/vhost-net", "legal is /dev/vhost-net", NULL,
	 true},
	{"devices/interface/backend", "logFile", LOG_FOLDER, LOG_ADVICE, NULL, false},
	{"devices/*/log", "file", LOG_FOLDER, LOG_ADVICE, NULL, false},
	/* What libvirt writes into the definition of a running domain, and ignores when it reads
	   it. */
	{"devices/*", "tty", "/dev/pts/", "it is a terminal of one host; remove it", NULL, false},
	{"devices/*/source", "path", "/dev/pts/", "it is a terminal of one host; remove it", "pty",
	 false},
	{"devices/*/source", "path",
	 "/var/lib/libvirt/qemu/channel/ /run/libvirt/qemu/channel/ "
	 "/var/run/libvirt/qemu/channel/",
	 CHANNEL_ADVICE, "unix", false},
	{"devices/*/source", "path", LOG_FOLDER, LOG_ADVICE, "file", false},
	{"devices/graphics", "socket", "",
	 "a socket at this path is not on every host; leave it out, libvirt then makes one", NULL,
	 false},
	{"devices/graphics/listen", "socket", "",
	 "a socket at this path is not on every host; leave it out, libvirt then makes one", NULL,
	 false},
	/* A cgroup, which libvirt creates. */
	{"resource/partition", NULL, "/", "legal is a path such as /machine", NULL, false},
};

/* Text in which a leading slash means nothing. */
static const char *const free_texts[] = {
	"title", "description", "os/cmdline", "sysinfo/*/entry", "sysinfo/entry",
};

static bool below(const char *folders, const char *value)
{
	for (; *folders != '\0'; folders += strspn(folders, " ")) {
		size_t n = strcspn(folders, " ");

		if (strncmp(folders, value, n) == 0 &&
		    (folders[n - 1] == '/' || value[n] == '\0') && strstr(value, "/..") == NULL) {
			return true;
		}
		folders += n;
	}
	return false;
}

static bool type_fits(xmlNodePtr node, const char *type)
{
	const char *own = xml_tree_attr(node->parent, "type");

	return type == NULL || (own != NULL && strcmp(own, type) == 0);
}

static const struct place *place_of(xmlNodePtr node, const char *path, const char *attr)
{
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		const struct place *place = &places[i];

		if (g_strcmp0(place->attr, attr) == 0 && legal_path_matches(place->path, path) &&
		    type_fits(node, place->type)) {
			return place;
		}
	}
	return NULL;
}

bool host_path_emulator_is_implied(const char *value)
{
	static const char *const folders[] = {"/run/libvirt/nix-emulators/", "/nix/store/",
					      "/run/current-system/"};

	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		if (strncmp(value, folders[i], strlen(folders[i])) == 0) {
			return strstr(value, "/..") == NULL;
		}
	}
	return *value != '\0' && strchr(value, '/') == NULL;
}

/* QEMU as distributions and administrators install it. */
static bool emulator_is_legal(const char *value)
{
	static const char *const folders[] = {"/usr/bin/", "/usr/libexec/", "/usr/local/bin/"};
	static const char any[] = "qemu-system-";

	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		const char *name = value + strlen(folders[i]);

		if (strncmp(value, folders[i], strlen(folders[i])) == 0) {
			return legal_word("kvm qemu-kvm", name) ||
			       (strncmp(name, any, strlen(any)) == 0 && strchr(name, '/') == NULL);
		}
	}
	return host_path_emulator_is_implied(value);
}

static bool is_free_text(const char *path)
{
	for (size_t i = 0; i < G_N_ELEMENTS(free_texts); i++) {
		if (legal_path_matches(free_texts[i], path)) {
			return true;
		}
	}
	return false;
}

const char *host_path_refusal(xmlNodePtr node, const char *path, const char *attr,
			      const char *value)
{
	const struct place *place = place_of(node, path, attr);

	if (attr == NULL && strcmp(path, "devices/emulator") == 0) {
		return emulator_is_legal(value)
			       ? NULL
			       : "a definition on a LUN must not choose the program; legal are "
				 "kvm, "
				 "qemu-kvm and qemu-system-ARCH in /usr/bin, /usr/libexec and "
				 "/usr/local/bin; or remove it, libvirt then chooses";
	}
	if (place != NULL) {
		return *value == '\0' || below(place->legal, value) ? NULL : place->advice;
	}
	if (attr == NULL && is_free_text(path)) {
		return NULL;
	}
	return value[strspn(value, " \t\r\n")] != '/'
		       ? NULL
		       : "a path of one host is not legal here; remove it";
}

static int tell_needed(xmlNodePtr node, const char *path, const char *attr, const char *value,
		       host_path_file *file, void *data)
{
	const struct place *place = place_of(node, path, attr);

	return place != NULL && place->needed && value != NULL && value[0] == '/'
		       ? file((const char *)node->name, value, data)
		       : 0;
}

static int each_below(xmlNodePtr node, const char *path, host_path_file *file, void *data)
{
	int rc = tell_needed(node, path, NULL, xml_tree_text(node), file, data);
	xmlNodePtr child = xml_tree_child(node, NULL);

	for (xmlAttrPtr attr = node->properties; rc == 0 && attr != NULL; attr = attr->next) {
		const char *name = (const char *)attr->name;

		rc = tell_needed(node, path, name, xml_tree_attr(node, name), file, data);
	}
	for (; rc == 0 && child != NULL && !legal_is_opaque(path);
	     child = xml_tree_next(child, NULL)) {
		char below[LEGAL_PATH_MAX];

		(void)snprintf(below, sizeof(below), "%s%s%s", path, *path == '\0' ? "" : "/",
			       (const char *)child->name);
		rc = each_below(child, below, file, data);
	}
	return rc;
}

int host_path_each(xmlNodePtr domain, host_path_file *file, void *data)
{
	return each_below(domain, "", file, data);
}
