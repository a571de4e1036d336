/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_REFERENCE_INTERNAL_H
#define NP_REFERENCE_INTERNAL_H
/*
 * The reference from inside: what its files share. From small to large: text.c (patterns), fields.c
 * and request.c (request conditions), set.c (one end), ports.c, match.c (one alternative, one
 * rule), outcome.c (sets of outcomes), group.c (the rules of one rank that are judged together),
 * redirect.c, fold.c (a stage backwards), forward.c (effects and traces), checkpoint.c, hop.c,
 * combine.c, eval.c.
 */
#include "model/build.h"
#include "model/http_path.h"
#include "model/proxy_path.h"
#include "reference/reference.h"

/* One walk over one checkpoint: who looks, at what. */
struct np_walk {
    const struct np_model *model;
    const struct np_hop *hop;
    const struct np_checkpoint *checkpoint;
    const struct np_stage *stage;
    const struct np_end *src, *dst;  /* as the stage sees them (before or after translation) */
    const struct np_end *near, *far; /* near: on the checkpoint's side */
    const struct np_end *subject;    /* whom policies select: near, or a host endpoint */
    uint16_t dst_port;
    uint8_t direction;
    bool pending;                      /* staged and dry-run policies as if enforced */
    uint32_t seen;                     /* effects (hop->effects) that the rule at hand sees */
    const struct netpol_string *topic; /* the Kafka topic at hand; NULL: any of them */
    np_truth opened;                   /* does a proxy of the group at hand end TLS? */
    np_truth redirected;               /* is traffic sent to a proxy by the group at hand? */
    const struct np_policy *policy;    /* whose subject truth is remembered */
    np_truth subject_truth;
    bool any_policy;              /* a policy that no option made may apply here */
    uint8_t hook;                 /* enum netpol_hook: this one alone; 0: every stage */
    uint32_t base;                /* effects of earlier checkpoints */
    bool forward;                 /* the walk that applies effects and tells the trace */
    np_truth reach;               /* forward: is the rule at hand reached? */
    const struct np_trace *trace; /* forward: may be NULL */
    const struct np_policy *told; /* forward: whose step was told last */
};
void np_walk_stage(struct np_walk *walk, const struct np_stage *stage);

/* ---- text.c: patterns over text that may come in pieces ---- */
struct np_pieces { /* restartable; next gives false at the end */
    const void *source;
    bool (*next)(const void *source, uint64_t *cursor, struct np_slice *piece);
};
bool np_pattern_match(const struct np_pattern *pattern, struct np_slice text, bool fold_case);
/* The pieces joined by commas, as proxies join headers of one name. */
bool np_pattern_match_joined(const struct np_pattern *pattern, const struct np_pieces *pieces);
bool np_pattern_match_path(const struct np_pattern *pattern, const struct np_http_path *path);
bool np_pattern_match_proxy(const struct np_pattern *pattern, const struct np_proxy_path *path);
bool np_slice_same(struct np_slice a, struct np_slice b); /* ASCII case ignored */
static inline struct np_slice np_slice_from(struct netpol_string s)
{
    return (struct np_slice){s.ptr, s.len};
}

/* ---- stream.c: the same texts byte by byte ---- */
struct np_stream {
    const struct np_pieces *pieces; /* NULL: a path */
    uint64_t cursor;
    struct np_slice piece;
    size_t at;
    bool started;
    struct np_proxy_reader reader;
};
/* One of the two is not NULL; both stay the caller's. */
void np_stream_open(struct np_stream *stream, const struct np_pieces *pieces,
                    const struct np_proxy_path *path);
int np_stream_next(struct np_stream *stream); /* -1: the end */

/* ---- fields.c: the fields of a request as views see them ---- */
struct np_field {
    uint8_t presence; /* enum netpol_presence */
    bool rejected;    /* the view refuses the value: no pattern matches */
    np_truth doubt;   /* not 0: the values are not certain, with this cause */
    bool header;      /* values are readings of one header */
    bool fold_case;
    bool normal;           /* the value is the normal form of `path` */
    bool proxied;          /* the value is what a proxy makes of a path: `proxy` */
    struct np_slice value; /* unless pieces.next, normal or proxied */
    struct np_http_path path;
    struct np_proxy_path proxy;
    char digits[10]; /* of a number */
    struct np_pieces pieces;
    struct np_header_view { /* what pieces.source points at */
        const struct np_walk *walk;
        np_str name;
        uint32_t base; /* effects before this one no longer matter; UINT32_MAX: the request's own
                          count */
    } header_view;
};
void np_field_of(const struct np_walk *walk, const struct np_expr *atom, struct np_field *out);
/* Which protocol a view belongs to: NP_PARSER_NONE for fields of the connection. */
enum np_parser np_view_parser(uint8_t view);
/* Can the checkpoint's proxy read a protocol on this hop? NO, YES, or MAYBE: no request in hand. */
np_truth np_readable(const struct np_walk *walk, enum np_parser parser);

/* ---- request.c ---- */
struct np_pair { /* readings: what certainly and what possibly matches */
    np_truth must, may;
};
struct np_pair np_expr_truth(const struct np_walk *walk,
                             const struct np_expr *expr); /* NULL: yes */
bool np_expr_reads(const struct np_expr *expr, enum np_parser parser);
np_truth np_prefix_truth(const struct np_end *end, const struct np_prefix *prefix);

/* ---- set.c, ports.c, relation.c ---- */
np_truth np_set_truth(const struct np_model *model, const struct np_set *set,
                      const struct np_hop *hop, const struct np_end *end,
                      const struct np_end *other);
