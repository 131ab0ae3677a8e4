/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor.h"

#include <string.h>

#include <libvirt/virterror.h>

#include "domain/domain_xml.h"
#include "hypervisor/hypervisor_conn.h"
#include "hypervisor/hypervisor_memory.h"

enum { ARG_XML };

static int check_name(struct hypervisor_call *call)
{
	int rc;
	virDomainPtr domain = hypervisor_call_domain(call, &rc);

	if (domain == NULL) {
		return rc == -ENOENT ? 0 : rc;
	}
	(void)virDomainFree(domain);
	return hypervisor_call_set_text(call, -EEXIST, "domain '%s' is active there already",
					call->vm);
}

static bool attr_is(xmlNodePtr node, const char *name, const char *value)
{
	const char *text = xml_tree_attr(node, name);

	return text != NULL && strcmp(text, value) == 0;
}

/*
 * Would libvirt compare this CPU with the host's when the guest arrives? It does so only for a
 * named model, unless check='none'. A definition without the attribute gets check='partial', but
 * 'none' where QEMU emulates the CPU (libvirt's qemuDomainDefCPUPostParse). For host-passthrough
 * and similar modes, the host decides. A host-model that runs is a named model in libvirt's
 * definition.
 */
static bool cpu_is_compared(xmlNodePtr domain, xmlNodePtr cpu)
{
	const char *check = xml_tree_attr(cpu, "check");

	if (xml_tree_text(xml_tree_child(cpu, "model")) == NULL ||
	    (xml_tree_attr(cpu, "mode") != NULL && !attr_is(cpu, "mode", "custom"))) {
		return false;
	}
	return check != NULL ? strcmp(check, "none") != 0 : attr_is(domain, "type", "kvm");
}

static int compare_cpu(struct hypervisor_call *call, xmlNodePtr domain, const char *cpu)
{
	xmlNodePtr type = xml_tree_child(xml_tree_child(domain, "os"), "type");
	xmlNodePtr emulator = xml_tree_child(xml_tree_child(domain, "devices"), "emulator");
	int verdict = virConnectCompareHypervisorCPU(
		call->conn, xml_tree_text(emulator), xml_tree_attr(type, "arch"),
		xml_tree_attr(type, "machine"), xml_tree_attr(domain, "type"), cpu, 0);

	if (verdict == VIR_CPU_COMPARE_ERROR) {
		return hypervisor_call_failed(call);
	}
	if (verdict == VIR_CPU_COMPARE_INCOMPATIBLE) {
		return hypervisor_call_set_text(
			call, -ENOTSUP,
			"the CPU of domain '%s' cannot run there: %.300s; choose a <cpu> that all "
			"hosts have",
			call->vm, cpu);
	}
	return 0;
}

static int check_cpu(struct hypervisor_call *call, xmlDocPtr doc)
{
	xmlNodePtr domain = xmlDocGetRootElement(doc);
	xmlNodePtr cpu = xml_tree_child(domain, "cpu");
	xmlBufferPtr buffer;
	int rc = -ENOMEM;

	if (!cpu_is_compared(domain, cpu)) {
		return 0;
	}
	buffer = xmlBufferCreate();
	if (buffer != NULL && xmlNodeDump(buffer, doc, cpu, 0, 0) > 0) {
		rc = compare_cpu(call, domain, (const char *)xmlBufferContent(buffer));
	}
	xmlBufferFree(buffer);
	return rc == -ENOMEM ? hypervisor_call_set_text(call, rc, "out of memory") : rc;
}

/* Memory comes last: the caller may ignore that there is little of it. */
static int preflight_run(struct hypervisor_call *call)
{
	struct err err = ERR_INIT;
	struct memory_needs needs;
	AUTO_XML doc = NULL;
	int rc = domain_xml_parse(call->args[ARG_XML], strlen(call->args[ARG_XML]), &doc, &err);

	rc = rc < 0 ? rc : hypervisor_memory_needs(xmlDocGetRootElement(doc), &needs, &err);
	if (rc < 0) {
		return hypervisor_call_set_text(call, rc, "%s", err_text(&err));
	}
	rc = check_name(call);
	rc = rc < 0 ? rc : check_cpu(call, doc);
	return rc < 0 ? rc : hypervisor_memory_check(call, &needs);
}

int hypervisor_preflight(struct hypervisor *hypervisor, const char *vm, const char *domain_xml,
			 struct deadline deadline, struct err *err)
{
	int rc;
	AUTO_CALL call = hypervisor_call_on(hypervisor, preflight_run, vm, &rc, err);

	if (call == NULL) {
		return rc;
	}
	if (!hypervisor_call_set_arg(call, ARG_XML, domain_xml)) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return hypervisor_run(hypervisor, call, "preflight", deadline, err);
}
