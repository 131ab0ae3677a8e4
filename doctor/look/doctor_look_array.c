/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arrays, through their drivers; the VMs' LUNs on them. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "doctor/look/doctor_look_internal.h"
#include "domain/domain_xml.h"
#include "xml/xml_tree.h"

static const char *initiator(const struct doctor_look *look)
{
	const struct config_host *host;

	return config_host_get(look->config, look->facts.node, &host, NULL) == 0 ? host->initiator
										 : NULL;
}

/* Without "by": a fenced host may look as well. */
static struct array array_of(const struct config_array *config, struct array_info *info)
{
	return (struct array){
		.name = config->name,
		.driver = config->driver,
		.info = info,
		.runner = {.transport = config->transport, .identity = config->identity},
	};
}

static void array_look(const struct doctor_look *look, const struct config_array *config,
		       struct deadline deadline, struct doctor_array *ret)
{
	struct array_info info = {0};
	struct array array = array_of(config, &info);
	struct array_fenced fenced = {0};
	const char *mine = initiator(look);
	struct err err = ERR_INIT;
	int rc = array_info(&array, deadline, &ret->has, &err);

	ret->name = config->name;
	ret->transport = config->transport;
	doctor_answer_set(&ret->info, rc, &err);
	if (rc == 0 && ret->has.accounts) {
		rc = array_accounts_get(&array, deadline, &ret->accounts, &err);
		doctor_answer_set(&ret->accounts_read, rc, &err);
	}
	if (ret->info.rc < 0 || !ret->has.fence) {
		return;
	}
	rc = array_fenced(&array, deadline, &fenced, &err);
	doctor_answer_set(&ret->read, rc, &err);
	ret->fenced = rc == 0 && mine != NULL && array_fenced_has(&fenced, mine);
	array_fenced_release(&fenced);
}

void doctor_look_arrays(struct doctor_look *look, struct deadline deadline)
{
	struct doctor_arrays *ret = &look->facts.arrays;
	const struct config_array *arrays;
	size_t n = 0;

	if (look->config == NULL) {
		doctor_part_unseen(&ret->part, "there is no lunmask.conf that can be used");
		return;
	}
	arrays = config_arrays(look->config, &n);
	ret->of = g_new0(struct doctor_array, n);
	for (size_t i = 0; i < n; i++) {
		array_look(look, &arrays[i], deadline_share(deadline, n - i), &ret->of[i]);
	}
	ret->n = n;
	ret->part.seen = DOCTOR_SEEN;
}

/* The array's answer to the VM's LUN names; -ENXIO: it does not have one. */
static int luns_ask(const struct doctor_look *look, const struct vm_context *vm,
		    struct deadline deadline, struct err *err)
{
	struct array_masks masks = {0};
	struct array_info info = {0};
	const struct config_array *config;
	struct array array;
	int rc = config_array_get(look->config, vm->settings->array, &config, err);

	if (rc < 0) {
		return rc;
	}
	array = array_of(config, &info);
	rc = array_masks(&array, vm->lun_names, vm->n_luns, deadline, &masks, err);
	array_masks_release(&masks);
	return rc;
}

/* Of the definition that people write; what the state LUN has may differ. */
static int memory_read(const char *path, uint64_t *ret_bytes, struct err *err)
{
	static const struct xml_tree_kind domain = {
		.owner = "libvirt", .root = "domain", .max_bytes = DOCTOR_FILE_MAX};
	AUTO_XML doc = NULL;
	size_t bytes;
	int rc;
	g_autofree char *text = path == NULL ? NULL : doctor_file_read(path, &bytes, &rc);

	if (path == NULL) {
		return err_set(err, -ENOENT, "its parameter config is not set");
	}
	if (text == NULL) {
		return err_set(err, rc, "%s: %s", path, strerror(-rc));
	}
	rc = xml_tree_parse(text, bytes, &domain, &doc, err);
	rc = rc < 0 ? rc : domain_xml_memory(xmlDocGetRootElement(doc), ret_bytes, err);
	return rc < 0 ? err_prefix(err, rc, "%s", path) : 0;
}

static void vm_look(const struct doctor_look *look, const struct vm_one *one,
		    struct deadline deadline, struct doctor_vm_luns *ret)
{
	struct err err = ERR_INIT;

	ret->resource = one->resource;
	ret->array = one->settings.array;
	if (one->vm == NULL) {
		doctor_answer_set(&ret->parameters, -EINVAL, &one->why);
	} else {
		int rc = luns_ask(look, one->vm, deadline, &err);

		doctor_answer_set(&ret->luns, rc, &err);
	}
	doctor_answer_set(&ret->memory, memory_read(ret->vm->config, &ret->memory_bytes, &err),
			  &err);
}

void doctor_look_luns(struct doctor_look *look, struct deadline deadline)
{
	struct doctor_luns *ret = &look->facts.luns;
	struct err err = ERR_INIT;

	if (look->config == NULL) {
		doctor_part_unseen(&ret->part, "there is no lunmask.conf that can be used");
		return;
	}
	if (vm_all_open(deadline, &look->vms, &err) < 0) {
		doctor_part_unseen(&ret->part, err_text(&err));
		return;
	}
	ret->of = g_new0(struct doctor_vm_luns, look->vms.n);
	/* The configured VMs come first, in the order of the configuration; releases follow. */
	for (size_t i = 0; i < look->vms.cluster.count; i++) {
		ret->of[i].vm = &look->vms.cluster.vms[i];
		vm_look(look, &look->vms.vms[i], deadline, &ret->of[i]);
	}
	ret->n = look->vms.cluster.count;
	ret->part.seen = DOCTOR_SEEN;
}
