/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tiers: those that nothing reaches, and ends that deny because of a policy that only logs.
 *
 * A tier is not reached where an earlier one decides all about everything that its policies select:
 * because it ends with Deny and never passes, or by a rule without conditions. Judged by structure,
 * so the answer holds for pods to come; a Pass rule of any condition is a way through.
 */
#include "analyze/cover.h"
#include "analyze/lint.h"
#include "analyze/tell.h"

/* ---- tiers that nothing reaches ---- */

static bool counts(const struct np_policy *policy)
{
    return !policy->synthetic && policy->state == NP_ENFORCED;
}

/* Where the walk of the tier first meets a Pass; the walk's length: nowhere. */
static uint32_t first_pass(const struct np_tier *tier, enum np_direction direction)
{
    uint32_t at = 0;
    while (at < tier->n_walk[direction] && !(tier->walk[direction][at]->action == NP_ACT_PASS &&
                                             counts(tier->walk[direction][at]->policy))) {
        at++;
    }
    return at;
}

static bool is_unconditional(const struct np_rule *rule)
{
    bool everything = false;
    for (uint32_t a = 0; a < rule->n_alternatives; a++) {
        everything = everything || np_match_everything(&rule->alternatives[a]);
    }
    return everything && (rule->action == NP_ACT_ALLOW || rule->action == NP_ACT_DENY);
}

/* The policy by which the tier decides everything about these subjects; NULL: it does not. */
static const struct np_policy *closed_by(const struct np_tier *tier, enum np_direction direction,
                                         const struct np_set *subjects)
{
    uint32_t pass = first_pass(tier, direction);
    bool ends = tier->end[direction] != NP_END_PASS && tier->end_if == NP_TIER_ISOLATED &&
                pass == tier->n_walk[direction];
    for (uint32_t p = 0; ends && p < tier->n_policies; p++) {
        const struct np_policy *policy = tier->policies[p];
        if (counts(policy) && policy->isolates[direction] && policy->subjects[direction] &&
            np_cover_set(policy->subjects[direction], subjects)) {
            return policy;
        }
    }
    for (uint32_t i = 0; i < pass; i++) {
        const struct np_rule *rule = tier->walk[direction][i];
        if (counts(rule->policy) && is_unconditional(rule) && rule->policy->subjects[direction] &&
            np_cover_set(rule->policy->subjects[direction], subjects)) {
            return rule->policy;
        }
    }
    return NULL;
}

struct reach {
    bool reached;                  /* by something, in some stage and direction */
    const struct np_policy *first; /* of the tier's own; NULL: it has none that count */
    const struct np_policy *by;    /* decides before it */
};

static void reach_in(const struct np_stage *stage, uint32_t at, enum np_direction direction,
                     struct reach *out)
{
    const struct np_tier *tier = stage->tiers[at];
    for (uint32_t p = 0; p < tier->n_policies && !out->reached; p++) {
        const struct np_policy *policy = tier->policies[p];
        const struct np_policy *by = NULL;
        if (!counts(policy) || !policy->subjects[direction]) {
            continue;
        }
        out->first = out->first ? out->first : policy;
        for (uint32_t t = 0; t < at && !by; t++) {
            by = closed_by(stage->tiers[t], direction, policy->subjects[direction]);
        }
        out->by = out->by ? out->by : by;
        out->reached = !by;
    }
}

/* In all stages and directions in which the tier stands. */
static struct reach reach_of(const struct np_lint *l, const struct np_tier *tier)
{
    struct reach reach = {0};
    for (uint32_t c = 0; c < l->model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = l->model->checkpoints[c];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            const struct np_stage *stage = checkpoint->stages[s];
            for (uint32_t t = 0; t < stage->n_tiers; t++) {
                if (stage->tiers[t] == tier) {
                    reach_in(stage, t, checkpoint->direction, &reach);
                }
            }
        }
    }
    return reach;
}

static void check_reach(struct np_lint *l, const struct np_tier *tier)
{
    struct reach reach = reach_of(l, tier);
    if (!reach.first || reach.reached) {
        return;
    }
    np_lint_report(l, NP_CODE_4116, -1, &reach.first->origin,
                   "nothing gets as far as tier %s: %s selects all that its policies select, and "
                   "tier %s decides it",
                   tier->name->text, np_str_slice(reach.by->origin.object).ptr,
                   reach.by->tier->name->text);
}

/* ---- policies that only log ---- */

static bool only_logs(const struct np_policy *policy, enum np_direction direction)
{
    bool only = policy->n_rules[direction] > 0;
    for (uint32_t r = 0; r < policy->n_rules[direction]; r++) {
        only = only && policy->rules[direction][r].action == NP_ACT_NOTE;
    }
    return only;
}

/* Of the policies of the tier that select the class some do more than log, or one has no rules: it
 * is there to deny. */
static bool another_decides(const struct np_class *class, enum np_direction direction,
                            const struct np_tier *tier)
{
    const struct np_focus *focus = &class->focus[direction];
    for (uint32_t p = 0; p < focus->n_policies; p++) {
        if (focus->policies[p]->tier == tier && !only_logs(focus->policies[p], direction)) {
            return true;
        }
    }
    return false;
}

static void check_logs(struct np_lint *l, const struct np_lint_policy *known,
                       enum np_direction direction)
{
    const struct np_policy *policy = known->policy;
    const struct np_tier *tier = policy->tier;
    const struct np_class *first = NULL;
    uint32_t pods = 0;
    if (!policy->isolates[direction] || !only_logs(policy, direction) ||
        tier->end[direction] != NP_END_DENY || tier->end_if != NP_TIER_ISOLATED) {
        return;
    }
    for (uint32_t c = 0; c < l->survey.n_classes; c++) {
        const struct np_class *class = &l->survey.classes[c];
        if (np_bits_get(&known->selected[direction], c) &&
            !another_decides(class, direction, tier)) {
            first = first ? first : class;
            pods += class->n_members;
        }
    }
    if (first) {
        struct np_text name;
        np_text_init(&name, l->ctx);
        np_tell_endpoint(&name, first->first);
        np_lint_report(l, NP_CODE_4117, -1, &policy->origin,
                       "the policy only logs %s, and makes the end of tier %s deny all of it to %u "
                       "pod%s (%s)",
                       np_direction_text(direction), tier->name->text, pods, pods > 1 ? "s" : "",
                       name.ptr ? name.ptr : "");
        np_text_free(&name);
    }
}

void np_lint_tiers(struct np_lint *l)
{
    const struct np_tier *last = NULL;
    for (uint32_t p = 0; p < l->n_policies; p++) { /* those of a tier stand together */
        const struct np_tier *tier = l->policies[p].policy->tier;
        if (tier != last && !l->off[NP_CODE_4116]) {
            check_reach(l, tier);
        }
        last = tier;
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            check_logs(l, &l->policies[p], (enum np_direction)d);
        }
    }
}
