/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store.h"

#include <glib.h>
#include <string.h>

#include "store/store_read.h"
#include "store/store_writer.h"

struct store {
	struct store_dir dir;
	struct store_db db;
	struct store_content content;
	struct store_writer writer;
};

/* Creates the database under another name and renames it when it is complete. */
static int database_make(const struct store_dir *dir, struct err *err)
{
	struct store_state state = {.flags = 0};
	char path[STORE_PATH_MAX];
	int rc = id128_random(&state.disk);

	if (rc < 0) {
		return err_set(err, rc, "no random numbers: %s", strerror(-rc));
	}
	rc = store_dir_make_new(dir, err);
	if (rc == 0) {
		store_dir_path(dir, STORE_DB_NEW, path);
		rc = store_db_create(path, &state, err);
	}
	return rc < 0 ? rc : store_dir_install_new(dir, err);
}

/* The new boot number is durable before the store is handed out: no two runs have the same. */
static int boot_count(struct store *store, struct err *err)
{
	struct store_state *state = &store->content.state;
	int rc;

	state->boot++;
	state->flags |= STORE_IN_USE;
	rc = store_db_write_state(&store->db, state, err);
	rc = rc < 0 ? rc : store_db_checkpoint(&store->db, true, err);
	return rc < 0 ? rc : store_dir_sync(&store->dir, err);
}

static int database_use(struct store *store, struct err *err)
{
	int rc = store_read(&store->dir, &store->db, &store->content, err);

	if (rc < 0) {
		return rc;
	}
	rc = boot_count(store, err);
	if (rc < 0) {
		store_content_release(&store->content);
		store_db_close(&store->db);
	}
	return rc;
}

/* Interprets two errors. After -EIO the next start must not trust the disk either: the mark. */
static int failure_judge(const struct store *store, int rc, const struct err *why)
{
	if (rc == -EIO) {
		(void)store_dir_mark(&store->dir, err_text(why));
	}
	/* A database that says it is read-only, on a file system that is not, is damaged. */
	return rc == -EROFS && !store_dir_read_only_fs(&store->dir) ? -EBADMSG : rc;
}

static int store_begin_new(struct store *store, struct err *err)
{
	int rc = database_make(&store->dir, err);

	rc = rc < 0 ? rc : database_use(store, err);
	if (rc < 0) {
		rc = failure_judge(store, rc, err);
		return err_prefix(err, rc == -EBADMSG ? -EIO : rc, "a new store in %s",
				  store->dir.path);
	}
	/* Last: after a crash before it, the next start makes a new store again and loses none. */
	return store_dir_unmark(&store->dir, err);
}

static int store_replace(struct store *store, const char *why, struct err *err)
{
	char name[NAME_MAX + 1];
	int rc = store_dir_put_aside(&store->dir, name, err);

	rc = rc < 0 ? rc : store_begin_new(store, err);
	return rc < 0 ? rc
		      : err_set(err, 0, "the store was put aside as %s/%s, and a new one begun: %s",
				store->dir.path, name, why);
}

/* The existing database. -EBADMSG: unusable, why says the reason. Else as store_open(). */
static int store_begin_old(struct store *store, struct err *why)
{
	int rc;

	if (store_dir_marked(&store->dir, why)) {
		return -EBADMSG;
	}
	if (!store_dir_has(&store->dir, STORE_DB)) {
		return err_set(why, -EBADMSG, STORE_DB " is gone, only its -wal is there");
	}
	rc = database_use(store, why);
	return rc < 0 ? failure_judge(store, rc, why) : 0;
}

static int store_begin(struct store *store, bool make_new, enum store_history *ret_history,
		       struct err *err)
{
	struct err why = ERR_INIT;
	int rc;

	if (!store_dir_has(&store->dir, STORE_DB) && !store_dir_has(&store->dir, STORE_DB "-wal")) {
		*ret_history = STORE_NEW;
		return store_begin_new(store, err);
	}
	/* With the mark, the next start replaces the store too, should this process crash. */
	if (make_new && store_dir_mark(&store->dir, "a new store was requested") < 0) {
		return err_set(err, -EIO, "cannot write %s/%s", store->dir.path, STORE_MARK);
	}
	rc = store_begin_old(store, &why);
	*ret_history = rc == 0 ? STORE_OLD : STORE_REPLACED;
	if (rc == -EBADMSG) {
		return store_replace(store, err_text(&why), err);
	}
	return rc < 0 ? err_set(err, rc, "%s/%s: %s", store->dir.path, STORE_DB, err_text(&why))
		      : 0;
}

static int store_start(struct store *store, const struct store_options *options,
		       enum store_history *ret_history, struct err *err)
{
	uint64_t bytes_max = options->bytes_max > 0 ? options->bytes_max : STORE_BYTES_MAX;
	int rc = store_dir_room(&store->dir, STORE_ROOM_MIN, err);

	rc = rc < 0 ? rc : store_begin(store, options->make_new, ret_history, err);
	if (rc == 0) {
		rc = store_writer_start(&store->writer, &store->dir, &store->db,
					&store->content.state, bytes_max, err);
		if (rc < 0) {
			store_writer_stop(&store->writer);
		}
	}
	if (rc < 0) {
		store_content_release(&store->content);
		store_db_close(&store->db);
	}
	return rc;
}

int store_open(const char *directory, const struct store_options *options, struct store **ret,
	       enum store_history *ret_history, struct err *err)
{
	static const struct store_options none;
	struct store *store = g_new0(struct store, 1);
	int rc = store_dir_open(directory, false, &store->dir, err);

	if (rc < 0) {
		g_free(store);
		return rc;
	}
	rc = store_start(store, options != NULL ? options : &none, ret_history, err);
	if (rc < 0) {
		store_dir_release(&store->dir);
		g_free(store);
		return rc;
	}
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	if (store == NULL) {
		return;
	}
	store_writer_stop(&store->writer);
	store_content_release(&store->content);
	store_db_close(&store->db);
	store_dir_release(&store->dir);
	g_free(store);
}

const struct id128 *store_disk(const struct store *store)
{
	return &store->content.state.disk;
}

uint64_t store_boot(const struct store *store)
{
	return store->content.state.boot;
}

const struct core_durable *store_durable(const struct store *store)
{
	return &store->content.durable;
}

int store_persist(struct store *store, const struct core_persist *persist, struct err *err)
{
	int rc = store_writer_put(&store->writer, persist, err);

	/* Released last: persist may point into the content. */
	store_content_release(&store->content);
	return rc;
}

int store_fd(const struct store *store)
{
	return store->writer.event;
}

int store_done(struct store *store, uint64_t *ret_sequence, struct err *err)
{
	return store_writer_done(&store->writer, ret_sequence, err);
}

uint64_t store_bytes(struct store *store)
{
	return store_writer_bytes(&store->writer);
}
