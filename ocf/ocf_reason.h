/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_OCF_REASON_H
#define LUNMASK_OCF_REASON_H

#include <stdbool.h>

/*
 * An exit reason that fits: Pacemaker shows the first 128 bytes of it and cuts the rest off, in the
 * middle of a word and usually before the advice.
 *
 * A text of lunmask consists of clauses, which end with ": ", "; " or ". ". The first one says
 * which step failed, and the next how. A clause that begins with an imperative, such as "start
 * lunmaskd", says what to do. The last one is often the cause. If not all fit, the step, the
 * advice, the failure and the cause are kept in this order, and "..." stands where others were.
 * Long names lose their middle.
 */
#define OCF_REASON_MAX 128

/* True if the text was shortened; the caller logs the whole one. */
bool ocf_reason_fit(const char *text, char ret[OCF_REASON_MAX + 1]);

/* Does a clause that begins so say what to do? For the test that looks at all texts. */
bool ocf_reason_is_advice(const char *clause);

#endif
