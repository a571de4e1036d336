/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_CUT_FIND_H
#define NP_MATCH_CUT_FIND_H
/* One implementation per instruction set; simd.c chooses. They answer the same. */
#include "match/match.h"

struct np_cut_finder {
    uint32_t (*find)(const struct np_image *image, uint32_t root, const struct np_cut_key *key);
    void (*batch)(const struct np_image *image, uint32_t root, const struct np_cut_key *keys,
                  uint32_t *values, size_t count);
};
extern const struct np_cut_finder np_cut_finder_scalar;
#if defined(__x86_64__)
extern const struct np_cut_finder np_cut_finder_avx2, np_cut_finder_avx512;
#endif
#if defined(__aarch64__)
extern const struct np_cut_finder np_cut_finder_neon;
#endif
#endif
