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
    struct np_partition partition;
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
            np_partition_mark(&r->partition, item->signature, item->truth);
        }
    }
    np_partition_split(&r->partition);
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
            np_partition_mark(&r->partition, s, ports);
        }
    }
    np_partition_split(&r->partition);
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

/* What a checkpoint says to the near end with nothing known at the far end. */
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
    return np_reference_applies(r->draft->model, checkpoint, &hop);
}

static void by_checkpoint(struct refiner *r, const struct np_checkpoint *checkpoint,
                          enum np_relation relation)
{
    for (uint32_t s = NP_SIG_NOWHERE; s < r->draft->n_sigs; s++) {
        np_truth truth = s == NP_SIG_UNCOMPILED ? NP_NO : exists(r, checkpoint, s, relation);
        if (truth != NP_NO) {
            bool host = checkpoint->kind == NP_CHECK_HOST;
            r->judged[s] = true;
            np_partition_mark(&r->partition, s, host ? s : truth);
        }
    }
    np_partition_split(&r->partition);
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
            np_partition_mark(&r->partition, s, 1);
        }
    }
    np_partition_split(&r->partition);
}

static void refine(struct refiner *r)
{
    enum np_direction d = r->side->near_is_source ? NP_EGRESS : NP_INGRESS;
    by_existence(r);
    if (r->side->list) {
        np_partition_by_address(r->draft, &r->partition);
    }
    for (uint32_t i = 0; i < r->side->n_policies && r->status == NETPOL_OK; i++) {
        const struct np_set *subjects = r->side->policies[i]->subjects[d];
        if (subjects && is_new(r, subjects)) {
            by_set(r, subjects);
        }
    }
    np_side_each(r->side, by_match, r);
}

/* Which policies may select a group; where hosts judge, all of them. */
static int list_policies(struct refiner *r, struct np_groups *out)
{
    enum np_direction d = r->side->near_is_source ? NP_EGRESS : NP_INGRESS;
    const struct np_grouping *g = &out->grouping;
    struct pair {
        uint32_t group, policy;
    };
    np_vec(struct pair) pairs = {0};
    uint32_t *count = np_arena_array(&r->draft->arena, g->count + 2, sizeof *count);
    bool failed = count == NULL;
    for (uint32_t i = 0; i < r->side->n_policies && !failed; i++) {
        const struct np_policy *policy = r->side->policies[i];
        bool dropped = np_defect(EMPTY_POLICIES_DROPPED) && policy->n_rules[d] == 0;
        const struct np_set *subjects = dropped ? NULL : policy->subjects[d];
        int last = subjects && np_set_is_relative(subjects) ? NP_RELATIONS - 1 : 0;
        uint32_t before = (uint32_t)pairs.count;
        for (int relation = 0; subjects && !r->side->host && relation <= last; relation++) {
            struct np_members m = np_draft_members(r->draft, subjects, r->side->near_is_source,
                                                   (enum np_relation)relation);
            for (uint32_t k = 0; k < m.count; k++) {
                uint32_t s = m.items[k].signature;
                bool listed = !r->judged[s] || g->first[g->of[s]] != s;
                for (size_t p = before; relation && p < pairs.count && !listed; p++) {
                    listed = pairs.items[p].group == g->of[s];
                }
                struct pair *pair = listed ? NULL : np_vec_push(r->draft->ctx, &pairs);
                failed = failed || (!listed && !pair);
                if (pair) {
                    *pair = (struct pair){g->of[s], i};
                    count[g->of[s] + 1]++;
                }
            }
        }
        for (uint32_t k = 0; r->side->host && k < g->count && !failed; k++) {
            struct pair *pair = np_vec_push(r->draft->ctx, &pairs);
            failed = !pair;
            if (pair) {
                *pair = (struct pair){k, i};
                count[k + 1]++;
            }
        }
    }
    out->policies = np_arena_array(&r->draft->arena, pairs.count, sizeof *out->policies);
    uint32_t *at = np_arena_array(&r->draft->arena, g->count + 1, sizeof *at);
    failed = failed || !out->policies || !at;
    for (uint32_t k = 0; k < g->count && !failed; k++) {
        count[k + 1] += count[k];
        at[k] = count[k];
    }
    for (size_t p = 0; p < pairs.count && !failed; p++) {
        out->policies[at[pairs.items[p].group]++] = pairs.items[p].policy;
    }
    out->first_policy = count;
    np_vec_free(r->draft->ctx, &pairs);
    return failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

static int finish(struct refiner *r, struct np_groups *out)
{
    int status = np_grouping_of(r->draft, &r->partition, &out->grouping);
    if (status == NETPOL_OK) {
        status = list_policies(r, out);
    }
    out->judged = np_arena_array(&r->draft->arena, out->grouping.count, sizeof *out->judged);
    for (uint32_t g = 0; out->judged && g < out->grouping.count; g++) {
        out->judged[g] = r->judged[out->grouping.first[g]];
    }
    return out->judged ? status : NETPOL_ERR_MEMORY;
}

int np_groups_make(struct np_draft *draft, const struct np_side_plan *side, struct np_groups *out)
{
    struct refiner r = {.draft = draft, .side = side};
    r.judged = np_arena_array(&draft->arena, draft->n_sigs, sizeof *r.judged);
    if (!r.judged || !np_partition_init(draft->ctx, &r.partition, draft->n_sigs)) {
        return NETPOL_ERR_MEMORY;
    }
    np_map_init(&r.seen, draft->ctx);
    refine(&r);
    if (r.status == NETPOL_OK) {
        r.status = finish(&r, out);
    }
    np_map_free(&r.seen);
    np_partition_free(&r.partition);
    return r.status;
}
