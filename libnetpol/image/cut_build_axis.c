/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lays out axes: from an address to its place among the borders.
 *
 * IPv4 takes two tables: one by the first bits of the address, as many as there are borders, and
 * below each of its entries one by just so many more bits that a slot has at most 8 borders to
 * compare with, where that does not cost too much. A slot without an end may have more: the find
 * goes on as long as all 8 lie below, so slots need to know where they begin, nothing else.
 */
#include "image/cut_internal.h"
#include <stdlib.h>

enum { TOP_BITS_MIN = 2, TOP_BITS_MAX = 16, SUB_BITS_MAX = 12 };

static int compare(const void *left, const void *right)
{
    const struct np_cut_address *a = left, *b = right;
    return np_cut_before(*a, *b) ? -1 : np_cut_before(*b, *a);
}

uint32_t np_cut_place(const struct np_cut_address *borders, size_t count,
                      struct np_cut_address address)
{
    size_t from = 0;
    while (count > 0) {
        size_t half = count / 2;
        if (np_cut_before(borders[from + half], address)) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return (uint32_t)from;
}

/* Borders (32 bits, from `from` on, up to `to`) in each slot of 1 << shift addresses: the most. */
static size_t fullest(const struct np_cut_address *borders, size_t from, size_t to, unsigned shift)
{
    size_t most = 0, run = 0;
    for (size_t i = from; i < to; i++) {
        bool same = i > from && borders[i].low >> shift == borders[i - 1].low >> shift;
        run = same ? run + 1 : 1;
        most = run > most ? run : most;
    }
    return most;
}

/* Bits of the second table below a slot of the first, which has 1 << shift addresses. */
static unsigned sub_bits(const struct np_cut_address *borders, size_t from, size_t to,
                         unsigned shift)
{
    unsigned most = shift < SUB_BITS_MAX ? shift : SUB_BITS_MAX, bits = 0;
    while (bits < most && fullest(borders, from, to, shift - bits) > NP_CUT_WINDOW &&
           (UINT32_C(2) << bits) <= 4 * (to - from) + 64) {
        bits++;
    }
    return bits;
}

struct axis {
    struct np_cut_build *cuts;
    const struct np_cut_address *borders;
    size_t count;
    unsigned shift;
    uint32_t top, last_base, last_start; /* the last one-slot table, shared while it fits */
    bool shared;
};

/* One slot of the first table: addresses from `first` on, borders [from, to). */
static int add_slot(struct axis *a, uint32_t slot, size_t from, size_t to)
{
    unsigned bits = sub_bits(a->borders, from, to, a->shift);
    uint32_t base, size = UINT32_C(1) << bits;
    if (bits == 0 && a->shared && a->last_start == from) {
        a->cuts->nodes.items[a->top + slot] = a->last_base << NP_CUT_BITS_SHIFT;
        return NETPOL_OK;
    }
    int status = np_cut_words(a->cuts, size, 1, &base);
    if (status != NETPOL_OK) {
        return status;
    }
    if (base >= UINT32_C(1) << (32 - NP_CUT_BITS_SHIFT)) {
        return NETPOL_ERR_LIMIT;
    }
    a->cuts->nodes.items[a->top + slot] = base << NP_CUT_BITS_SHIFT | bits;
    uint64_t first = (uint64_t)slot << a->shift;
    size_t start = from;
    for (uint32_t i = 0; i < size; i++) {
        uint64_t address = first + ((uint64_t)i << (a->shift - bits));
        while (start < to && a->borders[start].low < address) {
            start++;
        }
        a->cuts->nodes.items[base + i] = (uint32_t)start;
    }
    a->shared = bits == 0;
    a->last_base = base;
    a->last_start = (uint32_t)from;
    return NETPOL_OK;
}

static int add_tables(struct axis *a, struct np_cut_axis *axis)
{
    unsigned bits = TOP_BITS_MIN;
    while (bits < TOP_BITS_MAX && (UINT32_C(1) << bits) < 2 * a->count) {
        bits++;
    }
    a->shift = 32 - bits;
    int status = np_cut_words(a->cuts, UINT32_C(1) << bits, 1, &a->top);
    size_t from = 0, to = 0;
    for (uint32_t slot = 0; slot < UINT32_C(1) << bits && status == NETPOL_OK; slot++) {
        /* A border is the last address before a change: it concerns the slot it lies in. */
        while (to < a->count && a->borders[to].low >> a->shift <= slot) {
            to++;
        }
        status = add_slot(a, slot, from, to);
        from = to;
    }
    axis->top = a->top;
    axis->shift = a->shift;
    return status;
}

static int add_borders(struct np_cut_build *cuts, enum np_cut_family family,
                       const struct np_cut_address *borders, size_t count, struct np_cut_axis *axis)
{
    bool narrow = family == NP_CUT_IPV4;
    int status = np_cut_words(cuts, narrow ? count + NP_CUT_WINDOW : 4 * count, 1, &axis->borders);
    if (status != NETPOL_OK) {
        return status;
    }
    uint32_t *words = cuts->nodes.items + axis->borders;
    for (size_t i = 0; i < count; i++) {
        if (narrow) {
            words[i] = (uint32_t)borders[i].low ^ UINT32_C(0x80000000);
        } else {
            words[4 * i] = (uint32_t)(borders[i].high >> 32);
            words[4 * i + 1] = (uint32_t)borders[i].high;
            words[4 * i + 2] = (uint32_t)(borders[i].low >> 32);
            words[4 * i + 3] = (uint32_t)borders[i].low;
        }
    }
    for (size_t i = 0; narrow && i < NP_CUT_WINDOW; i++) {
        words[count + i] = NP_CUT_BORDER_PAD;
    }
    return NETPOL_OK;
}

int np_cut_axis_make(struct np_cut_build *cuts, enum np_cut_family family,
                     struct np_cut_address *borders, size_t *count, struct np_cut_axis *axis)
{
    size_t kept = 0;
    if (*count == 0) {
        return NETPOL_OK;
    }
    qsort(borders, *count, sizeof *borders, compare);
    for (size_t i = 0; i < *count; i++) {
        if (i == 0 || np_cut_before(borders[i - 1], borders[i])) {
            borders[kept++] = borders[i];
        }
    }
    *count = kept;
    axis->count = (uint32_t)kept;
    struct axis a = {.cuts = cuts, .borders = borders, .count = kept};
    int status = family == NP_CUT_IPV4 ? add_tables(&a, axis) : NETPOL_OK;
    return status == NETPOL_OK ? add_borders(cuts, family, borders, kept, axis) : status;
}
