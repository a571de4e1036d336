/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_BENCHMARKS_CALICO_H
#define NETPOL_BENCHMARKS_CALICO_H
/* The parts of the benchmark of Calico's policies. */
#include "workload_calico.h"

#include <netpol/netpol.h>

#include <time.h>

static inline double calico_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
/* aim < 0: none. */
void calico_record(const char *workload, const char *what, double value, const char *unit,
                   double aim);

/* A workload, loaded and compiled, with what that took. */
struct calico_run {
    struct calico_workload workload;
    struct netpol_ctx *ctx;
    struct netpol_store *store;
    struct netpol_matcher *matcher;
    struct netpol_view *view;
    struct netpol_tuple *tuples; /* the trace */
    uint32_t *rules; /* decision number -> number of the rule, n_rules for all that is none */
    size_t held;     /* bytes that the context's memory has now */
    double load_s, compile_s;
    size_t yaml_bytes, store_bytes, matcher_bytes, image_bytes, lean_bytes;
};
/* calico_run.c. rounds: of compiles. false: a call failed, which is printed. Destroy also then. */
bool calico_run_make(const char *name, uint32_t scale, int rounds, struct calico_run *run);
void calico_run_destroy(struct calico_run *run);

/* calico_check.c. All of the trace against the linear scan; `asked` of it, and as many questions
 * without ports, without addresses or by reference, against the definition. false: one is wrong,
 * which is printed. */
bool calico_check(const struct calico_run *run, size_t asked);
#endif
