/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "domain/mapping_drift.h"
#include "survey/vm_times.h"
#include "tools/lunmask.h"
#include "vm/vm_config_file.h"

/* lunmask status: the VMs on this node, how their definitions stand, and what is to be mended. */
#define CLUSTER_MS 30000

static const char *const verdicts[] = {
	[VM_CONFIG_SAME] = "same",
	[VM_CONFIG_CHANGED] = "changed",
	[VM_CONFIG_NO_FILE] = "no file",
	[VM_CONFIG_NOT_KNOWN] = "not known",
};

/* What was found out about one VM. */
struct found {
	enum domain_state state;
	bool state_known;
	bool stored; /* vm->mapping is what the state LUN has */
	enum vm_config_verdict config;
	uint64_t booted;  /* the revision that the guest runs with; 0: it does not run here */
	char *drift;      /* "": none */
	GPtrArray *times; /* lines on timeouts that are too short for the guest's memory */
	struct err why;   /* why stored is false */
};

static void found_release(struct found *found)
{
	g_free(found->drift);
	if (found->times != NULL) {
		g_ptr_array_free(found->times, TRUE);
	}
}

static void time_add(void *data, const char *text)
{
	g_ptr_array_add(data, g_strdup(text));
}

/* What the guest has now; a guest that does not run here has what the mapping file says. */
static uint64_t memory_of(struct vm_one *one, struct deadline deadline)
{
	g_autofree char *definition = NULL;
	AUTO_XML doc = NULL;
	uint64_t bytes = one->vm->mapping->memory_bytes;

	if (hypervisor_domain_xml(one->vm->hypervisor, one->name, deadline, &definition, NULL) ==
		    0 &&
	    domain_xml_parse(definition, strlen(definition), &doc, NULL) == 0) {
		(void)domain_xml_memory(xmlDocGetRootElement(doc), &bytes, NULL);
	}
	return bytes;
}

static void running_look(struct vm_one *one, struct deadline deadline, struct found *found)
{
	g_autofree char *definition = NULL;
	AUTO_XML doc = NULL;

	if (hypervisor_domain_xml(one->vm->hypervisor, one->name, deadline, &definition, NULL) !=
		    0 ||
	    domain_xml_parse(definition, strlen(definition), &doc, NULL) != 0) {
		return;
	}
	found->booted = domain_xml_revision(domain_xml_mapping(xmlDocGetRootElement(doc)));
	if (one->vm->mapping->complete && found->booted == one->vm->mapping->revision) {
		(void)mapping_drift(one->vm->mapping, definition, &found->drift, NULL);
	}
}

/* A VM that is not here is looked at only if it was named: that grants this node its LUNs. */
static void look(const struct lunmask_options *options, struct vm_one *one, struct found *found)
{
	struct deadline deadline = deadline_in(options->timeout_ms);
	struct vm_defined seen = {.here = false};
	int rc = vm_domain_state(one->vm, deadline, &found->state, &found->why);

	found->state_known = rc == 0;
	if (rc != 0 || (found->state == DOMAIN_ABSENT && options->n_arguments == 0)) {
		return;
	}
	lunmask_interrupts_hold();
	rc = vm_define_look(one->vm, deadline, &seen, &found->why);
	lunmask_interrupts_let();
	found->stored = rc == 0;
	if (found->stored) {
		found->config = vm_config_compare(&one->settings, one->vm->mapping);
		found->times = g_ptr_array_new_with_free_func(g_free);
		(void)vm_times_check(one->name, memory_of(one, deadline), deadline, time_add,
				     found->times, NULL);
	}
	if (found->stored && seen.here) {
		running_look(one, deadline, found);
	}
}

static bool wanted(const struct lunmask_options *options, const struct vm_one *one)
{
	for (size_t i = 0; i < options->n_arguments; i++) {
		if (strcmp(options->arguments[i], one->name) == 0) {
			return true;
		}
	}
	return options->n_arguments == 0 && one->resource != NULL;
}

static const char *here_text(const struct found *found)
{
	return !found->state_known             ? "not known"
	       : found->state == DOMAIN_ABSENT ? "-"
					       : domain_state_to_str(found->state);
}

static json_t *times_json(const struct found *found)
{
	json_t *list = json_array();

	for (guint i = 0; i < found->times->len; i++) {
		(void)json_array_append_new(list, json_string(found->times->pdata[i]));
	}
	return list;
}

/* Does a live migration of the VM encrypt the guest's memory? */
static bool encrypts(const struct vm_one *one)
{
	return g_strcmp0(one->settings.migration_transport, VM_TRANSPORT_TLS) == 0;
}

