/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_SURVEY_INTERNAL_H
#define NP_ANALYZE_SURVEY_INTERNAL_H
/* The steps of np_survey_make, in this order. */
#include "analyze/survey.h"

int np_survey_mentions(struct np_survey *survey); /* keys, prefixes, port names, protocols */
int np_survey_classes(struct np_survey *survey);  /* endpoints -> classes */
int np_survey_foci(struct np_survey *survey);     /* classes -> what each sees */
#endif
