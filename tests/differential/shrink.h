/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHRINK_H
#define SHRINK_H
/*
 * Making a failing case small. Policies, rules, alternatives and conditions are taken away one at a
 * time, what is left is made plainer (tables of fields and their plain values), and so is the
 * tuple; every step that still fails stays. Until nothing more can go.
 */
#include "differential/generator.h"

struct shrink {
    struct gen gen;
    struct netpol_tuple tuple;
    /* Does the case still fail? */
    bool (*fails)(void *user, const struct gen *gen, const struct netpol_tuple *tuple);
    void *user;
    uint32_t tries, most; /* how often it was asked, and may be */
};
/* gen and tuple must fail. */
void shrink_case(struct shrink *s);
#endif
