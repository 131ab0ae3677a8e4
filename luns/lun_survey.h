/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LUN_SURVEY_H
#define LUNMASK_LUN_SURVEY_H

#include <glib.h>

#include "array/array.h"
#include "base/deadline.h"
#include "base/err.h"
#include "config/config.h"

/*
 * lunmask luns: all LUNs of the arrays, who is granted them, and which VMs of the cluster's
 * configuration use them. It changes nothing.
 *
 *	rc = lun_survey_get("san1", deadline, &survey, err);
 *	... survey.luns[i], survey.troubles
 *	lun_survey_release(&survey);
 *
 * What does not answer is a trouble, with text; what it would have said is NULL.
 */
struct lun_survey_lun {
	const char *array; /* borrowed from the configuration */
	struct array_catalog_lun is;
	/* Nodes by their name, other initiators as they are. NULL: not known. */
	GPtrArray *hosts;    /* that are granted it */
	GPtrArray *sessions; /* that have a session to it, and are not granted it */
	GPtrArray *vms;      /* NULL: not known */
};

struct lun_survey {
	struct config *config;
	struct lun_survey_lun *luns; /* by array, then by name */
	size_t n;
	GPtrArray *troubles;
};

/* array NULL: all of lunmask.conf. -ENOENT: it has none of this name. Errors of config_load(). */
int lun_survey_get(const char *array, struct deadline deadline, struct lun_survey *ret,
		   struct err *err);
void lun_survey_release(struct lun_survey *survey);

#endif
