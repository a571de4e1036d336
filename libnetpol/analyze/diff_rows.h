/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_DIFF_ROWS_H
#define NP_ANALYZE_DIFF_ROWS_H
/*
 * From classes to rows. A unit is a row or column: a workload whose pods are of one class, a single
 * pod of a workload whose pods differ, a piece of the address space. A strip is what becomes rows,
 * one for each span: two units, two pods of them where these differ in how they stand to each
 * other, or a run of neighbouring pieces that change alike.
 */
#include "analyze/diff.h"

struct np_diff_unit {
    uint32_t from, to; /* ends */
    uint32_t class;
    uint32_t next;    /* of the same class */
    const char *name; /* of pods */
};
/* What changes from one class to another: an outcome's number, or NP_DIFF_LOOK: end by end. */
struct np_diff_link {
    uint32_t class, outcome;
};
struct np_diff_links {
    bool made;
    const struct np_diff_link *items;
    uint32_t count;
};
#define NP_DIFF_LOOK    UINT32_MAX
#define NP_DIFF_NOTHING (UINT32_MAX - 1)
struct np_diff_strip {
    uint32_t src, src_last, dst, dst_last; /* units */
    uint32_t src_end, dst_end;             /* one end each; NP_DIFF_NONE: every pair of the units */
    uint32_t outcome;
    bool self; /* each pod and itself; else never a pod and itself */
};
typedef np_vec(struct np_diff_strip) np_diff_strips;

struct np_diff_rows {
    struct np_diff *diff;
    struct np_diff_unit *units;
    uint32_t n_units;
    uint32_t *first_unit;        /* by class */
    struct np_diff_links *links; /* by class as the source */
    np_vec(struct np_diff_outcome) outcomes;
    struct np_map odd;     /* classes and relation -> outcome */
    np_diff_strips strips; /* of the source at hand */
    np_diff_strips pieces; /* those from pieces of the address space, until the end */
};

/* diff_links.c. OK, ERR_MEMORY. */
int np_diff_make_links(struct np_diff_rows *rows, uint32_t class);
/* For ends that stand to each other in a way of their own: judged once for each way. */
int np_diff_judge_odd(struct np_diff_rows *rows, uint32_t src, uint32_t dst, uint32_t *outcome);
/* Two outcomes (or NP_DIFF_NOTHING) that say the same. */
bool np_diff_same_outcome(const struct np_diff_rows *rows, uint32_t a, uint32_t b);
/* diff_units.c */
int np_diff_make_units(struct np_diff_rows *rows);
bool np_diff_is_piece(const struct np_diff_rows *rows, uint32_t unit);
const char *np_diff_pod_name(struct np_diff *diff, uint32_t end, bool workload); /* NULL: memory */
/* diff_emit.c. OK, ERR_MEMORY, ERR_IO: stopped by the callback. */
int np_diff_emit(struct np_diff_rows *rows, const struct np_diff_strip *strip);
#endif
