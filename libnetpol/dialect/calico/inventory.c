/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of inventory.def with their checks, and what of them stays in the object. */
#include "dialect/calico/inventory.h"

#include "dialect/cidr.h"

#include <math.h>

/* Names in messages are cut: hostile ones are long. */
#define SHOWN(text) (int)((text).len < 100 ? (text).len : 100), (text).ptr

static const char *const tier_actions[] = {"Pass", "Deny", NULL};
static const char *const to_host_actions[] = {"Drop", "Return", "Accept", NULL};

static uint8_t protocol_of(struct np_slice text)
{
    static const struct {
        const char *name;
        uint8_t number;
    } protocols[] = {
        {"tcp",  6  },
        {"udp",  17 },
        {"sctp", 132},
        {"6",    6  },
        {"17",   17 },
        {"132",  132}
    };
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        const char *name = protocols[i].name;
        size_t k = 0;
        while (k < text.len && name[k] &&
               (text.ptr[k] >= 'A' && text.ptr[k] <= 'Z' ? text.ptr[k] + ('a' - 'A')
                                                         : text.ptr[k]) == name[k]) {
            k++;
        }
        if (k == text.len && !name[k]) {
            return protocols[i].number;
        }
    }
    return 0;
}

/* ---- tiers ---- */

/* The three that are built in stay as they are (the CEL rules of tier.go). */
static void check_tier(struct np_decode *d, void *object)
{
    static const struct {
        const char *name, *action;
        double order;
    } built_in[] = {
        {"kube-admin",    "Pass", 1000    },
        {"default",       "Deny", 1000000 },
        {"kube-baseline", "Pass", 10000000},
    };
    const struct np_calico_tier_object *tier = object;
    const struct np_calico_tier_spec *spec = tier->spec;
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
        if (!np_slice_is(d->object->name, built_in[i].name)) {
            continue;
        }
        if (!spec) {
            np_decode_report_in(d, NP_CODE_2402, tier->node, "spec", "the tier %s has order %.0f",
                                built_in[i].name, built_in[i].order);
            return;
        }
        size_t mark = np_path_key(d, "spec");
        if (!spec->order.set || spec->order.value < built_in[i].order ||
            spec->order.value > built_in[i].order) {
            np_decode_report_in(d, NP_CODE_2402, spec->node, "order", "the tier %s has order %.0f",
                                built_in[i].name, built_in[i].order);
        }
        bool passes = np_slice_is(spec->default_action, "Pass");
        if (passes != (strcmp(built_in[i].action, "Pass") == 0)) {
            np_decode_report_in(d, NP_CODE_2402, spec->node, "defaultAction",
                                "the tier %s has defaultAction %s", built_in[i].name,
                                built_in[i].action);
        }
        np_path_end(d, mark);
    }
}

/* ---- addresses, labels ---- */

/* An address or a range; false: reported. */
static bool read_net(struct np_decode *d, const struct np_node *at, struct np_slice text,
                     struct np_prefix *out)
{
    if (text.len && memchr(text.ptr, '/', text.len)) {
        return np_decode_cidr(d, at, text, 0, out);
    }
    struct np_address address;
    if (!np_core_parse_ip(d, at, "address", text, &address)) {
        return false;
    }
    *out = np_prefix_of(&address);
    return true;
}

typedef np_list(struct np_string_item) strings;

