/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core (lowering 2.5): the set of possible outcomes, folded backwards over a checkpoint.
 *
 *     R(end of the last stage) = { on_end }
 *     R(i) = A(i) if the truth of rule i is YES, R(i+1) if NO, both if MAYBE
 *     A: ALLOW -> {ALLOW}   DENY -> {DENY}   PASS -> R(next tier)   ASK -> {DENY} u R(i+1)
 *
 * One loop over the rules from the last to the first; linear, nothing is kept but the outcome
 * behind the rule at hand and the one at the start of the next tier.
 */
#include "reference/internal.h"

/* The first policy that certainly isolates the subject, else the first that may; *more is ORed in.
 */
static void isolated_by(struct np_walk *walk, const struct np_tier *tier,
                        struct np_isolation *isolation)
{
    for (uint32_t i = 0; i < tier->n_policies && isolation->truth != NP_YES; i++) {
        const struct np_policy *policy = tier->policies[i];
        if (!policy->isolates[walk->direction]) {
            continue;
        }
        np_truth truth = np_policy_truth(walk, policy);
        if (truth == NP_YES || (truth != NP_NO && !isolation->policy)) {
            isolation->policy = policy;
        }
        isolation->truth = np_or(isolation->truth, truth);
    }
}

struct np_isolation np_checkpoint_isolation(struct np_walk *walk)
{
    struct np_isolation isolation = {NP_NO, NULL};
    for (uint32_t s = 0; s < walk->checkpoint->n_stages; s++) {
        const struct np_stage *stage = walk->checkpoint->stages[s];
        for (uint32_t t = 0; t < stage->n_tiers; t++) {
            isolated_by(walk, stage->tiers[t], &isolation);
        }
    }
    return isolation;
}

/* Does the end of this tier apply, and because of whom? */
struct np_isolation np_tier_isolation(struct np_walk *walk, const struct np_tier *tier)
{
    struct np_isolation isolation = {NP_NO, NULL};
    switch (tier->end_if) {
    case NP_TIER_ISOLATED:
        isolated_by(walk, tier, &isolation);
        break;
    case NP_CHECKPOINT_ISOLATED:
        return np_checkpoint_isolation(walk);
    default:
        isolation.truth = NP_YES;
        break;
    }
    return isolation;
}

static struct np_outcome end_of_tier(struct np_walk *walk, const struct np_tier *tier,
                                     const struct np_outcome *next_tier)
{
    uint8_t d = walk->direction;
    if (tier->end[d] == NP_END_PASS) {
        return *next_tier;
    }
    struct np_isolation isolation = np_tier_isolation(walk, tier);
    uint32_t number = isolation.policy ? isolation.policy->end_number[d] : tier->end_number[d];
    uint8_t reason = isolation.policy ? NETPOL_REASON_ISOLATED : NETPOL_REASON_TIER_END;
    struct np_outcome end = tier->end[d] == NP_END_ALLOW ? np_outcome_allow(number, reason)
                                                         : np_outcome_deny(number, reason);
    return np_outcome_either(isolation.truth, &end, next_tier, number);
}

/* Before a group is judged: only what earlier rules did to the request is seen. */
static void forget_effects(struct np_walk *walk, const struct np_group *group)
{
    const struct np_effects *effects = walk->hop->effects;
    for (uint32_t i = group->count; effects && i-- > 0;) {
        while (walk->seen > walk->base && effects->items[walk->seen - 1].rule == group->rules[i]) {
            walk->seen--;
        }
    }
}

static struct np_outcome fold_tier(struct np_walk *walk, const struct np_tier *tier,
                                   const struct np_outcome *next_tier)
{
    uint8_t d = walk->direction;
    struct np_outcome here = end_of_tier(walk, tier, next_tier);
    for (uint32_t last = tier->n_walk[d]; last > 0;) {
        uint32_t begin = np_group_begin(tier, d, last);
        struct np_group group = {tier->walk[d] + begin, last - begin};
        forget_effects(walk, &group);
        uint32_t seen = walk->seen;
        here = np_group_outcome(walk, &group, &here, next_tier);
        walk->seen = seen;
        last = begin;
    }
    return here;
}

bool np_stage_asked(const struct np_walk *walk, const struct np_stage *stage)
{
    static const char *const hooks[] = {[NETPOL_HOOK_UNTRACKED] = "untracked",
                                        [NETPOL_HOOK_PRE_DNAT] = "preDNAT",
                                        [NETPOL_HOOK_FORWARD] = "forward",
                                        [NETPOL_HOOK_NORMAL] = "normal"};
    if (walk->hook == NETPOL_HOOK_NONE) {
        return true;
    }
    return walk->hook <= NETPOL_HOOK_NORMAL &&
           np_slice_is(np_str_slice(stage->name), hooks[walk->hook]);
}

static struct np_outcome fold_stage(struct np_walk *walk, const struct np_stage *stage, bool last,
                                    const struct np_outcome *after)
{
    struct np_outcome here = *after;
    np_walk_stage(walk, stage);
    if (stage->on_end == NP_ON_END_ALLOW) {
        here = np_outcome_allow(stage->default_number, NETPOL_REASON_DEFAULT);
    } else if (stage->on_end == NP_ON_END_DENY || (last && walk->hook == NETPOL_HOOK_NONE)) {
        here = np_outcome_deny(stage->default_number, NETPOL_REASON_DEFAULT);
    }
    for (uint32_t t = stage->n_tiers; t-- > 0;) {
        here = fold_tier(walk, stage->tiers[t], &here);
    }
    return np_outcome_either(np_route_truth(walk, stage->applies), &here, after,
                             stage->default_number);
}

struct np_outcome np_fold_checkpoint(struct np_walk *walk)
{
    const struct np_checkpoint *checkpoint = walk->checkpoint;
    /* where no stage applies to the route, nothing refuses */
    struct np_outcome here = np_outcome_allow(0, NETPOL_REASON_DEFAULT);
    walk->forward = false;
    walk->policy = NULL;
    walk->seen = walk->hop->effects ? walk->hop->effects->count : 0;
    for (uint32_t s = checkpoint->n_stages; s-- > 0;) {
        const struct np_stage *stage = checkpoint->stages[s];
        if (s + 1 == checkpoint->n_stages) {
            here.decision = stage->default_number;
        }
        if (np_stage_asked(walk, stage)) {
            here = fold_stage(walk, stage, s + 1 == checkpoint->n_stages, &here);
        }
    }
    if (here.reason == NETPOL_REASON_DEFAULT && !walk->any_policy) {
        here.reason = NETPOL_REASON_NO_POLICY;
    }
    return here;
}
