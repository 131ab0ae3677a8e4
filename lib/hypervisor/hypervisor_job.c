/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor.h"

#include <poll.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "hypervisor/hypervisor_conn.h"
#include "hypervisor/hypervisor_watch.h"

#define TICK_MS 1000
#define ABORT_MS 10000       /* in all, if libvirtd answers */
#define ABORT_ANSWER_MS 5000 /* if libvirtd does not answer for so long, give up */
/* libvirt has no event for the end of an aborted job, so it is polled, less and less often. */
#define LOOK_FIRST_MS 10
#define LOOK_LAST_MS 250

static int abort_run(struct hypervisor_call *call)
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc == -ENOENT ? 0 : rc;
	}
	if (virDomainAbortJob(domain) < 0) {
		rc = hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return rc;
}

static int job_run(struct hypervisor_call *call)
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);
	virDomainJobInfo info = {0};

	if (domain == NULL) {
		return rc == -ENOENT ? 0 : rc;
	}
	if (virDomainGetJobInfo(domain, &info) < 0) {
		rc = hypervisor_call_failed(call);
		rc = rc == -ENOENT ? 0 : rc;
	} else {
		/*
		 * A job that has failed or was cancelled counts as well: libvirt is still cleaning
		 * up after it.
		 */
		call->job_active = info.type != VIR_DOMAIN_JOB_NONE;
		call->progress.memory_total_bytes = info.memTotal;
		call->progress.memory_remaining_bytes = info.memRemaining;
	}
	(void)virDomainFree(domain);
	return rc;
}

static int job_look(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		    bool *ret_active, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, job_run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	rc = hypervisor_run(hypervisor, call, "job state", deadline, err);
	if (rc == 0) {
		*ret_active = call->job_active;
	}
	return rc;
}

static int job_abort(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		     struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, abort_run, vm, &rc, err);

	return call == NULL ? rc : hypervisor_run(hypervisor, call, "abort job", deadline, err);
}

int hypervisor_abort_job(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			 struct err *err)
{
	int64_t pause_ms = LOOK_FIRST_MS;
	bool asked = false;

	while (true) {
		bool active = false;
		int rc = job_look(hypervisor, vm, deadline, &active, err);

		if (rc < 0 || !active) {
			return rc;
		}
		if (!asked) {
			rc = job_abort(hypervisor, vm, deadline, err);
			/*
			 * -EIO: the job may have ended in between, as wanted; the next query shows
			 * it.
			 */
			if (rc < 0 && rc != -EIO) {
				return rc;
			}
			asked = rc == 0;
		}
		if (deadline_passed(deadline)) {
			return err_set(
				err, -ETIMEDOUT,
				"the job of domain '%s' did not end after it was aborted; look at "
				"'virsh domjobinfo %s'",
				vm, vm);
		}
		(void)poll(NULL, 0, deadline_left_ms(deadline_within(deadline, pause_ms)));
		pause_ms = pause_ms * 2 > LOOK_LAST_MS ? LOOK_LAST_MS : pause_ms * 2;
	}
}

/* Aborts the job at its deadline and waits for its end. The job may have succeeded meanwhile. */
static int job_give_up(struct hypervisor *hypervisor, struct hypervisor_call *call,
		       const char *what, struct err *err)
{
	struct deadline deadline = deadline_in(ABORT_MS);
	bool hangs = false;

	/* Repeat the abort: the job may not have begun at the first one. */
	while (!hypervisor_call_wait(call, deadline_within(deadline, hangs ? 0 : LOOK_LAST_MS))) {
		int rc;

		if (hangs || deadline_passed(deadline)) {
			return hypervisor_abandon(hypervisor, what, err);
		}
		rc = job_abort(hypervisor, call->vm, deadline_within(deadline, ABORT_ANSWER_MS),
			       NULL);
		hangs = rc == -ETIMEDOUT || rc == -ENOTCONN;
	}
	if (call->rc == 0) {
		return 0;
	}
	return err_set(err, -ETIMEDOUT, "libvirt: %s: not finished in time, aborted (%s)", what,
		       call->text);
}

int hypervisor_run_job(struct hypervisor *hypervisor, struct hypervisor_call *call,
		       const char *what, struct deadline deadline, void (*tick)(void *data),
		       void *data, struct err *err)
{
	int rc = hypervisor_call_start(call, err);

	if (rc < 0) {
		return rc;
	}
	while (!hypervisor_call_wait(call, deadline_within(deadline, TICK_MS))) {
		if (deadline_passed(deadline)) {
			return job_give_up(hypervisor, call, what, err);
		}
		if (tick != NULL) {
			tick(data);
		}
	}
	return hypervisor_outcome(call, what, err);
}

static int subscribe(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
		     struct hypervisor_watch **ret, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, hypervisor_watch_subscribe, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	call->watch = hypervisor_watch_new(vm);
	if (call->watch == NULL) {
		return err_set(err, -ENOMEM,
			       "cannot watch libvirt's events: out of memory or threads");
	}
	rc = hypervisor_run(hypervisor, call, "subscribe to events", deadline, err);
	if (rc == 0) {
		*ret = hypervisor_watch_ref(call->watch);
	}
	return rc;
}

static int unsubscribe_run(struct hypervisor_call *call)
{
	hypervisor_watch_unsubscribe(call->watch, call->conn);
	return 0;
}

static void unsubscribe(struct hypervisor *hypervisor, struct hypervisor_watch *watch)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, unsubscribe_run, NULL, &rc, NULL);

	if (call != NULL) {
		call->watch = hypervisor_watch_ref(watch);
		(void)hypervisor_run(hypervisor, call, "unsubscribe", deadline_in(TICK_MS), NULL);
	}
	hypervisor_watch_release(watch);
}

