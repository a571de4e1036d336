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

/* The next thing to compare by, where all before were equal. */
#define THEN(order, next) ((order) = (order) ? (order) : (next))

static int compare_origin(const struct np_origin *a, const struct np_origin *b)
{
    int order = compare_text(a->option, b->option);
    THEN(order, compare_text(a->object, b->object));
    THEN(order, compare_text(a->source, b->source));
    THEN(order, COMPARE(a->line, b->line));
    THEN(order, COMPARE(a->column, b->column));
    THEN(order, compare_text(a->path, b->path));
    return order;
}

/* Attribution: namespace, name, part; then whatever else tells two policies apart. */
static int compare_named(const struct np_policy *a, const struct np_policy *b)
{
    int order = compare_text(a->namespace_name, b->namespace_name);
    THEN(order, compare_text(a->name, b->name));
    THEN(order, COMPARE(a->part, b->part));
    THEN(order, compare_text(a->kind, b->kind));
    THEN(order, COMPARE(a->state, b->state));
    THEN(order, compare_origin(&a->origin, &b->origin));
    return order;
}

static int compare_policies(const void *x, const void *y)
{
    const struct np_policy *a = *(const struct np_policy *const *)x;
    const struct np_policy *b = *(const struct np_policy *const *)y;
    int order = COMPARE(a->order, b->order);
    if (np_defect(TIES_REVERSED)) {
        THEN(order, compare_text(b->tie, a->tie));
        THEN(order, compare_named(b, a));
        return order;
    }
    THEN(order, compare_text(a->tie, b->tie));
    THEN(order, compare_named(a, b));
    return order;
}

static int compare_tiers(const void *x, const void *y)
{
    const struct np_tier *a = *(struct np_tier *const *)x;
    const struct np_tier *b = *(struct np_tier *const *)y;
    int order = COMPARE(a->order, b->order);
    THEN(order, COMPARE(a->late, b->late));
    return THEN(order, compare_text(a->name, b->name));
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
    int order = COMPARE(a->policy->order, b->policy->order);
    THEN(order, np_defect(RANKS_IGNORED) ? 0 : COMPARE(a->rank, b->rank));
    THEN(order, COMPARE(verdict_class(a), verdict_class(b)));
    THEN(order, a->policy == b->policy ? 0 : compare_named(a->policy, b->policy));
    THEN(order, COMPARE(a->index, b->index));
    THEN(order, compare_origin(&a->origin, &b->origin));
    return order;
}

/* As compare_by_verdict within the ALLOWs of a rank, but as the proxy tries them. */
static int compare_steps(const void *x, const void *y)
{
    const struct np_rule *a = *(const struct np_rule *const *)x;
    const struct np_rule *b = *(const struct np_rule *const *)y;
    int order = compare_text(a->step, b->step);
    return THEN(order, compare_by_verdict(x, y));
}

static bool are_alternatives(const struct np_rule *a, const struct np_rule *b)
{
    return a->action == NP_ACT_ALLOW && b->action == NP_ACT_ALLOW && a->rank == b->rank &&
           !(a->policy->order < b->policy->order) && !(a->policy->order > b->policy->order);
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
    int order = COMPARE(path_place(a), path_place(b));
    THEN(order, compare_text(a->name, b->name));
    THEN(order, COMPARE(a->mesh_mode, b->mesh_mode));
    THEN(order, COMPARE(a->mode, b->mode));
    return order;
}

/*
 * Pointers in order. What a model took from the one before is in order already, with a few new ones
 * at the end: these are put where they belong.
 */
