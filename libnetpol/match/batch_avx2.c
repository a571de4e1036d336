/* SPDX-License-Identifier: Apache-2.0 */
/* Batches as without SIMD, compiled for AVX2 and what comes with it (shifts and bits). */
#include "match/batch.h"
#if defined(__x86_64__)
#define BATCH np_batch_avx2
#include "match/batch_plain.h"
#endif
