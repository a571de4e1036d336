/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/lower.h"
#include "base/defect.h"
#include "dialect/calico/calico.h"
#include "dialect/cilium/cilium.h"
#include "dialect/cilium/terms.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name;
    double order;
    enum np_rank_order rank_order;
    const char *calico;         /* where its policies stand under engine=calico */
    enum np_cilium_tier cilium; /* and under engine=cilium */
} tiers[NP_TIER_COUNT] = {
    [NP_TIER_OPTIONS] = {"options",       0,   NP_LISTED,     NULL,            NP_CILIUM_OPTIONS },
    [NP_TIER_ADMIN] = {"Admin",         100, NP_LISTED,     "kube-admin",    NP_CILIUM_ADMIN   },
    [NP_TIER_NETWORK_POLICY] = {"NetworkPolicy", 200, NP_BY_VERDICT, "default",       NP_CILIUM_NORMAL  },
    [NP_TIER_BASELINE] = {"Baseline",      300, NP_LISTED,     "kube-baseline", NP_CILIUM_BASELINE},
};

int np_lower_status(const struct np_lower *l)
{
    return np_build_failed(l->build) ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

static struct np_tier *add_tier(struct np_lower *l, const char *name, double order,
                                enum np_rank_order rank_order)
{
    struct np_tier *tier = np_build_tier(l->build, name, order, rank_order);
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        np_build_add_tier(l->build, np_build_workload_stage(l->build, (enum np_direction)d), tier);
    }
    return tier;
}

struct np_tier *np_lower_tier(struct np_lower *l, enum np_lower_tier which)
{
    if (np_calico_engine(l)) {
        return which == NP_TIER_OPTIONS
                   ? np_calico_options_tier(l)
                   : np_calico_tier(l, np_slice_of(tiers[which].calico), NP_CALICO_NORMAL);
    }
    if (np_cilium_engine(l)) {
        return np_cilium_tier(l, tiers[which].cilium);
    }
    struct np_tier *tier = np_build_find_tier(l->build, tiers[which].name);
    if (!tier) {
        bool first = np_defect(BASELINE_FIRST) && which == NP_TIER_BASELINE;
        tier = add_tier(l, tiers[which].name, first ? 150 : tiers[which].order,
                        tiers[which].rank_order);
    }
    return tier;
}

void np_lower_place(struct np_lower *l, struct np_policy *policy, double order)
{
    policy->order = order;
    if (np_calico_engine(l)) {
        policy->tie =
            np_calico_tie(l, np_build_format(l->build, "Kubernetes%s", l->object->reader->kind));
    }
}

bool np_lower_own_engine(const struct np_lower *l)
{
    return l->options->engine == NP_ENGINE_KUBERNETES;
}

/* ---- origins ---- */

struct np_origin np_lower_origin(struct np_lower *l, const struct np_node *node, const char *format,
                                 ...)
{
    char path[96];
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    return (struct np_origin){
        .object = np_build_text(l->build, l->object->label),
        .path = np_build_text(l->build, path),
        .source = np_build_text(l->build, l->object->source),
        .line = node ? node->line : l->object->line,
        .column = node ? node->column : l->object->column,
    };
}

/* ---- sets ---- */

uint16_t np_lower_pod_kinds(const struct np_lower *l)
{
    /* host_network: node, pod */
    return l->options->host_network ? NP_OBJ_WORKLOAD | NP_OBJ_HOST_NET_WORKLOAD : NP_OBJ_WORKLOAD;
}

const struct np_selector *np_lower_pods(struct np_lower *l, struct np_slice namespace_name,
                                        const struct np_label_selector *namespaces,
                                        const struct np_label_selector *pods)
{
    if (l->options->engine == NP_ENGINE_CILIUM) {
        return np_cilium_pods(l, namespace_name, namespaces, pods);
    }
    size_t room = 1 + np_selector_terms(namespaces) + np_selector_terms(pods);
    const struct np_selector **terms = np_build_alloc(l->build, room, sizeof(struct np_selector *));
    uint32_t count = 0;
    if (!terms) {
        return NULL;
    }
    if (namespace_name.len) {
        np_str name = np_build_str(l->build, namespace_name);
        terms[count++] = np_build_term(l->build, NP_SCOPE_FIELD,
                                       np_build_text(l->build, "namespace"), NP_OP_IN, &name, 1);
    }
    np_lower_terms(l->build, NP_SCOPE_NAMESPACE, namespaces, terms, &count);
    np_lower_terms(l->build, NP_SCOPE_OBJECT, pods, terms, &count);
    return np_build_select(l->build, NP_SELECT_ALL, terms, count);
}

