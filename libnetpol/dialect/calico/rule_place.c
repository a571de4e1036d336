/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fields of a rule ask of each other and of the place where the rule stands. Source:
 * libcalico-go/lib/validator/v3/validator.go (validateRule, validateEntityRule,
 * ruleUsesAppLayerPolicy) and the CEL rules of api/pkg/apis/projectcalico/v3/policy_common.go.
 */
#include "dialect/calico/rule.h"

enum { ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58, SCTP = 132 };

struct place {
    const struct np_calico_rule *rule;
    enum np_direction direction;
    enum np_calico_owner owner;
};

/* ---- protocols, ports, families ---- */

static bool has_numbers(const struct np_calico_port *ports, size_t count)
{
    for (size_t i = 0; ports && i < count; i++) {
        if (!ports[i].is_name) {
            return true;
        }
    }
    return false;
}

/* Names of ports say which protocol they are of; numbers need one that has ports. */
static void check_port_list(struct np_decode *d, const struct place *p,
                            const struct np_calico_entity *entity, const char *key,
                            const struct np_calico_port *ports, size_t count)
{
    const struct np_calico_protocol *is = &p->rule->is;
    bool has_ports = is->set && (is->number == TCP || is->number == UDP || is->number == SCTP);
    bool unsaid = !is->set && !p->rule->protocol.set;
    if (count == 0 || has_ports || (unsaid && !has_numbers(ports, count)) ||
        (!is->set && !unsaid)) {
        return;
    }
    np_decode_report_in(d, NP_CODE_2452, entity->node, key, "%s without a protocol that has ports",
                        key);
}

static void check_icmp(struct np_decode *d, const struct place *p)
{
    const struct np_calico_rule *rule = p->rule;
    bool fits = rule->is.set && (rule->is.number == ICMP || rule->is.number == ICMPV6);
    if (rule->icmp && !fits && (rule->is.set || !rule->protocol.set)) {
        np_decode_report_in(d, NP_CODE_2455, rule->node, "icmp",
                            "icmp without protocol ICMP or ICMPv6");
    }
}

/* The version as written, else the one that the protocol's name implies; 0: any. */
static int64_t check_version(struct np_decode *d, const struct place *p)
{
    const struct np_calico_rule *rule = p->rule;
    const struct np_calico_protocol *is = &rule->is;
    int64_t implied = !is->named ? 0 : is->number == ICMP ? 4 : is->number == ICMPV6 ? 6 : 0;
    if (!rule->ip_version.set) {
        return implied;
    }
    if (implied && rule->ip_version.value != implied) {
        np_decode_report_in(d, NP_CODE_2459, rule->node, "ipVersion",
                            "ipVersion %lld with a protocol of IPv%lld",
                            (long long)rule->ip_version.value, (long long)implied);
    }
    return rule->ip_version.value;
}

struct families {
    struct np_decode *d;
    int64_t version; /* of the rule; 0: any */
    uint8_t first;   /* of the first range; 0: none yet */
};

static void check_families_of(struct families *f, const char *key,
                              const struct np_string_item *items, const struct np_prefix *prefixes,
                              size_t count)
{
    size_t mark = np_path_key(f->d, key);
    for (size_t i = 0; prefixes && i < count; i++) {
        uint8_t family = prefixes[i].address.family;
        size_t inner = np_path_index(f->d, i);
        if (family && f->version && family != f->version) {
            np_decode_report(f->d, NP_CODE_2459, items[i].node, "IP version %lld with %.*s",
                             (long long)f->version, (int)items[i].text.len, items[i].text.ptr);
        } else if (family && f->first && family != f->first) {
            np_decode_report(f->d, NP_CODE_2462, items[i].node,
                             "%.*s is of another family than the ranges before it",
                             (int)items[i].text.len, items[i].text.ptr);
        }
        f->first = f->first ? f->first : family;
        np_path_end(f->d, inner);
    }
    np_path_end(f->d, mark);
}

/* ---- ends ---- */

