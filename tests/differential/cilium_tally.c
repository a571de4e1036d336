/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what decided. */
#include "differential/cilium_tally.h"

static const struct {
    const char *name;
    unsigned features; /* without these it cannot be reached */
} reached[CIL_REACHED] = {
#define CIL_REACHED_ROW(name, text, features) {text, features},
    CIL_REACHED_MAP(CIL_REACHED_ROW)
#undef CIL_REACHED_ROW
};

static void tally_selector(uint64_t *at, const struct cil_selector *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        const struct cil_term *t = &s->terms[i];
        at[CIL_REACHED_NAMESPACE_KEY] += strcmp(t->key, "io.kubernetes.pod.namespace") == 0;
        at[CIL_REACHED_NAMESPACE_LABELS] += strstr(t->key, "namespace.labels") != NULL;
        at[CIL_REACHED_RESERVED_KEY] += strcmp(t->source, "reserved") == 0;
        at[CIL_REACHED_CIDR_KEY] += strcmp(t->source, "cidr") == 0;
        at[CIL_REACHED_GROUP_KEY] += strcmp(t->source, "cidrgroup") == 0;
        at[CIL_REACHED_NEGATIVE] += t->op == CIL_NOT_IN || t->op == CIL_NOT_EXISTS;
    }
}

static void tally_peers(uint64_t *at, const struct cil_element *e, bool cluster)
{
    static const uint8_t kinds[CIL_L3_KINDS] = {[CIL_L3_ABSENT] = CIL_REACHED_ANY_PEER,
                                                [CIL_ENDPOINTS] = CIL_REACHED_ENDPOINTS,
                                                [CIL_CIDR] = CIL_REACHED_CIDR,
                                                [CIL_CIDR_SET] = CIL_REACHED_CIDR,
                                                [CIL_ENTITIES] = CIL_REACHED_ENTITIES,
                                                [CIL_NODE_PEERS] = CIL_REACHED_NODES,
                                                [CIL_SERVICE_PEERS] = CIL_REACHED_SERVICE,
                                                [CIL_FQDNS] = CIL_REACHED_FQDNS,
                                                [CIL_CLOUD_GROUPS] = CIL_REACHED_CLOUD};
    at[cluster && e->l3 == CIL_FQDNS ? CIL_REACHED_DOMAINS : kinds[e->l3]]++;
    for (unsigned i = 0; i < e->n_peers; i++) {
        const struct cil_peer *p = &e->peers[i];
        bool range = e->l3 == CIL_CIDR_SET;
        at[CIL_REACHED_EXCEPT] += range && p->n_except;
        at[CIL_REACHED_GROUP] += range && p->by == CIL_BY_GROUP;
        at[CIL_REACHED_GROUP_LABELS] += range && p->by == CIL_BY_GROUP_LABELS;
        tally_selector(at, &p->selector);
    }
}

static void tally_ports(uint64_t *at, const struct cil_ports *ports)
{
    for (unsigned i = 0; i < ports->n_ports; i++) {
        at[CIL_REACHED_NAMED_PORT] += ports->ports[i].name != NULL;
        at[CIL_REACHED_RANGE] += ports->ports[i].last > 0;
        at[CIL_REACHED_ANY_PROTOCOL] += ports->ports[i].protocol < 2;
    }
    at[CIL_REACHED_HTTP] += ports->l7 == CIL_HTTP;
    at[CIL_REACHED_DNS] += ports->l7 == CIL_DNS;
    at[CIL_REACHED_KAFKA] += ports->l7 == CIL_KAFKA;
    at[CIL_REACHED_PARSER] += ports->l7 == CIL_PARSER;
    at[CIL_REACHED_LISTENER] += ports->listener > 0;
    at[CIL_REACHED_LISTENER_FIRST] += cil_listeners[ports->listener].priority > 0;
    at[CIL_REACHED_TERMINATING] += ports->terminating > 0;
    at[CIL_REACHED_ORIGINATING] += ports->originating > 0;
    at[CIL_REACHED_SERVER_NAMES] += ports->n_names > 0;
}

