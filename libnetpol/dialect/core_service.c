/* SPDX-License-Identifier: Apache-2.0 */
/* Services: which names and addresses they have, and which pods they select. */
#include "dialect/core.h"

struct core_service_port {
    struct np_slice name, target_name;
    uint8_t protocol;
    uint16_t port, target;
};
struct core_service {
    struct np_label_list labels, selector;
    struct np_slice external;
    struct np_address *addresses;
    uint32_t n_addresses, n_ports;
    struct core_service_port *ports;
    bool external_name, headless;
};

static const char *const protocols[] = {"TCP", "UDP", "SCTP", NULL};
static const char *const service_types[] = {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName",
                                            NULL};
static const char *const address_types[] = {"IPv4", "IPv6", "FQDN", NULL};

/* ---- checks ---- */

static void check_service_port(struct np_decode *d, void *object)
{
    const struct np_core_service_port *port = object;
    np_core_check_syntax(d, NP_CODE_2303, port->node, "name", port->name, np_syntax_label);
    if (port->target.set && port->target.is_name) {
        const char *wrong = np_syntax_port_name(port->target.name);
        if (wrong) {
            np_decode_report_in(d, NP_CODE_2303, port->node, "targetPort", "targetPort \"%.*s\" %s",
                                (int)(port->target.name.len < 100 ? port->target.name.len : 100),
                                port->target.name.ptr, wrong);
        }
    } else if (port->target.set && (port->target.number < 1 || port->target.number > 65535)) {
        np_decode_report_in(d, NP_CODE_2301, port->node, "targetPort",
                            "targetPort is %lld, must be 1 to 65535",
                            (long long)port->target.number);
    }
}

/* An address in a list of strings; "None" and "" stand for no address. */
static void add_address(struct np_decode *d, struct np_core_service_spec *spec,
                        const struct np_node *at, struct np_slice text)
{
    struct np_address address;
    if (np_slice_is(text, "None")) {
        spec->headless = true;
    } else if (text.len && np_core_parse_ip(d, at, "address", text, &address)) {
        np_core_keep_address(spec->addresses, &spec->n_addresses, &address);
    }
}

static void check_addresses(struct np_decode *d, struct np_core_service_spec *spec)
{
    size_t room = spec->cluster_ips.count + spec->external_ips.count + 1;
    spec->addresses = np_decode_alloc(d, room, sizeof *spec->addresses);
    if (!spec->addresses) {
        return;
    }
    size_t mark = np_path_key(d, "clusterIP");
    add_address(d, spec, np_get(spec->node, "clusterIP"), spec->cluster_ip);
    np_path_end(d, mark);
    for (size_t i = 0; i < spec->cluster_ips.count + spec->external_ips.count; i++) {
        bool cluster = i < spec->cluster_ips.count;
        size_t at = cluster ? i : i - spec->cluster_ips.count;
        const struct np_string_item *item =
            cluster ? &spec->cluster_ips.items[at] : &spec->external_ips.items[at];
        mark = np_path_key(d, cluster ? "clusterIPs" : "externalIPs");
        np_path_index(d, at);
        add_address(d, spec, item->node, item->text);
        np_path_end(d, mark);
    }
}

static void check_service_spec(struct np_decode *d, void *object)
{
    struct np_core_service_spec *spec = object;
    size_t mark = np_path_key(d, "selector");
    np_meta_labels(d, spec->selector, &spec->selector_list);
    np_path_end(d, mark);
    check_addresses(d, spec);
    for (size_t i = 0; spec->ports.count > 1 && i < spec->ports.count; i++) {
        if (spec->ports.items[i].name.len == 0) {
            mark = np_path_key(d, "ports");
            np_path_index(d, i);
            np_decode_report(d, NP_CODE_2309, spec->ports.items[i].node,
                             "a service with several ports must name each");
            np_path_end(d, mark);
        }
    }
    if (np_slice_is(spec->type, "ExternalName") && spec->external_name.len == 0) {
        np_decode_report_in(d, NP_CODE_2310, spec->node, "externalName",
                            "a service of type ExternalName must say which");
    }
}

static void check_balancer_ip(struct np_decode *d, void *object)
{
    struct np_core_ip *ip = object;
    np_core_check_ip(d, ip->node, "ip", ip->ip, &ip->address);
}

static void check_endpoint_address(struct np_decode *d, void *object)
{
    struct np_core_endpoint_address *address = object;
    np_core_check_ip(d, address->node, "ip", address->ip, &address->address);
}

