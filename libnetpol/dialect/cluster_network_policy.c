/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClusterNetworkPolicy, AdminNetworkPolicy, BaselineAdminNetworkPolicy: what the tables cannot say.
 * Source: markers and CEL rules of kubernetes-sigs/network-policy-api apis/v1alpha1 and v1alpha2.
 */
#include "dialect/cluster_network_policy.h"

#include "dialect/cidr.h"
#include "dialect/lower.h"
#include "dialect/meta.h"

static const char *const cnp_tiers[] = {"Admin", "Baseline", NULL};
static const char *const cnp_actions[] = {"Accept", "Deny", "Pass", NULL};
static const char *const anp_actions[] = {"Allow", "Deny", "Pass", NULL};
static const char *const banp_actions[] = {"Allow", "Deny", NULL};
static const char *const cnp_protocols[] = {"TCP", "UDP", "SCTP", NULL};

enum { NETWORK_LENGTH_MAX = 43 };

static int shown(struct np_slice text)
{
    return (int)(text.len < 80 ? text.len : 80);
}

/* How many of the keys the map has, null ones included: these were reported before. */
static size_t members_of(const struct np_node *map, const char *const *keys)
{
    size_t count = 0;
    for (; *keys; keys++) {
        count += np_get(map, *keys) != NULL;
    }
    return count;
}

static void check_subject(struct np_decode *d, void *object)
{
    static const char *const keys[] = {"namespaces", "pods", NULL};
    const struct np_cnp_subject *subject = object;
    if (members_of(subject->node, keys) != 1) {
        np_decode_report(d, NP_CODE_2205, subject->node,
                         "the subject needs exactly one of namespaces and pods");
    }
}

/* ---- peers ---- */

static void check_networks(struct np_decode *d, struct np_cnp_peer *peer)
{
    struct np_prefix *prefixes = np_decode_alloc(d, peer->networks.count, sizeof *prefixes);
    peer->prefixes = prefixes;
    size_t outer = np_path_key(d, "networks");
    for (size_t i = 0; prefixes && i < peer->networks.count; i++) {
        const struct np_string_item *item = &peer->networks.items[i];
        size_t mark = np_path_index(d, i);
        if (item->text.len > NETWORK_LENGTH_MAX) {
            np_decode_report(d, NP_CODE_2216, item->node, "the network has %zu characters",
                             item->text.len);
        } else {
            np_decode_cidr(d, item->node, item->text, NP_CIDR_STRICT, &prefixes[i]);
        }
        np_path_end(d, mark);
    }
    np_path_end(d, outer);
}

static bool domain_char(char c, bool edge)
{
    bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alnum || (!edge && (c == '-' || c == '_'));
}

/* ^(\*\.)?(label\.)+label\.?$ : at least two labels besides the star. */
static bool domain_is_good(struct np_slice text)
{
    size_t labels = 0, start = 0;
    if (text.len > 2 && text.ptr[0] == '*' && text.ptr[1] == '.') {
        start = 2;
    }
    size_t end = text.len > 0 && text.ptr[text.len - 1] == '.' ? text.len - 1 : text.len;
    for (size_t i = start; i <= end; i++) {
        if (i < end && text.ptr[i] != '.') {
            bool edge = i == start || i + 1 == end || text.ptr[i + 1] == '.';
            if (!domain_char(text.ptr[i], edge)) {
                return false;
            }
            continue;
        }
        if (i == start || i - start > 63) {
            return false;
        }
        labels++;
        start = i + 1;
    }
    return labels >= 2 && text.len <= 253;
}

static void check_domains(struct np_decode *d, const struct np_cnp_peer *peer)
{
    size_t outer = np_path_key(d, "domainNames");
    for (size_t i = 0; i < peer->domains.count; i++) {
        const struct np_string_item *item = &peer->domains.items[i];
        if (!domain_is_good(item->text)) {
            size_t mark = np_path_index(d, i);
            np_decode_report(d, NP_CODE_2215, item->node, "\"%.*s\" is not a domain name",
                             shown(item->text), item->text.ptr);
            np_path_end(d, mark);
        }
    }
    np_path_end(d, outer);
}

/* Lists of texts are sets. At most 25 elements, so the square is small; larger lists were refused.
 */
static void check_set(struct np_decode *d, const char *key, const struct np_string_item *items,
                      size_t count)
{
    size_t outer = np_path_key(d, key);
    for (size_t i = 1; i < count && count <= 25; i++) {
        for (size_t j = 0; j < i; j++) {
            if (np_slice_equal(items[i].text, items[j].text)) {
                size_t mark = np_path_index(d, i);
                np_decode_report(d, NP_CODE_2217, items[i].node, "\"%.*s\" stands twice in %s",
                                 shown(items[i].text), items[i].text.ptr, key);
                np_path_end(d, mark);
                break;
            }
        }
    }
    np_path_end(d, outer);
}

