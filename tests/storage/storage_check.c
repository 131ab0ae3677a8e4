/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/portal.h"
#include "san/iscsi.h"
#include "state/image.h"
#include "state/state_lun.h"

/*
 * One operation of the storage modules, for the scripts of this folder:
 *
 *	storage_check PORTAL INITIATOR TARGET NUMBER OPERATION [ARGUMENT...]
 *
 * CHAP_SECRET_FILE, CHAP_USER, CHAP_TARGET_USER and CHAP_TARGET_SECRET_FILE in the environment: it
 * logs in with CHAP.
 *
 * Prints "ok ..." or "ERRNO text"; then " ms=N". Exit status 0 or 1.
 */
#define TIMEOUT_MS 60000

struct check {
	struct iscsi_path path;
	char **arguments; /* NULL-terminated */
	int timeout_ms;
	struct chap chap;
};

static int facts_do(const struct check *check, struct iscsi_lun *lun, struct deadline deadline,
		    struct err *err)
{
	struct iscsi_facts facts;
	int rc = iscsi_lun_facts(lun, deadline, &facts, err);

	(void)check;
	if (rc == 0) {
		printf("size=%" PRIu64 " block=%" PRIu32, facts.size_bytes, facts.block_bytes);
		for (size_t i = 0; i < facts.n_designators; i++) {
			printf(" '%s'", facts.designators[i]);
		}
		printf("\n");
	}
	return rc;
}

/* A pattern over 1 MiB and a bit, read back by a second session. */
static int transfer_do(const struct check *check, struct iscsi_lun *lun, struct deadline deadline,
		       struct err *err)
{
	static unsigned char out[1024 * 1024 + 4096], in[sizeof(out)];
	struct iscsi_lun *second = NULL;
	int rc;

	for (size_t i = 0; i < sizeof(out); i++) {
		out[i] = (unsigned char)(i * 7 + i / 4096);
	}
	rc = iscsi_lun_write(lun, 512, out, sizeof(out), deadline, err);
	rc = rc < 0 ? rc : iscsi_lun_flush(lun, deadline, err);
	rc = rc < 0 ? rc : iscsi_lun_open(&check->path, deadline, &second, err);
	rc = rc < 0 ? rc : iscsi_lun_read(second, 512, in, sizeof(in), deadline, err);
	iscsi_lun_close(second, deadline);
	if (rc == 0 && memcmp(in, out, sizeof(out)) != 0) {
		rc = err_set(err, -EIO, "read something else than was written");
	}
	return rc;
}

/* Tells that the session is open, waits for a line on stdin, then writes one block. */
static int write_later_do(const struct check *check, struct iscsi_lun *lun,
			  struct deadline deadline, struct err *err)
{
	unsigned char block[4096] = "later";
	char line[16];

	(void)check;
	printf("open\n");
	(void)fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL) {
		return err_set(err, -EPIPE, "nobody said go");
	}
	return iscsi_lun_write(lun, 0, block, sizeof(block), deadline, err);
}

static int beyond_do(const struct check *check, struct iscsi_lun *lun, struct deadline deadline,
		     struct err *err)
{
	unsigned char block[512];

	(void)check;
	return iscsi_lun_read(lun, UINT64_C(1) << 60, block, sizeof(block), deadline, err);
}

static int lun_do(const struct check *check,
		  int (*operation)(const struct check *check, struct iscsi_lun *lun,
				   struct deadline deadline, struct err *err),
		  struct err *err)
{
	struct deadline deadline = deadline_in(check->timeout_ms);
	struct iscsi_lun *lun = NULL;
	int rc = iscsi_lun_open(&check->path, deadline, &lun, err);

	rc = rc < 0 ? rc : operation(check, lun, deadline, err);
	iscsi_lun_close(lun, deadline);
	return rc;
}

static int facts(const struct check *check, struct err *err)
{
	return lun_do(check, facts_do, err);
}

static int transfer(const struct check *check, struct err *err)
{
	return lun_do(check, transfer_do, err);
}

static int write_later(const struct check *check, struct err *err)
{
	return lun_do(check, write_later_do, err);
}

static int beyond(const struct check *check, struct err *err)
{
	return lun_do(check, beyond_do, err);
}

/* DESIGNATOR SIZE */
static int verify(const struct check *check, struct err *err)
{
	struct lun expected = {.name = "expected"};

	(void)snprintf(expected.designator, sizeof(expected.designator), "%s", check->arguments[0]);
	expected.size_bytes = strtoull(check->arguments[1], NULL, 10);
	return iscsi_path_verify(&check->path, &expected, deadline_in(check->timeout_ms), err);
}

