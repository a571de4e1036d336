/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables cannot say of a policy. Source: pkg/policy/api/rule_validation.go (Rule.Sanitize,
 * IngressRule.sanitize, EgressRule.sanitize and those that deny) and
 * pkg/k8s/apis/cilium.io/v2/{cnp,ccnp}_types.go (Parse) of cilium/cilium.
 */
#include "dialect/cilium/policy.h"

#include "dialect/meta.h"

static const char *const authentication_modes[] = {"disabled", "required", "test-always-fail",
                                                   NULL};
static const char *const list_keys[NP_DIRECTIONS][2] = {
    [NP_INGRESS] = {"ingress", "ingressDeny"},
    [NP_EGRESS] = {"egress",  "egressDeny" },
};

/* Neither absent nor null. */
static bool is_given(const struct np_node *map, const char *key)
{
    const struct np_node *node = np_get(map, key);
    return node && node->kind != NP_NULL;
}

static size_t written(const struct np_node *list)
{
    return np_is(list, NP_LIST) ? list->list.count : 0;
}

/* ---- elements ---- */

static void check_port_rule(struct np_decode *d, struct np_cilium_port_rule *rule,
                            struct np_cilium_l7_place place)
{
    struct np_cilium_l7_port *ports = np_decode_alloc(d, rule->ports.count, sizeof *ports);
    place.entry = rule->node;
    place.ports = ports;
    for (size_t i = 0; ports && i < rule->ports.count; i++) {
        const struct np_cilium_port *port = &rule->ports.items[i];
        if (port->read) {
            ports[place.n_ports++] =
                (struct np_cilium_l7_port){.node = port->node,
                                           .protocol = port->number,
                                           .every = !port->name.ptr && port->first == 0,
                                           .range = port->last > port->first};
        }
    }
    bool empty = written(rule->ports.node) == 0 && !np_is(rule->ports.node, NP_NULL);
    if (empty && !is_given(rule->node, "rules")) {
        np_decode_report_in(d, NP_CODE_2520, rule->node, "ports", "toPorts without ports");
    }
    if (ports) {
        np_cilium_check_l7(d, &rule->l7, &place);
    }
}

