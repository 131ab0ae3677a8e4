/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lunmask-tpm: keeps the state of a VM's TPM on its LUN, or ends that: reads a request of
 * tpm_request.h from stdin and writes its answer to stdout.
 *
 * For the request "serve", a process stays that has mounted the folder of the TPM by FUSE
 * (tpm_folder.h). It belongs to no agent, as QEMU does, and ends by the request "end" or SIGTERM.
 *
 * Exit status: 0: done; 1: refused; 2: usage.
 */
#define FUSE_USE_VERSION 35

#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <fuse_lowlevel.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/fd.h"
#include "command/usage.h"
#include "config/config.h"
#include "rules/task.h"
#include "san/iscsi.h"
#include "tpm/tpm_folder.h"
#include "tpm/tpm_request.h"
#include "tpm/tpm_server.h"
#include "tpm/tpm_store.h"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

#define TRY_MS 5000    /* one portal */
#define LOAD_MS 20000  /* all of them */
#define STORE_MS 30000 /* swtpm waits so long for an array that does not answer */
#define STORE_PAUSE_MS 500
#define END_MS 10000

static const struct usage usage = {
	.name = "lunmask-tpm",
	.word = "<REQUEST",
	.summary =
		"Keeps the state of a VM's TPM on its LUN. lunmask runs it; nobody else needs it.",
	.text = "REQUEST is JSON: {\"verb\": \"serve\", \"vm\": NAME, \"uuid\": UUID,\n"
		"  \"arrival\": true or false, \"array\": NAME, \"initiator\": IQN,\n"
		"  \"portals\": [\"ADDRESS:PORT\"],\n"
		"  \"lun\": {\"name\": ..., \"designator\": ..., \"size_bytes\": N, \"target\": "
		"IQN,\n"
		"  \"number\": N}}, or {\"verb\": \"end\", \"vm\": NAME}.\n"
		"It prints {\"ok\": true} and exits with 0, or {\"ok\": false, \"errno\": N,\n"
		"\"error\": TEXT} and exits with 1.",
};

struct server {
	struct tpm_request request;
	struct tpm_store store;
	struct tpm_folder folder;
	struct fuse *fuse;
	size_t portal; /* the one that was good last */
	bool failing;  /* has been reported */
};

/* The LUN is verified at each opening (I6): its number may have become another volume's. */
static int portal_open(const struct server *server, const struct chap *chap, const char *portal,
		       struct deadline deadline, struct state_lun **ret, struct err *err)
{
	const struct tpm_request *request = &server->request;
	const struct iscsi_path path = {
		.portal = portal,
		.initiator = request->initiator,
		.target = request->lun.target,
		.number = request->lun.number,
		.chap = chap,
	};
	struct extent whole = {.offset_bytes = 0};
	int rc = iscsi_path_verify(&path, &request->lun, deadline, err);

	(void)g_strlcpy(whole.lun, request->lun.name, sizeof(whole.lun));
	return rc < 0 ? rc : state_lun_open(&path, &whole, deadline, ret, err);
}

static int portals_try(struct server *server, const struct chap *chap, struct deadline deadline,
		       struct state_lun **ret, struct err *err)
{
	int rc = -EHOSTUNREACH;

	for (size_t i = 0; i < server->request.n_portals; i++) {
		rc = portal_open(server, chap, server->request.portals[server->portal],
				 deadline_within(deadline, TRY_MS), ret, err);
		if (rc == 0 || rc == -EUCLEAN) {
			return rc;
		}
		server->portal = (server->portal + 1) % server->request.n_portals;
	}
	return rc;
}

/* The user and the secret may have been changed since the last time. */
static int lun_open(void *data, struct deadline deadline, struct state_lun **ret, struct err *err)
{
	struct server *server = data;
	const char *array = server->request.array;
	struct config *config = NULL;
	int rc = *array == '\0' ? 0 : config_load(NULL, &config, err);

	rc = rc < 0 ? rc : portals_try(server, config_chap(config, array), deadline, ret, err);
	config_free(config);
	return rc;
}

static void lun_close(void *data, struct state_lun *lun, struct deadline deadline)
{
	(void)data;
	state_lun_close(lun, deadline_within(deadline, TRY_MS));
}

static const struct tpm_store_ops store_ops = {.open = lun_open, .close = lun_close};

static bool ending(const struct server *server)
{
	return server->fuse != NULL && fuse_session_exited(fuse_get_session(server->fuse)) != 0;
}

/* One line for each change of state. */
static void tell(struct server *server, int rc, const struct err *err)
{
	if (rc != 0 && !server->failing) {
		syslog(LOG_ERR, "%s: the state of the TPM cannot be stored on LUN %s: %s",
		       server->request.vm, server->request.lun.name, err_text(err));
	} else if (rc == 0 && server->failing) {
		syslog(LOG_NOTICE, "%s: the state of the TPM is stored on LUN %s again",
		       server->request.vm, server->request.lun.name);
	}
	server->failing = rc != 0;
}

