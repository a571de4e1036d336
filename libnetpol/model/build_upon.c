/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model made from another one. Conditions stay where they are; policies and rules are copied,
 * because the seal writes places and numbers into them, and checkpoints, stages and tiers because
 * they point to policies.
 */
#include "model/build_internal.h"

struct upon {
    struct np_build *b;
    bool (*keeps)(void *user, const struct np_policy *policy);
    void *user;
};

static uint32_t room_for(uint32_t count) /* as np_build_grow takes it to be */
{
    uint32_t room = 1;
    while (room < count) {
        room *= 2;
    }
    return room;
}

static struct np_tier *copied(const struct np_build *b, const struct np_tier *tier)
{
    for (size_t i = 0; i < b->policy.tiers_before.count; i++) {
        if (b->policy.tiers_before.items[i] == tier) {
            return b->policy.tiers.items[i];
        }
    }
    return NULL;
}

static bool copy_policies(const struct upon *u, const struct np_tier *from, struct np_tier *to)
{
    struct np_build *b = u->b;
    struct np_policy_made *made = np_seal_alloc(b, from->n_policies, sizeof *made);
    to->policies = np_seal_alloc(b, room_for(from->n_policies), sizeof(struct np_policy *));
    for (uint32_t i = 0; made && to->policies && i < from->n_policies; i++) {
        const struct np_policy *policy = from->policies[i];
        bool kept = u->keeps(u->user, policy);
        const struct np_policy **dropped = kept ? NULL : np_vec_push(b->ctx, &b->policy.dropped);
        struct np_policy_made **slot = kept ? np_vec_push(b->ctx, &b->policy.policies) : NULL;
        if (!dropped && !slot) {
            return false;
        }
        if (!kept) {
            *dropped = policy;
            continue;
        }
        made[i] = (struct np_policy_made){.policy = *policy, .kept = true};
        made[i].policy.tier = to;
        made[i].policy.staged_delete = made[i].policy.staged_set = false;
        *slot = &made[i];
        to->policies[to->n_policies++] = &made[i].policy;
    }
    return made && to->policies;
}

/* A tier may be in several stages: one copy. Its policies have left if it had some and has none. */
static struct np_tier *copy_tier(const struct upon *u, const struct np_tier *from)
{
    struct np_build *b = u->b;
    struct np_tier *tier = copied(b, from);
    if (tier) {
        return tier;
    }
    struct np_tier **slot = np_vec_push(b->ctx, &b->policy.tiers);
    const struct np_tier **before = np_vec_push(b->ctx, &b->policy.tiers_before);
    tier = np_seal_alloc(b, 1, sizeof *tier);
    if (!slot || !before || !tier) {
        b->policy.tiers.count -= slot != NULL;
        b->policy.tiers_before.count -= before != NULL;
        return NULL;
    }
    *slot = tier;
    *before = from;
    *tier = *from;
    tier->n_policies = 0;
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        tier->walk[d] = NULL;
        tier->n_walk[d] = 0;
        tier->numbered[d] = 0;
    }
    return copy_policies(u, from, tier) ? tier : NULL;
}

static struct np_stage *copy_stage(const struct upon *u, const struct np_stage *from)
{
    struct np_stage *stage = np_seal_alloc(u->b, 1, sizeof *stage);
    struct np_tier **tiers = np_seal_alloc(u->b, room_for(from->n_tiers), sizeof(struct np_tier *));
    if (!stage || !tiers) {
        return NULL;
    }
    *stage = *from;
    stage->tiers = tiers;
    for (uint32_t t = 0; t < from->n_tiers; t++) {
        tiers[t] = copy_tier(u, from->tiers[t]);
        if (!tiers[t]) {
            return NULL;
        }
    }
    return stage;
}

static bool copy_checkpoint(const struct upon *u, const struct np_checkpoint *from)
{
    struct np_checkpoint **slot = np_vec_push(u->b->ctx, &u->b->policy.checkpoints);
    struct np_checkpoint *checkpoint = np_seal_alloc(u->b, 1, sizeof *checkpoint);
    struct np_stage **stages =
        np_seal_alloc(u->b, room_for(from->n_stages), sizeof(struct np_stage *));
    if (!slot || !checkpoint || !stages) {
        u->b->policy.checkpoints.count -= slot != NULL;
        return false;
    }
    *slot = checkpoint;
    *checkpoint = *from;
    checkpoint->stages = stages;
    for (uint32_t s = 0; s < from->n_stages; s++) {
        stages[s] = copy_stage(u, from->stages[s]);
        if (!stages[s]) {
            return false;
        }
    }
    return true;
}

struct np_build *np_build_upon(const struct np_model *before,
                               bool (*keeps)(void *user, const struct np_policy *policy),
                               void *user)
{
    struct np_build *b = np_build_begin(before->ctx, before->ground);
    if (!b) {
        return NULL;
    }
    struct upon u = {b, keeps, user};
    struct np_ground *ground = b->model->ground;
    b->before = before;
    b->model->inventory = before->inventory;
    b->model->inventory.strings = ground->strings;
    b->model->options = before->options;
    b->model->profile = before->profile;
    b->model->incomplete = before->incomplete;
    bool fine = true;
    for (uint32_t c = 0; c < before->n_checkpoints && fine; c++) {
        fine = copy_checkpoint(&u, before->checkpoints[c]);
    }
    if (!fine) {
        np_build_destroy(b);
        return NULL;
    }
    return b;
}

/* Are there policies that an object made? What an option made stays with the tier. */
static bool has_made(const struct np_tier *tier)
{
    for (uint32_t i = 0; i < tier->n_policies; i++) {
        if (tier->policies[i]->maker) {
            return true;
        }
    }
    return false;
}

bool np_build_outgrown(const struct np_build *b)
{
    bool outgrown = b->outgrown;
    for (size_t i = 0; i < b->policy.dropped.count && !outgrown; i++) {
        const struct np_tier *tier = copied(b, b->policy.dropped.items[i]->tier);
        outgrown = !tier || (!tier->lasting && !has_made(tier));
    }
    return outgrown;
}

void np_build_maker(struct np_build *b, const void *maker)
{
    b->maker = maker;
}

const struct np_policy *const *np_build_dropped(const struct np_build *b, size_t *count)
{
    *count = b->policy.dropped.count;
    return b->policy.dropped.items;
}

const struct np_policy *np_build_added(const struct np_build *b, size_t *cursor)
{
    while (*cursor < b->policy.policies.count) {
        const struct np_policy_made *made = b->policy.policies.items[(*cursor)++];
        if (!made->kept) {
            return &made->policy;
        }
    }
    return NULL;
}
