/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "array/array.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/array_call.h"
#include "array/array_wire.h"
#include "base/text.h"

int array_info(const struct array *array, struct deadline deadline, struct array_info *ret,
	       struct err *err)
{
	struct runner_result result;
	int rc = array_call(array, "info", array_wire_encode_plain(array_call_timeout_ms(deadline)),
			    deadline, &result, err);

	rc = rc != 0 ? rc : array_wire_decode_info(result.output, result.output_bytes, ret, err);
	if (rc == 0 && array->info != NULL) {
		*array->info = *ret;
	}
	return array_call_end(array, "info", &result, rc, err);
}

int array_ports(const struct array *array, struct deadline deadline, struct array_ports *ret,
		struct err *err)
{
	struct runner_result result;
	int rc =
		array_call(array, "ports", array_wire_encode_plain(array_call_timeout_ms(deadline)),
			   deadline, &result, err);

	*ret = (struct array_ports){.count = 0};
	rc = rc != 0 ? rc : array_wire_decode_ports(result.output, result.output_bytes, ret, err);
	return array_call_end(array, "ports", &result, rc, err);
}

int array_accounts_get(const struct array *array, struct deadline deadline,
		       struct array_accounts *ret, struct err *err)
{
	struct runner_result result;
	int rc = array_call(array, "ports", array_accounts_encode(array_call_timeout_ms(deadline)),
			    deadline, &result, err);

	rc = rc != 0 ? rc : array_accounts_decode(result.output, result.output_bytes, ret, err);
	return array_call_end(array, "ports", &result, rc, err);
}

int array_luns(const struct array *array, const char *const *names, size_t count,
	       const char *initiator, struct deadline deadline, struct lun *ret_luns,
	       struct err *err)
{
	struct runner_result result;
	int rc = array_call(
		array, "luns",
		array_wire_encode_luns(names, count, initiator, array_call_timeout_ms(deadline)),
		deadline, &result, err);

	rc = rc != 0 ? rc
		     : array_wire_decode_luns(result.output, result.output_bytes, names, count,
					      ret_luns, err);
	return array_call_end(array, "luns", &result, rc, err);
}

int array_exposures(const struct array *array, const char *const *names, size_t count,
		    struct deadline deadline, struct array_exposure *ret, struct err *err)
{
	struct runner_result result;
	int rc = array_call(
		array, "luns",
		array_wire_encode_luns(names, count, NULL, array_call_timeout_ms(deadline)),
		deadline, &result, err);

	rc = rc != 0 ? rc
		     : array_exposure_decode(result.output, result.output_bytes, names, count, ret,
					     err);
	return array_call_end(array, "luns", &result, rc, err);
}

int array_catalog_get(const struct array *array, const char *const *names, size_t count,
		      struct deadline deadline, struct array_catalog *ret, struct err *err)
{
	struct runner_result result = {.output = NULL};
	struct array_info info = {.health = false};
	int rc = array_call_info(array, deadline, &info, err);

	*ret = (struct array_catalog){.luns = NULL};
	rc = rc != 0 ? rc
		     : array_call(array, "luns",
				  array_wire_encode_catalog(names, count, info.health,
							    array_call_timeout_ms(deadline)),
				  deadline, &result, err);
	rc = rc != 0 ? rc : array_catalog_decode(result.output, result.output_bytes, ret, err);
	return array_call_end(array, "luns", &result, rc, err);
}

int array_masks(const struct array *array, const char *const *names, size_t count,
		struct deadline deadline, struct array_masks *ret, struct err *err)
{
	struct runner_result result;
	int rc = array_call(array, "masks",
			    array_wire_encode_masks(names, count, array_call_timeout_ms(deadline)),
			    deadline, &result, err);

	*ret = (struct array_masks){0};
	rc = rc != 0 ? rc
		     : array_wire_decode_masks(result.output, result.output_bytes, names, count,
					       ret, err);
	return array_call_end(array, "masks", &result, rc, err);
}

