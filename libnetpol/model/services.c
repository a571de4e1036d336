/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services: to which pods they lead. What EndpointSlices (or Endpoints) say counts; a service that
 * has none leads to the pods its selector selects. An ExternalName has no backends of its own.
 */
#include "model/inventory_internal.h"

#include <stdlib.h>

static int compare_services(const void *a, const void *b)
{
    const struct np_service_info *x = *(const struct np_service_info *const *)a;
    const struct np_service_info *y = *(const struct np_service_info *const *)b;
    int order = np_compare_str(x->namespace_name, y->namespace_name);
    return order ? order : np_compare_str(x->name, y->name);
}

static int compare_backends(const void *a, const void *b)
{
    const struct np_backend *x = a;
    const struct np_backend *y = b;
    const int order[] = {
        x->waiting - y->waiting,
        np_address_compare(&x->address, &y->address),
        np_compare_number(x->endpoint ? x->endpoint->index + 1ull : 0,
                          y->endpoint ? y->endpoint->index + 1ull : 0),
        np_compare_str(x->port_name, y->port_name),
        x->protocol - y->protocol,
        x->port - y->port,
    };
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (order[i]) {
            return order[i];
        }
    }
    return 0;
}

static int compare_slices(const void *a, const void *b)
{
    const struct np_backend_build *x = a;
    const struct np_backend_build *y = b;
    int order = np_compare_str(x->namespace_name, y->namespace_name);
    order = order ? order : np_compare_str(x->service, y->service);
    return order ? order : compare_backends(&x->backend, &y->backend);
}

/* The pod of a slice's endpoint: by its name, else the owner of its address. */
static const struct np_endpoint *pod_of(const struct np_inventory *inv,
                                        const struct np_backend_build *slice)
{
    if (slice->pod_name) {
        np_str space = slice->pod_namespace ? slice->pod_namespace : slice->namespace_name;
        const struct np_endpoint *e =
            np_inventory_pod(inv, np_str_slice(space), np_str_slice(slice->pod_name));
        if (e && e->name == slice->pod_name && !e->representative) {
            return e;
        }
    }
    const struct np_endpoint *owner = NULL;
    return np_owners_at(inv, &slice->backend.address, 0, &owner) ? owner : NULL;
}

static void backends_from_slices(struct np_build *b, struct np_service_info *service,
                                 const struct np_backend_build *slices, size_t count)
{
    struct np_backend *backends = np_build_alloc(b, count, sizeof *backends);
    uint32_t kept = 0;
    if (!backends) {
        return;
    }
    for (size_t i = 0; i < count; i++) { /* the mirror of a slice says the same once more */
        const struct np_backend *backend = &slices[i].backend;
        if (i == 0 || compare_backends(&backends[kept - 1], backend) != 0) {
            backends[kept++] = *backend;
            service->n_backends += !backend->waiting; /* these come first */
        }
    }
    service->has_slices = true;
    service->backends = backends;
    service->waiting = backends + service->n_backends;
    service->n_waiting = kept - service->n_backends;
}

static bool selects(const struct np_labels *selector, const struct np_endpoint *e)
{
    for (uint32_t i = 0; i < selector->count; i++) {
        if (np_labels_get(&e->labels, selector->items[i].key) != selector->items[i].value) {
            return false;
        }
    }
    return e->kind == NP_OBJ_WORKLOAD || e->kind == NP_OBJ_HOST_NET_WORKLOAD;
}

/* Endpoints are sorted by namespace first: where those of a namespace begin. */
static uint32_t begin_of(const struct np_inventory *inv, np_str space)
{
    uint32_t low = 0, high = inv->n_endpoints;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        bool before = np_compare_str(inv->endpoints[middle]->namespace_name, space) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    return low;
}

static void backends_from_selector(struct np_build *b, struct np_service_info *service)
{
    const struct np_inventory *inv = &b->model->inventory;
    uint32_t begin = begin_of(inv, service->namespace_name), end = begin, count = 0;
    for (; end < inv->n_endpoints; end++) {
        const struct np_endpoint *e = inv->endpoints[end];
        if (e->namespace_name != service->namespace_name) {
            break;
        }
        count += selects(&service->selector, e);
    }
    struct np_backend *backends = np_build_alloc(b, count, sizeof *backends);
    if (!backends) {
        return;
    }
    for (uint32_t i = begin; i < end; i++) {
        const struct np_endpoint *e = inv->endpoints[i];
        if (selects(&service->selector, e)) {
            struct np_backend *backend = &backends[service->n_backends++];
            backend->endpoint = e;
            if (e->n_prefixes) {
                backend->address = e->prefixes[0].address;
            }
        }
    }
    if (count) {
        qsort(backends, count, sizeof *backends, compare_backends);
    }
    service->backends = backends;
}

