/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/narrow.h"

struct narrowing {
    struct np_arena *arena;
    enum np_direction direction;
    bool (*keep)(void *user, const struct np_policy *policy);
    void *user;
    np_vec(const struct np_policy *) kept; /* of the tier at hand */
};

static bool is_among(const struct np_policy *policy, const struct np_policy *const *policies,
                     uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (policies[i] == policy) {
            return true;
        }
    }
    return false;
}

static bool choose(struct narrowing *n, const struct np_tier *tier, uint32_t *n_rules)
{
    n->kept.count = 0;
    *n_rules = 0;
    for (uint32_t i = 0; i < tier->n_policies; i++) {
        if (n->keep(n->user, tier->policies[i])) {
            const struct np_policy **place = np_vec_push(n->arena->ctx, &n->kept);
            if (!place) {
                return false;
            }
            *place = tier->policies[i];
            *n_rules += tier->policies[i]->n_rules[n->direction];
        }
    }
    return true;
}

static struct np_tier *narrow_tier(struct narrowing *n, const struct np_tier *tier)
{
    uint32_t n_rules, n_walk = 0;
    if (!choose(n, tier, &n_rules)) {
        return NULL;
    }
    uint32_t count = (uint32_t)n->kept.count;
    struct np_tier *copy = np_arena_alloc(n->arena, sizeof *copy);
    const struct np_policy **policies = np_arena_array(n->arena, count, sizeof *policies);
    const struct np_rule **walk = np_arena_array(n->arena, n_rules, sizeof *walk);
    if (!copy || !policies || !walk) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        policies[i] = n->kept.items[i];
    }
    for (uint32_t i = 0; i < tier->n_walk[n->direction] && n_walk < n_rules; i++) {
        if (is_among(tier->walk[n->direction][i]->policy, policies, count)) {
            walk[n_walk++] = tier->walk[n->direction][i];
        }
    }
    *copy = *tier;
    copy->policies = policies;
    copy->n_policies = count;
    copy->walk[n->direction] = walk;
    copy->n_walk[n->direction] = n_walk;
    return copy;
}

static struct np_stage *narrow_stage(struct narrowing *n, const struct np_stage *stage)
{
    struct np_stage *copy = np_arena_alloc(n->arena, sizeof *copy);
    struct np_tier **tiers = np_arena_array(n->arena, stage->n_tiers, sizeof *tiers);
    if (!copy || !tiers) {
        return NULL;
    }
    *copy = *stage;
    copy->tiers = tiers;
    for (uint32_t i = 0; i < stage->n_tiers; i++) {
        tiers[i] = narrow_tier(n, stage->tiers[i]);
        if (!tiers[i]) {
            return NULL;
        }
    }
    return copy;
}

static bool narrow_stages(struct narrowing *n, const struct np_checkpoint *checkpoint,
                          struct np_stage **stages)
{
    for (uint32_t i = 0; i < checkpoint->n_stages; i++) {
        stages[i] = narrow_stage(n, checkpoint->stages[i]);
        if (!stages[i]) {
            return false;
        }
    }
    return true;
}

const struct np_checkpoint *np_narrow(struct np_arena *arena,
                                      const struct np_checkpoint *checkpoint,
                                      bool (*keep)(void *user, const struct np_policy *policy),
                                      void *user)
{
    struct narrowing n = {arena, checkpoint->direction, keep, user, {0}};
    struct np_checkpoint *copy = np_arena_alloc(arena, sizeof *copy);
    struct np_stage **stages = np_arena_array(arena, checkpoint->n_stages, sizeof *stages);
    bool fine = copy && stages && narrow_stages(&n, checkpoint, stages);
    np_vec_free(arena->ctx, &n.kept);
    if (!fine) {
        return NULL;
    }
    *copy = *checkpoint;
    copy->stages = stages;
    return copy;
}
