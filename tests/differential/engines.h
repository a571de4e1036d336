/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINES_H
#define ENGINES_H
/*
 * Every way in which one policy set can be asked. Each must say what the reference says, byte for
 * byte (the generation apart).
 */
#include "differential/generator.h"

#include <netpol/netpol.h>

enum { WORLD_TUPLES = 256 };
/* A set compiled, its image opened again, both ready to be asked. */
struct world {
    struct netpol_ctx *ctx;
    const struct np_model *model; /* the definition; the matcher's own */
    struct netpol_matcher *compiled, *opened;
    struct netpol_view *view, *opened_view;
    struct netpol_scratch *scratch;
};
/* What could not be done, NULL when all could. Destroy also then. */
const char *world_open(struct world *w, struct netpol_ctx *ctx, const struct gen *g,
                       const struct gen_tweak *tweak);
/* The same of a matcher that is there, which becomes the world's in any case. */
const char *world_of(struct world *w, struct netpol_ctx *ctx, struct netpol_matcher *compiled);
void world_close(struct world *w);
/* Are the images of the two the same bytes? */
bool world_same_image(const struct world *a, const struct world *b);

struct engine {
    const char *name;
    const struct netpol_point *point; /* NULL: the whole question */
    /* false: not on this machine. */
    bool (*eval)(const struct world *w, const struct engine *engine,
                 const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count);
    unsigned variant; /* of instructions */
};
extern const struct engine engines[];
extern const size_t n_engines;

struct difference {
    const char *engine;
    const struct netpol_point *point;
    struct netpol_tuple tuple;
    struct netpol_verdict expected, got;
};
/*
 * Asks all engines all tuples (at most WORLD_TUPLES). true: they agree with the reference, whose
 * verdicts of whole questions go into `verdicts` (may be NULL). runs: by engine, how often it ran.
 */
bool world_agrees(const struct world *w, const struct netpol_tuple *tuples, size_t count,
                  struct netpol_verdict *verdicts, uint64_t *runs, struct difference *out);
#endif
