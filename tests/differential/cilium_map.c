/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cilium's own policy map: identities, keys of power-of-two pieces of ports, precedences and two
 * look-ups by longest prefix. What it says of a port must be what the matcher says without a
 * request: denied, allowed, or sent to a proxy (inspect).
 *
 * An address outside has the identity of the longest prefix that any policy names, excepts
 * included; a CIDR selects identities whose own prefix is inside it. An entry is only there if no
 * entry that covers it has a higher precedence, so the longest prefix of one identity has the
 * highest precedence (pkg/policy/mapstate.go). Sets with names, authentication or Pass are not
 * asked: those are no part of a map's key.
 */
#include "differential/cilium_world.h"

#include <arpa/inet.h>

enum { MAP_ENTRIES = 4096, ANY_IDENTITY = 0, FAR_IDENTITY = 1, ALL_PORTS = 65536 };
struct map_entry {
    uint8_t identity;
    uint8_t protocol, bits; /* of protocol and port: 0, 8, 9 .. 24 */
    uint16_t port;
    uint32_t precedence;
    bool deny, redirect;
};
struct map {
    unsigned count;
    struct map_entry items[MAP_ENTRIES];
};

/* ---- keys ---- */

static bool covers_ports(const struct map_entry *wide, const struct map_entry *narrow)
{
    unsigned fixed = wide->bits > 8 ? wide->bits - 8u : 0;
    return wide->bits <= narrow->bits && (wide->bits == 0 || wide->protocol == narrow->protocol) &&
           (fixed == 0 || (wide->port ^ narrow->port) >> (16 - fixed) == 0);
}

static bool covers(const struct map_entry *wide, const struct map_entry *narrow)
{
    return covers_ports(wide, narrow) &&
           (wide->identity == ANY_IDENTITY || wide->identity == narrow->identity);
}

static void insert(struct map *map, const struct map_entry *entry)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < map->count; i++) {
        const struct map_entry *other = &map->items[i];
        if (covers(other, entry) &&
            (other->precedence > entry->precedence ||
             (other->precedence == entry->precedence && covers(entry, other)))) {
            return;
        }
    }
    for (unsigned i = 0; i < map->count; i++) {
        if (!covers(entry, &map->items[i]) || map->items[i].precedence >= entry->precedence) {
            map->items[kept++] = map->items[i];
        }
    }
    map->count = kept;
    if (map->count < MAP_ENTRIES) {
        map->items[map->count++] = *entry;
    }
}

/* The longest prefix of one identity. */
static const struct map_entry *look_up(const struct map *map, uint8_t identity, uint8_t protocol,
                                       uint16_t port)
{
    const struct map_entry key = {identity, protocol, 24, port, 0, false, false};
    const struct map_entry *best = NULL;
    for (unsigned i = 0; i < map->count; i++) {
        const struct map_entry *e = &map->items[i];
        if (e->identity == identity && covers_ports(e, &key) && (!best || e->bits > best->bits)) {
            best = e;
        }
    }
    return best;
}

/* bpf/lib/policy.h */
static int judge(const struct map *map, uint8_t protocol, uint16_t port)
{
    const struct map_entry *own = look_up(map, FAR_IDENTITY, protocol, port);
    const struct map_entry *any = look_up(map, ANY_IDENTITY, protocol, port);
    const struct map_entry *chosen = own;
    if (any && (!own || any->precedence > own->precedence ||
                (any->precedence == own->precedence && any->bits > own->bits))) {
        chosen = any;
    }
    return !chosen || chosen->deny ? NETPOL_DENY : chosen->redirect ? NETPOL_INSPECT : NETPOL_ALLOW;
}

/* ---- identities ---- */

static bool is_within(const struct cil_net *narrow, const struct cil_net *wide)
{
    return narrow->bits >= wide->bits && cil_net_has(wide, narrow->six, narrow->bytes);
}

static void consider(const struct cil_net *net, const struct cil_end *end, struct cil_net *best)
{
    if (cil_net_has(net, end->six, end->address) && (!best->text || net->bits > best->bits)) {
        *best = *net;
    }
}

static void host_net(const char *address, bool six, struct cil_net *out)
{
    *out = (struct cil_net){.text = address, .six = six, .bits = six ? 128 : 32};
    (void)inet_pton(six ? AF_INET6 : AF_INET, address, out->bytes);
}

