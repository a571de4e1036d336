/* SPDX-License-Identifier: Apache-2.0 */
/* Pods: packing one, from a Pod or from a template, and making an endpoint of it. */
#include "dialect/core.h"

/* The controller, or the first owner. A mirror pod is owned by its Node, which is no workload. */
static const struct np_core_owner *owner_of(const struct np_core_meta *metadata)
{
    const struct np_core_owner *first = NULL;
    for (size_t i = 0; metadata && i < metadata->owners.count; i++) {
        const struct np_core_owner *owner = &metadata->owners.items[i];
        if (owner->name.len == 0 || np_slice_is(owner->kind, "Node")) {
            continue;
        }
        if (owner->controller.value) {
            return owner;
        }
        first = first ? first : owner;
    }
    return first;
}

/* Init containers end before the pod is used, but for native sidecars. */
static bool runs_on(const struct np_core_container *container)
{
    return np_slice_is(container->restart_policy, "Always");
}

static void pack_container(struct np_decode *d, const struct np_core_container *container,
                           struct np_core_port *ports, uint32_t *count)
{
    for (size_t i = 0; i < container->ports.count; i++) {
        const struct np_core_container_port *port = &container->ports.items[i];
        uint8_t protocol = port->protocol.len ? np_syntax_protocol(port->protocol) : 6;
        ports[(*count)++] = (struct np_core_port){np_core_keep(d, port->name), protocol,
                                                  (uint16_t)port->port.value};
    }
}

static void pack_ports(struct np_decode *d, const struct np_core_pod_spec *spec,
                       struct np_core_pod *pod)
{
    size_t room = 0;
    for (size_t i = 0; i < spec->containers.count; i++) {
        room += spec->containers.items[i].ports.count;
    }
    for (size_t i = 0; i < spec->init_containers.count; i++) {
        room += spec->init_containers.items[i].ports.count;
    }
    struct np_core_port *ports = room ? np_decode_alloc(d, room, sizeof *ports) : NULL;
    if (!ports) {
        return;
    }
    for (size_t i = 0; i < spec->containers.count; i++) {
        pack_container(d, &spec->containers.items[i], ports, &pod->n_ports);
    }
    for (size_t i = 0; i < spec->init_containers.count; i++) {
        if (runs_on(&spec->init_containers.items[i])) {
            pack_container(d, &spec->init_containers.items[i], ports, &pod->n_ports);
        }
    }
    pod->ports = ports;
}

static void pack_status(struct np_decode *d, const struct np_core_pod_status *status,
                        struct np_core_pod *pod)
{
    pod->finished = np_slice_is(status->phase, "Succeeded") || np_slice_is(status->phase, "Failed");
    size_t room = status->pod_ips.count + status->host_ips.count + 2;
    struct np_address *addresses = np_decode_alloc(d, room, sizeof *addresses);
    if (!addresses) {
        return;
    }
    np_core_keep_address(addresses, &pod->n_addresses, &status->pod_address);
    for (size_t i = 0; i < status->pod_ips.count; i++) {
        np_core_keep_address(addresses, &pod->n_addresses, &status->pod_ips.items[i].address);
    }
    struct np_address *host = addresses + pod->n_addresses;
    np_core_keep_address(host, &pod->n_host_addresses, &status->host_address);
    for (size_t i = 0; i < status->host_ips.count; i++) {
        np_core_keep_address(host, &pod->n_host_addresses, &status->host_ips.items[i].address);
    }
    pod->addresses = addresses;
}

