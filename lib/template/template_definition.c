/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "template/template_definition.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "domain/domain_xml.h"
#include "domain/mapping.h"
#include "names/name.h"

#define SAMPLE_VM "sample"
#define SAMPLE_UUID "00000000-0000-4000-8000-000000000001"
#define SAMPLE_ARRAY "sample"
#define EXPANDED_MAX 1024 /* bytes of one text or value with placeholders */

enum { VM, UUID, MEMORY_KIB, VCPUS, NETWORK, PLACEHOLDERS };

static const char *const placeholders[PLACEHOLDERS] = {
	[VM] = "@VM@",       [UUID] = "@UUID@",       [MEMORY_KIB] = "@MEMORY_KIB@",
	[VCPUS] = "@VCPUS@", [NETWORK] = "@NETWORK@",
};

struct expansion {
	const char *texts[PLACEHOLDERS];
};

/* How long is the placeholder, known or not, that begins here? 0: none does. */
static size_t placeholder_length(const char *text)
{
	size_t inner = text[0] == '@' ? strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") : 0;

	return inner > 0 && text[1 + inner] == '@' ? inner + 2 : 0;
}

static const char *placeholder_text(const struct expansion *expansion, const char *text,
				    size_t length)
{
	for (size_t i = 0; i < PLACEHOLDERS; i++) {
		if (strlen(placeholders[i]) == length &&
		    strncmp(placeholders[i], text, length) == 0) {
			return expansion->texts[i];
		}
	}
	return NULL;
}

static int unknown(const char *text, size_t length, long line, struct err *err)
{
	char names[256] = "";

	for (size_t i = 0; i < PLACEHOLDERS; i++) {
		text_list_add(names, sizeof(names), placeholders[i]);
	}
	return err_set(err, -EINVAL, "line %ld: '%.*s' is not a placeholder; legal are %s", line,
		       (int)(length < 80 ? length : 80), text, names);
}

/* *ret is NULL if there is nothing to replace. */
static int text_expand(const struct expansion *expansion, const char *text, long line, char **ret,
		       struct err *err)
{
	g_autoptr(GString) expanded = g_string_new(NULL);
	bool found = false;

	*ret = NULL;
	while (*text != '\0') {
		size_t length = placeholder_length(text);
		const char *value = length > 0 ? placeholder_text(expansion, text, length) : NULL;

		if (length > 0 && value == NULL) {
			return unknown(text, length, line, err);
		}
		if (value != NULL) {
			g_string_append(expanded, value);
			found = true;
		} else {
			g_string_append_c(expanded, *text);
			length = 1;
		}
		text += length;
	}
	if (found && expanded->len > EXPANDED_MAX) {
		return err_set(err, -EINVAL, "line %ld: a text with placeholders is longer than %d",
			       line, EXPANDED_MAX);
	}
	if (found) {
		*ret = g_string_free(g_steal_pointer(&expanded), FALSE);
	}
	return 0;
}

static int attribute_expand(const struct expansion *expansion, xmlAttrPtr attribute,
			    struct err *err)
{
	xmlNodePtr node = attribute->parent;
	xmlChar *value = xmlNodeListGetString(node->doc, attribute->children, 1);
	g_autofree char *expanded = NULL;
	int rc = value == NULL ? 0
			       : text_expand(expansion, (const char *)value, xmlGetLineNo(node),
					     &expanded, err);

	xmlFree(value);
	if (rc == 0 && expanded != NULL &&
	    xmlSetNsProp(node, attribute->ns, attribute->name, BAD_CAST expanded) == NULL) {
		rc = err_set(err, -ENOMEM, "out of memory");
	}
	return rc;
}

static int content_expand(const struct expansion *expansion, xmlNodePtr text, struct err *err)
{
	g_autofree char *expanded = NULL;
	int rc = text->content == NULL ? 0
				       : text_expand(expansion, (const char *)text->content,
						     xmlGetLineNo(text->parent), &expanded, err);

	if (rc == 0 && expanded != NULL) {
		/* It is escaped when it is written. */
		xmlNodeSetContentLen(text, BAD_CAST "", 0);
		xmlNodeAddContent(text, BAD_CAST expanded);
	}
	return rc;
}

/* The depth is limited (xml_tree.h). */
static int node_expand(const struct expansion *expansion, xmlNodePtr node, struct err *err)
{
	int rc = 0;

	for (xmlAttrPtr attribute = node->properties; attribute != NULL && rc == 0;
	     attribute = attribute->next) {
		rc = attribute_expand(expansion, attribute, err);
	}
	for (xmlNodePtr child = node->children; child != NULL && rc == 0; child = child->next) {
		if (child->type == XML_ELEMENT_NODE) {
			rc = node_expand(expansion, child, err);
		} else if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
			rc = content_expand(expansion, child, err);
		}
	}
	return rc;
}

