/* SPDX-License-Identifier: Apache-2.0 */
/* The sides of a hop: which checkpoints judge there, and what their rules look at at all. */
#include "compile/plan.h"

static enum np_side_of_hop side_of(const struct np_checkpoint *checkpoint)
{
    if (checkpoint->plane == NETPOL_PLANE_MESH) {
        return NP_SIDE_MESH;
    }
    return checkpoint->direction == NP_INGRESS ? NP_SIDE_INGRESS : NP_SIDE_EGRESS;
}

void np_side_each(const struct np_side_plan *side,
                  void (*visit)(void *user, const struct np_rule *rule,
                                const struct np_match *match),
                  void *user)
{
    enum np_direction d = side->near_is_source ? NP_EGRESS : NP_INGRESS;
    for (uint32_t i = 0; i < side->n_policies; i++) {
        const struct np_policy *policy = side->policies[i];
        for (uint32_t r = 0; r < policy->n_rules[d]; r++) {
            const struct np_rule *rule = &policy->rules[d][r];
            for (uint32_t a = 0; a < rule->n_alternatives; a++) {
                visit(user, rule, &rule->alternatives[a]);
            }
        }
    }
}

static void look_at(void *user, const struct np_rule *rule, const struct np_match *match)
{
    struct np_side_plan *side = user;
    side->relations = side->relations || match->relations != NP_REL_ANY ||
                      (match->near && np_set_is_relative(match->near)) ||
                      (match->far && np_set_is_relative(match->far));
    side->routes = side->routes || match->routes != NP_ROUTE_ANY;
    side->source_axes = side->source_axes || match->src_service || match->src_ports;
    side->redirects = side->redirects || rule->redirect_parser != NP_PARSER_NONE ||
                      match->request || match->connection;
    side->auth = side->auth || rule->auth_mode || rule->auth_explicit;
}

/* A tier may stand in several stages; its policies are taken once. */
static bool seen_tier(const struct np_side_plan *side, const struct np_tier *tier)
{
    for (uint32_t i = 0; i < side->n_policies; i += side->policies[i]->tier->n_policies) {
        if (side->policies[i]->tier == tier) {
            return true;
        }
    }
    return false;
}

static void take_stage(struct np_side_plan *side, const struct np_stage *stage)
{
    side->routes = side->routes || stage->applies != NP_ROUTE_ANY;
    for (uint32_t t = 0; t < stage->n_tiers; t++) {
        const struct np_tier *tier = stage->tiers[t];
        for (uint32_t p = 0; p < tier->n_policies && (p || !seen_tier(side, tier)); p++) {
            side->policies[side->n_policies++] = tier->policies[p];
        }
    }
}

static uint32_t count_policies(const struct np_model *model)
{
    uint32_t count = 0;
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        for (uint32_t s = 0; s < model->checkpoints[c]->n_stages; s++) {
            const struct np_stage *stage = model->checkpoints[c]->stages[s];
            for (uint32_t t = 0; t < stage->n_tiers; t++) {
                count += stage->tiers[t]->n_policies;
            }
        }
    }
    return count;
}

static bool is_relative(const struct np_set *subjects)
{
    return subjects && np_set_is_relative(subjects);
}

/* Whom the checkpoint or its policies are for may depend on the far end. */
static bool has_relative_subjects(const struct np_checkpoint *checkpoint)
{
    bool relative = is_relative(checkpoint->subjects);
    for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
        for (uint32_t t = 0; t < checkpoint->stages[s]->n_tiers; t++) {
            const struct np_tier *tier = checkpoint->stages[s]->tiers[t];
            for (uint32_t p = 0; p < tier->n_policies && !relative; p++) {
                relative = is_relative(tier->policies[p]->subjects[checkpoint->direction]);
            }
        }
    }
    return relative;
}

int np_sides_make(const struct np_model *model, struct np_arena *arena,
                  struct np_side_plan sides[NP_SIDES])
{
    uint32_t policies = count_policies(model);
    for (int s = 0; s < NP_SIDES; s++) {
        struct np_side_plan *side = &sides[s];
        *side = (struct np_side_plan){.side = (enum np_side_of_hop)s,
                                      .near_is_source = s == NP_SIDE_EGRESS};
        side->checkpoints = np_arena_array(arena, model->n_checkpoints, sizeof(void *));
        side->policies = np_arena_array(arena, policies, sizeof(void *));
        if (!side->checkpoints || !side->policies) {
            return NETPOL_ERR_MEMORY;
        }
    }
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        struct np_side_plan *side = &sides[side_of(checkpoint)];
        side->checkpoints[side->n_checkpoints++] = checkpoint;
        bool relative = has_relative_subjects(checkpoint);
        side->host = side->host || checkpoint->kind == NP_CHECK_HOST;
        side->relations = side->relations || relative;
        side->hosts_look = side->hosts_look || (relative && checkpoint->kind == NP_CHECK_HOST);
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            take_stage(side, checkpoint->stages[s]);
        }
    }
    for (int s = 0; s < NP_SIDES; s++) {
        struct np_side_plan *side = &sides[s];
        np_side_each(side, look_at, side);
    }
    return NETPOL_OK;
}
