/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: flat label maps, selectors over them, and the criteria of a rule. */
#include "differential/calico_oracle.h"

#define SPACE_LABEL   "projectcalico.org/namespace"
#define ACCOUNT_LABEL "projectcalico.org/serviceaccount"

/* ---- labels ---- */

const char *cal_map_get(const struct cal_map *map, const char *prefix, const char *key)
{
    size_t length = strlen(prefix);
    for (unsigned i = 0; i < map->count; i++) {
        const char *have = map->items[i].key;
        if (strncmp(have, prefix, length) == 0 && strcmp(have + length, key) == 0) {
            return map->items[i].value;
        }
    }
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool is_one_of(const struct cal_node *node, const char *value)
{
    for (unsigned i = 0; value && i < node->count; i++) {
        if (strcmp(node->values[i], value) == 0) {
            return true;
        }
    }
    return false;
}

static bool term_holds(const struct cal_node *node, const char *value)
{
    switch (node->op) {
    case CAL_HAS:
        return value != NULL;
    case CAL_EQ:
    case CAL_IN:
        return is_one_of(node, value);
    case CAL_NE:
    case CAL_NOT_IN:
        return !is_one_of(node, value);
    case CAL_CONTAINS:
        return value && strstr(value, node->values[0]);
    case CAL_STARTS:
        return value && strncmp(value, node->values[0], strlen(node->values[0])) == 0;
    default:
        return value && ends_with(value, node->values[0]);
    }
}

static bool node_holds(const struct cal_selector *s, uint8_t at, const char *prefix,
                       const char *all_means, const struct cal_map *map)
{
    const struct cal_node *node = &s->nodes[at];
    switch (node->op) {
    case CAL_ALL:
        return !all_means || cal_map_get(map, "", all_means);
    case CAL_GLOBAL: /* the whole of a selector of namespaces */
        return !cal_map_get(map, "", SPACE_LABEL);
    case CAL_NOT:
        return !node_holds(s, node->kids[0], prefix, all_means, map);
    case CAL_AND:
        return node_holds(s, node->kids[0], prefix, all_means, map) &&
               node_holds(s, node->kids[1], prefix, all_means, map);
    case CAL_OR:
        return node_holds(s, node->kids[0], prefix, all_means, map) ||
               node_holds(s, node->kids[1], prefix, all_means, map);
    default:
        return term_holds(node, cal_map_get(map, prefix, node->key));
    }
}

bool cal_selects(const struct cal_selector *s, const char *prefix, const char *all_means,
                 const struct cal_map *map)
{
    return !s->present || node_holds(s, s->root, prefix, all_means, map);
}

/* ---- ends ---- */

bool cal_net_has(const struct cal_net *net, bool six, int family, const uint8_t address[16])
{
    unsigned whole = net->bits / 8u, rest = net->bits % 8u;
    if (six != (family == 6) || memcmp(net->bytes, address, whole) != 0) {
        return false;
    }
    return rest == 0 || ((net->bytes[whole] ^ address[whole]) & 0xff00u >> rest & 0xffu) == 0;
}

static bool in_nets(const uint8_t *nets, unsigned count, const struct cal_end *end)
{
    for (unsigned i = 0; i < count; i++) {
        if (cal_net_has(cal_net(nets[i]), nets[i] >= CAL_FAMILY_NETS, end->family, end->address)) {
            return true;
        }
    }
    return false;
}

/* ---- entities ---- */

/* What every object that a positive part selects must satisfy. */
static bool is_selected(const struct cal_entity *e, unsigned space, bool kubernetes,
                        const struct cal_map *map)
{
    const char *own = cal_map_get(map, "", SPACE_LABEL);
    const char *account = cal_map_get(map, "", ACCOUNT_LABEL);
    if (kubernetes && !cal_map_get(map, "", "projectcalico.org/orchestrator")) {
        return false;
    }
    if (e->spaces.present) {
        if (!cal_selects(&e->spaces, "pcns.", SPACE_LABEL, map)) {
            return false;
        }
    } else if (space < CAL_SPACES && !(own && strcmp(own, cal_space_names[space]) == 0)) {
        return false;
    }
    bool named = e->n_accounts == 0;
    for (unsigned i = 0; i < e->n_accounts; i++) {
        named = named || (account && strcmp(account, cal_account_names[e->accounts[i]]) == 0);
    }
    return named && cal_selects(&e->account, "pcsa.", ACCOUNT_LABEL, map) &&
           cal_selects(&e->selector, "", NULL, map) &&
           !(e->not_selector.present && cal_selects(&e->not_selector, "", NULL, map));
}

static bool has_positive(const struct cal_entity *e, unsigned space)
{
    return e->selector.present || e->spaces.present || e->n_accounts || e->account.present ||
           (e->not_selector.present && space < CAL_SPACES);
}

static bool selectors_match(const struct cal_world *w, const struct cal_entity *e, unsigned space,
                            bool kubernetes, const struct cal_end *end)
{
    bool positive = has_positive(e, space);
    for (unsigned i = 0; i < end->n_covering; i++) {
        const struct cal_map *map = &w->objects[end->covering[i]].map;
        if (positive && is_selected(e, space, kubernetes, map)) {
            return true;
        }
        if (!positive && e->not_selector.present && cal_selects(&e->not_selector, "", NULL, map)) {
            return false;
        }
    }
    return !positive;
}

static bool declares(const struct cal_object *object, const char *name, uint8_t protocol,
                     uint16_t number)
{
    for (unsigned i = 0; i < 4; i++) {
        const struct cal_named_port *port = &cal_pod_ports[i];
        bool has = object->pod ? object->pod->ports >> i & 1
                               : object->host && i == 0 && object->host->port;
        if (has && strcmp(port->name, name) == 0 && port->protocol == protocol &&
            port->port == number) {
            return true;
        }
    }
    return false;
}

struct port_at { /* the port of one end */
    uint16_t number;
    bool known;
    uint8_t protocol;
};

static bool ports_match(const struct cal_world *w, const struct cal_entity *e,
                        const struct cal_port *ports, unsigned count, unsigned space,
                        bool kubernetes, const struct cal_end *end, struct port_at port)
{
    bool positive = has_positive(e, space);
    for (unsigned i = 0; port.known && i < count; i++) {
        if (!ports[i].name && port.number >= ports[i].first && port.number <= ports[i].last) {
            return true;
        }
        for (unsigned k = 0; ports[i].name && k < end->n_covering; k++) {
            const struct cal_object *object = &w->objects[end->covering[k]];
            if (declares(object, ports[i].name, port.protocol, port.number) &&
                (!positive || is_selected(e, space, kubernetes, &object->map))) {
                return true;
            }
        }
    }
    return false;
}

static bool service_matches(const struct cal_world *w, const struct cal_entity *e,
                            unsigned direction, const struct cal_end *end, struct port_at port)
{
    static const struct port_at targets[] = {
        {80, true,  6 },
        {53, true,  17},
        {0,  false, 6 }
    };
    const struct cal_service *s = &w->set->services[e->service - 1];
    const struct cal_net *outside = cal_net(8);
    bool member = end->pod >= 0 && s->pods >> end->pod & 1;
    bool other = s->outside && end->family == 4 && memcmp(end->address, outside->bytes, 4) == 0;
    const struct port_at *target = &targets[s->port];
    bool port_is =
        direction == CAL_INGRESS || (target->known && port.known && port.number == target->number &&
                                     port.protocol == target->protocol);
    return s->present && (member || other) && port_is;
}

static bool entity_matches(const struct cal_world *w, const struct cal_entity *e, unsigned space,
                           bool kubernetes, unsigned direction, const struct cal_end *end,
                           struct port_at port)
{
    return (!e->n_nets || in_nets(e->nets, e->n_nets, end)) &&
           !in_nets(e->not_nets, e->n_not_nets, end) &&
           selectors_match(w, e, space, kubernetes, end) &&
           (!e->service || service_matches(w, e, direction, end, port)) &&
           (!e->n_ports || ports_match(w, e, e->ports, e->n_ports, space, kubernetes, end, port)) &&
           !ports_match(w, e, e->not_ports, e->n_not_ports, space, kubernetes, end, port);
}

/* ---- rules ---- */

/* Is a list of prefixes empty for the family, although it is not? Then there is no such rule. */
static bool loses_all(const uint8_t *nets, unsigned count, int family)
{
    for (unsigned i = 0; i < count; i++) {
        if ((nets[i] >= CAL_FAMILY_NETS) == (family == 6)) {
            return false;
        }
    }
    return count > 0;
}

static bool exists_for(const struct cal_rule *rule, int family)
{
    const struct cal_entity *ends[] = {&rule->source, &rule->destination};
    int implied = cal_protocols[rule->protocol].family;
    if ((rule->ip_version && rule->ip_version != family) || (implied && implied != family)) {
        return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (loses_all(ends[i]->nets, ends[i]->n_nets, family) ||
            loses_all(ends[i]->not_nets, ends[i]->n_not_nets, family)) {
            return false;
        }
    }
    return true;
}

static bool icmp_matches(const struct cal_icmp *icmp, const struct cal_question *q)
{
    bool is = q->protocol == 1 || q->protocol == 58;
    return is && q->has_ports && q->icmp_type == icmp->type &&
           (!icmp->has_code || q->icmp_code == icmp->code);
}

enum cal_truth cal_rule_matches(const struct cal_world *w, const struct cal_rule *rule,
                                unsigned space, bool kubernetes, unsigned direction,
                                const struct cal_question *q)
{
    bool icmp = q->protocol == 1 || q->protocol == 58;
    struct port_at from = {q->src_port, q->has_ports && !icmp, q->protocol};
    struct port_at to = {q->dst_port, q->has_ports && !icmp, q->protocol};
    bool flow = exists_for(rule, q->src.family) &&
                (!rule->protocol || cal_protocols[rule->protocol].number == q->protocol) &&
                !(rule->not_protocol && cal_protocols[rule->not_protocol].number == q->protocol) &&
                (!rule->icmp.present || icmp_matches(&rule->icmp, q)) &&
                !(rule->not_icmp.present && icmp_matches(&rule->not_icmp, q)) &&
                entity_matches(w, &rule->source, space, kubernetes, direction, &q->src, from) &&
                entity_matches(w, &rule->destination, space, kubernetes, direction, &q->dst, to);
    return flow ? cal_http_matches(&rule->http, &q->request) : CAL_NO;
}
