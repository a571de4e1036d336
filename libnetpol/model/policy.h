/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MODEL_POLICY_H
#define NP_MODEL_POLICY_H
/*
 * The policy model: one shape for five languages.
 *
 * A hop passes checkpoints; a checkpoint has stages; a stage has tiers in order; a tier has ranks
 * in order; inside a rank DENY, then ALLOW, then PASS; the first decision wins. A policy ISOLATES
 * an endpoint per direction, independently of its rules, and a tier's end applies always, when a
 * policy of the tier isolates, or when any policy of the checkpoint does. Everything that differs
 * between the languages is data in these structures; the walk over them (reference/) knows no
 * dialect.
 *
 * Conditions on ONE END are literals joined in sets; what depends on BOTH ends (same endpoint, own
 * node) is a relation; ports are a service (numbers) or a portset (names, members), evaluated at
 * the end that owns the port; the request is a boolean tree over atoms. All are three-valued.
 *
 * Built with model/build.h, then sealed: sorted, numbered, immutable.
 */
#include "model/ground.h"
#include "model/inventory.h"
#include "regex/build/regex.h"
#include <netpol/eval.h>
#include <netpol/identity.h>

enum np_direction { NP_INGRESS, NP_EGRESS, NP_DIRECTIONS };

/* ---- conditions on one end ---- */
enum np_literal_kind {
    NP_LIT_OBJECTS, /* selector, kinds: YES iff ONE object that covers the address satisfies it */
    NP_LIT_CIDR,    /* prefix, domain */
    NP_LIT_NODE_ADDRS, /* selector over nodes (own labels): the address is one of such a node's */
    NP_LIT_FED_SET,    /* prefixes, domain: a set that is known by its name, or several ranges */
    NP_LIT_DNS_NAMES,  /* patterns, domain */
    NP_LIT_RESERVED,   /* reserved identity by number (Cilium entities) */
    NP_LIT_IDENTITY,   /* string patterns over the principals of the hop */
    NP_LIT_FACT, /* always NP_UNKNOWN(fact): a condition that could not be read (lenient loading) */
    NP_LIT_NOTHING
};
enum np_pattern_kind {
    NP_PATTERN_EXACT,
    NP_PATTERN_PREFIX,
    NP_PATTERN_SUFFIX,
    NP_PATTERN_PRESENT,
    NP_PATTERN_CONTAINS,
    NP_PATTERN_UNDER, /* of a path: itself and what is below it, by whole segments */
    NP_PATTERN_DNS,   /* "*.x", "a.*.x": one label or more; case-blind, trailing dot ignored */
    NP_PATTERN_REGEX, /* the whole text, by RE2's syntax; ignore_case is not read */
    NP_PATTERN_FQDN,  /* Cilium's matchPattern, of a name (regex/build/wildcard.h) */
    NP_PATTERN_SNI    /* Cilium's serverNames, of a name */
};
struct np_pattern {
    uint8_t kind;
    bool ignore_case;
    np_str text;
    /* REGEX: made of the text by the builder; NULL: the text is refused, and nothing matches. */
    const struct np_regex *regex;
};
struct np_literal {
    uint8_t kind;
    uint16_t kinds; /* OBJECTS: mask of enum np_object_kind */
    uint8_t domain; /* CIDR, FED_SET, NODE_ADDRS, DNS_NAMES: mask of enum np_domain */
    const struct np_selector *selector;
    struct np_prefix prefix;
    const struct np_pattern *patterns;
    uint32_t n_patterns;
    const struct np_prefix *prefixes; /* FED_SET */
    uint32_t n_prefixes;
    np_str name;     /* FED_SET */
    uint32_t number; /* RESERVED: enum netpol_identity_number; FACT: NP_FACT_* */
};
struct np_signed_literal {
    const struct np_literal *literal;
    bool negative; /* '-': negates at the ADDRESS, also true where no object covers it */
};
struct np_clause { /* and */
    const struct np_signed_literal *items;
    uint32_t count;
};
struct np_set { /* or; no clause: empty */
    const struct np_clause *clauses;
    uint32_t count;
};
/* Are they written the same (not: do they hold the same)? Of one model; NULL is as no other. */
bool np_set_same(const struct np_set *a, const struct np_set *b);

