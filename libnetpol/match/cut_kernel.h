/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The find, once for all instruction sets: a cut_*.c defines what differs and includes this.
 *
 *     struct lanes                         a key, spread for comparing
 *     lanes_of(fields)                     makes one; fields as enum np_cut_field
 *     first_lane(chunk, lanes)             the first box that holds, NP_CUT_LANES: none
 *     count_below(borders, address)        of the borders of a node, those below the address
 *     CUT_FINDER                           the name of what is defined
 *
 * image/cut_layout.h describes the data. np_cut_valid has looked at every index, so nothing is
 * checked here.
 */
#include "image/cut_layout.h"
#include "match/cut_find.h"

static inline uint32_t place4(const uint32_t *words, const struct np_cut_axis *axis,
                              uint32_t address)
{
    uint32_t node = 0, depth = axis->depth;
    if (depth == 0) {
        return 0;
    }
    for (uint32_t l = 0; l + 1 < depth; l++) {
        const uint32_t *borders = words + axis->at[l] + (size_t)node * NP_CUT_NODE;
        node = node * NP_CUT_CHILDREN + count_below(borders, address);
    }
    const uint32_t *borders = words + axis->at[depth - 1] + (size_t)node * NP_CUT_NODE;
    return node * NP_CUT_NODE + count_below(borders, address);
}

static inline uint32_t place6(const uint32_t *words, const struct np_cut_axis *axis,
                              const uint64_t address[2])
{
    const uint32_t *at = words + axis->at[0];
    size_t count = axis->count, from = 0;
    while (count > 0) {
        size_t half = count / 2;
        const uint32_t *border = at + 4 * (from + half);
        uint64_t high = (uint64_t)border[0] << 32 | border[1];
        uint64_t low = (uint64_t)border[2] << 32 | border[3];
        bool below = high < address[0] || (high == address[0] && low < address[1]);
        from = below ? from + half + 1 : from;
        count = below ? count - half - 1 : half;
    }
    return (uint32_t)from;
}

static inline const struct np_cut_plan *plan_of(const struct np_image *image, uint32_t root,
                                                const struct np_cut_key *key)
{
    const struct np_cut_root *roots = image->section[NP_SECTION_CUT_ROOTS];
    const uint32_t *words = image->section[NP_SECTION_CUT_NODES];
    unsigned family = key->family == 4   ? NP_CUT_IPV4
                      : key->family == 6 ? NP_CUT_IPV6
                                         : NP_CUT_NEITHER;
    return (const struct np_cut_plan *)(const void *)(words + roots[root].plan[family]);
}

static inline void fields_of(const uint32_t *words, const struct np_cut_plan *plan,
                             const struct np_cut_key *key, uint32_t fields[8])
{
    if (key->family == 4) {
        fields[NP_CUT_SRC] = place4(words, &plan->src, (uint32_t)key->src[1]);
        fields[NP_CUT_DST] = place4(words, &plan->dst, (uint32_t)key->dst[1]);
    } else {
        fields[NP_CUT_SRC] = place6(words, &plan->src, key->src);
        fields[NP_CUT_DST] = place6(words, &plan->dst, key->dst);
    }
    fields[NP_CUT_SRC_PORT] = key->has_ports ? key->src_port : 0;
    fields[NP_CUT_DST_PORT] = key->has_ports ? key->dst_port : 0;
    fields[NP_CUT_PROTOCOL] = (uint32_t)key->protocol << 1 | !key->has_ports;
}

static inline uint32_t table_find(const uint32_t *words, const struct np_cut_table *t,
                                  const uint32_t fields[8])
{
    const uint16_t *src = (const uint16_t *)(words + t->src_class);
    const uint16_t *dst = (const uint16_t *)(words + t->dst_class);
    const uint16_t *column = (const uint16_t *)(words + t->column);
    const uint8_t *bytes = (const uint8_t *)words;
    uint32_t sp = t->src_port ? bytes[4 * (size_t)t->src_port + fields[NP_CUT_SRC_PORT]] : 0;
    uint32_t dp = t->dst_port ? bytes[4 * (size_t)t->dst_port + fields[NP_CUT_DST_PORT]] : 0;
    uint32_t p = bytes[4 * (size_t)t->protocol + fields[NP_CUT_PROTOCOL]];
    uint32_t row = np_cut_cell(words, &t->rows, src[fields[NP_CUT_SRC]], dst[fields[NP_CUT_DST]]);
    uint32_t at = column[(p * t->n_src_ports + sp) * t->n_dst_ports + dp];
    uint32_t order = np_cut_cell(words, &t->cells, row, at);
    return order == NP_CUT_CELL_NONE ? NP_CUT_NONE : order;
}

static inline struct np_cut_entry step(const uint32_t *words, struct np_cut_entry entry,
                                       const uint32_t fields[8])
{
    uint32_t part = fields[np_cut_at(entry.meta)] >> np_cut_shift(entry.meta) &
                    ((UINT32_C(1) << np_cut_bits(entry.meta)) - 1);
    const struct np_cut_entry *entries = (const void *)(words + entry.base);
    return entries[part];
}

static inline uint32_t trees_find(const struct np_image *image, const struct np_cut_plan *plan,
                                  const uint32_t fields[8], uint32_t best)
{
    const uint32_t *words = image->section[NP_SECTION_CUT_NODES];
    const struct np_cut_chunk *chunks = image->section[NP_SECTION_CUT_LEAVES];
    struct lanes lanes = lanes_of(fields);
    for (uint32_t g = 0; g < plan->n_groups; g++) {
        struct np_cut_entry entry = plan->groups[g];
        if (np_cut_best(entry.meta) > best >> plan->scale) {
            break;
        }
        while (!(entry.meta & NP_CUT_LEAF)) {
            entry = step(words, entry, fields);
        }
        if (np_cut_best(entry.meta) > best >> plan->scale) {
            continue;
        }
        uint32_t count = np_cut_chunks(entry.meta);
        for (uint32_t c = 0; c < count; c++) {
            const struct np_cut_chunk *chunk = &chunks[entry.base + c];
            unsigned lane = first_lane(chunk, &lanes);
            if (lane < NP_CUT_LANES) {
                best = chunk->order[lane] < best ? chunk->order[lane] : best;
                break;
            }
        }
    }
    return best;
}

static uint32_t find(const struct np_image *image, uint32_t root, const struct np_cut_key *key)
{
    const uint32_t *words = image->section[NP_SECTION_CUT_NODES];
    const struct np_cut_plan *plan = plan_of(image, root, key);
    uint32_t fields[8] = {0};
    fields_of(words, plan, key, fields);
    uint32_t found = NP_CUT_NONE;
    for (uint32_t t = 0; t < plan->n_tables; t++) {
        uint32_t order = table_find(words, &plan->tables[t], fields);
        found = order < found ? order : found;
    }
    found = trees_find(image, plan, fields, found);
    if (found == NP_CUT_NONE) {
        return plan->otherwise;
    }
    return plan->n_values ? words[plan->values + found] : found;
}

#include "match/cut_batch.h"

const struct np_cut_finder CUT_FINDER = {find, find_batch};