/* One page of the selection, or all masks if the driver does not know selections. */
static int page_get(const struct array *array, const struct array_info *info,
		    const struct array_selection *selection, struct deadline deadline,
		    struct array_masks *ret, char *ret_next, struct err *err)
{
	int timeout_ms = array_call_timeout_ms(deadline);
	struct runner_result result;
	int rc = array_call(array, "masks",
			    info->masks_select ? array_wire_encode_selection(selection, timeout_ms)
					       : array_wire_encode_plain(timeout_ms),
			    deadline, &result, err);

	*ret = (struct array_masks){0};
	ret_next[0] = '\0';
	rc = rc != 0 ? rc
		     : array_wire_decode_page(result.output, result.output_bytes, ret,
					      info->masks_select ? ret_next : NULL, err);
	if (rc == 0 && ret_next[0] != '\0' && selection->after != NULL &&
	    strcmp(ret_next, selection->after) <= 0) {
		array_masks_release(ret);
		rc = err_set(err, -EPROTO,
			     "the array driver's pages do not end: 'next' is '%s', after '%s'",
			     ret_next, selection->after);
	}
	return array_call_end(array, "masks", &result, rc, err);
}

static const char *rule_find(const struct array_mask *mask)
{
	for (size_t i = 0; i < mask->n_initiators; i++) {
		if (!iscsi_name_valid(mask->initiators[i])) {
			return mask->initiators[i];
		}
	}
	return NULL;
}

/* The name through which one of the initiators reaches the LUN, or NULL. */
static const char *holder_find(const struct array_mask *mask,
			       const struct array_selection *selection)
{
	for (size_t i = 0; i < selection->count && !selection->rules; i++) {
		if (array_mask_has_access(mask, selection->initiators[i])) {
			return selection->initiators[i];
		}
	}
	return rule_find(mask);
}

/* The LUNs that are passed over. known NULL: none. */
struct passing {
	array_lun_known *known;
	void *data;
};

/* A driver that selects lists only such LUNs: each of them counts, whatever its mask shows. */
static bool path_take(const struct array_masks *masks, const struct array_selection *selection,
		      const struct passing *passing, bool selected, struct array_path *ret)
{
	for (size_t i = 0; i < masks->count; i++) {
		const char *holder = holder_find(&masks->masks[i], selection);

		if (passing->known != NULL && passing->known(passing->data, masks->masks[i].lun)) {
			continue;
		}
		if (holder == NULL && selected) {
			holder = "(a rule of the array)";
		}
		if (holder != NULL) {
			(void)strcpy(ret->lun, masks->masks[i].lun);
			(void)strcpy(ret->holder, holder);
			return true;
		}
	}
	return false;
}

static int path_find(const struct array *array, struct array_selection selection,
		     const struct passing *passing, struct deadline deadline,
		     struct array_path *ret, struct err *err)
{
	char after[LUN_NAME_MAX + 1] = "";
	struct array_info info;
	bool found = false;
	int rc = array_call_info(array, deadline, &info, err);

	*ret = (struct array_path){.lun = ""};
	selection.urgent = rc == 0 && info.urgent;
	while (rc == 0 && !found) {
		char next[LUN_NAME_MAX + 1];
		struct array_masks masks;

		rc = page_get(array, &info, &selection, deadline, &masks, next, err);
		if (rc != 0) {
			break;
		}
		found = path_take(&masks, &selection, passing, info.masks_select, ret);
		array_masks_release(&masks);
		if (next[0] == '\0') {
			break;
		}
		(void)strcpy(after, next);
		selection.after = after;
	}
	return rc;
}

int array_path_find(const struct array *array, const char *const *initiators, size_t count,
		    bool rules, struct deadline deadline, struct array_path *ret, struct err *err)
{
	return path_find(
		array,
		(struct array_selection){.initiators = initiators, .count = count, .rules = rules},
		&(struct passing){.known = NULL}, deadline, ret, err);
}

int array_path_find_unknown(const struct array *array, const char *initiator,
			    array_lun_known *known, void *data, struct deadline deadline,
			    struct array_path *ret, struct err *err)
{
	return path_find(array, (struct array_selection){.initiators = &initiator, .count = 1},
			 &(struct passing){.known = known, .data = data}, deadline, ret, err);
}

