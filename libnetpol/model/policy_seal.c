/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy half of the seal: sort, line the rules up in the order they are judged, number.
 *
 * Every order here is by what things are, never by when they were made, so that load order and file
 * split change nothing: neither a verdict nor a number. Two things that compare equal in everything
 * (kind, name, part, place in its file) are the same thing twice.
 */
#include "model/build_internal.h"
#include "base/defect.h"

#include <math.h>
#include <stdlib.h>

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* NULL before every text. */
static int compare_text(np_str a, np_str b)
{
    if (!a || !b) {
        return COMPARE(a != NULL, b != NULL);
    }
    return a == b ? 0 : np_slice_compare(np_str_slice(a), np_str_slice(b));
}

/* The first that is not 0. */
static int first_of(const int *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (results[i]) {
            return results[i];
        }
    }
    return 0;
}
#define FIRST_OF(...) \
    first_of((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static int compare_origin(const struct np_origin *a, const struct np_origin *b)
{
    return FIRST_OF(compare_text(a->option, b->option), compare_text(a->object, b->object),
                    compare_text(a->source, b->source), COMPARE(a->line, b->line),
                    COMPARE(a->column, b->column), compare_text(a->path, b->path));
}

/* Attribution: namespace, name, part; then whatever else tells two policies apart. */
static int compare_named(const struct np_policy *a, const struct np_policy *b)
{
    return FIRST_OF(compare_text(a->namespace_name, b->namespace_name),
                    compare_text(a->name, b->name), COMPARE(a->part, b->part),
                    compare_text(a->kind, b->kind), COMPARE(a->state, b->state),
                    compare_origin(&a->origin, &b->origin));
}

static int compare_policies(const void *x, const void *y)
{
    const struct np_policy *a = *(const struct np_policy *const *)x;
    const struct np_policy *b = *(const struct np_policy *const *)y;
    if (np_defect(TIES_REVERSED)) {
        return FIRST_OF(COMPARE(a->order, b->order), compare_text(b->tie, a->tie),
                        compare_named(b, a));
    }
    return FIRST_OF(COMPARE(a->order, b->order), compare_text(a->tie, b->tie), compare_named(a, b));
}

static int compare_tiers(const void *x, const void *y)
{
    const struct np_tier *a = *(struct np_tier *const *)x;
    const struct np_tier *b = *(struct np_tier *const *)y;
    return FIRST_OF(COMPARE(a->order, b->order), compare_text(a->name, b->name));
}

/* In a rank: notes are taken first, then deny, ask, allow, pass. */
static int verdict_class(const struct np_rule *rule)
{
    static const uint8_t classes[] = {[NP_ACT_NOTE] = 0,
                                      [NP_ACT_DENY] = 1,
                                      [NP_ACT_ASK] = 2,
                                      [NP_ACT_ALLOW] = 3,
                                      [NP_ACT_PASS] = 4};
    if (np_defect(ALLOW_BEFORE_DENY) && rule->action == NP_ACT_DENY) {
        return classes[NP_ACT_ALLOW] + 1;
    }
    return classes[rule->action];
}

static int compare_by_verdict(const void *x, const void *y)
{
    const struct np_rule *a = *(const struct np_rule *const *)x;
    const struct np_rule *b = *(const struct np_rule *const *)y;
    return FIRST_OF(COMPARE(a->policy->order, b->policy->order),
                    np_defect(RANKS_IGNORED) ? 0 : COMPARE(a->rank, b->rank),
                    COMPARE(verdict_class(a), verdict_class(b)),
                    a->policy == b->policy ? 0 : compare_named(a->policy, b->policy),
                    COMPARE(a->index, b->index), compare_origin(&a->origin, &b->origin));
}

/* Path order: egress of the source, lists, host out, host in, lists, ingress of the destination,
 * mesh. */
static int path_place(const struct np_checkpoint *c)
{
    static const uint8_t places[][NP_DIRECTIONS] = {
        [NP_CHECK_WORKLOAD] = {[NP_EGRESS] = 0, [NP_INGRESS] = 5},
        [NP_CHECK_LIST] = {[NP_EGRESS] = 1, [NP_INGRESS] = 4},
        [NP_CHECK_HOST] = {[NP_EGRESS] = 2, [NP_INGRESS] = 3},
        [NP_CHECK_MESH] = {[NP_EGRESS] = 6, [NP_INGRESS] = 7},
    };
    return places[c->kind][c->direction];
}

static int compare_checkpoints(const void *x, const void *y)
{
    const struct np_checkpoint *a = *(struct np_checkpoint *const *)x;
    const struct np_checkpoint *b = *(struct np_checkpoint *const *)y;
    return FIRST_OF(COMPARE(path_place(a), path_place(b)), compare_text(a->name, b->name),
                    COMPARE(a->mesh_mode, b->mesh_mode), COMPARE(a->mode, b->mode));
}

static void sort(void *items, size_t count, size_t element,
                 int (*compare)(const void *, const void *))
{
    if (count > 1) {
        qsort(items, count, element, compare);
    }
}

/* The rules of a policy become one array each direction. */
static void settle_rules(struct np_build *b, struct np_policy_made *made)
{
    struct np_policy *policy = &made->policy;
    if (policy->order != policy->order) { /* not a number: last */
        policy->order = HUGE_VAL;
    }
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        uint32_t count = policy->n_rules[d];
        struct np_rule *rules = count ? np_build_alloc(b, count, sizeof *rules) : NULL;
        for (uint32_t i = 0; rules && i < count; i++) {
            rules[i] = *made->rules[d][i];
            b->model->n_effects += rules[i].n_effects;
        }
        policy->rules[d] = rules;
    }
    b->model->staged = b->model->staged || policy->state != NP_ENFORCED;
}

static void line_up(struct np_build *b, struct np_tier *tier, int direction)
{
    uint32_t count = 0;
    for (uint32_t p = 0; p < tier->n_policies; p++) {
        count += tier->policies[p]->n_rules[direction];
    }
    const struct np_rule **walk = count ? np_build_alloc(b, count, sizeof *walk) : NULL;
    if (!walk) {
        return;
    }
    for (uint32_t p = 0; p < tier->n_policies; p++) {
        const struct np_policy *policy = tier->policies[p];
        for (uint32_t i = 0; i < policy->n_rules[direction] && policy->rules[direction]; i++) {
            walk[tier->n_walk[direction]++] = &policy->rules[direction][i];
        }
    }
    if (tier->rank_order == NP_BY_VERDICT) {
        sort(walk, tier->n_walk[direction], sizeof *walk, compare_by_verdict);
    }
    for (uint32_t i = 0; i < tier->n_walk[direction]; i++) {
        struct np_rule *rules = walk[i]->policy->rules[direction];
        rules[walk[i] - rules].place = i;
    }
    tier->walk[direction] = walk;
}

/*
 * Which enforced policies have a staged namesake in their tier. Both are sorted by namespace and
 * name within an order only, so a map from the pair is the plain way.
 */
static void mark_staged(struct np_build *b, struct np_tier *tier)
{
    struct np_map staged;
    np_map_init(&staged, b->ctx);
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < tier->n_policies; i++) {
            struct np_policy *policy = (struct np_policy *)(uintptr_t)tier->policies[i];
            uintptr_t key[2] = {(uintptr_t)policy->namespace_name, (uintptr_t)policy->name};
            struct np_slice slice = {(const char *)key, sizeof key};
            bool is_staged = policy->state == NP_STAGED_SET || policy->state == NP_STAGED_DELETE;
            if (pass == 0 && is_staged) {
                bool added;
                uint64_t *states = np_map_add(&staged, slice, &added);
                if (!states) {
                    np_build_fail(b);
                } else {
                    *states |= 1u << policy->state;
                }
            } else if (pass == 1 && policy->state == NP_ENFORCED) {
                const uint64_t *states = np_map_find(&staged, slice);
                policy->staged_set = states && (*states & 1u << NP_STAGED_SET);
                policy->staged_delete =
                    states && (*states & 1u << NP_STAGED_DELETE) && !np_defect(DELETED_STAYS);
            }
        }
    }
    np_map_free(&staged);
}

