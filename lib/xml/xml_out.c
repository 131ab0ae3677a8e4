/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xml/xml_out.h"

#include <errno.h>

static void check(struct xml_out *out, int rc)
{
	if (rc < 0) {
		out->failed = true;
	}
}

int xml_out_begin(struct xml_out *out)
{
	*out = (struct xml_out){.buffer = xmlBufferCreate()};
	out->writer = out->buffer == NULL ? NULL : xmlNewTextWriterMemory(out->buffer, 0);
	if (out->writer == NULL) {
		xmlBufferFree(out->buffer);
		return -ENOMEM;
	}
	check(out, xmlTextWriterSetIndent(out->writer, 1));
	/* Without an encoding declaration: crm refuses one, and UTF-8 is the default. */
	check(out, xmlTextWriterStartDocument(out->writer, NULL, NULL, NULL));
	return 0;
}

void xml_out_doctype(struct xml_out *out, const char *name, const char *system)
{
	check(out, xmlTextWriterWriteDTD(out->writer, BAD_CAST name, NULL, BAD_CAST system, NULL));
}

void xml_out_open(struct xml_out *out, const char *name)
{
	check(out, xmlTextWriterStartElement(out->writer, BAD_CAST name));
}

void xml_out_attribute(struct xml_out *out, const char *name, const char *value)
{
	check(out, xmlTextWriterWriteAttribute(out->writer, BAD_CAST name, BAD_CAST value));
}

void xml_out_number(struct xml_out *out, const char *name, int value, const char *unit)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%d%s", value, unit);
	xml_out_attribute(out, name, text);
}

void xml_out_text(struct xml_out *out, const char *text)
{
	check(out, xmlTextWriterWriteString(out->writer, BAD_CAST text));
}

void xml_out_element(struct xml_out *out, const char *name, const char *lang, const char *text)
{
	xml_out_open(out, name);
	if (lang != NULL) {
		xml_out_attribute(out, "lang", lang);
	}
	xml_out_text(out, text);
	xml_out_close(out);
}

void xml_out_close(struct xml_out *out)
{
	check(out, xmlTextWriterEndElement(out->writer));
}

int xml_out_end(struct xml_out *out, FILE *stream)
{
	int rc = 0;

	check(out, xmlTextWriterEndDocument(out->writer));
	xmlFreeTextWriter(out->writer);
	if (out->failed) {
		rc = -ENOMEM;
	} else if (fputs((const char *)xmlBufferContent(out->buffer), stream) < 0 ||
		   fflush(stream) != 0) {
		rc = -EIO;
	}
	xmlBufferFree(out->buffer);
	return rc;
}
