/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/chap.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "config/trusted_file.h"

bool chap_wanted(const struct chap *chap)
{
	return chap != NULL && chap->secret_file != NULL;
}

const char *chap_user(const struct chap *chap, const char *initiator)
{
	return chap->user != NULL ? chap->user : initiator;
}

int chap_check(const struct chap *chap, struct err *err)
{
	if (chap->secret_file == NULL &&
	    (chap->user != NULL || chap->target_user != NULL || chap->target_secret_file != NULL)) {
		return err_set(err, -EINVAL,
			       "chap_user, chap_target_user and chap_target_secret_file need "
			       "chap_secret_file");
	}
	if ((chap->target_user == NULL) != (chap->target_secret_file == NULL)) {
		return err_set(err, -EINVAL,
			       "chap_target_user and chap_target_secret_file need each other");
	}
	return 0;
}

static bool printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~') {
			return false;
		}
	}
	return true;
}

int chap_secret_check(const char *secret, struct err *err)
{
	size_t length = strlen(secret);

	return length >= CHAP_SECRET_MIN && length <= CHAP_SECRET_MAX && printable(secret)
		       ? 0
		       : err_set(err, -EINVAL,
				 "the secret must be one line of %d to %d printable characters "
				 "without blanks",
				 CHAP_SECRET_MIN, CHAP_SECRET_MAX);
}

int chap_no_core(struct err *err)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
		       ? 0
		       : err_set(err, -EKEYREJECTED, "core dumps cannot be switched off");
}

/* A NUL in the file is not printable, either. */
static int line_check(char *text, size_t bytes, struct err *err)
{
	bytes -= bytes > 0 && text[bytes - 1] == '\n' ? 1 : 0;
	text[bytes] = '\0';
	return chap_secret_check(strlen(text) == bytes ? text : "", err);
}

static int secret_read(const char *key, const char *file, char secret[CHAP_SECRET_MAX + 1],
		       struct err *err)
{
	char text[CHAP_SECRET_MAX + 3]; /* with a newline, and one more to see that it is longer */
	size_t bytes = 0;
	int rc = trusted_file_read_private(file, text, sizeof(text) - 1, &bytes, err);

	rc = rc < 0 ? rc : line_check(text, bytes, err);
	if (rc == 0) {
		(void)strcpy(secret, text);
	}
	explicit_bzero(text, sizeof(text));
	return rc < 0 ? err_prefix(err, -EKEYREJECTED, "correct %s '%s' on this host", key, file)
		      : 0;
}

int chap_read(const struct chap *chap, struct chap_secrets *ret, struct err *err)
{
	int rc;

	*ret = (struct chap_secrets){.own = ""};
	rc = chap_no_core(err);
	rc = rc < 0 ? rc : secret_read("chap_secret_file", chap->secret_file, ret->own, err);
	if (rc == 0 && chap->target_secret_file != NULL) {
		rc = secret_read("chap_target_secret_file", chap->target_secret_file, ret->target,
				 err);
	}
	if (rc == 0 && strcmp(ret->own, ret->target) == 0) {
		rc = err_set(err, -EKEYREJECTED,
			     "make the secrets in '%s' and '%s' different: whoever knows one could "
			     "answer for the other side",
			     chap->secret_file, chap->target_secret_file);
	}
	if (rc < 0) {
		chap_wipe(ret);
	}
	return rc;
}

void chap_wipe(struct chap_secrets *secrets)
{
	explicit_bzero(secrets, sizeof(*secrets));
}
