/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of classes laid over each other.
 *
 * A row is a default and a few exceptions. Its exceptions go to slots base + class of one array,
 * where base is chosen so that all of them are free; each slot says whose it is by that base. Rows
 * with the same exceptions share a base. First fit, by words: what is free at base + class for 64
 * bases in a row are 64 bits of one set, and the bases that fit are those that all exceptions have
 * in common. Behind everything all bases fit, so a search always ends; where one was long, later
 * rows of about that size begin where it ended.
 */
#include "compile/plan.h"
#include "base/defect.h"

enum { WORD = 64, LONG_SEARCH = 64 };

bool np_comb_begin(const struct netpol_ctx *ctx, uint32_t n_classes, struct np_comb_build *out)
{
    *out = (struct np_comb_build){.ctx = ctx, .n_classes = n_classes};
    np_map_init(&out->placed, ctx);
    return true;
}

void np_comb_free(struct np_comb_build *comb)
{
    np_vec_free(comb->ctx, &comb->slots);
    np_map_free(&comb->placed);
    np_bits_free(comb->ctx, &comb->bases);
    np_bits_free(comb->ctx, &comb->used);
}

/* Room for at least so many bits; those that are new are clear. */
static bool grow_bits(const struct netpol_ctx *ctx, struct np_bits *bits, size_t least)
{
    struct np_bits more;
    if (bits->bits >= least) {
        return true;
    }
    if (!np_bits_init(ctx, &more, 2 * least)) {
        return false;
    }
    if (bits->words) {
        memcpy(more.words, bits->words, (bits->bits + WORD - 1) / WORD * sizeof *bits->words);
    }
    np_bits_free(ctx, bits);
    *bits = more;
    return true;
}

static bool grow(struct np_comb_build *comb, size_t slots)
{
    while (comb->slots.count < slots) {
        struct np_comb *slot = np_vec_push(comb->ctx, &comb->slots);
        if (!slot) {
            return false;
        }
        *slot = (struct np_comb){NP_COMB_FREE, 0};
    }
    return grow_bits(comb->ctx, &comb->bases, slots) && grow_bits(comb->ctx, &comb->used, slots);
}

/* 64 bits from `at` on; behind the end all are clear. */
static uint64_t bits_at(const struct np_bits *bits, size_t at)
{
    size_t word = at / WORD, words = (bits->bits + WORD - 1) / WORD;
    unsigned shift = at % WORD;
    uint64_t low = word < words ? bits->words[word] >> shift : 0;
    return shift && word + 1 < words ? low | bits->words[word + 1] << (WORD - shift) : low;
}

/* Which of 64 bases are nobody's and have room for all exceptions? 0 and 1 mean something else. */
static uint64_t open_bases(const struct np_comb_build *comb, const struct np_row_draft *row,
                           size_t first)
{
    uint64_t reserved = first == 0 ? 1u << NP_COMB_FREE | 1u << NP_COMB_NOBODY : 0;
    uint64_t open = ~(bits_at(&comb->bases, first) | reserved);
    for (uint32_t i = 0; i < row->count && open && !np_defect(ROWS_OVERLAP); i++) {
        open &= ~bits_at(&comb->used, first + row->classes[i]);
    }
    return open;
}

static size_t find_base(struct np_comb_build *comb, const struct np_row_draft *row)
{
    size_t *from = &comb->from[31 - __builtin_clz(row->count)];
    size_t first = *from;
    uint64_t open = open_bases(comb, row, first);
    while (!open) {
        first += WORD;
        open = open_bases(comb, row, first);
    }
    if (first - *from >= (size_t)LONG_SEARCH * WORD) {
        *from = first;
    }
    return first + (unsigned)__builtin_ctzll(open);
}

uint32_t np_comb_place(struct np_comb_build *comb, const struct np_row_draft *row)
{
    if (row->count == 0) {
        return NP_COMB_NOBODY;
    }
    bool added;
    uint32_t *key = np_alloc(comb->ctx, 2 * row->count * sizeof *key);
    if (!key) {
        return UINT32_MAX;
    }
    memcpy(key, row->classes, row->count * sizeof *key);
    memcpy(key + row->count, row->rows, row->count * sizeof *key);
    struct np_slice content = {(const char *)key, 2 * row->count * sizeof *key};
    uint64_t *at = np_map_add(&comb->placed, content, &added);
    np_free(comb->ctx, key, 2 * row->count * sizeof *key);
    if (!at || !added) {
        return at ? (uint32_t)*at : UINT32_MAX;
    }
    size_t base = find_base(comb, row);
    if (base + comb->n_classes > UINT32_MAX / 2 || !grow(comb, base + comb->n_classes)) {
        return UINT32_MAX;
    }
    for (uint32_t i = 0; i < row->count; i++) {
        comb->slots.items[base + row->classes[i]] = (struct np_comb){(uint32_t)base, row->rows[i]};
        np_bits_set(&comb->used, base + row->classes[i]);
    }
    np_bits_set(&comb->bases, base);
    *at = base;
    return (uint32_t)base;
}

bool np_comb_finish(struct np_comb_build *comb)
{
    return grow(comb, (size_t)NP_COMB_NOBODY + comb->n_classes);
}