const struct np_set *np_lower_pod_set(struct np_lower *l, uint16_t kinds,
                                      const struct np_selector *selector)
{
    return np_build_set_of(l->build, np_build_objects(l->build, kinds, selector));
}

const struct np_set *np_lower_nothing(struct np_lower *l)
{
    struct np_literal nothing = {.kind = NP_LIT_NOTHING};
    return np_build_set_of(l->build, np_build_literal(l->build, &nothing));
}

uint8_t np_lower_block_domain(const struct np_lower *l)
{
    const struct np_options *o = l->options;
    return (uint8_t)(NP_DOMAIN_OUTSIDE | (o->ipblock_matches_pods ? NP_DOMAIN_PODS : 0) |
                     (o->ipblock_matches_nodes ? NP_DOMAIN_NODES : 0)); /* off, on */
}

const struct np_literal *np_lower_prefix(struct np_lower *l, const struct np_prefix *prefix)
{
    if (prefix->address.family == NP_IPV6 && l->options->ipv6_networks) { /* match, nothing */
        struct np_literal nothing = {.kind = NP_LIT_NOTHING};
        return np_build_literal(l->build, &nothing);
    }
    return np_build_cidr(l->build, *prefix, np_lower_block_domain(l));
}

const struct np_set *np_lower_block(struct np_lower *l, const struct np_prefix *prefix,
                                    const struct np_prefix *except, size_t n_except)
{
    struct np_set_build *set = np_build_set(l->build);
    np_set_literal(set, np_lower_prefix(l, prefix), false);
    size_t i = np_defect(NO_EXCEPT)                     ? n_except
               : np_defect(LAST_EXCEPT) && n_except > 1 ? n_except - 1
                                                        : 0;
    for (; i < n_except; i++) {
        np_set_literal(set, np_lower_prefix(l, &except[i]), true);
    }
    return np_set_done(set);
}

/* ---- ports ---- */

bool np_lower_ports_room(struct np_lower *l, struct np_lower_ports *ports, size_t room)
{
    *ports = (struct np_lower_ports){
        .spans = np_build_alloc(l->build, room, sizeof *ports->spans),
        .members = np_build_alloc(l->build, room, sizeof *ports->members),
    };
    return ports->spans && ports->members;
}

void np_lower_span(struct np_lower_ports *ports, uint8_t protocol, int64_t first, int64_t last)
{
    ports->spans[ports->n_spans++] = (struct np_port_span){
        .protocol = protocol, .ports = true, .first = (uint16_t)first, .last = (uint16_t)last};
}

/* Fragments without ports are of the protocol, too. */
void np_lower_all_ports(struct np_lower_ports *ports, uint8_t protocol)
{
    np_lower_span(ports, protocol, 0, UINT16_MAX);
    ports->spans[ports->n_spans - 1].no_port = !np_defect(PORTS_NOT_FRAGMENTS);
}

void np_lower_port_name(struct np_lower *l, struct np_lower_ports *ports, int16_t protocol,
                        struct np_slice name)
{
    ports->members[ports->n_members++] =
        (struct np_port_member){.name = np_build_str(l->build, name),
                                .protocol = np_defect(NAME_ANY_PROTOCOL) ? -1 : protocol};
}

struct np_axes np_lower_axes(struct np_lower *l, const struct np_lower_ports *ports)
{
    struct np_axes axes = {NULL, NULL};
    if (ports->n_spans) {
        axes.service = np_build_service(l->build, ports->spans, ports->n_spans, false);
    }
    if (ports->n_members) {
        axes.names = np_build_portset(l->build, ports->members, ports->n_members, false);
    }
    return axes;
}

void np_lower_alternative(struct np_lower *l, struct np_rule *rule, const struct np_set *far,
                          struct np_axes axes)
{
    struct np_match *match = np_build_alt(l->build, rule);
    if (match) {
        match->far = far;
        match->service = axes.service;
        match->dst_ports = axes.names;
    }
}

