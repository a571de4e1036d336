/* SPDX-License-Identifier: Apache-2.0 */
/* Shrinking: first what can be taken away, then what can be plainer. */
#include "differential/shrink.h"

static bool still_fails(struct shrink *s)
{
    return s->tries++ < s->most && s->fails(s->user, &s->gen, &s->tuple);
}

/* ---- plainer ---- */

/* A field of something, and the value it has where it does nothing. */
struct knob {
    size_t at, bytes;
    uint16_t plain;
};
#define KNOB(type, field, value)                                               \
    {                                                                          \
        offsetof(struct type, field), sizeof(((struct type *)0)->field), value \
    }
#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool turn(struct shrink *s, void *thing, const struct knob *knob)
{
    unsigned char *at = (unsigned char *)thing + knob->at;
    unsigned char before[8], plain[8] = {0};
    memcpy(before, at, knob->bytes);
    memcpy(plain, &knob->plain, knob->bytes < 2 ? knob->bytes : 2); /* little-endian or one byte */
    memcpy(at, plain, knob->bytes);
    if (still_fails(s)) {
        return true;
    }
    memcpy(at, before, knob->bytes);
    return false;
}

/* Is a field as plain as this knob would make it, or plainer? Values of a field stand in order. */
static bool is_plain(const void *thing, const struct knob *knobs, size_t i)
{
    for (size_t k = 0; k <= i; k++) {
        unsigned char plain[8] = {0};
        memcpy(plain, &knobs[k].plain, knobs[k].bytes < 2 ? knobs[k].bytes : 2);
        if (knobs[k].at == knobs[i].at &&
            memcmp((const unsigned char *)thing + knobs[k].at, plain, knobs[k].bytes) == 0) {
            return true;
        }
    }
    return false;
}

static bool turn_all(struct shrink *s, void *thing, const struct knob *knobs, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        any = (!is_plain(thing, knobs, i) && turn(s, thing, &knobs[i])) || any;
    }
    return any;
}
#define TURN(s, thing, knobs) turn_all(s, thing, knobs, COUNT(knobs))

static const struct knob of_literal[] = {
    KNOB(gen_literal, negative, 0),
    KNOB(gen_literal, kind, NP_LIT_NOTHING),
    KNOB(gen_literal, except_bits, 0),
    KNOB(gen_literal, six, 0),
    KNOB(gen_literal, shape, GEN_TERM),
    KNOB(gen_literal, shape, GEN_EVERYTHING),
    KNOB(gen_literal, domain, NP_DOMAIN_ALL),
    KNOB(gen_literal, kinds, NP_OBJ_WORKLOAD),
    KNOB(gen_literal, bits, 0),
    KNOB(gen_literal, address, 0),
};
static const struct knob of_span[] = {
    KNOB(gen_span, no_port, 0),  KNOB(gen_span, first, 0), KNOB(gen_span, first, 80),
    KNOB(gen_span, last, 65535), KNOB(gen_span, last, 80), KNOB(gen_span, protocol, 6),
};
static const struct knob of_ports[] = {KNOB(gen_ports, present, 0), KNOB(gen_ports, complement, 0)};
static const struct knob of_names[] = {KNOB(gen_names, present, 0), KNOB(gen_names, complement, 0),
                                       KNOB(gen_names, within.present, 0)};
