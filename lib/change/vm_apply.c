/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/vm_apply.h"

#include <errno.h>
#include <string.h>

#include "definition/definition_diff.h"
#include "definition/definition_part.h"

#define NIC_PATH "devices/interface"
#define MAC_LENGTH 17

struct apply {
	struct vm_context *vm;
	const char *definition; /* as it was stored */
	struct deadline deadline;
	vm_apply_tell_fn *tell;
	void *data;
	char updated[MAC_LENGTH + 1]; /* the NIC that was updated last: it may have many changes */
	bool update_failed;
};

/* "devices/interface[52:54:00:aa:bb:01]/link/@state": the MAC, and what follows. */
static bool nic_parse(const char *path, char ret_mac[MAC_LENGTH + 1], const char **ret_rest)
{
	const char *at;

	if (strncmp(path, NIC_PATH, strlen(NIC_PATH)) != 0) {
		return false;
	}
	at = path + strlen(NIC_PATH);
	if (strlen(at) < MAC_LENGTH + 2 || at[0] != '[' || at[MAC_LENGTH + 1] != ']') {
		return false;
	}
	(void)g_strlcpy(ret_mac, at + 1, MAC_LENGTH + 1);
	*ret_rest = at + MAC_LENGTH + 2;
	return true;
}

static int call(struct apply *apply, const struct definition_change *change, const char *mac,
		const char *rest, const char **ret_done, struct err *err)
{
	struct hypervisor *hypervisor = apply->vm->hypervisor;
	const char *name = apply->vm->settings->vm;
	g_autofree char *nic = NULL;
	int rc;

	if (*rest == '\0' && change->was == NULL) {
		*ret_done = "attached";
		return hypervisor_attach(hypervisor, name, change->is, apply->deadline, err);
	}
	if (*rest == '\0') {
		*ret_done = "the guest was asked to give it up";
		return hypervisor_detach(hypervisor, name, change->was, apply->deadline, err);
	}
	*ret_done = "changed";
	rc = definition_nic(apply->definition, mac, &nic, err);
	return rc != 0 ? rc : hypervisor_update(hypervisor, name, nic, apply->deadline, err);
}

/* True: the guest has the change now. */
static bool nic_apply(struct apply *apply, const struct definition_change *change)
{
	const char *done = NULL;
	char mac[MAC_LENGTH + 1];
	struct err why = ERR_INIT;
	const char *rest;
	int rc;

	if (!nic_parse(change->path, mac, &rest)) {
		if (g_str_has_prefix(change->path, NIC_PATH) && change->was == NULL) {
			(void)err_set(&why, -EINVAL, "it has no <mac> in the definition");
			apply->tell(apply->data, "new NIC", NULL, &why);
		}
		return false;
	}
	if (*rest != '\0' && strcmp(apply->updated, mac) == 0) {
		return !apply->update_failed;
	}
	rc = call(apply, change, mac, rest, &done, &why);
	if (*rest != '\0') {
		strcpy(apply->updated, mac);
		apply->update_failed = rc != 0;
	}
	apply->tell(apply->data, mac, rc == 0 ? done : NULL, &why);
	return rc == 0;
}

size_t vm_apply(struct vm_context *vm, const GPtrArray *changes, const char *definition,
		struct deadline deadline, vm_apply_tell_fn *tell, void *data)
{
	struct apply apply = {
		.vm = vm,
		.definition = definition,
		.deadline = deadline,
		.tell = tell,
		.data = data,
	};
	size_t left = 0;

	for (guint i = 0; i < changes->len; i++) {
		const struct definition_change *change = g_ptr_array_index(changes, i);

		left += change->filled || nic_apply(&apply, change) ? 0 : 1;
	}
	return left;
}