/* ---- what exists without any object ---- */

static const uint8_t port_protocols[] = {6, 17, 132}; /* TCP, UDP, SCTP */

struct np_policy *np_lower_option_policy(struct np_lower *l, struct np_tier *tier,
                                         const char *option)
{
    np_str name = np_build_text(l->build, option);
    struct np_policy *policy = np_build_policy(l->build, tier, "Option", NULL, name);
    if (policy) {
        policy->synthetic = true;
        policy->origin.option = name;
    }
    return policy;
}

struct np_rule *np_lower_option_rule(struct np_lower *l, struct np_policy *policy,
                                     enum np_direction direction, enum np_action action,
                                     uint16_t kinds)
{
    struct np_rule *rule = np_build_rule(l->build, policy, direction, action);
    if (rule) {
        rule->origin.option = policy->name;
        policy->subjects[direction] =
            np_lower_pod_set(l, kinds, np_build_select(l->build, NP_SELECT_ALL, NULL, 0));
    }
    return rule;
}

static struct np_match *pod_rule(struct np_lower *l, struct np_policy *policy,
                                 enum np_direction direction, enum np_action action)
{
    return np_build_alt(l->build,
                        np_lower_option_rule(l, policy, direction, action, np_lower_pod_kinds(l)));
}

static void allow_relation(struct np_lower *l, const char *option, enum np_direction direction,
                           uint8_t relation)
{
    struct np_policy *policy = np_lower_option_policy(l, np_lower_tier(l, NP_TIER_OPTIONS), option);
    struct np_match *match = pod_rule(l, policy, direction, NP_ACT_ALLOW);
    if (match) {
        match->relations = relation;
    }
}

const struct np_service *np_lower_other_protocols(struct np_lower *l)
{
    struct np_port_span spans[3];
    for (size_t i = 0; i < 3; i++) {
        spans[i] = (struct np_port_span){.protocol = port_protocols[i],
                                         .ports = true,
                                         .no_port = true,
                                         .first = 0,
                                         .last = UINT16_MAX};
    }
    return np_build_service(l->build, spans, 3, true);
}

/* other_proto=allow: they leave the tier before its first rule, so its end does not see them. */
static void pass_other_protocols(struct np_lower *l)
{
    struct np_policy *policy =
        np_lower_option_policy(l, np_lower_tier(l, NP_TIER_NETWORK_POLICY), "other_proto");
    for (int d = 0; policy && d < NP_DIRECTIONS; d++) {
        policy->order = -1;
        struct np_match *match = pod_rule(l, policy, (enum np_direction)d, NP_ACT_PASS);
        if (match) {
            match->service = np_lower_other_protocols(l);
        }
    }
}

static void begin_tiers(struct np_lower *l)
{
    if (np_calico_engine(l)) {
        np_calico_begin(l);
        return;
    }
    if (np_cilium_engine(l)) {
        np_cilium_begin(l);
        return;
    }
    for (int i = 0; i < NP_TIER_COUNT; i++) {
        np_lower_tier(l, (enum np_lower_tier)i);
    }
    struct np_tier *tier = np_lower_tier(l, NP_TIER_NETWORK_POLICY);
    if (tier) {
        tier->end[NP_INGRESS] = tier->end[NP_EGRESS] = NP_END_DENY;
        tier->end_if = np_defect(TIER_ALWAYS_ENDS) ? NP_ALWAYS : NP_TIER_ISOLATED;
    }
}

int np_lower_begin(struct np_lower *l)
{
    const struct np_options *o = l->options;
    begin_tiers(l);
    if (o->own_node_ingress && !np_defect(OWN_NODE_JUDGED)) { /* judge, allow */
        allow_relation(l, "own_node_ingress", NP_INGRESS, NP_REL_OWN_NODE);
    }
    if (o->own_node_egress) { /* judge, allow */
        allow_relation(l, "own_node_egress", NP_EGRESS, NP_REL_OWN_NODE);
    }
    for (int d = np_defect(SELF_JUDGED); o->self_traffic && d < NP_DIRECTIONS;
         d++) { /* judge, allow */
        allow_relation(l, "self_traffic", (enum np_direction)d, NP_REL_SELF);
    }
    if (o->other_proto == NP_OTHER_PROTO_ALLOW && np_lower_own_engine(l)) {
        pass_other_protocols(l);
    }
    return np_lower_status(l);
}

