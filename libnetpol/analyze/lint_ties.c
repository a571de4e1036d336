/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies of one order in a tier, judged by name, where the name decides: a connection that two
 * rules of them match with different actions, and one of the two is what decides it.
 *
 * Looked for is a witness, for a finding must leave no doubt: a class that both policies select, a
 * partner (a class that both rules ask for, the begin of a range, an address that is nobody's), and
 * a port at which some span of theirs begins. The reference says whether both match and who
 * decides.
 */
#include "analyze/lint.h"
#include "analyze/tell.h"

#include <math.h>
#include <stdio.h>

enum { SHARED_CLASSES = 4, PARTNERS = 8, WITNESSES_MAX = 400000, PAIRS_MAX = 4000000 };

struct tie {
    struct np_lint *l;
    const struct np_policy *first, *second;
    enum np_direction direction;
    const struct np_class *subject;
    const struct np_rule *rules[2];
    uint32_t witnesses, pairs;
};

static const struct np_stage *stage_of(const struct np_checkpoint *checkpoint,
                                       const struct np_tier *tier)
{
    for (uint32_t s = 0; checkpoint && s < checkpoint->n_stages; s++) {
        for (uint32_t t = 0; t < checkpoint->stages[s]->n_tiers; t++) {
            if (checkpoint->stages[s]->tiers[t]->name == tier->name) {
                return checkpoint->stages[s];
            }
        }
    }
    return NULL;
}

/* ---- one connection ---- */

static bool is_decided_by(const struct tie *tie, const struct np_hop *hop)
{
    struct np_result result;
    np_survey_side(&tie->l->survey, tie->subject, tie->direction, hop, &result);
    for (int i = 0; i < 2; i++) {
        if (tie->rules[i]->action == NP_ACT_PASS || result.decision == tie->rules[i]->number) {
            return true;
        }
    }
    return false;
}

static bool both_match(struct tie *tie, const struct np_match *const matches[2],
                       const struct np_hop *hop)
{
    const struct np_checkpoint *checkpoint = tie->subject->focus[tie->direction].checkpoint;
    const struct np_stage *stage = stage_of(checkpoint, tie->first->tier);
    const char *axis = NULL;
    tie->witnesses++;
    return stage &&
           np_reference_match(tie->l->model, matches[0], hop, checkpoint, stage, &axis) == NP_YES &&
           np_reference_match(tie->l->model, matches[1], hop, checkpoint, stage, &axis) == NP_YES &&
           is_decided_by(tie, hop);
}

/* The ports at which the spans of the two begin, and the usual first one. */
static bool meets_at(struct tie *tie, const struct np_match *const matches[2], struct np_hop *hop)
{
    np_survey_aim(hop, 6, true, 1);
    if (both_match(tie, matches, hop)) {
        return true;
    }
    for (int i = 0; i < 2; i++) {
        const struct np_service *service = matches[i]->service;
        for (uint32_t s = 0; service && s < service->count; s++) {
            const struct np_port_span *span = &service->spans[s];
            bool behind = service->complement && span->last < UINT16_MAX;
            np_survey_aim(hop, span->protocol < 0 ? 6 : (uint8_t)span->protocol, span->ports,
                          (uint16_t)(behind ? span->last + 1 : span->first));
            if (both_match(tie, matches, hop)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- partners ---- */

static bool meets_address(struct tie *tie, const struct np_match *const matches[2],
                          const struct np_address *address)
{
    struct np_hop hop;
    return np_survey_hop_address(&tie->l->survey, tie->subject->first, address,
                                 tie->direction == NP_INGRESS, &hop) &&
           meets_at(tie, matches, &hop);
}

/* The begin of every range, and an address of a range that is kept for documentation (RFC 5737). */
static bool meets_outside(struct tie *tie, const struct np_match *const matches[2])
{
    struct np_address nobody = {
        .family = NP_IPV4, .bytes = {203, 0, 113, 77}
    };
    if (meets_address(tie, matches, &nobody)) {
        return true;
    }
    for (int i = 0; i < 2; i++) {
        const struct np_set *far = matches[i]->far;
        for (uint32_t c = 0; far && c < far->count; c++) {
            for (uint32_t k = 0; k < far->clauses[c].count; k++) {
                const struct np_literal *literal = far->clauses[c].items[k].literal;
                const struct np_prefix *begin = literal->kind == NP_LIT_CIDR ? &literal->prefix
                                                : literal->n_prefixes        ? literal->prefixes
                                                                             : NULL;
                if (begin && meets_address(tie, matches, &begin->address)) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool meets_class(struct tie *tie, const struct np_match *const matches[2])
{
    struct np_lint *l = tie->l;
    struct np_bits peers[2] = {{0}, {0}}; /* copies: asking for the second moves the first */
    unsigned tried = 0;
    for (int i = 0; i < 2; i++) {
        const struct np_bits *asked = matches[i]->far ? np_lint_peers(l, matches[i]->far) : NULL;
        if (l->failed) {
            return false;
        }
        peers[i] = asked ? *asked : peers[i];
    }
    for (uint32_t c = 0; c < l->survey.n_classes && tried < PARTNERS; c++) {
        const struct np_endpoint *own = tie->subject->first, *other = l->survey.classes[c].first;
        struct np_hop hop;
        if ((peers[0].words && !np_bits_get(&peers[0], c)) ||
            (peers[1].words && !np_bits_get(&peers[1], c)) || other == own) {
            continue;
        }
        tried++;
        bool in = tie->direction == NP_INGRESS;
        if (np_survey_hop(&l->survey, in ? other : own, in ? own : other,
                          np_survey_family(own, other), &hop) &&
            meets_at(tie, matches, &hop)) {
            return true;
        }
    }
    return false;
}

static bool rules_meet(struct tie *tie)
{
    for (uint32_t i = 0; i < tie->rules[0]->n_alternatives; i++) {
        for (uint32_t j = 0; j < tie->rules[1]->n_alternatives; j++) {
            const struct np_match *const matches[2] = {&tie->rules[0]->alternatives[i],
                                                       &tie->rules[1]->alternatives[j]};
            if (tie->witnesses < WITNESSES_MAX && !tie->l->failed &&
                (meets_class(tie, matches) || meets_outside(tie, matches))) {
                return true;
            }
        }
    }
    return false;
}

/* ---- pairs of policies ---- */

static bool differ(const struct np_rule *a, const struct np_rule *b)
{
    return a->action != b->action && a->action != NP_ACT_NOTE && b->action != NP_ACT_NOTE;
}

static bool policies_meet(struct tie *tie)
{
    const struct np_policy *a = tie->first, *b = tie->second;
    for (uint32_t i = 0; i < a->n_rules[tie->direction]; i++) {
        for (uint32_t j = 0; j < b->n_rules[tie->direction]; j++) {
            tie->rules[0] = &a->rules[tie->direction][i];
            tie->rules[1] = &b->rules[tie->direction][j];
            if (differ(tie->rules[0], tie->rules[1]) && rules_meet(tie)) {
                return true;
            }
        }
    }
    return false;
}

static unsigned actions_of(const struct np_policy *policy, enum np_direction direction)
{
    unsigned actions = 0;
    for (uint32_t r = 0; r < policy->n_rules[direction]; r++) {
        enum np_action action = policy->rules[direction][r].action;
        actions |= action == NP_ACT_NOTE ? 0u : 1u << action;
    }
    return actions;
}

/* Some rule of one says something else than some rule of the other. */
static bool may_differ(const struct np_policy *a, const struct np_policy *b,
                       enum np_direction direction)
{
    unsigned of_a = actions_of(a, direction), of_b = actions_of(b, direction);
    unsigned all = of_a | of_b;
    return of_a && of_b && (all & (all - 1)) != 0;
}

static void report(struct tie *tie)
{
    const struct np_policy *a = tie->first, *b = tie->second;
    struct np_text subject;
    char order[40] = "none";
    np_text_init(&subject, tie->l->ctx);
    np_tell_endpoint(&subject, tie->subject->first);
    if (isfinite(b->order)) {
        snprintf(order, sizeof order, "%g", b->order);
    }
    np_lint_report(tie->l, NP_CODE_4118, -1, &b->origin,
                   "%s has the same order (%s), is judged first by name alone, and decides some %s "
                   "of %s differently (its %s, %s here)",
                   np_str_slice(a->origin.object).ptr, order, np_direction_text(tie->direction),
                   subject.ptr ? subject.ptr : "", np_str_slice(tie->rules[0]->origin.path).ptr,
                   np_str_slice(tie->rules[1]->origin.path).ptr);
    np_text_free(&subject);
}

static bool clash(struct tie *tie, const struct np_lint_policy *a, const struct np_lint_policy *b)
{
    struct np_lint *l = tie->l;
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        unsigned shared = 0;
        tie->direction = (enum np_direction)d;
        if (!a->selects[d] || !b->selects[d] || !may_differ(a->policy, b->policy, tie->direction)) {
            continue;
        }
        for (uint32_t c = 0; c < l->survey.n_classes && shared < SHARED_CLASSES; c++) {
            if (!np_bits_get(&a->selected[d], c) || !np_bits_get(&b->selected[d], c)) {
                continue;
            }
            shared++;
            tie->subject = &l->survey.classes[c];
            if (policies_meet(tie)) {
                return true;
            }
        }
    }
    return false;
}

/* Each policy is named with the nearest before it. */
static void check_policy(struct tie *tie, uint32_t at)
{
    const struct np_lint_policy *known = &tie->l->policies[at];
    for (uint32_t i = at; i-- > 0;) {
        const struct np_lint_policy *before = &tie->l->policies[i];
        if (before->policy->tier != known->policy->tier ||
            before->policy->order != known->policy->order) {
            return;
        }
        if (++tie->pairs > PAIRS_MAX || tie->witnesses >= WITNESSES_MAX) {
            tie->l->stopped = true;
            return;
        }
        tie->first = before->policy;
        tie->second = known->policy;
        if (clash(tie, before, known)) {
            report(tie);
            return;
        }
    }
}

void np_lint_ties(struct np_lint *l)
{
    struct tie tie = {.l = l};
    for (uint32_t p = 0; p < l->n_policies && !l->off[NP_CODE_4118] && !l->failed; p++) {
        if (l->policies[p].policy->tier->rank_order == NP_LISTED &&
            l->policies[p].policy->tie) { /* kinds without tie have a check of their own */
            check_policy(&tie, p);
        }
    }
}