static void consider_element(const struct cil_element *e, const struct cil_end *end,
                             struct cil_net *best)
{
    for (unsigned i = 0; (e->l3 == CIL_CIDR || e->l3 == CIL_CIDR_SET) && i < e->n_peers; i++) {
        const struct cil_peer *p = &e->peers[i];
        if (p->by == CIL_BY_NET) {
            consider(cil_net(p->net), end, best);
        }
        for (unsigned k = 0; k < p->n_except; k++) {
            consider(cil_net(p->except[k]), end, best);
        }
    }
}

/* The prefix whose identity an address outside has; without text: it is the world's. */
static struct cil_net identity_of(const struct cil *c, const struct cil_end *end)
{
    struct cil_net best = {0}, one;
    for (unsigned i = 0; i < CIL_POLICIES * CIL_RULES; i++) {
        const struct cil_policy *p = &c->policies[i / CIL_RULES];
        const struct cil_rule *rule = &p->rules[i % CIL_RULES];
        for (unsigned k = 0; p->present && k < 4 * CIL_ELEMENTS; k++) {
            const struct cil_element *elements = rule->elements[k / 4 % 2][k % 2];
            consider_element(&elements[k / 2 % 2], end, &best);
        }
    }
    for (unsigned i = 0; i < CIL_GROUPS * CIL_FEW; i++) {
        const struct cil_group *g = &c->groups[i / CIL_FEW];
        if (g->present && i % CIL_FEW < g->n_nets) {
            consider(cil_net(g->nets[i % CIL_FEW]), end, &best);
        }
    }
    for (unsigned i = 0; i < CIL_OUTSIDE; i++) { /* backends, the API server */
        host_net(cil_outside[i][end->six], end->six, &one);
        consider(&one, end, &best);
    }
    return best;
}

/* ---- peers ---- */

struct builder {
    const struct cil_side *side;
    struct map *map;
    struct cil_net identity; /* of the far end, where it has a prefix */
};

static bool group_labels_match(const struct cil_term *term, const struct cil_group *g)
{
    const struct cil_selector one = {.count = 1, .terms = {*term}};
    struct cil_tags tags = {.count = 0};
    for (unsigned i = 0; i < g->labels.count; i++) {
        tags.items[tags.count++] =
            (struct cil_tag){"cidrgroup", g->labels.items[i].key, g->labels.items[i].value};
    }
    return cil_selects(&one, &tags);
}

/* Of the groups that hold the identity's prefix. */
static bool group_holds(const struct builder *b, unsigned which)
{
    if (which >= CIL_GROUPS) {
        return false;
    }
    const struct cil_group *g = &b->side->set->groups[which];
    for (unsigned i = 0; b->identity.text && g->present && i < g->n_nets; i++) {
        if (is_within(&b->identity, cil_net(g->nets[i]))) {
            return true;
        }
    }
    return false;
}

static bool groups_select(const struct builder *b, const struct cil_selector *selector)
{
    for (unsigned t = 0; t < selector->count; t++) {
        struct cil_term term = selector->terms[t];
        bool without = term.op == CIL_NOT_IN || term.op == CIL_NOT_EXISTS, some = false;
        term.op = term.op == CIL_NOT_IN ? CIL_IN : term.op == CIL_NOT_EXISTS ? CIL_EXISTS : term.op;
        for (unsigned i = 0; i < CIL_GROUPS; i++) {
            some =
                some || (group_holds(b, i) && group_labels_match(&term, &b->side->set->groups[i]));
        }
        if (some == without) {
            return false;
        }
    }
    return true;
}

static bool range_selects(const struct builder *b, const struct cil_peer *p)
{
    const struct cil_net *own = &b->identity;
    bool found = p->by == CIL_BY_NET     ? own->text && is_within(own, cil_net(p->net))
                 : p->by == CIL_BY_GROUP ? group_holds(b, p->name)
                                         : groups_select(b, &p->selector);
    for (unsigned i = 0; i < p->n_except; i++) {
        found = found && !(own->text && is_within(own, cil_net(p->except[i])));
    }
    return found;
}

static bool selects(const struct builder *b, const struct cil_policy *p, uint8_t l3,
                    const struct cil_peer *peer)
{
    if (l3 == CIL_CIDR || l3 == CIL_CIDR_SET) {
        bool outside = b->side->far->pod < 0 && b->side->far->node < 0;
        return (outside || b->identity.text) && range_selects(b, peer);
    }
    return cil_peer_matches(b->side, p, l3, peer) == CIL_YES;
}

