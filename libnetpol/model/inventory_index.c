/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in a sealed inventory; all of it reads only. */
#include "model/inventory_internal.h"
#include "base/defect.h"

#include <stdlib.h>

/* ---- by name ---- */

static int compare_name(struct np_slice space, struct np_slice name, np_str at_space,
                        np_str at_name)
{
    int order = np_slice_compare(space, np_str_slice(at_space));
    return order ? order : np_slice_compare(name, np_str_slice(at_name));
}

const struct np_namespace *np_inventory_namespace(const struct np_inventory *inv,
                                                  struct np_slice name)
{
    size_t low = 0, high = inv->n_namespaces;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = np_slice_compare(name, np_str_slice(inv->namespaces[middle]->name));
        if (order == 0) {
            return inv->namespaces[middle];
        }
        low = order > 0 ? middle + 1 : low;
        high = order > 0 ? high : middle;
    }
    return NULL;
}

const struct np_node_info *np_inventory_node(const struct np_inventory *inv, struct np_slice name)
{
    size_t low = 0, high = inv->n_nodes;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = np_slice_compare(name, np_str_slice(inv->nodes[middle]->name));
        if (order == 0) {
            return inv->nodes[middle];
        }
        low = order > 0 ? middle + 1 : low;
        high = order > 0 ? high : middle;
    }
    return NULL;
}

const struct np_service_info *np_inventory_service(const struct np_inventory *inv,
                                                   struct np_slice namespace_name,
                                                   struct np_slice name)
{
    size_t low = 0, high = inv->n_services;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct np_service_info *service = inv->services[middle];
        int order = compare_name(namespace_name, name, service->namespace_name, service->name);
        if (order == 0) {
            return service;
        }
        low = order > 0 ? middle + 1 : low;
        high = order > 0 ? high : middle;
    }
    return NULL;
}

/* The first of its equals. */
static const struct np_endpoint *endpoint_named(const struct np_inventory *inv,
                                                struct np_slice space, struct np_slice name)
{
    size_t low = 0, high = inv->n_endpoints;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct np_endpoint *e = inv->endpoints[middle];
        if (compare_name(space, name, e->namespace_name, e->name) > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == inv->n_endpoints) {
        return NULL;
    }
    const struct np_endpoint *e = inv->endpoints[low];
    return compare_name(space, name, e->namespace_name, e->name) == 0 ? e : NULL;
}

