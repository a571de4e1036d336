/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_REFERENCE_REFERENCE_H
#define NP_REFERENCE_REFERENCE_H
/*
 * reference: the naive evaluator, the definition of every verdict.
 *
 * It walks the model rule by rule, no classes, no tables, and stays simple enough to be read
 * against lowering 2. Core: the set of possible outcomes is folded backwards over the rules of a
 * stage, the truth of each rule computed on the way: R(i) = A(i) if yes, R(i+1) if no, both if
 * maybe (fold.c). Only a trace, and effects on the request, need a walk forward first (forward.c).
 * No recursion over anything an input sizes, no backtracking, no allocation.
 */
#include "model/policy.h"

struct np_hop {
    struct np_end src, dst;
    struct np_end original; /* the destination before translation; = dst when not given */
    uint16_t original_port;
    uint8_t family, protocol;
    bool has_ports;                       /* false: fragment, protocol without ports, not given */
    bool ports_unknown;                   /* ports exist but were not given: NP_FACT_PORTS */
    uint16_t src_port, dst_port;          /* ICMP: dst_port = type << 8 | code, has_ports true */
    uint8_t route;                        /* NP_ROUTE_* of host checkpoints; 0: by the ends */
    uint8_t mesh_mode;                    /* enum netpol_mesh_mode; 0: the checkpoint's own */
    const struct netpol_request *request; /* NULL: nothing known */
    struct np_effects *effects; /* room for what rules do to the request; NULL: none, see below */
};

/*
 * What rules did to the request on its way (headers added, replaced, deleted), in order. The caller
 * owns the room; np_reference_room says how much a question can need. Where it does not suffice,
 * every header condition behind the effect that did not fit is MAYBE(request): never an allow.
 */
struct np_applied {
    const struct np_effect *effect;
    const struct np_rule *rule;
    np_truth truth; /* YES, or MAYBE it was applied */
};
struct np_effects {
    struct np_applied *items;
    uint32_t count, capacity;
    bool overflow;
};

struct np_result {            /* of one checkpoint */
    uint8_t action;           /* enum netpol_action */
    uint8_t reason;           /* enum netpol_reason */
    uint16_t flags;           /* enum netpol_part_flags */
    uint32_t decision;        /* number; 0 none */
    uint32_t missing;         /* NP_FACT_* that matter */
    bool may_allow, may_deny; /* the outcome set */
    bool must_inspect, observe, audited, untracked;
    uint32_t program; /* redirect and authentication, np_program; 0: neither */
};
/* flags: NETPOL_PART_JUDGED when the checkpoint exists for the hop at all. */

/* A service at one port, port_kind: as enum np_port_kind (known, none, not given). */
np_truth np_reference_service(const struct np_service *service, int port_kind, uint8_t protocol,
                              uint16_t number);
/* Both port axes of one alternative on a hop, after translation. */
np_truth np_reference_ports(const struct np_match *match, const struct np_hop *hop,
                            const struct np_checkpoint *checkpoint);

/* Bits of the longest aligned power-of-two piece of first..last that holds the port: 0..16. */
int np_port_piece_bits(uint32_t first, uint32_t last, uint32_t port);

struct np_trace_step {
    const struct np_hop
        *hop;       /* being judged, ends resolved; on every step; valid during the call */
    uint8_t kind;   /* enum netpol_step_kind */
    np_truth truth; /* of the policy's subject, of the rule */
    bool reached;   /* false: decided before */
    const struct np_checkpoint *checkpoint;
    const struct np_stage *stage;
    const struct np_tier *tier;
    const struct np_policy *policy;
    const struct np_rule *rule;
    uint32_t alternative; /* that came nearest: index */
    const char *axis; /* first axis of it that said no or maybe: "near", "far", "port", "relation",
                         "family", "request", ...; NULL: none */
    const struct np_result *result; /* DECISION */
    /* TIER_END: the first policy of the tier that applies in this direction, options' aside, and
     * whether it does; NULL, NO: none */
    const struct np_policy *applying;
    np_truth applies;
};
/*
 * Receives the walk, in order: each owner of a shared address is walked with its own hop, and a hop
 * that cannot be has no step. Strings are built only when a trace is asked.
 */