static void settle_tier(struct np_build *b, struct np_tier *tier)
{
    if (tier->order != tier->order) {
        tier->order = HUGE_VAL;
    }
    sort(tier->policies, tier->n_policies, sizeof *tier->policies, compare_policies);
    line_up(b, tier, NP_INGRESS);
    line_up(b, tier, NP_EGRESS);
    if (b->model->staged) {
        mark_staged(b, tier);
    }
}

/* ---- decision numbers ---- */

struct numbering {
    struct np_decision *decisions; /* NULL while they are counted */
    uint32_t next;
};

static uint32_t give(struct numbering *n, struct np_decision decision)
{
    if (n->decisions) {
        n->decisions[n->next] = decision;
    }
    return n->next++;
}

/* The rules of a tier in one direction; once, though several stages may share the tier. */
static void number_tier(struct numbering *n, struct np_tier *tier, const struct np_checkpoint *c)
{
    uint8_t d = c->direction;
    struct np_decision about = {.direction = d, .tier = tier, .checkpoint = c};
    for (uint32_t p = 0; p < tier->n_policies; p++) {
        struct np_policy *policy = (struct np_policy *)(uintptr_t)tier->policies[p];
        about.policy = policy;
        about.kind = NP_DECIDED_RULE;
        for (uint32_t i = 0; policy->rules[d] && i < policy->n_rules[d]; i++) {
            about.rule = &policy->rules[d][i];
            policy->rules[d][i].number = give(n, about);
        }
        about.rule = NULL;
        about.kind = NP_DECIDED_ISOLATION;
        policy->end_number[d] = give(n, about);
    }
    about.policy = NULL;
    about.kind = NP_DECIDED_TIER_END;
    tier->end_number[d] = give(n, about);
}

