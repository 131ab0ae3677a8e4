/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create/image_writer.h"

#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/process.h"
#include "process/process_spawn.h"
#include "san/qemu_login.h"

#define PROGRAM "qemu-img"
#define MESSAGES_MAX 2048
#define END_MS 5000
#define KILLED_MS 10000
#define COMPARE_DIFFERS 1

struct writer {
	const struct image_job *job;
	pid_t pid;
	int pidfd;
	int out;
	int messages;
	char said[MESSAGES_MAX]; /* the end of what it wrote to stderr */
	size_t said_bytes;
	double share;
	int64_t moved_ms; /* when the share has grown */
};

double image_share_find(const char *text, size_t bytes)
{
	g_autofree char *copy = g_strndup(text, bytes);
	const char *at = strrchr(copy, '(');
	char *end;
	double percent;

	if (at == NULL) {
		return -1;
	}
	percent = g_ascii_strtod(at + 1, &end);
	return end == at + 1 || *end != '/' || !(percent >= 0 && percent <= 100) ? -1
										 : percent / 100;
}

/* QEMU reads ",," as a comma in a value. */
static char *value_escape(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);

	return g_strjoinv(",,", parts);
}

static char *lun_options(const struct iscsi_path *path, const char *user)
{
	g_autofree char *portal = value_escape(path->portal);
	g_autofree char *target = value_escape(path->target);
	g_autofree char *initiator = value_escape(path->initiator);

	g_autofree char *name = value_escape(user != NULL ? user : "");
	g_autofree char *chap =
		user != NULL
			? g_strdup_printf(",file.user=%s,file.password-secret=" QEMU_LOGIN_SECRET,
					  name)
			: g_strdup("");

	return g_strdup_printf("driver=raw,file.driver=iscsi,file.transport=tcp,file.portal=%s,"
			       "file.target=%s,file.lun=%u,file.initiator-name=%s%s",
			       portal, target, path->number, initiator, chap);
}

static char *image_options(const struct image_job *job)
{
	g_autofree char *name = value_escape(job->image);

	return g_strdup_printf("driver=%s,file.driver=file,file.filename=%s", job->format, name);
}

static int pipe_make(int *ret_read, int *ret_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) {
		return -errno;
	}
	*ret_read = fds[0];
	*ret_write = fds[1];
	return fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int writer_start(struct writer *writer, const char *const *argv, int secret, struct err *err)
{
	AUTO_FD their_out = -1;
	AUTO_FD their_messages = -1;
	struct process_spawn spawn = {.argv = argv,
				      .flags = PROCESS_SPAWN_BOUND_KILL |
					       (secret >= 0 ? PROCESS_SPAWN_NO_CORE : 0)};
	int rc = pipe_make(&writer->out, &their_out);

	rc = rc < 0 ? rc : pipe_make(&writer->messages, &their_messages);
	memcpy(spawn.fds, (const int[]){secret, their_out, their_messages, -1}, sizeof(spawn.fds));
	rc = rc < 0 ? rc : process_spawn(&spawn, &writer->pid, &writer->pidfd);
	return rc < 0 ? err_set(err, rc, PROGRAM " cannot be started: %s", strerror(-rc)) : 0;
}

static void share_note(struct writer *writer, double share)
{
	if (share <= writer->share) {
		return;
	}
	writer->share = share;
	writer->moved_ms = deadline_now_ms();
	if (writer->job->progress != NULL) {
		writer->job->progress(writer->job->data, share);
	}
}

static void out_read(struct writer *writer)
{
	char text[4096];
	ssize_t got = read(writer->out, text, sizeof(text));

	if (got > 0) {
		share_note(writer, image_share_find(text, (size_t)got));
	} else if (got == 0) {
		fd_close(&writer->out);
	}
}

static void messages_read(struct writer *writer)
{
	size_t room = sizeof(writer->said) - 1 - writer->said_bytes;
	char text[MESSAGES_MAX / 2];
	ssize_t got = read(writer->messages, text, sizeof(text));
	size_t bytes = got > 0 ? (size_t)got : 0;

	if (bytes > room) {
		memmove(writer->said, writer->said + bytes - room,
			writer->said_bytes - (bytes - room));
		writer->said_bytes -= bytes - room;
	}
	memcpy(writer->said + writer->said_bytes, text, bytes);
	writer->said_bytes += bytes;
	if (got == 0) {
		fd_close(&writer->messages);
	}
}

/* Its last line, without the name of the program. */
static const char *last_words(struct writer *writer)
{
	char *line;

	writer->said[writer->said_bytes] = '\0';
	g_strchomp(writer->said);
	line = strrchr(writer->said, '\n');
	line = line != NULL ? line + 1 : writer->said;
	return g_str_has_prefix(line, PROGRAM ": ") ? line + strlen(PROGRAM ": ") : line;
}

static struct deadline stalled_at(const struct writer *writer)
{
	int stall_ms = writer->job->stall_ms > 0 ? writer->job->stall_ms : IMAGE_STALL_MS;

	return (struct deadline){.at_ms = writer->moved_ms + stall_ms};
}

