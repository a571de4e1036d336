/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CALICO_WORLD_H
#define CALICO_WORLD_H
/* A set as the library has it and as the oracle has it, and what they say. */
#include "differential/calico_tally.h"
#include "differential/engines.h"

/* A set that was loaded and compiled. */
struct loaded {
    struct netpol_store *store;
    struct netpol_diags *diags;
    struct world world;
    struct cal_world oracle;
    bool ready;
};

/* shuffle 0: as drawn; else in another order, from several files. Unload in any case. */
void cal_load(struct loaded *l, struct netpol_ctx *ctx, const struct cal *c, uint64_t shuffle);
void cal_unload(struct loaded *l);
/* The tuple as this load of the set has it: references are its own. */
struct netpol_tuple cal_tuple(const struct loaded *l, const struct cal_asked *asked);
/* NULL: oracle, reference and matcher agree. tally may be NULL. */
const char *cal_compare(const struct loaded *l, const struct cal_asked *asked,
                        struct cal_tally *tally);
/* Do two loads of a set say the same by the same rules, of the same keys? */
bool cal_same(const struct loaded *a, const struct loaded *b, const struct cal_asked *asked);
void cal_print_errors(const struct loaded *l);
/* Both sides of every verdict, as text. */
void cal_show(const struct loaded *l, const struct cal_asked *asked);
#endif
