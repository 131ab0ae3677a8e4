/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_JSON_XML_H
#define LUNMASK_JSON_XML_H

#include <jansson.h>
#include <stdio.h>

/*
 * The same data as XML: an object is an element, and its plain members are attributes of it. A text
 *of several lines is a child with that text. A list is an element with a child for each: of the
 *same name without its last s, or "item".
 *
 *	{"index": 4, "tasks": [{"vm": "web1"}]}       name: "listing"
 *	<listing index="4"><tasks><task vm="web1"/></tasks></listing>
 *
 * null is left out. 0, -ENOMEM or -EIO; -EINVAL: a key is not a name of XML.
 */
int json_xml_print(const json_t *json, const char *name, FILE *file);

#endif
