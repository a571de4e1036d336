/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grows trees.
 *
 * Items go into four groups by whether source and destination are narrow; cutting a field in which
 * all items of a group are narrow copies few of them. A region is cut along the field and into the
 * number of equal parts that leave a packet the fewest items for the least copying; a node may make
 * only so many copies in all (its allowance), which it hands down. Items behind one that covers
 * the whole region are dropped. Equal leaves are kept once.
 *
 * Leaves hold 16 bits of each place. Where there are more places, a region is cut until it lies
 * within 65,536 of them or all its items span it whole.
 */
#include "image/cut_internal.h"

enum {
    LEAF_ITEMS = NP_CUT_LANES,
    BITS_MAX = 12,     /* of one cut */
    PART_WIDE = 32,    /* an end is wide from 1/32 of the places on */
    COPIES = 8,        /* items of a group at most, over those given */
    COPIES_OF_CUT = 4, /* the same of one cut */
    SHADOWS = 64       /* items up to which each is compared with each before */
};
static const uint8_t plain_bits[NP_CUT_FIELDS] = {0, 0, 16, 16, 9};

struct region {
    uint32_t first[NP_CUT_FIELDS];
    uint8_t bits[NP_CUT_FIELDS]; /* first is a multiple of 1 << bits */
};
struct grower {
    struct np_cut_build *cuts;
    const struct np_cut_item *items;
    uint32_t scale;
    int status;
    struct level {
        struct np_cut_entry *items; /* base: within the next level, until laid out */
        size_t count, capacity;
    } levels[NP_CUT_LEVELS];
    uint32_t *shelf; /* hash table of leaves: first chunk + 1 */
    size_t shelf_size, shelved;
};
struct cut {
    unsigned field, bits;
    double score;
    size_t total; /* items in all parts */
};

static uint32_t last_of(const struct region *region, unsigned field)
{
    return region->first[field] + (uint32_t)((UINT64_C(1) << region->bits[field]) - 1);
}

static bool covers(const struct np_cut_item *item, const struct region *region, unsigned field)
{
    return item->low[field] <= region->first[field] && item->high[field] >= last_of(region, field);
}

/* a holds every packet of the region that b holds. */
static bool shadows(const struct np_cut_item *a, const struct np_cut_item *b,
                    const struct region *region)
{
    for (unsigned f = 0; f < NP_CUT_PROTOCOL; f++) {
        uint32_t first = region->first[f], last = last_of(region, f);
        uint32_t low = b->low[f] > first ? b->low[f] : first;
        uint32_t high = b->high[f] < last ? b->high[f] : last;
        if (a->low[f] > low || a->high[f] < high) {
            return false;
        }
    }
    return (a->mask & ~b->mask) == 0 && ((a->protocol ^ b->protocol) & a->mask) == 0;
}

/* Drops items that cannot be the first to hold a packet of the region. */
static size_t thin(const struct grower *g, uint32_t *list, size_t count,
                   const struct region *region)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct np_cut_item *item = &g->items[list[i]];
        size_t from = count <= SHADOWS ? 0 : kept;
        bool hidden = false;
        for (size_t j = from; j < kept && !hidden; j++) {
            hidden = shadows(&g->items[list[j]], item, region);
        }
        if (!hidden) {
            list[kept++] = list[i];
            bool whole = item->mask == 0;
            for (unsigned f = 0; f < NP_CUT_PROTOCOL && whole; f++) {
                whole = covers(item, region, f);
            }
            if (whole) {
                break;
            }
        }
    }
    return kept;
}

/* ---- leaves ---- */

static uint32_t best_of(const struct grower *g, uint32_t item)
{
    return g->items[item].order >> g->scale;
}

static void fill_chunk(const struct grower *g, const uint32_t *list, size_t count,
                       const struct region *region, struct np_cut_chunk *chunk)
{
    memset(chunk, 0, sizeof *chunk);
    for (size_t lane = 0; lane < NP_CUT_LANES; lane++) {
        if (lane >= count) {
            chunk->protocol[lane] = 0x8000;
            chunk->mask[lane] = 0xffff;
            continue;
        }
        const struct np_cut_item *item = &g->items[list[lane]];
        for (unsigned f = 0; f < NP_CUT_PROTOCOL; f++) {
            uint32_t low = item->low[f], high = item->high[f];
            if (region->bits[f] > 16) { /* covered, see grow */
                low = 0;
                high = 0xffff;
            } else {
                uint32_t segment = region->first[f] & ~UINT32_C(0xffff);
                low = low < segment ? segment : low;
                high = high > (segment | 0xffff) ? segment | 0xffff : high;
            }
            chunk->low[f][lane] = (uint16_t)low;
            chunk->span[f][lane] = (uint16_t)(high - low);
        }
        chunk->protocol[lane] = item->protocol;
        chunk->mask[lane] = item->mask;
        chunk->order[lane] = item->order;
    }
}

