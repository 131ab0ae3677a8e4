/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

static const char *const outcomes[EVENT_OUTCOME_MAX] = {
	[EVENT_DONE] = "done",
	[EVENT_REFUSED] = "refused",
	[EVENT_NEVER] = "never",
	[EVENT_UNKNOWN] = "unknown",
};

int64_t event_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int version_compare(struct version a, struct version b)
{
	if (a.task != b.task) {
		return a.task < b.task ? -1 : 1;
	}
	return a.revision < b.revision ? -1 : a.revision > b.revision;
}

static void invocation_to_str(const struct event *event, char ret[EVENT_LINE_MAX])
{
	(void)snprintf(ret, EVENT_LINE_MAX,
		       "I %" PRId64 " %016" PRIx64 " %c %s %u.%u %016" PRIx64 " %u.%u\n",
		       event->at_ns, event->op, (char)event->kind, event->vm,
		       event->expected.version.task, event->expected.version.revision,
		       event->expected.op, event->made.task, event->made.revision);
}

void event_to_str(const struct event *event, char ret[EVENT_LINE_MAX])
{
	char seen[64] = "- -";

	if (!event->returns) {
		invocation_to_str(event, ret);
		return;
	}
	if (event->has_seen) {
		(void)snprintf(seen, sizeof(seen), "%u.%u %016" PRIx64, event->seen.version.task,
			       event->seen.version.revision, event->seen.op);
	}
	(void)snprintf(ret, EVENT_LINE_MAX, "R %" PRId64 " %016" PRIx64 " %s %d %s\n", event->at_ns,
		       event->op, outcomes[event->outcome], event->status, seen);
}

static int invocation_from_str(const char *line, struct event *ret)
{
	char kind;
	char vm[EVENT_VM_MAX + 1];
	int n = sscanf(line, "I %" SCNd64 " %" SCNx64 " %c %63s %u.%u %" SCNx64 " %u.%u",
		       &ret->at_ns, &ret->op, &kind, vm, &ret->expected.version.task,
		       &ret->expected.version.revision, &ret->expected.op, &ret->made.task,
		       &ret->made.revision);

	if (n != 9 || strchr("wrf", kind) == NULL) {
		return -EBADMSG;
	}
	ret->kind = (enum event_kind)kind;
	(void)snprintf(ret->vm, sizeof(ret->vm), "%s", vm);
	return 0;
}

static int return_from_str(const char *line, struct event *ret)
{
	char outcome[16];
	char version[32];
	char op[32];
	int n = sscanf(line, "R %" SCNd64 " %" SCNx64 " %15s %d %31s %31s", &ret->at_ns, &ret->op,
		       outcome, &ret->status, version, op);

	if (n != 6) {
		return -EBADMSG;
	}
	for (int i = 1; i < EVENT_OUTCOME_MAX; i++) {
		if (strcmp(outcomes[i], outcome) == 0) {
			ret->outcome = (enum event_outcome)i;
		}
	}
	ret->has_seen = strcmp(version, "-") != 0;
	if (ret->has_seen &&
	    (sscanf(version, "%u.%u", &ret->seen.version.task, &ret->seen.version.revision) != 2 ||
	     sscanf(op, "%" SCNx64, &ret->seen.op) != 1)) {
		return -EBADMSG;
	}
	return ret->outcome == 0 ? -EBADMSG : 0;
}

int event_from_str(const char *line, struct event *ret)
{
	*ret = (struct event){.returns = line[0] == 'R'};
	return ret->returns ? return_from_str(line, ret) : invocation_from_str(line, ret);
}
