/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compile that has the matcher before: its plan is taken and updated by the policies that came or
 * went, and what these do not touch is copied from its image. Where that cannot be done (outgrown),
 * nothing was done, and the compile goes the whole way.
 */
#include "compile/internal.h"

enum { MOST_UPDATES = 256 }; /* of one plan: what nobody needs any more is gone after so many */

static void push_number(struct np_whole *whole, uint32_t *list, uint32_t number)
{
    if (number) {
        list[whole->n_changed++] = number;
    }
}

static void push_numbers(struct np_whole *whole, uint32_t *list, const struct np_policy *policy)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        push_number(whole, list, policy->end_number[d]);
        for (uint32_t r = 0; r < policy->n_rules[d]; r++) {
            push_number(whole, list, policy->rules[d][r].number);
        }
    }
}

/* Decisions of policies that came or went. */
static int list_changed(struct np_whole *whole, const struct np_plan_change *change)
{
    size_t room = 0;
    for (size_t i = 0; i < change->n_dropped + change->n_added; i++) {
        const struct np_policy *policy =
            i < change->n_dropped ? change->dropped[i] : change->added[i - change->n_dropped];
        room += NP_DIRECTIONS + (size_t)policy->n_rules[0] + policy->n_rules[1];
    }
    uint32_t *list = np_arena_array(&whole->arena, room, sizeof *list);
    for (size_t i = 0; list && i < change->n_dropped; i++) {
        push_numbers(whole, list, change->dropped[i]);
    }
    for (size_t i = 0; list && i < change->n_added; i++) {
        push_numbers(whole, list, change->added[i]);
    }
    whole->changed = list;
    return list ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* Is it a compile of the same kind, whose plan nobody has taken yet? */
static bool fits(const struct np_compile *c, const struct np_whole *whole,
                 const struct np_whole *before)
{
    return before && before->ctx == whole->ctx && before->snapshot && before->model &&
           strcmp(before->profile, c->options->profile) == 0 &&
           memcmp(&before->model->options, &c->resolved, sizeof c->resolved) == 0 &&
           before->model->ground->depth < MOST_UPDATES;
}

/* Takes over kept in any case. */
static int update(struct np_whole *whole, struct netpol_matcher *before, struct np_kept *kept,
                  const struct np_plan_change *change, struct netpol_matcher **out, bool *outgrown)
{
    uint64_t began = np_now_ns(), replanned = 0;
    int status = list_changed(whole, change);
    status = status == NETPOL_OK ? np_describe_all(whole, np_whole_of(before)) : status;
    if (status == NETPOL_OK) {
        status = np_identities_find(whole, &before->image, true);
    }
    if (status == NETPOL_OK) {
        status = np_plan_update(&kept->plan, whole->model, change, &replanned, outgrown);
    }
    if (status != NETPOL_OK || *outgrown) {
        np_kept_free(kept);
        return status;
    }
    struct np_ground *ground = np_ground_ref(whole->model->ground);
    np_ground_unref(kept->ground);
    kept->ground = ground;
    status = np_assemble(whole, kept, before, began, out);
    if (status == NETPOL_OK) {
        whole->reused_groups = whole->groups - replanned;
        (*out)->work.reused_groups = whole->reused_groups;
    }
    return status;
}

int np_compile_upon(struct np_whole *whole, struct np_compile *c, struct netpol_matcher **out,
                    bool *outgrown)
{
    struct np_whole *before = c->options->previous ? c->options->previous->whole : NULL;
    struct np_kept *kept = fits(c, whole, before) ? atomic_exchange(&before->kept, NULL) : NULL;
    *outgrown = !kept;
    if (!kept) {
        return NETPOL_OK;
    }
    struct np_lowered lowered = {0};
    int status =
        np_lower_upon(whole, before, c->options->strict != 0, c->diags, &lowered, outgrown);
    if (status != NETPOL_OK || *outgrown) { /* the plan is as it was */
        atomic_store(&before->kept, kept);
        np_lowered_free(whole->ctx, &lowered);
        return status;
    }
    struct np_plan_change change = {lowered.dropped.items, lowered.dropped.count,
                                    lowered.added.items, lowered.added.count};
    status = update(whole, c->options->previous, kept, &change, out, outgrown);
    np_lowered_free(whole->ctx, &lowered);
    c->diags = *outgrown ? NULL : c->diags; /* what the set shows has been told */
    return status;
}

int np_compile_model_upon(struct netpol_matcher *before, struct np_model *model,
                          const struct np_plan_change *change, struct netpol_matcher **out,
                          bool *outgrown)
{
    struct np_whole *from = before->whole;
    struct np_kept *kept = atomic_exchange(&from->kept, NULL);
    *outgrown = !kept;
    struct np_whole *whole = kept ? np_whole_create(before->ctx) : NULL;
    if (!whole) {
        np_kept_free(kept);
        return kept ? NETPOL_ERR_MEMORY : NETPOL_OK;
    }
    whole->model = model;
    int status = update(whole, before, kept, change, out, outgrown);
    if (status != NETPOL_OK || *outgrown) {
        whole->model = NULL; /* stays the caller's */
        np_whole_destroy(whole);
    }
    return status;
}
