/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes: a number for each name, so that "the same node" is one compare; a class for what
 * NODE_ADDRS conditions see of a node; and, where hosts are judged, a class for the host endpoints
 * that stand at it. Nodes whose host endpoints are alike judge alike, so 1,000 nodes made from one
 * template are one class.
 */
#include "compile/ends_internal.h"

enum { NOT_LOADED = 1, LABELS = 2, NO_NAME = 1, HOSTS = 2 };

uint32_t np_node_number(const struct np_ends_state *state, const struct np_end *end)
{
    np_str name = np_end_node_name(end);
    return name ? np_pairs_find(&state->node_numbers, name->id + 1ull) : 0;
}

/* The number of a name, which may be NULL. */
static bool add_name(struct np_ends_state *state, np_str name, uint32_t *number)
{
    *number = name ? np_pairs_find(&state->node_numbers, name->id + 1ull) : 0;
    if (!name || *number) {
        return true;
    }
    np_str *place = np_vec_push(state->ctx, &state->node_names);
    if (place) {
        *place = name;
    }
    *number = (uint32_t)state->node_names.count;
    return place &&
           np_pairs_add(&state->node_numbers, name->id + 1ull, (uint32_t)state->node_names.count);
}

static bool number_nodes(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    const struct np_inventory *inventory = &draft->model->inventory;
    bool fine = true;
    uint32_t number;
    for (uint32_t i = 0; i < inventory->n_nodes && fine; i++) {
        fine = add_name(state, inventory->nodes[i]->name, &number);
    }
    for (uint32_t i = 0; i < inventory->n_endpoints && fine; i++) {
        fine = add_name(state, inventory->endpoints[i]->node_name, &state->node_of[i]);
    }
    return fine;
}

static bool class_labels(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    const struct np_inventory *inventory = &draft->model->inventory;
    for (uint32_t i = 0; state->mentions.nodes && i < inventory->n_nodes; i++) {
        const struct np_node_info *node = inventory->nodes[i];
        if (node->synthesized) {
            continue;
        }
        state->scratch.count = 0;
        if (!np_project_put_labels(state, NP_MENTION_NODE_LABEL, &node->labels) ||
            !np_project_put_value(state, state->mentions.node_name, node->name)) {
            return false;
        }
        uint32_t number =
            np_words_add(&state->projections, state->scratch.items, (uint32_t)state->scratch.count);
        if (!number) {
            return false;
        }
        state->node_class[i + 1] = LABELS + number;
    }
    return true;
}

/* The host endpoints of a node, in the order they judge, are one sequence of kinds. Built as
 * chains: the class so far and the next kind; and the node itself, where a host endpoint's being
 * selected depends on whether the far end is on its node. */
static bool class_hosts(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    const struct np_inventory *inventory = &draft->model->inventory;
    for (uint32_t i = 0; draft->host && i < inventory->n_endpoints; i++) {
        const struct np_endpoint *e = inventory->endpoints[i];
        if (e->kind != NP_OBJ_HOST_ENDPOINT || !e->node_name) {
            continue;
        }
        uint32_t node = np_pairs_find(&state->node_numbers, e->node_name->id + 1ull);
        uint32_t *class = &state->host_class[node];
        const uint64_t itself = draft->hosts_look ? (uint64_t)node << 32 : 0;
        const uint64_t step[] = {UINT64_MAX, *class, itself | state->kind_of[i]};
        uint32_t number = np_words_add(&state->projections, step, 3);
        if (!number) {
            return false;
        }
        *class = HOSTS + number;
    }
    return true;
}

int np_project_nodes(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    if (!number_nodes(draft)) {
        return NETPOL_ERR_MEMORY;
    }
    size_t count = state->node_names.count + 1;
    draft->nodes = state->node_names.items;
    draft->n_nodes = (uint32_t)state->node_names.count;
    state->node_class = np_arena_array(&draft->arena, count, sizeof *state->node_class);
    state->host_class = np_arena_array(&draft->arena, count, sizeof *state->host_class);
    if (!state->node_class || !state->host_class) {
        return NETPOL_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        state->node_class[i] = NOT_LOADED;
        state->host_class[i] = HOSTS;
    }
    state->host_class[0] = NO_NAME;
    return class_labels(draft) && class_hosts(draft) ? NETPOL_OK : NETPOL_ERR_MEMORY;
}
