/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the generator reach everything (coverage.def)? usage: coverage SETS [SEED]. Asks the
 * reference alone; what the matcher is compared on comes from the same sets and tuples.
 */
#include "differential/boundaries.h"
#include "differential/coverage.h"

#include <stdlib.h>

enum { TUPLES = 50 };

static bool try_set(struct netpol_ctx *ctx, struct coverage *coverage, uint64_t seed)
{
    static const struct gen_tweak as_drawn = {0};
    static struct gen g;
    static struct boundaries b;
    struct gen_random random = {seed * 1000003};
    gen_make(&g, seed, seed % 5 ? GEN_ALL : GEN_CALICO_SHAPE);
    struct np_model *model = gen_build(ctx, &g, &as_drawn);
    if (!model) {
        return false;
    }
    boundaries_of(model, &b);
    coverage_model(coverage, model);
    for (int i = 0; i < TUPLES; i++) {
        struct netpol_tuple tuple;
        struct netpol_verdict verdict;
        boundaries_draw(&b, &random, &tuple);
        np_reference_eval(model, &tuple, NULL, NULL, NULL, &verdict);
        coverage_verdict(coverage, model, &verdict);
        coverage_question(coverage, model, &tuple);
    }
    np_model_destroy(model);
    return true;
}

int main(int argc, char **argv)
{
    static struct coverage coverage;
    uint64_t sets = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct netpol_ctx *ctx = NULL;
    if (netpol_ctx_create(NULL, &ctx) != NETPOL_OK) {
        return 1;
    }
    bool fine = true;
    for (uint64_t i = 0; i < sets && fine; i++) {
        fine = try_set(ctx, &coverage, seed + i);
    }
    netpol_ctx_destroy(ctx);
    return fine && coverage_report(&coverage, stdout) == 0 ? 0 : 1;
}
