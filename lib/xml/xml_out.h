/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_XML_OUT_H
#define LUNMASK_XML_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include <libxml/xmlwriter.h>

/*
 * An XML document, written: agents' metadata. The first failure is kept and told at the end, so
 * that the calls between need no check.
 *
 *	struct xml_out out;
 *	xml_out_begin(&out) (-ENOMEM); xml_out_open(&out, "a"); ... xml_out_close(&out);
 *	xml_out_end(&out, stdout) (-ENOMEM, -EIO; releases)
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
/* Character data of the element that is open. */
void xml_out_text(struct xml_out *out, const char *text);
/* <name>text</name>; lang, when it is not NULL, is its language. */
void xml_out_element(struct xml_out *out, const char *name, const char *lang, const char *text);
void xml_out_close(struct xml_out *out);

int xml_out_end(struct xml_out *out, FILE *stream);

#endif
