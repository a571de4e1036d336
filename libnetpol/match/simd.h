/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_SIMD_H
#define NP_MATCH_SIMD_H
/* What there is once for each instruction set. */
#include "match/batch.h"
#include "match/cut_find.h"

struct np_simd_kernels {
    const struct np_cut_finder *cut;
    np_batcher batch;
};
/* Of the best instruction set that this processor has, or of the one a test has fixed. */
const struct np_simd_kernels *np_simd_kernels(void);
#endif
