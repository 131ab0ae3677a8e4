/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor.h"

#include <inttypes.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "domain/domain_xml.h"
#include "hypervisor/hypervisor_conn.h"

#define MEMORY_STATS_MAX 32

enum { ARG_CPU, ARG_EMULATOR, ARG_ARCH, ARG_MACHINE, ARG_VIRT_TYPE };

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

/* The memory that the kernel can provide: free pages and the page cache. */
static int check_memory(struct hypervisor_call *call)
{
	virNodeMemoryStats stats[MEMORY_STATS_MAX];
	uint64_t available_kib = 0;
	int n = 0;
	int i;

	/* libvirt requires exactly as many entries as it reported. */
	if (virNodeGetMemoryStats(call->conn, VIR_NODE_MEMORY_STATS_ALL_CELLS, NULL, &n, 0) < 0) {
		return hypervisor_call_failed(call);
	}
	n = n > MEMORY_STATS_MAX ? MEMORY_STATS_MAX : n;
	if (virNodeGetMemoryStats(call->conn, VIR_NODE_MEMORY_STATS_ALL_CELLS, stats, &n, 0) < 0) {
		return hypervisor_call_failed(call);
	}
	for (i = 0; i < n; i++) {
		if (strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_FREE) == 0 ||
		    strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_BUFFERS) == 0 ||
		    strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_CACHED) == 0) {
			available_kib += stats[i].value;
		}
	}
	if (available_kib < call->number / 1024) {
		return hypervisor_call_set_text(call, -ENOSPC,
						"domain '%s' needs %" PRIu64
						" MiB of memory, and %" PRIu64
						" MiB are available there",
						call->vm, call->number >> 20, available_kib >> 10);
	}
	return 0;
}

static int check_cpu(struct hypervisor_call *call)
{
	int verdict;

	if (call->args[ARG_CPU] == NULL) {
		return 0;
	}
	verdict = virConnectCompareHypervisorCPU(call->conn, call->args[ARG_EMULATOR],
						 call->args[ARG_ARCH], call->args[ARG_MACHINE],
						 call->args[ARG_VIRT_TYPE], call->args[ARG_CPU], 0);
	if (verdict == VIR_CPU_COMPARE_ERROR) {
		return hypervisor_call_failed(call);
	}
	if (verdict == VIR_CPU_COMPARE_INCOMPATIBLE) {
		return hypervisor_call_set_text(
			call, -ENOTSUP,
			"the CPU of domain '%s' cannot run there: %.300s; choose "
			"a <cpu> that all hosts have",
			call->vm, call->args[ARG_CPU]);
	}
	return 0;
}

static int preflight_run(struct hypervisor_call *call)
{
	int rc = check_name(call);

	if (rc == 0) {
		rc = check_memory(call);
	}
	return rc < 0 ? rc : check_cpu(call);
}

/* Takes the <cpu> if it names a model; for host-passthrough and similar modes the host decides. */
static bool set_cpu(struct hypervisor_call *call, xmlDocPtr doc, xmlNodePtr domain)
{
	xmlNodePtr cpu = xml_tree_child(domain, "cpu");
	xmlBufferPtr buffer;
	bool kept;

	if (xml_tree_text(xml_tree_child(cpu, "model")) == NULL) {
		return true;
	}
	buffer = xmlBufferCreate();
	kept = buffer != NULL && xmlNodeDump(buffer, doc, cpu, 0, 0) > 0 &&
	       hypervisor_call_set_arg(call, ARG_CPU, (const char *)xmlBufferContent(buffer));
	xmlBufferFree(buffer);
	return kept;
}

static int set_args(struct hypervisor_call *call, xmlDocPtr doc, struct err *err)
{
	xmlNodePtr domain = xmlDocGetRootElement(doc);
	xmlNodePtr type = xml_tree_child(xml_tree_child(domain, "os"), "type");
	xmlNodePtr emulator = xml_tree_child(xml_tree_child(domain, "devices"), "emulator");
	int rc = domain_xml_memory(domain, &call->number, err);

	if (rc < 0) {
		return rc;
	}
	if (!set_cpu(call, doc, domain) ||
	    !hypervisor_call_set_arg(call, ARG_EMULATOR, xml_tree_text(emulator)) ||
	    !hypervisor_call_set_arg(call, ARG_ARCH, xml_tree_attr(type, "arch")) ||
	    !hypervisor_call_set_arg(call, ARG_MACHINE, xml_tree_attr(type, "machine")) ||
	    !hypervisor_call_set_arg(call, ARG_VIRT_TYPE, xml_tree_attr(domain, "type"))) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

int hypervisor_preflight(struct hypervisor *hypervisor, const char *vm, const char *domain_xml,
			 struct deadline deadline, struct err *err)
{
	AUTO_CALL call = NULL;
	AUTO_XML doc = NULL;
	int rc = domain_xml_parse(domain_xml, strlen(domain_xml), &doc, err);

	if (rc < 0) {
		return rc;
	}
	call = hypervisor_call_on(hypervisor, preflight_run, vm, &rc, err);
	if (call == NULL) {
		return rc;
	}
	rc = set_args(call, doc, err);
	return rc < 0 ? rc : hypervisor_run(hypervisor, call, "preflight", deadline, err);
}
