/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adopt/adopt_tpm.h"

#include <assert.h>
#include <string.h>

#include "state/state_lun.h"
#include "tpm/tpm_folder.h"
#include "tpm/tpm_server.h"
#include "xml/xml_tree.h"

#define CLOSE_MS 500

static_assert(ADOPT_TPM_BYTES >= TPM_LUN_BYTES_MIN, "the LUN is too small");

int adopt_tpm_load(xmlNodePtr domain, GBytes **ret, struct err *err)
{
	const char *uuid = xml_tree_text(xml_tree_child(domain, "uuid"));
	g_autofree char *folder = NULL;
	g_autofree char *file = NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	gsize bytes = 0;

	*ret = NULL;
	if (uuid == NULL) {
		return err_set(err, -EINVAL, "the domain has no <uuid>");
	}
	folder = tpm_server_mount_point(uuid);
	file = g_strconcat(folder, TPM_FOLDER_STATE, NULL);
	if (!g_file_get_contents(file, &text, &bytes, &error)) {
		return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)
			       ? 0
			       : err_set(err, -EACCES, "the TPM's state: %s", error->message);
	}
	if (bytes == 0 || bytes > TPM_STATE_MAX) {
		return err_set(err, -EMSGSIZE,
			       "the TPM's state, '%.200s', has %zu bytes; legal are 1 to %u", file,
			       bytes, TPM_STATE_MAX);
	}
	*ret = g_bytes_new_take(g_steal_pointer(&text), bytes);
	return 0;
}

static int lun_open(const struct vm_context *vm, struct deadline deadline, struct state_lun **ret,
		    struct err *err)
{
	struct iscsi_path path = {
		.portal = vm->portal, .initiator = vm->self->initiator, .chap = vm->chap};
	struct extent whole = {.offset_bytes = 0};
	const struct lun *lun = NULL;

	for (size_t i = 0; i < vm->n_drives; i++) {
		if (strcmp(vm->drives[i].target, DRIVE_TPM) == 0) {
			lun = luns_find(vm->luns, vm->n_luns, vm->drives[i].extent.lun);
		}
	}
	if (!vm->luns_known || lun == NULL) {
		return err_set(err, -EINVAL, "the paths to the LUN of the TPM were not verified");
	}
	path.target = lun->target;
	path.number = lun->number;
	strcpy(whole.lun, lun->name);
	return state_lun_open(&path, &whole, deadline, ret, err);
}

static int compare(GBytes *wanted, const struct slot *slot, struct err *err)
{
	const char *state = NULL;
	size_t bytes = 0;
	int rc = tpm_state_decode(slot->payload, slot->payload_bytes, &state, &bytes, err);

	if (rc != 0) {
		return rc;
	}
	return bytes == g_bytes_get_size(wanted) &&
			       memcmp(state, g_bytes_get_data(wanted, NULL), bytes) == 0
		       ? TASK_DONE
		       : err_set(err, -EUCLEAN, "the LUN holds the state of another TPM");
}

int adopt_tpm_probe(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	struct state_lun *lun = NULL;
	struct err own = ERR_INIT;
	struct slot slot;
	int rc = vm->adopt->tpm == NULL ? 0 : lun_open(vm, deadline, &lun, err);

	if (rc != 0 || vm->adopt->tpm == NULL) {
		return rc != 0 ? rc : TASK_DONE;
	}
	rc = state_lun_load(lun, deadline, &slot, &own);
	rc = rc == 0          ? compare(vm->adopt->tpm, &slot, err)
	     : rc == -ENODATA ? TASK_NOT_DONE
			      : err_set(err, rc, "LUN of the TPM: %s", err_text(&own));
	state_lun_close(lun, deadline_within(deadline, CLOSE_MS));
	return rc;
}

int adopt_tpm_run(void *context, struct deadline deadline, struct err *err)
{
	struct vm_context *vm = context;
	GBytes *state = vm->adopt->tpm;
	struct slot slot = {.image = IMAGE_NONE};
	g_autofree char *payload = NULL;
	struct state_lun *lun = NULL;
	int rc = tpm_state_encode(g_bytes_get_data(state, NULL), g_bytes_get_size(state), &payload,
				  &slot.payload_bytes, err);

	rc = rc != 0 ? rc : lun_open(vm, deadline, &lun, err);
	if (rc == 0) {
		slot.payload = payload;
		rc = state_lun_store(lun, &slot, deadline, err);
		state_lun_close(lun, deadline_within(deadline, CLOSE_MS));
	}
	return rc;
}
