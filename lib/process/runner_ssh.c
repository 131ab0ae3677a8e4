/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/runner_ssh.h"

#include <glib.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names/name.h"

#define SCHEME "ssh://"
#define SSH_OWN_FAILURE 255
#define SHELL_NOT_FOUND 127
#define CONNECT_MAX_S 10

static int part_copy(char *ret, size_t size, const char *from, size_t length, const char *more)
{
	if (length >= size) {
		return -EINVAL;
	}
	(void)g_strlcpy(ret, from, length + 1);
	return name_made_of(ret, length, more) && *ret != '-' ? 0 : -EINVAL;
}

/* Finds the last ':' that is not part of an IPv6 address in brackets. */
static const char *port_find(const char *host)
{
	const char *bracket = strrchr(host, ']');
	const char *colon = strrchr(host, ':');

	return colon != NULL && colon > (bracket != NULL ? bracket : host) ? colon : NULL;
}

static int host_copy(struct runner_ssh *ssh, const char *host, size_t length)
{
	if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
		return part_copy(ssh->host, sizeof(ssh->host), host + 1, length - 2, ".:%_-");
	}
	return part_copy(ssh->host, sizeof(ssh->host), host, length, "._-");
}

static int port_copy(struct runner_ssh *ssh, const char *port)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(port, 10, 1, UINT16_MAX, &number, NULL)) {
		return -EINVAL;
	}
	(void)snprintf(ssh->port, sizeof(ssh->port), "%u", (unsigned int)number);
	return 0;
}

static int destination_parse(struct runner_ssh *ssh, const char *transport)
{
	const char *host = transport + strlen(SCHEME);
	const char *at;
	const char *colon;

	if (strncmp(transport, SCHEME, strlen(SCHEME)) != 0) {
		return -EINVAL;
	}
	at = strchr(host, '@');
	if (at != NULL) {
		if (part_copy(ssh->user, sizeof(ssh->user), host, (size_t)(at - host), "._-") !=
		    0) {
			return -EINVAL;
		}
		host = at + 1;
	}
	colon = port_find(host);
	if (colon != NULL && port_copy(ssh, colon + 1) != 0) {
		return -EINVAL;
	}
	return host_copy(ssh, host, colon != NULL ? (size_t)(colon - host) : strlen(host));
}

int runner_transport_check(const char *transport, struct err *err)
{
	struct runner_ssh ssh = {0};

	if (strcmp(transport, "exec") == 0 || destination_parse(&ssh, transport) == 0) {
		return 0;
	}
	return err_set(err, -EINVAL,
		       "transport '%.200s' is not legal: it is exec or ssh://[USER@]HOST[:PORT]",
		       transport);
}

/* ssh ignores a key that others may read, and falls back to a password: say the real reason. */
static int identity_check(const char *identity, struct err *err)
{
	struct stat status;

	if (stat(identity, &status) != 0) {
		return err_set(err, -EACCES, "ssh key file '%s': %s", identity, strerror(errno));
	}
	if (!S_ISREG(status.st_mode) || (status.st_mode & 0177) != 0) {
		return err_set(err, -EACCES,
			       "ssh key file '%s' has mode %04o: only its owner may read it; run "
			       "chmod 600 '%s'",
			       identity, (unsigned int)(status.st_mode & 07777), identity);
	}
	if (status.st_uid != 0 && status.st_uid != geteuid()) {
		return err_set(err, -EACCES,
			       "ssh key file '%s' belongs to user %u: it must belong to root or to "
			       "user %u, who uses it",
			       identity, (unsigned int)status.st_uid, (unsigned int)geteuid());
	}
	return 0;
}

/* False if the private directory cannot be used. ssh then works without multiplexing. */
static bool control_dir_ready(void)
{
	struct stat status;

	(void)mkdir("/run/lunmask", 0755);
	(void)mkdir(RUNNER_SSH_DIR, 0700);
	return lstat(RUNNER_SSH_DIR, &status) == 0 && S_ISDIR(status.st_mode) &&
	       status.st_uid == geteuid() && (status.st_mode & 077) == 0 &&
	       access(RUNNER_SSH_DIR, W_OK) == 0;
}

static void option_add(struct runner_ssh *ssh, size_t *n, const char *option)
{
	ssh->argv[(*n)++] = "-o";
	ssh->argv[(*n)++] = option;
}