/* ---- entries ---- */

static void insert_range(struct map *map, struct map_entry entry, uint32_t first, uint32_t last)
{
    while (first <= last) { /* the largest aligned piece that fits */
        unsigned bits = 16;
        while (bits > 0 && first % (1u << (17 - bits)) == 0 &&
               first + (1u << (17 - bits)) - 1 <= last) {
            bits--;
        }
        entry.port = (uint16_t)first;
        entry.bits = (uint8_t)(8 + bits);
        insert(map, &entry);
        first += 1u << (16 - bits);
    }
}

static void insert_named(const struct builder *b, struct map_entry entry, uint8_t kind,
                         const struct cil_port *port)
{
    const struct cil_end *end = &b->side->q->dst;
    const uint8_t *wanted = cil_protocols[port->protocol].numbers;
    for (unsigned i = 0; end->pod >= 0 && i < CIL_POD_PORTS; i++) {
        const struct cil_named_port *n = &cil_pod_ports[i];
        bool of = kind == CIL_KCNP || memchr(wanted, n->protocol, 3);
        if (b->side->set->pods[end->pod].ports >> i & 1 && of && strcmp(n->name, port->name) == 0) {
            entry.protocol = n->protocol;
            insert_range(b->map, entry, n->port, n->port);
        }
    }
}

static void insert_port(const struct builder *b, struct map_entry entry, uint8_t kind,
                        const struct cil_port *port)
{
    const uint8_t *wanted = cil_protocols[port->protocol].numbers;
    if (port->name) {
        insert_named(b, entry, kind, port);
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        entry.protocol = wanted[i];
        if (port->first == 0 && kind != CIL_KCNP) {
            entry.bits = 8;
            insert(b->map, &entry);
        } else {
            uint32_t last = port->first == 0 ? UINT16_MAX : port->last ? port->last : port->first;
            insert_range(b->map, entry, port->first ? port->first : 1, last);
        }
    }
}

/* ((2^24 - 1 - priority) << 8) | byte, pkg/policy/types/entry.go */
static uint32_t precedence(uint32_t priority, uint8_t byte)
{
    return (0xffffff - priority) << 8 | byte;
}

enum { LAST_PRIORITY = 10000 };
static uint32_t priority_of(const struct cil_entry *place)
{
    return place->tier * 20u + place->priority + 1; /* tiers are further apart than priorities */
}

static void insert_element(const struct builder *b, struct map_entry entry,
                           const struct cil_policy *p, const struct cil_element *e)
{
    uint32_t base = entry.precedence;
    if (e->n_ports == 0 && e->n_icmps == 0) {
        entry.precedence |= entry.deny ? 255 : 1;
        insert(b->map, &entry);
    }
    for (unsigned i = 0; i < e->n_icmps; i++) {
        entry.precedence = base | (entry.deny ? 255 : 1);
        entry.protocol = e->icmps[i].six ? 58 : 1;
        if (e->icmps[i].type == 0) { /* port 0: every type */
            entry.bits = 8;
            insert(b->map, &entry);
        } else {
            insert_range(b->map, entry, e->icmps[i].type, e->icmps[i].type);
        }
    }
    for (unsigned i = 0; i < e->n_ports; i++) {
        const struct cil_ports *ports = &e->ports[i];
        uint8_t listener = ports->l7 == CIL_HTTP  ? 101
                           : ports->l7 == CIL_DNS ? 121
                           : ports->n_names       ? 116
                                                  : 0;
        entry.redirect = listener != 0;
        entry.precedence = base | (entry.deny ? 255u : listener ? 255u - listener : 1u);
        for (unsigned k = 0; k < ports->n_ports; k++) {
            insert_port(b, entry, p->kind, &ports->ports[k]);
        }
    }
}

static void visit(void *user, const struct cil_policy *p, const struct cil_element *e,
                  const struct cil_entry *place)
{
    const struct builder *b = user;
    struct map_entry entry = {.identity = ANY_IDENTITY,
                              .deny = place->action == CIL_DENY,
                              .precedence = precedence(priority_of(place), 0)};
    if (e->l3 == CIL_L3_ABSENT) {
        insert_element(b, entry, p, e);
    }
    for (unsigned i = 0; i < e->n_peers; i++) {
        bool all = e->l3 == CIL_ENTITIES && e->peers[i].entity == CIL_ALL;
        entry.identity = all ? ANY_IDENTITY : FAR_IDENTITY;
        if (all || selects(b, p, e->l3, &e->peers[i])) {
            insert_element(b, entry, p, e);
        }
    }
}

