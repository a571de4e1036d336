/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_LINT_H
#define NP_ANALYZE_LINT_H
/*
 * What the lints share. A lint is a function over a survey; each finding has a code of codes.def,
 * one finding stands for one policy or rule however many pods it touches, and it points at the
 * policy.
 *
 * A false alarm costs more trust than a finding earns. So a lint speaks only when the reference, or
 * the structure of the policies, leaves no doubt; what is perhaps meant that way is a note (info).
 */
#include "analyze/survey.h"

struct np_lint_policy {
    const struct np_policy *policy;
    struct np_bits selected[NP_DIRECTIONS]; /* classes */
    bool selects[NP_DIRECTIONS];            /* any */
};
struct np_lint {
    const struct netpol_ctx *ctx;
    const struct np_model *model;
    struct np_survey survey;
    struct netpol_diags *diags;
    struct np_lint_policy *policies; /* enforced, not synthetic, in order */
    uint32_t n_policies;
    struct np_map by_policy;      /* pointer -> index + 1 */
    struct np_map peers;          /* set pointer -> index + 1 in peer_bits */
    const struct np_hop **selves; /* by class: its first pod and itself; made with the first set */
    np_vec(struct np_bits) peer_bits;
    bool off[NP_CODE_COUNT];
    uint64_t looked; /* at objects of no class, by np_lint_others */
    bool stopped;    /* a lint reached its bound */
    bool failed;     /* memory */
    bool whole;      /* the inventory looks like all of a cluster */
};

/* severity -1: the code's own. */
void np_lint_report(struct np_lint *l, enum np_code code, int severity,
                    const struct np_origin *origin, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same at an endpoint. */
void np_lint_report_at(struct np_lint *l, enum np_code code, const struct np_endpoint *endpoint,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Classes that a set of peers matches, where they stand until another set is asked for (the words
 * stay); NULL: no memory. */
const struct np_bits *np_lint_peers(struct np_lint *l, const struct np_set *set);
struct np_lint_policy *np_lint_find(struct np_lint *l, const struct np_policy *policy);
/* Every enforced rule, with its policy. */
void np_lint_rules(struct np_lint *l, void (*each)(struct np_lint *l, struct np_lint_policy *policy,
                                                   const struct np_rule *rule));
/*
 * Does a host endpoint or network set, which are in no class, satisfy a clause of the set? Also
 * yes when there are too many to be looked at.
 */
bool np_lint_others(struct np_lint *l, const struct np_set *set);
/* Does the tier judge workloads? Otherwise it judges hosts only. */
bool np_lint_of_workloads(const struct np_lint *l, const struct np_tier *tier);
/* What the set asks objects for: bits of enum np_object_kind. */
uint16_t np_set_kinds(const struct np_set *set);
/* Nothing that is in force lets this direction of the class pass: no profile, where there are. */
bool np_lint_closed(const struct np_class *class, enum np_direction direction);
/* Is the class restricted in this direction: isolated, or named by rules of an ordered tier? */
bool np_lint_restricted(const struct np_class *class, enum np_direction direction);
bool np_set_has(const struct np_set *set, enum np_literal_kind kind);
/* Only peers that are pods: no address, name or node. */
bool np_set_only_pods(const struct np_set *set);
bool np_set_every_pod(const struct np_set *set);  /* of every namespace */
bool np_set_asks_label(const struct np_set *set); /* of the pods themselves */
/* Nothing is asked of ends, ports or the request. */
bool np_match_everything(const struct np_match *match);
bool np_match_covers_port(const struct np_match *match, uint8_t protocol, uint16_t port);
const char *np_direction_text(enum np_direction direction);

/* The lints. */
void np_lint_selection(struct np_lint *l);  /* 4103, 4104, 4105, 4110 */
void np_lint_width(struct np_lint *l);      /* 4106, 4107, 4108 */
void np_lint_redundancy(struct np_lint *l); /* 4111, 4112 */
void np_lint_gaps(struct np_lint *l);       /* 4113, 4114 */
void np_lint_dns(struct np_lint *l);        /* 4101 */
void np_lint_one_sided(struct np_lint *l);  /* 4115 */
void np_lint_tiers(struct np_lint *l);      /* 4116, 4117 */
void np_lint_ties(struct np_lint *l);       /* 4118 */
void np_lint_labels(struct np_lint *l);     /* 4119 */
void np_lint_names(struct np_lint *l);      /* 4120 */
#endif