/* whole: only addresses, or ranges of one. */
static struct np_prefix *read_nets(struct np_decode *d, const char *key, const void *list,
                                   bool whole, uint32_t *count)
{
    const strings *texts = list;
    struct np_prefix *prefixes = np_decode_alloc(d, texts->count, sizeof *prefixes);
    size_t mark = np_path_key(d, key);
    *count = 0;
    for (size_t i = 0; prefixes && i < texts->count; i++) {
        const struct np_string_item *item = &texts->items[i];
        struct np_prefix *prefix = &prefixes[*count];
        size_t inner = np_path_index(d, i);
        if (read_net(d, item->node, item->text, prefix)) {
            unsigned full = prefix->address.family == NP_IPV4 ? 32 : 128;
            if (whole && prefix->length != full) {
                np_decode_report(d, NP_CODE_2407, item->node, "%.*s is more than one address",
                                 SHOWN(item->text));
            } else {
                ++*count;
            }
        }
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
    return prefixes;
}

/* Labels that Calico gives itself: a user's own would be taken for them. */
static void check_labels(struct np_decode *d, const struct np_core_meta *metadata)
{
    static const char *const reserved[] = {"projectcalico.org/namespace",
                                           "projectcalico.org/orchestrator",
                                           "projectcalico.org/serviceaccount"};
    for (size_t i = 0; metadata && i < sizeof reserved / sizeof *reserved; i++) {
        const struct np_member *member = np_get_member(metadata->labels, reserved[i]);
        if (member) {
            size_t mark = np_path_key(d, "metadata");
            (void)np_path_key(d, "labels");
            (void)np_path_member(d, member->key);
            np_decode_report_full(d, NP_CODE_2404, -1, NULL, np_spot_of_key(member),
                                  "the label %s is given by Calico, not by users", reserved[i]);
            np_path_end(d, mark);
        }
    }
}

/* ---- sets ---- */

/* A name with one '*' at most, which stands for one label or more. */
static bool is_domain(struct np_slice text)
{
    size_t stars = 0, label = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_';
        stars += c == '*';
        label = c == '.' ? 0 : label + 1;
        if ((!plain && c != '*' && c != '.') || (c == '.' && i == 0) ||
            (c == '.' && text.ptr[i - 1] == '.')) {
            return false;
        }
    }
    return text.len > 0 && text.len <= 253 && stars <= 1 && label > 0;
}

static void check_set_spec(struct np_decode *d, void *object)
{
    struct np_calico_set_spec *spec = object;
    spec->prefixes = read_nets(d, "nets", &spec->nets, false, &spec->n_prefixes);
    size_t mark = np_path_key(d, "allowedEgressDomains");
    for (size_t i = 0; i < spec->domains.count; i++) {
        const struct np_string_item *item = &spec->domains.items[i];
        size_t inner = np_path_index(d, i);
        if (!is_domain(item->text)) {
            np_decode_report(d, NP_CODE_2406, item->node, "\"%.*s\" is no name of a domain",
                             SHOWN(item->text));
        }
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
    if (spec->domains.count) {
        np_decode_report_in(d, NP_CODE_2405, spec->node, "allowedEgressDomains",
                            "allowedEgressDomains exists in Calico Enterprise and Cloud only");
    }
}

static void check_set(struct np_decode *d, void *object)
{
    check_labels(d, ((struct np_calico_set_object *)object)->metadata);
}

/* ---- endpoints ---- */

static bool is_interface(struct np_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '.' || c == '-')) {
            return np_slice_is(text, "*");
        }
    }
    return text.len > 0 && text.len <= 15;
}

static void check_endpoint_port(struct np_decode *d, void *object)
{
    struct np_calico_endpoint_port *port = object;
    if (port->protocol.set && port->protocol.is_name) {
        port->number = protocol_of(port->protocol.name);
    } else if (port->protocol.set) {
        int64_t number = port->protocol.number;
        port->number = number == 6 || number == 17 || number == 132 ? (uint8_t)number : 0;
    }
    if (port->protocol.set && port->number == 0) {
        np_decode_report_in(d, NP_CODE_2409, port->node, "protocol",
                            "a port is of TCP, UDP or SCTP");
    }
}

static void check_host_spec(struct np_decode *d, void *object)
{
    struct np_calico_host_spec *spec = object;
    spec->prefixes = read_nets(d, "expectedIPs", &spec->addresses, true, &spec->n_prefixes);
    if (spec->node_name.len == 0) {
        np_decode_report_in(d, NP_CODE_2410, spec->node, "node", "a host endpoint is of a node");
    }
    if (spec->interface_name.len == 0 && spec->addresses.count == 0) {
        np_decode_report_in(d, NP_CODE_2410, spec->node, "interfaceName",
                            "one of interfaceName and expectedIPs must be given");
    } else if (spec->interface_name.len && !is_interface(spec->interface_name)) {
        np_decode_report_in(d, NP_CODE_2410, spec->node, "interfaceName",
                            "\"%.*s\" is no name of an interface: up to 15 letters, digits, '_', "
                            "'.', '-', or *",
                            SHOWN(spec->interface_name));
    }
}

