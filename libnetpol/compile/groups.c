/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups: signatures that no rule of a side tells apart as the near end. Refined by whether the
 * checkpoints exist there, by whom policies select, by near sets and by what port names mean there.
 * Policies without rules count like any other: they isolate.
 */
#include "compile/plan.h"
#include "base/defect.h"

struct refiner {
    struct np_draft *draft;
    const struct np_side_plan *side;
    struct np_partition *partition;
    bool *judged; /* by signature: some checkpoint may exist */
    struct np_map seen;
    int status;
};

static bool is_new(struct refiner *r, const void *thing)
{
    bool added = false;
    if (!np_map_add(&r->seen, (struct np_slice){(const char *)&thing, sizeof thing}, &added)) {
        r->status = NETPOL_ERR_MEMORY;
    }
    return added;
}

static void by_members(struct refiner *r, const struct np_members *members)
{
    for (uint32_t i = 0; i < members->count; i++) {
        const struct np_sig_truth *item = &members->items[i];
        if (r->judged[item->signature]) {
            np_partition_mark(r->partition, item->signature, item->truth);
        }
    }
    np_partition_split(r->partition);
}

static void by_set(struct refiner *r, const struct np_set *set)
{
    int last = np_set_is_relative(set) ? NP_RELATIONS - 1 : 0;
    for (int relation = 0; relation <= last && r->status == NETPOL_OK; relation++) {
        struct np_members rest;
        struct np_members members = np_draft_members_parts(r->draft, set, r->side->near_is_source,
                                                           (enum np_relation)relation, &rest);
        if (!members.items && members.count) {
            r->status = NETPOL_ERR_MEMORY;
            return;
        }
        if (rest.count && is_new(r, rest.items)) { /* told apart once, for all sets that share it */
            by_members(r, &rest);
        }
        by_members(r, &members);
    }
}

static void by_portset(struct refiner *r, const struct np_portset *portset)
{
    for (uint32_t s = NP_SIG_NOWHERE; s < r->draft->n_sigs; s++) {
        uint32_t ports = r->judged[s] ? np_draft_port_names(r->draft, portset, s) : 0;
        if (ports) {
            np_partition_mark(r->partition, s, ports);
        }
    }
    np_partition_split(r->partition);
}

static void by_match(void *user, const struct np_rule *rule, const struct np_match *match)
{
    struct refiner *r = user;
    (void)rule;
    const struct np_portset *portset =
        r->side->near_is_source ? match->src_ports : match->dst_ports;
    if (match->near && r->status == NETPOL_OK && is_new(r, match->near) &&
        !np_defect(NEAR_SETS_DROPPED)) {
        by_set(r, match->near);
    }
    if (portset && r->status == NETPOL_OK && is_new(r, portset)) {
        by_portset(r, portset);
    }
}

/*
 * What a checkpoint says to the near end with nothing known at the far end. Which host endpoints a
 * relation selects, the far end decides: all of them may be.
 */
static np_truth exists(const struct refiner *r, const struct np_checkpoint *checkpoint, uint32_t s,
                       enum np_relation relation)
{
    struct np_hop hop = {.family = r->draft->sigs[s].family};
    struct np_end *near = r->side->near_is_source ? &hop.src : &hop.dst;
    struct np_end *far = r->side->near_is_source ? &hop.dst : &hop.src;
    *near = r->draft->sigs[s].end;
    *far = r->draft->sigs[NP_SIG_NOWHERE].end;
    np_draft_relate(relation, &hop.src, &hop.dst);
    hop.original = hop.dst;
    struct np_checkpoint any = *checkpoint;
    if (any.kind == NP_CHECK_HOST && any.subjects && np_set_is_relative(any.subjects)) {
        any.subjects = NULL;
    }
    return np_reference_applies(r->draft->model, &any, &hop);
}

static void by_checkpoint(struct refiner *r, const struct np_checkpoint *checkpoint,
                          enum np_relation relation)
{
    for (uint32_t s = NP_SIG_NOWHERE; s < r->draft->n_sigs; s++) {
        np_truth truth = s == NP_SIG_UNCOMPILED ? NP_NO : exists(r, checkpoint, s, relation);
        if (truth != NP_NO) {
            bool host = checkpoint->kind == NP_CHECK_HOST;
            r->judged[s] = true;
            np_partition_mark(r->partition, s, host ? s : truth);
        }
    }
    np_partition_split(r->partition);
}

/*
 * Host checkpoints look at the node itself: each near end is a group of its own there. Where the
 * subjects of a checkpoint name a relation, it may exist in one and not in another.
 */
static void by_existence(struct refiner *r)
{
    for (uint32_t c = 0; c < r->side->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = r->side->checkpoints[c];
        bool relative = checkpoint->subjects && np_set_is_relative(checkpoint->subjects);
        for (int k = 0; k < (relative ? NP_RELATIONS : 1); k++) {
            by_checkpoint(r, checkpoint, (enum np_relation)k);
        }
    }
    for (uint32_t s = NP_SIG_NOWHERE; s < r->draft->n_sigs; s++) {
        if (r->judged[s] && (r->draft->sigs[s].bits & NP_SIG_NODE)) {
            np_partition_mark(r->partition, s, 1);
        }
    }
    np_partition_split(r->partition);
}

static void refine(struct refiner *r)
{
    enum np_direction d = r->side->near_is_source ? NP_EGRESS : NP_INGRESS;
    for (uint32_t i = 0; i < r->side->n_policies && r->status == NETPOL_OK; i++) {
        const struct np_set *subjects = r->side->policies[i]->subjects[d];
        if (subjects && is_new(r, subjects)) {
            by_set(r, subjects);
        }
    }
    np_side_each(r->side, by_match, r);
}

