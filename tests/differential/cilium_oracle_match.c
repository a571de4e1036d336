/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: labels of ends, selectors over them, peers and ports. */
#include "differential/cilium_oracle.h"

#include <arpa/inet.h>

#define SPACE_KEY    "io.kubernetes.pod.namespace"
#define SPACE_LABELS "io.cilium.k8s.namespace.labels."
#define ACCOUNT_KEY  "io.cilium.k8s.policy.serviceaccount"
#define CLUSTER_KEY  "io.cilium.k8s.policy.cluster"

/* ---- addresses ---- */

bool cil_net_has(const struct cil_net *net, bool six, const uint8_t address[16])
{
    for (unsigned i = 0; net->six == six && i < net->bits; i++) {
        if ((net->bytes[i / 8] ^ address[i / 8]) & 0x80 >> i % 8) {
            return false;
        }
    }
    return net->six == six;
}

static bool is_in(const struct cil_end *end, uint8_t net)
{
    return cil_net_has(cil_net(net), end->six, end->address);
}

static bool group_has(const struct cil_group *g, const struct cil_end *end)
{
    for (unsigned i = 0; g->present && i < g->n_nets; i++) {
        if (is_in(end, g->nets[i])) {
            return true;
        }
    }
    return false;
}

/* policy-cidr-match-mode */
static bool may_be_in_range(const struct cil *c, const struct cil_end *end)
{
    return (end->pod < 0 || c->options.cidr_pods) && (end->node < 0 || c->options.cidr_nodes);
}

/* ---- labels ---- */

static void add(struct cil_tags *tags, const char *source, const char *key, const char *value)
{
    tags->items[tags->count++] = (struct cil_tag){source, key, value};
}

static const char *space_label(const char *key)
{
    return strcmp(key, "env") == 0 ? SPACE_LABELS "env" : SPACE_LABELS "team";
}

bool cil_is_own_node(const struct cil *c, const struct cil_end *pod, const struct cil_end *node)
{
    int own = pod->pod >= 0 ? c->pods[pod->pod].node : pod->node;
    return own >= 0 && own == node->node;
}

static void tags_of_pod(const struct cil *c, const struct cil_pod *pod, struct cil_tags *out)
{
    for (unsigned i = 0; i < pod->labels.count; i++) {
        add(out, "k8s", pod->labels.items[i].key, pod->labels.items[i].value);
    }
    const struct cil_labels *space = &c->spaces[pod->space];
    for (unsigned i = 0; i < space->count; i++) {
        add(out, "k8s", space_label(space->items[i].key), space->items[i].value);
    }
    add(out, "k8s", SPACE_KEY, cil_space_names[pod->space]);
    add(out, "k8s", ACCOUNT_KEY, cil_account_names[pod->account]);
    add(out, "k8s", CLUSTER_KEY, "default");
}

/* Labels of prefixes and of groups: of all that hold the address. */
static void tags_of_address(const struct cil *c, const struct cil_end *end, struct cil_tags *out)
{
    static const char *const names[CIL_GROUPS] = {"io.cilium.policy.cidrgroupname/g0",
                                                  "io.cilium.policy.cidrgroupname/g1",
                                                  "io.cilium.policy.cidrgroupname/g2"};
    for (uint8_t i = 0; i < CIL_NETS; i++) {
        if (is_in(end, i)) {
            add(out, "cidr", cil_net_key(i), "");
        }
    }
    for (unsigned i = 0; i < CIL_GROUPS; i++) {
        const struct cil_labels *labels = &c->groups[i].labels;
        if (!group_has(&c->groups[i], end)) {
            continue;
        }
        add(out, "cidrgroup", names[i], "");
        for (unsigned k = 0; k < labels->count; k++) {
            add(out, "cidrgroup", labels->items[k].key, labels->items[k].value);
        }
    }
}

void cil_tags_of(const struct cil *c, const struct cil_end *end, const struct cil_end *near,
                 struct cil_tags *out)
{
    out->count = 0;
    if (end->pod >= 0) {
        tags_of_pod(c, &c->pods[end->pod], out);
    } else if (end->node >= 0) {
        bool own = cil_is_own_node(c, near, end);
        const struct cil_labels *labels = &c->nodes[end->node];
        add(out, "reserved", own ? "host" : "remote-node", "");
        for (unsigned i = 0; c->options.node_labels && i < labels->count; i++) {
            add(out, "node", labels->items[i].key, labels->items[i].value);
        }
        if (c->options.node_labels) {
            add(out, "k8s", CLUSTER_KEY, "default");
        }
    } else {
        add(out, "reserved", "world", "");
        add(out, "reserved", end->six ? "world-ipv6" : "world-ipv4", "");
    }
    if (may_be_in_range(c, end)) {
        tags_of_address(c, end, out);
    }
    if (end->apiserver) {
        add(out, "reserved", "kube-apiserver", "");
    }
}

