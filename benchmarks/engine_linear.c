/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two engines without tables: the expanded list from top to bottom, which is also the oracle, and
 * the definition of verdicts (room reference) over the policies, which tells that the list and the
 * policies say the same.
 */
#include "classify.h"
#include "reference/reference.h"

#include <stdlib.h>
#include <string.h>

/* ---- linear ---- */

static void *linear_open(const struct bench_workload *w, struct bench_facts *facts)
{
    facts->bytes = (w->rules[0].count + w->rules[1].count) * sizeof(struct bench_line);
    return (void *)(uintptr_t)w; /* never written to */
}

static void linear_close(void *state)
{
    (void)state;
}

static void linear_answer(void *state, size_t step, size_t count, uint32_t *answers[NP_DIRECTIONS])
{
    const struct bench_workload *w = state;
    for (int d = 0; d < (w->both ? 2 : 1); d++) {
        for (size_t i = 0; i < count; i++) {
            answers[d][i] = bench_linear(&w->rules[d], &w->trace[i * step]);
        }
    }
}

static double linear_run(void *state, enum bench_mode mode, size_t count)
{
    const struct bench_workload *w = state;
    uint32_t mask = mode == BENCH_SERIAL ? bench_zero : 0, answer = 0;
    double start = bench_seconds();
    for (size_t i = 0; i < count; i++) {
        const struct bench_key *key = w->trace + i + (answer & mask);
        answer = bench_linear(&w->rules[NP_INGRESS], key);
        answer += w->both ? bench_linear(&w->rules[NP_EGRESS], key) : 0;
        bench_sink = answer;
    }
    return (bench_seconds() - start) * 1e9 / (double)count;
}

const struct bench_engine bench_engine_linear = {
    .name = "linear",
    .modes = 1 << BENCH_LOOP,
    .open = linear_open,
    .close = linear_close,
    .answer = linear_answer,
    .run = linear_run,
    .slow = 2e8,
};

/* ---- reference ---- */

struct reference {
    const struct bench_workload *w;
    struct netpol_ctx *ctx;
    struct np_model *model;
    uint32_t *answers;
};

static void reference_close(void *state)
{
    struct reference *r = state;
    if (r->model) {
        np_model_destroy(r->model);
    }
    netpol_ctx_destroy(r->ctx);
    free(r->answers);
    free(r);
}

static void *reference_open(const struct bench_workload *w, struct bench_facts *facts)
{
    struct reference *r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    r->w = w;
    if (netpol_ctx_create(NULL, &r->ctx) == NETPOL_OK) {
        double start = bench_seconds();
        r->model = w->model(w, r->ctx, &r->answers);
        facts->build_ms = (bench_seconds() - start) * 1e3;
    }
    if (!r->model) {
        reference_close(r);
        return NULL;
    }
    return r;
}

static void reference_answer(void *state, size_t step, size_t count,
                             uint32_t *answers[NP_DIRECTIONS])
{
    const struct reference *r = state;
    for (size_t i = 0; i < count; i++) {
        struct netpol_tuple tuple = bench_tuple(&r->w->trace[i * step]);
        struct netpol_verdict v;
        np_reference_eval(r->model, &tuple, NULL, NULL, NULL, &v);
        answers[NP_INGRESS][i] = bench_part_answer(&v.ingress, r->answers);
        if (r->w->both) {
            answers[NP_EGRESS][i] = bench_part_answer(&v.egress, r->answers);
        }
    }
}

static double reference_run(void *state, enum bench_mode mode, size_t count)
{
    const struct reference *r = state;
    double start = bench_seconds();
    (void)mode;
    for (size_t i = 0; i < count; i++) {
        struct netpol_tuple tuple = bench_tuple(&r->w->trace[i]);
        struct netpol_verdict v;
        np_reference_eval(r->model, &tuple, NULL, NULL, NULL, &v);
        bench_sink = v.action;
    }
    return (bench_seconds() - start) * 1e9 / (double)count;
}

/* A policy set is a few thousand rules at most; a long list, walked rule by rule with all that the
 * definition looks at, takes too long to check. */
static bool reference_fits(const struct bench_workload *w)
{
    return w->cluster || w->nominal <= 10000;
}

const struct bench_engine bench_engine_reference = {
    .name = "reference",
    .fits = reference_fits,
    .modes = 1 << BENCH_LOOP,
    .open = reference_open,
    .close = reference_close,
    .answer = reference_answer,
    .run = reference_run,
    .slow = 1e7,
};
