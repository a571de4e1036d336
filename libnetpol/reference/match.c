/* SPDX-License-Identifier: Apache-2.0 */
/* One alternative is the AND of its axes, one rule the OR of its alternatives. */
#include "reference/internal.h"

void np_walk_stage(struct np_walk *walk, const struct np_stage *stage)
{
    bool before = stage->view == NP_PRE_NAT;
    walk->stage = stage;
    walk->src = &walk->hop->src;
    walk->dst = before ? &walk->hop->original : &walk->hop->dst;
    walk->dst_port = before ? walk->hop->original_port : walk->hop->dst_port;
    walk->near = walk->direction == NP_INGRESS ? walk->dst : walk->src;
    walk->far = walk->direction == NP_INGRESS ? walk->src : walk->dst;
}

static np_truth family_truth(const struct np_hop *hop, uint8_t families)
{
    if (families == NP_FAMILY_ANY) {
        return NP_YES;
    }
    if (hop->family == 0) {
        return families ? NP_UNKNOWN(NP_FACT_POD_ADDRESS) : NP_NO;
    }
    return np_truth_of(families & (hop->family == NP_IPV4 ? NP_FAMILY_4 : NP_FAMILY_6));
}

static np_truth axis_far(const struct np_walk *walk, const struct np_match *match)
{
    return match->far ? np_set_truth(walk->model, match->far, walk->hop, walk->far, walk->near)
                      : NP_YES;
}

static np_truth axis_near(const struct np_walk *walk, const struct np_match *match)
{
    return match->near ? np_set_truth(walk->model, match->near, walk->hop, walk->near, walk->far)
                       : NP_YES;
}

static np_truth axis_family(const struct np_walk *walk, const struct np_match *match)
{
    return family_truth(walk->hop, match->families);
}

static np_truth axis_relation(const struct np_walk *walk, const struct np_match *match)
{
    return match->relations == NP_REL_ANY
               ? NP_YES
               : np_relation_truth(walk->near, walk->far, match->relations);
}

static np_truth axis_route(const struct np_walk *walk, const struct np_match *match)
{
    return np_route_truth(walk, match->routes);
}

static np_truth axis_listener(const struct np_walk *walk, const struct np_match *match)
{
    return np_truth_of(!match->listener || match->listener == np_listener(walk));
}

static const struct axis {
    const char *name;
    np_truth (*truth)(const struct np_walk *walk, const struct np_match *match);
} axes[] = {
    {"family",      axis_family          },
    {"relation",    axis_relation        },
    {"route",       axis_route           },
    {"listener",    axis_listener        },
    {"near",        axis_near            },
    {"far",         axis_far             },
    {"port",        np_ports_truth       },
    {"source port", np_source_ports_truth},
};

/* The axis that decides what is said of an alternative: the first that says no, else the first
 * maybe. */
static void note_axis(struct np_judged *judged, np_truth before, np_truth truth, size_t place,
                      const char *name)
{
    bool worse = truth == NP_NO ? before != NP_NO : np_is_maybe(truth) && before == NP_YES;
    if (worse) {
        judged->axis = name;
        judged->place = (uint8_t)place;
    }
}

struct np_judged np_judge(const struct np_walk *walk, const struct np_match *match)
{
    enum { AXES = sizeof axes / sizeof *axes };
    struct np_judged judged = {
        NP_YES, NP_NO, {NP_NO, NP_NO},
          UINT8_MAX, NULL
    };
    for (size_t i = 0; i < AXES && judged.flow != NP_NO; i++) {
        np_truth truth = axes[i].truth(walk, match);
        note_axis(&judged, judged.flow, truth, i, axes[i].name);
        judged.flow = np_and(judged.flow, truth);
    }
    if (judged.flow == NP_NO) {
        return judged;
    }
    judged.connection = np_expr_truth(walk, match->connection).may;
    judged.request = np_expr_truth(walk, match->request);
    np_truth all = np_and(judged.flow, judged.connection);
    note_axis(&judged, judged.flow, judged.connection, AXES, "connection");
    note_axis(&judged, all, judged.request.may, AXES + 1, "request");
    return judged;
}

np_truth np_rule_truth(const struct np_walk *walk, const struct np_rule *rule)
{
    np_truth result = NP_NO;
    for (uint32_t i = 0; i < rule->n_alternatives && result != NP_YES; i++) {
        struct np_judged judged = np_judge(walk, &rule->alternatives[i]);
        np_truth one = np_and(judged.flow, judged.connection);
        result = np_or(result, np_and(one, np_polar(judged.request, rule->action)));
    }
    return result;
}

np_truth np_rule_flow(const struct np_walk *walk, const struct np_rule *rule)
{
    np_truth result = NP_NO;
    for (uint32_t i = 0; i < rule->n_alternatives && result != NP_YES; i++) {
        result = np_or(result, np_judge(walk, &rule->alternatives[i]).flow);
    }
    return result;
}

np_truth np_reference_match(const struct np_model *model, const struct np_match *match,
                            const struct np_hop *hop, const struct np_checkpoint *checkpoint,
                            const struct np_stage *stage, const char **axis)
{
    struct np_walk walk = {.model = model,
                           .hop = hop,
                           .checkpoint = checkpoint,
                           .direction = checkpoint->direction,
                           .seen = hop->effects ? hop->effects->count : 0};
    np_walk_stage(&walk, stage);
    struct np_judged judged = np_judge(&walk, match);
    *axis = judged.axis;
    return np_and(np_and(judged.flow, judged.connection), judged.request.may);
}

/* ---- policies ---- */

bool np_policy_counts(const struct np_walk *walk, const struct np_policy *policy)
{
    enum { ADD, PROMOTE }; /* the order of option staged */
    if (!walk->pending) {
        return policy->state == NP_ENFORCED;
    }
    bool replaced =
        policy->staged_delete || (policy->staged_set && walk->model->options.staged == PROMOTE);
    return policy->state == NP_ENFORCED ? !replaced : policy->state != NP_STAGED_DELETE;
}

np_truth np_policy_truth(struct np_walk *walk, const struct np_policy *policy)
{
    if (walk->policy == policy) {
        return walk->subject_truth;
    }
    const struct np_set *subjects = policy->subjects[walk->direction];
    np_truth truth = NP_NO;
    if (subjects && np_policy_counts(walk, policy)) {
        truth = np_set_truth(walk->model, subjects, walk->hop, walk->subject, walk->far);
        walk->any_policy = walk->any_policy || (truth != NP_NO && !policy->synthetic);
    }
    walk->policy = policy;
    walk->subject_truth = truth;
    return truth;
}
