/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnetpol, as an embedder calls it: netpol_eval for every header, or netpol_eval_batch. One call
 * answers both directions. What it is given is the model, not the expanded list.
 */
#include "classify.h"
#include "compile/matcher.h"
#include "match/matcher.h"
#include "workload_k8s.h"

#include <netpol/change.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 256, PROBE = 1 << 16 };

struct engine {
    const struct bench_workload *w;
    struct netpol_ctx *ctx;
    struct netpol_matcher *matcher;
    struct netpol_view *view;
    struct netpol_tuple *tuples;
    uint32_t *answers;
    size_t batch;
};

static double run_batches(const struct engine *e, size_t batch, size_t count)
{
    static struct netpol_verdict verdicts[BATCH];
    double start = bench_seconds();
    for (size_t i = 0; i + batch <= count; i += batch) {
        netpol_eval_batch(e->view, e->tuples + i, verdicts, batch);
        bench_sink = verdicts[0].ingress.rule;
    }
    return (bench_seconds() - start) * 1e9 / (double)(count / batch * batch);
}

/* Two loops: in the first nothing ties a call to the one before. */
static double run_loop(const struct engine *e, size_t count)
{
    struct netpol_verdict v = {0};
    double start = bench_seconds();
    for (size_t i = 0; i < count; i++) {
        netpol_eval(e->view, e->tuples + i, &v);
        bench_sink = v.ingress.rule;
    }
    return (bench_seconds() - start) * 1e9 / (double)count;
}

static double run_serial(const struct engine *e, size_t count)
{
    struct netpol_verdict v = {0};
    uint32_t zero = bench_zero;
    double start = bench_seconds();
    for (size_t i = 0; i < count; i++) {
        uint32_t last = v.ingress.rule | v.egress.rule | v.action;
        netpol_eval(e->view, e->tuples + i + (last & zero), &v);
        bench_sink = v.ingress.rule;
    }
    return (bench_seconds() - start) * 1e9 / (double)count;
}

static double engine_run(void *state, enum bench_mode mode, size_t count)
{
    const struct engine *e = state;
    return mode == BENCH_BATCH  ? run_batches(e, e->batch, count)
           : mode == BENCH_LOOP ? run_loop(e, count)
                                : run_serial(e, count);
}

static void choose_batch(struct engine *e)
{
    size_t count = e->w->n_trace < PROBE ? e->w->n_trace : PROBE;
    double best = 1e18;
    for (size_t batch = 32; batch <= BATCH; batch *= 2) {
        double ns = run_batches(e, batch, count);
        if (ns < best) {
            best = ns;
            e->batch = batch;
        }
    }
}

/* Singles and batches must say the same. */
static void engine_answer(void *state, size_t step, size_t count, uint32_t *answers[NP_DIRECTIONS])
{
    const struct engine *e = state;
    struct netpol_tuple tuples[BATCH];
    struct netpol_verdict verdicts[BATCH];
    struct netpol_verdict single;
    for (size_t i = 0; i < count; i++) {
        size_t in = i % e->batch;
        if (in == 0) {
            size_t n = count - i < e->batch ? count - i : e->batch;
            for (size_t j = 0; j < n; j++) {
                tuples[j] = e->tuples[(i + j) * step];
            }
            netpol_eval_batch(e->view, tuples, verdicts, n);
        }
        netpol_eval(e->view, &tuples[in], &single);
        bool same = memcmp(&single, &verdicts[in], sizeof single) == 0;
        answers[NP_INGRESS][i] = same ? bench_part_answer(&single.ingress, e->answers) : UINT32_MAX;
        if (e->w->both) {
            answers[NP_EGRESS][i] =
                same ? bench_part_answer(&single.egress, e->answers) : UINT32_MAX;
        }
    }
}

static void engine_close(void *state)
{
    struct engine *e = state;
    netpol_view_destroy(e->view);
    netpol_matcher_unref(e->matcher);
    netpol_ctx_destroy(e->ctx);
    free(e->tuples);
    free(e->answers);
    free(e);
}

/* One pod more, one less: microseconds each. */
static double update_cost(const struct engine *e)
{
    enum { UPDATES = 2000 };
    struct netpol_endpoints *endpoints = NULL;
    struct netpol_label label = {"app", "v0"};
    const struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                              .namespace_name = "shop",
                                              .name = "new",
                                              .labels = &label,
                                              .n_labels = 1};
    uint32_t kind = 0;
    double us = 0;
    if (netpol_endpoints_create(e->matcher, &endpoints) == NETPOL_OK &&
        netpol_endpoints_kind(endpoints, &spec, &kind) == NETPOL_OK) {
        double start = bench_seconds();
        for (uint32_t i = 0; i < UPDATES; i++) {
            const struct netpol_endpoint_entry entry = {
                .size = sizeof entry,
                .ref = 1000000000 + i,
                .kind = kind,
                .family = 4,
                .address = {11, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i},
            };
            netpol_endpoints_set(endpoints, &entry);
            netpol_endpoints_remove(endpoints, entry.ref);
        }
        us = (bench_seconds() - start) * 1e6 / (2 * UPDATES);
    }
    netpol_endpoints_destroy(endpoints);
    return us;
}

static bool compile(struct engine *e, struct bench_facts *facts)
{
    if (netpol_ctx_create(NULL, &e->ctx) != NETPOL_OK) {
        return false;
    }
    struct np_model *model = e->w->model(e->w, e->ctx, &e->answers);
    if (!model) {
        return false;
    }
    double start = bench_seconds();
    int status = np_compile_model(e->ctx, model, &e->matcher);
    facts->build_ms = (bench_seconds() - start) * 1e3;
    if (status != NETPOL_OK) {
        np_model_destroy(model);
        printf("FAILED: libnetpol does not compile: %s\n", netpol_status_text(status));
        return false;
    }
    const struct np_image_header *h = e->matcher->image.header;
    facts->bytes = h->hot_bytes;
    snprintf(facts->detail, sizeof facts->detail, "%u signatures, %u classes, %u port classes",
             h->n_signatures, h->n_classes, h->n_port_classes);
    return netpol_view_create(e->matcher, NULL, &e->view) == NETPOL_OK;
}

static void *engine_open(const struct bench_workload *w, struct bench_facts *facts)
{
    struct engine *e = calloc(1, sizeof *e);
    if (!e) {
        return NULL;
    }
    e->w = w;
    e->tuples = aligned_alloc(64, w->n_trace * sizeof *e->tuples);
    if (!e->tuples || !compile(e, facts)) {
        engine_close(e);
        return NULL;
    }
    for (size_t i = 0; i < w->n_trace; i++) {
        e->tuples[i] = bench_tuple(&w->trace[i]);
    }
    choose_batch(e);
    if (w->cluster && !w->cluster->hard) {
        facts->update_us = update_cost(e);
    }
    return e;
}

const struct bench_engine bench_engine_netpol = {
    .name = "libnetpol",
    .modes = 1 << BENCH_SERIAL | 1 << BENCH_LOOP | 1 << BENCH_BATCH,
    .open = engine_open,
    .close = engine_close,
    .answer = engine_answer,
    .run = engine_run,
};
