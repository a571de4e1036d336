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

/* A search cannot leave a level: keys that would lead beyond the last child are pads. */
static bool axis4_valid(const struct check *c, const struct np_cut_axis *axis)
{
    uint64_t nodes = ((uint64_t)axis->count + NP_CUT_NODE - 1) / NP_CUT_NODE;
    uint64_t keys = axis->count - (nodes - 1) * NP_CUT_NODE; /* in the last node */
    if (axis->depth == 0 || axis->depth > NP_CUT_DEPTH) {
        return false;
    }
    for (uint32_t l = axis->depth; l-- > 0;) {
        if (!inside(c, axis->at[l], nodes * NP_CUT_NODE, sizeof(uint32_t)) ||
            (l == 0) != (nodes == 1)) {
            return false;
        }
        const uint32_t *last = c->words + axis->at[l] + (nodes - 1) * NP_CUT_NODE;
        for (uint64_t i = keys; i < NP_CUT_NODE; i++) {
            if (last[i] != NP_CUT_BORDER_PAD) {
                return false;
            }
        }
        uint64_t children = nodes;
        nodes = np_cut_above((uint32_t)children);
        keys = children - (nodes - 1) * NP_CUT_CHILDREN - 1;
    }
    return true;
}

static bool axis_valid(const struct check *c, const struct np_cut_axis *axis,
                       enum np_cut_family family)
{
    if (axis->count == 0) {
        return axis->depth == 0;
    }
    return family == NP_CUT_IPV4 ? axis4_valid(c, axis)
                                 : inside(c, axis->at[0], axis->count, 4 * sizeof(uint32_t));
}

/* ---- plans ---- */

/* Orders below the limit, or none. */
static bool cells_below(const struct check *c, uint32_t at, uint32_t count, uint32_t limit)
{
    if (!inside(c, at, count, sizeof(uint16_t))) {
        return false;
    }
    const uint16_t *cells = (const uint16_t *)(c->words + at);
    for (uint32_t i = 0; i < count; i++) {
        if (cells[i] >= limit && cells[i] != NP_CUT_CELL_NONE) {
            return false;
        }
    }
    return true;
}

/* Runs and blocks of a grid of so many rows and columns. What runs hold is seen to elsewhere. */
static bool grid_valid(const struct check *c, const struct np_cut_grid *grid, uint64_t rows,
                       uint32_t columns)
{
    if (grid->width != (columns + 63) / 64 || grid->blocks % 4 != 0 ||
        !inside(c, grid->blocks, grid->n_blocks, sizeof(struct np_cut_block)) ||
        !below(c, grid->ids, rows * grid->width, 2, grid->n_blocks)) {
        return false;
    }
    for (uint32_t i = 0; i < grid->n_blocks; i++) {
        struct np_cut_block block;
        memcpy(&block, c->words + grid->blocks + 4 * (size_t)i, sizeof block);
        uint64_t last = (uint64_t)block.run + (uint64_t)__builtin_popcountll(block.starts);
        if (last >= grid->n_runs || (block.starts & 1) || block.spare != 0) {
            return false;
        }
    }
    return true;
}

static bool table_valid(const struct check *c, const struct np_cut_plan *plan,
                        const struct np_cut_table *t, uint32_t limit)
{
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
           below(c, t->rows.runs, t->rows.n_runs, 2, t->n_rows) &&
           cells_below(c, t->cells.runs, t->cells.n_runs, limit) &&
           grid_valid(c, &t->rows, t->n_src, t->n_dst) &&
           grid_valid(c, &t->cells, t->n_rows, t->n_columns);
}

/* level: of the entry; what it leads to lies in the level after, which begins at next. */
static bool entry_valid(const struct np_cut_plan *plan, struct np_cut_entry entry, uint32_t next,
                        uint32_t end)
{
    if (entry.meta & NP_CUT_LEAF) {
        uint32_t count = np_cut_chunks(entry.meta);
        return count == 0 || (entry.base >= plan->first_chunk && entry.base <= plan->end_chunk &&
                              count <= plan->end_chunk - entry.base);
    }
    uint32_t size = 2u << np_cut_bits(entry.meta);
    return entry.meta >> 28 == 0 && np_cut_at(entry.meta) < NP_CUT_FIELDS && entry.base % 2 == 0 &&
           entry.base >= next && entry.base <= end && size <= end - entry.base;
}

static bool trees_valid(const struct check *c, const struct np_cut_plan *plan, uint32_t limit)
{
    const uint32_t *levels = plan->levels;
    if (plan->scale > 31 || plan->n_groups > NP_CUT_GROUPS ||
        plan->first_chunk < c->root.first_chunk || plan->end_chunk > c->root.end_chunk ||
        plan->first_chunk > plan->end_chunk || levels[0] % 2 != 0 ||
        levels[0] < c->root.first_word || levels[NP_CUT_LEVELS] > c->root.end_word) {
        return false;
    }
    for (unsigned l = 0; l < NP_CUT_LEVELS; l++) {
        if (levels[l + 1] < levels[l] || levels[l + 1] % 2 != 0) {
            return false;
        }
    }
    for (uint32_t i = 0; i < plan->n_groups; i++) {
        if (!entry_valid(plan, plan->groups[i], levels[0], levels[1])) {
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
    for (uint32_t i = plan->first_chunk; i < plan->end_chunk; i++) {
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
    for (uint32_t t = 0; t < plan.n_tables; t++) {
        if (t >= NP_CUT_TABLES || !table_valid(c, &plan, &plan.tables[t], limit)) {
            return false;
        }
    }
    return trees_valid(c, &plan, limit);
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
