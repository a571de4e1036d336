/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy half of the builder: checkpoints, stages, tiers, policies and rules as they were made,
 * in any order. Arrays grow inside the model's arena; what stays unused there is at most half.
 */
#include "model/build_internal.h"

void np_policy_build_free(struct np_build *b)
{
    np_vec_free(b->ctx, &b->policy.checkpoints);
    np_vec_free(b->ctx, &b->policy.tiers);
    np_vec_free(b->ctx, &b->policy.policies);
    np_vec_free(b->ctx, &b->policy.dropped);
    np_vec_free(b->ctx, &b->policy.tiers_before);
}

struct np_checkpoint *np_build_checkpoint(struct np_build *b, enum np_checkpoint_kind kind,
                                          enum np_direction direction, const char *name)
{
    struct np_checkpoint *checkpoint = np_build_alloc(b, 1, sizeof *checkpoint);
    np_str text = np_build_text(b, name);
    struct np_checkpoint **slot =
        b && checkpoint && text ? np_vec_push(b->ctx, &b->policy.checkpoints) : NULL;
    if (!slot) {
        return np_build_fail(b);
    }
    b->outgrown = true;
    checkpoint->kind = (uint8_t)kind;
    checkpoint->plane = kind == NP_CHECK_MESH ? NETPOL_PLANE_MESH : NETPOL_PLANE_NETWORK;
    checkpoint->direction = (uint8_t)direction;
    checkpoint->name = text;
    return *slot = checkpoint;
}

struct np_stage *np_build_stage(struct np_build *b, struct np_checkpoint *checkpoint,
                                const char *name)
{
    struct np_stage *stage = np_build_alloc(b, 1, sizeof *stage);
    np_str text = np_build_text(b, name);
    struct np_stage **stages =
        stage && text && checkpoint
            ? np_build_grow(b, checkpoint->stages, checkpoint->n_stages, sizeof *stages)
            : NULL;
    if (!stages) {
        return np_build_fail(b);
    }
    b->outgrown = true;
    stage->name = text;
    stage->applies = NP_ROUTE_ANY;
    checkpoint->stages = stages;
    return stages[checkpoint->n_stages++] = stage;
}

struct np_stage *np_build_workload_stage(struct np_build *b, enum np_direction direction)
{
    for (size_t i = 0; b && i < b->policy.checkpoints.count; i++) {
        const struct np_checkpoint *c = b->policy.checkpoints.items[i];
        if (c->kind == NP_CHECK_WORKLOAD && c->direction == (uint8_t)direction && c->n_stages) {
            return c->stages[0];
        }
    }
    struct np_stage *stage = np_build_stage(
        b, np_build_checkpoint(b, NP_CHECK_WORKLOAD, direction, "workload"), "workload");
    if (stage) {
        stage->on_end = NP_ON_END_ALLOW;
    }
    return stage;
}

struct np_stage *np_build_find_stage(struct np_build *b, enum np_checkpoint_kind kind,
                                     enum np_direction direction, const char *name)
{
    for (size_t i = 0; b && i < b->policy.checkpoints.count; i++) {
        const struct np_checkpoint *c = b->policy.checkpoints.items[i];
        for (uint32_t s = 0;
             c->kind == (uint8_t)kind && c->direction == (uint8_t)direction && s < c->n_stages;
             s++) {
            if (np_slice_is(np_str_slice(c->stages[s]->name), name)) {
                return c->stages[s];
            }
        }
    }
    return NULL;
}

struct np_tier *np_build_tier(struct np_build *b, const char *name, double order,
                              enum np_rank_order rank_order)
{
    struct np_tier *tier = np_build_alloc(b, 1, sizeof *tier);
    np_str text = np_build_text(b, name);
    struct np_tier **slot = b && tier && text ? np_vec_push(b->ctx, &b->policy.tiers) : NULL;
    if (!slot) {
        return np_build_fail(b);
    }
    b->outgrown = true;
    tier->name = text;
    tier->lasting = b->maker == NULL;
    tier->order = order;
    tier->rank_order = (uint8_t)rank_order;
    tier->end[NP_INGRESS] = tier->end[NP_EGRESS] = NP_END_PASS;
    return *slot = tier;
}

void np_build_add_tier(struct np_build *b, struct np_stage *stage, struct np_tier *tier)
{
    struct np_tier **tiers =
        stage && tier ? np_build_grow(b, stage->tiers, stage->n_tiers, sizeof *tiers) : NULL;
    if (!tiers) {
        np_build_fail(b);
        return;
    }
    tiers[stage->n_tiers++] = tier;
    stage->tiers = tiers;
}

struct np_tier *np_build_find_tier(struct np_build *b, const char *name)
{
    for (size_t i = 0; b && i < b->policy.tiers.count; i++) {
        if (np_slice_is(np_str_slice(b->policy.tiers.items[i]->name), name)) {
            return b->policy.tiers.items[i];
        }
    }
    return NULL;
}

struct np_policy *np_build_policy(struct np_build *b, struct np_tier *tier, const char *kind,
                                  np_str namespace_name, np_str name)
{
    struct np_policy_made *made = np_build_alloc(b, 1, sizeof *made);
    np_str text = np_build_text(b, kind);
    const struct np_policy **policies =
        made && text && tier ? np_build_grow(b, tier->policies, tier->n_policies, sizeof *policies)
                             : NULL;
    struct np_policy_made **slot = b && policies ? np_vec_push(b->ctx, &b->policy.policies) : NULL;
    if (!slot) {
        return np_build_fail(b);
    }
    *slot = made;
    struct np_policy *policy = &made->policy;
    policy->kind = text;
    policy->namespace_name = namespace_name;
    policy->name = name;
    policy->tier = tier;
    policy->maker = b->maker;
    policies[tier->n_policies++] = policy;
    tier->policies = policies;
    return policy;
}

struct np_rule *np_build_rule(struct np_build *b, struct np_policy *policy,
                              enum np_direction direction, enum np_action action)
{
    struct np_policy_made *made = (struct np_policy_made *)policy;
    struct np_rule *rule = made ? np_build_alloc(b, 1, sizeof *rule) : NULL;
    struct np_rule **rules =
        rule ? np_build_grow(b, made->rules[direction], policy->n_rules[direction], sizeof *rules)
             : NULL;
    if (!rules) {
        return np_build_fail(b);
    }
    rule->action = (uint8_t)action;
    rule->direction = (uint8_t)direction;
    rule->policy = policy;
    rule->index = policy->n_rules[direction];
    made->rules[direction] = rules;
    return rules[policy->n_rules[direction]++] = rule;
}

struct np_match *np_build_alt(struct np_build *b, struct np_rule *rule)
{
    struct np_match *alternatives =
        rule ? np_build_grow(b, rule->alternatives, rule->n_alternatives, sizeof *alternatives)
             : NULL;
    if (!alternatives) {
        return np_build_fail(b);
    }
    struct np_match *match = &alternatives[rule->n_alternatives++];
    *match = (struct np_match){
        .families = NP_FAMILY_ANY, .relations = NP_REL_ANY, .routes = NP_ROUTE_ANY};
    rule->alternatives = alternatives;
    return match;
}

void np_build_effect(struct np_build *b, struct np_rule *rule, const struct np_effect *effect)
{
    struct np_effect *effects =
        rule ? np_build_grow(b, rule->effects, rule->n_effects, sizeof *effects) : NULL;
    if (!effects) {
        np_build_fail(b);
        return;
    }
    effects[rule->n_effects++] = *effect;
    rule->effects = effects;
}
