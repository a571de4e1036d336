/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_BENCHMARKS_CLASSIFY_H
#define NETPOL_BENCHMARKS_CLASSIFY_H
/*
 * Engines of the classification benchmark, and how they are asked.
 *
 * serial: where the next header is found depends on the answer to the last one: the latency of one
 * decision. loop: one call a header, independent of each other, so that the processor overlaps
 * them. batch: as many headers a call as suits the engine best, of 32, 64, 128 and 256.
 */
#include "workload_set.h"

#include <time.h>

enum bench_mode { BENCH_SERIAL, BENCH_LOOP, BENCH_BATCH, BENCH_MODES };
extern const char *const bench_mode_names[BENCH_MODES];

struct bench_facts {   /* filled by open */
    double build_ms;   /* from the form the engine is given to one that it answers from */
    size_t bytes;      /* what answers read, without the headers */
    double update_us;  /* one address more or less; 0: not measured */
    char detail[80];   /* variant, algorithm */
    char skipped[160]; /* open gave NULL: why; "": it failed */
};
struct bench_engine {
    const char *name;
    unsigned modes;                               /* 1 << enum bench_mode */
    bool (*fits)(const struct bench_workload *w); /* can it say this at all? NULL: always */
    void *(*open)(const struct bench_workload *w, struct bench_facts *facts);
    void (*close)(void *state);
    /* Answers to headers 0, step, 2 * step, ... of the trace, by direction. */
    void (*answer)(void *state, size_t step, size_t count, uint32_t *answers[NP_DIRECTIONS]);
    /* Nanoseconds a header over the first `count` of the trace. */
    double (*run)(void *state, enum bench_mode mode, size_t count);
    double slow; /* headers a run is cut to when rules * headers exceeds this; 0: never */
};
extern const struct bench_engine bench_engine_netpol, bench_engine_acl, bench_engine_linear,
    bench_engine_reference, bench_engine_bpf_lpm, bench_engine_bpf_hash;

/* Of this thread on a processor: what other work on the machine takes is not in it. */
static inline double bench_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
/* 0, which the compiler cannot know: what makes the next address depend on an answer. */
extern volatile uint32_t bench_zero;
/* Where answers go that nobody reads. */
extern volatile uint32_t bench_sink;
extern int bench_cpu; /* that this process is pinned to */

/* A part of a verdict as an answer (answers: by decision number); one whose action is not what its
 * rule says is no answer at all. */
static inline uint32_t bench_part_answer(const struct netpol_part *part, const uint32_t *answers)
{
    uint32_t answer = part->rule ? answers[part->rule] : BENCH_DEFAULT;
    return (answer & 1) == (part->action == NETPOL_ALLOW) ? answer : UINT32_MAX;
}

/* ---- classify_run.c ---- */
struct bench_options {
    bool quick;
    bool skewed;          /* few headers come often: see bench_workload_skew */
    const char *json;     /* file to append lines to; NULL: none */
    const char *workload; /* only this; NULL: all */
    size_t nominal;       /* only this size; 0: all */
    const char *engine;   /* only this, for profiles; NULL: all */
};
/* false: an engine failed, or disagreed. */
bool bench_classify(const struct bench_workload *w, const struct bench_options *options);
/* Dependent loads over `bytes`, nanoseconds for five of them. */
double bench_chase(size_t bytes);

/* ---- classify_summary.c ---- */
struct bench_figure {
    char workload[16], engine[16];
    size_t nominal, rules;
    enum bench_mode mode;
    double ns;
    struct bench_facts facts;
    size_t wrong;
};
void bench_record(const struct bench_figure *figure, const struct bench_options *options);
/* Ratios against the goals, met or MISSED; returns how many were missed. */
int bench_summary(const struct bench_options *options);
#endif
