/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints and EndpointSlices: every address with every port is a backend. One of a slice that is
 * not ready gets no traffic; it is kept with a mark, for policies that name services.
 */
#include "dialect/core.h"

#define SERVICE_LABEL "kubernetes.io/service-name"

struct core_backend {
    struct np_address address;
    struct np_slice pod_space, pod_name, port_name;
    uint8_t protocol; /* 0: the subset names no ports */
    bool waiting;
    uint16_t port; /* 0: all */
};
struct core_backends {
    struct np_slice service; /* empty: of no service */
    struct core_backend *items;
    size_t count;
};

/* The pod behind an address, once for all of its ports. */
static struct core_backend at_address(struct np_decode *d, const struct np_address *address,
                                      const struct np_core_reference *target)
{
    struct core_backend backend = {.address = *address};
    if (target && np_slice_is(target->kind, "Pod")) {
        backend.pod_space = np_core_keep(d, target->space);
        backend.pod_name = np_core_keep(d, target->name);
    }
    return backend;
}

static void add_ports(struct np_decode *d, struct core_backends *backends,
                      struct core_backend backend, const struct np_core_endpoint_port *ports,
                      size_t count)
{
    if (count == 0) {
        backends->items[backends->count++] = backend;
    }
    for (size_t i = 0; i < count; i++) {
        backend.port_name = np_core_keep(d, ports[i].name);
        backend.protocol = ports[i].protocol.len ? np_syntax_protocol(ports[i].protocol) : 6;
        backend.port = (uint16_t)ports[i].port.value;
        backends->items[backends->count++] = backend;
    }
}

static size_t at_least_one(size_t count)
{
    return count ? count : 1;
}

static void *pack_endpoints(struct np_decode *d, const void *decoded)
{
    const struct np_core_endpoints *object = decoded;
    struct core_backends *backends = np_decode_alloc(d, 1, sizeof *backends);
    size_t room = 0;
    for (size_t i = 0; i < object->subsets.count; i++) {
        const struct np_core_subset *subset = &object->subsets.items[i];
        room += subset->addresses.count * at_least_one(subset->ports.count);
    }
    struct core_backend *items = np_decode_alloc(d, room, sizeof *items);
    if (!backends || !items) {
        return NULL;
    }
    backends->service = d->object->name;
    backends->items = items;
    for (size_t i = 0; i < object->subsets.count; i++) {
        const struct np_core_subset *subset = &object->subsets.items[i];
        for (size_t k = 0; k < subset->addresses.count; k++) {
            const struct np_core_endpoint_address *address = &subset->addresses.items[k];
            add_ports(d, backends, at_address(d, &address->address, address->target),
                      subset->ports.items, subset->ports.count);
        }
    }
    return d->no_memory ? NULL : backends;
}

/* Names are not addresses. */
static bool read_address(struct np_decode *d, const struct np_core_slice *slice, size_t at,
                         size_t which, struct np_address *out)
{
    const struct np_core_slice_endpoint *endpoint = &slice->endpoints.items[at];
    if (np_slice_is(slice->address_type, "FQDN")) {
        return false;
    }
    const struct np_string_item *item = &endpoint->addresses.items[which];
    size_t mark = np_path_key(d, "endpoints");
    np_path_index(d, at);
    np_path_key(d, "addresses");
    np_path_index(d, which);
    bool good = np_core_parse_ip(d, item->node, "address", item->text, out);
    np_path_end(d, mark);
    return good;
}

static bool is_ready(const struct np_core_slice_endpoint *endpoint)
{
    const struct np_core_conditions *conditions = endpoint->conditions;
    return !conditions || !conditions->ready.set || conditions->ready.value;
}

static struct np_slice service_of(const struct np_core_slice *slice)
{
    for (uint32_t i = 0; slice->metadata && i < slice->metadata->label_list.count; i++) {
        const struct np_label_text *label = &slice->metadata->label_list.items[i];
        if (np_slice_is(label->key, SERVICE_LABEL)) {
            return label->value;
        }
    }
    return (struct np_slice){"", 0};
}

/* Traffic is sent to the first address of a backend only (discovery/v1 types.go); policies that
 * name the service are about all of them. */
static void *pack_slice(struct np_decode *d, const void *decoded)
{
    const struct np_core_slice *slice = decoded;
    struct core_backends *backends = np_decode_alloc(d, 1, sizeof *backends);
    size_t room = 0;
    for (size_t i = 0; i < slice->endpoints.count; i++) {
        room += slice->endpoints.items[i].addresses.count * at_least_one(slice->ports.count);
    }
    struct core_backend *items = np_decode_alloc(d, room, sizeof *items);
    if (!backends || !items) {
        return NULL;
    }
    backends->service = np_core_keep(d, service_of(slice));
    backends->items = items;
    for (size_t i = 0; i < slice->endpoints.count; i++) {
        const struct np_core_slice_endpoint *endpoint = &slice->endpoints.items[i];
        for (size_t k = 0; k < endpoint->addresses.count; k++) {
            struct np_address address;
            if (!read_address(d, slice, i, k, &address)) {
                continue;
            }
            struct core_backend backend = at_address(d, &address, endpoint->target);
            backend.waiting = k > 0 || !is_ready(endpoint);
            add_ports(d, backends, backend, slice->ports.items, slice->ports.count);
        }
    }
    return d->no_memory ? NULL : backends;
}

int np_core_endpoints_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_core_endpoints_shape, root, pack_endpoints);
}

int np_core_slice_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_core_slice_shape, root, pack_slice);
}

static np_str text_or_none(struct np_build *b, struct np_slice text)
{
    return text.len ? np_build_str(b, text) : NULL;
}

int np_core_backends_lower(struct np_lower *l)
{
    if (!np_core_readable(l)) {
        return np_core_status(l);
    }
    struct np_build *b = l->build;
    const struct core_backends *backends = l->object->spec;
    np_str space = np_build_str(b, l->object->namespace_name);
    for (size_t i = 0; backends->service.len && i < backends->count; i++) {
        const struct core_backend *from = &backends->items[i];
        struct np_backend backend = {
            .address = from->address,
            .port_name = text_or_none(b, from->port_name),
            .protocol = from->protocol,
            .waiting = from->waiting,
            .port = from->port,
        };
        np_build_backend(b, space, np_build_str(b, backends->service), &backend,
                         text_or_none(b, from->pod_space), text_or_none(b, from->pod_name));
    }
    return np_core_status(l);
}
