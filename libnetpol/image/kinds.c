/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KINDS and COMBOS, both ways: canonical words <-> kind numbers by bisection over a sorted list,
 * (kind, place, node) -> signature by an open hash over numbers.
 */
#include "image/project_internal.h"

#include <stdlib.h>

int np_words_compare(const uint64_t *a, uint32_t n_a, const uint64_t *b, uint32_t n_b)
{
    uint32_t common = n_a < n_b ? n_a : n_b;
    for (uint32_t i = 0; i < common; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return n_a < n_b ? -1 : n_a > n_b;
}

/* ---- kinds, reading ---- */

static const uint64_t *words_at(const struct np_kinds *kinds, uint32_t position, uint32_t *count)
{
    uint32_t start = position ? kinds->ends[position - 1] : 0;
    *count = kinds->ends[position] - start;
    return kinds->words + start;
}

static bool kinds_valid(const struct np_kinds *kinds, uint32_t n_words)
{
    const uint64_t *before = NULL;
    uint32_t start = 0, n_before = 0;
    for (uint32_t i = 0; i < kinds->count; i++) {
        if (kinds->ends[i] < start || kinds->ends[i] > n_words ||
            kinds->numbers[i] - 1u >= kinds->count ||
            kinds->positions[kinds->numbers[i] - 1] != i + 1) {
            return false;
        }
        uint32_t n_words_here;
        const uint64_t *words = words_at(kinds, i, &n_words_here);
        if (before && np_words_compare(before, n_before, words, n_words_here) >= 0) {
            return false;
        }
        before = words;
        n_before = n_words_here;
        start = kinds->ends[i];
    }
    return start == n_words;
}

bool np_kinds_open(const void *bytes, size_t size, struct np_kinds *out)
{
    static const struct np_kinds none;
    *out = none;
    if (size == 0) {
        return true;
    }
    const uint32_t *head = bytes;
    if (size < KINDS_HEAD * sizeof *head || head[KINDS_COUNT] > (1u << 28)) {
        return false;
    }
    size_t count = head[KINDS_COUNT], tables = np_kinds_tables(count);
    if (size != tables + (size_t)head[KINDS_WORDS] * sizeof(uint64_t)) {
        return false;
    }
    out->count = (uint32_t)count;
    out->numbers = head + KINDS_HEAD;
    out->flags = out->numbers + count;
    out->ends = out->flags + count;
    out->positions = out->ends + count;
    out->words = (const uint64_t *)(const void *)((const char *)bytes + tables);
    return kinds_valid(out, head[KINDS_WORDS]);
}

uint32_t np_kinds_find(const struct np_kinds *kinds, const uint64_t *words, uint32_t count)
{
    uint32_t low = 0, high = kinds->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, n_there;
        const uint64_t *there = words_at(kinds, middle, &n_there);
        int order = np_words_compare(there, n_there, words, count);
        if (order == 0) {
            return kinds->numbers[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return 0;
}

const uint64_t *np_kinds_words(const struct np_kinds *kinds, uint32_t kind, uint32_t *count)
{
    if (kind == 0 || kind > kinds->count) {
        *count = 0;
        return NULL;
    }
    return words_at(kinds, kinds->positions[kind - 1] - 1, count);
}

uint32_t np_kinds_flags(const struct np_kinds *kinds, uint32_t kind)
{
    return kind == 0 || kind > kinds->count ? 0 : kinds->flags[kinds->positions[kind - 1] - 1];
}

/* ---- kinds, writing ---- */

struct kind {
    const uint64_t *words;
    uint32_t count, flags, number;
};
struct np_kinds_build {
    const struct netpol_ctx *ctx;
    struct np_arena arena;
    struct np_map numbers; /* canonical words -> kind number */
    np_vec(struct kind) kinds;
    uint64_t n_words;
    void *bytes;
    size_t size;
};

struct np_kinds_build *np_kinds_build(const struct netpol_ctx *ctx)
{
    struct np_kinds_build *build = np_zalloc(ctx, sizeof *build);
    if (build) {
        build->ctx = ctx;
        np_arena_init(&build->arena, ctx, 4096);
        np_map_init(&build->numbers, ctx);
    }
    return build;
}

void np_kinds_build_free(struct np_kinds_build *build)
{
    if (build) {
        const struct netpol_ctx *ctx = build->ctx;
        np_map_free(&build->numbers);
        np_vec_free(ctx, &build->kinds);
        np_arena_free(&build->arena);
        np_free(ctx, build->bytes, build->size);
        np_free(ctx, build, sizeof *build);
    }
}

int np_kinds_build_add(struct np_kinds_build *build, const uint64_t *words, uint32_t count,
                       uint32_t flags, uint32_t *kind)
{
    size_t size = count * sizeof *words;
    bool added;
    if (build->kinds.count >= (1u << 28) || build->n_words + count > UINT32_MAX / 8) {
        return NETPOL_ERR_LIMIT;
    }
    uint64_t *number =
        np_map_add(&build->numbers, (struct np_slice){(const char *)words, size}, &added);
    if (!number) {
        return NETPOL_ERR_MEMORY;
    }
    if (added) {
        uint64_t *copy = np_arena_array(&build->arena, count, sizeof *copy);
        struct kind *item = copy ? np_vec_push(build->ctx, &build->kinds) : NULL;
        if (!item) {
            np_map_remove(&build->numbers, (struct np_slice){(const char *)words, size});
            return NETPOL_ERR_MEMORY;
        }
        if (count) {
            memcpy(copy, words, size);
        }
        *number = build->kinds.count;
        *item = (struct kind){copy, count, flags, (uint32_t)build->kinds.count};
        build->n_words += count;
    }
    *kind = (uint32_t)*number;
    return NETPOL_OK;
}

static int compare_kinds(const void *a, const void *b)
{
    const struct kind *x = a, *y = b;
    return np_words_compare(x->words, x->count, y->words, y->count);
}

int np_kinds_build_write(struct np_kinds_build *build, const void **bytes, size_t *size)
{
    size_t count = build->kinds.count, tables = np_kinds_tables(count);
    np_free(build->ctx, build->bytes, build->size);
    build->size = tables + (size_t)build->n_words * sizeof(uint64_t);
    build->bytes = np_zalloc(build->ctx, build->size);
    /* the order of numbers is wanted by later adds: sort a copy */
    struct kind *sorted = np_alloc(build->ctx, (count + 1) * sizeof *sorted);
    if (!build->bytes || !sorted) {
        np_free(build->ctx, build->bytes, build->size);
        np_free(build->ctx, sorted, (count + 1) * sizeof *sorted);
        build->bytes = NULL;
        build->size = 0;
        return NETPOL_ERR_MEMORY;
    }
    if (count) {
        memcpy(sorted, build->kinds.items, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, compare_kinds);
    }
    uint32_t *head = build->bytes, *tables_at = head + KINDS_HEAD;
    uint64_t *words = (uint64_t *)(void *)((char *)build->bytes + tables);
    head[KINDS_COUNT] = (uint32_t)count;
    head[KINDS_WORDS] = (uint32_t)build->n_words;
    uint32_t end = 0;
    for (size_t i = 0; i < count; i++) {
        if (sorted[i].count) {
            memcpy(words + end, sorted[i].words, sorted[i].count * sizeof *words);
        }
        end += sorted[i].count;
        tables_at[i] = sorted[i].number;
        tables_at[count + i] = sorted[i].flags;
        tables_at[2 * count + i] = end;
        tables_at[3 * count + sorted[i].number - 1] = (uint32_t)i + 1;
    }
    np_free(build->ctx, sorted, (count + 1) * sizeof *sorted);
    *bytes = build->bytes;
    *size = build->size;
    return NETPOL_OK;
}

/* ---- combos ---- */

uint32_t np_combo_at(uint32_t kind, uint32_t place, uint32_t node)
{
    uint64_t mixed = ((uint64_t)kind << 32 | place) * NP_SLOT_MULTIPLIER;
    mixed = (mixed ^ mixed >> 29 ^ node) * NP_SLOT_MULTIPLIER;
    return (uint32_t)(mixed >> 32);
}

uint32_t np_combos_find(const struct np_combo *combos, uint32_t count, uint32_t kind,
                        uint32_t place, uint32_t node)
{
    uint32_t at = np_combo_at(kind, place, node);
    for (uint32_t probe = 0; kind && probe < count; probe++, at++) {
        const struct np_combo *combo = &combos[at & (count - 1)];
        if (combo->kind == 0) {
            break;
        }
        if (combo->kind == kind && combo->place == place && combo->node == node) {
            return combo->signature;
        }
    }
    return NP_SIG_UNCOMPILED;
}

bool np_combos_valid(const struct np_combo *combos, uint32_t count, uint32_t n_signatures)
{
    bool free_one = count == 0;
    if (count & (count - 1)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        free_one = free_one || combos[i].kind == 0;
        if (combos[i].kind && combos[i].signature >= n_signatures) {
            return false;
        }
    }
    return free_one;
}

static int compare_combos(const void *a, const void *b)
{
    const struct np_combo *x = a, *y = b;
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    if (x->place != y->place) {
        return x->place < y->place ? -1 : 1;
    }
    return x->node < y->node ? -1 : x->node > y->node;
}

int np_combos_write(const struct netpol_ctx *ctx, const struct np_combo *list, size_t n,
                    struct np_combo **out, uint32_t *count)
{
    if (n >= 1u << 27) {
        return NETPOL_ERR_LIMIT;
    }
    uint32_t size = 4;
    while (size < 2 * n) {
        size *= 2;
    }
    struct np_combo *table = np_zalloc(ctx, size * sizeof *table);
    struct np_combo *sorted = np_alloc(ctx, (n + 1) * sizeof *sorted);
    if (table && sorted) {
        if (n) {
            memcpy(sorted, list, n * sizeof *sorted);
            qsort(sorted, n, sizeof *sorted, compare_combos);
        }
        for (size_t i = 0; i < n; i++) {
            uint32_t at = np_combo_at(sorted[i].kind, sorted[i].place, sorted[i].node);
            while (table[at & (size - 1)].kind) {
                at++;
            }
            table[at & (size - 1)] = sorted[i];
        }
        *out = table;
        *count = size;
    } else {
        np_free(ctx, table, size * sizeof *table);
        table = NULL;
    }
    np_free(ctx, sorted, (n + 1) * sizeof *sorted);
    return table ? NETPOL_OK : NETPOL_ERR_MEMORY;
}
