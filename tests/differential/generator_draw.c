/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing conditions: on one end, on ports, on the request. */
#include "differential/generator_draw.h"

#define PICK(r, items) gen_pick(r, items, sizeof items)

static struct gen_term draw_term(struct gen_random *r, bool wide)
{
    static const uint8_t ops[] = {NP_OP_IN,     NP_OP_IN,     NP_OP_NOT_IN, NP_OP_EXISTS,
                                  NP_OP_ABSENT, NP_OP_PREFIX, NP_OP_SUFFIX, NP_OP_CONTAINS};
    return (struct gen_term){.key = gen_draw(r, wide ? GEN_KEY_NAME + 1 : GEN_KEYS + 1),
                             .op = gen_pick(r, ops, wide ? sizeof ops : 5),
                             .value = gen_draw(r, GEN_VALUES)};
}

static void draw_selector(struct gen_random *r, struct gen_literal *l, bool wide)
{
    l->shape = wide && gen_chance(r, 35) ? gen_draw(r, GEN_EVERYTHING + 1) : GEN_TERM;
    l->terms[0] = draw_term(r, wide);
    l->terms[1] = draw_term(r, wide);
}

static uint16_t draw_kinds(struct gen_random *r, bool wide)
{
    static const uint8_t others[] = {NP_OBJ_WORKLOAD | NP_OBJ_HOST_NET_WORKLOAD,
                                     NP_OBJ_HOST_ENDPOINT,
                                     NP_OBJ_NETWORK_SET,
                                     NP_OBJ_NODE,
                                     NP_OBJ_LABELLED_ADDR,
                                     NP_OBJ_WORKLOAD | NP_OBJ_HOST_ENDPOINT | NP_OBJ_NETWORK_SET,
                                     63};
    if (wide && gen_chance(r, 30)) {
        return PICK(r, others);
    }
    return gen_chance(r, 70) ? NP_OBJ_WORKLOAD : NP_OBJ_WORKLOAD | NP_OBJ_NETWORK_SET;
}

static uint8_t draw_kind(struct gen_random *r, unsigned features)
{
    static const uint8_t kinds[] = {NP_LIT_OBJECTS,   NP_LIT_OBJECTS,  NP_LIT_OBJECTS,
                                    NP_LIT_CIDR,      NP_LIT_CIDR,     NP_LIT_NODE_ADDRS,
                                    NP_LIT_DNS_NAMES, NP_LIT_RESERVED, NP_LIT_NOTHING};
    if (features & GEN_REQUEST && gen_chance(r, 8)) {
        return NP_LIT_IDENTITY;
    }
    if (features & GEN_MISSING && gen_chance(r, 4)) {
        return NP_LIT_FACT;
    }
    if (features & GEN_WIDE && gen_chance(r, 8)) {
        return NP_LIT_FED_SET;
    }
    return PICK(r, kinds);
}

/* Cilium's reserved identities; of the last nothing is ever known. */
static uint8_t draw_reserved(struct gen_random *r, unsigned features)
{
    static const uint8_t reserved[] = {1, 2, 6, 9, 10, 4, 8, 7};
    return gen_pick(r, reserved, features & GEN_OPAQUE ? 8 : features & GEN_WIDE ? 5 : 3);
}

static struct gen_literal draw_literal(struct gen_random *r, unsigned features)
{
    static const uint8_t bits[] = {0, 8, 24, 29, 30, 31, 32, 16, 12, 28};
    static const uint8_t domains[] = {NP_DOMAIN_ALL,
                                      NP_DOMAIN_ALL,
                                      NP_DOMAIN_OUTSIDE,
                                      NP_DOMAIN_PODS | NP_DOMAIN_OUTSIDE,
                                      NP_DOMAIN_NODES,
                                      NP_DOMAIN_PODS,
                                      NP_DOMAIN_NODES | NP_DOMAIN_OUTSIDE,
                                      NP_DOMAIN_PODS | NP_DOMAIN_NODES};
    bool wide = features & GEN_WIDE;
    struct gen_literal l = {.kind = draw_kind(r, features), .negative = gen_chance(r, 15)};
    l.kinds = draw_kinds(r, wide);
    draw_selector(r, &l, wide);
    l.address = gen_draw(r, GEN_ENDS);
    l.bits = gen_pick(r, bits, wide ? sizeof bits : 7);
    l.except_bits = l.bits < 31 && gen_chance(r, 25) ? (uint8_t)(l.bits + 2) : 0;
    l.six = features & GEN_DUAL && gen_chance(r, 40);
    l.domain = gen_pick(r, domains, wide ? sizeof domains : 4);
    l.name = gen_draw(r, wide ? 4 : 2);
    l.number = draw_reserved(r, features);
    return l;
}

struct gen_set gen_draw_set(struct gen_random *r, unsigned features, uint8_t place,
                            uint32_t percent)
{
    struct gen_set set = {.present = gen_chance(r, percent), .all = gen_chance(r, 50)};
    if (!set.present) {
        return set;
    }
    set.count = gen_from(r, 1, features & GEN_WIDE ? GEN_LITERALS : 2);
    for (int i = 0; i < set.count; i++) {
        set.items[i] = draw_literal(r, features);
        if (place == NP_CHECK_LIST && gen_chance(r, 85)) {
            set.items[i].kind = NP_LIT_CIDR;
        }
    }
    if (features & GEN_WIDE && gen_chance(r, 3)) {
        set.count = 0; /* nobody, or everybody */
    }
    return set;
}

