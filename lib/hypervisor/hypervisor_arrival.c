/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor_arrival.h"

#include <stdlib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "domain/domain_xml.h"

static bool mark_add(xmlNodePtr domain)
{
	xmlNodePtr metadata = xml_tree_child(domain, "metadata");
	xmlNodePtr mark;
	xmlNsPtr ns;

	if (metadata == NULL) {
		metadata = xmlNewChild(domain, NULL, BAD_CAST "metadata", NULL);
	}
	mark = metadata == NULL ? NULL : xmlNewChild(metadata, NULL, BAD_CAST "arrival", NULL);
	ns = mark == NULL
		     ? NULL
		     : xmlNewNs(mark, BAD_CAST HYPERVISOR_ARRIVAL_NAMESPACE, BAD_CAST "lunmask");
	xmlSetNs(mark, ns);
	return ns != NULL;
}

int hypervisor_arrival_mark(const char *domain_xml, char **ret, struct err *err)
{
	AUTO_XML doc = NULL;
	int rc = domain_xml_parse(domain_xml, strlen(domain_xml), &doc, err);

	if (rc < 0) {
		return rc;
	}
	if (!mark_add(xmlDocGetRootElement(doc))) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return domain_xml_format(doc, ret, err);
}

int hypervisor_arrival_marked(struct hypervisor_call *call, virDomainPtr domain)
{
	char *mark = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT,
					  HYPERVISOR_ARRIVAL_NAMESPACE, VIR_DOMAIN_AFFECT_LIVE);
	virErrorPtr error = virGetLastError();

	if (mark == NULL && error != NULL && error->code != VIR_ERR_NO_DOMAIN_METADATA) {
		return hypervisor_call_failed(call);
	}
	free(mark);
	return mark != NULL;
}

int hypervisor_arrival_unmark(struct hypervisor_call *call, virDomainPtr domain)
{
	return virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, NULL, NULL,
				    HYPERVISOR_ARRIVAL_NAMESPACE, VIR_DOMAIN_AFFECT_LIVE) < 0
		       ? hypervisor_call_failed(call)
		       : 0;
}
