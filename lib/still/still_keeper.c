/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "still/still_keeper.h"

#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "hypervisor/hypervisor.h"
#include "still/guest_still.h"
#include "still/still_record.h"

/* How long it is tried to let a guest go on, and how often. */
#define UNDO_MS 120000
#define UNDO_TRY_MS 20000
#define UNDO_PAUSE_MS 500
#define LOOK_MS 10000
#define VM_MAX 127

struct still_keeper {
	pid_t pid;
	int fd;
	char vm[VM_MAX + 1];
};

/* What the two processes tell each other. */
struct request {
	char vm[VM_MAX + 1];
	char uri[STILL_URI_MAX + 1];
	int limit_ms;
	int hold_ms; /* for the freeze */
};

struct answer {
	int rc;
	enum still_how how;
	struct err err;
};

/* The process that keeps the guest still */

static int state_check(enum domain_state state, const char *vm, struct err *err)
{
	return state == DOMAIN_RUNNING || state == DOMAIN_PAUSED || state == DOMAIN_SUSPENDED
		       ? 0
		       : err_set(err, -EBUSY, "VM '%s' is %s", vm, domain_state_to_str(state));
}

/* An agent that fails says what it has frozen, and a thaw undoes it: then a pause has to do. */
static int freeze(struct hypervisor *hypervisor, struct still_record *record,
		  struct deadline deadline, struct err *err)
{
	int rc;

	record->freeze = true;
	rc = still_record_store(record, err);
	rc = rc != 0 ? rc : guest_freeze(hypervisor, record->vm, deadline, err);
	if (rc == 0 || rc == -ETIMEDOUT || rc == -ENOTCONN || rc == -ECONNREFUSED) {
		return rc;
	}
	rc = rc == -EOPNOTSUPP ? 0 : guest_thaw(hypervisor, record->vm, deadline, err);
	if (rc == 0) {
		record->freeze = false;
	}
	return rc;
}

static int stop_guest(struct hypervisor *hypervisor, struct still_record *record,
		      struct deadline deadline, enum still_how *ret, struct err *err)
{
	enum domain_state state;
	int rc = hypervisor_domain_state(hypervisor, record->vm, deadline, &state, err);

	*ret = STILL_WAS;
	rc = rc != 0 ? rc : state_check(state, record->vm, err);
	if (rc != 0 || state != DOMAIN_RUNNING) {
		return rc;
	}
	rc = freeze(hypervisor, record, deadline, err);
	if (rc != 0) {
		return rc;
	}
	*ret = record->freeze ? STILL_FROZEN : STILL_PAUSED;
	record->pause = true;
	rc = still_record_store(record, err);
	return rc != 0 ? rc : guest_pause(hypervisor, record->vm, deadline, err);
}

static int hold(const struct request *request, struct still_record *record, enum still_how *ret,
		struct err *err)
{
	struct deadline deadline = deadline_in(request->hold_ms);
	struct hypervisor *hypervisor = NULL;
	int rc = still_record_begin(request->vm, request->uri, record, err);

	rc = rc != 0 ? rc : hypervisor_open(request->uri, deadline, &hypervisor, err);
	rc = rc != 0 ? rc : stop_guest(hypervisor, record, deadline, ret, err);
	hypervisor_close(hypervisor);
	return rc;
}

/* A call that was given up may keep libvirt from the next one for a while. */
static int let_go(struct still_record *record, struct err *err)
{
	struct deadline deadline = deadline_in(UNDO_MS);
	int rc;

	do {
		rc = still_undo(record, deadline_within(deadline, UNDO_TRY_MS), err);
	} while (rc != 0 && deadline_pause(deadline, UNDO_PAUSE_MS));
	still_record_end(record, rc == 0);
	return rc;
}

/* Somebody else may have let it go on, and nobody would know what it wrote. */
static int stands_still(const struct still_record *record, struct err *err)
{
	struct deadline deadline = deadline_in(LOOK_MS);
	struct hypervisor *hypervisor = NULL;
	enum domain_state state;
	int rc = hypervisor_open(record->uri, deadline, &hypervisor, err);

	rc = rc != 0 ? rc : hypervisor_domain_state(hypervisor, record->vm, deadline, &state, err);
	hypervisor_close(hypervisor);
	if (rc == 0 && state != DOMAIN_PAUSED && state != DOMAIN_SUSPENDED) {
		rc = err_set(err, -ETIME, "VM '%s' did not stand still: it is %s", record->vm,
			     domain_state_to_str(state));
	}
	return rc;
}

/* False: nobody asks any more. */
static bool answer_send(int fd, const struct answer *answer)
{
	return TEMP_FAILURE_RETRY(send(fd, answer, sizeof(*answer), MSG_NOSIGNAL)) ==
	       (ssize_t)sizeof(*answer);
}

/* Waits for the caller's word, for its end, or for the end of the time. */
static bool released_in_time(int fd, int limit_ms)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	return TEMP_FAILURE_RETRY(poll(&wait, 1, limit_ms)) > 0;
}

