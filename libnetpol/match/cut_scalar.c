/* SPDX-License-Identifier: Apache-2.0 */
/* The find without SIMD: what the others must equal. */
#include "image/cut_layout.h"

struct lanes {
    uint16_t fields[NP_CUT_FIELDS];
};

static inline struct lanes lanes_of(const uint32_t fields[8])
{
    struct lanes lanes;
    for (unsigned f = 0; f < NP_CUT_FIELDS; f++) {
        lanes.fields[f] = (uint16_t)fields[f];
    }
    return lanes;
}

static inline unsigned first_lane(const struct np_cut_chunk *chunk, const struct lanes *lanes)
{
    for (unsigned lane = 0; lane < NP_CUT_LANES; lane++) {
        bool holds = (lanes->fields[NP_CUT_PROTOCOL] & chunk->mask[lane]) == chunk->protocol[lane];
        for (unsigned f = 0; f < NP_CUT_PROTOCOL; f++) {
            holds &= (uint16_t)(lanes->fields[f] - chunk->low[f][lane]) <= chunk->span[f][lane];
        }
        if (holds) {
            return lane;
        }
    }
    return NP_CUT_LANES;
}

static inline uint32_t count_below(const uint32_t *borders, uint32_t address)
{
    uint32_t below = 0;
    for (unsigned i = 0; i < NP_CUT_NODE; i++) {
        below += (borders[i] ^ UINT32_C(0x80000000)) < address;
    }
    return below;
}

#define CUT_FINDER np_cut_finder_scalar
#include "match/cut_kernel.h"