static void check_endpoint_port(struct np_decode *d, void *object)
{
    const struct np_core_endpoint_port *port = object;
    np_core_check_syntax(d, NP_CODE_2303, port->node, "name", port->name, np_syntax_label);
}

#include "dialect/core_service.def"

/* ---- packing ---- */

static void pack_service_ports(struct np_decode *d, const struct np_core_service_spec *spec,
                               struct core_service *service)
{
    service->ports = np_decode_alloc(d, spec->ports.count, sizeof *service->ports);
    for (size_t i = 0; service->ports && i < spec->ports.count; i++) {
        const struct np_core_service_port *from = &spec->ports.items[i];
        struct core_service_port *to = &service->ports[service->n_ports++];
        to->name = np_core_keep(d, from->name);
        to->protocol = from->protocol.len ? np_syntax_protocol(from->protocol) : 6;
        to->port = (uint16_t)from->port.value;
        to->target = from->target.set ? (uint16_t)from->target.number : to->port;
        if (from->target.set && from->target.is_name) {
            to->target_name = np_core_keep(d, from->target.name);
        }
    }
}

static void pack_service_addresses(struct np_decode *d, const struct np_core_service_object *object,
                                   struct core_service *service)
{
    const struct np_core_balancer *balancer = object->status ? object->status->balancer : NULL;
    size_t room = object->spec->n_addresses + (balancer ? balancer->ingress.count : 0);
    service->addresses = np_decode_alloc(d, room, sizeof *service->addresses);
    if (!service->addresses) {
        return;
    }
    for (uint32_t i = 0; i < object->spec->n_addresses; i++) {
        np_core_keep_address(service->addresses, &service->n_addresses,
                             &object->spec->addresses[i]);
    }
    for (size_t i = 0; balancer && i < balancer->ingress.count; i++) {
        np_core_keep_address(service->addresses, &service->n_addresses,
                             &balancer->ingress.items[i].address);
    }
}

static void *pack_service(struct np_decode *d, const void *decoded)
{
    const struct np_core_service_object *object = decoded;
    const struct np_core_service_spec *spec = object->spec;
    struct core_service *service = np_decode_alloc(d, 1, sizeof *service);
    if (!service) {
        return NULL;
    }
    service->external_name = np_slice_is(spec->type, "ExternalName");
    service->headless = spec->headless;
    service->external = np_core_keep(d, spec->external_name);
    if (object->metadata) {
        np_core_keep_labels(d, &object->metadata->label_list, &service->labels);
    }
    if (!service->external_name) { /* its selector is ignored */
        np_core_keep_labels(d, &spec->selector_list, &service->selector);
    }
    pack_service_ports(d, spec, service);
    pack_service_addresses(d, object, service);
    return d->no_memory ? NULL : service;
}

int np_core_service_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_core_service_shape, root, pack_service);
}

/* ---- lowering ---- */

static const struct np_service_port *lower_ports(struct np_build *b,
                                                 const struct core_service *service)
{
    struct np_service_port *ports = np_build_alloc(b, service->n_ports, sizeof *ports);
    for (uint32_t i = 0; ports && i < service->n_ports; i++) {
        const struct core_service_port *from = &service->ports[i];
        bool named = from->target_name.len > 0;
        ports[i].name = from->name.len ? np_build_str(b, from->name) : NULL;
        ports[i].protocol = from->protocol;
        ports[i].port = from->port;
        ports[i].target_port = named ? 0 : from->target;
        ports[i].target_name = named ? np_build_str(b, from->target_name) : NULL;
    }
    return ports;
}

int np_core_service_lower(struct np_lower *l)
{
    if (!np_core_readable(l)) {
        return np_core_status(l);
    }
    struct np_build *b = l->build;
    const struct core_service *service = l->object->spec;
    struct np_service_info *info = np_build_service_info(
        b, np_build_str(b, l->object->namespace_name), np_build_str(b, l->object->name));
    struct np_prefix *addresses = np_build_alloc(b, service->n_addresses, sizeof *addresses);
    if (!info || !addresses) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < service->n_addresses; i++) {
        addresses[i] = np_prefix_of(&service->addresses[i]);
    }
    info->labels = np_meta_build_labels(b, &service->labels);
    info->selector = np_meta_build_labels(b, &service->selector);
    info->has_selector = service->selector.count > 0;
    info->external_name = service->external_name;
    info->headless = service->headless;
    info->external = service->external_name ? np_build_str(b, service->external) : NULL;
    info->addresses = addresses;
    info->n_addresses = service->n_addresses;
    info->ports = lower_ports(b, service);
    info->n_ports = info->ports ? service->n_ports : 0;
    return np_core_status(l);
}
