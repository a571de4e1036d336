/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CALICO_WORLD_H
#define CALICO_WORLD_H
/* A set as the library has it and as the oracle has it, and what they say. */
#include "differential/calico_tally.h"

/* A set that was loaded and compiled. */
struct loaded {
    struct random_world library;
    struct cal_world oracle;
};

/* As random_load; close the library's world in any case. */
void cal_load(struct loaded *l, struct netpol_ctx *ctx, const struct cal *c, uint64_t shuffle);
/* The tuple as this load of the set has it: references are its own. */
struct netpol_tuple cal_tuple(const struct loaded *l, const struct cal_asked *asked);
/* NULL: oracle, reference and matcher agree. tally may be NULL. */
const char *cal_compare(const struct loaded *l, const struct cal_asked *asked,
                        struct cal_tally *tally);
/* Do two loads of a set say the same by the same rules, of the same keys? */
bool cal_same(const struct loaded *a, const struct loaded *b, const struct cal_asked *asked);
/* Both sides of every verdict, as text. */
void cal_show(const struct loaded *l, const struct cal_asked *asked);
#endif