static void sort(struct np_build *b, void *pointers, size_t count,
                 int (*compare)(const void *, const void *))
{
    void **items = pointers;
    size_t sorted = count ? 1 : 0;
    while (sorted < count && compare(&items[sorted - 1], &items[sorted]) <= 0) {
        sorted++;
    }
    size_t rest = count - sorted;
    void **tail = rest && rest < sorted / 8 ? np_alloc(b->ctx, rest * sizeof *tail) : NULL;
    if (!tail) {
        if (rest) {
            qsort(items, count, sizeof *items, compare);
        }
        return;
    }
    memcpy(tail, items + sorted, rest * sizeof *tail);
    qsort(tail, rest, sizeof *tail, compare);
    for (size_t at = count, left = rest; left; at--) {
        bool from_tail = sorted == 0 || compare(&items[sorted - 1], &tail[left - 1]) <= 0;
        items[at - 1] = from_tail ? tail[--left] : items[--sorted];
    }
    np_free(b->ctx, tail, rest * sizeof *tail);
}

/* The rules of a policy become one array each direction, with numbers of their own. */
static void settle_rules(struct np_build *b, struct np_policy_made *made)
{
    struct np_policy *policy = &made->policy;
    if (policy->order != policy->order) { /* not a number: last */
        policy->order = HUGE_VAL;
    }
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        uint32_t count = policy->n_rules[d];
        struct np_rule *rules = count ? np_seal_alloc(b, count, sizeof *rules) : NULL;
        for (uint32_t i = 0; rules && i < count; i++) {
            rules[i] = made->kept ? policy->rules[d][i] : *made->rules[d][i];
            rules[i].policy = policy;
            b->model->n_effects += rules[i].n_effects;
        }
        policy->rules[d] = rules;
    }
    b->model->staged = b->model->staged || policy->state != NP_ENFORCED;
}

/*
 * Where a rule of a rank changes requests it matters which of its ALLOWs are tried before it and
 * which behind, and attribution by name has to stand back.
 */
static void order_steps(struct np_build *b, const struct np_rule **walk, uint32_t count)
{
    for (uint32_t first = 0, end; first < count; first = end) {
        bool effects = walk[first]->n_effects > 0;
        for (end = first + 1; end < count && are_alternatives(walk[first], walk[end]); end++) {
            effects = effects || walk[end]->n_effects > 0;
        }
        if (effects && end - first > 1) {
            sort(b, walk + first, end - first, compare_steps);
        }
    }
}

static void line_up(struct np_build *b, struct np_tier *tier, int direction)
{
    uint32_t count = 0;
    for (uint32_t p = 0; p < tier->n_policies; p++) {
        count += tier->policies[p]->n_rules[direction];
    }
    const struct np_rule **walk = count ? np_seal_alloc(b, count, sizeof *walk) : NULL;
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
        sort(b, walk, tier->n_walk[direction], compare_by_verdict);
        order_steps(b, walk, tier->n_walk[direction]);
    }
    for (uint32_t i = 0; i < tier->n_walk[direction]; i++) {
        struct np_rule *rules = walk[i]->policy->rules[direction];
        rules[walk[i] - rules].place = i;
    }
    tier->walk[direction] = walk;
}

/* Of whom a staged policy of this name is the namesake. */
static void stage_key(const struct np_tier *tier, const struct np_policy *policy, uintptr_t key[3])
{
    key[0] = policy->namesakes ? (uintptr_t)policy->namesakes : (uintptr_t)tier;
    key[1] = (uintptr_t)policy->namespace_name;
    key[2] = (uintptr_t)policy->name;
}

static void note_staged(struct np_build *b, struct np_map *staged, const struct np_tier *tier)
{
    for (uint32_t i = 0; i < tier->n_policies; i++) {
        const struct np_policy *policy = tier->policies[i];
        uintptr_t key[3];
        bool added;
        if (policy->state == NP_STAGED_SET || policy->state == NP_STAGED_DELETE) {
            stage_key(tier, policy, key);
            uint64_t *states =
                np_map_add(staged, (struct np_slice){(const char *)key, sizeof key}, &added);
            if (!states) {
                np_build_fail(b);
                return;
            }
            *states |= 1u << policy->state;
        }
    }
}

