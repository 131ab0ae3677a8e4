/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_XML_OUT_H
#define LUNMASK_XML_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include <libxml/xmlwriter.h>

/*
 * Writes an XML document, such as the metadata of an agent. The struct remembers a failure until
 * xml_out_end() reports it, so that the calls in between need no check.
 *
 *	struct xml_out out;
 *	rc = xml_out_begin(&out);          -ENOMEM
 *	xml_out_open(&out, "a");
 *	...
 *	xml_out_close(&out);
 *	rc = xml_out_end(&out, stdout);    -ENOMEM or -EIO; releases the memory in any case
 */
struct xml_out {
	xmlBuffer *buffer;
	xmlTextWriter *writer;
	bool failed;
};

int xml_out_begin(struct xml_out *out);

void xml_out_doctype(struct xml_out *out, const char *name, const char *system);
void xml_out_open(struct xml_out *out, const char *name);
void xml_out_attribute(struct xml_out *out, const char *name, const char *value);
void xml_out_number(struct xml_out *out, const char *name, int value, const char *unit);
/* Writes character data into the open element. */
void xml_out_text(struct xml_out *out, const char *text);
/* Writes <name>text</name>, with a lang attribute unless lang is NULL. */
void xml_out_element(struct xml_out *out, const char *name, const char *lang, const char *text);
void xml_out_close(struct xml_out *out);

int xml_out_end(struct xml_out *out, FILE *stream);

#endif
