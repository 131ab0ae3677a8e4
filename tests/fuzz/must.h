/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_MUST_H
#define LUNMASK_MUST_H

#include <stdio.h>
#include <stdlib.h>

/* What holds for every input; the fuzzer takes the end of the process for a find. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,           \
				      #condition);                                                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