/* The guest's command waits. An array that is away for a moment must not fail it. */
static int commit(void *data, GBytes *state)
{
	struct server *server = data;
	struct deadline deadline = deadline_in(STORE_MS);
	struct err err = ERR_INIT;
	int rc;

	do {
		rc = tpm_store_put(&server->store, state, deadline_within(deadline, LOAD_MS), &err);
		tell(server, rc, &err);
	} while (rc != 0 && (task_error_transient(rc) || rc == -EIO) && !ending(server) &&
		 deadline_pause(deadline, STORE_PAUSE_MS));
	return rc == 0 ? 0 : -EIO;
}

static struct server *self(void)
{
	return fuse_get_context()->private_data;
}

/* swtpm looks for its volatile state, to delete it, when the TPM has arrived. */
static int on_getattr(const char *path, struct stat *ret, struct fuse_file_info *file)
{
	(void)file;
	if (strcmp(path, TPM_FOLDER_VOLATILE) == 0) {
		tpm_store_arrived(&self()->store);
	}
	return tpm_folder_stat(&self()->folder, path, ret);
}

static int on_mkdir(const char *path, mode_t mode)
{
	const struct fuse_context *who = fuse_get_context();

	return tpm_folder_mkdir(&self()->folder, path, mode, who->uid, who->gid);
}

static int on_rmdir(const char *path)
{
	return tpm_folder_rmdir(&self()->folder, path);
}

static int on_unlink(const char *path)
{
	return tpm_folder_unlink(&self()->folder, path);
}

static int on_rename(const char *from, const char *to, unsigned int flags)
{
	return flags != 0 ? -EINVAL : tpm_folder_rename(&self()->folder, from, to);
}

static int on_open(const char *path, struct fuse_file_info *file)
{
	struct stat stat;

	file->direct_io = 1;
	return tpm_folder_stat(&self()->folder, path, &stat);
}

static int on_create(const char *path, mode_t mode, struct fuse_file_info *file)
{
	const struct fuse_context *who = fuse_get_context();

	file->direct_io = 1;
	return tpm_folder_create(&self()->folder, path, mode, who->uid, who->gid);
}

static int on_read(const char *path, char *data, size_t bytes, off_t offset,
		   struct fuse_file_info *file)
{
	(void)file;
	return tpm_folder_read(&self()->folder, path, data, bytes, offset);
}

static int on_write(const char *path, const char *data, size_t bytes, off_t offset,
		    struct fuse_file_info *file)
{
	(void)file;
	return tpm_folder_write(&self()->folder, path, data, bytes, offset);
}

static int on_truncate(const char *path, off_t size, struct fuse_file_info *file)
{
	(void)file;
	return tpm_folder_truncate(&self()->folder, path, size);
}

static int on_flush(const char *path, struct fuse_file_info *file)
{
	(void)file;
	return tpm_folder_flush(&self()->folder, path);
}

static int on_fsync(const char *path, int data_only, struct fuse_file_info *file)
{
	(void)data_only;
	return on_flush(path, file);
}

static int on_chmod(const char *path, mode_t mode, struct fuse_file_info *file)
{
	(void)file;
	return tpm_folder_chmod(&self()->folder, path, mode);
}

static int on_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *file)
{
	(void)file;
	return tpm_folder_chown(&self()->folder, path, uid, gid);
}

/* Nobody needs the times of these files. */
static int on_utimens(const char *path, const struct timespec times[2], struct fuse_file_info *file)
{
	(void)path;
	(void)times;
	(void)file;
	return 0;
}

static int on_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
		      struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
	const char *name;

	(void)offset;
	(void)file;
	(void)flags;
	(void)fill(buffer, ".", NULL, 0, 0);
	(void)fill(buffer, "..", NULL, 0, 0);
	for (size_t i = 0; (name = tpm_folder_entry(&self()->folder, path, i)) != NULL; i++) {
		(void)fill(buffer, name, NULL, 0, 0);
	}
	return 0;
}

/* What the kernel remembers, it would not ask for again, and swtpm's look would not be seen. */
static void *on_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	(void)connection;
	config->entry_timeout = 0;
	config->attr_timeout = 0;
	config->negative_timeout = 0;
	config->hard_remove = 1;
	return fuse_get_context()->private_data;
}

static const struct fuse_operations operations = {
	.init = on_init,
	.getattr = on_getattr,
	.mkdir = on_mkdir,
	.rmdir = on_rmdir,
	.unlink = on_unlink,
	.rename = on_rename,
	.open = on_open,
	.create = on_create,
	.read = on_read,
	.write = on_write,
	.truncate = on_truncate,
	.flush = on_flush,
	.fsync = on_fsync,
	.chmod = on_chmod,
	.chown = on_chown,
	.utimens = on_utimens,
	.readdir = on_readdir,
};

static int mount_make(struct server *server, const char *path, struct err *err)
{
	char *argv[] = {"lunmask-tpm", "-o", "allow_other,default_permissions,fsname=lunmask-tpm",
			NULL};
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);

	if (g_mkdir_with_parents(path, 0711) < 0) {
		return err_set(err, -errno, "cannot create %s: %s", path, strerrordesc_np(errno));
	}
	server->fuse = fuse_new(&args, &operations, sizeof(operations), server);
	fuse_opt_free_args(&args);
	if (server->fuse == NULL) {
		return err_set(err, -ENOMEM, "cannot use FUSE");
	}
	return fuse_mount(server->fuse, path) == 0 &&
			       fuse_set_signal_handlers(fuse_get_session(server->fuse)) == 0
		       ? 0
		       : err_set(err, -EIO, "cannot mount %s by FUSE", path);
}

