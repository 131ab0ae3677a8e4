/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "foreign/adopt_chain.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "process/runner.h"

#define ANSWER_MAX_BYTES (1024u * 1024)
#define SECTOR_BYTES 512
#define NS_PER_MS 1000000
#define MS_PER_S 1000

static const char *member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* What qemu-img calls the file that the link refers to. */
static const char *backing_of(const json_t *link)
{
	const char *full = member(link, "full-backing-filename");

	return full != NULL ? full : member(link, "backing-filename");
}

static int link_check(const json_t *link, const char *file, struct err *err)
{
	const json_t *data = json_object_get(json_object_get(link, "format-specific"), "data");

	if (file == NULL || json_integer_value(json_object_get(link, "virtual-size")) <= 0) {
		return err_set(err, -EPROTO, "qemu-img did not say its name and size");
	}
	if (*file != '/') {
		return err_set(err, -EINVAL,
			       "it refers to '%.150s', which is no file: 'qemu-img convert' makes "
			       "one that has all",
			       file);
	}
	if (json_is_true(json_object_get(link, "encrypted"))) {
		return err_set(err, -EINVAL,
			       "'%.150s' is encrypted, and the secret is in this host's libvirt: "
			       "'qemu-img convert' makes one that is not",
			       file);
	}
	if (member(data, "data-file") != NULL) {
		return err_set(
			err, -EINVAL,
			"'%.150s' has its data in another file: 'qemu-img convert' makes one "
			"that has all",
			file);
	}
	return 0;
}

/* A raw backing file is the guest's to write: it must not choose how it is read. */
static int format_check(const json_t *link, const char *file, struct err *err)
{
	const char *backing = backing_of(link);

	return backing == NULL || member(link, "backing-filename-format") != NULL
		       ? 0
		       : err_set(err, -EINVAL,
				 "'%.150s' does not name the format of its backing file: 'qemu-img "
				 "rebase -u -F FORMAT -b %.150s %.150s' writes it down",
				 file, backing, file);
}

static int links_take(const json_t *links, struct adopt_chain *ret, struct err *err)
{
	size_t n = json_array_size(links);
	int rc = n == 0 || n > ADOPT_CHAIN_MAX
			 ? err_set(err, -EPROTO, "qemu-img lists %zu files", n)
			 : 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const json_t *link = json_array_get(links, i);
		const char *file = member(link, "filename");

		rc = link_check(link, file, err);
		rc = rc != 0 ? rc : format_check(link, file, err);
		if (rc == 0) {
			g_ptr_array_add(ret->files, g_strdup(file));
		}
	}
	if (rc == 0) {
		ret->bytes = (uint64_t)json_integer_value(
			json_object_get(json_array_get(links, 0), "virtual-size"));
		ret->bytes = (ret->bytes + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
	}
	return rc;
}

int adopt_chain_decode(const char *text, size_t bytes, struct adopt_chain *ret, struct err *err)
{
	json_error_t error;
	json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	int rc;

	*ret = (struct adopt_chain){.files = g_ptr_array_new_with_free_func(g_free)};
	rc = json_is_array(root) ? links_take(root, ret, err)
				 : err_set(err, -EPROTO, "qemu-img's answer is no JSON list: %s",
					   root == NULL ? error.text : "another value");
	json_decref(root);
	if (rc != 0) {
		adopt_chain_release(ret);
	}
	return rc;
}

void adopt_chain_release(struct adopt_chain *chain)
{
	if (chain->files != NULL) {
		g_ptr_array_unref(chain->files);
	}
	*chain = (struct adopt_chain){.files = NULL};
}

static int files_check(const struct adopt_chain *chain, struct err *err)
{
	for (guint i = 0; i < chain->files->len; i++) {
		const char *file = g_ptr_array_index(chain->files, i);
		struct stat status;

		if (stat(file, &status) < 0) {
			return err_set(err, -errno, "'%.150s': %s", file, strerror(errno));
		}
		if (!S_ISREG(status.st_mode)) {
			return err_set(err, -EINVAL, "'%.150s' is not a regular file", file);
		}
	}
	return 0;
}

/* Before qemu-img opens it, which could hang on a pipe. */
static int first_check(const char *file, struct err *err)
{
	struct stat status;

	if (stat(file, &status) < 0) {
		return err_set(err, -errno, "%s", strerror(errno));
	}
	return S_ISREG(status.st_mode) ? 0 : err_set(err, -EINVAL, "it is not a regular file");
}

static int ask(const char *file, const char *format, struct deadline deadline,
	       struct adopt_chain *ret, struct err *err)
{
	const struct runner runner = {.transport = "exec"};
	const char *const argv[] = {"qemu-img",      "info", "-f", format, "--backing-chain",
				    "--output=json", "--",   file, NULL};
	struct runner_result result;
	int rc = first_check(file, err);

	rc = rc != 0 ? rc : runner_run(&runner, argv, "", ANSWER_MAX_BYTES, deadline, &result, err);
	if (rc != 0) {
		return rc;
	}
	rc = result.exit_status != 0
		     ? err_set(err, -EINVAL, "qemu-img cannot read it: %s", result.stderr_tail)
		     : adopt_chain_decode(result.output, result.output_bytes, ret, err);
	runner_result_release(&result);
	return rc;
}

int adopt_chain_get(const char *file, const char *format, struct deadline deadline,
		    struct adopt_chain *ret, struct err *err)
{
	int rc;

	*ret = (struct adopt_chain){.files = NULL};
	rc = ask(file, format, deadline, ret, err);
	if (rc == 0) {
		rc = files_check(ret, err);
		if (rc != 0) {
			adopt_chain_release(ret);
		}
	}
	return rc != 0 ? err_prefix(err, rc, "'%.200s'", file) : 0;
}

int adopt_chain_look(const char *file, const char *format, struct deadline deadline,
		     uint64_t *ret_bytes, struct err *err)
{
	struct adopt_chain chain;
	int rc = adopt_chain_get(file, format, deadline, &chain, err);

	if (rc == 0) {
		*ret_bytes = chain.bytes;
		adopt_chain_release(&chain);
	}
	return rc;
}

int adopt_chain_stamp(const struct adopt_chain *chain, char **ret, struct err *err)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < chain->files->len; i++) {
		const char *file = g_ptr_array_index(chain->files, i);
		struct stat status;

		if (stat(file, &status) < 0) {
			return err_set(err, -errno, "'%.150s': %s", file, strerror(errno));
		}
		g_string_append_printf(text, "%s %ju %ju %ju %jd.%09ld\n", file,
				       (uintmax_t)status.st_dev, (uintmax_t)status.st_ino,
				       (uintmax_t)status.st_size, (intmax_t)status.st_mtim.tv_sec,
				       status.st_mtim.tv_nsec);
	}
	*ret = g_string_free(g_steal_pointer(&text), FALSE);
	return 0;
}

int adopt_chain_unchanged_since(const struct adopt_chain *chain, int64_t since_ms, struct err *err)
{
	for (guint i = 0; i < chain->files->len; i++) {
		const char *file = g_ptr_array_index(chain->files, i);
		struct stat status;

		if (stat(file, &status) < 0) {
			return err_set(err, -errno, "'%.150s': %s", file, strerror(errno));
		}
		if ((int64_t)status.st_mtim.tv_sec * MS_PER_S + status.st_mtim.tv_nsec / NS_PER_MS >
		    since_ms) {
			return err_set(err, -ESTALE,
				       "'%.150s' was written after it was begun to be copied",
				       file);
		}
	}
	return 0;
}