/* Room in the hash table of leaves for one more. */
static bool widen_shelf(struct grower *g)
{
    const struct np_cut_chunk *chunks = g->cuts->leaves.items;
    if (g->shelved * 2 < g->shelf_size) {
        return true;
    }
    size_t size = g->shelf_size ? g->shelf_size * 2 : 64;
    uint32_t *shelf = np_zalloc(g->cuts->ctx, size * sizeof *shelf);
    if (!shelf) {
        return false;
    }
    for (size_t i = 0; i < g->shelf_size; i++) {
        if (g->shelf[i]) {
            size_t at = np_hash_stable(&chunks[g->shelf[i] - 1], sizeof *chunks);
            for (at &= size - 1; shelf[at]; at = (at + 1) & (size - 1)) {
            }
            shelf[at] = g->shelf[i];
        }
    }
    np_free(g->cuts->ctx, g->shelf, g->shelf_size * sizeof *shelf);
    g->shelf = shelf;
    g->shelf_size = size;
    return true;
}

/* The last `count` chunks: found among those before, and then taken back; else put on the shelf. */
static bool share_leaf(struct grower *g, size_t count, uint32_t *base)
{
    const struct np_cut_chunk *chunks = g->cuts->leaves.items;
    *base = (uint32_t)(g->cuts->leaves.count - count);
    if (!widen_shelf(g)) {
        return false;
    }
    size_t at = np_hash_stable(&chunks[*base], sizeof *chunks) & (g->shelf_size - 1);
    for (; g->shelf[at]; at = (at + 1) & (g->shelf_size - 1)) {
        uint32_t old = g->shelf[at] - 1;
        if (old + count <= *base &&
            memcmp(&chunks[old], &chunks[*base], count * sizeof *chunks) == 0) {
            g->cuts->leaves.count -= count;
            *base = old;
            return true;
        }
    }
    g->shelf[at] = *base + 1;
    g->shelved++;
    return true;
}

static struct np_cut_entry make_leaf(struct grower *g, const uint32_t *list, size_t count,
                                     const struct region *region)
{
    struct np_cut_entry entry = {0, NP_CUT_LEAF | NP_CUT_BEST_MAX};
    size_t chunks = (count + NP_CUT_LANES - 1) / NP_CUT_LANES;
    if (count == 0) {
        return entry;
    }
    if (chunks > NP_CUT_CHUNKS_MAX || g->cuts->leaves.count > UINT32_MAX / 512) {
        g->status = NETPOL_ERR_LIMIT;
        return entry;
    }
    for (size_t i = 0; i < count; i += NP_CUT_LANES) {
        struct np_cut_chunk *chunk = np_vec_push(g->cuts->ctx, &g->cuts->leaves);
        if (!chunk) {
            g->status = NETPOL_ERR_MEMORY;
            return entry;
        }
        fill_chunk(g, list + i, count - i < NP_CUT_LANES ? count - i : NP_CUT_LANES, region, chunk);
    }
    if (!share_leaf(g, chunks, &entry.base)) {
        g->status = NETPOL_ERR_MEMORY;
    }
    entry.meta = NP_CUT_LEAF | (uint32_t)chunks << 16 | best_of(g, list[0]);
    return entry;
}

/* ---- where to cut ---- */

/* The parts an item lies in. */
static void parts_of(const struct np_cut_item *item, const struct region *region, unsigned field,
                     unsigned bits, uint32_t *from, uint32_t *to)
{
    uint32_t first = region->first[field], last = last_of(region, field);
    uint32_t low = item->low[field] > first ? item->low[field] : first;
    uint32_t high = item->high[field] < last ? item->high[field] : last;
    *from = (low - first) >> (region->bits[field] - bits);
    *to = (high - first) >> (region->bits[field] - bits);
}