/*
 * Exactly one member. An empty peer, or one of a type that this library does not know, is an error;
 * when an API server has accepted it, the option unknown_peer decides at compile.
 */
static void check_peer(struct np_decode *d, void *object)
{
    static const char *const keys[] = {"namespaces", "pods",        "nodes",
                                       "networks",   "domainNames", NULL};
    struct np_cnp_peer *peer = object;
    size_t known = members_of(peer->node, keys);
    bool admitted = d->load_flags & NETPOL_LOAD_ADMITTED;
    if (admitted && (known == 0 || known < peer->node->map.count)) {
        peer->unknown = true;
        np_decode_report(d, NP_CODE_2221, peer->node,
                         "the peer is of a type that is not known here");
    } else if (peer->node->map.count == 0) {
        np_decode_report(d, NP_CODE_2207, peer->node, "the peer names nobody");
    } else if (known > 1) {
        np_decode_report(d, NP_CODE_2206, peer->node,
                         "the peer has %zu members, exactly one is due", known);
    }
    check_networks(d, peer);
    check_domains(d, peer);
    check_set(d, "networks", peer->networks.items, peer->networks.count);
    check_set(d, "domainNames", peer->domains.items, peer->domains.count);
}

/* ---- ports ---- */

static void check_bounds(struct np_decode *d, const struct np_node *node,
                         const struct np_cnp_range *range)
{
    if (range->start.set && range->end.set && range->start.value >= range->end.value) {
        np_decode_report_in(d, NP_CODE_2211, node, "end", "the range %lld to %lld does not ascend",
                            (long long)range->start.value, (long long)range->end.value);
    }
}

static void check_range(struct np_decode *d, void *object)
{
    const struct np_cnp_range *range = object;
    check_bounds(d, range->node, range);
}

static void check_anp_range(struct np_decode *d, void *object)
{
    const struct np_anp_port_range *range = object;
    check_bounds(d, range->node, &range->range);
}

static void check_destination(struct np_decode *d, void *object)
{
    static const char *const keys[] = {"number", "range", NULL};
    const struct np_cnp_destination *destination = object;
    if (members_of(destination->node, keys) != 1) {
        np_decode_report(d, NP_CODE_2209, destination->node,
                         "destinationPort needs exactly one of number and range");
    }
}

static void check_transport(struct np_decode *d, void *object)
{
    static const char *const keys[] = {"destinationPort", NULL};
    const struct np_cnp_transport *transport = object;
    if (members_of(transport->node, keys) == 0) {
        np_decode_report(d, NP_CODE_2210, transport->node, "a protocol without ports");
    }
}

static void check_port(struct np_decode *d, void *object)
{
    static const char *const keys[] = {
        "tcp", "udp", "sctp", "destinationNamedPort", "portNumber", "portRange", "namedPort", NULL};
    const struct np_cnp_port *port = object;
    if (members_of(port->node, keys) != 1) {
        np_decode_report(d, NP_CODE_2208, port->node, "the entry needs exactly one member");
    }
    const char *wrong = port->name.ptr ? np_syntax_port_name(port->name) : NULL;
    if (wrong) {
        const char *key = np_get(port->node, "namedPort") ? "namedPort" : "destinationNamedPort";
        np_decode_report_in(d, NP_CODE_2219, port->node, key, "port name \"%.*s\" %s",
                            shown(port->name), port->name.ptr, wrong);
    }
}

/* ---- rules ---- */

static bool same_tree(const struct np_node *a, const struct np_node *b, unsigned depth)
{
    if (a->kind != b->kind || depth == 0) {
        return false;
    }
    if (a->kind == NP_LIST) {
        bool same = a->list.count == b->list.count;
        for (size_t i = 0; same && i < a->list.count; i++) {
            same = same_tree(a->list.items[i], b->list.items[i], depth - 1);
        }
        return same;
    }
    if (a->kind != NP_MAP) {
        return np_slice_equal(a->text, b->text);
    }
    bool same = a->map.count == b->map.count;
    for (size_t i = 0; same && i < a->map.count; i++) {
        const struct np_member *x = &a->map.members[i], *y = &b->map.members[i];
        same = np_slice_equal(x->key, y->key) && same_tree(x->value, y->value, depth - 1);
    }
    return same;
}

