/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into an agent: SIGKILLs its process group, as Pacemaker does at a time-out, at the
 * point that CRASH_AT names, after saying on stderr that it was reached. With CRASH_SIGNAL=STOP it
 * is only stopped, as with its whole node, and goes on when somebody has it continued.
 *
 *	line:grant: done               when the agent has written such a line on stderr
 *	virDomainResume:before         when the call is made
 *	virDomainResume:after          when it has returned
 *	virDomainSaveFlags:250         so many milliseconds after it was made
 *	virDomainSaveFlags:after+50    so many milliseconds after it has returned
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POINT_MAX 128
#define LINE_MAX_BYTES 4096

static char point_text[POINT_MAX];
static int real_stderr = STDERR_FILENO;
static pthread_t reader;
static bool only_stop;

static void die(void)
{
	static const char text[] = "crashpoint: reached\n";

	(void)!write(real_stderr, text, sizeof(text) - 1);
	if (only_stop) {
		(void)kill(0, SIGSTOP);
		return;
	}
	(void)kill(0, SIGKILL);
	for (;;) {
		(void)pause();
	}
}

static void *die_later(void *data)
{
	long ms = (long)(intptr_t)data;
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&left, NULL);
	die();
	return NULL;
}

static void die_in(const char *ms)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, die_later, (void *)(intptr_t)atol(ms)) != 0) {
		abort();
	}
}

/* What CRASH_AT says about this call: the text behind the colon, or "". */
static const char *when(const char *call)
{
	size_t length = strlen(call);

	return strncmp(point_text, call, length) == 0 && point_text[length] == ':'
		       ? point_text + length + 1
		       : "";
}

static void entered(const char *call)
{
	const char *text = when(call);

	if (strcmp(text, "before") == 0) {
		die();
	} else if (*text >= '0' && *text <= '9') {
		die_in(text);
	}
}

static void left(const char *call)
{
	const char *text = when(call);

	if (strcmp(text, "after") == 0) {
		die();
	} else if (strncmp(text, "after+", 6) == 0) {
		die_in(text + 6);
	}
}

/* Only integers and pointers, six at most: all of them are passed in registers. */
#define WRAP(type, name)                                                                           \
	type name(intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e, intptr_t f);         \
	type name(intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e, intptr_t f)          \
	{                                                                                          \
		type (*real)(intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t) =         \
			(type(*)(intptr_t, intptr_t, intptr_t, intptr_t, intptr_t,                 \
				 intptr_t))dlsym(RTLD_NEXT, #name);                                \
		type result;                                                                       \
                                                                                                   \
		entered(#name);                                                                    \
		result = real(a, b, c, d, e, f);                                                   \
		left(#name);                                                                       \
		return result;                                                                     \
	}

WRAP(int, virDomainAttachDeviceFlags)
WRAP(void *, virDomainCreateXML)
WRAP(int, virDomainDestroyFlags)
WRAP(int, virDomainDetachDeviceFlags)
WRAP(int, virDomainMigrateToURI3)
WRAP(int, virDomainRestoreFlags)
WRAP(int, virDomainResume)
WRAP(int, virDomainSaveFlags)
WRAP(int, virDomainSetMetadata)
WRAP(int, virDomainShutdown)

/* The agent's stderr comes through here, line by line. */
static void *lines_read(void *data)
{
	FILE *lines = fdopen((int)(intptr_t)data, "re");
	char line[LINE_MAX_BYTES];

	while (lines != NULL && fgets(line, sizeof(line), lines) != NULL) {
		(void)!write(real_stderr, line, strlen(line));
		if (strstr(line, point_text + strlen("line:")) != NULL) {
			die();
		}
	}
	return NULL;
}

__attribute__((constructor)) static void crashpoint_load(void)
{
	const char *at = getenv("CRASH_AT");
	const char *with = getenv("CRASH_SIGNAL");
	int ends[2];

	if (at == NULL || strlen(at) >= sizeof(point_text)) {
		return;
	}
	strcpy(point_text, at);
	only_stop = with != NULL && strcmp(with, "STOP") == 0;
	/* What the agent starts is not to crash. */
	(void)unsetenv("CRASH_AT");
	(void)unsetenv("LD_PRELOAD");
	if (strncmp(at, "line:", 5) != 0) {
		return;
	}
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	if (real_stderr < 0 || pipe2(ends, O_CLOEXEC) < 0 || dup2(ends[1], STDERR_FILENO) < 0 ||
	    close(ends[1]) < 0 ||
	    pthread_create(&reader, NULL, lines_read, (void *)(intptr_t)ends[0]) != 0) {
		abort();
	}
}

/* The last lines are still to be read. */
__attribute__((destructor)) static void crashpoint_unload(void)
{
	if (real_stderr != STDERR_FILENO) {
		(void)dup2(real_stderr, STDERR_FILENO);
		(void)pthread_join(reader, NULL);
	}
}