static int is(xmlNodePtr domain, const char *element, const char *wanted, const char *placeholder,
	      struct err *err)
{
	const char *text = xml_tree_text(xml_tree_child(domain, element));

	return text != NULL && strcmp(text, wanted) == 0
		       ? 0
		       : err_set(err, -EINVAL,
				 "its <%s> must be %s: each VM of the template has its own",
				 element, placeholder);
}

static int macs_check(xmlNodePtr domain, struct err *err)
{
	xmlNodePtr devices = xml_tree_child(domain, "devices");

	for (xmlNodePtr nic = xml_tree_child(devices, "interface"); nic != NULL;
	     nic = xml_tree_next(nic, "interface")) {
		xmlNodePtr mac = xml_tree_child(nic, "mac");

		if (mac != NULL) {
			return err_set(err, -EINVAL,
				       "line %ld: leave out the <mac>, which all VMs of the "
				       "template would have; libvirt chooses one",
				       xmlGetLineNo(mac));
		}
	}
	return 0;
}

static int tree_make(xmlNodePtr domain, const struct template_values *values, struct err *err)
{
	char memory[24], vcpus[12];
	struct expansion expansion = {
		.texts = {[VM] = values->vm,
			  [UUID] = values->uuid,
			  [MEMORY_KIB] = memory,
			  [VCPUS] = vcpus,
			  [NETWORK] = values->network},
	};
	int rc;

	(void)snprintf(memory, sizeof(memory), "%" PRIu64, values->memory_bytes / 1024);
	(void)snprintf(vcpus, sizeof(vcpus), "%u", values->n_vcpus);
	rc = node_expand(&expansion, domain, err);
	rc = rc != 0 ? rc : is(domain, "name", values->vm, placeholders[VM], err);
	rc = rc != 0 ? rc : is(domain, "uuid", values->uuid, placeholders[UUID], err);
	return rc != 0 ? rc : macs_check(domain, err);
}

int template_definition_make(const struct template *template, const struct template_values *values,
			     char **ret, struct err *err)
{
	AUTO_XML doc = NULL;
	int rc = domain_xml_parse(template->xml, strlen(template->xml), &doc, err);

	rc = rc != 0 ? rc : tree_make(xmlDocGetRootElement(doc), values, err);
	rc = rc != 0 ? rc : domain_xml_format(doc, ret, err);
	return rc != 0 ? err_prefix(err, rc, "%s/%s", template->folder, template->definition) : 0;
}

int template_lun_name(const char *vm, const char *part, char ret[LUN_NAME_MAX + 1], struct err *err)
{
	g_autofree char *name = g_strdup_printf("%s-%s", vm, part);

	if (!lun_name_valid(name)) {
		return err_set(err, -EINVAL,
			       "'%.140s' is not a legal name of a LUN: the VM's name may have "
			       "letters, digits, '.', '_', '-', so that at most %d are needed",
			       name, LUN_NAME_MAX);
	}
	strcpy(ret, name);
	return 0;
}

int template_luns_name(const struct template *template, const char *vm, struct template_luns *ret,
		       struct err *err)
{
	int rc = 0;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < template->n_drives && rc == 0; i++) {
		const struct template_drive *from = &template->drives[i];
		struct drive *drive = &ret->drives[ret->n_drives++];

		strcpy(drive->target, from->target);
		drive->read_only = from->medium != NULL;
		if (from->medium != NULL) {
			strcpy(drive->extent.lun, from->medium);
		} else {
			rc = template_lun_name(vm, from->target, drive->extent.lun, err);
		}
	}
	return rc != 0 ? rc : template_lun_name(vm, "state", ret->state.lun, err);
}

int template_definition_check(const struct template *template, struct err *err)
{
	const struct template_values values = {
		.vm = SAMPLE_VM,
		.uuid = SAMPLE_UUID,
		.memory_bytes = template->memory_bytes,
		.n_vcpus = template->n_vcpus,
		.network = template->network,
	};
	struct template_luns luns;
	g_autofree char *xml = NULL;
	struct mapping_source source = {
		.vm = SAMPLE_VM,
		.array = SAMPLE_ARRAY,
		.drives = luns.drives,
		.state = &luns.state,
	};
	int rc = template_luns_name(template, SAMPLE_VM, &luns, err);

	rc = rc != 0 ? rc : template_definition_make(template, &values, &xml, err);
	if (rc != 0) {
		return rc;
	}
	source.n_drives = luns.n_drives;
	source.domain_xml = xml;
	rc = mapping_check_source(&source, err);
	return rc != 0 ? err_prefix(err, rc, "%s/%s", template->folder, template->definition) : 0;
}
