/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_LUN_LIST_H
#define LUNMASK_LUN_LIST_H

#include <jansson.h>
#include <stdio.h>

#include "luns/lun_survey.h"

/* lunmask luns: what lun_survey_get() has found, as text, JSON or XML. */

/* At most 80 columns wide. */
void lun_list_text(const struct lun_survey *survey, FILE *file);
/* A new reference, or NULL without memory. */
json_t *lun_list_json(const struct lun_survey *survey);
/* -ENOMEM or -EIO. */
int lun_list_xml(const struct lun_survey *survey, FILE *file);

#endif
