/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/protocol/verb_runs.h"

#include "driver/protocol/reply.h"
#include "driver/protocol/request.h"
#include "driver/protocol/unused.h"
#include "names/lun.h"

#define SIZE_GRAIN_BYTES 512
#define SIZE_MAX_BYTES (INT64_C(1) << 60)

static bool reliability_valid(const char *text)
{
	return lun_name_valid(text);
}

/* The members name and size_bytes. */
static int volume_read(const json_t *request, struct driver_volume *ret, struct fault *fault)
{
	int64_t size = 0;
	int rc = request_name(request, "name", lun_name_valid, &ret->name, fault);

	rc = rc != 0 ? rc
		     : request_number(request, "size_bytes", SIZE_GRAIN_BYTES, SIZE_MAX_BYTES, 0,
				      &size, fault);
	if (rc != 0) {
		return rc;
	}
	if (ret->name == NULL) {
		return request_missing("name", fault);
	}
	if (size == 0 || size % SIZE_GRAIN_BYTES != 0) {
		return fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				 "member 'size_bytes' is required, and must be a multiple of %d",
				 SIZE_GRAIN_BYTES);
	}
	ret->size_bytes = (uint64_t)size;
	return 0;
}

int verb_create(const struct driver *driver, void *backend, const json_t *request,
		struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct driver_volume volume = {0};
	bool created;
	int rc =
		request_name(request, "reliability", reliability_valid, &volume.reliability, fault);

	rc = rc != 0 ? rc : volume_read(request, &volume, fault);
	if (rc != 0) {
		return rc;
	}
	rc = driver->create(backend, &volume, deadline, &created, fault);
	return rc != 0 ? rc : reply_put(reply, "created", json_boolean(created), fault);
}

int verb_delete(const struct driver *driver, void *backend, const json_t *request,
		struct deadline deadline, json_t *reply, struct fault *fault)
{
	const char *name;
	bool deleted;
	int rc = request_name(request, "name", lun_name_valid, &name, fault);

	if (rc == 0 && name == NULL) {
		rc = request_missing("name", fault);
	}
	rc = rc != 0 ? rc : driver->delete (backend, name, deadline, &deleted, fault);
	return rc != 0 ? rc : reply_put(reply, "deleted", json_boolean(deleted), fault);
}

/* Read-only, or writable again: neither happens under somebody who uses the LUN. */
int verb_protect(const struct driver *driver, void *backend, const json_t *request,
		 struct deadline deadline, json_t *reply, struct fault *fault)
{
	const char *lun;
	bool read_only = false;
	int rc = request_name(request, "name", lun_name_valid, &lun, fault);

	rc = rc != 0 ? rc : request_boolean(request, READ_ONLY_MEMBER, &read_only, fault);
	if (rc == 0 && (lun == NULL || json_object_get(request, READ_ONLY_MEMBER) == NULL)) {
		rc = request_missing(lun == NULL ? "name" : READ_ONLY_MEMBER, fault);
	}
	if (rc == 0 && driver->protect == NULL) {
		rc = fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
			       "this array has no read-only LUNs that many hosts may have");
	}
	rc = rc != 0 ? rc : unused_check(driver, backend, &lun, 1, deadline, fault);
	rc = rc != 0 ? rc : driver->protect(backend, lun, read_only, deadline, fault);
	return rc != 0 ? rc : reply_put(reply, READ_ONLY_MEMBER, json_boolean(read_only), fault);
}

int verb_resize(const struct driver *driver, void *backend, const json_t *request,
		struct deadline deadline, json_t *reply, struct fault *fault)
{
	struct driver_volume volume = {0};
	bool resized = false;
	int rc = volume_read(request, &volume, fault);

	if (rc == 0 && driver->resize == NULL) {
		rc = fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
			       "the driver cannot make LUNs of this array larger");
	}
	rc = rc != 0 ? rc
		     : driver->resize(backend, volume.name, volume.size_bytes, deadline, &resized,
				      fault);
	return rc != 0 ? rc : reply_put(reply, "resized", json_boolean(resized), fault);
}