static void check_services(struct np_decode *d, const struct place *p,
                           const struct np_calico_entity *entity, bool source)
{
    static const char *const excluded[] = {"selector", "notSelector",     "nets",
                                           "notNets",  "serviceAccounts", "namespaceSelector"};
    const bool given[] = {entity->selector.len > 0, entity->not_selector.len > 0,
                          entity->nets.count > 0,   entity->not_nets.count > 0,
                          entity->accounts != NULL, entity->namespace_selector.len > 0};
    if (!entity->services) {
        return;
    }
    if (source != (p->direction == NP_INGRESS)) {
        np_decode_report_in(d, NP_CODE_2465, entity->node, "services",
                            "services of the %s in an %s rule", source ? "source" : "destination",
                            source ? "egress" : "ingress");
    }
    for (size_t i = 0; i < sizeof excluded / sizeof *excluded; i++) {
        if (given[i]) {
            np_decode_report_in(d, NP_CODE_2464, entity->node, excluded[i], "%s beside services",
                                excluded[i]);
        }
    }
    if (p->direction == NP_EGRESS && (entity->ports.count || entity->not_ports.count)) {
        np_decode_report_in(d, NP_CODE_2466, entity->node,
                            entity->ports.count ? "ports" : "notPorts", "ports beside services");
    }
    if (p->owner != NP_CALICO_NAMESPACED && entity->services->space.len == 0) {
        size_t mark = np_path_key(d, "services");
        np_decode_report_in(d, NP_CODE_2467, entity->services->node, "namespace",
                            "a service without namespace in a policy that has none");
        np_path_end(d, mark);
    }
}

static void check_entity(struct np_decode *d, const struct place *p,
                         const struct np_calico_entity *entity, bool source, struct families *f)
{
    if (!entity) {
        return;
    }
    size_t mark = np_path_key(d, source ? "source" : "destination");
    check_port_list(d, p, entity, "ports", entity->port_items, entity->ports.count);
    check_port_list(d, p, entity, "notPorts", entity->not_port_items, entity->not_ports.count);
    check_families_of(f, "nets", entity->nets.items, entity->prefixes, entity->nets.count);
    check_families_of(f, "notNets", entity->not_nets.items, entity->not_prefixes,
                      entity->not_nets.count);
    check_services(d, p, entity, source);
    if (entity->domains.count &&
        (source || p->direction != NP_EGRESS || !np_slice_is(p->rule->action, "Allow"))) {
        np_decode_report_in(d, NP_CODE_2474, entity->node, "domains",
                            "domains where they are not read");
    }
    np_path_end(d, mark);
}

static void check_http(struct np_decode *d, const struct place *p)
{
    const struct np_calico_rule *rule = p->rule;
    if (!rule->http) {
        return;
    }
    if (p->direction != NP_INGRESS) {
        np_decode_report_in(d, NP_CODE_2468, rule->node, "http", "http in an egress rule");
    } else if (rule->action.ptr && !np_slice_is(rule->action, "Allow")) {
        np_decode_report_in(d, NP_CODE_2468, rule->node, "http", "http with action %.*s",
                            (int)rule->action.len, rule->action.ptr);
    } else if (rule->protocol.set && rule->is.set && rule->is.number != TCP) {
        np_decode_report_in(d, NP_CODE_2468, rule->node, "http", "http without TCP");
    }
}

void np_calico_rules_check(struct np_decode *d, const struct np_calico_rule *rules, size_t count,
                           enum np_direction direction, enum np_calico_owner owner)
{
    for (size_t i = 0; i < count; i++) {
        struct place p = {&rules[i], direction, owner};
        size_t mark = np_path_index(d, i);
        check_icmp(d, &p);
        struct families f = {.d = d, .version = check_version(d, &p)};
        check_entity(d, &p, rules[i].source, true, &f);
        check_entity(d, &p, rules[i].destination, false, &f);
        check_http(d, &p);
        np_path_end(d, mark);
    }
}
