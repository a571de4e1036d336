/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_BATCH_H
#define NP_MATCH_BATCH_H
/* Many questions: one implementation per instruction set; simd.c chooses. They answer the same. */
#include "match/look.h"

typedef void (*np_batcher)(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                           const struct netpol_tuple *tuples, struct netpol_verdict *out,
                           size_t count);
void np_batch_scalar(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                     const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count);
#if defined(__x86_64__)
void np_batch_avx2(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                   const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count);
void np_batch_avx512(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                     const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count);
#endif

/* Lanes whose verdicts np_verdict_write could not write: batch_rest.c does, as np_look_rest. */
enum { NP_REST = 128 }; /* at most */
struct np_rest {
    const struct netpol_tuple *tuples; /* usual ones */
    struct netpol_verdict *out;
    size_t count;
    uint8_t lane[NP_REST]; /* of tuples and out */
    uint32_t src[NP_REST], dst[NP_REST];
    struct np_found found[NP_REST];
};
void np_batch_rest(const struct np_hot *hot, struct np_shape shape, struct np_rest *rest);

/* The shapes of most images: relations do not matter, ports are not many. */
enum { NP_SIDES_NETWORK = NP_SIDE_BIT_EGRESS | NP_SIDE_BIT_INGRESS };
np_inline struct np_shape np_shape_usual(const struct np_hot *hot, unsigned sides)
{
    return (struct np_shape){.sides = sides, .odd = np_shape_odd(hot)};
}
np_inline bool np_shape_is_usual(struct np_shape shape, unsigned sides)
{
    return shape.sides == sides && !shape.relations && !shape.wide;
}
#endif
