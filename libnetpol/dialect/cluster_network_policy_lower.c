/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClusterNetworkPolicy, AdminNetworkPolicy and BaselineAdminNetworkPolicy to model. Source:
 * kubernetes-sigs/network-policy-api apis/v1alpha1, apis/v1alpha2, npeps/npep-285-combine-crds.md.
 *
 * Listed rules in policies by (priority, name); nothing isolates; the tier's end passes on. Under
 * engine=cilium by (priority, index), a deny first (pkg/k8s/network_policy, PolicyEntry.Priority).
 */
#include "dialect/cluster_network_policy.h"
#include "base/defect.h"
#include "dialect/cilium/cilium.h"

enum { BANP_ORDER = 1001 }; /* behind every priority of a ClusterNetworkPolicy */

static enum np_action action_of(struct np_slice text)
{
    if (np_slice_is(text, "Pass")) {
        return np_defect(PASS_IS_ALLOW) ? NP_ACT_ALLOW : NP_ACT_PASS;
    }
    return np_slice_is(text, "Deny") ? NP_ACT_DENY : NP_ACT_ALLOW;
}

/* ---- ports ---- */

static uint8_t protocol_of(struct np_slice text)
{
    if (np_slice_is(text, "UDP")) {
        return 17;
    }
    return np_slice_is(text, "SCTP") ? 132 : 6;
}

/* 1 to 65535 is how these kinds write "all TCP" (npep-187): fragments are meant, too. */
static void lower_range(struct np_lower_ports *ports, uint8_t protocol,
                        const struct np_cnp_range *range)
{
    np_lower_span(ports, protocol, range->start.value, range->end.value);
    ports->spans[ports->n_spans - 1].no_port = range->start.value == 1 && range->end.value == 65535;
}

static void lower_port(struct np_lower *l, struct np_lower_ports *ports,
                       const struct np_cnp_port *port)
{
    static const uint8_t transports[] = {6, 17, 132};
    if (port->name.ptr) {
        np_lower_port_name(l, ports, -1, port->name);
    } else if (port->number) {
        uint8_t protocol = protocol_of(port->number->protocol);
        np_lower_span(ports, protocol, port->number->port.value, port->number->port.value);
    } else if (port->range) {
        lower_range(ports, protocol_of(port->range->protocol), &port->range->range);
    }
    for (size_t i = 0; i < 3; i++) {
        const struct np_cnp_destination *to =
            port->transports[i] ? port->transports[i]->port : NULL;
        if (to && to->range) {
            lower_range(ports, transports[i], to->range);
        } else if (to) {
            np_lower_span(ports, transports[i], to->number.value, to->number.value);
        }
    }
}

static struct np_axes lower_ports(struct np_lower *l, const struct np_cnp_rule *rule)
{
    struct np_lower_ports ports;
    if (rule->ports.count == 0 || !np_lower_ports_room(l, &ports, 3 * rule->ports.count)) {
        return (struct np_axes){NULL, NULL};
    }
    for (size_t i = 0; i < rule->ports.count; i++) {
        lower_port(l, &ports, &rule->ports.items[i]);
    }
    return np_lower_axes(l, &ports);
}

/* ---- peers ---- */

/*
 * Pods with hostNetwork are never subject nor peer by selector. Where the option host_network makes
 * them pods like any other, the selector has to say so.
 */
static const struct np_set *lower_pods(struct np_lower *l,
                                       const struct np_label_selector *namespaces,
                                       const struct np_cnp_pods *pods)
{
    struct np_slice any = {"", 0};
    const struct np_selector *selector = pods ? np_lower_pods(l, any, pods->namespaces, pods->pods)
                                              : np_lower_pods(l, any, namespaces, NULL);
    if (l->options->host_network) { /* node, pod */
        const struct np_selector *both[] = {
            selector, np_build_term(l->build, NP_SCOPE_FIELD,
                                    np_build_text(l->build, "hostnetwork"), NP_OP_ABSENT, NULL, 0)};
        selector = np_build_select(l->build, NP_SELECT_ALL, both, 2);
    }
    return np_lower_pod_set(l, NP_OBJ_WORKLOAD, selector);
}

static const struct np_set *lower_networks(struct np_lower *l, const struct np_cnp_peer *peer)
{
    struct np_set_build *set = np_build_set(l->build);
    for (size_t i = 0; i < peer->networks.count; i++) {
        if (i == 0 || !np_defect(NETWORKS_AND)) {
            np_set_clause(set);
        }
        np_set_literal(set, np_lower_prefix(l, &peer->prefixes[i]), false);
    }
    return np_set_done(set);
}

/* Under Cilium names are labels of addresses outside (pkg/ipcache/metadata.go resolveLabels). */
static const struct np_set *lower_domains(struct np_lower *l, const struct np_cnp_peer *peer)
{
    uint32_t count = (uint32_t)peer->domains.count;
    struct np_pattern *patterns = np_build_alloc(l->build, count, sizeof *patterns);
    for (uint32_t i = 0; patterns && i < count; i++) {
        patterns[i] =
            (struct np_pattern){.kind = NP_PATTERN_DNS,
                                .ignore_case = true,
                                .text = np_build_str(l->build, peer->domains.items[i].text)};
    }
    uint8_t domain = np_cilium_engine(l) ? NP_DOMAIN_OUTSIDE : NP_DOMAIN_ALL;
    return np_build_set_of(l->build, np_build_names(l->build, patterns, count, domain));
}