/* ---- ports ---- */
struct np_port_span {
    int16_t protocol;     /* -1: every protocol */
    bool ports;           /* first..last count */
    bool no_port;         /* fragments and protocols without ports count */
    uint16_t first, last; /* ICMP: type << 8 | code */
};
struct np_service { /* named after lowering 1: a subset of protocol x (port + NO_PORT) */
    bool complement;
    const struct np_port_span *spans;
    uint32_t count;
};
struct np_port_member {
    np_str name;       /* a declared port of the end's endpoint; NULL: the triple below */
    int16_t protocol;  /* must agree; -1: the declaration's own */
    bool excluded;     /* what it holds for is not in the set, whatever others say */
    uint64_t endpoint; /* triple: ref, or 0: address */
    struct np_address address;
    uint16_t port;
};
/* One of the members that are not excluded (complement: none of them), none that is, and within. */
struct np_portset {
    bool complement;
    const struct np_port_member *members;
    uint32_t count;
    const struct np_service *within; /* NULL: any protocol and port */
};

/* ---- the request ---- */
enum np_view { /* a field as ONE dialect reads it */
               NP_VIEW_METHOD,
               NP_VIEW_PATH_CILIUM,
               NP_VIEW_PATH_ISTIO,
               NP_VIEW_PATH_CALICO, /* in normal form (http_path.h); without one no pattern matches
                                     */
               NP_VIEW_PATH_RAW,    /* as sent */
               NP_VIEW_AUTHORITY_RAW,
               NP_VIEW_AUTHORITY_FOLDED,
               NP_VIEW_HEADER /* name */,
               NP_VIEW_PRINCIPALS,
               NP_VIEW_SOURCE_IP,
               NP_VIEW_REMOTE_IP,
               NP_VIEW_SNI,
               NP_VIEW_CLAIM /* name */,
               NP_VIEW_DNS_QUERY,
               NP_VIEW_KAFKA_API_KEY,
               NP_VIEW_KAFKA_API_VERSION,
               NP_VIEW_KAFKA_CLIENT,
               NP_VIEW_KAFKA_TOPIC,
               NP_VIEW_MTLS,
               NP_VIEW_TOKEN_INVALID,
               NP_VIEW_AUTHENTICATED,
               NP_VIEW_COUNT
};
enum np_expr_op { NP_EXPR_TRUE, NP_EXPR_ATOM, NP_EXPR_ALL, NP_EXPR_ANY, NP_EXPR_NOT };
struct np_expr {
    uint8_t op;
    uint8_t view; /* ATOM */
    bool absent;  /* ATOM: truth when the field is ABSENT (Calico http: true) */
    np_str name;  /* header or claim */
    struct np_pattern pattern;
    struct np_prefix prefix; /* SOURCE_IP, REMOTE_IP */
    const struct np_expr *const *kids;
    uint32_t count;
    uint16_t
        depth; /* set by np_build_expr: 1 for a leaf; deeper than NP_EXPR_DEPTH is not judged */
};
enum { NP_EXPR_DEPTH = 64 };
enum np_effect_kind {
    NP_EFFECT_ADD_HEADER,
    NP_EFFECT_REPLACE_HEADER,
    NP_EFFECT_DELETE_HEADER,
    NP_EFFECT_LOG
};
struct np_effect { /* Cilium headerMatches with a mismatch action */
    uint8_t kind;
    const struct np_expr *unless; /* applied when this atom does not hold */
    np_str name, value;
};
enum np_parser {
    NP_PARSER_NONE,
    NP_PARSER_HTTP,
    NP_PARSER_DNS,
    NP_PARSER_KAFKA,
    NP_PARSER_TLS,
    NP_PARSER_OTHER
};
enum np_phase { NP_PHASE_REQUEST, NP_PHASE_CONNECTION };

/* ---- rules ---- */
enum np_action { NP_ACT_DENY, NP_ACT_ALLOW, NP_ACT_PASS, NP_ACT_NOTE, NP_ACT_ASK };
enum { NP_FAMILY_4 = 1, NP_FAMILY_6 = 2, NP_FAMILY_ANY = 3 };
enum { NP_REL_SELF = 1, NP_REL_OWN_NODE = 2, NP_REL_OTHER = 4, NP_REL_ANY = 7 };
enum { NP_ROUTE_FORWARDED = 1, NP_ROUTE_TO_FROM_HOST = 2, NP_ROUTE_ANY = 3 };
enum { NP_LISTENER_ANY = 0, NP_LISTENER_HTTP = 1, NP_LISTENER_TCP = 2 };