static const struct knob of_match[] = {
    KNOB(gen_match, families, NP_FAMILY_ANY), KNOB(gen_match, relations, NP_REL_ANY),
    KNOB(gen_match, routes, NP_ROUTE_ANY),    KNOB(gen_match, listener, 0),
    KNOB(gen_match, near.present, 0),         KNOB(gen_match, far.present, 0),
    KNOB(gen_match, connection.count, 0),     KNOB(gen_match, request.count, 0),
};
static const struct knob of_rule[] = {
    KNOB(gen_rule, redirect, 0),          KNOB(gen_rule, auth_mode, 0),
    KNOB(gen_rule, auth_explicit, 0),     KNOB(gen_rule, effect, 0),
    KNOB(gen_rule, refuses, 0),           KNOB(gen_rule, rank, 0),
    KNOB(gen_rule, opens_tls, 0),         KNOB(gen_rule, listener, 0),
    KNOB(gen_rule, priority, 0),          KNOB(gen_rule, step, 0),
    KNOB(gen_rule, action, NP_ACT_ALLOW), KNOB(gen_rule, action, NP_ACT_DENY),
};
static const struct knob of_policy[] = {
    KNOB(gen_policy, state, NP_ENFORCED),
    KNOB(gen_policy, isolates, 0),
    KNOB(gen_policy, tie, 0),
    KNOB(gen_policy, order, 0),
    KNOB(gen_policy, directions, 1),
    KNOB(gen_policy, directions, 2),
    KNOB(gen_policy, space, 0),
    KNOB(gen_policy, tier, 0),
};
static const struct knob of_tier[] = {
    KNOB(gen_tier, end, NP_END_PASS),         KNOB(gen_tier, end_if, NP_ALWAYS),
    KNOB(gen_tier, rank_order, NP_LISTED),    KNOB(gen_tier, stages, 1 << GEN_NORMAL),
    KNOB(gen_tier, place, NP_CHECK_WORKLOAD),
};
static const struct knob of_check[] = {
    KNOB(gen_check, mode[0], NP_MODE_ENFORCE),
    KNOB(gen_check, mode[1], NP_MODE_ENFORCE),
    KNOB(gen_check, on_end, NP_ON_END_ALLOW),
    KNOB(gen_check, subjects.present, 0),
};
static const struct knob of_endpoint[] = {
    KNOB(gen_endpoint, shares, 0),
    KNOB(gen_endpoint, host_network, 0),
    KNOB(gen_endpoint, account, 0),
    KNOB(gen_endpoint, ports, 0),
    KNOB(gen_endpoint, only_six, 0),
    KNOB(gen_endpoint, first_is_six, 0),
    KNOB(gen_endpoint, second, 0),
    KNOB(gen_endpoint, address, 1),
    KNOB(gen_endpoint, labels[0], GEN_VALUES),
    KNOB(gen_endpoint, labels[1], GEN_VALUES),
    KNOB(gen_endpoint, node, 0),
    KNOB(gen_endpoint, space, 0),
};
static const struct knob of_range[] = {
    KNOB(gen_range, kind, 0),
    KNOB(gen_range, both, 0),
    KNOB(gen_range, six, 0),
    KNOB(gen_range, labels[0], GEN_VALUES),
    KNOB(gen_range, labels[1], GEN_VALUES),
};
static const struct knob of_gen[] = {
    KNOB(gen, crowd, 0),
    KNOB(gen, services, 0),
    KNOB(gen, dual, 0),
    KNOB(gen, incomplete, 0),
    KNOB(gen, stages, 0),
    KNOB(gen, host, 0),
    KNOB(gen, list, 0),
    KNOB(gen, mesh_mode, 0),
    KNOB(gen, nodes_loaded, (1 << GEN_NODES) - 1),
    KNOB(gen, options.header_reading, 0),
    KNOB(gen, options.sni_http_join, 0),
    KNOB(gen, options.plain_allow, 0),
    KNOB(gen, options.staged, 0),
    KNOB(gen, options.host_network, 0),
    KNOB(gen, options.unknown_pod_ip, 0),
    KNOB(gen, options.unlearnt_pod_address, 0),
    KNOB(gen, options.shared_address, 0),
    KNOB(gen, options.service_address, 0),
    KNOB(gen, options.mapped_v6, 0),
};
static const struct knob of_tuple[] = {
    KNOB(netpol_tuple, reserved, 0),  KNOB(netpol_tuple, zone, 0),
    KNOB(netpol_tuple, flags, 0),     KNOB(netpol_tuple, protocol, 6),
    KNOB(netpol_tuple, dst_port, 0),  KNOB(netpol_tuple, dst_port, 80),
    KNOB(netpol_tuple, src_port, 0),  KNOB(netpol_tuple, src_port, 1000),
    KNOB(netpol_tuple, icmp_type, 0), KNOB(netpol_tuple, icmp_code, 0),
    KNOB(netpol_tuple, src_ref, 0),   KNOB(netpol_tuple, dst_ref, 0),
};

/* ---- taking away ---- */

