/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fields of an entry ask of each other and of the place where the entry stands. Source:
 * pkg/policy/api/rule_validation.go of cilium/cilium (PortRule.sanitize, L7Rules.sanitize,
 * PortProtocol.sanitize, and the checks of host policies).
 */
#include "dialect/cilium/l7_internal.h"

enum { TCP = 6, UDP = 17 };

struct placed {
    struct np_decode *d;
    const struct np_cilium_l7 *l7;
    const struct np_cilium_l7_place *place;
};

/* Which protocol the rules are about, as written; NULL: none. */
static const char *rules_of(const struct np_cilium_l7 *l7)
{
    const struct np_cilium_l7_rules *rules = l7->rules;
    return !rules                               ? NULL
           : np_cilium_given(rules->http.node)  ? "http"
           : np_cilium_given(rules->dns.node)   ? "dns"
           : np_cilium_given(rules->kafka.node) ? "kafka"
           : rules->l7proto.len                 ? "l7proto"
                                                : NULL;
}

static bool about_dns(const struct np_cilium_l7 *l7)
{
    return l7->rules && np_cilium_given(l7->rules->dns.node);
}

/* ---- deny rules ---- */

static void check_deny(const struct placed *p)
{
    static const char *const keys[] = {"rules", "terminatingTLS", "originatingTLS", "serverNames",
                                       "listener"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (np_cilium_given(np_get(p->place->entry, keys[i]))) {
            np_decode_report_in(p->d, NP_CODE_2583, p->place->entry, keys[i],
                                "%s in a rule that denies", keys[i]);
        }
    }
}

/* ---- ports ---- */

static void check_port(const struct placed *p, const struct np_cilium_l7_port *port, bool dns)
{
    bool fits = port->protocol == TCP || (dns && (port->protocol == UDP || port->protocol == -1));
    if (!fits) {
        np_decode_report(p->d, NP_CODE_2576, port->node,
                         dns ? "dns rules with a protocol that is neither TCP, UDP nor ANY"
                             : "%s rules with another protocol than TCP",
                         rules_of(p->l7));
    }
    if (port->every) {
        np_decode_report(p->d, NP_CODE_2577, port->node, "%s rules for every port",
                         rules_of(p->l7));
    }
    if (port->range && dns) {
        np_decode_report(p->d, NP_CODE_2577, port->node, "dns rules for a range of ports");
    }
}

static void check_ports(const struct placed *p)
{
    bool dns = about_dns(p->l7);
    if (!np_cilium_given(np_get(p->place->entry, "ports"))) {
        np_decode_report_in(p->d, dns ? NP_CODE_2578 : NP_CODE_2579, p->place->entry, "ports",
                            "%s rules without ports", rules_of(p->l7));
    }
    size_t mark = np_path_key(p->d, "ports");
    for (size_t i = 0; i < p->place->n_ports; i++) {
        size_t inner = np_path_index(p->d, i);
        if (p->place->ports[i].node) {
            check_port(p, &p->place->ports[i], dns);
        }
        np_path_end(p->d, inner);
    }
    np_path_end(p->d, mark);
}

/* ---- where which rules may stand ---- */

static void check_rules_place(const struct placed *p)
{
    const char *what = rules_of(p->l7);
    size_t mark = np_path_key(p->d, "rules");
    if (about_dns(p->l7) && p->place->direction == NP_INGRESS) {
        np_decode_report_in(p->d, NP_CODE_2566, p->l7->rules->node, what, "dns rules for ingress");
    } else if (p->place->host_policy && !about_dns(p->l7)) {
        np_decode_report_in(p->d, NP_CODE_2584, p->l7->rules->node, what,
                            "%s rules in a policy of hosts", what);
    }
    np_path_end(p->d, mark);
}

/* ---- server names ---- */

static void check_server_names(const struct placed *p)
{
    const struct np_cilium_l7 *l7 = p->l7;
    if (l7->server_names.count && rules_of(l7) && !l7->terminating) {
        np_decode_report_in(p->d, NP_CODE_2585, p->place->entry, "serverNames",
                            "serverNames with %s rules and without terminatingTLS", rules_of(l7));
    }
    size_t mark = np_path_key(p->d, "serverNames");
    for (size_t i = 0; i < l7->server_names.count; i++) {
        size_t inner = np_path_index(p->d, i);
        const struct np_string_item *name = &l7->server_names.items[i];
        const char *wrong = np_sni_pattern_wrong(name->text);
        if (wrong) {
            np_decode_report(p->d, NP_CODE_2586, name->node, "\"%.*s\": %s",
                             (int)(name->text.len < 80 ? name->text.len : 80), name->text.ptr,
                             wrong);
        }
        np_path_end(p->d, inner);
    }
    np_path_end(p->d, mark);
}

/* ---- listener ---- */

static void check_listener_place(const struct placed *p)
{
    const struct np_cilium_listener *listener = p->l7->listener;
    if (p->place->direction == NP_INGRESS) {
        np_decode_report_in(p->d, NP_CODE_2587, p->place->entry, "listener",
                            "a listener for ingress");
    }
    if (rules_of(p->l7)) {
        np_decode_report_in(p->d, NP_CODE_2587, p->place->entry, "listener",
                            "a listener beside %s rules", rules_of(p->l7));
    }
    if (p->place->cluster_wide && listener->config &&
        np_slice_is(listener->config->kind, "CiliumEnvoyConfig")) {
        size_t mark = np_path_key(p->d, "listener");
        size_t inner = np_path_key(p->d, "envoyConfig");
        np_decode_report_in(p->d, NP_CODE_2588, listener->config->node, "kind",
                            "a namespaced CiliumEnvoyConfig in a policy without namespace");
        np_path_end(p->d, inner);
        np_path_end(p->d, mark);
    }
}

void np_cilium_check_l7(struct np_decode *d, struct np_cilium_l7 *l7,
                        const struct np_cilium_l7_place *place)
{
    const struct placed p = {d, l7, place};
    if (place->deny) {
        check_deny(&p);
        return;
    }
    check_server_names(&p);
    if (rules_of(l7)) {
        check_rules_place(&p);
        check_ports(&p);
    }
    if (l7->listener) {
        check_listener_place(&p);
    }
}
