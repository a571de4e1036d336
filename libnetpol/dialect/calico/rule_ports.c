/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ports of a rule: of the destination, with protocol and ICMP, and of the source.
 *
 *   numbers AND (ports: numbers OR names) AND NOT (notPorts: numbers OR names)
 *
 * where `numbers` is what protocol, notProtocol, icmp and notICMP say. All that is said in numbers
 * is one set of spans: within the protocol when there is one, else the complement of what is
 * excluded (the numbers of ports need a protocol). Names are looked up at the end that owns the
 * port, within that set. What excludes a port also lets pass what has none: fragments, and
 * protocols without ports.
 */
#include "dialect/calico/rule_internal.h"
#include "base/defect.h"

enum { ICMP = 1, ICMPV6 = 58 };

/* Ports of one protocol. */
struct numbers {
    struct np_lower *l;
    struct np_port_span *spans;
    uint32_t count, room;
    bool no_port;
};

static void push(struct numbers *n, uint32_t first, uint32_t last)
{
    if (first <= last && n->count < n->room) {
        n->spans[n->count++] =
            (struct np_port_span){.ports = true, .first = (uint16_t)first, .last = (uint16_t)last};
    }
}

/* room: how many spans there may be. */
static bool begin(struct numbers *n, struct np_lower *l, size_t room)
{
    *n = (struct numbers){.l = l, .room = (uint32_t)room};
    n->spans = np_build_alloc(l->build, room, sizeof *n->spans);
    return n->spans != NULL;
}

/* Cuts first..last out; every cut makes at most one span more. */
static void cut(struct numbers *n, uint32_t first, uint32_t last)
{
    uint32_t before = n->count;
    struct np_port_span *old = n->spans;
    struct numbers cut = {.no_port = n->no_port};
    if (!begin(&cut, n->l, before + 1u)) {
        return;
    }
    cut.no_port = n->no_port;
    for (uint32_t i = 0; i < before; i++) {
        uint32_t low = old[i].first, high = old[i].last;
        if (last < low || first > high) {
            push(&cut, low, high);
            continue;
        }
        if (first > low) {
            push(&cut, low, first - 1);
        }
        push(&cut, last + 1, high);
    }
    *n = cut;
}

static uint32_t first_of(const struct np_calico_icmp *icmp)
{
    return (uint32_t)(icmp->type.value << 8 | (icmp->code.set ? icmp->code.value : 0));
}

static uint32_t last_of(const struct np_calico_icmp *icmp)
{
    return (uint32_t)(icmp->type.value << 8 | (icmp->code.set ? icmp->code.value : 0xff));
}

/* Without a type it asks nothing. */
static bool asks(const struct np_calico_icmp *icmp)
{
    return icmp && icmp->type.set;
}

static bool is_icmp(uint8_t protocol)
{
    return protocol == ICMP || protocol == ICMPV6;
}

/* What the rule says in numbers of the ports of its protocol, but for `ports`. */
static bool within_protocol(struct numbers *n, struct np_lower *l,
                            const struct np_calico_rule *rule,
                            const struct np_calico_entity *entity, bool source)
{
    if (!begin(n, l, 1)) {
        return false;
    }
    if (!source && rule->is_not.set && rule->is_not.number == rule->is.number) {
        return true; /* nothing is left */
    }
    n->no_port = source || !asks(rule->icmp);
    push(n, n->no_port ? 0 : first_of(rule->icmp), n->no_port ? UINT16_MAX : last_of(rule->icmp));
    if (!source && asks(rule->not_icmp) && is_icmp(rule->is.number)) {
        bool type = np_defect(CALICO_NOT_ICMP_TYPE); /* code and all */
        cut(n, type ? first_of(rule->not_icmp) & 0xff00u : first_of(rule->not_icmp),
            type ? last_of(rule->not_icmp) | 0xffu : last_of(rule->not_icmp));
    }
    for (size_t i = 0; entity && i < entity->not_ports.count; i++) {
        if (!entity->not_port_items[i].is_name && !np_defect(CALICO_NOT_PORTS_UNHEARD)) {
            cut(n, entity->not_port_items[i].first, entity->not_port_items[i].last);
        }
    }
    return true;
}

static const struct np_service *service_of(struct numbers *n, uint8_t protocol)
{
    for (uint32_t i = 0; i < n->count; i++) {
        n->spans[i].protocol = protocol;
        n->spans[i].no_port = n->no_port && i == 0;
    }
    struct np_port_span none = {.protocol = protocol, .no_port = n->no_port};
    bool fragments = n->no_port && n->count == 0;
    return np_build_service(n->l->build, fragments ? &none : n->spans, fragments ? 1 : n->count,
                            false);
}

