/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "luns/lun_survey.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster_vms.h"
#include "vm/vm_context.h"

#define MASKS_AT_ONCE 256 /* the most that lunmask-array(7) allows */
#define CLUSTER_MS 10000

static void trouble(struct lun_survey *survey, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void trouble(struct lun_survey *survey, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	g_ptr_array_add(survey->troubles, g_strdup_vprintf(format, ap));
	va_end(ap);
}

/* Masks */

static const char *initiator_name(const struct config *config, const char *initiator)
{
	const struct config_host *host = config_host_find_initiator(config, initiator);

	return host != NULL ? host->node : initiator;
}

static bool list_has(const GPtrArray *list, const char *text)
{
	for (guint i = 0; i < list->len; i++) {
		if (strcmp(g_ptr_array_index(list, i), text) == 0) {
			return true;
		}
	}
	return false;
}

static void mask_take(const struct config *config, const struct array_mask *mask,
		      struct lun_survey_lun *lun)
{
	lun->hosts = g_ptr_array_new_with_free_func(g_free);
	lun->sessions = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < mask->n_initiators; i++) {
		g_ptr_array_add(lun->hosts, g_strdup(initiator_name(config, mask->initiators[i])));
	}
	for (size_t i = 0; i < mask->n_nexuses; i++) {
		const char *name = initiator_name(config, mask->nexuses[i]);

		if (!list_has(lun->hosts, name) && !list_has(lun->sessions, name)) {
			g_ptr_array_add(lun->sessions, g_strdup(name));
		}
	}
}

static int masks_ask(const struct array *array, struct lun_survey *survey, size_t from, size_t n,
		     struct deadline deadline, struct err *err)
{
	const char *names[MASKS_AT_ONCE];
	struct array_masks masks;
	int rc;

	for (size_t i = 0; i < n; i++) {
		names[i] = survey->luns[from + i].is.name;
	}
	rc = array_masks(array, names, n, deadline, &masks, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		mask_take(survey->config, &masks.masks[i], &survey->luns[from + i]);
	}
	if (rc == 0) {
		array_masks_release(&masks);
	}
	return rc;
}

/* Arrays */

static void catalog_take(struct lun_survey *survey, const char *array,
			 const struct array_catalog *catalog)
{
	survey->luns = g_renew(struct lun_survey_lun, survey->luns, survey->n + catalog->count + 1);
	for (size_t i = 0; i < catalog->count; i++) {
		survey->luns[survey->n++] =
			(struct lun_survey_lun){.array = array, .is = catalog->luns[i]};
	}
}

static void array_ask(struct lun_survey *survey, const struct config_array *config,
		      struct deadline deadline)
{
	struct array_info info = {.known = false};
	const struct array array = {
		.name = config->name,
		.driver = config->driver,
		.info = &info,
		.runner = {.transport = config->transport, .identity = config->identity},
	};
	struct array_catalog catalog;
	struct err err = ERR_INIT;
	size_t from = survey->n;
	int rc = array_catalog_get(&array, NULL, 0, deadline, &catalog, &err);

	if (rc == 0) {
		catalog_take(survey, config->name, &catalog);
		array_catalog_release(&catalog);
	}
	for (size_t i = from; rc == 0 && i < survey->n; i += MASKS_AT_ONCE) {
		rc = masks_ask(&array, survey, i, MIN(survey->n - i, MASKS_AT_ONCE), deadline,
			       &err);
	}
	if (rc != 0) {
		trouble(survey, "%s", err_text(&err));
	}
}

/* VMs */

static void user_add(struct lun_survey *survey, const struct vm_settings *vm, const char *name)
{
	for (size_t i = 0; i < survey->n; i++) {
		struct lun_survey_lun *lun = &survey->luns[i];

		if (strcmp(lun->array, vm->array) == 0 && strcmp(lun->is.name, name) == 0) {
			g_ptr_array_add(lun->vms, g_strdup(vm->vm));
		}
	}
}

static void vm_take(struct lun_survey *survey, const struct cluster_vm *from)
{
	const struct vm_settings settings = {
		.vm = from->vm,
		.array = from->array,
		.luns = from->luns,
		.state_lun = from->state_lun,
		.migration_transport = VM_TRANSPORT_DEFAULT,
	};
	struct vm_context *vm = g_new0(struct vm_context, 1);
	struct err err = ERR_INIT;

	if (from->unclear != NULL) {
		trouble(survey, "resource %s, whose LUNs are not known: %s", from->resource,
			from->unclear);
	} else if (from->array == NULL || vm_settings_parse(&settings, vm, &err) != 0) {
		trouble(survey, "resource %s, whose LUNs are not known: %s", from->resource,
			from->array == NULL ? "it has no parameter array" : err_text(&err));
	} else {
		for (size_t i = 0; i < vm->n_luns; i++) {
			user_add(survey, &settings, vm->lun_names[i]);
		}
		for (size_t i = 0; i < vm->n_media; i++) {
			user_add(survey, &settings, vm->media[i]);
		}
	}
	g_free(vm);
}

static void vms_ask(struct lun_survey *survey, struct deadline deadline)
{
	struct cluster_vms vms;
	struct err err = ERR_INIT;

	if (cluster_vms_get(deadline_within(deadline, CLUSTER_MS), &vms, &err) != 0) {
		trouble(survey, "which VMs use the LUNs is not known: %s", err_text(&err));
		return;
	}
	for (size_t i = 0; i < survey->n; i++) {
		survey->luns[i].vms = g_ptr_array_new_with_free_func(g_free);
	}
	for (size_t i = 0; i < vms.count; i++) {
		vm_take(survey, &vms.vms[i]);
	}
	cluster_vms_release(&vms);
}

int lun_survey_get(const char *array, struct deadline deadline, struct lun_survey *ret,
		   struct err *err)
{
	const struct config_array *arrays = NULL;
	size_t n = 1;
	int rc;

	*ret = (struct lun_survey){.troubles = g_ptr_array_new_with_free_func(g_free)};
	rc = config_load(NULL, &ret->config, err);
	if (rc == 0 && array != NULL) {
		rc = config_array_get(ret->config, array, &arrays, err);
	} else if (rc == 0) {
		arrays = config_arrays(ret->config, &n);
	}
	if (rc != 0) {
		lun_survey_release(ret);
		return rc;
	}
	for (size_t i = 0; i < n; i++) {
		array_ask(ret, &arrays[i], deadline_share(deadline, n - i + 1));
	}
	vms_ask(ret, deadline);
	return 0;
}

void lun_survey_release(struct lun_survey *survey)
{
	for (size_t i = 0; i < survey->n; i++) {
		g_clear_pointer(&survey->luns[i].hosts, g_ptr_array_unref);
		g_clear_pointer(&survey->luns[i].sessions, g_ptr_array_unref);
		g_clear_pointer(&survey->luns[i].vms, g_ptr_array_unref);
	}
	g_free(survey->luns);
	g_clear_pointer(&survey->troubles, g_ptr_array_unref);
	config_free(survey->config);
	*survey = (struct lun_survey){.n = 0};
}