static void mark_namesakes(const struct np_map *staged, struct np_tier *tier)
{
    for (uint32_t i = 0; i < tier->n_policies; i++) {
        struct np_policy *policy = (struct np_policy *)(uintptr_t)tier->policies[i];
        uintptr_t key[3];
        if (policy->state == NP_ENFORCED) {
            stage_key(tier, policy, key);
            const uint64_t *states =
                np_map_find(staged, (struct np_slice){(const char *)key, sizeof key});
            policy->staged_set = states && (*states & 1u << NP_STAGED_SET);
            policy->staged_delete =
                states && (*states & 1u << NP_STAGED_DELETE) && !np_defect(DELETED_STAYS);
        }
    }
}

/*
 * Which enforced policies have a staged namesake. Both are sorted by namespace and name within an
 * order only, and may stand in different tiers, so a map is the plain way.
 */
static void mark_staged(struct np_build *b)
{
    struct np_map staged;
    np_map_init(&staged, b->ctx);
    for (size_t i = 0; i < b->policy.tiers.count; i++) {
        note_staged(b, &staged, b->policy.tiers.items[i]);
    }
    for (size_t i = 0; i < b->policy.tiers.count; i++) {
        mark_namesakes(&staged, b->policy.tiers.items[i]);
    }
    np_map_free(&staged);
}

static void settle_tier(struct np_build *b, struct np_tier *tier)
{
    if (tier->order != tier->order) {
        tier->order = HUGE_VAL;
    }
    sort(b, tier->policies, tier->n_policies, compare_policies);
    line_up(b, tier, NP_INGRESS);
    line_up(b, tier, NP_EGRESS);
}

/* ---- decision numbers ---- */

struct numbering {
    struct np_decision *decisions; /* NULL while numbers are given */
    const uint32_t *to;            /* not NULL: numbers become others */
    uint32_t next;
    uint8_t pass;
};

/* A number that is there from the model before stays. */
static void give(struct numbering *n, uint32_t *number, struct np_decision decision)
{
    if (n->to) {
        *number = n->to[*number];
    } else if (*number == 0) {
        *number = n->next++;
    }
    if (n->decisions) {
        n->decisions[*number] = decision;
    }
}

/* The rules of a tier in one direction; once, though several stages may share the tier. */
static void number_tier(struct numbering *n, struct np_tier *tier, const struct np_checkpoint *c)
{
    uint8_t d = c->direction;
    struct np_decision about = {.direction = d, .tier = tier, .checkpoint = c};
    if (tier->numbered[d] == n->pass) {
        return;
    }
    tier->numbered[d] = n->pass;
    for (uint32_t p = 0; p < tier->n_policies; p++) {
        struct np_policy *policy = (struct np_policy *)(uintptr_t)tier->policies[p];
        about.policy = policy;
        about.kind = NP_DECIDED_RULE;
        for (uint32_t i = 0; policy->rules[d] && i < policy->n_rules[d]; i++) {
            about.rule = &policy->rules[d][i];
            give(n, &policy->rules[d][i].number, about);
        }
        about.rule = NULL;
        about.kind = NP_DECIDED_ISOLATION;
        give(n, &policy->end_number[d], about);
    }
    about.policy = NULL;
    about.kind = NP_DECIDED_TIER_END;
    give(n, &tier->end_number[d], about);
}

static void number_all(struct np_model *model, struct numbering *n)
{
    n->pass++;
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            struct np_stage *stage = checkpoint->stages[s];
            for (uint32_t t = 0; t < stage->n_tiers; t++) {
                number_tier(n, stage->tiers[t], checkpoint);
            }
            give(n, &stage->default_number,
                 (struct np_decision){.kind = NP_DECIDED_DEFAULT,
                                      .direction = checkpoint->direction,
                                      .checkpoint = checkpoint});
        }
    }
}

static bool is_namesake(const struct np_policy *a, const struct np_policy *b)
{
    return a->kind == b->kind && a->namesakes == b->namesakes &&
           a->namespace_name == b->namespace_name && a->name == b->name && a->part == b->part &&
           a->tier->name == b->tier->name;
}

/* Would a person call both the same? Then they have one key (compile/describe.c). */
static bool is_same_rule(const struct np_rule *a, const struct np_rule *b)
{
    return a->title == b->title && a->origin.path == b->origin.path &&
           a->origin.option == b->origin.option && a->origin.object == b->origin.object;
}