static void number_all(struct np_model *model, struct numbering *n)
{
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            struct np_stage *stage = checkpoint->stages[s];
            for (uint32_t t = 0; t < stage->n_tiers; t++) {
                if (stage->tiers[t]->end_number[checkpoint->direction] == 0) {
                    number_tier(n, stage->tiers[t], checkpoint);
                }
            }
            stage->default_number = give(n, (struct np_decision){.kind = NP_DECIDED_DEFAULT,
                                                                 .direction = checkpoint->direction,
                                                                 .checkpoint = checkpoint});
        }
    }
}

static void forget_numbers(struct np_build *b)
{
    for (size_t i = 0; i < b->policy.tiers.count; i++) {
        struct np_tier *tier = b->policy.tiers.items[i];
        tier->end_number[NP_INGRESS] = tier->end_number[NP_EGRESS] = 0;
    }
}

static int number(struct np_build *b)
{
    struct np_model *model = b->model;
    struct numbering n = {.decisions = NULL, .next = 1};
    number_all(model, &n); /* how many */
    n.decisions = np_build_alloc(b, n.next, sizeof *n.decisions);
    if (!n.decisions) {
        return NETPOL_ERR_MEMORY;
    }
    forget_numbers(b);
    model->decisions = n.decisions;
    model->n_decisions = n.next;
    n.next = 1;
    number_all(model, &n);
    return NETPOL_OK;
}

int np_policy_seal(struct np_build *b)
{
    struct np_policy_build *made = &b->policy;
    struct np_model *model = b->model;
    for (size_t i = 0; i < made->policies.count; i++) {
        settle_rules(b, made->policies.items[i]);
    }
    for (size_t i = 0; i < made->tiers.count; i++) {
        settle_tier(b, made->tiers.items[i]);
    }
    size_t count = made->checkpoints.count;
    struct np_checkpoint **checkpoints = np_build_alloc(b, count, sizeof *checkpoints);
    if (!checkpoints || b->failed) {
        return NETPOL_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        checkpoints[i] = made->checkpoints.items[i];
        for (uint32_t s = 0; s < checkpoints[i]->n_stages; s++) {
            struct np_stage *stage = checkpoints[i]->stages[s];
            sort(stage->tiers, stage->n_tiers, sizeof(struct np_tier *), compare_tiers);
        }
    }
    sort(checkpoints, count, sizeof(struct np_checkpoint *), compare_checkpoints);
    model->checkpoints = checkpoints;
    model->n_checkpoints = (uint32_t)count;
    return number(b);
}