static void check_icmps(struct np_decode *d, const struct np_cilium_element *element)
{
    if (element->icmps.count && written(element->ports.node)) {
        np_decode_report_in(d, NP_CODE_2515, element->node, "icmps", "icmps beside toPorts");
    }
    size_t mark = np_path_key(d, "icmps");
    for (size_t i = 0; i < element->icmps.count; i++) {
        size_t inner = np_path_index(d, i);
        const struct np_cilium_icmp_rule *rule = &element->icmps.items[i];
        if (written(rule->fields.node) == 0) {
            np_decode_report_in(d, NP_CODE_2520, rule->node, "fields", "icmps without fields");
        }
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
}

static void check_element(struct np_decode *d, struct np_cilium_element *element,
                          const struct np_cilium_l7_place *place)
{
    np_cilium_check_peers(d, element->node, &element->peers, place->direction, place->deny);
    size_t mark = np_path_key(d, "toPorts");
    for (size_t i = 0; i < element->ports.count; i++) {
        size_t inner = np_path_index(d, i);
        check_port_rule(d, &element->ports.items[i], *place);
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
    check_icmps(d, element);
}

/* ---- a part ---- */

static void check_subjects(struct np_decode *d, const struct np_cilium_spec *spec)
{
    bool endpoints = is_given(spec->node, "endpointSelector");
    bool nodes = is_given(spec->node, "nodeSelector");
    if (!endpoints && !nodes) {
        np_decode_report(d, NP_CODE_2501, spec->node, "neither endpointSelector nor nodeSelector");
    } else if (nodes && d->object->reader->namespaced) {
        np_decode_report_in(d, NP_CODE_2503, spec->node, "nodeSelector",
                            "nodeSelector in a policy that has a namespace");
    } else if (endpoints && nodes) {
        np_decode_report_in(d, NP_CODE_2502, spec->node, "nodeSelector",
                            "endpointSelector and nodeSelector");
    }
    if (spec->endpoints) {
        size_t mark = np_path_key(d, "endpointSelector");
        np_cilium_check_subjects(d, spec->endpoints);
        np_path_end(d, mark);
    }
}

static void check_spec(struct np_decode *d, void *object)
{
    struct np_cilium_spec *spec = object;
    size_t elements = 0;
    check_subjects(d, spec);
    for (int i = 0; i < 2 * NP_DIRECTIONS; i++) {
        const struct np_cilium_l7_place place = {
            .direction = (enum np_direction)(i / 2),
            .deny = i % 2,
            .host_policy = is_given(spec->node, "nodeSelector"),
            .cluster_wide = !d->object->reader->namespaced,
        };
        np_cilium_elements *list = place.deny ? &spec->deny[i / 2] : &spec->allow[i / 2];
        size_t mark = np_path_key(d, list_keys[place.direction][place.deny]);
        for (size_t k = 0; k < list->count; k++) {
            size_t inner = np_path_index(d, k);
            check_element(d, &list->items[k], &place);
            np_path_end(d, inner);
        }
        np_path_end(d, mark);
        elements += is_given(spec->node, list_keys[place.direction][place.deny]) &&
                    (!np_is(list->node, NP_LIST) || list->node->list.count);
    }
    if (elements == 0) {
        np_decode_report(d, NP_CODE_2504, spec->node,
                         "no elements in ingress, ingressDeny, egress and egressDeny");
    }
}

static void check_policy(struct np_decode *d, void *object)
{
    const struct np_cilium_policy *policy = object;
    if (!is_given(policy->node, "spec") && !is_given(policy->node, "specs")) {
        np_decode_report(d, NP_CODE_2500, policy->node, "neither spec nor specs");
    }
}

#include "dialect/cilium/policy.def"

/* ---- reading ---- */

size_t np_cilium_parts(const struct np_cilium_policy *policy)
{
    return (policy->spec ? 1 : 0) + policy->specs.count;
}

const struct np_cilium_spec *np_cilium_part(const struct np_cilium_policy *policy, size_t part)
{
    return policy->spec && part == 0 ? policy->spec
                                     : &policy->specs.items[part - (policy->spec ? 1 : 0)];
}

static bool selector_read(struct np_decode *d, const struct np_node *spec)
{
    const char *key = is_given(spec, "nodeSelector") ? "nodeSelector" : "endpointSelector";
    const struct np_node *selector = np_get(spec, key);
    bool wrong = is_given(spec, "nodeSelector") &&
                 (is_given(spec, "endpointSelector") || d->object->reader->namespaced);
    return !wrong && np_is(selector, NP_MAP) &&
           np_decode_again(d, &np_cilium_selector_shape, selector);
}

/* Of what was refused: is it known at least whom all of it is about? */
static bool subjects_read(struct np_decode *d, const struct np_cilium_policy *policy)
{
    size_t listed = written(policy->specs.node);
    bool read = is_given(policy->node, "spec") == (policy->spec != NULL) &&
                is_given(policy->node, "specs") == np_is(policy->specs.node, NP_LIST) &&
                policy->specs.count == listed && np_cilium_parts(policy) > 0;
    for (size_t i = 0; read && i < np_cilium_parts(policy); i++) {
        read = selector_read(d, np_cilium_part(policy, i)->node);
    }
    return read;
}

static int decode(struct np_decode *d, const struct np_node *root, const struct np_shape *shape)
{
    struct np_cilium_policy *policy = np_decode_alloc(d, 1, sizeof *policy);
    const struct np_node *kept = np_decode_keep(d, root);
    if (!policy || !kept) {
        return NETPOL_ERR_MEMORY;
    }
    d->object->spec = policy;
    np_meta_labels_of(d, kept, NULL);
    np_decode_into(d, shape, kept, policy);
    policy->subjects_read = d->errors == 0 || subjects_read(d, policy);
    return d->no_memory ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

int np_cilium_np_decode(struct np_decode *d, const struct np_node *root)
{
    return decode(d, root, &np_cilium_np_policy_shape);
}

int np_cilium_cnp_decode(struct np_decode *d, const struct np_node *root)
{
    return decode(d, root, &np_cilium_cnp_policy_shape);
}
