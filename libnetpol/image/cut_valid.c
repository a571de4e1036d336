/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks residual trees: every find ends, inside the sections, at a value that exists.
 *
 * A root names its own words and chunks, behind those of the root before. Entries of a level lead
 * into the next one only. So everything is looked at once, entry by entry, in whatever order finds
 * would meet it, and hostile words cannot make that long.
 */
#include "image/cut_layout.h"

struct check {
    const uint32_t *words;
    const struct np_cut_chunk *chunks;
    struct np_cut_root root;
    uint32_t values;
};

/* count elements of so many bytes lie in the root's words from word `at` on. */
static bool inside(const struct check *c, uint32_t at, uint64_t count, uint64_t bytes)
{
    return at >= c->root.first_word && at <= c->root.end_word &&
           count <= (uint64_t)(c->root.end_word - at) * sizeof(uint32_t) / bytes;
}

/* All of count numbers, of 1, 2 or 4 bytes, are below the limit. */
static bool below(const struct check *c, uint32_t at, uint64_t count, unsigned bytes,
                  uint32_t limit)
{
    if (!inside(c, at, count, bytes)) {
        return false;
    }
    uint32_t most = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t n = bytes == 1   ? ((const uint8_t *)(c->words + at))[i]
                     : bytes == 2 ? ((const uint16_t *)(c->words + at))[i]
                                  : c->words[at + i];
        most = n > most ? n : most;
    }
    return count == 0 || most < limit;
}

/* ---- axes ---- */

static bool axis4_valid(const struct check *c, const struct np_cut_axis *axis)
{
    uint32_t count = axis->count;
    if (axis->shift < 16 || axis->shift > 31 ||
        !inside(c, axis->top, 1u << (32 - axis->shift), 4) ||
        !inside(c, axis->borders, (uint64_t)count + NP_CUT_WINDOW, 4)) {
        return false;
    }
    for (uint32_t i = 0; i < NP_CUT_WINDOW; i++) {
        if (c->words[axis->borders + count + i] != NP_CUT_BORDER_PAD) {
            return false;
        }
    }
    /* Tables lie one behind the other, in order, so that none is looked at twice. */
    uint32_t next = axis->top + (1u << (32 - axis->shift));
    uint32_t before = 0;
    for (uint32_t i = 0; i < 1u << (32 - axis->shift); i++) {
        uint32_t top = c->words[axis->top + i];
        uint32_t bits = top & NP_CUT_BITS_MASK, base = top >> NP_CUT_BITS_SHIFT;
        bool again = i > 0 && top == before && bits == 0;
        if (again) {
            continue;
        }
        if (bits > axis->shift || base != next ||
            !below(c, base, UINT64_C(1) << bits, 4, count + 1)) {
            return false;
        }
        next = base + (1u << bits);
        before = top;
    }
    return true;
}

static bool axis_valid(const struct check *c, const struct np_cut_axis *axis,
                       enum np_cut_family family)
{
    if (axis->count == 0) {
        return true;
    }
    return family == NP_CUT_IPV4 ? axis4_valid(c, axis)
                                 : inside(c, axis->borders, axis->count, 4 * sizeof(uint32_t));
}

/* ---- plans ---- */

static bool table_valid(const struct check *c, const struct np_cut_plan *plan, uint32_t limit)
{
    const struct np_cut_tables *t = &plan->tables;
    const uint32_t sizes[] = {t->n_src,       t->n_dst,     t->n_src_ports, t->n_dst_ports,
                              t->n_protocols, t->n_columns, t->n_rows};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i] == 0 || sizes[i] > 65536) {
            return false;
        }
    }
    uint64_t ports = (uint64_t)t->n_src_ports * t->n_dst_ports;
    return ports <= 65536 && below(c, t->src_class, (uint64_t)plan->src.count + 1, 2, t->n_src) &&
           below(c, t->dst_class, (uint64_t)plan->dst.count + 1, 2, t->n_dst) &&
           (t->src_port == 0 || below(c, t->src_port, 65536, 1, t->n_src_ports)) &&
           (t->dst_port == 0 || below(c, t->dst_port, 65536, 1, t->n_dst_ports)) &&
           below(c, t->protocol, 512, 1, t->n_protocols) &&
           below(c, t->column, ports * t->n_protocols, 2, t->n_columns) &&
           below(c, t->pair, (uint64_t)t->n_src * t->n_dst, 2, t->n_rows) &&
           below(c, t->cell, (uint64_t)t->n_rows * t->n_columns, 2, limit);
}

