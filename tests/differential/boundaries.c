/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting what a model mentions, and drawing tuples from it. */
#include "differential/boundaries.h"

/* ---- collecting ---- */

static void add_address(struct boundaries *b, const struct np_address *address)
{
    if (address->family == NP_IPV4 && b->n_four < BOUNDARY_ADDRESSES) {
        b->four[b->n_four++] = *address;
    } else if (address->family == NP_IPV6 && b->n_six < BOUNDARY_ADDRESSES) {
        b->six[b->n_six++] = *address;
    }
}

/* One up or down, around the ends of the family's space. */
static struct np_address beside(struct np_address address, int step)
{
    int bytes = address.family == NP_IPV4 ? 4 : 16;
    for (int i = bytes; i-- > 0;) {
        address.bytes[i] = (uint8_t)(address.bytes[i] + step);
        if (address.bytes[i] != (step > 0 ? 0 : UINT8_MAX)) {
            break;
        }
    }
    return address;
}

static void add_prefix(struct boundaries *b, const struct np_prefix *prefix)
{
    struct np_address first = prefix->address, last = prefix->address;
    unsigned bits = first.family == NP_IPV4 ? 32 : 128;
    for (unsigned i = prefix->length; i < bits; i++) {
        last.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
    }
    struct np_address before = beside(first, -1), after = beside(last, 1);
    add_address(b, &first);
    add_address(b, &last);
    add_address(b, &before);
    add_address(b, &after);
}

static void add_prefixes(struct boundaries *b, const struct np_prefix *prefixes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        add_prefix(b, &prefixes[i]);
    }
}

static void add_port(struct boundaries *b, int port)
{
    for (int i = port - 1; i <= port + 1; i++) {
        if (i >= 0 && i <= UINT16_MAX && b->n_ports < BOUNDARY_PORTS) {
            b->ports[b->n_ports++] = (uint16_t)i;
        }
    }
}

static void add_protocol(struct boundaries *b, int protocol)
{
    if (protocol >= 0 && protocol <= UINT8_MAX && !b->protocols[protocol]) {
        b->protocols[protocol] = true;
        b->protocol_list[b->n_protocols++] = (uint8_t)protocol;
    }
}

static void add_set(struct boundaries *b, const struct np_set *set)
{
    for (uint32_t c = 0; set && c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_literal *l = set->clauses[c].items[i].literal;
            if (l->kind == NP_LIT_CIDR) {
                add_prefix(b, &l->prefix);
            }
            add_prefixes(b, l->prefixes, l->n_prefixes);
        }
    }
}

static void add_service(struct boundaries *b, const struct np_service *service)
{
    for (uint32_t i = 0; service && i < service->count; i++) {
        add_port(b, service->spans[i].first);
        add_port(b, service->spans[i].last);
        add_protocol(b, service->spans[i].protocol);
    }
}

static void add_portset(struct boundaries *b, const struct np_portset *portset)
{
    for (uint32_t i = 0; portset && i < portset->count; i++) {
        const struct np_port_member *m = &portset->members[i];
        add_address(b, &m->address);
        add_protocol(b, m->protocol);
        if (!m->name) {
            add_port(b, m->port);
        }
    }
}

static void add_rule(struct boundaries *b, const struct np_rule *rule)
{
    for (uint32_t a = 0; a < rule->n_alternatives; a++) {
        const struct np_match *m = &rule->alternatives[a];
        add_set(b, m->near);
        add_set(b, m->far);
        add_service(b, m->service);
        add_service(b, m->src_service);
        add_portset(b, m->dst_ports);
        add_portset(b, m->src_ports);
        add_service(b, m->dst_ports ? m->dst_ports->within : NULL);
        add_service(b, m->src_ports ? m->src_ports->within : NULL);
    }
}

static void add_inventory(struct boundaries *b, const struct np_inventory *inv)
{
    for (uint32_t i = 0; i < inv->n_endpoints; i++) {
        const struct np_endpoint *e = inv->endpoints[i];
        add_prefixes(b, e->prefixes, e->n_prefixes);
        for (uint32_t k = 0; k < e->n_ports; k++) {
            add_port(b, e->ports[k].port);
            add_protocol(b, e->ports[k].protocol);
        }
        if (b->n_refs < BOUNDARY_REFS) {
            b->refs[b->n_refs++] = e->ref;
        }
    }
    for (uint32_t i = 0; i < inv->n_nodes; i++) {
        add_prefixes(b, inv->nodes[i]->addresses, inv->nodes[i]->n_addresses);
    }
    for (uint32_t i = 0; i < inv->n_services; i++) {
        add_prefixes(b, inv->services[i]->addresses, inv->services[i]->n_addresses);
    }
    add_prefixes(b, inv->pod_cidrs, inv->n_pod_cidrs);
}

void boundaries_of(const struct np_model *model, struct boundaries *out)
{
    static const uint8_t protocols[] = {6, 17, 1, 58, 132, 47, 0, 255, 33, 136};
    static const struct np_prefix everywhere[] = {{.address = {.family = NP_IPV4}},
                                                  {.address = {.family = NP_IPV6}}};
    out->model = model;
    out->n_four = out->n_six = out->n_refs = out->n_ports = out->n_protocols = 0;
    memset(out->protocols, 0, sizeof out->protocols);
    add_prefixes(out, everywhere, 2);
    add_port(out, 0);
    add_port(out, UINT16_MAX);
    for (size_t i = 0; i < sizeof protocols; i++) {
        add_protocol(out, protocols[i]);
    }
    for (uint32_t i = 1; i < model->n_decisions; i++) {
        const struct np_decision *d = &model->decisions[i];
        if (d->rule) {
            add_rule(out, d->rule);
        }
        if (d->kind == NP_DECIDED_ISOLATION) {
            add_set(out, d->policy->subjects[d->direction]);
        }
    }
    add_inventory(out, &model->inventory);
}

