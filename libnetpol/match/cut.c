/* SPDX-License-Identifier: Apache-2.0 */
/* Residual trees: cut_kernel.h finds, once for each instruction set. */
#include "match/simd.h"

uint32_t np_cut_find(const struct np_image *image, uint32_t root, const struct np_cut_key *key)
{
    return np_simd_kernels()->cut->find(image, root, key);
}

void np_cut_find_batch(const struct np_image *image, uint32_t root, const struct np_cut_key *keys,
                       uint32_t *values, size_t count)
{
    np_simd_kernels()->cut->batch(image, root, keys, values, count);
}
