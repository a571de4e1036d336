/* SPDX-License-Identifier: Apache-2.0 */
/* The stations in order. */
#include "compile/plan.h"

/* A model without the lists that become residual trees: what ends, classes and groups look at. */
static int reduce(struct np_plan *plan, const struct np_model *model)
{
    struct np_arena *arena = &plan->draft.arena;
    struct np_model *copy = np_arena_alloc(arena, sizeof *copy);
    struct np_checkpoint **kept = np_arena_array(arena, model->n_checkpoints, sizeof *kept);
    if (!copy || !kept) {
        return NETPOL_ERR_MEMORY;
    }
    *copy = *model;
    copy->checkpoints = kept;
    copy->n_checkpoints = 0;
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        bool list = false;
        for (int s = 0; s < NP_SIDES; s++) {
            list = list || (np_list_fits(&plan->lists[s]) &&
                            plan->lists[s].checkpoints[0] == model->checkpoints[c]);
        }
        if (!list) {
            kept[copy->n_checkpoints++] = model->checkpoints[c];
        }
    }
    plan->draft.model = copy;
    return NETPOL_OK;
}

static int make_sides(struct np_plan *plan, const struct np_model *model)
{
    int status = np_sides_make(model, &plan->passing, plan->lists);
    status = status == NETPOL_OK ? reduce(plan, model) : status;
    status = status == NETPOL_OK ? np_sides_make(plan->draft.model, &plan->passing, plan->sides)
                                 : status;
    for (int s = 0; s < NP_SIDES && status == NETPOL_OK; s++) {
        plan->sides[s].list = np_list_fits(&plan->lists[s]);
        plan->relations = plan->relations || plan->sides[s].relations;
        plan->draft.hosts_look = plan->draft.hosts_look || plan->sides[s].hosts_look;
    }
    return status;
}

static int make_side(struct np_plan *plan, enum np_side_of_hop side)
{
    plan->planned[side] = np_arena_array(&plan->draft.arena, plan->groups[side].grouping.count,
                                         sizeof **plan->planned);
    return plan->planned[side] ? np_rows_make(plan, side, NULL) : NETPOL_ERR_MEMORY;
}

static int make_rows(struct np_plan *plan)
{
    int status = NETPOL_OK;
    for (int s = 0; s < NP_SIDES && status == NETPOL_OK; s++) {
        status = np_groups_make(&plan->draft, &plan->sides[s], &plan->groups[s]);
    }
    for (int s = 0; s < NP_SIDES && status == NETPOL_OK; s++) {
        enum np_side_of_hop side = (enum np_side_of_hop)s;
        status =
            plan->sides[s].list ? np_list_make(plan, &plan->lists[s], side) : make_side(plan, side);
    }
    return status;
}

struct np_plan_size np_plan_size_of(const struct np_plan *plan)
{
    struct np_plan_size size = {.classes = plan->classes.count,
                                .ports = plan->ports.n_classes,
                                .cells = plan->tables.cells.count,
                                .parts = plan->tables.parts.count,
                                .maps = plan->tables.maps.count};
    for (int s = 0; s < NP_SIDES; s++) {
        size.groups += plan->groups[s].grouping.count;
    }
    return size;
}

int np_plan_make(const struct netpol_ctx *ctx, const struct np_model *model, struct np_plan *plan)
{
    *plan = (struct np_plan){
        .draft = {.ctx = ctx, .model = model}
    };
    np_arena_init(&plan->draft.arena, ctx, 65536);
    np_arena_init(&plan->passing, ctx, 4096);
    plan->tables.ctx = ctx;
    np_map_init(&plan->tables.cell_rows, ctx);
    np_map_init(&plan->tables.map_rows, ctx);
    np_map_init(&plan->tables.part_lists, ctx);
    plan->tables.cuts = np_cut_begin(ctx);
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        plan->draft.host = plan->draft.host || model->checkpoints[c]->kind == NP_CHECK_HOST;
    }
    int status = plan->tables.cuts ? make_sides(plan, model) : NETPOL_ERR_MEMORY;
    status = status == NETPOL_OK ? np_draft_ends(&plan->draft) : status;
    status = status == NETPOL_OK ? np_ports_make(&plan->draft, plan->sides, &plan->ports) : status;
    status =
        status == NETPOL_OK ? np_far_classes(&plan->draft, plan->sides, &plan->classes) : status;
    status = status == NETPOL_OK ? make_rows(plan) : status;
    plan->made = np_plan_size_of(plan);
    return status;
}

void np_plan_free(struct np_plan *plan)
{
    const struct netpol_ctx *ctx = plan->draft.ctx;
    np_ports_free(&plan->ports);
    np_grouping_free(&plan->draft, &plan->classes);
    for (int s = 0; s < NP_SIDES; s++) {
        np_groups_free(&plan->draft, &plan->groups[s]);
    }
    np_draft_ends_free(&plan->draft);
    np_vec_free(ctx, &plan->tables.cells);
    np_vec_free(ctx, &plan->tables.maps);
    np_vec_free(ctx, &plan->tables.parts);
    np_map_free(&plan->tables.cell_rows);
    np_map_free(&plan->tables.map_rows);
    np_map_free(&plan->tables.part_lists);
    if (plan->tables.cuts) {
        np_cut_free(plan->tables.cuts);
    }
    np_arena_free(&plan->draft.arena);
    np_arena_free(&plan->passing);
}