static void tally_entry(uint64_t *at, const struct cil *c, unsigned direction,
                        const struct cil_entry *entry)
{
    const struct cil_policy *p = &c->policies[entry->policy];
    const struct cil_element *e =
        &p->rules[entry->rule].elements[direction][entry->list][entry->element];
    at[CIL_REACHED_CNP] += p->kind == CIL_CNP;
    at[CIL_REACHED_CCNP] += p->kind == CIL_CCNP;
    at[CIL_REACHED_NODE_SUBJECT] += p->rules[entry->rule].of_nodes;
    at[CIL_REACHED_SPECS] += p->kind <= CIL_CCNP && (p->as_specs || entry->rule);
    at[CIL_REACHED_NP] += p->kind == CIL_NP;
    at[CIL_REACHED_QUERIES] += p->kind == CIL_KCNP && entry->ports && entry->ports->l7 == CIL_DNS;
    at[CIL_REACHED_ADMIN] += entry->tier == CIL_TIER_ADMIN;
    at[CIL_REACHED_BASELINE] += entry->tier == CIL_TIER_BASELINE;
    at[CIL_REACHED_DENY_RULE] += entry->list;
    at[CIL_REACHED_ICMP] += e->n_icmps > 0;
    at[CIL_REACHED_AUTHENTICATION] += entry->auth > 0;
    tally_peers(at, e, p->kind == CIL_KCNP);
    if (entry->ports) {
        tally_ports(at, entry->ports);
    }
}

void cil_tally_answer(struct cil_tally *tally, const struct cil *c, const struct cil_question *q,
                      const struct cil_answer *answer)
{
    static const uint8_t of_action[NETPOL_ACTION_COUNT] = {[NETPOL_ALLOW] = CIL_REACHED_ALLOW,
                                                           [NETPOL_INSPECT] = CIL_REACHED_INSPECT,
                                                           [NETPOL_UNKNOWN] = CIL_REACHED_UNKNOWN,
                                                           [NETPOL_DENY] = CIL_REACHED_DENY};
    uint64_t *at = tally->reached;
    for (unsigned d = 0; d < CIL_DIRECTIONS; d++) {
        const struct cil_decision *one = &answer->parts[d];
        const struct cil_end *near = d == CIL_INGRESS ? &q->dst : &q->src;
        const struct cil_end *far = d == CIL_INGRESS ? &q->src : &q->dst;
        if (!one->judged) {
            continue;
        }
        at[of_action[cil_verdict(one)]]++;
        at[CIL_REACHED_IPV6] += far->six;
        at[CIL_REACHED_DENY_OVER_ALLOW] += one->overruled;
        if (one->tier == UINT8_MAX) {
            at[one->may_deny ? CIL_REACHED_DEFAULT_DENY : CIL_REACHED_DEFAULT_ALLOW]++;
            continue;
        }
        at[CIL_REACHED_KAFKA_REQUEST] += q->asked->kind == CIL_KAFKA_REQUEST;
        at[CIL_REACHED_FRAGMENT] += q->fragment;
        at[CIL_REACHED_NODE_ITSELF] += near->pod < 0 && near->node == far->node;
        at[CIL_REACHED_OWN_NODE] += cil_is_own_node(c, near, far);
        at[CIL_REACHED_API_SERVER] += far->apiserver;
        tally_entry(at, c, d, &one->example);
    }
}

unsigned cil_tally_report(const struct cil_tally *tally, unsigned features, FILE *out)
{
    unsigned missed = 0;
    for (unsigned i = 0; i < CIL_REACHED; i++) {
        bool can = (reached[i].features & ~features) == 0;
        fprintf(out, "%s: %llu%s\n", reached[i].name, (unsigned long long)tally->reached[i],
                can && !tally->reached[i] ? " (not reached)" : "");
        missed += can && !tally->reached[i];
    }
    return missed;
}
