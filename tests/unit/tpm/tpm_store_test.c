/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "tests/unit/support/undo.h"
#include "tpm/tpm_store.h"

/* A LUN in memory that two hosts may have; the call of this number, counted from 1, fails. */
struct device {
	char data[SLOT_AREA_BYTES];
	int calls;
	int fails;
	int writes;
	bool after; /* the call that fails has its effect all the same */
};

static int device_call(struct device *device, struct err *err)
{
	return ++device->calls == device->fails ? err_set(err, -EIO, "the call fails") : 0;
}

static int device_read(void *device, uint64_t offset_bytes, void *data, size_t bytes,
		       struct deadline deadline, struct err *err)
{
	struct device *from = device;

	(void)deadline;
	memcpy(data, from->data + offset_bytes, bytes);
	return device_call(from, err);
}

static int device_write(void *device, uint64_t offset_bytes, const void *data, size_t bytes,
			struct deadline deadline, struct err *err)
{
	struct device *to = device;
	int rc = device_call(to, err);

	(void)deadline;
	if (rc == 0 || to->after) {
		memcpy(to->data + offset_bytes, data, bytes);
		to->writes++;
	}
	return rc;
}

static int device_flush(void *device, struct deadline deadline, struct err *err)
{
	(void)deadline;
	return device_call(device, err);
}

static const struct state_device_ops device_ops = {device_read, device_write, device_flush};

static int lun_open(void *data, struct deadline deadline, struct state_lun **ret, struct err *err)
{
	int rc = device_call(data, err);

	(void)deadline;
	*ret = rc == 0 ? state_lun_new(&device_ops, data, 0) : NULL;
	return rc;
}

static void lun_close(void *data, struct state_lun *lun, struct deadline deadline)
{
	(void)data;
	state_lun_close(lun, deadline);
}

static const struct tpm_store_ops ops = {lun_open, lun_close};

/* A host; it has loaded what is there. */
static struct tpm_store host(struct device *device, bool arrival)
{
	struct tpm_store store = {.ops = &ops, .data = device, .arrival = arrival};
	g_autoptr(GBytes) found = NULL;

	assert_int_equal(tpm_store_load(&store, deadline_in(TEST_LIMIT_MS), &found, NULL), 0);
	return store;
}

static int put(struct tpm_store *store, const char *text)
{
	g_autoptr(GBytes) state = g_bytes_new(text, strlen(text));
	struct err err = ERR_INIT;
	int rc = tpm_store_put(store, state, deadline_in(TEST_LIMIT_MS), &err);

	assert_true((rc == 0) == (err_text(&err)[0] == '\0'));
	return rc;
}

/* What the next host finds. */
static void assert_found(struct device *device, const char *text)
{
	struct tpm_store store = {.ops = &ops, .data = device};
	g_autoptr(GBytes) found = NULL;
	g_autoptr(GBytes) wanted = text == NULL ? NULL : g_bytes_new(text, strlen(text));

	device->fails = 0;
	assert_int_equal(tpm_store_load(&store, deadline_in(TEST_LIMIT_MS), &found, NULL), 0);
	assert_true((found == NULL) == (wanted == NULL));
	assert_true(found == NULL || g_bytes_equal(found, wanted));
}

static void put__is_what_the_next_host_finds(void **state)
{
	g_autofree struct device *device = g_new0(struct device, 1);
	struct tpm_store store = host(device, false);

	(void)state;
	assert_found(device, NULL);
	assert_int_equal(put(&store, "one"), 0);
	assert_found(device, "one");
	assert_int_equal(put(&store, "two"), 0);
	assert_int_equal(put(&store, "three"), 0);
	assert_found(device, "three");
	tpm_store_release(&store);
}

static void put__writes_nothing_that_is_there(void **state)
{
	g_autofree struct device *device = g_new0(struct device, 1);
	struct tpm_store store = host(device, false);

	(void)state;
	assert_int_equal(put(&store, "one"), 0);
	assert_int_equal(put(&store, "one"), 0);
	assert_int_equal(device->writes, 1);
	tpm_store_release(&store);
}

static void put__refuses_if_another_host_has_written(void **state)
{
	g_autofree struct device *device = g_new0(struct device, 1);
	struct tpm_store old = host(device, false);
	struct tpm_store next = host(device, false);

	(void)state;
	assert_int_equal(put(&next, "one"), 0);
	assert_int_equal(put(&old, "old"), -ESTALE);
	assert_int_equal(put(&old, "old"), -ESTALE);
	assert_found(device, "one");
	tpm_store_release(&old);
	tpm_store_release(&next);
}

/* Fails at each call in turn, before or after its effect, and goes on. */
static void put__survives_any_failure(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++) {
		g_autofree struct device *device = g_new0(struct device, 1);
		struct tpm_store store = host(device, false);

		assert_int_equal(put(&store, "one"), 0);
		device->calls = 0;
		device->fails = 1 + i / 2;
		device->after = i % 2 != 0;
		(void)put(&store, "two");
		device->fails = 0;
		assert_int_equal(put(&store, "three"), 0);
		assert_found(device, "three");
		tpm_store_release(&store);
	}
}

