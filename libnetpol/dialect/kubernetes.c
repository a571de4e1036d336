/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NetworkPolicy: what the tables cannot say. Each check names the rule of the API server's
 * validation it stands for: pkg/apis/networking/validation/validation.go of kubernetes/kubernetes.
 */
#include "dialect/kubernetes.h"

#include "dialect/cidr.h"
#include "dialect/lower.h"
#include "dialect/meta.h"

static const char *const kube_protocols[] = {"TCP", "UDP", "SCTP", NULL};
static const char *const kube_directions[] = {"Ingress", "Egress", NULL};

static int shown(struct np_slice text)
{
    return (int)(text.len < 80 ? text.len : 80);
}

static bool all_digits(struct np_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len > 0;
}

/* ValidateNetworkPolicyPort. */
static void check_port_name(struct np_decode *d, const struct np_kube_port *port)
{
    const char *wrong = np_syntax_port_name(port->port.name);
    if (!wrong) {
        return;
    }
    size_t mark = np_path_key(d, "port");
    const char *hint = all_digits(port->port.name) ? "Write the number without quotes." : NULL;
    np_decode_report_full(d, NP_CODE_2102, -1, hint, np_spot_of(np_get(port->node, "port")),
                          "port name \"%.*s\" %s", shown(port->port.name), port->port.name.ptr,
                          wrong);
    np_path_end(d, mark);
}

static void check_port(struct np_decode *d, void *object)
{
    const struct np_kube_port *port = object;
    const struct np_node *written = np_get(port->node, "port");
    bool given = written && written->kind != NP_NULL;
    if (port->port.is_name) {
        check_port_name(d, port);
    } else if (port->port.set && (port->port.number < 1 || port->port.number > 65535)) {
        np_decode_report_in(d, NP_CODE_2101, port->node, "port", "port is %lld, must be 1 to 65535",
                            (long long)port->port.number);
    }
    if (!port->end_port.set) {
        return;
    }
    if (!given) {
        np_decode_report_in(d, NP_CODE_2105, port->node, "endPort", "endPort without port");
    } else if (port->port.is_name) {
        np_decode_report_in(d, NP_CODE_2104, port->node, "endPort",
                            "endPort with the port name \"%.*s\"", shown(port->port.name),
                            port->port.name.ptr);
    } else if (port->port.set && port->end_port.value < port->port.number) {
        np_decode_report_in(d, NP_CODE_2103, port->node, "endPort",
                            "endPort %lld is below port %lld", (long long)port->end_port.value,
                            (long long)port->port.number);
    }
}

/* ValidateIPBlock: an except lies inside the block, is smaller, and of the same family. */
static void check_except(struct np_decode *d, struct np_kube_ip_block *block, bool outer_ok)
{
    struct np_prefix *excepted = np_decode_alloc(d, block->except.count, sizeof *excepted);
    block->excepted = excepted;
    size_t outer = np_path_key(d, "except");
    for (size_t i = 0; excepted && i < block->except.count; i++) {
        const struct np_string_item *item = &block->except.items[i];
        size_t mark = np_path_index(d, i);
        if (np_decode_cidr(d, item->node, item->text, 0, &excepted[i]) && outer_ok &&
            (!np_prefix_within(&excepted[i], &block->prefix) ||
             excepted[i].length == block->prefix.length)) {
            np_decode_report(d, NP_CODE_2109, item->node,
                             "except %.*s is not a smaller range inside %.*s", shown(item->text),
                             item->text.ptr, shown(block->cidr), block->cidr.ptr);
        }
        np_path_end(d, mark);
    }
    np_path_end(d, outer);
}

static void check_ip_block(struct np_decode *d, void *object)
{
    struct np_kube_ip_block *block = object;
    bool ok = false;
    if (block->cidr.ptr) {
        size_t mark = np_path_key(d, "cidr");
        ok = np_decode_cidr(d, np_get(block->node, "cidr"), block->cidr, 0, &block->prefix);
        np_path_end(d, mark);
    }
    check_except(d, block, ok);
}

