/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor.h"

#include <glib.h>
#include <jansson.h>
#include <stdlib.h>

#include <libvirt/virterror.h>

#include "domain/domain_xml.h"
#include "hypervisor/hypervisor_conn.h"
#include "tpm/tpm_definition.h"

/* Copies for another host: what only this one has, such as aliases and labels, is left out. */
static int domain_run(struct hypervisor_call *call)
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc;
	}
	call->result =
		virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_MIGRATABLE | VIR_DOMAIN_XML_SECURE);
	if (call->result == NULL) {
		rc = hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return rc;
}

static int image_run(struct hypervisor_call *call)
{
	call->result = virDomainSaveImageGetXMLDesc(call->conn, call->args[0],
						    VIR_DOMAIN_SAVE_IMAGE_XML_SECURE);
	return call->result == NULL ? hypervisor_call_failed(call) : 0;
}

static int check_run(struct hypervisor_call *call)
{
	char *argv = virConnectDomainXMLToNative(call->conn, "qemu-argv", call->args[0], 0);
	virErrorPtr error = argv == NULL ? virGetLastError() : NULL;

	free(argv);
	return error != NULL && error->code != VIR_ERR_NO_SUPPORT ? hypervisor_call_failed(call)
								  : 0;
}

static int definition_take(struct hypervisor *hypervisor, struct hypervisor_call *call,
			   const char *what, struct deadline deadline, char **ret_xml,
			   struct err *err)
{
	int rc = hypervisor_run(hypervisor, call, what, deadline, err);

	if (rc == 0) {
		*ret_xml = call->result;
		call->result = NULL;
	}
	return rc;
}

int hypervisor_domain_xml(struct hypervisor *hypervisor, const char *vm, struct deadline deadline,
			  char **ret_xml, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, domain_run, vm, &rc, err);

	return call == NULL ? rc
			    : definition_take(hypervisor, call, "definition of the domain",
					      deadline, ret_xml, err);
}

int hypervisor_image_xml(struct hypervisor *hypervisor, const char *file, struct deadline deadline,
			 char **ret_xml, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, image_run, NULL, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, 0, file)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return definition_take(hypervisor, call, "definition of the saved image", deadline, ret_xml,
			       err);
}

int hypervisor_check_xml(struct hypervisor *hypervisor, const char *domain_xml,
			 struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, check_run, NULL, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, 0, domain_xml)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return hypervisor_run(hypervisor, call, "check of the definition", deadline, err);
}

enum { ARG_XML };

/* Runs one of libvirt's calls that change the active domain. */
static int change_call(struct hypervisor_call *call,
		       int (*change)(virDomainPtr domain, const struct hypervisor_call *call))
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc;
	}
	if (change(domain, call) < 0) {
		rc = hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return rc;
}

static int attach(virDomainPtr domain, const struct hypervisor_call *call)
{
	return virDomainAttachDeviceFlags(domain, call->args[ARG_XML], VIR_DOMAIN_AFFECT_LIVE);
}

static int detach(virDomainPtr domain, const struct hypervisor_call *call)
{
	return virDomainDetachDeviceFlags(domain, call->args[ARG_XML], VIR_DOMAIN_AFFECT_LIVE);
}

static int update(virDomainPtr domain, const struct hypervisor_call *call)
{
	return virDomainUpdateDeviceFlags(domain, call->args[ARG_XML], VIR_DOMAIN_AFFECT_LIVE);
}

static int metadata_set(virDomainPtr domain, const struct hypervisor_call *call)
{
	return virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, call->args[ARG_XML],
				    "lunmask", MAPPING_NAMESPACE, VIR_DOMAIN_AFFECT_LIVE);
}

static int memory_set(virDomainPtr domain, const struct hypervisor_call *call)
{
	return virDomainSetMemoryFlags(domain, call->number, VIR_DOMAIN_AFFECT_LIVE);
}

static int vcpus_set(virDomainPtr domain, const struct hypervisor_call *call)
{
	return virDomainSetVcpusFlags(domain, (unsigned int)call->number, VIR_DOMAIN_AFFECT_LIVE);
}

static int attach_run(struct hypervisor_call *call)
{
	return change_call(call, attach);
}

static int detach_run(struct hypervisor_call *call)
{
	return change_call(call, detach);
}

static int update_run(struct hypervisor_call *call)
{
	return change_call(call, update);
}

static int metadata_run(struct hypervisor_call *call)
{
	return change_call(call, metadata_set);
}

static int memory_run(struct hypervisor_call *call)
{
	return change_call(call, memory_set);
}

static int vcpus_run(struct hypervisor_call *call)
{
	return change_call(call, vcpus_set);
}

static int change_domain(struct hypervisor *hypervisor, int (*run)(struct hypervisor_call *call),
			 const char *vm, const char *xml, const char *what,
			 struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, ARG_XML, xml)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return hypervisor_run(hypervisor, call, what, deadline, err);
}

int hypervisor_attach(struct hypervisor *hypervisor, const char *vm, const char *device_xml,
		      struct deadline deadline, struct err *err)
{
	return change_domain(hypervisor, attach_run, vm, device_xml, "attach", deadline, err);
}

int hypervisor_detach(struct hypervisor *hypervisor, const char *vm, const char *device_xml,
		      struct deadline deadline, struct err *err)
{
	return change_domain(hypervisor, detach_run, vm, device_xml, "detach", deadline, err);
}

int hypervisor_update(struct hypervisor *hypervisor, const char *vm, const char *device_xml,
		      struct deadline deadline, struct err *err)
{
	return change_domain(hypervisor, update_run, vm, device_xml, "update", deadline, err);
}

int hypervisor_set_mapping(struct hypervisor *hypervisor, const char *vm, const char *mapping_xml,
			   struct deadline deadline, struct err *err)
{
	return change_domain(hypervisor, metadata_run, vm, mapping_xml, "metadata", deadline, err);
}

