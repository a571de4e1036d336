/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NetworkPolicy to model. Source: content/en/docs/concepts/services-networking/network-policies.md
 * of kubernetes/website and test/e2e/network/netpol of kubernetes/kubernetes.
 *
 * A policy isolates its subjects in the directions of its types, rules or not; each rule allows;
 * one rank, so that order never matters. Rules of a direction that is not listed are inert; Cilium
 * hears them all the same (pkg/k8s/network_policy.go ParseNetworkPolicy).
 */
#include "dialect/kubernetes.h"
#include "base/defect.h"
#include "dialect/calico/calico.h"
#include "dialect/cilium/cilium.h"
#include "dialect/lower.h"
#include "dialect/syntax.h"

/* policyTypes, with the defaults of pkg/apis/networking/v1/defaults.go. */
static bool listed(const struct np_kube_spec *spec, enum np_direction direction)
{
    if (!spec || spec->types.count == 0) {
        return direction == NP_INGRESS || np_defect(TYPES_BOTH) ||
               (spec && spec->rules[NP_EGRESS].count > 0 && !np_defect(TYPES_INGRESS_ONLY));
    }
    const char *name = direction == NP_INGRESS ? "Ingress" : "Egress";
    for (size_t i = 0; i < spec->types.count; i++) {
        if (np_slice_is(spec->types.items[i].text, name)) {
            return true;
        }
    }
    return false;
}

static bool is_heard(const struct np_lower *l, const struct np_kube_spec *spec,
                     enum np_direction direction)
{
    return listed(spec, direction) ||
           (np_cilium_engine(l) && spec && spec->rules[direction].count > 0);
}

static struct np_axes lower_ports(struct np_lower *l, const struct np_kube_rule *rule)
{
    struct np_lower_ports ports;
    if (rule->ports.count == 0 || !np_lower_ports_room(l, &ports, rule->ports.count)) {
        return (struct np_axes){NULL, NULL};
    }
    for (size_t i = 0; i < rule->ports.count; i++) {
        const struct np_kube_port *port = &rule->ports.items[i];
        uint8_t protocol = port->protocol.ptr ? np_syntax_protocol(port->protocol) : 6;
        if (np_defect(PROTOCOL_ANY) && !port->protocol.ptr && port->port.set) {
            np_lower_span(&ports, 17, port->port.number, port->port.number);
        } else if (port->port.is_name) {
            np_lower_port_name(l, &ports, protocol, port->port.name);
        } else if (port->port.set) {
            int64_t last = port->end_port.set ? port->end_port.value : port->port.number;
            last = np_defect(NO_END_PORT) ? port->port.number : last;
            last -= np_defect(END_PORT_EXCLUDED) && last > port->port.number;
            np_lower_span(&ports, protocol, port->port.number, last);
        } else {
            np_lower_all_ports(&ports, protocol);
        }
    }
    return np_lower_axes(l, &ports);
}

/* podSelector alone: the policy's own namespace. Both selectors: one pod must satisfy both. */
static const struct np_set *lower_peer(struct np_lower *l, const struct np_kube_peer *peer)
{
    if (peer->block) {
        return np_lower_block(l, &peer->block->prefix, peer->block->excepted,
                              peer->block->except.count);
    }
    bool unheard = np_defect(PEER_SELECTOR_OR) && peer->namespaces;
    bool any = peer->namespaces || np_defect(PEER_ANY_NAMESPACE);
    struct np_slice own = any ? (struct np_slice){"", 0} : l->object->namespace_name;
    return np_lower_pod_set(l, np_lower_pod_kinds(l),
                            np_lower_pods(l, own, peer->namespaces, unheard ? NULL : peer->pods));
}

static void lower_rule(struct np_lower *l, struct np_policy *policy, enum np_direction direction,
                       const struct np_kube_rule *rule, size_t index)
{
    struct np_rule *lowered = np_build_rule(l->build, policy, direction, NP_ACT_ALLOW);
    if (!lowered) {
        return;
    }
    lowered->origin = np_lower_origin(l, rule->node, "spec.%s[%zu]",
                                      direction == NP_INGRESS ? "ingress" : "egress", index);
    struct np_axes axes = lower_ports(l, rule);
    for (size_t i = 0; i < rule->peers.count; i++) {
        np_lower_alternative(l, lowered, lower_peer(l, &rule->peers.items[i]), axes);
    }
    if (rule->peers.count == 0 && !np_defect(EMPTY_PEERS_NOBODY)) {
        np_lower_alternative(l, lowered, NULL, axes);
    }
}

/* other_proto=deny: a rule without ports does not let them pass either. */
static void deny_other_protocols(struct np_lower *l, struct np_policy *policy,
                                 enum np_direction direction)
{
    struct np_rule *rule = np_build_rule(l->build, policy, direction, NP_ACT_DENY);
    if (rule) {
        rule->origin = policy->origin;
        rule->origin.option = np_build_text(l->build, "other_proto");
        np_lower_alternative(l, rule, NULL,
                             (struct np_axes){.service = np_lower_other_protocols(l)});
    }
}

static const struct np_set *lower_subject(struct np_lower *l, const struct np_label_selector *pods)
{
    return np_lower_pod_set(l, np_lower_pod_kinds(l),
                            np_lower_pods(l, l->object->namespace_name, NULL, pods));
}

static void lower_direction(struct np_lower *l, struct np_policy *policy,
                            const struct np_kube_spec *spec, enum np_direction direction)
{
    policy->isolates[direction] = true;
    policy->subjects[direction] = lower_subject(l, spec ? spec->subject : NULL);
    for (size_t i = 0; spec && i < spec->rules[direction].count; i++) {
        lower_rule(l, policy, direction, &spec->rules[direction].items[i], i);
    }
    if (l->options->other_proto == NP_OTHER_PROTO_DENY && np_lower_own_engine(l)) {
        deny_other_protocols(l, policy, direction);
    }
}

struct np_policy *np_kubernetes_lower_spec(struct np_lower *l, const struct np_kube_spec *spec)
{
    struct np_policy *policy = np_build_policy(
        l->build, np_lower_tier(l, NP_TIER_NETWORK_POLICY), l->object->reader->kind,
        np_build_str(l->build, l->object->namespace_name), np_build_str(l->build, l->object->name));
    if (!policy) {
        return NULL;
    }
    policy->origin = np_lower_origin(l, spec ? spec->node : NULL, "spec");
    if (np_calico_engine(l)) { /* conversion.go K8sNetworkPolicyToCalico */
        np_lower_place(l, policy, 1000);
    }
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        if (is_heard(l, spec, (enum np_direction)d)) {
            lower_direction(l, policy, spec, (enum np_direction)d);
        }
    }
    return policy;
}

int np_kubernetes_lower(struct np_lower *l)
{
    const struct np_kube_policy *source = l->object->spec;
    const struct np_kube_spec *spec = source ? source->spec : NULL;
    if (l->object->state == NP_OBJECT_UNREADABLE) {
        bool read = source && source->subject_read;
        return np_lower_unreadable_as(l, NP_TIER_NETWORK_POLICY,
                                      lower_subject(l, read && spec ? spec->subject : NULL));
    }
    np_kubernetes_lower_spec(l, spec);
    return np_lower_status(l);
}
