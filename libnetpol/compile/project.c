/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints into kinds: what conditions can see of an endpoint, addresses apart, as a sequence of
 * numbers. Labels with keys that nobody mentions fall away, values that nobody compares become
 * "other", so that 100,000 pods with names of their own in their labels are a few thousand kinds.
 *
 * Words of a kind: object kind, own network | projections of the namespace and the service account
 * | how many of the next two | labels and fields | ports | reference, where one counts.
 */
#include "compile/ends_internal.h"

#include <stdlib.h>

struct projector {
    struct np_ends_state *state;
    const struct np_mentions *mentions;
    const struct np_namespace *last_space;
    uint32_t last_projection;
    bool failed;
};

bool np_project_put(struct np_ends_state *state, uint64_t word)
{
    uint64_t *place = np_vec_push(state->ctx, &state->scratch);
    if (place) {
        *place = word;
    }
    return place != NULL;
}

bool np_project_put_value(struct np_ends_state *state, uint32_t key_number, np_str value)
{
    uint32_t test = 0;
    uint32_t code = np_project_value(&state->mentions, key_number, value);
    if (!code) {
        return true;
    }
    bool fine = np_project_put(state, (uint64_t)key_number << 32 | code);
    while (fine && np_project_test(&state->mentions, key_number, value, &test)) {
        fine = np_project_put(state, NP_IS_TEST | (uint64_t)key_number << 32 | test);
    }
    return fine;
}

bool np_project_put_labels(struct np_ends_state *state, uint8_t scope,
                           const struct np_labels *labels)
{
    bool fine = true;
    for (uint32_t i = 0; state->mentions.scopes[scope] && labels && i < labels->count; i++) {
        uint32_t key = np_mentions_key(&state->mentions, scope, labels->items[i].key);
        fine = fine && (!key || np_project_put_value(state, key, labels->items[i].value));
    }
    return fine;
}

/* Labels of something that many endpoints share, as one number; remembered by where they are. */
static uint32_t shared_labels(struct projector *p, struct np_pairs *seen, uint8_t scope,
                              const struct np_labels *labels)
{
    if (!labels || !p->mentions->scopes[scope]) {
        return 0;
    }
    uint32_t number = np_pairs_find(seen, (uintptr_t)labels);
    if (number) {
        return number;
    }
    p->state->scratch.count = 0;
    p->failed |= !np_project_put_labels(p->state, scope, labels);
    number = np_words_add(&p->state->projections, p->state->scratch.items,
                          (uint32_t)p->state->scratch.count);
    p->failed |= !number || !np_pairs_add(seen, (uintptr_t)labels, number);
    return number;
}

static uint32_t space_of(struct projector *p, const struct np_namespace *space)
{
    if (space != p->last_space) {
        p->last_space = space;
        p->last_projection =
            shared_labels(p, &p->state->spaces, NP_SCOPE_NAMESPACE, space ? &space->labels : NULL);
    }
    return p->last_projection;
}

static int compare_words(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Declared ports whose names are in use; in which order, and how often, does not matter. */
static void put_ports(struct projector *p, const struct np_endpoint *e)
{
    struct np_ends_state *state = p->state;
    size_t before = state->scratch.count;
    for (uint32_t i = 0; p->mentions->ports.count && i < e->n_ports; i++) {
        const struct np_named_port *port = &e->ports[i];
        if (port->name && np_pairs_find(&p->mentions->ports, port->name->id + 1ull)) {
            p->failed |= !np_project_put(state, (uint64_t)port->name->id << 32 |
                                                    (uint64_t)port->protocol << 16 | port->port);
        }
    }
    uint64_t *items = state->scratch.items + before;
    size_t count = state->scratch.count - before;
    if (count > 1) {
        size_t kept = 1;
        qsort(items, count, sizeof *items, compare_words);
        for (size_t i = 1; i < count; i++) {
            if (items[i] != items[kept - 1]) {
                items[kept++] = items[i];
            }
        }
        state->scratch.count = before + kept;
    }
}

static uint32_t kind_of(struct projector *p, const struct np_endpoint *e)
{
    struct np_ends_state *state = p->state;
    const struct np_mentions *m = p->mentions;
    uint64_t space = space_of(p, e->space);
    uint64_t account =
        shared_labels(p, &state->accounts, NP_SCOPE_SERVICE_ACCOUNT, e->account_labels);
    bool fine = true;
    state->scratch.count = 0;
    for (unsigned i = 0; i < NP_KIND_HEAD; i++) {
        fine = fine && np_project_put(state, 0);
    }
    fine = fine && np_project_put_labels(state, NP_SCOPE_OBJECT, &e->labels) &&
           np_project_put_value(state, m->fields[NP_FIELD_NAMESPACE], e->namespace_name) &&
           np_project_put_value(state, m->fields[NP_FIELD_NAME], e->name) &&
           np_project_put_value(state, m->fields[NP_FIELD_ACCOUNT], e->service_account) &&
           np_project_put_value(state, m->fields[NP_FIELD_ORCHESTRATOR], e->orchestrator);
    uint64_t labels = state->scratch.count - NP_KIND_HEAD;
    if (fine) {
        put_ports(p, e);
    }
    uint64_t ports = state->scratch.count - NP_KIND_HEAD - labels;
    bool by_ref = m->refs.count && np_pairs_find(&m->refs, e->ref);
    if (!fine || p->failed || (by_ref && !np_project_put(state, e->ref))) {
        return 0;
    }
    state->scratch.items[0] = (uint64_t)e->host_network << 16 | e->kind;
    state->scratch.items[1] = space << 32 | account;
    state->scratch.items[2] = labels << 32 | ports;
    state->scratch.items[3] = by_ref;
    return np_words_add(&state->kinds, state->scratch.items, (uint32_t)state->scratch.count);
}

/* Endpoints lie anywhere: ask for the later ones early. */
static void look_ahead(const struct np_inventory *inventory, uint32_t i)
{
    if (i + 2 * NP_AHEAD < inventory->n_endpoints) {
        const char *later = (const char *)inventory->endpoints[i + 2 * NP_AHEAD];
        const struct np_endpoint *soon = inventory->endpoints[i + NP_AHEAD];
        NP_SOON(later);
        NP_SOON(later + 64);
        NP_SOON(later + 128);
        NP_SOON(later + 192);
        NP_SOON(soon->labels.items);
        NP_SOON(soon->labels.items + 4);
        NP_SOON(soon->prefixes);
        NP_SOON(soon->ports);
    }
}

int np_project_kinds(struct np_draft *draft)
{
    struct np_ends_state *state = draft->ends;
    const struct np_inventory *inventory = &draft->model->inventory;
    struct projector p = {.state = state, .mentions = &state->mentions};
    uint32_t count = inventory->n_endpoints;
    for (unsigned side = 0; side < 2 && count; side++) { /* most have one address of a family */
        p.failed |=
            !np_vec_grow(state->ctx, (void **)&state->owned[side].items,
                         &state->owned[side].capacity, count, sizeof *state->owned[side].items);
    }
    for (uint32_t i = 0; i < count && !p.failed; i++) {
        look_ahead(inventory, i);
        uint32_t kind = kind_of(&p, inventory->endpoints[i]);
        p.failed |= !np_owned_add(state, inventory->endpoints[i]);
        if (kind > state->kind_first.count) {
            const struct np_endpoint **first = np_vec_push(state->ctx, &state->kind_first);
            if (first) {
                *first = inventory->endpoints[i];
            }
            p.failed |= !first;
        }
        p.failed |= kind == 0;
        state->kind_of[i] = kind;
    }
    return p.failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}
