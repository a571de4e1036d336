/* SPDX-License-Identifier: Apache-2.0 */
/* One workload: every engine is built, checked against the linear scan, and only then timed, one
 * after the other, again and again; the least time of each counts. */
#include "classify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const bench_mode_names[BENCH_MODES] = {"serial", "loop", "batch"};
volatile uint32_t bench_zero;
volatile uint32_t bench_sink;
int bench_cpu;

static const struct bench_engine *const engines[] = {
    &bench_engine_netpol,  &bench_engine_acl,
#ifdef NETPOL_BENCH_BPF
    &bench_engine_bpf_lpm, &bench_engine_bpf_hash,
#endif
    &bench_engine_linear,  &bench_engine_reference,
};
enum { ENGINES = sizeof engines / sizeof *engines };

enum { CHECKED = 4000, CHECKED_LARGE = 1000, RUN = 400000 };

struct entry {
    const struct bench_engine *engine;
    void *state;
    struct bench_facts facts;
    size_t wrong;
    double ns[BENCH_MODES];
};
struct answers {
    uint32_t *of[NP_DIRECTIONS];
};

static bool answers_make(struct answers *a, size_t count)
{
    a->of[0] = malloc(count * sizeof *a->of[0]);
    a->of[1] = malloc(count * sizeof *a->of[1]);
    return a->of[0] && a->of[1];
}

static void answers_free(struct answers *a)
{
    free(a->of[0]);
    free(a->of[1]);
}

/* The header that went wrong first, so that it can be looked into. */
static void tell_wrong(const struct bench_workload *w, const struct entry *e,
                       const struct bench_key *k, uint32_t got, uint32_t want)
{
    fprintf(stderr,
            "%s at %s %zu: %u.%u.%u.%u:%u -> %u.%u.%u.%u:%u protocol %u: "
            "says %u %s, should be %u %s\n",
            e->engine->name, w->name, w->nominal, k->src >> 24, k->src >> 16 & 255,
            k->src >> 8 & 255, k->src & 255, k->src_port, k->dst >> 24, k->dst >> 16 & 255,
            k->dst >> 8 & 255, k->dst & 255, k->dst_port, k->protocol, got >> 1,
            got & 1 ? "allow" : "deny", want >> 1, want & 1 ? "allow" : "deny");
}

static void check(const struct bench_workload *w, struct entry *e, size_t step, size_t count,
                  const struct answers *right, const struct answers *scratch)
{
    uint32_t *got[NP_DIRECTIONS] = {scratch->of[0], scratch->of[1]};
    e->engine->answer(e->state, step, count, got);
    for (size_t i = 0; i < count; i++) {
        bool wrong = false;
        for (int d = 0; d < (w->both ? 2 : 1); d++) {
            if (got[d][i] != right->of[d][i]) {
                if (e->wrong == 0 && !wrong) {
                    tell_wrong(w, e, &w->trace[i * step], got[d][i], right->of[d][i]);
                }
                wrong = true;
            }
        }
        e->wrong += wrong;
    }
}

static size_t run_length(const struct bench_workload *w, const struct bench_engine *engine)
{
    double rules = (double)w->rules[0].count + (double)w->rules[1].count;
    size_t count = w->n_trace < RUN ? w->n_trace : RUN;
    if (engine->slow > 0 && rules * (double)count > engine->slow) {
        count = (size_t)(engine->slow / rules);
        count = count < 200 ? 200 : count;
    }
    return count;
}

static void measure(const struct bench_workload *w, struct entry *entries, size_t n, int rounds)
{
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < n; i++) {
            struct entry *e = &entries[i];
            for (int mode = 0; e->state && mode < BENCH_MODES; mode++) {
                if ((e->engine->modes & 1u << mode) == 0 || e->wrong ||
                    (e->engine->slow > 0 && round > 1)) {
                    continue;
                }
                double ns =
                    e->engine->run(e->state, (enum bench_mode)mode, run_length(w, e->engine));
                if (round == 0 || ns < e->ns[mode]) {
                    e->ns[mode] = ns;
                }
            }
        }
    }
}