struct np_trace {
    void *user;
    void (*step)(void *user, const struct np_trace_step *step);
};
np_truth np_reference_set(const struct np_model *model, const struct np_set *set,
                          const struct np_hop *hop, const struct np_end *end);
/* Does one of these relations (NP_REL_* mask) hold between two resolved ends? */
np_truth np_reference_relation(const struct np_end *near, const struct np_end *far,
                               uint8_t relations);
np_truth np_reference_match(const struct np_model *model, const struct np_match *match,
                            const struct np_hop *hop, const struct np_checkpoint *checkpoint,
                            const struct np_stage *stage, const char **axis);
/* One checkpoint for one hop (both ends resolved). trace may be NULL. */
void np_reference_checkpoint(const struct np_model *model, const struct np_checkpoint *checkpoint,
                             const struct np_hop *hop, const struct np_trace *trace,
                             struct np_result *out);
/* Does this checkpoint exist for the hop (its subject is in the inventory and its engine enforces
 * there)? */
np_truth np_reference_applies(const struct np_model *model, const struct np_checkpoint *checkpoint,
                              const struct np_hop *hop);
/*
 * All checkpoints of one hop in path order, combined. Fills everything of *out but the generation.
 * point NULL: all. With staged policies in the model a second, complete walk fills `staged`.
 */
void np_reference_hop(const struct np_model *model, const struct np_hop *hop,
                      const struct netpol_point *point, const struct np_trace *trace,
                      struct netpol_verdict *out);
/* The second walk alone: staged and dry-run policies as if enforced. */
void np_reference_pending(const struct np_model *model, const struct np_hop *hop,
                          const struct netpol_point *point, const struct np_trace *trace,
                          struct netpol_verdict *out);
/* From the public tuple and request: canonicalises, resolves ends (with every owner of a shared
 * address), evaluates. */
void np_reference_eval(const struct np_model *model, const struct netpol_tuple *tuple,
                       const struct netpol_request *request, const struct netpol_point *point,
                       const struct np_trace *trace, struct netpol_verdict *out);
/* Names learnt for an end: all it has, unless the request says them itself. */
struct np_end_names {
    const struct netpol_string *items;
    uint32_t count;
    bool given; /* false: nothing was learnt */
};
/* The second walk alone, of every owner of a shared address: the most restrictive stands. names:
 * as below; NULL: nothing was learnt. */
void np_reference_eval_pending(const struct np_model *model, const struct netpol_tuple *tuple,
                               const struct netpol_request *request,
                               const struct np_end_names names[2], const struct netpol_point *point,
                               const struct np_trace *trace, struct netpol_verdict *out);
/* np_reference_eval with what was learnt of source and destination. */
void np_reference_eval_named(const struct np_model *model, const struct netpol_tuple *tuple,
                             const struct netpol_request *request,
                             const struct np_end_names names[2], const struct netpol_point *point,
                             const struct np_trace *trace, struct netpol_verdict *out);
/* And with the caller's room for effects (the others have a small one of their own). names NULL:
 * nothing was learnt. */
void np_reference_eval_in(const struct np_model *model, const struct netpol_tuple *tuple,
                          const struct netpol_request *request, const struct np_end_names names[2],
                          const struct netpol_point *point, const struct np_trace *trace,
                          struct np_effects *room, struct netpol_verdict *out);
uint32_t np_reference_room(const struct np_model *model); /* np_applied items */
/* A path of several hops: every hop must let it pass. deny > unknown > inspect > allow; of equals
 * the first. */
void np_reference_combine(const struct netpol_verdict *hops, size_t count,
                          struct netpol_verdict *out);
/* Backends of a service, a verdict each: what they agree on, else UNKNOWN(backends). None at all:
 * the same. */
void np_reference_backends(const struct netpol_verdict *paths, size_t count,
                           struct netpol_verdict *out);
#endif
