/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Residual trees: which instruction set finds. Asked of the processor once; every thread that is
 * first finds the same, so the pointer needs no order.
 */
#include "match/cut_find.h"

static const struct np_cut_finder *finder_of(enum np_simd variant)
{
    switch (variant) {
    case NP_SIMD_SCALAR:
        return &np_cut_finder_scalar;
#if defined(__x86_64__)
    case NP_SIMD_AVX2:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
                       __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
                   ? &np_cut_finder_avx2
                   : NULL;
    case NP_SIMD_AVX512:
        __builtin_cpu_init();
        return finder_of(NP_SIMD_AVX2) && __builtin_cpu_supports("avx512f") &&
                       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
                   ? &np_cut_finder_avx512
                   : NULL;
#endif
#if defined(__aarch64__)
    case NP_SIMD_NEON:
        return &np_cut_finder_neon;
#endif
    default:
        return NULL;
    }
}

/* The only thing here that changes: from NULL to the best, or to what a test wants. */
static _Atomic(const struct np_cut_finder *) chosen;

static inline const struct np_cut_finder *finder(void)
{
    const struct np_cut_finder *best = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (best) {
        return best;
    }
    for (int v = NP_SIMD_COUNT - 1; v >= 0 && !best; v--) {
        best = finder_of((enum np_simd)v);
    }
    atomic_store_explicit(&chosen, best, memory_order_relaxed);
    return best;
}

bool np_simd_available(enum np_simd variant)
{
    return finder_of(variant) != NULL;
}

enum np_simd np_simd_chosen(void)
{
    const struct np_cut_finder *now = finder();
    int v = NP_SIMD_COUNT - 1;
    while (v > NP_SIMD_SCALAR && finder_of((enum np_simd)v) != now) {
        v--;
    }
    return (enum np_simd)v;
}

bool np_simd_use(enum np_simd variant)
{
    const struct np_cut_finder *wanted = finder_of(variant);
    if (wanted) {
        atomic_store_explicit(&chosen, wanted, memory_order_relaxed);
    }
    return wanted != NULL;
}

uint32_t np_cut_find(const struct np_image *image, uint32_t root, const struct np_cut_key *key)
{
    return finder()->find(image, root, key);
}

void np_cut_find_batch(const struct np_image *image, uint32_t root, const struct np_cut_key *keys,
                       uint32_t *values, size_t count)
{
    finder()->batch(image, root, keys, values, count);
}