np_truth np_ports_truth(const struct np_walk *walk, const struct np_match *match);
np_truth np_source_ports_truth(const struct np_walk *walk, const struct np_match *match);
np_truth np_relation_truth(const struct np_end *near, const struct np_end *far, uint8_t relations);
np_truth np_route_truth(const struct np_walk *walk, uint8_t routes);
bool np_end_is_node(const struct np_end *end);
np_str np_end_node_name(const struct np_end *end);
uint8_t np_listener(const struct np_walk *walk); /* NP_LISTENER_HTTP or _TCP */

/* ---- match.c ---- */
struct np_judged { /* one alternative */
    np_truth flow; /* everything but the two below */
    np_truth connection;
    struct np_pair request;
    uint8_t place;    /* of the axis below: later ones came nearer; UINT8_MAX: none */
    const char *axis; /* the first that says no, else the first that says maybe; NULL: none */
};
struct np_judged np_judge(const struct np_walk *walk, const struct np_match *match);
/* A rule with its own polarity: an ALLOW counts what must match, a DENY, NOTE, ASK what may. */
np_truth np_rule_truth(const struct np_walk *walk, const struct np_rule *rule);
np_truth np_rule_flow(const struct np_walk *walk, const struct np_rule *rule); /* without request */
np_truth np_polar(struct np_pair pair, uint8_t action);
bool np_policy_counts(const struct np_walk *walk, const struct np_policy *policy);
np_truth np_policy_truth(struct np_walk *walk,
                         const struct np_policy *policy); /* selects the subject */

/* ---- outcome.c ---- */
struct np_outcome {
    bool may_allow, may_deny;
    bool must_inspect, observe, untracked, auth_required;
    uint8_t reason; /* enum netpol_reason of a definite outcome */
    uint8_t auth_mode;
    uint32_t redirect; /* number; 0: none */
    uint16_t flags;    /* NETPOL_PART_LOG, _AUDIT: notes certainly taken */
    uint32_t causes;   /* of the branches that differ */
    uint32_t decision;
};
struct np_outcome np_outcome_allow(uint32_t decision, uint8_t reason);
struct np_outcome np_outcome_deny(uint32_t decision, uint8_t reason);
/* R = yes, no, or both; decision: what is named when the two differ. */
struct np_outcome np_outcome_either(np_truth t, const struct np_outcome *yes,
                                    const struct np_outcome *no, uint32_t decision);
void np_outcome_finish(const struct np_outcome *outcome, bool audit, struct np_result *out);

/* ---- group.c: rules that are judged together ---- */
struct np_group {
    const struct np_rule *const *rules;
    uint32_t count; /* several only for the ALLOWs of one rank */
};
uint32_t np_group_end(const struct np_tier *tier, uint8_t direction, uint32_t first);
uint32_t np_group_begin(const struct np_tier *tier, uint8_t direction,
                        uint32_t last); /* last: one past */
struct np_group_truth {
    np_truth truth;
    np_truth redirect; /* may traffic be sent to a proxy by this group? */
    np_truth readable; /* and can that proxy read it? */
    bool split;        /* readings of a header differ in whether an ALLOW matches */
    const struct np_rule *first, *redirector;
};
struct np_group_truth np_group_judge(struct np_walk *walk, const struct np_group *group);
struct np_outcome np_group_outcome(struct np_walk *walk, const struct np_group *group,
                                   const struct np_outcome *next,
                                   const struct np_outcome *next_tier);
uint8_t np_decision_of(const struct np_walk *walk,
                       const struct np_rule *rule); /* an ASK's answer: enum netpol_decision */

/* ---- redirect.c ---- */
/* Fills in redirect and redirector, and what walk says of the group. */
void np_group_redirects(struct np_walk *walk, const struct np_group *group,
                        struct np_group_truth *out);
/* May traffic match an ALLOW of the group that needs no proxy? Of the group asked of last. */
bool np_group_lets_past(struct np_walk *walk, const struct np_group *group);
/*
 * Its policy selects the subject, and no redirect of the group takes the rule out of it. Of the
 * group that np_group_redirects was asked of last.
 */
np_truth np_rule_stands(struct np_walk *walk, const struct np_group *group,
                        const struct np_rule *rule);

/* ---- auth.c ---- */
struct np_auth {
    uint8_t mode;      /* 0: none */
    np_truth required; /* is it? */
};
struct np_auth np_group_auth(struct np_walk *walk, const struct np_group *group);

/* ---- fold.c ---- */
struct np_outcome np_fold_checkpoint(struct np_walk *walk);
struct np_isolation {
    np_truth truth;
    const struct np_policy *policy; /* the first that isolates; NULL: none */
};
struct np_isolation np_tier_isolation(struct np_walk *walk, const struct np_tier *tier);
struct np_isolation np_checkpoint_isolation(struct np_walk *walk); /* of all its tiers */

/* ---- forward.c ---- */
void np_forward_checkpoint(struct np_walk *walk, const struct np_trace *trace);
/* Called by a group after each of its rules: forward, the rule is told and its effects are applied;
 * else passed. */
void np_forward_rule(struct np_walk *walk, const struct np_rule *rule);
bool np_stage_asked(const struct np_walk *walk, const struct np_stage *stage);

/* ---- checkpoint.c ---- */
void np_judge_checkpoint(const struct np_model *model, const struct np_checkpoint *checkpoint,
                         const struct np_hop *hop, uint8_t hook, bool pending,
                         const struct np_trace *trace, struct np_result *out);

/* ---- combine.c ---- */
void np_combine_parts(struct netpol_verdict *out); /* action, plane and side from the three parts */
void np_refuse(struct netpol_verdict *out, uint8_t action, uint8_t reason, uint32_t missing);
#endif