struct np_core_pod *np_core_pack_pod(struct np_decode *d, const struct np_core_meta *metadata,
                                     const struct np_core_meta *owners,
                                     const struct np_core_pod_spec *spec,
                                     const struct np_core_pod_status *status)
{
    struct np_core_pod *pod = np_decode_alloc(d, 1, sizeof *pod);
    if (!pod) {
        return NULL;
    }
    pod->service_account = np_slice_of("default");
    if (metadata) {
        np_core_keep_labels(d, &metadata->label_list, &pod->labels);
    }
    const struct np_core_owner *owner = owner_of(owners);
    if (owner) {
        /* Written by hand it may lack the kind: some workload that is called like that. */
        pod->owner_kind = np_core_keep(d, owner->kind.len ? owner->kind : np_slice_of("Workload"));
        pod->owner_name = np_core_keep(d, owner->name);
    }
    if (spec) {
        struct np_slice account = spec->account.len ? spec->account : spec->old_account;
        if (account.len && !np_slice_is(account, "default")) {
            pod->service_account = np_core_keep(d, account);
        }
        pod->node_name = np_core_keep(d, spec->node_name);
        pod->host_network = spec->host_network.value != 0;
        pack_ports(d, spec, pod);
    }
    if (status) {
        pack_status(d, status, pod);
    }
    return d->no_memory ? NULL : pod;
}

static void *pack_object(struct np_decode *d, const void *decoded)
{
    const struct np_core_pod_object *object = decoded;
    return np_core_pack_pod(d, object->metadata, object->metadata, object->spec, object->status);
}

int np_core_pod_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_core_pod_object_shape, root, pack_object);
}

/* ---- lowering ---- */

static void fill_ports(struct np_build *b, struct np_endpoint *endpoint,
                       const struct np_core_pod *pod)
{
    struct np_named_port *ports = np_build_alloc(b, pod->n_ports, sizeof *ports);
    if (!ports) {
        return;
    }
    for (uint32_t i = 0; i < pod->n_ports; i++) {
        const struct np_core_port *port = &pod->ports[i];
        ports[i].name = port->name.len ? np_build_str(b, port->name) : NULL;
        ports[i].protocol = port->protocol;
        ports[i].port = port->port;
    }
    endpoint->ports = ports;
    endpoint->n_ports = pod->n_ports;
}

static void fill_addresses(struct np_build *b, struct np_endpoint *endpoint,
                           const struct np_core_pod *pod)
{
    struct np_prefix *prefixes = np_build_alloc(b, pod->n_addresses, sizeof *prefixes);
    if (!prefixes) {
        return;
    }
    for (uint32_t i = 0; i < pod->n_addresses; i++) {
        prefixes[i] = np_prefix_of(&pod->addresses[i]);
    }
    endpoint->prefixes = prefixes;
    endpoint->n_prefixes = pod->n_addresses;
    for (uint32_t i = 0; i < pod->n_host_addresses; i++) {
        np_build_host_address(b, endpoint, &pod->addresses[pod->n_addresses + i]);
    }
}

void np_core_fill(struct np_lower *l, struct np_endpoint *endpoint, const struct np_core_pod *pod)
{
    struct np_build *b = l->build;
    if (!endpoint) {
        return;
    }
    endpoint->labels = np_meta_build_labels(b, &pod->labels);
    endpoint->service_account = np_build_str(b, pod->service_account);
    endpoint->node_name = pod->node_name.len ? np_build_str(b, pod->node_name) : NULL;
    endpoint->host_network = pod->host_network;
    endpoint->source_object = np_build_text(b, l->object->label);
    endpoint->position = np_core_position(l);
    fill_ports(b, endpoint, pod);
    fill_addresses(b, endpoint, pod);
}

int np_core_pod_lower(struct np_lower *l)
{
    struct np_build *b = l->build;
    const struct np_core_pod *pod = l->object->spec;
    if (!np_core_readable(l) || pod->finished) {
        return np_core_status(l);
    }
    struct np_endpoint *endpoint = np_build_endpoint(b, np_build_str(b, l->object->namespace_name),
                                                     np_build_str(b, l->object->name));
    np_core_fill(l, endpoint, pod);
    if (endpoint && pod->owner_kind.len) {
        endpoint->workload_kind = np_build_str(b, pod->owner_kind);
        endpoint->workload_name = np_build_str(b, pod->owner_name);
    }
    if (endpoint) {
        endpoint->ref = l->object->ref;
    }
    return np_core_status(l);
}
