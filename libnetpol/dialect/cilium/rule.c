/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An element of a rule to the model. Source: pkg/policy/utils/parserules.go and
 * pkg/policy/{rule,l4}.go of cilium/cilium.
 *
 * Each entry of toPorts and icmps becomes a rule, so that what it says of requests, listener and
 * authentication hangs where it was written; alternative i is peer i. Without entries the peers
 * alone are the rule; without peers as well there is none. Lists of peers that are there and empty
 * give a rule without alternatives: it stands in explanations and matches nothing.
 */
#include "dialect/cilium/policy.h"
#include "base/defect.h"

#include "dialect/cilium/cilium.h"

enum { LOCALHOST_ON, LOCALHOST_TOP, LOCALHOST_OFF }; /* allow_localhost, in options.def */
enum { DNS_PORT = 53 };
enum { AUTH_NONE, AUTH_REQUIRED, AUTH_ALWAYS_FAILS }; /* np_rule.auth_mode */

struct element {
    struct np_lower *l;
    const struct np_cilium_element *source;
    const struct np_cilium_place *place;
    const struct np_set **peers; /* NULL in it: every end */
    size_t n_peers;
};

static void set_authentication(const struct np_cilium_element *source, struct np_rule *rule)
{
    if (source->authentication) {
        struct np_slice mode = source->authentication->mode;
        rule->auth_explicit = true;
        rule->auth_mode = np_slice_is(mode, "required")           ? AUTH_REQUIRED
                          : np_slice_is(mode, "test-always-fail") ? AUTH_ALWAYS_FAILS
                                                                  : AUTH_NONE;
    }
}

static struct np_rule *new_rule(const struct element *e)
{
    const struct np_cilium_place *place = e->place;
    return np_build_rule(e->l->build, place->policy, place->direction, place->action);
}

static struct np_rule *add_rule(const struct element *e, const struct np_node *node,
                                const char *entry, size_t index)
{
    struct np_rule *rule = new_rule(e);
    if (rule) {
        rule->origin = entry
                           ? np_lower_origin(e->l, node, "%s.%s[%zu]", e->place->path, entry, index)
                           : np_lower_origin(e->l, node, "%s", e->place->path);
        rule->log_cookie = e->place->log;
        set_authentication(e->source, rule);
    }
    return rule;
}

static void add_alternatives(const struct element *e, struct np_rule *rule, struct np_axes axes)
{
    for (size_t i = 0; rule && i < e->n_peers; i++) {
        np_lower_alternative(e->l, rule, e->peers[i], axes);
    }
}

/* ---- ports ---- */

/* true: compile is refused. */
static bool report_extensions(const struct element *e, const struct np_cilium_port_rule *entry,
                              size_t index)
{
    struct np_lower *l = e->l;
    bool said = false;
    for (size_t i = 0; !l->options->extended_protocols && i < entry->ports.count; i++) {
        const struct np_cilium_port *port = &entry->ports.items[i];
        if (!port->extension) {
            continue;
        }
        np_str path =
            np_build_format(l->build, "%s.toPorts[%zu].ports[%zu]", e->place->path, index, i);
        struct np_place place = {.source = l->object->source,
                                 .line = port->node->line,
                                 .column = port->node->column,
                                 .object = l->object->label,
                                 .path = np_str_slice(path).ptr};
        l->errors++;
        said = true;
        np_diag(l->diags, NP_CODE_2519, &place, "%s with extended_protocols=off", port->extension);
    }
    return said;
}

/* Can the set hold for a node by being that node? Pods, names and nobody cannot. */
static bool clause_may_be_host(const struct np_clause *clause)
{
    for (uint32_t i = 0; i < clause->count; i++) {
        const struct np_literal *literal = clause->items[i].literal;
        bool may = clause->items[i].negative ||
                   (literal->kind == NP_LIT_RESERVED &&
                    (literal->number == NETPOL_IDENTITY_HOST ||
                     literal->number == NETPOL_IDENTITY_KUBE_APISERVER)) ||
                   (literal->kind == NP_LIT_CIDR && (literal->domain & NP_DOMAIN_NODES)) ||
                   literal->kind == NP_LIT_NODE_ADDRS || literal->kind == NP_LIT_FED_SET;
        if (!may) {
            return false;
        }
    }
    return true;
}

/* The own node, as far as it is in the set (NULL: all); NULL: it is not. */
static const struct np_set *host_in(struct np_lower *l, const struct np_set *far)
{
    const struct np_literal reserved = {.kind = NP_LIT_RESERVED, .number = NETPOL_IDENTITY_HOST};
    const struct np_literal *host = np_build_literal(l->build, &reserved);
    struct np_set_build *set = np_build_set(l->build);
    bool some = !far;
    if (!far) {
        np_set_literal(set, host, false);
    }
    for (uint32_t c = 0; far && c < far->count; c++) {
        const struct np_clause *clause = &far->clauses[c];
        if (!clause_may_be_host(clause)) {
            continue;
        }
        np_set_clause(set);
        np_set_literal(set, host, false);
        for (uint32_t i = 0; i < clause->count; i++) {
            np_set_literal(set, clause->items[i].literal, clause->items[i].negative);
        }
        some = true;
    }
    return some ? np_set_done(set) : NULL;
}

/*
 * Where the own node is always let in, it is let in to what a rule sends to the proxy with any
 * request, if the rule is about it (pkg/policy/l4.go createL4IngressFilter, hostWildcardL7).
 */
