/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "process/runner.h"

#define CALL_MS 120000
#define REPLY_MAX (4u * 1024 * 1024)

bool bench_fail(struct bench *bench, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(bench->why, sizeof(bench->why), format, ap);
	va_end(ap);
	return false;
}

struct answer bench_call(struct bench *bench, const char *verb, const char *request)
{
	const struct runner here = {.transport = "exec"};
	const char *argv[10] = {NULL};
	struct runner_result result;
	struct answer answer = {.exit_status = -1};
	size_t n = 0;

	while (bench->driver[n] != NULL) {
		argv[n] = bench->driver[n];
		n++;
	}
	argv[n] = verb;
	if (runner_run(&here, argv, request, REPLY_MAX, deadline_in(CALL_MS), &result, NULL) == 0) {
		answer.exit_status = result.exit_status;
		answer.reply = json_loadb(result.output, result.output_bytes, 0, NULL);
		runner_result_release(&result);
	}
	return answer;
}

void answer_release(struct answer *answer)
{
	json_decref(answer->reply);
	answer->reply = NULL;
}

__attribute__((format(printf, 1, 0))) static char *request_format(const char *format, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, format, ap) < 0) {
		abort();
	}
	return text;
}

struct answer bench_callf(struct bench *bench, const char *verb, const char *format, ...)
{
	struct answer answer;
	va_list ap;
	char *request;

	va_start(ap, format);
	request = request_format(format, ap);
	va_end(ap);
	answer = bench_call(bench, verb, request);
	free(request);
	return answer;
}

static const char *answer_code(const struct answer *answer)
{
	const char *code =
		json_string_value(json_object_get(json_object_get(answer->reply, "error"), "code"));

	return code != NULL ? code : "none";
}

static const char *answer_message(const struct answer *answer)
{
	const char *text = json_string_value(
		json_object_get(json_object_get(answer->reply, "error"), "message"));

	return text != NULL ? text : "";
}

bool bench_ok(struct bench *bench, const char *verb, json_t **ret, const char *format, ...)
{
	struct answer answer;
	va_list ap;
	char *request;
	bool ok;

	va_start(ap, format);
	request = request_format(format, ap);
	va_end(ap);
	answer = bench_call(bench, verb, request);
	ok = answer.exit_status == 0 && json_is_object(answer.reply);
	if (!ok) {
		(void)bench_fail(bench, "%s %.300s: exit status %d, error code '%s': %.300s", verb,
				 request, answer.exit_status, answer_code(&answer),
				 answer_message(&answer));
	}
	if (ret != NULL) {
		*ret = ok ? json_incref(answer.reply) : NULL;
	}
	free(request);
	answer_release(&answer);
	return ok;
}

bool bench_refused(struct bench *bench, const char *verb, const char *code, const char *format, ...)
{
	struct answer answer;
	va_list ap;
	char *request;
	bool ok;

	va_start(ap, format);
	request = request_format(format, ap);
	va_end(ap);
	answer = bench_call(bench, verb, request);
	ok = answer.exit_status == 1 && strcmp(answer_code(&answer), code) == 0 &&
	     answer_message(&answer)[0] != '\0';
	if (!ok) {
		(void)bench_fail(bench,
				 "%s %.300s: wanted exit status 1, code '%s' and a message; got "
				 "exit status %d, code '%s', message '%.200s'",
				 verb, request, code, answer.exit_status, answer_code(&answer),
				 answer_message(&answer));
	}
	free(request);
	answer_release(&answer);
	return ok;
}

size_t list_count(const json_t *list, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		count += text != NULL && strcmp(text, name) == 0 ? 1 : 0;
	}
	return count;
}

bool bench_holders(struct bench *bench, const char *lun, const char *const *initiators)
{
	json_t *reply;
	const json_t *mask;
	const json_t *list;
	size_t wanted = 0;
	bool ok = bench_ok(bench, "masks", &reply, "{\"luns\":[\"%s\"]}", lun);

	if (!ok) {
		return false;
	}
	mask = json_array_get(json_object_get(reply, "masks"), 0);
	list = json_object_get(mask, "initiators");
	for (; initiators[wanted] != NULL; wanted++) {
		ok = ok && list_count(list, initiators[wanted]) == 1;
	}
	ok = ok && json_is_array(list) && json_array_size(list) == wanted;
	if (!ok) {
		char *shown = json_dumps(list, JSON_ENCODE_ANY);

		(void)bench_fail(bench, "holders of %s are %s; %zu were expected, the first '%s'",
				 lun, shown != NULL ? shown : "not reported", wanted,
				 wanted > 0 ? initiators[0] : "");
		free(shown);
	}
	json_decref(reply);
	return ok;
}

bool bench_clear(struct bench *bench)
{
	struct answer answer = bench_callf(bench, "unfence", "{\"initiators\":[\"%s\",\"%s\"]}",
					   bench->initiators[0], bench->initiators[1]);

	answer_release(&answer); /* an error is legal: a driver may lack the capability fence */
	for (size_t i = 0; i < BENCH_INITIATORS; i++) {
		if (!bench_ok(bench, "apply", NULL,
			      "{\"luns\":[\"%s\",\"%s\"],\"revoke\":\"%s\",\"allowed\":[\"%s\"]}",
			      bench->luns[0], bench->luns[1], bench->initiators[i],
			      bench->initiators[1 - i])) {
			return false;
		}
	}
	return bench_holders(bench, bench->luns[0], NOBODY) &&
	       bench_holders(bench, bench->luns[1], NOBODY);
}