/* ---- drawing ---- */

static struct np_address draw_address(const struct boundaries *b, struct gen_random *r,
                                      uint8_t family)
{
    return family == NP_IPV6 ? b->six[gen_below(r, b->n_six)] : b->four[gen_below(r, b->n_four)];
}

static void map_address(struct np_address *address)
{
    struct np_address four = *address;
    *address = (struct np_address){
        .family = NP_IPV6, .bytes = {[10] = 0xff, 0xff}
    };
    memcpy(address->bytes + 12, four.bytes, 4);
}

/* Of a reference: the first it has in the family. */
static bool own_address(const struct boundaries *b, uint64_t ref, uint8_t family,
                        struct np_address *out)
{
    const struct np_endpoint *e = np_inventory_endpoint(&b->model->inventory, ref);
    for (uint32_t i = 0; e && i < e->n_prefixes; i++) {
        if (e->prefixes[i].address.family == family) {
            *out = e->prefixes[i].address;
            return true;
        }
    }
    return false;
}

struct end_drawn {
    uint64_t ref;
    struct np_address address;
    bool no_address;
};

static struct end_drawn draw_end(const struct boundaries *b, struct gen_random *r, uint8_t family)
{
    struct end_drawn end = {0};
    uint32_t by = gen_below(r, 100);
    if (by < 45 && b->n_refs) { /* not always an address it has */
        end.ref = gen_chance(r, 99) ? b->refs[gen_below(r, b->n_refs)] : 9999;
        end.no_address = by < 20;
        if (by < 30 || family == 0) {
            return end; /* an address of zeros: not given */
        }
        if ((gen_chance(r, 95) && own_address(b, end.ref, family, &end.address)) ||
            gen_chance(r, 80)) {
            return end;
        }
    }
    if (by > 96 || family == 0) {
        end.no_address = true;
        return end;
    }
    end.address = draw_address(b, r, family);
    return end;
}

/* Things that cannot be; every engine must refuse them alike. */
static void spoil(struct gen_random *r, struct netpol_tuple *t)
{
    switch (gen_below(r, 6)) {
    case 0:
        t->flags |= (uint16_t)(64u << gen_below(r, 10));
        break;
    case 1:
        t->reserved = 1;
        break;
    case 2:
        t->family = gen_draw(r, 8);
        break;
    case 3:
        t->src[4 + gen_below(r, 12)] ^= 1;
        break;
    case 4:
        t->flags |= NETPOL_TUPLE_SRC_REF;
        t->src_ref = 0;
        break;
    default:
        t->dst[gen_below(r, 16)] ^= 0x80;
        break;
    }
}

static void draw_ports(const struct boundaries *b, struct gen_random *r, struct netpol_tuple *t)
{
    uint16_t icmp = b->ports[gen_below(r, b->n_ports)];
    t->protocol = gen_chance(r, 50) ? 6 : b->protocol_list[gen_below(r, b->n_protocols)];
    t->dst_port = b->ports[gen_below(r, b->n_ports)];
    t->src_port = gen_chance(r, 20) ? 0 : b->ports[gen_below(r, b->n_ports)];
    t->icmp_type = (uint8_t)(icmp >> 8);
    t->icmp_code = (uint8_t)icmp;
    if (gen_chance(r, 6)) {
        t->flags |= NETPOL_TUPLE_LATER_FRAGMENT;
    }
    if (gen_chance(r, 6)) {
        t->flags |= NETPOL_TUPLE_NO_PORTS;
    }
}

void boundaries_draw(const struct boundaries *b, struct gen_random *r, struct netpol_tuple *out)
{
    uint8_t family = gen_chance(r, 55) ? NP_IPV4 : gen_chance(r, 80) ? NP_IPV6 : 0;
    struct end_drawn src = draw_end(b, r, family), dst = draw_end(b, r, family);
    if (gen_chance(r, 8)) {
        dst = src;
    }
    if (family == NP_IPV4 && gen_chance(r, 12)) { /* as mapped addresses, an end or both */
        family = NP_IPV6;
        if (src.address.family) {
            map_address(&src.address);
        }
        if (dst.address.family && gen_chance(r, 90)) {
            map_address(&dst.address);
        }
    }
    *out = (struct netpol_tuple){.src_ref = src.ref, .dst_ref = dst.ref, .family = family};
    memcpy(out->src, src.address.bytes, 16);
    memcpy(out->dst, dst.address.bytes, 16);
    out->flags =
        (uint16_t)((src.ref ? NETPOL_TUPLE_SRC_REF : 0) | (dst.ref ? NETPOL_TUPLE_DST_REF : 0) |
                   (src.no_address ? NETPOL_TUPLE_SRC_NO_ADDRESS : 0) |
                   (dst.no_address ? NETPOL_TUPLE_DST_NO_ADDRESS : 0));
    draw_ports(b, r, out);
    if (gen_chance(r, 2)) {
        spoil(r, out);
    }
}
