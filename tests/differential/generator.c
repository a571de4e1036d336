/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing sets: what there is, tiers, policies, rules. Conditions: generator_draw.c. */
#include "differential/generator_draw.h"

uint64_t gen_next(struct gen_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15ull; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

uint32_t gen_below(struct gen_random *r, uint32_t n)
{
    return (uint32_t)(gen_next(r) >> 33) % n;
}

bool gen_chance(struct gen_random *r, uint32_t percent)
{
    return gen_below(r, 100) < percent;
}

uint8_t gen_draw(struct gen_random *r, uint32_t n)
{
    return (uint8_t)gen_below(r, n);
}

uint8_t gen_from(struct gen_random *r, uint8_t first, uint32_t n)
{
    return (uint8_t)(first + gen_below(r, n));
}

uint8_t gen_pick(struct gen_random *r, const uint8_t *items, size_t n)
{
    return items[gen_below(r, (uint32_t)n)];
}

/* ---- rules ---- */

static struct gen_match draw_match(struct gen_random *r, unsigned features, uint8_t place)
{
    static const uint8_t relations[] = {NP_REL_ANY,
                                        NP_REL_ANY,
                                        NP_REL_ANY,
                                        NP_REL_ANY,
                                        NP_REL_OWN_NODE,
                                        NP_REL_SELF,
                                        NP_REL_ANY,
                                        NP_REL_ANY,
                                        NP_REL_ANY,
                                        NP_REL_OTHER,
                                        NP_REL_SELF | NP_REL_OWN_NODE,
                                        0};
    static const uint8_t families[] = {NP_FAMILY_4, NP_FAMILY_4, NP_FAMILY_6, 0};
    bool wide = features & GEN_WIDE, list = place == NP_CHECK_LIST;
    bool sources = features & GEN_SOURCES, calico = features & GEN_CALICO;
    struct gen_match m = {.families = gen_chance(r, calico ? 75 : 92)
                                          ? NP_FAMILY_ANY
                                          : gen_pick(r, families, wide ? 4 : 2),
                          .relations = gen_pick(r, relations, wide ? sizeof relations : 6),
                          .routes = NP_ROUTE_ANY,
                          .near = gen_draw_set(r, features, place,
                                               list     ? 60
                                               : calico ? 35
                                                        : 10),
                          .far = gen_draw_set(r, features, place, 65),
                          .service = gen_draw_ports(r, features, 55),
                          .source = gen_draw_ports(r, features,
                                                   !sources ? 0
                                                   : list   ? 30
                                                            : 8)};
    m.names = gen_draw_names(r, features, 15);
    m.source_names = gen_draw_names(r, features, wide && sources ? 5 : 0);
    if (place == NP_CHECK_HOST && gen_chance(r, 20)) {
        m.routes = gen_from(r, 1, 2);
    }
    if (features & GEN_REQUEST) {
        m.request = gen_draw_expr(r, 25);
        if (gen_chance(r, 8)) {
            m.connection = (struct gen_expr){
                .count = 1, .atoms = {{.view = NP_VIEW_SNI, .value = gen_draw(r, 2)}}};
        }
        m.listener = place == NP_CHECK_MESH ? gen_draw(r, 3) : 0;
    }
    return m;
}

static void draw_redirect(struct gen_random *r, struct gen_rule *rule)
{
    static const uint8_t parsers[] = {NP_PARSER_HTTP, NP_PARSER_HTTP, NP_PARSER_HTTP, NP_PARSER_TLS,
                                      NP_PARSER_OTHER};
    static const uint8_t priorities[] = {0, 5, 101};
    if (!gen_chance(r, 14)) {
        return;
    }
    rule->redirect = gen_pick(r, parsers, sizeof parsers);
    rule->priority = gen_pick(r, priorities, sizeof priorities);
    rule->listener = gen_chance(r, 25) ? gen_from(r, 1, 2) : 0;
    rule->opens_tls = gen_chance(r, 15);
}

static struct gen_rule draw_rule(struct gen_random *r, unsigned features, uint8_t place)
{
    static const uint8_t actions[] = {NP_ACT_ALLOW, NP_ACT_ALLOW, NP_ACT_ALLOW, NP_ACT_ALLOW,
                                      NP_ACT_DENY,  NP_ACT_DENY,  NP_ACT_PASS,  NP_ACT_NOTE};
    struct gen_rule rule = {.action = gen_pick(r, actions, sizeof actions),
                            .rank = gen_draw(r, 2),
                            .alts = gen_chance(r, 60) ? 1 : gen_from(r, 1, GEN_ALTS)};
    if (features & GEN_ASK && gen_chance(r, 6)) {
        rule.action = NP_ACT_ASK;
    }
    if (features & GEN_REQUEST && rule.action == NP_ACT_ALLOW && place == NP_CHECK_WORKLOAD) {
        draw_redirect(r, &rule);
        rule.auth_mode = gen_chance(r, 8);
        rule.auth_explicit = rule.auth_mode || gen_chance(r, 10);
        rule.effect = gen_chance(r, 12);
        rule.step = gen_draw(r, 3);
    }
    rule.refuses = features & GEN_REQUEST && rule.action == NP_ACT_DENY && gen_chance(r, 20);
    for (int i = 0; i < rule.alts; i++) {
        rule.match[i] = draw_match(r, features, place);
    }
    return rule;
}

/* ---- tiers and policies ---- */

static void draw_tiers(struct gen *g, struct gen_random *r, unsigned features)
{
    bool mesh = features & GEN_MESH && gen_chance(r, 60);
    for (uint8_t i = 0; i < GEN_TIERS; i++) {
        struct gen_tier *tier = &g->tiers[i];
        tier->place = NP_CHECK_WORKLOAD;
        if (mesh && i == GEN_TIERS - 1) {
            tier->place = NP_CHECK_MESH;
        } else if (g->host && i >= GEN_TIERS - (g->stages ? 3 : 2) && i < GEN_TIERS - 1) {
            tier->place = NP_CHECK_HOST;
        } else if (g->list && i == GEN_TIERS - 4) {
            tier->place = NP_CHECK_LIST;
        }
        tier->stages = g->stages ? gen_from(r, 1, 15) : 1 << GEN_NORMAL;
        tier->order = features & GEN_WIDE && gen_chance(r, 10) ? i / 2 : i;
        tier->rank_order = gen_draw(r, 2);
        tier->end = gen_chance(r, 55) ? NP_END_DENY : gen_draw(r, 3);
        tier->end_if = gen_chance(r, 10) ? NP_ALWAYS : gen_from(r, 1, 2);
        if (features & GEN_CALICO) {
            tier->rank_order = NP_LISTED;
            tier->end_if = NP_TIER_ISOLATED;
        }
    }
}

static void draw_checks(struct gen *g, struct gen_random *r, unsigned features)
{
    for (int place = 0; place < GEN_PLACES; place++) {
        struct gen_check *check = &g->checks[place];
        check->on_end = NP_ON_END_ALLOW;
        if (!(features & GEN_MODES)) {
            continue;
        }
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            check->mode[d] = gen_chance(r, 85) ? NP_MODE_ENFORCE : gen_from(r, 1, 2);
        }
        if (gen_chance(r, 15)) {
            check->on_end = gen_draw(r, 3);
        }
        if (gen_chance(r, 20)) {
            check->subjects = gen_draw_subjects(r, features, (uint8_t)place);
        }
    }
}

