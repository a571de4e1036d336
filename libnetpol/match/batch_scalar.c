/* SPDX-License-Identifier: Apache-2.0 */
/* Batches without SIMD: what the others must equal. */
#define BATCH np_batch_scalar
#include "match/batch_plain.h"
