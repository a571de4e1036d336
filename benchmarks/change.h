/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_BENCHMARKS_CHANGE_H
#define NETPOL_BENCHMARKS_CHANGE_H
/* The parts of the benchmark of changes; each false when a call failed or an answer was wrong. */
#include <netpol/netpol.h>

#include <stdbool.h>
#include <time.h>

static inline double change_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
/* aim < 0: none. */
void change_record(const char *what, unsigned pods, unsigned policies, double value,
                   const char *unit, double aim);
/* Prints what failed; returns whether it did not. */
bool change_ok(int status, const char *what);

/* change_edits.c: a cluster in service; policies are edited, pods churn, readers look. */
bool change_edits(unsigned pods, unsigned policies, double aim_ms, bool quick);
/* change_pods.c: pods of a view of their own. */
bool change_pods(struct netpol_ctx *ctx, struct netpol_matcher *matcher, unsigned pods,
                 unsigned policies, bool quick);
/* change_names.c: names that come and go, and evaluations over addresses that have them. */
bool change_names(bool quick);
/* change_crowd.c: names where they are many, of one address or of every policy. */
bool change_crowd(bool quick);
/* change_size.c: what a million expanded rules, and 100,000 pods, take. */
bool change_expanded(void);
bool change_large(bool quick);
#endif