/* Until it has exited. -ETIMEDOUT: it must be ended. */
static int writer_follow(struct writer *writer, struct deadline deadline, struct err *err)
{
	while (true) {
		struct pollfd fds[] = {
			{.fd = writer->out, .events = POLLIN},
			{.fd = writer->messages, .events = POLLIN},
			{.fd = writer->pidfd, .events = POLLIN},
		};
		struct deadline stalled = stalled_at(writer);
		int left_ms = MIN(deadline_left_ms(deadline), deadline_left_ms(stalled));

		if (left_ms == 0) {
			return err_set(err, -ETIMEDOUT, PROGRAM " %s, at %d %%",
				       deadline_passed(deadline) ? "did not end in time"
								 : "makes no progress",
				       (int)(writer->share * 100));
		}
		(void)poll(fds, G_N_ELEMENTS(fds), left_ms);
		if (fds[0].revents != 0) {
			out_read(writer);
		}
		if (fds[1].revents != 0) {
			messages_read(writer);
		}
		/* What it has said before its end is read first. */
		if (fds[2].revents != 0 && (fds[0].revents | fds[1].revents) == 0) {
			return 0;
		}
	}
}

static int writer_reap(struct writer *writer, int *ret_status, struct err *err)
{
	int status = 0;
	int rc = process_end(writer->pidfd, deadline_in(END_MS), deadline_in(KILLED_MS), err);

	if (rc == 0 && TEMP_FAILURE_RETRY(waitpid(writer->pid, &status, 0)) < 0) {
		rc = err_set(err, -errno, PROGRAM ": %s", strerror(errno));
	}
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return rc;
}

static int program_run(const struct image_job *job, const char *const *argv, int secret,
		       struct deadline deadline, int *ret_status, struct err *err)
{
	struct writer writer = {.job = job, .pidfd = -1, .out = -1, .messages = -1};
	struct err reap_err = ERR_INIT;
	int rc = writer_start(&writer, argv, secret, err);

	writer.moved_ms = deadline_now_ms();
	if (rc == 0) {
		int reap_rc;

		rc = writer_follow(&writer, deadline, err);
		reap_rc = writer_reap(&writer, ret_status, &reap_err);
		if (reap_rc != 0) {
			rc = err_set(err, reap_rc, "%s", err_text(&reap_err));
		} else if (rc == 0 && *ret_status != 0) {
			const char *words = last_words(&writer);

			(void)err_set(err, 0, "%s", *words != '\0' ? words : PROGRAM " has failed");
		}
	}
	fd_close(&writer.pidfd);
	fd_close(&writer.out);
	fd_close(&writer.messages);
	return rc;
}

/* qemu-img COMMAND -p OPTION... LUN */
static GPtrArray *arguments_of(const char *command, const char *const *options, const char *lun,
			       const struct qemu_login *login)
{
	GPtrArray *argv = g_ptr_array_new();

	g_ptr_array_add(argv, (gpointer)PROGRAM);
	g_ptr_array_add(argv, (gpointer)command);
	g_ptr_array_add(argv, (gpointer) "-p");
	if (login->user != NULL) {
		g_ptr_array_add(argv, (gpointer) "--object");
		g_ptr_array_add(argv, (gpointer)QEMU_LOGIN_OBJECT);
	}
	for (size_t i = 0; options[i] != NULL; i++) {
		g_ptr_array_add(argv, (gpointer)options[i]);
	}
	g_ptr_array_add(argv, (gpointer)lun);
	g_ptr_array_add(argv, NULL);
	return argv;
}

static int run(const struct image_job *job, const char *command, const char *const *options,
	       struct deadline deadline, int *ret_status, struct err *err)
{
	struct qemu_login login;
	int rc = qemu_login_open(job->path, &login, err);
	g_autofree char *lun = lun_options(job->path, login.user);
	g_autoptr(GPtrArray) argv = arguments_of(command, options, lun, &login);

	rc = rc < 0 ? rc
		    : program_run(job, (const char *const *)argv->pdata, login.fd, deadline,
				  ret_status, err);
	qemu_login_close(&login);
	return rc;
}

/* -W: as the blocks come; a LUN has no order in which it is best written. */
int image_write(const struct image_job *job, struct deadline deadline, struct err *err)
{
	const char *const options[] = {
		"-n",       "-W", "-f", job->format, "--target-image-opts", "--target-is-zero",
		job->image, NULL};
	int status = 0;
	int rc = run(job, "convert", options, deadline, &status, err);

	return rc == 0 && status != 0 ? -EIO : rc;
}

int image_compare(const struct image_job *job, struct deadline deadline, struct err *err)
{
	g_autofree char *image = image_options(job);
	const char *const options[] = {"--image-opts", image, NULL};
	int status = 0;
	int rc = run(job, "compare", options, deadline, &status, err);

	if (rc == 0 && status == COMPARE_DIFFERS) {
		rc = err_set(err, -EUCLEAN, "what was read back is not what is in image '%s'",
			     job->image);
	}
	return rc == 0 && status != 0 ? -EIO : rc;
}

/* -S 0: what reads as zeros is data, too. */
int image_wipe(const struct image_job *job, uint64_t size_bytes, struct deadline deadline,
	       struct err *err)
{
	g_autofree char *zeros =
		g_strdup_printf("driver=null-co,read-zeroes=on,size=%" PRIu64, size_bytes);
	const char *const options[] = {
		"-n", "-W", "-S", "0", "--image-opts", "--target-image-opts", zeros, NULL};
	int status = 0;
	int rc = run(job, "convert", options, deadline, &status, err);

	return rc == 0 && status != 0 ? -EIO : rc;
}
