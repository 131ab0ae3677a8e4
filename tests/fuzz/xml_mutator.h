/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_XML_MUTATOR_H
#define LUNMASK_XML_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

/*
 * Mutations of input that is one XML document, or two with a NUL byte between them: elements are
 * taken out, doubled, moved and renamed, attributes get each other's values, and parts of one
 * document go to the other. Random bytes alone hardly ever get past a parser of XML. For
 * LLVMFuzzerCustomMutator(), which has the same parameters.
 */
size_t xml_mutate(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/*
 * The two documents, of which the second is the first if there is only one. The caller frees both
 * with free().
 */
void xml_split(const uint8_t *data, size_t size, char **ret_first, char **ret_second);

#endif