/* COUNT PATHS_REQUIRED DESIGNATOR-PREFIX SIZE [PORTAL...]: names end in 1..COUNT */
static int verify_all(const struct check *check, struct err *err)
{
	static struct lun luns[VM_LUNS_MAX];
	const char *portals[PORTALS_MAX] = {check->path.portal};
	struct iscsi_portals good = {.n_good = 0};
	size_t n_portals = 1;
	size_t count = strtoul(check->arguments[0], NULL, 10);
	int rc;

	for (size_t i = 0; i < count && i < VM_LUNS_MAX; i++) {
		(void)snprintf(luns[i].name, sizeof(luns[i].name), "lun%zu", i + 1);
		(void)snprintf(luns[i].target, sizeof(luns[i].target), "%s%zu", check->path.target,
			       i + 1);
		(void)snprintf(luns[i].designator, sizeof(luns[i].designator), "%s%zu",
			       check->arguments[2], i + 1);
		luns[i].size_bytes = strtoull(check->arguments[3], NULL, 10);
		luns[i].number = check->path.number;
	}
	for (char **more = &check->arguments[4]; *more != NULL && n_portals < PORTALS_MAX; more++) {
		portals[n_portals++] = *more;
	}
	rc = iscsi_luns_verify(luns, count, portals, n_portals, check->path.initiator,
			       check->path.chap, strtoul(check->arguments[1], NULL, 10),
			       deadline_in(check->timeout_ms), &good, err);
	printf("paths=%zu\n", good.n_good);
	return rc;
}

/* OFFSET [PAYLOAD]: prints the state, or stores one with that payload. */
static int state(const struct check *check, struct err *err)
{
	struct extent extent = {.lun = "state",
				.offset_bytes = strtoull(check->arguments[0], NULL, 10)};
	struct deadline deadline = deadline_in(check->timeout_ms);
	struct slot slot = {.image = IMAGE_NONE};
	struct state_lun *lun = NULL;
	int rc = state_lun_open(&check->path, &extent, deadline, &lun, err);

	if (rc == 0 && check->arguments[1] != NULL) {
		slot.payload = check->arguments[1];
		slot.payload_bytes = strlen(check->arguments[1]);
		rc = state_lun_store(lun, &slot, deadline, err);
	} else if (rc == 0) {
		rc = state_lun_load(lun, deadline, &slot, err);
		if (rc == 0) {
			printf("generation=%" PRIu64 " image=%s payload=%.*s\n", slot.generation,
			       image_state_to_str(slot.image), (int)slot.payload_bytes,
			       slot.payload);
		}
	}
	state_lun_close(lun, deadline);
	return rc;
}

/* VM OFFSET LENGTH LUN-SIZE: exports, prints the file, closes at the first line on stdin. */
static int image(const struct check *check, struct err *err)
{
	struct extent extent = {.lun = "state",
				.offset_bytes = strtoull(check->arguments[1], NULL, 10),
				.length_bytes = strtoull(check->arguments[2], NULL, 10)};
	struct image_export *export = NULL;
	int64_t begin_ms = deadline_now_ms();
	int rc = image_export_open(check->arguments[0], &check->path, &extent,
				   strtoull(check->arguments[3], NULL, 10),
				   deadline_in(check->timeout_ms), &export, err);

	if (rc < 0) {
		return rc;
	}
	printf("%s bytes=%" PRIu64 " open_ms=%" PRId64 "\n", image_export_file(export),
	       image_export_size_bytes(export), deadline_now_ms() - begin_ms);
	(void)fflush(stdout);
	(void)getchar(); /* until it is told to end, or nobody is left to tell it */
	begin_ms = deadline_now_ms();
	rc = image_export_close(export, deadline_in(check->timeout_ms), err);
	printf("close_ms=%" PRId64 "\n", deadline_now_ms() - begin_ms);
	return rc;
}

/* VM */
static int image_stale(const struct check *check, struct err *err)
{
	return image_export_remove_stale(check->arguments[0], deadline_in(check->timeout_ms), err);
}

static const struct {
	const char *name;
	int arguments;
	int (*run)(const struct check *check, struct err *err);
} operations[] = {
	{"facts", 0, facts},
	{"transfer", 0, transfer},
	{"beyond", 0, beyond},
	{"write-later", 0, write_later},
	{"verify", 2, verify},
	{"verify-all", 4, verify_all},
	{"state", 1, state},
	{"image", 4, image},
	{"image-stale", 1, image_stale},
};

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct check check = {.timeout_ms = TIMEOUT_MS};
	const char *timeout = getenv("TIMEOUT_MS");
	int64_t begin_ms = deadline_now_ms();

	if (timeout != NULL) {
		check.timeout_ms = atoi(timeout);
	}
	for (size_t i = 0; argc >= 6 && i < G_N_ELEMENTS(operations); i++) {
		int rc;

		if (strcmp(argv[5], operations[i].name) != 0 ||
		    argc - 6 < operations[i].arguments) {
			continue;
		}
		check.path = (struct iscsi_path){.portal = argv[1],
						 .initiator = argv[2],
						 .target = argv[3],
						 .number = (unsigned int)atoi(argv[4])};
		check.chap = (struct chap){
			.user = getenv("CHAP_USER"),
			.secret_file = getenv("CHAP_SECRET_FILE"),
			.target_user = getenv("CHAP_TARGET_USER"),
			.target_secret_file = getenv("CHAP_TARGET_SECRET_FILE"),
		};
		check.path.chap = &check.chap;
		check.arguments = &argv[6];
		rc = operations[i].run(&check, &err);
		printf("%s%s%s ms=%" PRId64 "\n", rc == 0 ? "ok" : strerrorname_np(-rc),
		       rc == 0 ? "" : " ", rc == 0 ? "" : err_text(&err),
		       deadline_now_ms() - begin_ms);
		return rc == 0 ? 0 : 1;
	}
	(void)fprintf(stderr, "usage: %s PORTAL INITIATOR TARGET NUMBER OPERATION [ARGUMENT...]\n",
		      argv[0]);
	return 2;
}