/* ---- selectors ---- */

static bool is_source(const char *wanted, const char *source)
{
    return *wanted == '\0' || strcmp(wanted, "any") == 0 || strcmp(wanted, source) == 0;
}

static bool has_value(const struct cil_term *t, const char *value)
{
    for (unsigned i = 0; i < t->n_values; i++) {
        if (strcmp(t->values[i], value) == 0) {
            return true;
        }
    }
    return t->n_values == 0;
}

static bool term_holds(const struct cil_term *t, const struct cil_tags *tags)
{
    bool found = false;
    for (unsigned i = 0; i < tags->count; i++) {
        const struct cil_tag *tag = &tags->items[i];
        found = found || (is_source(t->source, tag->source) && strcmp(t->key, tag->key) == 0 &&
                          has_value(t, tag->value));
    }
    return found == (t->op != CIL_NOT_IN && t->op != CIL_NOT_EXISTS);
}

bool cil_selects(const struct cil_selector *s, const struct cil_tags *tags)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (!term_holds(&s->terms[i], tags)) {
            return false;
        }
    }
    return true;
}

static bool has_label(const struct cil_tags *tags, const char *source, const char *key,
                      const char *value)
{
    struct cil_term t = {source, key, CIL_EQ, value != NULL, {value}};
    return term_holds(&t, tags);
}

