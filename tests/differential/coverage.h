/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COVERAGE_H
#define COVERAGE_H
/*
 * Was everything reached? A differential run that never meets a construct proves nothing about it,
 * so it counts what its questions met (coverage.def) and fails when something is missing.
 */
#include "reference/reference.h"

#include <stdio.h>

enum coverage_group {
#define NP_COVER(group, what, ...) COVER_##group,
#include "differential/coverage.def"
#undef NP_COVER
    COVER_GROUPS
};
enum { COVER_ITEMS = 16 };
struct coverage {
    uint64_t seen[COVER_GROUPS][COVER_ITEMS];
};
void coverage_model(struct coverage *c, const struct np_model *model);
/* Asks the reference once more and counts what its walk met. */
void coverage_question(struct coverage *c, const struct np_model *model,
                       const struct netpol_tuple *tuple);
void coverage_verdict(struct coverage *c, const struct np_model *model,
                      const struct netpol_verdict *verdict);
/* Returns how many items were never reached. */
unsigned coverage_report(const struct coverage *c, FILE *out);
#endif