/* Takes item i out of an array of *count, if the case still fails without. */
static bool take(struct shrink *s, void *items, size_t size, uint8_t *count, int i)
{
    static unsigned char
        kept[sizeof(struct gen_policy)]; /* the largest; the tests have one thread */
    unsigned char *at = (unsigned char *)items + (size_t)i * size;
    size_t behind = (size_t)(*count - 1 - i) * size;
    memcpy(kept, at, size);
    memmove(at, at + size, behind);
    --*count;
    if (still_fails(s)) {
        return true;
    }
    memmove(at + size, at, behind);
    memcpy(at, kept, size);
    ++*count;
    return false;
}

static bool take_all(struct shrink *s, void *items, size_t size, uint8_t *count, int least)
{
    bool any = false;
    for (int i = *count; i-- > 0 && *count > least;) {
        any = take(s, items, size, count, i) || any;
    }
    return any;
}
#define TAKE(s, items, count, least) take_all(s, items, sizeof *(items), count, least)

static bool plainer_set(struct shrink *s, struct gen_set *set)
{
    if (!set->present) {
        return false;
    }
    bool any = TAKE(s, set->items, &set->count, 0);
    for (int i = 0; i < set->count; i++) {
        any = TURN(s, &set->items[i], of_literal) || any;
    }
    return any;
}

static bool plainer_ports(struct shrink *s, struct gen_ports *ports)
{
    if (!ports->present) {
        return false;
    }
    bool any = TURN(s, ports, of_ports);
    any = TAKE(s, ports->spans, &ports->count, 0) || any;
    for (int i = 0; i < ports->count; i++) {
        any = TURN(s, &ports->spans[i], of_span) || any;
    }
    return any;
}

static bool plainer_names(struct shrink *s, struct gen_names *names)
{
    if (!names->present) {
        return false;
    }
    bool any = TURN(s, names, of_names);
    return TAKE(s, names->members, &names->count, 0) || any;
}

static bool plainer_rule(struct shrink *s, struct gen_rule *rule)
{
    bool any = TAKE(s, rule->match, &rule->alts, 0);
    any = TURN(s, rule, of_rule) || any;
    for (int i = 0; i < rule->alts; i++) {
        struct gen_match *m = &rule->match[i];
        any = TURN(s, m, of_match) || any;
        any = plainer_set(s, &m->near) || any;
        any = plainer_set(s, &m->far) || any;
        any = plainer_ports(s, &m->service) || any;
        any = plainer_ports(s, &m->source) || any;
        any = plainer_names(s, &m->names) || any;
        any = plainer_names(s, &m->source_names) || any;
    }
    return any;
}

static bool plainer_policies(struct shrink *s)
{
    struct gen *g = &s->gen;
    bool any = TAKE(s, g->policies, &g->n_policies, 0);
    for (int i = 0; i < g->n_policies; i++) {
        struct gen_policy *p = &g->policies[i];
        any = TURN(s, p, of_policy) || any;
        any = plainer_set(s, &p->subjects) || any;
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            any = TAKE(s, p->rules[d], &p->n_rules[d], 0) || any;
            for (int k = 0; k < p->n_rules[d]; k++) {
                any = plainer_rule(s, &p->rules[d][k]) || any;
            }
        }
    }
    return any;
}

static bool plainer_world(struct shrink *s)
{
    struct gen *g = &s->gen;
    bool any = TURN(s, g, of_gen);
    while (g->n_endpoints > 1) { /* from the end: what is left keeps its number and address */
        g->n_endpoints--;
        if (!still_fails(s)) {
            g->n_endpoints++;
            break;
        }
        any = true;
    }
    for (int i = 0; i < g->n_endpoints; i++) {
        any = TURN(s, &g->endpoints[i], of_endpoint) || any;
    }
    for (int i = 0; i < GEN_RANGES; i++) {
        any = TURN(s, &g->ranges[i], of_range) || any;
    }
    for (int i = 0; i < GEN_TIERS; i++) {
        any = TURN(s, &g->tiers[i], of_tier) || any;
    }
    for (int i = 0; i < GEN_PLACES; i++) {
        any = TURN(s, &g->checks[i], of_check) || any;
        any = plainer_set(s, &g->checks[i].subjects) || any;
    }
    return any;
}

void shrink_case(struct shrink *s)
{
    bool any = true;
    s->tries = 0;
    while (any && s->tries < s->most) {
        any = plainer_policies(s);
        any = plainer_world(s) || any;
        any = TURN(s, &s->tuple, of_tuple) || any;
    }
}