static size_t open_all(const struct bench_workload *w, const struct bench_options *options,
                       struct entry *entries, bool *ok)
{
    size_t n = 0;
    for (size_t i = 0; i < ENGINES; i++) {
        const struct bench_engine *engine = engines[i];
        struct entry *e = &entries[n];
        if ((engine->fits && !engine->fits(w)) ||
            (options->engine && strcmp(options->engine, engine->name) != 0)) {
            continue;
        }
        *e = (struct entry){.engine = engine};
        e->state = engine->open(w, &e->facts);
        if (!e->state) {
            bool skipped = e->facts.skipped[0] != 0;
            printf("%s: %s at %s %zu: %s\n", skipped ? "SKIP" : "FAILED", engine->name, w->name,
                   w->nominal, skipped ? e->facts.skipped : "no memory, or it failed");
            *ok = *ok && skipped;
            continue;
        }
        n++;
    }
    return n;
}

static void record(const struct bench_workload *w, const struct entry *e,
                   const struct bench_options *options)
{
    for (int mode = 0; mode < BENCH_MODES; mode++) {
        if ((e->engine->modes & 1u << mode) == 0) {
            continue;
        }
        struct bench_figure figure = {.nominal = w->nominal,
                                      .rules = w->rules[0].count + w->rules[1].count,
                                      .mode = (enum bench_mode)mode,
                                      .ns = e->ns[mode],
                                      .facts = e->facts,
                                      .wrong = e->wrong};
        snprintf(figure.workload, sizeof figure.workload, "%s%s%s", w->name, w->both ? "-both" : "",
                 options->skewed ? "-zipf" : "");
        snprintf(figure.engine, sizeof figure.engine, "%s", e->engine->name);
        bench_record(&figure, options);
    }
}

bool bench_classify(const struct bench_workload *w, const struct bench_options *options)
{
    struct entry entries[ENGINES];
    struct answers right =
                       {
                           {NULL, NULL}
    },
                   scratch = {{NULL, NULL}};
    size_t count = w->nominal > 100000 ? CHECKED_LARGE : CHECKED;
    count = count < w->n_trace ? count : w->n_trace;
    size_t step = w->n_trace / count;
    bool ok = answers_make(&right, count) && answers_make(&scratch, count);
    size_t n = ok ? open_all(w, options, entries, &ok) : 0;
    for (int d = 0; n && d < (w->both ? 2 : 1); d++) {
        for (size_t i = 0; i < count; i++) {
            right.of[d][i] = bench_linear(&w->rules[d], &w->trace[i * step]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        check(w, &entries[i], step, count, &right, &scratch);
    }
    measure(w, entries, n, options->quick ? 3 : 9);
    for (size_t i = 0; i < n; i++) {
        record(w, &entries[i], options);
        ok = ok && entries[i].wrong == 0;
        entries[i].engine->close(entries[i].state);
    }
    answers_free(&right);
    answers_free(&scratch);
    return ok;
}

double bench_chase(size_t bytes)
{
    enum { LINE = 64, LOADS = 5, ROUNDS = 400000 };
    size_t lines = bytes / LINE;
    uint32_t *order = malloc(lines * sizeof *order);
    unsigned char *memory = aligned_alloc(LINE, bytes);
    struct bench_random r = {bytes};
    double best = 1e18;
    for (size_t i = 0; order && i < lines; i++) {
        order[i] = (uint32_t)i;
    }
    for (size_t i = lines; order && i > 1; i--) {
        uint32_t j = bench_below(&r, i), keep = order[j];
        order[j] = order[i - 1];
        order[i - 1] = keep;
    }
    for (size_t i = 0; order && memory && i < lines; i++) {
        memcpy(memory + (size_t)order[i] * LINE, &order[(i + 1) % lines], sizeof *order);
    }
    for (int round = 0; order && memory && round < 5; round++) {
        uint32_t at = 0;
        double start = bench_seconds();
        for (int i = 0; i < ROUNDS * LOADS; i++) {
            memcpy(&at, memory + (size_t)at * LINE, sizeof at);
        }
        bench_sink = at;
        double ns = (bench_seconds() - start) * 1e9 / ROUNDS;
        best = ns < best ? ns : best;
    }
    free(order);
    free(memory);
    return best;
}
