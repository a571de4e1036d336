/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Equal priorities. The API leaves the order of two policies of one tier and priority undefined
 * where both match; here the name decides, which is an answer but not everybody's. So such pairs
 * are reported - only pairs that can matter: an endpoint that both are about, and two rules of
 * different action whose peers and ports overlap. Where that cannot be told cheaply (a range of
 * addresses against a selector), it counts as overlap.
 */
#include "dialect/lower.h"
#include "dialect/meet.h"

enum { BUDGET = 20000000 }; /* of comparisons; some seconds at most, then everything overlaps */

struct tie_check {
    struct np_lower *l;
    struct np_meet meet;
};

static bool rules_meet(struct tie_check *c, const struct np_rule *a, const struct np_rule *b)
{
    for (uint32_t i = 0; i < a->n_alternatives; i++) {
        for (uint32_t j = 0; j < b->n_alternatives; j++) {
            const struct np_match *x = &a->alternatives[i], *y = &b->alternatives[j];
            c->meet.budget -= c->meet.budget != 0;
            if (c->meet.budget == 0 ||
                (np_ports_meet(x, y) && np_sets_meet(&c->meet, x->far, y->far))) {
                return true;
            }
        }
    }
    return false;
}

static bool differ_somewhere(struct tie_check *c, const struct np_policy *a,
                             const struct np_policy *b, int direction)
{
    for (uint32_t i = 0; i < a->n_rules[direction]; i++) {
        for (uint32_t j = 0; j < b->n_rules[direction]; j++) {
            const struct np_rule *x = &a->rules[direction][i], *y = &b->rules[direction][j];
            if (x->action != y->action && rules_meet(c, x, y)) {
                return true;
            }
        }
    }
    return false;
}

static const char *clash(struct tie_check *c, const struct np_policy *a, const struct np_policy *b)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        if (a->subjects[d] && b->subjects[d] &&
            np_sets_meet(&c->meet, a->subjects[d], b->subjects[d]) &&
            differ_somewhere(c, a, b, d)) {
            return d == NP_INGRESS ? "ingress" : "egress";
        }
    }
    return NULL;
}

static void report(struct tie_check *c, const struct np_policy *first,
                   const struct np_policy *second, const char *direction)
{
    struct np_lower *l = c->l;
    bool error = l->strict || l->options->priority_tie; /* name, error */
    struct np_place place = {
        .source = np_str_slice(second->origin.source).ptr,
        .line = second->origin.line,
        .column = second->origin.column,
        .object = np_str_slice(second->origin.object).ptr,
        .path = "spec.priority",
    };
    l->errors += error;
    np_diag_full(
        l->diags, NP_CODE_2220, error ? NETPOL_ERROR : -1, NULL, &place,
        "%s and %s have priority %g and may match the same %s traffic; the first is judged "
        "first, by name",
        np_str_slice(first->origin.object).ptr, np_str_slice(second->origin.object).ptr,
        second->order, direction);
}

/* Each policy is compared with those before it of its priority, and named with the first it meets.
 */
static void check_tier(struct tie_check *c, const struct np_tier *tier)
{
    for (uint32_t i = 1; i < tier->n_policies; i++) {
        const struct np_policy *policy = tier->policies[i];
        for (uint32_t j = i; j-- > 0 && tier->policies[j]->order == policy->order;) {
            const char *direction = clash(c, tier->policies[j], policy);
            if (direction) {
                report(c, tier->policies[j], policy, direction);
                break;
            }
        }
    }
}

int np_lower_check(struct np_lower *l, const struct np_model *model)
{
    struct tie_check c = {
        .l = l, .meet = {.inventory = &model->inventory, .budget = BUDGET}
    };
    for (uint32_t i = 0; i < model->n_checkpoints; i++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[i];
        if (checkpoint->kind != NP_CHECK_WORKLOAD || checkpoint->direction != NP_INGRESS) {
            continue; /* both directions share their tiers */
        }
        for (uint32_t t = 0; checkpoint->n_stages && t < checkpoint->stages[0]->n_tiers; t++) {
            const struct np_tier *tier = checkpoint->stages[0]->tiers[t];
            struct np_slice name = np_str_slice(tier->name);
            bool by_name = tier->rank_order == NP_LISTED; /* else equals are of one rank */
            if (by_name && (np_slice_is(name, "Admin") || np_slice_is(name, "Baseline"))) {
                check_tier(&c, tier);
            }
        }
    }
    return NETPOL_OK;
}
