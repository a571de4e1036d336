/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GENERATOR_H
#define GENERATOR_H
/*
 * Random policy sets at model level, and questions about them.
 *
 * A set is first drawn as plain data (struct gen) from a seed and only then built into a model, so
 * that a property can build it twice with one difference (struct gen_tweak), and a failure can be
 * made smaller by taking parts of the data away. Every construct of the model can be drawn. The
 * pools are small on purpose: few labels, addresses, ports and names, so that conditions meet and
 * overlap. Everything is reproducible from the seed, which a failing property prints.
 */
#include "model/build.h"
#include "reference/reference.h"

enum {
    GEN_ENDPOINTS = 12, /* at most; address i of the pool is theirs */
    GEN_NODES = 3,
    GEN_RANGES = 5, /* network sets, labelled ranges, host endpoints, node objects */
    GEN_TIERS = 6,
    GEN_POLICIES = 16,
    GEN_RULES = 4, /* of a policy in one direction */
    GEN_ALTS = 3,
    GEN_LITERALS = 3,
    GEN_SPANS = 2,
    GEN_MEMBERS = 2,
    GEN_KEYS = 2,
    GEN_VALUES = 2
};
/* References: pod i has i + 1. */
enum { GEN_REF_HOST = 100, GEN_REF_RANGE = 200, GEN_REF_CROWD = 1000 };

struct gen_random {
    uint64_t state;
};
uint64_t gen_next(struct gen_random *r);
uint32_t gen_below(struct gen_random *r, uint32_t n); /* 0 .. n-1 */
bool gen_chance(struct gen_random *r, uint32_t percent);
uint8_t gen_draw(struct gen_random *r, uint32_t n);
uint8_t gen_from(struct gen_random *r, uint8_t first, uint32_t n); /* first .. first + n-1 */
uint8_t gen_pick(struct gen_random *r, const uint8_t *items, size_t n);

/* ---- conditions ---- */

/* What a term of a selector is about; below GEN_KEYS a label. */
enum gen_key { GEN_KEY_SPACE = GEN_KEYS, GEN_KEY_SPACE_LABEL, GEN_KEY_ACCOUNT_LABEL, GEN_KEY_NAME };
enum gen_shape { GEN_TERM, GEN_BOTH, GEN_EITHER, GEN_NOT, GEN_EVERYTHING };
struct gen_term {
    uint8_t key, op, value;
};
struct gen_literal {
    uint8_t kind; /* enum np_literal_kind */
    bool negative;
    uint16_t kinds;
    uint8_t shape; /* of the selector */
    struct gen_term terms[2];
    uint8_t address, bits; /* CIDR, FED_SET: an address of the pool, cut */
    uint8_t except_bits;   /* CIDR: not 0: minus the longer prefix at the same address */
    bool six;              /* its IPv6 twin */
    uint8_t domain, name, number;
};
struct gen_set {
    bool present, all; /* all: one clause; else a clause each */
    uint8_t count;     /* 0: nobody */
    struct gen_literal items[GEN_LITERALS];
};
struct gen_atom {
    uint8_t view, value;
    bool negative, absent, under;
};
struct gen_expr {
    uint8_t count; /* 0: none */
    bool all;
    struct gen_atom atoms[2];
};
struct gen_span {
    int16_t protocol;
    bool ports, no_port;
    uint16_t first, last;
};
struct gen_ports {
    bool present, complement;
    uint8_t count;
    struct gen_span spans[GEN_SPANS];
};
enum gen_member_kind { GEN_BY_NAME, GEN_BY_ENDPOINT, GEN_BY_ADDRESS };
struct gen_member {
    uint8_t kind, name, end;
    int16_t protocol;
    uint16_t port;
    bool six, excluded;
};
struct gen_names { /* a portset */
    bool present, complement;
    uint8_t count;
    struct gen_member members[GEN_MEMBERS];
    struct gen_ports within;
};
struct gen_match {
    uint8_t families, relations, routes, listener;
    struct gen_set near, far;
    struct gen_ports service, source;
    struct gen_names names, source_names;
    struct gen_expr connection, request;
};

/* ---- policies ---- */

struct gen_rule {
    uint8_t action, rank, alts, redirect, auth_mode;
    bool auth_explicit, effect, refuses, opens_tls;
    uint8_t listener, priority, step; /* of the redirect; among rules with effects */
    struct gen_match match[GEN_ALTS];
};
struct gen_policy {
    uint8_t tier, space, name, order, tie, state;
    uint8_t directions, isolates; /* 1 << enum np_direction */
    struct gen_set subjects;
    uint8_t n_rules[NP_DIRECTIONS];
    struct gen_rule rules[NP_DIRECTIONS][GEN_RULES];
};
struct gen_tier {
    uint8_t place;  /* enum np_checkpoint_kind: of which checkpoints */
    uint8_t stages; /* of a host: bits of enum gen_stage; never 0 */
    uint8_t order, rank_order, end, end_if;
};
enum gen_stage { GEN_UNTRACKED, GEN_PRE_DNAT, GEN_FORWARD, GEN_NORMAL, GEN_STAGE_COUNT };
enum { GEN_PLACES = NP_CHECK_LIST + 1 };
struct gen_check { /* the checkpoints of a place */
    uint8_t mode[NP_DIRECTIONS];
    uint8_t on_end;
    struct gen_set subjects;
};

/* ---- what there is ---- */

