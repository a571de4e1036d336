/* SPDX-License-Identifier: Apache-2.0 */
/* One question, and many (batch_kernel.h). */
#include "match/batch.h"
#include "match/simd.h"

enum {
    SHAPE_FLAGS =
        NP_IMAGE_WIDE_PORTS | NP_IMAGE_RELATIVE | NP_IMAGE_MESH | NP_IMAGE_EGRESS | NP_IMAGE_INGRESS
};

void np_match_eval(const struct np_hot *hot, const struct np_table *table,
                   const struct netpol_tuple *tuple, struct netpol_verdict *out)
{
    uint32_t flags = hot->flags & SHAPE_FLAGS;
    if (flags == NP_IMAGE_INGRESS) {
        np_match_one(hot, table, np_shape_usual(hot, NP_SIDE_BIT_INGRESS), tuple, out);
    } else if (flags == (NP_IMAGE_EGRESS | NP_IMAGE_INGRESS)) {
        np_match_one(hot, table, np_shape_usual(hot, NP_SIDES_NETWORK), tuple, out);
    } else {
        np_match_one(hot, table, np_shape_of(hot, NP_SIDES_ALL), tuple, out);
    }
}

void np_match_sides(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                    const struct netpol_tuple *tuple, struct netpol_verdict *out)
{
    np_match_one(hot, table, np_shape_of(hot, sides), tuple, out);
}

void np_match_batch_sides(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                          const struct netpol_tuple *tuples, struct netpol_verdict *out,
                          size_t count)
{
    np_simd_kernels()->batch(hot, table, sides, tuples, out, count);
}

void np_match_batch(const struct np_hot *hot, const struct np_table *table,
                    const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    np_match_batch_sides(hot, table, NP_SIDES_ALL, tuples, out, count);
}
