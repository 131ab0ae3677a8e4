/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor.h"

#include <glib.h>
#include <poll.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "hypervisor/hypervisor_arrival.h"
#include "hypervisor/hypervisor_conn.h"
#include "hypervisor/hypervisor_watch.h"
#include "hypervisor/virt_loop.h"

#define TICK_MS 1000
#define ABORT_MS 10000 /* in all, if libvirtd answers */
#define ABORT_MIN_MS 1000
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

int hypervisor_job_none(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			struct err *err)
{
	bool active = false;
	int rc = job_look(hypervisor, vm, deadline, &active, err);

	return rc < 0 || !active
		       ? rc
		       : err_set(err, -EBUSY,
				 "wait until the job of domain '%s' has ended (virsh domjobinfo "
				 "%s), or abort it (virsh domjobabort %s): it is not a migration "
				 "of lunmask",
				 vm, vm, vm);
}

/* A job that got little time must not take the time of what comes after it. */
static int abort_ms(int job_ms)
{
	int half_ms = job_ms / 2;

	return half_ms < ABORT_MIN_MS ? ABORT_MIN_MS : half_ms < ABORT_MS ? half_ms : ABORT_MS;
}

/* Aborts the job at its deadline and waits for its end. The job may have succeeded meanwhile. */
static int job_give_up(struct hypervisor *hypervisor, struct hypervisor_call *call,
		       const char *what, struct deadline deadline, struct err *err)
{
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

/* Waits for a second at most. True if the job has ended. */
static bool job_wait(struct hypervisor_call *call, const struct hypervisor_job_watch *watch,
		     struct deadline deadline, bool *exited)
{
	struct deadline tick = deadline_within(deadline, TICK_MS);
	bool readable = false;
	bool done;

	if (watch->exited == NULL || *exited) {
		done = hypervisor_call_wait(call, tick);
	} else {
		done = hypervisor_call_wait_or(call, watch->exit_fd, tick, &readable);
	}
	if (done) {
		return true;
	}
	if (readable) {
		*exited = true;
		watch->exited(watch->data);
	} else if (watch->tick != NULL && !deadline_passed(deadline)) {
		watch->tick(watch->data);
	}
	return false;
}

int hypervisor_run_job(struct hypervisor *hypervisor, struct hypervisor_call *call,
		       const char *what, struct deadline deadline,
		       const struct hypervisor_job_watch *watch, struct err *err)
{
	static const struct hypervisor_job_watch nothing;
	int job_ms = deadline_left_ms(deadline);
	bool exited = false;
	int rc;

	watch = watch == NULL ? &nothing : watch;
	rc = watch->exited == NULL ? 0 : hypervisor_call_pollable(call, err);
	if (rc == 0) {
		rc = hypervisor_call_start(call, err);
	}
	if (rc < 0) {
		return rc;
	}
	while (!job_wait(call, watch, deadline, &exited)) {
		if (deadline_passed(deadline)) {
			return job_give_up(hypervisor, call, what, deadline_in(abort_ms(job_ms)),
					   err);
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
	if (virDomainSaveFlags(domain, call->args[0], call->args[1], 0) < 0) {
		rc = hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return rc;
}

int hypervisor_save(struct hypervisor *hypervisor, const char *vm, const char *file,
		    const char *domain_xml, struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, save_run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, 0, file) ||
	    !hypervisor_call_set_arg(call, 1, domain_xml)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return hypervisor_run_job(hypervisor, call, "save", deadline, NULL, err);
}

struct migration_tick {
	struct hypervisor *hypervisor;
	const struct hypervisor_migration *migration;
	struct hypervisor_watch *watch;
	struct hypervisor_progress last;
	bool stuck;   /* an earlier query is still unanswered: send no more */
	bool started; /* before libvirt's call has returned */
};

/* Best effort. It does not mark the connection as dead, because the migration still uses it. */
static void migration_tick(void *data)
{
	struct migration_tick *tick = data;
	AUTO_CALL call = NULL;
	int rc;

	if (tick->migration->progress == NULL || tick->stuck) {
		return;
	}
	call = hypervisor_call_on(tick->hypervisor, job_run, tick->migration->vm, &rc, NULL);
	if (call == NULL || hypervisor_call_start(call, NULL) < 0) {
		return;
	}
	if (!hypervisor_call_wait(call, deadline_in(TICK_MS))) {
		tick->stuck = true;
	} else if (call->rc == 0 && call->job_active) {
		tick->last = call->progress;
		tick->migration->progress(&tick->last, tick->migration->data);
	}
}

static int ask_run(struct hypervisor_call *call)
{
	unsigned long version;

	return virConnectGetLibVersion(call->conn, &version) < 0 ? hypervisor_call_failed(call) : 0;
}

/*
 * True if libvirtd answers. What it had queued before has been sent then: an event that is queued
 * while it reads a question is sent before it reads the next one. The loop has called what arrived.
 */
static bool events_are_here(struct hypervisor *hypervisor)
{
	const int questions = 2;
	bool answered = true;

	for (int i = 0; i < questions && answered; i++) {
		int rc;
		AUTO_CALL call = hypervisor_call_on(hypervisor, ask_run, NULL, &rc, NULL);

		answered = call != NULL && hypervisor_call_start(call, NULL) == 0 &&
			   hypervisor_call_wait(call, deadline_in(TICK_MS)) && call->rc == 0;
	}
	return answered && virt_loop_pass(deadline_in(TICK_MS));
}

/*
 * libvirt ends QEMU when the target has confirmed the domain, and looks for its end every 0.2 s.
 * The guest waits meanwhile. If the confirmation is lost, libvirt resumes the domain here, and
 * queues the event of that before it lets QEMU exit.
 */
static void migration_exited(void *data)
{
	struct migration_tick *tick = data;

	if (events_are_here(tick->hypervisor) && hypervisor_watch_stopped(tick->watch)) {
		tick->started = tick->migration->gone(tick->migration->data);
	}
}

static const struct {
	const char *name;
	bool parallel; /* compresses each of several connections */
} compressions[] = {
#define X(constant, text, several) [constant] = {.name = (text), .parallel = (several)},
	HYPERVISOR_COMPRESSIONS(X)
#undef X
};

int hypervisor_tuning_check(const struct hypervisor_tuning *tuning, struct err *err)
{
	bool parallel = tuning->connections > 1;

	if (tuning->compression != COMPRESSION_NONE &&
	    compressions[tuning->compression].parallel != parallel) {
		return err_set(err, -EINVAL,
			       "migration_compress=%s needs migration_parallel %s: xbzrle and mt "
			       "compress one connection, zlib and zstd several",
			       compressions[tuning->compression].name,
			       parallel ? "to be 1" : "of 2 or more");
	}
	return 0;
}

/* For run(): adds the values for which libvirt has a parameter. -1 as libvirt has it. */
static int tuning_params(const struct hypervisor_tuning *tuning, virTypedParameterPtr *params,
			 int *n, int *max)
{
	if (tuning->bandwidth_mib_s != 0 &&
	    virTypedParamsAddULLong(params, n, max, VIR_MIGRATE_PARAM_BANDWIDTH,
				    tuning->bandwidth_mib_s) < 0) {
		return -1;
	}
	if (tuning->connections > 1 &&
	    virTypedParamsAddInt(params, n, max, VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS,
				 (int)tuning->connections) < 0) {
		return -1;
	}
	return tuning->compression == COMPRESSION_NONE
		       ? 0
		       : virTypedParamsAddString(params, n, max, VIR_MIGRATE_PARAM_COMPRESSION,
						 compressions[tuning->compression].name);
}

static unsigned int tuning_flags(const struct hypervisor_tuning *tuning)
{
	return (tuning->auto_converge ? VIR_MIGRATE_AUTO_CONVERGE : 0U) |
	       (tuning->connections > 1 ? VIR_MIGRATE_PARALLEL : 0U) |
	       (tuning->compression != COMPRESSION_NONE ? VIR_MIGRATE_COMPRESSED : 0U) |
	       (tuning->encrypted ? VIR_MIGRATE_TLS : 0U);
}

static int migrate_run(struct hypervisor_call *call)
{
	/* Never VIR_MIGRATE_POSTCOPY: docs/decisions/0021. */
	const unsigned int flags = VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_PAUSED |
				   tuning_flags(&call->tuning);
	unsigned int downtime_ms = call->tuning.downtime_max_ms;
	virTypedParameterPtr params = NULL;
	int n_params = 0;
	int max_params = 0;
	virDomainPtr domain;
	int rc;

	domain = hypervisor_call_domain(call, &rc);
	if (domain == NULL) {
		return rc;
	}
	/* QEMU keeps it, so that of an earlier try must not stay. */
	if (virDomainMigrateSetMaxDowntime(
		    domain, downtime_ms == 0 ? HYPERVISOR_DOWNTIME_MS : downtime_ms, 0) < 0 ||
	    virTypedParamsAddString(&params, &n_params, &max_params, VIR_MIGRATE_PARAM_DEST_XML,
				    call->args[1]) < 0 ||
	    (call->args[2] != NULL &&
	     virTypedParamsAddString(&params, &n_params, &max_params, VIR_MIGRATE_PARAM_URI,
				     call->args[2]) < 0) ||
	    tuning_params(&call->tuning, &params, &n_params, &max_params) < 0 ||
	    virDomainMigrateToURI3(domain, call->args[0], params, (unsigned int)n_params, flags) <
		    0) {
		rc = hypervisor_call_failed(call);
	}
	virTypedParamsFree(params, n_params);
	(void)virDomainFree(domain);
	return rc;
}

/* The source's libvirtd reports the downtime in an event, which may come just after its reply. */
static void report_downtime(struct migration_tick *tick)
{
	const int event_ms = 200;
	struct deadline deadline = deadline_in(event_ms);
	uint64_t seen;

	do {
		seen = hypervisor_watch_count(tick->watch);
		tick->last.downtime_ms = hypervisor_watch_downtime_ms(tick->watch);
	} while (tick->last.downtime_ms == 0 && hypervisor_watch_wait(tick->watch, seen, deadline));
	tick->last.memory_remaining_bytes = 0;
	tick->migration->progress(&tick->last, tick->migration->data);
}

static int migrate_watched(struct hypervisor *hypervisor,
			   const struct hypervisor_migration *migration, struct deadline deadline,
			   struct migration_tick *tick, struct err *err)
{
	g_autofree char *target_xml = NULL;
	struct hypervisor_job_watch watch = {
		.tick = migration_tick,
		.exit_fd = migration->qemu_fd,
		.exited = migration->gone == NULL ? NULL : migration_exited,
		.data = tick,
	};
	int rc = hypervisor_tuning_check(&migration->tuning, err);
	AUTO_CALL call = NULL;

	rc = rc != 0 ? rc : hypervisor_arrival_mark(migration->target_xml, &target_xml, err);
	if (rc == 0) {
		call = hypervisor_call_on(hypervisor, migrate_run, migration->vm, &rc, err);
	}
	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, 0, migration->target_uri) ||
	    !hypervisor_call_set_arg(call, 1, target_xml) ||
	    !hypervisor_call_set_arg(call, 2, migration->migrate_uri)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	call->tuning = migration->tuning;
	return hypervisor_run_job(hypervisor, call, "migrate", deadline, &watch, err);
}

int hypervisor_migrate(struct hypervisor *hypervisor, const struct hypervisor_migration *migration,
		       struct deadline deadline, struct err *err)
{
	struct migration_tick tick = {.hypervisor = hypervisor, .migration = migration};
	int rc = 0;

	if (migration->progress != NULL || migration->gone != NULL) {
		rc = subscribe(hypervisor, migration->vm, deadline, &tick.watch, err);
	}
	if (rc == 0) {
		rc = migrate_watched(hypervisor, migration, deadline, &tick, err);
	}
	if (rc == 0 && migration->arrived != NULL && !tick.started) {
		migration->arrived(migration->data);
	}
	if (rc == 0 && migration->progress != NULL) {
		report_downtime(&tick);
	}
	if (tick.watch != NULL) {
		unsubscribe(hypervisor, tick.watch);
	}
	return rc;
}
