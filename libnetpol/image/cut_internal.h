/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_IMAGE_CUT_INTERNAL_H
#define NP_IMAGE_CUT_INTERNAL_H
/* What the files that build residual trees share; nobody else includes this. */
#include "image/cut_layout.h"

/* A box as spans of numbers, in list order. */
struct np_cut_item {
    uint32_t low[NP_CUT_FIELDS], high[NP_CUT_FIELDS]; /* of the protocol: at least what it holds */
    uint16_t protocol, mask;
    uint32_t order; /* what the find compares and returns: smaller is earlier */
};
struct np_cut_items {
    struct np_cut_item *items;
    size_t count, capacity;
};
struct np_cut_build {
    const struct netpol_ctx *ctx;
    np_vec(struct np_cut_root) roots;
    np_vec(uint32_t) nodes;
    np_vec(struct np_cut_chunk) leaves;
    struct np_map known; /* boxes and default -> root */
};

/* An address of 128 bits; IPv4 in the low 32. */
struct np_cut_address {
    uint64_t high, low;
};
static inline bool np_cut_before(struct np_cut_address a, struct np_cut_address b)
{
    return a.high < b.high || (a.high == b.high && a.low < b.low);
}

/* Appends `words` zeroed words; *at is where. OK, ERR_MEMORY, ERR_LIMIT (beyond 32 bits). */
int np_cut_words(struct np_cut_build *cuts, size_t words, size_t align, uint32_t *at);
/* Sorts and squeezes borders, then lays them out. */
int np_cut_axis_make(struct np_cut_build *cuts, enum np_cut_family family,
                     struct np_cut_address *borders, size_t *count, struct np_cut_axis *axis);
/* Borders below the address. */
uint32_t np_cut_place(const struct np_cut_address *borders, size_t count,
                      struct np_cut_address address);
/* places: of source and destination. Fills the plan's groups and what is about them. */
int np_cut_trees_make(struct np_cut_build *cuts, const struct np_cut_items *items,
                      const uint32_t places[2], struct np_cut_plan *plan);
/* A table of the items, where it is small; *made false: it is not. Orders are below 65,535. */
enum { NP_CUT_TABLE_ITEMS = 2048 };
int np_cut_table_make(struct np_cut_build *cuts, const struct np_cut_items *items,
                      const uint32_t places[2], struct np_cut_table *table, bool *made);
#endif