static void serve_one(int fd, const struct request *request)
{
	struct still_record record = {.fd = -1};
	struct answer answer = {.err = ERR_INIT};
	struct err why = ERR_INIT;
	bool in_time;
	char word;
	int rc;

	answer.rc = hold(request, &record, &answer.how, &answer.err);
	if (answer.rc != 0) {
		(void)let_go(&record, &why);
		(void)answer_send(fd, &answer);
		return;
	}
	in_time = answer_send(fd, &answer) && released_in_time(fd, request->limit_ms);
	answer.rc = in_time ? stands_still(&record, &answer.err) : 0;
	rc = let_go(&record, &why);
	if (rc != 0) {
		answer.rc = err_set(&answer.err, rc, "%s", err_text(&why));
	}
	if (answer.rc == 0 && !in_time) {
		answer.rc = err_set(&answer.err, -ETIME,
				    "the guest cannot stand still for longer than %d s, and goes "
				    "on",
				    request->limit_ms / 1000);
	}
	if (TEMP_FAILURE_RETRY(recv(fd, &word, 1, 0)) == 1) {
		(void)answer_send(fd, &answer);
	}
}

/* It has nothing that somebody waits for, and no signal for its caller ends it. */
static void serve(int fd)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM};
	struct request request;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		(void)signal(numbers[i], SIG_IGN);
	}
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
		(void)dup2(null, i);
	}
	while (TEMP_FAILURE_RETRY(recv(fd, &request, sizeof(request), 0)) ==
	       (ssize_t)sizeof(request)) {
		serve_one(fd, &request);
	}
	_exit(0);
}

/* The caller */

int still_keeper_start(struct still_keeper **ret, struct err *err)
{
	int pair[2];
	pid_t pid;

	*ret = NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		return err_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	}
	pid = fork();
	if (pid == 0) {
		(void)close(pair[0]);
		serve(pair[1]);
	}
	(void)close(pair[1]);
	if (pid < 0) {
		(void)close(pair[0]);
		return err_set(err, -errno, "cannot start a process: %s", strerror(errno));
	}
	*ret = g_new0(struct still_keeper, 1);
	(*ret)->pid = pid;
	(*ret)->fd = pair[0];
	return 0;
}

/* Its end says that it has died: whoever is left cares for the guest. */
static int answer_take(struct still_keeper *keeper, struct deadline deadline, struct answer *ret,
		       struct err *err)
{
	struct pollfd wait = {.fd = keeper->fd, .events = POLLIN};
	int rc;

	if (TEMP_FAILURE_RETRY(poll(&wait, 1, deadline_left_ms(deadline))) > 0 &&
	    TEMP_FAILURE_RETRY(recv(keeper->fd, ret, sizeof(*ret), 0)) == (ssize_t)sizeof(*ret)) {
		if (ret->rc != 0) {
			(void)err_set(err, ret->rc, "%s", err_text(&ret->err));
		}
		return ret->rc;
	}
	if (wait.revents == 0) {
		return err_set(err, -ETIMEDOUT,
			       "libvirt does not say whether VM '%s' goes on: look at it (virsh "
			       "domstate)",
			       keeper->vm);
	}
	/* Before it is gone completely, its record looks like one that somebody cares for. */
	(void)TEMP_FAILURE_RETRY(waitpid(keeper->pid, NULL, 0));
	keeper->pid = 0;
	rc = still_mend(keeper->vm, deadline_in(LOOK_MS), err);
	return rc != 0 ? rc
		       : err_set(err, -EPIPE,
				 "the process that held the guest of VM '%s' still has died",
				 keeper->vm);
}

int still_keeper_hold(struct still_keeper *keeper, const char *vm, const char *uri, int limit_ms,
		      struct deadline deadline, enum still_how *ret, struct err *err)
{
	struct request request = {.limit_ms = limit_ms};
	struct answer answer;
	int rc;

	request.hold_ms = deadline_left_ms(deadline);
	(void)snprintf(request.vm, sizeof(request.vm), "%s", vm);
	(void)snprintf(request.uri, sizeof(request.uri), "%s", uri);
	(void)snprintf(keeper->vm, sizeof(keeper->vm), "%s", vm);
	if (send(keeper->fd, &request, sizeof(request), MSG_NOSIGNAL) != (ssize_t)sizeof(request)) {
		return err_set(err, -EPIPE, "the process that is to hold the guest still has died");
	}
	/* Before it answers that it cannot, it lets the guest go on. */
	rc = answer_take(keeper, deadline_in(request.hold_ms + UNDO_MS), &answer, err);
	*ret = rc == 0 ? answer.how : STILL_WAS;
	return rc;
}

int still_keeper_release(struct still_keeper *keeper, struct deadline deadline, struct err *err)
{
	struct answer answer;
	const char word = 'r';

	(void)send(keeper->fd, &word, 1, MSG_NOSIGNAL);
	return answer_take(keeper, deadline, &answer, err);
}

void still_keeper_end(struct still_keeper *keeper)
{
	if (keeper == NULL) {
		return;
	}
	(void)close(keeper->fd);
	if (keeper->pid != 0) {
		(void)TEMP_FAILURE_RETRY(waitpid(keeper->pid, NULL, 0));
	}
	g_free(keeper);
}
