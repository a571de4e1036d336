/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instruction set answers. Asked of the processor once; every thread that is first finds the
 * same, so the pointer needs no order.
 */
#include "match/simd.h"

static bool is_available(enum np_simd variant)
{
    switch (variant) {
    case NP_SIMD_SCALAR:
        return true;
#if defined(__x86_64__)
    case NP_SIMD_AVX2:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
               __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    case NP_SIMD_AVX512:
        return is_available(NP_SIMD_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
#endif
#if defined(__aarch64__)
    case NP_SIMD_NEON:
        return true;
#endif
    default:
        return false;
    }
}

static const struct np_simd_kernels *kernels_of(enum np_simd variant)
{
    static const struct np_simd_kernels all[NP_SIMD_COUNT] = {
        [NP_SIMD_SCALAR] = {&np_cut_finder_scalar, np_batch_scalar},
#if defined(__x86_64__)
        [NP_SIMD_AVX2] = {&np_cut_finder_avx2,   np_batch_avx2  },
        [NP_SIMD_AVX512] = {&np_cut_finder_avx512, np_batch_avx512},
#endif
#if defined(__aarch64__)
        [NP_SIMD_NEON] = {&np_cut_finder_neon,   np_batch_scalar},
#endif
    };
    return is_available(variant) ? &all[variant] : NULL;
}

/* The only thing here that changes: from NULL to the best, or to what a test wants. */
static _Atomic(const struct np_simd_kernels *) chosen;

const struct np_simd_kernels *np_simd_kernels(void)
{
    const struct np_simd_kernels *best = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (np_likely(best != NULL)) {
        return best;
    }
    for (int v = NP_SIMD_COUNT - 1; v >= 0 && !best; v--) {
        best = kernels_of((enum np_simd)v);
    }
    atomic_store_explicit(&chosen, best, memory_order_relaxed);
    return best;
}

bool np_simd_available(enum np_simd variant)
{
    return is_available(variant);
}

enum np_simd np_simd_chosen(void)
{
    const struct np_simd_kernels *now = np_simd_kernels();
    int v = NP_SIMD_COUNT - 1;
    while (v > NP_SIMD_SCALAR && kernels_of((enum np_simd)v) != now) {
        v--;
    }
    return (enum np_simd)v;
}

bool np_simd_use(enum np_simd variant)
{
    const struct np_simd_kernels *wanted = kernels_of(variant);
    if (wanted) {
        atomic_store_explicit(&chosen, wanted, memory_order_relaxed);
    }
    return wanted != NULL;
}
