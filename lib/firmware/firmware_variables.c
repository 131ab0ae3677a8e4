/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/firmware_variables.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#define UNIT_BYTES 4096u /* a multiple of any block size, and of the flash's sectors */
/* EFI_FIRMWARE_VOLUME_HEADER: 16 zeros, a GUID, the length, and this. */
#define SIGNATURE "_FVH"
#define SIGNATURE_OFFSET 40

int firmware_variables_look(const struct state_device_ops *ops, void *device, bool *ret_present,
			    struct deadline deadline, struct err *err)
{
	char data[UNIT_BYTES];
	int rc = ops->read(device, 0, data, sizeof(data), deadline, err);
	size_t zeros = 0;

	if (rc != 0) {
		return rc;
	}
	*ret_present = memcmp(data + SIGNATURE_OFFSET, SIGNATURE, strlen(SIGNATURE)) == 0;
	while (zeros < sizeof(data) && data[zeros] == 0) {
		zeros++;
	}
	return *ret_present || zeros == sizeof(data)
		       ? 0
		       : err_set(err, -EUCLEAN,
				 "it holds something else than UEFI variables, and is not "
				 "overwritten: name the right LUN, or write zeros to its first %u "
				 "bytes for new variables",
				 UNIT_BYTES);
}

int firmware_variables_load(const char *file, uint64_t size_bytes, char **ret, struct err *err)
{
	g_autoptr(GError) error = NULL;
	gsize bytes = 0;

	*ret = NULL;
	if (!g_file_get_contents(file, ret, &bytes, &error)) {
		return err_set(err, -ENOENT, "%s", error->message);
	}
	if (bytes != size_bytes || bytes % UNIT_BYTES != 0 ||
	    bytes > FIRMWARE_VARIABLES_MAX_BYTES) {
		g_free(*ret);
		*ret = NULL;
		return err_set(err, -EINVAL,
			       "it has %" PRIu64 " bytes, and the variables in %s have %zu: make a "
			       "LUN of %zu bytes, which is the size of the guest's flash",
			       size_bytes, file, bytes, bytes);
	}
	return 0;
}

int firmware_variables_fill(const struct state_device_ops *ops, void *device, const char *data,
			    size_t bytes, struct deadline deadline, struct err *err)
{
	bool present = false;
	int rc = firmware_variables_look(ops, device, &present, deadline, err);

	if (rc != 0 || present) {
		return rc;
	}
	for (size_t at = bytes; rc == 0 && at > 0; at -= UNIT_BYTES) {
		size_t offset = at - UNIT_BYTES;

		rc = offset == 0 ? ops->flush(device, deadline, err) : 0;
		rc = rc != 0 ? rc
			     : ops->write(device, offset, data + offset, UNIT_BYTES, deadline, err);
	}
	return rc != 0 ? rc : ops->flush(device, deadline, err);
}
