/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/protocol/driver_main.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/usage.h"
#include "driver/core/lock.h"
#include "driver/protocol/request.h"
#include "driver/protocol/verbs.h"

enum { EXIT_DONE = 0, EXIT_FAULT = 1, EXIT_USAGE = 2 };

#define RESTORE_TIMEOUT_MS 300000
#define RESTORE_LUNS 16 /* restored before others get the lock */

struct command {
	const char *config_file;
	char *verb;
	gboolean restore;
	gboolean ssh;
};

static void verbs_print(const struct driver *driver)
{
	(void)printf("Verbs:\n");
	for (size_t i = 0; verb_at(i) != NULL; i++) {
		(void)printf("  %-10s  %s\n", verb_at(i)->name, verb_at(i)->help);
	}
	(void)printf("\nConfiguration: %s\n", driver->config_file);
	for (size_t i = 0; driver->notes[i] != NULL; i++) {
		(void)printf("%s\n", driver->notes[i]);
	}
}

/* The last word of the command that the ssh client requested. No part of it is ever executed. */
static const char *ssh_verb(void)
{
	const char *command = getenv("SSH_ORIGINAL_COMMAND");
	const char *blank = command != NULL ? strrchr(command, ' ') : NULL;

	return blank != NULL ? blank + 1 : command;
}

/* The command's texts live as long as the process. */
static enum usage_end command_parse(int argc, char **argv, const struct driver *driver,
				    struct command *ret)
{
	char *config_file = NULL;
	char **words = NULL;
	const GOptionEntry rows[] = {
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &config_file,
		 "the configuration, instead of the one below", "FILE"},
		{"ssh", 0, 0, G_OPTION_ARG_NONE, &ret->ssh,
		 "instead of VERB: it is in SSH_ORIGINAL_COMMAND", NULL},
		{"restore", 0, 0, G_OPTION_ARG_NONE, &ret->restore,
		 "instead of VERB: bring the LUNs back after a boot", NULL},
		{0},
	};
	const struct usage usage = {
		.name = driver->name,
		.words = USAGE_WORD_OPTIONAL,
		.word = "VERB",
		.summary = "Executes VERB on the array. Request and reply are JSON objects, on "
			   "standard\n"
			   "input and output; see lunmask-array(7).",
		.rows = rows,
	};
	enum usage_end end = usage_parse(&usage, argc, argv, &words);

	if (end == USAGE_HELP) {
		verbs_print(driver);
	}
	if (end != USAGE_CONTINUE) {
		return end;
	}
	ret->verb = words != NULL ? words[0] : NULL;
	ret->config_file = config_file != NULL ? config_file : driver->config_file;
	return (ret->verb != NULL) + ret->ssh + ret->restore == 1
		       ? USAGE_CONTINUE
		       : usage_wrong(&usage, "it takes one of VERB, --ssh and --restore");
}

/* If the reply cannot be written completely, the verb has failed, whatever was done. */
static int reply_print(json_t *reply)
{
	char *text = json_dumps(reply, JSON_COMPACT | JSON_SORT_KEYS);
	bool whole = text != NULL && strlen(text) < DRIVER_REPLY_MAX_BYTES && puts(text) >= 0 &&
		     fflush(stdout) == 0;

	free(text);
	if (!whole) {
		fprintf(stderr, "the reply could not be written\n");
	}
	return whole ? EXIT_DONE : EXIT_FAULT;
}

static int fault_print(const struct driver *driver, const struct fault *fault)
{
	json_t *error = json_pack("{s:s, s:s}", "code", array_error_to_str(fault->code), "message",
				  err_text(&fault->err));
	json_t *reply;

	if (fault->lun[0] != '\0') {
		(void)json_object_set_new(error, "lun", json_string(fault->lun));
	}
	if (fault->initiator[0] != '\0') {
		(void)json_object_set_new(error, "initiator", json_string(fault->initiator));
	}
	reply = json_pack("{s:o}", "error", error);
	(void)reply_print(reply);
	json_decref(reply);
	fprintf(stderr, "%s: %s\n", driver->name, err_text(&fault->err));
	return EXIT_FAULT;
}

static int request_read(json_t **ret, struct fault *fault)
{
	char *text = malloc(REQUEST_MAX_BYTES + 1);
	size_t bytes = text != NULL ? fread(text, 1, REQUEST_MAX_BYTES + 1, stdin) : 0;
	json_error_t error;

	*ret = NULL;
	if (text == NULL || ferror(stdin) != 0) {
		free(text);
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "the request cannot be read");
	}
	if (bytes > REQUEST_MAX_BYTES) {
		free(text);
		return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				 "the request is longer than %u bytes", REQUEST_MAX_BYTES);
	}
	*ret = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (!json_is_object(*ret)) {
		json_decref(*ret);
		*ret = NULL;
		return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				 "the request is not a JSON object: %.200s", error.text);
	}
	return 0;
}

