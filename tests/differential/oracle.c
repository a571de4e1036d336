/* SPDX-License-Identifier: Apache-2.0 */
/* The walk by enumeration. */
#include "differential/oracle.h"

#include <stdlib.h>

enum { MAX_ITEMS = 128, MAX_MAYBE = 12 };

/* Everything that can decide, in order: rules, and the ends of tiers. */
struct item {
    const struct np_rule *rule; /* NULL: the end of a tier */
    const struct np_tier *tier;
    np_truth truth;
    uint8_t end;
};
struct list {
    struct item items[MAX_ITEMS];
    uint32_t count;
    bool full;
    const struct np_model *model;
    const struct np_checkpoint *checkpoint;
    const struct np_hop *hop;
};

static np_truth subject(const struct list *l, const struct np_policy *p)
{
    const struct np_set *set = p->subjects[l->checkpoint->direction];
    const struct np_end *near =
        l->checkpoint->direction == NP_INGRESS ? &l->hop->dst : &l->hop->src;
    return set && p->state == NP_ENFORCED ? np_reference_set(l->model, set, l->hop, near) : NP_NO;
}

static np_truth truth_of(const struct list *l, const struct np_rule *rule)
{
    np_truth any = NP_NO;
    const char *axis;
    for (uint32_t i = 0; i < rule->n_alternatives; i++) {
        any = np_or(any, np_reference_match(l->model, &rule->alternatives[i], l->hop, l->checkpoint,
                                            l->checkpoint->stages[0], &axis));
    }
    return np_and(subject(l, rule->policy), any);
}

/* NOTE, DENY, ASK, ALLOW, PASS within a rank. */
static int class_of(uint8_t action)
{
    return action == NP_ACT_NOTE   ? 0
           : action == NP_ACT_DENY ? 1
           : action == NP_ACT_ASK  ? 2
           : action == NP_ACT_PASS ? 4
                                   : 3;
}

static bool comes_before(const struct np_tier *tier, const struct np_rule *a,
                         const struct np_rule *b)
{
    if (a->policy->order != b->policy->order) {
        return a->policy->order < b->policy->order;
    }
    if (tier->rank_order == NP_LISTED) {
        int ties = np_slice_compare(np_str_slice(a->policy->tie), np_str_slice(b->policy->tie));
        if (ties) {
            return ties < 0;
        }
        int names = np_slice_compare(np_str_slice(a->policy->namespace_name),
                                     np_str_slice(b->policy->namespace_name));
        names =
            names ? names
                  : np_slice_compare(np_str_slice(a->policy->name), np_str_slice(b->policy->name));
        return names                                ? names < 0
               : a->policy->part != b->policy->part ? a->policy->part < b->policy->part
                                                    : a->index < b->index;
    }
    if (a->rank != b->rank) {
        return a->rank < b->rank;
    }
    return class_of(a->action) < class_of(b->action);
}

static void append(struct list *l, struct item item)
{
    if (l->count == MAX_ITEMS) {
        l->full = true;
        return;
    }
    l->items[l->count++] = item;
}

static np_truth isolated(const struct list *l, const struct np_tier *tier)
{
    np_truth any = tier->end_if == NP_ALWAYS ? NP_YES : NP_NO;
    const struct np_stage *stage = l->checkpoint->stages[0];
    for (uint32_t t = 0; t < stage->n_tiers; t++) {
        const struct np_tier *one = stage->tiers[t];
        for (uint32_t i = 0; i < one->n_policies; i++) {
            bool counts = one == tier || tier->end_if == NP_CHECKPOINT_ISOLATED;
            if (counts && one->policies[i]->isolates[l->checkpoint->direction]) {
                any = np_or(any, subject(l, one->policies[i]));
            }
        }
    }
    return any;
}

static void list_tier(struct list *l, const struct np_tier *tier)
{
    uint8_t d = l->checkpoint->direction;
    uint32_t first = l->count;
    for (uint32_t p = 0; p < tier->n_policies; p++) {
        const struct np_policy *policy = tier->policies[p];
        for (uint32_t i = 0; i < policy->n_rules[d]; i++) {
            const struct np_rule *rule = &policy->rules[d][i];
            append(l, (struct item){.rule = rule, .tier = tier, .truth = truth_of(l, rule)});
        }
    }
    for (uint32_t i = first + 1; i < l->count; i++) { /* insertion sort: stable */
        for (uint32_t j = i;
             j > first && comes_before(tier, l->items[j].rule, l->items[j - 1].rule); j--) {
            struct item swap = l->items[j];
            l->items[j] = l->items[j - 1];
            l->items[j - 1] = swap;
        }
    }
    if (tier->end[d] != NP_END_PASS) {
        append(l, (struct item){.tier = tier, .truth = isolated(l, tier), .end = tier->end[d]});
    }
}

/* One two-valued walk; bits say how each MAYBE turned out. true: allowed. */
static bool walk(const struct list *l, uint32_t bits, uint32_t deny_bit)
{
    const struct np_tier *passed = NULL;
    uint32_t next = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        const struct item *item = &l->items[i];
        bool yes = np_is_maybe(item->truth) ? bits >> next++ & 1 : item->truth == NP_YES;
        if (!yes || item->tier == passed) {
            continue;
        }
        if (!item->rule) {
            return item->end == NP_END_ALLOW;
        }
        switch (item->rule->action) {
        case NP_ACT_ALLOW:
            return true;
        case NP_ACT_DENY:
            return false;
        case NP_ACT_PASS:
            passed = item->tier;
            break;
        case NP_ACT_ASK:
            if (bits >> deny_bit & 1) { /* one provider, one answer */
                return false;
            }
            break;
        default:
            break;
        }
    }
    return l->checkpoint->stages[0]->on_end == NP_ON_END_ALLOW;
}

void oracle_ask(const struct np_model *model, const struct np_checkpoint *checkpoint,
                const struct np_hop *hop, struct oracle_answer *out)
{
    static struct list l; /* large; the tests have one thread */
    l = (struct list){.model = model, .checkpoint = checkpoint, .hop = hop};
    *out = (struct oracle_answer){false, false, false};
    const struct np_stage *stage = checkpoint->stages[0];
    for (uint32_t t = 0; t < stage->n_tiers; t++) {
        list_tier(&l, stage->tiers[t]);
    }
    uint32_t maybe = 0;
    for (uint32_t i = 0; i < l.count; i++) {
        maybe += np_is_maybe(l.items[i].truth);
    }
    if (maybe > MAX_MAYBE || l.full) {
        return;
    }
    out->known = true;
    for (uint32_t bits = 0; bits < 1u << (maybe + 1); bits++) {
        bool allowed = walk(&l, bits, maybe);
        out->may_allow = out->may_allow || allowed;
        out->may_deny = out->may_deny || !allowed;
    }
}
