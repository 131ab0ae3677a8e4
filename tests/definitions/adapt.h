/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_ADAPT_H
#define LUNMASK_TEST_ADAPT_H

/*
 * Changes a definition so that a machine without the hardware can run it: a processor that QEMU
 * emulates instead of KVM, fewer NUMA nodes, no huge pages. Each change is a row of adapt.c with
 * its reason, and is printed. What moves with the guest is not touched. For g_free().
 */
char *adapt_to_machine(const char *file, const char *xml);

#endif
