/* SPDX-License-Identifier: Apache-2.0 */
/* The find with AVX2, compiled for it (sources.cmake); cut.c calls it where the processor has it.
 */
#include "image/cut_layout.h"
#if defined(__x86_64__)
#include <immintrin.h>

struct lanes {
    __m256i places, ports;
    __m128i protocol;
};

static inline struct lanes lanes_of(const uint32_t fields[8])
{
    __m128i src = _mm_set1_epi16((short)fields[NP_CUT_SRC]);
    __m128i dst = _mm_set1_epi16((short)fields[NP_CUT_DST]);
    __m128i src_port = _mm_set1_epi16((short)fields[NP_CUT_SRC_PORT]);
    __m128i dst_port = _mm_set1_epi16((short)fields[NP_CUT_DST_PORT]);
    return (struct lanes){_mm256_set_m128i(dst, src), _mm256_set_m128i(dst_port, src_port),
                          _mm_set1_epi16((short)fields[NP_CUT_PROTOCOL])};
}

static inline __m256i within(__m256i key, const uint16_t *low, const uint16_t *span)
{
    __m256i away = _mm256_sub_epi16(key, _mm256_loadu_si256((const __m256i *)(const void *)low));
    __m256i least = _mm256_min_epu16(away, _mm256_loadu_si256((const __m256i *)(const void *)span));
    return _mm256_cmpeq_epi16(away, least);
}

static inline unsigned first_lane(const struct np_cut_chunk *chunk, const struct lanes *lanes)
{
    __m256i both = _mm256_and_si256(within(lanes->places, chunk->low[0], chunk->span[0]),
                                    within(lanes->ports, chunk->low[2], chunk->span[2]));
    __m128i protocol = _mm_loadu_si128((const __m128i *)(const void *)chunk->protocol);
    __m128i mask = _mm_loadu_si128((const __m128i *)(const void *)chunk->mask);
    __m128i holds = _mm_cmpeq_epi16(_mm_and_si128(lanes->protocol, mask), protocol);
    holds = _mm_and_si128(holds, _mm256_castsi256_si128(both));
    holds = _mm_and_si128(holds, _mm256_extracti128_si256(both, 1));
    unsigned bits = (unsigned)_mm_movemask_epi8(holds) | 0x10000;
    return (unsigned)__builtin_ctz(bits) / 2;
}

static inline uint32_t count_below(const uint32_t *borders, uint32_t address)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)borders);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(borders + 8));
    __m256i key = _mm256_set1_epi32((int)(address ^ UINT32_C(0x80000000)));
    __m256i below = _mm256_packs_epi32(_mm256_cmpgt_epi32(key, low), _mm256_cmpgt_epi32(key, high));
    return (uint32_t)__builtin_popcount((unsigned)_mm256_movemask_epi8(below)) / 2;
}

#define CUT_FINDER np_cut_finder_avx2
#include "match/cut_kernel.h"
#endif