static const struct np_set *lower_peer(struct np_lower *l, const struct np_cnp_peer *peer)
{
    if (peer->networks.node) {
        return lower_networks(l, peer);
    }
    if (peer->domains.node) {
        return lower_domains(l, peer);
    }
    if (peer->nodes) {
        if (l->options->node_addresses) { /* match, nothing */
            return np_lower_nothing(l);
        }
        const struct np_selector *nodes = np_lower_selector(l->build, NP_SCOPE_OBJECT, peer->nodes);
        return np_build_set_of(l->build, np_build_node_addrs(l->build, nodes, NP_DOMAIN_ALL));
    }
    return lower_pods(l, peer->namespaces, peer->pods);
}

/* ---- rules and policies ---- */

static bool has_unknown(const struct np_cnp_rule *rule)
{
    for (size_t i = 0; i < rule->peers.count; i++) {
        if (rule->peers.items[i].unknown) {
            return true;
        }
    }
    return false;
}

/* Under Cilium what is allowed by name may be asked for. */
static void lower_queries(struct np_lower *l, const struct np_rule *lowered,
                          const struct np_cnp_peer *peer)
{
    if (!np_cilium_engine(l) || !peer->domains.node || lowered->action != NP_ACT_ALLOW) {
        return;
    }
    struct np_rule *queries =
        np_build_rule(l->build, (struct np_policy *)(uintptr_t)lowered->policy,
                      (enum np_direction)lowered->direction, NP_ACT_ALLOW);
    if (queries) {
        queries->origin = lowered->origin;
        queries->rank = lowered->rank;
        queries->title = lowered->title;
    }
    np_cilium_allow_queries(l, peer->domains.node, peer->domains.items, peer->domains.count,
                            queries);
}

static void lower_rule(struct np_lower *l, struct np_policy *policy, enum np_direction direction,
                       const struct np_cnp_rule *rule, size_t index)
{
    enum np_action action = action_of(rule->action);
    bool unknown = has_unknown(rule);
    if (unknown && action == NP_ACT_PASS) {
        action = NP_ACT_DENY;
    }
    struct np_rule *lowered = np_build_rule(l->build, policy, direction, action);
    if (!lowered) {
        return;
    }
    lowered->origin = np_lower_origin(l, rule->node, "spec.%s[%zu]",
                                      direction == NP_INGRESS ? "ingress" : "egress", index);
    if (np_cilium_engine(l)) { /* its key is priority + index/100, over all policies of a tier */
        lowered->rank = (int64_t)index;
    }
    lowered->title = rule->name.len ? np_build_str(l->build, rule->name) : NULL;
    struct np_axes axes = lower_ports(l, rule);
    if (unknown) {
        bool all = action == NP_ACT_DENY || np_defect(UNKNOWN_PEER_ALLOWS);
        const struct np_set *far = all ? NULL : np_lower_nothing(l);
        np_lower_alternative(l, lowered, far, axes);
        return;
    }
    for (size_t i = 0; i < rule->peers.count; i++) {
        np_lower_alternative(l, lowered, lower_peer(l, &rule->peers.items[i]), axes);
        lower_queries(l, lowered, &rule->peers.items[i]);
    }
}

static const struct np_set *lower_subject(struct np_lower *l, const struct np_cnp_subject *subject)
{
    return lower_pods(l, subject ? subject->namespaces : NULL, subject ? subject->pods : NULL);
}

static int lower_unreadable(struct np_lower *l, const struct np_cnp_policy *source)
{
    bool read =
        source && source->spec && (source->subject_read || l->object->state == NP_OBJECT_OK);
    return np_lower_unreadable_as(l, source && source->baseline ? NP_TIER_BASELINE : NP_TIER_ADMIN,
                                  lower_subject(l, read ? source->spec->subject : NULL));
}

int np_cnp_lower(struct np_lower *l)
{
    const struct np_cnp_policy *source = l->object->spec;
    bool refused =
        source && source->unknown_peer && !l->options->unknown_peer; /* error, fail-closed */
    if (!source || l->object->state == NP_OBJECT_UNREADABLE || refused) {
        return lower_unreadable(l, source);
    }
    const struct np_cnp_spec *spec = source->spec;
    np_str name = np_build_str(l->build, l->object->name);
    struct np_policy *policy = np_build_policy(
        l->build, np_lower_tier(l, source->baseline ? NP_TIER_BASELINE : NP_TIER_ADMIN),
        l->object->reader->kind, NULL, name);
    if (!policy) {
        return NETPOL_ERR_MEMORY;
    }
    double order = spec->priority.set ? (double)spec->priority.value : BANP_ORDER;
    policy->tie = name;
    np_lower_place(l, policy, np_defect(PRIORITY_IGNORED) ? 0 : order);
    policy->origin = np_lower_origin(l, spec->node, "spec");
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        if (spec->rules[d].count == 0) {
            continue;
        }
        policy->subjects[d] = lower_subject(l, spec->subject);
        for (size_t i = 0; i < spec->rules[d].count; i++) {
            lower_rule(l, policy, (enum np_direction)d, &spec->rules[d].items[i], i);
        }
    }
    return np_lower_status(l);
}