static void check_host(struct np_decode *d, void *object)
{
    check_labels(d, ((struct np_calico_host_object *)object)->metadata);
}

static void check_workload_spec(struct np_decode *d, void *object)
{
    struct np_calico_workload_spec *spec = object;
    spec->prefixes = read_nets(d, "ipNetworks", &spec->networks, true, &spec->n_prefixes);
}

/* ---- profiles ---- */

static void check_profile_spec(struct np_decode *d, void *object)
{
    static const char *const keys[] = {[NP_INGRESS] = "ingress", [NP_EGRESS] = "egress"};
    struct np_calico_profile_spec *spec = object;
    for (int i = 0; i < NP_DIRECTIONS; i++) {
        size_t mark = np_path_key(d, keys[i]);
        np_calico_rules_check(d, spec->rules[i].items, spec->rules[i].count, (enum np_direction)i,
                              NP_CALICO_PROFILE);
        np_path_end(d, mark);
    }
    size_t mark = np_path_key(d, "labelsToApply");
    np_meta_labels(d, spec->labels, &spec->label_list);
    np_path_end(d, mark);
}

/* ---- configuration ---- */

static void check_host_port(struct np_decode *d, void *object)
{
    struct np_calico_host_port *port = object;
    port->number = port->protocol.ptr ? protocol_of(port->protocol) : 0;
    if (port->protocol.ptr && port->number == 0) {
        np_decode_report_in(d, NP_CODE_2409, port->node, "protocol",
                            "a port is of TCP, UDP or SCTP");
    }
    if (port->net.len) {
        size_t mark = np_path_key(d, "net");
        (void)read_net(d, np_get(port->node, "net"), port->net, &port->prefix);
        np_path_end(d, mark);
    }
}

static void check_felix(struct np_decode *d, void *object)
{
    const struct np_calico_felix_object *felix = object;
    if (felix->spec && !np_slice_is(d->object->name, "default")) {
        np_decode_report_in(d, NP_CODE_2412, felix->node, "spec",
                            "only the configuration named default is read, not %.*s",
                            SHOWN(d->object->name));
    }
}

#include "dialect/calico/inventory.def"

/* ---- what stays ---- */

static void *keep_tier(struct np_decode *d, const void *decoded)
{
    const struct np_calico_tier_object *tier = decoded;
    struct np_calico_tier_kept *kept = np_decode_alloc(d, 1, sizeof *kept);
    if (kept) {
        const struct np_calico_tier_spec *spec = tier->spec;
        kept->order = spec && spec->order.set ? spec->order.value : HUGE_VAL;
        kept->pass = spec && np_slice_is(spec->default_action, "Pass");
    }
    return kept;
}

static const struct np_slice *keep_texts(struct np_decode *d, const void *list, uint32_t *count)
{
    const strings *texts = list;
    struct np_slice *kept = np_decode_alloc(d, texts->count, sizeof *kept);
    for (size_t i = 0; kept && i < texts->count; i++) {
        kept[i] = np_core_keep(d, texts->items[i].text);
    }
    *count = kept ? (uint32_t)texts->count : 0;
    return kept;
}

static const struct np_prefix *keep_prefixes(struct np_decode *d, const struct np_prefix *prefixes,
                                             uint32_t from, uint32_t *count)
{
    struct np_prefix *kept = np_decode_alloc(d, from, sizeof *kept);
    if (kept && from) {
        memcpy(kept, prefixes, from * sizeof *kept);
    }
    *count = kept ? from : 0;
    return kept;
}

typedef np_list(struct np_calico_endpoint_port) port_list;

