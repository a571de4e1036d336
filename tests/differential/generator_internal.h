/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GENERATOR_INTERNAL_H
#define GENERATOR_INTERNAL_H
/* What the files of the generator share. */
#include "differential/generator.h"

struct builder {
    struct np_build *b;
    const struct gen *g;
    const struct gen_tweak *tweak;
    struct gen_random order;
    struct np_tier *tiers[GEN_TIERS];
};

/* ---- generator_inventory.c ---- */
extern const uint8_t gen_pool[GEN_ENDS][4];
/* IPv6: the same four bytes at the end of fd00::/96. */
struct np_address gen_address(const uint8_t four[4], bool six);
struct np_prefix gen_prefix(const uint8_t four[4], unsigned bits, bool six);
np_str gen_keyed(struct builder *x, const char *what, unsigned number); /* "what0" */
/* 0..n-1 in an order of its own, when the tweak shuffles; room for GEN_POLICIES. */
void gen_permute(struct builder *x, uint8_t *items, uint8_t n);
void gen_build_inventory(struct builder *x);

/* ---- generator_conditions.c ---- */
const struct np_set *gen_build_set(struct builder *x, const struct gen_set *set); /* NULL: none */
const struct np_service *gen_build_ports(struct builder *x, const struct gen_ports *ports);
const struct np_portset *gen_build_names(struct builder *x, const struct gen_names *names);
const struct np_expr *gen_build_expr(struct builder *x, const struct gen_expr *expr);
#endif