/* Often the twin of an enforced policy: its namesake. */
static void draw_state(struct gen *g, struct gen_policy *p, uint8_t index, struct gen_random *r)
{
    p->state = gen_from(r, 1, 3);
    if (index > 0 && p->state != NP_DRY_RUN && gen_chance(r, 60)) {
        const struct gen_policy *other = &g->policies[gen_below(r, index)];
        p->tier = other->tier;
        p->space = other->space;
        p->name = other->name;
    }
}

static void draw_policy(struct gen *g, uint8_t index, struct gen_random *r, unsigned features)
{
    struct gen_policy *p = &g->policies[index];
    *p = (struct gen_policy){.tier = gen_draw(r, GEN_TIERS),
                             .space = gen_draw(r, 2),
                             .name = index,
                             .order = gen_draw(r, 2),
                             .directions = gen_from(r, 1, 3),
                             .isolates = gen_draw(r, 4)};
    if (features & GEN_WIDE && gen_chance(r, 20)) {
        p->tie = gen_draw(r, 3);
    }
    if (features & GEN_STAGED && gen_chance(r, 30)) {
        draw_state(g, p, index, r);
    }
    uint8_t place = g->tiers[p->tier].place;
    p->subjects = gen_draw_subjects(r, features, place);
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        p->n_rules[d] = gen_draw(r, gen_chance(r, 80) ? 3 : GEN_RULES + 1);
        for (int i = 0; i < p->n_rules[d]; i++) {
            p->rules[d][i] = draw_rule(r, features, place);
        }
    }
}

