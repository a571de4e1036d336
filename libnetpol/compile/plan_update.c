/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan when policies come and go.
 *
 * Conditions that are gone still divide classes, groups and ports: that is finer than needed, never
 * wrong. So everything is only refined by the policies that are new, a part that splits hands its
 * rows to both halves, and the reference is asked only about groups that one of the changed
 * policies may select. What no longer serves anybody stays in the tables until they have grown too
 * much; then a plan is made from nothing, as it is where a policy asks for something that no policy
 * asked for (a label, a prefix, the name of a port).
 */
#include "compile/plan.h"

struct update {
    struct np_plan *plan;
    const struct np_plan_change *change;
    struct np_side_plan fresh[NP_SIDES]; /* with the policies that are new */
    bool *wanted[NP_SIDES];              /* by group */
    struct np_arena arena;
    uint64_t replanned;
    bool *outgrown;
};

/* ---- sides ---- */

static bool has_tier(const struct np_side_plan *side, const struct np_tier *tier)
{
    for (uint32_t c = 0; c < side->n_checkpoints; c++) {
        for (uint32_t s = 0; s < side->checkpoints[c]->n_stages; s++) {
            const struct np_stage *stage = side->checkpoints[c]->stages[s];
            for (uint32_t t = 0; t < stage->n_tiers; t++) {
                if (stage->tiers[t] == tier) {
                    return true;
                }
            }
        }
    }
    return false;
}

static int make_sides(struct update *u, const struct np_model *model)
{
    struct np_plan *plan = u->plan;
    np_arena_free(&plan->passing);
    np_arena_init(&plan->passing, plan->draft.ctx, 4096);
    /* every part says what would be if staged policies were in force, once there are any */
    *u->outgrown = *u->outgrown || plan->draft.model->staged != model->staged;
    *(struct np_model *)(uintptr_t)plan->draft.model = *model;
    int status = np_sides_make(model, &plan->passing, plan->lists);
    plan->relations = false;
    for (int s = 0; s < NP_SIDES && status == NETPOL_OK; s++) {
        bool auth = plan->sides[s].auth, list = plan->sides[s].list;
        plan->sides[s] = plan->lists[s];
        plan->relations = plan->relations || plan->sides[s].relations;
        *u->outgrown = *u->outgrown || plan->sides[s].host || plan->sides[s].auth != auth || list ||
                       np_list_fits(&plan->lists[s]);
        u->fresh[s] = plan->sides[s];
        u->fresh[s].n_policies = 0;
        u->fresh[s].policies =
            np_arena_array(&u->arena, u->change->n_added, sizeof(struct np_policy *));
        for (size_t i = 0; u->fresh[s].policies && i < u->change->n_added; i++) {
            if (has_tier(&plan->sides[s], u->change->added[i]->tier)) {
                u->fresh[s].policies[u->fresh[s].n_policies++] = u->change->added[i];
            }
        }
        status = u->fresh[s].policies ? status : NETPOL_ERR_MEMORY;
    }
    return status;
}

static int cover(struct update *u)
{
    int status = NETPOL_OK;
    for (size_t i = 0; i < u->change->n_added && status == NETPOL_OK && !*u->outgrown; i++) {
        status = np_draft_covers(&u->plan->draft, u->change->added[i], u->outgrown);
    }
    return status;
}

/* ---- ports ---- */

/* Every port map, with the classes as they are now. */
static int spread_maps(struct update *u, const uint32_t *parents, uint32_t n_before)
{
    struct np_tables *tables = &u->plan->tables;
    uint32_t n = u->plan->ports.n_classes, distinct = (uint32_t)tables->maps.count / n_before;
    uint32_t *to = np_arena_array(&u->arena, distinct, sizeof *to);
    uint16_t *map = np_arena_array(&u->arena, n, sizeof *map);
    uint16_t *old = tables->maps.items;
    size_t capacity = tables->maps.capacity;
    tables->maps.items = NULL;
    tables->maps.count = tables->maps.capacity = 0;
    np_map_free(&tables->map_rows);
    int status = to && map ? NETPOL_OK : NETPOL_ERR_MEMORY;
    for (uint32_t i = 0; i < distinct && status == NETPOL_OK; i++) {
        for (uint32_t c = 0; c < n; c++) {
            map[c] = old[(size_t)i * n_before + parents[c]];
        }
        to[i] = np_tables_map(tables, map, n);
        status = to[i] == UINT32_MAX ? NETPOL_ERR_MEMORY : NETPOL_OK;
    }
    for (int s = 0; s < NP_SIDES && status == NETPOL_OK; s++) {
        for (uint32_t g = 0; g < u->plan->groups[s].grouping.count; g++) {
            u->plan->planned[s][g].ports = to[u->plan->planned[s][g].ports / n_before];
        }
    }
    np_free(tables->ctx, old, capacity * sizeof *old);
    return status;
}