static bool is_there(const struct np_node *map, const char *key)
{
    const struct np_node *node = np_get(map, key);
    return node && node->kind != NP_NULL;
}

/* ValidateNetworkPolicyPeer. A null member is an absent one, so "- podSelector:" is an empty peer.
 */
static void check_peer(struct np_decode *d, void *object)
{
    const struct np_kube_peer *peer = object;
    bool selects = is_there(peer->node, "podSelector") || is_there(peer->node, "namespaceSelector");
    bool block = is_there(peer->node, "ipBlock");
    if (!selects && !block) {
        np_decode_report(d, NP_CODE_2107, peer->node, "the peer names nobody");
    } else if (selects && block) {
        np_decode_report_in(d, NP_CODE_2108, peer->node, "ipBlock",
                            "ipBlock together with a selector");
    }
}

/* Rules of a direction that policyTypes does not list pass the API server silently, and do nothing
 * (Cilium hears them: kubernetes_lower.c). */
static void check_inert(struct np_decode *d, const struct np_kube_spec *spec)
{
    static const char *const fields[NP_DIRECTIONS] = {
        [NP_INGRESS] = "ingress", [NP_EGRESS] = "egress"};
    for (int direction = 0; spec->types.count && direction < NP_DIRECTIONS; direction++) {
        bool listed = spec->rules[direction].count == 0;
        for (size_t i = 0; i < spec->types.count; i++) {
            listed = listed || np_slice_is(spec->types.items[i].text, kube_directions[direction]);
        }
        if (!listed) {
            np_decode_report_in(
                d, NP_CODE_4102, spec->node, fields[direction],
                "policyTypes does not list %s: the rules below are ignored, except by Cilium",
                kube_directions[direction]);
        }
    }
}

/* ValidateNetworkPolicySpec: duplicates among the types pass. */
void np_kubernetes_check_spec(struct np_decode *d, void *object)
{
    const struct np_kube_spec *spec = object;
    size_t mark = np_path_key(d, "policyTypes");
    if (np_is(spec->types.node, NP_LIST) && spec->types.node->list.count > 2) {
        np_decode_report(d, NP_CODE_2110, spec->types.node, "policyTypes has %zu entries",
                         spec->types.node->list.count);
    }
    for (size_t i = 0; i < spec->types.count; i++) {
        const struct np_string_item *type = &spec->types.items[i];
        if (np_slice_is(type->text, "Ingress") || np_slice_is(type->text, "Egress")) {
            continue;
        }
        const char *near = np_suggest(type->text, kube_directions, 2);
        size_t inner = np_path_index(d, i);
        np_decode_report(d, NP_CODE_2111, type->node, "\"%.*s\" is not a policy type%s%s%s",
                         shown(type->text), type->text.ptr, near ? "; did you mean " : "",
                         near ? near : "", near ? "?" : "");
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
    check_inert(d, spec);
}

#include "dialect/kubernetes.def"

int np_kubernetes_decode(struct np_decode *d, const struct np_node *root)
{
    struct np_kube_policy *policy = np_decode_alloc(d, 1, sizeof *policy);
    const struct np_node *kept = np_decode_keep(d, root);
    if (!policy || !kept) {
        return NETPOL_ERR_MEMORY;
    }
    d->object->spec = policy;
    np_meta_labels_of(d, kept, NULL);
    np_decode_into(d, &np_kube_policy_shape, kept, policy);
    if (d->errors && policy->spec) {
        const struct np_node *subject = np_get(policy->spec->node, "podSelector");
        policy->subject_read =
            np_is(subject, NP_MAP) && np_decode_again(d, &np_label_selector_shape, subject);
    }
    return d->no_memory ? NETPOL_ERR_MEMORY : NETPOL_OK;
}