/* ---- unreadable policies ---- */

bool np_decode_again(struct np_decode *d, const struct np_shape *shape, const struct np_node *node)
{
    struct np_decode quiet = *d;
    quiet.diags = NULL;
    void *out = np_decode_alloc(d, 1, shape->size);
    bool good = out && np_decode_into(&quiet, shape, node, out);
    d->path = quiet.path;
    d->no_memory |= quiet.no_memory;
    return good;
}

static struct np_tier *unreadable_tier(struct np_lower *l, enum np_lower_tier before)
{
    static const char *const names[NP_TIER_COUNT] = {
        "unreadable", "unreadable Admin", "unreadable NetworkPolicy", "unreadable Baseline"};
    if (np_calico_engine(l)) {
        return np_calico_unreadable_tier(l, np_slice_of(tiers[before].calico), NP_CALICO_NORMAL);
    }
    if (np_cilium_engine(l)) {
        return np_cilium_unreadable_tier(l, tiers[before].cilium, false);
    }
    struct np_tier *tier = np_build_find_tier(l->build, names[before]);
    return tier ? tier : add_tier(l, names[before], tiers[before].order - 50, NP_LISTED);
}

static void unreadable_rule(struct np_lower *l, struct np_policy *policy,
                            enum np_direction direction, enum np_action action)
{
    struct np_rule *rule = np_build_rule(l->build, policy, direction, action);
    struct np_match *match = rule ? np_build_alt(l->build, rule) : NULL;
    if (!match) {
        return;
    }
    rule->origin = policy->origin;
    if (!l->options->unreadable) { /* report, close */
        struct np_literal fact = {.kind = NP_LIT_FACT, .number = NP_FACT_UNREADABLE};
        match->far = np_build_set_of(l->build, np_build_literal(l->build, &fact));
    }
}

/*
 * close: the subjects are denied. report: it may deny and it may allow, so that what it could
 * decide is unknown, and what an earlier tier decides stays.
 */
int np_lower_unreadable_in(struct np_lower *l, struct np_tier *tier, const struct np_set *subjects)
{
    const struct np_object *object = l->object;
    char kind[128];
    snprintf(kind, sizeof kind, "%.*s",
             (int)(object->kind.len < sizeof kind ? object->kind.len : sizeof kind - 1),
             object->kind.ptr);
    np_str space =
        object->namespace_name.len ? np_build_str(l->build, object->namespace_name) : NULL;
    struct np_policy *policy =
        np_build_policy(l->build, tier, kind, space, np_build_str(l->build, object->name));
    for (int d = 0; policy && d < NP_DIRECTIONS; d++) {
        policy->origin = np_lower_origin(l, NULL, "spec");
        policy->origin.option = np_build_text(l->build, "unreadable");
        policy->subjects[d] = subjects;
        unreadable_rule(l, policy, (enum np_direction)d, NP_ACT_DENY);
        if (!l->options->unreadable) {
            unreadable_rule(l, policy, (enum np_direction)d, NP_ACT_ALLOW);
        }
    }
    return np_lower_status(l);
}

int np_lower_unreadable_as(struct np_lower *l, enum np_lower_tier before,
                           const struct np_set *subjects)
{
    return np_lower_unreadable_in(l, unreadable_tier(l, before), subjects);
}

/* A mesh policy of the root namespace is about all pods, and which namespace that is, is not known.
 */
int np_lower_unreadable(struct np_lower *l)
{
    const char *group = l->object->reader->group;
    size_t len = strlen(group);
    bool mesh = len >= 8 && strcmp(group + len - 8, "istio.io") == 0;
    struct np_slice space = mesh ? (struct np_slice){"", 0} : l->object->namespace_name;
    const struct np_set *subjects =
        np_lower_pod_set(l, np_lower_pod_kinds(l), np_lower_pods(l, space, NULL, NULL));
    return np_lower_unreadable_as(l, NP_TIER_ADMIN, subjects);
}