/* ---- what there is ---- */

static struct gen_endpoint draw_endpoint(struct gen_random *r, unsigned features)
{
    struct gen_endpoint e = {.space = gen_draw(r, 2)};
    bool missing = features & GEN_MISSING;
    for (int k = 0; k < GEN_KEYS; k++) {
        e.labels[k] = gen_draw(r, GEN_VALUES + 1);
    }
    e.node = missing && gen_chance(r, 20) ? GEN_NODES : gen_draw(r, GEN_NODES);
    e.address = !(missing && gen_chance(r, 20));
    e.ports = (uint8_t)(gen_chance(r, 50) ? 1u << gen_draw(r, 2) : 0u);
    if (features & GEN_WIDE && gen_chance(r, 30)) {
        e.ports = gen_draw(r, 16);
    }
    e.account = features & GEN_WIDE && gen_chance(r, 40);
    if (features & GEN_DUAL) {
        e.second = gen_chance(r, 60);
        e.first_is_six = gen_chance(r, 30);
        e.only_six = e.second && gen_chance(r, 20);
    }
    if (features & GEN_SHARED && gen_chance(r, 15)) {
        e.shares = gen_from(r, 1, GEN_ENDPOINTS);
    }
    e.host_network = features & GEN_HOST_NET && gen_chance(r, 15);
    return e;
}

static struct gen_range draw_range(struct gen_random *r, unsigned features, int i)
{
    static const uint8_t kinds[] = {NP_OBJ_NETWORK_SET, NP_OBJ_NETWORK_SET, NP_OBJ_LABELLED_ADDR,
                                    NP_OBJ_NODE, 0};
    static const uint8_t bits[] = {8, 16, 24, 24, 30, 31, 32};
    bool wide = features & GEN_WIDE && i > 0;
    struct gen_range range = {.kind = wide    ? gen_pick(r, kinds, sizeof kinds)
                                      : i < 2 ? NP_OBJ_NETWORK_SET
                                              : 0,
                              .address = wide ? gen_draw(r, GEN_ENDS) : GEN_END_OUTSIDE + 1,
                              .bits = gen_pick(r, bits, wide ? sizeof bits : 3),
                              .node = gen_draw(r, GEN_NODES)};
    range.labels[0] = gen_draw(r, GEN_VALUES);
    range.labels[1] = wide ? gen_draw(r, GEN_VALUES + 1) : GEN_VALUES;
    if (range.kind == NP_OBJ_NODE) {
        range.address = GEN_END_NODE + range.node;
        range.bits = 32;
    }
    range.both = features & GEN_DUAL && gen_chance(r, 30);
    range.six = features & GEN_DUAL && gen_chance(r, 30);
    return range;
}