static void weigh(const struct grower *g, const uint32_t *list, size_t count,
                  const struct region *region, size_t allowance, struct cut *cut)
{
    uint32_t change[(1 << BITS_MAX) + 1];
    size_t parts = (size_t)1 << cut->bits;
    double squares = 0;
    memset(change, 0, (parts + 1) * sizeof *change);
    cut->total = 0;
    cut->score = 1e9;
    for (size_t i = 0; i < count; i++) {
        uint32_t from, to;
        parts_of(&g->items[list[i]], region, cut->field, cut->bits, &from, &to);
        change[from]++;
        change[to + 1]--;
        cut->total += to - from + 1;
    }
    if (cut->total > allowance || cut->total > COPIES_OF_CUT * count) {
        return;
    }
    uint32_t held = 0;
    for (size_t i = 0; i < parts; i++) {
        held += change[i];
        squares += (double)held * held;
    }
    /* What a packet that hits finds in its part, copies and size counted against it. */
    double rest = squares / (double)cut->total;
    double copies = (double)cut->total / (double)count;
    double space = 1 + (double)parts / (double)(4 * count);
    if (rest < 0.7 * (double)count) {
        cut->score = (rest < LEAF_ITEMS / 2 ? LEAF_ITEMS / 2 : rest) * copies * space;
    }
}

/* False: nothing is gained. must: a field that has to be cut, or NP_CUT_FIELDS. */
static bool choose(const struct grower *g, const uint32_t *list, size_t count,
                   const struct region *region, unsigned must, size_t allowance, struct cut *best)
{
    best->score = 1e9;
    for (unsigned f = 0; f < NP_CUT_FIELDS; f++) {
        bool plain = true;
        if (must != NP_CUT_FIELDS && f != must) {
            continue;
        }
        for (size_t i = 0; i < count && plain; i++) {
            plain = covers(&g->items[list[i]], region, f);
        }
        unsigned most = region->bits[f] < BITS_MAX ? region->bits[f] : BITS_MAX;
        unsigned least = f == must ? region->bits[f] - 16u : 1;
        for (unsigned bits = least; bits <= most && !plain; bits++) {
            struct cut cut = {.field = f, .bits = bits};
            if (bits > least + 2 && (size_t)1 << bits > 4 * count) {
                break;
            }
            weigh(g, list, count, region, allowance, &cut);
            if (cut.score < best->score) {
                *best = cut;
            }
        }
    }
    return best->score < 1e9;
}

/* ---- growing ---- */

static struct np_cut_entry grow(struct grower *g, uint32_t *list, size_t count,
                                const struct region *region, size_t allowance, unsigned depth);

/* Sorts the items into the parts of the cut, each list in order; starts has one more. */
static void distribute(const struct grower *g, const uint32_t *list, size_t count,
                       const struct region *region, const struct cut *cut, uint32_t *starts,
                       uint32_t *lists)
{
    size_t parts = (size_t)1 << cut->bits;
    uint32_t from, to;
    memset(starts, 0, (parts + 1) * sizeof *starts);
    for (size_t i = 0; i < count; i++) {
        parts_of(&g->items[list[i]], region, cut->field, cut->bits, &from, &to);
        for (uint32_t p = from; p <= to; p++) {
            starts[p + 1]++;
        }
    }
    for (size_t p = 0; p < parts; p++) {
        starts[p + 1] += starts[p];
    }
    for (size_t i = count; i-- > 0;) {
        parts_of(&g->items[list[i]], region, cut->field, cut->bits, &from, &to);
        for (uint32_t p = from; p <= to; p++) {
            lists[--starts[p + 1]] = list[i];
        }
    }
    /* Now starts[p + 1] is where part p begins. */
    memmove(starts, starts + 1, parts * sizeof *starts);
    starts[parts] = (uint32_t)cut->total;
}

/* Part p has the items of the part before, and all of them span both: one entry does. */
static bool same_part(const struct grower *g, const uint32_t *lists, const uint32_t *starts,
                      size_t p, const struct region *part, const struct cut *cut)
{
    size_t count = starts[p + 1] - starts[p];
    if (p == 0 || count != starts[p] - starts[p - 1] ||
        memcmp(lists + starts[p], lists + starts[p - 1], count * sizeof *lists) != 0) {
        return false;
    }
    struct region before = *part;
    before.first[cut->field] -= UINT32_C(1) << part->bits[cut->field];
    for (size_t i = 0; i < count; i++) {
        const struct np_cut_item *item = &g->items[lists[starts[p] + i]];
        if (!covers(item, part, cut->field) || !covers(item, &before, cut->field)) {
            return false;
        }
    }
    return true;
}

