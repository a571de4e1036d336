/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_LIST_H
#define NP_ANALYZE_LIST_H
/*
 * The connectivity list: what its files share.
 *
 * A unit is a row or column: a workload whose pods are of one class, or a single pod of a workload
 * whose pods differ, or a range of addresses outside. Ports are exact: each side is judged once for
 * every span of ports that no policy distinguishes (survey.h).
 */
#include "analyze/survey.h"
#include "match/learn.h"
#include "match/matcher.h"

#include <netpol/analyze.h>

struct np_unit {
    const char *name;
    const struct np_class *class;
    const struct np_endpoint *first;
    const struct np_endpoint *second; /* another pod of the unit; NULL: there is one */
};
/* A piece of the address space that no policy cuts, and an address in it that is nobody's. */
struct np_segment {
    struct np_address first, last, sample;
};
/* The rows a pair may have: what was asked for, what the request decides, what is not known. */
enum { NP_LIST_CERTAIN, NP_LIST_REQUEST, NP_LIST_UNKNOWN, NP_LIST_ROWS };
/* What a pair may do: the spans of one list. */
struct np_verdicts {
    np_vec(struct netpol_span) spans[NP_LIST_ROWS];
    bool all[NP_LIST_ROWS], others[NP_LIST_ROWS], any[NP_LIST_ROWS];
};
struct np_list {
    const struct netpol_view *view; /* what was learnt of addresses is asked there */
    const struct netpol_ctx *ctx;
    const struct np_model *model;
    struct np_survey survey;
    const struct netpol_list_options *options;
    int (*row)(void *user, const struct netpol_reach *reach);
    void *user;
    struct np_unit *units;
    uint32_t n_units;
    struct np_segment *segments;
    uint32_t n_segments;
    struct np_where_list named;          /* addresses with names */
    struct np_intervals intervals, more; /* scratch */
};

/* Judges and sorts into *out. ends of pods; a class NULL: an address, given in hop. */
int np_list_pair(struct np_list *list, const struct np_class *src, const struct np_endpoint *from,
                 const struct np_class *dst, const struct np_endpoint *to, struct np_verdicts *out);
int np_list_outside(struct np_list *list, const struct np_unit *unit,
                    const struct np_segment *segment, bool from_outside, struct np_verdicts *out);
bool np_verdicts_equal(const struct np_verdicts *a, const struct np_verdicts *b);
void np_verdicts_free(const struct netpol_ctx *ctx, struct np_verdicts *verdicts);
/* Calls the row function; at most one row of each kind. */
int np_list_emit(struct np_list *list, const char *src, const char *dst,
                 const struct np_verdicts *verdicts);

int np_list_segments(struct np_list *list); /* makes list->segments */
/* All rows between a unit and the outside, neighbouring segments joined. */
int np_list_outside_rows(struct np_list *list, const struct np_unit *unit, bool from_outside);
#endif
