/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GENERATOR_H
#define GENERATOR_H
/*
 * Random policy sets at model level, and questions about them.
 *
 * A set is first drawn as plain data (struct gen) from a seed and only then built into a model, so
 * that a property can build it twice with one difference (struct gen_tweak) and compare. The pools
 * are small on purpose: few labels, addresses, ports and names, so that conditions meet and
 * overlap. Everything is reproducible from the seed, which a failing property prints.
 */
#include "model/build.h"
#include "reference/reference.h"

enum {
    GEN_ENDPOINTS = 6, /* pods; address i is theirs */
    GEN_NODES = 2,
    GEN_SETS = 2, /* network sets */
    GEN_TIERS = 4,
    GEN_POLICIES = 7,
    GEN_RULES = 3, /* of a policy in one direction */
    GEN_ALTS = 2,
    GEN_LITERALS = 2,
    GEN_KEYS = 2,
    GEN_VALUES = 2
};

struct gen_random {
    uint64_t state;
};
uint64_t gen_next(struct gen_random *r);
uint32_t gen_below(struct gen_random *r, uint32_t n); /* 0 .. n-1 */
bool gen_chance(struct gen_random *r, uint32_t percent);

struct gen_literal {
    uint8_t kind; /* enum np_literal_kind */
    bool negative;
    uint16_t kinds;
    uint8_t key, op, value; /* of a label; key GEN_KEYS: the namespace */
    uint8_t address, bits;  /* CIDR: an address of the pool, cut */
    uint8_t except_bits;    /* CIDR: not 0: minus the longer prefix at the same address */
    uint8_t domain, name, number;
};
struct gen_set {
    bool present, all; /* all: one clause; else a clause each */
    uint8_t count;
    struct gen_literal items[GEN_LITERALS];
};
struct gen_atom {
    uint8_t view, value;
    bool negative, absent;
};
struct gen_expr {
    uint8_t count; /* 0: none */
    bool all;
    struct gen_atom atoms[2];
};
struct gen_ports {
    bool present, complement, no_port;
    int16_t protocol;
    uint16_t first, last;
};
struct gen_match {
    uint8_t families, relations, listener;
    struct gen_set near, far;
    struct gen_ports service, source;
    uint8_t port_name; /* 0: none */
    struct gen_expr connection, request;
};
struct gen_rule {
    uint8_t action, rank, alts, redirect, auth_mode;
    bool auth_explicit, effect;
    struct gen_match match[GEN_ALTS];
};
struct gen_policy {
    uint8_t tier, space, name, order, state;
    uint8_t directions, isolates; /* 1 << enum np_direction */
    struct gen_set subjects;
    uint8_t n_rules[NP_DIRECTIONS];
    struct gen_rule rules[NP_DIRECTIONS][GEN_RULES];
};
struct gen_tier {
    uint8_t place; /* enum np_checkpoint_kind: of which checkpoints */
    uint8_t order, rank_order, end, end_if;
};
struct gen_endpoint {
    uint8_t space, labels[GEN_KEYS], node; /* GEN_VALUES: no such label; GEN_NODES: not known */
    bool address;
    uint8_t port; /* named "web": 80 or 81; 0: none */
};
struct gen {
    uint64_t seed;
    struct gen_endpoint endpoints[GEN_ENDPOINTS];
    struct gen_tier tiers[GEN_TIERS];
    struct gen_policy policies[GEN_POLICIES];
    uint8_t n_policies;
    uint8_t set_bits[GEN_SETS], set_labels[GEN_SETS];
    uint8_t header_reading, sni_join, mesh_mode;
    bool host;
};
/* What may be drawn. */
enum gen_features {
    GEN_REQUEST = 1, /* conditions on requests, redirects, effects, authentication */
    GEN_MISSING = 2, /* pods without address or node, conditions that could not be read */
    GEN_STAGED = 4,
    GEN_HOST = 8,
    GEN_MESH = 16,
    GEN_ASK = 32,
    GEN_ALL = 63
};
void gen_make(struct gen *g, uint64_t seed, unsigned features);

/* One difference in how a set is built. Zero: as drawn. */
struct gen_tweak {
    uint64_t shuffle; /* not 0: another load order */
    bool rename;      /* policy names change, their order stays */
    bool twice;       /* every alternative is given twice */
    bool split;       /* ranges and prefixes in two halves, alternatives as rules of their own */
    bool promote;     /* staged policies are built as enforced */
    bool top_deny;    /* a tier before all others denies some */
    bool pass_tier;   /* one with only PASS and no isolation */
    bool no_notes;
    bool add_allow;  /* the first policy of the first tier gets an ALLOW in each direction */
    bool six;        /* every IPv4 address becomes an IPv6 one */
    bool swap_nodes; /* the two node names change places */
    bool complete;   /* what pods lack is given: address, node */
    bool learn;      /* the address without a pod gets one */
    int resolve;     /* conditions that could not be read: 1 never, 2 always hold */
    bool self_first; /* a tier before all others allows a pod to itself */
};
/* NULL: no memory. */
struct np_model *gen_build(const struct netpol_ctx *ctx, const struct gen *g,
                           const struct gen_tweak *tweak);

/* An end of a question: below GEN_ENDPOINTS a pod by reference, else an address of the pool. */
enum {
    GEN_END_NODE = GEN_ENDPOINTS,
    GEN_END_UNLEARNT = GEN_END_NODE + GEN_NODES,
    GEN_END_OUTSIDE,
    GEN_ENDS = GEN_END_OUTSIDE + 2
};
struct gen_question {
    uint8_t src, dst, protocol;
    uint16_t port, src_port;
    uint16_t flags;  /* LATER_FRAGMENT, NO_PORTS */
    bool by_address; /* pods that have an address are named by it */
    bool mapped;     /* IPv4 given as mapped IPv6 */
    bool asked;      /* a request structure at all */
    struct netpol_request request;
    struct netpol_string names[2], principals[1], topics[2];
    struct netpol_pair headers[2], decisions[1];
};
void gen_question_make(struct gen_question *q, struct gen_random *r, unsigned features);
/* Fills in all that a request could still tell. */
void gen_question_complete(struct gen_question *q, struct gen_random *r);
void gen_ask(const struct np_model *model, const struct gen_question *q,
             const struct gen_tweak *tweak, const struct netpol_point *point,
             const struct np_trace *trace, struct netpol_verdict *out);
void gen_tuple(const struct np_model *model, const struct gen_question *q,
               const struct gen_tweak *tweak, struct netpol_tuple *out);
#endif
