/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_NAMED_WRITE_H
#define NP_MATCH_NAMED_WRITE_H
/* The writer's half of named.h: sets of literals and combinations, each kept once and for ever. */
#include "match/named.h"

struct np_literal_set {
    const uint32_t *items; /* ascending */
    uint32_t count;
    struct netpol_string name; /* one that satisfies exactly these; ptr NULL: none was met */
};
struct np_named_book {
    const struct netpol_ctx *ctx;
    const struct np_hot *hot;
    const struct np_namer *namer;
    struct np_named_table table; /* what readers see */
    struct np_arena arena;       /* sets, columns, combinations */
    struct np_map set_numbers, places, columns, combinations;
    np_vec(struct np_literal_set) sets; /* [0]: the empty one */
    np_vec(uint32_t) literals;          /* of a set being put together */
    np_vec(uint32_t) fresh;             /* literals that a combination has and its origin has not */
    np_vec(uint64_t) mentions;          /* group << 32 | literal, of these */
    np_vec(uint32_t) key;               /* of a column */
    struct np_bits marked;              /* literals */
    uint32_t n_combinations;
    uint64_t n_columns, folded; /* folded: answers of the reference */
};
#define NP_NAMED_NOT UINT32_MAX /* no number: names are of no use for an address there */

bool np_named_begin(const struct netpol_ctx *ctx, const struct np_hot *hot,
                    const struct np_namer *namer, struct np_named_book *book);
void np_named_free(struct np_named_book *book);

/* The set of the literals that a name satisfies. UINT32_MAX: no memory. */
uint32_t np_named_match(struct np_named_book *book, struct np_slice name);
/* Union: begin, add sets, end gives the number; UINT32_MAX: no memory. */
void np_named_union_begin(struct np_named_book *book);
/* Did it add a literal? */
bool np_named_union_add(struct np_named_book *book, uint32_t set);
uint32_t np_named_union_end(struct np_named_book *book);

/* Both of two sets; UINT32_MAX: no memory. */
uint32_t np_named_join(struct np_named_book *book, uint32_t a, uint32_t b);

/* The number of a combination; false: not met before. */
bool np_named_find(const struct np_named_book *book, uint32_t base, uint32_t set, uint32_t *number);
struct np_named_order {           /* what is to be made */
    const struct np_where *where; /* an address that stands for all of its kind */
    uint32_t base, set;
    /* A combination of the same base with some of the set's literals, whose columns are taken
     * along; NP_NAMED_NOT: from nothing. */
    uint32_t origin;
    const uint32_t *parts; /* sets of names that together, with the origin's, are the set */
    uint32_t n_parts;
};
/* NP_NAMED_NOT in *number: not an address that can have names. OK, ERR_MEMORY, ERR_LIMIT. */
int np_named_make(struct np_named_book *book, const struct np_named_order *order, uint32_t *number);
#endif
