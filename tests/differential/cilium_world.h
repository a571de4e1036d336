/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CILIUM_WORLD_H
#define CILIUM_WORLD_H
/* A set as the library has it and as the oracle has it, and what they say. */
#include "differential/cilium_tally.h"
#include "differential/engines.h"

/* A set that was loaded and compiled. */
struct cil_loaded {
    struct netpol_store *store;
    struct netpol_diags *diags;
    struct world world;
    const struct cil *set;
    bool ready;
};

/* shuffle 0: as drawn; else in another order, from several files. Unload in any case. */
void cil_load(struct cil_loaded *l, struct netpol_ctx *ctx, const struct cil *c, uint64_t shuffle);
void cil_unload(struct cil_loaded *l);
/* The tuple as this load of the set has it: references are its own. */
struct netpol_tuple cil_tuple(const struct cil_loaded *l, const struct cil_asked *asked);
/* NULL: oracle, reference and matcher agree. tally may be NULL. */
const char *cil_compare(const struct cil_loaded *l, const struct cil_asked *asked,
                        struct cil_tally *tally);
/* Do two loads of a set say the same by the same rules, of the same keys? */
bool cil_same(const struct cil_loaded *a, const struct cil_loaded *b,
              const struct cil_asked *asked);
/* Why it is not ready: by the code of the first error. Static. */
const char *cil_error(const struct cil_loaded *l);
void cil_print_errors(const struct cil_loaded *l);
/* Both sides of every verdict, as text. */
void cil_show(const struct cil_loaded *l, const struct cil_asked *asked);
/*
 * Beside cilium_map.c's policy maps: all ports between the ends of the question. NULL: they agree,
 * or the set has what no map says. *out: where not.
 */
const char *cil_map_compare(const struct cil_loaded *l, const struct cil_asked *asked,
                            struct cil_tally *tally, struct cil_asked *out);
#endif
