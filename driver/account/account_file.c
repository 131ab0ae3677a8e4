/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/account/account_file.h"

#include <stdlib.h>
#include <string.h>

#include "config/trusted_file.h"
#include "driver/account/account_plan.h"

#define BLANKS " \t"
#define WORDS 3

struct reader {
	struct account_file *file;
	size_t *lines; /* of the accounts */
	size_t line;
	const struct account *array; /* NULL: none yet */
};

/* What tgtd takes in "user=NAME,password=SECRET"; no blank, as in an iSCSI name. */
static bool user_valid(const char *user)
{
	size_t length = strlen(user);

	for (size_t i = 0; i < length; i++) {
		if (user[i] <= ' ' || user[i] > '~' || user[i] == ',' || user[i] == '=') {
			return false;
		}
	}
	return length > 0 && length <= CHAP_USER_MAX &&
	       strncmp(user, ACCOUNT_RESERVED, strlen(ACCOUNT_RESERVED)) != 0;
}

/* The words are those of a line, which is changed. */
static size_t words_split(char *line, char *words[WORDS + 1])
{
	char *rest = NULL;
	size_t n = 0;

	for (char *word = strtok_r(line, BLANKS, &rest); word != NULL && n <= WORDS;
	     word = strtok_r(NULL, BLANKS, &rest)) {
		words[n++] = word;
	}
	return n;
}

static int words_check(char *const words[WORDS + 1], size_t n, struct err *err)
{
	if (n != WORDS || (strcmp(words[0], "host") != 0 && strcmp(words[0], "array") != 0)) {
		return err_set(err, -EINVAL, "a line is 'host USER SECRET' or 'array USER SECRET'");
	}
	if (!user_valid(words[1])) {
		return err_set(err, -EINVAL,
			       "the user must be 1 to %d printable characters without blanks, ',' "
			       "and '=', and not begin with " ACCOUNT_RESERVED,
			       CHAP_USER_MAX);
	}
	return chap_secret_check(words[2], err);
}

static int account_add(struct reader *reader, char *const words[WORDS + 1], struct err *err)
{
	struct account_file *file = reader->file;
	struct account *account = &file->accounts[file->count];

	if (file->count == ACCOUNT_FILE_MAX) {
		return err_set(err, -EINVAL, "there are more than %d accounts", ACCOUNT_FILE_MAX);
	}
	for (size_t i = 0; i < file->count; i++) {
		if (strcmp(file->accounts[i].user, words[1]) == 0) {
			return err_set(err, -EINVAL, "this user is in line %zu, too",
				       reader->lines[i]);
		}
	}
	account->outgoing = strcmp(words[0], "array") == 0;
	if (account->outgoing && reader->array != NULL) {
		return err_set(err, -EINVAL, "there is one array at most");
	}
	reader->array = account->outgoing ? account : reader->array;
	(void)strcpy(account->user, words[1]);
	(void)strcpy(account->secret, words[2]);
	reader->lines[file->count++] = reader->line;
	return 0;
}

static int line_read(struct reader *reader, char *line, struct err *err)
{
	char *words[WORDS + 1];
	size_t n = words_split(line, words);
	int rc;

	if (n == 0 || words[0][0] == '#') {
		return 0;
	}
	rc = words_check(words, n, err);
	return rc < 0 ? rc : account_add(reader, words, err);
}

static int lines_read(struct reader *reader, char *text, struct err *err)
{
	int rc = 0;

	for (char *next = text; next != NULL && rc == 0;) {
		char *line = strsep(&next, "\n");

		reader->line++;
		rc = line_read(reader, line, err);
	}
	return rc;
}

/* Whoever knows a host's secret could otherwise answer as the array (RFC 7143 9.2.1). */
static int whole_check(const struct reader *reader, struct err *err)
{
	const struct account_file *file = reader->file;

	if (file->count == (reader->array != NULL ? 1u : 0u)) {
		return err_set(err, -EINVAL, "it has no host: nobody could log in");
	}
	for (size_t i = 0; reader->array != NULL && i < file->count; i++) {
		if (!file->accounts[i].outgoing &&
		    strcmp(file->accounts[i].secret, reader->array->secret) == 0) {
			return err_set(err, -EINVAL,
				       "give the array a secret other than those of the hosts");
		}
	}
	return 0;
}

static int text_read(const char *path, char *text, size_t bytes, struct account_file *ret,
		     struct err *err)
{
	size_t lines[ACCOUNT_FILE_MAX];
	struct reader reader = {.file = ret, .lines = lines};
	int rc;

	if (bytes > ACCOUNT_FILE_MAX_BYTES || memchr(text, '\0', bytes) != NULL) {
		return err_set(err, -EINVAL, "%s is binary, or longer than %u bytes", path,
			       ACCOUNT_FILE_MAX_BYTES);
	}
	text[bytes] = '\0';
	rc = lines_read(&reader, text, err);
	if (rc < 0) {
		return err_prefix(err, rc, "%s:%zu", path, reader.line);
	}
	rc = whole_check(&reader, err);
	return rc < 0 ? err_prefix(err, rc, "%s", path) : 0;
}

int account_file_read(const char *path, struct account_file *ret, struct err *err)
{
	char *text = malloc(ACCOUNT_FILE_MAX_BYTES + 2);
	size_t bytes = 0;
	int rc = text != NULL ? chap_no_core(err) : err_set(err, -ENOMEM, "out of memory");

	*ret = (struct account_file){.accounts = NULL};
	if (rc == 0) {
		ret->accounts = calloc(ACCOUNT_FILE_MAX, sizeof(*ret->accounts));
		rc = ret->accounts != NULL ? 0 : err_set(err, -ENOMEM, "out of memory");
	}
	if (rc == 0) {
		rc = trusted_file_read_private(path, text, ACCOUNT_FILE_MAX_BYTES + 1, &bytes, err);
		rc = rc < 0 ? err_prefix(err, rc, "%s", path) : 0;
	}
	rc = rc < 0 ? rc : text_read(path, text, bytes, ret, err);
	if (text != NULL) {
		explicit_bzero(text, ACCOUNT_FILE_MAX_BYTES + 2);
		free(text);
	}
	if (rc < 0) {
		account_file_release(ret);
	}
	return rc;
}

void account_file_release(struct account_file *file)
{
	if (file->accounts != NULL) {
		explicit_bzero(file->accounts, ACCOUNT_FILE_MAX * sizeof(*file->accounts));
		free(file->accounts);
	}
	*file = (struct account_file){.accounts = NULL};
}