/* A peer that stands twice, word for word: harmless, but hardly what was meant. */
static void check_twins(struct np_decode *d, const struct np_cnp_rule *rule, const char *key)
{
    size_t outer = np_path_key(d, key);
    for (size_t i = 1; i < rule->peers.count && rule->peers.count <= 100; i++) {
        for (size_t j = 0; j < i; j++) {
            if (same_tree(rule->peers.items[i].node, rule->peers.items[j].node, 8)) {
                size_t mark = np_path_index(d, i);
                np_decode_report(d, NP_CODE_2218, rule->peers.items[i].node,
                                 "the same peer as %s[%zu]", key, j);
                np_path_end(d, mark);
                break;
            }
        }
    }
    np_path_end(d, outer);
}

static void check_ingress_rule(struct np_decode *d, void *object)
{
    check_twins(d, object, "from");
}

/* CEL: a named port needs peers that have container ports. */
static void check_named_ports(struct np_decode *d, const struct np_cnp_rule *rule)
{
    bool addresses = false;
    for (size_t i = 0; i < rule->peers.count; i++) {
        const struct np_cnp_peer *peer = &rule->peers.items[i];
        addresses = addresses || peer->nodes || peer->networks.node || peer->domains.node;
    }
    for (size_t i = 0; addresses && i < rule->ports.count; i++) {
        if (rule->ports.items[i].name.ptr) {
            size_t mark = np_path_key(d, np_get(rule->node, "protocols") ? "protocols" : "ports");
            np_path_index(d, i);
            np_decode_report(d, NP_CODE_2213, rule->ports.items[i].node,
                             "a named port in a rule with networks, nodes or domainNames");
            np_path_end(d, mark);
        }
    }
}

static void check_egress_rule(struct np_decode *d, void *object)
{
    const struct np_cnp_rule *rule = object;
    bool allows = np_slice_is(rule->action, "Accept") || np_slice_is(rule->action, "Allow");
    check_twins(d, rule, "to");
    check_named_ports(d, rule);
    for (size_t i = 0; rule->action.ptr && !allows && i < rule->peers.count; i++) {
        const struct np_cnp_peer *peer = &rule->peers.items[i];
        if (peer->domains.node) {
            size_t mark = np_path_key(d, "to");
            np_path_index(d, i);
            np_decode_report_in(d, NP_CODE_2214, peer->node, "domainNames",
                                "domainNames in a rule with action %.*s", (int)rule->action.len,
                                rule->action.ptr);
            np_path_end(d, mark);
        }
    }
}

static void check_baseline(struct np_decode *d, void *object)
{
    const struct np_cnp_policy *policy = object;
    if (d->object->name.len && !np_slice_is(d->object->name, "default")) {
        size_t mark = np_path_key(d, "metadata");
        np_decode_report_in(d, NP_CODE_2202, policy->metadata, "name",
                            "the one BaselineAdminNetworkPolicy is named default, not \"%.*s\"",
                            shown(d->object->name), d->object->name.ptr);
        np_path_end(d, mark);
    }
}

#include "dialect/cluster_network_policy.def"

static bool has_unknown_peer(const struct np_cnp_spec *spec)
{
    for (size_t dir = 0; dir < NP_DIRECTIONS; dir++) {
        for (size_t i = 0; i < spec->rules[dir].count; i++) {
            const struct np_cnp_rule *rule = &spec->rules[dir].items[i];
            for (size_t j = 0; j < rule->peers.count; j++) {
                if (rule->peers.items[j].unknown) {
                    return true;
                }
            }
        }
    }
    return false;
}

static int decode(struct np_decode *d, const struct np_node *root, const struct np_shape *shape)
{
    struct np_cnp_policy *policy = np_decode_alloc(d, 1, sizeof *policy);
    const struct np_node *kept = np_decode_keep(d, root);
    if (!policy || !kept) {
        return NETPOL_ERR_MEMORY;
    }
    d->object->spec = policy;
    np_meta_labels_of(d, kept, NULL);
    np_decode_into(d, shape, kept, policy);
    const struct np_cnp_spec *spec = policy->spec;
    policy->baseline =
        shape == &np_banp_policy_shape || (spec && np_slice_is(spec->tier, "Baseline"));
    policy->unknown_peer = spec && has_unknown_peer(spec);
    if (d->errors && spec && spec->subject) {
        policy->subject_read = np_decode_again(d, &np_cnp_subject_shape, spec->subject->node);
    }
    return d->no_memory ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

int np_cnp_decode(struct np_decode *d, const struct np_node *root)
{
    return decode(d, root, &np_cnp_policy_shape);
}

int np_anp_decode(struct np_decode *d, const struct np_node *root)
{
    return decode(d, root, &np_anp_policy_shape);
}

int np_banp_decode(struct np_decode *d, const struct np_node *root)
{
    return decode(d, root, &np_banp_policy_shape);
}
