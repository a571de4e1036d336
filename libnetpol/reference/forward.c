/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk forward: what the rules do to the request, and the trace.
 *
 * Both need to know whether a rule is reached at all, so the reach of each rule is carried along as
 * a truth. The verdict itself does not come from here (fold.c); a reach that is less precise than
 * the fold (MAYBE instead of YES) makes an effect uncertain, and so an answer INSPECT, never an
 * allow.
 */
#include "reference/internal.h"

/* ---- telling ---- */

static void tell(const struct np_walk *walk, struct np_trace_step step)
{
    if (walk->trace) {
        step.hop = walk->hop;
        step.checkpoint = walk->checkpoint;
        step.reached = walk->reach != NP_NO;
        walk->trace->step(walk->trace->user, &step);
    }
}

static void tell_policy(struct np_walk *walk, const struct np_policy *policy)
{
    tell(walk, (struct np_trace_step){.kind = NETPOL_STEP_POLICY,
                                      .truth = np_policy_truth(walk, policy),
                                      .stage = walk->stage,
                                      .tier = policy->tier,
                                      .policy = policy});
    walk->told = policy;
}

/* The alternative that came nearest: the best truth, then the latest axis that failed. */
static void tell_rule(struct np_walk *walk, const struct np_rule *rule)
{
    struct np_trace_step step = {.kind = NETPOL_STEP_RULE,
                                 .stage = walk->stage,
                                 .tier = rule->policy->tier,
                                 .policy = rule->policy,
                                 .rule = rule};
    int nearest = -1;
    for (uint32_t i = 0; i < rule->n_alternatives; i++) {
        struct np_judged judged = np_judge(walk, &rule->alternatives[i]);
        int place = judged.place;
        if (place > nearest) {
            nearest = place;
            step.alternative = i;
            step.axis = judged.axis;
        }
    }
    step.truth = np_and(np_policy_truth(walk, rule->policy), np_rule_truth(walk, rule));
    if (rule->action == NP_ACT_NOTE && step.truth != NP_NO) {
        step.kind = NETPOL_STEP_NOTE;
    }
    if (walk->told != rule->policy) {
        tell_policy(walk, rule->policy);
    }
    tell(walk, step);
}

/* Policies that say nothing by rules: those that do not select the subject, and those without any.
 */
static void tell_silent_policies(struct np_walk *walk, const struct np_tier *tier)
{
    for (uint32_t i = 0; walk->trace && i < tier->n_policies; i++) {
        const struct np_policy *policy = tier->policies[i];
        if (np_policy_counts(walk, policy) &&
            (policy->n_rules[walk->direction] == 0 || np_policy_truth(walk, policy) == NP_NO)) {
            tell_policy(walk, policy);
        }
    }
}

/* ---- effects ---- */

static void apply(struct np_walk *walk, const struct np_rule *rule, const struct np_effect *effect,
                  np_truth flow)
{
    struct np_effects *effects = walk->hop->effects;
    np_truth holds =
        effect->unless ? np_polar(np_expr_truth(walk, effect->unless), NP_ACT_PASS) : NP_NO;
    np_truth truth = np_and(flow, np_not(holds));
    if (truth == NP_NO || effect->kind == NP_EFFECT_LOG) {
        return;
    }
    if (effects->count == effects->capacity) {
        effects->overflow = true;
        return;
    }
    effects->items[effects->count++] = (struct np_applied){effect, rule, truth};
    walk->seen = effects->count;
}

void np_forward_rule(struct np_walk *walk, const struct np_rule *rule)
{
    struct np_effects *effects = walk->hop->effects;
    if (!walk->forward) {
        while (effects && walk->seen < effects->count && effects->items[walk->seen].rule == rule) {
            walk->seen++;
        }
        return;
    }
    if (walk->topic && walk->topic != walk->hop->request->kafka_topics) {
        return; /* told with the first topic */
    }
    tell_rule(walk, rule);
    if (rule->n_effects && effects && walk->hop->request) {
        np_truth flow = np_and(np_policy_truth(walk, rule->policy), np_rule_flow(walk, rule));
        for (uint32_t i = 0; i < rule->n_effects; i++) {
            apply(walk, rule, &rule->effects[i], np_and(walk->reach, flow));
        }
    }
}

/* ---- reach ---- */