static json_t *found_json(const struct vm_one *one, const struct found *found)
{
	json_t *json =
		json_pack("{s:s, s:s?, s:s, s:b}", "vm", one->name, "resource", one->resource,
			  "here", here_text(found), "migration_encrypted", encrypts(one));

	if (found->stored) {
		(void)json_object_update_new(
			json, json_pack("{s:I, s:b, s:s, s:s}", "revision",
					(json_int_t)one->vm->mapping->revision, "complete",
					one->vm->mapping->complete, "config",
					verdicts[found->config], "changed_while_running",
					found->drift == NULL ? "" : found->drift));
		(void)json_object_set_new(json, "timeouts", times_json(found));
	} else {
		(void)json_object_set_new(json, "why", json_string(err_text(&found->why)));
	}
	if (found->booted != 0) {
		(void)json_object_set_new(json, "booted_revision",
					  json_integer((json_int_t)found->booted));
	}
	return json;
}

static void advice_print(const struct vm_one *one, const struct found *found)
{
	if (found->config == VM_CONFIG_CHANGED) {
		(void)printf("    %s was changed, and is not used:\n"
			     "    see 'lunmask definition diff %s', then\n"
			     "    'lunmask definition set %s %s'\n",
			     one->settings.config, one->name, one->name, one->settings.config);
	}
	if (found->booted != 0 && found->booted != one->vm->mapping->revision) {
		(void)printf("    the guest runs with revision %" PRIu64 " until its next boot\n",
			     found->booted);
	}
	if (found->drift != NULL && found->drift[0] != '\0') {
		(void)printf("    changed while the guest runs, undone by its next boot (stored):\n"
			     "    %s\n",
			     found->drift);
	}
	for (guint i = 0; i < found->times->len; i++) {
		(void)printf("    %s\n", (const char *)found->times->pdata[i]);
	}
}

static void found_print(const struct vm_one *one, const struct found *found)
{
	g_autofree char *definition =
		!found->stored ? g_strdup("-")
			       : g_strdup_printf("%" PRIu64 "%s", one->vm->mapping->revision,
						 one->vm->mapping->complete ? "" : ", as written");

	lunmask_column(one->name, 16);
	lunmask_column(here_text(found), 16);
	lunmask_column(definition, 20);
	lunmask_column(found->stored ? verdicts[found->config] : "-", 12);
	(void)printf("%s\n", encrypts(one) ? "encrypted" : "in the clear");
	if (found->stored) {
		advice_print(one, found);
	} else if (err_text(&found->why)[0] != '\0') {
		(void)printf("    %s\n", err_text(&found->why));
	}
}

static size_t each(const struct lunmask_options *options, struct vm_all *all, json_t *list)
{
	size_t count = 0;

	for (size_t i = 0; i < all->n; i++) {
		struct found found __attribute__((cleanup(found_release))) = {.why = ERR_INIT};
		struct vm_one *one = &all->vms[i];

		if (!wanted(options, one)) {
			continue;
		}
		count++;
		if (one->vm == NULL) {
			found.why = one->why;
		} else {
			one->settings.paths_required = 1;
			look(options, one, &found);
		}
		if (options->output != OUTPUT_TEXT) {
			(void)json_array_append_new(list, found_json(one, &found));
		} else {
			found_print(one, &found);
		}
	}
	return count;
}

int lunmask_vms(const struct lunmask_options *options)
{
	json_t *list = json_array();
	struct vm_all all = {.n = 0};
	struct err err = ERR_INIT;
	int rc = vm_all_open(deadline_in(CLUSTER_MS), &all, &err);
	size_t count = 0;

	if (rc == 0) {
		if (options->output == OUTPUT_TEXT) {
			(void)printf("%-16s %-16s %-20s %-12s %s\n", "VM", "HERE", "DEFINITION",
				     "CONFIG", "MIGRATION");
		}
		count = each(options, &all, list);
	}
	if (rc == 0 && count == 0 && options->n_arguments > 0) {
		rc = err_set(&err, -ENOENT, "the cluster has no VM '%.200s'", options->argument);
	}
	vm_all_release(&all);
	if (rc < 0 || options->output == OUTPUT_TEXT) {
		json_decref(list);
		return rc < 0 ? lunmask_fail(rc, &err) : LUNMASK_EXIT_GOOD;
	}
	return lunmask_data_print(options->output, "status", json_pack("{s:o}", "vms", list));
}
