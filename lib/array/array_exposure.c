/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "array/array_exposure.h"

#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "array/array_wire.h"

bool array_exposure_has(const struct array_exposure *exposure, const char *portal)
{
	for (size_t i = 0; i < exposure->n_portals; i++) {
		if (strcmp(exposure->portals[i], portal) == 0) {
			return true;
		}
	}
	return exposure->everywhere;
}

static int portals_decode(const json_t *list, const char *name, struct array_exposure *ret,
			  struct err *err)
{
	ret->everywhere = list == NULL;
	if (list != NULL && (!json_is_array(list) || json_array_size(list) > ARRAY_PORTS_MAX)) {
		return err_set(err, -EPROTO,
			       "the array driver's reply has 'portals' of LUN '%s' that is no "
			       "list of at most %d members",
			       name, ARRAY_PORTS_MAX);
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *portal = json_string_value(json_array_get(list, i));

		if (portal == NULL) {
			return err_set(err, -EPROTO,
				       "the array driver's reply has a portal of LUN '%s' that is "
				       "no text",
				       name);
		}
		if (ret->n_portals < PORTALS_MAX && portal_check(portal, NULL) == 0 &&
		    !array_exposure_has(ret, portal)) {
			(void)strcpy(ret->portals[ret->n_portals++], portal);
		}
	}
	return 0;
}

/* Other LUNs than those asked for are passed over. */
static int lun_decode(const json_t *object, const char *const *names, size_t count, bool *seen,
		      struct array_exposure *ret, struct err *err)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	size_t i = 0;

	while (i < count && (name == NULL || strcmp(names[i], name) != 0)) {
		i++;
	}
	if (i == count) {
		return 0;
	}
	if (seen[i]) {
		return err_set(err, -EPROTO, "the array driver describes LUN '%s' twice", name);
	}
	seen[i] = true;
	return portals_decode(json_object_get(object, "portals"), name, &ret[i], err);
}

static int luns_decode(const json_t *list, const char *const *names, size_t count,
		       struct array_exposure *ret, struct err *err)
{
	g_autofree bool *seen = g_new0(bool, count + 1);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		rc = lun_decode(json_array_get(list, i), names, count, seen, ret, err);
	}
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (!seen[i]) {
			rc = err_set(err, -EPROTO, "the array driver does not describe LUN '%s'",
				     names[i]);
		}
	}
	return rc;
}

int array_exposure_decode(const char *reply, size_t bytes, const char *const *names, size_t count,
			  struct array_exposure *ret, struct err *err)
{
	json_t *root = bytes > ARRAY_REPLY_MAX_BYTES
			       ? NULL
			       : json_loadb(reply, bytes, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(root, "luns");
	int rc;

	memset(ret, 0, count * sizeof(*ret));
	rc = json_is_array(list)
		     ? luns_decode(list, names, count, ret, err)
		     : err_set(err, -EPROTO, "the array driver's reply has no list 'luns'");
	json_decref(root);
	return rc;
}