/*
 * The number that a rule had in the policy before: of what stood at its place, or, as options make
 * the last rules of a policy, as far from the end. 0: none of this name.
 */
static uint32_t number_before(const struct np_policy *policy, const struct np_policy *old, int d,
                              uint32_t r)
{
    const struct np_rule *now = policy->rules[d], *then = old->rules[d];
    if (r < old->n_rules[d] && is_same_rule(&now[r], &then[r])) {
        return then[r].number;
    }
    uint32_t from_end = policy->n_rules[d] - r;
    uint32_t at = old->n_rules[d] - from_end;
    bool free = from_end <= old->n_rules[d] &&
                (at >= policy->n_rules[d] || !is_same_rule(&now[at], &then[at]));
    return free && is_same_rule(&now[r], &then[at]) ? then[at].number : 0;
}

/* An edited policy keeps its numbers, as far as its rules are called what they were called. */
static void hand_down(struct np_build *b)
{
    for (size_t i = 0; i < b->policy.policies.count && b->policy.dropped.count; i++) {
        struct np_policy *policy = &b->policy.policies.items[i]->policy;
        const struct np_policy *old = NULL;
        for (size_t k = 0; k < b->policy.dropped.count && !b->policy.policies.items[i]->kept; k++) {
            bool same = is_namesake(policy, b->policy.dropped.items[k]);
            old = same ? b->policy.dropped.items[k] : old;
        }
        for (int d = 0; old && d < NP_DIRECTIONS; d++) {
            policy->end_number[d] = old->end_number[d];
            for (uint32_t r = 0; r < policy->n_rules[d]; r++) {
                policy->rules[d][r].number = number_before(policy, old, d, r);
            }
        }
    }
}

static int number(struct np_build *b)
{
    struct np_model *model = b->model;
    struct numbering n = {.next = b->before ? b->before->n_decisions : 1};
    hand_down(b);
    number_all(model, &n);
    n.decisions = np_seal_alloc(b, n.next, sizeof *n.decisions);
    if (!n.decisions) {
        return NETPOL_ERR_MEMORY;
    }
    number_all(model, &n);
    model->decisions = n.decisions;
    model->n_decisions = n.next;
    return NETPOL_OK;
}

int np_model_renumber(struct np_model *model, const uint32_t *to, uint32_t count)
{
    enum { PASSES = 2 }; /* of the seal */
    struct np_decision *decisions = np_arena_array(&model->arena, count, sizeof *decisions);
    struct numbering n = {.decisions = decisions, .to = to, .pass = PASSES};
    if (!decisions) {
        return NETPOL_ERR_MEMORY;
    }
    number_all(model, &n);
    model->decisions = decisions;
    model->n_decisions = count;
    return NETPOL_OK;
}

int np_policy_seal(struct np_build *b)
{
    struct np_policy_build *made = &b->policy;
    struct np_model *model = b->model;
    for (size_t i = 0; i < made->policies.count; i++) {
        settle_rules(b, made->policies.items[i]);
    }
    np_redirects_seal(b);
    for (size_t i = 0; i < made->tiers.count; i++) {
        settle_tier(b, made->tiers.items[i]);
    }
    if (b->model->staged) {
        mark_staged(b);
    }
    size_t count = made->checkpoints.count;
    struct np_checkpoint **checkpoints = np_seal_alloc(b, count, sizeof *checkpoints);
    if (!checkpoints || b->failed) {
        return NETPOL_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        checkpoints[i] = made->checkpoints.items[i];
        for (uint32_t s = 0; s < checkpoints[i]->n_stages; s++) {
            struct np_stage *stage = checkpoints[i]->stages[s];
            sort(b, stage->tiers, stage->n_tiers, compare_tiers);
        }
    }
    sort(b, checkpoints, count, compare_checkpoints);
    model->checkpoints = checkpoints;
    model->n_checkpoints = (uint32_t)count;
    return number(b);
}