/* Where the workloads of a name begin in the order by workload. */
static size_t workload_begin(const struct np_inventory *inv, struct np_slice space,
                             struct np_slice name)
{
    size_t low = 0, high = inv->n_endpoints;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct np_endpoint *e = inv->index->by_workload[middle];
        if (compare_name(space, name, e->namespace_name, e->workload_name) > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct np_endpoint *np_inventory_pod(const struct np_inventory *inv,
                                           struct np_slice namespace_name, struct np_slice name)
{
    const struct np_endpoint *e = endpoint_named(inv, namespace_name, name);
    if (e) {
        return e;
    }
    size_t at = workload_begin(inv, namespace_name, name);
    if (at == inv->n_endpoints) {
        return NULL;
    }
    e = inv->index->by_workload[at];
    return compare_name(namespace_name, name, e->namespace_name, e->workload_name) == 0 ? e : NULL;
}

const struct np_endpoint *np_inventory_sibling(const struct np_inventory *inv,
                                               const struct np_endpoint *endpoint)
{
    struct np_slice space = np_str_slice(endpoint->namespace_name);
    struct np_slice name = np_str_slice(endpoint->workload_name);
    for (size_t at = workload_begin(inv, space, name); at < inv->n_endpoints; at++) {
        const struct np_endpoint *e = inv->index->by_workload[at];
        if (compare_name(space, name, e->namespace_name, e->workload_name) != 0) {
            break;
        }
        if (e != endpoint && e->workload_kind == endpoint->workload_kind) {
            return e;
        }
    }
    return NULL;
}

/* ---- by reference and address ---- */

const struct np_endpoint *np_inventory_endpoint(const struct np_inventory *inv, uint64_t ref)
{
    size_t low = 0, high = inv->n_endpoints;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct np_ref_entry *entry = &inv->index->refs[middle];
        if (entry->ref == ref) {
            return entry->endpoint;
        }
        low = entry->ref < ref ? middle + 1 : low;
        high = entry->ref < ref ? high : middle;
    }
    return NULL;
}

/* The value of the longest prefix that covers the address. */
static bool first_at(const struct np_inventory *inv, const struct np_prefix_table *table,
                     const struct np_address *address, uint32_t *value)
{
    unsigned cursor = 0;
    const struct np_prefix_slot *slot = np_prefix_table_next(inv->ctx, table, address, &cursor);
    if (slot) {
        *value = table->values[slot->first];
    }
    return slot != NULL;
}

const struct np_service_info *np_inventory_service_at(const struct np_inventory *inv,
                                                      const struct np_address *address)
{
    uint32_t at;
    return first_at(inv, &inv->index->services, address, &at) ? inv->services[at] : NULL;
}

const struct np_node_info *np_inventory_node_at(const struct np_inventory *inv,
                                                const struct np_address *address)
{
    uint32_t at;
    return first_at(inv, &inv->index->nodes, address, &at) ? inv->nodes[at] : NULL;
}

bool np_inventory_in_pod_range(const struct np_inventory *inv, const struct np_address *address)
{
    uint32_t ignored;
    return first_at(inv, &inv->index->pod_ranges, address, &ignored);
}

bool np_inventory_is_inside(const struct np_inventory *inv, const struct np_address *address)
{
    uint32_t ignored;
    return first_at(inv, &inv->index->inside, address, &ignored);
}

/* The endpoints that cover an address, one after the other; state zeroed at the start. */
struct covering {
    const struct np_prefix_slot *first, *slot;
    unsigned cursor;
    uint32_t at; /* in the slot */
};

static bool is_in_slot(const struct np_prefix_table *table, const struct np_prefix_slot *slot,
                       uint32_t value)
{
    const uint32_t *values = table->values + slot->first; /* ascending */
    uint32_t low = 0, high = slot->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (values[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < slot->count && values[low] == value;
}

/* An endpoint covers an address once, by its longest prefix; shorter ones come later. A set may
 * have any number of prefixes, the table has few lengths. */
static bool seen_before(const struct np_inventory *inv, const struct np_address *address,
                        const struct covering *c, uint32_t endpoint)
{
    const struct np_prefix_table *table = &inv->index->endpoints;
    const struct np_prefix_slot *slot;
    unsigned cursor = 0;
    if (c->slot == c->first) {
        return false;
    }
    while ((slot = np_prefix_table_next(inv->ctx, table, address, &cursor)) != c->slot) {
        if (is_in_slot(table, slot, endpoint)) {
            return true;
        }
    }
    return false;
}

static const struct np_endpoint *next_covering(const struct np_inventory *inv,
                                               const struct np_address *address, struct covering *c)
{
    const struct np_prefix_table *table = &inv->index->endpoints;
    for (;;) {
        while (!c->slot || c->at == c->slot->count) {
            c->slot = np_prefix_table_next(inv->ctx, table, address, &c->cursor);
            c->first = c->first ? c->first : c->slot;
            c->at = 0;
            if (!c->slot) {
                return NULL;
            }
        }
        uint32_t index = table->values[c->slot->first + c->at++];
        const struct np_endpoint *e = inv->endpoints[index];
        if (e->n_prefixes == 1 || !seen_before(inv, address, c, index)) {
            return e;
        }
    }
}

uint32_t np_inventory_covering(const struct np_inventory *inv, const struct np_address *address,
                               const struct np_endpoint **out, uint32_t max)
{
    struct covering state = {0};
    const struct np_endpoint *e;
    uint32_t count = 0;
    for (; (e = next_covering(inv, address, &state)) != NULL; count++) {
        if (count < max) {
            out[count] = e;
        }
    }
    return count;
}

uint32_t np_owners_at(const struct np_inventory *inv, const struct np_address *address,
                      uint32_t which, const struct np_endpoint **out)
{
    struct covering state = {0};
    const struct np_endpoint *e;
    uint32_t count = 0;
    while ((e = next_covering(inv, address, &state)) != NULL) {
        if (e->kind == NP_OBJ_WORKLOAD) {
            if (count <= which) {
                *out = e;
            }
            count++;
        }
    }
    return count;
}

/* ---- the seal ---- */

static int compare_refs(const void *a, const void *b)
{
    const struct np_ref_entry *x = a;
    const struct np_ref_entry *y = b;
    int order = np_compare_number(x->ref, y->ref);
    return order ? order : np_compare_number(x->endpoint->index, y->endpoint->index);
}

static int compare_workloads(const void *a, const void *b)
{
    const struct np_endpoint *x = *(const struct np_endpoint *const *)a;
    const struct np_endpoint *y = *(const struct np_endpoint *const *)b;
    int order = np_compare_str(x->namespace_name, y->namespace_name);
    order = order ? order : np_compare_str(x->workload_name, y->workload_name);
    order = order ? order : np_compare_str(x->workload_kind, y->workload_kind);
    return order ? order : np_compare_number(x->index, y->index);
}

static bool index_endpoints(struct np_build *b, struct np_inventory_index *index)
{
    const struct np_inventory *inv = &b->model->inventory;
    struct np_ref_entry *refs = np_build_alloc(b, inv->n_endpoints, sizeof *refs);
    const struct np_endpoint **order = np_seal_pointers(b, inv->endpoints, inv->n_endpoints);
    if (!refs || !order) {
        return false;
    }
    for (uint32_t i = 0; i < inv->n_endpoints; i++) {
        refs[i] = (struct np_ref_entry){inv->endpoints[i]->ref, inv->endpoints[i]};
        index->hosts = index->hosts || inv->endpoints[i]->kind == NP_OBJ_HOST_ENDPOINT;
    }
    qsort(refs, inv->n_endpoints, sizeof *refs, compare_refs);
    qsort(order, inv->n_endpoints, sizeof *order, compare_workloads);
    index->refs = refs;
    index->by_workload = order;
    return true;
}

typedef np_vec(struct np_prefix_pair) pair_list;

static void add_pairs(struct np_build *b, pair_list *pairs, const struct np_prefix *prefixes,
                      uint32_t count, uint32_t value)
{
    count = np_defect(SECOND_FAMILY) && count > 1 ? 1 : count;
    for (uint32_t i = 0; i < count && prefixes[i].address.family; i++) {
        struct np_prefix_pair *pair = np_vec_push(b->ctx, pairs);
        if (!pair) {
            np_build_fail(b);
            return;
        }
        *pair = (struct np_prefix_pair){prefixes[i], value};
    }
}

static void finish_table(struct np_build *b, pair_list *pairs, struct np_prefix_table *table)
{
    if (!b->failed) {
        np_prefix_table_build(b, table, pairs->items, pairs->count);
    }
    pairs->count = 0;
}

/* Pods on the host's network own no address: it is the host's, whichever of them is meant. */
static void index_addresses(struct np_build *b, struct np_inventory_index *index)
{
    struct np_inventory *inv = &b->model->inventory;
    pair_list pairs = {0};
    for (uint32_t i = 0; i < inv->n_endpoints; i++) {
        const struct np_endpoint *e = inv->endpoints[i];
        if (!e->host_network || np_defect(HOST_NET_OWNS)) {
            add_pairs(b, &pairs, e->prefixes, e->n_prefixes, i);
        }
    }
    finish_table(b, &pairs, &index->endpoints);
    for (uint32_t i = 0; i < inv->n_nodes; i++) {
        add_pairs(b, &pairs, inv->nodes[i]->addresses, inv->nodes[i]->n_addresses, i);
    }
    finish_table(b, &pairs, &index->nodes);
    for (uint32_t i = 0; i < inv->n_address_sets; i++) {
        const struct np_address_set *set = inv->address_sets[i];
        add_pairs(b, &pairs, set->prefixes, set->inside ? set->n_prefixes : 0, 0);
    }
    finish_table(b, &pairs, &index->inside);
    for (uint32_t i = 0; i < inv->n_nodes; i++) {
        add_pairs(b, &pairs, inv->nodes[i]->pod_cidrs, inv->nodes[i]->n_pod_cidrs, 0);
    }
    add_pairs(b, &pairs, b->inventory.pod_ranges.items, (uint32_t)b->inventory.pod_ranges.count, 0);
    struct np_prefix *ranges = np_build_alloc(b, pairs.count, sizeof *ranges);
    for (size_t i = 0; ranges && i < pairs.count; i++) {
        ranges[i] = pairs.items[i].prefix;
    }
    inv->pod_cidrs = ranges;
    inv->n_pod_cidrs = np_prefixes_sort(ranges, (uint32_t)pairs.count);
    finish_table(b, &pairs, &index->pod_ranges);
    np_vec_free(b->ctx, &pairs);
}

bool np_seal_index(struct np_build *b)
{
    struct np_inventory_index *index = np_build_alloc(b, 1, sizeof *index);
    if (!index || !index_endpoints(b, index)) {
        return false;
    }
    b->model->inventory.index = index;
    index_addresses(b, index);
    return !b->failed;
}
