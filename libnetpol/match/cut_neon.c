/* SPDX-License-Identifier: Apache-2.0 */
/* The find with NEON, which every 64-bit ARM processor has. */
#include "image/cut_layout.h"
#if defined(__aarch64__)
#include <arm_neon.h>

struct lanes {
    uint16x8_t fields[NP_CUT_FIELDS];
};

static inline struct lanes lanes_of(const uint32_t fields[8])
{
    struct lanes lanes;
    for (unsigned f = 0; f < NP_CUT_FIELDS; f++) {
        lanes.fields[f] = vdupq_n_u16((uint16_t)fields[f]);
    }
    return lanes;
}

static inline unsigned first_lane(const struct np_cut_chunk *chunk, const struct lanes *lanes)
{
    uint16x8_t protocol = vandq_u16(lanes->fields[NP_CUT_PROTOCOL], vld1q_u16(chunk->mask));
    uint16x8_t holds = vceqq_u16(protocol, vld1q_u16(chunk->protocol));
    for (unsigned f = 0; f < NP_CUT_PROTOCOL; f++) {
        uint16x8_t away = vsubq_u16(lanes->fields[f], vld1q_u16(chunk->low[f]));
        holds = vandq_u16(holds, vcleq_u16(away, vld1q_u16(chunk->span[f])));
    }
    uint64_t bits = vget_lane_u64(vreinterpret_u64_u8(vmovn_u16(holds)), 0);
    return bits ? (unsigned)__builtin_ctzll(bits) / 8 : NP_CUT_LANES;
}

static inline uint32_t count_below(const uint32_t *borders, uint32_t address)
{
    uint32x4_t key = vdupq_n_u32(address), flip = vdupq_n_u32(UINT32_C(0x80000000));
    uint32x4_t sum = vdupq_n_u32(0); /* true is -1 */
    for (unsigned i = 0; i < NP_CUT_NODE; i += 4) {
        sum = vaddq_u32(sum, vcltq_u32(veorq_u32(vld1q_u32(borders + i), flip), key));
    }
    return 0 - vaddvq_u32(sum);
}

#define CUT_FINDER np_cut_finder_neon
#include "match/cut_kernel.h"
#endif