static bool names_key(const struct cil_selector *s, const char *key, size_t length)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (strcmp(s->terms[i].source, "reserved") != 0 &&
            strncmp(s->terms[i].key, key, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool names_reserved(const struct cil_selector *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (strcmp(s->terms[i].source, "reserved") == 0) {
            return true;
        }
    }
    return false;
}

/* An entry of fromEndpoints or toEndpoints: what is not said of namespace and cluster is added. */
static bool endpoints_match(const struct cil_side *s, const struct cil_policy *p,
                            const struct cil_selector *selector, const struct cil_tags *tags)
{
    bool reserved = names_reserved(selector);
    bool space = names_key(selector, SPACE_KEY, sizeof SPACE_KEY);
    bool labels = names_key(selector, SPACE_LABELS, sizeof SPACE_LABELS - 1);
    bool cluster = names_key(selector, CLUSTER_KEY, sizeof CLUSTER_KEY);
    const char *own = p->kind == CIL_CNP ? cil_space_names[p->space] : NULL;
    bool wanted = !reserved && !space && (p->kind == CIL_CCNP || !labels);
    if (wanted && !has_label(tags, "k8s", SPACE_KEY, own)) {
        return false;
    }
    if (!reserved && !cluster && !s->set->options.any_cluster &&
        !has_label(tags, "k8s", CLUSTER_KEY, "default")) {
        return false;
    }
    return cil_selects(selector, tags);
}

/* ---- of Kubernetes ---- */

static bool labels_match(const struct cil_selector *s, const struct cil_labels *labels)
{
    struct cil_tags tags = {0};
    for (unsigned i = 0; i < labels->count; i++) {
        add(&tags, "k8s", labels->items[i].key, labels->items[i].value);
    }
    return cil_selects(s, &tags);
}

static bool pod_matches(const struct cil *c, const struct cil_policy *p,
                        const struct cil_peer *peer, const struct cil_end *end)
{
    if (end->pod < 0) {
        return false;
    }
    const struct cil_pod *pod = &c->pods[end->pod];
    if (!peer->has_spaces && pod->space != p->space) {
        return false;
    }
    return (!peer->has_spaces || labels_match(&peer->spaces, &c->spaces[pod->space])) &&
           (!peer->has_pods || labels_match(&peer->selector, &pod->labels));
}

/* ---- subjects ---- */

bool cil_subject_matches(const struct cil_side *s, const struct cil_policy *p,
                         const struct cil_rule *rule)
{
    struct cil_tags tags;
    if (s->near->pod < 0 || rule->of_nodes) { /* of other policies the host is no subject */
        return s->near->pod < 0 && rule->of_nodes && p->kind == CIL_CCNP &&
               labels_match(&rule->subject, &s->set->nodes[s->near->node]);
    }
    const struct cil_pod *pod = &s->set->pods[s->near->pod];
    if (p->kind == CIL_KCNP) {
        return labels_match(&p->spaces, &s->set->spaces[pod->space]) &&
               labels_match(&rule->subject, &pod->labels);
    }
    if (p->kind != CIL_CCNP && pod->space != p->space) {
        return false;
    }
    cil_tags_of(s->set, s->near, s->near, &tags);
    return cil_selects(&rule->subject, &tags);
}

/* ---- ranges ---- */

/* An address has the labels of all groups that hold it; a key may have several values. */
static bool groups_match(const struct cil *c, const struct cil_selector *selector,
                         const struct cil_end *end)
{
    for (unsigned t = 0; t < selector->count; t++) {
        struct cil_selector one = {.count = 1, .terms = {selector->terms[t]}};
        uint8_t op = one.terms[0].op;
        bool without = op == CIL_NOT_IN || op == CIL_NOT_EXISTS;
        one.terms[0].op = op == CIL_NOT_IN ? CIL_IN : op == CIL_NOT_EXISTS ? CIL_EXISTS : op;
        bool some = false;
        for (unsigned i = 0; i < CIL_GROUPS; i++) {
            const struct cil_group *g = &c->groups[i];
            some = some || (group_has(g, end) && labels_match(&one, &g->labels));
        }
        if (some == without) {
            return false;
        }
    }
    return true;
}

static bool range_has(const struct cil *c, const struct cil_peer *peer, const struct cil_end *end)
{
    return peer->by == CIL_BY_NET ? is_in(end, peer->net)
           : peer->by == CIL_BY_GROUP
               ? peer->name < CIL_GROUPS && group_has(&c->groups[peer->name], end)
               : groups_match(c, &peer->selector, end);
}

static bool range_matches(const struct cil *c, const struct cil_peer *peer,
                          const struct cil_end *end)
{
    if (!may_be_in_range(c, end)) {
        return false;
    }
    for (unsigned i = 0; i < peer->n_except; i++) {
        if (is_in(end, peer->except[i])) {
            return false;
        }
    }
    return range_has(c, peer, end);
}

/* ---- other peers ---- */

static bool entity_matches(const struct cil_side *s, uint8_t entity)
{
    const struct cil_end *end = s->far;
    bool outside = end->pod < 0 && end->node < 0;
    bool own = cil_is_own_node(s->set, s->near, end);
    switch (entity) {
    case CIL_ALL:
        return true;
    case CIL_WORLD:
        return outside;
    case CIL_WORLD_4:
        return outside && !end->six;
    case CIL_WORLD_6:
        return outside && end->six;
    case CIL_CLUSTER:
    case CIL_CLUSTER_MESH:
        return !outside || end->apiserver;
    case CIL_HOST:
        return own;
    case CIL_REMOTE_NODE:
        return end->node >= 0 && !own;
    case CIL_APISERVER:
        return end->apiserver;
    default:
        return false;
    }
}

static bool node_matches(const struct cil_side *s, const struct cil_selector *selector)
{
    struct cil_tags tags;
    cil_tags_of(s->set, s->far, s->near, &tags);
    return has_label(&tags, "reserved", "remote-node", NULL) && cil_selects(selector, &tags);
}

static bool backends_have(const struct cil_side *s, const struct cil_service *service)
{
    const struct cil_end *end = s->far;
    if (service->selects) {
        if (end->pod < 0 || s->set->pods[end->pod].space != service->space) {
            return false;
        }
        struct cil_selector wanted = {.count = service->selector.count};
        for (unsigned i = 0; i < wanted.count; i++) {
            const struct cil_label *l = &service->selector.items[i];
            wanted.terms[i] = (struct cil_term){"", l->key, CIL_EQ, 1, {l->value}};
        }
        return labels_match(&wanted, &s->set->pods[end->pod].labels);
    }
    for (unsigned b = 0; may_be_in_range(s->set, end) && b < CIL_BACKENDS; b++) {
        char text[40];
        uint8_t address[16] = {0};
        cil_backend_address(text, b, end->six ? 6 : 4);
        (void)inet_pton(end->six ? AF_INET6 : AF_INET, text, address);
        if (service->backends >> b & 1 && memcmp(address, end->address, 16) == 0) {
            return true;
        }
    }
    return false;
}

static bool service_matches(const struct cil_side *s, const struct cil_peer *peer)
{
    for (unsigned i = 0; i < CIL_SERVICES; i++) {
        const struct cil_service *service = &s->set->services[i];
        bool meant =
            service->present && service->space == peer->space &&
            (peer->named ? peer->name == i : labels_match(&peer->selector, &service->labels));
        if (meant && backends_have(s, service)) {
            return true;
        }
    }
    return false;
}

static bool cloud_has(const struct cil *c, const struct cil_peer *peer, const struct cil_end *end)
{
    const struct cil_cloud *cloud = &c->clouds[peer->name];
    for (unsigned i = 0; cloud->fed && may_be_in_range(c, end) && i < cloud->n_nets; i++) {
        if (is_in(end, cloud->nets[i])) {
            return true;
        }
    }
    return false;
}

/* A name of a ClusterNetworkPolicy with a star is every name below, however deep. */
static bool name_is(const struct cil_policy *p, const struct cil_peer *peer,
                    struct netpol_string name)
{
    const char *deep = p->kind == CIL_KCNP ? cil_domains[peer->name][1] : NULL;
    return cil_name_matches(deep ? deep : peer->fqdn, deep || peer->pattern, name);
}

bool cil_is_dns_pod(const struct cil_side *s)
{
    struct cil_tags tags;
    cil_tags_of(s->set, s->far, s->near, &tags);
    return s->far->pod >= 0 && has_label(&tags, "k8s", "k8s-app", "kube-dns");
}

/* Names are those of addresses outside. */
static cil_truth names_match(const struct cil_side *s, const struct cil_policy *p,
                             const struct cil_peer *peer)
{
    const struct cil_asked *asked = s->q->asked;
    if (s->far->pod >= 0 || s->far->node >= 0) {
        return CIL_NO;
    }
    if (!asked->asked || !asked->named) {
        return CIL_MAYBE | CIL_OF_FACT;
    }
    for (unsigned i = 0; i < asked->n_names; i++) {
        if (name_is(p, peer, asked->names[i])) {
            return CIL_YES;
        }
    }
    return CIL_NO;
}

cil_truth cil_peer_matches(const struct cil_side *s, const struct cil_policy *p, uint8_t l3,
                           const struct cil_peer *peer)
{
    struct cil_tags tags;
    switch (l3) {
    case CIL_L3_ABSENT:
        return CIL_YES;
    case CIL_ENDPOINTS:
        if (p->kind >= CIL_NP) {
            return pod_matches(s->set, p, peer, s->far);
        }
        cil_tags_of(s->set, s->far, s->near, &tags);
        return endpoints_match(s, p, &peer->selector, &tags);
    case CIL_CIDR:
    case CIL_CIDR_SET:
        return range_matches(s->set, peer, s->far);
    case CIL_ENTITIES:
        return entity_matches(s, peer->entity);
    case CIL_NODE_PEERS:
        return node_matches(s, &peer->selector);
    case CIL_SERVICE_PEERS:
        return service_matches(s, peer);
    case CIL_CLOUD_GROUPS:
        return cloud_has(s->set, peer, s->far);
    default:
        return names_match(s, p, peer);
    }
}

/* ---- ports ---- */

static bool is_of(const struct cil_protocol *protocol, uint8_t number)
{
    return protocol->numbers[0] == number || protocol->numbers[1] == number ||
           protocol->numbers[2] == number;
}

/* Names are those of the destination's containers. */
static bool name_matches(const struct cil_side *s, uint8_t kind, const struct cil_port *port)
{
    const struct cil_end *end = &s->q->dst;
    for (unsigned b = 0; end->pod >= 0 && b < CIL_POD_PORTS; b++) {
        const struct cil_named_port *named = &cil_pod_ports[b];
        if (s->set->pods[end->pod].ports >> b & 1 && strcmp(named->name, port->name) == 0 &&
            named->protocol == s->q->protocol && named->port == s->q->port &&
            (kind == CIL_KCNP || is_of(&cil_protocols[port->protocol], named->protocol))) {
            return true;
        }
    }
    return false;
}

bool cil_port_matches(const struct cil_side *s, uint8_t kind, const struct cil_port *port)
{
    const struct cil_question *q = s->q;
    const struct cil_protocol *protocol = &cil_protocols[port->protocol];
    if (port->name) {
        return q->has_ports && name_matches(s, kind, port);
    }
    if (port->first == 0 && kind != CIL_KCNP) {
        return is_of(protocol, q->protocol);
    }
    uint16_t first = port->first ? port->first : 1;
    uint16_t last = port->first == 0 ? UINT16_MAX : port->last ? port->last : first;
    bool whole = kind == CIL_KCNP && first == 1 && last == UINT16_MAX; /* all TCP (npep-187) */
    return is_of(protocol, q->protocol) &&
           (q->has_ports ? q->port >= first && q->port <= last : whole);
}

bool cil_icmp_matches(const struct cil_side *s, const struct cil_icmp *icmp)
{
    return s->q->protocol == (icmp->six ? 58 : 1) && /* type 0 is every one */
           (icmp->type == 0 || (!s->q->fragment && s->q->icmp_type == icmp->type));
}