struct gen_endpoint {
    uint8_t space, labels[GEN_KEYS], node; /* GEN_VALUES: no such label; GEN_NODES: not known */
    bool address, second;                  /* second: also the IPv6 twin (of a dual-stack set) */
    bool first_is_six, only_six;           /* which comes first; no IPv4 address at all */
    uint8_t shares;                        /* not 0: the address of pod shares - 1 */
    bool host_network, account;
    uint8_t ports; /* bits: "web" is TCP 80, "web" is TCP 81, "dns" is UDP 53, "web" is UDP 80 */
};
struct gen_range {
    uint16_t kind; /* enum np_object_kind; 0: not there */
    uint8_t address, bits, node, labels[GEN_KEYS];
    bool six, both; /* both: in both families */
};
struct gen {
    uint64_t seed;
    uint8_t n_endpoints;
    struct gen_endpoint endpoints[GEN_ENDPOINTS];
    struct gen_range ranges[GEN_RANGES];
    uint16_t crowd;       /* so many nodes and pods more */
    uint8_t nodes_loaded; /* bits: Node objects that were loaded */
    uint8_t services;     /* bits: services with an address outside, in the pod range, of a node */
    bool dual;            /* nodes have both families */
    bool host, stages;    /* host checkpoints; with the four stages */
    bool list, incomplete;
    struct gen_tier tiers[GEN_TIERS];
    struct gen_check checks[GEN_PLACES];
    struct gen_policy policies[GEN_POLICIES];
    uint8_t n_policies;
    struct np_options options;
    uint8_t mesh_mode;
};
/* What may be drawn. */
enum gen_features {
    GEN_REQUEST = 1, /* conditions on requests, redirects, effects, authentication */
    GEN_MISSING = 2, /* pods without address or node, conditions that could not be read */
    GEN_STAGED = 4,
    GEN_HOST = 8,
    GEN_MESH = 16,
    GEN_ASK = 32,
    GEN_LIST = 64,       /* an imported list of rules */
    GEN_WIDE = 128,      /* every literal, selector, relation, port condition */
    GEN_STAGES = 256,    /* of host checkpoints */
    GEN_MODES = 512,     /* checkpoints that audit, are off, are for some, end otherwise */
    GEN_SHARED = 1024,   /* an address of several pods */
    GEN_DUAL = 2048,     /* both families */
    GEN_SERVICES = 4096, /* addresses of services, which nothing makes known */
    GEN_HOST_NET = 8192,
    GEN_OPTIONS = 16384, /* all that evaluation reads */
    GEN_OPAQUE = 32768,  /* identities and nodes of which nothing will ever be known */
    GEN_CROWD = 65536,
    GEN_SOURCES = 131072, /* source ports */
    /* no guesses, one family: what most properties are about */
    GEN_PLAIN = GEN_REQUEST | GEN_MISSING | GEN_STAGED | GEN_HOST | GEN_MESH | GEN_ASK | GEN_LIST |
                GEN_WIDE | GEN_SOURCES,
    GEN_ALL = 2 * GEN_SOURCES - 1,
    GEN_CALICO = 2 * GEN_SOURCES, /* the shape of Calico's policies: beside those it needs */
    GEN_CALICO_SHAPE =
        GEN_CALICO | GEN_STAGED | GEN_HOST | GEN_WIDE | GEN_STAGES | GEN_DUAL | GEN_SOURCES
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
    bool swap_nodes; /* the node names change places */
    bool complete;   /* what pods lack is given: address, node */
    bool learn;      /* the addresses of the pool without a pod get one */
    int resolve;     /* conditions that could not be read: 1 never, 2 always hold */
    bool self_first; /* a tier before all others allows a pod to itself */
};
/* NULL: no memory. */
struct np_model *gen_build(const struct netpol_ctx *ctx, const struct gen *g,
                           const struct gen_tweak *tweak);

/* ---- questions ---- */

/* An end of a question: below GEN_ENDPOINTS a pod by reference, else an address of the pool. */
enum {
    GEN_END_NODE = GEN_ENDPOINTS,
    GEN_END_UNLEARNT = GEN_END_NODE + GEN_NODES,
    GEN_END_OUTSIDE,
    GEN_END_SERVICE = GEN_END_OUTSIDE + 2,
    GEN_ENDS = GEN_END_SERVICE + 2
};
struct gen_question {
    uint8_t src, dst, protocol, icmp_type, icmp_code;
    uint16_t port, src_port;
    uint16_t flags;  /* LATER_FRAGMENT, NO_PORTS */
    bool by_address; /* pods that have an address are named by it */
    bool mapped;     /* IPv4 given as mapped IPv6 */
    bool six;        /* of a dual-stack set: the IPv6 twins */
    bool asked;      /* a request structure at all */
    struct netpol_request request;
    struct netpol_string names[2], principals[1], topics[2];
    struct netpol_pair headers[2], decisions[1];
};
void gen_question_make(struct gen_question *q, struct gen_random *r, unsigned features);
/* Fills in all that a request could still tell. */
void gen_question_complete(struct gen_question *q, struct gen_random *r);
/* The request of a question, NULL for none; valid while *q stays where it is. */
const struct netpol_request *gen_request(struct gen_question *q);
void gen_ask(const struct np_model *model, const struct gen_question *q,
             const struct gen_tweak *tweak, const struct netpol_point *point,
             const struct np_trace *trace, struct netpol_verdict *out);
void gen_tuple(const struct np_model *model, const struct gen_question *q,
               const struct gen_tweak *tweak, struct netpol_tuple *out);
/* Is this end one pod, and always the same? */
bool gen_end_is_pod(const struct gen *g, uint8_t end);
#endif
