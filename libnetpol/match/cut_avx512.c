/* SPDX-License-Identifier: Apache-2.0 */
/* The find with AVX-512 (BW, VL), compiled for it; cut.c calls it where the processor has it. */
#include "image/cut_layout.h"
#if defined(__x86_64__)
#include <immintrin.h>

struct lanes {
    __m512i spans; /* as np_cut_chunk.low: eight times each field */
    __m128i protocol;
};

static inline struct lanes lanes_of(const uint32_t fields[8])
{
    /* Four numbers of 16 bits; word i of 32 comes from number i / 8. */
    __m128i four = _mm_cvtepi32_epi16(_mm_loadu_si128((const __m128i *)(const void *)fields));
    const __m512i spread =
        _mm512_set_epi64(0x0003000300030003, 0x0003000300030003, 0x0002000200020002,
                         0x0002000200020002, 0x0001000100010001, 0x0001000100010001, 0, 0);
    return (struct lanes){_mm512_permutexvar_epi16(spread, _mm512_castsi128_si512(four)),
                          _mm_set1_epi16((short)fields[NP_CUT_PROTOCOL])};
}

static inline unsigned first_lane(const struct np_cut_chunk *chunk, const struct lanes *lanes)
{
    __m512i away = _mm512_sub_epi16(lanes->spans, _mm512_loadu_si512(chunk->low));
    uint32_t within = _mm512_cmple_epu16_mask(away, _mm512_loadu_si512(chunk->span));
    __m128i protocol = _mm_loadu_si128((const __m128i *)(const void *)chunk->protocol);
    __m128i mask = _mm_loadu_si128((const __m128i *)(const void *)chunk->mask);
    uint32_t holds = _mm_cmpeq_epi16_mask(_mm_and_si128(lanes->protocol, mask), protocol);
    within &= within >> 16;
    holds &= within & within >> 8;
    return (unsigned)__builtin_ctz(holds | 1 << NP_CUT_LANES);
}

static inline uint32_t count_below(const uint32_t *borders, uint32_t address)
{
    __m512i key = _mm512_set1_epi32((int)(address ^ UINT32_C(0x80000000)));
    return (uint32_t)__builtin_popcount(_mm512_cmplt_epi32_mask(_mm512_loadu_si512(borders), key));
}

#define CUT_FINDER np_cut_finder_avx512
#include "match/cut_kernel.h"
#endif
