/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that are more than a part of their place: those of pods, nodes, host endpoints and
 * services. One sort brings the owners of an address together; they keep the order in which the
 * reference takes them, which is that of the inventory.
 */
#include "compile/ends_internal.h"

static bool is_full(const struct np_prefix *prefix)
{
    return prefix->length == (prefix->address.family == NP_IPV4 ? 32 : 128);
}

static bool add_address(struct np_ends_state *state, const struct np_address *address,
                        uint32_t value)
{
    struct np_sort_item *item = np_vec_push(state->ctx, &state->owned[address->family == NP_IPV6]);
    if (item) {
        *item = (struct np_sort_item){np_number_of(address), value};
    }
    return item != NULL;
}

/* Of nobody who would own it. */
static bool add_addresses(struct np_ends_state *state, const struct np_prefix *prefixes,
                          uint32_t count)
{
    bool fine = true;
    for (uint32_t i = 0; fine && i < count && prefixes[i].address.family; i++) {
        fine = !is_full(&prefixes[i]) || add_address(state, &prefixes[i].address, 0);
    }
    return fine;
}

/* The first address of a family is the one it has when nobody says which. */
static bool add_pod(struct np_ends_state *state, const struct np_endpoint *e)
{
    bool seen[2] = {false, false};
    bool fine = true;
    for (uint32_t i = 0; fine && i < e->n_prefixes && e->prefixes[i].address.family; i++) {
        const struct np_prefix *prefix = &e->prefixes[i];
        bool *before = &seen[prefix->address.family == NP_IPV6];
        state->ranges_owned |= !is_full(prefix);
        fine = add_address(state, &prefix->address, (e->index + 1) << 1 | !*before);
        *before = true;
    }
    return fine;
}

bool np_owned_add(struct np_ends_state *state, const struct np_endpoint *e)
{
    if (e->host_network) {
        return true; /* its address is its node's */
    }
    return e->kind == NP_OBJ_WORKLOAD        ? add_pod(state, e)
           : e->kind == NP_OBJ_HOST_ENDPOINT ? add_addresses(state, e->prefixes, e->n_prefixes)
                                             : true;
}

int np_owned_collect(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    const struct np_inventory *inventory = &draft->model->inventory;
    bool fine = true;
    for (uint32_t i = 0; fine && i < inventory->n_nodes; i++) {
        const struct np_node_info *node = inventory->nodes[i];
        fine = add_addresses(state, node->addresses, node->n_addresses);
    }
    for (uint32_t i = 0; fine && i < inventory->n_services; i++) {
        const struct np_service_info *service = inventory->services[i];
        fine = add_addresses(state, service->addresses, service->n_addresses);
    }
    for (unsigned side = 0; fine && side < 2; side++) {
        fine = state->owned[side].count == 0 ||
               np_sort_items(state->ctx, state->owned[side].items, state->owned[side].count);
    }
    return !fine ? NETPOL_ERR_MEMORY : state->ranges_owned ? NETPOL_ERR_UNSUPPORTED : NETPOL_OK;
}

/* ---- signing ---- */

struct signer {
    struct np_draft *draft;
    struct np_ends_state *state;
    unsigned side;
    uint32_t run; /* of the address at hand */
    bool failed;
};

static void add_entry(struct signer *s, const struct np_address_entry *entry)
{
    s->draft->addresses[s->draft->n_addresses++] = *entry;
    s->failed |= entry->signature == 0;
}

static void sign_owner(struct signer *s, const struct np_address *address, uint32_t index, bool own,
                       uint32_t class)
{
    const struct np_address_entry entry = {.address = *address,
                                           .signature =
                                               np_sign_pod(s->draft, index, address, class),
                                           .endpoint = index + 1,
                                           .node = s->state->node_of[index]};
    add_entry(s, &entry);
    if (own) {
        s->state->own_signature[s->side][index] = entry.signature;
    }
}

/* Nobody owns it; is it more than any address of the place? */
static void sign_other(struct signer *s, const struct np_address *address,
                       const struct np_place_run *run)
{
    const struct np_model *model = s->draft->model;
    struct np_end end;
    uint32_t owners;
    (void)np_inventory_end(&model->inventory, &model->options, 0, address, address->family, 0, &end,
                           &owners);
    uint32_t signature = np_sign_end(s->draft, &end, run->class);
    if (signature != run->signature || end.endpoint || end.node) {
        const struct np_address_entry entry = {*address, signature,
                                               end.endpoint ? end.endpoint->index + 1 : 0,
                                               np_node_number(s->state, &end)};
        add_entry(s, &entry);
    }
}

/* The items from `first` on that are one address. Returns one past the last. */
static size_t sign_address(struct signer *s, size_t first)
{
    struct np_ends_state *state = s->state;
    const struct np_sort_item *items = state->owned[s->side].items;
    size_t count = state->owned[s->side].count;
    struct np_number number = items[first].key;
    struct np_address address = np_number_address(number, s->side ? NP_IPV6 : NP_IPV4);
    const struct np_place_run *runs = state->runs[s->side].items;
    while (s->run + 1 < state->runs[s->side].count &&
           np_number_compare(runs[s->run + 1].first, number) <= 0) {
        s->run++;
    }
    uint32_t last = 0;
    size_t i = first;
    for (; i < count && np_number_compare(items[i].key, number) == 0; i++) {
        uint32_t index = items[i].value >> 1;
        bool own = items[i].value & 1;
        if (index && index != last) { /* a pod may name an address twice, the first time as own */
            sign_owner(s, &address, index - 1, own, runs[s->run].class);
            last = index;
        }
    }
    if (!last) {
        sign_other(s, &address, &runs[s->run]);
    }
    return i;
}

int np_owned_sign(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    struct signer s = {.draft = draft, .state = state};
    size_t total = state->owned[0].count + state->owned[1].count;
    uint32_t n_endpoints = draft->model->inventory.n_endpoints;
    draft->addresses = np_arena_array(&draft->arena, total, sizeof *draft->addresses);
    draft->n_addresses = 0;
    state->own_signature[0] = np_arena_array(&draft->arena, n_endpoints, sizeof(uint32_t));
    state->own_signature[1] = np_arena_array(&draft->arena, n_endpoints, sizeof(uint32_t));
    if (!draft->addresses || !state->own_signature[0] || !state->own_signature[1]) {
        return NETPOL_ERR_MEMORY;
    }
    for (; s.side < 2; s.side++) {
        s.run = 0;
        for (size_t i = 0; i < state->owned[s.side].count && !s.failed;) {
            i = sign_address(&s, i);
        }
    }
    return s.failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}