/* Mostly few of everything, so that failures are small to begin with. */
static uint8_t draw_count(struct gen_random *r, uint8_t most)
{
    uint8_t limit = gen_chance(r, 70) ? most / 5 : gen_chance(r, 88) ? most / 3 : most;
    return gen_from(r, 1, limit);
}

static void draw_options(struct gen *g, struct gen_random *r, unsigned features)
{
    static const struct {
        size_t at;
        uint8_t values;
        unsigned features;
    } read[] = {
        {offsetof(struct np_options, header_reading),       3, GEN_REQUEST},
        {offsetof(struct np_options, sni_http_join),        2, GEN_REQUEST},
        {offsetof(struct np_options, plain_allow),          2, GEN_REQUEST},
        {offsetof(struct np_options, staged),               2, GEN_STAGED },
        {offsetof(struct np_options, host_network),         2, GEN_OPTIONS},
        {offsetof(struct np_options, unknown_pod_ip),       2, GEN_OPTIONS},
        {offsetof(struct np_options, unlearnt_pod_address), 2, GEN_OPTIONS},
        {offsetof(struct np_options, shared_address),       2, GEN_OPTIONS},
        {offsetof(struct np_options, service_address),      2, GEN_OPTIONS},
        {offsetof(struct np_options, mapped_v6),            2, GEN_OPTIONS},
    };
    for (size_t i = 0; i < sizeof read / sizeof *read; i++) {
        if (features & read[i].features) {
            uint8_t value = gen_draw(r, read[i].values);
            memcpy((char *)g + offsetof(struct gen, options) + read[i].at, &value, 1);
        }
    }
}

void gen_make(struct gen *g, uint64_t seed, unsigned features)
{
    struct gen_random r = {seed * 2 + 1};
    *g = (struct gen){.seed = seed,
                      .nodes_loaded = (1 << GEN_NODES) - 1,
                      .options = {
#define NP_OPTION(name, values, fallback, doc) .name = (fallback),
#include "model/options.def"
#undef NP_OPTION
                      }};
    g->n_endpoints = gen_from(&r, GEN_ENDPOINTS / 2, GEN_ENDPOINTS / 2 + 1);
    for (int i = 0; i < g->n_endpoints; i++) {
        g->endpoints[i] = draw_endpoint(&r, features);
    }
    for (int i = 0; i < GEN_RANGES; i++) {
        g->ranges[i] = draw_range(&r, features, i);
    }
    if (features & GEN_OPAQUE && gen_chance(&r, 20)) {
        g->nodes_loaded = gen_draw(&r, 1 << GEN_NODES);
    }
    g->crowd = features & GEN_CROWD && gen_chance(&r, 2) ? (gen_chance(&r, 20) ? 1000 : 40) : 0;
    g->services = features & GEN_SERVICES ? gen_draw(&r, 8) : 0;
    g->dual = features & GEN_DUAL && gen_chance(&r, 50);
    uint32_t hosts = features & GEN_CALICO ? 60 : 30;
    g->host = features & GEN_HOST && gen_chance(&r, hosts);
    g->stages = g->host && features & GEN_STAGES && gen_chance(&r, features & GEN_CALICO ? 90 : 60);
    g->list = features & GEN_LIST && gen_chance(&r, 20);
    g->incomplete = features & GEN_OPTIONS && gen_chance(&r, 3);
    g->mesh_mode = gen_draw(&r, NETPOL_MESH_STRICT_SAFE + 1);
    draw_options(g, &r, features);
    draw_tiers(g, &r, features);
    draw_checks(g, &r, features);
    g->n_policies = draw_count(&r, g->crowd || g->stages ? GEN_POLICIES / 3 : GEN_POLICIES);
    /* they multiply with everything else: in larger sets rarely, and in one policy */
    uint8_t sources = g->n_policies <= 2 ? 2 : gen_chance(&r, 10);
    for (uint8_t i = 0; i < g->n_policies; i++) {
        draw_policy(g, i, &r, i < sources ? features : features & ~(unsigned)GEN_SOURCES);
    }
}