struct np_match { /* a conjunction; NULL or the ANY value: no such axis */
    uint8_t families, relations, routes, listener;
    const struct np_set *near, *far;  /* near: the end on the checkpoint's side */
    const struct np_service *service; /* service OR dst_ports */
    const struct np_portset *dst_ports;
    const struct np_service *src_service; /* the same for the source port */
    const struct np_portset *src_ports;
    const struct np_expr *connection; /* phase CONNECTION (SNI) */
    const struct np_expr *request;    /* phase REQUEST */
};
struct np_origin { /* where a thing was written, or which option made it */
    np_str object; /* "NetworkPolicy/ns/name"; NULL when an option */
    np_str path;   /* "spec.ingress[0]" */
    np_str source; /* file */
    uint32_t line, column;
    np_str option; /* "self_traffic" when synthetic */
};
struct np_rule {
    uint32_t number; /* decision number, given by the seal; from 1 */
    uint8_t action;
    uint8_t redirect_parser; /* enum np_parser; not NONE: MUST_INSPECT */
    uint8_t auth_mode;       /* NP_AUTH_* */
    bool auth_explicit;
    int16_t redirect_priority;
    bool for_all_topics;  /* Kafka: all items must be allowed */
    bool unless_isolated; /* ALLOW: only where no policy of the checkpoint isolates the subject */
    bool refuses;         /* DENY: the request is not a valid one, reason INVALID */
    int64_t rank;         /* BY_VERDICT: equal = one rank (within the policy's order) */
    uint32_t index;       /* in its list, as written; rules made of one may share it (LISTED) */
    uint32_t place;       /* sealed: in its tier's walk */
    uint32_t redirect;    /* sealed: number of its redirect in the model; 0: none */
    np_str provider;      /* ASK; redirect to OTHER: the parser */
    np_str listener_name; /* redirect: this listener and no other; NULL: the proxy's own */
    /* Redirect: TLS contexts, to be compared and shown. With terminating the proxy ends TLS and
     * reads what is inside; with originating it speaks TLS to the destination. */
    np_str terminating, originating;
    np_str step; /* order among the ALLOWs of a rank where one has effects; NULL: first */
    np_str log_cookie, title; /* title: the rule's own name */
    np_str missing;           /* what it names and nobody has loaded: a service */
    const struct np_match *alternatives;
    uint32_t n_alternatives;
    const struct np_effect *effects;
    uint32_t n_effects;
    struct np_origin origin;
    const struct np_policy *policy;
    uint8_t direction;
};
enum np_state { NP_ENFORCED, NP_STAGED_SET, NP_STAGED_DELETE, NP_DRY_RUN };
struct np_policy {
    np_str kind, namespace_name, name; /* attribution order: namespace, name, part, rule index */
    uint32_t part;                     /* index in specs[] */
    double order;                      /* key within the tier, then tie */
    np_str tie;                        /* compared as bytes; NULL first */
    /* Which policies a staged one can be the namesake of: those that have the same; NULL: of its
     * tier. */
    np_str namesakes;
    uint8_t state;  /* enum np_state */
    bool synthetic; /* made by an option */
    const struct np_set
        *subjects[NP_DIRECTIONS]; /* near end; NULL: does not apply in this direction */
    bool isolates[NP_DIRECTIONS];
    struct np_rule *rules[NP_DIRECTIONS];
    uint32_t n_rules[NP_DIRECTIONS];
    uint32_t end_number[NP_DIRECTIONS]; /* decision number of "isolated by this policy, no rule
                                           matched" */
    struct np_origin origin;
    const struct np_tier *tier;
    const void *maker; /* what it was lowered from; NULL: nothing that is an object */
    /* sealed: a staged namesake (same tier, namespace and name) deletes this one, or sets it anew
     */
    bool staged_delete, staged_set;
};
enum np_rank_order { NP_LISTED, NP_BY_VERDICT };
enum np_end_action { NP_END_ALLOW, NP_END_DENY, NP_END_PASS };
enum np_end_if { NP_ALWAYS, NP_TIER_ISOLATED, NP_CHECKPOINT_ISOLATED };
struct np_tier {
    np_str name;
    double order; /* then late, then name */
    uint8_t late; /* of tiers of one order, greater ones come later */
    uint8_t rank_order;
    uint8_t end[NP_DIRECTIONS], end_if;
    uint32_t
        end_number[NP_DIRECTIONS]; /* decision number of the tier's end without a policy to blame */
    const struct np_policy **policies; /* sealed: sorted */
    uint32_t n_policies;
    /*
     * Sealed: the rules of a direction in the order they are judged. LISTED: policy by policy, as
     * written, each rule a rank of its own. BY_VERDICT: by policy order and rank; in a rank NOTE,
     * DENY, ASK, ALLOW, PASS; among equals by (namespace, name, part, index).
     */
    const struct np_rule **walk[NP_DIRECTIONS];
    uint32_t n_walk[NP_DIRECTIONS];
    bool lasting;                    /* made for no object: there without policies as well */
    uint8_t numbered[NP_DIRECTIONS]; /* for the seal: the pass that was there last */
    struct np_origin origin;
};
enum np_stage_view { NP_POST_NAT, NP_PRE_NAT };
enum np_on_end { NP_ON_END_NEXT /* at the last stage: denies */, NP_ON_END_ALLOW, NP_ON_END_DENY };
struct np_stage {
    np_str name;            /* "workload", "untracked", "preDNAT", "forward", "normal" */
    uint8_t view;           /* enum np_stage_view */
    uint8_t applies;        /* NP_ROUTE_* mask */
    uint8_t on_end;         /* a definite ALLOW in any stage leaves the checkpoint, accepted */
    struct np_tier **tiers; /* sealed: sorted */
    uint32_t n_tiers;
    uint32_t default_number; /* decision number of the end of the stage */
};
enum np_checkpoint_kind {
    NP_CHECK_WORKLOAD,
    NP_CHECK_HOST,
    NP_CHECK_MESH,
    NP_CHECK_LIST /* an imported list of rules over addresses and ports: exists for every hop */
};
enum np_mode { NP_MODE_ENFORCE, NP_MODE_AUDIT, NP_MODE_OFF };
struct np_checkpoint {
    uint8_t kind;      /* enum np_checkpoint_kind */
    uint8_t plane;     /* enum netpol_plane */
    uint8_t direction; /* enum np_direction */
    uint8_t mode;
    uint8_t mesh_mode; /* enum netpol_mesh_mode, MESH only */
    np_str name;
    const struct np_set *subjects; /* near end; where this checkpoint exists. NULL: any workload */
    struct np_stage **stages;
    uint32_t n_stages;
};

