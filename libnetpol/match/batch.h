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

/* The shapes of most images. */
static const struct np_shape np_shape_ingress = {NP_SIDE_BIT_INGRESS, false, false};
static const struct np_shape np_shape_network = {NP_SIDE_BIT_EGRESS | NP_SIDE_BIT_INGRESS, false,
                                                 false};
#endif