/* level: of the entry; what it leads to lies in the level after, which begins at next. */
static bool entry_valid(const struct np_cut_plan *plan, struct np_cut_entry entry, uint32_t next,
                        uint32_t end)
{
    if (entry.meta & NP_CUT_LEAF) {
        uint32_t count = np_cut_chunks(entry.meta);
        return count == 0 ||
               (entry.base >= plan->trees.first_chunk && entry.base <= plan->trees.end_chunk &&
                count <= plan->trees.end_chunk - entry.base);
    }
    uint32_t size = 2u << np_cut_bits(entry.meta);
    return entry.meta >> 28 == 0 && np_cut_at(entry.meta) < NP_CUT_FIELDS && entry.base % 2 == 0 &&
           entry.base >= next && entry.base <= end && size <= end - entry.base;
}

static bool trees_valid(const struct check *c, const struct np_cut_plan *plan, uint32_t limit)
{
    const uint32_t *levels = plan->trees.levels;
    if (plan->trees.scale > 31 || plan->trees.n_groups > NP_CUT_GROUPS ||
        plan->trees.first_chunk < c->root.first_chunk ||
        plan->trees.end_chunk > c->root.end_chunk ||
        plan->trees.first_chunk > plan->trees.end_chunk || levels[0] % 2 != 0 ||
        levels[0] < c->root.first_word || levels[NP_CUT_LEVELS] > c->root.end_word) {
        return false;
    }
    for (unsigned l = 0; l < NP_CUT_LEVELS; l++) {
        if (levels[l + 1] < levels[l] || levels[l + 1] % 2 != 0) {
            return false;
        }
    }
    for (uint32_t i = 0; i < plan->trees.n_groups; i++) {
        if (!entry_valid(plan, plan->trees.groups[i], levels[0], levels[1])) {
            return false;
        }
    }
    for (unsigned l = 0; l < NP_CUT_LEVELS; l++) {
        uint32_t next = levels[l + 1], end = l + 2 <= NP_CUT_LEVELS ? levels[l + 2] : next;
        for (uint32_t at = levels[l]; at < levels[l + 1]; at += 2) {
            struct np_cut_entry entry;
            memcpy(&entry, c->words + at, sizeof entry);
            if (!entry_valid(plan, entry, next, end)) {
                return false;
            }
        }
    }
    for (uint32_t i = plan->trees.first_chunk; i < plan->trees.end_chunk; i++) {
        for (unsigned lane = 0; lane < NP_CUT_LANES; lane++) {
            bool used = c->chunks[i].protocol[lane] != 0x8000 || c->chunks[i].mask[lane] != 0xffff;
            if (used && c->chunks[i].order[lane] >= limit) {
                return false;
            }
        }
    }
    return true;
}

static bool plan_valid(const struct check *c, enum np_cut_family family)
{
    uint32_t at = c->root.plan[family];
    struct np_cut_plan plan;
    if (at % 16 != 0 || !inside(c, at, 1, sizeof plan)) {
        return false;
    }
    memcpy(&plan, c->words + at, sizeof plan);
    if (plan.otherwise >= c->values || !axis_valid(c, &plan.src, family) ||
        !axis_valid(c, &plan.dst, family)) {
        return false;
    }
    if (plan.n_values && !below(c, plan.values, plan.n_values, 4, c->values)) {
        return false;
    }
    uint32_t limit = plan.n_values ? plan.n_values : c->values;
    switch (plan.kind) {
    case NP_CUT_TREES:
        return trees_valid(c, &plan, limit);
    case NP_CUT_TABLE:
        return table_valid(c, &plan, limit);
    default:
        return false;
    }
}

bool np_cut_valid(const struct np_image *image, uint32_t root, uint32_t values)
{
    const struct np_cut_root *roots = image->section[NP_SECTION_CUT_ROOTS];
    struct check c = {.words = image->section[NP_SECTION_CUT_NODES],
                      .chunks = image->section[NP_SECTION_CUT_LEAVES]};
    uint32_t n_chunks = image->count[NP_SECTION_CUT_LEAVES] / (uint32_t)sizeof(struct np_cut_chunk);
    if (root >= image->count[NP_SECTION_CUT_ROOTS]) {
        return false;
    }
    c.root = roots[root];
    c.values = c.root.values;
    uint32_t word = root ? roots[root - 1].end_word : 0;
    uint32_t chunk = root ? roots[root - 1].end_chunk : 0;
    if (c.root.first_word != word || c.root.end_word < word ||
        c.root.end_word > image->count[NP_SECTION_CUT_NODES] || c.root.first_chunk != chunk ||
        c.root.end_chunk < chunk || c.root.end_chunk > n_chunks || c.values > values) {
        return false;
    }
    for (int f = 0; f < NP_CUT_FAMILIES; f++) {
        if (!plan_valid(&c, (enum np_cut_family)f)) {
            return false;
        }
    }
    return true;
}
