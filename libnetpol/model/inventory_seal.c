/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seal of namespaces and endpoints: sorted by text, never by order of arrival, so that two
 * loads of the same objects give the same inventory.
 */
#include "model/inventory_internal.h"

#include <stdlib.h>

#define FIRST_OWN_REF \
    (1ull << 63) /* for endpoints without a reference among others that have one */

int np_compare_str(np_str a, np_str b)
{
    if (!a || !b) {
        return (a != NULL) - (b != NULL);
    }
    return a == b ? 0 : np_slice_compare(np_str_slice(a), np_str_slice(b));
}

int np_compare_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

void *np_seal_pointers(struct np_build *b, const void *items, size_t count)
{
    void **copy = np_build_alloc(b, count, sizeof *copy);
    if (copy && count) {
        memcpy(copy, items, count * sizeof *copy);
    }
    return copy;
}

/* ---- namespaces ---- */

static int compare_namespaces(const void *a, const void *b)
{
    const struct np_namespace *const *x = a;
    const struct np_namespace *const *y = b;
    return np_compare_str((*x)->name, (*y)->name);
}

/* The control plane sets this label on every namespace; offline input may not have it. */
static void add_name_label(struct np_build *b, struct np_namespace *space, np_str key)
{
    uint32_t count = space->labels.count;
    struct np_label *items = np_build_alloc(b, count + 1, sizeof *items);
    if (!items) {
        return;
    }
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (space->labels.items[i].key != key) {
            items[used++] = space->labels.items[i];
        }
    }
    items[used++] = (struct np_label){key, space->name};
    space->labels = np_build_labels(b, items, used);
}

bool np_seal_namespaces(struct np_build *b)
{
    struct np_inventory_build *inventory = &b->inventory;
    for (size_t i = 0; i < inventory->endpoints.count && !b->failed; i++) {
        struct np_endpoint *e = inventory->endpoints.items[i];
        if (!e->namespace_name) {
            continue;
        }
        size_t before = inventory->namespaces.count;
        struct np_namespace *space = np_build_namespace(b, e->namespace_name);
        if (space && inventory->namespaces.count > before) {
            space->synthesized = true;
        }
        e->space = space;
    }
    np_str key = np_build_text(b, "kubernetes.io/metadata.name");
    for (size_t i = 0; i < inventory->namespaces.count && !b->failed; i++) {
        add_name_label(b, inventory->namespaces.items[i], key);
    }
    size_t count = inventory->namespaces.count;
    if (count) {
        qsort(inventory->namespaces.items, count, sizeof *inventory->namespaces.items,
              compare_namespaces);
    }
    b->model->inventory.namespaces = np_seal_pointers(b, inventory->namespaces.items, count);
    b->model->inventory.n_namespaces = (uint32_t)count;
    return !b->failed;
}

/* ---- endpoints ---- */

/* Live pods before representatives of the same name; index: as they came, the last resort. */
static int compare_endpoints(const void *a, const void *b)
{
    const struct np_endpoint *x = *(const struct np_endpoint *const *)a;
    const struct np_endpoint *y = *(const struct np_endpoint *const *)b;
    const int order[] = {
        np_compare_str(x->namespace_name, y->namespace_name),
        np_compare_str(x->name, y->name),
        x->representative - y->representative,
        x->kind - y->kind,
        np_compare_str(x->workload_kind, y->workload_kind),
        np_compare_str(x->workload_name, y->workload_name),
        x->sibling - y->sibling,
        np_compare_number(x->ref, y->ref),
        np_compare_number(x->index, y->index),
    };
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (order[i]) {
            return order[i];
        }
    }
    return 0;
}

static int compare_accounts(const void *a, const void *b)
{
    const struct np_account *x = *(const struct np_account *const *)a;
    const struct np_account *y = *(const struct np_account *const *)b;
    int order = np_compare_str(x->namespace_name, y->namespace_name);
    return order ? order : np_compare_str(x->name, y->name);
}

static void connect_account(struct np_build *b, struct np_endpoint *e)
{
    if (!e->service_account || !e->namespace_name) {
        return;
    }
    struct np_account wanted = {.namespace_name = e->namespace_name, .name = e->service_account};
    const struct np_account *key = &wanted;
    size_t count = b->inventory.accounts.count;
    struct np_account **found = count
                                    ? bsearch(&key, b->inventory.accounts.items, count,
                                              sizeof *b->inventory.accounts.items, compare_accounts)
                                    : NULL;
    e->account_labels = found ? &(*found)->labels : NULL;
    if (!e->principal) {
        e->principal = np_build_format(b, "spiffe://cluster.local/ns/%s/sa/%s",
                                       e->namespace_name->text, e->service_account->text);
    }
}

/* A pod on the host's network is the host's traffic, or a pod like any other: an option. */
static void choose_kind(struct np_build *b, struct np_endpoint *e)
{
    if (e->host_network && (e->kind == NP_OBJ_WORKLOAD || e->kind == NP_OBJ_HOST_NET_WORKLOAD)) {
        bool as_pod = b->model->options.host_network == 1;
        e->kind = as_pod ? NP_OBJ_WORKLOAD : NP_OBJ_HOST_NET_WORKLOAD;
    }
}

static void number_endpoints(struct np_build *b)
{
    size_t count = b->inventory.endpoints.count;
    bool given = false;
    for (size_t i = 0; i < count; i++) {
        given = given || b->inventory.endpoints.items[i]->ref != 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct np_endpoint *e = b->inventory.endpoints.items[i];
        e->index = (uint32_t)i;
        if (e->ref == 0) {
            e->ref = given ? FIRST_OWN_REF + i : i + 1;
        }
    }
}

bool np_seal_endpoints(struct np_build *b)
{
    struct np_inventory_build *inventory = &b->inventory;
    size_t count = inventory->endpoints.count;
    if (inventory->accounts.count) {
        qsort(inventory->accounts.items, inventory->accounts.count,
              sizeof *inventory->accounts.items, compare_accounts);
    }
    for (size_t i = 0; i < count; i++) {
        choose_kind(b, inventory->endpoints.items[i]);
        connect_account(b, inventory->endpoints.items[i]);
    }
    if (count) {
        qsort(inventory->endpoints.items, count, sizeof *inventory->endpoints.items,
              compare_endpoints);
    }
    number_endpoints(b);
    b->model->inventory.endpoints = np_seal_pointers(b, inventory->endpoints.items, count);
    b->model->inventory.n_endpoints = (uint32_t)count;
    return !b->failed;
}
