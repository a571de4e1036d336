/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seal of nodes: their addresses come from Node objects and from the pods that run on them
 * (status.hostIP, and the addresses of pods on the host's network). A host whose name nobody says
 * is known by its address, so that two of its pods are seen to share it.
 */
#include "model/inventory_internal.h"

#include <stdlib.h>

struct placed {
    struct np_node_info *node;
    struct np_prefix prefix;
};
struct nodes {
    struct np_build *b;
    np_vec(struct placed) addresses;
    struct np_map at; /* address -> place of its node, plus one */
};

static int compare_nodes(const void *a, const void *b)
{
    const struct np_node_info *const *x = a;
    const struct np_node_info *const *y = b;
    return np_compare_str((*x)->name, (*y)->name);
}

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a;
    const struct placed *y = b;
    int order = np_compare_str(x->node->name, y->node->name);
    return order ? order : np_prefix_compare(&x->prefix, &y->prefix);
}

static void place_address(struct nodes *n, struct np_node_info *node,
                          const struct np_address *address)
{
    struct placed *placed = node ? np_vec_push(n->b->ctx, &n->addresses) : NULL;
    if (placed) {
        *placed = (struct placed){node, np_prefix_of(address)};
    } else {
        np_build_fail(n->b);
    }
}

static struct np_node_info *named_node(struct np_build *b, np_str name)
{
    size_t before = b->inventory.nodes.count;
    struct np_node_info *node = np_build_node(b, name);
    if (node && b->inventory.nodes.count > before) {
        node->synthesized = true;
    }
    return node;
}

static uint64_t *node_at(struct nodes *n, const struct np_address *address)
{
    bool added;
    uint64_t *place =
        np_map_add(&n->at, (struct np_slice){(const char *)address, sizeof *address}, &added);
    if (!place) {
        np_build_fail(n->b);
    }
    return place;
}

/* What Node objects and pods with a node name say. Pods on the host's network have its addresses.
 */
static void collect(struct nodes *n)
{
    struct np_inventory_build *inventory = &n->b->inventory;
    for (size_t i = 0; i < inventory->endpoints.count; i++) {
        struct np_endpoint *e = inventory->endpoints.items[i];
        for (uint32_t k = 0; e->host_network && k < e->n_prefixes; k++) {
            np_build_host_address(n->b, e, &e->prefixes[k].address);
        }
    }
    for (size_t i = 0; i < inventory->nodes.count; i++) {
        struct np_node_info *node = inventory->nodes.items[i];
        for (uint32_t k = 0; k < node->n_addresses; k++) {
            place_address(n, node, &node->addresses[k].address);
        }
    }
    for (size_t i = 0; i < inventory->host_addresses.count && !n->b->failed; i++) {
        const struct np_host_address *host = &inventory->host_addresses.items[i];
        np_str name = host->endpoint->node_name;
        if (name) {
            place_address(n, named_node(n->b, name), &host->address);
        }
    }
}

/* Nodes in order of name; of several that claim one address, the first has it. */
static void index_addresses(struct nodes *n)
{
    struct np_inventory_build *inventory = &n->b->inventory;
    if (n->addresses.count) {
        qsort(n->addresses.items, n->addresses.count, sizeof *n->addresses.items, compare_placed);
    }
    for (size_t i = 0, node = 0; i < n->addresses.count && !n->b->failed; i++) {
        while (inventory->nodes.items[node] != n->addresses.items[i].node) {
            node++;
        }
        uint64_t *place = node_at(n, &n->addresses.items[i].prefix.address);
        if (place && *place == 0) {
            *place = node + 1;
        }
    }
}

static void adopt_nameless(struct nodes *n)
{
    struct np_inventory_build *inventory = &n->b->inventory;
    for (size_t i = 0; i < inventory->host_addresses.count && !n->b->failed; i++) {
        const struct np_host_address *host = &inventory->host_addresses.items[i];
        if (host->endpoint->node_name) {
            continue;
        }
        uint64_t *place = node_at(n, &host->address);
        if (place && *place == 0) {
            char text[46];
            size_t len = np_address_format(&host->address, text);
            np_str name = np_build_str(n->b, (struct np_slice){text, len});
            place_address(n, named_node(n->b, name), &host->address);
            *place = inventory->nodes.count;
        }
        if (place && *place) {
            host->endpoint->node_name = inventory->nodes.items[*place - 1]->name;
        }
    }
}

/* Every node gets its stretch of one sorted array, without repeats. */
static void share_out(struct nodes *n)
{
    size_t count = n->addresses.count;
    struct np_prefix *all = np_build_alloc(n->b, count, sizeof *all);
    if (!all) {
        return;
    }
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct placed *placed = &n->addresses.items[i];
        struct np_node_info *node = placed->node;
        if (i == 0 || n->addresses.items[i - 1].node != node) {
            node->addresses = all + used;
            node->n_addresses = 0;
        }
        if (node->n_addresses == 0 || !np_prefix_equal(&all[used - 1], &placed->prefix)) {
            all[used++] = placed->prefix;
            node->n_addresses++;
        }
    }
}

static void sort_nodes(struct np_build *b)
{
    if (b->inventory.nodes.count) {
        qsort(b->inventory.nodes.items, b->inventory.nodes.count, sizeof *b->inventory.nodes.items,
              compare_nodes);
    }
}

bool np_seal_nodes(struct np_build *b)
{
    struct nodes n = {.b = b};
    np_map_init(&n.at, b->ctx);
    collect(&n);
    sort_nodes(b);
    index_addresses(&n);
    adopt_nameless(&n);
    if (!b->failed) {
        sort_nodes(b);
        if (n.addresses.count) {
            qsort(n.addresses.items, n.addresses.count, sizeof *n.addresses.items, compare_placed);
        }
        share_out(&n);
    }
    np_map_free(&n.at);
    np_vec_free(b->ctx, &n.addresses);
    b->model->inventory.nodes =
        np_seal_pointers(b, b->inventory.nodes.items, b->inventory.nodes.count);
    b->model->inventory.n_nodes = (uint32_t)b->inventory.nodes.count;
    return !b->failed;
}
