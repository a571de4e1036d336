/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The find for many keys; part of cut_kernel.h.
 *
 * A processor looks a few hundred instructions ahead, which is about one find: done one after the
 * other, finds hardly overlap. So a block of keys goes through every step together; each step is
 * short, and its loads run at once. Nothing branches on what it finds: keys that have more to do
 * are written to the list of the next round, and the list's length grows by whether they have.
 */
enum { BLOCK = 32 };

struct block {
    uint32_t count;
    uint32_t fields[BLOCK][8];
    uint32_t best[BLOCK];
    struct np_cut_entry entry[BLOCK];
    uint8_t active[BLOCK + 1];
};

static inline void places_of(const uint32_t *words, const struct np_cut_axis *axis,
                             const uint32_t *addresses, unsigned field, struct block *b)
{
    uint32_t node[BLOCK] = {0}, depth = axis->depth;
    for (uint32_t l = 0; l + 1 < depth; l++) {
        const uint32_t *level = words + axis->at[l];
        for (uint32_t i = 0; i < b->count; i++) {
            const uint32_t *borders = level + (size_t)node[i] * NP_CUT_NODE;
            node[i] = node[i] * NP_CUT_CHILDREN + count_below(borders, addresses[i]);
        }
    }
    if (depth == 0) {
        for (uint32_t i = 0; i < b->count; i++) {
            b->fields[i][field] = 0;
        }
        return;
    }
    const uint32_t *level = words + axis->at[depth - 1];
    for (uint32_t i = 0; i < b->count; i++) {
        const uint32_t *borders = level + (size_t)node[i] * NP_CUT_NODE;
        b->fields[i][field] = node[i] * NP_CUT_NODE + count_below(borders, addresses[i]);
    }
}

static inline void fields_of_block(const uint32_t *words, const struct np_cut_plan *plan,
                                   const struct np_cut_key *keys, struct block *b)
{
    uint32_t src[BLOCK], dst[BLOCK];
    for (uint32_t i = 0; i < b->count; i++) {
        uint32_t with = keys[i].has_ports ? UINT32_MAX : 0;
        src[i] = (uint32_t)keys[i].src[1];
        dst[i] = (uint32_t)keys[i].dst[1];
        b->fields[i][NP_CUT_SRC_PORT] = keys[i].src_port & with;
        b->fields[i][NP_CUT_DST_PORT] = keys[i].dst_port & with;
        b->fields[i][NP_CUT_PROTOCOL] = (uint32_t)keys[i].protocol << 1 | !with;
    }
    places_of(words, &plan->src, src, NP_CUT_SRC, b);
    places_of(words, &plan->dst, dst, NP_CUT_DST, b);
}

static inline void grid_at_block(const uint32_t *words, const struct np_cut_grid *grid,
                                 uint32_t *rows, const uint32_t *columns, uint32_t count)
{
    const uint16_t *ids = (const uint16_t *)(words + grid->ids);
    const struct np_cut_block *blocks = (const void *)(words + grid->blocks);
    const uint16_t *runs = (const uint16_t *)(words + grid->runs);
    uint32_t width = grid->width;
    for (uint32_t i = 0; i < count; i++) {
        rows[i] = ids[rows[i] * width + columns[i] / 64];
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct np_cut_block *block = &blocks[rows[i]];
        uint64_t upto = block->starts << (63 - columns[i] % 64);
        rows[i] = runs[block->run + (uint32_t)__builtin_popcountll(upto)];
    }
}

static inline void table_find_block(const uint32_t *words, const struct np_cut_table *t,
                                    struct block *b)
{
    const uint16_t *src = (const uint16_t *)(words + t->src_class);
    const uint16_t *dst = (const uint16_t *)(words + t->dst_class);
    const uint16_t *column = (const uint16_t *)(words + t->column);
    const uint8_t *protocols = (const uint8_t *)(words + t->protocol);
    const uint8_t *src_ports = (const uint8_t *)(words + t->src_port);
    const uint8_t *dst_ports = (const uint8_t *)(words + t->dst_port);
    uint32_t n_src = t->n_src_ports, n_dst = t->n_dst_ports;
    bool by_src = t->src_port != 0, by_dst = t->dst_port != 0;
    uint32_t columns[BLOCK], classes[BLOCK], rows[BLOCK];
    for (uint32_t i = 0; i < b->count; i++) {
        const uint32_t *f = b->fields[i];
        uint32_t at = protocols[f[NP_CUT_PROTOCOL]] * n_src;
        at = (at + (by_src ? src_ports[f[NP_CUT_SRC_PORT]] : 0)) * n_dst;
        columns[i] = column[at + (by_dst ? dst_ports[f[NP_CUT_DST_PORT]] : 0)];
        rows[i] = src[f[NP_CUT_SRC]];
        classes[i] = dst[f[NP_CUT_DST]];
    }
    grid_at_block(words, &t->rows, rows, classes, b->count);
    grid_at_block(words, &t->cells, rows, columns, b->count);
    for (uint32_t i = 0; i < b->count; i++) {
        uint32_t order = rows[i] == NP_CUT_CELL_NONE ? NP_CUT_NONE : rows[i];
        b->best[i] = order < b->best[i] ? order : b->best[i];
    }
}

