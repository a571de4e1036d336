/* SPDX-License-Identifier: Apache-2.0 */
/* The entries that a set has for one side of a question. */
#include "differential/cilium_oracle.h"

struct collection {
    const struct cil_side *side;
    struct cil_entries *out;
    struct cil_entry entry; /* of the element at hand */
    bool everybody;         /* entity `all` is among the peers */
};

/* Of a rule of this policy: in which tier, of which priority? */
static void place(const struct cil_policy *p, unsigned element, struct cil_entry *out)
{
    out->tier = p->kind != CIL_KCNP ? CIL_TIER_NORMAL
                : p->baseline       ? CIL_TIER_BASELINE
                                    : CIL_TIER_ADMIN;
    out->priority = (uint16_t)(p->kind == CIL_KCNP ? p->priority * 100u + element : 0);
}

/* Bits of the longest aligned power-of-two piece of first..last that holds the port. */
static uint8_t piece(uint32_t first, uint32_t last, uint32_t port)
{
    uint8_t bits = 0;
    for (; bits < 16; bits++) {
        uint32_t begin = port >> (16 - bits) << (16 - bits);
        uint32_t end = begin + (1u << (16 - bits)) - 1;
        if (begin >= first && end <= last) {
            break;
        }
    }
    return bits;
}

static uint8_t bits_of(const struct cil_port *port, uint16_t asked)
{
    if (port->name) {
        return 24;
    }
    if (port->first == 0) {
        return 8;
    }
    return (uint8_t)(8 + piece(port->first, port->last ? port->last : port->first, asked));
}

static void add_one(struct cil_entries *out, const struct cil_entry *entry)
{
    if (out->count < CIL_ENTRIES && entry->flow != CIL_NO) {
        out->items[out->count++] = *entry;
    }
}

/* Of a list with entity `all` beside others both kinds are entries. */
static void add(const struct collection *at)
{
    add_one(at->out, &at->entry);
    if (at->entry.specific && at->everybody) {
        struct cil_entry twin = at->entry;
        twin.specific = false;
        add_one(at->out, &twin);
    }
}

/* The ends; also whether a peer that matches is a specific one. */
static cil_truth peers_match(struct collection *at, const struct cil_policy *p,
                             const struct cil_element *e)
{
    cil_truth result = CIL_NO;
    at->entry.specific = at->everybody = false;
    if (e->l3 == CIL_L3_ABSENT) {
        return CIL_YES;
    }
    for (unsigned i = 0; i < e->n_peers; i++) {
        const struct cil_peer *peer = &e->peers[i];
        cil_truth one = cil_peer_matches(at->side, p, e->l3, peer);
        bool all = e->l3 == CIL_ENTITIES && peer->entity == CIL_ALL;
        at->entry.specific = at->entry.specific || (one != CIL_NO && !all);
        at->everybody = at->everybody || all;
        result = cil_or(result, one);
    }
    return result;
}

/* What a ClusterNetworkPolicy allows by name may be asked for (pkg/k8s/cluster_network_policy.go).
 */
static void collect_queries(const struct collection *at, const struct cil_element *e,
                            const struct cil_entry *place)
{
    static struct cil_ports questions[CIL_POLICIES][CIL_ELEMENTS];
    static const struct cil_port port = {"dns", 0, 0, 1};
    struct cil_ports *ports = &questions[place->policy][place->element];
    struct cil_entry entry = *place;
    if (!cil_is_dns_pod(at->side) || !cil_port_matches(at->side, CIL_KCNP, &port)) {
        return;
    }
    *ports = (struct cil_ports){.l7 = CIL_DNS, .n_l7 = e->n_peers};
    for (unsigned i = 0; i < e->n_peers; i++) {
        const char *deep = cil_domains[e->peers[i].name][1];
        ports->dns[i] = deep ? deep : e->peers[i].fqdn;
        ports->dns_pattern[i] = deep != NULL;
    }
    entry.flow = CIL_YES;
    entry.ports = ports;
    entry.all_requests = true;
    add_one(at->out, &entry);
}

