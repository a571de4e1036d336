/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROPERTIES_H
#define PROPERTIES_H
/* What the files of the property tests share. */
#include "differential/generator.h"

enum { QUESTIONS = 10 };

struct run {
    const struct netpol_ctx *ctx;
    const char *property;
    unsigned features; /* enum gen_features */
    uint64_t seed;
    struct gen gen;
    struct gen_random random;
    uint64_t asked, actions[NETPOL_ACTION_COUNT];
    unsigned failures;
    bool show;     /* print every walk */
    uint64_t bite; /* how often the difference could show at all */
};
extern const struct gen_tweak as_drawn;
struct np_model *build(const struct run *run,
                       const struct gen_tweak *tweak); /* exits without memory */
void fail(struct run *run, const struct gen_question *q, const struct netpol_verdict *a,
          const struct netpol_verdict *b);

/* The hop of a question without fragments or mapped addresses; false: a reference is not known, or
 * an address has several owners. */
bool resolve(const struct np_model *model, const struct gen_question *q, struct np_hop *hop);

/* Properties of one checkpoint or one condition. */
void enumerated(struct run *run);
void complement(struct run *run);
#endif