/* From the group's entry to leaves, all keys of the list. */
static inline void descend(const uint32_t *words, struct block *b, uint32_t n_active)
{
    uint8_t list[BLOCK + 1];
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_active; i++) {
        list[i] = b->active[i];
    }
    while (n_active > 0) {
        n = 0;
        for (uint32_t i = 0; i < n_active; i++) {
            uint32_t k = list[i];
            b->entry[k] = step(words, b->entry[k], b->fields[k]);
            list[n] = (uint8_t)k;
            n += !(b->entry[k].meta & NP_CUT_LEAF);
        }
        n_active = n;
    }
}

/* Leaves of the listed keys, a chunk a round. */
static inline void compare(const struct np_cut_chunk *chunks, struct block *b, uint32_t scale,
                           uint32_t n_active)
{
    uint8_t list[BLOCK + 1];
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_active; i++) {
        uint32_t k = b->active[i], meta = b->entry[k].meta;
        __builtin_prefetch(&chunks[b->entry[k].base].low);
        __builtin_prefetch(&chunks[b->entry[k].base].span);
        __builtin_prefetch(&chunks[b->entry[k].base].protocol);
        list[n] = (uint8_t)k;
        n += (uint32_t)(np_cut_chunks(meta) != 0) &
             (uint32_t)(np_cut_best(meta) <= b->best[k] >> scale);
    }
    while (n > 0) {
        uint32_t again = 0;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t k = list[i];
            const struct np_cut_chunk *chunk = &chunks[b->entry[k].base];
            struct lanes lanes = lanes_of(b->fields[k]);
            unsigned lane = first_lane(chunk, &lanes);
            uint32_t found = chunk->order[lane % NP_CUT_LANES];
            found = lane < NP_CUT_LANES ? found : NP_CUT_NONE;
            b->best[k] = found < b->best[k] ? found : b->best[k];
            b->entry[k].base++;
            b->entry[k].meta -= 1 << 16;
            list[again] = (uint8_t)k;
            again += (lane == NP_CUT_LANES) & (np_cut_chunks(b->entry[k].meta) != 0);
        }
        n = again;
    }
}

static inline void trees_find_block(const struct np_image *image, const struct np_cut_plan *plan,
                                    struct block *b)
{
    const uint32_t *words = image->section[NP_SECTION_CUT_NODES];
    const struct np_cut_chunk *chunks = image->section[NP_SECTION_CUT_LEAVES];
    uint32_t scale = plan->scale;
    for (uint32_t g = 0; g < plan->n_groups; g++) {
        struct np_cut_entry entry = plan->groups[g];
        uint32_t n = 0;
        for (uint32_t i = 0; i < b->count; i++) {
            b->entry[i] = entry;
            b->active[n] = (uint8_t)i;
            n += np_cut_best(entry.meta) <= b->best[i] >> scale;
        }
        if (!(entry.meta & NP_CUT_LEAF)) {
            descend(words, b, n);
        }
        compare(chunks, b, scale, n);
    }
}

static void find_block(const struct np_image *image, const struct np_cut_plan *plan,
                       const struct np_cut_key *keys, uint32_t *values, uint32_t count)
{
    const uint32_t *words = image->section[NP_SECTION_CUT_NODES];
    struct block b;
    b.count = count;
    fields_of_block(words, plan, keys, &b);
    for (uint32_t i = 0; i < count; i++) {
        b.best[i] = NP_CUT_NONE;
    }
    for (uint32_t t = 0; t < plan->n_tables; t++) {
        table_find_block(words, &plan->tables[t], &b);
    }
    trees_find_block(image, plan, &b);
    for (uint32_t i = 0; i < count; i++) {
        bool none = b.best[i] == NP_CUT_NONE;
        values[i] = none             ? plan->otherwise
                    : plan->n_values ? words[plan->values + b.best[i]]
                                     : b.best[i];
    }
}

/* IPv4 keys by the block; a block with another family key by key. */
static void find_batch(const struct np_image *image, uint32_t root, const struct np_cut_key *keys,
                       uint32_t *values, size_t count)
{
    for (size_t done = 0; done < count; done += BLOCK) {
        uint32_t n = count - done < BLOCK ? (uint32_t)(count - done) : BLOCK;
        bool narrow = true;
        for (uint32_t i = 0; i < n; i++) {
            narrow &= keys[done + i].family == 4;
        }
        if (narrow) {
            find_block(image, plan_of(image, root, &keys[done]), keys + done, values + done, n);
            continue;
        }
        for (size_t i = done; i < done + n; i++) {
            values[i] = find(image, root, &keys[i]);
        }
    }
}