static void put__that_failed_leaves_the_old_or_the_new(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++) {
		g_autofree struct device *device = g_new0(struct device, 1);
		struct tpm_store store = host(device, false);
		struct tpm_store look = {.ops = &ops, .data = device};
		g_autoptr(GBytes) found = NULL;
		int rc;

		assert_int_equal(put(&store, "one"), 0);
		device->calls = 0;
		device->fails = 1 + i / 2;
		device->after = i % 2 != 0;
		rc = put(&store, "two");
		device->fails = 0;
		assert_int_equal(tpm_store_load(&look, deadline_in(TEST_LIMIT_MS), &found, NULL),
				 0);
		assert_int_equal(g_bytes_get_size(found), 3);
		assert_true(memcmp(g_bytes_get_data(found, NULL), "two", 3) == 0 || rc != 0);
		tpm_store_release(&store);
	}
}

/* What comes with the stream is the other host's; that the LUN is away does not matter then. */
static void arrival__touches_nothing(void **state)
{
	g_autofree struct device *device = g_new0(struct device, 1);
	struct tpm_store source = host(device, false);
	struct tpm_store target;

	(void)state;
	assert_int_equal(put(&source, "one"), 0);
	target = host(device, true);
	/* The guest goes on, and writes. */
	assert_int_equal(put(&source, "two"), 0);
	device->calls = 0;
	assert_int_equal(put(&target, "two"), 0);
	assert_int_equal(device->calls, 0);
	/* The migration has failed: the source is not disturbed. */
	assert_int_equal(put(&source, "three"), 0);
	assert_found(device, "three");
	tpm_store_release(&source);
	tpm_store_release(&target);
}

static void arrival__takes_over_from_the_source(void **state)
{
	g_autofree struct device *device = g_new0(struct device, 1);
	struct tpm_store source = host(device, false);
	struct tpm_store target;

	(void)state;
	assert_int_equal(put(&source, "one"), 0);
	target = host(device, true);
	assert_int_equal(put(&source, "two"), 0);
	assert_int_equal(put(&target, "two"), 0);
	tpm_store_arrived(&target);
	/* The first write of the guest here may fail. */
	device->calls = 0;
	device->fails = 1;
	assert_int_equal(put(&target, "three"), -EIO);
	assert_int_equal(put(&target, "three"), 0);
	assert_found(device, "three");
	assert_int_equal(put(&source, "four"), -ESTALE);
	/* And it takes over once. */
	source.generation++;
	assert_int_equal(put(&source, "four"), 0);
	assert_int_equal(put(&target, "five"), -ESTALE);
	tpm_store_release(&source);
	tpm_store_release(&target);
}

/* Of a swtpm that stores nothing when its TPM has arrived, the first put is the guest's. */
static void arrival__may_end_without_a_put(void **state)
{
	g_autofree struct device *device = g_new0(struct device, 1);
	struct tpm_store source = host(device, false);
	struct tpm_store target;

	(void)state;
	assert_int_equal(put(&source, "one"), 0);
	target = host(device, true);
	assert_int_equal(put(&source, "two"), 0);
	tpm_store_arrived(&target);
	assert_int_equal(put(&target, "three"), 0);
	assert_found(device, "three");
	tpm_store_release(&source);
	tpm_store_release(&target);
}

static void arrival__needs_a_tpm(void **state)
{
	g_autofree struct device *device = g_new0(struct device, 1);
	struct tpm_store store = {.ops = &ops, .data = device, .arrival = true};
	struct err err = ERR_INIT;
	GBytes *found = NULL;

	(void)state;
	assert_int_equal(tpm_store_load(&store, deadline_in(TEST_LIMIT_MS), &found, &err),
			 -ENODATA);
	assert_null(found);
}

/* Somebody's data, or the VM's state LUN. */
static void load__refuses_what_is_no_tpm(void **state)
{
	g_autofree struct device *device = g_new0(struct device, 1);
	struct tpm_store store = {.ops = &ops, .data = device};
	struct state_lun *lun = state_lun_new(&device_ops, device, 0);
	struct slot slot = {.payload = "<domain>..</domain>", .payload_bytes = 19};
	struct err err = ERR_INIT;
	GBytes *found = NULL;

	(void)state;
	assert_int_equal(state_lun_store(lun, &slot, deadline_in(TEST_LIMIT_MS), &err), 0);
	state_lun_close(lun, deadline_in(0));
	assert_int_equal(tpm_store_load(&store, deadline_in(TEST_LIMIT_MS), &found, &err),
			 -EBADMSG);
	strcpy(device->data, "somebody's data");
	memset(device->data + SLOT_BYTES, 1, 100);
	assert_int_equal(tpm_store_load(&store, deadline_in(TEST_LIMIT_MS), &found, &err),
			 -EBADMSG);
	assert_int_equal(put(&store, "one"), -EBADMSG);
	tpm_store_release(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put__is_what_the_next_host_finds),
		cmocka_unit_test(put__writes_nothing_that_is_there),
		cmocka_unit_test(put__refuses_if_another_host_has_written),
		cmocka_unit_test(put__survives_any_failure),
		cmocka_unit_test(put__that_failed_leaves_the_old_or_the_new),
		cmocka_unit_test(arrival__touches_nothing),
		cmocka_unit_test(arrival__takes_over_from_the_source),
		cmocka_unit_test(arrival__may_end_without_a_put),
		cmocka_unit_test(arrival__needs_a_tpm),
		cmocka_unit_test(load__refuses_what_is_no_tpm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
