/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that change a header which another rule of the same traffic looks at: what the other finds
 * depends on which of them the proxy tries first. Source: cilium/network_policy.cc of cilium/proxy
 * (with headerMatches every rule of a port is tried), pkg/envoy/sort.go of cilium/cilium.
 */
#include "dialect/cilium/l7.h"
#include "dialect/meet.h"

enum { BUDGET = 20000000 }; /* of comparisons; some seconds at most, then everything meets */

struct effects_check {
    struct np_lower *l;
    struct np_meet meet;
    np_vec(const struct np_rule *) changers; /* of a tier and direction */
    bool failed;
};

static bool same_name(np_str a, np_str b)
{
    struct np_slice x = np_str_slice(a), y = np_str_slice(b);
    bool same = x.len == y.len;
    for (size_t i = 0; same && i < x.len; i++) {
        unsigned char c = (unsigned char)x.ptr[i], d = (unsigned char)y.ptr[i];
        c = c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
        d = d >= 'A' && d <= 'Z' ? (unsigned char)(d + 32) : d;
        same = c == d;
    }
    return same;
}

/* Recursion ends at NP_EXPR_DEPTH, which the builder counts. */
static bool reads(const struct np_expr *expr, np_str header)
{
    if (!expr || expr->depth > NP_EXPR_DEPTH) {
        return false;
    }
    if (expr->op == NP_EXPR_ATOM) {
        return expr->view == NP_VIEW_HEADER && same_name(expr->name, header);
    }
    bool found = false;
    for (uint32_t i = 0; i < expr->count && !found; i++) {
        found = reads(expr->kids[i], header);
    }
    return found;
}

static bool rule_reads(const struct np_rule *rule, np_str header)
{
    bool found = false;
    for (uint32_t i = 0; i < rule->n_alternatives && !found; i++) {
        found = reads(rule->alternatives[i].request, header);
    }
    for (uint32_t i = 0; i < rule->n_effects && !found; i++) {
        found = reads(rule->effects[i].unless, header);
    }
    return found;
}

/* The name of a header that the one changes and the other looks at; NULL: none. */
static np_str between(const struct np_rule *changes, const struct np_rule *looks)
{
    for (uint32_t i = 0; i < changes->n_effects; i++) {
        const struct np_effect *effect = &changes->effects[i];
        if (effect->kind != NP_EFFECT_LOG && rule_reads(looks, effect->name)) {
            return effect->name;
        }
    }
    return NULL;
}

static bool rules_meet(struct effects_check *c, const struct np_rule *a, const struct np_rule *b)
{
    uint8_t d = a->direction;
    if (a->policy != b->policy &&
        !np_sets_meet(&c->meet, a->policy->subjects[d], b->policy->subjects[d])) {
        return false;
    }
    for (uint32_t i = 0; i < a->n_alternatives; i++) {
        for (uint32_t j = 0; j < b->n_alternatives; j++) {
            const struct np_match *x = &a->alternatives[i], *y = &b->alternatives[j];
            c->meet.budget -= c->meet.budget != 0;
            if (np_ports_meet(x, y) && np_sets_meet(&c->meet, x->far, y->far)) {
                return true;
            }
        }
    }
    return false;
}

static void report(struct effects_check *c, const struct np_rule *changes,
                   const struct np_rule *looks, np_str header)
{
    const struct np_origin *o = &looks->origin, *by = &changes->origin;
    struct np_place place = {.source = np_str_slice(o->source).ptr,
                             .line = o->line,
                             .column = o->column,
                             .object = np_str_slice(o->object).ptr,
                             .path = np_str_slice(o->path).ptr};
    c->l->errors += c->l->strict;
    np_diag_full(c->l->diags, NP_CODE_2568, c->l->strict ? NETPOL_ERROR : -1, NULL, &place,
                 "header %s is looked at here, and changed by %s %s (%s:%u:%u)",
                 np_str_slice(header).ptr, np_str_slice(by->object).ptr, np_str_slice(by->path).ptr,
                 np_str_slice(by->source).ptr, by->line, by->column);
}

static void collect(struct effects_check *c, const struct np_tier *tier, uint8_t direction)
{
    c->changers.count = 0;
    for (uint32_t i = 0; i < tier->n_walk[direction] && !c->failed; i++) {
        const struct np_rule *rule = tier->walk[direction][i];
        const struct np_rule **item = rule->n_effects ? np_vec_push(c->l->ctx, &c->changers) : NULL;
        c->failed = rule->n_effects && !item;
        if (item) {
            *item = rule;
        }
    }
}

/* Each rule that looks, with the first that changes. */
static void check_tier(struct effects_check *c, const struct np_tier *tier, uint8_t direction)
{
    collect(c, tier, direction);
    for (uint32_t i = 0; c->changers.count && !c->failed && i < tier->n_walk[direction]; i++) {
        const struct np_rule *looks = tier->walk[direction][i];
        for (size_t k = 0; k < c->changers.count; k++) {
            const struct np_rule *changes = c->changers.items[k];
            np_str header = looks == changes ? NULL : between(changes, looks);
            if (header && rules_meet(c, changes, looks)) {
                report(c, changes, looks, header);
                break;
            }
        }
    }
}

int np_cilium_check_effects(struct np_lower *l, const struct np_model *model)
{
    struct effects_check c = {
        .l = l, .meet = {.inventory = &model->inventory, .budget = BUDGET}
    };
    for (uint32_t i = 0; model->n_effects && i < model->n_checkpoints; i++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[i];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            const struct np_stage *stage = checkpoint->stages[s];
            for (uint32_t t = 0; t < stage->n_tiers; t++) {
                check_tier(&c, stage->tiers[t], checkpoint->direction);
            }
        }
    }
    np_vec_free(l->ctx, &c.changers);
    return c.failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}