/* Without a protocol: anything but what is excluded; NULL: anything. */
static const struct np_service *without_protocol(struct np_lower *l,
                                                 const struct np_calico_rule *rule)
{
    struct np_port_span excluded[3];
    uint32_t count = 0;
    if (rule->is_not.set) {
        excluded[count++] = (struct np_port_span){
            .protocol = rule->is_not.number, .ports = true, .no_port = true, .last = UINT16_MAX};
    }
    for (int i = 0; asks(rule->not_icmp) && i < 2; i++) {
        excluded[count++] = (struct np_port_span){.protocol = i ? ICMPV6 : ICMP,
                                                  .ports = true,
                                                  .first = (uint16_t)first_of(rule->not_icmp),
                                                  .last = (uint16_t)last_of(rule->not_icmp)};
    }
    return count ? np_build_service(l->build, excluded, count, true) : NULL;
}

/* All of `n` that lies in one of the ports by number. */
static const struct np_service *numbers_in(struct np_lower *l, const struct numbers *n,
                                           const struct np_calico_entity *entity, uint8_t protocol)
{
    struct numbers in;
    if (!begin(&in, l, (size_t)n->count * entity->ports.count)) {
        return NULL;
    }
    for (size_t p = 0; p < entity->ports.count; p++) {
        const struct np_calico_port *port = &entity->port_items[p];
        for (uint32_t i = 0; !port->is_name && i < n->count; i++) {
            push(&in, port->first > n->spans[i].first ? port->first : n->spans[i].first,
                 port->last < n->spans[i].last ? port->last : n->spans[i].last);
        }
    }
    return service_of(&in, protocol);
}

/* ---- names ---- */

struct names {
    struct np_port_member *members;
    uint32_t count;
};

static void add_names(struct np_lower *l, struct names *names, const struct np_calico_rule *rule,
                      const struct np_calico_port *ports, size_t count, bool excluded)
{
    for (size_t i = 0; names->members && i < count; i++) {
        if (ports[i].is_name) {
            names->members[names->count++] = (struct np_port_member){
                .name = np_build_str(l->build, ports[i].name),
                .protocol = rule->is.set ? (int16_t)rule->is.number : (int16_t)-1,
                .excluded = excluded};
        }
    }
}

static uint32_t count_names(const struct np_calico_port *ports, size_t count)
{
    uint32_t names = 0;
    for (size_t i = 0; i < count; i++) {
        names += ports[i].is_name;
    }
    return names;
}

/* Ports that have one of the names of `ports` (wanted) and none of those of `notPorts`. */
static const struct np_portset *named(struct np_lower *l, const struct np_calico_rule *rule,
                                      const struct np_calico_entity *entity, bool wanted,
                                      const struct np_service *within)
{
    size_t room = entity->ports.count + entity->not_ports.count;
    struct names names = {.members = np_build_alloc(l->build, room, sizeof *names.members)};
    if (wanted) {
        add_names(l, &names, rule, entity->port_items, entity->ports.count, false);
    }
    add_names(l, &names, rule, entity->not_port_items, entity->not_ports.count, wanted);
    const struct np_portset portset = {
        .complement = !wanted, .members = names.members, .count = names.count, .within = within};
    return np_build_portset_of(l->build, &portset);
}

/* ---- both ---- */

uint32_t np_calico_rule_ports(struct np_lower *l, const struct np_calico_rule *rule, bool source,
                              struct np_calico_ports ways[NP_CALICO_WAYS])
{
    const struct np_calico_entity *entity = source ? rule->source : rule->destination;
    uint32_t wanted = entity ? count_names(entity->port_items, entity->ports.count) : 0;
    uint32_t excluded = entity ? count_names(entity->not_port_items, entity->not_ports.count) : 0;
    size_t by_number = entity ? entity->ports.count - wanted : 0;
    bool plain = source && (!entity || (!entity->ports.count && !entity->not_ports.count));
    const struct np_service *within = NULL, *asked = NULL;
    struct numbers n = {.count = 0};
    memset(ways, 0, NP_CALICO_WAYS * sizeof *ways);
    if (!plain && rule->is.set && within_protocol(&n, l, rule, entity, source)) {
        asked = by_number ? numbers_in(l, &n, entity, rule->is.number) : NULL;
        within = service_of(&n, rule->is.number);
    } else if (!plain && !source && !rule->is.set) {
        within = without_protocol(l, rule);
    }
    if (!wanted && !excluded) {
        ways[0].service = by_number ? asked : within;
        return 1;
    }
    bool selects = np_calico_rule_selects(l, entity) && !np_defect(CALICO_NAMES_OF_OTHERS);
    bool owned = wanted && selects;
    uint32_t count = 0;
    if (excluded && (by_number || !wanted)) {
        ways[count++].names = named(l, rule, entity, false, by_number ? asked : within);
        if (selects) { /* names of what is not selected exclude nothing */
            ways[count].whose = NP_CALICO_STRANGERS;
            ways[count++].service = by_number ? asked : within;
        }
    } else if (owned && by_number) {
        ways[count++].service = asked;
    }
    if (wanted) {
        ways[count].whose = owned ? NP_CALICO_OWNERS : NP_CALICO_COVERING;
        ways[count].service = excluded || owned ? NULL : asked;
        ways[count++].names = named(l, rule, entity, true, within);
    }
    return count;
}