static int refine_ports(struct update *u)
{
    const uint32_t *parents;
    uint32_t before = u->plan->ports.n_classes;
    int status = np_ports_refine(&u->plan->draft, u->fresh, &u->plan->ports, &u->arena, &parents,
                                 u->outgrown);
    return status == NETPOL_OK && !*u->outgrown && parents ? spread_maps(u, parents, before)
                                                           : status;
}

/* ---- classes ---- */

/* Classes that split off are exceptions where what they split from is one. */
static int spread_row(struct update *u, struct np_row_draft *row, uint32_t n_before)
{
    const struct np_grouping *g = &u->plan->classes;
    uint32_t more = 0;
    uint32_t *place = np_alloc(u->plan->draft.ctx, (size_t)n_before * sizeof *place);
    if (!place) {
        return NETPOL_ERR_MEMORY;
    }
    memset(place, 0xff, (size_t)n_before * sizeof *place);
    for (uint32_t i = 0; i < row->count; i++) {
        place[row->classes[i]] = i;
    }
    for (uint32_t c = n_before; c < g->count; c++) {
        more += place[np_grouping_parent(g, c)] != UINT32_MAX;
    }
    struct np_arena *arena = &u->plan->draft.arena;
    struct np_row_draft out = {.row = row->row, .count = row->count};
    out.classes = more ? np_arena_array(arena, row->count + more, sizeof *out.classes) : NULL;
    out.rows = more ? np_arena_array(arena, row->count + more, sizeof *out.rows) : NULL;
    if (out.classes && out.rows) {
        memcpy(out.classes, row->classes, row->count * sizeof *out.classes);
        memcpy(out.rows, row->rows, row->count * sizeof *out.rows);
        for (uint32_t c = n_before; c < g->count; c++) {
            uint32_t at = place[np_grouping_parent(g, c)];
            if (at != UINT32_MAX) {
                out.classes[out.count] = c;
                out.rows[out.count++] = row->rows[at];
            }
        }
        *row = out;
    }
    np_free(u->plan->draft.ctx, place, (size_t)n_before * sizeof *place);
    return !more || (out.classes && out.rows) ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* Variants that have one row have one afterwards. */
static int spread_group(struct update *u, struct np_group_plan *group, uint32_t n_before)
{
    const struct np_group_plan before = *group;
    int status = NETPOL_OK;
    for (int k = 0; k < NP_VARIANTS && status == NETPOL_OK; k++) {
        const struct np_row_draft *row = &before.rows[k];
        int j = 0;
        while (j < k &&
               (before.rows[j].classes != row->classes || before.rows[j].row != row->row)) {
            j++;
        }
        if (j < k) {
            group->rows[k] = group->rows[j];
        } else if (row->count) {
            status = spread_row(u, &group->rows[k], n_before);
        }
    }
    return status;
}

static int refine_classes(struct update *u)
{
    struct np_plan *plan = u->plan;
    uint32_t before = plan->classes.count;
    int status = np_far_refine(&plan->draft, u->fresh, &plan->classes);
    for (int s = 0; s < NP_SIDES && plan->classes.count > before; s++) {
        for (uint32_t g = 0; g < plan->groups[s].grouping.count && status == NETPOL_OK; g++) {
            status = spread_group(u, &plan->planned[s][g], before);
        }
    }
    return status;
}

/* ---- groups ---- */

static int refine_groups(struct update *u, int s)
{
    struct np_plan *plan = u->plan;
    struct np_groups *groups = &plan->groups[s];
    uint32_t before = groups->grouping.count;
    int status = np_groups_refine(&plan->draft, &u->fresh[s], groups);
    uint32_t count = groups->grouping.count;
    if (status != NETPOL_OK || count == before) {
        return status;
    }
    struct np_group_plan *planned = np_arena_array(&plan->draft.arena, count, sizeof *planned);
    for (uint32_t g = 0; planned && g < count; g++) {
        planned[g] = plan->planned[s][np_grouping_parent(&groups->grouping, g)];
    }
    plan->planned[s] = planned;
    return planned ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* Groups that the policy may select, or might until now. */
static int want(struct update *u, int s, const struct np_policy *policy)
{
    struct np_plan *plan = u->plan;
    const struct np_side_plan *side = &plan->sides[s];
    const struct np_set *subjects = policy->subjects[side->near_is_source ? NP_EGRESS : NP_INGRESS];
    int last = subjects && np_set_is_relative(subjects) ? NP_RELATIONS - 1 : 0;
    for (int k = 0; subjects && k <= last; k++) {
        struct np_members m =
            np_draft_members(&plan->draft, subjects, side->near_is_source, (enum np_relation)k);
        if (!m.items && m.count) {
            return NETPOL_ERR_MEMORY;
        }
        for (uint32_t i = 0; i < m.count; i++) {
            if (plan->groups[s].exists[m.items[i].signature]) {
                u->wanted[s][plan->groups[s].grouping.of[m.items[i].signature]] = true;
            }
        }
    }
    return NETPOL_OK;
}

/* A staged policy says what becomes of its namesake, so that is another one as well. */
static int want_namesakes(struct update *u, int s, const struct np_policy *policy)
{
    const struct np_side_plan *side = &u->plan->sides[s];
    int status = want(u, s, policy);
    for (uint32_t i = 0; u->plan->draft.model->staged && i < side->n_policies; i++) {
        const struct np_policy *other = side->policies[i];
        if (status == NETPOL_OK && other->name == policy->name &&
            other->namespace_name == policy->namespace_name) {
            status = want(u, s, other);
        }
    }
    return status;
}

static int replan(struct update *u, int s)
{
    struct np_plan *plan = u->plan;
    uint32_t count = plan->groups[s].grouping.count;
    uint64_t wanted = 0;
    u->wanted[s] = np_arena_array(&u->arena, count, sizeof *u->wanted[s]);
    int status = u->wanted[s] ? NETPOL_OK : NETPOL_ERR_MEMORY;
    for (size_t i = 0; i < u->change->n_dropped && status == NETPOL_OK; i++) {
        status = want_namesakes(u, s, u->change->dropped[i]);
    }
    for (size_t i = 0; i < u->change->n_added && status == NETPOL_OK; i++) {
        status = want_namesakes(u, s, u->change->added[i]);
    }
    for (uint32_t g = 0; g < count && status == NETPOL_OK; g++) {
        wanted += u->wanted[s][g];
    }
    u->replanned += wanted;
    if (status == NETPOL_OK && wanted) {
        status = np_groups_list(&plan->draft, &plan->sides[s], u->wanted[s], &u->arena,
                                &plan->groups[s]);
        status =
            status == NETPOL_OK ? np_rows_make(plan, (enum np_side_of_hop)s, u->wanted[s]) : status;
    }
    plan->groups[s].policies = plan->groups[s].first_policy = NULL; /* they were this update's */
    return status;
}

/* ---- all of it ---- */

static bool too_much(size_t now, size_t made)
{
    return now > 2 * made + 4096;
}

static void check_size(struct update *u)
{
    struct np_plan_size now = np_plan_size_of(u->plan), made = u->plan->made;
    *u->outgrown = *u->outgrown || too_much(now.classes, made.classes) ||
                   too_much(now.ports, made.ports) || too_much(now.groups, made.groups) ||
                   too_much(now.cells, made.cells) || too_much(now.parts, made.parts) ||
                   too_much(now.maps, made.maps);
}

static int update(struct update *u, const struct np_model *model)
{
    int status = make_sides(u, model);
    status = status == NETPOL_OK && !*u->outgrown ? cover(u) : status;
    status = status == NETPOL_OK && !*u->outgrown ? refine_ports(u) : status;
    status = status == NETPOL_OK && !*u->outgrown ? refine_classes(u) : status;
    for (int s = 0; s < NP_SIDES && status == NETPOL_OK && !*u->outgrown; s++) {
        status = refine_groups(u, s);
        status = status == NETPOL_OK ? replan(u, s) : status;
    }
    if (status == NETPOL_OK && !*u->outgrown) {
        check_size(u);
    }
    return status;
}

int np_plan_update(struct np_plan *plan, const struct np_model *model,
                   const struct np_plan_change *change, uint64_t *replanned, bool *outgrown)
{
    struct update u = {.plan = plan, .change = change, .outgrown = outgrown};
    *outgrown = false;
    np_arena_init(&u.arena, plan->draft.ctx, 4096);
    plan->tables.evaluated = 0;
    int status = update(&u, model);
    np_arena_free(&u.arena);
    *replanned = u.replanned;
    return status;
}