static void build(const struct cil_side *s, struct map *map)
{
    const struct cil_options *o = &s->set->options;
    struct builder b = {.side = s, .map = map};
    const struct cil_end *far = s->far;
    map->count = 0;
    if (far->pod < 0 && far->node < 0) {
        b.identity = identity_of(s->set, far);
    } else if (far->pod >= 0 ? o->cidr_pods : o->cidr_nodes) {
        b.identity = (struct cil_net){.text = "", .six = far->six, .bits = far->six ? 128 : 32};
        memcpy(b.identity.bytes, far->address, 16);
    }
    struct map_entry allow = {.precedence = precedence(LAST_PRIORITY, 1)};
    if (!cil_each_element(s, visit, &b)) {
        insert(map, &allow);
    }
    if (s->direction == CIL_INGRESS && cil_is_own_node(s->set, s->near, far) &&
        o->allow_localhost < 2) {
        allow.identity = FAR_IDENTITY;
        insert(map, &allow);
    }
}

/* ---- comparing ---- */

static bool is_about_maps(const struct cil *c)
{
    return !(c->features & (CIL_NAMES | CIL_AUTH | CIL_PROXIED | CIL_PARSERS | CIL_DOMAINED)) &&
           c->options.policy_enforcement != 2;
}

static bool passes(const struct cil *c)
{
    for (unsigned i = 0; i < CIL_POLICIES * 4; i++) {
        const struct cil_policy *p = &c->policies[i / 4];
        if (p->present && p->kind == CIL_KCNP && i % 2 < p->rules[0].n[i / 2 % 2][0] &&
            p->rules[0].elements[i / 2 % 2][0][i % 2].action == CIL_PASS) {
            return true;
        }
    }
    return false;
}

/* All ports of a protocol between two ends. */
static const char *compare_ports(const struct cil_loaded *l, const struct map *map,
                                 const struct cil_side *s, uint8_t protocol, uint32_t step,
                                 struct cil_asked *out)
{
    static struct netpol_tuple tuples[ALL_PORTS];
    static struct netpol_verdict verdicts[ALL_PORTS];
    uint32_t count = 0;
    for (uint32_t port = 0; port < ALL_PORTS; port += step) {
        tuples[count] = s->q->asked->tuple;
        tuples[count].flags = 0; /* a fragment has no port to be looked up */
        tuples[count].protocol = protocol;
        tuples[count++].dst_port = (uint16_t)port;
    }
    if (netpol_eval_batch(l->library.world.view, tuples, verdicts, count) != NETPOL_OK) {
        return "a batch fails";
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct netpol_part *part =
            s->direction == CIL_EGRESS ? &verdicts[i].egress : &verdicts[i].ingress;
        if (part->action != judge(map, protocol, tuples[i].dst_port)) {
            *out = (struct cil_asked){.tuple = tuples[i]};
            return s->direction == CIL_EGRESS ? "the policy map of the source says otherwise"
                                              : "the policy map of the destination says otherwise";
        }
    }
    return NULL;
}

const char *cil_map_compare(const struct cil_loaded *l, const struct cil_asked *asked,
                            struct cil_tally *tally, struct cil_asked *out)
{
    static struct map map;
    struct cil_question q;
    const char *why = NULL;
    cil_question_of(l->set, asked, &q);
    bool self = q.src.pod >= 0 && q.src.pod == q.dst.pod;
    if (!is_about_maps(l->set) || passes(l->set) || self) {
        return NULL;
    }
    for (unsigned d = 0; d < CIL_DIRECTIONS && !why; d++) {
        struct cil_side side = {.set = l->set, .q = &q, .direction = d};
        side.near = d == CIL_INGRESS ? &q.dst : &q.src;
        side.far = d == CIL_INGRESS ? &q.src : &q.dst;
        if (side.near->pod < 0) {
            continue;
        }
        build(&side, &map);
        why = compare_ports(l, &map, &side, 6, 1, out);
        why = why ? why : compare_ports(l, &map, &side, 17, 7, out);
        why = why ? why : compare_ports(l, &map, &side, 132, 61, out);
        if (tally) {
            tally->ports += ALL_PORTS + ALL_PORTS / 7 + ALL_PORTS / 61;
            tally->reached[CIL_REACHED_MAP_ENTRY] += map.count;
        }
    }
    return why;
}