static int server_begin(struct server *server, struct err *err)
{
	g_autoptr(GBytes) state = NULL;
	g_autofree char *path = tpm_server_mount_point(server->request.uuid);
	int lock;
	int rc = tpm_server_lock(server->request.vm, server->request.uuid, &lock, err);

	rc = rc < 0 ? rc : tpm_store_load(&server->store, deadline_in(LOAD_MS), &state, err);
	if (rc < 0) {
		return err_prefix(err, rc, "LUN %s for the TPM", server->request.lun.name);
	}
	tpm_folder_init(&server->folder, state);
	return mount_make(server, path, err);
}

static int answer(int fd, int rc, const struct err *err)
{
	char *text = tpm_answer_encode(rc, err_text(err));
	bool told = text != NULL && dprintf(fd, "%s\n", text) > 0;

	if (!told) {
		(void)fputs("lunmask-tpm: cannot answer\n", stderr);
	}
	free(text);
	return told && rc == 0 ? EXIT_DONE : EXIT_REFUSED;
}

/* Who asked waits for the end of stdout. */
static int leave_caller(struct err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int rc = null < 0 || setsid() < 0 || chdir("/") < 0 ? -errno : 0;

	for (int fd = 0; fd <= 2 && rc == 0; fd++) {
		rc = dup2(null, fd) < 0 ? -errno : 0;
	}
	if (null > 2) {
		fd_close(&null);
	}
	return rc == 0 ? 0 : err_set(err, rc, "cannot leave the session: %s", strerrordesc_np(-rc));
}

static int server_run(const struct tpm_request *request, int *answer_fd)
{
	struct server *server = g_new0(struct server, 1);
	struct err err = ERR_INIT;
	int rc = leave_caller(&err);

	server->request = *request;
	server->store =
		(struct tpm_store){.ops = &store_ops, .data = server, .arrival = request->arrival};
	server->folder.commit = commit;
	server->folder.data = server;
	rc = rc < 0 ? rc : server_begin(server, &err);
	(void)answer(*answer_fd, rc, &err);
	fd_close(answer_fd);
	if (rc == 0) {
		openlog("lunmask-tpm", LOG_PID, LOG_DAEMON);
		(void)fuse_loop(server->fuse);
		fuse_unmount(server->fuse);
	}
	return rc == 0 ? EXIT_DONE : EXIT_REFUSED;
}

/* What the process that stays has answered. */
static int answer_wait(int fd, struct err *err)
{
	char text[ERR_TEXT_MAX * 2];
	ssize_t n = fd_read(fd, text, sizeof(text));

	return n <= 0 ? err_set(err, n < 0 ? (int)n : -EIO, "lunmask-tpm has ended at once")
		      : tpm_answer_decode(text, (size_t)n, err);
}

/* A process that is left from before would keep what it knows of the LUN. */
static int serve(const struct tpm_request *request, struct err *err)
{
	int rc = tpm_server_end(request->vm, deadline_in(END_MS), err);
	AUTO_FD ours = -1;
	AUTO_FD theirs = -1;
	int pair[2];
	pid_t pid;

	if (rc < 0) {
		return rc;
	}
	if (pipe2(pair, O_CLOEXEC) < 0) {
		return err_set(err, -errno, "cannot make a pipe: %s", strerrordesc_np(errno));
	}
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid == 0) {
		fd_close(&ours);
		_exit(server_run(request, &theirs));
	}
	if (pid < 0) {
		return err_set(err, -errno, "cannot fork: %s", strerrordesc_np(errno));
	}
	fd_close(&theirs);
	return answer_wait(ours, err);
}

static int request_read(struct tpm_request *ret, struct err *err)
{
	g_autofree char *buffer = g_malloc(TPM_REQUEST_BYTES_MAX + 1);
	size_t bytes = fread(buffer, 1, TPM_REQUEST_BYTES_MAX + 1, stdin);

	if (ferror(stdin) || bytes > TPM_REQUEST_BYTES_MAX) {
		return err_set(err, -EINVAL, "the request is longer than %d bytes",
			       TPM_REQUEST_BYTES_MAX);
	}
	return tpm_request_decode(buffer, bytes, ret, err);
}

int main(int argc, char **argv)
{
	enum usage_end end = usage_parse(&usage, argc, argv, NULL);
	struct tpm_request request;
	struct err err = ERR_INIT;
	int rc;

	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? EXIT_USAGE : EXIT_DONE;
	}
	rc = request_read(&request, &err);
	if (rc == 0 && request.verb == TPM_SERVE) {
		rc = serve(&request, &err);
	} else if (rc == 0) {
		rc = tpm_server_end(request.vm, deadline_in(END_MS), &err);
	}
	return answer(STDOUT_FILENO, rc, &err);
}