static void grow_parts(struct grower *g, const struct region *region, const struct cut *cut,
                       const uint32_t *starts, uint32_t *lists, uint32_t *copy, size_t allowance,
                       unsigned depth, struct np_cut_entry *entry)
{
    struct region part = *region;
    part.bits[cut->field] = (uint8_t)(region->bits[cut->field] - cut->bits);
    uint32_t best = NP_CUT_BEST_MAX;
    memcpy(copy, lists, cut->total * sizeof *copy); /* grow thins its list */
    for (size_t p = 0; p < (size_t)1 << cut->bits && g->status == NETPOL_OK; p++) {
        size_t count = starts[p + 1] - starts[p];
        struct np_cut_entry made;
        part.first[cut->field] = region->first[cut->field] + (uint32_t)(p << part.bits[cut->field]);
        if (same_part(g, copy, starts, p, &part, cut)) {
            made = g->levels[depth].items[entry->base + p - 1];
        } else {
            size_t share = (size_t)((double)allowance * (double)count / (double)cut->total);
            made = grow(g, lists + starts[p], count, &part, share, depth + 1);
        }
        g->levels[depth].items[entry->base + p] = made;
        best = np_cut_best(made.meta) < best ? np_cut_best(made.meta) : best;
    }
    entry->meta = cut->field << 25 | (uint32_t)part.bits[cut->field] << 20 | cut->bits << 16 | best;
}

static struct np_cut_entry divide(struct grower *g, const uint32_t *list, size_t count,
                                  const struct region *region, const struct cut *cut,
                                  size_t allowance, unsigned depth)
{
    struct np_cut_entry entry = {0, NP_CUT_LEAF | NP_CUT_BEST_MAX};
    size_t parts = (size_t)1 << cut->bits, words = parts + 1 + 2 * cut->total;
    uint32_t *room = np_alloc(g->cuts->ctx, words * sizeof *room);
    struct level *level = &g->levels[depth];
    if (room && np_vec_grow(g->cuts->ctx, (void **)&level->items, &level->capacity,
                            level->count + parts, sizeof *level->items)) {
        entry.base = (uint32_t)level->count;
        level->count += parts;
        uint32_t *lists = room + parts + 1;
        distribute(g, list, count, region, cut, room, lists);
        grow_parts(g, region, cut, room, lists, lists + cut->total, allowance, depth, &entry);
    } else {
        g->status = NETPOL_ERR_MEMORY;
    }
    np_free(g->cuts->ctx, room, words * sizeof *room);
    return entry;
}

/* The field of places in which 16 bits are not enough here; NP_CUT_FIELDS: none. */
static unsigned too_long(const struct grower *g, const uint32_t *list, size_t count,
                         const struct region *region)
{
    for (unsigned f = NP_CUT_SRC; f <= NP_CUT_DST; f++) {
        for (size_t i = 0; region->bits[f] > 16 && i < count; i++) {
            if (!covers(&g->items[list[i]], region, f)) {
                return f;
            }
        }
    }
    return NP_CUT_FIELDS;
}

static struct np_cut_entry grow(struct grower *g, uint32_t *list, size_t count,
                                const struct region *region, size_t allowance, unsigned depth)
{
    struct cut cut;
    count = thin(g, list, count, region);
    unsigned must = too_long(g, list, count, region);
    if (must == NP_CUT_FIELDS && (count <= LEAF_ITEMS || depth >= NP_CUT_LEVELS)) {
        return make_leaf(g, list, count, region);
    }
    if (choose(g, list, count, region, must, allowance, &cut)) {
        return divide(g, list, count, region, &cut, allowance, depth);
    }
    if (must != NP_CUT_FIELDS) { /* whatever it costs */
        cut = (struct cut){.field = must, .bits = region->bits[must] - 16u};
        for (size_t i = 0; i < count; i++) {
            uint32_t from, to;
            parts_of(&g->items[list[i]], region, cut.field, cut.bits, &from, &to);
            cut.total += to - from + 1;
        }
        return divide(g, list, count, region, &cut, allowance, depth);
    }
    return make_leaf(g, list, count, region);
}