static const struct np_core_port *keep_ports(struct np_decode *d, const void *list, uint32_t *count)
{
    const port_list *ports = list;
    struct np_core_port *kept = np_decode_alloc(d, ports->count, sizeof *kept);
    for (size_t i = 0; kept && i < ports->count; i++) {
        const struct np_calico_endpoint_port *port = &ports->items[i];
        kept[i] = (struct np_core_port){np_core_keep(d, port->name), port->number,
                                        (uint16_t)port->port.value};
    }
    *count = kept ? (uint32_t)ports->count : 0;
    return kept;
}

static struct np_calico_thing *keep_thing(struct np_decode *d, const struct np_core_meta *metadata)
{
    struct np_calico_thing *thing = np_decode_alloc(d, 1, sizeof *thing);
    if (thing && metadata) {
        np_calico_keep_labels(d, metadata, &thing->labels);
    }
    return thing;
}

static void *keep_set(struct np_decode *d, const void *decoded)
{
    const struct np_calico_set_object *set = decoded;
    struct np_calico_thing *thing = keep_thing(d, set->metadata);
    if (thing && set->spec) {
        thing->prefixes =
            keep_prefixes(d, set->spec->prefixes, set->spec->n_prefixes, &thing->n_prefixes);
        thing->domains = keep_texts(d, &set->spec->domains, &thing->n_domains);
    }
    return d->no_memory ? NULL : thing;
}

static void *keep_host(struct np_decode *d, const void *decoded)
{
    const struct np_calico_host_object *host = decoded;
    const struct np_calico_host_spec *spec = host->spec;
    struct np_calico_thing *thing = keep_thing(d, host->metadata);
    if (thing && spec) {
        thing->node_name = np_core_keep(d, spec->node_name);
        thing->prefixes = keep_prefixes(d, spec->prefixes, spec->n_prefixes, &thing->n_prefixes);
        thing->profiles = keep_texts(d, &spec->profiles, &thing->n_profiles);
        thing->ports = keep_ports(d, &spec->ports, &thing->n_ports);
    }
    return d->no_memory ? NULL : thing;
}

static void *keep_workload(struct np_decode *d, const void *decoded)
{
    const struct np_calico_workload_object *workload = decoded;
    const struct np_calico_workload_spec *spec = workload->spec;
    struct np_calico_thing *thing = keep_thing(d, workload->metadata);
    if (thing && spec) {
        thing->node_name = np_core_keep(d, spec->node_name);
        thing->account = np_core_keep(d, spec->account);
        thing->pod = np_core_keep(d, spec->pod.len ? spec->pod : spec->workload);
        thing->orchestrator = np_core_keep(d, spec->orchestrator);
        thing->prefixes = keep_prefixes(d, spec->prefixes, spec->n_prefixes, &thing->n_prefixes);
        thing->profiles = keep_texts(d, &spec->profiles, &thing->n_profiles);
        thing->ports = keep_ports(d, &spec->ports, &thing->n_ports);
    }
    return d->no_memory ? NULL : thing;
}

int np_calico_tier_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_calico_tier_shape, root, keep_tier);
}

int np_calico_set_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_calico_set_shape, root, keep_set);
}

int np_calico_host_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_calico_host_shape, root, keep_host);
}

int np_calico_workload_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_calico_workload_shape, root, keep_workload);
}

/* There are few of these, so they stay as they were decoded. */
static int decode_whole(struct np_decode *d, const struct np_shape *shape,
                        const struct np_node *root)
{
    const struct np_node *kept = np_decode_keep(d, root);
    void *out = kept ? np_decode_alloc(d, 1, shape->size) : NULL;
    if (out && np_decode_into(d, shape, kept, out)) {
        d->object->spec = out;
    }
    return d->no_memory ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

int np_calico_profile_decode(struct np_decode *d, const struct np_node *root)
{
    int status = decode_whole(d, &np_calico_profile_shape, root);
    if (status == NETPOL_OK && d->object->spec) {
        np_calico_check_built_in(d, d->object->spec);
    }
    return d->no_memory ? NETPOL_ERR_MEMORY : status;
}

int np_calico_felix_decode(struct np_decode *d, const struct np_node *root)
{
    return decode_whole(d, &np_calico_felix_shape, root);
}
