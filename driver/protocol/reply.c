/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/protocol/reply.h"

int reply_no_memory(struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_INTERNAL, "out of memory");
}

int reply_put(json_t *reply, const char *key, json_t *value, struct fault *fault)
{
	return json_object_set_new(reply, key, value) == 0 ? 0 : reply_no_memory(fault);
}

json_t *reply_names(const char *const *names, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(list, json_string(names[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *mask_encode(const struct mask *mask)
{
	json_t *initiators = json_array();
	json_t *nexuses = json_array();

	for (size_t i = 0; i < mask->n_initiators; i++) {
		(void)json_array_append_new(initiators, json_string(mask->initiators[i]));
	}
	for (size_t i = 0; i < mask->n_nexuses; i++) {
		const struct nexus *nexus = &mask->nexuses[i];

		(void)json_array_append_new(nexuses,
					    json_pack("{s:s, s:s}", "initiator", nexus->initiator,
						      "address", nexus->address));
	}
	if (json_array_size(initiators) != mask->n_initiators ||
	    json_array_size(nexuses) != mask->n_nexuses) {
		json_decref(initiators);
		json_decref(nexuses);
		return NULL; /* an incomplete list of holders would be wrong */
	}
	return json_pack("{s:s, s:o, s:o}", "lun", mask->lun, "initiators", initiators, "nexuses",
			 nexuses);
}

int reply_masks(json_t *reply, const struct masks *masks, struct fault *fault)
{
	json_t *list = json_array();

	for (size_t i = 0; i < masks->count; i++) {
		if (json_array_append_new(list, mask_encode(&masks->masks[i])) != 0) {
			json_decref(list);
			return reply_no_memory(fault);
		}
	}
	return reply_put(reply, "masks", list, fault);
}