/* ---- groups ---- */

static unsigned bits_for(uint32_t places)
{
    unsigned bits = 0;
    while (bits < 31 && (UINT32_C(1) << bits) < places) {
        bits++;
    }
    return bits;
}

static bool narrow(const struct np_cut_item *item, unsigned field, uint32_t places)
{
    return (item->high[field] - item->low[field]) <= places / PART_WIDE && places > 1;
}

static int grow_groups(struct grower *g, const struct np_cut_items *items, const uint32_t places[2],
                       uint32_t *list, struct np_cut_plan *plan)
{
    struct region all = {.first = {0}};
    memcpy(all.bits, plain_bits, sizeof all.bits);
    all.bits[NP_CUT_SRC] = (uint8_t)bits_for(places[0]);
    all.bits[NP_CUT_DST] = (uint8_t)bits_for(places[1]);
    for (unsigned kind = 0; kind < NP_CUT_GROUPS && g->status == NETPOL_OK; kind++) {
        size_t count = 0;
        for (size_t i = 0; i < items->count; i++) {
            const struct np_cut_item *item = &items->items[i];
            unsigned has = (narrow(item, NP_CUT_SRC, places[0]) ? 1 : 0) |
                           (narrow(item, NP_CUT_DST, places[1]) ? 2 : 0);
            if (has == kind) {
                list[count++] = (uint32_t)i;
            }
        }
        if (count) {
            struct np_cut_entry entry = grow(g, list, count, &all, COPIES * count, 0);
            uint32_t at = plan->n_groups++;
            for (; at > 0 && np_cut_best(plan->groups[at - 1].meta) > np_cut_best(entry.meta);
                 at--) {
                plan->groups[at] = plan->groups[at - 1];
            }
            plan->groups[at] = entry;
        }
    }
    return g->status;
}

/* Levels into words, one behind the other; now bases are known. */
static int lay_out(struct grower *g, struct np_cut_plan *plan)
{
    size_t total = 0;
    uint32_t at;
    for (unsigned l = 0; l < NP_CUT_LEVELS; l++) {
        total += g->levels[l].count;
    }
    int status = np_cut_words(g->cuts, 2 * total, 16, &at);
    for (unsigned l = 0; l < NP_CUT_LEVELS && status == NETPOL_OK; l++) {
        struct level *level = &g->levels[l];
        uint32_t next = at + 2 * (uint32_t)level->count;
        plan->levels[l] = at;
        for (size_t i = 0; i < level->count; i++) {
            if (!(level->items[i].meta & NP_CUT_LEAF)) {
                level->items[i].base = next + 2 * level->items[i].base;
            }
        }
        if (level->count) {
            memcpy(g->cuts->nodes.items + at, level->items, level->count * sizeof *level->items);
        }
        at = next;
    }
    plan->levels[NP_CUT_LEVELS] = at;
    for (uint32_t i = 0; i < plan->n_groups; i++) {
        if (!(plan->groups[i].meta & NP_CUT_LEAF)) {
            plan->groups[i].base = plan->levels[0] + 2 * plan->groups[i].base;
        }
    }
    return status;
}

int np_cut_trees_make(struct np_cut_build *cuts, const struct np_cut_items *items,
                      const uint32_t places[2], struct np_cut_plan *plan)
{
    struct grower g = {.cuts = cuts, .items = items->items};
    uint32_t most = items->count ? items->items[items->count - 1].order : 0;
    uint32_t *list = np_alloc(cuts->ctx, (items->count + 1) * sizeof *list);
    while (most >> g.scale >= NP_CUT_BEST_MAX) {
        g.scale++;
    }
    plan->scale = g.scale;
    plan->first_chunk = (uint32_t)cuts->leaves.count;
    int status = list ? grow_groups(&g, items, places, list, plan) : NETPOL_ERR_MEMORY;
    status = status == NETPOL_OK ? lay_out(&g, plan) : status;
    plan->end_chunk = (uint32_t)cuts->leaves.count;
    for (unsigned l = 0; l < NP_CUT_LEVELS; l++) {
        np_vec_free(cuts->ctx, &g.levels[l]);
    }
    np_free(cuts->ctx, g.shelf, g.shelf_size * sizeof *g.shelf);
    np_free(cuts->ctx, list, (items->count + 1) * sizeof *list);
    return status;
}