static bool belongs(const struct np_backend_build *slice, const struct np_service_info *service)
{
    return slice->namespace_name == service->namespace_name && slice->service == service->name;
}

/* Slices and services are sorted alike: one walk over both. */
static void connect(struct np_build *b)
{
    struct np_inventory_build *inventory = &b->inventory;
    struct np_backend_build *slices = inventory->backends.items;
    size_t n_slices = inventory->backends.count;
    size_t at = 0;
    for (size_t i = 0; i < inventory->services.count && !b->failed; i++) {
        struct np_service_info *service = inventory->services.items[i];
        struct np_backend_build wanted = {service->namespace_name, service->name, NULL, NULL, {0}};
        while (at < n_slices && !belongs(&slices[at], service) &&
               compare_slices(&slices[at], &wanted) < 0) {
            at++;
        }
        size_t end = at;
        while (end < n_slices && belongs(&slices[end], service)) {
            end++;
        }
        if (service->external_name) {
            continue;
        }
        if (end > at) {
            backends_from_slices(b, service, slices + at, end - at);
        }
        if (service->n_backends == 0 && service->has_selector) {
            backends_from_selector(b, service);
        }
    }
}

static void index_services(struct np_build *b)
{
    const struct np_inventory *inv = &b->model->inventory;
    np_vec(struct np_prefix_pair) pairs = {0};
    for (uint32_t i = 0; i < inv->n_services; i++) {
        for (uint32_t k = 0; k < inv->services[i]->n_addresses; k++) {
            struct np_prefix_pair *pair = np_vec_push(b->ctx, &pairs);
            if (pair) {
                *pair = (struct np_prefix_pair){inv->services[i]->addresses[k], i};
            } else {
                b->failed = true;
            }
        }
    }
    if (!b->failed) {
        np_prefix_table_build(b, &inv->index->services, pairs.items, pairs.count);
    }
    np_vec_free(b->ctx, &pairs);
}

bool np_seal_services(struct np_build *b)
{
    struct np_inventory_build *inventory = &b->inventory;
    for (size_t i = 0; i < inventory->backends.count; i++) {
        struct np_backend_build *slice = &inventory->backends.items[i];
        if (!slice->backend.endpoint) {
            slice->backend.endpoint = pod_of(&b->model->inventory, slice);
        }
    }
    if (inventory->backends.count) {
        qsort(inventory->backends.items, inventory->backends.count,
              sizeof *inventory->backends.items, compare_slices);
    }
    if (inventory->services.count) {
        qsort(inventory->services.items, inventory->services.count,
              sizeof *inventory->services.items, compare_services);
    }
    connect(b);
    b->model->inventory.services =
        np_seal_pointers(b, inventory->services.items, inventory->services.count);
    b->model->inventory.n_services = (uint32_t)inventory->services.count;
    if (!b->failed) {
        index_services(b);
    }
    return !b->failed;
}

bool np_inventory_target(const struct np_service_info *service, const struct np_service_port *port,
                         const struct np_backend *backend, uint16_t *target)
{
    if (backend->protocol && backend->protocol != port->protocol) {
        return false;
    }
    if (backend->port) { /* from a slice: its ports are already the pod's */
        *target = service->headless ? port->port : backend->port;
        return np_compare_str(backend->port_name, port->name) == 0;
    }
    if (service->headless || port->target_port) { /* headless: nothing translates */
        *target = service->headless ? port->port : port->target_port;
        return true;
    }
    const struct np_endpoint *e = backend->endpoint;
    for (uint32_t i = 0; e && i < e->n_ports; i++) {
        if (e->ports[i].name == port->target_name && e->ports[i].protocol == port->protocol) {
            *target = e->ports[i].port;
            return true;
        }
    }
    return false;
}
