/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CALICO_SELECTOR_INTERNAL_H
#define NP_DIALECT_CALICO_SELECTOR_INTERNAL_H
/* The parsed tree: what parse makes, print and lower read. */
#include "dialect/calico/selector.h"

enum np_calico_op {
    NP_CALICO_ALL,
    NP_CALICO_GLOBAL,
    NP_CALICO_HAS,
    NP_CALICO_EQUALS,
    NP_CALICO_DIFFERS,
    NP_CALICO_CONTAINS,
    NP_CALICO_STARTS,
    NP_CALICO_ENDS,
    NP_CALICO_IN,
    NP_CALICO_NOT_IN,
    NP_CALICO_NOT,
    NP_CALICO_AND,
    NP_CALICO_OR
};
struct np_calico_selector {
    uint8_t op;                    /* enum np_calico_op */
    uint8_t depth;                 /* of && and || below and including this; at most the cap */
    bool global;                   /* global() somewhere in it */
    uint32_t count;                /* of values */
    struct np_slice label;         /* HAS and comparisons */
    const struct np_slice *values; /* sorted as bytes, distinct; comparisons but sets: one */
    const struct np_calico_selector *kids; /* NOT: one; AND, OR: at least two, by `next` */
    const struct np_calico_selector *next;
};
#endif
