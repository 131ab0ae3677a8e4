/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files, processes and libvirt of this host. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "config/trusted_file.h"
#include "doctor/look/doctor_look_internal.h"
#include "names/libvirt_uri.h"
#include "process/process.h"
#include "redirect/redirect_address.h"
#include "san/iscsi.h"

#define INITIATOR_FILE "/etc/iscsi/initiatorname.iscsi"
#define QEMU_CONF "/etc/libvirt/qemu.conf"
#define PID_DIRECTORY "/run/lunmask"

char *doctor_file_read(const char *path, size_t *ret_bytes, int *ret_rc)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	g_autofree char *text = g_malloc0(DOCTOR_FILE_MAX + 1);
	ssize_t n = fd < 0 ? -errno : fd_read(fd, text, DOCTOR_FILE_MAX);

	*ret_rc = n < 0 ? (int)n : 0;
	*ret_bytes = n < 0 ? 0 : (size_t)n;
	return n < 0 ? NULL : g_steal_pointer(&text);
}

static void config_look(struct doctor_look *look)
{
	const char *path = g_getenv("LUNMASK_CONF");
	struct doctor_config *ret = &look->facts.config;
	struct err err = ERR_INIT;
	size_t bytes;
	int rc;
	g_autofree char *text = doctor_file_read(path != NULL ? path : CONFIG_FILE, &bytes, &rc);
	g_autofree char *digest = text == NULL ? NULL
					       : g_compute_checksum_for_data(G_CHECKSUM_SHA256,
									     (guchar *)text, bytes);

	(void)snprintf(ret->digest, sizeof(ret->digest), "%s", digest == NULL ? "" : digest);
	rc = config_load(NULL, &look->config, &err);
	ret->config = look->config;
	doctor_part_asked(&ret->part, rc, &err);
}

/* The value in "NAME = VALUE" if the line has that name; quotes are taken off. Or NULL. */
static char *line_value(const char *line, const char *name)
{
	const char *at = line + strspn(line, " \t");
	char *value;

	if (!g_str_has_prefix(at, name)) {
		return NULL;
	}
	at += strlen(name);
	at += strspn(at, " \t");
	if (*at != '=') {
		return NULL;
	}
	value = g_strstrip(g_strdup(at + 1));
	if (*value == '"') {
		char *end = strchr(value + 1, '"');

		memmove(value, value + 1, strlen(value));
		if (end != NULL) {
			end[-1] = '\0';
		}
	}
	return value;
}

static void unseen_file(struct doctor_part *part, const char *path, int rc)
{
	g_autofree char *why = g_strdup_printf("%s: %s", path, g_strerror(-rc));

	doctor_part_unseen(part, why);
}

static void initiator_look(struct doctor_initiator *ret)
{
	size_t bytes;
	int rc;
	g_autofree char *text = doctor_file_read(INITIATOR_FILE, &bytes, &rc);
	g_auto(GStrv) lines = text == NULL ? NULL : g_strsplit(text, "\n", -1);

	if (rc < 0 && rc != -ENOENT) {
		unseen_file(&ret->part, INITIATOR_FILE, rc);
		return;
	}
	ret->part.seen = DOCTOR_SEEN;
	for (char **line = lines; line != NULL && *line != NULL; line++) {
		g_autofree char *value = line_value(*line, "InitiatorName");

		if (value != NULL) {
			ret->exists = true;
			(void)snprintf(ret->name, sizeof(ret->name), "%s", value);
		}
	}
}

static void shutdown_look(struct doctor_shutdown *ret)
{
	static const char *const names[] = {"auto_shutdown_try_save", "auto_shutdown_try_shutdown",
					    "auto_shutdown_poweroff"};
	size_t bytes;
	int rc;
	g_autofree char *text = doctor_file_read(QEMU_CONF, &bytes, &rc);
	g_auto(GStrv) lines = text == NULL ? NULL : g_strsplit(text, "\n", -1);

	if (rc < 0 && rc != -ENOENT) {
		unseen_file(&ret->part, QEMU_CONF, rc);
		return;
	}
	ret->part.seen = DOCTOR_SEEN;
	for (char **line = lines; line != NULL && *line != NULL; line++) {
		for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
			g_autofree char *value = line_value(*line, names[i]);

			if (value != NULL && strcmp(value, "none") != 0) {
				(void)snprintf(ret->key, sizeof(ret->key), "%s", names[i]);
				(void)snprintf(ret->value, sizeof(ret->value), "%s", value);
			}
		}
	}
}

