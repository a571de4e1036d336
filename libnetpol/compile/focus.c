/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model as one group sees it: the side's checkpoints with only the policies that may select the
 * group, and, narrowed, only the rules that may match a part of the peers. What is left out can
 * change no outcome: a policy that does not select, a rule that does not match, goes on to the
 * next. Only that a policy was there at all is told, so the first rule of each policy stays; and
 * rules beside one that sends traffic to a proxy stay.
 */
#include "compile/plan.h"

#include <stdlib.h>

static int by_place(const void *a, const void *b)
{
    const struct np_rule *x = *(const struct np_rule *const *)a;
    const struct np_rule *y = *(const struct np_rule *const *)b;
    return (x->place > y->place) - (x->place < y->place);
}

struct source { /* what a tier is filled with */
    const struct np_policy *const *policies;
    uint32_t n_policies;
    enum np_direction direction;
};

/* Remembers the whole walk of a tier, to be narrowed and widened again. */
static bool note_tier(struct np_focus *focus, struct np_tier *tier, enum np_direction d)
{
    struct np_focus_tier *note = np_arena_alloc(&focus->arena, sizeof *note);
    const struct np_rule **walk = np_arena_array(&focus->arena, tier->n_walk[d], sizeof *walk);
    if (!note || !walk) {
        return false;
    }
    *note = (struct np_focus_tier){.tier = tier,
                                   .direction = d,
                                   .whole = tier->walk[d],
                                   .count = tier->n_walk[d],
                                   .narrow = walk};
    tier->walk[d] = walk;
    if (note->count) {
        memcpy(walk, note->whole, note->count * sizeof *walk);
    }
    *focus->last = note;
    focus->last = &note->next;
    focus->n_rules += note->count;
    return true;
}

static bool fill_tier(struct np_focus *focus, const struct source *from, const struct np_tier *tier,
                      struct np_tier *out)
{
    struct np_arena *arena = &focus->arena;
    enum np_direction d = from->direction;
    uint32_t n_policies = 0, n_rules = 0;
    *out = *tier;
    for (uint32_t i = 0; i < from->n_policies; i++) {
        if (from->policies[i]->tier == tier) {
            n_policies++;
            n_rules += from->policies[i]->n_rules[d];
        }
    }
    const struct np_policy **policies = np_arena_array(arena, n_policies, sizeof *policies);
    const struct np_rule **walk = np_arena_array(arena, n_rules, sizeof *walk);
    if (!policies || !walk) {
        return false;
    }
    out->policies = policies;
    out->n_policies = out->n_walk[d] = 0;
    out->walk[d] = walk;
    for (uint32_t i = 0; i < from->n_policies; i++) {
        const struct np_policy *policy = from->policies[i];
        if (policy->tier == tier) {
            policies[out->n_policies++] = policy;
            for (uint32_t r = 0; r < policy->n_rules[d]; r++) {
                walk[out->n_walk[d]++] = &policy->rules[d][r];
            }
        }
    }
    if (out->n_walk[d]) {
        qsort(walk, out->n_walk[d], sizeof *walk, by_place);
    }
    return note_tier(focus, out, d);
}

static bool copy_stage(struct np_focus *focus, const struct source *from,
                       const struct np_stage *stage, struct np_stage **out)
{
    struct np_arena *arena = &focus->arena;
    struct np_stage *copy = np_arena_alloc(arena, sizeof *copy);
    struct np_tier **tiers = np_arena_array(arena, stage->n_tiers, sizeof *tiers);
    if (!copy || !tiers) {
        return false;
    }
    struct np_focus_tier **first = focus->last;
    *copy = *stage;
    copy->tiers = tiers;
    for (uint32_t t = 0; t < stage->n_tiers; t++) {
        tiers[t] = np_arena_alloc(arena, sizeof **tiers);
        if (!tiers[t] || !fill_tier(focus, from, stage->tiers[t], tiers[t])) {
            return false;
        }
    }
    for (struct np_focus_tier *t = *first; t; t = t->next) {
        t->behind = focus->n_rules;
    }
    *out = copy;
    return true;
}