static void options_add(struct runner_ssh *ssh, size_t *n, const char *identity, bool multiplex)
{
	static const char *const always[] = {
		"BatchMode=yes",         "StrictHostKeyChecking=yes", "ClearAllForwardings=yes",
		"ServerAliveInterval=3", "ServerAliveCountMax=2",     "LogLevel=ERROR",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(always); i++) {
		option_add(ssh, n, always[i]);
	}
	option_add(ssh, n, ssh->connect_timeout);
	if (multiplex && control_dir_ready()) {
		option_add(ssh, n, "ControlMaster=auto");
		option_add(ssh, n, ssh->control_path);
		option_add(ssh, n, "ControlPersist=" RUNNER_SSH_PERSIST_S);
	} else {
		option_add(ssh, n, "ControlMaster=no");
		option_add(ssh, n, "ControlPath=none");
	}
	if (identity != NULL) {
		ssh->argv[(*n)++] = "-i";
		ssh->argv[(*n)++] = identity;
		option_add(ssh, n, "IdentitiesOnly=yes");
	}
}

static int words_add(struct runner_ssh *ssh, size_t *n, const char *const words[], struct err *err)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (i >= RUNNER_SSH_WORDS_MAX || !name_made_of(words[i], SIZE_MAX, "./_-")) {
			return err_set(err, -EINVAL,
				       "'%.200s' cannot be run over ssh: a word may hold letters, "
				       "digits and ./_- only, and there are at most %d words",
				       words[i], RUNNER_SSH_WORDS_MAX);
		}
		ssh->argv[(*n)++] = words[i];
	}
	return 0;
}

/* Well before the deadline, so that ssh reports why it fails before it is killed. */
static int connect_timeout_s(struct deadline deadline)
{
	int seconds = deadline_left_ms(deadline) / 2000;

	return seconds < 1 ? 1 : seconds > CONNECT_MAX_S ? CONNECT_MAX_S : seconds;
}

int runner_ssh_init(struct runner_ssh *ssh, const struct runner *runner, const char *const words[],
		    bool multiplex, struct deadline deadline, struct err *err)
{
	size_t n = 0;
	int rc = runner_transport_check(runner->transport, err);

	if (rc == 0 && runner->identity != NULL) {
		rc = identity_check(runner->identity, err);
	}
	if (rc != 0) {
		return rc;
	}
	*ssh = (struct runner_ssh){0};
	(void)destination_parse(ssh, runner->transport);
	(void)snprintf(ssh->control_path, sizeof(ssh->control_path),
		       "ControlPath=" RUNNER_SSH_DIR "/%%C-%08x",
		       runner->identity == NULL ? 0 : g_str_hash(runner->identity));
	(void)snprintf(ssh->connect_timeout, sizeof(ssh->connect_timeout), "ConnectTimeout=%d",
		       connect_timeout_s(deadline));
	ssh->argv[n++] = "ssh";
	ssh->argv[n++] = "-T";
	options_add(ssh, &n, runner->identity, multiplex);
	if (ssh->port[0] != '\0') {
		ssh->argv[n++] = "-p";
		ssh->argv[n++] = ssh->port;
	}
	if (ssh->user[0] != '\0') {
		ssh->argv[n++] = "-l";
		ssh->argv[n++] = ssh->user;
	}
	ssh->argv[n++] = "--";
	ssh->argv[n++] = ssh->host;
	return words_add(ssh, &n, words, err);
}

bool runner_ssh_mux_failed(const struct runner_result *result)
{
	static const char *const texts[] = {"mux_client_hello_exchange", "mux_client_request_alive",
					    "Session open refused by peer", "Control socket"};

	if (result->exit_status != SSH_OWN_FAILURE || result->output_bytes != 0) {
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (strstr(result->stderr_tail, texts[i]) != NULL) {
			return true;
		}
	}
	return false;
}

int runner_ssh_explain(const struct runner *runner, const char *program,
		       const struct runner_result *result, struct err *err)
{
	const char *tail = result->stderr_tail;

	if (result->exit_status == SHELL_NOT_FOUND) {
		return err_set(err, -ENOENT, "%s: program '%s' was not found%s%s",
			       runner->transport, program, tail[0] == '\0' ? "" : ": ", tail);
	}
	if (result->exit_status != SSH_OWN_FAILURE) {
		return 0;
	}
	if (strstr(tail, "Permission denied") != NULL ||
	    strstr(tail, "Too many authentication failures") != NULL) {
		return err_set(err, -EACCES, "%s: the ssh key %s was refused: %s",
			       runner->transport,
			       runner->identity != NULL ? runner->identity : "of this user", tail);
	}
	if (strstr(tail, "Host key verification failed") != NULL) {
		return err_set(err, -EACCES,
			       "%s: known_hosts has no host key for it, or another: %s",
			       runner->transport, tail);
	}
	return err_set(err, -EHOSTUNREACH, "%s cannot be reached: %s", runner->transport,
		       tail[0] == '\0' ? "ssh gave no reason" : tail);
}
