/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_DUMP_H
#define NP_ANALYZE_DUMP_H
/*
 * An image told to a person: what the files of dump share.
 *
 * Everything but the texts of selectors comes from the sections of the open image, nothing from a
 * model, so that a mapped image is told like a compiled one. What the image has no numbers for is
 * numbered here: a GROUP is what signatures with one side entry have in common, so a subject's
 * rows, port map and parts.
 */
#include "analyze/outline.h"
#include "match/matcher.h"

#include <netpol/image.h>

/* A member of a signature. */
struct np_dump_member {
    uint32_t signature;
    uint8_t family;             /* of a place; 0: an endpoint */
    uint32_t endpoint;          /* number */
    uint8_t without;            /* the endpoint, asked in this family, of which it has no address */
    uint64_t first[2], last[2]; /* of a place: as two numbers, IPv4 in [1] */
};
struct np_dump {
    const struct netpol_ctx *ctx;
    const struct np_image *image;
    const struct np_hot *hot;
    const struct np_table *table;
    struct np_arena arena;
    uint32_t n_signatures, n_port_classes;
    np_vec(struct np_dump_member) members; /* by signature */
    uint32_t *first_member;                /* by signature; [n_signatures]: the end */
    uint32_t *groups[NP_SIDES];            /* by signature below n_near */
    uint32_t *heads[NP_SIDES];             /* by group: its first signature */
    uint32_t n_groups[NP_SIDES];
};
extern const char *const np_dump_sides[NP_SIDES];
extern const char *const np_dump_variants[NP_VARIANTS];

/* dump.c. OK, ERR_MEMORY; free after a failure, too. */
int np_dump_open(const struct netpol_matcher *matcher, struct np_dump *out);
void np_dump_free(struct np_dump *dump);
const char *np_dump_string(const struct np_dump *dump, uint32_t offset);
void np_dump_endpoint_name(const struct np_dump *dump, uint32_t number, char out[256]);
void np_dump_member_name(const struct np_dump *dump, const struct np_dump_member *member,
                         char out[256]);
/* "allow, rule NetworkPolicy/shop/cart spec.egress[0] (file:line:col)" */
void np_dump_part(const struct np_dump *dump, uint32_t part, char out[512]);
uint32_t np_dump_column(const struct np_dump *dump, const struct np_side *side,
                        uint32_t port_class);
uint32_t np_dump_columns(const struct np_dump *dump, const struct np_side *side); /* how many */
/* The first cell of the row of a class, in the relation whose base and row these are. */
uint32_t np_dump_row(const struct np_dump *dump, uint32_t base, uint32_t row, uint32_t class);
/* Whose entry of a side a signature has: its own, or that of 0. */
uint32_t np_dump_near(const struct np_dump *dump, int side, uint32_t signature);
/* base and row of a signature's side in a variant */
struct np_row np_dump_variant(const struct np_dump *dump, int side, uint32_t signature,
                              uint32_t variant);

/* dump_trie.c: adds the places of both tries as members. */
bool np_dump_places(struct np_dump *dump);
/* dump_ports.c: which port class, by family, protocol and port. */
void np_dump_ports(const struct np_dump *dump, struct np_outline *out);
/* dump_groups.c */
void np_dump_groups(const struct np_dump *dump, struct np_outline *out);
/* dump_cuts.c: residual trees. */
void np_dump_cuts(const struct np_dump *dump, struct np_outline *out);
/* dump_selectors.c: of Calico's policies, where the matcher was compiled from a set. */
void np_dump_selectors(const struct np_dump *dump, const struct netpol_matcher *matcher,
                       struct np_outline *out);
/* dump_trace.c: one lookup, load by load. */
void np_dump_trace(const struct np_dump *dump, const struct netpol_tuple *tuple,
                   struct np_outline *out);
/* dump_dot.c: OK, ERR_IO, ERR_MEMORY. */
int np_dump_dot(const struct np_dump *dump, const struct netpol_tuple *tuple, netpol_sink_fn sink,
                void *user);
/* The whole of netpol_matcher_dump; arguments are checked. */
int np_dump_run(const struct netpol_matcher *matcher, int format, const struct netpol_tuple *tuple,
                netpol_sink_fn sink, void *user);
#endif