/* ---- whom the policies select ---- */

struct pair {
    uint32_t group, policy;
};
struct lister {
    struct np_draft *draft;
    const struct np_side_plan *side;
    const struct np_groups *groups;
    const bool *wanted;
    np_vec(struct pair) pairs;
    bool failed;
};

static void pair_up(struct lister *l, uint32_t group, uint32_t policy)
{
    struct pair *pair = np_vec_push(l->draft->ctx, &l->pairs);
    if (pair) {
        *pair = (struct pair){group, policy};
    }
    l->failed = l->failed || !pair;
}

/* Groups that a policy may select, each once, though it may in several relations. */
static void pair_selected(struct lister *l, uint32_t policy, const struct np_set *subjects)
{
    const struct np_grouping *g = &l->groups->grouping;
    int last = np_set_is_relative(subjects) ? NP_RELATIONS - 1 : 0;
    size_t before = l->pairs.count;
    for (int relation = 0; relation <= last && !l->failed; relation++) {
        struct np_members m = np_draft_members(l->draft, subjects, l->side->near_is_source,
                                               (enum np_relation)relation);
        if (!m.items && m.count) {
            l->failed = true;
            return;
        }
        for (uint32_t k = 0; k < m.count; k++) {
            uint32_t s = m.items[k].signature;
            uint32_t group = g->of[s];
            bool listed =
                !l->groups->exists[s] || g->first[group] != s || (l->wanted && !l->wanted[group]);
            for (size_t p = before; relation && p < l->pairs.count && !listed; p++) {
                listed = l->pairs.items[p].group == group;
            }
            if (!listed) {
                pair_up(l, group, policy);
            }
        }
    }
}

/* By group, in the order of policies. */
static bool sort_pairs(const struct lister *l, struct np_arena *arena, struct np_groups *out)
{
    uint32_t groups = out->grouping.count;
    uint32_t *first = np_arena_array(arena, groups + 2, sizeof *first);
    uint32_t *at = np_arena_array(arena, groups + 1, sizeof *at);
    out->policies = np_arena_array(arena, l->pairs.count, sizeof *out->policies);
    out->first_policy = first;
    if (!first || !at || !out->policies) {
        return false;
    }
    for (size_t p = 0; p < l->pairs.count; p++) {
        first[l->pairs.items[p].group + 1]++;
    }
    for (uint32_t k = 0; k < groups; k++) {
        first[k + 1] += first[k];
        at[k] = first[k];
    }
    for (size_t p = 0; p < l->pairs.count; p++) {
        out->policies[at[l->pairs.items[p].group]++] = l->pairs.items[p].policy;
    }
    return true;
}

/* Where hosts judge, all policies may select every group. */
int np_groups_list(struct np_draft *draft, const struct np_side_plan *side, const bool *wanted,
                   struct np_arena *arena, struct np_groups *groups)
{
    enum np_direction d = side->near_is_source ? NP_EGRESS : NP_INGRESS;
    struct lister l = {.draft = draft, .side = side, .groups = groups, .wanted = wanted};
    for (uint32_t i = 0; i < side->n_policies && !l.failed; i++) {
        const struct np_policy *policy = side->policies[i];
        bool dropped = np_defect(EMPTY_POLICIES_DROPPED) && policy->n_rules[d] == 0;
        if (policy->subjects[d] && !side->host && !dropped) {
            pair_selected(&l, i, policy->subjects[d]);
        }
        for (uint32_t k = 0; side->host && k < groups->grouping.count && !l.failed; k++) {
            pair_up(&l, k, i);
        }
    }
    bool fine = !l.failed && sort_pairs(&l, arena, groups);
    np_vec_free(draft->ctx, &l.pairs);
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* ---- making, refining ---- */

static int note_judged(struct np_draft *draft, struct np_groups *out)
{
    out->judged = np_arena_array(&draft->arena, out->grouping.count, sizeof *out->judged);
    for (uint32_t g = 0; out->judged && g < out->grouping.count; g++) {
        out->judged[g] = out->exists[out->grouping.first[g]];
    }
    return out->judged ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

static int refine_and_number(struct refiner *r, struct np_groups *groups)
{
    np_map_init(&r->seen, r->draft->ctx);
    refine(r);
    np_map_free(&r->seen);
    if (r->status == NETPOL_OK) {
        r->status = np_grouping_number(r->draft, &groups->grouping);
    }
    return r->status == NETPOL_OK ? note_judged(r->draft, groups) : r->status;
}

int np_groups_make(struct np_draft *draft, const struct np_side_plan *side, struct np_groups *out)
{
    *out = (struct np_groups){0};
    struct refiner r = {.draft = draft, .side = side, .partition = &out->grouping.partition};
    r.judged = out->exists = np_arena_array(&draft->arena, draft->n_sigs, sizeof *r.judged);
    if (!r.judged || !np_partition_init(draft->ctx, r.partition, draft->n_sigs)) {
        return NETPOL_ERR_MEMORY;
    }
    by_existence(&r);
    if (side->list) {
        np_partition_by_address(draft, r.partition);
    }
    int status = refine_and_number(&r, out);
    return status == NETPOL_OK ? np_groups_list(draft, side, NULL, &draft->arena, out) : status;
}

int np_groups_refine(struct np_draft *draft, const struct np_side_plan *fresh,
                     struct np_groups *groups)
{
    struct refiner r = {.draft = draft,
                        .side = fresh,
                        .partition = &groups->grouping.partition,
                        .judged = groups->exists};
    return refine_and_number(&r, groups);
}

void np_groups_free(struct np_draft *draft, struct np_groups *groups)
{
    np_grouping_free(draft, &groups->grouping);
}