static bool copy_checkpoints(struct np_focus *focus, const struct np_side_plan *side,
                             const struct source *from)
{
    struct np_checkpoint **checkpoints =
        np_arena_array(&focus->arena, side->n_checkpoints, sizeof *checkpoints);
    if (!checkpoints) {
        return false;
    }
    for (uint32_t c = 0; c < side->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = side->checkpoints[c];
        struct np_checkpoint *copy = np_arena_alloc(&focus->arena, sizeof *copy);
        struct np_stage **stages =
            np_arena_array(&focus->arena, checkpoint->n_stages, sizeof *stages);
        if (!copy || !stages) {
            return false;
        }
        *copy = *checkpoint;
        copy->stages = stages;
        checkpoints[c] = copy;
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            if (!copy_stage(focus, from, checkpoint->stages[s], &stages[s])) {
                return false;
            }
        }
    }
    focus->model.checkpoints = checkpoints;
    focus->model.n_checkpoints = side->n_checkpoints;
    return true;
}

static bool same_rank(const struct np_rule *a, const struct np_rule *b)
{
    return a->rank == b->rank && !(a->policy->order < b->policy->order) &&
           !(a->policy->order > b->policy->order);
}

static bool has_proxy(const struct np_rule *rule)
{
    bool proxy = rule->redirect_parser != NP_PARSER_NONE || rule->auth_mode || rule->auth_explicit;
    for (uint32_t i = 0; i < rule->n_alternatives && !proxy; i++) {
        proxy = rule->alternatives[i].request || rule->alternatives[i].connection;
    }
    return proxy;
}

/* The first rule of each policy, and those beside one that sends traffic to a proxy. */
static void note_staying(const struct np_focus *focus, const struct np_focus_tier *t, bool *stays)
{
    for (uint32_t i = 0, rank = 0; i < t->count; i++) {
        stays[t->first + i] =
            stays[t->first + i] || i == 0 || t->whole[i]->policy != t->whole[i - 1]->policy;
        rank = i && same_rank(t->whole[i], t->whole[i - 1]) ? rank : i;
        focus->rules[t->first + i] = t->whole[i];
        if (has_proxy(t->whole[i])) {
            for (uint32_t k = rank; k < t->count && same_rank(t->whole[k], t->whole[i]); k++) {
                stays[t->first + k] = true;
            }
        }
    }
}

/* One list of all rules, and which of them are never left out. */
static bool list_rules(struct np_focus *focus)
{
    uint32_t at = 0;
    bool *stays = np_arena_array(&focus->arena, focus->n_rules, sizeof *stays);
    focus->rules = np_arena_array(&focus->arena, focus->n_rules, sizeof *focus->rules);
    focus->staying = np_arena_array(&focus->arena, focus->n_rules, sizeof *focus->staying);
    if (!focus->rules || !focus->staying || !stays) {
        return false;
    }
    for (struct np_focus_tier *t = focus->tiers; t; t = t->next) {
        t->first = at;
        at += t->count;
        note_staying(focus, t, stays);
    }
    for (uint32_t r = 0; r < focus->n_rules; r++) {
        focus->staying[focus->n_staying] = r;
        focus->n_staying += stays[r];
    }
    return true;
}

bool np_focus_make(const struct np_draft *draft, const struct np_side_plan *side,
                   const uint32_t *policies, uint32_t n_policies, struct np_focus *out)
{
    *out = (struct np_focus){.model = *draft->model};
    out->last = &out->tiers;
    np_arena_init(&out->arena, draft->ctx, 4096);
    const struct np_policy **list = np_arena_array(&out->arena, n_policies, sizeof *list);
    if (!list) {
        return false;
    }
    for (uint32_t i = 0; i < n_policies; i++) {
        list[i] = side->policies[policies[i]];
    }
    struct source from = {list, n_policies, side->near_is_source ? NP_EGRESS : NP_INGRESS};
    return copy_checkpoints(out, side, &from) && list_rules(out);
}

void np_focus_narrow(struct np_focus *focus, const uint32_t *kept, size_t count)
{
    size_t k = 0, s = 0;
    for (struct np_focus_tier *t = focus->tiers; t; t = t->next) {
        uint32_t n = 0, end = t->first + t->count;
        for (;;) {
            uint32_t one = k < count ? kept[k] : UINT32_MAX;
            uint32_t other = s < focus->n_staying ? focus->staying[s] : UINT32_MAX;
            uint32_t rule = one < other ? one : other;
            if (rule >= end) {
                break;
            }
            t->narrow[n++] = focus->rules[rule];
            k += one == rule;
            s += other == rule;
        }
        t->tier->n_walk[t->direction] = n;
    }
}

void np_focus_stay(struct np_focus *focus, uint32_t rule)
{
    focus->staying[0] = rule;
    focus->n_staying = 1;
}

void np_focus_free(struct np_focus *focus)
{
    np_arena_free(&focus->arena);
}