static void add_host_requests(const struct element *e, const struct np_rule *rule,
                              struct np_axes axes)
{
    struct np_lower *l = e->l;
    uint8_t parser = rule ? rule->redirect_parser : NP_PARSER_NONE;
    if (e->place->direction != NP_INGRESS || parser == NP_PARSER_NONE ||
        l->options->allow_localhost == LOCALHOST_OFF) {
        return;
    }
    struct np_rule host = *rule;
    struct np_rule *made = NULL;
    for (size_t i = 0; i < e->n_peers; i++) {
        const struct np_set *far = host_in(l, e->peers[i]);
        made = far && !made ? new_rule(e) : made;
        if (far && made) {
            np_lower_alternative(l, made, far, axes);
        }
    }
    if (made) {
        made->origin = host.origin;
        made->origin.option = np_build_text(l->build, "allow_localhost");
        made->redirect_parser = host.redirect_parser;
        made->redirect_priority = host.redirect_priority;
        made->auth_mode = host.auth_mode;
        made->auth_explicit = host.auth_explicit;
        made->log_cookie = host.log_cookie;
    }
}

static void lower_ports(const struct element *e, size_t index)
{
    const struct np_cilium_port_rule *entry = &e->source->ports.items[index];
    struct np_axes axes;
    struct np_rule *rule = add_rule(e, entry->node, "toPorts", index);
    if (report_extensions(e, entry, index) || !rule) {
        return;
    }
    if (np_cilium_port_axes(e->l, entry->ports.items, entry->ports.count, &axes)) {
        add_alternatives(e, rule, axes);
        np_cilium_lower_l7(e->l, &entry->l7, rule);
        add_host_requests(e, rule, axes);
    }
}

static void lower_icmps(const struct element *e, size_t index)
{
    const struct np_cilium_icmp_rule *entry = &e->source->icmps.items[index];
    struct np_axes axes;
    struct np_rule *rule = add_rule(e, entry->node, "icmps", index);
    if (np_cilium_icmp_axes(e->l, entry, &axes)) {
        add_alternatives(e, rule, axes);
    }
}

/* ---- asking for names ---- */

/* The cluster's DNS service, as FQDNPolicyDNSServerConfig has it by default. */
static const struct np_set *dns_service(struct np_lower *l)
{
    const struct np_selector *terms[] = {
        np_build_equals(l->build, NP_SCOPE_FIELD, "namespace", "kube-system"),
        np_build_equals(l->build, NP_SCOPE_OBJECT, "k8s-app", "kube-dns")};
    return np_lower_pod_set(l, NP_OBJ_WORKLOAD, np_build_select(l->build, NP_SELECT_ALL, terms, 2));
}

/* Newest Cilium: what may be reached by name may be asked for, by a rule that nobody has written.
 */
static void add_dns_rule(const struct element *e)
{
    struct np_lower *l = e->l;
    const struct np_cilium_peers *peers = &e->source->peers;
    if (!l->options->fqdn_dns_rule || e->place->action != NP_ACT_ALLOW ||
        peers->fqdns.count == 0) { /* off, on */
        return;
    }
    const struct np_cilium_port port = {
        .first = DNS_PORT, .last = DNS_PORT, .number = NP_CILIUM_ANY_PROTOCOL};
    struct np_cilium_l7_rules rules = {.node = e->source->node};
    rules.dns.node = peers->fqdns.node;
    rules.dns.items = peers->fqdns.items;
    rules.dns.count = peers->fqdns.count;
    const struct np_cilium_l7 l7 = {.rules = &rules};
    struct np_axes axes;
    struct np_rule *rule = add_rule(e, e->source->node, NULL, 0);
    if (rule && np_cilium_port_axes(l, &port, 1, &axes)) {
        rule->origin.option = np_build_text(l->build, "fqdn_dns_rule");
        rule->auth_mode = AUTH_NONE;
        rule->auth_explicit = false;
        np_lower_alternative(l, rule, dns_service(l), axes);
        np_cilium_lower_l7(l, &l7, rule);
    }
}

/* ---- peers ---- */

/* false: no memory. */
static bool lower_peers(struct element *e)
{
    const struct np_cilium_peers *peers = &e->source->peers;
    bool absent = np_cilium_peers_absent(peers) ||
                  (np_defect(CILIUM_EMPTY_IS_ANY) && np_cilium_peers_count(peers) == 0);
    e->n_peers = absent ? 1 : np_cilium_peers_count(peers);
    e->peers = np_build_alloc(e->l->build, e->n_peers, sizeof *e->peers);
    for (size_t i = 0; e->peers && !absent && i < e->n_peers; i++) {
        e->peers[i] = np_cilium_peer_set(e->l, peers, i, e->place->direction);
    }
    return e->peers;
}

void np_cilium_element_lower(struct np_lower *l, const struct np_cilium_element *element,
                             const struct np_cilium_place *place)
{
    struct element e = {.l = l, .source = element, .place = place};
    size_t entries = element->ports.count + element->icmps.count;
    bool nothing = entries == 0 && np_cilium_peers_absent(&element->peers);
    if ((nothing && !np_defect(CILIUM_NOTHING_IS_ALL)) || !lower_peers(&e)) {
        return;
    }
    for (size_t i = 0; i < element->ports.count; i++) {
        lower_ports(&e, i);
    }
    for (size_t i = 0; i < element->icmps.count; i++) {
        lower_icmps(&e, i);
    }
    if (entries == 0) {
        const struct np_axes any = {NULL, NULL};
        add_alternatives(&e, add_rule(&e, element->node, NULL, 0), any);
    }
    add_dns_rule(&e);
}