/* ---- options: every one named, set by a profile, printed in explanations (options.def) ---- */
struct np_options {
#define NP_OPTION(name, values, fallback, doc) uint8_t name;
#include "model/options.def"
#undef NP_OPTION
};

struct np_redirect {
    uint8_t parser; /* enum np_parser */
    int16_t priority;
    np_str listener, terminating, originating; /* as in a rule */
};
/*
 * What an answer tells beside its decision: a redirect and the authentication asked for, as one
 * number, netpol_part.program. 0: nothing.
 */
enum { NP_AUTH_NONE, NP_AUTH_REQUIRED, NP_AUTH_FAILS, NP_AUTH_MODES };
static inline uint32_t np_program(uint32_t redirect, uint8_t auth_mode)
{
    return redirect * NP_AUTH_MODES + (auth_mode < NP_AUTH_MODES ? auth_mode : NP_AUTH_FAILS);
}

struct np_model {
    const struct netpol_ctx *ctx;
    struct np_ground *ground; /* counted: of all that models made from each other share */
    struct np_arena arena;    /* of what the seal writes */
    struct np_strings *strings;
    struct np_inventory inventory;
    struct np_options options;
    np_str profile;
    struct np_checkpoint **checkpoints; /* sealed: in path order */
    uint32_t n_checkpoints;
    /* every decision number -> what it is; index 0 unused */
    const struct np_decision *decisions;
    uint32_t n_decisions;
    /*
     * Where rules send traffic to, each once; [0]: nowhere. Sorted, but for those that a model made
     * upon another one has more: they come behind, so that numbers stay.
     */
    const struct np_redirect *redirects;
    uint32_t n_redirects;
    uint32_t n_effects;  /* of all rules: the most a request can meet in one checkpoint */
    bool staged;         /* there are staged or dry-run policies: a second walk differs */
    np_truth incomplete; /* 0, or NP_UNKNOWN(NP_FACT_INCOMPLETE): answers from a partial set */
    bool sealed;
};
enum np_decision_kind {
    NP_DECIDED_RULE,
    NP_DECIDED_ISOLATION,
    NP_DECIDED_TIER_END,
    NP_DECIDED_DEFAULT
};
struct np_decision {
    uint8_t kind;
    uint8_t direction;
    const struct np_rule *rule;
    const struct np_policy *policy;
    const struct np_tier *tier;
    const struct np_checkpoint *checkpoint;
};
#endif