/* A change must not stop half-way if the caller or its connection disappears. */
static void signals_ignore(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
}

static int verb_locked(const struct driver *driver, void *backend, const struct verb *verb,
		       const json_t *request, struct deadline deadline, json_t *reply,
		       struct fault *fault)
{
	enum lock_kind kind = verb->lock;
	bool urgent;
	int fd = -1;
	int rc = request_boolean(request, URGENT_MEMBER, &urgent, fault);

	if (urgent && kind == LOCK_KIND_READ) {
		kind = LOCK_KIND_READ_FIRST;
	}
	rc = rc != 0 ? rc : lock_take(driver->lock_file(backend), kind, deadline, &fd, fault);
	rc = rc != 0 ? rc : driver->load(backend, fault);
	rc = rc != 0 ? rc : requester_check(driver, backend, request, verb->own, fault);
	rc = rc != 0 ? rc : verb->run(driver, backend, request, deadline, reply, fault);
	lock_release(fd);
	return rc;
}

static int verb_run(const struct driver *driver, const struct command *command,
		    const struct verb *verb, json_t *reply, struct fault *fault)
{
	void *backend = NULL;
	json_t *request;
	int64_t timeout_ms;
	int rc = request_read(&request, fault);

	signals_ignore();
	rc = rc != 0 ? rc : request_check(request, verb->members, fault);
	rc = rc != 0 ? rc
		     : request_number(request, "timeout_ms", 1, DRIVER_TIMEOUT_MAX_MS,
				      DRIVER_TIMEOUT_MS, &timeout_ms, fault);
	rc = rc != 0 ? rc : driver->open(command->config_file, &backend, fault);
	rc = rc != 0 ? rc
		     : verb_locked(driver, backend, verb, request, deadline_in(timeout_ms), reply,
				   fault);
	if (backend != NULL) {
		driver->close(backend);
	}
	json_decref(request);
	return rc;
}

static int verb_command(const struct driver *driver, const struct command *command)
{
	const char *name = command->ssh ? ssh_verb() : command->verb;
	const struct verb *verb = name != NULL ? verb_find(name) : NULL;
	struct fault fault = FAULT_INIT;
	json_t *reply;
	int status;

	if (verb == NULL) {
		(void)fault_set(&fault, ARRAY_ERROR_UNSUPPORTED, "there is no verb '%.60s'",
				name != NULL ? name : "");
		return fault_print(driver, &fault);
	}
	reply = json_object();
	if (verb_run(driver, command, verb, reply, &fault) == 0) {
		status = reply_print(reply);
	} else {
		status = fault_print(driver, &fault);
	}
	json_decref(reply);
	return status;
}

/* Holds the lock no longer than a request does. */
static int restore_some(const struct driver *driver, const struct command *command,
			struct deadline deadline, size_t *ret_restored, struct fault *fault)
{
	void *backend = NULL;
	int fd = -1;
	int rc = driver->open(command->config_file, &backend, fault);

	*ret_restored = 0;
	rc = rc != 0 ? rc
		     : lock_take(driver->lock_file(backend), LOCK_KIND_CHANGE, deadline, &fd,
				 fault);
	rc = rc != 0 ? rc : driver->load(backend, fault);
	rc = rc != 0 ? rc
		     : driver->restore(backend, RESTORE_LUNS,
				       deadline_within(deadline, DRIVER_TIMEOUT_MS), ret_restored,
				       fault);
	lock_release(fd);
	if (backend != NULL) {
		driver->close(backend);
	}
	return rc;
}

static int restore_command(const struct driver *driver, const struct command *command)
{
	struct deadline deadline = deadline_in(RESTORE_TIMEOUT_MS);
	struct fault fault = FAULT_INIT;
	size_t restored = 0;
	size_t count;
	int rc;

	signals_ignore();
	do {
		rc = restore_some(driver, command, deadline, &count, &fault);
		restored += count;
	} while (rc == 0 && count > 0);
	if (rc != 0) {
		fprintf(stderr, "%s: %s\n", driver->name, err_text(&fault.err));
		return EXIT_FAULT;
	}
	printf("%zu LUNs restored, granted to nobody\n", restored);
	return EXIT_DONE;
}

int driver_main(int argc, char **argv, const struct driver *driver)
{
	struct command command = {.verb = NULL};
	enum usage_end end = command_parse(argc, argv, driver, &command);

	if (end != USAGE_CONTINUE) {
		return end == USAGE_WRONG ? EXIT_USAGE : EXIT_DONE;
	}
	return command.restore ? restore_command(driver, &command) : verb_command(driver, &command);
}