static int change_amount(struct hypervisor *hypervisor, int (*run)(struct hypervisor_call *call),
			 const char *vm, uint64_t amount, const char *what,
			 struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	call->number = amount;
	return hypervisor_run(hypervisor, call, what, deadline, err);
}

int hypervisor_set_memory(struct hypervisor *hypervisor, const char *vm, uint64_t kib,
			  struct deadline deadline, struct err *err)
{
	return change_amount(hypervisor, memory_run, vm, kib, "memory", deadline, err);
}

int hypervisor_set_vcpus(struct hypervisor *hypervisor, const char *vm, unsigned int count,
			 struct deadline deadline, struct err *err)
{
	return change_amount(hypervisor, vcpus_run, vm, count, "vCPUs", deadline, err);
}

static int native_run(struct hypervisor_call *call)
{
	call->result = virConnectDomainXMLToNative(call->conn, "qemu-argv", call->args[0], 0);
	return call->result == NULL ? hypervisor_call_failed(call) : 0;
}

/* What libvirt calls the flash chip with the program. */
#define FIRMWARE_NODE "libvirt-pflash0-storage"

/* The arguments of QEMU, of which the block devices are JSON objects. */
static char *firmware_in(const char *command)
{
	g_auto(GStrv) words = NULL;
	char *file = NULL;

	if (!g_shell_parse_argv(command, NULL, &words, NULL)) {
		return NULL;
	}
	for (size_t i = 0; words[i] != NULL && file == NULL; i++) {
		json_t *object = words[i][0] == '{' ? json_loads(words[i], 0, NULL) : NULL;

		if (g_strcmp0(json_string_value(json_object_get(object, "node-name")),
			      FIRMWARE_NODE) == 0) {
			file = g_strdup(json_string_value(json_object_get(object, "filename")));
		}
		json_decref(object);
	}
	return file;
}

int hypervisor_firmware_file(struct hypervisor *hypervisor, const char *domain_xml,
			     struct deadline deadline, char **ret, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, native_run, NULL, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, 0, domain_xml)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	rc = hypervisor_run(hypervisor, call, "the guest's firmware", deadline, err);
	*ret = rc == 0 ? firmware_in(call->result) : NULL;
	return rc == 0 && *ret == NULL
		       ? err_set(err, -ENOENT, "libvirt does not say which UEFI firmware it takes")
		       : rc;
}

static int version_run(struct hypervisor_call *call)
{
	unsigned long version = 0;

	if (virConnectGetLibVersion(call->conn, &version) != 0) {
		return hypervisor_call_failed(call);
	}
	call->result = g_strdup_printf("%lu", version);
	return 0;
}

/* <nvram type='network'> */
#define FLASH_VERSION 8005000 /* 8.5.0 */

int hypervisor_flash_check(struct hypervisor *hypervisor, struct deadline deadline, struct err *err)
{
	guint64 version = 0;
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, version_run, NULL, &rc, err);

	if (call == NULL) {
		return rc;
	}
	rc = hypervisor_run(hypervisor, call, "version of libvirt", deadline, err);
	if (rc != 0) {
		return rc;
	}
	(void)g_ascii_string_to_unsigned(call->result, 10, 0, UINT64_MAX, &version, NULL);
	return version >= FLASH_VERSION
		       ? 0
		       : err_set(err, -EOPNOTSUPP,
				 "UEFI variables on a LUN need libvirt 8.5, and this is "
				 "%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT,
				 version / 1000000, version / 1000 % 1000);
}

static int capabilities_run(struct hypervisor_call *call)
{
	call->result = virConnectGetDomainCapabilities(call->conn, NULL, NULL, NULL, NULL, 0);
	return call->result != NULL ? 0 : hypervisor_call_failed(call);
}

int hypervisor_tpm_check(struct hypervisor *hypervisor, struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, capabilities_run, NULL, &rc, err);

	if (call == NULL) {
		return rc;
	}
	rc = hypervisor_run(hypervisor, call, "what domains may have", deadline, err);
	return rc != 0 || tpm_definition_possible(call->result)
		       ? rc
		       : err_set(err, -EOPNOTSUPP,
				 "install swtpm and its tools (swtpm-tools): libvirt offers no "
				 "emulated TPM");
}

enum { ARG_TARGET };

static int size_run(struct hypervisor_call *call)
{
	virDomainBlockInfo info;
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc;
	}
	if (virDomainGetBlockInfo(domain, call->args[ARG_TARGET], &info, 0) < 0) {
		rc = hypervisor_call_failed(call);
	} else {
		call->number = info.capacity;
	}
	(void)virDomainFree(domain);
	return rc;
}

static int resize_run(struct hypervisor_call *call)
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc;
	}
	if (virDomainBlockResize(domain, call->args[ARG_TARGET], call->number,
				 VIR_DOMAIN_BLOCK_RESIZE_BYTES) < 0) {
		rc = hypervisor_call_failed(call);
	}
	(void)virDomainFree(domain);
	return rc;
}

int hypervisor_disk_size(struct hypervisor *hypervisor, const char *vm, const char *target,
			 struct deadline deadline, uint64_t *ret_bytes, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, size_run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, ARG_TARGET, target)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	rc = hypervisor_run(hypervisor, call, "size of the disk", deadline, err);
	*ret_bytes = rc == 0 ? call->number : 0;
	return rc;
}

int hypervisor_disk_resize(struct hypervisor *hypervisor, const char *vm, const char *target,
			   uint64_t size_bytes, struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, resize_run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, ARG_TARGET, target)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	call->number = size_bytes;
	return hypervisor_run(hypervisor, call, "size for the guest", deadline, err);
}