static void collect_element(void *user, const struct cil_policy *p, const struct cil_element *e,
                            const struct cil_entry *place)
{
    struct collection *at = user;
    struct cil_entry *entry = &at->entry;
    if (p->kind == CIL_KCNP && e->l3 == CIL_FQDNS) {
        collect_queries(at, e, place);
    }
    *entry = *place;
    cil_truth far = peers_match(at, p, e);
    entry->flow = far;
    if (e->n_ports == 0 && e->n_icmps == 0) {
        add(at);
    }
    for (unsigned i = 0; i < e->n_icmps; i++) {
        entry->bits = 24;
        if (cil_icmp_matches(at->side, &e->icmps[i])) {
            add(at);
            break;
        }
    }
    for (unsigned i = 0; i < e->n_ports; i++) {
        const struct cil_ports *ports = &e->ports[i];
        entry->ports = ports;
        entry->flow = CIL_NO;
        entry->bits = 0;
        for (unsigned k = 0; k < ports->n_ports; k++) {
            if (cil_port_matches(at->side, p->kind, &ports->ports[k])) {
                uint8_t bits = bits_of(&ports->ports[k], at->side->q->port);
                entry->flow = far;
                entry->bits = bits > entry->bits ? bits : entry->bits;
            }
        }
        add(at);
    }
}

static unsigned length_of(uint8_t n)
{
    return n == CIL_LIST_ABSENT ? 0 : n;
}

static bool isolates(const struct cil *c, const struct cil_policy *p, const struct cil_rule *rule,
                     unsigned direction)
{
    unsigned allows = length_of(rule->n[direction][0]);
    if (p->kind == CIL_KCNP) {
        return false;
    }
    if (p->kind == CIL_NP) {
        return allows > 0 || (p->typed ? p->types >> direction & 1 : direction == CIL_INGRESS);
    }
    bool some = allows + length_of(rule->n[direction][1]) > 0;
    bool heard = rule->flags[direction] != CIL_FLAG_ABSENT && !c->options.no_non_default_deny &&
                 (some || !c->options.deny_alone_ignored);
    return heard ? rule->flags[direction] == CIL_FLAG_TRUE : some;
}

static void visit_rule(const struct cil_side *s, const struct cil_policy *p,
                       struct cil_entry *entry, cil_visit *visit, void *user)
{
    const struct cil_rule *rule = &p->rules[entry->rule];
    unsigned d = s->direction;
    for (unsigned deny = 0; deny < 2; deny++) {
        for (unsigned i = 0; i < length_of(rule->n[d][deny]); i++) {
            const struct cil_element *e = &rule->elements[d][deny][i];
            if (p->kind <= CIL_CCNP && e->l3 == CIL_L3_ABSENT && !e->n_ports && !e->n_icmps) {
                continue; /* {} only isolates */
            }
            entry->action = p->kind == CIL_KCNP ? e->action : deny ? CIL_DENY : CIL_ACCEPT;
            entry->list = (uint8_t)deny;
            entry->element = (uint8_t)i;
            entry->auth = e->auth;
            place(p, i, entry);
            visit(user, p, e, entry);
        }
    }
}

bool cil_each_element(const struct cil_side *s, cil_visit *visit, void *user)
{
    bool any = s->set->options.policy_enforcement == 1;
    for (unsigned i = 0; i < CIL_POLICIES; i++) {
        const struct cil_policy *p = &s->set->policies[i];
        for (unsigned k = 0; p->present && k < p->n_rules; k++) {
            struct cil_entry entry = {.policy = (uint8_t)i, .rule = (uint8_t)k};
            if (!cil_subject_matches(s, p, &p->rules[k])) {
                continue;
            }
            bool isolated = isolates(s->set, p, &p->rules[k], s->direction);
            any = any || isolated;
            entry.all_requests = p->kind <= CIL_CCNP && !isolated;
            visit_rule(s, p, &entry, visit, user);
        }
    }
    return any;
}

void cil_collect(const struct cil_side *s, struct cil_entries *out)
{
    struct collection at = {.side = s, .out = out};
    out->count = 0;
    out->isolated = cil_each_element(s, collect_element, &at);
}