/* When does a group end the walk over its tier? */
static np_truth ends_here(const struct np_walk *walk, const struct np_group *group,
                          const struct np_group_truth *judged)
{
    const struct np_rule *rule = group->rules[0];
    np_truth ends = judged->truth;
    if (rule->action == NP_ACT_NOTE) {
        ends = NP_NO;
    } else if (rule->action == NP_ACT_ASK) {
        uint8_t said = np_decision_of(walk, rule);
        np_truth denies = said == NETPOL_DECISION_NONE ? NP_MAYBE | NP_CAUSE_EXTERNAL
                                                       : np_truth_of(said == NETPOL_DECISION_DENY);
        ends = np_and(ends, denies);
    }
    /* a proxy that cannot read the hop refuses it */
    return judged->readable == NP_NO ? np_or(ends, judged->redirect) : ends;
}

/* The first policy that certainly applies, else the first that may; whether any does. */
static const struct np_policy *applying(struct np_walk *walk, const struct np_tier *tier,
                                        np_truth *applies)
{
    const struct np_policy *first = NULL;
    uint8_t d = walk->direction;
    *applies = NP_NO;
    for (uint32_t i = 0; walk->trace && i < tier->n_policies && *applies != NP_YES; i++) {
        const struct np_policy *policy = tier->policies[i];
        bool here = !policy->synthetic && (policy->isolates[d] || policy->n_rules[d]);
        np_truth truth = here ? np_policy_truth(walk, policy) : NP_NO;
        first = truth == NP_YES || (truth != NP_NO && !first) ? policy : first;
        *applies = np_or(*applies, truth);
    }
    return first;
}

/* Leaves in walk->reach what reaches the next tier. */
static void forward_tier(struct np_walk *walk, const struct np_tier *tier)
{
    uint8_t d = walk->direction;
    np_truth passed = NP_NO;
    tell(walk, (struct np_trace_step){
                   .kind = NETPOL_STEP_TIER, .truth = NP_YES, .stage = walk->stage, .tier = tier});
    tell_silent_policies(walk, tier);
    walk->told = NULL;
    for (uint32_t first = 0; first < tier->n_walk[d];) {
        uint32_t end = np_group_end(tier, d, first);
        struct np_group group = {tier->walk[d] + first, end - first};
        struct np_group_truth judged = np_group_judge(walk, &group);
        if (group.rules[0]->action == NP_ACT_PASS) {
            passed = np_or(passed, np_and(walk->reach, judged.truth));
        }
        walk->reach = np_and(walk->reach, np_not(ends_here(walk, &group, &judged)));
        first = end;
    }
    np_truth applies;
    const struct np_policy *by = applying(walk, tier, &applies);
    struct np_isolation isolation = np_tier_isolation(walk, tier);
    bool passes = tier->end[d] == NP_END_PASS;
    tell(walk, (struct np_trace_step){.kind = NETPOL_STEP_TIER_END,
                                      .truth = passes ? NP_NO : isolation.truth,
                                      .stage = walk->stage,
                                      .tier = tier,
                                      .policy = isolation.policy,
                                      .applying = by,
                                      .applies = applies});
    np_truth goes_on = passes ? walk->reach : np_and(walk->reach, np_not(isolation.truth));
    walk->reach = np_or(passed, goes_on);
}

void np_forward_checkpoint(struct np_walk *walk, const struct np_trace *trace)
{
    const struct np_checkpoint *checkpoint = walk->checkpoint;
    walk->forward = true;
    walk->trace = trace;
    walk->reach = NP_YES;
    walk->seen = walk->base;
    walk->policy = NULL;
    for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
        const struct np_stage *stage = checkpoint->stages[s];
        if (!np_stage_asked(walk, stage)) {
            continue;
        }
        np_walk_stage(walk, stage);
        np_truth applies = np_route_truth(walk, stage->applies);
        tell(walk,
             (struct np_trace_step){.kind = NETPOL_STEP_STAGE, .truth = applies, .stage = stage});
        if (applies == NP_NO) {
            continue;
        }
        np_truth around = np_and(walk->reach, np_not(applies));
        walk->reach = np_and(walk->reach, applies);
        for (uint32_t t = 0; t < stage->n_tiers; t++) {
            forward_tier(walk, stage->tiers[t]);
        }
        bool goes_on = stage->on_end == NP_ON_END_NEXT;
        walk->reach = np_or(around, goes_on ? walk->reach : NP_NO);
    }
}