/* Whom a policy selects: pods by label, mostly; nothing that is not known of a subject. */
struct gen_set gen_draw_subjects(struct gen_random *r, unsigned features, uint8_t place)
{
    static const uint8_t ops[] = {NP_OP_IN, NP_OP_IN, NP_OP_NOT_IN, NP_OP_NOT_IN, NP_OP_NOT_IN};
    struct gen_set set = {.present = true, .all = true, .count = 1};
    struct gen_literal *l = &set.items[0];
    *l = (struct gen_literal){.kind = NP_LIT_OBJECTS,
                              .kinds = NP_OBJ_WORKLOAD | NP_OBJ_HOST_ENDPOINT,
                              .terms = {{.key = gen_draw(r, GEN_KEYS + 1),
                                         .op = PICK(r, ops),
                                         .value = gen_draw(r, GEN_VALUES)}}};
    if (place == NP_CHECK_LIST) {
        set.count = gen_chance(r, 30);
    }
    if (!(features & GEN_WIDE) || gen_chance(r, 70)) {
        return set;
    }
    draw_selector(r, l, true);
    l->kinds = gen_chance(r, 50) ? l->kinds : draw_kinds(r, true);
    l->negative = gen_chance(r, 15);
    if (gen_chance(r, 25)) {
        static const uint8_t kinds[] = {NP_LIT_CIDR, NP_LIT_RESERVED, NP_LIT_NOTHING};
        l->kind = PICK(r, kinds);
        l->number = draw_reserved(r, features);
        l->domain = NP_DOMAIN_ALL;
        l->address = gen_draw(r, GEN_ENDS);
        l->bits = gen_from(r, 24, 9);
    }
    return set;
}

/* ---- ports ---- */

static struct gen_span draw_span(struct gen_random *r, bool wide)
{
    static const int16_t protocols[] = {6, 6, 6, 17, 1, -1, 132, 47, 58, 33};
    static const uint16_t firsts[] = {80, 80, 81, 0, 2048, 53, 65534, 256, 1};
    struct gen_span span = {.protocol = protocols[gen_below(r, wide ? 10 : 6)],
                            .ports = !(wide && gen_chance(r, 8)),
                            .no_port = gen_chance(r, 20),
                            .first = firsts[gen_below(r, wide ? 9 : 5)]};
    uint32_t last = gen_chance(r, 60) ? span.first : span.first + gen_below(r, 3000);
    span.last = last > UINT16_MAX || (wide && gen_chance(r, 8)) ? UINT16_MAX : (uint16_t)last;
    return span;
}

struct gen_ports gen_draw_ports(struct gen_random *r, unsigned features, uint32_t percent)
{
    bool wide = features & GEN_WIDE;
    struct gen_ports ports = {.present = gen_chance(r, percent), .complement = gen_chance(r, 15)};
    if (ports.present) {
        ports.count = wide ? (gen_chance(r, 96) ? gen_from(r, 1, GEN_SPANS) : 0) : 1;
        for (int i = 0; i < ports.count; i++) {
            ports.spans[i] = draw_span(r, wide);
        }
    }
    return ports;
}

struct gen_names gen_draw_names(struct gen_random *r, unsigned features, uint32_t percent)
{
    static const int16_t protocols[] = {6, 6, 17, -1};
    bool wide = features & GEN_WIDE;
    struct gen_names names = {.present = gen_chance(r, percent)};
    if (!names.present) {
        return names;
    }
    names.complement = wide && gen_chance(r, 15);
    names.count = gen_from(r, 1, wide ? GEN_MEMBERS : 1);
    for (int i = 0; i < names.count; i++) {
        names.members[i] = (struct gen_member){.protocol = 6};
        if (wide) {
            names.members[i] = (struct gen_member){.kind = gen_draw(r, 3),
                                                   .name = gen_draw(r, 2),
                                                   .end = gen_draw(r, GEN_ENDS),
                                                   .protocol = protocols[gen_below(r, 4)],
                                                   .port = (uint16_t)(80 + gen_below(r, 2)),
                                                   .six = features & GEN_DUAL && gen_chance(r, 30),
                                                   .excluded = gen_chance(r, 15)};
        }
    }
    if (wide) {
        names.within = gen_draw_ports(r, features, 25);
    }
    return names;
}

/* ---- the request ---- */

struct gen_expr gen_draw_expr(struct gen_random *r, uint32_t percent)
{
    static const uint8_t views[] = {NP_VIEW_METHOD,      NP_VIEW_PATH_ISTIO, NP_VIEW_HEADER,
                                    NP_VIEW_HEADER,      NP_VIEW_PRINCIPALS, NP_VIEW_DNS_QUERY,
                                    NP_VIEW_KAFKA_TOPIC, NP_VIEW_MTLS,       NP_VIEW_PATH_CALICO,
                                    NP_VIEW_PATH_RAW};
    struct gen_expr expr = {.all = gen_chance(r, 50)};
    expr.count = gen_chance(r, percent) ? gen_from(r, 1, 2) : 0;
    for (int i = 0; i < 2; i++) {
        expr.atoms[i] = (struct gen_atom){.view = PICK(r, views),
                                          .value = gen_draw(r, 2),
                                          .negative = gen_chance(r, 25),
                                          .absent = gen_chance(r, 10),
                                          .under = gen_chance(r, 30)};
    }
    return expr;
}