int hypervisor_wait_gone(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			 struct err *err)
{
	struct hypervisor_watch *watch = NULL;
	int rc = subscribe(hypervisor, vm, deadline, &watch, err);

	while (rc == 0) {
		uint64_t seen = hypervisor_watch_count(watch);
		enum domain_state state = DOMAIN_STATE_MAX;

		rc = hypervisor_domain_state(hypervisor, vm, deadline, &state, err);
		if (rc < 0 || !domain_state_active(state)) {
			break;
		}
		if (!hypervisor_watch_wait(watch, seen, deadline)) {
			rc = err_set(err, -ETIMEDOUT, "domain '%s' is still %s", vm,
				     domain_state_to_str(state));
		}
	}
	if (watch != NULL) {
		unsubscribe(hypervisor, watch);
	}
	return rc;
}

static int save_run(struct hypervisor_call *call)
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc;
	}
	/* With VIR_DOMAIN_SAVE_PAUSED, libvirt would leave the guest paused if the save fails. */
	if (virDomainSaveFlags(domain, call->args[0], NULL, 0) < 0) {
		rc = hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return rc;
}

int hypervisor_save(struct hypervisor *hypervisor, const char *vm, const char *file,
		    struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, save_run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, 0, file)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return hypervisor_run_job(hypervisor, call, "save", deadline, NULL, NULL, err);
}

struct migration_tick {
	struct hypervisor *hypervisor;
	const char *vm;
	void (*progress)(const struct hypervisor_progress *now, void *data);
	void *data;
	struct hypervisor_progress last;
	bool stuck; /* an earlier query is still unanswered: send no more */
};

/* Best effort. It does not mark the connection as dead, because the migration still uses it. */
static void migration_tick(void *data)
{
	struct migration_tick *tick = data;
	AUTO_CALL call = NULL;
	int rc;

	if (tick->progress == NULL || tick->stuck) {
		return;
	}
	call = hypervisor_call_on(tick->hypervisor, job_run, tick->vm, &rc, NULL);
	if (call == NULL || hypervisor_call_start(call, NULL) < 0) {
		return;
	}
	if (!hypervisor_call_wait(call, deadline_in(TICK_MS))) {
		tick->stuck = true;
	} else if (call->rc == 0 && call->job_active) {
		tick->last = call->progress;
		tick->progress(&tick->last, tick->data);
	}
}

static int migrate_run(struct hypervisor_call *call)
{
	const unsigned int flags =
		VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_AUTO_CONVERGE;
	virTypedParameterPtr params = NULL;
	int n_params = 0;
	int max_params = 0;
	virDomainPtr domain;
	int rc;

	domain = hypervisor_call_domain(call, &rc);
	if (domain == NULL) {
		return rc;
	}
	if (virTypedParamsAddString(&params, &n_params, &max_params, VIR_MIGRATE_PARAM_DEST_XML,
				    call->args[1]) < 0 ||
	    (call->args[2] != NULL &&
	     virTypedParamsAddString(&params, &n_params, &max_params, VIR_MIGRATE_PARAM_URI,
				     call->args[2]) < 0) ||
	    virDomainMigrateToURI3(domain, call->args[0], params, (unsigned int)n_params, flags) <
		    0) {
		rc = hypervisor_call_failed(call);
	}
	virTypedParamsFree(params, n_params);
	(void)virDomainFree(domain);
	return rc;
}

/* The source's libvirtd reports the downtime in an event, which may come just after its reply. */
static void report_downtime(struct migration_tick *tick, struct hypervisor_watch *watch)
{
	const int event_ms = 200;
	struct deadline deadline = deadline_in(event_ms);
	uint64_t seen;

	do {
		seen = hypervisor_watch_count(watch);
		tick->last.downtime_ms = hypervisor_watch_downtime_ms(watch);
	} while (tick->last.downtime_ms == 0 && hypervisor_watch_wait(watch, seen, deadline));
	tick->last.memory_remaining_bytes = 0;
	tick->progress(&tick->last, tick->data);
}

static int migrate_watched(struct hypervisor *hypervisor,
			   const struct hypervisor_migration *migration, struct deadline deadline,
			   struct migration_tick *tick, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, migrate_run, migration->vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, 0, migration->target_uri) ||
	    !hypervisor_call_set_arg(call, 1, migration->target_xml) ||
	    !hypervisor_call_set_arg(call, 2, migration->migrate_uri)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return hypervisor_run_job(hypervisor, call, "migrate", deadline, migration_tick, tick, err);
}

int hypervisor_migrate(struct hypervisor *hypervisor, const struct hypervisor_migration *migration,
		       struct deadline deadline,
		       void (*progress)(const struct hypervisor_progress *now, void *data),
		       void *data, struct err *err)
{
	struct migration_tick tick = {
		.hypervisor = hypervisor, .vm = migration->vm, .progress = progress, .data = data};
	struct hypervisor_watch *watch = NULL;
	int rc = 0;

	if (progress != NULL) {
		rc = subscribe(hypervisor, migration->vm, deadline, &watch, err);
	}
	if (rc == 0) {
		rc = migrate_watched(hypervisor, migration, deadline, &tick, err);
	}
	if (rc == 0 && progress != NULL) {
		report_downtime(&tick, watch);
	}
	if (watch != NULL) {
		unsubscribe(hypervisor, watch);
	}
	return rc;
}