void array_masks_release(struct array_masks *masks)
{
	if (masks == NULL) {
		return;
	}
	for (size_t i = 0; masks->masks != NULL && i < masks->count; i++) {
		free(masks->masks[i].initiators);
		free(masks->masks[i].nexuses);
	}
	free(masks->masks);
	*masks = (struct array_masks){0};
}

static bool names_have(char (*const names)[ISCSI_NAME_MAX + 1], size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

bool array_mask_holds(const struct array_mask *mask, const char *initiator)
{
	return names_have(mask->initiators, mask->n_initiators, initiator);
}

bool array_mask_has_access(const struct array_mask *mask, const char *initiator)
{
	return array_mask_holds(mask, initiator) ||
	       names_have(mask->nexuses, mask->n_nexuses, initiator);
}

struct array_host_id array_host_id(const char *node, const char *cluster)
{
	struct array_host_id ret = {.text = ""};

	if (cluster != NULL && *cluster != '\0') {
		(void)snprintf(ret.text, sizeof(ret.text), "%s@%s", node, cluster);
	}
	return ret;
}

static struct array_host_id host_granted(const struct array *array,
					 const struct array_change *change)
{
	const struct config_host *host =
		array->config != NULL && change->grant != NULL
			? config_host_find_initiator(array->config, change->grant)
			: NULL;

	return array_host_id(host != NULL ? host->node : "", host != NULL ? array->cluster : NULL);
}

/* A driver that knows no such class would ask for one holder only, and make the wrong promise. */
static int class_check(const struct array_change *change, const struct array_info *info,
		       struct err *err)
{
	return !change->read_only || info->read_only
		       ? 0
		       : err_set(err, -EOPNOTSUPP,
				 "its driver has no read-only LUNs (capability read-only), which "
				 "drives with :ro need");
}

int array_apply(const struct array *array, const struct array_change *change,
		struct deadline deadline, struct array_changed *ret_changed, struct err *err)
{
	struct array_changed changed = {0};
	struct array_info info = {.requester = false};
	struct array_host_id host = host_granted(array, change);
	struct runner_result result = {.output = NULL};
	bool asks = array->by != NULL || host.text[0] != '\0' || change->read_only;
	int rc = asks ? array_call_info(array, deadline, &info, err) : 0;

	rc = rc != 0 ? rc : class_check(change, &info, err);
	rc = rc != 0 ? rc
		     : array_call(array, "apply",
				  array_wire_encode_apply(
					  change,
					  info.hosts && host.text[0] != '\0' ? host.text : NULL,
					  info.requester ? array->by : NULL,
					  array_call_timeout_ms(deadline)),
				  deadline, &result, err);

	rc = rc != 0 ? rc
		     : array_wire_decode_apply(result.output, result.output_bytes, change, &changed,
					       err);
	if (rc == 0 && ret_changed != NULL) {
		*ret_changed = changed;
	} else {
		array_changed_release(&changed);
	}
	return array_call_end(array, "apply", &result, rc, err);
}

void array_changed_release(struct array_changed *changed)
{
	if (changed != NULL) {
		free(changed->granted);
		free(changed->revoked);
		*changed = (struct array_changed){0};
	}
}

/* Frees request. *ret: the member, which says whether anything was changed. */
static int volume_call(const struct array *array, const char *verb, char *request,
		       const char *member, struct deadline deadline, bool *ret, struct err *err)
{
	struct runner_result result;
	int rc = array_call(array, verb, request, deadline, &result, err);

	*ret = false;
	rc = rc != 0 ? rc
		     : array_wire_decode_flag(result.output, result.output_bytes, member, ret, err);
	return array_call_end(array, verb, &result, rc, err);
}

static int volumes_need(const struct array *array, struct deadline deadline, const char **ret_by,
			struct err *err)
{
	struct array_info info;
	int rc = array_call_info(array, deadline, &info, err);

	if (rc == 0 && !info.volumes) {
		rc = err_set(err, -EOPNOTSUPP,
			     "the driver of array %s cannot make and delete LUNs (capabilities "
			     "create, delete)",
			     array->name);
	}
	*ret_by = rc == 0 && info.requester ? array->by : NULL;
	return rc;
}

int array_class_check(const struct array *array, const char *class, struct deadline deadline,
		      struct err *err)
{
	char legal[512] = "";
	struct array_info info;
	int rc = array_call_info(array, deadline, &info, err);

	for (size_t i = 0; rc == 0 && i < info.n_classes; i++) {
		if (strcmp(info.classes[i], class) == 0) {
			return 0;
		}
		text_list_add(legal, sizeof(legal), info.classes[i]);
	}
	return rc != 0 || info.n_classes == 0
		       ? rc
		       : err_set(err, -EOPNOTSUPP,
				 "array %s has no reliability class '%s'; it has: %s", array->name,
				 class, legal);
}

int array_create(const struct array *array, const struct array_volume *volume,
		 struct deadline deadline, bool *ret_created, struct err *err)
{
	const char *by;
	int rc = volumes_need(array, deadline, &by, err);

	*ret_created = false;
	return rc != 0 ? rc
		       : volume_call(array, "create",
				     array_wire_encode_create(volume, by,
							      array_call_timeout_ms(deadline)),
				     "created", deadline, ret_created, err);
}

int array_delete(const struct array *array, const char *name, struct deadline deadline,
		 bool *ret_deleted, struct err *err)
{
	const char *by;
	int rc = volumes_need(array, deadline, &by, err);

	*ret_deleted = false;
	return rc != 0 ? rc
		       : volume_call(array, "delete",
				     array_wire_encode_delete(name, by,
							      array_call_timeout_ms(deadline)),
				     "deleted", deadline, ret_deleted, err);
}

int array_resize(const struct array *array, const char *name, uint64_t size_bytes,
		 struct deadline deadline, bool *ret_resized, struct err *err)
{
	struct array_volume volume = {.name = name, .size_bytes = size_bytes};
	struct array_info info;
	int rc = array_call_info(array, deadline, &info, err);

	*ret_resized = false;
	if (rc == 0 && !info.resize) {
		rc = err_set(err, -EOPNOTSUPP,
			     "the driver of array %s cannot make LUNs larger (capability resize): "
			     "do that with the array's own means",
			     array->name);
	}
	return rc != 0 ? rc
		       : volume_call(array, "resize",
				     array_wire_encode_create(&volume,
							      info.requester ? array->by : NULL,
							      array_call_timeout_ms(deadline)),
				     "resized", deadline, ret_resized, err);
}

static int fence_call(const struct array *array, const char *verb, const char *confirmation,
		      const char *const *initiators, size_t count, int64_t fencings,
		      struct deadline deadline, struct err *err)
{
	struct runner_result result;
	int rc = array_call(array, verb,
			    array_wire_encode_initiators(initiators, count, fencings, array->by,
							 array_call_timeout_ms(deadline)),
			    deadline, &result, err);

	rc = rc != 0 ? rc
		     : array_wire_decode_confirmed(result.output, result.output_bytes, confirmation,
						   initiators, count, err);
	return array_call_end(array, verb, &result, rc, err);
}

int array_fence(const struct array *array, const char *const *initiators, size_t count,
		struct deadline deadline, struct err *err)
{
	return fence_call(array, "fence", "fenced", initiators, count, -1, deadline, err);
}

int array_unfence(const struct array *array, const char *const *initiators, size_t count,
		  int64_t fencings, struct deadline deadline, struct err *err)
{
	return fence_call(array, "unfence", "unfenced", initiators, count, fencings, deadline, err);
}

int array_fenced(const struct array *array, struct deadline deadline, struct array_fenced *ret,
		 struct err *err)
{
	struct runner_result result;
	int rc = array_call(array, "fenced",
			    array_wire_encode_plain(array_call_timeout_ms(deadline)), deadline,
			    &result, err);

	*ret = (struct array_fenced){.names = NULL};
	rc = rc != 0 ? rc : array_wire_decode_fenced(result.output, result.output_bytes, ret, err);
	return array_call_end(array, "fenced", &result, rc, err);
}

bool array_fenced_has(const struct array_fenced *fenced, const char *initiator)
{
	return names_have(fenced->names, fenced->count, initiator);
}

void array_fenced_release(struct array_fenced *fenced)
{
	if (fenced != NULL) {
		free(fenced->names);
		g_free(fenced->hosts);
		*fenced = (struct array_fenced){.names = NULL};
	}
}