static void key_look(struct doctor_key *ret)
{
	struct stat status;

	if (lstat(CLUSTER_KEY_FILE, &status) < 0) {
		if (errno == ENOENT) {
			ret->part.seen = DOCTOR_SEEN;
		} else {
			unseen_file(&ret->part, CLUSTER_KEY_FILE, -errno);
		}
		return;
	}
	ret->part.seen = DOCTOR_SEEN;
	ret->exists = true;
	ret->uid = status.st_uid;
	ret->mode = status.st_mode & 07777;
	ret->id = cluster_id_load(NULL);
}

/* The first character of a file of selinuxfs: 1 is on. Without SELinux there is no such file. */
static bool selinux_on(const char *path)
{
	size_t bytes;
	int rc;
	g_autofree char *text = doctor_file_read(path, &bytes, &rc);

	return bytes > 0 && text[0] == '1';
}

/* On this host's own address, an answer takes no time. */
static int redirect_try(const char *array)
{
	char redirect[REDIRECT_PORTAL_BYTES];
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct portal portal;
	AUTO_FD fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	redirect_portal_of(array, redirect);
	if (portal_from_str(redirect, &portal, NULL) < 0 || fd < 0) {
		return -EIO;
	}
	address.sin_port = htons(portal.port);
	(void)inet_pton(AF_INET, portal.address, &address.sin_addr);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
}

static void redirect_look(const struct config *config, struct doctor_state_tools *ret)
{
	size_t n = 0;
	const struct config_array *arrays = config == NULL ? NULL : config_arrays(config, &n);

	for (size_t i = 0; i < n; i++) {
		ret->redirect[i] = redirect_try(arrays[i].name);
	}
}

static void state_tools_look(const struct config *config, struct doctor_state_tools *ret)
{
	g_autofree char *program = g_find_program_in_path("qemu-storage-daemon");
	AUTO_FD fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	ret->libiscsi = iscsi_supported(NULL) == 0;
	redirect_look(config, ret);
	ret->storage_daemon = program != NULL;
	ret->fuse = fuse < 0 ? -errno : 0;
	ret->selinux_enforcing = selinux_on("/sys/fs/selinux/enforce");
	ret->selinux_fusefs = selinux_on("/sys/fs/selinux/booleans/virt_use_fusefs");
	ret->part.seen = DOCTOR_SEEN;
}

void doctor_look_files(struct doctor_look *look)
{
	config_look(look);
	initiator_look(&look->facts.initiator);
	shutdown_look(&look->facts.shutdown);
	key_look(&look->facts.key);
	state_tools_look(look->config, &look->facts.state_tools);
}

static bool replaced(pid_t pid)
{
	char path[64], program[PATH_MAX + 1];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, program, sizeof(program) - 1);
	program[n > 0 ? n : 0] = '\0';
	return g_str_has_suffix(program, " (deleted)");
}

/* The pid file outlives its process: only a process of that name counts. */
void doctor_look_programs(struct doctor_look *look)
{
	struct doctor_programs *ret = &look->facts.programs;

	for (size_t i = 0; i < DOCTOR_PROGRAMS; i++) {
		const char *name = doctor_program_names[i];
		g_autofree char *path = g_strdup_printf(PID_DIRECTORY "/%s.pid", name);
		char text[32] = "", running[PROCESS_NAME_MAX + 1] = "";
		ssize_t n = process_file_read(path, text, sizeof(text));
		pid_t pid = n > 0 ? process_pid_from_str(g_strstrip(text)) : 0;

		if (pid > 0) {
			process_name(pid, running);
		}
		ret->of[i].running = strcmp(running, name) == 0;
		ret->of[i].replaced = ret->of[i].running && replaced(pid);
	}
	ret->part.seen = DOCTOR_SEEN;
}

void doctor_look_libvirt(struct doctor_look *look, struct deadline deadline)
{
	struct doctor_libvirt *ret = &look->facts.libvirt;
	struct hypervisor *hypervisor = NULL;
	struct err err = ERR_INIT;
	int rc = hypervisor_open(LIBVIRT_URI_SYSTEM, deadline, &hypervisor, &err);

	rc = rc < 0 ? rc : hypervisor_versions_get(hypervisor, deadline, &ret->versions, &err);
	doctor_part_asked(&ret->part, rc, &err);
	hypervisor_close(hypervisor);
}
