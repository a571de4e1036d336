/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of classes laid over each other.
 *
 * A row is a default and a few exceptions. Its exceptions go to slots base + class of one array,
 * where base is chosen so that all of them are free; each slot says whose it is by that base. Rows
 * with the same exceptions share a base. First fit: from the first free slot on, so small rows fill
 * what larger ones left open; a row that does not fit within a bounded number of tries is put
 * behind everything.
 */
#include "compile/plan.h"
#include "base/defect.h"

enum { TRIES = 512 };

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
    if (comb->bases.bits < slots) {
        struct np_bits bases;
        if (!np_bits_init(comb->ctx, &bases, 2 * slots + 64)) {
            return false;
        }
        if (comb->bases.words) {
            memcpy(bases.words, comb->bases.words, (comb->bases.bits + 63) / 64 * 8);
        }
        np_bits_free(comb->ctx, &comb->bases);
        comb->bases = bases;
    }
    return true;
}

static bool is_free(const struct np_comb_build *comb, size_t slot)
{
    return slot >= comb->slots.count || comb->slots.items[slot].base == NP_COMB_FREE ||
           np_defect(ROWS_OVERLAP);
}

static bool fits(const struct np_comb_build *comb, const struct np_row_draft *row, size_t base)
{
    if (base < comb->bases.bits && np_bits_get(&comb->bases, base)) {
        return false;
    }
    for (uint32_t i = 0; i < row->count; i++) {
        if (!is_free(comb, base + row->classes[i])) {
            return false;
        }
    }
    return true;
}

/* A base from which all exceptions fall on free slots; bases 0 and 1 mean something else. */
static size_t find_base(struct np_comb_build *comb, const struct np_row_draft *row)
{
    uint32_t first = row->classes[0];
    while (comb->next_free < comb->slots.count && !is_free(comb, comb->next_free)) {
        comb->next_free++;
    }
    size_t slot = comb->next_free;
    if (slot < (size_t)first + NP_COMB_NOBODY + 1) {
        slot = (size_t)first + NP_COMB_NOBODY + 1;
    }
    for (int tries = 0; tries < TRIES && slot < comb->slots.count; slot++) {
        if (is_free(comb, slot)) {
            tries++;
            if (fits(comb, row, slot - first)) {
                return slot - first;
            }
        }
    }
    size_t base = comb->slots.count > first ? comb->slots.count - first : 0;
    base = base <= NP_COMB_NOBODY ? NP_COMB_NOBODY + 1 : base;
    while (!fits(comb, row, base)) {
        base++;
    }
    return base;
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
    }
    np_bits_set(&comb->bases, base);
    *at = base;
    return (uint32_t)base;
}

bool np_comb_finish(struct np_comb_build *comb)
{
    return grow(comb, (size_t)NP_COMB_NOBODY + comb->n_classes);
}
