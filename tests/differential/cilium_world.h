/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CILIUM_WORLD_H
#define CILIUM_WORLD_H
/* A set as the library has it and as the oracle has it, and what they say. */
#include "differential/cilium_tally.h"

/* A set that was loaded and compiled. */
struct cil_loaded {
    struct random_world library;
    const struct cil *set;
};

/* As random_load; close the library's world in any case. */
void cil_load(struct cil_loaded *l, struct netpol_ctx *ctx, const struct cil *c, uint64_t shuffle);
/* The tuple as this load of the set has it: references are its own. */
struct netpol_tuple cil_tuple(const struct cil_loaded *l, const struct cil_asked *asked);
/* NULL: oracle, reference and matcher agree. tally may be NULL. */
const char *cil_compare(const struct cil_loaded *l, const struct cil_asked *asked,
                        struct cil_tally *tally);
/* Do two loads of a set say the same by the same rules, of the same keys? */
bool cil_same(const struct cil_loaded *a, const struct cil_loaded *b,
              const struct cil_asked *asked);
/* Both sides of every verdict, as text. */
void cil_show(const struct cil_loaded *l, const struct cil_asked *asked);
/*
 * Beside cilium_map.c's policy maps: all ports between the ends of the question. NULL: they agree,
 * or the set has what no map says. *out: where not.
 */
const char *cil_map_compare(const struct cil_loaded *l, const struct cil_asked *asked,
                            struct cil_tally *tally, struct cil_asked *out);
#endif
